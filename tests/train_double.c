/* The training engine in doubles: its sources once more, under names of their own. */
#define TRAIN_DOUBLE

#define train_net             double_net
#define train_net_create      double_net_create
#define train_net_create_part double_net_create_part
#define train_net_free        double_net_free
#define train_net_join        double_net_join
#define train_gradients       double_train_gradients
#define train_input           double_net_input
#define train_output_count    double_net_output_count
#define train_output          double_net_output
#define train_output_grad     double_net_output_grad
#define train_forward         double_net_forward
#define train_backward        double_net_backward
#define train_param_count     double_net_param_count
#define train_state_count     double_net_state_count
#define train_param_at        double_train_param_at
#define train_state_at        double_train_state_at
#define train_bytes           double_train_bytes
#define train_time_steps      double_train_time_steps
#define train_export          double_train_export
#define train_build           double_train_build
#define train_plan            double_train_plan
#define train_layer_dense     double_layer_dense
#define train_layer_patches   double_layer_patches
#define train_layer_depthwise double_layer_depthwise
#define train_layer_add       double_layer_add
#define train_layer_mean      double_layer_mean
#define train_layer_flatten   double_layer_flatten
#define train_layer_concat    double_layer_concat
#define train_layer_copy      double_layer_copy
#define train_layer_upsample  double_layer_upsample
#define train_map_value       double_map_value
#define train_map_value_add   double_map_value_add
#define train_map_made        double_map_made
#define train_map_gradient    double_map_gradient
#define train_map_finish      double_map_finish
#define train_edge_write      double_edge_write
#define train_norm_forward    double_norm_forward
#define train_norm_running    double_norm_running
#define train_norm_backward   double_norm_backward
#define train_kernels_get     double_kernels_get
#define train_kernels_scalar  double_kernels_scalar
#define real_kernels_get      double_real_kernels_get

#include "train_double.h"

#include "train/engine.c"
#include "train/engine_build.c"
#define alloc_maps plan_alloc_maps /* one file now: names that several sources use privately */
#include "train/engine_plan.c"
#include "train/kernels_double.c"
#include "train/kernels_scalar.c"
#include "train/layers_conv.c"
#include "train/layers_depthwise.c"
#define smaller move_smaller
#define tile_of move_tile_of
#include "train/layers_move.c"
#include "train/layers_norm.c"

double_param double_net_param(const double_net *t, size_t i)
{
    train_param p = train_param_at(t, i);

    return (double_param){p.name, p.value, p.grad, p.n};
}

double_param double_net_state(const double_net *t, size_t i)
{
    train_param p = train_state_at(t, i);

    return (double_param){p.name, p.value, p.grad, p.n};
}
