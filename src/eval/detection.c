/* Detections against true faces: which are hits, average precision, recalls, false alarms. */
#include "eval/detection.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/mem.h"
#include "core/rng.h"
#include "geometry/box.h"

enum { DRAWS = 2000, SEED = 20261124 };
#define ON_REGION 0.5f /* of a detection's area, so that it belongs to the ignored region */

const char *const detection_verdict_names[DETECTION_VERDICTS] = {"hit", "alarm", "passed"};

void detection_list_free(detection_list *l)
{
    mem_free(l->found);
    mem_free(l->first);
    mem_free(l->left_out);
    *l = (detection_list){0};
}

void detection_table_free(detection_table *t)
{
    mem_free(t->at);
    mem_free(t->photos);
    mem_free(t->faces);
    *t = (detection_table){0};
}

/* ---- matching ---- */

float detection_side(const pfld_box *b)
{
    return sqrtf(b->w * b->h);
}

static bool is_of_size(const detection_rule *rule, const pfld_box *b)
{
    float side = detection_side(b);

    return side >= rule->min_side && side < rule->max_side;
}

bool detection_is_asked_for(const detection_rule *rule, const scene_face *f)
{
    return !f->ignore && is_of_size(rule, &f->box);
}

typedef struct judge {
    const scene_set *set;
    const detection_rule *rule;
    bool *taken; /* [set->n_faces] */
} judge;

static float overlap(float a, float a_side, float b, float b_side)
{
    return fmaxf(0.0f, fminf(a + a_side, b + b_side) - fmaxf(a, b));
}

static bool is_on_region(const judge *j, const pfld_box *b, const scene_photo *p)
{
    for (size_t i = p->first; i < p->first + p->n; i++) {
        const pfld_box *r = &j->set->faces[i].box;
        float common = overlap(b->x, b->w, r->x, r->w) * overlap(b->y, b->h, r->y, r->h);
        if (j->set->faces[i].ignore &&
            (common >= ON_REGION * b->w * b->h || box_iou(b, r) >= j->rule->iou))
            return true;
    }
    return false;
}

/* Marks the free face, asked for or not, that b overlaps best; false where none does enough. */
static bool take_face(const judge *j, const pfld_box *b, const scene_photo *p, bool asked,
                      size_t *face)
{
    float best = 0.0f;

    *face = p->first;
    for (size_t i = p->first; i < p->first + p->n; i++) {
        const scene_face *f = &j->set->faces[i];
        float iou;
        if (j->taken[i] || f->ignore || detection_is_asked_for(j->rule, f) != asked)
            continue;
        iou = box_iou(b, &f->box);
        if (iou < j->rule->iou || iou <= best)
            continue;
        best = iou;
        *face = i;
    }
    if (best > 0.0f)
        j->taken[*face] = true;
    return best > 0.0f;
}

static void judge_one(const judge *j, const pfld_box *b, detection_judged *d)
{
    const scene_photo *p = &j->set->photos[d->photo];
    size_t other;

    if (take_face(j, b, p, true, &d->face))
        d->verdict = DETECTION_HIT;
    else if (take_face(j, b, p, false, &other) || is_on_region(j, b, p) || !is_of_size(j->rule, b))
        d->verdict = DETECTION_PASSED;
    else
        d->verdict = DETECTION_ALARM;
}

/* found rises with the photo and the place within it. */
static int by_score(const void *a, const void *b)
{
    const detection_judged *x = a, *y = b;

    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->found > y->found) - (x->found < y->found);
}

static void list_detections(const detection_list *found, detection_table *t)
{
    for (size_t i = 0; i < found->n_photos; i++)
        for (size_t k = found->first[i]; k < found->first[i + 1]; k++)
            t->at[t->n++] =
                (detection_judged){.found = k, .photo = i, .score = found->found[k].score};
    qsort(t->at, t->n, sizeof *t->at, by_score);
}

static void count_faces(const detection_list *found, const judge *j, detection_table *t)
{
    for (size_t i = 0; i < found->n_photos; i++) {
        const scene_photo *p = &j->set->photos[i];
        if (found->left_out[i])
            continue;
        t->photos[t->n_photos++] = i;
        for (size_t k = p->first; k < p->first + p->n; k++)
            t->faces[i] += detection_is_asked_for(j->rule, &j->set->faces[k]);
        t->n_faces += t->faces[i];
        t->n_ignored += p->n - t->faces[i];
    }
}

