/* A face detector at run time: pictures of any size onto canvases, through the net, to faces. */
#include "detect/detector.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "geometry/box.h"
#include "image/image.h"
#include "net/shape.h"

enum {
    MOST_CANDIDATES = 4096,
    CLOSE_SIDE = 128,   /* of the canvas of the second look; the face takes half of it */
    SMALLEST_SET = 160, /* there are no canvases for pictures smaller than that */
    ALL_SHAPES = 5,     /* for pictures of the full size ... */
    FEW_SHAPES = 3,     /* ... and for those half as large */
    COARSER = 4,        /* between a canvas and the next one for larger faces */
    COARSEST = 96,      /* side of a canvas for larger faces, at least */
    MARGIN = 96,        /* tiles overlap by so much: a face up to that size is whole in one */
};
#define LARGE_FACE   48.0f /* coarse canvas pixels; smaller ones are for the finer canvas */
#define LEAST_FACE   10.0  /* side of the smallest face that a net finds, canvas pixels */
#define MOST_ZOOM    2.0   /* larger, a picture does not show more */
#define WORTH        1.05  /* a scale that is larger than the one before by less is left out */
#define TURNED_SCORE 0.6f  /* three more searches find three times as many false faces */
#define CLOSE_SCORE  0.01f
#define CLOSE_IOU    0.3f /* of what is seen with what is asked for */

/* ---- creating ---- */

/* What depended on the input's size was computed when the model was loaded: for that size. */
static bool has_new_constants(const net_graph *clone, const net_graph *g)
{
    for (size_t i = 0; i < clone->n_values; i++)
        if (i >= g->n_values || clone->values[i].constant != g->values[i].constant)
            return true;
    return false;
}

static pfld_status reshape(const net_graph *g, net_graph *clone, canvas_size size, pfld_error *err)
{
    net_value *in = &clone->values[clone->inputs[0]];
    net_shape shape = {4, {1, in->shape.dim[1], size.height, size.width}};
    pfld_status st;

    in->has_shape = false;
    st = net_input_set_shape(clone, 0, &shape, err);
    if (st == PFLD_OK)
        st = net_infer_shapes(clone, err);
    if (st == PFLD_OK && has_new_constants(clone, g))
        st = error_set(err, PFLD_ERR_UNSUPPORTED, "its constants depend on the input's size");
    return st;
}

static pfld_status add_plan(detector *d, const net_graph *g, canvas_size size, arena *mem,
                            detector_plan *out, pfld_error *err)
{
    const infer_pixels pixels = spec_pixels(&d->how->input);
    net_graph *clone;
    size_t wrong;
    pfld_status st = net_graph_clone(g, &clone, err);

    if (st != PFLD_OK)
        return st;
    st = reshape(g, clone, size, err);
    if (st == PFLD_OK &&
        !decoder_fits(d->how->kind, clone, d->how->output, size.width, size.height, &wrong))
        st = error_set(err, PFLD_ERR_UNSUPPORTED, "output %s does not grow with the input",
                       d->how->kind->outputs[wrong]);
    if (st == PFLD_OK)
        st = infer_create_shared(clone, d->opt.isa, &pixels, &d->weights, mem, &out->net, err);
    out->size = size;
    net_graph_free(clone);
    return st;
}

static int round_up(int side)
{
    return (side + DECODER_STEP - 1) / DECODER_STEP * DECODER_STEP;
}

static bool has_size(const detector *d, canvas_size size)
{
    for (size_t i = 0; i < d->n_plans; i++)
        if (d->plans[i].size.width == size.width && d->plans[i].size.height == size.height)
            return true;
    return false;
}

/* The first n of square, 4:3 and 16:9, lying and standing. */
static pfld_status add_set(detector *d, const net_graph *g, int side, size_t n, arena *mem,
                           pfld_error *err)
{
    static const int part[ALL_SHAPES][2] = {{16, 16}, {16, 12}, {12, 16}, {16, 9}, {9, 16}};
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < n && st == PFLD_OK; i++) {
        canvas_size size = {round_up(side * part[i][0] / 16), round_up(side * part[i][1] / 16)};
        if (has_size(d, size))
            continue;
        assert(d->n_plans < DETECTOR_PLANS);
        st = add_plan(d, g, size, mem, &d->plans[d->n_plans], err);
        d->n_plans += st == PFLD_OK;
    }
    return st;
}

