/* Picture files made in memory, for the tests of the codecs. */
#ifndef TESTS_MEDIA_FILES_H
#define TESTS_MEDIA_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>
#include <png.h>
#include <webp/encode.h>

#include "media/codec.h"

typedef struct file {
    uint8_t *data; /* malloc'ed, exactly size bytes, so that ASan sees the first byte beyond */
    size_t size;
} file;

static inline file file_of(const void *data, size_t size)
{
    file f = {malloc(size ? size : 1), size};
    assert_non_null(f.data);
    memcpy(f.data, data, size);
    return f;
}

static inline file file_join(file a, const void *b, size_t n)
{
    file f = {malloc(a.size + n), a.size + n};
    assert_non_null(f.data);
    memcpy(f.data, a.data, a.size);
    memcpy(f.data + a.size, b, n);
    free(a.data);
    return f;
}

static inline void put32(uint8_t *p, uint32_t v, bool big_endian)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> 8 * (big_endian ? 3 - i : i));
}

/* A small picture with something in every corner. */
static inline void paint(uint8_t *rgb, int w, int h)
{
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x++, rgb += 3) {
            rgb[0] = (uint8_t)(x * 255 / (w > 1 ? w - 1 : 1));
            rgb[1] = (uint8_t)(y * 255 / (h > 1 ? h - 1 : 1));
            rgb[2] = (uint8_t)(255 - rgb[0] / 2 - rgb[1] / 3);
        }
}

/* TIFF block with one entry that is not asked for, and the orientation. */
static inline size_t make_exif(uint8_t *p, int orientation, bool big_endian)
{
    static const uint8_t little[38] = {'I',  'I', 42, 0, 8, 0, 0, 0, 2, 0, /* header, 2 entries */
                                       0,    1,   4,  0, 1, 0, 0, 0, 7, 0, 0, 0, /* ImageWidth */
                                       0x12, 1,   3,  0, 1, 0, 0, 0, 0, 0, 0, 0, /* Orientation */
                                       0,    0,   0,  0};
    static const uint8_t big[38] = {'M', 'M',  0, 42, 0, 0, 0, 8, 0, 2,       /**/
                                    1,   0,    0, 4,  0, 0, 0, 1, 0, 0, 0, 7, /**/
                                    1,   0x12, 0, 3,  0, 0, 0, 1, 0, 0, 0, 0, /**/
                                    0,   0,    0, 0};
    memcpy(p, big_endian ? big : little, 38);
    p[big_endian ? 31 : 30] = (uint8_t)orientation;
    return 38;
}

typedef struct jpeg_spec {
    int w, h;
    J_COLOR_SPACE colours; /* of the samples given */
    const uint8_t *samples;
    int orientation; /* 0: no EXIF */
    bool big_endian, progressive, one_coefficient_a_scan;
} jpeg_spec;

/* 128 scans: DC, then each AC coefficient alone, then the last bit of each. */
static inline int many_scans(jpeg_scan_info *s)
{
    memset(s, 0, 128 * sizeof *s);
    for (int i = 0; i < 128; i++) {
        s[i].comps_in_scan = 1;
        s[i].Ss = s[i].Se = i % 64;
        s[i].Ah = i >= 64;
        s[i].Al = i < 64;
    }
    return 128;
}

static inline file make_jpeg(const jpeg_spec *s)
{
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct c;
    unsigned char *out = NULL;
    unsigned long size = 0;
    jpeg_scan_info scans[128];
    uint8_t exif[64] = "Exif\0";
    file f;

    c.err = jpeg_std_error(&errors);
    jpeg_create_compress(&c);
    jpeg_mem_dest(&c, &out, &size);
    c.image_width = (JDIMENSION)s->w;
    c.image_height = (JDIMENSION)s->h;
    c.in_color_space = s->colours;
    c.input_components = s->colours == JCS_GRAYSCALE ? 1 : s->colours == JCS_CMYK ? 4 : 3;
    jpeg_set_defaults(&c);
    jpeg_set_quality(&c, 98, TRUE);
    c.comp_info[0].h_samp_factor = c.comp_info[0].v_samp_factor = 1;
    if (s->progressive)
        jpeg_simple_progression(&c);
    if (s->one_coefficient_a_scan) {
        c.num_scans = many_scans(scans);
        c.scan_info = scans;
    }
    jpeg_start_compress(&c, TRUE);
    if (s->orientation)
        jpeg_write_marker(&c, JPEG_APP0 + 1, exif,
                          6 + (unsigned)make_exif(exif + 6, s->orientation, s->big_endian));
    while (c.next_scanline < c.image_height) {
        uint8_t row[1024];
        JSAMPROW rows = row;
        size_t n = (size_t)(s->w * c.input_components);
        memcpy(row, s->samples + c.next_scanline * n, n);
        jpeg_write_scanlines(&c, &rows, 1);
    }
    jpeg_finish_compress(&c);
    jpeg_destroy_compress(&c);
    f = file_of(out, size);
    free(out);
    return f;
}

typedef struct png_spec {
    int w, h, type, depth;
    bool interlaced;
    const uint8_t *samples; /* [h][row bytes] */
    int orientation;
    const png_color *palette; /* [4] */
    const uint8_t *alpha;     /* [4], of the palette */
    const png_color_16 *transparent;
    size_t text; /* bytes of a compressed comment */
} png_spec;

