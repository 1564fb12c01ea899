/* spin.h: how a thread waits for a moment for what another one is just finishing. */
#ifndef FE_SPIN_H
#define FE_SPIN_H

#include <sched.h>

#include "fe_base.h"

#define FE_SPINS 2000 /* before the processor is offered to others: tens of microseconds */

/* Between two looks; INOUT how many there were. */
FE_INLINE void fe_spin(int *spins) {
    if (*spins >= FE_SPINS) {
        sched_yield();
        return;
    }
    ++*spins;
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

#endif
