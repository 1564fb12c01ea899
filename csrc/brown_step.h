/* brown_step.h: the steps of a Brown clustering: an item enters, two clusters are merged. */
#ifndef FE_BROWN_STEP_H
#define FE_BROWN_STEP_H

#include "brown.h"

/* Neighbours of the cluster with these rows among slots 0 .. n - 1, less two of them. */
static inline void fe_brown_neighbours(fe_brown *b, const double *out, const double *in, size_t skip,
                                       size_t skip_too) {
    b->n_outs = b->n_ins = b->n_either = 0;
    for (size_t e = 0; e < b->n; e++) {
        if ((out[e] == 0 && in[e] == 0) || e == skip || e == skip_too) continue;
        b->either[b->n_either++] = (uint32_t)e;
        if (out[e] > 0) b->outs[b->n_outs++] = (uint32_t)e;
        if (in[e] > 0) b->ins[b->n_ins++] = (uint32_t)e;
    }
}

/* Sum the item's pairs with items that are in, itself included, by their slots. */
static inline double fe_brown_gather(fe_brown *b, const uint64_t *start, const uint32_t *other,
                                     const int64_t *count, uint32_t item, double *row,
                                     double *sum, double *total) {
    double self = 0.0;
    *sum = *total = 0.0;
    for (uint64_t j = start[item]; j < start[item + 1]; j++) {
        const double c = (double)count[j];
        *total += c;
        if (other[j] > item) continue; /* comes later, and brings the pair with it */
        *sum += c;
        if (other[j] == item) self = c;
        else row[b->slot[fe_brown_root(b, other[j])]] += c;
    }
    return self;
}

/* Slot z = n gets the next item: its counts, its row of losses (only the least, where a merge
 * follows), and what it changes in others' rows. It is not in the table yet. */
static inline void fe_brown_enter(fe_brown *b) {
    const uint32_t item = (uint32_t)b->added++;
    const size_t z = b->n;
    const fe_pairs *p = &b->pairs;
    double *out = fe_brown_row(b, b->out, z), *in = fe_brown_row(b, b->in, z);
    double *row = fe_brown_row(b, b->loss, z);
    memset(out, 0, b->stride * sizeof *out);
    memset(in, 0, b->stride * sizeof *in);
    fe_brown_side w = {.out = out, .in = in};
    w.self = fe_brown_gather(b, p->right_start, p->right, p->right_count, item, out, &w.l, &w.tl);
    fe_brown_gather(b, p->left_start, p->left, p->left_count, item, in, &w.r, &w.tr);
    b->parent[item] = item;
    b->slot[item] = (uint32_t)z;
    b->first[z] = item;
    fe_brown_neighbours(b, out, in, z, z);
    /* clusters that precede w get a context to their right */
    fe_brown_context(b, b->ins, b->n_ins, in, b->l, b->tl, b->pl);
    fe_brown_context(b, b->outs, b->n_outs, out, b->r, b->tr, b->pr);
    fe_brown_new_row(b, &w, z < b->n_clusters, row);
    for (size_t e = z; e < b->stride; e++) row[e] = INFINITY;
    b->l[z] = w.l;
    b->r[z] = w.r;
    b->tl[z] = w.tl;
    b->tr[z] = w.tr;
    b->pl[z] = fe_xlogy1(w.l, w.tl, b->magic);
    b->pr[z] = fe_xlogy1(w.r, w.tr, b->magic);
    b->self[z] = w.self;
}

/* Slot z = n becomes part of the table. */
static inline void fe_brown_settle(fe_brown *b) {
    const size_t z = b->n++, stride = b->stride;
    const double *out = fe_brown_row(b, b->out, z), *in = fe_brown_row(b, b->in, z);
    for (size_t e = 0; e < z; e++) {
        b->out[e * stride + z] = in[e];
        b->in[e * stride + z] = out[e];
    }
    b->out[z * stride + z] = b->in[z * stride + z] = b->self[z];
    b->tick++;
    fe_brown_link(b, (uint32_t)z);
    fe_brown_publish(b, (uint32_t)z);
}

/* Forget what stands in slot z, which is behind the table or its last one. */
static inline void fe_brown_clear(fe_brown *b, size_t z) {
    double *vectors[] = {b->l, b->r, b->tl, b->tr, b->pl, b->pr, b->self};
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) vectors[i][z] = 0.0;
    b->low[z] = INFINITY;
}

