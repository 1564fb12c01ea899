"""Query tables of a back-off model (csrc/lmquery.h): describe them, list and look up n-grams."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memset

from fastembed._native._kernels cimport (
    FE_LM_BANKS, FE_LM_FIELD, FE_LM_LINE, FE_LM_LINE_BITS, FE_LM_MAX_KEY_BITS, FE_LM_MAX_ORDER,
    FE_LM_PLANES, FE_LM_SLOTS, fe_lm, fe_lm_bank, fe_lm_coding, fe_lm_level, kernels)

cdef extern from "lmquery_fill.h" nogil:
    uint64_t fe_lm_list(const fe_lm_level *, uint32_t, uint32_t, uint64_t, uint64_t, uint64_t *,
                        uint64_t *, uint32_t *, float *, float *) noexcept

NONE = 0xFFFFFFFFFFFFFFFF  # no node
cdef enum:
    GRAIN = 1 << 14  # rows that a thread takes at a time
MAX_ORDER, BANKS, MAX_KEY_BITS = FE_LM_MAX_ORDER, FE_LM_BANKS, FE_LM_MAX_KEY_BITS


LINE, LINE_BITS, FIELD, SLOTS = FE_LM_LINE, FE_LM_LINE_BITS, FE_LM_FIELD, FE_LM_SLOTS
PLANE_BITS = 8 * FE_LM_PLANES


cdef fe_lm_coding _coding(uint32_t bits, uint32_t base, const float[::1] book) except *:
    if bits > 32 or (book is not None and (bits > 24 or book.shape[0] != 1 << bits)):
        raise ValueError("the values do not fit the model")
    cdef const float *values = NULL
    if book is not None:
        values = &book[0]
    return fe_lm_coding(bits, base, values)


cdef class Query:
    """The tables of a model. Arrays are kept, not copied; see csrc/lmquery.h for the layout."""

    # declared in _lmquery.pxd: fe_lm lm, list held, bint writable

    def __init__(self, const uint8_t[::1] blob, const uint64_t[::1] offsets,
                 const uint64_t[::1] slots, const float[::1] prob, const float[::1] back, *,
                 int order, uint32_t unk, uint32_t bos, uint32_t eos, bint uniform=False):
        cdef Py_ssize_t v = prob.shape[0]
        if (not 1 <= order < FE_LM_MAX_ORDER or v < 1 or v >= 0xFFFFFFFF
                or offsets.shape[0] != v + 1 or slots.shape[0] <= v or (back is not None and back.shape[0] != v)
                or (back is None and order > 1) or max(unk, bos, eos) >= v or blob.shape[0] == 0):
            raise ValueError("words, unigrams and order of the model do not fit together")
        memset(&self.lm, 0, sizeof(fe_lm))
        self.held = [blob, offsets, slots, prob, back]
        self.lm.order, self.lm.n_words = order, <uint32_t>v
        self.lm.unk, self.lm.bos, self.lm.eos = unk, bos, eos
        self.lm.uniform, self.lm.uniform_prob = uniform, -np.log10(max(v - 1, 1))
        self.lm.prob, self.lm.back = &prob[0], &back[0] if back is not None else NULL
        self.lm.words.slots, self.lm.words.n_slots = &slots[0], slots.shape[0]
        self.lm.words.blob, self.lm.words.blob_bytes = &blob[0], blob.shape[0]
        self.lm.words.offsets = &offsets[0]

    def nodes(self, int k):
        """Nodes of order k: one more than the largest."""
        assert 1 <= k < FE_LM_MAX_ORDER
        return self.lm.n_words if k == 1 else self.lm.level[k].n_nodes

    def set_level(self, int k, *, uint32_t key_bits, uint32_t prob_bits, uint32_t back_bits,
                  uint32_t prob_base=0, uint32_t back_base=0, const float[::1] prob_book=None,
                  const float[::1] back_book=None):
        """Describe order k, whose banks follow. A book has an entry for every code."""
        cdef fe_lm_level *level = &self.lm.level[k]
        if (not 2 <= k <= <int>self.lm.order or prob_bits == 0 or level.n_banks
                or not 2 <= key_bits <= FE_LM_MAX_KEY_BITS
                or <uint64_t>self.nodes(k - 1) > (<uint64_t>1 << key_bits) // self.lm.n_words):
            raise ValueError("the level does not fit the model")
        level.key_bits = key_bits
        level.prob = _coding(prob_bits, prob_base, prob_book)
        level.back = _coding(back_bits, back_base, back_book)
        self.held.append((prob_book, back_book))

    def add_bank(self, int k, const uint8_t[:, ::1] lines, uint32_t stored_bits, uint32_t slots):
        """One more bank of order k; lines (n, 64), aligned to 64 bytes."""
        cdef fe_lm_level *level = &self.lm.level[k]
        cdef fe_lm_bank *bank = &level.bank[min(<int>level.n_banks, FE_LM_BANKS - 1)]
        cdef uint64_t room = ((<uint64_t>1 << level.key_bits) - 1) // max(lines.shape[0], 1) + 1
        if (level.prob.bits == 0 or level.n_banks == FE_LM_BANKS or lines.shape[0] == 0
                or lines.shape[1] != FE_LM_LINE or not 1 <= slots <= FE_LM_SLOTS
                or not 8 * FE_LM_PLANES <= stored_bits <= FE_LM_MAX_KEY_BITS
                or slots * (stored_bits + level.prob.bits + level.back.bits) > FE_LM_LINE_BITS
                or room > <uint64_t>1 << stored_bits):
            raise ValueError("the bank does not fit the level")
        bank.lines, bank.n_lines, bank.first = <uint8_t *>&lines[0, 0], lines.shape[0], level.n_nodes
        bank.stored_bits, bank.slots = stored_bits, slots
        bank.rest_bits = stored_bits - 8 * FE_LM_PLANES
        bank.record_bits = bank.rest_bits + level.prob.bits + level.back.bits
        bank.back_end = 0
        if bank.record_bits > FE_LM_FIELD:
            bank.record_bits -= level.back.bits
            bank.back_end = slots * (stored_bits + level.prob.bits) + level.back.bits
        bank.record_end = slots * 8 * FE_LM_PLANES + bank.record_bits
        if bank.record_bits > FE_LM_FIELD or bank.record_end < FE_LM_FIELD:
            raise ValueError("the bank does not fit the level")
        level.n_nodes += bank.n_lines * slots
        level.n_banks += 1
        self.held.append(lines)
        self.writable = np.asarray(lines).flags.writeable

    def list(self, int k):
        """Every n-gram of order k > 1: (node, suffix, word, log_prob, backoff), by node."""
        cdef fe_lm_level *level = &self.lm.level[k]
        cdef uint32_t b, v = self.lm.n_words
        cdef Py_ssize_t count
        parts = [], [], [], [], []
        cdef uint64_t[::1] node, suffix
        cdef uint32_t[::1] word
        cdef float[::1] prob, back
        for b in range(level.n_banks):
            count = fe_lm_list(level, v, b, 0, level.bank[b].n_lines, NULL, NULL, NULL, NULL, NULL)
            arrays = [np.empty(max(count, 1), dtype) for dtype in ("u8", "u8", "u4", "f4", "f4")]
            node, suffix, word, prob, back = arrays
            with nogil:
                fe_lm_list(level, v, b, 0, level.bank[b].n_lines, &node[0], &suffix[0], &word[0],
                           &prob[0], &back[0])
            for part, array in zip(parts, arrays):
                part.append(array[:count])
        return [np.concatenate(part) for part in parts] if level.n_banks else None

    def walk(self, int k, const uint32_t[:, ::1] ids, uint64_t[::1] node, int workers, *,
             Py_ssize_t first=0):
        """Nodes of the n-grams ids[:, first : first + k], NONE where there is none."""
        cdef Py_ssize_t n = ids.shape[0], part, parts = (n + GRAIN - 1) // GRAIN
        if (not 1 <= k <= <int>self.lm.order or node.shape[0] != n or first < 0
                or first + k > ids.shape[1]):
            raise ValueError("the n-grams do not fit the model")
        if n == 0:
            return
        workers = max(1, min(workers, <int>parts))
        for part in prange(parts, nogil=True, schedule="dynamic", num_threads=workers):
            kernels().lm_walk(&self.lm, &ids[part * GRAIN, first], min(n - part * GRAIN, GRAIN),
                              <uint32_t>ids.shape[1], k, &node[part * GRAIN])
