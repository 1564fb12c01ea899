/* dispatch.h: which function table this processor can run. */
#ifndef FE_DISPATCH_H
#define FE_DISPATCH_H

#include "kernels.h"

/* The table of that name ("base", "v3", "v4"), or NULL where it was not compiled in or this
 * processor or its operating system does not support it. */
const fe_kernels *fe_kernels_for(const char *isa);

/* The best table that this processor supports. */
const fe_kernels *fe_kernels_best(void);

#endif
