/* From a box to landmarks: crop, net, back to the picture's pixels, pose. */
#include "detect/landmarks.h"

#include <math.h>

#include "core/error.h"
#include "geometry/pose.h"
#include "image/image.h"

pfld_status landmarks_create(const net_graph *g, const spec *how, pfld_isa cap, arena *mem,
                             landmarks *out, pfld_error *err)
{
    pfld_status st = infer_create_nhwc(g, cap, mem, &out->net, err);
    int32_t size, channels = image_channels(how->input.order);

    if (st != PFLD_OK)
        return st;
    size = (int32_t)g->values[g->inputs[0]].shape.dim[2];
    out->how = how;
    out->crop = (pfld_image){.width = size,
                             .height = size,
                             .stride = (ptrdiff_t)size * channels,
                             .format = how->input.order};
    out->crop.data = arena_alloc(mem, (size_t)size * (size_t)size, (size_t)channels);
    return out->crop.data ? PFLD_OK : error_nomem(err);
}

/* The crop's bytes as the floats that the net was trained on. */
static void fill_input(const landmarks *l)
{
    const spec_input *in = &l->how->input;
    const uint8_t *src = l->crop.data;
    infer_tensor t = infer_input(l->net, 0);
    size_t channels = (size_t)image_channels(l->crop.format), i, c;

    for (i = 0; i < t.count; i += channels)
        for (c = 0; c < channels; c++)
            t.data[i + c] = in->scale[c] * (float)src[i + c] + in->offset[c];
}

void landmarks_find(landmarks *l, const pfld_image *img, const pfld_box *box, pfld_face *face)
{
    float size = (float)l->crop.width;
    affine to_image = affine_from_crop(box, &l->how->crop, 0.0f, l->crop.width);
    infer_tensor out;
    size_t i;

    image_warp(img, &to_image, &l->crop);
    fill_input(l);
    infer_run(l->net);
    out = infer_output(l->net, l->how->output);
    *face = (pfld_face){.box = *box, .score = 1.0f, .n_landmarks = l->how->points->n};
    for (i = 0; i < (size_t)face->n_landmarks; i++) { /* 0 and 1 are the crop's borders */
        pfld_point p = {out.data[2 * i] * size - 0.5f, out.data[2 * i + 1] * size - 0.5f};
        face->landmarks[i] = affine_apply(&to_image, p);
    }
    if (!pose_from_points(l->how->points, face->landmarks, &face->pose))
        face->pose = (pfld_pose){NAN, NAN, NAN};
}
