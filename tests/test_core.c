/* core/: memory, errors, CPU names, files, threads, random numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/arena.h"
#include "core/checked.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/pool.h"
#include "core/rng.h"

/* The linker sends every aligned_alloc() of the library through here. */
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
static atomic_long allocations_left = -1; /* < 0: any number */

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    if (allocations_left == 0)
        return NULL;
    if (allocations_left > 0)
        allocations_left--;
    return __real_aligned_alloc(align, size);
}

/* ---- checked, mem, arena ---- */

static void sizes_that_overflow_are_refused(void **state)
{
    size_t out = 7;

    (void)state;
    assert_false(checked_mul(SIZE_MAX / 2 + 1, 2, &out));
    assert_false(checked_add(SIZE_MAX, 1, &out));
    assert_false(checked_round_up(SIZE_MAX - 1, 64, &out));
    assert_int_equal(out, 7);
    assert_true(checked_mul(SIZE_MAX / 2, 2, &out));
    assert_true(out == SIZE_MAX - 1);
    assert_true(checked_mul(0, SIZE_MAX, &out));
    assert_int_equal(out, 0);
    assert_true(checked_round_up(65, 64, &out));
    assert_int_equal(out, 128);
    assert_true(checked_round_up(64, 64, &out));
    assert_int_equal(out, 64);
}

static void memory_is_zeroed_and_aligned(void **state)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 4097};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        unsigned char *p = mem_alloc(sizes[i], 1);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % MEM_ALIGN, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[k], 0);
        memset(p, 0xff, sizes[i]);
        mem_free(p);
    }
    assert_null(mem_alloc(SIZE_MAX / 2, 3));
    assert_null(mem_alloc(1, SIZE_MAX));
}

static void growing_keeps_the_old_and_zeroes_the_new(void **state)
{
    size_t n = 0;
    int *p = mem_grow(NULL, &n, 3, sizeof *p), *q;

    (void)state;
    assert_non_null(p);
    assert_true(n >= 3);
    for (size_t i = 0; i < n; i++)
        p[i] = (int)i + 1;
    size_t before = n;
    q = mem_grow(p, &n, before + 1, sizeof *q);
    assert_non_null(q);
    assert_true(n >= 2 * before);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(q[i], i < before ? (int)i + 1 : 0);
    assert_ptr_equal(mem_grow(q, &n, n, sizeof *q), q);
    before = n;
    assert_null(mem_grow(q, &n, SIZE_MAX / 2, sizeof *q));
    assert_int_equal(n, before);
    assert_int_equal(q[0], 1);
    mem_free(q);
}

static void an_arena_gives_out_pieces_that_do_not_touch(void **state)
{
    arena a = {0};
    static const size_t sizes[] = {1, 64, 65, 0, 70000, 3, 65536};
    enum { N = sizeof sizes / sizeof *sizes };
    unsigned char *p[N];

    (void)state;
    for (size_t i = 0; i < N; i++) {
        p[i] = arena_alloc(&a, sizes[i], 1);
        assert_non_null(p[i]);
        assert_int_equal((uintptr_t)p[i] % MEM_ALIGN, 0);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[i][k], 0);
        memset(p[i], (int)i + 1, sizes[i]);
    }
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < sizes[i]; k++)
            assert_int_equal(p[i][k], i + 1);
    assert_null(arena_alloc(&a, SIZE_MAX, 2));
    assert_null(arena_alloc(&a, SIZE_MAX - 63, 1));
    assert_string_equal(arena_strndup(&a, "landmark", 4), "land");
    assert_string_equal(arena_strndup(&a, NULL, 0), "");
    arena_free(&a);
    assert_null(a.chunks);
    assert_int_equal(a.used, 0);
}

static void a_fixed_arena_stays_in_its_block(void **state)
{
    static _Alignas(MEM_ALIGN) char block[4 * MEM_ALIGN];
    arena a;

    (void)state;
    memset(block, 0x55, sizeof block);
    arena_use(&a, block, sizeof block - 1);
    assert_ptr_equal(arena_alloc(&a, 1, 1), block);
    assert_ptr_equal(arena_alloc(&a, 65, 1), block + MEM_ALIGN);
    assert_int_equal(block[MEM_ALIGN + 64], 0);
    assert_null(arena_alloc(&a, 64, 1)); /* 63 are left */
    assert_int_equal(a.used, 3 * MEM_ALIGN);
    assert_int_equal(block[3 * MEM_ALIGN], 0x55);
    arena_free(&a);
    assert_int_equal(block[3 * MEM_ALIGN], 0x55);
}

