/* activations_real.h: activations and their slopes, for one type of number (real_float.h). */

FE_INLINE FE_V FE_R(fe_take)(const FE_REAL *p, size_t n) {
    return n == FE_VN ? FE_VLOAD(p) : FE_VLOAD_PART(p, n);
}
FE_INLINE void FE_R(fe_put)(FE_REAL *p, FE_V x, size_t n) {
    if (n == FE_VN)
        FE_VSTORE(p, x);
    else
        FE_VSTORE_PART(p, x, n);
}
/* x with zeros behind its first n lanes. */
FE_INLINE FE_V FE_R(fe_first)(FE_V x, size_t n) {
    if (n == FE_VN) return x;
    FE_REAL lanes[FE_VN] = {0};
    FE_VSTORE_PART(lanes, x, n);
    return FE_VLOAD(lanes);
}
/* j = 0, FE_VN, ... below n, with m lanes in use. */
#define FE_EACH(j, m, n) \
    for (size_t j = 0, m; j < (size_t)(n) && (m = (size_t)(n)-j < FE_VN ? (size_t)(n)-j : FE_VN); \
         j += FE_VN)

FE_INLINE FE_V FE_R(fe_act_value)(const int act, FE_V x, FE_V c) {
    switch (act) {
    case FE_ACT_STEP: return FE_VPICK(x >= 0, FE_VSET(1), FE_VPICK(x != x, x, FE_VSET(0)));
    case FE_ACT_SIGMOID: return FE_VSIGMOID(x);
    case FE_ACT_TANH: return FE_VTANH(x);
    case FE_ACT_RELU: return FE_VPICK(x <= 0, FE_VSET(0), x);
    case FE_ACT_LEAKY: return FE_VPICK(x <= 0, c * x, x);
    case FE_ACT_ELU: return FE_VPICK(x <= 0, c * FE_VEXPM1(x), x);
    case FE_ACT_EXP: return FE_VEXP(x);
    case FE_ACT_SWISH: return x * FE_VSIGMOID(x);
    case FE_ACT_GELU: return x * FE_VPHI(x);
    default: return x;
    }
}

/* The derivative where the value is y; x is read for swish and GELU only. */
FE_INLINE FE_V FE_R(fe_act_slope)(const int act, FE_V x, FE_V y, FE_V c) {
    const FE_V one = FE_VSET(1), zero = FE_VSET(0);
    switch (act) {
    case FE_ACT_STEP: return zero;
    case FE_ACT_SIGMOID: return y * (one - y);
    case FE_ACT_TANH: return one - y * y;
    case FE_ACT_RELU: return FE_VPICK(y > 0, one, zero);
    case FE_ACT_LEAKY: return FE_VPICK(y > 0, one, c);
    case FE_ACT_ELU: return FE_VPICK(y > 0, one, y + c);
    case FE_ACT_EXP: return y;
    case FE_ACT_SWISH: {
        const FE_V s = FE_VSIGMOID(x);
        return s + y * (one - s);
    }
    case FE_ACT_GELU: /* Phi(x) + x phi(x) */
        return FE_VPHI(x) +
               x * (FE_VSET(0.39894228040143267794) * FE_VEXP(FE_VSET(-0.5) * x * x));
    default: return one;
    }
}

/* A function of a constant activation for each of them. */
#define FE_ACT_SWITCH(act, CALL)                     \
    switch (act) {                                   \
    case FE_ACT_STEP: CALL(FE_ACT_STEP); break;      \
    case FE_ACT_SIGMOID: CALL(FE_ACT_SIGMOID); break; \
    case FE_ACT_TANH: CALL(FE_ACT_TANH); break;      \
    case FE_ACT_RELU: CALL(FE_ACT_RELU); break;      \
    case FE_ACT_LEAKY: CALL(FE_ACT_LEAKY); break;    \
    case FE_ACT_ELU: CALL(FE_ACT_ELU); break;        \
    case FE_ACT_EXP: CALL(FE_ACT_EXP); break;        \
    case FE_ACT_SWISH: CALL(FE_ACT_SWISH); break;    \
    case FE_ACT_GELU: CALL(FE_ACT_GELU); break;      \
    default: CALL(FE_ACT_LINEAR);                    \
    }

/* y = act(x + b) for a block of rows. x (rows, n), y (rows, n), `stride` apart, may be the same;
 * b (n,) or NULL. */
FE_INLINE void FE_R(fe_act_rows)(const int act, double c0, int64_t rows, int64_t n,
                                 const FE_REAL *b, const FE_REAL *x, FE_REAL *y, int64_t stride) {
    const FE_V c = FE_VSET(c0);
    for (int64_t r = 0; r < rows; r++)
        FE_EACH(j, m, n) {
            FE_V z = FE_R(fe_take)(x + r * stride + j, m);
            if (b != NULL) z += FE_R(fe_take)(b + j, m);
            FE_R(fe_put)(y + r * stride + j, FE_R(fe_act_value)(act, z, c), m);
        }
}
static void FE_R(fe_activate)(int act, double c0, int64_t rows, int64_t n, const FE_REAL *b,
                              const FE_REAL *x, FE_REAL *y, int64_t stride) {
#define FE_CALL(A) FE_R(fe_act_rows)(A, c0, rows, n, b, x, y, stride)
    FE_ACT_SWITCH(act, FE_CALL)
#undef FE_CALL
}

