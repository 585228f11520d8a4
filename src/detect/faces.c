/* Both nets together: from a picture to faces with landmarks, pose and presence. */
#include "detect/faces.h"

#include <assert.h>
#include <math.h>

#include "geometry/box.h"
#include "geometry/five.h"

#define DEGREE 0.017453293f /* pi / 180 */

/*
 * From where on another crop is worth its time, in sides of the crop, as ln of its side, and in
 * degrees. 300w val, inter-ocular NME of pfld-0.25x-ibug68 of 2026-11-27 in true boxes, in ones 15
 * % off (pfld eval --jitter 0.15) and in the detector's (--boxes-by builtin): (0.05, 0.07,
 * 10) 4.05, 4.09 and 4.11; (0.07, 0.1, 15) 4.03, 4.08 and 4.13; (0.07, 0.1, 20) 4.03, 4.08
 * and 4.13. Of a net that was trained for a shorter time, whose points are worse where the crop is
 * off, 4.67, 4.94 and (median) 4.23; (0.07, 0.1, 20) 4.69, 4.97 and 4.34.
 */
#define OFF_SHIFT 0.05f
#define OFF_SCALE 0.07f
#define OFF_ROLL  10.0f

pfld_box face_square_box(const face_square *s)
{
    return (pfld_box){s->x - 0.5f * s->side, s->y - 0.5f * s->side, s->side, s->side};
}

static face_square square_on(const pfld_box *b, float roll)
{
    return (face_square){b->x + 0.5f * b->w, b->y + 0.5f * b->h, fmaxf(b->w, b->h), roll};
}

/* The centre moves by parts of `unit`, along the face's own axes. */
static face_square moved(const face_square *from, const crop_rule *rule, float sign, float unit,
                         float side)
{
    float c = cosf(from->roll * DEGREE), s = sinf(from->roll * DEGREE);
    float dx = sign * unit * rule->shift_x, dy = sign * unit * rule->shift_y;

    return (face_square){from->x + c * dx - s * dy, from->y + s * dx + c * dy, side, from->roll};
}

/* From the detector's frame to the landmarks', and back. */
static face_square to_landmarks(const crop_rule *rule, const face_square *s)
{
    return moved(s, rule, 1.0f, s->side, rule->scale * s->side);
}

static face_square to_detector(const crop_rule *rule, const face_square *s)
{
    float side = s->side / rule->scale;

    return moved(s, rule, -1.0f, side, side);
}

static bool is_known(const pfld_point five[5])
{
    for (int i = 0; i < 5; i++)
        if (!isfinite(five[i].x) || !isfinite(five[i].y))
            return false;
    return true;
}

/* ---- presence ---- */

/* Where the landmarks, or else the detector's own points, say that the face is, in the detector's
 * frame; known: what was known before. */
static face_square look_for(const faces *f, const pfld_face *face, const face_square *known)
{
    pfld_point five[5];
    face_square s;
    pfld_box b;
    bool have = f->points &&
                five_from_points(f->points->how->points, face->landmarks, NULL, five) == FIVE_ALL;

    for (int i = 0; i < 5 && !have; i++)
        five[i] = face->five[i];
    if (!is_known(five) || !five_roll(five, &s.roll))
        return *known;
    b = five_box(five);
    if (!box_is_valid(&b))
        return *known;
    s = square_on(&b, s.roll);
    return to_detector(&f->finder->how->face, &s);
}

static float presence(faces *f, const pfld_image *img, const pfld_face *face,
                      const face_square *known)
{
    face_square s = look_for(f, face, known);
    pfld_box b = face_square_box(&s);

    return box_is_valid(&b) ? detector_presence(f->finder, img, &b, s.roll) : 0.0f;
}

/* ---- landmarks, and again where the first crop was off ---- */

