/* The kernels of training in AVX2 with FMA. */
#include "train/kernels_sets.h"

#if KERNELS_X86 && !defined(TRAIN_DOUBLE)

#  include "kernels/x86/vec_avx2.h"

#  include "train/kernels_rows_tmpl.h"
#  include "train/kernels_window_tmpl.h"

const train_kernels train_kernels_avx2 = {
    .isa = PFLD_ISA_AVX2,
    .value = value_run,
    .moments = moments_run,
    .mask = mask_run,
    .blend = blend_run,
    .add = add_run,
    .fetch = fetch_run,
    .depthwise_weight = depthwise_weight_run,
    .depthwise_input = depthwise_input_run,
    .gather = gather_run,
    .scatter = scatter_run,
};

#else
typedef int train_kernels_avx2_nothing_here; /* a file of C must declare something */
#endif
