/* The tables of the landmark schemes. Right and left are the subject's: right is image left. */
#include "geometry/scheme.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "geometry/pose.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define LINE(kind, points)                                                                         \
  {                                                                                                \
    kind, false, COUNT(points), points                                                             \
  }
#define RING(kind, points)                                                                         \
  {                                                                                                \
    kind, true, COUNT(points), points                                                              \
  }
#define EYES(right, left)  COUNT(right), COUNT(left), right, left
#define CONTOURS(contours) (int)COUNT(contours), contours
#define RIGID(rigid)       (int)COUNT(rigid), rigid

/* clang-format off */

/* ibug68: iBUG's 300-W mark-up. */

static const uint8_t ibug68_mirror[68] = {
    16, 15, 14, 13, 12, 11, 10,  9,  8,  7,  6,  5,  4,  3,  2,  1,  0, /* jaw */
    26, 25, 24, 23, 22, 21, 20, 19, 18, 17,                             /* brows */
    27, 28, 29, 30, 35, 34, 33, 32, 31,                                 /* nose */
    45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40,                     /* eyes */
    54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55,                     /* lips, outer */
    64, 63, 62, 61, 60, 67, 66, 65,                                     /* lips, inner */
};
static const uint8_t ibug68_jaw[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
static const uint8_t ibug68_right_brow[] = {17, 18, 19, 20, 21};
static const uint8_t ibug68_left_brow[] = {22, 23, 24, 25, 26};
static const uint8_t ibug68_bridge[] = {27, 28, 29, 30};
static const uint8_t ibug68_base[] = {31, 32, 33, 34, 35};
static const uint8_t ibug68_right_eye[] = {36, 37, 38, 39, 40, 41};
static const uint8_t ibug68_left_eye[] = {42, 43, 44, 45, 46, 47};
static const uint8_t ibug68_outer[] = {48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59};
static const uint8_t ibug68_inner[] = {60, 61, 62, 63, 64, 65, 66, 67};
static const scheme_contour ibug68_contours[] = {
    LINE(SCHEME_JAW, ibug68_jaw),
    LINE(SCHEME_BROW, ibug68_right_brow), LINE(SCHEME_BROW, ibug68_left_brow),
    LINE(SCHEME_NOSE, ibug68_bridge),     LINE(SCHEME_NOSE, ibug68_base),
    RING(SCHEME_EYE, ibug68_right_eye),   RING(SCHEME_EYE, ibug68_left_eye),
    RING(SCHEME_LIPS, ibug68_outer),      RING(SCHEME_LIPS, ibug68_inner),
};
static const scheme_rigid ibug68_rigid[] = {
    {27, POSE_NOSE_ROOT},        {28, POSE_NOSE_UPPER},
    {29, POSE_NOSE_LOWER},       {30, POSE_NOSE_TIP},
    {31, POSE_RIGHT_NOSTRIL},    {33, POSE_NOSE_BASE},       {35, POSE_LEFT_NOSTRIL},
    {36, POSE_RIGHT_EYE_OUTER},  {39, POSE_RIGHT_EYE_INNER},
    {42, POSE_LEFT_EYE_INNER},   {45, POSE_LEFT_EYE_OUTER},
};

/* wflw98 (Wu et al. 2018); its first 55 points are lapa106's too. */

static const uint8_t wflw98_mirror[98] = {
    32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, /* jaw */
    15, 14, 13, 12, 11, 10,  9,  8,  7,  6,  5,  4,  3,  2,  1,  0,
    46, 45, 44, 43, 42, 50, 49, 48, 47,                                 /* right brow */
    37, 36, 35, 34, 33, 41, 40, 39, 38,                                 /* left brow */
    51, 52, 53, 54, 59, 58, 57, 56, 55,                                 /* nose */
    72, 71, 70, 69, 68, 75, 74, 73,                                     /* right eye */
    64, 63, 62, 61, 60, 67, 66, 65,                                     /* left eye */
    82, 81, 80, 79, 78, 77, 76, 87, 86, 85, 84, 83,                     /* lips, outer */
    92, 91, 90, 89, 88, 95, 94, 93,                                     /* lips, inner */
    97, 96,                                                             /* pupils */
};
static const uint8_t jaw33[] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
    17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32,
};
static const uint8_t right_brow9[] = {33, 34, 35, 36, 37, 38, 39, 40, 41};
static const uint8_t left_brow9[] = {42, 43, 44, 45, 46, 47, 48, 49, 50};
static const uint8_t bridge4[] = {51, 52, 53, 54};
static const uint8_t wflw98_base[] = {55, 56, 57, 58, 59};
static const uint8_t wflw98_right_eye[] = {60, 61, 62, 63, 64, 65, 66, 67};
static const uint8_t wflw98_left_eye[] = {68, 69, 70, 71, 72, 73, 74, 75};
static const uint8_t wflw98_outer[] = {76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87};
static const uint8_t wflw98_inner[] = {88, 89, 90, 91, 92, 93, 94, 95};
static const uint8_t wflw98_right_pupil[] = {96};
static const uint8_t wflw98_left_pupil[] = {97};
static const scheme_contour wflw98_contours[] = {
    LINE(SCHEME_JAW, jaw33),
    RING(SCHEME_BROW, right_brow9),         RING(SCHEME_BROW, left_brow9),
    LINE(SCHEME_NOSE, bridge4),             LINE(SCHEME_NOSE, wflw98_base),
    RING(SCHEME_EYE, wflw98_right_eye),     RING(SCHEME_EYE, wflw98_left_eye),
    RING(SCHEME_LIPS, wflw98_outer),        RING(SCHEME_LIPS, wflw98_inner),
    LINE(SCHEME_PUPIL, wflw98_right_pupil), LINE(SCHEME_PUPIL, wflw98_left_pupil),
};
static const scheme_rigid wflw98_rigid[] = {
    {51, POSE_NOSE_ROOT},        {52, POSE_NOSE_UPPER},
    {53, POSE_NOSE_LOWER},       {54, POSE_NOSE_TIP},
    {55, POSE_RIGHT_NOSTRIL},    {57, POSE_NOSE_BASE},       {59, POSE_LEFT_NOSTRIL},
    {60, POSE_RIGHT_EYE_OUTER},  {64, POSE_RIGHT_EYE_INNER},
    {68, POSE_LEFT_EYE_INNER},   {72, POSE_LEFT_EYE_OUTER},
};

