/* real_float.h: the names that a file x_real.h is compiled with for float; real_double.h has those
 * for double. No include guard: each inclusion switches.
 *
 *   FE_REAL         the type              FE_R(name)   name_f32 or name_f64
 *   FE_MATH(name)   a function of math.h  FE_V...      a vector of it and its operations; one
 *                                                      double is a vector of one lane
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

#define FE_REAL float
#define FE_R(name) name##_f32
#define FE_MATH(name) name##f
#define FE_V fe_vec
#define FE_VN FE_LANES
#define FE_VLOAD(p) fe_load(p)
#define FE_VSTORE(p, x) fe_store(p, x)
#define FE_VLOAD_PART(p, n) fe_load_part(p, n)
#define FE_VSTORE_PART(p, x, n) fe_store_part(p, x, n)
#define FE_VSET(x) fe_set1((float)(x))
#define FE_VPICK(mask, a, b) fe_select((fe_veci)(mask), a, b)
#define FE_VABS(x) fe_abs(x)
#define FE_VEXP(x) fe_exp(x)
#define FE_VEXPM1(x) fe_expm1_nonpositive(x)
#define FE_VLOG(x) fe_log(x)
#define FE_VLOG1P(x) fe_log1p_unit(x) /* 0 to 1 */
#define FE_VTANH(x) fe_tanh(x)
#define FE_VSIGMOID(x) fe_sigmoid(x)
#define FE_VPHI(x) fe_normal_cdf(x)
#define FE_VSUM(x) fe_lane_sum(x)
