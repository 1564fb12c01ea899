"""word2vec's rounds over csrc/word2vec.h and csrc/word2vec_parts.h, its tables and first rows."""

import numpy as np

from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from fastembed._native._kernels cimport (
    FE_ENOMEM, FE_OK, FE_W2V_STRETCH, check, fe_kernels, fe_w2v_chunk_t, fe_w2v_job, fe_w2v_parts,
    fe_w2v_state, kernels)

cdef extern from "huffman.h" nogil:
    int fe_huffman_build(const int64_t *counts, uint32_t n, uint32_t *up) noexcept
    uint32_t fe_huffman_depth(const uint32_t *up, uint32_t n) noexcept
    int FE_HUFFMAN_DEEPEST

cdef extern from "rng.h" nogil:
    ctypedef struct fe_rng:
        uint64_t state
    int FE_STREAM_INIT, FE_STREAM_NOISE
    fe_rng fe_rng_seed(uint64_t seed, uint64_t stream, uint64_t index) noexcept
    float fe_rng_float(fe_rng *rng) noexcept

cdef extern from "noise.h" nogil:
    int fe_noise_fill(const double *weights, uint32_t n, uint32_t first, uint32_t step,
                      uint32_t *pool, uint32_t size, fe_rng *rng) noexcept

MAX_STRETCH = FE_W2V_STRETCH
# one chunk of work and its figures: fe_w2v_chunk_t
CHUNK = np.dtype(
    [("start", "u8"), ("stop", "u8"), ("stream", "u8"), ("alpha", "f4"), ("loss", "f8"),
     ("examples", "i8"), ("words", "i8")], align=True)


def noise_pools(const double[::1] weights, uint32_t parts, uint32_t size, uint64_t seed):
    """Pools of the words p, p + parts, ... for each part p, (parts, size) uint32."""
    cdef const double[::1] own
    cdef fe_rng rng
    if not 1 <= parts <= weights.shape[0] or size < 1 or size & (size - 1):
        raise ValueError(f"no {parts} pools of {size} places from {weights.shape[0]} words")
    pools = np.empty((parts, size), dtype=np.uint32)
    cdef uint32_t[:, ::1] out = pools
    cdef uint32_t part
    for part in range(parts):
        own = np.ascontiguousarray(weights[part::parts])
        rng = fe_rng_seed(seed, FE_STREAM_NOISE, part)
        check(fe_noise_fill(&own[0], <uint32_t>own.shape[0], part, parts, &out[part, 0], size,
                            &rng), "noise distribution")
    return pools


def huffman_tree(const int64_t[::1] counts):
    """The way up from each leaf and inner node, (2V - 1,) uint32, for counts in any order."""
    cdef uint32_t n = <uint32_t>counts.shape[0]
    if n < 2:
        raise ValueError("hierarchical softmax needs at least 2 words")
    order = np.argsort(-np.asarray(counts), kind="stable")
    up = np.empty(2 * n - 1, dtype=np.uint32)
    cdef const int64_t[::1] descending = np.ascontiguousarray(np.asarray(counts)[order])
    cdef uint32_t[::1] out = up
    check(fe_huffman_build(&descending[0], n, &out[0]), "Huffman tree")
    up[order] = up[:n].copy()
    return up


