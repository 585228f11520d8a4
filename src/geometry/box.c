/* Boxes: validity, overlap, the box around points, and who suppresses whom. */
#include "geometry/box.h"

#include <math.h>

bool box_is_valid(const pfld_box *b)
{
    return isfinite(b->x) && isfinite(b->y) && isfinite(b->w) && isfinite(b->h) && b->w > 0.0f &&
           b->h > 0.0f;
}

/* Length that [a, a + an] and [b, b + bn] share. */
static double overlap(double a, double an, double b, double bn)
{
    double lo = a > b ? a : b;
    double hi = a + an < b + bn ? a + an : b + bn;

    return hi > lo ? hi - lo : 0.0;
}

float box_iou(const pfld_box *a, const pfld_box *b)
{
    double both, any;

    if (!box_is_valid(a) || !box_is_valid(b))
        return 0.0f;
    /* in double: squares of large floats would overflow */
    both = overlap((double)a->x, (double)a->w, (double)b->x, (double)b->w) *
           overlap((double)a->y, (double)a->h, (double)b->y, (double)b->h);
    any = (double)a->w * (double)a->h + (double)b->w * (double)b->h - both;
    return (float)(both / any);
}

pfld_box box_around(const pfld_point *p, size_t n)
{
    float left = p[0].x, top = p[0].y, right = left, bottom = top;

    for (size_t i = 1; i < n; i++) {
        left = fminf(left, p[i].x);
        right = fmaxf(right, p[i].x);
        top = fminf(top, p[i].y);
        bottom = fmaxf(bottom, p[i].y);
    }
    return (pfld_box){left, top, right - left, bottom - top};
}

size_t box_suppress(const pfld_box *boxes, size_t n, float iou, uint32_t *keep, size_t cap)
{
    size_t kept = 0;

    for (size_t i = 0; i < n && kept < cap; i++) {
        bool stays = true;
        for (size_t k = 0; k < kept && stays; k++)
            stays = !(box_iou(&boxes[i], &boxes[keep[k]]) > iou);
        if (stays)
            keep[kept++] = (uint32_t)i;
    }
    return kept;
}