/* Where the landmarks say that the face is, in their own frame. False where they can't tell. */
static bool square_around(const landmarks *l, const pfld_face *face, face_square *out)
{
    const scheme *points = l->how->points;
    pfld_point five[5], p[PFLD_MAX_LANDMARKS];
    float roll, c, s;
    pfld_box b;

    if (five_from_points(points, face->landmarks, NULL, five) != FIVE_ALL ||
        !five_roll(five, &roll))
        return false;
    if (!l->how->roll)
        roll = 0.0f;
    if (!scheme_outlines_face(points)) {
        b = five_box(five);
        *out = square_on(&b, roll);
        return box_is_valid(&b);
    }
    c = cosf(roll * DEGREE);
    s = sinf(roll * DEGREE);
    for (int i = 0; i < points->n; i++) { /* as if the face were upright */
        pfld_point q = face->landmarks[i];
        p[i] = (pfld_point){c * q.x + s * q.y, c * q.y - s * q.x};
    }
    b = box_around(p, (size_t)points->n);
    *out = square_on(&b, roll);
    *out = (face_square){c * out->x - s * out->y, s * out->x + c * out->y, out->side, roll};
    return box_is_valid(&b);
}

static float turn_between(float a, float b)
{
    return fabsf(remainderf(a - b, 360.0f));
}

static bool is_off(const face_square *first, const face_square *seen)
{
    return hypotf(seen->x - first->x, seen->y - first->y) > OFF_SHIFT * first->side ||
           fabsf(logf(seen->side / first->side)) > OFF_SCALE ||
           turn_between(seen->roll, first->roll) > OFF_ROLL;
}

/* True where the landmarks of the first crop say that they are just in its middle, and upright. */
static bool read_from(const faces *f, const pfld_image *img, const face_square *square,
                      pfld_face *out)
{
    face_square from = *square, seen;

    for (int crops = 1;; crops++) {
        pfld_box b = face_square_box(&from);

        landmarks_find(f->points, img, &b, from.roll, out);
        if (!square_around(f->points, out, &seen))
            return false;
        if (!is_off(&from, &seen))
            return crops == 1;
        if (crops >= f->most_crops)
            return false;
        from = seen;
    }
}

/*
 * A net reads faces that lie as far over as those that it was trained on. Of others it knows that
 * it is lost, where its head for covariances has seen such crops (pfld train --augment spun).
 * ASTRAY: expected error in percent; 13 of the 1,360 upright faces of 300w val, train and ytf val
 * have more with pfld-0.25x-ibug68 of 2026-11-27, and pay for four crops or more. FOUND: of that,
 * the other reading's; with 0.7 in place of 0.5 some faces half of which are hidden were turned
 * over (NME of 300w val under patches over half of the box 17.5 in place of 15.4 %).
 */
#define ASTRAY 7.0f
#define FOUND  0.5f

/* The square in the other quarter of whose crop the net is surest. */
static face_square surest_quarter(const faces *f, const pfld_image *img, const face_square *square)
{
    pfld_box b = face_square_box(square);
    face_square s = *square, best = s;
    float least = INFINITY;
    pfld_face face;

    for (int q = 1; q < 4; q++) {
        s.roll = remainderf(square->roll + 90.0f * (float)q, 360.0f);
        landmarks_find(f->points, img, &b, s.roll, &face);
        if (!(face.error < least))
            continue;
        least = face.error;
        best = s;
    }
    return best;
}

/* As read_from(), or from another quarter, which makes it false. */
static bool find_points(const faces *f, const pfld_image *img, const face_square *square,
                        pfld_face *out)
{
    bool agree = read_from(f, img, square, out);
    pfld_face turned;
    face_square s;

    if (f->upright || f->most_crops == 1 || !f->points->how->roll || !(out->error > ASTRAY))
        return agree;
    s = surest_quarter(f, img, square);
    turned = *out;
    read_from(f, img, &s, &turned);
    if (!(turned.error < FOUND * out->error))
        return agree;
    *out = turned;
    return false;
}

/* Of faces that are less sure than that a second look makes nothing. */
#define FAINT 0.1f

float faces_first_score(float score_min, float presence_min)
{
    if (presence_min < 0.0f)
        return score_min;
    return fmaxf(score_min * score_min, FAINT);
}

/* ---- one face ---- */

static void clear(pfld_face *out)
{
    *out = (pfld_face){.presence = NAN, .error = NAN, .pose = {NAN, NAN, NAN}};
    for (int i = 0; i < 5; i++)
        out->five[i] = (pfld_point){NAN, NAN};
}

void faces_measure(faces *f, const pfld_image *img, const pfld_box *box, pfld_face *out)
{
    face_square s = square_on(box, 0.0f);

    assert(f->points);
    clear(out);
    out->box = *box;
    out->score = 1.0f;
    find_points(f, img, &s, out);
    if (!f->finder || f->presence_min < 0.0f)
        return;
    s = to_detector(&f->finder->how->face, &s);
    out->presence = presence(f, img, out, &s);
}

