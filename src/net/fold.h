/* Rewrites that leave the function as it is and the work smaller. */
#ifndef NET_FOLD_H
#define NET_FOLD_H

#include "net/graph.h"

/*
 * Needs net_infer_shapes() before. Folds into the producing Conv, ConvTranspose or Gemm that only
 * this node reads: batch normalisation, and +, -, *, / by a constant for each channel; zero Pad
 * into the Conv or pool that reads it, where the pool's padding means the same; x * HardSigmoid(x)
 * and its spellings with Clip into HardSwish (whatever the opset: a folded net is for running, and
 * a file of it needs opset 14); a BatchNormalization that stays becomes Mul and Add of constants,
 * [C][1][1] for maps. Goes round Identity, Dropout, Cast to the same kind, whole-range Slice,
 * Reshape to the same shape, pairs of Transpose and the like, and removes nodes that nobody reads.
 * New constants are fresh: shared ones stay intact. They are limited to 16 Mi elements plus four
 * times those that there are; what would go beyond simply stays. Weights are folded in double.
 * The nodes are sorted afterwards. Fails only with PFLD_ERR_NOMEM; then the graph is of no use.
 */
pfld_status net_fold(net_graph *g, pfld_error *err);

#endif
