/* huffman.h: the binary tree of hierarchical softmax (Huffman 1952; Morin & Bengio 2005).
 *
 * Leaves are the n words, inner nodes 0 .. n - 2 in the order in which they are made, so the root
 * is n - 2. Only the way up is kept, one number a node: 8 bytes a word, however deep the tree.
 */
#ifndef FE_HUFFMAN_H
#define FE_HUFFMAN_H

#include "fe_base.h"

#define FE_HUFFMAN_ROOT UINT32_MAX

/* counts IN (n,), descending; up OUT (2n - 1,): up[i] = 2 * parent + bit for leaf i < n and for
 * inner node i - n, FE_HUFFMAN_ROOT for the root. Two queues: leaves from the least frequent up,
 * and inner nodes in the order of their making, are both sorted. 1 <= n < 2^30. */
static inline fe_status fe_huffman_build(const int64_t *counts, uint32_t n, uint32_t *up) {
    if (n == 0 || n >= (UINT32_C(1) << 30)) return FE_EINVAL;
    int64_t *weight = fe_malloc_array(n, sizeof *weight);
    if (weight == NULL) return FE_ENOMEM;
    uint32_t leaf = n, inner = 0; /* leaf - 1 is the next leaf */
    for (uint32_t made = 0; made + 1 < n; made++) {
        int64_t total = 0;
        for (uint32_t bit = 0; bit < 2; bit++) {
            uint32_t node;
            if (leaf > 0 && (inner == made || counts[leaf - 1] <= weight[inner])) {
                node = --leaf;
                total += counts[node];
            } else {
                total += weight[inner];
                node = n + inner++;
            }
            up[node] = 2 * made + bit;
        }
        weight[made] = total;
    }
    up[2 * (size_t)n - 2] = FE_HUFFMAN_ROOT;
    free(weight);
    return FE_OK;
}

#define FE_HUFFMAN_DEEPEST 1000

/* Inner nodes on the longest way from a leaf to the root, or 0 if up is no tree over n leaves or is
 * deeper than FE_HUFFMAN_DEEPEST (a tree that grew very often, or a damaged file). */
static inline uint32_t fe_huffman_depth(const uint32_t *up, uint32_t n) {
    uint32_t deepest = 0;
    for (uint32_t leaf = 0; leaf < n; leaf++) {
        uint32_t depth = 0;
        for (uint32_t node = up[leaf]; node != FE_HUFFMAN_ROOT; node = up[n + (node >> 1)]) {
            if ((node >> 1) >= n - 1 || ++depth > FE_HUFFMAN_DEEPEST) return 0;
        }
        if (depth > deepest) deepest = depth;
    }
    return deepest;
}

#endif
