/* kernels.h: the function table. csrc/kernels.c is compiled once per instruction set and exports
 * one table; fastembed/_native/_kernels chooses one of them at import. Everything that gains from
 * SIMD is called through this table, once per chunk of work, so the indirect call costs nothing.
 */
#ifndef FE_KERNELS_H
#define FE_KERNELS_H

#include "fe_base.h"

typedef struct {
    const char *isa; /* "base", "v3", "v4" on x86-64; "base" elsewhere */
    int vector_bytes; /* width of one vector register as these kernels use it */
} fe_kernels;

/* Tables that may be compiled in; a missing one is NULL in fe_kernels_for(). */
extern const fe_kernels fe_kernels_base;
#ifdef FE_HAVE_V3
extern const fe_kernels fe_kernels_v3;
#endif
#ifdef FE_HAVE_V4
extern const fe_kernels fe_kernels_v4;
#endif

#endif
