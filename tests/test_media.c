/* The codecs: what they read, which way up, and that hostile files do no harm. */
#include "media/codec_internal.h"
#include "media/exif.h"
#include "media_files.h"

/* ---- the n-th allocation fails ---- */

static long fail_at = -1; /* counts down to 0; negative: never */
static long n_asked;

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    n_asked++;
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_aligned_alloc(align, size);
}

/* ---- EXIF ---- */

/* Of the 3x2 picture a b c / d e f: what a viewer shows for each orientation. */
static const char *const upright[9] = {"",       "abcdef", "cbafed", "fedcba", "defabc",
                                       "adbecf", "daebfc", "fcebda", "cfbead"};

static void expect_upright(const file *f, int orientation, int side, pfld_format format,
                           const uint8_t levels[6])
{
    bool swap = orientation >= 5;
    int w = (swap ? 2 : 3) * side, h = (swap ? 3 : 2) * side,
        channels = format == PFLD_GRAY8 ? 1 : 3;
    uint8_t *want = malloc((size_t)(w * h * channels));

    assert_non_null(want);
    for (int i = 0; i < w * h * channels; i++) {
        int cell = (i / channels / w) / side * (swap ? 2 : 3) + (i / channels % w) / side;
        want[i] = levels[upright[orientation][cell] - 'a'];
    }
    expect_pixels(f, w, h, format, want, 4);
    free(want);
}

/* 3x2 cells of side pixels, row by row. */
static uint8_t *cells(const uint8_t levels[6], int side, int channels)
{
    int w = 3 * side, n = w * 2 * side;
    uint8_t *p = malloc((size_t)(n * channels));

    assert_non_null(p);
    for (int i = 0; i < n; i++)
        memset(p + i * channels, levels[i / w / side * 3 + i % w / side], (size_t)channels);
    return p;
}

static const uint8_t six[6] = {10, 60, 110, 160, 210, 250};

static void jpeg_is_turned_by_its_exif_orientation(void **state)
{
    uint8_t *grey = cells(six, 8, 1), *rgb = cells(six, 8, 3);

    (void)state;
    for (int o = 1; o <= 8; o++)
        for (int big = 0; big < 2; big++) {
            jpeg_spec s = {24, 16, JCS_GRAYSCALE, grey, o, big, false, false};
            file f = make_jpeg(&s);
            expect_upright(&f, o, 8, PFLD_GRAY8, six);
            free(f.data);
            s.colours = JCS_RGB;
            s.samples = rgb;
            f = make_jpeg(&s);
            expect_upright(&f, o, 8, PFLD_RGB8, six);
            free(f.data);
        }
    free(grey);
    free(rgb);
}

static void png_is_turned_by_its_exif_orientation(void **state)
{
    (void)state;
    for (int o = 1; o <= 8; o++) {
        png_spec s = {.w = 3,
                      .h = 2,
                      .type = PNG_COLOR_TYPE_GRAY,
                      .depth = 8,
                      .samples = six,
                      .orientation = o};
        file f = make_png(&s);
        expect_upright(&f, o, 1, PFLD_GRAY8, six);
        free(f.data);
    }
}

static void webp_is_turned_by_its_exif_orientation(void **state)
{
    uint8_t *rgb = cells(six, 1, 3);

    (void)state;
    for (int o = 1; o <= 8; o++) {
        file f = add_webp_exif(make_webp(rgb, 3, 2, false, true), 3, 2, o);
        expect_upright(&f, o, 1, PFLD_RGB8, six);
        free(f.data);
    }
    free(rgb);
}

static void a_large_picture_is_turned_whole(void **state)
{
    enum { W = 131, H = 70 }; /* several tiles, none of them full at the end */
    static uint8_t rgb[W * H * 3], want[W * H * 3];
    file f;

    (void)state;
    for (int i = 0; i < W * H * 3; i++)
        rgb[i] = (uint8_t)(i * 7 + i / W);
    for (int y = 0; y < W; y++) /* orientation 6: a quarter turn clockwise */
        for (int x = 0; x < H; x++)
            memcpy(want + 3 * (y * H + x), rgb + 3 * ((H - 1 - x) * W + y), 3);
    f = add_webp_exif(make_webp(rgb, W, H, false, true), W, H, 6);
    expect_pixels(&f, H, W, PFLD_RGB8, want, 0);
    free(f.data);
}

