/* What all steps do with maps: batch normalisation and activation, there and back. */
#include <math.h>
#include <string.h>

#include "train/engine_net.h"

static bool is_plain(const train_map *m)
{
    return !m->norm && m->act == TRAIN_LINEAR;
}

static train_rows rows_of(const train_map *m, size_t row, size_t rows)
{
    return (train_rows){.rows = rows,
                        .c = m->c,
                        .x = m->raw + row * m->c,
                        .scale = m->scale,
                        .shift = m->shift,
                        .slope = m->slope ? m->slope->shown.value : NULL,
                        .act = m->act};
}

static void set_sums(train_rows *r, const train_map *m, const train_chunk *c)
{
    for (size_t i = 0; i < TRAIN_SUMS; i++)
        r->sum[i] = m->sum + (c->index * TRAIN_SUMS + i) * m->c;
}

const real *train_map_value(const train_net *t, const train_map *m, size_t row, size_t rows,
                            real *buf)
{
    train_rows r = rows_of(m, row, rows);

    if (is_plain(m)) { /* products read many rows at once, which memory is slow to see */
        t->k->fetch(r.x, rows * m->c);
        return r.x;
    }
    r.y = buf;
    t->k->value(&r);
    return buf;
}

void train_map_value_add(const train_net *t, const train_map *m, size_t row, size_t rows,
                         const real *add, real *to)
{
    train_rows r = rows_of(m, row, rows);

    if (!is_plain(m)) {
        r.d = add;
        r.y = to;
        t->k->value(&r);
    } else {
        const real *from = r.x;

        if (add == to)
            t->k->add(to, from, rows * m->c);
        else
            memcpy(to, from, rows * m->c * sizeof *to);
        if (add && add != to)
            t->k->add(to, add, rows * m->c);
    }
}

void train_map_made(const train_net *t, const train_map *m, const train_chunk *c, size_t row,
                    size_t rows)
{
    train_rows r = rows_of(m, row, rows);

    if (!m->norm || !t->training)
        return;
    r.center = m->center;
    set_sums(&r, m, c);
    t->k->moments(&r);
}

const real *train_map_gradient(const train_net *t, const train_map *m, size_t row, size_t rows,
                               real *buf)
{
    train_rows r = rows_of(m, row, rows);

    r.d = m->grad + row * m->c;
    if (!m->norm) {
        t->k->fetch(r.d, rows * m->c);
        return r.d;
    }
    r.scale = m->norm->grad_scale;
    r.shift = m->norm->grad_shift;
    r.center = m->norm->grad_center;
    r.y = buf;
    t->k->blend(&r);
    return buf;
}

/* As deep as sums that share one gradient follow each other: a row of residual blocks. */
// NOLINTNEXTLINE(misc-no-recursion)
void train_map_finish(const train_net *t, const train_map *m, const train_chunk *c, size_t row,
                      size_t rows)
{
    train_rows r = rows_of(m, row, rows);

    if (!is_plain(m)) {
        r.d = r.y = m->grad + row * m->c;
        r.center = m->center;
        set_sums(&r, m, c);
        t->k->mask(&r);
    }
    for (size_t i = 0; i < m->n_children; i++)
        train_map_finish(t, m->child[i], c, row, rows);
}

void train_edge_write(const train_net *t, const train_edge *e, const train_chunk *c, size_t row,
                      size_t rows, const real *from)
{
    real *grad = e->map->grad + row * e->map->c;
    size_t n = rows * e->map->c;

    if (e->first && grad != from)
        memcpy(grad, from, n * sizeof *grad);
    else if (!e->first)
        t->k->add(grad, from, n);
    if (e->last)
        train_map_finish(t, e->map, c, row, rows);
}

/* The sum of all chunks, in their order. */
static double sum_of(const train_net *t, const train_map *m, size_t which, size_t channel)
{
    double sum = 0;

    for (size_t i = 0; i < t->n_chunks; i++)
        sum += m->sum[(i * TRAIN_SUMS + which) * m->c + channel];
    return sum;
}

/* The first two sums of each channel over all processes, one behind the other, and behind them how
 * many numbers went into each: shares of a batch are not always alike. */
static const double *sums_of_all(const train_net *t, const train_map *m)
{
    double *sums = t->norm_sums;

    for (size_t c = 0; c < m->c; c++) {
        sums[c] = sum_of(t, m, 0, c);
        sums[m->c + c] = sum_of(t, m, 1, c);
    }
    sums[2 * m->c] = (double)(t->batch * m->pixels);
    group_sum(t->group, sums, 2 * m->c + 1);
    return sums;
}

/* From mean and variance to what readers apply. */
static void set_affine(const train_map *m, size_t c, double mean, double var)
{
    const train_norm *b = m->norm;
    double deviation = 1 / sqrt(var + b->epsilon);
    double scale = (double)b->gamma->shown.value[c] * deviation;

    b->batch_mean[c] = (real)mean;
    b->deviation[c] = (real)deviation;
    m->scale[c] = (real)scale;
    m->shift[c] = (real)((double)b->beta->shown.value[c] - mean * scale);
}

static real mixed(real old, double share, double fresh)
{
    return (real)((double)old + share * (fresh - (double)old));
}

/* Sums around the running mean, as E[x^2] - E[x]^2 loses all digits far from 0. */
void train_norm_forward(const train_net *t, const train_map *m)
{
    const train_norm *b = m->norm;
    const double *sums = sums_of_all(t, m);
    double n = sums[2 * m->c], bessel = n > 1 ? n / (n - 1) : 1;

    for (size_t c = 0; c < m->c; c++) {
        double off = sums[c] / n, mean = (double)m->center[c] + off;
        double var = sums[m->c + c] / n - off * off;

        var = var > 0 ? var : 0;
        set_affine(m, c, mean, var);
        b->mean->shown.value[c] = mixed(b->mean->shown.value[c], b->momentum, mean);
        b->var->shown.value[c] = mixed(b->var->shown.value[c], b->momentum, var * bessel);
        m->center[c] = b->batch_mean[c]; /* the backward sums' */
    }
}

void train_norm_running(const train_map *m)
{
    for (size_t c = 0; c < m->c; c++)
        set_affine(m, c, (double)m->norm->mean->shown.value[c],
                   (double)m->norm->var->shown.value[c]);
}

/*
 * With dz the gradient behind the normalisation, x^ = (x - mean) * deviation and M numbers to a
 * channel, the gradient of x is gamma * deviation * (dz - sum dz / M - x^ * sum (dz x^) / M). These
 * sums are of all processes; the parameters' gradients are this one's, as all others are.
 */
void train_norm_backward(const train_net *t, const train_map *m)
{
    const train_norm *b = m->norm;
    const double *sums;
    double n;

    if (m->slope)
        for (size_t c = 0; c < m->c; c++)
            m->slope->shown.grad[c] = (real)sum_of(t, m, 2, c);
    if (!b)
        return;
    sums = sums_of_all(t, m);
    n = sums[2 * m->c];
    for (size_t c = 0; c < m->c; c++) {
        double deviation = (double)b->deviation[c];
        double scale = (double)b->gamma->shown.value[c] * deviation;
        double sum = sums[c], along = sums[m->c + c] * deviation;
        double shift = -scale * deviation * along / n;

        b->beta->shown.grad[c] = (real)sum_of(t, m, 0, c);
        b->gamma->shown.grad[c] = (real)(sum_of(t, m, 1, c) * deviation);
        b->grad_scale[c] = (real)scale;
        b->grad_shift[c] = (real)shift;
        b->grad_center[c] = (real)(-scale * sum / n - shift * (double)b->batch_mean[c]);
    }
}
