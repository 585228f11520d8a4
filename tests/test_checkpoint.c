/* Checkpoints: all bits come back, and nothing that was torn or flipped is ever taken for whole. */
#define _POSIX_C_SOURCE 200809L

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "train/checkpoint.h"

/* The linker sends every aligned_alloc() of the library through here. */
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
static long allocations_left = -1; /* < 0: any number */

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return __real_aligned_alloc(align, size);
}

/* ---- a folder for each test ---- */

static char folder[] = "/tmp/pfld-checkpoint-XXXXXX", path[64], prev_path[72], tmp_path[72];

static int open_folder(void **state)
{
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/run.ckpt", folder);
    snprintf(prev_path, sizeof prev_path, "%s.prev", path);
    snprintf(tmp_path, sizeof tmp_path, "%s.tmp", path);
    return 0;
}

static int close_folder(void **state)
{
    (void)state;
    rmdir(path);
    unlink(path);
    unlink(prev_path);
    unlink(tmp_path);
    return rmdir(folder);
}

static uint8_t *read_file(const char *name, size_t *size)
{
    FILE *f = fopen(name, "rb");
    uint8_t *data = malloc(1 << 20);
    assert_non_null(f);
    assert_non_null(data);
    *size = fread(data, 1, 1 << 20, f);
    fclose(f);
    return data;
}

static void write_file(const char *name, const uint8_t *data, size_t size)
{
    FILE *f = fopen(name, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, size, f), size);
    assert_int_equal(fclose(f), 0);
}

static bool exists(const char *name)
{
    return access(name, F_OK) == 0;
}

/* ---- a little run ---- */

typedef struct little_run {
    float weight[7];
    double moment[3];
    uint64_t step, random[4], outputs;
    char options[32];
} little_run;

enum { ITEMS = 6 };

static void items_of(little_run *r, checkpoint_item items[ITEMS])
{
    items[0] = (checkpoint_item){"options", CHECKPOINT_TEXT, strlen(r->options), r->options, NULL};
    items[1] = (checkpoint_item){"step", CHECKPOINT_U64, 1, &r->step, NULL};
    items[2] = (checkpoint_item){"random", CHECKPOINT_U64, 4, r->random, NULL};
    items[3] = (checkpoint_item){"net.outputs", CHECKPOINT_U64, 1, &r->outputs, "outputs"};
    items[4] = (checkpoint_item){"conv1.weight", CHECKPOINT_F32, 7, r->weight, NULL};
    items[5] = (checkpoint_item){"moment1.conv1.weight", CHECKPOINT_F64, 3, r->moment, NULL};
}

static little_run run_at(uint64_t step)
{
    little_run r = {.step = step, .outputs = 136, .options = "{\"width\":0.25}"};
    for (int i = 0; i < 7; i++)
        r.weight[i] = (float)step / 3 + (float)i;
    r.weight[5] = NAN; /* bits are bits */
    r.weight[6] = -0.0f;
    for (int i = 0; i < 3; i++)
        r.moment[i] = 1e-300 * i;
    for (uint64_t i = 0; i < 4; i++)
        r.random[i] = 0xfedcba9876543210u + i * step;
    return r;
}

static void save(little_run r)
{
    checkpoint_item items[ITEMS];
    pfld_error err = {0};
    items_of(&r, items);
    if (checkpoint_write(path, items, ITEMS, &err))
        fail_msg("%s", err.msg);
}

/* The step of the run that is read; 0: none. */
static uint64_t read_step(pfld_error *note, pfld_error *err)
{
    checkpoint *c;
    little_run r = run_at(77), wanted;
    checkpoint_item items[ITEMS];

    if (checkpoint_read(path, &c, note, err)) {
        assert_null(c);
        assert_true(err->status != PFLD_OK && strlen(err->msg) > 10);
        return 0;
    }
    items_of(&r, items);
    if (checkpoint_restore(c, items, ITEMS, err))
        fail_msg("%s", err->msg);
    checkpoint_free(c);
    wanted = run_at(r.step);
    assert_memory_equal(r.weight, wanted.weight, sizeof r.weight);
    assert_memory_equal(r.moment, wanted.moment, sizeof r.moment);
    assert_memory_equal(r.random, wanted.random, sizeof r.random);
    return r.step;
}

