"""What _nlm.pyx sees of csrc/nlm_state.h."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from "nlm_state.h" nogil:
    enum:
        FE_NLM_PREPARE
        FE_NLM_TRAIN_PHASES
        FE_NLM_EXPORT
        FE_NLM_SETTLE_ALL
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
    ctypedef struct fe_nlm_layer:
        void *w
        void *b
        void *w_state
        void *b_state
        uint32_t *seen
        int64_t rows
        int64_t cols
    ctypedef struct job_t "fe_nlm_job":
        int real64
        int output
        int tanh
        int direct
        int tied
        int64_t n
        int64_t window
        int64_t dim
        int64_t hidden
        int64_t features
        uint32_t bos
        uint32_t eos
        fe_nlm_layer embed
        fe_nlm_layer hid
        fe_nlm_layer out
        fe_nlm_layer cls
        const uint32_t *row_of
        const uint32_t *class_of
        const uint32_t *class_start
        const uint32_t *word_at
        const void *log_noise
        const uint32_t *noise
        int64_t noise_size
        int64_t samples
        const uint32_t *stream
        int64_t batch
        int64_t block
        int64_t kept_bytes
        double dropout
        uint64_t seed
        fe_optim optim
        void *gemm_f32
        void *gemm_f64
    ctypedef struct state_t "fe_nlm_state":
        int train
        const uint32_t *places
        int64_t n_places
        uint64_t index
        uint64_t step
        double rate
        void *exported
        double *loss
        uint32_t *order
        int64_t m
        fe_optim optim
    state_t *fe_nlm_state_new(const job_t *job, int64_t workers) noexcept
    void fe_nlm_state_free(state_t *st) noexcept
    int64_t fe_nlm_units(const job_t *job, const state_t *st, int phase) noexcept
    void fe_nlm_shuffle(uint32_t *items, int64_t n, uint64_t seed, uint64_t index) noexcept
    void fe_nlm_uniform(float *x, int64_t n, float scale, uint64_t seed, uint64_t index) noexcept
