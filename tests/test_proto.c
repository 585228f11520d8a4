/* core/bytes and net/proto: reading what others supplied, writing protobuf. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/bytes.h"
#include "core/mem.h"
#include "net/proto.h"

/* Data in a block of exactly its size: a sanitizer sees a read one byte beyond. */
static uint8_t *exact(const void *data, size_t n)
{
    uint8_t *p = malloc(n ? n : 1);

    assert_non_null(p);
    memcpy(p, data, n);
    return p;
}

static void numbers_are_little_endian(void **state)
{
    static const uint8_t data[] = {0x7f, 1, 2, 3, 0x84, 1, 2, 3, 4, 5, 6, 7, 0x88};
    uint8_t *p = exact(data, sizeof data);
    bytes b = bytes_of(p, sizeof data);

    (void)state;
    assert_int_equal(bytes_left(&b), 13);
    assert_int_equal(bytes_u8(&b), 0x7f);
    assert_true(bytes_le32(&b) == 0x84030201u);
    assert_true(bytes_le64(&b) == 0x8807060504030201u);
    assert_int_equal(bytes_left(&b), 0);
    assert_false(b.failed);
    free(p);
}

static void a_read_past_the_end_fails_for_good(void **state)
{
    static const uint8_t data[] = {1, 2, 3};
    bytes b = bytes_of(data, sizeof data);

    (void)state;
    assert_true(bytes_le32(&b) == 0);
    assert_true(b.failed);
    assert_int_equal(bytes_left(&b), 0);
    assert_int_equal(bytes_u8(&b), 0);
    b = bytes_of(data, sizeof data);
    bytes_le64(&b);
    assert_true(b.failed);
    b = bytes_of(NULL, 0);
    assert_int_equal(bytes_u8(&b), 0);
    assert_true(b.failed);
}

static void a_part_stays_within_its_parent(void **state)
{
    static const uint8_t data[] = {1, 2, 3, 4};
    bytes b = bytes_of(data, sizeof data), sub = bytes_sub(&b, 3);

    (void)state;
    assert_int_equal(bytes_left(&sub), 3);
    assert_int_equal(bytes_left(&b), 1);
    sub = bytes_sub(&b, 2);
    assert_true(sub.failed && b.failed);
    b = bytes_of(data, sizeof data);
    sub = bytes_sub(&b, UINT64_MAX);
    assert_true(sub.failed && b.failed);
    assert_int_equal(bytes_left(&sub), 0);
    b = bytes_of(data, sizeof data);
    sub = bytes_sub(&b, 0);
    assert_false(sub.failed || b.failed);
}

static void varints_have_at_most_64_bits(void **state)
{
    static const struct {
        uint8_t data[11];
        size_t n;
        bool ok;
        uint64_t value;
    } cases[] = {
        {{0}, 1, true, 0},
        {{0x7f}, 1, true, 127},
        {{0x80, 0x01}, 2, true, 128},
        {{0x80, 0x00}, 2, true, 0}, /* longer than needed, as some writers make them */
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}, 10, true, UINT64_MAX},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02}, 10, false, 0},
        {{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0}, 11, false, 0},
        {{0x80}, 1, false, 0},
        {{0}, 0, false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *p = exact(cases[i].data, cases[i].n);
        bytes b = bytes_of(p, cases[i].n);
        assert_true(bytes_varint(&b) == cases[i].value);
        assert_int_equal(b.failed, !cases[i].ok);
        free(p);
    }
}

static void fields_come_back_as_they_were_put(void **state)
{
    proto_writer w = {0};
    size_t outer = proto_begin(&w, 3), inner;
    proto_field f, g, h;
    bytes m;

    (void)state;
    proto_put_int(&w, 1, -5);
    inner = proto_begin(&w, 2000);
    for (int i = 0; i < 100; i++) /* its length needs two bytes */
        proto_put_float(&w, 7, 1.5f);
    proto_end(&w, inner);
    proto_put_string(&w, 4, "text");
    proto_end(&w, outer);
    assert_false(w.failed);

    m = bytes_of(w.buf, w.n);
    assert_true(proto_next(&m, &f));
    assert_int_equal(f.number, 3);
    assert_int_equal(f.wire, PROTO_LEN);
    assert_false(proto_next(&m, &g));
    assert_false(m.failed);

    assert_true(proto_next(&f.body, &g));
    assert_int_equal(g.number, 1);
    assert_true((int64_t)g.value == -5);
    assert_true(proto_next(&f.body, &g));
    assert_int_equal(g.number, 2000);
    assert_int_equal(bytes_left(&g.body), 500);
    assert_true(proto_next(&g.body, &h));
    assert_true(proto_float((uint32_t)h.value) == 1.5f);
    assert_true(proto_next(&f.body, &g));
    assert_int_equal(bytes_left(&g.body), 4);
    assert_memory_equal(g.body.at, "text", 4);
    assert_false(proto_next(&f.body, &g));
    assert_false(f.body.failed);
    mem_free(w.buf);
}

