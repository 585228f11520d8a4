/* Files of results that are gone on with: what they hold, where they were cut, what they are not.
 */
#define _POSIX_C_SOURCE 200809L
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/resume.h"
#include "data/text.h"

static char path[] = "/tmp/pfld-resume-XXXXXX";
static char held[1 << 14]; /* of the file */
static size_t held_size;

static long fail_at = -1; /* counts down to 0; negative: never */

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_aligned_alloc(align, size);
}

static int make_path(void **state)
{
    int file = mkstemp(path);

    (void)state;
    return file < 0 || close(file);
}

static int remove_path(void **state)
{
    (void)state;
    return remove(path);
}

static void put(const char *data, size_t n)
{
    FILE *f = fopen(path, "wb");

    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void get(void)
{
    FILE *f = fopen(path, "rb");

    assert_non_null(f);
    held_size = fread(held, 1, sizeof held - 1, f);
    held[held_size] = 0;
    fclose(f);
}

static const char *const names[] = {"a.jpg", "q \"b\",\\\n\t.jpg", "gr\xc3\xbc\xc3\x9f/\x01.png",
                                    "", "last"};
enum { NAMES = sizeof names / sizeof *names };
/* Faces of each picture: the second is a row of CSV each. */
static const size_t faces_of[NAMES] = {1, 3, 2, 1, 2};

/* Results of all names, as a run writes them; returns where each picture's end. */
static void write_all(output_format format, size_t ends[NAMES])
{
    static pfld_face faces[3];
    output o = {.to = fopen(path, "wb"), .format = format};

    assert_non_null(o.to);
    for (size_t i = 0; i < NAMES; i++) {
        const output_result r = {.file = names[i],
                                 .width = 8,
                                 .height = 9,
                                 .scheme = "five",
                                 .n_landmarks = 2,
                                 .faces = faces,
                                 .n = faces_of[i]};

        for (int k = 0; k < 3; k++)
            faces[k].n_landmarks = 2;
        assert_int_equal(output_write(&o, &r, NULL), PFLD_OK);
        ends[i] = (size_t)ftell(o.to);
    }
    fclose(o.to);
    get();
}

static pfld_status resume(output_format format, hash_set *done, bool *has_header, pfld_error *err)
{
    const resume_file r = {path, format, 2, false};
    FILE *f = NULL;
    pfld_status status = resume_open(&r, done, &f, has_header, err);

    if (status == PFLD_OK) {
        fputs("NEXT", f); /* it goes on behind the rest */
        fclose(f);
    }
    return status;
}

static void whatever_was_written_is_found_and_a_torn_end_is_cut(void **state)
{
    static const output_format formats[] = {OUTPUT_JSON, OUTPUT_CSV};
    static char whole[sizeof held];
    char header[OUTPUT_HEADER];

    (void)state;
    for (int k = 0; k < 2; k++) {
        size_t ends[NAMES], n_header = k ? strlen(output_csv_header(2, false, header)) : 0, size;

        write_all(formats[k], ends);
        memcpy(whole, held, held_size + 1);
        size = held_size;
        for (size_t cut = 0; cut <= size; cut++) { /* killed after any byte */
            hash_set done = {0};
            bool has_header = false;
            size_t n = 0, keep;

            put(whole, cut);
            assert_int_equal(resume(formats[k], &done, &has_header, NULL), PFLD_OK);
            while (n < NAMES && ends[n] <= cut)
                n++;
            keep = n ? ends[n - 1] : cut >= n_header ? n_header : 0;
            assert_int_equal(done.n, n);
            assert_int_equal(has_header, k && cut >= n_header);
            for (size_t i = 0; i < NAMES; i++)
                assert_int_equal(resume_has(&done, formats[k], names[i]), i < n);
            get();
            assert_int_equal(held_size, keep + 4);
            assert_memory_equal(held, whole, keep);
            assert_string_equal(held + keep, "NEXT");
            hash_set_free(&done);
        }
    }
}

static void a_missing_file_is_made(void **state)
{
    hash_set done = {0};
    bool has_header = true;

    (void)state;
    remove(path);
    assert_int_equal(resume(OUTPUT_CSV, &done, &has_header, NULL), PFLD_OK);
    assert_false(has_header);
    get();
    assert_string_equal(held, "NEXT");
    assert_false(resume_has(&done, OUTPUT_CSV, "a.jpg"));
}

static void what_is_something_else_stays_as_it_is(void **state)
{
    static const struct {
        output_format format;
        const char *text, *line;
    } cases[] = {
        {OUTPUT_JSON, "hello", "line 1 is no"},
        {OUTPUT_JSON, "{\"v\":2,", "line 1 is no"},
        {OUTPUT_JSON, "{\"v\":1,\"file\":\"a\"}\n\n", "line 2 is no"},
        {OUTPUT_JSON, "{\"v\":1,\"file\":\"a\"}\n{\"v\":1,\"file\":\"b\n", "line 2 is no"},
        {OUTPUT_JSON, "{\"v\":1,\"file\":\"a\"\n", "line 1 is no"},
        {OUTPUT_JSON, "file,face,faces,left", "line 1 is no"},
        {OUTPUT_CSV, "{\"v\":1,\"file\":\"a\"}\n", "line 1 is not the header"},
        {OUTPUT_CSV, "file,face,left", "line 1 is not the header"},
        {OUTPUT_CSV, "HEADER\"a\"b,0,1,2\n", "line 2 is no"},
        {OUTPUT_CSV, "HEADERa\n", "line 2 is no"},
        {OUTPUT_CSV, "HEADERa,0,1,2\na,x,1,2\n", "line 3 is no"},
        {OUTPUT_CSV, "HEADERa,1,1,2\n", "line 2 is no"},
        {OUTPUT_CSV, "HEADERa,,1,2\n", "line 2 is no"},
        {OUTPUT_CSV, "HEADERa,1234567,1,2\n", "line 2 is no"},
    };
    char data[OUTPUT_HEADER + 100], header[OUTPUT_HEADER];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool whole = strncmp(cases[i].text, "HEADER", 6) == 0, has_header;
        hash_set done = {0};
        pfld_error err = {0};

        snprintf(data, sizeof data, "%s%s", whole ? output_csv_header(2, false, header) : "",
                 cases[i].text + (whole ? 6 : 0));
        put(data, strlen(data));
        assert_int_equal(resume(cases[i].format, &done, &has_header, &err), PFLD_ERR_FORMAT);
        assert_non_null(strstr(err.msg, cases[i].line));
        assert_non_null(strstr(err.msg, path));
        get();
        assert_string_equal(held, data);
        hash_set_free(&done);
    }
}

