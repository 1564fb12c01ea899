/* real_double.h: what real_float.h is, for double: exact rather than fast, for checks of gradients
 * and for worked examples. A vector has one lane and the functions are those of math.h.
 */
#include "vec_math.h"

#undef FE_REAL
#undef FE_R
#undef FE_MATH
#undef FE_V
#undef FE_VN
#undef FE_VLOAD
#undef FE_VSTORE
#undef FE_VLOAD_PART
#undef FE_VSTORE_PART
#undef FE_VSET
#undef FE_VPICK
#undef FE_VABS
#undef FE_VEXP
#undef FE_VEXPM1
#undef FE_VLOG
#undef FE_VLOG1P
#undef FE_VTANH
#undef FE_VSIGMOID
#undef FE_VPHI
#undef FE_VSUM

#define FE_REAL double
#define FE_R(name) name##_f64
#define FE_MATH(name) name
#define FE_V double
#define FE_VN 1
#define FE_VLOAD(p) (*(p))
#define FE_VSTORE(p, x) (*(p) = (x))
#define FE_VLOAD_PART(p, n) ((void)(n), *(p))
#define FE_VSTORE_PART(p, x, n) ((void)(n), *(p) = (x))
#define FE_VSET(x) ((double)(x))
#define FE_VPICK(mask, a, b) ((mask) ? (a) : (b))
#define FE_VABS(x) fabs(x)
#define FE_VEXP(x) exp(x)
#define FE_VEXPM1(x) expm1(x)
#define FE_VLOG(x) log(x)
#define FE_VLOG1P(x) log1p(x)
#define FE_VTANH(x) tanh(x)
#define FE_VSIGMOID(x) fe_sigmoid_double(x)
#define FE_VPHI(x) (0.5 * erfc(-0.70710678118654752440 * (x)))
#define FE_VSUM(x) (x)
