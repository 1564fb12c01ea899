/* brown_table.h: the clusters of a Brown clustering, and the table of what each merge would lose.
 *
 * Clusters stand in slots 0 .. n - 1 without a gap. out[a][c] counts how often cluster c follows
 * cluster a, in is its transpose, so that the counts of all clusters with one context c lie side by
 * side in in[c] (c follows) or out[c] (c precedes).
 *
 * loss[a][b] is symmetric, but a change to all pairs of a is written to row a only. The row that
 * was brought up to date later holds the truth: stamp says when, and the list newest -> older
 * gives the rows in that order, so a row that is needed fetches what it has missed and no more.
 * low[a] <= min loss[a][.] is kept without that; a search looks at rows whose bound is low enough.
 */
#ifndef FE_BROWN_TABLE_H
#define FE_BROWN_TABLE_H

#include <math.h>

#include "brown_job.h"
#include "xlogx.h"

#define FE_BROWN_NONE UINT32_MAX
#define FE_BROWN_PAD 8 /* rows are as long as the widest vector wants them */
#define FE_BROWN_SCRATCH 6

struct fe_brown {
    fe_pairs pairs;
    double magic;           /* see fe_to_grid */
    size_t n_clusters;      /* C: so many stay when all items are in */
    size_t stride;          /* of a row: at least C + 1 */
    size_t n;               /* clusters now */
    size_t added;           /* items that are in */
    size_t merged;          /* merges done */
    double *out, *in;       /* (C + 1, stride) counts */
    double *loss;           /* (C + 1, stride); infinite on the diagonal and behind the last slot */
    double *l, *r;          /* (stride,) pairs that begin, end with the cluster, among items in */
    double *tl, *tr;        /* (stride,) the same among all items */
    double *pl, *pr;        /* (stride,) l log2 tl, r log2 tr */
    double *self;           /* (stride,) out[a][a] */
    double *low;            /* (stride,) bounds of the rows' minima */
    double *zero;           /* (stride,) zeros */
    double *scratch[FE_BROWN_SCRATCH]; /* (stride,) each */
    uint32_t *first;        /* (C + 1,) first item of the cluster: its name, and its rank in ties */
    uint32_t *outs, *ins, *either; /* (C + 1,) slots that follow, precede, do either */
    size_t n_outs, n_ins, n_either;
    uint64_t tick, *stamp;  /* (C + 1,) */
    uint32_t newest, *older, *newer; /* (C + 1,) */
    uint32_t *parent;       /* (n_items,) union-find; a root is its cluster's first item */
    uint32_t *slot;         /* (n_items,) of a root */
};

static inline size_t fe_brown_width(const fe_brown *b) {
    return (b->n + FE_BROWN_PAD - 1) / FE_BROWN_PAD * FE_BROWN_PAD;
}
static inline double *fe_brown_row(const fe_brown *b, double *matrix, size_t slot) {
    return matrix + slot * b->stride;
}

static inline void fe_brown_free(fe_brown *b) {
    if (b == NULL) return;
    double *arrays[] = {b->l, b->r, b->tl, b->tr, b->pl, b->pr, b->self, b->low, b->zero};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    for (size_t i = 0; i < FE_BROWN_SCRATCH; i++) free(b->scratch[i]);
    uint32_t *lists[] = {b->outs, b->ins, b->either, b->older, b->newer, b->parent,
                         b->slot};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) free(lists[i]);
    free(b->stamp);
    free(b);
}

static inline size_t fe_brown_stride(size_t n_clusters) {
    return (n_clusters + 1 + FE_BROWN_PAD - 1) / FE_BROWN_PAD * FE_BROWN_PAD;
}

/* NULL without memory. The arrays must outlive the result. */
static inline fe_brown *fe_brown_new(const fe_pairs *pairs, uint32_t n_clusters,
                                     double *matrices /* (3 (C + 1), stride), zero: out, in, loss */,
                                     uint32_t *first /* (C + 1,) */) {
    fe_brown *b = (fe_brown *)calloc(1, sizeof *b);
    if (b == NULL) return NULL;
    b->pairs = *pairs;
    b->magic = fe_grid_magic(pairs->total);
    b->n_clusters = n_clusters;
    b->newest = FE_BROWN_NONE;
    b->first = first;
    const size_t rows = (size_t)n_clusters + 1, items = pairs->n_items;
    const size_t stride = fe_brown_stride(n_clusters);
    b->stride = stride;
    b->out = matrices;
    b->in = matrices + rows * stride;
    b->loss = matrices + 2 * rows * stride;
    int ok = 1;
    double **vectors[] = {&b->l, &b->r, &b->tl, &b->tr, &b->pl, &b->pr, &b->self, &b->low,
                          &b->zero};
    for (size_t i = 0; ok && i < sizeof vectors / sizeof *vectors; i++)
        ok = (*vectors[i] = (double *)fe_calloc_array(stride, sizeof(double))) != NULL;
    for (size_t i = 0; ok && i < FE_BROWN_SCRATCH; i++)
        ok = (b->scratch[i] = (double *)fe_calloc_array(stride, sizeof(double))) != NULL;
    uint32_t **lists[] = {&b->outs, &b->ins, &b->either, &b->older, &b->newer};
    for (size_t i = 0; ok && i < sizeof lists / sizeof *lists; i++)
        ok = (*lists[i] = (uint32_t *)fe_calloc_array(rows, sizeof(uint32_t))) != NULL;
    ok = ok && (b->parent = (uint32_t *)fe_calloc_array(items, sizeof(uint32_t))) != NULL &&
         (b->slot = (uint32_t *)fe_calloc_array(items, sizeof(uint32_t))) != NULL &&
         (b->stamp = (uint64_t *)fe_calloc_array(rows, sizeof(uint64_t))) != NULL;
    if (!ok) {
        fe_brown_free(b);
        return NULL;
    }
    for (size_t i = 0; i < rows * stride; i++) b->loss[i] = INFINITY;
    for (size_t i = 0; i < stride; i++) b->low[i] = INFINITY;
    return b;
}

