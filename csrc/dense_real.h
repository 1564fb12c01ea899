/* dense_real.h: dense layers around the matrix product, for one type of number (real_float.h).
 *
 * Forward Y = act(X W + b); backward D = dY act'(Y), db = column sums of D, dW = X^T D,
 * dX = D W^T. Each product is cut into blocks of its output that sizes alone decide.
 * Where nothing else needs dW, the optimiser takes each block of it while it is in the cache.
 */

#define FE_TILE_FLOPS 25 /* log2 of the operations that a tile of a product is worth */
#define FE_TILE_CELLS 17 /* of its cells, for what is not a product */
#define FE_TINY 1024     /* products of no more multiplications are loops */
#define FE_LEARN_BLOCK (1 << 16) /* numbers of dW at a time */

#ifndef FE_NN_PARTS
#define FE_NN_PARTS
/* A power of two of tiles for that much work. */
static inline int fe_nn_parts(int64_t work, int shift) {
    int parts = 1;
    while (parts < FE_NN_TILES && work >> shift >= 2 * parts) parts *= 2;
    return parts;
}
/* Part i of `parts` of 0 .. n - 1, in multiples of unit but for the last. */
static inline void fe_nn_part(int64_t n, int parts, int i, int64_t unit, int64_t *from,
                              int64_t *to) {
    const int64_t step = ((n + parts - 1) / parts + unit - 1) / unit * unit;
    *from = i * step < n ? i * step : n;
    *to = (i + 1) * step < n ? (i + 1) * step : n;
}
#endif

/* c += or = op(a) op(b), as fe_gemm_f32 but for alpha. A small product costs less than the call. */
static void FE_R(fe_product)(const fe_net *net, int ta, int tb, int64_t m, int64_t n, int64_t k,
                             const FE_REAL *restrict a, int64_t lda, const FE_REAL *restrict b,
                             int64_t ldb, int add, FE_REAL *restrict c, int64_t ldc) {
    if (m <= 0 || n <= 0) return;
    if (FE_R(fe_matmul)(ta, tb, m, n, k, a, lda, b, ldb, add, c, ldc)) return;
    if (m * n * k > FE_TINY) {
        net->FE_R(gemm)(ta, tb, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb,
                        add ? (FE_REAL)1 : (FE_REAL)0, c, (int)ldc);
        return;
    }
    for (int64_t i = 0; i < m; i++) {
        FE_REAL *row = c + i * ldc;
        if (!add) memset(row, 0, (size_t)n * sizeof(FE_REAL));
        if (tb) {
            for (int64_t j = 0; j < n; j++) {
                FE_REAL sum = 0;
                for (int64_t p = 0; p < k; p++)
                    sum += a[ta ? p * lda + i : i * lda + p] * b[j * ldb + p];
                row[j] += sum;
            }
        } else {
            for (int64_t p = 0; p < k; p++) {
                const FE_REAL factor = a[ta ? p * lda + i : i * lda + p], *from = b + p * ldb;
                for (int64_t j = 0; j < n; j++) row[j] += factor * from[j];
            }
        }
    }
}

/* How many tiles each stage of a dense layer has; of its backward stage, those of dX. */
static int FE_R(fe_dense_tiles)(const fe_net *net, const fe_op *op, int stage, int *of_input) {
    const int product = fe_nn_parts(2 * net->rows * op->n_in * op->n_out, FE_TILE_FLOPS);
    *of_input = 0;
    if (stage == FE_STAGE_FORWARD || stage == FE_STAGE_LEARN) return product;
    if (stage == FE_STAGE_DELTA)
        return fe_nn_parts(net->rows * op->n_out, FE_TILE_CELLS);
    if (op->flags & FE_OP_PASS) *of_input = product;
    return *of_input + ((op->flags & (FE_OP_TRAIN | FE_OP_LEARN)) == FE_OP_TRAIN ? product : 0);
}

