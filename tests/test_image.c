/* image/: views are checked, and the warp is exact, free of aliasing, and stays inside rows. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "image/image.h"

static const pfld_format formats[] = {PFLD_GRAY8, PFLD_RGB8, PFLD_BGR8, PFLD_RGBA8, PFLD_BGRA8};
static const pfld_format targets[] = {PFLD_GRAY8, PFLD_RGB8, PFLD_BGR8};
static const affine identity = {1, 0, 0, 0, 1, 0};

/* A picture without padding; free .data. */
static pfld_image make(int width, int height, pfld_format format)
{
    int channels = image_channels(format);
    pfld_image img = {NULL, width, height, (ptrdiff_t)width * channels, format};

    img.data = calloc((size_t)width * (size_t)height, (size_t)channels);
    assert_non_null(img.data);
    return img;
}

static uint8_t *at(const pfld_image *img, int x, int y)
{
    return img->data + y * img->stride + x * image_channels(img->format);
}

/* Noise, the same every time. */
static void fill(pfld_image *img, uint32_t seed)
{
    int row = img->width * image_channels(img->format);

    for (int y = 0; y < img->height; y++) {
        for (int i = 0; i < row; i++) {
            seed = seed * 1664525u + 1013904223u;
            img->data[y * img->stride + i] = (uint8_t)(seed >> 24);
        }
    }
}

static double mean(const pfld_image *img)
{
    int row = img->width * image_channels(img->format);
    double sum = 0;

    for (int y = 0; y < img->height; y++)
        for (int i = 0; i < row; i++)
            sum += img->data[y * img->stride + i];
    return sum / ((double)row * img->height);
}

static affine turned(float scale, float degrees, float x, float y)
{
    float c = scale * cosf(degrees * 0.0174532925f), s = scale * sinf(degrees * 0.0174532925f);

    return (affine){c, -s, x, s, c, y};
}

/* --- checks ------------------------------------------------------------------------------------
 */

static void sound_views_pass(void **state)
{
    uint8_t pixel[4] = {0};

    (void)state;
    for (int i = 0; i < 5; i++) {
        pfld_image img = {pixel, 1, 1, image_channels(formats[i]), formats[i]};
        assert_int_equal(image_check(&img, NULL), PFLD_OK);
        img.stride = -img.stride;
        assert_int_equal(image_check(&img, NULL), PFLD_OK);
        img.stride = 4096;
        assert_int_equal(image_check(&img, NULL), PFLD_OK);
    }
}

static void unsound_views_are_told_what_is_wrong(void **state)
{
    uint8_t pixel[4] = {0};
    const pfld_image good = {pixel, 10, 10, 30, PFLD_RGB8};
    pfld_image bad[9];
    pfld_error err;

    (void)state;
    for (int i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].data = NULL;
    bad[1].width = 0;
    bad[2].height = -1;
    bad[3].width = 65536, bad[3].stride = 4 * 65536;
    bad[4].stride = 29;
    bad[5].stride = -29;
    bad[6].format = (pfld_format)0;
    bad[7].format = (pfld_format)6;
    bad[8].stride = PTRDIFF_MIN;
    for (int i = 0; i < 9; i++) {
        memset(&err, 0, sizeof err);
        assert_int_equal(image_check(&bad[i], &err), PFLD_ERR_ARG);
        assert_int_equal(err.status, PFLD_ERR_ARG);
        assert_true(strlen(err.msg) > 10);
    }
    assert_int_equal(image_check(NULL, &err), PFLD_ERR_ARG);
    assert_int_equal(image_check(&good, &err), PFLD_OK);
}

/* --- exact maps --------------------------------------------------------------------------------
 */

/* What a pixel of src becomes in the format of dst. */
static void convert(const uint8_t *p, pfld_format from, pfld_format to, uint8_t out[3])
{
    bool red_first = from == PFLD_RGB8 || from == PFLD_RGBA8;
    int r = p[0], g = p[0], b = p[0];

    if (from != PFLD_GRAY8) {
        r = p[red_first ? 0 : 2];
        g = p[1];
        b = p[red_first ? 2 : 0];
    }
    if (to == PFLD_GRAY8)
        out[0] = (uint8_t)(from == PFLD_GRAY8 ? r : (299 * r + 587 * g + 114 * b + 500) / 1000);
    else {
        out[to == PFLD_RGB8 ? 0 : 2] = (uint8_t)r;
        out[1] = (uint8_t)g;
        out[to == PFLD_RGB8 ? 2 : 0] = (uint8_t)b;
    }
}

