/* nn_step.h: what happens once a mini-batch, between the phases of nn_job.h. */
#ifndef FE_NN_STEP_H
#define FE_NN_STEP_H

#include <math.h>

#include "nn_job.h"
#include "normal.h"
#include "optim.h"

/* Take rows first .. first + rows - 1 next. What the tiles of a smaller mini-batch do not write
 * over is cleared. */
static inline void fe_nn_begin(fe_net *net, int64_t first, int64_t rows) {
    net->first = first;
    if (rows == net->rows) return;
    net->rows = rows;
    memset(net->op_sums, 0, (size_t)net->n_ops * FE_NN_TILES * sizeof(double));
    memset(net->piece_sums, 0, (size_t)net->n_pieces * sizeof(double));
    memset(net->loss_sums, 0, sizeof net->loss_sums);
    memset(net->metric_sums, 0, sizeof net->metric_sums);
    for (int t = 0; t < FE_NN_TILES; t++) net->bad_x[t] = net->bad_y[t] = -1;
}

/* A row whose input (or target) is not what it must be; -1: none. */
static inline int64_t fe_nn_bad(const int64_t bad[FE_NN_TILES]) {
    for (int t = 0; t < FE_NN_TILES; t++)
        if (bad[t] >= 0) return bad[t];
    return -1;
}

/* OUT sums (1 + n_metrics,): loss with its penalties and metrics of the mini-batch, summed over its
 * rows in the order of the tiles. */
static inline void fe_nn_sums(const fe_net *net, double *sums) {
    double loss = 0, penalty = 0;
    for (int t = 0; t < FE_NN_TILES; t++) loss += net->loss_sums[t];
    for (int64_t i = 0; i < net->n_ops * FE_NN_TILES; i++) loss += net->op_sums[i];
    for (int64_t i = 0; i < net->n_pieces; i++) penalty += net->piece_sums[i];
    sums[0] = loss + (net->mean ? (double)net->rows : 1) * penalty;
    for (int m = 0; m < net->n_metrics; m++) {
        sums[1 + m] = 0;
        for (int t = 0; t < FE_NN_TILES; t++) sums[1 + m] += net->metric_sums[m][t];
    }
}

/* Before the update: the rates of this step, and the factor of gradients whose norm is limited
 * (Pascanu et al. 2013). */
static inline void fe_nn_prepare(fe_net *net) {
    const fe_optim_rates at = fe_optim_at(&net->optim, net->step);
    net->step_rate = at.rate;
    net->step_shrink = at.shrink;
    net->optim.scale = 1;
    if (!(net->clip_norm > 0)) return;
    double sum = 0;
    for (int64_t i = 0; i < net->n_pieces; i++) sum += net->piece_norms[i];
    const double norm = sqrt(sum);
    if (norm > net->clip_norm) net->optim.scale = net->clip_norm / norm;
}

/* OUT order (n,): 0 .. n - 1 shuffled (Fisher & Yates) for an epoch, runs of `group` rows kept
 * together. n / group < 2^32. */
static inline void fe_nn_order(int64_t *order, int64_t n, int64_t group, uint64_t seed,
                               uint64_t epoch) {
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_NN_ORDER, epoch);
    const int64_t groups = n / group;
    for (int64_t i = 0; i < groups; i++) {
        const uint32_t bits = (uint32_t)(fe_rng_next(&rng) >> 32);
        const int64_t j = fe_rng_bounded(&rng, bits, (uint32_t)(i + 1));
        order[i * group] = order[j * group];
        order[j * group] = i * group;
    }
    for (int64_t i = 0; i < groups; i++)
        for (int64_t k = 1; k < group; k++) order[i * group + k] = order[i * group] + k;
}

/* OUT x (n,): uniform in [-1, 1), or from the standard normal distribution. */
static inline void fe_nn_fill(double *x, int64_t n, int normal, uint64_t seed, uint64_t index) {
    fe_rng rng = fe_rng_seed(seed, FE_STREAM_NN_INIT, index);
    for (int64_t i = 0; i < n; i++)
        x[i] = normal ? fe_rng_normal(&rng) : (double)(fe_rng_next(&rng) >> 11) * 0x1p-52 - 1;
}

#endif