static void damaged_exif_means_upright(void **state)
{
    uint8_t good[44] = "Exif\0", bad[44];

    (void)state;
    for (int big = 0; big < 2; big++) {
        size_t n = 6 + make_exif(good + 6, 6, big);
        int entry = 6 + 8 + 2 + 12;
        assert_int_equal(media_exif_orientation(good, n), 6);
        assert_int_equal(media_exif_orientation(good + 6, n - 6), 6);
        for (size_t cut = 0; cut < n; cut++) {
            file f = file_of(good, cut);
            int o = media_exif_orientation(f.data, f.size);
            assert_true(o == 1 || (o == 6 && cut >= n - 4));
            free(f.data);
        }
        for (int o = 0; o < 256; o += o < 12 ? 1 : 61) {
            make_exif(good + 6, o, big);
            assert_int_equal(media_exif_orientation(good, n), o >= 1 && o <= 8 ? o : 1);
        }
        make_exif(good + 6, 6, big);
        memcpy(bad, good, n);
        bad[entry + 2] = bad[entry + 3] = 9; /* a type that it can't have */
        assert_int_equal(media_exif_orientation(bad, n), 1);
        memcpy(bad, good, n);
        put32(bad + 10, 0xfffffffe, big); /* directory beyond the block */
        assert_int_equal(media_exif_orientation(bad, n), 1);
        memcpy(bad, good, n);
        bad[14] = bad[15] = 0xff; /* more entries than fit */
        assert_int_equal(media_exif_orientation(bad, n), 6);
    }
}

/* ---- JPEG ---- */

static void jpeg_grey_colour_and_progressive_are_read(void **state)
{
    uint8_t rgb[24 * 17 * 3], grey[24 * 17];
    jpeg_spec colour = {24, 17, JCS_RGB, rgb, 0, false, false, false};
    jpeg_spec mono = {24, 17, JCS_GRAYSCALE, grey, 0, false, false, false};

    (void)state;
    paint(rgb, 24, 17);
    for (int i = 0; i < 24 * 17; i++)
        grey[i] = rgb[3 * i];
    for (int p = 0; p < 2; p++) {
        file f;
        colour.progressive = mono.progressive = p;
        f = make_jpeg(&colour);
        expect_pixels(&f, 24, 17, PFLD_RGB8, rgb, 8);
        free(f.data);
        f = make_jpeg(&mono);
        expect_pixels(&f, 24, 17, PFLD_GRAY8, grey, 8);
        free(f.data);
    }
}

static void jpeg_cmyk_becomes_rgb(void **state)
{
    static const uint8_t want[3] = {200, 100, 50};
    uint8_t inks[16 * 16 * 4], rgb[16 * 16 * 3];
    jpeg_spec s = {16, 16, JCS_CMYK, inks, 0, false, false, false};
    file f;

    (void)state;
    for (int i = 0; i < 16 * 16; i++) {
        for (int c = 0; c < 3; c++) {
            inks[4 * i + c] = want[c]; /* libjpeg writes Adobe's marker: inverted */
            rgb[3 * i + c] = want[c];
        }
        inks[4 * i + 3] = 255;
    }
    f = make_jpeg(&s);
    expect_pixels(&f, 16, 16, PFLD_RGB8, rgb, 3);
    free(f.data);
}