static void what_was_written_comes_back_to_the_bit(void **state)
{
    pfld_error note, err = {0};
    checkpoint *c;
    (void)state;
    save(run_at(5));
    assert_int_equal(read_step(&note, &err), 5);
    assert_string_equal(note.msg, "");
    assert_false(exists(tmp_path));
    assert_false(exists(prev_path));
    assert_int_equal(checkpoint_read(path, &c, NULL, NULL), PFLD_OK);
    assert_int_equal(checkpoint_count(c), ITEMS);
    assert_string_equal(checkpoint_at(c, 4)->name, "conv1.weight");
    const checkpoint_item *text = checkpoint_find(c, "options");
    assert_int_equal(text->kind, CHECKPOINT_TEXT);
    assert_string_equal(text->data, "{\"width\":0.25}"); /* terminated */
    assert_int_equal(text->n, 14);
    assert_null(checkpoint_find(c, "option"));
    checkpoint_free(c);
}

/* The format is written down in the header; a program of next year must read this year's files. */
static void the_file_is_what_the_header_says(void **state)
{
    float x[2] = {1.0f, -2.0f};
    checkpoint_item item = {"ab", CHECKPOINT_F32, 2, x, NULL};
    /* CRCs by Python's zlib.crc32 */
    static const uint8_t wanted[] = {
        'P', 'F', 'L', 'D',  'C',  'K', 'P', 'T', 1,    0,    0,    0,    1,    0, 0,
        0,   66,  0,   0,    0,    0,   0,   0,   0,    0xe7, 0x8e, 0x28, 0x55, 1, 0,
        0,   0,   2,   0,    0,    0,   2,   0,   0,    0,    0,    0,    0,    0, 'a',
        'b', 0,   0,   0x80, 0x3f, 0,   0,   0,   0xc0, 0xf5, 0x85, 0x60, 0x89,
    };
    size_t size;
    (void)state;
    assert_int_equal(checkpoint_write(path, &item, 1, NULL), PFLD_OK);
    uint8_t *file = read_file(path, &size);
    assert_int_equal(size, 28 + 16 + 2 + 8 + 4 + 8);
    assert_memory_equal(file, wanted, sizeof wanted);
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i + 8 < size; i++)
        h = (h ^ file[i]) * 1099511628211u;
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(file[size - 8 + i], h >> 8 * i & 255);
    free(file);
}

static void the_one_before_is_kept(void **state)
{
    pfld_error note, err = {0};
    (void)state;
    for (uint64_t step = 1; step < 4; step++)
        save(run_at(step));
    assert_int_equal(read_step(&note, &err), 3);
    unlink(path);
    assert_int_equal(read_step(&note, &err), 2);
    assert_int_equal(note.sys, ENOENT);
    assert_non_null(strstr(note.msg, "run.ckpt"));
    save(run_at(9)); /* with none in its place */
    assert_int_equal(read_step(&note, &err), 9);
    unlink(path);
    assert_int_equal(read_step(&note, &err), 2);
}

/* Whatever was cut off: the file is refused, and the one before is used. */
static void a_checkpoint_torn_at_any_byte_is_refused(void **state)
{
    pfld_error note, err = {0};
    size_t size;
    (void)state;
    save(run_at(1));
    save(run_at(2));
    uint8_t *file = read_file(path, &size);
    assert_true(size > 200);
    for (size_t keep = 0; keep < size; keep++) {
        checkpoint *c;
        write_file(path, file, keep);
        assert_int_equal(read_step(&note, &err), 1);
        assert_int_equal(note.status, PFLD_ERR_FORMAT);
        assert_non_null(strstr(note.msg, "run.ckpt: "));
        assert_int_equal(checkpoint_parse(file, keep, false, &c, NULL), PFLD_ERR_FORMAT);
        assert_null(c);
    }
    write_file(path, file, size);
    assert_int_equal(read_step(&note, &err), 2);
    free(file);
}

static void a_checkpoint_with_any_flipped_byte_is_refused(void **state)
{
    static const uint8_t flips[] = {0x01, 0x80, 0xff};
    pfld_error note, err = {0};
    size_t size;
    (void)state;
    save(run_at(1));
    save(run_at(2));
    uint8_t *file = read_file(path, &size);
    for (size_t i = 0; i < size; i++) {
        for (size_t k = 0; k < sizeof flips; k++) {
            checkpoint *c;
            file[i] ^= flips[k];
            assert_int_equal(checkpoint_parse(file, size, false, &c, NULL), PFLD_ERR_FORMAT);
            file[i] ^= flips[k];
        }
        if (i % 4)
            continue; /* a file takes its time */
        file[i] ^= 0x10;
        write_file(path, file, size);
        assert_int_equal(read_step(&note, &err), 1);
        assert_int_equal(note.status, PFLD_ERR_FORMAT);
        file[i] ^= 0x10;
    }
    free(file);
}

