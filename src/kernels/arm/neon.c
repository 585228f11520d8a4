/* The kernels in NEON. */
#include "kernels/sets.h"

#if KERNELS_ARM

#  include "kernels/arm/vec_neon.h"

/* Of 32 registers, a tile needs rows * vecs for its sums, rows for A and vecs for B: gcc keeps none
 * of these heights in memory, and the next ones partly. */
#  define GEMM_ISA    neon
#  define GEMM_VECS   4
#  define GEMM_ROWS_1 12
#  define GEMM_ROWS_2 8
#  define GEMM_ROWS_3 6
#  define GEMM_ROWS_4 5
#  define ROOF_SUMS   12
#  define DW_ROWS     4
#  define DW_COLS     2
#  define DW_COLS_2   2
#  include "kernels/dwconv_tmpl.h"
#  include "kernels/eltwise_tmpl.h"
#  include "kernels/gemm_tmpl.h"
#  include "kernels/pool_tmpl.h"
#  include "kernels/roof_tmpl.h"

const kernels kernels_neon = {
    .isa = PFLD_ISA_NEON,
    .gemm_mr = GEMM_ROWS_4,
    .gemm_nr = (size_t)GEMM_VECS * VL,
    .gemm_packed_size = gemm_packed_size,
    .gemm_packs_itself = gemm_packs_itself,
    .gemm_pack = gemm_pack,
    .gemm = gemm_run,
    .dwconv = dwconv_run,
    .pool = pool_run,
    .unary = unary_run,
    .binary = binary_run,
    .roof = roof_run,
};

#else
typedef int kernels_neon_nothing_here; /* a file of C must declare something */
#endif