/* lapa106 (Liu et al. 2020). 74 and 104, 83 and 105 are the same spots, marked twice. */

static const uint8_t lapa106_mirror[106] = {
    32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, /* jaw */
    15, 14, 13, 12, 11, 10,  9,  8,  7,  6,  5,  4,  3,  2,  1,  0,
    46, 45, 44, 43, 42, 50, 49, 48, 47,                                 /* right brow */
    37, 36, 35, 34, 33, 41, 40, 39, 38,                                 /* left brow */
    51, 52, 53, 54, 65, 64, 63, 62, 61, 60, 59, 58, 57, 56, 55,         /* nose */
    79, 78, 77, 76, 75, 82, 81, 80, 83,                                 /* right eye */
    70, 69, 68, 67, 66, 73, 72, 71, 74,                                 /* left eye */
    90, 89, 88, 87, 86, 85, 84, 95, 94, 93, 92, 91,                     /* lips, outer */
    100, 99, 98, 97, 96, 103, 102, 101,                                 /* lips, inner */
    105, 104,                                                           /* pupils */
};
static const uint8_t lapa106_sides[] = {55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65};
static const uint8_t lapa106_right_eye[] = {66, 67, 68, 69, 70, 71, 72, 73};
static const uint8_t lapa106_left_eye[] = {75, 76, 77, 78, 79, 80, 81, 82};
static const uint8_t lapa106_outer[] = {84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95};
static const uint8_t lapa106_inner[] = {96, 97, 98, 99, 100, 101, 102, 103};
static const uint8_t lapa106_right_pupil[] = {74, 104};
static const uint8_t lapa106_left_pupil[] = {83, 105};
static const scheme_contour lapa106_contours[] = {
    LINE(SCHEME_JAW, jaw33),
    RING(SCHEME_BROW, right_brow9),          RING(SCHEME_BROW, left_brow9),
    LINE(SCHEME_NOSE, bridge4),              LINE(SCHEME_NOSE, lapa106_sides),
    RING(SCHEME_EYE, lapa106_right_eye),     RING(SCHEME_EYE, lapa106_left_eye),
    RING(SCHEME_LIPS, lapa106_outer),        RING(SCHEME_LIPS, lapa106_inner),
    LINE(SCHEME_PUPIL, lapa106_right_pupil), LINE(SCHEME_PUPIL, lapa106_left_pupil),
};
static const scheme_rigid lapa106_rigid[] = {
    {51, POSE_NOSE_ROOT},        {52, POSE_NOSE_UPPER},
    {53, POSE_NOSE_LOWER},       {54, POSE_NOSE_TIP},
    {58, POSE_RIGHT_NOSTRIL},    {60, POSE_NOSE_BASE},       {62, POSE_LEFT_NOSTRIL},
    {66, POSE_RIGHT_EYE_OUTER},  {70, POSE_RIGHT_EYE_INNER},
    {75, POSE_LEFT_EYE_INNER},   {79, POSE_LEFT_EYE_OUTER},
};

