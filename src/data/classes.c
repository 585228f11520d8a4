/* The classes of a face, and the weights that eq. 2 gives them. */
#include "data/classes.h"

#include <math.h>
#include <string.h>

#include "data/facepose.h"

const char *const data_class_names[DATA_CLASSES] = {
    [DATA_PROFILE] = "profile",       [DATA_FRONTAL] = "frontal",
    [DATA_HEAD_UP] = "head-up",       [DATA_HEAD_DOWN] = "head-down",
    [DATA_EXPRESSION] = "expression", [DATA_OCCLUSION] = "occlusion",
};

/*
 * Thresholds, fixed so that a face's classes don't depend on the set that it stands in, from where
 * they lie in the distribution over 300-W's training faces (docs/training.md): about 5 to 10 % of
 * the faces beyond each, 20 % look up. Lengths are in outer eye distances, seen frontally.
 */
#define PROFILE_YAW  30.0f /* degrees, either way */
#define STEEP_PITCH  12.0f /* degrees, up or down */
#define OPEN_MOUTH   0.20f /* between the lips; talking and smiling stay below */
#define WIDE_MOUTH   0.78f /* between its corners; 0.63 at rest */
#define NARROW_MOUTH 0.48f
#define CLOSED_EYES  0.04f /* between the lids, mean of both eyes; 0.09 at rest */
#define LEAST_COSINE 0.5f  /* beyond 60 degrees, foreshortening can't be undone */
#define RAREST       0.01  /* share; rarer classes weigh no more, or single faces rule */

typedef struct pair {
    uint8_t a, b;
} pair;

typedef struct features { /* a pair of twice the same point: the scheme has none */
    const char *scheme;
    pair lips, mouth, lids[4]; /* inner lips, corners, upper and lower lids of both eyes */
} features;

static const features all_features[] = {
    {"ibug68", {62, 66}, {48, 54}, {{37, 41}, {38, 40}, {43, 47}, {44, 46}}},
    {"wflw98", {90, 94}, {76, 82}, {{61, 67}, {63, 65}, {69, 75}, {71, 73}}},
    {"lapa106", {98, 102}, {84, 90}, {{67, 73}, {69, 71}, {76, 82}, {78, 80}}},
    {"cofw29", {25, 26}, {22, 23}, {{12, 13}, {12, 13}, {14, 15}, {14, 15}}},
    {"aflw19", {0, 0}, {15, 17}, {{0, 0}, {0, 0}, {0, 0}, {0, 0}}},
    {"five", {0, 0}, {3, 4}, {{0, 0}, {0, 0}, {0, 0}, {0, 0}}},
};

/* NaN where it isn't known. */
static float length(const data_sample *s, pair p)
{
    if (p.a == p.b || !s->known[p.a] || !s->known[p.b])
        return NAN;
    return hypotf(s->points[p.a].x - s->points[p.b].x, s->points[p.a].y - s->points[p.b].y);
}

static bool is_expressive(const data_sample *s, const pfld_pose *pose, float scale)
{
    const features *f = NULL;
    float high, wide; /* pixels in the face's unit, along its axes */
    float r[3][3], lids = 0.0f, mouth;

    for (size_t i = 0; i < sizeof all_features / sizeof *all_features; i++)
        if (strcmp(all_features[i].scheme, s->scheme->name) == 0)
            f = &all_features[i];
    if (!f || !(scale > 0.0f) || isnan(pose->yaw))
        return false;
    pose_to_matrix(pose, r); /* its columns are the face's axes, as seen */
    wide = scale * fmaxf(hypotf(r[0][0], r[1][0]), LEAST_COSINE);
    high = scale * fmaxf(hypotf(r[0][1], r[1][1]), LEAST_COSINE);
    mouth = length(s, f->mouth) / wide;
    for (int i = 0; i < 4; i++)
        lids += length(s, f->lids[i]) / high / 4.0f;
    /* a comparison with NaN is false */
    return length(s, f->lips) / high > OPEN_MOUTH || mouth > WIDE_MOUTH || mouth < NARROW_MOUTH ||
           lids < CLOSED_EYES;
}

