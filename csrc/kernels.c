/* kernels.c: compiled once per instruction set with -DFE_ISA=base|v3|v4 (see setup.py). */
#include "kernels.h"

#include "arpa.h"
#include "arpa_link.h"
#include "brown_step.h"
#include "exchange.h"
#include "glove.h"
#include "kn.h"
#include "lmquery_fill.h"
#include "lmquery_score.h"
#include "ngram.h"
#include "nlm.h"
#include "panel.h"
#include "scan.h"
#include "spmm.h"
#include "topk.h"
#include "vec.h"
#include "word2vec.h"
#include "word2vec_parts.h"

#define FE_CONCAT_(a, b) a##b
#define FE_CONCAT(a, b) FE_CONCAT_(a, b)
#define FE_STRING_(a) #a
#define FE_STRING(a) FE_STRING_(a)

const fe_kernels FE_CONCAT(fe_kernels_, FE_ISA) = {
    .isa = FE_STRING(FE_ISA),
    .vector_bytes = FE_VEC_BYTES,
    .w2v_state_new = fe_w2v_state_new,
    .w2v_state_free = fe_w2v_state_free,
    .w2v_chunk = fe_w2v_chunk,
    .w2v_parts_new = fe_w2v_parts_new,
    .w2v_parts_free = fe_w2v_parts_free,
    .w2v_parts_open = fe_w2v_parts_open,
    .w2v_parts_run = fe_w2v_parts_run,
    .glove_strip = fe_glove_strip,
    .glove_run = fe_glove_run,
    .scan = fe_scan,
    .fold_text = fe_fold_text,
    .topk_scan = fe_topk_scan,
    .topk_cosmul = fe_topk_cosmul,
    .topk_sort = fe_topk_sort,
    .spmm = fe_spmm,
    .panel_cross = fe_panel_cross,
    .panel_apply = fe_panel_apply,
    .panel_gram = fe_panel_gram,
    .lm_keys = fe_lm_keys,
    .lm_fill = fe_lm_fill,
    .lm_walk = fe_lm_walk,
    .lm_sentences = fe_lm_sentences,
    .lm_text = fe_lm_text,
    .lm_step = fe_lm_step,
    .lm_next = fe_lm_next,
    .arpa_read = fe_arpa_read,
    .arpa_link = fe_arpa_link,
    .kn_sums = fe_kn_sums,
    .kn_probs = fe_kn_probs,
    .kn_backoffs = fe_kn_backoffs,
    .log10_all = fe_log10_all,
    .ngram_sort = fe_ngram_sort,
    .ngram_emit = fe_ngram_emit,
    .ngram_contexts = fe_ngram_contexts,
    .brown_new = fe_brown_new,
    .brown_free = fe_brown_free,
    .brown_run = fe_brown_run,
    .brown_refresh_all = fe_brown_refresh_all,
    .brown_restore = fe_brown_restore,
    .brown_information = fe_brown_information,
    .xlogy_list = fe_xlogy_list,
    .nlm_unit = fe_nlm_unit,
    .exchange_new = fe_exchange_new,
    .exchange_free = fe_exchange_free,
    .exchange_chunk = fe_exchange_chunk,
    .exchange_information = fe_exchange_information,
    .nn = &FE_CONCAT(fe_nn_kernels_, FE_ISA),
};