static pfld_status add_plans(detector *d, const net_graph *g, arena *mem, pfld_error *err)
{
    const net_shape *in = &g->values[g->inputs[0]].shape;
    int side = d->opt.max_side;
    pfld_status st;

    if (d->how->fixed) {
        canvas_size only = {(int)in->dim[3], (int)in->dim[2]};
        st = add_plan(d, g, only, mem, &d->plans[0], err);
        d->n_plans = 1;
        d->close = d->plans[0];
        return st;
    }
    st = add_plan(d, g, (canvas_size){CLOSE_SIDE, CLOSE_SIDE}, mem, &d->close, err);
    if (st == PFLD_OK)
        st = add_set(d, g, side, ALL_SHAPES, mem, err);
    if (st == PFLD_OK && side / 2 >= SMALLEST_SET)
        st = add_set(d, g, side / 2, FEW_SHAPES, mem, err);
    for (side /= COARSER; st == PFLD_OK && side >= COARSEST; side /= COARSER)
        st = add_set(d, g, side, 1, mem, err);
    return st;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* Only one plan runs at a time. */
static bool share_maps(detector *d, arena *mem)
{
    size_t bytes = infer_activation_bytes(d->close.net);
    void *block;

    for (size_t i = 0; i < d->n_plans; i++)
        bytes = larger(bytes, infer_activation_bytes(d->plans[i].net));
    block = arena_alloc(mem, 1, bytes);
    if (!block)
        return false;
    infer_place(d->close.net, block);
    for (size_t i = 0; i < d->n_plans; i++)
        infer_place(d->plans[i].net, block);
    return true;
}

static bool add_drawn(detector *d, arena *mem)
{
    size_t channels = (size_t)image_channels(d->how->input.order);

    d->drawn = (pfld_image){.data = arena_alloc(mem, (size_t)CLOSE_SIDE * CLOSE_SIDE, channels),
                            .stride = (ptrdiff_t)(CLOSE_SIDE * channels),
                            .format = d->how->input.order};
    return d->drawn.data;
}

static bool add_room(detector *d, arena *mem)
{
    d->boxes = arena_alloc(mem, MOST_CANDIDATES, sizeof *d->boxes);
    d->keep = arena_alloc(mem, PFLD_MAX_FACES, sizeof *d->keep);
    d->faces = arena_alloc(mem, PFLD_MAX_FACES, sizeof *d->faces);
    d->other = arena_alloc(mem, PFLD_MAX_FACES, sizeof *d->other);
    return add_drawn(d, mem) && d->boxes && d->keep && d->faces && d->other &&
           candidates_create(&d->found, MOST_CANDIDATES, mem) && share_maps(d, mem);
}

pfld_status detector_create(const net_graph *g, const detect_spec *how, const detector_options *opt,
                            arena *mem, detector *out, pfld_error *err)
{
    pfld_status st;

    *out = (detector){.how = how, .opt = *opt};
    st = add_plans(out, g, mem, err);
    if (st != PFLD_OK)
        return st;
    return add_room(out, mem) ? PFLD_OK : error_nomem(err);
}

pfld_status detector_create_close(const detector *first, const net_graph *g, arena *mem,
                                  detector *out, pfld_error *err)
{
    pfld_status st;

    *out = (detector){.how = first->how, .opt = first->opt, .weights = first->weights};
    st = add_plan(out, g, first->close.size, mem, &out->close, err);
    if (st != PFLD_OK)
        return st;
    return add_drawn(out, mem) && share_maps(out, mem) ? PFLD_OK : error_nomem(err);
}

/* ---- one canvas ---- */

typedef struct look { /* what a decoder's faces mean, and where they go */
    detector *d;
    const detector_plan *plan;
    const canvas_view *view;
    affine to_image;
    pfld_box asked; /* canvas pixels: of the second look */
    float least;    /* side of a face, canvas pixels */
    float best;
    pfld_point *five; /* [5] of the best one, in the image; or NULL */
} look;

static void run_plan(const look *l, const pfld_image *img, float least, decoder_take *take,
                     void *ctx)
{
    const detect_spec *how = l->d->how;
    canvas_size size = l->plan->size;
    pfld_image pixels = {.data = infer_bytes(l->plan->net),
                         .width = size.width,
                         .height = size.height,
                         .stride = (ptrdiff_t)size.width * image_channels(how->input.order),
                         .format = how->input.order};
    decoder_maps maps = {.width = size.width, .height = size.height};

    canvas_draw(img, &l->to_image, l->view, &pixels);
    infer_run(l->plan->net);
    for (size_t i = 0; i < DECODER_OUTPUTS && how->kind->outputs[i]; i++)
        maps.out[i] = infer_output(l->plan->net, how->output[i]).data;
    how->kind->decode(&maps, least, take, ctx);
}

/* A net may say anything. */
static bool is_plausible(const look *l, const pfld_box *b)
{
    float most = 4.0f * (float)larger((size_t)l->plan->size.width, (size_t)l->plan->size.height);
    float x = b->x + 0.5f * b->w, y = b->y + 0.5f * b->h;

    return box_is_valid(b) && b->w >= 1.0f && b->h >= 1.0f && b->w <= most && b->h <= most &&
           x > -1.0f && y > -1.0f && x < (float)l->view->width && y < (float)l->view->height;
}

/* Another tile, or a coarser canvas, has the whole face. */
static bool is_cut(const canvas_view *v, const pfld_box *b)
{
    return (v->cut_left && b->x < 1.0f) || (v->cut_top && b->y < 1.0f) ||
           (v->cut_right && b->x + b->w > (float)v->width - 2.0f) ||
           (v->cut_bottom && b->y + b->h > (float)v->height - 2.0f);
}

static void take_found(void *ctx, const detector_face *f)
{
    static const float roll[4] = {0.0f, 90.0f, 180.0f, -90.0f};
    look *l = ctx;
    detector_face mapped = *f;

    if (!is_plausible(l, &f->box) || is_cut(l->view, &f->box) ||
        fmaxf(f->box.w, f->box.h) < l->least)
        return;
    mapped.box = canvas_box(&l->to_image, &f->box);
    mapped.roll = roll[l->view->quarters];
    for (int k = 0; k < 5; k++)
        mapped.five[k] = affine_apply(&l->to_image, f->five[k]);
    candidates_add(&l->d->found, &mapped);
}

static void look_at(detector *d, const pfld_image *img, const detector_plan *plan,
                    const canvas_view *view, float least)
{
    look l = {.d = d, .plan = plan, .view = view, .to_image = canvas_to_image(view, img)};

    run_plan(&l, img, least, take_found, &l);
}

/* ---- the whole picture ---- */

static int scaled(int side, double scale)
{
    double s = ceil(side * scale - 0.01); /* a sliver of a pixel is none */

    return s < 1.0 ? 1 : (int)s;
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

/* The plan that shows the whole picture largest, and of these the one with the least work. */
static const detector_plan *fit(const detector *d, const pfld_image *img, int quarters,
                                canvas_view *v)
{
    canvas_size pic = canvas_turned(img, quarters);
    double most = fmin(MOST_ZOOM, d->opt.max_side / fmax(pic.width, pic.height)), area = 0;
    const detector_plan *best = NULL;

    *v = (canvas_view){.quarters = quarters};
    for (size_t i = 0; i < d->n_plans; i++) {
        canvas_size c = d->plans[i].size;
        double a = (double)c.width * c.height;
        double s = fmin(most, fmin((double)c.width / pic.width, (double)c.height / pic.height));
        if (!best || s > v->scale || (s == v->scale && a < area)) {
            best = &d->plans[i];
            v->scale = s;
            area = a;
        }
    }
    assert(best);
    v->width = smaller(scaled(pic.width, v->scale), best->size.width);
    v->height = smaller(scaled(pic.height, v->scale), best->size.height);
    return best;
}

/* ---- coarser canvases, for faces that are too large there ---- */

/* The one with the least work; there always is one: that of a finer view. */
static const detector_plan *plan_for(const detector *d, int width, int height)
{
    const detector_plan *best = NULL;

    for (size_t i = 0; i < d->n_plans; i++) {
        const detector_plan *p = &d->plans[i];
        if (p->size.width >= width && p->size.height >= height &&
            (!best || p->size.width * p->size.height < best->size.width * best->size.height))
            best = p;
    }
    assert(best);
    return best;
}

static int larger_side(const canvas_view *v)
{
    return v->width > v->height ? v->width : v->height;
}

/* A cell of the last head sees about 450 canvas pixels: of a face that fills the picture, a part.
 */
static void search_coarser(detector *d, const pfld_image *img, const canvas_view *whole,
                           float least)
{
    canvas_size pic = canvas_turned(img, whole->quarters);
    canvas_view v = *whole;

    while (!d->how->fixed && larger_side(&v) / COARSER >= COARSEST) {
        const detector_plan *plan;
        look l;

        v.scale /= COARSER;
        v.width = scaled(pic.width, v.scale);
        v.height = scaled(pic.height, v.scale);
        plan = plan_for(d, v.width, v.height);
        l = (look){.d = d,
                   .plan = plan,
                   .view = &v,
                   .to_image = canvas_to_image(&v, img),
                   .least = LARGE_FACE};
        run_plan(&l, img, least, take_found, &l);
    }
}

/* ---- tiles, for faces that are too small there ---- */

static int margin_of(const detector_plan *p)
{
    return smaller(MARGIN, smaller(p->size.width, p->size.height) / 2);
}

typedef struct tiling {
    const detector_plan *plan;
    int margin, columns, rows;
} tiling;

/* The one with the least work. */
static tiling plan_tiles(const detector *d, canvas_size pic)
{
    tiling best = {0};
    double least = 0;

    for (size_t i = 0; i < d->n_plans; i++) {
        const detector_plan *p = &d->plans[i];
        int m = margin_of(p);
        tiling t = {p, m, canvas_windows(pic.width, p->size.width, m),
                    canvas_windows(pic.height, p->size.height, m)};
        double work = (double)t.columns * t.rows * p->size.width * p->size.height;
        if (!best.plan || work < least) {
            best = t;
            least = work;
        }
    }
    assert(best.plan);
    return best;
}

static int look_at_tiles(detector *d, const pfld_image *img, int quarters, double scale,
                         float least)
{
    canvas_size turned = canvas_turned(img, quarters);
    canvas_size pic = {scaled(turned.width, scale), scaled(turned.height, scale)};
    tiling t = plan_tiles(d, pic);
    canvas_size c = t.plan->size;

    for (int j = 0; j < t.rows; j++)
        for (int i = 0; i < t.columns; i++) {
            canvas_view v = {.quarters = quarters,
                             .scale = scale,
                             .x = canvas_window_start(pic.width, c.width, t.columns, i),
                             .y = canvas_window_start(pic.height, c.height, t.rows, j)};
            v.width = smaller(pic.width - v.x, c.width);
            v.height = smaller(pic.height - v.y, c.height);
            v.cut_left = v.x > 0;
            v.cut_top = v.y > 0;
            v.cut_right = v.x + v.width < pic.width;
            v.cut_bottom = v.y + v.height < pic.height;
            look_at(d, img, t.plan, &v, least);
        }
    return t.margin;
}

/* From the finest scale on, each so much coarser that what was cut by its tiles is seen in the
 * next: down to that of the whole picture. */
static void search_tiles(detector *d, const pfld_image *img, int quarters, double whole,
                         float least)
{
    double scale =
        d->opt.min_face > 0.0f ? fmin(LEAST_FACE / (double)d->opt.min_face, MOST_ZOOM) : 0.0;

    while (scale > whole * WORTH)
        scale /= look_at_tiles(d, img, quarters, scale, least) < MARGIN ? 2.0 : 4.0;
}

/* ---- searching ---- */

/* One face, one box: the best one. */
static void keep_best(detector *d)
{
    candidates *c = &d->found;

    candidates_sort(c);
    for (size_t i = 0; i < c->n; i++)
        d->boxes[i] = c->face[i].box;
    d->n = box_suppress(d->boxes, c->n, d->how->kind->overlap, d->keep, PFLD_MAX_FACES);
    for (size_t i = 0; i < d->n; i++)
        d->faces[i] = c->face[d->keep[i]];
}

static void search(detector *d, const pfld_image *img, int quarters, float least)
{
    canvas_view v;
    const detector_plan *plan = fit(d, img, quarters, &v);

    d->found.n = 0;
    look_at(d, img, plan, &v, least);
    search_coarser(d, img, &v, least);
    search_tiles(d, img, quarters, v.scale, least);
    keep_best(d);
}

void detector_find(detector *d, const pfld_image *img)
{
    search(d, img, 0, d->opt.score_min);
}

static void swap_results(detector *d)
{
    detector_face *t = d->faces;

    d->faces = d->other;
    d->other = t;
}

void detector_find_turned(detector *d, const pfld_image *img)
{
    static const int order[] = {1, 3, 2}; /* of equal ones the first wins */
    size_t n_best = 0;
    float best = 0.0f;

    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        search(d, img, order[i], fmaxf(d->opt.score_min, TURNED_SCORE));
        if (d->n == 0 || !(d->faces[0].score > best))
            continue;
        best = d->faces[0].score;
        n_best = d->n;
        swap_results(d);
    }
    swap_results(d);
    d->n = n_best;
}

/* ---- the second look ---- */

static void take_close(void *ctx, const detector_face *f)
{
    look *l = ctx;

    if (!(f->score > l->best) || !is_plausible(l, &f->box) ||
        box_iou(&f->box, &l->asked) < CLOSE_IOU)
        return;
    l->best = f->score;
    for (int k = 0; k < 5 && l->five; k++)
        l->five[k] = affine_apply(&l->to_image, f->five[k]);
}

typedef struct close_up { /* a face that takes half of a square canvas */
    canvas_view view;
    affine to_image;
    pfld_box asked; /* where it is then */
} close_up;

static close_up get_close(const detector *d, const pfld_box *square, float roll)
{
    const crop_rule whole = {.scale = 1.0f};
    canvas_size c = d->close.size;
    int side = smaller(CLOSE_SIDE, smaller(c.width, c.height));
    float zoom = fminf(0.5f * (float)side / square->w, (float)MOST_ZOOM);
    float shown = (float)side / zoom, seen = zoom * square->w;
    float corner = 0.5f * ((float)(side - 1) - seen);
    pfld_box around = {square->x + 0.5f * (square->w - shown),
                       square->y + 0.5f * (square->h - shown), shown, shown};

    return (close_up){.view = {.scale = (double)zoom, .width = side, .height = side},
                      .to_image = affine_from_crop(&around, &whole, roll, side),
                      .asked = {corner, corner, seen, seen}};
}

float detector_presence(detector *d, const pfld_image *img, const pfld_box *square, float roll)
{
    close_up c = get_close(d, square, roll);
    look l = {.d = d, .plan = &d->close, .view = &c.view, .to_image = c.to_image, .asked = c.asked};

    run_plan(&l, img, CLOSE_SCORE, take_close, &l);
    return l.best;
}

/* The picture is drawn once: its quarter turns are copies. */
void detector_quarters(detector *d, const pfld_image *img, const pfld_box *square, float roll,
                       detector_view out[4])
{
    close_up c = get_close(d, square, roll);
    pfld_image drawn = d->drawn;

    drawn.width = c.view.width;
    drawn.height = c.view.height;
    canvas_draw(img, &c.to_image, &c.view, &drawn);
    for (int q = 0; q < 4; q++) {
        canvas_view v = {
            .quarters = q, .scale = 1.0, .width = c.view.width, .height = c.view.height};
        look l = {.d = d,
                  .plan = &d->close,
                  .view = &v,
                  .to_image = canvas_to_image(&v, &drawn),
                  .asked = c.asked,
                  .five = out[q].five};
        for (int k = 0; k < 5; k++)
            out[q].five[k] = (pfld_point){NAN, NAN};
        run_plan(&l, &drawn, CLOSE_SCORE, take_close, &l);
        out[q].score = l.best;
        for (int k = 0; k < 5; k++)
            out[q].five[k] = affine_apply(&c.to_image, out[q].five[k]);
    }
}

pfld_isa detector_isa(const detector *d)
{
    return infer_isa(d->close.net);
}
