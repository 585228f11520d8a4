/* The codecs of our own: BMP and PNM. */
#include "media_files.h"

/* ---- BMP ---- */

static const uint8_t bmp_want[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};

static void bmp_24_bits_are_read_from_either_end(void **state)
{
    static const uint8_t top[8] = {0, 0, 255, 0, 255, 0}, bottom[8] = {255, 0, 0, 255, 255, 255};
    file f;

    (void)state;
    f = file_join(file_join(bmp_head(2, 2, 24, 0, 0), bottom, 8), top, 8);
    expect_pixels(&f, 2, 2, PFLD_RGB8, bmp_want, 0);
    f.size -= 2; /* the last row's padding is nobody's loss */
    expect_pixels(&f, 2, 2, PFLD_RGB8, bmp_want, 0);
    free(f.data);
    f = file_join(file_join(bmp_head(2, -2, 24, 0, 0), top, 8), bottom, 8);
    expect_pixels(&f, 2, 2, PFLD_RGB8, bmp_want, 0);
    free(f.data);
}

static void bmp_palettes_of_1_4_and_8_bits_are_read(void **state)
{
    static const uint8_t palette[16] = {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0};
    static const uint8_t two_colours[] = {255, 0, 0, 0, 255, 0, 0, 255, 0};
    static const uint8_t bits[4] = {0x60}, nibbles[4] = {0x01, 0x23}, bytes[4] = {0, 1, 2, 3};
    file f;

    (void)state;
    f = file_join(file_join(bmp_head(3, 1, 1, 0, 8), palette, 8), bits, 4);
    expect_pixels(&f, 3, 1, PFLD_RGB8, two_colours, 0);
    free(f.data);
    f = file_join(bmp_head(4, 1, 4, 0, 16), palette, 16);
    f.data[46] = 4; /* colours used */
    f = file_join(f, nibbles, 4);
    expect_pixels(&f, 4, 1, PFLD_RGB8, bmp_want, 0);
    free(f.data);
    f = file_join(bmp_head(4, 1, 8, 0, 16), palette, 16); /* used: unstated, the room tells */
    f = file_join(f, bytes, 4);
    expect_pixels(&f, 4, 1, PFLD_RGB8, bmp_want, 0);
    f.data[70] = 200; /* beyond the palette: black */
    assert_int_equal(f.size, 74);
    {
        static const uint8_t black[] = {0, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
        expect_pixels(&f, 4, 1, PFLD_RGB8, black, 0);
    }
    free(f.data);
}

static void bmp_16_and_32_bits_are_read_by_their_masks(void **state)
{
    static const uint8_t x555[8] = {0x00, 0x7c, 0xe0, 0x03, 0x1f, 0x00, 0xff, 0x7f};
    static const uint8_t x565[8] = {0x00, 0xf8, 0xe0, 0x07, 0x1f, 0x00, 0xff, 0xff};
    static const uint8_t x888[16] = {0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 255, 255, 255, 0};
    static const uint8_t rgbx[16] = {255, 0, 0, 9, 0, 255, 0, 9, 0, 0, 255, 9, 255, 255, 255, 9};
    uint8_t masks[12];
    file f = file_join(bmp_head(4, 1, 16, 0, 0), x555, 8);

    (void)state;
    expect_pixels(&f, 4, 1, PFLD_RGB8, bmp_want, 0);
    free(f.data);
    put32(masks, 0xf800, false);
    put32(masks + 4, 0x7e0, false);
    put32(masks + 8, 0x1f, false);
    f = file_join(file_join(bmp_head(4, 1, 16, 3, 12), masks, 12), x565, 8);
    expect_pixels(&f, 4, 1, PFLD_RGB8, bmp_want, 0);
    f.data[54] = 0x01; /* red: a mask with a hole */
    expect_error(f.data, f.size, PFLD_ERR_FORMAT, "mask");
    free(f.data);
    f = file_join(bmp_head(4, 1, 32, 0, 0), x888, 16);
    expect_pixels(&f, 4, 1, PFLD_RGB8, bmp_want, 0);
    free(f.data);
    put32(masks, 0xff, false);
    put32(masks + 4, 0xff00, false);
    put32(masks + 8, 0xff0000, false);
    f = file_join(file_join(bmp_head(4, 1, 32, 3, 12), masks, 12), rgbx, 16);
    expect_pixels(&f, 4, 1, PFLD_RGB8, bmp_want, 0);
    free(f.data);
}

static void bmp_v4_alpha_is_blended_unless_all_is_invisible(void **state)
{
    static const uint8_t rgba[8] = {0, 100, 255, 51, 0, 100, 255, 255};
    static const uint8_t want[] = {204, 224, 255, 0, 100, 255},
                         solid[] = {0, 100, 255, 0, 100, 255};
    uint8_t rest[108 - 40] = {0};
    file f;

    (void)state;
    put32(rest, 0xff, false);
    put32(rest + 4, 0xff00, false);
    put32(rest + 8, 0xff0000, false);
    put32(rest + 12, 0xff000000, false);
    f = file_join(file_join(bmp_head(2, 1, 32, 3, sizeof rest), rest, sizeof rest), rgba, 8);
    f.data[14] = 108;
    expect_pixels(&f, 2, 1, PFLD_RGB8, want, 0);
    f.data[f.size - 5] = f.data[f.size - 1] = 0;
    expect_pixels(&f, 2, 1, PFLD_RGB8, solid, 0);
    free(f.data);
}

static void bmp_of_the_oldest_header_is_read(void **state)
{
    static const uint8_t data[] = {'B', 'M', 0, 0, 0, 0, 0, 0, 0, 0, 32,  0, 0,   0, 12,   0, 0, 0,
                                   2,   0,   1, 0, 1, 0, 1, 0, 0, 0, 255, 0, 255, 0, 0x40, 0, 0, 0};
    static const uint8_t want[] = {255, 0, 0, 0, 255, 0};
    file f = file_of(data, sizeof data);

    (void)state;
    expect_pixels(&f, 2, 1, PFLD_RGB8, want, 0);
    free(f.data);
}

static void bmp_that_is_not_ours_is_refused_by_name(void **state)
{
    static const struct {
        int w, h, bits, compression;
        size_t extra;
        pfld_status status;
        const char *words;
    } cases[] = {
        {4, 4, 8, 1, 0, PFLD_ERR_UNSUPPORTED, "RLE8"},
        {4, 4, 4, 2, 0, PFLD_ERR_UNSUPPORTED, "RLE4"},
        {4, 4, 24, 4, 0, PFLD_ERR_UNSUPPORTED, "JPEG"},
        {4, 4, 24, 9, 0, PFLD_ERR_UNSUPPORTED, "compression 9"},
        {4, 4, 7, 0, 0, PFLD_ERR_UNSUPPORTED, "7 bits"},
        {4, 4, 24, 3, 0, PFLD_ERR_FORMAT, "bit fields"},
        {0, 4, 24, 0, 0, PFLD_ERR_FORMAT, "empty"},
        {4, 0, 24, 0, 0, PFLD_ERR_FORMAT, "empty"},
        {-4, 4, 24, 0, 0, PFLD_ERR_UNSUPPORTED, "too large"},
        {4, INT32_MIN, 24, 0, 0, PFLD_ERR_UNSUPPORTED, "too large"},
        {60000, 60000, 24, 0, 0, PFLD_ERR_UNSUPPORTED, "too large"},
        {60000, 4000, 24, 0, 0, PFLD_ERR_FORMAT, "cut short"},
        {4, 4, 24, 0, (size_t)-20, PFLD_ERR_FORMAT, "overlap"},
        {4, 4, 24, 0, 0x7fffff00, PFLD_ERR_FORMAT, "cut short"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file f =
            bmp_head(cases[i].w, cases[i].h, cases[i].bits, cases[i].compression, cases[i].extra);
        expect_error(f.data, f.size, cases[i].status, cases[i].words);
        free(f.data);
    }
}

/* ---- PNM ---- */

static void pnm_of_all_six_kinds_is_read(void **state)
{
    static const uint8_t bits[] = {0, 255, 0, 255, 255, 0}, grey[] = {0, 128, 255};
    static const uint8_t grey15[] = {0, 136, 255}, grey100[] = {26, 255}, rgb[] = {255, 0, 51};
    static const struct {
        const char *data;
        size_t size;
        int w, h;
        pfld_format format;
        const uint8_t *want;
    } cases[] = {
#define CASE(text) text, sizeof text - 1
        {CASE("P1\n# ink is 1\n3 2\n1 0 1\n0 0 1\n"), 3, 2, PFLD_GRAY8, bits},
        {CASE("P1 3 2 101001"), 3, 2, PFLD_GRAY8, bits},
        {CASE("P4\n3 2\n\xa0\x20"), 3, 2, PFLD_GRAY8, bits},
        {CASE("P2#a\n#b\n3#c\r1 255\n0 128 255"), 3, 1, PFLD_GRAY8, grey},
        {CASE("P2 3 1 15\n0 #\n 8 15"), 3, 1, PFLD_GRAY8, grey15},
        {CASE("P5 3 1 255\n\0\x80\xff"), 3, 1, PFLD_GRAY8, grey},
        {CASE("P5 3 1 65535\n\0\0\x80\x80\xff\xff"), 3, 1, PFLD_GRAY8, grey},
        {CASE("P5 2 1 100\n\x0a\x64"), 2, 1, PFLD_GRAY8, grey100},
        {CASE("P3 1 1 5 5 0 1"), 1, 1, PFLD_RGB8, rgb},
        {CASE("P6\n1\n1\n255\n\xff\0\x33 more"), 1, 1, PFLD_RGB8, rgb},
#undef CASE
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file f = file_of(cases[i].data, cases[i].size);
        expect_pixels(&f, cases[i].w, cases[i].h, cases[i].format, cases[i].want, 0);
        free(f.data);
    }
}

static void pnm_damage_is_an_error(void **state)
{
    static const struct {
        const char *text;
        pfld_status status;
        const char *words;
    } cases[] = {
        {"P5", PFLD_ERR_FORMAT, "cut short"},
        {"P5 3", PFLD_ERR_FORMAT, "cut short"},
        {"P5 3 1 255", PFLD_ERR_FORMAT, "cut short"},
        {"P5 3 1 255\nab", PFLD_ERR_FORMAT, "cut short"},
        {"P5 x 1 255\nabc", PFLD_ERR_FORMAT, "number"},
        {"P5 -3 1 255\nabc", PFLD_ERR_FORMAT, "number"},
        {"P5 3 1 0\nabc", PFLD_ERR_FORMAT, "largest sample"},
        {"P5 3 1 65536\nabcabc", PFLD_ERR_FORMAT, "largest sample"},
        {"P5 3 1 100\nABz", PFLD_ERR_FORMAT, "above 100"},
        {"P5 3 1 255#\nabc", PFLD_ERR_FORMAT, "junk"},
        {"P5 0 1 255\nabc", PFLD_ERR_FORMAT, "empty"},
        {"P5 60000 4000 255\nabc", PFLD_ERR_FORMAT, "cut short"},
        {"P5 60000 60000 255\nabc", PFLD_ERR_UNSUPPORTED, "too large"},
        {"P6 4294967297 1 255\nabc", PFLD_ERR_UNSUPPORTED, "too large"},
        {"P6 99999999999999999999999 1 255\nabc", PFLD_ERR_UNSUPPORTED, "too large"},
        {"P2 3 1 255 1 2 256", PFLD_ERR_FORMAT, "above 255"},
        {"P2 3 1 255 1 2 four", PFLD_ERR_FORMAT, "number"},
        {"P1 3 1 0 1 2", PFLD_ERR_FORMAT, "bit"},
        {"P1 3 1 0 1    ", PFLD_ERR_FORMAT, "cut short"},
        {"P5hello", PFLD_ERR_FORMAT, "not a picture"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_error(cases[i].text, strlen(cases[i].text), cases[i].status, cases[i].words);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bmp_24_bits_are_read_from_either_end),
        cmocka_unit_test(bmp_palettes_of_1_4_and_8_bits_are_read),
        cmocka_unit_test(bmp_16_and_32_bits_are_read_by_their_masks),
        cmocka_unit_test(bmp_v4_alpha_is_blended_unless_all_is_invisible),
        cmocka_unit_test(bmp_of_the_oldest_header_is_read),
        cmocka_unit_test(bmp_that_is_not_ours_is_refused_by_name),
        cmocka_unit_test(pnm_of_all_six_kinds_is_read),
        cmocka_unit_test(pnm_damage_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
