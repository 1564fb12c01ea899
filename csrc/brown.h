/* brown.h: Brown clustering: items enter one by one, and the pair of clusters is merged whose merge
 * loses least average mutual information.
 *
 * Brown, Della Pietra, deSouza, Lai & Mercer (1992), "Class-based n-gram models of natural
 * language", Computational Linguistics 18(4); the window of C + 1 clusters as in Liang (2005),
 * "Semi-supervised learning for natural language", section 4.2. docs/clusters.md has the formulas.
 *
 * With g(n) = n log2 n and h(x, y) = g(x + y) - g(x) - g(y), merging a and b loses
 *
 *     loss(a, b) = f(l, a, b) + f(r, a, b)
 *                  - sum over c, not a or b, of h(n_ac, n_bc) + h(n_ca, n_cb)
 *                  - g(n_aa + n_ab + n_ba + n_bb) + g(n_aa) + g(n_ab) + g(n_ba) + g(n_bb)
 *     f(l, a, b) = (l_a + l_b) log2(tl_a + tl_b) - l_a log2 tl_a - l_b log2 tl_b
 *
 * times the number of pairs. h is zero where one of its numbers is, so an item that enters, or a
 * cluster that is merged, changes only what has to do with its neighbours: a step costs n times
 * their number. All terms lie on a grid on which additions are exact (xlogx.h), so the table is
 * always what the formula says, whatever was added and taken away before.
 */
#ifndef FE_BROWN_H
#define FE_BROWN_H

#include "brown_table.h"

/* One of two clusters that become one, or an item that becomes a cluster. */
typedef struct {
    const double *out, *in; /* (stride,) counts with all others */
    double self, l, r, tl, tr, pl, pr;
} fe_brown_side;

static inline fe_brown_side fe_brown_side_of(const fe_brown *b, size_t a) {
    return (fe_brown_side){fe_brown_row(b, b->out, a), fe_brown_row(b, b->in, a), b->self[a],
                           b->l[a], b->r[a], b->tl[a], b->tr[a], b->pl[a], b->pr[a]};
}

/* f(l, a, e) for all e, given l log2 tl of a and of each e. */
FE_INLINE fe_vecd fe_brown_f(double l, double tl, double pl, fe_vecd le, fe_vecd tle, fe_vecd ple,
                             double magic) {
    return fe_xlogy(le + l, tle + tl, magic) - pl - ple;
}

/* The contexts of a sum over c of h(high_c, y) - h(low_c, y), y = counts[c][e], for all e. */
typedef struct {
    const uint32_t *list; /* (m,) the contexts c */
    size_t m;
    const double *low, *more; /* (stride,) low_c, and high_c - low_c > 0 */
    const double *counts;
    double *none;    /* (m,) g(high_c) - g(low_c), what y = 0 leaves of the sum's terms */
    double constant; /* their sum */
} fe_brown_contexts;

static inline fe_brown_contexts fe_brown_contexts_of(const fe_brown *b, const uint32_t *list,
                                                     size_t m, const double *low,
                                                     const double *more, const double *counts,
                                                     double *none /* scratch (stride,) */) {
    fe_brown_contexts c = {list, m, low, more, counts, none, 0.0};
    for (size_t j = 0; j < m; j++) {
        const double x = low[list[j]];
        none[j] = fe_xlogx1(x + more[list[j]], b->magic) - fe_xlogx1(x, b->magic);
        c.constant += none[j];
    }
    return c;
}

/* Vectors of a block of FE_BROWN_PAD slots. */
#define FE_BROWN_BLOCK (FE_BROWN_PAD / FE_LANES_D)
#define FE_BROWN_TILE 64

/* row[e] less the sum, for a block of e. */
FE_INLINE void fe_brown_overlaps(const fe_brown *b, const fe_brown_contexts *c, size_t e,
                                 double *row) {
    const double magic = b->magic;
    fe_vecd sums[FE_BROWN_BLOCK];
    for (int i = 0; i < FE_BROWN_BLOCK; i++)
        sums[i] = fe_load_d(row + e + i * FE_LANES_D) + c->constant;
    for (size_t j = 0; j < c->m; j++) {
        const double low = c->low[c->list[j]], high = low + c->more[c->list[j]];
        const double *counts = c->counts + c->list[j] * b->stride + e;
        for (int i = 0; i < FE_BROWN_BLOCK; i++) {
            const fe_vecd y = fe_load_d(counts + i * FE_LANES_D);
            if (fe_all_zero_d(y)) sums[i] -= c->none[j];
            else sums[i] -= fe_xlogx(y + high, magic) - fe_xlogx(y + low, magic);
        }
    }
    for (int i = 0; i < FE_BROWN_BLOCK; i++) fe_store_d(row + e + i * FE_LANES_D, sums[i]);
}