pfld_status detection_judge(const detection_list *found, const scene_set *set,
                            const detection_rule *rule, detection_table *out, pfld_error *err)
{
    judge j = {set, rule, mem_alloc(set->n_faces, sizeof *j.taken)};
    size_t n = found->first[found->n_photos];

    *out = (detection_table){.at = mem_alloc(n, sizeof *out->at),
                             .photos = mem_alloc(found->n_photos, sizeof *out->photos),
                             .faces = mem_alloc(found->n_photos, sizeof *out->faces),
                             .set_photos = found->n_photos};
    if (!j.taken || !out->at || !out->photos || !out->faces) {
        mem_free(j.taken);
        detection_table_free(out);
        return error_nomem(err);
    }
    list_detections(found, out);
    count_faces(found, &j, out);
    for (size_t i = 0; i < out->n; i++)
        judge_one(&j, &found->found[out->at[i].found].box, &out->at[i]);
    mem_free(j.taken);
    return PFLD_OK;
}

/* ---- average precision ---- */

/* precision [t->n] is room; copies [t->set_photos]: how often each photo counts, NULL: once. */
static double ap_of(const detection_table *t, const uint32_t *copies, double *precision)
{
    double hits = 0, alarms = 0, faces = 0, best = 0, area = 0;

    for (size_t i = 0; i < t->n_photos; i++)
        faces += (double)t->faces[t->photos[i]] * (copies ? copies[t->photos[i]] : 1);
    if (!(faces > 0))
        return (double)NAN;
    for (size_t i = 0; i < t->n; i++) {
        double n = copies ? copies[t->at[i].photo] : 1;
        hits += t->at[i].verdict == DETECTION_HIT ? n : 0;
        alarms += t->at[i].verdict == DETECTION_ALARM ? n : 0;
        precision[i] = hits > 0 ? hits / (hits + alarms) : 0;
    }
    for (size_t i = t->n; i-- > 0;) {
        best = fmax(best, precision[i]);
        if (t->at[i].verdict == DETECTION_HIT)
            area += best * (copies ? copies[t->at[i].photo] : 1);
    }
    return area / faces;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Resamples without any face have no AP and are drawn again; there is one with a face. */
static void draw_aps(const detection_table *t, uint32_t *copies, double *precision, double *draws)
{
    rng r;

    rng_seed(&r, SEED);
    for (size_t d = 0; d < DRAWS;) {
        for (size_t i = 0; i < t->set_photos; i++)
            copies[i] = 0;
        for (size_t i = 0; i < t->n_photos; i++)
            copies[t->photos[rng_u64(&r) % t->n_photos]]++;
        draws[d] = ap_of(t, copies, precision);
        d += isnan(draws[d]) ? 0 : 1;
    }
    qsort(draws, DRAWS, sizeof *draws, by_value);
}

pfld_status detection_ap(const detection_table *t, double *ap, double ci95[2], pfld_error *err)
{
    uint32_t *copies = mem_alloc(t->set_photos, sizeof *copies);
    double *room = mem_alloc(t->n + DRAWS, sizeof *room);
    pfld_status st = copies && room ? PFLD_OK : error_nomem(err);

    if (st == PFLD_OK)
        *ap = ap_of(t, NULL, room);
    if (st == PFLD_OK && ci95) {
        ci95[0] = ci95[1] = (double)NAN;
        if (t->n_faces) {
            draw_aps(t, copies, room + DRAWS, room);
            ci95[0] = room[DRAWS / 40];
            ci95[1] = room[DRAWS - 1 - DRAWS / 40];
        }
    }
    mem_free(copies);
    mem_free(room);
    return st;
}

/* ---- at one threshold ---- */

static void rates(const detection_table *t, detection_count *c)
{
    const double nan = (double)NAN, hits = (double)c->hits, alarms = (double)c->alarms;

    c->precision = hits + alarms > 0 ? hits / (hits + alarms) : nan;
    c->recall = t->n_faces ? hits / (double)t->n_faces : nan;
    c->alarms_100 = t->n_photos ? 100 * alarms / (double)t->n_photos : nan;
}

size_t detection_curve(const detection_table *t, double *recall, double *precision)
{
    detection_count c = {0};
    size_t n = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (t->at[i].verdict == DETECTION_PASSED)
            continue;
        c.hits += t->at[i].verdict == DETECTION_HIT;
        c.alarms += t->at[i].verdict == DETECTION_ALARM;
        rates(t, &c);
        recall[n] = c.recall;
        precision[n++] = c.precision;
    }
    return n;
}

detection_count detection_at(const detection_table *t, float threshold)
{
    detection_count c = {.threshold = threshold};

    for (size_t i = 0; i < t->n && t->at[i].score >= threshold; i++) {
        c.hits += t->at[i].verdict == DETECTION_HIT;
        c.alarms += t->at[i].verdict == DETECTION_ALARM;
    }
    rates(t, &c);
    return c;
}

detection_count detection_within(const detection_table *t, double alarms_100)
{
    double alarms = 0;

    for (size_t i = 0; i < t->n; i++) {
        alarms += t->at[i].verdict == DETECTION_ALARM;
        if (100 * alarms > alarms_100 * (double)t->n_photos)
            return detection_at(t, nextafterf(t->at[i].score, INFINITY));
    }
    return detection_at(t, 0.0f);
}