/* cofw29 (Burgos-Artizzu et al. 2013). */

static const uint8_t cofw29_mirror[29] = {
    1, 0, 3, 2, 6, 7, 4, 5,                  /* brows */
    9, 8, 11, 10, 14, 15, 12, 13, 17, 16,    /* eyes, pupils */
    19, 18, 20, 21,                          /* nose */
    23, 22, 24, 25, 26, 27, 28,              /* lips, chin */
};
static const uint8_t cofw29_right_brow[] = {0, 4, 2, 5};
static const uint8_t cofw29_left_brow[] = {3, 6, 1, 7};
static const uint8_t cofw29_bridge[] = {20, 21};
static const uint8_t cofw29_base[] = {18, 21, 19};
static const uint8_t cofw29_right_eye[] = {8, 12, 10, 13};
static const uint8_t cofw29_left_eye[] = {11, 14, 9, 15};
static const uint8_t cofw29_outer[] = {22, 24, 23, 27};
static const uint8_t cofw29_inner[] = {22, 25, 23, 26};
static const uint8_t cofw29_right_pupil[] = {16};
static const uint8_t cofw29_left_pupil[] = {17};
static const uint8_t cofw29_chin[] = {28};
static const scheme_contour cofw29_contours[] = {
    LINE(SCHEME_JAW, cofw29_chin),
    RING(SCHEME_BROW, cofw29_right_brow),   RING(SCHEME_BROW, cofw29_left_brow),
    LINE(SCHEME_NOSE, cofw29_bridge),       LINE(SCHEME_NOSE, cofw29_base),
    RING(SCHEME_EYE, cofw29_right_eye),     RING(SCHEME_EYE, cofw29_left_eye),
    RING(SCHEME_LIPS, cofw29_outer),        RING(SCHEME_LIPS, cofw29_inner),
    LINE(SCHEME_PUPIL, cofw29_right_pupil), LINE(SCHEME_PUPIL, cofw29_left_pupil),
};
static const scheme_rigid cofw29_rigid[] = {
    {8, POSE_RIGHT_EYE_OUTER},  {10, POSE_RIGHT_EYE_INNER},
    {11, POSE_LEFT_EYE_INNER},  {9, POSE_LEFT_EYE_OUTER},
    {20, POSE_NOSE_TIP},        {21, POSE_NOSE_BASE},
};

/* aflw19 (Zhu et al. 2016): AFLW (Koestinger et al. 2011) without the ears. */

static const uint8_t aflw19_mirror[19] = {
    5, 4, 3, 2, 1, 0,         /* brows */
    11, 10, 9, 8, 7, 6,       /* eyes: outer corner, centre, inner corner, and back */
    14, 13, 12, 17, 16, 15,   /* nose, mouth */
    18,                       /* chin */
};
static const uint8_t aflw19_right_brow[] = {0, 1, 2};
static const uint8_t aflw19_left_brow[] = {3, 4, 5};
static const uint8_t aflw19_nose[] = {12, 13, 14};
static const uint8_t aflw19_right_eye[] = {6, 7, 8};
static const uint8_t aflw19_left_eye[] = {9, 10, 11};
static const uint8_t aflw19_right_centre[] = {7};
static const uint8_t aflw19_left_centre[] = {10};
static const uint8_t aflw19_lips[] = {15, 16, 17};
static const uint8_t aflw19_chin[] = {18};
static const scheme_contour aflw19_contours[] = {
    LINE(SCHEME_JAW, aflw19_chin),
    LINE(SCHEME_BROW, aflw19_right_brow), LINE(SCHEME_BROW, aflw19_left_brow),
    LINE(SCHEME_NOSE, aflw19_nose),
    LINE(SCHEME_EYE, aflw19_right_eye),   LINE(SCHEME_EYE, aflw19_left_eye),
    LINE(SCHEME_LIPS, aflw19_lips),
};
static const scheme_rigid aflw19_rigid[] = {
    {2, POSE_RIGHT_BROW_INNER}, {3, POSE_LEFT_BROW_INNER},
    {6, POSE_RIGHT_EYE_OUTER},  {8, POSE_RIGHT_EYE_INNER},
    {9, POSE_LEFT_EYE_INNER},   {11, POSE_LEFT_EYE_OUTER},
    {13, POSE_NOSE_TIP},
};

