/* What a detector's maps are trained towards: which cells find which face, and the loss of that. */
#include "train/detect_loss.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"

#define NONE      UINT32_MAX
#define CENTRE    2.5  /* strides around the face's centre (YOLOX) */
#define IOU_COST  3.0  /* of ln(1 / IoU), against the score's cost of 1 (YOLOX) */
#define FAR_COST  10.0 /* of a cell outside of box or centre: taken where nothing better is */
#define SIZE_COST 2.0  /* for each doubling beyond the sizes that suit a stride */
#define MOST      10   /* cells of a face */
#define BOX_GAIN  2.0
#define FIVE_GAIN 2.0
#define FIVE_BEND 0.05 /* of smooth l1, in sides of the box */
#define LEAST_IOU 1e-6

/* Sides of faces that a stride is meant for, in strides. */
static const double suits_from = 1.0, suits_to = 6.0;

typedef struct cell {
    float x, y, stride;
} cell;

typedef struct rect { /* corners */
    double x0, y0, x1, y1;
} rect;

typedef struct candidate {
    double cost, iou;
    uint32_t cell;
} candidate;

typedef struct picture { /* what was decided for one picture of the batch */
    uint32_t *face;      /* [n_cells] index into the batch's faces, or NONE */
    float *target;       /* [n_cells] of the score, where assigned */
    double *cost;        /* [n_cells] of the assigned face */
    bool *ignored;       /* [n_cells] */
    candidate *list;     /* [n_cells] room */
    size_t positives, asked;
    double score, box, five; /* sums */
} picture;

struct detect_loss {
    int size;
    size_t max_batch, n_cells;
    size_t first[DETECTOR_LEVELS + 1]; /* cells of a level */
    cell *cells;                       /* [n_cells] */
    picture *pictures;                 /* [max_batch] */
    arena mem;
    double scale; /* one over the batch's assigned cells */
    const train_group *group;
};

/* ---- making ---- */

static bool alloc_picture(arena *mem, size_t n, picture *p)
{
    p->face = arena_alloc(mem, n, sizeof *p->face);
    p->target = arena_alloc(mem, n, sizeof *p->target);
    p->cost = arena_alloc(mem, n, sizeof *p->cost);
    p->ignored = arena_alloc(mem, n, sizeof *p->ignored);
    p->list = arena_alloc(mem, n, sizeof *p->list);
    return p->face && p->target && p->cost && p->ignored && p->list;
}

static void fill_cells(detect_loss *d)
{
    cell *c = d->cells;

    for (int l = 0; l < DETECTOR_LEVELS; l++) {
        int stride = detector_strides[l], side = d->size / stride;
        float s = (float)stride;

        for (int i = 0; i < side; i++)
            for (int j = 0; j < side; j++)
                *c++ = (cell){((float)j + 0.5f) * s - 0.5f, ((float)i + 0.5f) * s - 0.5f, s};
    }
}

static bool alloc_all(detect_loss *d)
{
    d->cells = arena_alloc(&d->mem, d->n_cells, sizeof *d->cells);
    d->pictures = arena_alloc(&d->mem, d->max_batch, sizeof *d->pictures);
    if (!d->cells || !d->pictures)
        return false;
    for (size_t i = 0; i < d->max_batch; i++)
        if (!alloc_picture(&d->mem, d->n_cells, &d->pictures[i]))
            return false;
    return true;
}

pfld_status detect_loss_create(size_t max_batch, int size, detect_loss **out, pfld_error *err)
{
    detect_loss *d = mem_alloc(1, sizeof *d);

    assert(size > 0 && size % 32 == 0);
    *out = NULL;
    if (!d)
        return error_nomem(err);
    d->size = size;
    d->max_batch = max_batch;
    for (int l = 0; l < DETECTOR_LEVELS; l++) {
        size_t side = (size_t)(size / detector_strides[l]);
        d->first[l + 1] = d->first[l] + side * side;
    }
    d->n_cells = d->first[DETECTOR_LEVELS];
    if (!alloc_all(d)) {
        detect_loss_free(d);
        return error_nomem(err);
    }
    fill_cells(d);
    *out = d;
    return PFLD_OK;
}

void detect_loss_free(detect_loss *d)
{
    if (!d)
        return;
    arena_free(&d->mem);
    mem_free(d);
}

/* ---- boxes ---- */

