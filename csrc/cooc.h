/* cooc.h: co-occurrence counts, row by row (Pennington et al. 2014, section 3; docs/cooccurrence.md).
 *
 * The text is laid out with FE_COOC_END between sentences, and indexed by word: a list of the
 * places of each. The row of a word is then the sum of the windows around its places (or of the
 * documents that have it), added up in one fe_cooc_row and written in order of the columns.
 *
 *     X[i, j] = sum over places p of i, q of j, of weights[|p - q| - 1] in one sentence
 *
 * over all q within the window if symmetric, else over q > p: i stands before j.
 */
#ifndef FE_COOC_H
#define FE_COOC_H

#include "cooc_row.h"

#define FE_COOC_END UINT32_MAX /* before, between and behind sentences */
#define FE_COOC_AHEAD 8        /* places that are prefetched; as many are readable behind the last */

/* A part of a corpus: laid out, indexed. */
typedef struct {
    const uint32_t *text;      /* IN ids, with FE_COOC_END around each sentence */
    const uint64_t *documents; /* IN (n + 1,) where documents of distinct words begin in `text`,
                                  which then has no ENDs; NULL for windows */
    const uint64_t *starts;    /* IN (n_words + 1,) where each word's places begin */
    const uint32_t *places;    /* IN windows: position << 1 | near an END; documents: numbers */
    const uint64_t *weights;   /* IN (window,) of the distances 1 .. window */
    uint32_t window;
    int symmetric;
} fe_cooc_job;

/* Lay out the tokens [first, last) of a corpus, an END behind each sentence that ends there, and
 * return how many ids were written: at most last - first + n_sentences.
 *   ids IN (last - first,); offsets IN (n_sentences + 1,) of sentences, others than these add
 *   nothing; text OUT */
static inline uint64_t fe_cooc_lay(const uint32_t *ids, uint64_t first, uint64_t last,
                                   const uint64_t *offsets, uint64_t n_sentences,
                                   uint32_t *text) {
    uint64_t n = 0;
    for (uint64_t s = 0; s < n_sentences; s++) {
        const uint64_t start = offsets[s] > first ? offsets[s] : first;
        const uint64_t stop = offsets[s + 1] < last ? offsets[s + 1] : last;
        if (start >= stop) continue;
        memcpy(text + n, ids + (start - first), (stop - start) * sizeof *ids);
        n += stop - start;
        if (offsets[s + 1] <= last) text[n++] = FE_COOC_END;
    }
    return n;
}

/* Append each word of the tokens [first, last) to its document, unless it is there already.
 *   ids IN (last - first,); offsets IN where documents begin; from, to IN the documents that
 *   overlap the tokens; seen IN/OUT (n_words,) one more than the last document that had the word,
 *   zero at the start; text IN/OUT (capacity,) the words so far, *n_text of them; ends IN/OUT
 *   where documents end: ends[d + 1] of those that end in these tokens */
static inline fe_status fe_cooc_distinct(const uint32_t *ids, uint64_t first, uint64_t last,
                                         const uint64_t *offsets, uint64_t from, uint64_t to,
                                         uint32_t n_words, uint32_t *seen, uint32_t *text,
                                         uint64_t capacity, uint64_t *n_text, uint64_t *ends) {
    uint64_t n = *n_text;
    for (uint64_t d = from; d < to; d++) {
        const uint64_t start = offsets[d] > first ? offsets[d] : first;
        const uint64_t stop = offsets[d + 1] < last ? offsets[d + 1] : last;
        for (uint64_t t = start; t < stop; t++) {
            const uint32_t id = ids[t - first];
            if (id >= n_words) return FE_EINVAL;
            if (seen[id] == d + 1) continue;
            if (n == capacity) return FE_EINVAL;
            seen[id] = (uint32_t)(d + 1);
            text[n++] = id;
        }
        if (offsets[d + 1] >= first && offsets[d + 1] <= last) ends[d + 1] = n;
    }
    *n_text = n;
    return FE_OK;
}

/* Count the words of text[start, stop). counts OUT (n_words,) must be zero. */
static inline fe_status fe_cooc_count_words(const uint32_t *text, uint64_t start, uint64_t stop,
                                            uint32_t n_words, uint32_t *counts) {
    for (uint64_t p = start; p < stop; p++) {
        if (text[p] < n_words)
            counts[text[p]]++;
        else if (text[p] != FE_COOC_END)
            return FE_EINVAL;
    }
    return FE_OK;
}

/* Put the places of the words of text[start, stop) into the index.
 *   text IN (n,); cursors IN/OUT (n_words,) where the next place of each word goes */
