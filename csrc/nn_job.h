/* nn_job.h: a dense network as the kernels see it: a flat program of operations over flat arrays.
 *
 * Tensors are (rows of the mini-batch, width), row-major, side by side in `values`; their gradients
 * stand at the same places in `deltas`. Parameters of all layers stand side by side in `params`,
 * their gradients and the optimiser's state at the same places in `grads`, `state1`, `state2`.
 * A step runs phases one after the other; each phase is cut into at most FE_NN_TILES tiles whose
 * bounds depend on sizes alone. Tiles of a phase write apart from each other, so any number of
 * threads may take them, and the result is the same.
 * The arrays are of float or of double; the kernels exist for both (nn_real.h).
 */
#ifndef FE_NN_JOB_H
#define FE_NN_JOB_H

#include "fe_base.h"
#include "gemm.h"
#include "optim_job.h"

#define FE_NN_TILES 16   /* of a phase, at most */
#define FE_NN_METRICS 8  /* at most */

enum { /* operations */
    FE_OP_DENSE = 0,      /* out = act(in W + b), W (n_in, n_out) at w, b (n_out,) at b or -1 */
    FE_OP_ACTIVATION = 1, /* out = act(in) */
    FE_OP_PRELU = 2,      /* out = in > 0 ? in : a in, a (n_out,) at w */
    FE_OP_EMBEDDING = 3,  /* out = rows of the table (count, n_out / n_in) at w of n_in ids */
    FE_OP_NOISE = 4,      /* out = in * mask, or in + mask; act says which noise, c0 how much */
    FE_OP_LAYERNORM = 5,  /* gain at w, shift at b, epsilon c0 */
    FE_OP_SAMPLE = 6,     /* in = (mu, log sigma^2), out = mu + sigma noise; c0 weighs the KL term */
    FE_OP_ACTIVITY = 7,   /* a penalty of `in`: act says which, c0 its weight, c1 rho */
    FE_OP_COPY = 8        /* n_in columns of `in` to columns from `extra` on of out */
};

enum { /* activations; up to FE_ACT_EXP the slope follows from the value, and Dense applies them */
    FE_ACT_LINEAR = 0,
    FE_ACT_STEP = 1, /* x >= 0; slope 0 */
    FE_ACT_SIGMOID = 2,
    FE_ACT_TANH = 3,
    FE_ACT_RELU = 4,  /* slope 0 at 0 */
    FE_ACT_LEAKY = 5, /* c0 x for x <= 0 */
    FE_ACT_ELU = 6,   /* c0 (exp(x) - 1) for x <= 0 */
    FE_ACT_EXP = 7,
    FE_ACT_SWISH = 8, /* x sigmoid(x) */
    FE_ACT_GELU = 9,  /* x Phi(x) */
    FE_ACT_SOFTMAX = 10
};

enum { FE_NOISE_DROPOUT = 0, FE_NOISE_GAUSSIAN = 1, FE_NOISE_MASKING = 2 };
enum { FE_ACTIVITY_L1 = 0, FE_ACTIVITY_KL = 1 };

enum { /* bits of fe_op.flags */
    FE_OP_PASS = 1,   /* the gradient of `in` is wanted */
    FE_OP_ADD = 2,    /* and is added to what another operation wrote there */
    FE_OP_TRAIN = 4,  /* the parameters are learned */
    FE_OP_SPARSE = 8, /* Embedding: only the rows of the mini-batch have gradients */
    FE_OP_LEARN = 16  /* Dense: a phase of its own updates the weights */
};

enum { /* losses */
    FE_LOSS_NONE = 0, /* the caller put the gradient of the output there */
    FE_LOSS_MAE = 1,
    FE_LOSS_MSE = 2,
    FE_LOSS_BCE = 3,        /* binary cross-entropy of probabilities */
    FE_LOSS_BCE_LOGITS = 4, /* of logits; with `probabilities` they are replaced by sigmoid */
    FE_LOSS_HINGE = 5,
    FE_LOSS_MARGIN = 6,         /* sum over wrong classes of max(0, c0 + s_j - s_y) */
    FE_LOSS_CE = 7,             /* - sum y log p */
    FE_LOSS_CE_LOGITS = 8,      /* with `probabilities` logits are replaced by softmax */
    FE_LOSS_KL = 9,             /* sum y log(y / p) */
    FE_LOSS_PAIR = 10           /* rows come in pairs: max(0, c0 - s_even + s_odd), half each */
};

enum { /* metrics */
    FE_METRIC_ACCURACY = 0, /* the largest output is at the label, or at the largest target */
    FE_METRIC_TOP_K = 1,    /* fewer than k outputs are larger than that of the label */
    FE_METRIC_BINARY = 2,   /* share of outputs on the target's side of c */
    FE_METRIC_MAE = 3,
    FE_METRIC_MSE = 4
};