static void rows_of_another_model_are_refused(void **state)
{
    size_t ends[NAMES];
    const resume_file r = {path, OUTPUT_CSV, 3, false};
    hash_set done = {0};
    FILE *f = NULL;
    bool has_header;
    pfld_error err = {0};

    (void)state;
    write_all(OUTPUT_CSV, ends);
    assert_int_equal(resume_open(&r, &done, &f, &has_header, &err), PFLD_ERR_FORMAT);
    assert_null(f);
    hash_set_free(&done);
}

static void zeros_of_a_disk_without_power_are_cut(void **state)
{
    size_t ends[NAMES], size;
    hash_set done = {0};
    bool has_header;

    (void)state;
    write_all(OUTPUT_JSON, ends);
    size = held_size;
    memset(held + ends[2] + 5, 0, 500);
    put(held, size + 300);
    assert_int_equal(resume(OUTPUT_JSON, &done, &has_header, NULL), PFLD_OK);
    assert_int_equal(done.n, 3);
    get();
    assert_int_equal(held_size, ends[2] + 4);
    hash_set_free(&done);
}

static void names_that_json_cannot_hold_are_never_done(void **state)
{
    output o = {.to = fopen(path, "wb"), .format = OUTPUT_JSON};
    const output_result r = {
        .file = "\xfc.jpg", .width = 8, .height = 9, .scheme = "five", .n_landmarks = 2};
    hash_set done = {0};
    bool has_header;

    (void)state;
    assert_non_null(o.to);
    assert_int_equal(output_write(&o, &r, NULL), PFLD_OK);
    fclose(o.to);
    assert_int_equal(resume(OUTPUT_JSON, &done, &has_header, NULL), PFLD_OK);
    assert_int_equal(done.n, 1);
    assert_false(resume_has(&done, OUTPUT_JSON, "\xfc.jpg"));
    assert_false(resume_has(&done, OUTPUT_JSON, "\xdc.jpg"));
    hash_set_free(&done);
}