/* Whether the landmark net's expected error tells which way is up: not where its crops are never
 * turned, since it is then the same whatever is asked. */
static bool error_tells(const faces *f, const pfld_face *face)
{
    return f->points && f->points->how->roll && isfinite(face->error);
}

/* Degrees between the detector's five points and the landmarks', from which on they are of two
 * readings, one of them wrong. */
#define OTHER_WAY 45.0f

/* Landmarks are read in turned crops until they fit; of the five points there is one reading. So
 * they are the landmarks' where those, if they tell how sure they are, are another way up. */
static void settle_five(const faces *f, pfld_face *face)
{
    pfld_point five[5];
    float as_found, as_read;

    if (!error_tells(f, face) || !five_roll(face->five, &as_found) ||
        five_from_points(f->points->how->points, face->landmarks, NULL, five) != FIVE_ALL ||
        !five_roll(five, &as_read) || turn_between(as_found, as_read) <= OTHER_WAY)
        return;
    for (int i = 0; i < 5; i++)
        face->five[i] = five[i];
}

/* What both nets say of a face that lies in the detector's square. True where they agree. */
static bool read_face(faces *f, const pfld_image *img, const face_square *s, pfld_face *out)
{
    bool agree = true;

    if (f->points) {
        face_square around = to_landmarks(&f->finder->how->face, s);
        agree = find_points(f, img, &around, out);
        settle_five(f, out);
    }
    if (f->presence_min >= 0.0f)
        out->presence = presence(f, img, out, s);
    return agree;
}

/* ---- a face that was here a frame ago ---- */

/* Presence of a face that is followed, below which it is lost, in presence_min: a face that has
 * been found must not flicker. */
#define KEEP 1.0f
#define LOST 0.3f /* the same, where the session does not look at presence */

bool faces_square(const faces *f, const pfld_face *face, face_square *out)
{
    return square_around(f->points, face, out);
}

face_square faces_frame(const faces *f, const face_square *seen, pfld_face *face)
{
    face_square around = to_detector(&f->finder->how->face, seen);

    five_from_points(f->points->how->points, face->landmarks, NULL, face->five);
    face->box = face_square_box(&around);
    return around;
}

bool faces_follow(faces *f, const pfld_image *img, const face_square *near, face_square *seen,
                  pfld_face *out)
{
    face_square around;
    bool is;

    assert(f->points && f->finder);
    clear(out);
    out->score = 1.0f;
    read_from(f, img, near, out); /* which way it is up is known */
    if (!square_around(f->points, out, seen))
        return false;
    around = faces_frame(f, seen, out);
    out->presence = presence(f, img, out, &around);
    if (f->presence_min >= 0.0f)
        return out->presence >= KEEP * f->presence_min;
    is = out->presence >= LOST; /* nothing else would tell that a face has gone */
    out->presence = NAN;
    return is;
}

/* ---- which way is up ---- */

/*
 * A face that stands on its head or lies on its side is often found as an upright one, with points
 * that say so. The detector's looks at it in four quarters are close to one another, and decide
 * wrongly now and then; a landmark net is unsure of what isn't upright, and its expected error
 * (pfld_face.error), where it has one, tells.
 *
 * WELL, UNSURE: measured on 300w val, ytf val and parts of 300w train, photos and wider, with
 * pfld-0.25x-ibug68 and pfld-1x-ibug68 of 2026-11-27. 87 to 91 % of the upright faces have less
 * than WELL, and are not asked; of 1,700 that were read the wrong way up none has less than 7.8 %.
 * Where just one of both readings is right, the turned one's error is up to 1.54 times the first
 * one's if it is right, and 1.90 times or more if it isn't.
 *
 * SURE, SURER, PLAINLY: without an expected error, on 2,345 faces of 300w val and of what is held
 * back of photos and wider (docs/detection.md), each in all four quarters. SURE: of both looks
 * together; where landmarks fit, too, 74 % of the upright faces and 1 % of the turned ones are
 * surer, and not asked. SURER: a quarter that is so little better is none: up to 2 of 177 upright
 * faces of 300w val were turned over by less, and 2 more of 531 turned ones are not turned up.
 * PLAINLY: below that the reading must be surer than the upright one, too, which spares one of
 * three of 300w's 1,030 training faces, and costs one more of those 531.
 *
 * FAIR: of the first look, where the picture's best face is upright. UNSEEN: what is no face this
 * way up was found beside one, and is none. TURNED: three more looks make more of what is no face.
 * TRUSTED_ROLL: degrees between the five points and a quarter; where there are more, the face has
 * as often been misread.
 */