/* dst must be src at whole pixels (ax + by + c, dx + ey + f), borders replicated. */
static void assert_copied(const pfld_image *src, const affine *t, const pfld_image *dst)
{
    for (int y = 0; y < dst->height; y++) {
        for (int x = 0; x < dst->width; x++) {
            pfld_point p = affine_apply(t, (pfld_point){(float)x, (float)y});
            int u = (int)fminf(fmaxf(p.x, 0), (float)src->width - 1);
            int v = (int)fminf(fmaxf(p.y, 0), (float)src->height - 1);
            uint8_t want[3];
            convert(at(src, u, v), src->format, dst->format, want);
            assert_memory_equal(at(dst, x, y), want, (size_t)image_channels(dst->format));
        }
    }
}

static void whole_pixel_maps_copy_exactly_in_all_formats(void **state)
{
    const affine maps[] = {{1, 0, 0, 0, 1, 0},     {-1, 0, 22, 0, 1, 0}, {1, 0, 0, 0, -1, 16},
                           {-1, 0, 22, 0, -1, 16}, {1, 0, 5, 0, 1, -7},  {0, 1, 0, 1, 0, 0},
                           {0, -1, 22, 1, 0, 0},   {0, 1, 0, -1, 0, 16}, {1, 0, 9000, 0, 1, 0},
                           {1, 0, 0, 0, 1, -9e3f}};

    (void)state;
    for (int f = 0; f < 5; f++) {
        pfld_image src = make(23, 17, formats[f]);
        fill(&src, (uint32_t)f);
        for (int g = 0; g < 3; g++) {
            for (size_t m = 0; m < sizeof maps / sizeof maps[0]; m++) {
                pfld_image dst = make(23, 17, targets[g]);
                image_warp(&src, &maps[m], &dst);
                assert_copied(&src, &maps[m], &dst);
                free(dst.data);
            }
        }
        free(src.data);
    }
}

static void strides_of_either_sign_are_followed(void **state)
{
    const affine t = turned(1.7f, 20, -3, 2);

    (void)state;
    for (int f = 0; f < 5; f++) {
        pfld_image plain = make(23, 17, formats[f]), wide = plain, want = make(9, 7, PFLD_RGB8);
        uint8_t got[9 * 7 * 3 + 7 * 5];
        fill(&plain, 9);
        image_warp(&plain, &t, &want);
        for (int sign = -1; sign <= 1; sign += 2) {
            ptrdiff_t stride = plain.stride + 13;
            uint8_t *block = calloc(17, (size_t)stride);
            pfld_image dst = {got, 9, 7, 27 + 5, PFLD_RGB8};
            assert_non_null(block);
            wide.data = sign > 0 ? block : block + 16 * stride;
            wide.stride = sign * stride;
            for (int y = 0; y < 17; y++)
                memcpy(at(&wide, 0, y), at(&plain, 0, y), (size_t)plain.stride);
            memset(got, 0xAA, sizeof got);
            if (sign < 0) {
                dst.data = got + 6 * dst.stride;
                dst.stride = -dst.stride;
            }
            image_warp(&wide, &t, &dst);
            for (int y = 0; y < 7; y++)
                assert_memory_equal(at(&dst, 0, y), at(&want, 0, y), 27);
            for (int y = 0; y < 7; y++) /* padding is not written */
                for (int i = 27; i < 32; i++)
                    assert_int_equal(got[y * 32 + i], 0xAA);
            free(block);
        }
        free(plain.data);
        free(want.data);
    }
}

/* --- values between pixels ----------------------------------------------------------------------
 */

