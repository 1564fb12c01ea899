/* coherence.h: in how many sliding windows of a text do words occur, and pairs of them: the boolean
 * windows of Roeder, Both & Hinneburg, "Exploring the space of topic coherence measures" (2015).
 *
 * A window is `size` tokens of one document in a row; a document that is shorter is one window,
 * and with size 0 every document is one. Only a few words matter (those of the topics), so a window
 * is kept as the list of those in it, and runs of windows with the same list are counted at once.
 */
#ifndef FE_COHERENCE_H
#define FE_COHERENCE_H

#include "fe_base.h"

typedef struct {
    uint32_t words;   /* the words are 0 .. words - 1; other ids do not matter */
    int64_t *counts;  /* (words, words) IN/OUT: [i, j] += windows with both, [i, i] with i */
    uint32_t *times;  /* (words) zeros: how often each is in the window */
    uint32_t *list;   /* (words): those that are in it */
    uint32_t *place;  /* (words): where each stands in the list */
    uint32_t n;       /* length of the list; 0 at first */
} fe_coherence;

FE_INLINE void fe_coherence_enter(fe_coherence *c, uint32_t id) {
    if (id < c->words && c->times[id]++ == 0) {
        c->place[id] = c->n;
        c->list[c->n++] = id;
    }
}

FE_INLINE void fe_coherence_leave(fe_coherence *c, uint32_t id) {
    if (id < c->words && --c->times[id] == 0) {
        uint32_t last = c->list[--c->n];
        c->list[c->place[id]] = last;
        c->place[last] = c->place[id];
    }
}

/* `run` windows in a row have the words of the list. */
FE_INLINE void fe_coherence_add(fe_coherence *c, int64_t run) {
    for (uint32_t a = 0; a < c->n; a++)
        for (uint32_t b = 0; b < c->n; b++)
            c->counts[(size_t)c->list[a] * c->words + c->list[b]] += run;
}

/* Windows that begin at tokens first .. stop - 1 of a document of n tokens. `ids` (n) IN. */
static inline void fe_coherence_count(fe_coherence *c, const uint32_t *ids, int64_t n, int64_t size,
                                      int64_t first, int64_t stop) {
    const int64_t width = size == 0 || size > n ? n : size;
    for (int64_t t = first; t < first + width; t++) fe_coherence_enter(c, ids[t]);
    int64_t run = 1;
    for (int64_t start = first + 1; start < stop; start++) {
        const uint32_t out = ids[start - 1], in = ids[start + width - 1];
        if ((out < c->words || in < c->words) && out != in) {
            fe_coherence_add(c, run);
            run = 0;
            fe_coherence_leave(c, out);
            fe_coherence_enter(c, in);
        }
        run++;
    }
    fe_coherence_add(c, run);
    for (uint32_t k = 0; k < c->n; k++) c->times[c->list[k]] = 0;
    c->n = 0;
}

#endif
