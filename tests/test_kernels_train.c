/*
 * The training kernels of every set that this CPU has, against the scalar ones. All buffers end
 * at a page that must not be touched.
 */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/cpu.h"
#include "core/rng.h"
#include "train/kernels_real.h"

enum { BUFFERS = 12, BUFFER_FLOATS = 1 << 19, SUMS = 3 };

static struct {
    char *map;
    size_t bytes;
} buffers[BUFFERS];

static rng noise;

static int map_buffers(void **state)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    (void)state;
    for (size_t i = 0; i < BUFFERS; i++) {
        buffers[i].bytes = BUFFER_FLOATS * sizeof(float);
        buffers[i].map = mmap(NULL, buffers[i].bytes + page, PROT_READ | PROT_WRITE,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (buffers[i].map == MAP_FAILED ||
            mprotect(buffers[i].map + buffers[i].bytes, page, PROT_NONE))
            return -1;
    }
    return 0;
}

/* n random floats before the forbidden page. */
static float *random_floats(size_t buffer, size_t n)
{
    float *p = (float *)(void *)(buffers[buffer].map + buffers[buffer].bytes) - n;

    assert_true(n <= BUFFER_FLOATS);
    for (size_t i = 0; i < n; i++)
        p[i] = 2.0f * rng_float(&noise) - 1.0f;
    return p;
}

static float *copy_floats(size_t buffer, const float *from, size_t n)
{
    float *p = (float *)(void *)(buffers[buffer].map + buffers[buffer].bytes) - n;

    memcpy(p, from, n * sizeof *p);
    return p;
}

static void assert_near(double a, double b, double size, size_t at)
{
    if (!(fabs(a - b) <= 1e-6 * size + 1e-7))
        fail_msg("[%zu]: %.9g, wanted %.9g", at, a, b);
}

static void assert_near_floats(const float *a, const float *b, size_t n, double size)
{
    for (size_t i = 0; i < n; i++)
        assert_near((double)a[i], (double)b[i], size, i);
}

static const train_kernels *set_of(void **state)
{
    pfld_isa isa = *(const pfld_isa *)*state;
    const train_kernels *k = train_kernels_get(isa);

    if (k->isa != isa) {
        print_message("%s: not on this CPU\n", cpu_isa_name(isa));
        skip();
    }
    rng_seed(&noise, 1);
    return k;
}

static const train_kernels *specification(void)
{
    return train_kernels_get(PFLD_ISA_SCALAR);
}

static const size_t channels[] = {1,  2,  3,  4,  5,  7,  8,  9,  12,  15,  16,  17, 20,
                                  31, 32, 33, 48, 63, 64, 65, 96, 127, 128, 130, 512};
static const size_t row_counts[] = {1, 2, 3, 4, 5, 7, 16, 31, 64, 101};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

typedef void rows_fn(const train_rows *r);

/* Both on the same numbers; what is written, and sums, must be the same to rounding. */
static void compare_rows(rows_fn *run, rows_fn *wanted, train_rows r, bool in_place)
{
    double wanted_sum[SUMS][512], *sum[2][SUMS];
    size_t n = r.rows * r.c;
    const float *d = r.d;
    float *y = in_place ? copy_floats(8, d, n) : random_floats(8, n);
    float *yw = in_place ? copy_floats(9, d, n) : copy_floats(9, y, n);

    for (size_t s = 0; s < SUMS; s++) {
        static const size_t free_buffers[SUMS] = {6, 7, 10};

        sum[0][s] = (double *)(void *)random_floats(free_buffers[s], 2 * r.c);
        sum[1][s] = wanted_sum[s];
        for (size_t c = 0; c < r.c; c++)
            sum[0][s][c] = sum[1][s][c] = 1.0 + (double)(s + c); /* added to, not set */
    }
    for (size_t which = 0; which < 2; which++) {
        r.y = which ? yw : y;
        r.d = in_place ? r.y : d;
        for (size_t s = 0; s < SUMS; s++)
            r.sum[s] = sum[which][s];
        (which ? wanted : run)(&r);
    }
    assert_near_floats(y, yw, n, 4);
    for (size_t s = 0; s < SUMS; s++)
        for (size_t c = 0; c < r.c; c++)
            assert_near(sum[0][s][c], sum[1][s][c], (double)(r.rows + s + c + 2), c);
}