static void a_ramp_has_its_value_at_every_place(void **state)
{
    pfld_image src = make(64, 64, PFLD_GRAY8), dst = make(20, 20, PFLD_GRAY8);

    (void)state;
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            *at(&src, x, y) = (uint8_t)(2 * x + y + 20);
    for (int n = 0; n < 60; n++) {
        float scale = 0.25f + 0.125f * (float)(n % 12), degrees = (float)(n / 12) * 9.0f;
        affine t = turned(scale, degrees, 25.3f + 0.11f * (float)n, 10.4f);
        image_warp(&src, &t, &dst);
        for (int y = 0; y < 20; y++) {
            for (int x = 0; x < 20; x++) {
                pfld_point p = affine_apply(&t, (pfld_point){(float)x, (float)y});
                if (p.x > 2 && p.x < 61 && p.y > 2 && p.y < 61)
                    assert_float_equal((float)*at(&dst, x, y), (2 * p.x + p.y + 20), 1.0f);
            }
        }
    }
    free(src.data);
    free(dst.data);
}

static void half_a_pixel_is_the_mean_of_neighbours(void **state)
{
    uint8_t pixels[2][2] = {{10, 30}, {50, 110}}, out[2];
    const pfld_image src = {pixels[0], 2, 2, 2, PFLD_GRAY8};
    pfld_image dst = {out, 2, 1, 2, PFLD_GRAY8};

    (void)state;
    image_warp(&src, &(affine){1, 0, 0.5f, 0, 1, 0}, &dst);
    assert_int_equal(out[0], 20);
    assert_int_equal(out[1], 30);
    image_warp(&src, &(affine){1, 0, 0.5f, 0, 1, 0.5f}, &dst);
    assert_int_equal(out[0], 50);
    image_warp(&src, &(affine){1, 0, -0.5f, 0, 1, 0.5f}, &dst);
    assert_int_equal(out[0], 30);
    assert_int_equal(out[1], 50);
}

/* --- shrinking ----------------------------------------------------------------------------------
 */

static void shrinking_by_whole_factors_averages_blocks(void **state)
{
    pfld_image src = make(40, 30, PFLD_RGB8), dst = make(8, 6, PFLD_RGB8);
    const affine t = {5, 0, 2, 0, 5, 2}; /* borders coincide */

    (void)state;
    fill(&src, 5);
    image_warp(&src, &t, &dst);
    for (int y = 0; y < 6; y++) {
        for (int x = 0; x < 8; x++) {
            for (int c = 0; c < 3; c++) {
                int sum = 0;
                for (int i = 0; i < 25; i++)
                    sum += at(&src, 5 * x + i % 5, 5 * y + i / 5)[c];
                assert_int_equal(at(&dst, x, y)[c], (sum + 12) / 25);
            }
        }
    }
    free(src.data);
    free(dst.data);
}

static void fine_checkerboards_become_grey(void **state)
{
    const float scales[] = {2.0f, 2.7f, 4.3f, 6.5f, 9.1f, 20.0f, 31.7f};

    (void)state;
    for (size_t s = 0; s < sizeof scales / sizeof scales[0]; s++) {
        int side = 10 * (int)ceilf(scales[s]) + 20;
        pfld_image src = make(2 * side, 2 * side, PFLD_GRAY8), dst = make(10, 10, PFLD_GRAY8);
        for (int y = 0; y < src.height; y++)
            for (int x = 0; x < src.width; x++)
                *at(&src, x, y) = (x + y) % 2 ? 255 : 0;
        for (int degrees = 0; degrees < 90; degrees += 15) {
            affine t = turned(scales[s], (float)degrees, (float)side, 0.5f * (float)side);
            image_warp(&src, &t, &dst);
            for (int i = 0; i < 100; i++) {
                pfld_point p = {(float)(i % 10), (float)(i / 10)};
                p = affine_apply(&t, p);
                assert_true(p.x > 0 && p.x < (float)src.width);
                if (scales[s] >= 4.0f)
                    assert_in_range(dst.data[i], 127 - 3, 128 + 3);
                else /* a perfect box of 2 pixels, turned by 45 degrees, leaves 22 % */
                    assert_in_range(dst.data[i], 127 - 32, 128 + 32);
            }
        }
        free(src.data);
        free(dst.data);
    }
}

