/* What cameras, light and files do to a picture: pixel effects, in place, that move no point. */
#include "data/effects.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "image/image.h"

#define ROW   (3 * EFFECTS_MAX_SIDE) /* bytes */
#define LANES 16                     /* a constant, so that gcc's -O2 makes vectors of the loops */

static uint8_t clamp_byte(int v)
{
    return (uint8_t)(v < 0 ? 0 : v > 255 ? 255 : v);
}

/* --- light -------------------------------------------------------------------------------------
 */

enum { COLOUR_BITS = 12 };

/* All of effect_light is one affine map of the three channels. */
static void make_matrix(const effect_light *l, int32_t m[3][4])
{
    static const float luma[3] = {0.299f, 0.587f, 0.114f};
    const float one = (float)(1 << COLOUR_BITS);

    for (int c = 0; c < 3; c++) {
        float gain = l->gain[c] * l->contrast;
        float offset = 128.0f - 128.0f * l->contrast + 255.0f * l->brightness;
        for (int k = 0; k < 3; k++) {
            float own = k == c ? l->saturation : 0.0f;
            m[c][k] = (int32_t)lrintf(one * gain * ((1.0f - l->saturation) * luma[k] + own));
        }
        m[c][3] = (int32_t)lrintf(one * (offset + 0.5f));
    }
}

void effect_colours(pfld_image *img, const effect_light *light)
{
    int32_t m[3][4];

    make_matrix(light, m);
    for (int y = 0; y < img->height; y++) {
        uint8_t *p = img->data + y * img->stride;
        for (int x = 0; x < img->width; x++, p += 3) {
            int32_t r = p[0], g = p[1], b = p[2];
            for (int c = 0; c < 3; c++)
                p[c] =
                    clamp_byte((m[c][0] * r + m[c][1] * g + m[c][2] * b + m[c][3]) >> COLOUR_BITS);
        }
    }
}

void effect_gamma(pfld_image *img, float gamma, float gain)
{
    uint8_t table[256];

    for (int i = 0; i < 256; i++)
        table[i] = clamp_byte((int)lrintf(255.0f * gain * powf((float)i / 255.0f, gamma)));
    for (int y = 0; y < img->height; y++) {
        uint8_t *p = img->data + y * img->stride;
        for (int i = 0; i < 3 * img->width; i++)
            p[i] = table[p[i]];
    }
}

/* --- blur --------------------------------------------------------------------------------------
 */

enum { MAX_REACH = 20, MAX_TAPS = 2 * MAX_REACH + 1 }; /* of EFFECTS_MAX_BLUR and _STREAK */

typedef struct kernel {
    int reach;
    uint16_t weight[MAX_TAPS]; /* [2 reach + 1], sum 256: sums of bytes fit in 16 bits */
} kernel;

/* Each is the growth of their rounded sum: few levels are left for a wide kernel's weights, whose
 * own rounding would heap up somewhere. */
static void round_weights(const float *w, kernel *k)
{
    int n = 2 * k->reach + 1, before = 0;
    float sum = 0.0f, so_far = 0.0f;

    for (int i = 0; i < n; i++)
        sum += w[i];
    for (int i = 0; i < n; i++) {
        int now = (int)lrintf(256.0f * (so_far += w[i]) / sum);
        k->weight[i] = (uint16_t)(now - before);
        before = now;
    }
}

static kernel make_kernel(float sigma)
{
    kernel k = {.reach = (int)ceilf(2.5f * sigma)};
    float w[MAX_TAPS] = {0};

    if (!(sigma > 0.05f))
        k.reach = 0;
    assert(k.reach <= MAX_REACH);
    for (int i = 0; i <= 2 * k.reach; i++) {
        float x = (float)(i - k.reach);
        w[i] = k.reach ? expf(-0.5f * x * x / (sigma * sigma)) : 1.0f;
    }
    round_weights(w, &k);
    return k;
}

/* out[i] = the kernel over tap(k)[i]; tap k is at from + k * step. Reads and writes whole LANES. */
static void blur_bytes(const kernel *k, const uint8_t *const *tap, size_t n, uint8_t *out)
{
    for (size_t i = 0; i < n; i += LANES) {
        uint16_t sum[LANES];
        for (int j = 0; j < LANES; j++)
            sum[j] = 128;
        for (int t = 0; t <= 2 * k->reach; t++) {
            const uint8_t *p = tap[t] + i;
            for (int j = 0; j < LANES; j++)
                sum[j] = (uint16_t)(sum[j] + k->weight[t] * p[j]);
        }
        for (int j = 0; j < LANES; j++)
            out[i + (size_t)j] = (uint8_t)(sum[j] >> 8);
    }
}

/* A row between copies of its ends, so many pixels each. */
static void pad_row(const uint8_t *row, size_t bytes, int reach, uint8_t *padded)
{
    uint8_t *middle = padded + (ptrdiff_t)3 * reach;

    memcpy(middle, row, bytes);
    for (int x = 0; x < reach; x++) {
        memcpy(padded + (ptrdiff_t)3 * x, row, 3);
        memcpy(middle + bytes + (ptrdiff_t)3 * x, row + bytes - 3, 3);
    }
}

static void blur_across(pfld_image *img, const kernel *k)
{
    uint8_t padded[ROW + 6 * MAX_REACH + LANES] = {0}, out[ROW + LANES];
    const uint8_t *tap[MAX_TAPS];
    size_t row = 3 * (size_t)img->width;

    for (int t = 0; t <= 2 * k->reach; t++)
        tap[t] = padded + (size_t)3 * (size_t)t;
    for (int y = 0; y < img->height; y++) {
        uint8_t *p = img->data + y * img->stride;
        pad_row(p, row, k->reach, padded);
        blur_bytes(k, tap, row, out);
        memcpy(p, out, row);
    }
}

