/* Plane maps: affine transforms, the similarity fit, and the square crop rule. */
#include "geometry/affine.h"

#include <math.h>

#define DEGREE 0.017453292519943295 /* pi / 180 */
/* Points of this relative spread (squared) differ by nothing but float rounding. */
#define COINCIDE 1e-16

static bool is_finite(const affine *t)
{
    return isfinite(t->a) && isfinite(t->b) && isfinite(t->c) && isfinite(t->d) && isfinite(t->e) &&
           isfinite(t->f);
}

pfld_point affine_apply(const affine *t, pfld_point p)
{
    return (pfld_point){t->a * p.x + t->b * p.y + t->c, t->d * p.x + t->e * p.y + t->f};
}

affine affine_compose(const affine *outer, const affine *inner)
{
    const affine *o = outer, *i = inner;

    return (affine){
        .a = o->a * i->a + o->b * i->d,
        .b = o->a * i->b + o->b * i->e,
        .c = o->a * i->c + o->b * i->f + o->c,
        .d = o->d * i->a + o->e * i->d,
        .e = o->d * i->b + o->e * i->e,
        .f = o->d * i->c + o->e * i->f + o->f,
    };
}

bool affine_invert(const affine *t, affine *out)
{
    double a = (double)t->a, b = (double)t->b, c = (double)t->c;
    double d = (double)t->d, e = (double)t->e, f = (double)t->f;
    double det = a * e - b * d;
    affine r;

    if (!is_finite(t) || det == 0.0)
        return false;
    r = (affine){
        .a = (float)(e / det),
        .b = (float)(-b / det),
        .c = (float)((b * f - c * e) / det),
        .d = (float)(-d / det),
        .e = (float)(a / det),
        .f = (float)((c * d - a * f) / det),
    };
    if (!is_finite(&r))
        return false;
    *out = r;
    return true;
}

typedef struct moments {       /* of weighted pairs of points */
    double w, sx, sy, dx, dy;  /* sum of weights, means */
    double src, dst;           /* mean square distance from the mean */
    double src_at_0, dst_at_0; /* mean square distance from the origin */
    double dot, cross;         /* mean products, src times dst */
} moments;

static bool measure(const pfld_point *src, const pfld_point *dst, const float *weight, size_t n,
                    moments *m)
{
    *m = (moments){0};
    for (size_t i = 0; i < n; i++) {
        double w = weight ? (double)weight[i] : 1.0;
        if (!(w >= 0.0))
            return false;
        m->w += w;
        m->sx += w * (double)src[i].x;
        m->sy += w * (double)src[i].y;
        m->dx += w * (double)dst[i].x;
        m->dy += w * (double)dst[i].y;
    }
    if (!(m->w > 0.0))
        return false;
    m->sx /= m->w, m->sy /= m->w, m->dx /= m->w, m->dy /= m->w;
    for (size_t i = 0; i < n; i++) {
        double w = (weight ? (double)weight[i] : 1.0) / m->w;
        double px = (double)src[i].x, py = (double)src[i].y;
        double qx = (double)dst[i].x, qy = (double)dst[i].y;
        m->src_at_0 += w * (px * px + py * py);
        m->dst_at_0 += w * (qx * qx + qy * qy);
        px -= m->sx, py -= m->sy, qx -= m->dx, qy -= m->dy;
        m->src += w * (px * px + py * py);
        m->dst += w * (qx * qx + qy * qy);
        m->dot += w * (px * qx + py * qy);
        m->cross += w * (px * qy - py * qx);
    }
    return true;
}

bool affine_fit_similarity(const pfld_point *src, const pfld_point *dst, const float *weight,
                           size_t n, affine *out)
{
    moments m;
    double c, s; /* scale times cosine and sine */
    affine r;

    if (n < 2 || !measure(src, dst, weight, n, &m))
        return false;
    if (!(m.src > COINCIDE * m.src_at_0) || !(m.dst > COINCIDE * m.dst_at_0))
        return false;
    c = m.dot / m.src;
    s = m.cross / m.src;
    r = (affine){
        .a = (float)c,
        .b = (float)-s,
        .c = (float)(m.dx - c * m.sx + s * m.sy),
        .d = (float)s,
        .e = (float)c,
        .f = (float)(m.dy - s * m.sx - c * m.sy),
    };
    if (!is_finite(&r) || !((c * c + s * s) * m.src > COINCIDE * m.dst))
        return false;
    *out = r;
    return true;
}

affine affine_from_crop(const pfld_box *box, const crop_rule *rule, float roll, int size)
{
    double longer = (double)(box->w > box->h ? box->w : box->h);
    double cx = (double)box->x + 0.5 * (double)box->w + (double)rule->shift_x * longer;
    double cy = (double)box->y + 0.5 * (double)box->h + (double)rule->shift_y * longer;
    double step = (double)rule->scale * longer / size; /* image pixels to a crop pixel */
    double c = step * cos((double)roll * DEGREE), s = step * sin((double)roll * DEGREE);
    double middle = 0.5 * (size - 1); /* of the crop: half a pixel inside both its borders */

    return (affine){
        .a = (float)c,
        .b = (float)-s,
        .c = (float)(cx - (c - s) * middle),
        .d = (float)s,
        .e = (float)c,
        .f = (float)(cy - (s + c) * middle),
    };
}