static void what_a_growing_arena_used_fits_a_fixed_one(void **state)
{
    static const size_t sizes[] = {100, 1, 4000, 64};
    arena a = {0}, b;
    void *block;
    size_t size;

    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_non_null(arena_alloc(&a, sizes[i], 3));
    size = a.used;
    arena_free(&a);
    block = mem_alloc(size, 1);
    assert_non_null(block);
    arena_use(&b, block, size);
    for (size_t i = 0; i < 4; i++)
        assert_non_null(arena_alloc(&b, sizes[i], 3));
    assert_null(arena_alloc(&b, 1, 1));
    mem_free(block);
}

static void a_failed_allocation_leaves_the_arena_usable(void **state)
{
    arena a = {0};

    (void)state;
    allocations_left = 0;
    assert_null(arena_alloc(&a, 10, 10));
    assert_null(arena_strndup(&a, "x", 1));
    allocations_left = -1;
    assert_non_null(arena_alloc(&a, 10, 10));
    arena_free(&a);
}

/* ---- error ---- */

static void an_error_is_one_printable_line(void **state)
{
    pfld_error err = {0};

    (void)state;
    assert_int_equal(error_set(&err, PFLD_ERR_FORMAT, "node %s", "a\nb\x1b[31m\x7f"),
                     PFLD_ERR_FORMAT);
    assert_string_equal(err.msg, "node a?b?[31m?");
    assert_int_equal(err.status, PFLD_ERR_FORMAT);
    error_prefix(&err, "face\t.onnx");
    assert_string_equal(err.msg, "face?.onnx: node a?b?[31m?");
    assert_int_equal(error_set(NULL, PFLD_ERR_ARG, "nobody listens"), PFLD_ERR_ARG);
    error_prefix(NULL, "x");
}

static void a_long_error_is_cut_and_terminated(void **state)
{
    char name[1000];
    pfld_error err;

    (void)state;
    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = 0;
    memset(&err, 0xff, sizeof err);
    error_set(&err, PFLD_ERR_FORMAT, "%s", name);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    error_prefix(&err, name);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
    error_sys(&err, 2, "%s", name);
    assert_int_equal(strlen(err.msg), sizeof err.msg - 1);
}

static void a_long_path_keeps_its_end(void **state)
{
    char path[400], shown[ERROR_PATH + 1];
    pfld_error err;

    (void)state;
    memset(path, 'd', sizeof path);
    strcpy(path + sizeof path - sizeof "/face.jpg", "/face.jpg");
    error_set(&err, PFLD_ERR_FORMAT, "the JPEG file is cut short");
    error_prefix(&err, path);
    assert_memory_equal(err.msg, "...ddd", 6);
    assert_non_null(strstr(err.msg, "/face.jpg: the JPEG file is cut short"));
    assert_string_equal(error_path("short.jpg", shown), "short.jpg");
}

static void overlong_and_surrogate_characters_are_no_text(void **state)
{
    pfld_error err;

    (void)state;
    error_set(&err, PFLD_ERR_FORMAT,
              "a\xe0\x80\x80"
              "b\xed\xa0\x80"
              "c\xc3\xa4");
    assert_string_equal(err.msg, "a???b???c\xc3\xa4");
}

static void an_error_of_the_system_holds_errno(void **state)
{
    pfld_error err = {0};

    (void)state;
    assert_int_equal(error_sys(&err, 2, "face.png"), PFLD_ERR_IO);
    assert_int_equal(err.sys, 2);
    assert_string_equal(err.msg, "face.png: No such file or directory");
    assert_int_equal(error_sys(NULL, 2, "face.png"), PFLD_ERR_IO);
}

/* ---- cpu ---- */

static void every_instruction_set_has_a_name_that_parses(void **state)
{
    pfld_isa isa = PFLD_ISA_AUTO;

    (void)state;
    for (int i = PFLD_ISA_AUTO; i <= PFLD_ISA_WASM128; i++) {
        assert_true(cpu_isa_parse(cpu_isa_name((pfld_isa)i), &isa));
        assert_int_equal(isa, i);
    }
    assert_string_equal(cpu_isa_name((pfld_isa)99), "?");
    isa = PFLD_ISA_NEON;
    assert_false(cpu_isa_parse("avx", &isa));
    assert_false(cpu_isa_parse("", &isa));
    assert_int_equal(isa, PFLD_ISA_NEON);
}