static void shrinking_keeps_the_mean(void **state)
{
    pfld_image src = make(600, 600, PFLD_RGB8);
    double before;

    (void)state;
    fill(&src, 7);
    for (int y = 0; y < 600; y++) /* darker towards the bottom, and dark around the edge */
        for (int i = 0; i < 1800; i++)
            src.data[y * 1800 + i] = y < 150 || y >= 450 || i < 450 || i >= 1350
                                         ? 0
                                         : (uint8_t)(src.data[y * 1800 + i] * (900 - y) / 900);
    before = mean(&src);
    for (int n = 0; n < 12; n++) {
        int size = 20 + 23 * (n / 2);
        pfld_image dst = make(size, size, PFLD_RGB8);
        affine t = affine_from_crop(&(pfld_box){-0.5f, -0.5f, 600, 600}, &(crop_rule){.scale = 1},
                                    n % 2 ? 25 : 0, size);
        image_warp(&src, &t, &dst);
        assert_true(fabs(mean(&dst) - before) < 0.02 * before);
        free(dst.data);
    }
    free(src.data);
}

static void a_flat_picture_stays_flat(void **state)
{
    (void)state;
    for (int value = 0; value <= 255; value += 51) {
        pfld_image src = make(50, 31, PFLD_BGRA8), dst = make(16, 16, PFLD_RGB8);
        memset(src.data, value, 50 * 31 * 4);
        for (int n = 0; n < 200; n++) {
            affine t = turned(0.1f * (float)n, (float)(n % 7) * 13, (float)(n % 60) - 5, 3);
            image_warp(&src, &t, &dst);
            for (int i = 0; i < 16 * 16 * 3; i++)
                assert_int_equal(dst.data[i], value);
        }
        free(src.data);
        free(dst.data);
    }
}

/* A flipped picture gives the flipped result, so that no filter leans to a side. */
static void warps_commute_with_flips(void **state)
{
    const float scales[] = {0.5f, 1.0f, 1.8f, 5.0f, 11.0f};
    pfld_image src = make(201, 150, PFLD_GRAY8), flipped = make(201, 150, PFLD_GRAY8);

    (void)state;
    fill(&src, 11);
    image_warp(&src, &(affine){-1, 0, 200, 0, 1, 0}, &flipped);
    for (int s = 0; s < 5; s++) {
        for (int turn = 0; turn < 2; turn++) {
            pfld_image a = make(15, 15, PFLD_GRAY8), b = make(15, 15, PFLD_GRAY8);
            affine t = turned(scales[s], 21.0f * (float)turn, 60.25f, 30.5f), u = t;
            u.a = -t.a, u.b = -t.b, u.c = 200 - t.c;
            image_warp(&src, &t, &a);
            image_warp(&flipped, &u, &b);
            for (int i = 0; i < 225; i++)
                assert_in_range(a.data[i] - b.data[i] + 255, 254 - 12 * turn, 256 + 12 * turn);
            free(a.data);
            free(b.data);
        }
    }
    free(src.data);
    free(flipped.data);
}

/* --- limits -------------------------------------------------------------------------------------
 */

static void a_single_pixel_fills_any_crop(void **state)
{
    uint8_t pixel[3] = {10, 200, 90};
    const pfld_image src = {pixel, 1, 1, 3, PFLD_RGB8};
    pfld_image dst = make(33, 9, PFLD_BGR8);

    (void)state;
    for (int n = 0; n < 40; n++) {
        affine t = turned(0.01f * (float)(n * n), (float)(n % 3) * 30, (float)n - 20, 1);
        image_warp(&src, &t, &dst);
        for (int i = 0; i < 33 * 9; i++)
            assert_true(dst.data[3 * i] == 90 && dst.data[3 * i + 1] == 200 &&
                        dst.data[3 * i + 2] == 10);
    }
    free(dst.data);
}

