"""The one door to csrc/kernels.h: every other extension cimports the chosen table from here."""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "word2vec_job.h" nogil:
    int FE_W2V_STRETCH
    ctypedef struct fe_text:
        const uint32_t *ids
        uint64_t first
        uint64_t n_ids
        const uint64_t *offsets
        uint64_t n_offsets
        uint64_t max_sentence
    ctypedef struct fe_w2v_job:
        float *in_ "in"
        float *out
        size_t stride
        uint32_t n_words
        const uint32_t *keep
        const uint32_t *noise
        uint32_t noise_size
        const uint32_t *up
        uint32_t root
        uint32_t max_path
        size_t node_row
        uint32_t window
        uint32_t negative
        uint32_t block
        uint32_t stretch
        uint32_t parts
        int shrink
        int cbow
        int cbow_mean
        uint64_t seed
        fe_text text
    ctypedef struct fe_w2v_chunk_t:
        uint64_t start
        uint64_t stop
        uint64_t stream
        float alpha
        double loss
        int64_t examples
        int64_t words
    ctypedef struct fe_w2v_state:
        pass
    ctypedef struct fe_w2v_parts:
        pass

cdef extern from "glove_job.h" nogil:
    int FE_GLOVE_BLOCK
    int FE_GLOVE_BLOCKS
    ctypedef struct fe_glove_deal:
        uint32_t n_words
        uint32_t parts
        uint32_t part_words
        uint32_t blocks
    ctypedef struct fe_glove_tiles:
        fe_glove_deal deal
        int64_t *strips
        uint32_t *tiles
        uint8_t (*pairs)[2]
        float *logs
    ctypedef struct fe_glove_counts:
        const int64_t *indptr
        const int32_t *indices
        const float *data
    ctypedef struct fe_glove_job:
        fe_glove_tiles tiles
        float *words
        float *contexts
        size_t stride
        const float *starts
        float alpha
        float log_x_max
        float clip
        uint64_t seed
    ctypedef struct fe_glove_unit:
        uint32_t part
        uint32_t other
        uint64_t epoch
        double loss
        int64_t pairs

cdef extern from "kn_job.h" nogil:
    ctypedef union fe_kn_cell:
        uint32_t value
        float prob
    ctypedef struct fe_kn_sum:
        uint32_t total
        uint32_t n1
        uint32_t n2
        uint32_t n3

cdef extern from "ngram_job.h" nogil:
    const int FE_NGRAM_MAX, FE_NGRAM_BLOCK
    ctypedef struct fe_ngram_text:
        const uint32_t *stream
        uint32_t bos
        uint32_t order
        uint32_t bits
    ctypedef struct fe_ngram_scratch:
        pass
    ctypedef struct fe_ngram_levels:
        uint32_t *word[8]
        uint32_t *parent[8]
        uint32_t *count[8]
        uint32_t *context[8]
    ctypedef struct fe_ngram_index:
        uint32_t *rank
        uint32_t *directory

cdef extern from "nlm_job.h" nogil:
    struct fe_nlm_job:
        pass
    struct fe_nlm_state:
        pass

cdef extern from "utf8.h" nogil:
    ctypedef struct fe_fold:
        const uint32_t *table
        int lower
        int separate
        int drop

cdef extern from "scan.h" nogil:
    ctypedef struct fe_scanned:
        size_t n_ids
        size_t n_lines
        size_t bad

cdef extern from "hash.h" nogil:
    ctypedef struct fe_table:
        uint64_t size
        uint64_t bytes

cdef extern from "sparse.h" nogil:
    ctypedef struct fe_csr:
        const int64_t *indptr
        const int32_t *indices
        const float *data
        int64_t n_rows
        int64_t n_columns

cdef extern from "lmquery_score.h" nogil:
    enum:
        FE_LM_MAX_ORDER
        FE_LM_BANKS
        FE_LM_FIELD
        FE_LM_LINE
        FE_LM_LINE_BITS
        FE_LM_MAX_KEY_BITS
        FE_LM_PLANES
        FE_LM_SLOTS
    ctypedef struct fe_lm_bank:
        uint8_t *lines
        uint64_t n_lines
        uint64_t first
        uint32_t stored_bits
        uint32_t slots
        uint32_t rest_bits
        uint32_t record_bits
        uint32_t record_end
        uint32_t back_end
    ctypedef struct fe_lm_coding:
        uint32_t bits
        uint32_t base
        const float *book
    ctypedef struct fe_lm_level:
        fe_lm_bank *bank
        uint32_t n_banks
        uint32_t key_bits
        fe_lm_coding prob
        fe_lm_coding back
        uint64_t n_nodes
    ctypedef struct fe_lm_words:
        const uint64_t *slots
        uint64_t n_slots
        const uint8_t *blob
        uint64_t blob_bytes
        const uint64_t *offsets
    ctypedef struct fe_lm:
        uint32_t order
        uint32_t n_words
        uint32_t unk
        uint32_t bos
        uint32_t eos
        int uniform
        float uniform_prob
        const float *prob
        const float *back
        fe_lm_level *level
        fe_lm_words words
    ctypedef struct fe_lm_state:
        uint32_t length
        uint32_t *word
        uint64_t *node
        float *back
    ctypedef struct fe_lm_sums:
        double log_prob_known
        double log_prob_oov
        int64_t tokens
        int64_t oov
        int64_t sentences
    ctypedef struct fe_lm_sink:
        float *score
        uint8_t *length
        uint8_t *unknown
        uint64_t at
        fe_lm_sums sums

