/* From a box to landmarks: crop, net, back to the picture's pixels, pose. */
#include "detect/landmarks.h"

#include <math.h>

#include "core/error.h"
#include "geometry/pose.h"
#include "image/image.h"

#define DEGREE 0.017453293f /* pi / 180 */

/* Nets that share weights give outputs of rank 4 as [N][H][W][C]. */
static bool keeps_order(const net_graph *g, size_t output)
{
    const net_shape *s = &g->values[g->outputs[output]].shape;

    return s->rank != 4 || s->dim[1] == 1 || (s->dim[2] == 1 && s->dim[3] == 1);
}

static bool may_share(const net_graph *g, const spec *how)
{
    return keeps_order(g, how->output) && (!how->has_spread || keeps_order(g, how->spread));
}

static pfld_status create_net(const net_graph *g, const spec *how, pfld_isa cap,
                              infer_weights *weights, arena *mem, infer_net **out, pfld_error *err)
{
    const infer_pixels pixels = spec_pixels(&how->input);
    pfld_status st;
    void *maps;

    if (!may_share(g, how))
        return infer_create_nhwc(g, cap, &pixels, mem, out, err);
    st = infer_create_shared(g, cap, &pixels, weights, mem, out, err);
    if (st != PFLD_OK)
        return st;
    maps = arena_alloc(mem, 1, infer_activation_bytes(*out));
    if (!maps)
        return error_nomem(err);
    infer_place(*out, maps);
    return PFLD_OK;
}

pfld_status landmarks_create(const net_graph *g, const spec *how, pfld_isa cap,
                             infer_weights *weights, arena *mem, landmarks *out, pfld_error *err)
{
    pfld_status st = create_net(g, how, cap, weights, mem, &out->net, err);
    int32_t size, channels = image_channels(how->input.order);

    if (st != PFLD_OK)
        return st;
    size = (int32_t)g->values[g->inputs[0]].shape.dim[2];
    out->how = how;
    for (int i = 0; how->has_spread && i < how->points->n; i++)
        out->group[i] = (uint8_t)scheme_group(how->points, i);
    out->of_tail = how->has_spread ? spread_of_tail((double)how->rule.tail) : 0;
    out->crop = (pfld_image){.width = size,
                             .height = size,
                             .stride = (ptrdiff_t)size * channels,
                             .format = how->input.order,
                             .data = infer_bytes(out->net)};
    return PFLD_OK;
}

/* As affine_from_crop(), which shifts along the picture's axes; a turned face has its own. */
static affine crop_of(const landmarks *l, const pfld_box *box, float roll)
{
    crop_rule rule = l->how->crop;
    float c = cosf(roll * DEGREE), s = sinf(roll * DEGREE);
    float x = rule.shift_x, y = rule.shift_y;

    if (roll != 0.0f) {
        rule.shift_x = c * x - s * y;
        rule.shift_y = s * x + c * y;
    }
    return affine_from_crop(box, &rule, roll, l->crop.width);
}

/* In percent of the inter-ocular distance, as scheme.h has it. */
static float expected_error(const landmarks *of, const pfld_face *face)
{
    const spec *how = of->how;
    const pfld_point *r = &face->landmarks[how->points->right_eye_outer];
    const pfld_point *l = &face->landmarks[how->points->left_eye_outer];
    double sum = 0, eyes = hypot((double)(r->x - l->x), (double)(r->y - l->y));

    for (int32_t i = 0; i < face->n_landmarks; i++)
        sum += spread_expected(of->of_tail, face->cov[i]);
    return eyes > 0 ? (float)(100 * sum / face->n_landmarks / eyes) : NAN;
}

static void measure_spread(const landmarks *l, const affine *to_image, pfld_face *face)
{
    const float size = (float)l->crop.width;
    const affine from_sides = {to_image->a * size, to_image->b * size, 0.0f,
                               to_image->d * size, to_image->e * size, 0.0f};
    const spread_rule *rule = &l->how->rule;
    infer_tensor out;
    double face_size;

    face->error = NAN;
    for (int32_t i = 0; i < face->n_landmarks; i++)
        face->cov[i] = (pfld_cov){NAN, NAN, NAN};
    if (!l->how->has_spread)
        return;
    out = infer_output(l->net, l->how->spread);
    face_size = spread_size(face->landmarks, face->n_landmarks);
    for (int32_t i = 0; i < face->n_landmarks; i++) {
        scheme_group_kind group = (scheme_group_kind)l->group[i];
        pfld_cov c = spread_map(&from_sides, spread_cov(rule, out.data + (size_t)(3 * i), group));
        float least = (float)spread_floor(rule, face_size, group);
        face->cov[i] = (pfld_cov){c.xx + least, c.xy, c.yy + least};
    }
    face->error = expected_error(l, face);
}

void landmarks_find(landmarks *l, const pfld_image *img, const pfld_box *box, float roll,
                    pfld_face *face)
{
    float size = (float)l->crop.width;
    affine to_image = crop_of(l, box, l->how->roll ? roll : 0.0f);
    infer_tensor out;
    size_t i;

    image_warp(img, &to_image, &l->crop);
    infer_run(l->net);
    out = infer_output(l->net, l->how->output);
    face->n_landmarks = l->how->points->n;
    for (i = 0; i < (size_t)face->n_landmarks; i++) { /* 0 and 1 are the crop's borders */
        pfld_point p = {out.data[2 * i] * size - 0.5f, out.data[2 * i + 1] * size - 0.5f};
        face->landmarks[i] = affine_apply(&to_image, p);
    }
    measure_spread(l, &to_image, face);
    if (!pose_from_points(l->how->points, face->landmarks, NULL, &face->pose))
        face->pose = (pfld_pose){NAN, NAN, NAN};
}