/* Less at least the sum, where all low_c are 0, with the cheapest of logarithms:
 *
 *     h(x, y) = x log2(x + y) + y log2(1 + x / y) - g(x) <= x (log2(x + y) + log2 e) - g(x)
 *
 * for y > 0, and 2^k (1 + t) has a logarithm between k + t and k + t + 0.08608. Two steps of the
 * grid (magic is 1.5 2^52 of them) are more than h gains by rounding. In stretches of ``width``
 * that the processor fetches ahead. */
FE_INLINE void fe_brown_bounds(const fe_brown *b, const fe_brown_contexts *c, size_t e,
                               int width, double *row) {
    const fe_vecd zero = fe_set1_d(0.0);
    fe_vecd sums[FE_BROWN_TILE / FE_LANES_D];
    for (int i = 0; i < width / FE_LANES_D; i++) sums[i] = fe_load_d(row + e + i * FE_LANES_D);
    for (size_t j = 0; j < c->m; j++) {
        const double x = c->more[c->list[j]];
        const double rest = x * (1.4426951 + 0.0860714) - c->none[j] + b->magic * 0x1p-51;
        const double *counts = c->counts + c->list[j] * b->stride + e;
        for (int i = 0; i < width / FE_LANES_D; i++) {
            const fe_vecd y = fe_load_d(counts + i * FE_LANES_D);
            const fe_vecd h = fe_log2_below_d(y + x) * x + rest;
            sums[i] -= fe_select_d(y > zero, h, zero);
        }
    }
    for (int i = 0; i < width / FE_LANES_D; i++) fe_store_d(row + e + i * FE_LANES_D, sums[i]);
}

/* row, the losses of a with all others, becomes that of a and w together: for every slot e,
 * loss(a + w, e) - loss(a, e) is added, but for the sums over contexts. ``aw`` and ``wa`` count the
 * pairs of a and w. The lists of b hold w's neighbours in the table, without a and w. An item that
 * enters joins a = nothing. */
static inline void fe_brown_join_rest(const fe_brown *b, const fe_brown_side *a,
                                      const fe_brown_side *w, double aw, double wa, double *row) {
    const double magic = b->magic, self = a->self + aw + wa + w->self;
    const double pl = fe_xlogy1(a->l + w->l, a->tl + w->tl, magic);
    const double pr = fe_xlogy1(a->r + w->r, a->tr + w->tr, magic);
    const double selves = fe_xlogx1(self, magic) - fe_xlogx1(a->self, magic);
    const size_t width = fe_brown_width(b);
    for (size_t e = 0; e < width; e += FE_LANES_D) {
        const fe_vecd l = fe_load_d(b->l + e), tl = fe_load_d(b->tl + e), p = fe_load_d(b->pl + e);
        const fe_vecd r = fe_load_d(b->r + e), tr = fe_load_d(b->tr + e), q = fe_load_d(b->pr + e);
        fe_vecd x = fe_load_d(row + e);
        x += fe_brown_f(a->l + w->l, a->tl + w->tl, pl, l, tl, p, magic) -
             fe_brown_f(a->l, a->tl, a->pl, l, tl, p, magic);
        x += fe_brown_f(a->r + w->r, a->tr + w->tr, pr, r, tr, q, magic) -
             fe_brown_f(a->r, a->tr, a->pr, r, tr, q, magic);
        if (self != a->self) {
            const fe_vecd four = fe_load_d(a->out + e) + fe_load_d(a->in + e) + fe_load_d(b->self + e);
            x += selves - (fe_xlogx(four + self, magic) - fe_xlogx(four + a->self, magic));
        }
        fe_store_d(row + e, x);
    }
    /* neighbours of w: e is among the contexts of the sums, and is none of a pair with e itself */
    for (size_t j = 0; j < b->n_either; j++) {
        const uint32_t e = b->either[j];
        const double ae = a->out[e], ea = a->in[e], we = w->out[e], ew = w->in[e];
        const double ee = b->self[e], four = ae + ea + ee + self;
        double x = fe_xlogx1(ae + we + ee, magic) - fe_xlogx1(ae + ee, magic);
        x += fe_xlogx1(ea + ew + ee, magic) - fe_xlogx1(ea + ee, magic);
        x -= fe_xlogx1(four + we + ew, magic) - fe_xlogx1(four, magic);
        /* w was a context of a and e */
        if (aw > 0 && ew > 0)
            x += fe_xlogx1(aw + ew, magic) - fe_xlogx1(aw, magic) - fe_xlogx1(ew, magic);
        if (wa > 0 && we > 0)
            x += fe_xlogx1(wa + we, magic) - fe_xlogx1(wa, magic) - fe_xlogx1(we, magic);
        row[e] += x;
    }
}