static void the_cap_is_never_exceeded(void **state)
{
    static const pfld_isa x86[] = {PFLD_ISA_SCALAR, PFLD_ISA_SSE2, PFLD_ISA_AVX2, PFLD_ISA_AVXVNNI,
                                   PFLD_ISA_AVX512};

    (void)state;
    assert_true(cpu_has(PFLD_ISA_SCALAR));
    for (size_t i = 0; i < sizeof x86 / sizeof *x86; i++) {
        pfld_isa best = cpu_best(x86[i]);
        assert_true(best != PFLD_ISA_AUTO && best <= x86[i] && cpu_has(best));
    }
    assert_true(cpu_has(cpu_best(PFLD_ISA_AUTO)));
    assert_int_equal(cpu_best(PFLD_ISA_SCALAR), PFLD_ISA_SCALAR);
    assert_int_equal(cpu_best(PFLD_ISA_WASM128), PFLD_ISA_SCALAR);
    assert_int_equal(cpu_best(PFLD_ISA_NEON),
                     cpu_has(PFLD_ISA_NEON) ? PFLD_ISA_NEON : PFLD_ISA_SCALAR);
    assert_int_equal(cpu_best((pfld_isa)99), PFLD_ISA_SCALAR);
    if (cpu_has(PFLD_ISA_AVX512))
        assert_int_equal(cpu_best(PFLD_ISA_AUTO), PFLD_ISA_AVX512);
    else if (cpu_has(PFLD_ISA_AVXVNNI))
        assert_int_equal(cpu_best(PFLD_ISA_AUTO), PFLD_ISA_AVXVNNI);
    else if (cpu_has(PFLD_ISA_AVX2))
        assert_int_equal(cpu_best(PFLD_ISA_AUTO), PFLD_ISA_AVX2);
    else if (cpu_has(PFLD_ISA_NEON))
        assert_int_equal(cpu_best(PFLD_ISA_AUTO), PFLD_ISA_NEON);
}

/* ---- file ---- */

static const char temporary[] = "test_core.tmp";

static void write_temporary(size_t n)
{
    FILE *f = fopen(temporary, "wb");

    assert_non_null(f);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(fputc((int)(i * 7 % 251), f), EOF);
    assert_int_equal(fclose(f), 0);
}

static int remove_temporary(void **state)
{
    (void)state;
    remove(temporary);
    allocations_left = -1;
    return 0;
}

static void a_file_is_read_whole(void **state)
{
    static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 200003};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint8_t *data = NULL;
        size_t size = 99;
        write_temporary(sizes[i]);
        assert_int_equal(file_read(temporary, sizes[i], &data, &size, NULL), PFLD_OK);
        assert_non_null(data);
        assert_int_equal(size, sizes[i]);
        for (size_t k = 0; k < size; k++)
            assert_int_equal(data[k], k * 7 % 251);
        mem_free(data);
    }
}

static void a_file_over_the_limit_is_refused(void **state)
{
    uint8_t *data = NULL;
    size_t size = 99;
    pfld_error err = {0};

    (void)state;
    write_temporary(65537);
    assert_int_equal(file_read(temporary, 65536, &data, &size, &err), PFLD_ERR_UNSUPPORTED);
    assert_non_null(strstr(err.msg, temporary));
    assert_non_null(strstr(err.msg, "65536"));
    assert_null(data);
    assert_int_equal(size, 99);
    assert_int_equal(file_read(temporary, SIZE_MAX, &data, &size, &err), PFLD_OK);
    assert_int_equal(size, 65537);
    mem_free(data);
}

static void what_is_no_file_is_named(void **state)
{
    uint8_t *data = NULL;
    size_t size = 0;
    pfld_error err = {0};

    (void)state;
    assert_int_equal(file_read("no/such/file", 10, &data, &size, &err), PFLD_ERR_IO);
    assert_string_equal(err.msg, "no/such/file: No such file or directory");
    assert_int_equal(file_read(".", 10, &data, &size, &err), PFLD_ERR_IO);
    assert_string_equal(err.msg, ".: Is a directory");
    assert_int_not_equal(err.sys, 0);
    assert_int_equal(file_read("", 10, &data, &size, &err), PFLD_ERR_IO);
    assert_null(data);
}