/* dy *= act'(.) in place and db = sums of its columns, for a block of columns.
 * y IN, dy IN/OUT (rows, n), `stride` apart; db (n,) OUT or NULL. */
FE_INLINE void FE_R(fe_act_delta)(const int act, double c0, int64_t rows, int64_t n,
                                  const FE_REAL *y, FE_REAL *dy, int64_t stride, FE_REAL *db) {
    const FE_V c = FE_VSET(c0);
    size_t done = 0; /* four vectors of columns at a time, then one */
    for (; done + 4 * FE_VN <= (size_t)n; done += 4 * FE_VN) {
        FE_V sums[4] = {FE_VSET(0), FE_VSET(0), FE_VSET(0), FE_VSET(0)};
        for (int64_t r = 0; r < rows; r++)
            for (int k = 0; k < 4; k++) {
                const size_t at = (size_t)(r * stride) + done + (size_t)k * FE_VN;
                FE_V d = FE_VLOAD(dy + at);
                if (act != FE_ACT_LINEAR) {
                    const FE_V v = FE_VLOAD(y + at);
                    d *= FE_R(fe_act_slope)(act, v, v, c);
                    FE_VSTORE(dy + at, d);
                }
                sums[k] += d;
            }
        if (db != NULL)
            for (int k = 0; k < 4; k++) FE_VSTORE(db + done + (size_t)k * FE_VN, sums[k]);
    }
    y += done, dy += done, n -= (int64_t)done;
    db = db == NULL ? NULL : db + done;
    FE_EACH(j, m, n) {
        FE_V sum = FE_VSET(0);
        for (int64_t r = 0; r < rows; r++) {
            FE_V d = FE_R(fe_take)(dy + r * stride + j, m);
            if (act != FE_ACT_LINEAR) {
                const FE_V v = FE_R(fe_take)(y + r * stride + j, m);
                d *= FE_R(fe_act_slope)(act, v, v, c);
                FE_R(fe_put)(dy + r * stride + j, d, m);
            }
            sum += d;
        }
        if (db != NULL) FE_R(fe_put)(db + j, sum, m);
    }
}
static void FE_R(fe_delta)(int act, double c0, int64_t rows, int64_t n, const FE_REAL *y,
                           FE_REAL *dy, int64_t stride, FE_REAL *db) {
#define FE_CALL(A) FE_R(fe_act_delta)(A, c0, rows, n, y, dy, stride, db)
    FE_ACT_SWITCH(act, FE_CALL)
#undef FE_CALL
}

/* dx = dy act'(x), or added. x, y, dy (n,) IN, dx (n,) OUT. */
FE_INLINE void FE_R(fe_act_back)(const int act, double c0, int64_t n, const FE_REAL *x,
                                 const FE_REAL *y, const FE_REAL *dy, FE_REAL *dx, int add) {
    const FE_V c = FE_VSET(c0);
    FE_EACH(j, m, n) {
        FE_V d = FE_R(fe_take)(dy + j, m) *
                 FE_R(fe_act_slope)(act, FE_R(fe_take)(x + j, m), FE_R(fe_take)(y + j, m), c);
        if (add) d += FE_R(fe_take)(dx + j, m);
        FE_R(fe_put)(dx + j, d, m);
    }
}
static void FE_R(fe_activate_back)(int act, double c0, int64_t n, const FE_REAL *x,
                                   const FE_REAL *y, const FE_REAL *dy, FE_REAL *dx, int add) {
#define FE_CALL(A) FE_R(fe_act_back)(A, c0, n, x, y, dy, dx, add)
    FE_ACT_SWITCH(act, FE_CALL)
#undef FE_CALL
}

/* p = softmax(z), stable; returns log sum exp(z). z, p (n,), may be the same. */
static double FE_R(fe_softmax)(int64_t n, const FE_REAL *z, FE_REAL *p) {
    FE_REAL top = z[0];
    for (int64_t j = 1; j < n; j++) top = z[j] > top ? z[j] : top;
    FE_V sums = FE_VSET(0);
    FE_EACH(j, m, n) {
        const FE_V e = FE_VEXP(FE_R(fe_take)(z + j, m) - FE_VSET(top));
        FE_R(fe_put)(p + j, e, m);
        sums += FE_R(fe_first)(e, m);
    }
    const double sum = FE_VSUM(sums);
    const FE_V scale = FE_VSET(1 / sum);
    FE_EACH(j, m, n) FE_R(fe_put)(p + j, FE_R(fe_take)(p + j, m) * scale, m);
    return top + log(sum);
}

/* dz = p (dp - p . dp), the whole Jacobian; or added. All (n,). */
static void FE_R(fe_softmax_back)(int64_t n, const FE_REAL *p, const FE_REAL *dp, FE_REAL *dz,
                                  int add) {
    double dot = 0;
    for (int64_t j = 0; j < n; j++) dot += (double)p[j] * dp[j];
    for (int64_t j = 0; j < n; j++) {
        const FE_REAL d = p[j] * (dp[j] - (FE_REAL)dot);
        dz[j] = add ? dz[j] + d : d;
    }
}
