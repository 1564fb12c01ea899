/* fe_base.h: what every C file of fastembed shares: error codes, attributes, checked allocation.
 *
 * C11, no Python. Functions return an fe_status; the Cython layer turns it into an exception.
 * Nothing in csrc starts a thread: teams live in fastembed/_native.
 */
#ifndef FE_BASE_H
#define FE_BASE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

typedef enum {
    FE_OK = 0,
    FE_ENOMEM = 1,  /* an allocation failed */
    FE_EINVAL = 2,  /* an argument breaks the contract in the function's comment */
    FE_EUTF8 = 3,   /* the text is not UTF-8 */
    FE_ENONFINITE = 4, /* a value that must be finite is not */
    FE_EOVERFLOW = 5   /* a count or size does not fit its type */
} fe_status;

#if defined(__GNUC__) || defined(__clang__)
#define FE_INLINE static inline __attribute__((always_inline))
#define FE_NOINLINE __attribute__((noinline))
#define FE_UNUSED __attribute__((unused))
#define FE_LIKELY(x) __builtin_expect(!!(x), 1)
#define FE_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define FE_PREFETCH(p) __builtin_prefetch((p), 0, 3)
#define FE_PREFETCH_WRITE(p) __builtin_prefetch((p), 1, 3)
#else
#define FE_INLINE static inline
#define FE_NOINLINE
#define FE_UNUSED
#define FE_LIKELY(x) (x)
#define FE_UNLIKELY(x) (x)
#define FE_PREFETCH(p) ((void)(p))
#define FE_PREFETCH_WRITE(p) ((void)(p))
#endif

#define FE_CACHE_LINE 64 /* bytes; matrix rows are padded to it */

/* count * size bytes or NULL, also where the product overflows. */
FE_INLINE void *fe_malloc_array(size_t count, size_t size) {
    if (size != 0 && count > SIZE_MAX / size) return NULL;
    size_t bytes = count * size;
    return malloc(bytes > 0 ? bytes : 1);
}

/* The same, zeroed. */
FE_INLINE void *fe_calloc_array(size_t count, size_t size) {
    return calloc(count ? count : 1, size ? size : 1);
}

/* Aligned to a cache line; free with free(). */
FE_INLINE void *fe_malloc_aligned(size_t bytes) {
    size_t rounded = (bytes + FE_CACHE_LINE - 1) / FE_CACHE_LINE * FE_CACHE_LINE;
    if (rounded < bytes) return NULL;
    return aligned_alloc(FE_CACHE_LINE, rounded ? rounded : FE_CACHE_LINE);
}

/* The same for what is read in no order: asks for huge pages where it is large, so that a look-up
 * misses no page table. */
FE_INLINE void *fe_malloc_huge(size_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    const size_t page = (size_t)1 << 21;
    if (bytes >= 2 * page && bytes <= SIZE_MAX - page) {
        size_t rounded = (bytes + page - 1) / page * page;
        void *memory = aligned_alloc(page, rounded);
        if (memory != NULL) madvise(memory, rounded, MADV_HUGEPAGE); /* a wish: may fail */
        return memory;
    }
#endif
    return fe_malloc_aligned(bytes);
}

#endif