cdef extern from "arpa.h" nogil:
    ctypedef struct fe_arpa_piece:
        uint64_t rows
        uint64_t at
        int status

cdef extern from "arpa_link.h" nogil:
    ctypedef struct fe_arpa_lower:
        const uint32_t *ids
        const uint32_t *node
        const uint32_t *context
        uint64_t n

cdef extern from "lmquery_fill.h" nogil:
    ctypedef struct fe_lm_rows:
        const uint32_t *word
        const void *suffix
        const void *below
        const uint32_t *prob
        const uint32_t *back
        void *node
        uint64_t n_below
        uint32_t stride
        uint8_t wide_suffix
        uint8_t wide_below
        uint8_t wide_node
    ctypedef struct fe_lm_chosen:
        const uint64_t *row
        uint64_t first
        uint64_t n
cdef extern from "brown_job.h" nogil:
    ctypedef struct fe_pairs:
        uint32_t n_items
        const uint64_t *right_start
        const uint32_t *right
        const int64_t *right_count
        const uint64_t *left_start
        const uint32_t *left
        const int64_t *left_count
        double total
    ctypedef struct fe_merge:
        uint32_t kept
        uint32_t gone
        double loss
    ctypedef struct fe_brown:
        pass
    ctypedef struct fe_exchange:
        pass