static inline void fe_cooc_index(const uint32_t *text, uint64_t n, uint64_t start, uint64_t stop,
                                 uint32_t window, int symmetric, uint32_t *cursors,
                                 uint32_t *places) {
    uint64_t before = start, after = start; /* the END before this place, the one behind it */
    while (before > 0 && start - before <= window && text[before] != FE_COOC_END) before--;
    for (uint64_t p = start; p < stop; p++) {
        const uint32_t id = text[p];
        if (id == FE_COOC_END) {
            before = p;
            continue;
        }
        if (after <= p) {
            /* behind this part it matters only whether an END is within the window */
            const uint64_t limit = stop + window < n ? stop + window : n;
            for (after = p + 1; after < limit && text[after] != FE_COOC_END;) after++;
        }
        const int near = after - p <= window || (symmetric && p - before <= window);
        places[cursors[id]++] = (uint32_t)p << 1 | (uint32_t)near;
    }
}

/* The same for the documents [start, stop) of distinct words. */
static inline void fe_cooc_index_documents(const uint32_t *text, const uint64_t *documents,
                                           uint64_t start, uint64_t stop, uint32_t *cursors,
                                           uint32_t *places) {
    for (uint64_t d = start; d < stop; d++)
        for (uint64_t p = documents[d]; p < documents[d + 1]; p++)
            places[cursors[text[p]]++] = (uint32_t)d;
}

/* Add the window around one place. */
FE_INLINE uint32_t fe_cooc_add_window(fe_cooc_row *row, uint32_t touched, const fe_cooc_job *job,
                                      uint32_t place) {
    const uint32_t *at = job->text + (place >> 1);
    const uint64_t *weights = job->weights;
    const int64_t window = job->window;
    if (FE_LIKELY(!(place & 1))) {
        if (job->symmetric) {
            for (int64_t d = 1; d <= window; d++) {
                touched = fe_cooc_add(row, touched, at[-d], weights[d - 1]);
                touched = fe_cooc_add(row, touched, at[d], weights[d - 1]);
            }
        } else {
            for (int64_t d = 1; d <= window; d++)
                touched = fe_cooc_add(row, touched, at[d], weights[d - 1]);
        }
        return touched;
    }
    for (int64_t d = 1; d <= window && at[d] != FE_COOC_END; d++)
        touched = fe_cooc_add(row, touched, at[d], weights[d - 1]);
    if (job->symmetric)
        for (int64_t d = 1; d <= window && at[-d] != FE_COOC_END; d++)
            touched = fe_cooc_add(row, touched, at[-d], weights[d - 1]);
    return touched;
}

/* The rows [out->first, out->last) of a part of the corpus. */
static inline fe_status fe_cooc_count(const fe_cooc_job *job, fe_cooc_row *row, fe_cooc_out *out) {
    out->n = 0;
    for (uint64_t i = out->first; i < out->last; i++) {
        const uint32_t *place = job->places + job->starts[i];
        const uint32_t *const end = job->places + job->starts[i + 1];
        uint32_t touched = 0;
        if (job->documents == NULL) {
            for (; place < end; place++) {
                const uint64_t ahead = place[FE_COOC_AHEAD] >> 1;
                FE_PREFETCH(job->text + (ahead > job->window ? ahead - job->window : 0));
                FE_PREFETCH(job->text + ahead);
                FE_PREFETCH(job->text + ahead + job->window); /* perhaps behind the end */
                touched = fe_cooc_add_window(row, touched, job, *place);
            }
        } else {
            for (; place < end; place++) {
                const uint32_t *id = job->text + job->documents[*place];
                const uint32_t *const last = job->text + job->documents[*place + 1];
                for (; id < last; id++) touched = fe_cooc_add(row, touched, *id, 1);
            }
        }
        row->n_touched = touched;
        fe_status status = fe_cooc_emit(row, out, i);
        if (status != FE_OK) return status;
    }
    return FE_OK;
}

/* Rows in pieces: sorted runs that are merged, or documents whose words are counted. */
typedef struct {
    const uint32_t *columns; /* IN */
    const uint64_t *counts;  /* IN or NULL where each is one */
    const uint64_t *begins;  /* IN (n_runs, n_rows + 1) where each row of each run begins */
    uint64_t n_runs, n_rows;
    uint64_t first;          /* number of the first of these rows */
} fe_cooc_runs;

/* The rows [out->first, out->last), each the sum of its pieces. */
static inline fe_status fe_cooc_merge(const fe_cooc_runs *runs, fe_cooc_row *row,
                                      fe_cooc_out *out) {
    out->n = 0;
    for (uint64_t i = out->first; i < out->last; i++) {
        for (uint64_t r = 0; r < runs->n_runs; r++) {
            const uint64_t *begin = runs->begins + r * (runs->n_rows + 1) + (i - runs->first);
            if (begin[0] == begin[1]) continue;
            fe_status status = fe_cooc_add_all(
                row, runs->columns + begin[0],
                runs->counts != NULL ? runs->counts + begin[0] : NULL, begin[1] - begin[0]);
            if (status != FE_OK) return status;
        }
        fe_status status = fe_cooc_emit(row, out, i);
        if (status != FE_OK) return status;
    }
    return FE_OK;
}

#endif