/* The whole of it: the row of two clusters that become one. */
static inline void fe_brown_join(fe_brown *b, const fe_brown_side *a, const fe_brown_side *w,
                                 double aw, double wa, double *row) {
    const fe_brown_contexts outs = fe_brown_contexts_of(b, b->outs, b->n_outs, a->out, w->out,
                                                        b->in, b->scratch[1]);
    const fe_brown_contexts ins = fe_brown_contexts_of(b, b->ins, b->n_ins, a->in, w->in, b->out,
                                                       b->scratch[2]);
    fe_brown_join_rest(b, a, w, aw, wa, row);
    const size_t width = fe_brown_width(b);
    for (size_t e = 0; e < width; e += FE_BROWN_PAD) {
        fe_brown_overlaps(b, &outs, e, row);
        fe_brown_overlaps(b, &ins, e, row);
    }
}

/* The row of an item that enters. Only its least losses are wanted, unless ``all``: the others are
 * more than the least, but may be less than they should. Most items are merged at once, and then
 * nobody asks for the rest of their rows. */
static inline void fe_brown_new_row(fe_brown *b, const fe_brown_side *w, int all, double *row) {
    const fe_brown_side nothing = {.out = b->zero, .in = b->zero};
    memset(row, 0, b->stride * sizeof *row);
    if (all) {
        fe_brown_join(b, &nothing, w, 0, 0, row);
        return;
    }
    const fe_brown_contexts outs = fe_brown_contexts_of(b, b->outs, b->n_outs, b->zero, w->out,
                                                        b->in, b->scratch[1]);
    const fe_brown_contexts ins = fe_brown_contexts_of(b, b->ins, b->n_ins, b->zero, w->in,
                                                       b->out, b->scratch[2]);
    double *rest = b->scratch[3];
    memset(rest, 0, b->stride * sizeof *rest);
    fe_brown_join_rest(b, &nothing, w, 0, 0, rest);
    const size_t width = fe_brown_width(b);
    for (size_t e = b->n; e < width; e++) rest[e] = INFINITY;
    memcpy(row, rest, width * sizeof *row);
    size_t at = 0;
    for (; at + FE_BROWN_TILE <= width; at += FE_BROWN_TILE) {
        fe_brown_bounds(b, &outs, at, FE_BROWN_TILE, row);
        fe_brown_bounds(b, &ins, at, FE_BROWN_TILE, row);
    }
    for (; at < width; at += FE_BROWN_PAD) {
        fe_brown_bounds(b, &outs, at, FE_BROWN_PAD, row);
        fe_brown_bounds(b, &ins, at, FE_BROWN_PAD, row);
    }
    double least = fe_brown_row_min(b, row);
    size_t first = 0;
    while (row[first] != least) first++;
    least = INFINITY;
    first -= first % FE_BROWN_PAD;
    /* the most promising block, then all that may hold something as small */
    for (size_t i = 0; i <= width; i += FE_BROWN_PAD) {
        const size_t e = i == 0 ? first : i - FE_BROWN_PAD;
        if (i > 0 && (e == first || fe_brown_block_min(row + e) > least)) continue;
        memcpy(row + e, rest + e, FE_BROWN_PAD * sizeof *row);
        fe_brown_overlaps(b, &outs, e, row);
        fe_brown_overlaps(b, &ins, e, row);
        const double exact = fe_brown_block_min(row + e);
        least = exact < least ? exact : least;
    }
}

/* row[list[j]] += x[j] */
static inline void fe_brown_scatter(double *row, const uint32_t *list, size_t m, const double *x) {
    for (size_t j = 0; j < m; j++) row[list[j]] += x[j];
}

/* A new context w of the clusters of a list, which have ``x`` pairs with it: for all pairs of
 * clusters, h(x_d, x_e) less is lost, and the sums l (or r) of the list grow. */