static void check_rows(size_t rows, size_t c, const train_kernels *k)
{
    const train_kernels *w = specification();
    train_rows r = {.rows = rows,
                    .c = c,
                    .x = random_floats(0, rows * c),
                    .scale = random_floats(2, c),
                    .shift = random_floats(3, c),
                    .slope = random_floats(4, c),
                    .center = random_floats(5, c)};
    const float *d = random_floats(1, rows * c);

    for (int act = 0; act < TRAIN_ACTS; act++) {
        r.act = (train_act)act;
        r.d = NULL;
        compare_rows(k->value, w->value, r, false);
        r.d = d;
        compare_rows(k->value, w->value, r, false);
        compare_rows(k->value, w->value, r, true);
        compare_rows(k->mask, w->mask, r, true);
    }
    compare_rows(k->moments, w->moments, r, false);
    compare_rows(k->blend, w->blend, r, false);
}

static void rows_agree(void **state)
{
    const train_kernels *k = set_of(state);

    for (size_t i = 0; i < COUNT(channels); i++)
        for (size_t n = 0; n < COUNT(row_counts); n++)
            check_rows(row_counts[n], channels[i], k);
}

/* HardSwish bends at -3 and 3, which random numbers around 0 do not reach. */
static void hard_swish_bends_where_it_should(void **state)
{
    const train_kernels *k = set_of(state);
    train_rows r = {.rows = 40, .c = 5, .act = TRAIN_HARD_SWISH};
    float *scale = random_floats(2, 5), *x = random_floats(0, 200);

    for (size_t i = 0; i < 5; i++)
        scale[i] = 8.0f;
    x[0] = 0.375f;
    x[1] = -0.375f;
    r.x = x;
    r.scale = scale;
    r.shift = r.slope = r.center = memset(random_floats(3, 5), 0, 5 * sizeof(float));
    r.d = random_floats(1, 200);
    compare_rows(k->value, specification()->value, r, false);
    compare_rows(k->mask, specification()->mask, r, true);
}

static void relu_lets_nan_through(void **state)
{
    const train_kernels *k = set_of(state);
    float x[20], one[20], y[20];
    train_rows r = {.rows = 4, .c = 5, .x = x, .y = y, .scale = one, .act = TRAIN_RELU};

    for (size_t i = 0; i < 20; i++) {
        x[i] = i % 3 ? -1.0f : NAN;
        one[i] = 1.0f;
    }
    r.shift = r.slope = r.center = memset(random_floats(3, 5), 0, 5 * sizeof(float));
    k->value(&r);
    for (size_t i = 0; i < 20; i++)
        assert_true(i % 3 ? y[i] == 0.0f : isnan(y[i]));
}

static void add_agrees(void **state)
{
    const train_kernels *k = set_of(state);

    for (size_t n = 0; n < 70; n++) {
        const float *x = random_floats(0, n);
        float *y = random_floats(1, n), *w = copy_floats(2, y, n);

        k->add(y, x, n);
        specification()->add(w, x, n);
        assert_near_floats(y, w, n, 1);
    }
}

static void what_packs_itself_is_left_alone_by_packing(void **state)
{
    const kernels *k = kernels_get(set_of(state)->isa);
    size_t found = 0;

    for (size_t n = 1; n <= 130; n++) {
        const float *b = random_floats(0, 5 * n);
        float *packed = random_floats(1, k->gemm_packed_size(5, n));

        if (!k->gemm_packs_itself(n))
            continue;
        found++;
        assert_int_equal(k->gemm_packed_size(5, n), 5 * n);
        k->gemm_pack(packed, b, n, 1, 5, n);
        assert_memory_equal(packed, b, 5 * n * sizeof *b);
    }
    assert_true(found > 0);
}

static train_window window_of(size_t h, size_t w, size_t k, size_t stride, size_t pad)
{
    train_window win = {.in_h = h,
                        .in_w = w,
                        .kh = k,
                        .kw = k,
                        .stride_h = stride,
                        .stride_w = stride,
                        .pad_top = pad,
                        .pad_left = pad};

    win.out_h = (h + 2 * pad - k) / stride + 1;
    win.out_w = (w + 2 * pad - k) / stride + 1;
    return win;
}

