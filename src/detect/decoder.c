/* What the outputs of face detectors mean: a table of the kinds that are known. */
#include "detect/decoder.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 3 }; /* strides 8, 16 and 32 */

static int stride_of(size_t level)
{
    return 8 << level;
}

/* Cells of a map along a side: a convolution with padding rounds up. */
static int cells(int side, int stride)
{
    return (side + stride - 1) / stride;
}

static const pfld_point nowhere = {NAN, NAN};

/* ---- ours: docs/models.md ---- */

enum { OUR_SCORE, OUR_BOX, OUR_FIVE = 5, OUR_CHANNELS = 15 };

static net_shape our_shape(size_t i, int width, int height)
{
    int s = stride_of(i);

    return (net_shape){4, {1, OUR_CHANNELS, height / s, width / s}};
}

static void our_cell(const float *v, float stride, pfld_point cell, detector_face *f)
{
    float w = stride * expf(v[OUR_BOX + 2]), h = stride * expf(v[OUR_BOX + 3]);

    f->score = 1.0f / (1.0f + expf(-v[OUR_SCORE]));
    f->box = (pfld_box){cell.x + stride * v[OUR_BOX] - 0.5f * w,
                        cell.y + stride * v[OUR_BOX + 1] - 0.5f * h, w, h};
    for (int k = 0; k < 5; k++)
        f->five[k] = (pfld_point){cell.x + stride * v[OUR_FIVE + 2 * k],
                                  cell.y + stride * v[OUR_FIVE + 2 * k + 1]};
}

/* Below it no score can be least, whatever the rounding: spares the others an exponential. */
static float least_logit(float least)
{
    float p = least - 1e-6f;

    return p > 0.0f ? logf(p / (1.0f - p)) : -INFINITY;
}

static void our_decode(const decoder_maps *m, float least, decoder_take *take, void *ctx)
{
    float logit = least_logit(least);

    for (size_t level = 0; level < LEVELS; level++) {
        int s = stride_of(level), columns = m->width / s, rows = m->height / s;
        const float *v = m->out[level];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++, v += OUR_CHANNELS) {
                float stride = (float)s;
                pfld_point cell = {((float)j + 0.5f) * stride - 0.5f,
                                   ((float)i + 0.5f) * stride - 0.5f};
                detector_face f = {0};
                if (!(v[OUR_SCORE] >= logit))
                    continue;
                our_cell(v, stride, cell, &f);
                if (f.score >= least)
                    take(ctx, &f);
            }
    }
}

/* ---- YuNet 2023, as OpenCV's FaceDetectorYN reads it; it counts from the picture's corner ---- */

enum { /* the first of each kind's levels */
       YUNET_CLASS = 0,
       YUNET_OBJECT = LEVELS,
       YUNET_BOX = 2 * LEVELS,
       YUNET_FIVE = 3 * LEVELS
};

static net_shape yunet_shape(size_t i, int width, int height)
{
    static const int values[] = {1, 1, 4, 10};
    int s = stride_of(i % LEVELS);

    return (net_shape){3, {1, (int64_t)(height / s) * (width / s), values[i / LEVELS]}};
}

static float unit(float x)
{
    return x > 0.0f ? (x < 1.0f ? x : 1.0f) : 0.0f;
}

static void yunet_cell(const float *box, const float *five, float stride, pfld_point cell,
                       detector_face *f)
{
    float w = stride * expf(box[2]), h = stride * expf(box[3]);

    f->box = (pfld_box){(cell.x + box[0]) * stride - 0.5f * w - 0.5f,
                        (cell.y + box[1]) * stride - 0.5f * h - 0.5f, w, h};
    for (size_t k = 0; k < 5; k++)
        f->five[k] = (pfld_point){(cell.x + five[2 * k]) * stride - 0.5f,
                                  (cell.y + five[2 * k + 1]) * stride - 0.5f};
}

static void yunet_decode(const decoder_maps *m, float least, decoder_take *take, void *ctx)
{
    for (size_t level = 0; level < LEVELS; level++) {
        int s = stride_of(level), columns = m->width / s, rows = m->height / s;
        size_t n = 0;
        const float *class = m->out[YUNET_CLASS + level];
        const float *object = m->out[YUNET_OBJECT + level];
        for (int i = 0; i < rows; i++)
            for (int j = 0; j < columns; j++, n++) {
                detector_face f = {.score = sqrtf(unit(class[n]) * unit(object[n]))};
                if (!(f.score >= least))
                    continue;
                yunet_cell(m->out[YUNET_BOX + level] + 4 * n, m->out[YUNET_FIVE + level] + 10 * n,
                           (float)s, (pfld_point){(float)j, (float)i}, &f);
                take(ctx, &f);
            }
    }
}

/* ---- Ultra-Light-Fast-Generic: SSD's boxes about fixed ones, its file without postprocessing ----
 */

