/* The training engine in doubles, beside the one in floats: the same sources, other names. */
#ifndef TESTS_TRAIN_DOUBLE_H
#define TESTS_TRAIN_DOUBLE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/pool.h"
#include "net/graph.h"
#include "train/group.h"

typedef struct double_net double_net;

typedef struct double_param {
    const char *name;
    double *value, *grad; /* [n] grad is NULL for running statistics */
    size_t n;
} double_param;

pfld_status double_net_create(const net_graph *g, size_t max_batch, pool *p, double_net **out,
                              pfld_error *err);
void double_net_free(double_net *t);
void double_net_join(double_net *t, const train_group *g);
double *double_net_input(double_net *t);
size_t double_net_output_count(const double_net *t);
const double *double_net_output(const double_net *t, size_t i);
double *double_net_output_grad(double_net *t, size_t i);
void double_net_forward(double_net *t, size_t batch, bool training);
void double_net_backward(double_net *t);
size_t double_net_param_count(const double_net *t);
double_param double_net_param(const double_net *t, size_t i);
size_t double_net_state_count(const double_net *t);
double_param double_net_state(const double_net *t, size_t i);

#endif
