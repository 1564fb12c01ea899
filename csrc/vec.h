#ifndef FE_VEC_H
#define FE_VEC_H
#include "fe_base.h"
#if defined(__AVX512F__) && defined(__AVX512VL__)
#define FE_VEC_BYTES 64
#elif defined(__AVX2__)
#define FE_VEC_BYTES 32
#else
#define FE_VEC_BYTES 16
#endif
#endif