static media_image read_reduced(const file *f, media_reduction *r)
{
    const media_input in = {.data = f->data, .size = f->size, .max_pixels = 1 << 20, .reduce = r};
    pfld_error err = {0};
    media_image img;

    if (media_decode_limited(&in, &img, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    return img;
}

/* Each pixel is where the reduction says: as bright as the squares of the whole picture. */
static void expect_squares(const media_image *small, const media_reduction *r,
                           const media_image *whole)
{
    const pfld_image *s = &small->view, *w = &whole->view;

    assert_true(r->width == w->width && r->height == w->height);
    assert_true(r->left <= 0 && r->left > -r->by && r->top <= 0 && r->top > -r->by);
    for (int y = 1; y + 1 < s->height; y++)
        for (int x = 1; x + 1 < s->width; x++)
            for (int c = 0; c < 2; c++) {
                int sum = 0, n = r->by * r->by;
                for (int i = 0; i < n; i++)
                    sum += w->data[(r->top + r->by * y + i / r->by) * w->stride +
                                   3 * (r->left + r->by * x + i % r->by) + c];
                if (abs(sum / n - s->data[y * s->stride + 3 * x + c]) > 3)
                    fail_msg("by %d, %d,%d: %d, not %d", r->by, x, y,
                             s->data[y * s->stride + 3 * x + c], sum / n);
            }
}

static void jpeg_is_read_smaller_and_says_where_its_pixels_are(void **state)
{
    uint8_t *rgb = malloc(3 * 117 * 83);

    (void)state;
    assert_non_null(rgb);
    paint(rgb, 117, 83);
    for (int o = 1; o <= 8; o++) {
        jpeg_spec s = {117, 83, JCS_RGB, rgb, o, false, false, false};
        file f = make_jpeg(&s);
        media_reduction r = {.most = 1, .least_side = 1, .most_side = 1000};
        media_image whole = read_reduced(&f, &r);

        assert_int_equal(r.by, 1);
        for (r.most = 1; r.most <= 8; r.most *= 2) {
            media_image small = read_reduced(&f, &r);
            assert_int_equal(r.by, r.most);
            assert_int_equal(small.view.width, (r.width + r.by - 1) / r.by);
            expect_squares(&small, &r, &whole);
            media_image_free(&small);
        }
        media_image_free(&whole);
        free(f.data);
    }
    free(rgb);
}

static void pictures_are_read_no_smaller_than_they_may_be(void **state)
{
    static const struct {
        int most, by;
        int32_t least_side, most_side;
    } cases[] = {{8, 8, 14, 1000}, {8, 4, 15, 1000}, {2, 2, 15, 1000}, {8, 1, 59, 1000},
                 {8, 2, 58, 117},  {8, 1, 1, 116},   {1, 1, 1, 1000}};
    uint8_t *rgb = malloc(3 * 117 * 83);
    jpeg_spec s = {117, 83, JCS_RGB, rgb, 6, false, true, false};
    png_spec p = {
        .w = 3, .h = 2, .type = PNG_COLOR_TYPE_GRAY, .depth = 8, .samples = six, .orientation = 6};
    media_reduction r = {.most = 8, .least_side = 1, .most_side = 1000};
    media_image img;
    file f;

    (void)state;
    assert_non_null(rgb);
    paint(rgb, 117, 83);
    f = make_jpeg(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        media_reduction asked = {.most = cases[i].most,
                                 .least_side = cases[i].least_side,
                                 .most_side = cases[i].most_side};
        img = read_reduced(&f, &asked);
        assert_int_equal(asked.by, cases[i].by);
        assert_true(asked.width == 83 && asked.height == 117);
        media_image_free(&img);
    }
    free(f.data);
    free(rgb);
    f = make_png(&p); /* has no smaller one to offer */
    img = read_reduced(&f, &r);
    assert_true(r.by == 1 && r.width == 2 && r.height == 3 && r.left == 0 && r.top == 0);
    assert_int_equal(img.view.width, 2);
    media_image_free(&img);
    free(f.data);
}

static void jpeg_with_too_many_scans_is_refused(void **state)
{
    uint8_t grey[64] = {1, 2, 3};
    jpeg_spec s = {8, 8, JCS_GRAYSCALE, grey, 0, false, false, true};
    file f = make_jpeg(&s);

    (void)state;
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "scans");
    free(f.data);
}

static size_t find_sof(const file *f)
{
    for (size_t i = 2; i + 9 < f->size; i++)
        if (f->data[i] == 0xff && (f->data[i + 1] == 0xc0 || f->data[i + 1] == 0xc2))
            return i;
    fail_msg("no frame header");
    return 0;
}

static void jpeg_damage_and_huge_headers_are_errors(void **state)
{
    uint8_t rgb[24 * 17 * 3];
    jpeg_spec s = {24, 17, JCS_RGB, rgb, 0, false, false, false};
    file f;
    size_t sof;

    (void)state;
    paint(rgb, 24, 17);
    f = make_jpeg(&s);
    sof = find_sof(&f);
    f.data[sof + 4] = 12; /* bits a sample */
    expect_error(f.data, f.size, PFLD_ERR_UNSUPPORTED, "12");
    f.data[sof + 4] = 8;
    put32(f.data + sof + 5, 0x0fa0ea60, true); /* 4000 high, 60,000 wide */
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "cut short");
    put32(f.data + sof + 5, 0xea60ea60, true);
    expect_error(f.data, f.size, PFLD_ERR_UNSUPPORTED, "60000 x 60000");
    put32(f.data + sof + 5, 0x00110000, true);
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "JPEG");
    put32(f.data + sof + 5, 0x01000018, true); /* 256 rows, data for 17 */
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "premature end");
    free(f.data);
    expect_error("\xff\xd8\xff\xd9", 4, PFLD_ERR_FORMAT, "JPEG");
}

