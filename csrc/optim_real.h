/* optim_real.h: the steps of optim.h for one type of number; see real_float.h. */

/* One step of n parameters.
 * o IN, at IN: fe_optim_at; p (n,) IN/OUT; g (n,) IN; s, t (n,) IN/OUT: state, NULL where
 * fe_optim_states is less than 1 or 2. The arrays do not overlap. */
static inline void FE_R(fe_optim_step)(const fe_optim *o, fe_optim_rates at, size_t n,
                                       FE_REAL *restrict p, const FE_REAL *restrict g,
                                       FE_REAL *restrict s, FE_REAL *restrict t) {
    const FE_REAL rate = (FE_REAL)at.rate, shrink = (FE_REAL)at.shrink, m = (FE_REAL)o->momentum;
    const FE_REAL q = (FE_REAL)o->rho, eps = (FE_REAL)o->epsilon, l2 = (FE_REAL)o->l2;
    const FE_REAL scale = (FE_REAL)o->scale, high = (FE_REAL)o->clip, low = -high;
    const FE_REAL m1 = (FE_REAL)(1 - o->momentum), q1 = (FE_REAL)(1 - o->rho);
#define FE_GRADIENT(x, i)                \
    FE_REAL x = scale * g[i];            \
    x = x > high ? high : x;             \
    x = x < low ? low : x;               \
    x += l2 * p[i];
    switch (o->kind) {
    case FE_OPTIM_SGD:
        for (size_t i = 0; i < n; i++) {
            FE_GRADIENT(x, i)
            p[i] = p[i] * shrink - rate * x;
        }
        break;
    case FE_OPTIM_MOMENTUM:
        for (size_t i = 0; i < n; i++) {
            FE_GRADIENT(x, i)
            s[i] = m * s[i] - rate * x;
            p[i] = p[i] * shrink + s[i];
        }
        break;
    case FE_OPTIM_NESTEROV:
        for (size_t i = 0; i < n; i++) {
            FE_GRADIENT(x, i)
            s[i] = m * s[i] - rate * x;
            p[i] = p[i] * shrink + (m * s[i] - rate * x);
        }
        break;
    case FE_OPTIM_ADAGRAD:
        for (size_t i = 0; i < n; i++) {
            FE_GRADIENT(x, i)
            s[i] += x * x;
            p[i] = p[i] * shrink - rate * x / FE_MATH(sqrt)(s[i] + eps);
        }
        break;
    case FE_OPTIM_RMSPROP:
        for (size_t i = 0; i < n; i++) {
            FE_GRADIENT(x, i)
            s[i] = q * s[i] + q1 * (x * x);
            p[i] = p[i] * shrink - rate * x / FE_MATH(sqrt)(s[i] + eps);
        }
        break;
    default: /* FE_OPTIM_ADAM */
        for (size_t i = 0; i < n; i++) {
            FE_GRADIENT(x, i)
            s[i] = m * s[i] + m1 * x;
            t[i] = q * t[i] + q1 * (x * x);
            p[i] = p[i] * shrink - rate * s[i] / (FE_MATH(sqrt)(t[i]) + eps);
        }
    }
#undef FE_GRADIENT
}
