/* brown_job.h: what a clustering run is, as the kernels and the Cython layer both see it. */
#ifndef FE_BROWN_JOB_H
#define FE_BROWN_JOB_H

#include "fe_base.h"

/* Counts of pairs of neighbours, both ways: the pairs (i, right[j]) with count[j], for j from
 * start[i] to start[i + 1], and the same pairs by their second item. Items are numbered in the
 * order in which they enter. */
typedef struct {
    uint32_t n_items;
    const uint64_t *right_start; /* IN (n_items + 1,) */
    const uint32_t *right;       /* IN (pairs,) what follows, no item twice */
    const int64_t *right_count;  /* IN (pairs,) > 0 */
    const uint64_t *left_start;  /* IN (n_items + 1,) */
    const uint32_t *left;        /* IN (pairs,) what comes before */
    const int64_t *left_count;   /* IN (pairs,) */
    double total;                /* of all counts, 0 < total <= FE_XLOGX_MOST */
} fe_pairs;

/* One merge: the clusters are named by their first items, kept < gone, and the result by kept. */
typedef struct {
    uint32_t kept, gone;
    double loss; /* of average mutual information times total, in bits */
} fe_merge;

typedef struct fe_brown fe_brown;       /* brown_table.h */
typedef struct fe_exchange fe_exchange; /* exchange.h */

#endif
