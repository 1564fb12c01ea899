"""Dense networks: runs the phases of csrc/nn_job.h over mini-batches.

One call takes a round of mini-batches without Python in between. `Net` holds arrays that
`fastembed.nn.executor` makes; what the program says about them is checked there.
"""

import numpy as np

from cython.parallel cimport prange
from libc.math cimport INFINITY, isfinite
from libc.stdint cimport int32_t, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy
from fastembed._native._blas cimport fe_gemm_f32, fe_gemm_f64
from fastembed._native._kernels cimport kernels
from fastembed._native._nn_job cimport (
    FE_NN_METRICS, FE_NN_TILES, FE_STAGE_GATHER, FE_STAGE_LEARN, FE_STAGE_UPDATE, fe_net,
    fe_nn_kernels, fe_op, fe_phase, fe_piece, fe_source)

cdef extern from "nn_step.h" nogil:
    void fe_nn_begin(fe_net *net, int64_t first, int64_t rows) noexcept
    int64_t fe_nn_bad(const int64_t *bad) noexcept
    void fe_nn_sums(const fe_net *net, double *sums) noexcept
    void fe_nn_prepare(fe_net *net) noexcept

TILES = FE_NN_TILES
MAX_METRICS = FE_NN_METRICS
OP = np.dtype([(name, "i4") for name in ("kind", "act", "flags", "id")]
              + [(name, "i8") for name in ("n_in", "n_out", "in", "out", "w", "b", "aux", "extra",
                                           "count")]
              + [("c0", "f8"), ("c1", "f8")], align=True)
PHASE = np.dtype([("stage", "i4"), ("op", "i4")], align=True)
PIECE = np.dtype([("start", "i8"), ("n", "i8"), ("sparse", "i8"), ("l1", "f8"), ("l2", "f8")],
                 align=True)
_SOURCES = {"float32": 1, "float64": 2, "uint8": 3, "int32": 4, "int64": 5}


cdef void *_address(array) except? NULL:
    """Where the data of a contiguous array begin; NULL for None and for nothing."""
    if array is None or array.size == 0:
        return NULL
    cdef const uint8_t[::1] data = array.reshape(-1).view(np.uint8)
    return <void *> &data[0]