enum { LIGHT_SCORES, LIGHT_BOXES, LIGHT_LEVELS = 4 };

static const struct light_level {
    int stride, n;
    float side[3]; /* [n] of the square fixed boxes, pixels */
} light_levels[LIGHT_LEVELS] = {
    {8, 3, {10, 16, 24}}, {16, 2, {32, 48}}, {32, 2, {64, 96}}, {64, 3, {128, 192, 256}}};

static net_shape light_shape(size_t i, int width, int height)
{
    int64_t n = 0;

    for (int k = 0; k < LIGHT_LEVELS; k++)
        n += (int64_t)cells(width, light_levels[k].stride) * cells(height, light_levels[k].stride) *
             light_levels[k].n;
    return (net_shape){3, {1, n, i == LIGHT_SCORES ? 2 : 4}};
}

static void light_cell(const float *v, float side, pfld_point cell, detector_face *f)
{
    const float centre = 0.1f, size = 0.2f; /* its "variances" */
    float w = side * expf(size * v[2]), h = side * expf(size * v[3]);

    f->box = (pfld_box){cell.x + centre * side * v[0] - 0.5f * w - 0.5f,
                        cell.y + centre * side * v[1] - 0.5f * h - 0.5f, w, h};
    for (int k = 0; k < 5; k++)
        f->five[k] = nowhere;
}

static void light_decode(const decoder_maps *m, float least, decoder_take *take, void *ctx)
{
    const float *score = m->out[LIGHT_SCORES], *box = m->out[LIGHT_BOXES];

    for (int k = 0; k < LIGHT_LEVELS; k++) {
        const struct light_level *l = &light_levels[k];
        int columns = cells(m->width, l->stride), n = columns * cells(m->height, l->stride);
        for (int i = 0; i < n * l->n; i++, score += 2, box += 4) {
            detector_face f = {.score = unit(score[1])};
            int column = i / l->n % columns, row = i / l->n / columns;
            pfld_point cell = {((float)column + 0.5f) * (float)l->stride,
                               ((float)row + 0.5f) * (float)l->stride};
            if (!(f.score >= least))
                continue;
            light_cell(box, l->side[i % l->n], cell, &f);
            take(ctx, &f);
        }
    }
}

/* ---- the table ---- */

static const decoder decoders[] = {
    {.name = "pfld",
     .outputs = {"stride8", "stride16", "stride32"},
     .input = "rgb,0..1",
     .frame = PFLD_BOX_PFLD,
     .overlap = 0.4f,
     .has_five = true,
     .shape = our_shape,
     .decode = our_decode},
    {.name = "YuNet",
     .outputs = {"cls_8", "cls_16", "cls_32", "obj_8", "obj_16", "obj_32", "bbox_8", "bbox_16",
                 "bbox_32", "kps_8", "kps_16", "kps_32"},
     .input = "bgr,0..255",
     .frame = PFLD_BOX_YUNET,
     .overlap = 0.3f,
     .any_size = true,
     .has_five = true,
     .shape = yunet_shape,
     .decode = yunet_decode},
    {.name = "Ultra-Light",
     .outputs = {"scores", "boxes"},
     .input = "rgb,127/128",
     .frame = PFLD_BOX_YUNET,
     .overlap = 0.3f,
     .any_size = true,
     .shape = light_shape,
     .decode = light_decode},
};

static bool find_output(const net_graph *g, const char *name, size_t *out)
{
    for (size_t i = 0; i < g->n_outputs; i++)
        if (strcmp(g->values[g->outputs[i]].name, name) == 0) {
            *out = i;
            return true;
        }
    return false;
}

static bool has_outputs(const decoder *d, const net_graph *g, size_t output[DECODER_OUTPUTS])
{
    for (size_t i = 0; i < DECODER_OUTPUTS && d->outputs[i]; i++)
        if (!find_output(g, d->outputs[i], &output[i]))
            return false;
    return true;
}

const decoder *decoder_find(const net_graph *g, size_t output[DECODER_OUTPUTS])
{
    for (size_t i = 0; i < sizeof decoders / sizeof decoders[0]; i++)
        if (has_outputs(&decoders[i], g, output))
            return &decoders[i];
    return NULL;
}

bool decoder_fits(const decoder *d, const net_graph *g, const size_t output[DECODER_OUTPUTS],
                  int width, int height, size_t *wrong)
{
    for (size_t i = 0; i < DECODER_OUTPUTS && d->outputs[i]; i++) {
        const net_value *v = &g->values[g->outputs[output[i]]];
        net_shape want = d->shape(i, width, height);
        *wrong = i;
        if (v->dtype != NET_F32 || !v->has_shape || !net_shape_equal(&v->shape, &want))
            return false;
    }
    return true;
}
