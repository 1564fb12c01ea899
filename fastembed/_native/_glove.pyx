"""GloVe's tiles and rounds over csrc/glove_tiles.h, glove.h, glove_round.h, and its first rows."""

import numpy as np

from cython.parallel cimport prange
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from fastembed._native._kernels cimport (
    FE_GLOVE_BLOCK, FE_GLOVE_BLOCKS, check, fe_glove_counts, fe_glove_deal, fe_glove_job,
    fe_glove_tiles, fe_glove_unit, fe_kernels, kernels)

cdef extern from "glove.h" nogil:
    void fe_glove_strata(uint64_t seed, uint64_t epoch, uint32_t parts, uint32_t *order) noexcept
    void fe_glove_turn(const fe_glove_deal *deal, uint64_t seed, const fe_glove_unit *unit,
                       uint32_t *order) noexcept
    void fe_glove_first_row(float *row, uint32_t dim, size_t stride, int side,
                            uint64_t seed, uint64_t word) noexcept

cdef extern from "glove_round.h" nogil:
    ctypedef struct fe_glove_round:
        pass
    int fe_glove_round_open(fe_glove_round *round, const fe_glove_job *job,
                            void (*run)(const fe_glove_job *, fe_glove_unit *) noexcept nogil,
                            uint64_t epoch, const uint32_t *strata, size_t n_strata,
                            fe_glove_unit *units) noexcept
    void fe_glove_round_close(fe_glove_round *round) noexcept
    void fe_glove_round_work(fe_glove_round *round) noexcept

BLOCK = FE_GLOVE_BLOCK
MAX_PART = FE_GLOVE_BLOCK * FE_GLOVE_BLOCKS  # words of a part
# One unit of a stratum and its figures: fe_glove_unit.
UNIT = np.dtype(
    [("part", "u4"), ("other", "u4"), ("epoch", "u8"), ("loss", "f8"), ("pairs", "i8")],
    align=True)


def strata(uint64_t seed, uint64_t epoch, uint32_t parts):
    """The strata of an epoch in the order of their turn, (parts,) uint32."""
    order = np.empty(parts, dtype=np.uint32)
    cdef uint32_t[::1] out = order
    fe_glove_strata(seed, epoch, parts, &out[0])
    return order


