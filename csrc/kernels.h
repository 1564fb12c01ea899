/* kernels.h: the function table. csrc/kernels.c is compiled once per instruction set and exports
 * one table; fastembed/_native/_kernels chooses one of them at import. Everything that gains from
 * SIMD is called through this table, once per chunk of work, so the indirect call costs nothing.
 */
#ifndef FE_KERNELS_H
#define FE_KERNELS_H

#include "brown_job.h"
#include "fe_base.h"
#include "glove_job.h"
#include "kn_job.h"
#include "ngram_job.h"
#include "word2vec_job.h"

struct fe_nlm_job; /* nlm_job.h */
struct fe_nlm_state;
struct fe_fold;  /* utf8.h */
struct fe_table; /* hash.h */
struct fe_scanned; /* scan.h */
struct fe_csr; /* sparse.h */
struct fe_lm; /* lmquery.h */
struct fe_lm_level;
struct fe_lm_chosen;
struct fe_lm_rows; /* lmquery_fill.h */
struct fe_lm_state; /* lmquery_score.h */
struct fe_lm_sink;
struct fe_arpa_piece; /* arpa.h */
struct fe_nn_kernels; /* nn_job.h */
struct fe_arpa_lower; /* arpa_link.h */

typedef struct {
    const char *isa; /* "base", "v3", "v4" on x86-64; "base" elsewhere */
    int vector_bytes; /* width of one vector register as these kernels use it */

    /* word2vec.h */
    fe_w2v_state *(*w2v_state_new)(const fe_w2v_job *job, uint64_t chunk_tokens);
    void (*w2v_state_free)(fe_w2v_state *state);
    fe_status (*w2v_chunk)(const fe_w2v_job *job, fe_w2v_state *state, fe_w2v_chunk_t *chunk);
    /* word2vec_parts.h */
    fe_w2v_parts *(*w2v_parts_new)(const fe_w2v_job *job, uint64_t chunk_tokens);
    void (*w2v_parts_free)(fe_w2v_parts *parts);
    fe_status (*w2v_parts_open)(fe_w2v_parts *parts, fe_w2v_chunk_t *chunks, size_t n);
    fe_status (*w2v_parts_run)(fe_w2v_parts *parts);

    /* glove_tiles.h, glove.h */
    fe_status (*glove_strip)(const fe_glove_tiles *tiles, const fe_glove_counts *counts,
                             uint64_t seed, uint32_t strip);
    void (*glove_run)(const fe_glove_job *job, fe_glove_unit *unit);

    /* scan.h, utf8.h */
    fe_status (*scan)(const uint8_t *text, size_t n, const struct fe_fold *fold,
                      struct fe_table *table, int insert, uint8_t *scratch, uint32_t *ids,
                      struct fe_scanned *scanned);
    size_t (*fold_text)(const struct fe_fold *fold, const uint8_t *text, size_t n, uint8_t *out);

    /* topk.h */
    void (*topk_scan)(const float *dots, const float *scale, int64_t n, int64_t first, int64_t k,
                      float *score, int64_t *index, int64_t *size);
    void (*topk_cosmul)(const float *a, const float *b, const float *c, int64_t n, int64_t first,
                        int64_t k, float *score, int64_t *index, int64_t *size);
    void (*topk_sort)(float *score, int64_t *index, int64_t size);

    /* spmm.h */
    void (*spmm)(const struct fe_csr *a, int64_t first, int64_t stop, const float *x, float *y,
                 size_t stride, int64_t width);

    /* panel.h */
    void (*panel_cross)(const float *p, size_t p_stride, int64_t d, const float *x,
                        size_t x_stride, int64_t b, int64_t first, int64_t stop, float *out);
    void (*panel_apply)(const float *p, size_t p_stride, int64_t d, const float *c, float *x,
                        size_t x_stride, int64_t b, float base, int64_t first, int64_t stop);
    void (*panel_gram)(const float *x, size_t stride, int64_t n, int64_t i, int64_t i_stop,
                       int64_t j, int64_t j_stop, double *out, size_t out_stride);

    /* lmquery.h, lmquery_fill.h, lmquery_score.h */
    fe_status (*lm_keys)(const struct fe_lm_level *level, uint32_t n_words,
                         const struct fe_lm_rows *rows, const struct fe_lm_chosen *chosen,
                         uint64_t from, uint64_t to, uint64_t *x);
    void (*lm_fill)(const struct fe_lm_level *level, const struct fe_lm_rows *rows,
                    const struct fe_lm_chosen *chosen, const uint64_t *x, uint64_t from,
                    uint64_t to, uint8_t *full, uint64_t *again);
    void (*lm_walk)(const struct fe_lm *lm, const uint32_t *ids, uint64_t n, uint32_t stride,
                    uint32_t k, uint64_t *node);
    void (*lm_sentences)(const struct fe_lm *lm, const uint32_t *ids, uint64_t start,
                         const uint64_t *offsets, uint64_t first, uint64_t last, int bos, int eos,
                         struct fe_lm_sink *sink);
    void (*lm_text)(const struct fe_lm *lm, const uint8_t *text, size_t n, int bos, int eos,
                    struct fe_lm_sink *sink);
    float (*lm_step)(const struct fe_lm *lm, const struct fe_lm_state *state, uint32_t word,
                     struct fe_lm_state *behind, uint8_t *length);
    void (*lm_next)(const struct fe_lm *lm, const struct fe_lm_state *state, uint32_t first,
                    uint32_t last, float *score);

    /* arpa.h */
    void (*arpa_read)(const struct fe_table *words, const uint8_t *text, uint64_t from, uint64_t to,
                      uint32_t k, int highest, uint32_t *ids, float *prob, float *back,
                      struct fe_arpa_piece *piece);
    int (*arpa_link)(const struct fe_lm *lm, const struct fe_arpa_lower *lower,
                     const uint32_t *ids, uint64_t n, uint32_t k, int follows, uint64_t *suffix,
                     uint64_t *context);

    /* kn.h */
    void (*kn_sums)(const fe_kn_cell *cells, const uint32_t *context, const uint32_t *raw,
                    uint32_t threshold, uint64_t n, uint64_t low, uint64_t high, fe_kn_sum *sums,
                    uint32_t *pruned);
    void (*kn_probs)(fe_kn_cell *cells, const uint32_t *parent, const uint32_t *context,
                     uint64_t first, uint64_t last, const fe_kn_sum *sums, const uint32_t *pruned,
                     const double *discounts, const float *lower);
    void (*kn_backoffs)(const fe_kn_sum *sums, const uint32_t *pruned, uint64_t first,
                        uint64_t last, const double *discounts, float *backoff);
    void (*log10_all)(float *x, uint64_t first, uint64_t last);

    /* ngram_sort.h, ngram.h */
    fe_status (*ngram_sort)(const fe_ngram_text *text, uint32_t *places, size_t n,
                            uint32_t first_word, int word_bits, uint8_t *codes,
                            fe_ngram_scratch *scratch);
    fe_status (*ngram_emit)(const fe_ngram_text *text, const uint32_t *places,
                            const uint8_t *codes, size_t n, const uint32_t *weights, uint64_t step,
                            const uint32_t *row, const fe_ngram_levels *levels,
                            const fe_ngram_index *index, uint32_t rank);
    void (*ngram_contexts)(uint32_t order, const uint32_t *places, const uint8_t *codes, size_t n,
                           const uint32_t *row, const fe_ngram_levels *levels,
                           const fe_ngram_index *index);
    /* brown_step.h */
    fe_brown *(*brown_new)(const fe_pairs *pairs, uint32_t n_clusters, double *matrices,
                           uint32_t *first);
    void (*brown_free)(fe_brown *brown);
    size_t (*brown_run)(fe_brown *brown, size_t steps, fe_merge *log);
    void (*brown_refresh_all)(fe_brown *brown);
    fe_status (*brown_restore)(fe_brown *brown, uint32_t added, const fe_merge *log, size_t m,
                               const uint32_t *first, size_t n, const double *loss);
    double (*brown_information)(const fe_brown *brown);
    void (*xlogy_list)(const double *x, const double *y, size_t n, double magic, double *out);
    /* nlm.h */
    void (*nlm_unit)(const struct fe_nlm_job *job, struct fe_nlm_state *st, int phase,
                     int64_t unit, int64_t thread);
    /* exchange.h */
    fe_exchange *(*exchange_new)(const fe_pairs *pairs, uint32_t n_classes, uint32_t *classes,
                                 double *matrices);
    void (*exchange_free)(fe_exchange *exchange);
    size_t (*exchange_chunk)(fe_exchange *exchange, uint32_t first, uint32_t count);
    double (*exchange_information)(const fe_exchange *exchange);

    const struct fe_nn_kernels *nn; /* of kernels_nn.c */
} fe_kernels;

/* Tables that may be compiled in; a missing one is NULL in fe_kernels_for(). */
extern const fe_kernels fe_kernels_base;
extern const struct fe_nn_kernels fe_nn_kernels_base;
#ifdef FE_HAVE_V3
extern const fe_kernels fe_kernels_v3;
extern const struct fe_nn_kernels fe_nn_kernels_v3;
#endif
#ifdef FE_HAVE_V4
extern const fe_kernels fe_kernels_v4;
extern const struct fe_nn_kernels fe_nn_kernels_v4;
#endif

#endif