static void each_failing_allocation_is_reported(void **state)
{
    size_t ends[NAMES], size, n = 0;
    bool has_header;

    (void)state;
    write_all(OUTPUT_JSON, ends);
    size = held_size;
    for (;; n++) {
        hash_set done = {0};
        pfld_status status;

        put(held, size);
        fail_at = (long)n;
        status = resume(OUTPUT_JSON, &done, &has_header, NULL);
        hash_set_free(&done);
        if (status == PFLD_OK)
            break;
        assert_int_equal(status, PFLD_ERR_NOMEM);
    }
    fail_at = -1;
    assert_true(n >= 1);
}

/* ---- the set ---- */

static uint64_t hash_of(unsigned i)
{
    return text_hash(TEXT_HASH, &i, sizeof i);
}

static void a_set_has_what_was_added_and_nothing_else(void **state)
{
    hash_set s = {0};
    enum { MANY = 300000 };

    (void)state;
    assert_false(hash_set_has(&s, 0));
    for (unsigned i = 0; i < MANY; i += 2)
        assert_true(hash_set_add(&s, hash_of(i)));
    for (unsigned i = 0; i < MANY; i++)
        assert_int_equal(hash_set_has(&s, hash_of(i)), i % 2 == 0);
    assert_int_equal(s.n, MANY / 2);
    assert_true(hash_set_add(&s, hash_of(0))); /* again */
    assert_int_equal(s.n, MANY / 2);
    assert_true(s.room <= 4 * s.n);
    hash_set_free(&s);
}

static void any_number_may_be_a_hash(void **state)
{
    hash_set s = {0};

    (void)state;
    for (uint64_t i = 0; i < 3000; i++) /* neighbours, 0 among them */
        assert_true(hash_set_add(&s, i));
    assert_true(hash_set_add(&s, UINT64_MAX));
    assert_int_equal(s.n, 3001);
    assert_true(hash_set_has(&s, 0) && hash_set_has(&s, UINT64_MAX));
    assert_false(hash_set_has(&s, 3000));
    hash_set_free(&s);
}

static void a_set_without_memory_stays_as_it_is(void **state)
{
    hash_set s = {0};
    uint64_t i = 0;

    (void)state;
    fail_at = 1;
    while (hash_set_add(&s, i))
        i++;
    assert_true(i > 100);
    assert_int_equal(s.n, i);
    assert_true(hash_set_has(&s, 0) && hash_set_has(&s, i - 1));
    assert_false(hash_set_has(&s, i));
    fail_at = -1;
    hash_set_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_was_written_is_found_and_a_torn_end_is_cut),
        cmocka_unit_test(a_missing_file_is_made),
        cmocka_unit_test(what_is_something_else_stays_as_it_is),
        cmocka_unit_test(rows_of_another_model_are_refused),
        cmocka_unit_test(zeros_of_a_disk_without_power_are_cut),
        cmocka_unit_test(names_that_json_cannot_hold_are_never_done),
        cmocka_unit_test(each_failing_allocation_is_reported),
        cmocka_unit_test(a_set_has_what_was_added_and_nothing_else),
        cmocka_unit_test(any_number_may_be_a_hash),
        cmocka_unit_test(a_set_without_memory_stays_as_it_is),
    };

    return cmocka_run_group_tests(tests, make_path, remove_path);
}