/* ---- PNG ---- */

static void png_16_bits_become_8(void **state)
{
    static const uint8_t samples[] = {0, 0, 0, 1, 0x7f, 0xff, 0x80, 0x80, 0xff, 0xff, 0xfe, 0xfe};
    static const uint8_t want[] = {0, 0, 127, 128, 255, 254};
    png_spec s = {.w = 3, .h = 2, .type = PNG_COLOR_TYPE_GRAY, .depth = 16, .samples = samples};
    file f = make_png(&s);

    (void)state;
    expect_pixels(&f, 3, 2, PFLD_GRAY8, want, 0);
    free(f.data);
    s.type = PNG_COLOR_TYPE_RGB;
    s.w = 1;
    f = make_png(&s);
    expect_pixels(&f, 1, 2, PFLD_RGB8, want, 0);
    free(f.data);
}

static void png_alpha_is_blended_over_white(void **state)
{
    static const uint8_t rgba[] = {0, 100, 255, 0, 0, 100, 255, 255, 0, 100, 255, 51};
    static const uint8_t want[] = {255, 255, 255, 0, 100, 255, 204, 224, 255};
    static const uint8_t grey[] = {0, 0, 0, 255, 100, 51}, want_grey[] = {255, 0, 224};
    png_spec s = {.w = 3, .h = 1, .type = PNG_COLOR_TYPE_RGBA, .depth = 8, .samples = rgba};
    file f;

    (void)state;
    for (int i = 0; i < 2; i++) {
        s.interlaced = i;
        s.type = PNG_COLOR_TYPE_RGBA;
        s.samples = rgba;
        f = make_png(&s);
        expect_pixels(&f, 3, 1, PFLD_RGB8, want, 0);
        free(f.data);
        s.type = PNG_COLOR_TYPE_GRAY_ALPHA;
        s.samples = grey;
        f = make_png(&s);
        expect_pixels(&f, 3, 1, PFLD_GRAY8, want_grey, 0);
        free(f.data);
    }
}

static void png_palette_and_transparent_colours_are_expanded(void **state)
{
    static const png_color palette[4] = {{1, 2, 3}, {40, 50, 60}, {200, 100, 0}, {9, 9, 9}};
    static const uint8_t alpha[4] = {255, 255, 0, 255}, indices[] = {0x18}; /* 0 1 2 of 2 bits */
    static const uint8_t opaque[] = {1, 2, 3, 40, 50, 60, 200, 100, 0};
    static const uint8_t blended[] = {1, 2, 3, 40, 50, 60, 255, 255, 255};
    static const uint8_t grey[] = {0x1b}, want_grey[] = {0, 255, 170, 255}; /* 0 1 2 3 of 2 bits */
    static const png_color_16 one = {.gray = 1};
    png_spec s = {.w = 3,
                  .h = 1,
                  .type = PNG_COLOR_TYPE_PALETTE,
                  .depth = 2,
                  .samples = indices,
                  .palette = palette};
    file f = make_png(&s);

    (void)state;
    expect_pixels(&f, 3, 1, PFLD_RGB8, opaque, 0);
    free(f.data);
    s.alpha = alpha;
    f = make_png(&s);
    expect_pixels(&f, 3, 1, PFLD_RGB8, blended, 0);
    free(f.data);
    s = (png_spec){.w = 4,
                   .h = 1,
                   .type = PNG_COLOR_TYPE_GRAY,
                   .depth = 2,
                   .samples = grey,
                   .transparent = &one};
    f = make_png(&s);
    expect_pixels(&f, 4, 1, PFLD_GRAY8, want_grey, 0);
    free(f.data);
}

static void png_interlaced_equals_plain(void **state)
{
    uint8_t rgb[19 * 13 * 3];
    png_spec s = {.w = 19,
                  .h = 13,
                  .type = PNG_COLOR_TYPE_RGB,
                  .depth = 8,
                  .samples = rgb,
                  .interlaced = true};
    file f;

    (void)state;
    paint(rgb, 19, 13);
    f = make_png(&s);
    expect_pixels(&f, 19, 13, PFLD_RGB8, rgb, 0);
    free(f.data);
}