static size_t level_of(const detect_loss *d, size_t at)
{
    size_t l = 0;

    while (at >= d->first[l + 1])
        l++;
    return l;
}

/* Where a cell's channels lie, in predicted as in grad. */
static size_t offset_of(const detect_loss *d, size_t picture_index, size_t at, size_t level)
{
    size_t n = d->first[level + 1] - d->first[level];

    return (picture_index * n + at - d->first[level]) * DETECTOR_CHANNELS;
}

static rect rect_of(const pfld_box *b)
{
    return (rect){(double)b->x, (double)b->y, (double)b->x + (double)b->w,
                  (double)b->y + (double)b->h};
}

/* exp() of what a net says of a side: bounded, so that a wild one is wrong, but a number. */
static double side_of(real v, double stride)
{
    double x = (double)v;

    return stride * exp(x < -4 ? -4 : x > 6 ? 6 : x);
}

static rect decode(const cell *c, const real *p)
{
    double s = (double)c->stride, x = (double)c->x + s * (double)p[DETECTOR_BOX];
    double y = (double)c->y + s * (double)p[DETECTOR_BOX + 1];
    double w = side_of(p[DETECTOR_BOX + 2], s), h = side_of(p[DETECTOR_BOX + 3], s);

    return (rect){x - w / 2, y - h / 2, x + w / 2, y + h / 2};
}

static double area(const rect *r)
{
    return (r->x1 - r->x0) * (r->y1 - r->y0);
}

static double iou(const rect *a, const rect *b)
{
    double w = fmin(a->x1, b->x1) - fmax(a->x0, b->x0);
    double h = fmin(a->y1, b->y1) - fmax(a->y0, b->y0), both;

    if (!(w > 0 && h > 0))
        return 0;
    both = w * h;
    return both / (area(a) + area(b) - both);
}

static bool holds(const rect *r, double x, double y)
{
    return x > r->x0 && x < r->x1 && y > r->y0 && y < r->y1;
}

/* ---- assignment ---- */

typedef struct work {
    detect_loss *d;
    const detect_maps *m;
    const scene_batch *b;
} work;

static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

/* Doublings between a face's side and those that suit the stride. */
static double size_misfit(const rect *truth, double stride)
{
    double side = sqrt(area(truth)) / stride;

    if (side < suits_from)
        return stride > 8 ? log2(suits_from / side) : 0; /* there is no finer one than 8 */
    if (side > suits_to)
        return stride < 32 ? log2(side / suits_to) : 0;
    return 0;
}

/* All cells that may find the face, in p->list. */
static size_t list_candidates(const work *w, size_t index, const rect *truth)
{
    const detect_loss *d = w->d;
    picture *p = &d->pictures[index];
    double x = (truth->x0 + truth->x1) / 2, y = (truth->y0 + truth->y1) / 2;
    size_t n = 0;

    for (size_t i = 0; i < d->n_cells; i++) {
        const cell *c = &d->cells[i];
        double reach = CENTRE * (double)c->stride;
        bool near = fabs((double)c->x - x) < reach && fabs((double)c->y - y) < reach;
        bool inside = holds(truth, (double)c->x, (double)c->y);
        size_t level = level_of(d, i);
        const real *out;
        rect found;

        if (!near && !inside)
            continue;
        out = w->m->predicted[level] + offset_of(d, index, i, level);
        found = decode(c, out);
        p->list[n].iou = iou(&found, truth);
        p->list[n].cell = (uint32_t)i;
        p->list[n].cost = softplus(-(double)out[DETECTOR_SCORE]) +
                          IOU_COST * log(1 / fmax(p->list[n].iou, LEAST_IOU)) +
                          SIZE_COST * size_misfit(truth, (double)c->stride) +
                          (near && inside ? 0 : FAR_COST);
        n++;
    }
    return n;
}

static size_t cells_wanted(const candidate *list, size_t n)
{
    double best[MOST] = {0}, sum = 0;

    for (size_t i = 0; i < n; i++) {
        double v = list[i].iou;

        for (size_t k = 0; k < MOST; k++)
            if (v > best[k]) {
                double t = best[k];
                best[k] = v;
                v = t;
            }
    }
    for (size_t k = 0; k < MOST; k++)
        sum += best[k];
    return sum < 1 ? 1 : (size_t)sum;
}

