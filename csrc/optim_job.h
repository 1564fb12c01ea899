/* optim_job.h: which optimiser, and its constants; the formulas stand in optim.h. */
#ifndef FE_OPTIM_JOB_H
#define FE_OPTIM_JOB_H

#include "fe_base.h"

enum {
    FE_OPTIM_SGD = 0,
    FE_OPTIM_MOMENTUM = 1,
    FE_OPTIM_NESTEROV = 2,
    FE_OPTIM_ADAGRAD = 3,
    FE_OPTIM_RMSPROP = 4,
    FE_OPTIM_ADAM = 5 /* AdamW with decay > 0 */
};

typedef struct {
    int kind;
    double rate;
    double momentum; /* m; Adam's beta_1 */
    double rho;      /* q; Adam's beta_2 */
    double epsilon;
    double decay; /* decoupled; 0: none */
    double l2;    /* coupled; 0: none */
    double scale; /* of the gradient: 1, less where its norm was clipped */
    double clip;  /* bound of each component; infinity: none */
} fe_optim;

#endif