/* The first item of the cluster that an item is in. */
static inline uint32_t fe_brown_root(fe_brown *b, uint32_t item) {
    while (b->parent[item] != item)
        item = b->parent[item] = b->parent[b->parent[item]];
    return item;
}

/* ------------------------------------------------------------------------ order of the rows */

static inline void fe_brown_unlink(fe_brown *b, uint32_t a) {
    const uint32_t newer = b->newer[a], older = b->older[a];
    if (newer != FE_BROWN_NONE) b->older[newer] = older;
    else b->newest = older;
    if (older != FE_BROWN_NONE) b->newer[older] = newer;
}

static inline void fe_brown_link(fe_brown *b, uint32_t a) {
    b->stamp[a] = b->tick;
    b->newer[a] = FE_BROWN_NONE;
    b->older[a] = b->newest;
    if (b->newest != FE_BROWN_NONE) b->newer[b->newest] = a;
    b->newest = a;
}

/* Slot z becomes slot a: the same row at the same place of the order. */
static inline void fe_brown_relink(fe_brown *b, uint32_t z, uint32_t a) {
    b->stamp[a] = b->stamp[z];
    b->newer[a] = b->newer[z];
    b->older[a] = b->older[z];
    if (b->newer[a] != FE_BROWN_NONE) b->older[b->newer[a]] = a;
    else b->newest = a;
    if (b->older[a] != FE_BROWN_NONE) b->newer[b->older[a]] = a;
}

/* Bring a row up to date. */
static inline void fe_brown_refresh(fe_brown *b, uint32_t a) {
    double *row = fe_brown_row(b, b->loss, a);
    for (uint32_t e = b->newest; e != FE_BROWN_NONE && b->stamp[e] > b->stamp[a]; e = b->older[e])
        row[e] = b->loss[e * b->stride + a];
    fe_brown_unlink(b, a);
    fe_brown_link(b, a);
}

static inline double fe_brown_row_min(const fe_brown *b, const double *row) {
    fe_vecd least = fe_set1_d(INFINITY);
    const size_t width = fe_brown_width(b);
    for (size_t e = 0; e < width; e += FE_LANES_D) least = fe_min_d(least, fe_load_d(row + e));
    return fe_min_lane_d(least);
}

/* The least of FE_BROWN_PAD losses. */
static inline double fe_brown_block_min(const double *block) {
    fe_vecd least = fe_load_d(block);
    for (size_t i = FE_LANES_D; i < FE_BROWN_PAD; i += FE_LANES_D)
        least = fe_min_d(least, fe_load_d(block + i));
    return fe_min_lane_d(least);
}

/* ------------------------------------------------------------------------ the cheapest merge */

/* Of the pairs in a row that lose ``loss``, the one that comes first: by the smaller first item of
 * the two, then by the other. */
static inline void fe_brown_candidates(const fe_brown *b, uint32_t a, const double *row,
                                       double loss, uint32_t best[2]) {
    for (size_t e = 0; e < b->n; e++) {
        if (row[e] != loss) continue;
        const uint32_t x = b->first[a], y = b->first[e];
        const uint32_t low = x < y ? x : y, high = x < y ? y : x;
        const uint32_t best_low = best[0] == FE_BROWN_NONE ? FE_BROWN_NONE : b->first[best[0]];
        const uint32_t best_high = best[1] == FE_BROWN_NONE ? FE_BROWN_NONE : b->first[best[1]];
        if (low < best_low || (low == best_low && high < best_high)) {
            best[0] = x < y ? a : (uint32_t)e;
            best[1] = x < y ? (uint32_t)e : a;
        }
    }
}

/* The pair of slots whose merge loses least, best[0] the one with the smaller first item; returns
 * the loss. ``extra`` is a slot behind the table whose row is complete, or FE_BROWN_NONE. */
static inline double fe_brown_search(fe_brown *b, uint32_t extra, uint32_t best[2]) {
    uint32_t *looked = b->either; /* rows that have been looked at */
    double *bounds = b->scratch[0];
    size_t n_looked = 0;
    double least = INFINITY;
    if (extra != FE_BROWN_NONE)
        least = fe_brown_row_min(b, fe_brown_row(b, b->loss, extra));
    for (;;) {
        double low = fe_brown_row_min(b, b->low);
        if (!(low <= least) || low == INFINITY) break;
        size_t a = 0;
        while (b->low[a] != low) a++;
        fe_brown_refresh(b, (uint32_t)a);
        bounds[n_looked] = fe_brown_row_min(b, fe_brown_row(b, b->loss, a));
        if (bounds[n_looked] < least) least = bounds[n_looked];
        looked[n_looked++] = (uint32_t)a;
        b->low[a] = INFINITY; /* do not look again */
    }
    best[0] = best[1] = FE_BROWN_NONE;
    for (size_t i = 0; i < n_looked; i++) {
        const uint32_t a = looked[i];
        b->low[a] = bounds[i];
        if (bounds[i] == least)
            fe_brown_candidates(b, a, fe_brown_row(b, b->loss, a), least, best);
    }
    if (extra != FE_BROWN_NONE)
        fe_brown_candidates(b, extra, fe_brown_row(b, b->loss, extra), least, best);
    return least;
}

#endif
