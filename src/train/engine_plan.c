/*
 * Who writes which gradient when, and where it lies. Gradients live from their first writer to the
 * step that made the map, so few of them exist at once. Time counts steps in backward order.
 */
#include <stdlib.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/mem.h"
#include "train/engine_net.h"
#include "train/pages.h"

enum {
    ALIGN_BYTES = 64,
    SKEW_BYTES = 17 * 64 /* else large maps' rows all fall on the same sets of the cache */
};

/* A gradient buffer, of one map or of several that share it. */
typedef struct buffer {
    size_t count;                  /* numbers */
    size_t from, to;               /* time */
    size_t read_until;             /* by steps that need it as it was when it was shared */
    size_t writes_from, writes_to; /* of the reader that goes on adding to it; none: 0, 0 */
    size_t at;                     /* in all buffers */
    bool used;
} buffer;

typedef struct planner {
    train_net *t;
    buffer *buffers; /* [n_maps] of the map whose own it is */
    size_t *order;   /* [n_maps] */
    size_t end;      /* of all buffers */
} planner;

static size_t time_of(const train_net *t, size_t step)
{
    return t->n_steps - 1 - step;
}

static train_map *owner(train_map *m)
{
    while (m->shares)
        m = m->shares;
    return m;
}

static buffer *buffer_of(const planner *p, train_map *m)
{
    return &p->buffers[owner(m) - p->t->maps];
}

/* Marks of m's readers who is the first and who the last to write its gradient. */
static void find_writers(const train_net *t, train_map *m)
{
    train_edge *last = NULL;

    for (size_t i = t->n_steps; i-- > 0;)
        for (size_t k = 0; k < t->steps[i].n_in; k++) {
            train_edge *e = &t->steps[i].in[k];

            if (e->map != m || !e->needed)
                continue;
            e->first = !last;
            last = e;
            m->writers++;
        }
    if (last)
        last->last = true;
}

/* When the readers of m write its gradient, but the one of step except. */
static void writing_times(const train_net *t, const train_map *m, size_t except, size_t *from,
                          size_t *to)
{
    *from = SIZE_MAX;
    *to = 0;
    for (size_t i = 0; i < t->n_steps; i++)
        for (size_t k = 0; k < t->steps[i].n_in; k++)
            if (t->steps[i].in[k].map == m && t->steps[i].in[k].needed && i != except) {
                size_t now = time_of(t, i);

                *from = now < *from ? now : *from;
                *to = now > *to ? now : *to;
            }
}

/* A part of the sum that nobody else reads: its gradient is that of the sum, for reading. */
static void share_to_read(planner *p, train_step *s, size_t i)
{
    train_map *part = s->in[i].map;
    buffer *b = buffer_of(p, s->out);
    size_t now = time_of(p->t, s->out->producer), until = time_of(p->t, part->producer);

    if (!s->in[i].needed || part->writers != 1 || part->act != TRAIN_LINEAR ||
        (b->writes_to > now && until >= b->writes_from))
        return;
    b->read_until = until > b->read_until ? until : b->read_until;
    b->to = until > b->to ? until : b->to;
    part->shares = s->out;
    s->out->child[s->out->n_children++] = part;
    s->in[i].shared = true;
}

/* A part of the sum that has other readers: they add to the sum's gradient, once nobody needs that
 * any more. */
static void share_to_add(planner *p, train_step *s, size_t i)
{
    train_map *part = s->in[i].map;
    buffer *b = buffer_of(p, s->out);
    size_t now = time_of(p->t, s->out->producer), from, to, until;

    if (!s->in[i].needed || part->is_output || part->writers < 2 || !s->in[i].first ||
        part == s->in[1 - i].map || s->in[i].shared)
        return;
    writing_times(p->t, part, s->out->producer, &from, &to);
    until = time_of(p->t, part->producer);
    if (b->writes_to > now || from <= b->read_until || from <= now)
        return;
    b->writes_from = from;
    b->writes_to = to;
    b->to = until > b->to ? until : b->to;
    part->shares = s->out;
    s->in[i].shared = true;
}

