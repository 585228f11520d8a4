/* What JPEG does to a picture: colour transform, DCT, quantisation, and back (ITU-T T.81, JFIF). */
#include <math.h>

#include "data/effects.h"

enum { BLOCK = 8, SIDE = 16 }; /* of a block, and of the pixels that share one block of colour */

/* T.81 Annex K's example tables, which everyone uses, by rows. */
static const uint8_t luma_table[64] = {
    16, 11, 10, 16, 24,  40,  51,  61,  12, 12, 14, 19, 26,  58,  60,  55,
    14, 13, 16, 24, 40,  57,  69,  56,  14, 17, 22, 29, 51,  87,  80,  62,
    18, 22, 37, 56, 68,  109, 103, 77,  24, 35, 55, 64, 81,  104, 113, 92,
    49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99};
static const uint8_t chroma_table[64] = {
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99,
    99, 99, 47, 66, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
    99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99};

typedef struct codec {
    float dct[BLOCK][BLOCK], inverse[BLOCK][BLOCK]; /* orthonormal, so one is the other turned */
    float luma[BLOCK][BLOCK], chroma[BLOCK][BLOCK]; /* quantisation steps */
} codec;

/* libjpeg's scale of qualities (jpeg_quality_scaling(), jpeg_add_quant_table()). */
static void scale_table(const uint8_t *table, int quality, float out[BLOCK][BLOCK])
{
    int scale = quality < 50 ? 5000 / quality : 200 - 2 * quality;

    for (int i = 0; i < 64; i++) {
        int q = (table[i] * scale + 50) / 100;
        out[i / BLOCK][i % BLOCK] = (float)(q < 1 ? 1 : q > 255 ? 255 : q);
    }
}

static codec make_codec(int quality)
{
    codec c;

    for (int k = 0; k < BLOCK; k++) {
        double norm = k ? 0.5 : sqrt(0.125);
        for (int i = 0; i < BLOCK; i++) {
            c.dct[k][i] = (float)(norm * cos((2 * i + 1) * k * 0.19634954084936207)); /* pi / 16 */
            c.inverse[i][k] = c.dct[k][i];
        }
    }
    scale_table(luma_table, quality, c.luma);
    scale_table(chroma_table, quality, c.chroma);
    return c;
}

/* x = (m x)', which keeps the inner loops on rows. Twice: x = m x m'. */
static void transform(float m[BLOCK][BLOCK], float x[BLOCK][BLOCK])
{
    float y[BLOCK][BLOCK];

    for (int i = 0; i < BLOCK; i++) {
        float sum[BLOCK] = {0};
        for (int k = 0; k < BLOCK; k++)
            for (int j = 0; j < BLOCK; j++)
                sum[j] += m[i][k] * x[k][j];
        for (int j = 0; j < BLOCK; j++)
            y[i][j] = sum[j];
    }
    for (int i = 0; i < BLOCK; i++)
        for (int j = 0; j < BLOCK; j++)
            x[j][i] = y[i][j];
}

static void lose(codec *c, float step[BLOCK][BLOCK], float x[BLOCK][BLOCK])
{
    const float to_whole = 12582912.0f; /* 1.5 * 2^23: floats beyond have no fractions */

    transform(c->dct, x);
    transform(c->dct, x);
    for (int i = 0; i < BLOCK; i++)
        for (int j = 0; j < BLOCK; j++)
            x[i][j] = (x[i][j] / step[i][j] + to_whole - to_whole) * step[i][j];
    transform(c->inverse, x);
    transform(c->inverse, x);
}

static uint8_t to_byte(float v)
{
    return (uint8_t)(v < 0.0f ? 0.0f : v > 255.0f ? 255.0f : v + 0.5f);
}

typedef struct unit { /* of SIDE x SIDE pixels: four blocks of luma and two of colour, 0 is grey */
    float y[2][2][BLOCK][BLOCK], cb[BLOCK][BLOCK], cr[BLOCK][BLOCK];
} unit;

static void read_unit(const pfld_image *img, int left, int top, unit *u)
{
    *u = (unit){0};
    for (int y = 0; y < SIDE; y++) {
        int from = top + y < img->height ? top + y : img->height - 1;
        for (int x = 0; x < SIDE; x++) {
            int at = left + x < img->width ? left + x : img->width - 1;
            const uint8_t *p = img->data + from * img->stride + (ptrdiff_t)3 * at;
            float r = p[0], g = p[1], b = p[2];
            float luma = 0.299f * r + 0.587f * g + 0.114f * b;
            u->y[y / BLOCK][x / BLOCK][y % BLOCK][x % BLOCK] = luma - 128.0f;
            u->cb[y / 2][x / 2] += 0.25f * 0.564334f * (b - luma);
            u->cr[y / 2][x / 2] += 0.25f * 0.713267f * (r - luma);
        }
    }
}

static void write_unit(pfld_image *img, int left, int top, const unit *u)
{
    for (int y = 0; y < SIDE && top + y < img->height; y++) {
        for (int x = 0; x < SIDE && left + x < img->width; x++) {
            uint8_t *p = img->data + (top + y) * img->stride + (ptrdiff_t)3 * (left + x);
            float luma = u->y[y / BLOCK][x / BLOCK][y % BLOCK][x % BLOCK] + 128.0f;
            float cb = u->cb[y / 2][x / 2], cr = u->cr[y / 2][x / 2];
            p[0] = to_byte(luma + 1.402f * cr);
            p[1] = to_byte(luma - 0.344136f * cb - 0.714136f * cr);
            p[2] = to_byte(luma + 1.772f * cb);
        }
    }
}

void effect_jpeg(pfld_image *img, int quality)
{
    codec c = make_codec(quality);
    unit u;

    for (int top = 0; top < img->height; top += SIDE) {
        for (int left = 0; left < img->width; left += SIDE) {
            read_unit(img, left, top, &u);
            for (int i = 0; i < 4; i++)
                lose(&c, c.luma, u.y[i / 2][i % 2]);
            lose(&c, c.chroma, u.cb);
            lose(&c, c.chroma, u.cr);
            write_unit(img, left, top, &u);
        }
    }
}
