/* exchange.h: the exchange algorithm: each item in turn moves to the class where the average mutual
 * information of adjacent classes is highest.
 *
 * Kneser & Ney (1993), "Improved clustering techniques for class-based statistical language
 * modelling"; Martin, Liermann & Ney (1998), "Algorithms for bigram and trigram word clustering",
 * Speech Communication 24. With g(n) = n log2 n, classes a, c and their sums l_a, r_a, what is
 * maximised is
 *
 *     sum over a, c of g(n_ac) - sum over a of g(l_a) + g(r_a)
 *
 * An item w with n_wc pairs to class c, taken out of its class, adds to class k
 *
 *     sum over its neighbour classes c of g(n_kc + n_wc) - g(n_kc), and the same to the left,
 *     - g(l_k + l_w) + g(l_k) - g(r_k + r_w) + g(r_k)
 *
 * for all k at once in vectors, since in[c][k] = n_kc lie side by side. g is rounded to the grid of
 * xlogx.h, so sums are exact and the objective never falls by rounding.
 */
#ifndef FE_EXCHANGE_H
#define FE_EXCHANGE_H

#include <math.h>

#include "brown_job.h"
#include "xlogx.h"

#define FE_EXCHANGE_PAD 8
#define FE_EXCHANGE_TILE 64
#define FE_EXCHANGE_VECTORS 11

struct fe_exchange {
    fe_pairs pairs;
    double magic;
    size_t n_classes, stride;
    uint32_t *classes;      /* INOUT (n_items,) of each item, the caller's */
    double *out, *in;       /* (n_classes, stride) counts of pairs of classes, and transposed */
    double *g_out, *g_in;   /* g of these */
    double *vectors[FE_EXCHANGE_VECTORS]; /* (stride,) each, those below among them */
    double *l, *r, *g_l, *g_r;   /* sums of each class, and their g */
    double *self, *g_self;  /* out[k][k] */
    double *x_out, *x_in;   /* pairs of the item with each class; zero between items */
    double *gain;
    double *value, *g_value; /* scratch for a list of classes */
    uint32_t *outs, *ins;   /* (n_classes,) where x_out, x_in are not zero */
    size_t n_outs, n_ins;
    uint64_t *size;         /* (n_classes,) items of each class */
};

static inline void fe_exchange_free(fe_exchange *x) {
    if (x == NULL) return;
    for (size_t i = 0; i < FE_EXCHANGE_VECTORS; i++) free(x->vectors[i]);
    free(x->outs);
    free(x->ins);
    free(x->size);
    free(x);
}

static inline size_t fe_exchange_stride(size_t n_classes) {
    return (n_classes + FE_EXCHANGE_PAD - 1) / FE_EXCHANGE_PAD * FE_EXCHANGE_PAD;
}

/* Counts of the classes as they are. NULL without memory. Every class has an item. The arrays must
 * outlive the result. */
static inline fe_exchange *fe_exchange_new(const fe_pairs *pairs, uint32_t n_classes,
                                           uint32_t *classes /* INOUT (n_items,) < n_classes */,
                                           double *matrices /* (4 n_classes, stride), zero */) {
    fe_exchange *x = (fe_exchange *)calloc(1, sizeof *x);
    if (x == NULL) return NULL;
    const size_t n = n_classes, stride = fe_exchange_stride(n);
    x->pairs = *pairs;
    x->magic = fe_grid_magic(pairs->total);
    x->n_classes = n;
    x->stride = stride;
    x->classes = classes;
    double **places[] = {&x->out, &x->in, &x->g_out, &x->g_in};
    for (size_t i = 0; i < 4; i++) *places[i] = matrices + i * n * stride;
    int ok = 1;
    for (size_t i = 0; ok && i < FE_EXCHANGE_VECTORS; i++)
        ok = (x->vectors[i] = (double *)fe_calloc_array(stride, sizeof(double))) != NULL;
    ok = ok && (x->outs = (uint32_t *)fe_calloc_array(n, sizeof(uint32_t))) != NULL &&
         (x->ins = (uint32_t *)fe_calloc_array(n, sizeof(uint32_t))) != NULL &&
         (x->size = (uint64_t *)fe_calloc_array(n, sizeof(uint64_t))) != NULL;
    if (!ok) {
        fe_exchange_free(x);
        return NULL;
    }
    double **named[] = {&x->l, &x->r, &x->g_l, &x->g_r, &x->self, &x->g_self, &x->x_out, &x->x_in,
                        &x->gain, &x->value, &x->g_value};
    for (size_t i = 0; i < FE_EXCHANGE_VECTORS; i++) *named[i] = x->vectors[i];
    for (uint32_t i = 0; i < pairs->n_items; i++) {
        const size_t a = classes[i];
        x->size[a]++;
        for (uint64_t j = pairs->right_start[i]; j < pairs->right_start[i + 1]; j++) {
            const size_t c = classes[pairs->right[j]];
            const double count = (double)pairs->right_count[j];
            x->out[a * stride + c] += count;
            x->in[c * stride + a] += count;
            x->l[a] += count;
            x->r[c] += count;
        }
    }
    fe_xlogy_list(x->out, x->out, n * stride, x->magic, x->g_out);
    fe_xlogy_list(x->in, x->in, n * stride, x->magic, x->g_in);
    fe_xlogy_list(x->l, x->l, stride, x->magic, x->g_l);
    fe_xlogy_list(x->r, x->r, stride, x->magic, x->g_r);
    for (size_t a = 0; a < n; a++) {
        x->self[a] = x->out[a * stride + a];
        x->g_self[a] = x->g_out[a * stride + a];
    }
    return x;
}