static void the_widest_row_is_read_to_its_end(void **state)
{
    pfld_image src = make(65535, 1, PFLD_GRAY8), dst = make(5, 3, PFLD_GRAY8);

    (void)state;
    for (int x = 0; x < 65535; x++)
        *at(&src, x, 0) = (uint8_t)(x < 40000 ? 40 : 240);
    *at(&src, 65534, 0) = 7;
    image_warp(&src, &(affine){13107, 0, 6553, 0, 1, 0}, &dst); /* all of it, in five */
    assert_int_equal(dst.data[0], 40);
    assert_int_equal(dst.data[2], 40);
    assert_int_equal(dst.data[3], 230); /* 679 dark of 13107 */
    assert_int_equal(dst.data[14], 240);
    image_warp(&src, &(affine){1, 0, 65534, 0, 1, 0}, &dst);
    assert_int_equal(dst.data[0], 7);
    assert_int_equal(dst.data[14], 7);
    image_warp(&src, &(affine){1, 0, 65533, 0, 1, 0}, &dst);
    assert_int_equal(dst.data[0], 240);
    image_warp(&src, &(affine){65535, 1, 32767, 1, 65535, 0}, &dst);
    image_warp(&src, &(affine){100, 30, 65530, 30, 100, 0}, &dst);
    free(src.data);
    free(dst.data);
}

static void crops_far_outside_show_the_nearest_border(void **state)
{
    pfld_image src = make(40, 40, PFLD_GRAY8), dst = make(12, 12, PFLD_GRAY8);

    (void)state;
    for (int i = 0; i < 1600; i++)
        src.data[i] = (uint8_t)(i % 40 < 20 ? 30 : 220);
    for (int n = 0; n < 8; n++) {
        float scale = n % 4 == 0 ? 0.5f : n % 4 == 1 ? 1.0f : n % 4 == 2 ? 3.0f : 40.0f;
        for (float far = 1e4f; far < 1e30f; far *= 1e3f) {
            affine t = turned(scale, n < 4 ? 0 : 10, -far, 0);
            image_warp(&src, &t, &dst);
            for (int i = 0; i < 144; i++)
                assert_int_equal(dst.data[i], 30);
            t.c = far;
            image_warp(&src, &t, &dst);
            for (int i = 0; i < 144; i++)
                assert_int_equal(dst.data[i], 220);
        }
    }
    free(src.data);
    free(dst.data);
}

static void absurd_maps_stay_inside(void **state)
{
    const float values[] = {0,      1,     -1e-30f, 7.3f,     -113,     1e5f,      -3e7f, 2.2e9f,
                            -1e19f, 1e30f, FLT_MAX, -FLT_MAX, INFINITY, -INFINITY, NAN};
    const int count = sizeof values / sizeof values[0];
    pfld_image src = make(31, 19, PFLD_RGB8), dst = make(3, 2, PFLD_RGB8);
    uint32_t seed = 1;

    (void)state;
    memset(src.data, 77, 31 * 19 * 3);
    for (int n = 0; n < 1000; n++) {
        affine t;
        float *field[] = {&t.a, &t.b, &t.c, &t.d, &t.e, &t.f};
        for (int i = 0; i < 6; i++) {
            seed = seed * 1664525u + 1013904223u;
            *field[i] = values[(seed >> 10) % (uint32_t)count];
        }
        if (n % 2)
            t.b = t.d = 0;
        image_warp(&src, &t, &dst);
        for (int i = 0; i < 18; i++)
            assert_int_equal(dst.data[i], 77);
    }
    free(src.data);
    free(dst.data);
}

/* Pixels end where an unreadable page begins, or begin where one ends. */
static void nothing_outside_the_rows_is_read(void **state)
{
    const float scales[] = {0.3f, 1, 1.3f, 3.7f, 6.2f, 13, 50};
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *map = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    pfld_image dst = make(21, 21, PFLD_RGB8);

    (void)state;
    assert_ptr_not_equal(map, MAP_FAILED);
    assert_int_equal(mprotect(map, page, PROT_NONE), 0);
    assert_int_equal(mprotect(map + 2 * page, page, PROT_NONE), 0);
    for (int f = 0; f < 5; f++) {
        pfld_image src = {NULL, 29, 31, 29 * image_channels(formats[f]), formats[f]};
        for (int n = 0; n < 7 * 4 * 3; n++) {
            float degrees = (float)(n % 4) * 17, scale = scales[n / 4 % 7];
            affine t = turned(scale, degrees, (float)(n % 9) - 4 - 10 * scale, (float)(n % 5) - 20);
            size_t bytes = (size_t)src.stride * 31;
            src.data = map + page;
            image_warp(&src, &t, &dst);
            src.data = map + 2 * page - bytes;
            t.f = 40 - 21 * scale;
            image_warp(&src, &t, &dst);
        }
    }
    free(dst.data);
    munmap(map, 3 * page);
}

