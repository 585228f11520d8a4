/* Forward and backward passes of a graph over a batch: the steps one after the other. */
#include "train/engine.h"

#include <assert.h>
#include <string.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/mem.h"
#include "net/shape.h"
#include "train/engine_net.h"
#include "train/pages.h"

static const train_layer *layer_of(train_kind kind)
{
    static const train_layer *const layers[TRAIN_KINDS] = {
        [TRAIN_DENSE] = &train_layer_dense,         [TRAIN_PATCHES] = &train_layer_patches,
        [TRAIN_DEPTHWISE] = &train_layer_depthwise, [TRAIN_ADD] = &train_layer_add,
        [TRAIN_MEAN] = &train_layer_mean,           [TRAIN_FLATTEN] = &train_layer_flatten,
        [TRAIN_CONCAT] = &train_layer_concat,       [TRAIN_UPSAMPLE] = &train_layer_upsample,
        [TRAIN_COPY] = &train_layer_copy,
    };

    return layers[kind];
}

/* --- running --- */

/* One pass of a step, for the pool. */
struct stage {
    const train_net *t;
    const train_step *s;
    void (*run)(const train_net *t, const train_step *s, const train_chunk *c);
};

static void stage_task(void *ctx, size_t task, size_t thread)
{
    const struct stage *g = ctx;
    const train_chunk *c = &g->t->chunks[task];

    (void)thread; /* scratch belongs to the chunk: which thread it is changes no bit */
    if (c->first < c->end)
        g->run(g->t, g->s, c);
}

static void stage_run(const train_net *t, struct stage g)
{
    pool_run(t->pool, stage_task, &g, t->n_chunks);
}

static void pack_task(void *ctx, size_t task, size_t thread)
{
    const train_net *t = ctx;
    const train_step *s = &t->steps[task];

    (void)thread;
    if (layer_of(s->kind)->pack)
        layer_of(s->kind)->pack(t, s);
}

/* The chunks' parts of the weights' gradients, into one. */
struct reduction {
    const train_net *t;
    real *to;
    size_t offset, n; /* in the chunks' parts */
    size_t piece;     /* numbers of a task */
};

static void reduce_task(void *ctx, size_t task, size_t thread)
{
    const struct reduction *r = ctx;
    size_t first = task * r->piece, n = r->n - first < r->piece ? r->n - first : r->piece;
    real *to = r->to + first;

    (void)thread;
    memset(to, 0, n * sizeof *to);
    for (size_t i = 0; i < r->t->n_chunks; i++)
        if (r->t->chunks[i].first < r->t->chunks[i].end)
            r->t->k->add(to, r->t->chunks[i].weight_grad + r->offset + first, n);
}

static void reduce(const train_net *t, const train_slot *s, size_t offset)
{
    enum { PIECE = 16 * 1024 };
    struct reduction r = {t, s->shown.grad, offset, s->shown.n, PIECE};

    pool_run(t->pool, reduce_task, &r, (r.n + PIECE - 1) / PIECE);
}

/* Not trained: then its statistics are not those of the batch either. */
static bool is_fixed(const train_norm *n)
{
    return !n->gamma->shown.grad;
}

static void begin(train_net *t, size_t batch, bool training)
{
    assert(batch >= 1 && batch <= t->max_batch);
    t->batch = batch;
    t->training = training;
    for (size_t i = 0; i < t->n_chunks; i++) {
        t->chunks[i].first = batch * i / t->n_chunks;
        t->chunks[i].end = batch * (i + 1) / t->n_chunks;
    }
    memset(t->sums, 0, t->n_sums * sizeof *t->sums);
    for (size_t i = 0; i < t->n_maps; i++) {
        const train_map *m = &t->maps[i];

        if (m->norm && training && !is_fixed(m->norm))
            memcpy(m->center, m->norm->mean->shown.value, m->c * sizeof *m->center);
        else if (m->norm)
            train_norm_running(m);
    }
    pool_run(t->pool, pack_task, t, t->n_steps);
}

static void step_forward(const train_net *t, const train_step *s)
{
    stage_run(t, (struct stage){t, s, layer_of(s->kind)->forward});
    if (s->out->norm && t->training && !is_fixed(s->out->norm))
        train_norm_forward(t, s->out);
}

static void step_backward(const train_net *t, const train_step *s)
{
    if (!s->out->grad) /* nobody behind it learns */
        return;
    train_norm_backward(t, s->out);
    stage_run(t, (struct stage){t, s, layer_of(s->kind)->backward});
    if (s->weight && s->weight->shown.grad)
        reduce(t, s->weight, 0);
    if (s->bias && s->bias->shown.grad) {
        assert(s->weight);
        reduce(t, s->bias, s->weight->shown.n);
    }
}