static void damaged_fields_fail(void **state)
{
    static const struct {
        uint8_t data[8];
        size_t n;
    } cases[] = {
        {{0x00, 0x00}, 2},                         /* field 0 */
        {{0x0b}, 1},                               /* a group begins */
        {{0x0c}, 1},                               /* a group ends */
        {{0x0e}, 1},                               /* wire type 6 */
        {{0x0f}, 1},                               /* wire type 7 */
        {{0x08}, 1},                               /* a number that is not there */
        {{0x0a, 0x02, 0x01}, 3},                   /* a string that is cut short */
        {{0x0d, 1, 2, 3}, 4},                      /* 4 bytes of which 3 are there */
        {{0x09, 1, 2, 3, 4, 5, 6, 7}, 8},          /* 8 of which 7 are */
        {{0x80, 0x80, 0x80, 0x80, 0x10, 0x00}, 6}, /* a field number of 30 bits */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t *p = exact(cases[i].data, cases[i].n);
        bytes m = bytes_of(p, cases[i].n);
        proto_field f;
        assert_false(proto_next(&m, &f));
        assert_true(m.failed);
        free(p);
    }
}

static void numbers_are_read_packed_and_unpacked(void **state)
{
    static const uint8_t data[] = {
        0x38, 0x05,                   /* field 7: 5 */
        0x3a, 0x03, 0x81, 0x01, 0x02, /* field 7, packed: 129, 2 */
        0x08, 0x63,                   /* field 1 */
        0x3a, 0x00,                   /* packed, none */
        0x38, 0x06,                   /* 6 */
    };
    static const uint64_t want[] = {5, 129, 2, 6};
    proto_numbers it = proto_numbers_of(bytes_of(data, sizeof data), 7, PROTO_VARINT);
    uint64_t v;
    size_t n;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(proto_numbers_next(&it, &v));
        assert_true(v == want[i]);
    }
    assert_false(proto_numbers_next(&it, &v));
    assert_false(it.message.failed);
    assert_true(proto_numbers_count(bytes_of(data, sizeof data), 7, PROTO_VARINT, &n));
    assert_int_equal(n, 4);
}

static void numbers_that_are_cut_short_fail(void **state)
{
    static const uint8_t varint[] = {0x3a, 0x02, 0x01, 0x81}, floats[] = {0x3a, 0x03, 1, 2, 3};
    size_t n;

    (void)state;
    assert_false(proto_numbers_count(bytes_of(varint, sizeof varint), 7, PROTO_VARINT, &n));
    assert_false(proto_numbers_count(bytes_of(floats, sizeof floats), 7, PROTO_I32, &n));
    assert_false(proto_numbers_count(bytes_of(varint, sizeof varint), 7, PROTO_I32, &n));
}

static void elements_are_written_little_endian(void **state)
{
    static const uint32_t four = 0x04030201;
    static const uint64_t eight = 0x0807060504030201;
    static const uint8_t want[] = {0x0a, 4, 1, 2, 3, 4,    0x12, 8,    1, 2,    3,
                                   4,    5, 6, 7, 8, 0x1a, 2,    0xff, 0, 0x22, 0};
    proto_writer w = {0};

    (void)state;
    proto_put_elements(&w, 1, &four, 1, 4);
    proto_put_elements(&w, 2, &eight, 1, 8);
    proto_put_elements(&w, 3, (uint8_t[]){255, 0}, 2, 1);
    proto_put_elements(&w, 4, NULL, 0, 4);
    assert_int_equal(w.n, sizeof want);
    assert_memory_equal(w.buf, want, sizeof want);
    mem_free(w.buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_little_endian),
        cmocka_unit_test(a_read_past_the_end_fails_for_good),
        cmocka_unit_test(a_part_stays_within_its_parent),
        cmocka_unit_test(varints_have_at_most_64_bits),
        cmocka_unit_test(fields_come_back_as_they_were_put),
        cmocka_unit_test(damaged_fields_fail),
        cmocka_unit_test(numbers_are_read_packed_and_unpacked),
        cmocka_unit_test(numbers_that_are_cut_short_fail),
        cmocka_unit_test(elements_are_written_little_endian),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