static void png_text_bomb_is_skipped(void **state)
{
    png_spec s = {.w = 3,
                  .h = 2,
                  .type = PNG_COLOR_TYPE_GRAY,
                  .depth = 8,
                  .samples = six,
                  .text = (size_t)20 << 20};
    file f = make_png(&s);

    (void)state;
    expect_pixels(&f, 3, 2, PFLD_GRAY8, six, 0);
    free(f.data);
}

static uint32_t crc_of(const uint8_t *p, size_t n)
{
    uint32_t crc = 0xffffffff;

    for (; n > 0; n--) {
        crc ^= *p++;
        for (int k = 0; k < 8; k++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static void png_set_size(file *f, uint32_t w, uint32_t h)
{
    put32(f->data + 16, w, true);
    put32(f->data + 20, h, true);
    put32(f->data + 29, crc_of(f->data + 12, 17), true);
}

static void png_damage_and_huge_headers_are_errors(void **state)
{
    png_spec s = {.w = 3, .h = 2, .type = PNG_COLOR_TYPE_GRAY, .depth = 8, .samples = six};
    file f = make_png(&s);

    (void)state;
    png_set_size(&f, 60000, 4000);
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "cut short");
    png_set_size(&f, 60000, 60000);
    expect_error(f.data, f.size, PFLD_ERR_UNSUPPORTED, "too large");
    png_set_size(&f, 70000, 1);
    expect_error(f.data, f.size, PFLD_ERR_UNSUPPORTED, "70000 x 1");
    png_set_size(&f, 0x7fffffff, 0x7fffffff);
    expect_error(f.data, f.size, PFLD_ERR_UNSUPPORTED, "too large");
    png_set_size(&f, 0, 2);
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "PNG");
    png_set_size(&f, 3, 3); /* data for two rows */
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "PNG");
    png_set_size(&f, 3, 2);
    f.data[30] ^= 1;
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "CRC");
    free(f.data);
    s.orientation = 6;
    f = make_png(&s);
    assert_memory_equal(f.data + 37, "eXIf", 4);
    f.data[33] = 0x20; /* half a gigabyte of EXIF: found by the fuzzer, which ran out of time */
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "chunk is too large");
    free(f.data);
}

/* ---- WebP ---- */

static void webp_is_read_and_its_alpha_blended(void **state)
{
    static const uint8_t rgba[] = {0, 100, 255, 0, 0, 100, 255, 255, 0, 100, 255, 51};
    static const uint8_t want[] = {255, 255, 255, 0, 100, 255, 204, 224, 255};
    uint8_t rgb[40 * 30 * 3];
    file f = make_webp(rgba, 3, 1, true, true);

    (void)state;
    expect_pixels(&f, 3, 1, PFLD_RGB8, want, 0);
    free(f.data);
    paint(rgb, 40, 30);
    f = make_webp(rgb, 40, 30, false, true);
    expect_pixels(&f, 40, 30, PFLD_RGB8, rgb, 0);
    free(f.data);
    f = make_webp(rgb, 40, 30, false, false);
    expect_pixels(&f, 40, 30, PFLD_RGB8, rgb, 24); /* lossy: colours at half resolution */
    free(f.data);
}

static void webp_animation_and_damage_are_errors(void **state)
{
    uint8_t rgb[3 * 2 * 3];
    media_image img;
    pfld_error err;
    file f;

    (void)state;
    paint(rgb, 3, 2);
    f = add_webp_exif(make_webp(rgb, 3, 2, false, true), 3, 2, 1);
    f.data[20] |= 2;
    expect_error(f.data, f.size, PFLD_ERR_UNSUPPORTED, "animated");
    f.data[20] = 8;
    f.data[30 + 8] = 0; /* the lossless picture's signature */
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "WebP");
    free(f.data);
    f = make_webp(rgb, 3, 2, false, true);
    put32(f.data + 4, 0xffffffff, false);
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "cut short");
    put32(f.data + 4, (uint32_t)f.size - 8, false);
    f.data[21] = f.data[22] = f.data[23] = 0xff; /* 16384 x 4093 or so */
    assert_int_equal(
        media_decode_limited(&(media_input){.data = f.data, .size = f.size, .max_pixels = 1 << 20},
                             &img, &err),
        PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "too large"));
    free(f.data);
}