cdef class Tiles:
    """The pairs of a count matrix in the order in which they are visited.

    Parameters
    ----------
    indptr, indices, data : int64 (V + 1,), int32 (N,), float32 (N,)
        Compressed sparse rows; read here and not kept.
    parts : int
        Parts that the words are dealt to: a power of two, so that each has 4,096 words or less.
    """

    cdef fe_glove_tiles tiles
    cdef readonly object strips, starts, pairs, logs
    cdef uint64_t seed

    def __cinit__(self, const int64_t[::1] indptr, const int32_t[::1] indices,
                  const float[::1] data, *, uint32_t parts, uint64_t seed, int workers):
        cdef Py_ssize_t n = indptr.shape[0] - 1, pairs = indices.shape[0], s, n_strips
        cdef fe_glove_deal *deal = &self.tiles.deal
        if (n < 1 or pairs < 1 or data.shape[0] != pairs or indptr[0] != 0 or indptr[n] != pairs
                or (np.diff(indptr) < 0).any()):
            raise ValueError("the count matrix has no pairs, or its arrays do not fit together")
        if n > 1 << 24:
            raise OverflowError(f"GloVe takes 16,777,216 words at most; the counts have {n:,}")
        if (parts < 1 or parts & (parts - 1) or parts > n or workers < 1
                or (n + parts - 1) // parts > FE_GLOVE_BLOCK * FE_GLOVE_BLOCKS):
            raise ValueError(f"{n} words cannot be dealt to {parts} parts")
        deal.n_words = <uint32_t>n
        deal.parts = parts
        deal.part_words = <uint32_t>((n + parts - 1) // parts)
        deal.blocks = (deal.part_words + FE_GLOVE_BLOCK - 1) // FE_GLOVE_BLOCK
        self.seed = seed
        n_strips = parts * deal.blocks
        # the rows of strip (part, block) are part + parts * number, number // BLOCK == block
        number, part = np.divmod(np.arange(n), parts)
        self.strips = np.zeros(n_strips + 1, dtype=np.int64)
        np.add.at(self.strips[1:], part * deal.blocks + number // FE_GLOVE_BLOCK, np.diff(indptr))
        np.cumsum(self.strips, out=self.strips)
        self.starts = np.empty((n_strips, n_strips + 1), dtype=np.uint32)
        self.pairs = np.empty((pairs, 2), dtype=np.uint8)
        self.logs = np.empty(pairs, dtype=np.float32)
        cdef int64_t[::1] strips = self.strips
        cdef uint32_t[:, ::1] starts = self.starts
        cdef uint8_t[:, ::1] all_pairs = self.pairs
        cdef float[::1] logs = self.logs
        self.tiles.strips = &strips[0]
        self.tiles.tiles = &starts[0, 0]
        self.tiles.pairs = <uint8_t (*)[2]>&all_pairs[0, 0]
        self.tiles.logs = &logs[0]
        cdef fe_glove_counts counts = fe_glove_counts(&indptr[0], &indices[0], &data[0])
        codes = np.zeros(n_strips, dtype=np.intc)
        cdef int[::1] code = codes
        cdef const fe_kernels *k = kernels()
        for s in prange(n_strips, schedule="dynamic", chunksize=1, num_threads=workers,
                        nogil=True):
            code[s] = k.glove_strip(&self.tiles, &counts, seed, <uint32_t>s)
        check(codes.max(), "GloVe: counts must be positive numbers of words of the vocabulary")

    @property
    def parts(self):
        """Parts of the words."""
        return self.tiles.deal.parts

    @property
    def part_words(self):
        """Words of the largest part."""
        return self.tiles.deal.part_words

    @property
    def blocks(self):
        """Blocks of a part."""
        return self.tiles.deal.blocks

    def turn(self, uint64_t epoch, uint32_t part, uint32_t other):
        """The tiles of a unit in the order of their turn, (blocks**2, 2) uint32."""
        cdef fe_glove_unit unit = fe_glove_unit(part, other, epoch, 0.0, 0)
        order = np.empty(self.blocks ** 2, dtype=np.uint32)
        cdef uint32_t[::1] out = order
        fe_glove_turn(&self.tiles.deal, self.seed, &unit, &out[0])
        return np.stack(np.divmod(order, self.blocks), axis=1)

    def first_rows(self, float[:, ::1] table, int side, uint32_t dim, int workers):
        """Fill a table (parts * part_words, 2 * stride) of zeros: side 0 words, 1 contexts."""
        cdef Py_ssize_t w, n = self.tiles.deal.n_words, stride = table.shape[1] // 2
        cdef uint32_t parts = self.tiles.deal.parts
        if (table.shape[0] != parts * self.part_words or table.shape[1] % 32 or side not in (0, 1)
                or stride < dim + 2):
            raise ValueError("the table does not fit the tiles")
        cdef size_t part_words = self.tiles.deal.part_words
        for w in prange(n, schedule="static", num_threads=workers, nogil=True):
            fe_glove_first_row(&table[(w % parts) * part_words + w // parts, 0], dim, stride, side,
                               self.seed, w)


cdef class Rounds:
    """One run: `run` steps the pairs of one stratum.

    Parameters
    ----------
    words, contexts : (parts * part_words, 2 * stride) float32, 64-byte aligned; trained in place
    starts : (stride,) float32, what the sum of squares of each coordinate is taken to begin with
    """

    cdef fe_glove_job job
    cdef const fe_kernels *k
    cdef object held
    cdef int workers

    def __cinit__(self, Tiles tiles, float[:, ::1] words, float[:, ::1] contexts,
                  const float[::1] starts, *, float alpha, float x_max, float clip, int workers):
        cdef Py_ssize_t rows = tiles.parts * tiles.part_words
        if (words.shape[0] != rows or contexts.shape[0] != rows or words.shape[1] % 32
                or words.shape[1] == 0 or words.shape[1] != contexts.shape[1]
                or 2 * starts.shape[0] != words.shape[1] or not (np.asarray(starts) > 0).all()
                or not x_max > 0 or not alpha >= 0 or not clip > 0 or workers < 1):
            raise ValueError("shapes or settings of the GloVe run do not fit together")
        self.k = kernels()
        self.held = (tiles, words, contexts, starts)
        self.job.tiles = tiles.tiles
        self.job.words = &words[0, 0]
        self.job.contexts = &contexts[0, 0]
        self.job.stride = words.shape[1] // 2
        self.job.starts = &starts[0]
        self.job.alpha = alpha
        self.job.log_x_max = np.log(x_max)
        self.job.clip = clip
        self.job.seed = tiles.seed
        self.workers = workers

    def run(self, uint64_t epoch, const uint32_t[::1] strata):
        """Step each pair of some strata once; their units with figures, (strata, parts) `UNIT`."""
        cdef Py_ssize_t t, n = strata.shape[0], parts = self.job.tiles.deal.parts
        cdef fe_glove_round round
        if n == 0 or max(strata) >= parts:
            raise ValueError(f"strata are some of 0 .. {parts - 1}, not {list(strata)}")
        units = np.zeros((n, parts), dtype=UNIT)
        cdef fe_glove_unit[:, ::1] unit = units
        check(fe_glove_round_open(&round, &self.job, self.k.glove_run, epoch, &strata[0], n,
                                  &unit[0, 0]), "GloVe round")
        for t in prange(self.workers, schedule="static", chunksize=1, num_threads=self.workers,
                        nogil=True):
            fe_glove_round_work(&round)
        fe_glove_round_close(&round)
        return units
