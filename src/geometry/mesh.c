/* Landmarks as a mesh of triangles: a sweep from left to right, then flips until it is Delaunay's.
 */
#include "geometry/mesh.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "geometry/frontal.h"

#define GRID    8191  /* 13 bits: in_circle() fits into 64 */
#define OPENING 20.0f /* of the mouth, in the units of frontal_points() */
enum { NONE = 255, MOST = PFLD_MAX_LANDMARKS };

typedef struct spot { /* a point, on the grid */
    int64_t x, y;
    uint8_t at;
} spot;

typedef struct mesh {
    spot spots[MOST]; /* [n], from left to right; the numbers below are indices into it */
    int n;
    uint8_t apex[MOST][MOST]; /* of the triangle a, b, apex, counter-clockwise with y up; NONE */
    uint8_t next[MOST], previous[MOST]; /* on the hull, in the same sense */
} mesh;

/* Above 0 where a, b, c turn counter-clockwise (y up), 0 where they are on a line. */
static int64_t turn(const mesh *m, int a, int b, int c)
{
    const spot *s = m->spots;

    return (s[b].x - s[a].x) * (s[c].y - s[a].y) - (s[b].y - s[a].y) * (s[c].x - s[a].x);
}

/* Above 0 where d lies within the circle of the counter-clockwise triangle a, b, c. */
static int64_t in_circle(const mesh *m, const int abc[3], int d)
{
    int64_t x[3], y[3], r[3];

    for (int i = 0; i < 3; i++) {
        x[i] = m->spots[abc[i]].x - m->spots[d].x;
        y[i] = m->spots[abc[i]].y - m->spots[d].y;
        r[i] = x[i] * x[i] + y[i] * y[i];
    }
    return r[0] * (x[1] * y[2] - x[2] * y[1]) + r[1] * (x[2] * y[0] - x[0] * y[2]) +
           r[2] * (x[0] * y[1] - x[1] * y[0]);
}

/* ---- the points ---- */

static int from_left_to_right(const void *pa, const void *pb)
{
    const spot *a = pa, *b = pb;

    if (a->x != b->x)
        return a->x < b->x ? -1 : 1;
    if (a->y != b->y)
        return a->y < b->y ? -1 : 1;
    return a->at < b->at ? -1 : 1;
}

static void take_spots(mesh *m, const pfld_point *points, int n)
{
    float left = HUGE_VALF, top = HUGE_VALF, right = -HUGE_VALF, bottom = -HUGE_VALF;
    double extent;
    int kept = 0;

    for (int i = 0; i < n; i++) {
        if (!isfinite(points[i].x) || !isfinite(points[i].y))
            continue;
        left = fminf(left, points[i].x);
        right = fmaxf(right, points[i].x);
        top = fminf(top, points[i].y);
        bottom = fmaxf(bottom, points[i].y);
    }
    extent = fmax((double)right - (double)left, (double)bottom - (double)top);
    for (int i = 0; i < n && extent > 0; i++)
        if (isfinite(points[i].x) && isfinite(points[i].y))
            m->spots[m->n++] =
                (spot){llrint(((double)points[i].x - (double)left) / extent * GRID),
                       llrint(((double)points[i].y - (double)top) / extent * GRID), (uint8_t)i};
    qsort(m->spots, (size_t)m->n, sizeof *m->spots, from_left_to_right);
    for (int i = 0; i < m->n; i++)
        if (kept == 0 || m->spots[kept - 1].x != m->spots[i].x ||
            m->spots[kept - 1].y != m->spots[i].y)
            m->spots[kept++] = m->spots[i];
    m->n = kept;
}

/* ---- the sweep ---- */

static void set_triangle(mesh *m, int a, int b, int c)
{
    m->apex[a][b] = (uint8_t)c;
    m->apex[b][c] = (uint8_t)a;
    m->apex[c][a] = (uint8_t)b;
}

static void link_hull(mesh *m, int a, int b)
{
    m->next[a] = (uint8_t)b;
    m->previous[b] = (uint8_t)a;
}

/* A fan from the first point beside the line of those before it. Returns how many points that are;
 * 0 where all are on a line. */
static int start_hull(mesh *m)
{
    bool ahead;
    int top = 2;

    while (top < m->n && turn(m, 0, 1, top) == 0)
        top++;
    if (top >= m->n)
        return 0;
    ahead = turn(m, 0, 1, top) > 0;
    for (int i = 0; i + 1 < top; i++) {
        int a = ahead ? i : i + 1, b = ahead ? i + 1 : i;

        set_triangle(m, a, b, top);
        link_hull(m, a, b);
    }
    link_hull(m, ahead ? top - 1 : 0, top);
    link_hull(m, top, ahead ? 0 : top - 1);
    return top + 1;
}

/* p, right of all before it, gets a triangle with each edge of the hull that it sees. The point
 * before it is on the hull, and seen. */
