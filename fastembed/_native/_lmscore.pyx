"""Score sentences by the tables of a model (csrc/lmquery_score.h)."""

import numpy as np

from cpython.unicode cimport PyUnicode_AsUTF8AndSize
from cython.parallel cimport prange
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from fastembed._native._kernels cimport fe_lm, fe_lm_sink, fe_lm_state, kernels
from fastembed._native._lmquery cimport Query

cdef extern from "lmquery_words.h" nogil:
    ctypedef struct fe_key:
        pass
    const uint32_t FE_NO_ID
    fe_key fe_key_exact(const uint8_t *, uint64_t) noexcept
    uint32_t fe_lm_words_find(const void *, uint32_t, const fe_key *) noexcept

cdef extern from "lmquery_draw.h" nogil:
    ctypedef struct fe_rng:
        uint64_t state
    int FE_STREAM_GENERATE
    const uint32_t FE_LM_NO_WORD
    fe_rng fe_rng_seed(uint64_t seed, uint64_t stream, uint64_t index) noexcept
    uint32_t fe_lm_draw(const float *, uint32_t, const uint32_t *, uint32_t, double, fe_rng *,
                        double *) noexcept

cdef enum:
    GRAIN = 1 << 13  # tokens or words that a thread takes at a time


cdef class State:
    """The last words, as the tables of one model know them; see `fastembed.ngram.state`."""

    cdef fe_lm_state s
    cdef Query query

    @property
    def words(self):
        """Ids of the words that it remembers, the oldest first."""
        return tuple([self.s.word[self.s.length - 1 - i] for i in range(self.s.length)])

    def __eq__(self, other):
        return isinstance(other, State) and self.words == other.words

    def __hash__(self):
        return hash(self.words)

    def __copy__(self):
        return self  # it never changes

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return f"<State after words {self.words}>"


def begin(Query query not None, bint bos):
    """The state at the beginning of a sentence (behind <s>), or without any history."""
    cdef State state = State.__new__(State)
    state.query = query
    memset(&state.s, 0, sizeof(fe_lm_state))
    if bos and query.lm.order > 1:
        state.s.length = 1
        state.s.word[0] = query.lm.bos
        state.s.node[1] = query.lm.bos
        state.s.back[1] = query.lm.back[query.lm.bos]
    return state


def step(Query query not None, State state not None, uint32_t word):
    """(the state behind a word, its log10 probability, the order of the n-gram found)"""
    if state.query is not query:
        raise ValueError("the state belongs to another model")
    cdef State behind = State.__new__(State)
    cdef uint8_t length = 0
    cdef fe_lm *lm = &query.lm
    if word >= lm.n_words:
        raise ValueError(f"word {word} of a model of {lm.n_words} words")
    behind.query = query
    cdef float score = kernels().lm_step(lm, &state.s, word, &behind.s, &length)
    return behind, score, length


def following(State state not None, int workers):
    """log10 p(w | state) of every word, float32 (V,)."""
    cdef fe_lm *lm = &state.query.lm
    cdef Py_ssize_t part, v = lm.n_words, parts = (v + GRAIN - 1) // GRAIN
    scores = np.empty(v, dtype=np.float32)
    cdef float[::1] out = scores
    workers = max(1, min(workers, <int>parts))
    for part in prange(parts, nogil=True, schedule="dynamic", num_threads=workers):
        kernels().lm_next(lm, &state.s, <uint32_t>(part * GRAIN),
                          <uint32_t>min(v, (part + 1) * GRAIN), &out[part * GRAIN])
    return scores


cdef class Draws:
    """Draws words; the stream of random numbers belongs to (seed, index)."""

    cdef fe_rng rng

    def __init__(self, uint64_t seed, uint64_t index):
        self.rng = fe_rng_seed(seed, FE_STREAM_GENERATE, index)

    def draw(self, const float[::1] scores, const uint32_t[::1] banned, double temperature):
        """A word by its log10 probability, -1 if none has any; none of ``banned``."""
        if not 0 <= temperature < 1e9 or scores.shape[0] == 0 or banned.shape[0] == 0:
            raise ValueError(f"temperature must be a number >= 0; got {temperature}")
        cdef double[::1] weight = np.empty(scores.shape[0])
        cdef uint32_t word = fe_lm_draw(&scores[0], <uint32_t>scores.shape[0], &banned[0],
                                        <uint32_t>banned.shape[0], temperature, &self.rng,
                                        &weight[0])
        return -1 if word == FE_LM_NO_WORD else <int64_t>word


