/*
 * Landmarks of a drawn picture by every kernel set that this machine has, against the portable one:
 * within a fraction of a pixel, or to the bit. Prints what the portable set finds as hexadecimal
 * floats, so that runs on different machines can be compared.
 * Usage: check_landmarks [--exact] [MODEL.onnx]; default: the model inside the library.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pfld/pfld.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NEAR     0.05f /* pixels */

enum { WIDTH = 320, HEIGHT = 240 };

static const struct {
    pfld_isa isa;
    const char *name;
} sets[] = {{PFLD_ISA_SCALAR, "scalar"}, {PFLD_ISA_AVX2, "avx2"}, {PFLD_ISA_AVXVNNI, "avxvnni"},
            {PFLD_ISA_AVX512, "avx512"}, {PFLD_ISA_NEON, "neon"}, {PFLD_ISA_WASM128, "wasm128"}};

static const pfld_box boxes[] = {
    {110, 70, 100, 110},            /* the drawn face */
    {40.25f, 21.5f, 61.75f, 64.5f}, /* none at all */
    {-60, 100, 180, 170},           /* beyond the border */
};

static void check(pfld_status status, const pfld_error *err)
{
    if (status == PFLD_OK)
        return;
    fprintf(stderr, "check_landmarks: %s\n", err->msg);
    exit(1);
}

static bool in_ellipse(int x, int y, int cx, int cy, int rx, int ry)
{
    int dx = x - cx, dy = y - cy;

    return dx * dx * ry * ry + dy * dy * rx * rx <= rx * rx * ry * ry;
}

/* Integers only: the same on every machine. */
static void draw(uint8_t pixels[HEIGHT][WIDTH][3])
{
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            uint8_t *p = pixels[y][x];
            bool dark = in_ellipse(x, y, 137, 105, 12, 6) || in_ellipse(x, y, 183, 105, 12, 6) ||
                        in_ellipse(x, y, 160, 133, 10, 4) || in_ellipse(x, y, 160, 155, 22, 7);

            p[0] = (uint8_t)(x / 2 + y / 4 + (x * 7 + y * 13) % 11);
            p[1] = (uint8_t)(y / 2 + 60);
            p[2] = (uint8_t)((x / 8 + y / 8) % 2 * 90 + 40);
            if (in_ellipse(x, y, 160, 122, 52, 66)) {
                p[0] = (uint8_t)(dark ? 70 : 225 - abs(x - 160) / 2);
                p[1] = (uint8_t)(dark ? 40 : 180 - abs(x - 160) / 2);
                p[2] = (uint8_t)(dark ? 40 : 150 - abs(x - 160) / 2);
            }
        }
}

typedef struct result {
    pfld_face faces[COUNT(boxes)];
} result;

/* False where this machine does not have the set. */
static bool find(const pfld_model *model, pfld_isa isa, const pfld_image *image, result *out)
{
    pfld_options opt;
    pfld_session *s;
    pfld_error err;
    bool has;

    pfld_options_init(&opt, sizeof opt);
    opt.isa = isa;
    opt.passes = 1; /* whether there is another crop, and which, may hang on a last bit */
    check(pfld_session_create(model, NULL, &opt, &s, &err), &err);
    has = pfld_session_isa(s) == isa;
    for (size_t i = 0; has && i < COUNT(boxes); i++)
        check(pfld_landmarks(s, image, &boxes[i], &out->faces[i], &err), &err);
    pfld_session_free(s);
    return has;
}

static float distance(const result *a, const result *b)
{
    float most = 0;

    for (size_t i = 0; i < COUNT(boxes); i++)
        for (int32_t k = 0; k < a->faces[i].n_landmarks; k++) {
            pfld_point p = a->faces[i].landmarks[k], q = b->faces[i].landmarks[k];
            float d = fmaxf(fabsf(p.x - q.x), fabsf(p.y - q.y));

            if (!(d <= most)) /* NaN comes through */
                most = d;
        }
    return most;
}

static bool same_bits(const result *a, const result *b)
{
    for (size_t i = 0; i < COUNT(boxes); i++)
        if (memcmp(a->faces[i].landmarks, b->faces[i].landmarks, sizeof a->faces[i].landmarks) != 0)
            return false;
    return true;
}

static void print(const result *r)
{
    for (size_t i = 0; i < COUNT(boxes); i++)
        for (int32_t k = 0; k < r->faces[i].n_landmarks; k++)
            printf("%zu %d %a %a\n", i, (int)k, (double)r->faces[i].landmarks[k].x,
                   (double)r->faces[i].landmarks[k].y);
}

static int check_model(const pfld_model *model, bool exact)
{
    static uint8_t pixels[HEIGHT][WIDTH][3];
    static result portable, other;
    const pfld_image image = {&pixels[0][0][0], WIDTH, HEIGHT, (ptrdiff_t)WIDTH * 3, PFLD_RGB8};
    int failed = 0;

    draw(pixels);
    find(model, PFLD_ISA_SCALAR, &image, &portable);
    print(&portable);
    for (size_t i = 0; i < COUNT(sets); i++) {
        float d;
        bool same;

        if (!find(model, sets[i].isa, &image, &other))
            continue;
        d = distance(&portable, &other);
        same = same_bits(&portable, &other);
        fprintf(stderr, "%s: %s, %g pixels from scalar\n", sets[i].name,
                same ? "the same bits" : "other bits", (double)d);
        failed |= exact ? !same : !(d <= NEAR);
    }
    return failed;
}

int main(int argc, char **argv)
{
    bool exact = argc > 1 && strcmp(argv[1], "--exact") == 0;
    const char *path = argv[1 + exact];
    pfld_model *model;
    pfld_error err;
    int failed;

    check(path ? pfld_model_load(path, NULL, &model, &err)
               : pfld_model_load_default(NULL, &model, &err),
          &err);
    failed = check_model(model, exact);
    pfld_model_free(model);
    return failed;
}