def tree_depth(const uint32_t[::1] up):
    """Inner nodes on the longest way to the root; ValueError if ``up`` is no tree or too deep."""
    depth = 0
    if up.shape[0] >= 3 and up.shape[0] % 2 == 1:
        depth = fe_huffman_depth(&up[0], <uint32_t>(up.shape[0] // 2 + 1))
    if depth == 0:
        raise ValueError(f"the Huffman tree is damaged, or deeper than {FE_HUFFMAN_DEEPEST} nodes")
    return depth


def init_rows(float[:, ::1] rows, Py_ssize_t first, Py_ssize_t dim, uint64_t seed, int workers):
    """Fill rows[first:, :dim] with uniform numbers in [-0.5, 0.5) / dim, one stream a row."""
    cdef Py_ssize_t i, n = rows.shape[0]
    assert 0 < dim <= rows.shape[1]
    for i in prange(first, n, schedule="static", num_threads=workers, nogil=True):
        _init_row(&rows[i, 0], dim, seed, i)


cdef void _init_row(float *row, Py_ssize_t dim, uint64_t seed, uint64_t index) noexcept nogil:
    cdef fe_rng rng = fe_rng_seed(seed, FE_STREAM_INIT, index)
    cdef Py_ssize_t k
    for k in range(dim):
        row[k] = (fe_rng_float(&rng) - 0.5) / dim


cdef class Rounds:
    """One run's job and scratch; `run` trains on one round of chunks.

    Parameters
    ----------
    vectors : (V, stride) float32, C order, 64-byte aligned rows; trained in place
    outputs : (rows, stride) float32, the same
    keep : (V,) uint32 or None
    noise : (max(parts, 1), size) uint32 from `noise_pools` or None
    up : (2V - 1,) uint32 from `huffman_tree` or None
    block : words of a window that are stepped together against the same noise words
    parts : 0 for updates in place by all threads, else the parts of the deterministic scheme
    stretch : positions that the deterministic scheme runs on unchanged inputs
    """

    cdef fe_w2v_job job
    cdef const fe_kernels *k
    cdef fe_w2v_state **states
    cdef fe_w2v_parts *parts
    cdef int workers
    cdef object held

    def __cinit__(self, float[:, ::1] vectors, float[:, ::1] outputs, const uint32_t[::1] keep,
                  const uint32_t[:, ::1] noise, const uint32_t[::1] up, *, int window,
                  int negative, bint shrink, bint cbow, bint cbow_mean, uint64_t seed,
                  uint64_t max_sentence, uint64_t chunk_tokens, int block, int parts, int stretch,
                  int workers):
        cdef size_t v = vectors.shape[0], rows = (v if noise is not None else 0)
        rows += (v - 1 if up is not None else 0)
        if (vectors.shape[1] % 16 or vectors.shape[1] != outputs.shape[1] or v == 0
                or <size_t>outputs.shape[0] < rows or (negative > 0) != (noise is not None)
                or (keep is not None and <size_t>keep.shape[0] != v)
                or (noise is not None and noise.shape[0] != max(parts, 1))
                or (up is not None and <size_t>up.shape[0] != 2 * v - 1)
                or window < 1 or window > 65535 or workers < 1 or max_sentence < 1 or block < 1
                or parts & (parts - 1) or not 1 <= stretch <= FE_W2V_STRETCH):
            raise ValueError("shapes or settings of the word2vec run do not fit together")
        self.k = kernels()
        self.held = (vectors, outputs, keep, noise, up)
        self.workers = workers
        self.job.in_ = &vectors[0, 0]
        self.job.out = &outputs[0, 0]
        self.job.stride = vectors.shape[1]
        self.job.n_words = <uint32_t>v
        self.job.keep = &keep[0] if keep is not None else NULL
        if noise is not None:
            self.job.noise = &noise[0, 0]
            self.job.noise_size = <uint32_t>noise.shape[1]
        self.job.up = &up[0] if up is not None else NULL
        if up is not None:
            roots = np.flatnonzero(np.asarray(up) == 0xFFFFFFFF) - v
            if len(roots) != 1 or roots[0] < 0:
                raise ValueError("up must have exactly one root, an inner node")
            self.job.root = <uint32_t>roots[0]
            self.job.max_path = tree_depth(up)
        self.job.node_row = v if noise is not None else 0
        self.job.window = window
        self.job.negative = negative
        self.job.block = block
        self.job.stretch = stretch
        self.job.parts = max(parts, 1)
        self.job.shrink = shrink
        self.job.cbow = cbow
        self.job.cbow_mean = cbow_mean
        self.job.seed = seed
        self.job.text.max_sentence = max_sentence
        if parts > 0:
            self.parts = self.k.w2v_parts_new(&self.job, chunk_tokens)
            check(FE_ENOMEM if self.parts == NULL else FE_OK, "word2vec: scratch")
            return
        self.states = <fe_w2v_state **>calloc(workers, sizeof(fe_w2v_state *))
        check(FE_ENOMEM if self.states == NULL else FE_OK, "word2vec: scratch")
        for i in range(workers):
            self.states[i] = self.k.w2v_state_new(&self.job, chunk_tokens)
            check(FE_ENOMEM if self.states[i] == NULL else FE_OK, "word2vec: scratch")

    def __dealloc__(self):
        if self.parts != NULL:
            self.k.w2v_parts_free(self.parts)
        for i in range(self.workers if self.states != NULL else 0):
            self.k.w2v_state_free(self.states[i])
        free(self.states)

    def run(self, const uint32_t[::1] ids, uint64_t first, const uint64_t[::1] offsets,
            fe_w2v_chunk_t[::1] chunks):
        """Train on the chunks (dtype `CHUNK`); their figures are filled in.

        ids holds the tokens from number `first` on, offsets (n + 1,) the sentences that they
        belong to; every id is less than V.
        """
        cdef Py_ssize_t c, n = chunks.shape[0]
        if n == 0 or ids.shape[0] == 0 or offsets.shape[0] < 2:
            raise ValueError("a round needs chunks, tokens and sentences")
        self.job.text.ids = &ids[0]
        self.job.text.first = first
        self.job.text.n_ids = ids.shape[0]
        self.job.text.offsets = &offsets[0]
        self.job.text.n_offsets = offsets.shape[0]
        codes = np.zeros(max(n, self.workers), dtype=np.intc)
        cdef int[::1] code = codes
        if self.parts != NULL:
            check(self.k.w2v_parts_open(self.parts, &chunks[0], n), "word2vec round")
            for c in prange(self.workers, schedule="static", chunksize=1,
                            num_threads=self.workers, nogil=True):
                code[c] = self.k.w2v_parts_run(self.parts)
        else:
            for c in prange(n, schedule="dynamic", chunksize=1, num_threads=self.workers,
                            nogil=True):
                code[c] = self.k.w2v_chunk(&self.job, self.states[threadid()], &chunks[c])
        check(codes.max(), "word2vec round")