def find(Query query not None, str word):
    """Id of a word, -1 if the model does not have it."""
    cdef Py_ssize_t n = 0
    cdef const char *text = PyUnicode_AsUTF8AndSize(word, &n)
    if n == 0:
        return -1
    cdef fe_key key = fe_key_exact(<const uint8_t *>text, n)
    cdef uint32_t found = fe_lm_words_find(&query.lm.words, query.lm.n_words, &key)
    return -1 if found == FE_NO_ID else <int64_t>found


def text_sum(Query query not None, str text not None, bint bos, bint eos):
    """Sum of the log10 probabilities of the words of a sentence."""
    cdef Py_ssize_t n = 0
    cdef const char *data = PyUnicode_AsUTF8AndSize(text, &n)
    cdef fe_lm_sink sink
    memset(&sink, 0, sizeof(sink))
    kernels().lm_text(&query.lm, <const uint8_t *>data, n, bos, eos, &sink)
    return sink.sums.log_prob_known + sink.sums.log_prob_oov


def text_scores(Query query not None, str text not None, bint bos, bint eos):
    """(log10 probability float32, order found uint8, unknown bool) of each word of a sentence."""
    cdef Py_ssize_t n = 0
    cdef const char *data = PyUnicode_AsUTF8AndSize(text, &n)
    cdef Py_ssize_t room = n // 2 + 2
    scores, lengths = np.empty(room, np.float32), np.empty(room, np.uint8)
    unknown = np.empty(room, np.uint8)
    cdef float[::1] score = scores
    cdef uint8_t[::1] length = lengths, unk = unknown
    cdef fe_lm_sink sink
    memset(&sink, 0, sizeof(sink))
    sink.score, sink.length, sink.unknown = &score[0], &length[0], &unk[0]
    kernels().lm_text(&query.lm, <const uint8_t *>data, n, bos, eos, &sink)
    return scores[: sink.at], lengths[: sink.at], unknown[: sink.at].view(bool)


def sentences(Query query not None, const uint32_t[::1] ids, const uint64_t[::1] offsets, *,
              bint bos, bint eos, int workers, float[::1] scores=None, uint8_t[::1] lengths=None):
    """Score sentences ids[offsets[i] - offsets[0] : offsets[i + 1] - offsets[0]].

    Returns (log10 probability of the known tokens, of the unknown ones; tokens, unknown ones,
    sentences), of which sums are the same for any number of workers. Arrays that are given get
    one entry a token: a word, or </s> if eos.
    """
    cdef Py_ssize_t n = offsets.shape[0] - 1, c
    cdef uint64_t start = offsets[0]
    tokens = np.asarray(offsets) - np.uint64(start)
    if n < 0 or tokens[n] != <uint64_t>ids.shape[0] or np.any(np.diff(tokens.view(np.int64)) < 0):
        raise ValueError("offsets must begin at the first id, not decrease, and end at the last")
    places = tokens + np.arange(n + 1, dtype=np.uint64) * np.uint64(eos)
    if ((scores is not None and scores.shape[0] != places[n])
            or (lengths is not None and lengths.shape[0] != places[n])):
        raise ValueError(f"scores and lengths must have {places[n]} entries, one a token")
    # chunks of whole sentences, the same for any number of threads
    cuts = np.searchsorted(tokens + np.arange(n + 1, dtype=np.uint64),
                           np.arange(0, int(tokens[n]) + n + GRAIN, GRAIN, dtype=np.uint64))
    cuts = np.unique(np.append(np.minimum(cuts, n), n)).astype(np.uint64)
    cdef uint64_t[::1] cut = cuts, place = places
    cdef const uint32_t *data = &ids[0] if ids.shape[0] else NULL
    sinks = np.zeros((max(len(cuts) - 1, 1), sizeof(fe_lm_sink)), dtype=np.uint8)
    cdef uint8_t[:, ::1] room = sinks
    cdef fe_lm_sink *sink = <fe_lm_sink *>&room[0, 0]
    for c in range(cut.shape[0] - 1):
        sink[c].score = &scores[0] if scores is not None and scores.shape[0] else NULL
        sink[c].length = &lengths[0] if lengths is not None and lengths.shape[0] else NULL
        sink[c].at = place[cut[c]]
    workers = max(1, min(workers, <int>cut.shape[0] - 1))
    for c in prange(cut.shape[0] - 1, nogil=True, schedule="dynamic", num_threads=workers):
        kernels().lm_sentences(&query.lm, data, start, &offsets[0], cut[c], cut[c + 1], bos, eos,
                               &sink[c])
    totals = [0.0, 0.0, 0, 0, 0]
    for c in range(cut.shape[0] - 1):
        totals[0] += sink[c].sums.log_prob_known
        totals[1] += sink[c].sums.log_prob_oov
        totals[2] += sink[c].sums.tokens
        totals[3] += sink[c].sums.oov
        totals[4] += sink[c].sums.sentences
    return tuple(totals)