/* Take slot w out of the table: the last slot moves there. Row and column w are free. */
static inline void fe_brown_remove(fe_brown *b, uint32_t w) {
    const uint32_t z = (uint32_t)--b->n;
    const size_t stride = b->stride;
    fe_brown_unlink(b, w);
    if (w != z) {
        double *matrices[] = {b->out, b->in, b->loss};
        double *vectors[] = {b->l, b->r, b->tl, b->tr, b->pl, b->pr, b->self, b->low};
        for (size_t i = 0; i < 3; i++) {
            memcpy(matrices[i] + w * stride, matrices[i] + z * stride, stride * sizeof(double));
            for (size_t e = 0; e <= z; e++) matrices[i][e * stride + w] = matrices[i][e * stride + z];
        }
        b->out[w * stride + w] = b->in[w * stride + w] = b->self[z];
        b->loss[w * stride + w] = INFINITY;
        for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) vectors[i][w] = vectors[i][z];
        b->first[w] = b->first[z];
        b->slot[b->first[w]] = w;
        fe_brown_relink(b, z, w);
    }
    for (size_t e = 0; e <= z; e++) {
        b->out[e * stride + z] = b->in[e * stride + z] = 0.0;
        b->loss[e * stride + z] = INFINITY;
    }
    fe_brown_clear(b, z);
}

/* Slot w joins slot a: w is another slot of the table, or slot n, behind it. */
static inline void fe_brown_merge(fe_brown *b, uint32_t a, uint32_t w, fe_merge *log) {
    const fe_brown_side one = fe_brown_side_of(b, a), two = fe_brown_side_of(b, w);
    double *out = fe_brown_row(b, b->out, a), *in = fe_brown_row(b, b->in, a);
    const double aw = two.in[a], wa = two.out[a], self = one.self + aw + wa + two.self;
    const size_t stride = b->stride, width = fe_brown_width(b);
    fe_brown_neighbours(b, two.out, two.in, a, w);
    b->tick++;
    fe_brown_refresh(b, a);
    fe_brown_join(b, &one, &two, aw, wa, fe_brown_row(b, b->loss, a));
    /* for clusters that precede w, a and w were two contexts to the right; and the other way */
    fe_brown_fold(b, b->ins, b->n_ins, a, w, one.in, two.in);
    fe_brown_fold(b, b->outs, b->n_outs, a, w, one.out, two.out);
    b->tick++;
    fe_brown_unlink(b, a);
    fe_brown_link(b, a);
    for (size_t j = 0; j < b->n_ins; j++) {
        const size_t d = b->ins[j];
        b->out[d * stride + a] += two.in[d];
        b->out[d * stride + w] = 0.0;
    }
    for (size_t j = 0; j < b->n_outs; j++) {
        const size_t d = b->outs[j];
        b->in[d * stride + a] += two.out[d];
        b->in[d * stride + w] = 0.0;
    }
    fe_brown_row(b, b->loss, a)[w] = INFINITY;
    for (size_t e = 0; e < width; e += FE_LANES_D) {
        fe_store_d(out + e, fe_load_d(out + e) + fe_load_d(two.out + e));
        fe_store_d(in + e, fe_load_d(in + e) + fe_load_d(two.in + e));
    }
    out[a] = in[a] = b->self[a] = self;
    out[w] = in[w] = 0.0;
    b->l[a] += two.l;
    b->r[a] += two.r;
    b->tl[a] += two.tl;
    b->tr[a] += two.tr;
    b->pl[a] = fe_xlogy1(b->l[a], b->tl[a], b->magic);
    b->pr[a] = fe_xlogy1(b->r[a], b->tr[a], b->magic);
    const uint32_t x = b->first[a], y = b->first[w];
    log->kept = x < y ? x : y;
    log->gone = x < y ? y : x;
    b->parent[log->gone] = log->kept;
    b->first[a] = log->kept;
    b->slot[log->kept] = a;
    if (w < b->n) fe_brown_remove(b, w);
    else fe_brown_clear(b, w);
    fe_brown_publish(b, a < b->n ? a : w); /* a may have been the last slot */
    b->merged++;
}

static inline size_t fe_brown_degree(const fe_brown *b, size_t a) {
    const double *out = fe_brown_row(b, b->out, a), *in = fe_brown_row(b, b->in, a);
    size_t count = 0;
    for (size_t e = 0; e < b->n; e++) count += (out[e] > 0) + (in[e] > 0);
    return count;
}

/* Merge the pair that loses least; the one with fewer neighbours joins the other. */
static inline void fe_brown_merge_best(fe_brown *b, uint32_t extra, fe_merge *log) {
    uint32_t best[2];
    log->loss = fe_brown_search(b, extra, best);
    if (best[0] == extra || best[1] == extra) {
        fe_brown_merge(b, best[0] == extra ? best[1] : best[0], extra, log);
        return;
    }
    if (extra != FE_BROWN_NONE) {
        const fe_brown_side w = fe_brown_side_of(b, extra);
        fe_brown_neighbours(b, w.out, w.in, extra, extra);
        fe_brown_new_row(b, &w, 1, fe_brown_row(b, b->loss, extra));
        fe_brown_settle(b);
    }
    const int swap = fe_brown_degree(b, best[0]) < fe_brown_degree(b, best[1]);
    fe_brown_merge(b, best[!swap ? 0 : 1], best[!swap ? 1 : 0], log);
}

