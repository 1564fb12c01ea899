/* nn.h: training and evaluating dense networks: the phases of nn_job.h for float and double.
 *
 * Formulas, gradients and the flow of data: docs/nn.md. Reverse-mode differentiation of a program
 * of operations (Rumelhart, Hinton & Williams 1986).
 */
#ifndef FE_NN_H
#define FE_NN_H

#include "matmul.h"
#include "nn_job.h"
#include "normal.h"
#include "optim.h"

#include "real_float.h"
#include "activations_real.h"
#include "losses_real.h"
#include "dense_real.h"
#include "layers_real.h"
#include "nn_real.h"

#include "real_double.h"
#include "activations_real.h"
#include "losses_real.h"
#include "dense_real.h"
#include "layers_real.h"
#include "nn_real.h"

#endif