/* All pairs times average mutual information, in bits. */
static inline double fe_exchange_information(const fe_exchange *x) {
    double sum = fe_xlogx1(x->pairs.total, x->magic);
    for (size_t a = 0; a < x->n_classes; a++) {
        for (size_t c = 0; c < x->n_classes; c++) sum += x->g_out[a * x->stride + c];
        sum -= x->g_l[a] + x->g_r[a];
    }
    return sum;
}

/* Sum an item's pairs by class, without those with itself, which are returned. */
static inline double fe_exchange_gather(const fe_exchange *x, uint32_t item, const uint64_t *start,
                                        const uint32_t *other, const int64_t *count,
                                        double *sums /* INOUT (stride,), zero */,
                                        uint32_t *list /* OUT */, size_t *n, double *total) {
    double self = 0.0;
    *n = 0;
    *total = 0.0;
    for (uint64_t j = start[item]; j < start[item + 1]; j++) {
        *total += (double)count[j];
        if (other[j] == item) {
            self = (double)count[j];
            continue;
        }
        const uint32_t c = x->classes[other[j]];
        if (sums[c] == 0.0) list[(*n)++] = c;
        sums[c] += (double)count[j];
    }
    return self;
}

/* Row k of ``rows`` gets sign times the sums of a list of classes, its transpose and g too. */
static inline void fe_exchange_add(fe_exchange *x, size_t k, double sign, const double *sums,
                                   const uint32_t *list, size_t n, double *rows, double *g_rows,
                                   double *columns, double *g_columns) {
    double *value = x->value, *g = x->g_value;
    for (size_t j = 0; j < n; j++) value[j] = rows[k * x->stride + list[j]] + sign * sums[list[j]];
    fe_xlogy_list(value, value, n, x->magic, g);
    for (size_t j = 0; j < n; j++) {
        const size_t c = list[j];
        rows[k * x->stride + c] = columns[c * x->stride + k] = value[j];
        g_rows[k * x->stride + c] = g_columns[c * x->stride + k] = g[j];
    }
}

/* Put the item into class k (sign 1) or take it out (sign -1). */
static inline void fe_exchange_put(fe_exchange *x, size_t k, double sign, double self, double lw,
                                   double rw) {
    const double magic = x->magic;
    fe_exchange_add(x, k, sign, x->x_out, x->outs, x->n_outs, x->out, x->g_out, x->in, x->g_in);
    fe_exchange_add(x, k, sign, x->x_in, x->ins, x->n_ins, x->in, x->g_in, x->out, x->g_out);
    const size_t kk = k * x->stride + k;
    x->self[k] = x->out[kk] = x->in[kk] = x->out[kk] + sign * self;
    x->g_self[k] = x->g_out[kk] = x->g_in[kk] = fe_xlogx1(x->self[k], magic);
    x->l[k] += sign * lw;
    x->r[k] += sign * rw;
    x->g_l[k] = fe_xlogx1(x->l[k], magic);
    x->g_r[k] = fe_xlogx1(x->r[k], magic);
    x->size[k] += sign > 0 ? 1 : (uint64_t)-1;
}

/* gain[k .. k + width - 1], without the correction in fe_exchange_gains. So many classes at a time
 * that the rows of counts are read in stretches that the processor fetches ahead. */