/* ---- all kinds ---- */

enum { N_SAMPLES = 14 };

/* One small file of each kind. */
static size_t make_samples(file *f)
{
    static const png_color palette[4] = {{1, 2, 3}, {40, 50, 60}, {200, 100, 0}, {9, 9, 9}};
    static const uint8_t alpha[4] = {255, 128, 0, 255};
    static uint8_t rgb[24 * 17 * 3], rgba[24 * 17 * 4], rows[24 * 17 * 4];
    jpeg_spec jpeg = {24, 17, JCS_RGB, rgb, 6, true, false, false};
    png_spec png = {.w = 24,
                    .h = 17,
                    .type = PNG_COLOR_TYPE_RGBA,
                    .depth = 8,
                    .samples = rgba,
                    .orientation = 3};
    size_t n = 0;

    paint(rgb, 24, 17);
    for (size_t i = 0; i < 24 * 17; i++) {
        memcpy(rgba + 4 * i, rgb + 3 * i, 3);
        rgba[4 * i + 3] = (uint8_t)(i * 5);
    }
    f[n++] = make_jpeg(&jpeg);
    jpeg.progressive = true;
    f[n++] = make_jpeg(&jpeg);
    jpeg.colours = JCS_CMYK;
    jpeg.samples = rgba;
    f[n++] = make_jpeg(&jpeg);
    f[n++] = make_png(&png);
    png.interlaced = true;
    f[n++] = make_png(&png);
    f[n++] = make_png(&(png_spec){.w = 24,
                                  .h = 17,
                                  .type = PNG_COLOR_TYPE_PALETTE,
                                  .depth = 2,
                                  .samples = rgb,
                                  .palette = palette,
                                  .alpha = alpha});
    f[n++] = make_webp(rgb, 24, 17, false, false);
    f[n++] = make_webp(rgba, 24, 17, true, true);
    f[n++] = add_webp_exif(make_webp(rgb, 24, 17, false, true), 24, 17, 8);
    f[n++] = file_join(bmp_head(24, 17, 24, 0, 0), rows, 72 * 17);
    f[n++] = file_join(bmp_head(24, -17, 8, 0, 1024), rows, 1024 + 24 * 17);
    f[n++] = file_join(file_of("P6 24 17 255\n", 13), rgb, sizeof rgb);
    f[n++] = file_of("P3 2 2 255 1 2 3 4 5 6 7 8 9 10 11 12\n", 38);
    f[n++] = file_of("P1 2 3 1 0 1 1 1 0\n", 19);
    return n;
}

static void every_truncation_is_an_error_or_the_full_picture(void **state)
{
    file f[N_SAMPLES];

    (void)state;
    assert_int_equal(make_samples(f), N_SAMPLES);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        media_image whole, part;
        pfld_error err;
        if (media_decode(f[i].data, f[i].size, &whole, &err))
            fail_msg("sample %zu: %s", i, err.msg);
        for (size_t n = 0; n < f[i].size; n++) {
            file cut = file_of(f[i].data, n);
            err.msg[0] = '\0';
            if (media_decode(cut.data, cut.size, &part, &err)) {
                assert_true(strlen(err.msg) > 5);
                assert_null(part.view.data);
            } else {
                assert_true(i >= 9); /* BMP's padding, a number's last digit, a line's end */
                assert_int_equal(part.view.width, whole.view.width);
                assert_int_equal(part.view.height, whole.view.height);
            }
            media_image_free(&part);
            free(cut.data);
        }
        media_image_free(&whole);
        free(f[i].data);
    }
}

static void any_flipped_byte_is_survived(void **state)
{
    file f[N_SAMPLES];

    (void)state;
    make_samples(f);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        for (size_t n = 0; n < f[i].size; n++)
            for (int k = 0; k < 2; k++) {
                media_input in = {.data = f[i].data, .size = f[i].size, .max_pixels = 1 << 20};
                uint8_t old = f[i].data[n];
                media_image img;
                pfld_error err;
                f[i].data[n] = (uint8_t)(k ? 0xff : old ^ 1 << n % 8);
                if (!media_decode_limited(&in, &img, &err))
                    assert_non_null(img.view.data);
                media_image_free(&img);
                f[i].data[n] = old;
            }
        free(f[i].data);
    }
}

