/* Faces made unrecognisable. */
#include "media/blur.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define REACH                                                                                      \
  0.68f             /* radius in sides of the box: 0.71 would hold its corners, which are no face  \
                     */
#define BLOCKS 7    /* across the box */
#define MOST   1e6f /* pixels: beyond, it is no face's box */

typedef struct disc {
    float x, y, radius;
} disc;

typedef struct block { /* pixels x0 <= x < x1, inside the picture */
    int32_t x0, y0, x1, y1;
} block;

static bool has_part_in(const disc *d, const block *b)
{
    float x = fminf(fmaxf(d->x, (float)b->x0), (float)(b->x1 - 1)) - d->x;
    float y = fminf(fmaxf(d->y, (float)b->y0), (float)(b->y1 - 1)) - d->y;

    return x * x + y * y <= d->radius * d->radius;
}

static void level(pfld_image *img, const block *b)
{
    size_t n = (size_t)(b->x1 - b->x0) * (size_t)(b->y1 - b->y0), sum[3] = {0};

    for (int32_t y = b->y0; y < b->y1; y++) {
        const uint8_t *p = img->data + y * img->stride + 3 * (ptrdiff_t)b->x0;
        for (int32_t x = b->x0; x < b->x1; x++, p += 3)
            for (int k = 0; k < 3; k++)
                sum[k] += p[k];
    }
    for (int32_t y = b->y0; y < b->y1; y++) {
        uint8_t *p = img->data + y * img->stride + 3 * (ptrdiff_t)b->x0;
        for (int32_t x = b->x0; x < b->x1; x++, p += 3)
            for (int k = 0; k < 3; k++)
                p[k] = (uint8_t)((sum[k] + n / 2) / n);
    }
}

static int32_t inside(int32_t at, int32_t size)
{
    return at < 0 ? 0 : at > size ? size : at;
}

void blur_face(pfld_image *img, const pfld_box *box)
{
    float side = fmaxf(box->w, box->h);
    disc d = {box->x + 0.5f * box->w, box->y + 0.5f * box->h, REACH * side};
    int32_t left, top, step;

    if (!(fabsf(d.x) < MOST && fabsf(d.y) < MOST && side > 0.0f && side < MOST))
        return;
    left = (int32_t)floorf(d.x - d.radius);
    top = (int32_t)floorf(d.y - d.radius);
    step = side < 2 * BLOCKS ? 2 : (int32_t)lrintf(side / BLOCKS);
    for (int32_t y = top; (float)y <= d.y + d.radius; y += step)
        for (int32_t x = left; (float)x <= d.x + d.radius; x += step) {
            block b = {inside(x, img->width), inside(y, img->height), inside(x + step, img->width),
                       inside(y + step, img->height)};
            if (b.x0 < b.x1 && b.y0 < b.y1 && has_part_in(&d, &b))
                level(img, &b);
        }
}