FE_INLINE void fe_exchange_tile(fe_exchange *x, size_t k, int width, double self, double lw,
                                double rw) {
    const double magic = x->magic;
    fe_vecd sums[FE_EXCHANGE_TILE / FE_LANES_D];
    for (int i = 0; i < width / FE_LANES_D; i++) {
        const size_t at = k + i * FE_LANES_D;
        sums[i] = fe_load_d(x->g_l + at) - fe_xlogx(fe_load_d(x->l + at) + lw, magic) +
                  fe_load_d(x->g_r + at) - fe_xlogx(fe_load_d(x->r + at) + rw, magic);
        if (self > 0)
            sums[i] += fe_xlogx(fe_load_d(x->self + at) + self, magic) - fe_load_d(x->g_self + at);
    }
    for (size_t j = 0; j < x->n_outs + x->n_ins; j++) {
        const int right = j < x->n_outs;
        const uint32_t c = right ? x->outs[j] : x->ins[j - x->n_outs];
        const double n = right ? x->x_out[c] : x->x_in[c];
        const double *count = (right ? x->in : x->out) + c * x->stride + k;
        const double *g = (right ? x->g_in : x->g_out) + c * x->stride + k;
        for (int i = 0; i < width / FE_LANES_D; i++)
            sums[i] += fe_xlogx(fe_load_d(count + i * FE_LANES_D) + n, magic) -
                       fe_load_d(g + i * FE_LANES_D);
    }
    for (int i = 0; i < width / FE_LANES_D; i++) fe_store_d(x->gain + k + i * FE_LANES_D, sums[i]);
}

/* gain[k] for all k: what the objective gains when the item, now in no class, joins class k. */
static inline void fe_exchange_gains(fe_exchange *x, double self, double lw, double rw) {
    const double magic = x->magic;
    double *gain = x->gain;
    size_t first = 0;
    for (; first + FE_EXCHANGE_TILE <= x->stride; first += FE_EXCHANGE_TILE)
        fe_exchange_tile(x, first, FE_EXCHANGE_TILE, self, lw, rw);
    for (; first < x->stride; first += FE_EXCHANGE_PAD)
        fe_exchange_tile(x, first, FE_EXCHANGE_PAD, self, lw, rw);
    /* where k is a neighbour class, all of n_kk's growth is one term */
    for (size_t j = 0; j < x->n_outs + x->n_ins; j++) {
        const uint32_t k = j < x->n_outs ? x->outs[j] : x->ins[j - x->n_outs];
        if (j >= x->n_outs && x->x_out[k] > 0) continue; /* done */
        const double n = x->self[k], g = x->g_self[k];
        double more = fe_xlogx1(n + x->x_out[k] + x->x_in[k] + self, magic) - g;
        more -= fe_xlogx1(n + x->x_out[k], magic) - g;
        more -= fe_xlogx1(n + x->x_in[k], magic) - g;
        more -= fe_xlogx1(n + self, magic) - g;
        gain[k] += more;
    }
}

/* Try items first .. first + count - 1 in turn; returns how many moved. An item that is alone in
 * its class stays: it can gain nothing, and no class becomes empty. Of equal classes an item stays
 * in its own, else it takes the first. */
static inline size_t fe_exchange_chunk(fe_exchange *x, uint32_t first, uint32_t count) {
    const fe_pairs *p = &x->pairs;
    size_t moved = 0;
    for (uint32_t item = first; item < first + count; item++) {
        const uint32_t own = x->classes[item];
        double lw, rw;
        if (x->size[own] == 1) continue;
        const double self = fe_exchange_gather(x, item, p->right_start, p->right, p->right_count,
                                               x->x_out, x->outs, &x->n_outs, &lw);
        fe_exchange_gather(x, item, p->left_start, p->left, p->left_count, x->x_in, x->ins,
                           &x->n_ins, &rw);
        if (lw + rw > 0) {
            fe_exchange_put(x, own, -1.0, self, lw, rw);
            fe_exchange_gains(x, self, lw, rw);
            uint32_t best = own;
            for (uint32_t k = 0; k < x->n_classes; k++)
                if (x->gain[k] > x->gain[best]) best = k;
            fe_exchange_put(x, best, 1.0, self, lw, rw);
            x->classes[item] = best;
            moved += best != own;
        }
        for (size_t j = 0; j < x->n_outs; j++) x->x_out[x->outs[j]] = 0.0;
        for (size_t j = 0; j < x->n_ins; j++) x->x_in[x->ins[j]] = 0.0;
    }
    return moved;
}

#endif