enum { /* stages of a step */
    FE_STAGE_GATHER = 0,
    FE_STAGE_FORWARD = 1,
    FE_STAGE_LOSS = 2,
    FE_STAGE_DELTA = 3,    /* gradients by columns: activations, biases, gains */
    FE_STAGE_BACKWARD = 4, /* gradients of weights and of inputs */
    FE_STAGE_PENALTY = 5,
    FE_STAGE_NORM = 6,
    FE_STAGE_UPDATE = 7,
    FE_STAGE_LEARN = 8 /* of one dense layer: gradients of weights and their update */
};

enum { /* types of the numbers of a source */
    FE_SOURCE_NONE = 0,
    FE_SOURCE_F32 = 1,
    FE_SOURCE_F64 = 2,
    FE_SOURCE_U8 = 3,
    FE_SOURCE_I32 = 4,
    FE_SOURCE_I64 = 5
};

typedef struct {
    int32_t kind, act, flags, id;
    int64_t n_in, n_out; /* widths */
    int64_t in, out;     /* where the tensors begin; -1: none */
    int64_t w, b;        /* where the parameters begin; -1: none */
    int64_t aux;         /* where its scratch begins: in `aux`; of Embedding in `ints` */
    int64_t extra;       /* first column: of ids, or of out */
    int64_t count;       /* rows of a table */
    double c0, c1;
} fe_op;

typedef struct {
    int32_t stage, op;
} fe_phase;

/* A stretch of parameters that is penalised, measured and updated as one. */
typedef struct {
    int64_t start, n; /* of rows touched: piece start of n */
    int64_t sparse;   /* the Embedding, or -1 */
    double l1, l2;
} fe_piece;

/* Rows of numbers in memory or in a memory map. */
typedef struct {
    const void *data;
    int64_t row_bytes, width;
    int32_t type, unused;
} fe_source;

typedef struct {
    int32_t kind, k;
    double c;
} fe_metric;

typedef struct {
    /* the program */
    const fe_op *ops;
    const fe_phase *phases;
    const fe_piece *pieces;
    int64_t n_ops, n_phases, n_pieces, capacity; /* capacity: most rows of a mini-batch */
    /* arrays of the type */
    void *params, *grads, *state1, *state2, *values, *deltas, *aux, *targets;
    int64_t *ids, *labels, *ints;
    double *row_weights;             /* (capacity,) */
    double *op_sums;                 /* (n_ops, FE_NN_TILES): penalties of activities */
    double *piece_sums;              /* (n_pieces,): penalties of weights */
    double *piece_norms;             /* (n_pieces,): squares of gradients */
    double loss_sums[FE_NN_TILES];
    double metric_sums[FE_NN_METRICS][FE_NN_TILES];
    int64_t bad_x[FE_NN_TILES], bad_y[FE_NN_TILES]; /* a row that is no number; -1: none */
    /* input and loss */
    fe_source x, y;
    const double *weights;  /* of all rows, or NULL */
    const int64_t *order;   /* rows in the order of their turn, or NULL */
    int64_t n_id_columns;   /* x is ids; 0: numbers */
    const int64_t *id_limits; /* (n_id_columns,): the ids of a column must be below */
    int64_t output, n_output, n_target;
    int32_t loss, probabilities;
    double loss_c, loss_over, loss_scale; /* over: outputs that a mean divides by; scale of all */
    int32_t mean, n_metrics;              /* mean over the rows of a mini-batch, not their sum */
    fe_metric metrics[FE_NN_METRICS];
    /* the mini-batch */
    int64_t first, rows;
    uint64_t seed, step;
    int32_t training, unused;
    fe_optim optim;
    double clip_norm;               /* 0: none */
    double step_rate, step_shrink;  /* fe_optim_at of this step */
    fe_gemm_f32 gemm_f32;
    fe_gemm_f64 gemm_f64;
} fe_net;

/* nn.h, in kernels_nn.c: how many tiles a phase has, and one of them. */
struct fe_nn_kernels {
    int (*tiles_f32)(const fe_net *net, int64_t phase);
    void (*tile_f32)(fe_net *net, int64_t phase, int tile);
    int (*tiles_f64)(const fe_net *net, int64_t phase);
    void (*tile_f64)(fe_net *net, int64_t phase, int tile);
    /* matmul.h */
    int (*matmul_f32)(int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                      const float *a, int64_t lda, const float *b, int64_t ldb, int add, float *c,
                      int64_t ldc);
};

#endif