static void a_file_survives_every_failing_allocation(void **state)
{
    pfld_status status = PFLD_ERR_NOMEM;
    long n;

    (void)state;
    write_temporary(300000);
    for (n = 0; status == PFLD_ERR_NOMEM; n++) {
        uint8_t *data = NULL;
        size_t size = 0;
        assert_true(n < 50);
        allocations_left = n;
        status = file_read(temporary, SIZE_MAX, &data, &size, NULL);
        allocations_left = -1;
        mem_free(data);
    }
    assert_int_equal(status, PFLD_OK);
    assert_true(n > 2);
}

/* ---- pool ---- */

typedef struct tally {
    size_t n_threads;
    atomic_int *runs;           /* [n_tasks] */
    atomic_int busy[8];         /* by thread index */
    atomic_int clashes, strays; /* two tasks under one index; an index out of range */
    size_t *result;             /* [n_tasks], plain memory: the join must make it visible */
} tally;

static void count_task(void *ctx, size_t task, size_t thread)
{
    tally *t = ctx;

    if (thread >= t->n_threads) {
        t->strays++;
        return;
    }
    if (atomic_fetch_add(&t->busy[thread], 1) != 0)
        t->clashes++;
    t->runs[task]++;
    t->result[task] += task * task;
    atomic_fetch_sub(&t->busy[thread], 1);
}

static void every_task_runs_once(void **state)
{
    enum { MOST = 1009 };
    static const size_t threads[] = {1, 2, 3, 8}, tasks[] = {0, 1, 2, 7, 8, 9, MOST};
    static atomic_int runs[MOST];
    static size_t result[MOST];

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        pool *p;
        tally t = {.n_threads = threads[i], .runs = runs, .result = result};
        assert_int_equal(pool_create(threads[i], &p, NULL), PFLD_OK);
        assert_int_equal(pool_thread_count(p), threads[i]);
        for (size_t k = 0; k < sizeof tasks / sizeof *tasks; k++) {
            memset(runs, 0, sizeof runs);
            memset(result, 0, sizeof result);
            pool_run(p, count_task, &t, tasks[k]);
            for (size_t task = 0; task < MOST; task++) {
                assert_int_equal(runs[task], task < tasks[k]);
                assert_int_equal(result[task], task < tasks[k] ? task * task : 0);
            }
        }
        assert_int_equal(t.clashes, 0);
        assert_int_equal(t.strays, 0);
        pool_free(p);
    }
}

static void calls_follow_each_other_without_loss(void **state)
{
    static atomic_int runs[3];
    static size_t result[3];
    tally t = {.n_threads = 2, .runs = runs, .result = result};
    pool *p;

    (void)state;
    assert_int_equal(pool_create(2, &p, NULL), PFLD_OK);
    for (int i = 0; i < 5000; i++)
        pool_run(p, count_task, &t, 3);
    pool_free(p);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(runs[i], 5000);
    assert_int_equal(result[2], 5000 * 4);
}

static void a_pool_that_never_ran_can_go(void **state)
{
    pool *p;

    (void)state;
    assert_int_equal(pool_create(4, &p, NULL), PFLD_OK);
    pool_free(p);
    pool_free(NULL);
}

static void absurd_thread_counts_are_refused(void **state)
{
    pool *p = (pool *)&p;
    pfld_error err = {0};

    (void)state;
    assert_int_equal(pool_create(0, &p, &err), PFLD_ERR_ARG);
    assert_null(p);
    assert_int_equal(pool_create(POOL_MAX_THREADS + 1, &p, &err), PFLD_ERR_ARG);
    assert_non_null(strstr(err.msg, "257 threads"));
}

static void a_pool_survives_every_failing_allocation(void **state)
{
    pfld_status status = PFLD_ERR_NOMEM;
    long n;

    (void)state;
    for (n = 0; status == PFLD_ERR_NOMEM; n++) {
        pool *p;
        assert_true(n < 10);
        allocations_left = n;
        status = pool_create(3, &p, NULL);
        allocations_left = -1;
        assert_int_equal(p == NULL, status != PFLD_OK);
        pool_free(p);
    }
    assert_int_equal(status, PFLD_OK);
    assert_true(n > 1);
}

/* ---- rng ---- */

