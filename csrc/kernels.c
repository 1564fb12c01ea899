/* kernels.c: compiled once per instruction set with -DFE_ISA=base|v3|v4 (see setup.py). */
#include "kernels.h"

#include "vec.h"

#define FE_CONCAT_(a, b) a##b
#define FE_CONCAT(a, b) FE_CONCAT_(a, b)
#define FE_STRING_(a) #a
#define FE_STRING(a) FE_STRING_(a)

const fe_kernels FE_CONCAT(fe_kernels_, FE_ISA) = {
    .isa = FE_STRING(FE_ISA),
    .vector_bytes = FE_VEC_BYTES,
};
