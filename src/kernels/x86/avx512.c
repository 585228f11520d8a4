/* The kernels in AVX-512. */
#include "kernels/sets.h"

#if KERNELS_X86

#  include "kernels/x86/vec_avx512.h"

#  define ROOF_SUMS   12
#  define GEMM_ISA    avx512
#  define GEMM_VECS   4
#  define GEMM_ROWS_1 28
#  define GEMM_ROWS_2 14
#  define GEMM_ROWS_3 8
#  define GEMM_ROWS_4 6
#  define DW_ROWS     4
#  define DW_COLS     4
#  define DW_COLS_2   2
#  include "kernels/dwconv_tmpl.h"
#  include "kernels/eltwise_tmpl.h"
#  include "kernels/gemm_tmpl.h"
#  include "kernels/pool_tmpl.h"
#  include "kernels/roof_tmpl.h"

const kernels kernels_avx512 = {
    .isa = PFLD_ISA_AVX512,
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
typedef int kernels_avx512_nothing_here; /* a file of C must declare something */
#endif