cdef class Net:
    """A program with its arrays, and the data that it runs over."""

    cdef fe_net net
    cdef const fe_nn_kernels *k
    cdef bint wide
    cdef int workers
    cdef dict held
    cdef object ops, phases, pieces

    def __init__(self, ops, phases, pieces, dict arrays, dict facts, int workers):
        cdef const fe_op[::1] op = ops
        cdef const fe_phase[::1] phase = phases
        cdef const fe_piece[::1] piece = pieces
        cdef fe_net *n = &self.net
        self.ops, self.phases, self.pieces, self.held = ops, phases, pieces, dict(arrays)
        self.k, self.workers = <const fe_nn_kernels *> kernels().nn, workers
        self.wide = arrays["params"].dtype == np.float64
        n.ops = &op[0] if op.shape[0] else NULL
        n.phases = &phase[0]
        n.pieces = &piece[0] if piece.shape[0] else NULL
        n.n_ops, n.n_phases, n.n_pieces = op.shape[0], phase.shape[0], piece.shape[0]
        n.params, n.grads = _address(arrays["params"]), _address(arrays["grads"])
        n.state1, n.state2 = _address(arrays["state1"]), _address(arrays["state2"])
        n.values, n.deltas = _address(arrays["values"]), _address(arrays["deltas"])
        n.aux, n.targets = _address(arrays["aux"]), _address(arrays["targets"])
        n.ids, n.labels = <int64_t *> _address(arrays["ids"]), <int64_t *> _address(arrays["labels"])
        n.ints = <int64_t *> _address(arrays["ints"])
        n.row_weights = <double *> _address(arrays["row_weights"])
        n.op_sums = <double *> _address(arrays["op_sums"])
        n.piece_sums = <double *> _address(arrays["piece_sums"])
        n.piece_norms = <double *> _address(arrays["piece_norms"])
        n.capacity = arrays["row_weights"].shape[0]
        n.n_id_columns = facts["n_id_columns"]
        n.id_limits = <const int64_t *> _address(arrays["id_limits"])
        n.output, n.n_output = facts["output"], facts["n_output"]
        n.n_target, n.loss, n.probabilities = facts["n_target"], facts["loss"], facts["probabilities"]
        n.loss_c, n.loss_over = facts["loss_c"], facts["loss_over"]
        n.loss_scale, n.mean = facts["loss_scale"], facts["mean"]
        n.n_metrics = len(facts["metrics"])
        if n.n_metrics > FE_NN_METRICS:
            raise ValueError(f"at most {FE_NN_METRICS} metrics")
        for i, (kind, k, c) in enumerate(facts["metrics"]):
            n.metrics[i].kind, n.metrics[i].k, n.metrics[i].c = kind, k, c
        o = facts["optimizer"]
        n.optim.kind, n.optim.momentum, n.optim.rho = o["kind"], o["momentum"], o["rho"]
        n.optim.epsilon, n.optim.decay, n.optim.l2 = o["epsilon"], o["decay"], 0
        n.optim.clip = INFINITY if o["clip_value"] is None else o["clip_value"]
        n.clip_norm = 0 if o["clip_norm"] is None else o["clip_norm"]
        n.seed = facts["seed"]
        from fastembed._native import _blas  # slow to import: see there
        gemm_f32, gemm_f64 = _blas.addresses()
        n.gemm_f32 = <fe_gemm_f32> <size_t> gemm_f32
        n.gemm_f64 = <fe_gemm_f64> <size_t> gemm_f64

    cdef int _source(self, fe_source *source, array) except -1:
        source.type = 0
        if array is None:
            return 0
        if array.ndim != 2 or not array.flags.c_contiguous or array.dtype.name not in _SOURCES:
            raise ValueError("a source must be a C-contiguous matrix of a type that kernels read")
        source.type = _SOURCES[array.dtype.name]
        source.data = _address(array)
        source.width = array.shape[1]
        source.row_bytes = array.shape[1] * array.itemsize
        return 0

    def bind(self, x, y, weights, order):
        """What is run over: x (n, width); y (n, width), int64 (n, 1) labels or None; weights (n,)
        float64 or None; order (n,) int64 or None."""
        for name, array in (("weights", weights), ("order", order)):
            if array is not None and (array.ndim != 1 or not array.flags.c_contiguous):
                raise ValueError(f"{name} must be contiguous")
        self._source(&self.net.x, x)
        self._source(&self.net.y, y)
        self.net.weights = <const double *> _address(weights)
        self.net.order = <const int64_t *> _address(order)
        self.held.update(x=x, y=y, weights=weights, order=order)

    def run(self, Py_ssize_t first, Py_ssize_t batch, Py_ssize_t n_rows, uint64_t step,
            const double[::1] rates, double[:, ::1] sums, bint training, Py_ssize_t start,
            Py_ssize_t stop, out=None):
        """Mini-batches first .. first + len(sums) - 1 of `batch` rows, phases start .. stop - 1.

        ``rates`` are the learning rates, one each, and ``step`` the number of steps before; sums
        (n, 1 + metrics) OUT; out (n_rows, width) gets the outputs. Returns how many were done and
        what ended them: 0 nothing, 1 and 2 a row of x or of y, 3 a loss that is not finite.
        """
        cdef Py_ssize_t i, n = sums.shape[0], at, rows
        cdef int ended = 0
        cdef size_t size = (8 if self.wide else 4) * self.net.n_output
        cdef char *values = <char *> self.net.values + self.net.output * (8 if self.wide else 4)
        cdef char *target = <char *> _address(out)
        if (rates.shape[0] != n or sums.shape[1] != 1 + self.net.n_metrics or batch < 1
                or batch > self.net.capacity or (first + n - 1) * batch >= n_rows
                or stop > self.net.n_phases or start < 0):
            raise ValueError("the sizes of a run of mini-batches do not fit together")
        self.net.training = training
        with nogil:
            for i in range(n):
                at = (first + i) * batch
                rows = batch if at + batch <= n_rows else n_rows - at
                self.net.optim.rate = rates[i]
                self.net.step = step + i + 1
                fe_nn_begin(&self.net, at, rows)
                ended = self._step(start, stop, &sums[i, 0])
                if ended:
                    break
                if target != NULL:
                    memcpy(target + at * size, values, rows * size)
            else:
                i = n
        if not ended:
            return n, 0, -1
        return i, ended, fe_nn_bad(self.net.bad_x if ended == 1 else self.net.bad_y)

    cdef int _step(self, Py_ssize_t start, Py_ssize_t stop, double *sums) noexcept nogil:
        cdef Py_ssize_t p
        cdef int t, tiles, stage
        cdef bint summed = False
        for p in range(start, stop):
            stage = self.net.phases[p].stage
            if (stage == FE_STAGE_UPDATE or stage == FE_STAGE_LEARN) and not summed:
                fe_nn_sums(&self.net, sums)
                summed = True
                if not isfinite(sums[0]):
                    return 3
                fe_nn_prepare(&self.net)
            tiles = (self.k.tiles_f64 if self.wide else self.k.tiles_f32)(&self.net, p)
            if tiles == 1 or self.workers == 1:
                for t in range(tiles):
                    self._tile(p, t)
            else:
                for t in prange(tiles, schedule="static", num_threads=self.workers):
                    self._tile(p, t)
            if stage == FE_STAGE_GATHER:
                if fe_nn_bad(self.net.bad_x) >= 0:
                    return 1
                if fe_nn_bad(self.net.bad_y) >= 0:
                    return 2
        if not summed:
            fe_nn_sums(&self.net, sums)
            if not isfinite(sums[0]):
                return 3
        return 0

    cdef void _tile(self, Py_ssize_t phase, int tile) noexcept nogil:
        if self.wide:
            self.k.tile_f64(&self.net, phase, tile)
        else:
            self.k.tile_f32(&self.net, phase, tile)