static void check_depthwise(const train_kernels *k, train_window win)
{
    size_t in = win.in_h * win.in_w * win.c, out = win.out_h * win.out_w * win.c;
    size_t taps = win.kh * win.kw * win.c;
    train_depthwise d = {.win = win,
                         .x = random_floats(0, in),
                         .weight = random_floats(1, taps),
                         .g = random_floats(2, out)};
    float *y = d.y = random_floats(3, taps), *w = copy_floats(4, y, taps);

    k->depthwise_weight(&d);
    d.y = w;
    specification()->depthwise_weight(&d);
    assert_near_floats(y, w, taps, (double)(win.out_h * win.out_w));
    for (int add = 0; add < 2; add++) {
        d.accumulate = add;
        y = d.y = random_floats(3, in);
        w = copy_floats(4, y, in);
        k->depthwise_input(&d);
        d.y = w;
        specification()->depthwise_input(&d);
        assert_near_floats(y, w, in, 9);
    }
}

static void depthwise_gradients_agree(void **state)
{
    static const size_t some[] = {1, 4, 7, 8, 16, 17, 33};
    const train_kernels *k = set_of(state);

    for (size_t size = 1; size <= 12; size++)
        for (size_t i = 0; i < COUNT(some); i++)
            for (size_t pad = 0; pad <= 2; pad++)
                for (size_t stride = 1; stride <= 3; stride++) {
                    train_window w;

                    if (size + 2 * pad < 3 || size + 1 + 2 * pad < 3)
                        continue;
                    w = window_of(size, size + 1, 3, stride, pad);
                    w.c = some[i];
                    check_depthwise(k, w);
                }
}

static void check_patches(const train_kernels *k, train_window win, size_t first, size_t count)
{
    size_t in = win.in_h * win.in_w * win.c, n = count * win.kh * win.kw * win.c;
    train_patches p = {.win = win, .first = first, .count = count};
    float *a = random_floats(0, in), *b = copy_floats(1, a, in);
    float *pa = random_floats(2, n), *pb = random_floats(3, n);

    p.map = a;
    p.patches = pa;
    k->gather(&p);
    p.patches = pb;
    specification()->gather(&p);
    assert_memory_equal(pa, pb, n * sizeof *pa);
    random_floats(2, n);
    k->scatter(
        &(train_patches){.win = win, .first = first, .count = count, .map = a, .patches = pa});
    specification()->scatter(
        &(train_patches){.win = win, .first = first, .count = count, .map = b, .patches = pa});
    assert_near_floats(a, b, in, 9);
}

static void patches_agree(void **state)
{
    static const size_t some[] = {1, 2, 3, 5, 16, 19};
    const train_kernels *k = set_of(state);

    for (size_t size = 2; size <= 9; size++)
        for (size_t i = 0; i < COUNT(some); i++)
            for (size_t kernel = 1; kernel <= 4; kernel++)
                for (size_t stride = 1; stride <= 2; stride++)
                    for (size_t pad = 0; pad < kernel; pad++) {
                        train_window w;
                        size_t outs;

                        if (size - 1 + 2 * pad < kernel)
                            continue;
                        w = window_of(size, size - 1, kernel, stride, pad);
                        w.c = some[i];
                        outs = w.out_h * w.out_w;
                        check_patches(k, w, 0, outs);
                        check_patches(k, w, outs / 3, outs - outs / 2 > 2 ? outs / 2 : 1);
                    }
}

int main(void)
{
    static const pfld_isa avx2 = PFLD_ISA_AVX2, avx512 = PFLD_ISA_AVX512;

#define FOR(test)                                                                                  \
  cmocka_unit_test_prestate(test, (void *)(uintptr_t)&avx2),                                       \
      cmocka_unit_test_prestate(test, (void *)(uintptr_t)&avx512)
    const struct CMUnitTest tests[] = {
        FOR(rows_agree),
        FOR(hard_swish_bends_where_it_should),
        FOR(relu_lets_nan_through),
        FOR(add_agrees),
        FOR(what_packs_itself_is_left_alone_by_packing),
        FOR(depthwise_gradients_agree),
        FOR(patches_agree),
    };

    return cmocka_run_group_tests(tests, map_buffers, NULL);
}