static inline void fe_brown_context(fe_brown *b, const uint32_t *list, size_t m, const double *x,
                                    double *l, const double *tl, double *pl) {
    if (m == 0) return;
    const double magic = b->magic;
    double *xs = b->scratch[1], *gs = b->scratch[2], *h = b->scratch[3];
    double *before = b->scratch[4], *grown = b->scratch[5];
    const size_t width = fe_brown_width(b);
    memcpy(before, l, width * sizeof *before);
    memset(grown, 0, width * sizeof *grown);
    for (size_t j = 0; j < m; j++) {
        const uint32_t d = list[j];
        xs[j] = x[d];
        l[d] += x[d];
        grown[d] = fe_xlogy1(l[d], tl[d], magic) - pl[d];
    }
    fe_xlogy_list(xs, xs, m, magic, gs);
    b->tick++;
    for (size_t j = 0; j < m; j++) fe_brown_refresh(b, list[j]);
    for (size_t j = 0; j < m; j++) {
        const uint32_t d = list[j];
        double *row = fe_brown_row(b, b->loss, d);
        for (size_t i = 0; i < m; i++) h[i] = xs[i] + xs[j];
        fe_xlogy_list(h, h, m, magic, h);
        for (size_t i = 0; i < m; i++) h[i] = gs[i] + gs[j] - h[i];
        fe_brown_scatter(row, list, m, h);
        fe_vecd least = fe_set1_d(INFINITY);
        for (size_t e = 0; e < width; e += FE_LANES_D) {
            const fe_vecd log = fe_log2_d(fe_load_d(tl + e) + tl[d]);
            fe_vecd more = fe_to_grid((fe_load_d(l + e) + l[d]) * log, magic) -
                           fe_to_grid((fe_load_d(before + e) + before[d]) * log, magic) -
                           fe_load_d(grown + e) - grown[d];
            more += fe_load_d(row + e);
            fe_store_d(row + e, more);
            fe_store_d(b->low + e, fe_min_d(fe_load_d(b->low + e), more));
            least = fe_min_d(least, more);
        }
        b->low[d] = fe_min_lane_d(least);
    }
    for (size_t j = 0; j < m; j++) pl[list[j]] += grown[list[j]];
}

/* Contexts a and w become one. For all pairs d, e of other clusters h(x1, y1) + h(x2, y2) of the
 * sum becomes h(x1 + x2, y1 + y2), with x1, y1 the pairs of d, e with a and x2, y2 those with w;
 * nothing changes where x2 = y2 = 0, so the rows are those of w's neighbours. */
static inline void fe_brown_fold(fe_brown *b, const uint32_t *list, size_t m, uint32_t a,
                                 uint32_t w, const double *with_a, const double *with_w) {
    if (m == 0) return;
    const double magic = b->magic;
    double *x2 = b->scratch[1], *g2 = b->scratch[2], *h = b->scratch[3], *sums = b->scratch[4];
    const size_t width = fe_brown_width(b);
    /* g(y1 + y2) - g(y1) - g(y2); a's own row is made elsewhere, w's slot goes */
    for (size_t e = 0; e < width; e += FE_LANES_D) {
        const fe_vecd y1 = fe_load_d(with_a + e), y2 = fe_load_d(with_w + e);
        fe_store_d(sums + e, fe_xlogx(y1 + y2, magic) - fe_xlogx(y1, magic) - fe_xlogx(y2, magic));
    }
    sums[a] = INFINITY;
    if (w < b->n) sums[w] = INFINITY;
    for (size_t j = 0; j < m; j++) x2[j] = with_w[list[j]];
    fe_xlogy_list(x2, x2, m, magic, g2);
    b->tick++;
    for (size_t j = 0; j < m; j++) fe_brown_refresh(b, list[j]);
    for (size_t j = 0; j < m; j++) {
        const uint32_t d = list[j];
        const double x1 = with_a[d], both = x1 + x2[j];
        double *row = fe_brown_row(b, b->loss, d);
        /* g(x2 + y2) - g(x2), zero but for the neighbours */
        for (size_t i = 0; i < m; i++) h[i] = x2[i] + x2[j];
        fe_xlogy_list(h, h, m, magic, h);
        for (size_t i = 0; i < m; i++) h[i] -= g2[j];
        fe_brown_scatter(row, list, m, h);
        const double constant = fe_xlogx1(both, magic) - fe_xlogx1(x1, magic);
        fe_vecd least = fe_set1_d(INFINITY);
        for (size_t e = 0; e < width; e += FE_LANES_D) {
            const fe_vecd y1 = fe_load_d(with_a + e), y2 = fe_load_d(with_w + e);
            fe_vecd x = fe_load_d(row + e) + fe_load_d(sums + e) + constant;
            x -= fe_xlogx(y1 + y2 + both, magic) - fe_xlogx(y1 + x1, magic);
            fe_store_d(row + e, x);
            fe_store_d(b->low + e, fe_min_d(fe_load_d(b->low + e), x));
            least = fe_min_d(least, x);
        }
        b->low[d] = fe_min_lane_d(least);
    }
}

/* A row has just been written as a whole: it is the newest, and bounds all others. */
static inline void fe_brown_publish(fe_brown *b, uint32_t a) {
    double *row = fe_brown_row(b, b->loss, a);
    const size_t width = fe_brown_width(b);
    row[a] = INFINITY;
    for (size_t e = b->n; e < b->stride; e++) row[e] = INFINITY;
    for (size_t e = 0; e < width; e += FE_LANES_D)
        fe_store_d(b->low + e, fe_min_d(fe_load_d(b->low + e), fe_load_d(row + e)));
    b->low[a] = fe_brown_row_min(b, row);
}

#endif
