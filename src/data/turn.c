/* Turns the face of a photo further to the side: new points, and the photo warped by a mesh. */
#include "data/turn.h"

#include <math.h>
#include <string.h>

#include "data/classes.h"
#include "data/facefit.h"

/*
 * As 300W-LP was made (Zhu et al. 2016, face profiling): the photo's points get the depth of the
 * mean face as it lies in the photo, spots on cheeks, hair and neck theirs from the points that
 * they lie between; all turn about an axis through the neck, and a mesh over them takes the photo
 * along. Around the head the mesh stays where it is.
 */

#define FRONTAL 8.0f  /* degrees: so far a face may as well be turned to the other side */
#define LEAST   30.0f /* degrees of yaw that come out, ... */
#define MOST    75.0f /* ... evenly up to this, ... */
#define FURTHER 5.0f  /* ... and by so much more than the face is turned already */
#define PITCH   5.0f  /* sigma, degrees */
#define SLID    35.0f /* degrees of yaw at which the far contour lies across the cheek */
#define TUCKED  0.3f  /* of the way from the jaw's contour to the first spot on the cheek */
#define AROUND  3.0f  /* depth of what is around the head, in units of the face */

enum { POINTS = 68, RING = POINTS + TURN_SPOTS }; /* vertices */

static const pose_point3 neck = {0.0f, 0.3f, 0.6f}; /* what the head turns about */

/* --- by how much -------------------------------------------------------------------------------
 */

turn_angles turn_draw(const pfld_pose *pose, rng *r)
{
    bool right = rng_float(r) < 0.5f;
    float share = rng_float(r), pitch = fminf(fmaxf(rng_normal(r), -3.0f), 3.0f);
    float least = fmaxf(LEAST, fabsf(pose->yaw) + FURTHER), most = fmaxf(MOST, least);
    float yaw = least + share * (most - least);

    if (fabsf(pose->yaw) > FRONTAL)
        right = pose->yaw > 0.0f;
    return (turn_angles){(right ? yaw : -yaw) - pose->yaw, PITCH * pitch};
}

/* --- the head in space -------------------------------------------------------------------------
 */

typedef struct head {
    const data_sample *s;
    facefit fit;
    float r[3][3], turned[3][3]; /* of its pose, and of the one that it gets */
    float more;                  /* how much it turns: 1 for SLID and beyond */
    pose_point3 point[POINTS];   /* in the mean face's frame */
    turn_spot spot[TURN_SPOTS];
} head;

static bool is_whole(const data_sample *s)
{
    if (s->scheme != scheme_find("ibug68") || !isfinite(s->pose.yaw) || !isfinite(s->pose.pitch) ||
        !isfinite(s->pose.roll))
        return false;
    for (int i = 0; i < POINTS; i++)
        if (!s->known[i] || !isfinite(s->points[i].x) || !isfinite(s->points[i].y))
            return false;
    return true;
}

/* What the label marks. */
static pfld_point marked(const data_sample *s, int i)
{
    return (pfld_point){s->points[i].x - s->offset, s->points[i].y};
}

static bool fit_face(const data_sample *s, const face_template *face, facefit *fit)
{
    pose_point3 rigid[TEMPLATE_RIGID];
    pfld_point seen[TEMPLATE_RIGID];

    for (int i = 0; i < TEMPLATE_RIGID; i++) {
        rigid[i] = face->points[face_rigid[i]];
        seen[i] = marked(s, face_rigid[i]);
    }
    return facefit_find(rigid, seen, TEMPLATE_RIGID, fit);
}

static bool can_turn(const data_sample *s, const face_template *face, facefit *fit)
{
    return is_whole(s) && fit_face(s, face, fit) && fabsf(fit->pose.yaw) <= MOST;
}

bool turn_suits(const data_sample *s, const face_template *face)
{
    facefit fit;

    return can_turn(s, face, &fit);
}

/* Of a line across the cheek. */
static int first_spot(int line)
{
    return TURN_CHEEK * line;
}

static int jaw_of(int line)
{
    return turn_spots[first_spot(line)].i;
}

static pose_point3 place_of(const head *h, const turn_spot *s)
{
    pose_point3 i = h->point[s->i], j = h->point[s->j];
    float a = s->share, b = 1.0f - a;

    return (pose_point3){a * i.x + b * j.x, a * i.y + b * j.y, a * i.z + b * j.z + s->back};
}

/* On the far side of a turned face, what the photo's points outline is the cheek: the contour is no
 * deeper than the spot that it has slid to, and the spots are between it and the rest. */
