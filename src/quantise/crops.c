/* Faces of a data set as a landmark net sees them: what a quantised net is calibrated on. */
#include "quantise/crops.h"

#include "core/error.h"
#include "core/mem.h"
#include "core/rng.h"
#include "data/face_box.h"
#include "image/image.h"
#include "media/codec.h"

pfld_image crops_at(const crops *c, size_t i)
{
    int channels = image_channels(c->order);
    size_t bytes = (size_t)c->side * (size_t)c->side * (size_t)channels;

    return (pfld_image){.data = c->pixels + i * bytes,
                        .width = c->side,
                        .height = c->side,
                        .stride = (ptrdiff_t)c->side * channels,
                        .format = c->order};
}

/* Marks n of the total, each set of n as likely as another (Knuth's algorithm S). */
static void draw(uint8_t *chosen, size_t total, size_t n, uint64_t seed)
{
    rng r;

    rng_seed(&r, seed);
    for (size_t i = 0; i < total && n; i++)
        if ((double)rng_float(&r) * (double)(total - i) < (double)n) {
            chosen[i] = 1;
            n--;
        }
}

static pfld_status crop_one(const data_sample *s, const spec *how, pfld_image *crop,
                            pfld_error *err)
{
    const pfld_box box = face_box(s);
    affine to_image = affine_from_crop(&box, &how->crop, 0.0f, crop->width);
    media_image photo = {0};
    pfld_status st = media_read(s->image, &photo, err);

    if (st == PFLD_OK)
        image_warp(&photo.view, &to_image, crop);
    else
        error_prefix(err, s->where);
    media_image_free(&photo);
    return st;
}

pfld_status crops_make(const data_set *set, const spec *how, int32_t side, size_t most,
                       uint64_t seed, crops *out, pfld_error *err)
{
    size_t n = set->n < most ? set->n : most, done = 0;
    size_t area = (size_t)side * (size_t)side;
    uint8_t *chosen = mem_alloc(set->n, 1);
    pfld_status st = PFLD_OK;

    *out = (crops){.n = n, .side = side, .order = how->input.order};
    out->pixels = mem_alloc(n * (size_t)image_channels(out->order), area);
    if (!chosen || !out->pixels)
        st = error_nomem(err);
    else
        draw(chosen, set->n, n, seed);
    for (size_t i = 0; i < set->n && st == PFLD_OK; i++) {
        pfld_image crop = crops_at(out, done);
        if (!chosen[i])
            continue;
        st = crop_one(&set->samples[i], how, &crop, err);
        done++;
    }
    mem_free(chosen);
    if (st != PFLD_OK)
        crops_free(out);
    return st;
}

void crops_free(crops *c)
{
    mem_free(c->pixels);
    *c = (crops){0};
}