static void longer_and_swapped_files_are_refused(void **state)
{
    size_t size;
    checkpoint *c;
    (void)state;
    save(run_at(2));
    uint8_t *file = read_file(path, &size), *other = malloc(size + 1);
    memcpy(other, file, size);
    other[size] = 0;
    assert_int_equal(checkpoint_parse(other, size + 1, false, &c, NULL), PFLD_ERR_FORMAT);
    memset(other, 0, size); /* what a file system leaves of a file that was not flushed */
    assert_int_equal(checkpoint_parse(other, size, false, &c, NULL), PFLD_ERR_FORMAT);
    memset(other + 100, 0, size - 100);
    memcpy(other, file, 100);
    assert_int_equal(checkpoint_parse(other, size, false, &c, NULL), PFLD_ERR_FORMAT);
    free(file);
    free(other);
}

static void when_both_are_damaged_nothing_is_read(void **state)
{
    pfld_error note, err = {0};
    (void)state;
    assert_int_equal(read_step(&note, &err), 0);
    assert_int_equal(err.status, PFLD_ERR_IO);
    assert_int_equal(err.sys, ENOENT);
    write_file(path, (const uint8_t *)"PFLDCKPT", 8);
    assert_int_equal(read_step(&note, &err), 0);
    assert_int_equal(err.status, PFLD_ERR_FORMAT);
    write_file(prev_path, (const uint8_t *)"nonsense, and enough of it to be a header", 41);
    assert_int_equal(read_step(&note, &err), 0);
    assert_int_equal(err.status, PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "run.ckpt: ")); /* the first is what matters */
    unlink(path);
    assert_int_equal(read_step(&note, &err), 0);
    assert_non_null(strstr(err.msg, "run.ckpt.prev: ")); /* rather than: there is no file */
}

/* Where the power went between two renames, and the one before was a damaged one. */
static void a_whole_temporary_file_is_the_last_resort(void **state)
{
    pfld_error note, err = {0};
    (void)state;
    save(run_at(4));
    assert_int_equal(rename(path, tmp_path), 0);
    write_file(prev_path, (const uint8_t *)"PFLD", 4);
    assert_int_equal(read_step(&note, &err), 4);
    save(run_at(5)); /* writes over it */
    assert_int_equal(read_step(&note, &err), 5);
    assert_false(exists(tmp_path));
}

/* Refills both checksums of the header after a change. */
static void reseal(uint8_t *file, size_t size)
{
    uint32_t crc = 0xffffffffu;
    uint64_t h = 14695981039346656037u;
    for (size_t i = 0; i < 24; i++) {
        crc ^= file[i];
        for (int k = 0; k < 8; k++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < 4; i++)
        file[24 + i] = (uint8_t)(~crc >> 8 * i);
    for (size_t i = 0; i + 8 < size; i++)
        h = (h ^ file[i]) * 1099511628211u;
    for (size_t i = 0; i < 8; i++)
        file[size - 8 + i] = (uint8_t)(h >> 8 * i);
}

static void a_newer_version_is_not_a_damaged_one(void **state)
{
    pfld_error note, err = {0};
    size_t size;
    (void)state;
    save(run_at(1));
    save(run_at(2));
    uint8_t *file = read_file(path, &size);
    reseal(file, size);
    write_file(path, file, size);
    assert_int_equal(read_step(&note, &err), 2); /* reseal() is right: nothing changed */
    file[8] = 2;
    reseal(file, size);
    write_file(path, file, size);
    assert_int_equal(read_step(&note, &err), 0); /* and not quietly that of step 1 */
    assert_int_equal(err.status, PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, "version 2"));
    free(file);
}

static void sound_checksums_do_not_excuse_nonsense(void **state)
{
    static const struct {
        size_t at;
        uint8_t value;
    } changes[] = {
        {12, 0},  {12, 7},  {15, 0xff}, /* sections: too few, too many, far too many */
        {28, 0},  {28, 5},  {31, 1},    /* kinds that there are not */
        {32, 0},  {33, 1},  {35, 0xff}, /* no name, a long one, one beyond the file */
        {36, 13}, {36, 15}, {43, 0xff}, /* elements: too few, too many, more than memory */
        {44, 0},                        /* a name that ends before its end */
    };
    size_t size;
    (void)state;
    save(run_at(2));
    uint8_t *file = read_file(path, &size);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        pfld_error err = {0};
        checkpoint *c;
        uint8_t keep = file[changes[i].at];
        file[changes[i].at] = changes[i].value;
        reseal(file, size);
        assert_int_equal(checkpoint_parse(file, size, true, &c, &err), PFLD_ERR_FORMAT);
        assert_int_equal(checkpoint_parse(file, size, false, &c, &err), PFLD_ERR_FORMAT);
        assert_null(c);
        file[changes[i].at] = keep;
    }
    free(file);
}