static void slide_contour(head *h)
{
    float share = fminf(fabsf(h->fit.pose.yaw) / SLID, 1.0f);
    int first = h->fit.pose.yaw > 0.0f ? 0 : TURN_CHEEKS / 2;

    for (int line = first; line < first + TURN_CHEEKS / 2; line++) {
        turn_spot *spot = &h->spot[first_spot(line)];
        float *z = &h->point[spot->i].z;
        *z += share * (place_of(h, &spot[1]).z - *z);
        for (int k = 0; k < TURN_CHEEK; k++)
            spot[k].back *= 1.0f - share;
    }
}

/* r = a b^T or a b */
static void multiply(float a[3][3], float b[3][3], bool transposed, float r[3][3])
{
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) {
            r[i][j] = 0.0f;
            for (int k = 0; k < 3; k++)
                r[i][j] += a[i][k] * (transposed ? b[j][k] : b[k][j]);
        }
}

static bool make_head(const data_sample *s, const face_template *face, const turn_angles *by,
                      head *h)
{
    pfld_pose about = {.yaw = by->yaw, .pitch = by->pitch};
    float turn[3][3];

    if (!can_turn(s, face, &h->fit))
        return false;
    h->s = s;
    h->more = fminf(fabsf(by->yaw) / SLID, 1.0f);
    pose_to_matrix(&h->fit.pose, h->r);
    pose_to_matrix(&about, turn);
    multiply(h->r, turn, false, h->turned); /* about its own axes */
    memcpy(h->point, face->points, sizeof h->point);
    memcpy(h->spot, turn_spots, sizeof h->spot);
    for (int i = 0; i < TURN_JAW; i++)
        h->point[i].z += turn_jaws[i].deeper;
    slide_contour(h);
    return true;
}

/* Away from the camera, pixels. */
static float depth_of(const head *h, pose_point3 p)
{
    return (float)h->fit.k * (h->r[2][0] * p.x + h->r[2][1] * p.y + h->r[2][2] * p.z);
}

static pfld_point seen_at(const head *h, pose_point3 p)
{
    float k = (float)h->fit.k;

    return (pfld_point){
        (float)h->fit.t[0] + k * (h->r[0][0] * p.x + h->r[0][1] * p.y + h->r[0][2] * p.z),
        (float)h->fit.t[1] + k * (h->r[1][0] * p.x + h->r[1][1] * p.y + h->r[1][2] * p.z)};
}

/* --- the mesh ----------------------------------------------------------------------------------
 */

/* How much of the cheek's side and of the neck there is to make up: all where the face was frontal
 * and has turned. */
static float made_up(const head *h)
{
    return h->more * (1.0f - fminf(fabsf(h->fit.pose.yaw) / SLID, 1.0f));
}

static pfld_point between(pfld_point a, pfld_point b, float share)
{
    return (pfld_point){share * a.x + (1.0f - share) * b.x, share * a.y + (1.0f - share) * b.y};
}

/* Of the jaw's points those on the far side once the head is turned: from *first to *last. */
static void far_jaw(const head *h, int *first, int *last)
{
    bool right = h->turned[0][2] > 0.0f; /* the subject's */

    *first = right ? 0 : TURN_JAW / 2 + 1;
    *last = right ? TURN_JAW / 2 - 1 : TURN_JAW - 1;
}

static void place_points(const head *h, turn_vertex *v)
{
    int first, last;

    far_jaw(h, &first, &last);
    for (int i = 0; i < POINTS; i++) {
        bool near = i < TURN_JAW && (i < first || i > last);
        float lower = near ? h->more * (float)h->fit.k * turn_jaws[i].lower : 0.0f;
        v[i].from = marked(h->s, i);
        v[i].to.x = v[i].from.x + lower * h->r[0][1];
        v[i].to.y = v[i].from.y + lower * h->r[1][1];
        v[i].depth = depth_of(h, h->point[i]) + lower * h->r[2][1];
    }
}

/* As the face's own points lie in the photo, not as the mean face's would. */
static void place_spots(const head *h, turn_vertex *v)
{
    for (int i = 0; i < TURN_SPOTS; i++) {
        const turn_spot *s = &h->spot[i];
        float taken = s->share + made_up(h) * (s->from - s->share);
        pfld_point at = between(v[s->i].to, v[s->j].to, s->share);
        float back = (float)h->fit.k * s->back, x = back * h->r[0][2], y = back * h->r[1][2];
        pfld_point from = between(v[s->i].from, v[s->j].from, taken);
        v[POINTS + i].to = (pfld_point){at.x + x, at.y + y};
        v[POINTS + i].from = (pfld_point){from.x + x, from.y + y};
        v[POINTS + i].depth = depth_of(h, place_of(h, s));
    }
}

/* What is drawn out along the jaw shall be skin, not what is behind it. */
static void tuck_jaw(const head *h, turn_vertex *v)
{
    float share = TUCKED * made_up(h);

    for (int line = 0; line < TURN_CHEEKS; line++) {
        turn_vertex *jaw = &v[jaw_of(line)];
        jaw->from = between(jaw->from, v[POINTS + first_spot(line)].from, 1.0f - share);
    }
}

