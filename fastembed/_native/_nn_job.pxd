"""The structs of csrc/nn_job.h."""

from libc.stdint cimport int32_t, int64_t, uint64_t
from fastembed._native._blas cimport fe_gemm_f32, fe_gemm_f64

cdef extern from "optim_job.h" nogil:
    ctypedef struct fe_optim:
        int kind
        double rate
        double momentum
        double rho
        double epsilon
        double decay
        double l2
        double scale
        double clip

cdef extern from "nn_job.h" nogil:
    enum:
        FE_NN_TILES
        FE_NN_METRICS
        FE_STAGE_GATHER
        FE_STAGE_LEARN
        FE_STAGE_UPDATE
    ctypedef struct fe_op:
        int32_t kind
        int32_t act
        int32_t flags
        int32_t id
        int64_t n_in
        int64_t n_out
        int64_t in_ "in"
        int64_t out
        int64_t w
        int64_t b
        int64_t aux
        int64_t extra
        int64_t count
        double c0
        double c1
    ctypedef struct fe_phase:
        int32_t stage
        int32_t op
    ctypedef struct fe_piece:
        int64_t start
        int64_t n
        int64_t sparse
        double l1
        double l2
    ctypedef struct fe_source:
        const void *data
        int64_t row_bytes
        int64_t width
        int32_t type
    ctypedef struct fe_metric:
        int32_t kind
        int32_t k
        double c
    ctypedef struct fe_net:
        const fe_op *ops
        const fe_phase *phases
        const fe_piece *pieces
        int64_t n_ops
        int64_t n_phases
        int64_t n_pieces
        int64_t capacity
        void *params
        void *grads
        void *state1
        void *state2
        void *values
        void *deltas
        void *aux
        void *targets
        int64_t *ids
        int64_t *labels
        int64_t *ints
        double *row_weights
        double *op_sums
        double *piece_sums
        double *piece_norms
        int64_t *bad_x
        int64_t *bad_y
        fe_source x
        fe_source y
        const double *weights
        const int64_t *order
        int64_t n_id_columns
        const int64_t *id_limits
        int64_t output
        int64_t n_output
        int64_t n_target
        int32_t loss
        int32_t probabilities
        double loss_c
        double loss_over
        double loss_scale
        int32_t mean
        int32_t n_metrics
        fe_metric *metrics
        int64_t first
        int64_t rows
        uint64_t seed
        uint64_t step
        int32_t training
        fe_optim optim
        double clip_norm
        fe_gemm_f32 gemm_f32
        fe_gemm_f64 gemm_f64
    struct fe_nn_kernels:
        int (*tiles_f32)(const fe_net *, int64_t) noexcept nogil
        void (*tile_f32)(fe_net *, int64_t, int) noexcept nogil
        int (*tiles_f64)(const fe_net *, int64_t) noexcept nogil
        void (*tile_f64)(fe_net *, int64_t, int) noexcept nogil
        int (*matmul_f32)(int, int, int64_t, int64_t, int64_t, const float *, int64_t,
                          const float *, int64_t, int, float *, int64_t) noexcept nogil
