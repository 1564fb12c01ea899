/* dispatch.c: the CPU probe. The x86-64 levels are those of the System V psABI: a level counts
 * only if every feature of it is there and the operating system saves the registers. */
#include "dispatch.h"

#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
/* __builtin_cpu_supports checks cpuid and xgetbv. The psABI names ("x86-64-v3") need GCC 12 or
 * Clang 17, so the features are listed. */
static int supports_v3(void) {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
           __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("sse4.2");
}
static int supports_v4(void) {
    return supports_v3() && __builtin_cpu_supports("avx512f") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}
#else
static int supports_v3(void) { return 0; }
static int supports_v4(void) { return 0; }
#endif

const fe_kernels *fe_kernels_for(const char *isa) {
    if (strcmp(isa, "base") == 0) return &fe_kernels_base;
#ifdef FE_HAVE_V3
    if (strcmp(isa, "v3") == 0) return supports_v3() ? &fe_kernels_v3 : NULL;
#endif
#ifdef FE_HAVE_V4
    if (strcmp(isa, "v4") == 0) return supports_v4() ? &fe_kernels_v4 : NULL;
#endif
    (void)supports_v3;
    (void)supports_v4;
    return NULL;
}

const fe_kernels *fe_kernels_best(void) {
    const fe_kernels *best = fe_kernels_for("v4");
    if (best == NULL) best = fe_kernels_for("v3");
    return best != NULL ? best : fe_kernels_for("base");
}