/* What is around the head stays. */
static void place_rings(const head *h, turn_vertex *v)
{
    float length = hypotf(h->r[0][0], h->r[1][0]), k = (float)h->fit.k;
    float cx = k * h->r[0][0] / length, cy = k * h->r[1][0] / length; /* along the face's x */
    pfld_point middle = seen_at(h, neck);

    for (int i = 0; i < TURN_RINGS * TURN_RING_SPOTS; i++) {
        float angle = 6.2831853f * (float)(i % TURN_RING_SPOTS) / TURN_RING_SPOTS;
        float radius = turn_radius[i / TURN_RING_SPOTS];
        float x = radius * cosf(angle), y = radius * sinf(angle);
        turn_vertex *at = &v[RING + i];
        at->to = (pfld_point){middle.x + x * cx - y * cy, middle.y + x * cy + y * cx};
        at->from = at->to;
        at->depth = AROUND * k;
    }
}

static void turn_vertices(const head *h, float turn[3][3], turn_vertex *v)
{
    pfld_point middle = seen_at(h, neck);
    float depth = depth_of(h, neck);

    for (int i = 0; i < RING; i++) {
        float p[3] = {v[i].to.x - middle.x, v[i].to.y - middle.y, v[i].depth - depth}, q[3];
        for (int k = 0; k < 3; k++)
            q[k] = turn[k][0] * p[0] + turn[k][1] * p[1] + turn[k][2] * p[2];
        v[i].to = (pfld_point){middle.x + q[0], middle.y + q[1]};
        v[i].depth = q[2];
    }
    for (int i = RING; i < TURN_VERTICES; i++)
        v[i].depth -= depth;
}

/* --- the labels --------------------------------------------------------------------------------
 */

static float further_out(const turn_vertex *a, const turn_vertex *b, pfld_point out)
{
    return (a->to.x - b->to.x) * out.x + (a->to.y - b->to.y) * out.y;
}

/* The vertex on a line across the cheek that is furthest out. */
static const turn_vertex *contour_of(const turn_vertex *v, int line, pfld_point out)
{
    const turn_vertex *spot = &v[POINTS + first_spot(line)];
    const turn_vertex *best = &v[jaw_of(line)], *inner = &v[turn_spots[first_spot(line)].j];

    for (int k = 0; k < TURN_CHEEK; k++)
        best = further_out(&spot[k], best, out) > 0.0f ? &spot[k] : best;
    return further_out(inner, best, out) > 0.0f ? inner : best;
}

/* The jaw's far points lie on the contour, a little closer together than on the head. */
static void label_far(const head *h, turned_face *t)
{
    float side = h->turned[0][2] > 0.0f ? -1.0f : 1.0f;                 /* where the far side is */
    pfld_point out = {side * h->turned[1][1], -side * h->turned[0][1]}; /* across the head's y */
    pfld_point contour[TURN_JAW];
    int first, last;

    memcpy(contour, t->points, sizeof contour);
    for (int line = 0; line < TURN_CHEEKS; line++)
        contour[jaw_of(line)] = contour_of(t->vertex, line, out)->to;
    far_jaw(h, &first, &last);
    for (int i = first; i <= last; i++) {
        float closer = turn_jaws[i].closer;
        int down = i < TURN_JAW / 2 ? i + 1 : i - 1, up = i < TURN_JAW / 2 ? i - 1 : i + 1;
        t->points[i] =
            between(contour[closer < 0.0f ? up : down], contour[i], h->more * fabsf(closer));
    }
}

static void label(const head *h, turned_face *t)
{
    for (int i = 0; i < POINTS; i++)
        t->points[i] = t->vertex[i].to;
    label_far(h, t);
    for (int i = 0; i < POINTS; i++)
        t->points[i].x += h->s->offset;
}

bool turn_face(const data_sample *s, const face_template *face, const turn_angles *by,
               turned_face *out)
{
    float turn[3][3], own[3][3], r[3][3];
    head h;

    if (!make_head(s, face, by, &h))
        return false;
    multiply(h.turned, h.r, true, turn);
    place_points(&h, out->vertex);
    place_spots(&h, out->vertex);
    tuck_jaw(&h, out->vertex);
    place_rings(&h, out->vertex);
    turn_vertices(&h, turn, out->vertex);
    label(&h, out);
    pose_to_matrix(&s->pose, own);
    multiply(turn, own, false, r);
    out->sample = *s;
    out->sample.points = out->points;
    out->sample.pose = pose_from_matrix((const float(*)[3])r);
    out->sample.classes = classes_turned(s->classes, &out->sample.pose);
    return true;
}