static void share_sums(planner *p)
{
    train_net *t = p->t;

    for (size_t i = t->n_steps; i-- > 0;) {
        train_step *s = &t->steps[i];

        if (s->kind != TRAIN_ADD || s->out->norm || s->out->is_output || !s->out->writers)
            continue;
        for (size_t k = 0; k < 2; k++)
            share_to_read(p, s, k);
        for (size_t k = 0; k < 2; k++)
            share_to_add(p, s, k);
    }
}

/* Each map's own buffer, as long as it needs it; sharing prolongs that. */
static pfld_status init_buffers(planner *p, pfld_error *err)
{
    train_net *t = p->t;

    for (size_t i = 0; i < t->n_maps; i++) {
        const train_map *m = &t->maps[i];
        buffer *b = &p->buffers[i];
        size_t to;

        if (!checked_mul(t->max_batch, m->pixels * m->c, &b->count) ||
            !checked_round_up(b->count, ALIGN_BYTES, &b->count))
            return error_nomem(err);
        if (m->is_input || (!m->writers && !m->is_output))
            continue;
        writing_times(t, m, SIZE_MAX, &b->from, &to);
        b->to = time_of(t, m->producer);
        b->used = true;
        if (m->is_output) { /* the caller's, who may look at it at any time */
            b->from = 0;
            b->to = t->n_steps;
        }
    }
    return PFLD_OK;
}

static bool meet(const buffer *a, const buffer *b)
{
    return a->from <= b->to && b->from <= a->to;
}

/* The lowest place where b fits, beside those that were placed before and live when it does. */
static void place(planner *p, size_t n_placed, buffer *b)
{
    bool moved;

    b->at = 0;
    do {
        moved = false;
        for (size_t i = 0; i < n_placed; i++) {
            const buffer *o = &p->buffers[p->order[i]];

            if (meet(o, b) && b->at < o->at + o->count && o->at < b->at + b->count) {
                b->at = o->at + o->count + SKEW_BYTES / sizeof(real);
                moved = true;
            }
        }
    } while (moved);
    if (b->at + b->count > p->end)
        p->end = b->at + b->count;
}

/* The largest first. */
static void place_all(planner *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->t->n_maps; i++) {
        size_t at = n;

        if (!p->buffers[i].used || p->t->maps[i].shares)
            continue;
        for (; at > 0 && p->buffers[p->order[at - 1]].count < p->buffers[i].count; at--)
            p->order[at] = p->order[at - 1];
        p->order[at] = i;
        n++;
    }
    for (size_t i = 0; i < n; i++)
        place(p, i, &p->buffers[p->order[i]]);
}

static pfld_status alloc_maps(planner *p, pfld_error *err)
{
    train_net *t = p->t;
    size_t raw = 0, total;

    for (size_t i = 0; i < t->n_maps; i++)
        if (!checked_add(raw, p->buffers[i].count + SKEW_BYTES / sizeof(real), &raw))
            return error_nomem(err);
    if (!checked_add(raw, p->end, &total) || !checked_mul(total, sizeof(real), &t->pages_bytes))
        return error_nomem(err);
    t->pages = pages_alloc(t->pages_bytes);
    if (!t->pages)
        return error_nomem(err);
    raw = p->end;
    for (size_t i = 0; i < t->n_maps; i++) {
        train_map *m = &t->maps[i];

        m->raw = t->pages + raw;
        raw += p->buffers[i].count + SKEW_BYTES / sizeof(real);
        if (buffer_of(p, m)->used)
            m->grad = t->pages + buffer_of(p, m)->at;
    }
    return PFLD_OK;
}

static pfld_status plan_all(planner *p, pfld_error *err)
{
    train_net *t = p->t;
    pfld_status status;

    for (size_t i = 0; i < t->n_maps; i++)
        find_writers(t, &t->maps[i]);
    status = init_buffers(p, err);
    if (status != PFLD_OK)
        return status;
    share_sums(p);
    place_all(p);
    return alloc_maps(p, err);
}

pfld_status train_plan(train_net *t, pfld_error *err)
{
    planner p = {.t = t};
    pfld_status status;

    p.buffers = mem_alloc(t->n_maps, sizeof *p.buffers);
    p.order = mem_alloc(t->n_maps, sizeof *p.order);
    status = p.buffers && p.order ? plan_all(&p, err) : error_nomem(err);
    mem_free(p.buffers);
    mem_free(p.order);
    return status;
}
