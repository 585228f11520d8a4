/* PNM: the six kinds of PBM, PGM and PPM, plain and raw. */
#include <string.h>

#include "core/error.h"
#include "media/codec_internal.h"

#define MAX_SAMPLE 65535u
#define MAX_NUMBER 99999999u /* more digits are no size */

typedef struct pnm {
    const uint8_t *data; /* [size] */
    size_t size, at;
    bool bits, plain; /* P1 and P4; P1, P2 and P3 */
    int channels;
    uint32_t width, height, max;
    pfld_error *err;
} pnm;

static pfld_status cut_short(const pnm *p)
{
    return error_set(p->err, PFLD_ERR_FORMAT, "the PNM file is cut short");
}

static bool is_space(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void skip_space(pnm *p)
{
    while (p->at < p->size && (is_space(p->data[p->at]) || p->data[p->at] == '#')) {
        if (p->data[p->at] == '#')
            while (p->at < p->size && p->data[p->at] != '\n' && p->data[p->at] != '\r')
                p->at++;
        else
            p->at++;
    }
}

static pfld_status read_number(pnm *p, uint32_t *out)
{
    uint32_t v = 0;
    size_t start;

    skip_space(p);
    if (p->at == p->size)
        return cut_short(p);
    for (start = p->at; p->at < p->size && p->data[p->at] >= '0' && p->data[p->at] <= '9'; p->at++)
        if (v <= MAX_NUMBER)
            v = v * 10 + (p->data[p->at] - (uint32_t)'0');
    if (p->at == start)
        return error_set(p->err, PFLD_ERR_FORMAT, "damaged PNM file: a number is expected");
    *out = v;
    return PFLD_OK;
}

static pfld_status read_header(pnm *p)
{
    uint8_t kind = p->data[1]; /* sniffed: '1'..'6' */
    pfld_status st;

    p->bits = kind == '1' || kind == '4';
    p->plain = kind <= '3';
    p->channels = kind == '3' || kind == '6' ? 3 : 1;
    p->max = 1;
    p->at = 2;
    if (p->at < p->size && !is_space(p->data[p->at]) && p->data[p->at] != '#')
        return error_set(p->err, PFLD_ERR_FORMAT, "not a picture: it only starts like PNM");
    if ((st = read_number(p, &p->width)) || (st = read_number(p, &p->height)))
        return st;
    if (!p->bits && (st = read_number(p, &p->max)))
        return st;
    if (p->max == 0 || p->max > MAX_SAMPLE)
        return error_set(p->err, PFLD_ERR_FORMAT,
                         "damaged PNM file: the largest sample is %u (1 to 65535 expected)",
                         (unsigned)p->max);
    if (p->plain)
        return PFLD_OK;
    if (p->at == p->size)
        return cut_short(p);
    if (!is_space(p->data[p->at++])) /* just one: the next byte may be a pixel that looks like it */
        return error_set(p->err, PFLD_ERR_FORMAT, "damaged PNM file: junk behind the header");
    return PFLD_OK;
}

/* Before memory is spent on what the file can't hold. */
static bool has_enough(const pnm *p)
{
    size_t left = p->size - p->at;
    size_t samples = (size_t)p->width * p->height * (size_t)p->channels; /* checked: no overflow */

    if (p->bits && !p->plain)
        return left >= ((size_t)p->width + 7) / 8 * p->height;
    if (p->bits)
        return left >= samples;
    if (p->plain)
        return left >= 2 * samples - 1;
    return left >= samples * (p->max > 255 ? 2 : 1);
}

static pfld_status read_bit(pnm *p, uint32_t *out)
{
    skip_space(p);
    if (p->at == p->size)
        return cut_short(p);
    if (p->data[p->at] != '0' && p->data[p->at] != '1')
        return error_set(p->err, PFLD_ERR_FORMAT, "damaged PNM file: a bit is expected");
    *out = p->data[p->at++] == '1';
    return PFLD_OK;
}

static uint32_t raw_sample(const pnm *p, size_t i)
{
    const uint8_t *d = p->data + p->at;

    if (p->bits) {
        size_t x = i % p->width, row = i / p->width;
        return d[row * (((size_t)p->width + 7) / 8) + x / 8] >> (7 - x % 8) & 1;
    }
    return p->max > 255 ? (uint32_t)d[2 * i] << 8 | d[2 * i + 1] : d[i];
}

static pfld_status read_samples(pnm *p, uint8_t *dst)
{
    size_t n = (size_t)p->width * p->height * (size_t)p->channels;
    pfld_status st = PFLD_OK;

    if (!p->plain && p->max == 255) {
        memcpy(dst, p->data + p->at, n);
        return PFLD_OK;
    }
    for (size_t i = 0; i < n && !st; i++) {
        uint32_t v = 0;
        if (!p->plain)
            v = raw_sample(p, i);
        else
            st = p->bits ? read_bit(p, &v) : read_number(p, &v);
        if (!st && v > p->max)
            return error_set(p->err, PFLD_ERR_FORMAT, "damaged PNM file: sample %u is above %u",
                             (unsigned)v, (unsigned)p->max);
        if (p->bits)
            v = 1 - v; /* a set bit is ink */
        dst[i] = (uint8_t)((v * 255 + p->max / 2) / p->max);
    }
    return st;
}

pfld_status media_pnm_decode(const media_input *in, media_image *out, int *orientation,
                             pfld_error *err)
{
    pnm p = {.data = in->data, .size = in->size, .err = err};
    pfld_status st = read_header(&p);

    (void)orientation;
    if (st)
        return st;
    if ((st = media_check_size(in, p.width, p.height, err)))
        return st;
    if (!has_enough(&p))
        return cut_short(&p);
    st = media_image_create(in, p.width, p.height, p.channels, out, err);
    return st ? st : read_samples(&p, out->view.data);
}
