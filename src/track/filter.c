/* Steady points: a face's landmarks over time, freed of tremble and not late when it moves. */
#include "track/filter.h"

#include <math.h>

#include "geometry/affine.h"

/*
 * Tremble of the landmarks from frame to frame, standard deviations in units of the face's size
 * (rms distance of its points from their centre): of one point's coordinate, and of the frame, of
 * which many points tell. Measured on still faces, see docs/tracking.md.
 */
#define TREMBLE_POINT 0.010f
#define TREMBLE_FRAME 0.004f

#define LONGEST 10.0f /* seconds: after so long nothing is expected any more */
#define GATE    2.5f  /* standard deviations: what the header promises */

/* How fast a quiet face changes, at smooth 0 and 1: the density of the frame's random acceleration
 * and of the shape's random walk, in sizes, squared, a second. In between the logarithm is linear.
 */
#define ACCELERATION_LOOSE  3.0f
#define ACCELERATION_STEADY 3e-4f
#define WALK_LOOSE          3e-3f
#define WALK_STEADY         3e-6f

static float between(float loose, float steady, float smooth)
{
    return loose * powf(steady / loose, smooth);
}

/* ---- one number ---- */

typedef struct noise {
    float r; /* variance of a measurement */
    float q; /* density of the random acceleration, or of the walk */
} noise;

/* Makes doubt grow until `off` is within the gate; doubt: variance of the prediction. */
static float growth(float off, float doubt, float r)
{
    float beyond = off * off / (GATE * GATE) - r;

    return beyond > doubt && doubt > 0.0f ? beyond / doubt : 1.0f;
}

static void follow(filter_number *k, float dt, float measured, const noise *n)
{
    float off, grown, gain, gain_v, variance;

    k->x += dt * k->v; /* predict: white noise as acceleration */
    k->xx += dt * (2.0f * k->xv + dt * k->vv) + n->q * dt * dt * dt / 3.0f;
    k->xv += dt * k->vv + n->q * dt * dt / 2.0f;
    k->vv += n->q * dt;

    off = measured - k->x; /* correct */
    grown = growth(off, k->xx, n->r);
    k->xx *= grown;
    k->xv *= grown;
    k->vv *= grown;
    variance = k->xx + n->r;
    gain = k->xx / variance;
    gain_v = k->xv / variance;
    k->x += gain * off;
    k->v += gain_v * off;
    k->vv -= gain_v * k->xv;
    k->xv -= gain_v * k->xx;
    k->xx -= gain * k->xx;
}

static float settle(float x, float *doubt, float dt, float measured, const noise *n)
{
    float off = measured - x, gain;

    *doubt += n->q * dt;
    *doubt *= growth(off, *doubt, n->r);
    gain = *doubt / (*doubt + n->r);
    *doubt -= gain * *doubt;
    return x + gain * off;
}

/* ---- frames ---- */

/* From the shape's units to pixels. */
static affine carry(const filter *f)
{
    float size = expf(f->frame[FILTER_SIZE].x);
    float c = size * cosf(f->frame[FILTER_ROLL].x), s = size * sinf(f->frame[FILTER_ROLL].x);

    return (affine){c, -s, f->frame[FILTER_X].x, s, c, f->frame[FILTER_Y].x};
}

static void measure_frame(const affine *t, float measured[FILTER_FRAME])
{
    measured[FILTER_X] = t->c;
    measured[FILTER_Y] = t->f;
    measured[FILTER_SIZE] = logf(hypotf(t->a, t->d));
    measured[FILTER_ROLL] = atan2f(t->d, t->a);
}

/* Centre and rms distance from it. False where the points coincide or are not finite. */
static bool measure_points(const pfld_point *p, size_t n, affine *out)
{
    double x = 0, y = 0, square = 0;
    float size;

    for (size_t i = 0; i < n; i++) {
        x += (double)p[i].x / (double)n;
        y += (double)p[i].y / (double)n;
    }
    for (size_t i = 0; i < n; i++)
        square += pow((double)p[i].x - x, 2) + pow((double)p[i].y - y, 2);
    size = (float)sqrt(square / (double)n);
    *out = (affine){size, 0.0f, (float)x, 0.0f, size, (float)y};
    return isfinite(size) && size > 0.0f;
}