cdef extern from "kernels.h" nogil:
    struct fe_nn_kernels:
        pass
    ctypedef struct fe_kernels:
        const char *isa
        int vector_bytes
        fe_w2v_state *(*w2v_state_new)(const fe_w2v_job *, uint64_t) noexcept nogil
        void (*w2v_state_free)(fe_w2v_state *) noexcept nogil
        int (*w2v_chunk)(const fe_w2v_job *, fe_w2v_state *, fe_w2v_chunk_t *) noexcept nogil
        fe_w2v_parts *(*w2v_parts_new)(const fe_w2v_job *, uint64_t) noexcept nogil
        void (*w2v_parts_free)(fe_w2v_parts *) noexcept nogil
        int (*w2v_parts_open)(fe_w2v_parts *, fe_w2v_chunk_t *, size_t) noexcept nogil
        int (*w2v_parts_run)(fe_w2v_parts *) noexcept nogil
        int (*glove_strip)(const fe_glove_tiles *, const fe_glove_counts *, uint64_t,
                           uint32_t) noexcept nogil
        void (*glove_run)(const fe_glove_job *, fe_glove_unit *) noexcept nogil
        int (*scan)(const uint8_t *, size_t, const fe_fold *, fe_table *, int, uint8_t *,
                    uint32_t *, fe_scanned *) noexcept nogil
        size_t (*fold_text)(const fe_fold *, const uint8_t *, size_t, uint8_t *) noexcept nogil
        void (*topk_scan)(const float *, const float *, int64_t, int64_t, int64_t, float *,
                          int64_t *, int64_t *) noexcept nogil
        void (*topk_cosmul)(const float *, const float *, const float *, int64_t, int64_t, int64_t,
                            float *, int64_t *, int64_t *) noexcept nogil
        void (*topk_sort)(float *, int64_t *, int64_t) noexcept nogil
        void (*spmm)(const fe_csr *, int64_t, int64_t, const float *, float *, size_t,
                     int64_t) noexcept nogil
        void (*panel_cross)(const float *, size_t, int64_t, const float *, size_t, int64_t, int64_t,
                            int64_t, float *) noexcept nogil
        void (*panel_apply)(const float *, size_t, int64_t, const float *, float *, size_t, int64_t,
                            float, int64_t, int64_t) noexcept nogil
        void (*panel_gram)(const float *, size_t, int64_t, int64_t, int64_t, int64_t, int64_t,
                           double *, size_t) noexcept nogil
        int (*lm_keys)(const fe_lm_level *, uint32_t, const fe_lm_rows *,
                             const fe_lm_chosen *, uint64_t, uint64_t, uint64_t *) noexcept nogil
        void (*lm_fill)(const fe_lm_level *, const fe_lm_rows *, const fe_lm_chosen *,
                        const uint64_t *, uint64_t, uint64_t, uint8_t *,
                        uint64_t *) noexcept nogil
        void (*lm_walk)(const fe_lm *, const uint32_t *, uint64_t, uint32_t, uint32_t,
                        uint64_t *) noexcept nogil
        void (*lm_sentences)(const fe_lm *, const uint32_t *, uint64_t, const uint64_t *, uint64_t,
                             uint64_t, int, int, fe_lm_sink *) noexcept nogil
        void (*lm_text)(const fe_lm *, const uint8_t *, size_t, int, int,
                        fe_lm_sink *) noexcept nogil
        float (*lm_step)(const fe_lm *, const fe_lm_state *, uint32_t, fe_lm_state *,
                         uint8_t *) noexcept nogil
        void (*lm_next)(const fe_lm *, const fe_lm_state *, uint32_t, uint32_t,
                        float *) noexcept nogil
        void (*arpa_read)(const fe_table *, const uint8_t *, uint64_t, uint64_t, uint32_t, int,
                          uint32_t *, float *, float *, fe_arpa_piece *) noexcept nogil
        int (*arpa_link)(const fe_lm *, const fe_arpa_lower *, const uint32_t *, uint64_t,
                         uint32_t, int, uint64_t *, uint64_t *) noexcept nogil
        void (*kn_sums)(const fe_kn_cell *, const uint32_t *, const uint32_t *, uint32_t,
                        uint64_t, uint64_t, uint64_t, fe_kn_sum *, uint32_t *) noexcept nogil
        void (*kn_probs)(fe_kn_cell *, const uint32_t *, const uint32_t *, uint64_t, uint64_t,
                         const fe_kn_sum *, const uint32_t *, const double *,
                         const float *) noexcept nogil
        void (*kn_backoffs)(const fe_kn_sum *, const uint32_t *, uint64_t, uint64_t,
                            const double *, float *) noexcept nogil
        void (*log10_all)(float *, uint64_t, uint64_t) noexcept nogil
        int (*ngram_sort)(const fe_ngram_text *, uint32_t *, size_t, uint32_t, int, uint8_t *,
                          fe_ngram_scratch *) noexcept nogil
        int (*ngram_emit)(const fe_ngram_text *, const uint32_t *, const uint8_t *, size_t,
                          const uint32_t *, uint64_t, const uint32_t *, const fe_ngram_levels *,
                          const fe_ngram_index *, uint32_t) noexcept nogil
        void (*ngram_contexts)(uint32_t, const uint32_t *, const uint8_t *, size_t,
                               const uint32_t *, const fe_ngram_levels *,
                               const fe_ngram_index *) noexcept nogil
        fe_brown *(*brown_new)(const fe_pairs *, uint32_t, double *, uint32_t *) noexcept nogil
        void (*brown_free)(fe_brown *) noexcept nogil
        size_t (*brown_run)(fe_brown *, size_t, fe_merge *) noexcept nogil
        void (*brown_refresh_all)(fe_brown *) noexcept nogil
        int (*brown_restore)(fe_brown *, uint32_t, const fe_merge *, size_t, const uint32_t *,
                             size_t, const double *) noexcept nogil
        double (*brown_information)(const fe_brown *) noexcept nogil
        void (*xlogy_list)(const double *, const double *, size_t, double, double *) noexcept nogil
        void (*nlm_unit)(const fe_nlm_job *, fe_nlm_state *, int, int64_t,
                         int64_t) noexcept nogil
        fe_exchange *(*exchange_new)(const fe_pairs *, uint32_t, uint32_t *,
                                     double *) noexcept nogil
        void (*exchange_free)(fe_exchange *) noexcept nogil
        size_t (*exchange_chunk)(fe_exchange *, uint32_t, uint32_t) noexcept nogil
        double (*exchange_information)(const fe_exchange *) noexcept nogil
        const fe_nn_kernels *nn

cdef extern from "fe_base.h" nogil:
    int FE_OK
    int FE_ENOMEM
    int FE_EINVAL
    int FE_EUTF8
    int FE_ENONFINITE
    int FE_EOVERFLOW

# The table that this process uses.
cdef const fe_kernels *kernels() noexcept nogil
# Raise the exception of a status; does nothing for FE_OK.
cdef int check(int status, str where) except -1
