/* glove_round.h: the units of several strata, shared by threads that never wait for a whole stratum.
 *
 * A unit needs one part of the words i and one of the words j; it begins when the unit before it
 * that needed the one, and the one that needed the other, are done. So each row is stepped in the
 * order of the strata, whichever thread does it and whenever: the result is that of one thread.
 */
#ifndef FE_GLOVE_ROUND_H
#define FE_GLOVE_ROUND_H

#include <stdatomic.h>

#include "glove_job.h"
#include "spin.h"

typedef struct {
    const fe_glove_job *job;
    void (*run)(const fe_glove_job *job, fe_glove_unit *unit);
    fe_glove_unit *units; /* (n,) stratum by stratum */
    size_t n;
    _Atomic size_t taken;   /* units that were handed out, in their order */
    _Atomic uint32_t *done; /* (2 * parts,) strata that a part of the words i, of j, is through */
} fe_glove_round;

/* The units of a stratum in the order in which they are free: one that waits for the last of the
 * stratum before is last. OUT units (parts,). INOUT place (2 * parts,): where in the stratum before
 * each part of the words i, and of the words j, had its turn. begin (parts + 1,) is scratch. */
static inline void fe_glove_queue(uint32_t parts, uint64_t epoch, uint32_t stratum,
                                  fe_glove_unit *units, uint32_t *place, uint32_t *begin) {
    memset(begin, 0, ((size_t)parts + 1) * sizeof *begin);
    for (int sorting = 0; sorting < 2; sorting++) {
        for (uint32_t part = 0; part < parts; part++) {
            const uint32_t other = (part + stratum) % parts;
            const uint32_t a = place[part], b = place[parts + other], last = a > b ? a : b;
            if (sorting)
                units[begin[last]++] = (fe_glove_unit){.part = part, .other = other, .epoch = epoch};
            else
                begin[last + 1]++;
        }
        for (uint32_t at = 0; !sorting && at < parts; at++) begin[at + 1] += begin[at];
    }
    for (uint32_t u = 0; u < parts; u++) place[units[u].part] = place[parts + units[u].other] = u;
}

/* Open a round over strata (n_strata,), each below the parts: called once. If it returns FE_OK,
 * fe_glove_round_close is due. OUT units (n_strata * parts,). */
static inline fe_status fe_glove_round_open(fe_glove_round *round, const fe_glove_job *job,
                                            void (*run)(const fe_glove_job *, fe_glove_unit *),
                                            uint64_t epoch, const uint32_t *strata,
                                            size_t n_strata, fe_glove_unit *units) {
    const uint32_t parts = job->tiles.deal.parts;
    round->job = job;
    round->run = run;
    round->units = units;
    round->n = n_strata * parts;
    atomic_init(&round->taken, 0);
    round->done = fe_malloc_array(2 * (size_t)parts, sizeof *round->done);
    uint32_t *place = fe_calloc_array(3 * (size_t)parts + 1, sizeof *place);
    if (round->done == NULL || place == NULL) {
        free((void *)round->done);
        free(place);
        return FE_ENOMEM;
    }
    for (uint32_t p = 0; p < 2 * parts; p++) atomic_init(&round->done[p], 0);
    for (size_t s = 0; s < n_strata; s++)
        fe_glove_queue(parts, epoch, strata[s], units + s * parts, place, place + 2 * parts);
    free(place);
    return FE_OK;
}

static inline void fe_glove_round_close(fe_glove_round *round) { free((void *)round->done); }

/* Take units until there are none: called by every thread. A unit waits for earlier ones only,
 * which are done or have a thread at work on them, so some thread always gets on. */
static inline void fe_glove_round_work(fe_glove_round *round) {
    const uint32_t parts = round->job->tiles.deal.parts;
    for (;;) {
        const size_t u = atomic_fetch_add_explicit(&round->taken, 1, memory_order_relaxed);
        if (u >= round->n) return;
        const uint32_t stratum = (uint32_t)(u / parts);
        fe_glove_unit *unit = &round->units[u];
        _Atomic uint32_t *rows[2] = {round->done + unit->part, round->done + parts + unit->other};
        for (int side = 0; side < 2; side++)
            for (int spins = 0;
                 atomic_load_explicit(rows[side], memory_order_acquire) < stratum;)
                fe_spin(&spins);
        round->run(round->job, unit);
        for (int side = 0; side < 2; side++)
            atomic_store_explicit(rows[side], stratum + 1, memory_order_release);
    }
}

#endif
