/* The kernels in WebAssembly's SIMD128. */
#include "kernels/sets.h"

#if KERNELS_WASM

#  include "kernels/wasm/vec_wasm128.h"

/* Engines on x86 have 15 registers to give: sums, vectors of B, a value of A, a product. */
#  define ROOF_SUMS   10
#  define GEMM_ISA    wasm128
#  define GEMM_VECS   2
#  define GEMM_ROWS_1 8
#  define GEMM_ROWS_2 6
#  define DW_ROWS     2
#  define DW_COLS     2
#  define DW_COLS_2   2
#  include "kernels/dwconv_tmpl.h"
#  include "kernels/eltwise_tmpl.h"
#  include "kernels/gemm_tmpl.h"
#  include "kernels/pool_tmpl.h"
#  include "kernels/roof_tmpl.h"

const kernels kernels_wasm128 = {
    .isa = PFLD_ISA_WASM128,
    .gemm_mr = GEMM_ROWS_2,
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
typedef int kernels_wasm128_nothing_here; /* a file of C must declare something */
#endif