/* A cell that two faces want is for the one that it costs less. */
static void take(picture *p, const candidate *c, uint32_t face)
{
    if (p->face[c->cell] != NONE && p->cost[c->cell] <= c->cost)
        return;
    p->face[c->cell] = face;
    p->cost[c->cell] = c->cost;
    p->target[c->cell] = (float)((1 + c->iou) / 2);
}

static void assign_face(const work *w, size_t index, uint32_t face)
{
    picture *p = &w->d->pictures[index];
    rect truth = rect_of(&w->b->faces[face].box);
    size_t n = list_candidates(w, index, &truth), k = cells_wanted(p->list, n);

    for (; k > 0 && n > 0; k--) {
        size_t best = 0;

        for (size_t i = 1; i < n; i++)
            if (p->list[i].cost < p->list[best].cost)
                best = i;
        take(p, &p->list[best], face);
        p->list[best] = p->list[--n];
    }
}

static void ignore_box(const detect_loss *d, picture *p, const pfld_box *box)
{
    rect r = rect_of(box);

    for (size_t i = 0; i < d->n_cells; i++)
        if (holds(&r, (double)d->cells[i].x, (double)d->cells[i].y))
            p->ignored[i] = true;
}

static void assign_picture(void *ctx, size_t index, size_t thread)
{
    const work *w = ctx;
    picture *p = &w->d->pictures[index];

    (void)thread;
    p->positives = p->asked = 0;
    memset(p->ignored, 0, w->d->n_cells * sizeof *p->ignored);
    for (size_t i = 0; i < w->d->n_cells; i++)
        p->face[i] = NONE;
    for (size_t f = w->b->first[index]; f < w->b->first[index + 1]; f++) {
        if (w->b->faces[f].ignore) {
            ignore_box(w->d, p, &w->b->faces[f].box);
            continue;
        }
        p->asked++;
        assign_face(w, index, (uint32_t)f);
    }
    for (size_t i = 0; i < w->d->n_cells; i++)
        p->positives += p->face[i] != NONE;
}

static void for_all(pool *p, void (*task)(void *, size_t, size_t), work *w)
{
    if (p)
        pool_run(p, task, w, w->b->n);
    else
        for (size_t i = 0; i < w->b->n; i++)
            task(w, i, 0);
}

void detect_loss_assign(detect_loss *d, const detect_maps *m, const scene_batch *b, pool *p)
{
    work w = {d, m, b};

    assert(b->n <= d->max_batch);
    for_all(p, assign_picture, &w);
}

/* ---- the loss of what was assigned ---- */

/* |t - q|^2 times the cross-entropy of t, q being x's probability. */
static double eval_score(double x, double t, double scale, real *grad)
{
    double q = 1 / (1 + exp(-x)), a = t - q;
    double entropy = t * softplus(-x) + (1 - t) * softplus(x);

    *grad = (real)(scale * (-a * a * a - 2 * a * q * (1 - q) * entropy));
    return a * a * entropy;
}

/* 1 - GIoU of the cell's box. d of each corner, then of what the net says. */
static double eval_box(const cell *c, const real *out, const rect *t, double scale, real *grad)
{
    rect b = decode(c, out);
    double s = (double)c->stride, w = b.x1 - b.x0, h = b.y1 - b.y0;
    double iw = fmin(b.x1, t->x1) - fmax(b.x0, t->x0), ih = fmin(b.y1, t->y1) - fmax(b.y0, t->y0);
    bool meets = iw > 0 && ih > 0;
    double both = meets ? iw * ih : 0, any = w * h + area(t) - both;
    double cw = fmax(b.x1, t->x1) - fmin(b.x0, t->x0), ch = fmax(b.y1, t->y1) - fmin(b.y0, t->y0);
    double hull = cw * ch, giou = both / any - (hull - any) / hull;
    /* giou = both / any + any / hull - 1 */
    double d_both = 1 / any, d_any = 1 / hull - both / (any * any), d_hull = -any / (hull * hull);
    double g[4]; /* of x0, y0, x1, y1 */

    d_both -= d_any; /* any = own + other - both */
    g[0] = -d_any * h - d_hull * ch * (b.x0 < t->x0);
    g[1] = -d_any * w - d_hull * cw * (b.y0 < t->y0);
    g[2] = d_any * h + d_hull * ch * (b.x1 > t->x1);
    g[3] = d_any * w + d_hull * cw * (b.y1 > t->y1);
    if (meets) {
        g[0] -= d_both * ih * (b.x0 > t->x0);
        g[1] -= d_both * iw * (b.y0 > t->y0);
        g[2] += d_both * ih * (b.x1 < t->x1);
        g[3] += d_both * iw * (b.y1 < t->y1);
    }
    scale *= -BOX_GAIN;
    grad[0] = (real)(scale * s * (g[0] + g[2]));
    grad[1] = (real)(scale * s * (g[1] + g[3]));
    grad[2] = (real)(scale * w / 2 * (g[2] - g[0]));
    grad[3] = (real)(scale * h / 2 * (g[3] - g[1]));
    return 1 - giou;
}