/* five: what face detectors give. Its pose leans on the mouth's corners, having nothing better. */

static const uint8_t five_mirror[5] = {1, 0, 2, 4, 3};
static const uint8_t five_right_eye[] = {0};
static const uint8_t five_left_eye[] = {1};
static const uint8_t five_nose[] = {2};
static const uint8_t five_lips[] = {3, 4};
static const scheme_contour five_contours[] = {
    LINE(SCHEME_NOSE, five_nose),
    LINE(SCHEME_EYE, five_right_eye), LINE(SCHEME_EYE, five_left_eye),
    LINE(SCHEME_LIPS, five_lips),
};
static const scheme_rigid five_rigid[] = {
    {0, POSE_RIGHT_EYE_CENTRE},   {1, POSE_LEFT_EYE_CENTRE},
    {2, POSE_NOSE_TIP},
    {3, POSE_RIGHT_MOUTH_CORNER}, {4, POSE_LEFT_MOUTH_CORNER},
};

/* clang-format on */

static const scheme all[] = {
    {"ibug68", 68, ibug68_mirror, 36, 45, EYES(ibug68_right_eye, ibug68_left_eye),
     CONTOURS(ibug68_contours), RIGID(ibug68_rigid)},
    {"wflw98", 98, wflw98_mirror, 60, 72, EYES(wflw98_right_pupil, wflw98_left_pupil),
     CONTOURS(wflw98_contours), RIGID(wflw98_rigid)},
    {"lapa106", 106, lapa106_mirror, 66, 79, EYES(lapa106_right_pupil, lapa106_left_pupil),
     CONTOURS(lapa106_contours), RIGID(lapa106_rigid)},
    {"cofw29", 29, cofw29_mirror, 8, 9, EYES(cofw29_right_pupil, cofw29_left_pupil),
     CONTOURS(cofw29_contours), RIGID(cofw29_rigid)},
    {"aflw19", 19, aflw19_mirror, 6, 11, EYES(aflw19_right_centre, aflw19_left_centre),
     CONTOURS(aflw19_contours), RIGID(aflw19_rigid)},
    {"five", 5, five_mirror, 0, 1, EYES(five_right_eye, five_left_eye), CONTOURS(five_contours),
     RIGID(five_rigid)},
};

const scheme *scheme_find(const char *name)
{
    for (size_t i = 0; i < COUNT(all); i++)
        if (strcmp(all[i].name, name) == 0)
            return &all[i];
    return NULL;
}

const scheme *scheme_by_count(int n)
{
    for (size_t i = 0; i < COUNT(all); i++) /* no two have the same */
        if (all[i].n == n)
            return &all[i];
    return NULL;
}

const scheme *scheme_at(int i)
{
    return i >= 0 && (size_t)i < COUNT(all) ? &all[i] : NULL;
}

bool scheme_outlines_face(const scheme *s)
{
    for (int i = 0; i < s->n_contours; i++)
        if (s->contours[i].kind == SCHEME_JAW && s->contours[i].n > 1)
            return true;
    return false;
}

const char *const scheme_group_names[SCHEME_GROUPS] = {
    [SCHEME_JAW] = "jaw",  [SCHEME_BROW] = "brows", [SCHEME_NOSE] = "nose",
    [SCHEME_EYE] = "eyes", [SCHEME_LIPS] = "lips",  [SCHEME_PUPIL] = "pupils",
};

scheme_group_kind scheme_group(const scheme *s, int point)
{
    for (int c = 0; c < s->n_contours; c++)
        for (int i = 0; i < s->contours[c].n; i++)
            if (s->contours[c].points[i] == point)
                return s->contours[c].kind;
    assert(false); /* every point is on one */
    return SCHEME_JAW;
}
