/* kernels_nn.c: the networks' part of the table of kernels.h, compiled once per instruction set like
 * kernels.c and apart from it: both are long to compile. */
#include "kernels.h"

#include "nn.h"

#define FE_CONCAT_(a, b) a##b
#define FE_CONCAT(a, b) FE_CONCAT_(a, b)

const struct fe_nn_kernels FE_CONCAT(fe_nn_kernels_, FE_ISA) = {
    .tiles_f32 = fe_nn_tiles_f32,
    .tile_f32 = fe_nn_tile_f32,
    .tiles_f64 = fe_nn_tiles_f64,
    .tile_f64 = fe_nn_tile_f64,
    .matmul_f32 = fe_matmul_f32,
};
