"""Mini-batches of neural language models (csrc/nlm.h): checks, threads, nothing else."""

from cython.parallel cimport prange, threadid
from libc.stdint cimport int64_t, uint32_t, uint64_t

import numpy as np

from fastembed._native._kernels cimport check, fe_kernels, fe_nlm_job, fe_nlm_state, kernels
from fastembed._native._kernels cimport FE_ENOMEM, FE_OK

def shuffle(uint32_t[::1] items, uint64_t seed, uint64_t index):
    """Put the items in a random order, in place."""
    if items.shape[0] > 1:
        fe_nlm_shuffle(&items[0], items.shape[0], seed, index)


def uniform(float[::1] x, float scale, uint64_t seed, uint64_t index):
    """Fill with uniform numbers in [-scale, scale)."""
    if x.shape[0] > 0:
        fe_nlm_uniform(&x[0], x.shape[0], scale, seed, index)


cdef void *_pointer(object array) except? NULL:
    return <void *><size_t>array.ctypes.data


cdef class Net:
    """One model's job and buffers.

    Parameters
    ----------
    arrays : dict of ndarray
        The layers `embed` (V, dim), `hidden` (h, n dim), `out` (V, features), `classes`
        (C, features), with `_bias` behind the name for the biases of all but the first, all of one
        dtype, float32 or float64; in training also each with `_state` behind its name. Then
        `row_of`, `class_of`, `word_at` (V,), `class_start` (C + 1,), `noise`: uint32;
        `log_noise` (V,).
    settings : dict
        Numbers of the same names as in csrc/nlm_job.h; `optim` a dict of those of csrc/optim.h.
    """

    cdef job_t job
    cdef state_t *st
    cdef const fe_kernels *k
    cdef int workers
    cdef object held, dtype, v

    def __cinit__(self, dict arrays, dict settings, int workers):
        self.k = kernels()
        self.held = arrays
        self.dtype = arrays["embed"].dtype
        self.workers = workers
        self.v = len(arrays["embed"])
        if self.dtype not in (np.dtype(np.float32), np.dtype(np.float64)) or workers < 1:
            raise ValueError("a network's numbers must be float32 or float64, workers >= 1")
        cdef job_t *job = &self.job
        job.real64 = self.dtype == np.float64
        job.output, job.tanh, job.direct = settings["output"], settings["tanh"], settings["direct"]
        job.tied, job.n, job.window = settings["tied"], settings["n"], settings["window"]
        job.dim, job.hidden = settings["dim"], settings["hidden"]
        job.features = settings["features"]
        job.bos, job.eos, job.seed = settings["bos"], settings["eos"], settings["seed"]
        job.batch, job.block = settings["batch"], settings["block"]
        job.kept_bytes, job.dropout = settings["kept_bytes"], settings["dropout"]
        job.samples = settings["samples"]
        optim = settings["optim"]
        job.optim = fe_optim(optim["kind"], 0.0, optim["momentum"], optim["rho"],
                             optim["epsilon"], optim["decay"], 0.0, 1.0, np.inf)
        if min(job.n, job.dim, job.features, job.batch, job.block) < 1 or job.batch > 65536:
            raise ValueError("sizes of a network must be positive")
        self._layer(&job.embed, "embed", self.v, job.dim)
        if job.hidden:
            self._layer(&job.hid, "hidden", job.hidden, job.n * job.dim)
        self._layer(&job.out, "out", self.v, job.features)
        if "classes" in arrays:
            self._layer(&job.cls, "classes", len(arrays["classes"]), job.features)
            job.row_of = <const uint32_t *>self._ids("row_of", self.v)
            job.class_of = <const uint32_t *>self._ids("class_of", self.v)
            job.word_at = <const uint32_t *>self._ids("word_at", self.v)
            job.class_start = <const uint32_t *>self._ids("class_start", job.cls.rows + 1)
        if "noise" in arrays:
            job.noise = <const uint32_t *>self._ids("noise", len(arrays["noise"]))
            job.noise_size = len(arrays["noise"])
            job.log_noise = self._part("log_noise", (self.v,))
        from fastembed._native import _blas  # slow to import: see there
        gemm_f32, gemm_f64 = _blas.addresses()
        job.gemm_f32, job.gemm_f64 = <void *><size_t>gemm_f32, <void *><size_t>gemm_f64
        self.st = fe_nlm_state_new(job, workers)
        check(FE_ENOMEM if self.st == NULL else FE_OK, "neural language model: buffers")

    def __dealloc__(self):
        fe_nlm_state_free(self.st)

    cdef void *_part(self, str name, tuple shape) except? NULL:
        array = self.held[name]
        if array.dtype != self.dtype or array.shape != shape or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be {self.dtype} of shape {shape}, in C order")
        return _pointer(array)

    cdef void *_ids(self, str name, Py_ssize_t n) except? NULL:
        array = self.held[name]
        if array.dtype != np.uint32 or array.shape != (n,) or not array.flags.c_contiguous:
            raise ValueError(f"{name} must be uint32 of shape ({n},)")
        return _pointer(array)

    cdef int _layer(self, fe_nlm_layer *layer, str name, int64_t rows, int64_t cols) except -1:
        layer.rows, layer.cols = rows, cols
        layer.w = self._part(name, (rows, cols))
        if name + "_bias" in self.held:
            layer.b = self._part(name + "_bias", (rows,))
        if name + "_state" in self.held:
            slots = len(self.held[name + "_state"])
            layer.w_state = self._part(name + "_state", (slots, rows, cols))
            if layer.b != NULL:
                layer.b_state = self._part(name + "_bias_state", (slots, rows))
        if name + "_seen" in self.held:
            layer.seen = <uint32_t *>self._ids(name + "_seen", rows)
        return 0

    cdef void _phases(self, int first, int last) noexcept nogil:
        """All phases from first to last of what the state is set to."""
        cdef int phase
        cdef int64_t unit, units
        cdef const fe_kernels *k = self.k
        cdef const fe_nlm_job *job = <const fe_nlm_job *>&self.job
        cdef fe_nlm_state *st = <fe_nlm_state *>self.st
        for phase in range(first, last + 1):
            units = fe_nlm_units(&self.job, self.st, phase)
            if units <= 1 or self.workers == 1:
                for unit in range(units):
                    k.nlm_unit(job, st, phase, unit, 0)
            else:
                for unit in prange(units, schedule="dynamic", num_threads=self.workers):
                    k.nlm_unit(job, st, phase, unit, threadid())

    def train(self, const uint32_t[::1] stream, const uint32_t[::1] places, int64_t per_batch,
              uint64_t index, const double[::1] rates):
        """Mini-batches of `per_batch` places each: (sum of losses, examples) of each.

        index: number of the first one among all of the run, from 0. rates: one of each.
        """
        cdef int64_t b, n = places.shape[0], batches = (n + per_batch - 1) // per_batch, i
        if per_batch < 1 or rates.shape[0] != batches or self.job.batch < per_batch * (
                2 * self.job.window if self.job.window else 1):
            raise ValueError("mini-batches do not fit the network's buffers")
        self._check(stream, places)
        losses, examples = np.zeros(batches), np.zeros(batches, dtype=np.int64)
        cdef double[::1] loss = losses
        cdef int64_t[::1] count = examples
        self.st.train, self.st.exported = 1, NULL
        with nogil:
            for b in range(batches):
                self.st.index, self.st.step, self.st.rate = index + b, index + b + 1, rates[b]
                self.st.places = &places[b * per_batch]
                self.st.n_places = min(per_batch, n - b * per_batch)
                self._phases(FE_NLM_PREPARE, FE_NLM_TRAIN_PHASES - 1)
                for i in range(self.st.m):
                    loss[b] += self.st.loss[i]
                count[b] = self.st.m
        return losses, examples

    def settle(self, uint64_t step, double rate):
        """Give all rows the steps up to `step` that they had no gradient in."""
        self.st.step, self.st.optim = step, self.job.optim
        self.st.optim.rate = rate
        with nogil:
            self._phases(FE_NLM_SETTLE_ALL, FE_NLM_SETTLE_ALL)

    def score(self, const uint32_t[::1] stream, const uint32_t[::1] places, bint export=False):
        """-ln p of the word at each place, or with `export` log10 p of every word there (n, V)."""
        cdef int64_t b, first, i, n = places.shape[0], m, width = self.v
        self._check(stream, places)
        losses = np.zeros(n)
        exported = np.zeros((n if export else 0, width), dtype=self.dtype)
        cdef double[::1] loss = losses
        cdef char *to = <char *>_pointer(exported)
        cdef size_t item = exported.itemsize
        self.st.train = 0
        with nogil:
            for b in range((n + self.job.batch - 1) // self.job.batch):
                first = b * self.job.batch
                m = min(self.job.batch, n - first)
                self.st.exported = to + first * width * item if export else NULL
                self.st.places, self.st.n_places = &places[first], m
                self._phases(FE_NLM_PREPARE, FE_NLM_EXPORT)
                for i in range(m):
                    loss[first + self.st.order[i]] = self.st.loss[i]
        return exported if export else losses

    cdef int _check(self, const uint32_t[::1] stream, const uint32_t[::1] places) except -1:
        ids, at = np.asarray(stream), np.asarray(places)
        if len(ids) == 0 or len(at) == 0 or ids.max() >= self.v or at.max() >= len(ids):
            raise ValueError("there must be places, all in the stream, and its words in the model")
        if at.min() < 1 or ids[0] != self.job.bos or ids[len(ids) - 1] != self.job.eos:
            raise ValueError("the stream must begin with <s>, which is no place, and end with </s>")
        self.job.stream = &stream[0]
        return 0