#define WELL         6.0f
#define UNSURE       1.5f
#define SURE         0.92f
#define SURER        0.02f
#define PLAINLY      0.05f
#define FAIR         0.5f
#define UNSEEN       0.2f
#define TURNED       0.6f
#define TRUSTED_ROLL 25.0f

/* agree: its landmarks are where the detector has it. */
static bool is_surely_up(const faces *f, const pfld_face *face, bool agree)
{
    return error_tells(f, face) ? face->error < WELL : agree && face->score >= SURE;
}

/* As its points say, where they can be trusted: a face that was taken for an upright one has some
 * roll. Else by quarters. */
static float roll_to_ask(float roll)
{
    float quarter = 90.0f * roundf(roll / 90.0f);

    return turn_between(roll, quarter) <= TRUSTED_ROLL ? roll : quarter;
}

/* Of all four looks the best one, where it is worth reading what is seen so; else 0. */
static int quarter_to_read(const detector_view seen[4], bool by_error)
{
    float least = by_error ? 0.0f : SURER;
    int best = 0;

    for (int q = 1; q < 4; q++)
        if (seen[q].score > seen[best].score)
            best = q;
    if (seen[best].score < seen[0].score + least || seen[0].score < UNSEEN ||
        seen[best].score < TURNED)
        return 0;
    return best;
}

/* upright, view: what the detector said of each of them before landmarks were read. */
static bool reads_better(const faces *f, const pfld_face *turned, const pfld_face *face, float view,
                         float upright)
{
    if (!(turned->presence > TURNED))
        return false;
    if (error_tells(f, turned) && error_tells(f, face))
        return turned->error < UNSURE * face->error;
    return turned->presence > upright &&
           (view >= upright + PLAINLY || turned->presence > face->presence);
}

/* first: as the face was found and read. A quarter must win twice: by the face's box, and by the
 * landmarks that are found so. True where one does. */
static bool turn_up(faces *f, const pfld_image *img, const face_square *first, pfld_face *face)
{
    pfld_box b = face_square_box(first);
    float roll = roll_to_ask(first->roll);
    detector_view seen[4];
    face_square s = *first;
    pfld_face turned = *face;
    int best;

    detector_quarters(f->finder, img, &b, roll, seen);
    best = quarter_to_read(seen, error_tells(f, face));
    if (best == 0)
        return false;
    for (int i = 0; i < 5; i++)
        turned.five[i] = seen[best].five[i];
    s.roll = remainderf(roll + 90.0f * (float)best, 360.0f);
    if (f->finder->how->roll)
        five_roll(turned.five, &s.roll);
    read_face(f, img, &s, &turned);
    if (!reads_better(f, &turned, face, seen[best].score, seen[0].score))
        return false;
    *face = turned;
    return true;
}

/* ---- a face that was found ---- */

struct face_reading {
    pfld_face face;
    face_square square; /* where it was found */
    float first;        /* the finder's score */
    bool sure;          /* which way is up */
};

static void read_first(faces *f, const pfld_image *img, const detector_face *found, face_reading *r)
{
    const detect_spec *how = f->finder->how;
    bool agree;

    r->square = square_on(&found->box, found->roll);
    r->first = found->score;
    clear(&r->face);
    r->face.box = found->box;
    r->face.score = found->score;
    if (is_known(found->five)) {
        for (int i = 0; i < 5; i++)
            r->face.five[i] = found->five[i];
        if (how->roll)
            five_roll(found->five, &r->square.roll);
    }
    agree = read_face(f, img, &r->square, &r->face);
    if (f->presence_min < 0.0f)
        return;
    r->face.score = sqrtf(r->first * r->face.presence);
    r->sure = is_surely_up(f, &r->face, agree);
}

/* doubtful: which way is up is asked of faces of this first score, or a higher one. */
static bool is_doubtful(const faces *f, const face_reading *r, float doubtful)
{
    return f->presence_min >= 0.0f && !r->sure && r->first >= doubtful;
}

