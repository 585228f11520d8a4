/* The kernels in AVX2 with FMA. */
#include "kernels/sets.h"

#if KERNELS_X86

#  include "kernels/x86/vec_avx2.h"

#  define ROOF_SUMS   12
#  define GEMM_ISA    avx2
#  define GEMM_VECS   2
#  define GEMM_ROWS_1 8
#  define GEMM_ROWS_2 6
#  define DW_ROWS     2
#  define DW_COLS     4
#  define DW_COLS_2   4
#  include "kernels/dwconv_tmpl.h"
#  include "kernels/eltwise_tmpl.h"
#  include "kernels/gemm_tmpl.h"
#  include "kernels/pool_tmpl.h"
#  include "kernels/roof_tmpl.h"

/* Of floats AVX-VNNI has nothing to add. */
#  define AVX2_TABLE(set)                                                                          \
    {                                                                                              \
      .isa = (set), .gemm_mr = GEMM_ROWS_2, .gemm_nr = (size_t)GEMM_VECS * VL,                     \
      .gemm_packed_size = gemm_packed_size, .gemm_packs_itself = gemm_packs_itself,                \
      .gemm_pack = gemm_pack, .gemm = gemm_run, .dwconv = dwconv_run, .pool = pool_run,            \
      .unary = unary_run, .binary = binary_run, .roof = roof_run,                                  \
    }

const kernels kernels_avx2 = AVX2_TABLE(PFLD_ISA_AVX2);
const kernels kernels_avxvnni = AVX2_TABLE(PFLD_ISA_AVXVNNI);

#else
typedef int kernels_avx2_nothing_here; /* a file of C must declare something */
#endif