/* Every face whose pose is known is in one class of pose at least: frontal is what none of the
 * others is. */
static uint32_t pose_classes(const pfld_pose *pose)
{
    uint32_t c = 0;

    if (isnan(pose->yaw) || isnan(pose->pitch))
        return 0;
    c |= fabsf(pose->yaw) >= PROFILE_YAW ? 1u << DATA_PROFILE : 0;
    c |= pose->pitch >= STEEP_PITCH ? 1u << DATA_HEAD_UP : 0;
    c |= pose->pitch <= -STEEP_PITCH ? 1u << DATA_HEAD_DOWN : 0;
    return c ? c : 1u << DATA_FRONTAL;
}

uint32_t classes_turned(uint32_t classes, const pfld_pose *pose)
{
    const uint32_t of_pose =
        1u << DATA_PROFILE | 1u << DATA_FRONTAL | 1u << DATA_HEAD_UP | 1u << DATA_HEAD_DOWN;

    return (classes & ~of_pose) | pose_classes(pose);
}

uint32_t classes_of(const data_sample *s, const pfld_pose *pose, float scale)
{
    uint32_t c = pose_classes(pose);

    if ((s->flags & DATA_FLAG_EXPRESSION) || is_expressive(s, pose, scale))
        c |= 1u << DATA_EXPRESSION;
    if (s->flags & DATA_FLAG_OCCLUSION)
        c |= 1u << DATA_OCCLUSION;
    if ((s->flags & DATA_FLAG_POSE) && isnan(pose->yaw)) /* WFLW's large poses are yaws */
        c |= 1u << DATA_PROFILE;
    return c;
}

/*
 * w_c = a / share_c. The mean over the set of the sums is a times the number of classes that have
 * faces (each adds a), plus 1 for each face that is in none; a makes it 1. A class without faces
 * gets the least weight that another has: there is nothing to balance.
 */
static void weigh(class_weights *w)
{
    double sum = 0.0, least = (double)INFINITY;

    for (int c = 0; c < DATA_CLASSES; c++)
        sum += w->share[c] / fmax(w->share[c], RAREST);
    for (int c = 0; c < DATA_CLASSES; c++) {
        double weight = (1.0 - w->none) / sum / fmax(w->share[c], RAREST);
        w->weight[c] = w->share[c] > 0.0 ? (float)weight : 0.0f;
        if (w->share[c] > 0.0)
            least = fmin(least, weight);
    }
    for (int c = 0; c < DATA_CLASSES; c++)
        if (!(w->share[c] > 0.0))
            w->weight[c] = isfinite(least) ? (float)least : 1.0f;
}

void class_weights_of(const data_set *set, class_weights *out)
{
    size_t none = 0;

    *out = (class_weights){.total = set->n};
    for (size_t i = 0; i < set->n; i++) {
        uint32_t classes = set->samples[i].classes;
        for (int c = 0; c < DATA_CLASSES; c++)
            out->count[c] += classes >> c & 1;
        none += classes == 0;
    }
    for (int c = 0; c < DATA_CLASSES && set->n; c++)
        out->share[c] = (double)out->count[c] / (double)set->n;
    out->none = set->n ? (double)none / (double)set->n : 1.0;
    weigh(out);
}

/* Only faces with a pose are turned, so that none was in no class. */
void class_weights_turn(class_weights *w, double part)
{
    w->share[DATA_PROFILE] += (1.0 - w->share[DATA_PROFILE]) * part;
    w->share[DATA_FRONTAL] *= 1.0 - part;
    weigh(w);
}

void class_weights_paint(class_weights *w, double part)
{
    w->share[DATA_OCCLUSION] += (1.0 - w->share[DATA_OCCLUSION]) * part;
    w->none *= 1.0 - part;
    weigh(w);
}

float class_weight(const class_weights *w, uint32_t classes)
{
    float sum = 0.0f;

    for (int c = 0; c < DATA_CLASSES; c++)
        sum += classes >> c & 1 ? w->weight[c] : 0.0f;
    return sum > 0.0f ? sum : 1.0f; /* a face in none counts as an average one, not as nothing */
}