/* Rows from .. to - 1 of W: a block of their gradients, then its step, in turn. Each block lies
 * where the first one does. */
static void FE_R(fe_dense_learn)(fe_net *net, const fe_op *op, int64_t from, int64_t to) {
    const int64_t k = op->n_in, n = op->n_out;
    const FE_REAL *x = (const FE_REAL *)net->values + op->in;
    const FE_REAL *dy = (const FE_REAL *)net->deltas + op->out;
    FE_REAL *g = (FE_REAL *)net->grads + op->w + from * n;
    FE_REAL *p = (FE_REAL *)net->params + op->w, *s = net->state1, *t = net->state2;
    const fe_optim_rates at = {net->step_rate, net->step_shrink};
    const int64_t block = FE_LEARN_BLOCK / n < 32 ? 32 : FE_LEARN_BLOCK / n / 8 * 8;
    for (int64_t rows; from < to; from += rows) {
        const int64_t start = from * n;
        rows = to - from < block ? to - from : block;
        FE_R(fe_product)(net, 1, 0, rows, n, net->rows, x + from, k, dy, n, 0, g, n);
        FE_R(fe_optim_step)(&net->optim, at, (size_t)(rows * n), p + start, g,
                            s ? s + op->w + start : NULL, t ? t + op->w + start : NULL);
    }
}

static void FE_R(fe_dense)(fe_net *net, const fe_op *op, int stage, int tile) {
    const int64_t rows = net->rows, k = op->n_in, n = op->n_out;
    const FE_REAL *params = net->params, *x = (const FE_REAL *)net->values + op->in;
    const FE_REAL *w = params + op->w, *b = op->b < 0 ? NULL : params + op->b;
    FE_REAL *grads = net->grads, *y = (FE_REAL *)net->values + op->out;
    FE_REAL *dx = (FE_REAL *)net->deltas + op->in, *dy = (FE_REAL *)net->deltas + op->out;
    int64_t from, to;
    int of_input;
    const int tiles = FE_R(fe_dense_tiles)(net, op, stage, &of_input);
    if (stage == FE_STAGE_FORWARD) {
        fe_nn_part(n, tiles, tile, 32, &from, &to);
        FE_R(fe_product)(net, 0, 0, rows, to - from, k, x, k, w + from, n, 0, y + from, n);
        if (b != NULL || op->act != FE_ACT_LINEAR)
            FE_R(fe_activate)(op->act, op->c0, rows, to - from, b == NULL ? NULL : b + from,
                              y + from, y + from, n);
    } else if (stage == FE_STAGE_DELTA) {
        fe_nn_part(n, tiles, tile, 32, &from, &to);
        const int learned = b != NULL && op->flags & FE_OP_TRAIN;
        if (op->act != FE_ACT_LINEAR || learned)
            FE_R(fe_delta)(op->act, op->c0, rows, to - from, y + from, dy + from, n,
                           learned ? grads + op->b + from : NULL);
    } else if (stage == FE_STAGE_LEARN) {
        fe_nn_part(k, tiles, tile, 16, &from, &to);
        FE_R(fe_dense_learn)(net, op, from, to);
    } else if (tile < of_input) {
        fe_nn_part(k, of_input, tile, 32, &from, &to);
        FE_R(fe_product)(net, 0, 1, rows, to - from, n, dy, n, w + from * n, n,
                         op->flags & FE_OP_ADD, dx + from, k);
    } else if (k >= n) {
        fe_nn_part(k, tiles - of_input, tile - of_input, 16, &from, &to);
        FE_R(fe_product)(net, 1, 0, to - from, n, rows, x + from, k, dy, n, 0,
                         grads + op->w + from * n, n);
    } else {
        fe_nn_part(n, tiles - of_input, tile - of_input, 32, &from, &to);
        FE_R(fe_product)(net, 1, 0, k, to - from, rows, x, k, dy + from, n, 0,
                         grads + op->w + from, n);
    }
}