static void blur_down(pfld_image *img, const kernel *k)
{
    uint8_t ring[MAX_TAPS][ROW + LANES], out[ROW + LANES]; /* row y is in ring[y % MAX_TAPS] */
    const uint8_t *tap[MAX_TAPS];
    size_t row = 3 * (size_t)img->width;
    int loaded = 0, last = img->height - 1;

    for (int y = 0; y < MAX_TAPS; y++)
        memset(ring[y] + row, 0, LANES);
    for (int y = 0; y <= last; y++) {
        for (; loaded <= last && loaded <= y + k->reach; loaded++)
            memcpy(ring[loaded % MAX_TAPS], img->data + loaded * img->stride, row);
        for (int t = 0; t <= 2 * k->reach; t++) {
            int from = y + t - k->reach;
            tap[t] = ring[(from < 0 ? 0 : from > last ? last : from) % MAX_TAPS];
        }
        blur_bytes(k, tap, row, out);
        memcpy(img->data + y * img->stride, out, row);
    }
}

void effect_blur(pfld_image *img, float sigma_x, float sigma_y)
{
    kernel x = make_kernel(sigma_x), y = make_kernel(sigma_y);

    assert(img->width <= EFFECTS_MAX_SIDE);
    if (x.reach)
        blur_across(img, &x);
    if (y.reach)
        blur_down(img, &y);
}

static kernel even_kernel(int reach)
{
    kernel k = {.reach = reach};
    float w[MAX_TAPS];

    for (int i = 0; i < MAX_TAPS; i++)
        w[i] = 1.0f;
    round_weights(w, &k);
    return k;
}

void effect_streak(pfld_image *img, float length, float angle)
{
    /* row y, padded, is in ring[y % MAX_TAPS] */
    uint8_t ring[MAX_TAPS][ROW + 6 * MAX_REACH + LANES], out[ROW + LANES];
    const uint8_t *tap[MAX_TAPS];
    size_t row = 3 * (size_t)img->width;
    kernel k = even_kernel((int)lrintf(0.5f * length));
    float dx = cosf(angle), dy = sinf(angle);
    int loaded = 0, last = img->height - 1;

    assert(img->width <= EFFECTS_MAX_SIDE && k.reach <= MAX_REACH);
    for (int y = 0; y < MAX_TAPS; y++)
        memset(ring[y] + row, 0, sizeof *ring - row);
    for (int y = 0; y <= last && k.reach; y++) {
        uint8_t *p = img->data + y * img->stride;
        for (; loaded <= last && loaded <= y + k.reach; loaded++)
            pad_row(img->data + loaded * img->stride, row, k.reach, ring[loaded % MAX_TAPS]);
        for (int t = 0; t <= 2 * k.reach; t++) {
            float along = (float)(t - k.reach);
            int from = y + (int)lrintf(along * dy), x = k.reach + (int)lrintf(along * dx);
            tap[t] = ring[(from < 0 ? 0 : from > last ? last : from) % MAX_TAPS] + (ptrdiff_t)3 * x;
        }
        blur_bytes(&k, tap, row, out);
        memcpy(p, out, row);
    }
}

/* --- noise, resolution -------------------------------------------------------------------------
 */

/* The sum of four bytes is near enough to normal, and two of them come of one random number. */
static int noise_of(uint32_t bits, int32_t scale)
{
    int sum = (int)((bits & 255) + (bits >> 8 & 255) + (bits >> 16 & 255) + (bits >> 24));

    return ((sum - 510) * scale + (1 << 15)) >> 16;
}

void effect_noise(pfld_image *img, float sigma, bool grey, rng *r)
{
    const float of_sum = 147.8f; /* sigma: sqrt(4 (256^2 - 1) / 12) */
    int32_t scale = (int32_t)lrintf(65536.0f * sigma / of_sum);
    int each = grey ? 3 : 1; /* bytes that share a number */

    for (int y = 0; y < img->height; y++) {
        uint8_t *p = img->data + y * img->stride, *end = p + 3 * (size_t)img->width;
        uint64_t bits = 0;
        for (bool fresh = true; p < end; p += each, fresh = !fresh, bits >>= 32) {
            int v;
            if (fresh)
                bits = rng_u64(r);
            v = noise_of((uint32_t)bits, scale);
            for (int c = 0; c < each; c++)
                p[c] = clamp_byte(p[c] + v);
        }
    }
}

void effect_darkness(pfld_image *img, float stops, rng *r)
{
    const float gamma = 2.2f, read_noise = 1.5f; /* of 255 */

    if (!(stops > 0.0f))
        return;
    effect_gamma(img, 1.0f, exp2f(-stops / gamma));
    effect_noise(img, read_noise * fminf(stops, 4.0f) / 4.0f, false, r);
}

void effect_low_resolution(pfld_image *img, int side)
{
    enum { MOST = 128 };
    uint8_t pixels[MOST * MOST * 3];
    pfld_image small = {pixels, side, side, 3 * (ptrdiff_t)side, PFLD_RGB8};
    float sx = (float)img->width / (float)side, sy = (float)img->height / (float)side;
    affine down = {sx, 0.0f, 0.5f * sx - 0.5f, 0.0f, sy, 0.5f * sy - 0.5f}, up;

    assert(side >= 1 && side <= MOST);
    image_warp(img, &down, &small);
    if (affine_invert(&down, &up))
        image_warp(&small, &up, img);
}
