/* kn_job.h: what discounting works on, as the kernels and the Cython layer both see it. */
#ifndef FE_KN_JOB_H
#define FE_KN_JOB_H

#include "fe_base.h"

/* A row's value at first, then its probability. */
typedef union {
    uint32_t value;
    float prob;
} fe_kn_cell;

/* Of one context: the sum of the values of its n-grams, and how many have the values 1, 2, more. */
typedef struct {
    uint32_t total, n1, n2, n3;
} fe_kn_sum;

#endif