/* Do ``steps`` steps: first each item enters, with a merge once there are more than C clusters;
 * then one merge a step. Returns the number of merges, logged in order (room for ``steps``). */
static inline size_t fe_brown_run(fe_brown *b, size_t steps, fe_merge *log /* OUT (steps,) */) {
    const size_t before = b->merged;
    for (size_t i = 0; i < steps; i++) {
        fe_merge *next = log + (b->merged - before);
        if (b->added < b->pairs.n_items) {
            fe_brown_enter(b);
            if (b->n < b->n_clusters) fe_brown_settle(b);
            else fe_brown_merge_best(b, (uint32_t)b->n, next);
        } else if (b->n > 1) {
            fe_brown_merge_best(b, FE_BROWN_NONE, next);
        }
    }
    return b->merged - before;
}

/* ------------------------------------------------------------------------ stopping and going on */

/* Bring all rows up to date, so that loss is what it says everywhere. */
static inline void fe_brown_refresh_all(fe_brown *b) {
    for (size_t a = 0; a < b->n; a++) fe_brown_refresh(b, (uint32_t)a);
}

/* The state after ``added`` items and ``m`` merges, from their log and the table of losses; all
 * else follows from the pairs. FE_EINVAL if the log, the clusters and the sizes do not fit. */
static inline fe_status fe_brown_restore(fe_brown *b, uint32_t added, const fe_merge *log, size_t m,
                                         const uint32_t *first /* IN (n,) */, size_t n,
                                         const double *loss /* IN (n, n) */) {
    const fe_pairs *p = &b->pairs;
    if (b->added > 0 || added > p->n_items || m > added || n != added - m || n > b->n_clusters)
        return FE_EINVAL;
    for (uint32_t i = 0; i < added; i++) {
        b->parent[i] = i;
        b->slot[i] = FE_BROWN_NONE;
    }
    for (size_t i = 0; i < m; i++) {
        const uint32_t kept = log[i].kept, gone = log[i].gone;
        if (gone >= added || kept >= gone || b->parent[gone] != gone || b->parent[kept] != kept)
            return FE_EINVAL;
        b->parent[gone] = kept;
    }
    for (size_t a = 0; a < n; a++) {
        if (first[a] >= added || b->parent[first[a]] != first[a] ||
            b->slot[first[a]] != FE_BROWN_NONE)
            return FE_EINVAL;
        b->first[a] = first[a];
        b->slot[first[a]] = (uint32_t)a;
    }
    b->n = n;
    b->added = added;
    b->merged = m;
    for (uint32_t i = 0; i < added; i++) {
        const uint32_t a = b->slot[fe_brown_root(b, i)];
        for (uint64_t j = p->right_start[i]; j < p->right_start[i + 1]; j++) {
            const double count = (double)p->right_count[j];
            b->tl[a] += count;
            if (p->right[j] >= added) continue;
            const uint32_t e = b->slot[fe_brown_root(b, p->right[j])];
            b->out[a * b->stride + e] += count;
            b->in[e * b->stride + a] += count;
            b->l[a] += count;
            b->r[e] += count;
        }
        for (uint64_t j = p->left_start[i]; j < p->left_start[i + 1]; j++)
            b->tr[a] += (double)p->left_count[j];
    }
    for (size_t a = 0; a < n; a++) {
        double *row = fe_brown_row(b, b->loss, a);
        memcpy(row, loss + a * n, n * sizeof *row);
        row[a] = INFINITY;
        b->self[a] = b->out[a * b->stride + a];
        b->pl[a] = fe_xlogy1(b->l[a], b->tl[a], b->magic);
        b->pr[a] = fe_xlogy1(b->r[a], b->tr[a], b->magic);
        b->low[a] = fe_brown_row_min(b, row);
        fe_brown_link(b, (uint32_t)a);
    }
    return FE_OK;
}

/* All pairs times the average mutual information of those among the items that are in, with the
 * sums of all items as marginals, in bits. */
static inline double fe_brown_information(const fe_brown *b) {
    const size_t width = fe_brown_width(b);
    fe_vecd sums = fe_set1_d(0.0);
    double marginals = 0.0, pairs = 0.0;
    for (size_t a = 0; a < b->n; a++) {
        const double *out = fe_brown_row(b, b->out, a);
        for (size_t e = 0; e < width; e += FE_LANES_D)
            sums += fe_xlogx(fe_load_d(out + e), b->magic);
        marginals += b->pl[a] + b->pr[a];
        pairs += b->l[a];
    }
    double sum = fe_xlogy1(pairs, b->pairs.total, b->magic);
    for (int i = 0; i < FE_LANES_D; i++) sum += sums[i];
    return sum - marginals;
}

#endif