static inline void png_append(png_structp png, png_bytep data, size_t n)
{
    file *f = png_get_io_ptr(png);
    *f = file_join(*f, data, n);
}

static inline void png_flush_nothing(png_structp png)
{
    (void)png;
}

static inline void add_chunks(png_structp png, png_infop info, const png_spec *s, uint8_t *exif,
                              char *text)
{
    png_text comment = {.compression = PNG_TEXT_COMPRESSION_zTXt, .key = "Comment", .text = text};

    if (s->palette)
        png_set_PLTE(png, info, s->palette, 4);
    if (s->alpha || s->transparent)
        png_set_tRNS(png, info, s->alpha, s->alpha ? 4 : 0, s->transparent);
    if (s->orientation)
        png_set_eXIf_1(png, info, (png_uint_32)make_exif(exif, s->orientation, true), exif);
    if (s->text)
        png_set_text(png, info, &comment, 1);
}

static inline file make_png(const png_spec *s)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    file f = file_of("", 0);
    char *text = calloc(s->text + 1, 1);
    uint8_t exif[64];
    png_bytep rows[64];

    assert_non_null(text);
    memset(text, 'x', s->text);
    png_set_write_fn(png, &f, png_append, png_flush_nothing);
    png_set_IHDR(png, info, (png_uint_32)s->w, (png_uint_32)s->h, s->depth, s->type,
                 s->interlaced ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    add_chunks(png, info, s, exif, text);
    png_write_info(png, info);
    for (int y = 0; y < s->h; y++)
        rows[y] = (png_bytep)(uintptr_t)s->samples + (size_t)y * png_get_rowbytes(png, info);
    png_write_image(png, rows);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    free(text);
    return f;
}

static inline file make_webp(const uint8_t *samples, int w, int h, bool alpha, bool lossless)
{
    uint8_t *out = NULL;
    size_t n;
    file f;

    if (alpha)
        n = WebPEncodeLosslessRGBA(samples, w, h, w * 4, &out);
    else if (lossless)
        n = WebPEncodeLosslessRGB(samples, w, h, w * 3, &out);
    else
        n = WebPEncodeRGB(samples, w, h, w * 3, 98, &out);
    assert_true(n > 0);
    f = file_of(out, n);
    WebPFree(out);
    return f;
}

/* The simple file wrapped as an extended one, with EXIF behind the picture. */
static inline file add_webp_exif(file simple, int w, int h, int orientation)
{
    uint8_t head[30] = "RIFF....WEBPVP8X";
    uint8_t tail[8 + 38] = "EXIF";
    file f;

    put32(head + 16, 10, false);
    head[20] = 8; /* has EXIF */
    head[24] = (uint8_t)(w - 1);
    head[27] = (uint8_t)(h - 1);
    put32(tail + 4, (uint32_t)make_exif(tail + 8, orientation, false), false);
    f = file_of(head, sizeof head);
    f = file_join(f, simple.data + 12, simple.size - 12);
    f = file_join(f, tail, sizeof tail);
    put32(f.data + 4, (uint32_t)f.size - 8, false);
    free(simple.data);
    return f;
}

/* File header and BITMAPINFOHEADER; pixels start behind extra bytes (palette, masks). */
static inline file bmp_head(int w, int h, int bits, int compression, size_t extra)
{
    uint8_t head[54] = "BM";

    put32(head + 10, (uint32_t)(54 + extra), false);
    put32(head + 14, 40, false);
    put32(head + 18, (uint32_t)w, false);
    put32(head + 22, (uint32_t)h, false);
    head[26] = 1;
    head[28] = (uint8_t)bits;
    head[30] = (uint8_t)compression;
    return file_of(head, sizeof head);
}

/* ---- expectations ---- */

static inline void expect_pixels(const file *f, int w, int h, pfld_format format,
                                 const uint8_t *want, int tolerance)
{
    media_image img;
    pfld_error err = {0};
    int channels = format == PFLD_GRAY8 ? 1 : 3;

    if (media_decode(f->data, f->size, &img, &err))
        fail_msg("%s", err.msg);
    assert_int_equal(img.view.width, w);
    assert_int_equal(img.view.height, h);
    assert_int_equal(img.view.format, format);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w * channels; x++) {
            int got = img.view.data[y * img.view.stride + x];
            if (abs(got - want[y * w * channels + x]) > tolerance)
                fail_msg("row %d, byte %d is %d, not %d", y, x, got, want[y * w * channels + x]);
        }
    media_image_free(&img);
    assert_null(img.view.data);
}

static inline void expect_error(const void *data, size_t size, pfld_status status,
                                const char *words)
{
    file f = file_of(data, size);
    media_image img = {.view = {.width = 77}};
    pfld_error err = {0};

    assert_int_equal(media_decode(f.data, f.size, &img, &err), status);
    assert_int_equal(err.status, status);
    if (!strstr(err.msg, words))
        fail_msg("\"%s\" does not say \"%s\"", err.msg, words);
    assert_null(img.view.data);
    assert_int_equal(media_decode(f.data, f.size, &img, NULL), status);
    free(f.data);
}

#endif