/* Mean over the known points. */
static double eval_five(const cell *c, const real *out, const scene_face *f, double scale,
                        real *grad)
{
    double side = sqrt((double)f->box.w * (double)f->box.h), s = (double)c->stride, sum = 0;
    int known = 0;

    for (int i = 0; i < 5; i++)
        known += f->known[i] != 0;
    for (int i = 0; i < 10; i++) {
        const pfld_point *q = &f->five[i / 2];
        double at = i % 2 ? (double)c->y : (double)c->x, want, e;

        grad[i] = 0;
        if (!f->known[i / 2])
            continue;
        want = i % 2 ? (double)q->y : (double)q->x;
        e = (at + s * (double)out[i] - want) / side;
        sum += fabs(e) < FIVE_BEND ? e * e / (2 * FIVE_BEND) : fabs(e) - FIVE_BEND / 2;
        e = fabs(e) < FIVE_BEND ? e / FIVE_BEND : (e > 0) - (e < 0);
        grad[i] = (real)(FIVE_GAIN * scale * e * s / side / known);
    }
    return known ? sum / known : 0;
}

static void eval_cell(const work *w, picture *p, size_t index, size_t i)
{
    const detect_loss *d = w->d;
    size_t level = level_of(d, i), at = offset_of(d, index, i, level);
    const real *out = w->m->predicted[level] + at;
    real *grad = w->m->grad[level] + at;
    const scene_face *face = p->face[i] == NONE ? NULL : &w->b->faces[p->face[i]];
    rect truth;

    memset(grad, 0, DETECTOR_CHANNELS * sizeof *grad);
    if (!face && p->ignored[i])
        return;
    p->score += eval_score((double)out[DETECTOR_SCORE], face ? (double)p->target[i] : 0, d->scale,
                           &grad[DETECTOR_SCORE]);
    if (!face)
        return;
    truth = rect_of(&face->box);
    p->box += eval_box(&d->cells[i], out, &truth, d->scale, grad + DETECTOR_BOX);
    p->five += eval_five(&d->cells[i], out + DETECTOR_FIVE, face, d->scale, grad + DETECTOR_FIVE);
}

static void eval_picture(void *ctx, size_t index, size_t thread)
{
    const work *w = ctx;
    picture *p = &w->d->pictures[index];

    (void)thread;
    p->score = p->box = p->five = 0;
    for (size_t i = 0; i < w->d->n_cells; i++)
        eval_cell(w, p, index, i);
}

void detect_loss_join(detect_loss *d, const train_group *g)
{
    d->group = g;
}

/* What all pictures add up to, in this order, whoever did it; over the processes. */
static detect_value sum_values(const detect_loss *d, size_t n)
{
    double sum[3] = {0};

    for (size_t i = 0; i < n; i++) {
        sum[0] += d->pictures[i].score * d->scale;
        sum[1] += d->pictures[i].box * d->scale;
        sum[2] += d->pictures[i].five * d->scale;
    }
    group_sum(d->group, sum, 3);
    return (detect_value){.score = sum[0], .box = sum[1], .five = sum[2]};
}

detect_value detect_loss_eval(detect_loss *d, const detect_maps *m, const scene_batch *b, pool *p)
{
    work w = {d, m, b};
    detect_value v;
    double count[2] = {0}; /* cells that were assigned, faces that were asked for */

    for (size_t i = 0; i < b->n; i++) {
        count[0] += (double)d->pictures[i].positives;
        count[1] += (double)d->pictures[i].asked;
    }
    group_sum(d->group, count, 2);
    d->scale = 1 / (count[0] > 0 ? count[0] : 1);
    for_all(p, eval_picture, &w);
    v = sum_values(d, b->n);
    v.total = v.score + BOX_GAIN * v.box + FIVE_GAIN * v.five;
    v.cells = count[1] > 0 ? count[0] / count[1] : 0;
    return v;
}
