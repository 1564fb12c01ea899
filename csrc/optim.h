/* optim.h: one step of an optimiser, in one pass over parameters, gradients and state.
 *
 * With g the gradient after clipping and decay, r the rate:
 *   sgd       p -= r g
 *   momentum  s = m s - r g;  p += s                                (Polyak)
 *   nesterov  s = m s - r g;  p += m s - r g                        (Sutskever et al. 2013)
 *   adagrad   s += g^2;  p -= r g / sqrt(s + eps)                   (Duchi et al. 2011)
 *   rmsprop   s = q s + (1 - q) g^2;  p -= r g / sqrt(s + eps)      (Tieleman & Hinton 2012)
 *   adam      s = m s + (1 - m) g;  t = q t + (1 - q) g^2;
 *             p -= r' s / (sqrt(t) + eps),  r' = r sqrt(1 - q^n) / (1 - m^n)  in step n
 *                                                                   (Kingma & Ba 2015)
 * g = clip(scale * gradient, -clip, clip) + l2 p is coupled decay; decoupled decay (AdamW,
 * Loshchilov & Hutter 2019) is p -= r decay p before the step. eps stands where Keras has it.
 */
#ifndef FE_OPTIM_H
#define FE_OPTIM_H

#include <math.h>

#include "optim_job.h"

/* How many arrays of state beside the parameters: 0, 1 or 2. */
FE_INLINE int fe_optim_states(int kind) {
    return kind == FE_OPTIM_SGD ? 0 : kind == FE_OPTIM_ADAM ? 2 : 1;
}

/* What the step itself needs: rates with Adam's correction of step n = 1, 2, ... in them. */
typedef struct {
    double rate;   /* r or r' */
    double shrink; /* 1 - r decay */
} fe_optim_rates;
FE_INLINE fe_optim_rates fe_optim_at(const fe_optim *o, uint64_t n) {
    fe_optim_rates at = {o->rate, 1 - o->rate * o->decay};
    if (o->kind == FE_OPTIM_ADAM)
        at.rate *= sqrt(1 - pow(o->rho, (double)n)) / (1 - pow(o->momentum, (double)n));
    return at;
}

/* fe_optim_step_f32 and fe_optim_step_f64 */
#include "real_float.h"
#include "optim_real.h"
#include "real_double.h"
#include "optim_real.h"

#endif
