/* From the points of one scheme to those of another: which are the same spot of the face. */
#include "data/scheme_map.h"

#include <stddef.h>
#include <string.h>

#define NONE 255 /* no scheme has that many points */

/* clang-format off */

/* Rows as in geometry/scheme.c: jaw; brows; nose; eyes; lips, outer and inner. */

/* The correspondence that everyone uses between WFLW and 300-W: every second point of the jaw, the
 * upper edges of the brows, the eyes without the middles of their eight-point rings. */
static const uint8_t ibug68_of_wflw98[68] = {
    0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32,
    33, 34, 35, 36, 37, 42, 43, 44, 45, 46,
    51, 52, 53, 54, 55, 56, 57, 58, 59,
    60, 61, 63, 64, 65, 67, 68, 69, 71, 72, 73, 75,
    76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87,
    88, 89, 90, 91, 92, 93, 94, 95,
};
/* Its nose has 11 points along the sides and under the tip, of which the 5 below are ibug's. */
static const uint8_t ibug68_of_lapa106[68] = {
    0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30, 32,
    33, 34, 35, 36, 37, 42, 43, 44, 45, 46,
    51, 52, 53, 54, 58, 59, 60, 61, 62,
    66, 67, 69, 70, 71, 73, 75, 76, 78, 79, 80, 82,
    84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95,
    96, 97, 98, 99, 100, 101, 102, 103,
};
/* Corners, tip and base of the nose, the lips' middles, chin. Its nose's sides are the wings, which
 * ibug68 does not have. */
static const uint8_t ibug68_of_cofw29[68] = {
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 28,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    0, NONE, NONE, NONE, 2, 3, NONE, NONE, NONE, 1,
    NONE, NONE, NONE, 20, NONE, NONE, 21, NONE, NONE,
    8, NONE, NONE, 10, NONE, NONE, 11, NONE, NONE, 9, NONE, NONE,
    22, NONE, NONE, 24, NONE, NONE, 23, NONE, NONE, 27, NONE, NONE,
    NONE, NONE, 25, NONE, NONE, NONE, 26, NONE,
};
/* Ends and middles of the brows, corners, tip of the nose, chin. */
static const uint8_t ibug68_of_aflw19[68] = {
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, 18,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    0, NONE, 1, NONE, 2, 3, NONE, 4, NONE, 5,
    NONE, NONE, NONE, 13, NONE, NONE, NONE, NONE, NONE,
    6, NONE, NONE, 8, NONE, NONE, 9, NONE, NONE, 11, NONE, NONE,
    15, NONE, NONE, NONE, NONE, NONE, 17, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
};
/* The centres of the eyes are no single points of ibug68. */
static const uint8_t ibug68_of_five[68] = {
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, 2, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
    3, NONE, NONE, NONE, NONE, NONE, 4, NONE, NONE, NONE, NONE, NONE,
    NONE, NONE, NONE, NONE, NONE, NONE, NONE, NONE,
};

/* clang-format on */

static const struct {
    const char *from, *to;
    const uint8_t *source; /* [to->n]: the point of from, or NONE */
} maps[] = {
    {"wflw98", "ibug68", ibug68_of_wflw98}, {"lapa106", "ibug68", ibug68_of_lapa106},
    {"cofw29", "ibug68", ibug68_of_cofw29}, {"aflw19", "ibug68", ibug68_of_aflw19},
    {"five", "ibug68", ibug68_of_five},
};

static const uint8_t *find(const scheme *from, const scheme *to)
{
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        if (strcmp(maps[i].from, from->name) == 0 && strcmp(maps[i].to, to->name) == 0)
            return maps[i].source;
    return NULL;
}

static bool is_same(const scheme *a, const scheme *b)
{
    return strcmp(a->name, b->name) == 0;
}

bool scheme_map_exists(const scheme *from, const scheme *to)
{
    return is_same(from, to) || find(from, to) != NULL;
}

bool scheme_map_points(const scheme *from, const scheme *to, const pfld_point *points,
                       const uint8_t *known, pfld_point *out, uint8_t *out_known)
{
    const uint8_t *source = find(from, to);

    if (!source && !is_same(from, to))
        return false;
    for (int i = 0; i < to->n; i++) {
        int k = source ? source[i] : i;
        bool there = k != NONE && known[k] != 0;
        out[i] = there ? points[k] : (pfld_point){0.0f, 0.0f};
        out_known[i] = there;
    }
    return true;
}