/* True where the face was turned up. */
static bool ask_up(faces *f, const pfld_image *img, face_reading *r)
{
    bool turned = turn_up(f, img, &r->square, &r->face);

    r->face.score = sqrtf(r->first * r->face.presence);
    return turned;
}

/* ---- all of them ---- */

/* Of the boxes around two faces' landmarks: two crops of one face, of which the detector has found
 * a part as well, end at the same landmarks. docs/detection.md has what it is worth. */
#define TWINS 0.7f

/* Notes in seen [n] where the landmarks are, unless a face with those is there already. */
static bool is_twin(const pfld_face *face, pfld_box *seen, size_t *n)
{
    pfld_box box = box_around(face->landmarks, (size_t)face->n_landmarks);

    for (size_t i = 0; i < *n; i++)
        if (box_iou(&box, &seen[i]) > TWINS)
            return true;
    seen[(*n)++] = box;
    return false;
}

/* Each of these is a task for any thread: a face's bits don't depend on whose. */
typedef struct job {
    faces *f;
    const pfld_image *img;
    float doubtful;
} job;

static faces *of_thread(faces *f, size_t thread)
{
    return thread ? &f->helpers[thread - 1] : f;
}

/* What the best one says about itself decides what the others are asked. */
static void read_task(void *ctx, size_t i, size_t thread)
{
    job *j = ctx;
    faces *f = of_thread(j->f, thread);
    face_reading *r = &j->f->readings[i];

    read_first(f, j->img, &j->f->finder->faces[i], r);
    if (i > 0 || (is_doubtful(f, r, j->doubtful) && ask_up(f, j->img, r)))
        return;
    j->doubtful = fmaxf(j->doubtful, FAIR); /* it is as it was found, and so are most of them */
}

static void ask_task(void *ctx, size_t i, size_t thread)
{
    job *j = ctx;
    face_reading *r = &j->f->readings[i + 1];

    if (is_doubtful(j->f, r, j->doubtful))
        ask_up(of_thread(j->f, thread), j->img, r);
}

static void run_tasks(job *j, pool_fn task, size_t n)
{
    if (j->f->threads)
        pool_run(j->f->threads, task, j, n);
    else
        for (size_t i = 0; i < n; i++)
            task(j, i, 0);
}

static void read_all(faces *f, const pfld_image *img)
{
    job j = {f, img, f->upright ? INFINITY : 0.0f};
    size_t n = f->finder->n;

    run_tasks(&j, read_task, n);
    run_tasks(&j, ask_task, n > 0 ? n - 1 : 0);
}

/* Into order [n]: the readings that count, best score first; equal ones stay as they came. */
static size_t sort_readings(const faces *f, uint32_t *order)
{
    size_t n = 0;

    for (size_t i = 0; i < f->finder->n; i++) {
        const pfld_face *face = &f->readings[i].face;
        size_t at = n;

        if (face->presence < f->presence_min || face->score < f->score_min) /* no NaN is */
            continue;
        for (; at > 0 && f->readings[order[at - 1]].face.score < face->score; at--)
            order[at] = order[at - 1];
        order[at] = (uint32_t)i;
        n++;
    }
    return n;
}

/* Of twins the surer one stays, which comes first. */
static size_t complete_all(faces *f, const pfld_image *img, pfld_face *out, size_t cap)
{
    uint32_t *order = f->finder->keep; /* the search, which they were for, is over */
    pfld_box *seen = f->finder->boxes;
    size_t sorted, n = 0, n_seen = 0;

    read_all(f, img);
    sorted = sort_readings(f, order);
    for (size_t i = 0; i < sorted; i++) {
        const pfld_face *face = &f->readings[order[i]].face;
        if (f->points && is_twin(face, seen, &n_seen))
            continue;
        if (n < cap)
            out[n] = *face;
        n++;
    }
    return n;
}

bool faces_add_room(faces *f, arena *mem)
{
    f->readings = arena_alloc(mem, PFLD_MAX_FACES, sizeof *f->readings);
    return f->readings;
}

size_t faces_find(faces *f, const pfld_image *img, pfld_face *out, size_t cap)
{
    size_t n;

    assert(f->finder);
    detector_find(f->finder, img);
    n = complete_all(f, img, out, cap);
    if (n > 0 || !f->turns)
        return n;
    detector_find_turned(f->finder, img);
    return complete_all(f, img, out, cap);
}