static void names_that_come_twice_are_refused(void **state)
{
    uint64_t v[2] = {1, 2};
    checkpoint_item items[2] = {{"a", CHECKPOINT_U64, 1, &v[0], NULL},
                                {"a", CHECKPOINT_U64, 1, &v[1], NULL}};
    checkpoint *c;
    pfld_error err = {0};
    (void)state;
    assert_int_equal(checkpoint_write(path, items, 2, NULL), PFLD_OK);
    assert_int_equal(checkpoint_read(path, &c, NULL, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "twice"));
}

static void empty_and_large_arrays_survive(void **state)
{
    enum { MANY = 40001 }; /* more than a piece, and not a multiple of one */
    float *large = malloc(MANY * sizeof *large), *back = calloc(MANY, sizeof *back);
    char name[CHECKPOINT_NAME + 1];
    checkpoint *c;
    (void)state;
    memset(name, 'n', CHECKPOINT_NAME);
    name[CHECKPOINT_NAME] = 0;
    for (size_t i = 0; i < MANY; i++)
        large[i] = (float)i * 0.7f;
    checkpoint_item items[] = {{name, CHECKPOINT_F32, MANY, large, NULL},
                               {"nothing", CHECKPOINT_F64, 0, NULL, NULL},
                               {"no text", CHECKPOINT_TEXT, 0, NULL, NULL}};
    assert_int_equal(checkpoint_write(path, items, 3, NULL), PFLD_OK);
    assert_int_equal(checkpoint_read(path, &c, NULL, NULL), PFLD_OK);
    assert_string_equal(checkpoint_find(c, "no text")->data, "");
    items[0].data = back;
    assert_int_equal(checkpoint_restore(c, items, 3, NULL), PFLD_OK);
    assert_memory_equal(large, back, MANY * sizeof *large);
    checkpoint_free(c);
    assert_int_equal(checkpoint_write(path, NULL, 0, NULL), PFLD_OK);
    assert_int_equal(checkpoint_read(path, &c, NULL, NULL), PFLD_OK);
    assert_int_equal(checkpoint_count(c), 0);
    checkpoint_free(c);
    free(large);
    free(back);
}

/* Nothing of a checkpoint that does not fit is taken over. */
static void refused(const checkpoint *c, checkpoint_item *items, size_t n, const little_run *r,
                    const char *text)
{
    little_run before = *r;
    pfld_error err = {0};
    assert_int_equal(checkpoint_restore(c, items, n, &err), PFLD_ERR_ARG);
    if (!strstr(err.msg, text))
        fail_msg("'%s' does not say '%s'", err.msg, text);
    assert_memory_equal(&before, r, sizeof before);
}

static void a_checkpoint_of_another_net_changes_nothing(void **state)
{
    little_run r = run_at(50);
    checkpoint_item items[ITEMS];
    checkpoint *c;
    (void)state;
    save(run_at(2));
    assert_int_equal(checkpoint_read(path, &c, NULL, NULL), PFLD_OK);
    items_of(&r, items);
    r.outputs = 196;
    items[4].n = 6; /* as well: but the outputs say it better */
    refused(c, items, ITEMS, &r, "is of a net with 136 outputs, this one has 196");
    r.outputs = 136;
    refused(c, items, ITEMS, &r, "'conv1.weight' has 7 values in the checkpoint, 6 here");
    items_of(&r, items);
    items[4].kind = CHECKPOINT_F64;
    refused(c, items, ITEMS, &r, "'conv1.weight' is f32 in the checkpoint, f64 here");
    items_of(&r, items);
    items[5].name = "average.conv1.weight";
    refused(c, items, ITEMS, &r, "has no 'average.conv1.weight'");
    items_of(&r, items);
    refused(c, items, ITEMS - 1, &r, "has 'moment1.conv1.weight', which this net");
    items[1].what = "options"; /* no number */
    items[1].name = "options";
    refused(c, items, ITEMS, &r, "not one number");
    items_of(&r, items);
    assert_int_equal(checkpoint_restore(c, items + 1, ITEMS - 1, NULL),
                     PFLD_OK); /* text may stay */
    assert_int_equal(r.step, 2);
    checkpoint_free(c);
}