void train_forward(train_net *t, size_t batch, bool training)
{
    begin(t, batch, training);
    for (size_t i = 0; i < t->n_steps; i++)
        step_forward(t, &t->steps[i]);
}

void train_backward(train_net *t)
{
    assert(t->training && t->batch);
    memset(t->sums, 0, t->n_sums * sizeof *t->sums);
    for (size_t i = t->n_steps; i-- > 0;)
        step_backward(t, &t->steps[i]);
}

static void keep_least(double *best, double seconds, bool fresh)
{
    if (fresh || seconds < *best)
        *best = seconds;
}

void train_time_steps(train_net *t, size_t batch, double (*now)(void), double *best, bool fresh)
{
    double start;

    begin(t, batch, true);
    for (size_t i = 0; i < t->n_steps; i++) {
        start = now();
        step_forward(t, &t->steps[i]);
        keep_least(&best[2 * i], now() - start, fresh);
    }
    memset(t->sums, 0, t->n_sums * sizeof *t->sums);
    for (size_t i = t->n_steps; i-- > 0;) {
        start = now();
        step_backward(t, &t->steps[i]);
        keep_least(&best[2 * i + 1], now() - start, fresh);
    }
}

/* --- making --- */

/* One after the other, so that they can be added to other processes' in one go. */
static pfld_status alloc_gradients(train_net *t, pfld_error *err)
{
    enum { ALIGN = 64 / sizeof(real) };
    real *grad;

    for (size_t i = 0; i < t->n_params; i++)
        if (!checked_add(t->n_grads, (t->params[i].shown.n + ALIGN - 1) / ALIGN * ALIGN,
                         &t->n_grads))
            return error_nomem(err);
    t->grads = grad = arena_alloc(&t->mem, t->n_grads, sizeof *grad);
    if (!grad)
        return error_nomem(err);
    for (size_t i = 0; i < t->n_params; i++) {
        t->params[i].shown.grad = grad;
        grad += (t->params[i].shown.n + ALIGN - 1) / ALIGN * ALIGN;
    }
    return PFLD_OK;
}

static bool alloc_map(train_net *t, train_map *m)
{
    m->center = arena_alloc(&t->mem, m->c, sizeof(real));
    m->scale = arena_alloc(&t->mem, m->c, sizeof(real));
    m->shift = arena_alloc(&t->mem, m->c, sizeof(real));
    if (!m->center || !m->scale || !m->shift)
        return false;
    for (size_t c = 0; c < m->c; c++)
        m->scale[c] = 1;
    return checked_add(t->n_sums, t->n_chunks * TRAIN_SUMS * m->c, &t->n_sums);
}

static pfld_status alloc_maps(train_net *t, pfld_error *err)
{
    size_t widest = 0;
    double *sum;

    for (size_t i = 0; i < t->n_maps; i++) {
        if (!alloc_map(t, &t->maps[i]))
            return error_nomem(err);
        widest = t->maps[i].c > widest ? t->maps[i].c : widest;
    }
    t->norm_sums = arena_alloc(&t->mem, 2 * widest + 1, sizeof *t->norm_sums);
    if (!t->norm_sums)
        return error_nomem(err);
    t->sums = sum = arena_alloc(&t->mem, t->n_sums, sizeof *sum);
    if (!sum)
        return error_nomem(err);
    for (size_t i = 0; i < t->n_maps; i++) {
        t->maps[i].sum = sum;
        sum += t->n_chunks * TRAIN_SUMS * t->maps[i].c;
    }
    return PFLD_OK;
}

static bool alloc_step(train_net *t, train_step *s)
{
    if (s->kind == TRAIN_DENSE || s->kind == TRAIN_PATCHES)
        s->packed = arena_alloc(&t->mem, t->rk->gemm_packed_size(s->k, s->n), sizeof(real));
    if (!s->weight || (s->kind != TRAIN_DEPTHWISE && !s->in[0].needed))
        return !s->weight || s->packed;
    s->packed_back = arena_alloc(&t->mem,
                                 s->kind == TRAIN_DEPTHWISE ? s->weight->shown.n
                                                            : t->rk->gemm_packed_size(s->n, s->k),
                                 sizeof(real));
    return s->packed_back && (s->packed || s->kind == TRAIN_DEPTHWISE);
}