static void each_failing_allocation_is_reported(void **state)
{
    file f[N_SAMPLES];

    (void)state;
    make_samples(f);
    for (size_t i = 0; i < N_SAMPLES; i++) {
        media_image img;
        pfld_error err;
        long n;
        n_asked = 0;
        assert_int_equal(media_decode(f[i].data, f[i].size, &img, &err), PFLD_OK);
        media_image_free(&img);
        n = n_asked;
        assert_true(n >= 1);
        for (long k = 0; k < n; k++) {
            fail_at = k;
            assert_int_equal(media_decode(f[i].data, f[i].size, &img, &err), PFLD_ERR_NOMEM);
            assert_null(img.view.data);
            fail_at = -1;
        }
        free(f[i].data);
    }
}

static void what_is_no_picture_is_said_so(void **state)
{
    (void)state;
    expect_error("", 0, PFLD_ERR_FORMAT, "empty");
    expect_error("x", 1, PFLD_ERR_FORMAT, "not a picture");
    expect_error("Hello, world, this is text", 26, PFLD_ERR_FORMAT, "not a picture");
    expect_error("RIFF1234WAVEfmt ", 16, PFLD_ERR_FORMAT, "not a picture");
    expect_error("RIFF1234WEB", 11, PFLD_ERR_FORMAT, "not a picture");
    expect_error("GIF89a", 6, PFLD_ERR_UNSUPPORTED, "GIF is not supported");
    expect_error("II*\0abcd", 8, PFLD_ERR_UNSUPPORTED, "TIFF");
    expect_error("\0\0\0\x1c"
                 "ftypheic",
                 12, PFLD_ERR_UNSUPPORTED, "HEIF");
    expect_error("\0\0\0\x1c"
                 "ftypavif",
                 12, PFLD_ERR_UNSUPPORTED, "AVIF");
}

static void one_pixel_is_a_picture(void **state)
{
    static const uint8_t px[3] = {12, 200, 99};
    jpeg_spec jpeg = {1, 1, JCS_RGB, px, 7, false, true, false};
    png_spec png = {.w = 1, .h = 1, .type = PNG_COLOR_TYPE_RGB, .depth = 8, .samples = px};
    file f[3] = {make_jpeg(&jpeg), make_png(&png), make_webp(px, 1, 1, false, true)};

    (void)state;
    for (int i = 0; i < 3; i++) {
        expect_pixels(&f[i], 1, 1, PFLD_RGB8, px, i ? 0 : 4);
        free(f[i].data);
    }
}

static void freeing_nothing_is_allowed(void **state)
{
    media_image img = {0};

    (void)state;
    media_image_free(NULL);
    media_image_free(&img);
    media_image_free(&img);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jpeg_is_turned_by_its_exif_orientation),
        cmocka_unit_test(png_is_turned_by_its_exif_orientation),
        cmocka_unit_test(webp_is_turned_by_its_exif_orientation),
        cmocka_unit_test(a_large_picture_is_turned_whole),
        cmocka_unit_test(damaged_exif_means_upright),
        cmocka_unit_test(jpeg_grey_colour_and_progressive_are_read),
        cmocka_unit_test(jpeg_cmyk_becomes_rgb),
        cmocka_unit_test(jpeg_is_read_smaller_and_says_where_its_pixels_are),
        cmocka_unit_test(pictures_are_read_no_smaller_than_they_may_be),
        cmocka_unit_test(jpeg_with_too_many_scans_is_refused),
        cmocka_unit_test(jpeg_damage_and_huge_headers_are_errors),
        cmocka_unit_test(png_16_bits_become_8),
        cmocka_unit_test(png_alpha_is_blended_over_white),
        cmocka_unit_test(png_palette_and_transparent_colours_are_expanded),
        cmocka_unit_test(png_interlaced_equals_plain),
        cmocka_unit_test(png_text_bomb_is_skipped),
        cmocka_unit_test(png_damage_and_huge_headers_are_errors),
        cmocka_unit_test(webp_is_read_and_its_alpha_blended),
        cmocka_unit_test(webp_animation_and_damage_are_errors),
        cmocka_unit_test(every_truncation_is_an_error_or_the_full_picture),
        cmocka_unit_test(any_flipped_byte_is_survived),
        cmocka_unit_test(each_failing_allocation_is_reported),
        cmocka_unit_test(what_is_no_picture_is_said_so),
        cmocka_unit_test(one_pixel_is_a_picture),
        cmocka_unit_test(freeing_nothing_is_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