static void what_cannot_be_written_leaves_the_old_ones_alone(void **state)
{
    little_run r = run_at(3);
    checkpoint_item items[ITEMS];
    pfld_error note, err = {0};
    (void)state;
    save(run_at(1));
    save(run_at(2));
    items_of(&r, items);
    assert_int_equal(mkdir(tmp_path, 0777), 0); /* in the way */
    assert_int_equal(checkpoint_write(path, items, ITEMS, &err), PFLD_ERR_IO);
    assert_int_equal(err.sys, EISDIR);
    assert_non_null(strstr(err.msg, "run.ckpt"));
    rmdir(tmp_path);
    assert_int_equal(read_step(&note, &err), 2);
    unlink(path);
    assert_int_equal(read_step(&note, &err), 1);
    assert_int_equal(checkpoint_write("/nonexistent/x", items, ITEMS, &err), PFLD_ERR_IO);
    assert_int_equal(err.sys, ENOENT);
}

static void a_folder_of_that_name_is_not_moved_away(void **state)
{
    little_run r = run_at(3);
    checkpoint_item items[ITEMS];
    pfld_error err = {0};
    (void)state;
    items_of(&r, items);
    assert_int_equal(mkdir(path, 0777), 0);
    assert_int_equal(checkpoint_write(path, items, ITEMS, &err), PFLD_ERR_IO);
    assert_int_equal(err.sys, EISDIR);
    assert_true(exists(path));
    assert_false(exists(prev_path));
    assert_false(exists(tmp_path));
}

static void a_full_disk_is_told(void **state)
{
    little_run r = run_at(3);
    checkpoint_item items[ITEMS];
    pfld_error err = {0};
    (void)state;
    if (!exists("/dev/full") || symlink("/dev/full", tmp_path))
        skip();
    items_of(&r, items);
    assert_int_equal(checkpoint_write(path, items, ITEMS, &err), PFLD_ERR_IO);
    assert_int_equal(err.sys, ENOSPC);
    assert_false(exists(path));
    assert_true(exists("/dev/full")); /* the link was removed, not what it points to */
}

static void a_name_without_a_folder_is_of_this_folder(void **state)
{
    char before[1024];
    little_run r = run_at(6);
    checkpoint_item items[ITEMS];
    pfld_error note, err = {0};
    (void)state;
    items_of(&r, items);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    pfld_status status = checkpoint_write("run.ckpt", items, ITEMS, &err);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(status, PFLD_OK);
    assert_int_equal(read_step(&note, &err), 6);
}

static void reading_and_writing_survive_every_failing_allocation(void **state)
{
    little_run r = run_at(8);
    checkpoint_item items[ITEMS];
    pfld_status status = PFLD_ERR_NOMEM;
    pfld_error note, err = {0};
    checkpoint *c;
    long n;
    (void)state;
    save(run_at(7));
    items_of(&r, items);
    for (n = 0; status == PFLD_ERR_NOMEM; n++) {
        allocations_left = n;
        status = checkpoint_read(path, &c, &note, &err);
        allocations_left = -1;
        assert_true(!c == (status != PFLD_OK)); /* and no older one in its place */
        checkpoint_free(c);
    }
    assert_int_equal(status, PFLD_OK);
    assert_true(n > 3);
    status = PFLD_ERR_NOMEM;
    for (n = 0; status == PFLD_ERR_NOMEM; n++) {
        allocations_left = n;
        status = checkpoint_write(path, items, ITEMS, &err);
        allocations_left = -1;
        assert_int_equal(read_step(&note, &err), status ? 7 : 8);
    }
    assert_int_equal(status, PFLD_OK);
    assert_true(n > 3);
}

#define with_folder(test) cmocka_unit_test_setup_teardown(test, open_folder, close_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_folder(what_was_written_comes_back_to_the_bit),
        with_folder(the_file_is_what_the_header_says),
        with_folder(the_one_before_is_kept),
        with_folder(a_checkpoint_torn_at_any_byte_is_refused),
        with_folder(a_checkpoint_with_any_flipped_byte_is_refused),
        with_folder(longer_and_swapped_files_are_refused),
        with_folder(when_both_are_damaged_nothing_is_read),
        with_folder(a_whole_temporary_file_is_the_last_resort),
        with_folder(a_newer_version_is_not_a_damaged_one),
        with_folder(sound_checksums_do_not_excuse_nonsense),
        with_folder(names_that_come_twice_are_refused),
        with_folder(empty_and_large_arrays_survive),
        with_folder(a_checkpoint_of_another_net_changes_nothing),
        with_folder(what_cannot_be_written_leaves_the_old_ones_alone),
        with_folder(a_folder_of_that_name_is_not_moved_away),
        with_folder(a_full_disk_is_told),
        with_folder(a_name_without_a_folder_is_of_this_folder),
        with_folder(reading_and_writing_survive_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