static float squared(float x)
{
    return x * x;
}

static void begin(filter *f, double t, const affine *frame, const pfld_point *points, size_t n)
{
    const float unsure = squared(TREMBLE_FRAME);
    float at[FILTER_FRAME];

    measure_frame(frame, at);
    for (int i = 0; i < FILTER_FRAME; i++)
        f->frame[i] = (filter_number){.x = at[i], .xx = unsure};
    f->frame[FILTER_X].xx = f->frame[FILTER_Y].xx = unsure * squared(frame->a);
    for (size_t i = 0; i < n; i++) {
        f->shape[i] =
            (pfld_point){(points[i].x - frame->c) / frame->a, (points[i].y - frame->f) / frame->a};
        f->doubt[2 * i] = f->doubt[2 * i + 1] = squared(TREMBLE_POINT);
    }
    f->n = n;
    f->t = t;
}

static void follow_frame(filter *f, float dt, float smooth, const affine *measured)
{
    float at[FILTER_FRAME], size = hypotf(measured->a, measured->d);
    noise n = {squared(TREMBLE_FRAME), between(ACCELERATION_LOOSE, ACCELERATION_STEADY, smooth)};
    noise pixels = {n.r * squared(size), n.q * squared(size)};
    filter_number *k = f->frame;

    measure_frame(measured, at);
    at[FILTER_ROLL] = k[FILTER_ROLL].x + remainderf(at[FILTER_ROLL] - k[FILTER_ROLL].x,
                                                    6.2831853f); /* the short way round */
    follow(&k[FILTER_X], dt, at[FILTER_X], &pixels);
    follow(&k[FILTER_Y], dt, at[FILTER_Y], &pixels);
    follow(&k[FILTER_SIZE], dt, at[FILTER_SIZE], &n);
    follow(&k[FILTER_ROLL], dt, at[FILTER_ROLL], &n);
}

/* measured: from pixels to the shape's units. */
static void settle_shape(filter *f, float dt, float smooth, const affine *measured,
                         const pfld_point *points, const float *tremble)
{
    noise n = {squared(TREMBLE_POINT), between(WALK_LOOSE, WALK_STEADY, smooth)};

    for (size_t i = 0; i < f->n; i++) {
        pfld_point p = affine_apply(measured, points[i]), *s = &f->shape[i];
        if (tremble)
            n.r = squared(TREMBLE_POINT * tremble[i]);
        s->x = settle(s->x, &f->doubt[2 * i], dt, p.x, &n);
        s->y = settle(s->y, &f->doubt[2 * i + 1], dt, p.y, &n);
    }
}

/* The shape as it is expected, laid over the points. */
static bool fit(const filter *f, const pfld_point *points, affine *to_pixels, affine *to_shape)
{
    return affine_fit_similarity(f->shape, points, NULL, f->n, to_pixels) &&
           affine_invert(to_pixels, to_shape);
}

void filter_points(filter *f, double t, float smooth, const pfld_point *points,
                   const float *tremble, size_t n, pfld_point *out)
{
    float dt = (float)(t - f->t);
    affine around, to_pixels, to_shape;
    bool seen = measure_points(points, n, &around);

    if (seen && smooth > 0.0f && f->n == n && dt > 0.0f && dt < LONGEST &&
        fit(f, points, &to_pixels, &to_shape)) {
        follow_frame(f, dt, smooth, &to_pixels);
        settle_shape(f, dt, smooth, &to_shape, points, tremble);
        f->t = t;
        to_pixels = carry(f);
        for (size_t i = 0; i < n; i++)
            out[i] = affine_apply(&to_pixels, f->shape[i]);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = points[i];
    f->n = 0;
    if (seen)
        begin(f, t, &around, out, n);
}