static pfld_status alloc_steps(train_net *t, pfld_error *err)
{
    size_t scratch = 0, weights = 0;

    for (size_t i = 0; i < t->n_steps; i++) {
        train_step *s = &t->steps[i];
        size_t need = layer_of(s->kind)->scratch(t, s);
        size_t own = s->weight ? s->weight->shown.n + (s->bias ? s->bias->shown.n : 0) : 0;

        scratch = need > scratch ? need : scratch;
        weights = own > weights ? own : weights;
        if (!alloc_step(t, s))
            return error_nomem(err);
    }
    for (size_t i = 0; i < t->n_chunks; i++) {
        train_chunk *c = &t->chunks[i];

        c->index = i;
        c->scratch = arena_alloc(&t->mem, scratch, sizeof(real));
        c->weight_grad = arena_alloc(&t->mem, weights, sizeof(real));
        if (!c->scratch || !c->weight_grad)
            return error_nomem(err);
    }
    return PFLD_OK;
}

/* The clone with the shapes of one sample; maps and steps out of it. */
static pfld_status create_all(train_net *t, const net_graph *g, pfld_error *err)
{
    pfld_status status = net_graph_clone(g, &t->g, err);

    if (status != PFLD_OK)
        return status;
    for (size_t i = 0; i < t->g->n_inputs; i++) {
        net_value *v = &t->g->values[t->g->inputs[i]];

        if (v->has_shape && v->shape.rank > 0)
            v->shape.dim[0] = 1;
    }
    t->chunks = arena_alloc(&t->mem, t->n_chunks, sizeof *t->chunks);
    if (!t->chunks)
        return error_nomem(err);
    if ((status = net_graph_sort(t->g, err)) != PFLD_OK ||
        (status = net_infer_shapes(t->g, err)) != PFLD_OK ||
        (status = train_build(t, err)) != PFLD_OK ||
        (status = alloc_gradients(t, err)) != PFLD_OK || (status = alloc_maps(t, err)) != PFLD_OK ||
        (status = train_plan(t, err)) != PFLD_OK)
        return status;
    return alloc_steps(t, err);
}

pfld_status train_net_create_part(const net_graph *g, const char *part, size_t max_batch, pool *p,
                                  train_net **out, pfld_error *err)
{
    pfld_status status;
    train_net *t;

    *out = NULL;
    if (!max_batch)
        return error_set(err, PFLD_ERR_ARG, "a batch needs at least one sample");
    t = mem_alloc(1, sizeof *t);
    if (!t)
        return error_nomem(err);
    t->source = g;
    t->part = part;
    t->pool = p;
    t->n_chunks = pool_thread_count(p);
    t->max_batch = max_batch;
    t->k = train_kernels_get(PFLD_ISA_AUTO);
    t->rk = real_kernels_get(PFLD_ISA_AUTO);
    status = create_all(t, g, err);
    if (status != PFLD_OK) {
        train_net_free(t);
        return status;
    }
    *out = t;
    return PFLD_OK;
}

pfld_status train_net_create(const net_graph *g, size_t max_batch, pool *p, train_net **out,
                             pfld_error *err)
{
    return train_net_create_part(g, NULL, max_batch, p, out, err);
}

void train_net_free(train_net *t)
{
    if (!t)
        return;
    pages_free(t->pages, t->pages_bytes);
    net_graph_free(t->g);
    arena_free(&t->mem);
    mem_free(t);
}

void train_net_join(train_net *t, const train_group *g)
{
    t->group = g;
}

/* --- looking in --- */

real *train_input(train_net *t)
{
    return t->input->raw;
}

size_t train_output_count(const train_net *t)
{
    return t->n_outputs;
}

const real *train_output(const train_net *t, size_t i)
{
    assert(i < t->n_outputs);
    return t->outputs[i]->raw;
}

real *train_output_grad(train_net *t, size_t i)
{
    assert(i < t->n_outputs);
    return t->outputs[i]->grad;
}

size_t train_param_count(const train_net *t)
{
    return t->n_params;
}

train_param train_param_at(const train_net *t, size_t i)
{
    assert(i < t->n_params);
    return t->params[i].shown;
}

real *train_gradients(train_net *t, size_t *n)
{
    *n = t->n_grads;
    return t->grads;
}

size_t train_state_count(const train_net *t)
{
    return t->n_states;
}

train_param train_state_at(const train_net *t, size_t i)
{
    assert(i < t->n_states);
    return t->states[i].shown;
}

size_t train_bytes(const train_net *t)
{
    return sizeof *t + t->mem.used + t->g->mem.used + t->pages_bytes;
}