static void add_spot(mesh *m, int p)
{
    int to = p - 1, from = p - 1;

    for (; turn(m, to, m->next[to], p) < 0; to = m->next[to])
        set_triangle(m, m->next[to], to, p);
    for (; turn(m, m->previous[from], from, p) < 0; from = m->previous[from])
        set_triangle(m, from, m->previous[from], p);
    link_hull(m, from, p);
    link_hull(m, p, to);
}

/* ---- the flips ---- */

/* The other diagonal in place of a, b, where a circle tells so. */
static bool flip(mesh *m, int a, int b)
{
    int c = m->apex[a][b], d = m->apex[b][a];

    if (c == NONE || d == NONE || in_circle(m, (int[]){a, b, c}, d) <= 0)
        return false;
    m->apex[a][b] = m->apex[b][a] = NONE;
    set_triangle(m, a, d, c);
    set_triangle(m, d, b, c);
    return true;
}

/* Each flip makes the least angles larger, so this ends. */
static void flip_all(mesh *m)
{
    bool again = true;

    while (again) {
        again = false;
        for (int a = 0; a < m->n; a++)
            for (int b = a + 1; b < m->n; b++)
                again |= flip(m, a, b);
    }
}

/* ---- all of it ---- */

static size_t put_triangles(const mesh *m, mesh_triangle out[MESH_MOST])
{
    uint8_t spot_of[MOST];
    size_t n = 0;

    memset(spot_of, NONE, sizeof spot_of);
    for (int i = 0; i < m->n; i++)
        spot_of[m->spots[i].at] = (uint8_t)i;
    for (int i = 0; i < MOST; i++)
        for (int k = i + 1; k < MOST; k++) {
            int a = spot_of[i], b = spot_of[k], c;
            if (a == NONE || b == NONE || (c = m->apex[a][b]) == NONE || m->spots[c].at < i)
                continue;
            assert(n < MESH_MOST);
            out[n++] = (mesh_triangle){{(uint8_t)i, (uint8_t)k, m->spots[c].at}};
        }
    return n;
}

size_t mesh_delaunay(const pfld_point *points, int n, mesh_triangle out[MESH_MOST])
{
    mesh m = {.n = 0};

    assert(n >= 0 && n <= MOST);
    memset(m.apex, NONE, sizeof m.apex);
    take_spots(&m, points, n);
    for (int p = start_hull(&m); p && p < m.n; p++)
        add_spot(&m, p);
    flip_all(&m);
    return put_triangles(&m, out);
}

static bool on_contour(const scheme_contour *c, const mesh_triangle *t)
{
    int n = 0;

    for (int i = 0; i < 3; i++)
        n += memchr(c->points, t->at[i], c->n) != NULL;
    return n == 3;
}

static int count_of_group(const scheme *s, const mesh_triangle *t, scheme_group_kind kind)
{
    int n = 0;

    for (int i = 0; i < 3; i++)
        n += scheme_group(s, t->at[i]) == kind;
    return n;
}

static bool is_skin(const scheme *s, const mesh_triangle *t)
{
    int k = 0;

    while (k < s->n_contours && !on_contour(&s->contours[k], t))
        k++;
    return k == s->n_contours && count_of_group(s, t, SCHEME_BROW) < 3 &&
           count_of_group(s, t, SCHEME_PUPIL) == 0;
}

/* The ends of a ring: its leftmost and its rightmost point. */
static void find_corners(const scheme_contour *c, const pfld_point *points, uint8_t corners[2])
{
    corners[0] = corners[1] = c->points[0];
    for (int i = 1; i < c->n; i++) {
        if (points[c->points[i]].x < points[corners[0]].x)
            corners[0] = c->points[i];
        if (points[c->points[i]].x > points[corners[1]].x)
            corners[1] = c->points[i];
    }
}

/* The mean face's lips almost meet, and circles would join one with the other, across mouths that
 * are open. */
static void open_mouth(const scheme *s, pfld_point *points)
{
    bool is_lower[PFLD_MAX_LANDMARKS] = {false};
    uint8_t ends[2];

    for (int k = 0; k < s->n_contours; k++) {
        const scheme_contour *c = &s->contours[k];
        if (c->kind != SCHEME_LIPS || !c->closed)
            continue;
        find_corners(c, points, ends);
        for (int i = 0; i < c->n; i++)
            is_lower[c->points[i]] = points[c->points[i]].y > points[ends[0]].y &&
                                     points[c->points[i]].y > points[ends[1]].y;
    }
    for (int i = 0; i < s->n; i++)
        points[i].y += is_lower[i] ? OPENING : 0.0f;
}

size_t mesh_of_scheme(const scheme *s, mesh_triangle out[MESH_MOST])
{
    pfld_point points[PFLD_MAX_LANDMARKS];
    size_t all, n = 0;

    frontal_points(s, points);
    open_mouth(s, points);
    all = mesh_delaunay(points, s->n, out);
    for (size_t i = 0; i < all; i++)
        if (is_skin(s, &out[i]))
            out[n++] = out[i];
    return n;
}