static void the_same_map_gives_the_same_bits(void **state)
{
    pfld_image src = make(300, 200, PFLD_RGB8), a = make(50, 50, PFLD_RGB8), b = a;
    const affine maps[] = {
        turned(3.3f, 12, 20, 10), {4.4f, 0, 3, 0, 3.1f, 2}, turned(0.7f, 5, 9, 9)};

    (void)state;
    b.data = malloc(50 * 50 * 3);
    assert_non_null(b.data);
    fill(&src, 3);
    for (int m = 0; m < 3; m++) {
        image_warp(&src, &maps[m], &a);
        memset(b.data, 0x55, 50 * 50 * 3);
        image_warp(&src, &maps[m], &b);
        assert_memory_equal(a.data, b.data, 50 * 50 * 3);
    }
    image_warp(&src, &identity, &b);
    assert_copied(&src, &identity, &b);
    free(src.data);
    free(a.data);
    free(b.data);
}

/* Grey pictures are warped one sample after the other; stretches of coloured ones may go through
 * vector code, which must not be told apart. */
static void a_channel_is_warped_as_if_it_were_alone(void **state)
{
    static const pfld_format coloured[] = {PFLD_RGB8, PFLD_RGBA8};
    pfld_image dst = make(40, 30, PFLD_RGB8), alone = make(40, 30, PFLD_GRAY8);
    int n = 0;

    (void)state;
    for (int f = 0; f < 2; f++) {
        pfld_image src = make(375, 325, coloured[f]), one[3];
        int channels = image_channels(src.format);
        fill(&src, 11);
        memset(src.data, 255, (size_t)src.stride * 150); /* the largest sums too */
        for (int c = 0; c < 3; c++) {
            one[c] = make(375, 325, PFLD_GRAY8);
            for (int i = 0; i < 375 * 325; i++)
                one[c].data[i] = src.data[i * channels + c];
        }
        for (int m = 0; m < 64; m++, n++) { /* up to blocks of four pixels a side */
            float scale = 0.3f + (m < 32 ? 0.1f : 0.2f) * (float)m;
            affine t = turned(scale, 7.5f * (float)m, 187 - 20 * scale, (float)(3 * m));
            if (m % 3 == 0)
                t.b = t.d = 0; /* boxes */
            image_warp(&src, &t, &dst);
            for (int c = 0; c < 3; c++) {
                image_warp(&one[c], &t, &alone);
                for (int i = 0; i < 40 * 30; i++)
                    assert_int_equal(dst.data[3 * i + c], alone.data[i]);
            }
        }
        free(src.data);
        for (int c = 0; c < 3; c++)
            free(one[c].data);
    }
    assert_int_equal(n, 128);
    free(dst.data);
    free(alone.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_views_pass),
        cmocka_unit_test(unsound_views_are_told_what_is_wrong),
        cmocka_unit_test(whole_pixel_maps_copy_exactly_in_all_formats),
        cmocka_unit_test(strides_of_either_sign_are_followed),
        cmocka_unit_test(a_ramp_has_its_value_at_every_place),
        cmocka_unit_test(half_a_pixel_is_the_mean_of_neighbours),
        cmocka_unit_test(shrinking_by_whole_factors_averages_blocks),
        cmocka_unit_test(fine_checkerboards_become_grey),
        cmocka_unit_test(shrinking_keeps_the_mean),
        cmocka_unit_test(a_flat_picture_stays_flat),
        cmocka_unit_test(warps_commute_with_flips),
        cmocka_unit_test(a_single_pixel_fills_any_crop),
        cmocka_unit_test(the_widest_row_is_read_to_its_end),
        cmocka_unit_test(crops_far_outside_show_the_nearest_border),
        cmocka_unit_test(absurd_maps_stay_inside),
        cmocka_unit_test(nothing_outside_the_rows_is_read),
        cmocka_unit_test(the_same_map_gives_the_same_bits),
        cmocka_unit_test(a_channel_is_warped_as_if_it_were_alone),
    };
    return cmocka_run_group_tests_name("image", tests, NULL, NULL);
}