/* The reference code's numbers (prng.di.unimi.it) for the state 1, 2, 3, 4. */
static void the_generator_is_xoshiro256(void **state)
{
    rng r = {{1, 2, 3, 4}};

    (void)state;
    assert_true(rng_u64(&r) == 11520u);
    assert_true(rng_u64(&r) == 0u);
    assert_true(rng_u64(&r) == 1509978240u);
    assert_true(rng_u64(&r) == 1215971899390074240u);
}

/* The reference code's numbers for the seed 1234567. */
static void the_seed_goes_through_splitmix64(void **state)
{
    rng r;

    (void)state;
    rng_seed(&r, 1234567);
    assert_true(r.s[0] == 6457827717110365317u);
    assert_true(r.s[1] == 3203168211198807973u);
    assert_true(r.s[2] == 9817491932198370423u);
    assert_true(r.s[3] == 4593380528125082431u);
}

static void a_copied_state_goes_the_same_way(void **state)
{
    rng a, b;

    (void)state;
    rng_seed(&a, 0);
    rng_normal(&a);
    b = a;
    for (int i = 0; i < 100; i++) {
        float x = rng_normal(&a), y = rng_normal(&b);
        assert_memory_equal(&x, &y, sizeof x);
        x = rng_float(&a);
        y = rng_float(&b);
        assert_memory_equal(&x, &y, sizeof x);
    }
    rng_seed(&b, 1);
    assert_true(rng_u64(&a) != rng_u64(&b));
}

/* Bounds are 5 standard errors of N draws, and the seed is fixed. */
static void the_distributions_have_their_moments(void **state)
{
    enum { N = 100000 };
    double u1 = 0, u2 = 0, n1 = 0, n2 = 0, n4 = 0;
    rng r;

    (void)state;
    rng_seed(&r, 42);
    for (int i = 0; i < N; i++) {
        double u = (double)rng_float(&r), z = (double)rng_normal(&r);
        assert_true(u >= 0 && u < 1);
        assert_true(z > -9 && z < 9);
        u1 += u / N;
        u2 += u * u / N;
        n1 += z / N;
        n2 += z * z / N;
        n4 += z * z * z * z / N;
    }
    assert_true(u1 > 0.5 - 0.0046 && u1 < 0.5 + 0.0046);
    assert_true(u2 > 1.0 / 3 - 0.0048 && u2 < 1.0 / 3 + 0.0048);
    assert_true(n1 > -0.016 && n1 < 0.016);
    assert_true(n2 > 1 - 0.023 && n2 < 1 + 0.023);
    assert_true(n4 > 3 - 0.16 && n4 < 3 + 0.16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(memory_is_zeroed_and_aligned),
        cmocka_unit_test(growing_keeps_the_old_and_zeroes_the_new),
        cmocka_unit_test(an_arena_gives_out_pieces_that_do_not_touch),
        cmocka_unit_test(a_fixed_arena_stays_in_its_block),
        cmocka_unit_test(what_a_growing_arena_used_fits_a_fixed_one),
        cmocka_unit_test(a_failed_allocation_leaves_the_arena_usable),
        cmocka_unit_test(an_error_is_one_printable_line),
        cmocka_unit_test(a_long_error_is_cut_and_terminated),
        cmocka_unit_test(a_long_path_keeps_its_end),
        cmocka_unit_test(overlong_and_surrogate_characters_are_no_text),
        cmocka_unit_test(an_error_of_the_system_holds_errno),
        cmocka_unit_test(every_instruction_set_has_a_name_that_parses),
        cmocka_unit_test(the_cap_is_never_exceeded),
        cmocka_unit_test_teardown(a_file_is_read_whole, remove_temporary),
        cmocka_unit_test_teardown(a_file_over_the_limit_is_refused, remove_temporary),
        cmocka_unit_test(what_is_no_file_is_named),
        cmocka_unit_test_teardown(a_file_survives_every_failing_allocation, remove_temporary),
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(calls_follow_each_other_without_loss),
        cmocka_unit_test(a_pool_that_never_ran_can_go),
        cmocka_unit_test(absurd_thread_counts_are_refused),
        cmocka_unit_test(a_pool_survives_every_failing_allocation),
        cmocka_unit_test(the_generator_is_xoshiro256),
        cmocka_unit_test(the_seed_goes_through_splitmix64),
        cmocka_unit_test(a_copied_state_goes_the_same_way),
        cmocka_unit_test(the_distributions_have_their_moments),
    };

    return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
