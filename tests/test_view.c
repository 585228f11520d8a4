/* infer/view: strided views and the walk over them, against plain index arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/rng.h"
#include "infer/view.h"

enum { ROUNDS = 4000, MOST = 4096 }; /* elements of a view stay below MOST */

static rng randomness;

static size_t below(size_t n)
{
    return (size_t)(rng_u64(&randomness) % n);
}

/* ---- plain index arithmetic ---- */

/* Where the i-th element in row-major order lies. */
static ptrdiff_t address(const infer_view *v, size_t i)
{
    ptrdiff_t at = v->offset;

    for (int32_t k = v->rank - 1; k >= 0; k--) {
        at += (ptrdiff_t)(i % v->dim[k]) * v->stride[k];
        i /= v->dim[k];
    }
    return at;
}

static size_t count(const infer_view *v)
{
    size_t n = 1;

    for (int32_t i = 0; i < v->rank; i++)
        n *= v->dim[i];
    return n;
}

static size_t random_dim(void)
{
    static const size_t dims[] = {1, 1, 2, 2, 3, 4, 5};

    return dims[below(sizeof dims / sizeof *dims)];
}

static net_shape random_shape(int32_t rank)
{
    net_shape s = {.rank = rank};
    int64_t n = 1;

    for (int32_t i = 0; i < rank; i++) {
        s.dim[i] = (int64_t)random_dim();
        n *= s.dim[i];
        if (n >= MOST / 8)
            s.dim[i] = 1;
    }
    return s;
}

static void shuffle(int32_t *p, int32_t n)
{
    for (int32_t i = 0; i < n; i++)
        p[i] = i;
    for (int32_t i = n - 1; i > 0; i--) {
        int32_t j = (int32_t)below((size_t)i + 1), t = p[i];
        p[i] = p[j];
        p[j] = t;
    }
}

/* Dense in a random order of the axes; then, sometimes, with gaps, mirrored or repeated axes. */
static infer_view random_view(bool dense)
{
    net_shape shape = random_shape(1 + (int32_t)below(NET_MAX_RANK));
    infer_view v = infer_view_rows(3, &shape);
    int32_t order[NET_MAX_RANK];
    ptrdiff_t step = 1;

    if (below(2)) {
        shuffle(order, v.rank);
        for (int32_t i = v.rank - 1; i >= 0; i--) {
            v.stride[order[i]] = step;
            step *= (ptrdiff_t)v.dim[order[i]];
        }
    }
    v.offset = (ptrdiff_t)below(9);
    if (dense)
        return v;
    for (int32_t i = 0; i < v.rank; i++) {
        size_t kind = below(8);
        if (kind == 0) {
            v.stride[i] = 0;
        } else if (kind == 1) {
            v.offset += (ptrdiff_t)(v.dim[i] - 1) * v.stride[i];
            v.stride[i] = -v.stride[i];
        } else if (kind == 2) {
            v.stride[i] *= 2;
        }
    }
    return v;
}

/* ---- fresh views ---- */

static void rows_are_row_major(void **state)
{
    (void)state;
    for (int32_t rank = 0; rank <= NET_MAX_RANK; rank++) {
        net_shape shape = random_shape(rank);
        infer_view v = infer_view_rows(7, &shape);
        assert_int_equal(v.buf, 7);
        assert_int_equal(v.rank, rank);
        assert_int_equal(infer_view_count(&v), count(&v));
        for (size_t i = 0; i < count(&v); i++)
            assert_int_equal(address(&v, i), i);
        assert_true(infer_view_is_rows(&v) && infer_view_is_dense(&v));
    }
}

static void nhwc_has_channels_innermost(void **state)
{
    static const net_shape shape = {4, {2, 3, 4, 5}};
    infer_view v = infer_view_nhwc(0, &shape);

    (void)state;
    for (size_t i = 0; i < 120; i++) {
        size_t n = i / 60, c = i / 20 % 3, y = i / 5 % 4, x = i % 5;
        assert_int_equal(address(&v, i), ((n * 4 + y) * 5 + x) * 3 + c);
    }
    assert_true(infer_view_is_pixels(&v) && infer_view_is_dense(&v));
    assert_false(infer_view_is_rows(&v));
    assert_int_equal(infer_view_pixel_step(&v), 3);
}

/* The order of like's axes, without its gaps, mirrors and repetitions. */
static void like_is_dense_in_the_same_order(void **state)
{
    (void)state;
    rng_seed(&randomness, 1);
    for (int round = 0; round < ROUNDS; round++) {
        infer_view like = random_view(false), v = infer_view_like(5, &like);
        assert_true(infer_view_same_dims(&v, &like));
        assert_true(infer_view_is_dense(&v));
        assert_int_equal(v.buf, 5);
        assert_int_equal(v.offset, 0);
        for (int32_t i = 0; i < v.rank; i++)
            for (int32_t j = 0; j < v.rank; j++)
                if (v.dim[i] > 1 && v.dim[j] > 1 && like.stride[i] > like.stride[j])
                    assert_true(v.stride[i] > v.stride[j]);
    }
}

/* ---- questions ---- */

static int compare_addresses(const void *a, const void *b)
{
    ptrdiff_t x = *(const ptrdiff_t *)a, y = *(const ptrdiff_t *)b;

    return (x > y) - (x < y);
}

/* Sorted, the addresses are consecutive. */
static bool covers_without_gaps(const infer_view *v)
{
    static ptrdiff_t at[MOST];
    size_t n = count(v);

    for (size_t i = 0; i < n; i++)
        at[i] = address(v, i);
    qsort(at, n, sizeof *at, compare_addresses);
    for (size_t i = 1; i < n; i++)
        if (at[i] != at[i - 1] + 1)
            return false;
    return true;
}

static bool has_mirrored_axis(const infer_view *v)
{
    for (int32_t i = 0; i < v->rank; i++)
        if (v->dim[i] > 1 && v->stride[i] < 0)
            return true;
    return false;
}

static void density_is_what_the_addresses_say(void **state)
{
    size_t yes = 0;

    (void)state;
    rng_seed(&randomness, 2);
    for (int round = 0; round < ROUNDS; round++) {
        infer_view v = random_view(below(2));
        bool want = covers_without_gaps(&v) && !has_mirrored_axis(&v);
        assert_int_equal(infer_view_is_dense(&v), want);
        yes += want;
    }
    assert_true(yes > ROUNDS / 4 && yes < ROUNDS);
}

static void row_order_is_what_the_addresses_say(void **state)
{
    size_t yes = 0;

    (void)state;
    rng_seed(&randomness, 3);
    for (int round = 0; round < ROUNDS; round++) {
        infer_view v = random_view(below(2));
        bool want = true;
        for (size_t i = 0; i < count(&v) && want; i++)
            want = address(&v, i) == v.offset + (ptrdiff_t)i;
        assert_int_equal(infer_view_is_rows(&v), want);
        yes += want;
    }
    assert_true(yes > ROUNDS / 16 && yes < ROUNDS);
}

/* Pixel p of image n starts at address(n, 0, 0, 0) + p * step, and holds C adjacent floats. */
static bool pixels_lie_so(const infer_view *v, size_t step)
{
    size_t c = v->dim[1], pixels = v->dim[2] * v->dim[3];

    for (size_t i = 0; i < count(v); i++) {
        size_t n = i / (c * pixels), ch = i / pixels % c, p = i % pixels;
        ptrdiff_t want = v->offset + (ptrdiff_t)n * v->stride[0] + (ptrdiff_t)(p * step + ch);
        if (address(v, i) != want)
            return false;
    }
    return true;
}

static void pixels_lie_where_the_step_says(void **state)
{
    size_t yes = 0, missed = 0;

    (void)state;
    rng_seed(&randomness, 4);
    for (int round = 0; round < 8 * ROUNDS; round++) {
        net_shape shape = random_shape(4);
        infer_view v = infer_view_nhwc(0, &shape), cut;
        size_t axis = below(4), first = below(v.dim[axis]);
        if (below(2))
            v = infer_view_rows(0, &shape);
        cut = v; /* a part of the map, as Slice and Split give it */
        cut.offset += (ptrdiff_t)first * v.stride[axis];
        cut.dim[axis] = 1 + below(v.dim[axis] - first);
        if (below(8) == 0)
            cut.stride[axis] *= -1;
        if (infer_view_is_pixels(&cut)) {
            yes++;
            assert_true(infer_view_pixel_step(&cut) >= cut.dim[1]);
            assert_true(pixels_lie_so(&cut, infer_view_pixel_step(&cut)));
        } else {
            for (size_t step = cut.dim[1]; step < 64; step++)
                missed += pixels_lie_so(&cut, step);
        }
    }
    assert_true(yes > ROUNDS);
    assert_int_equal(missed, 0);
}

/* ---- other dimensions ---- */

/* Another way to write the same number of elements. */
static net_shape regroup(const infer_view *v)
{
    net_shape s = {.rank = 0};
    int64_t left = (int64_t)count(v);

    while (s.rank < NET_MAX_RANK - 1 && (left > 1 || below(3))) {
        int64_t d = 1 + (int64_t)below(12);
        if (left % d)
            continue;
        s.dim[s.rank++] = d;
        left /= d;
    }
    if (left > 1 || s.rank == 0)
        s.dim[s.rank++] = left;
    return s;
}

/* Whether any strides give the same addresses: those of the unit steps would have to. */
static bool strides_exist(const infer_view *v, const net_shape *shape)
{
    infer_view r = {.rank = shape->rank, .offset = v->offset};
    size_t inner = 1;

    for (int32_t i = shape->rank - 1; i >= 0; i--) {
        r.dim[i] = (size_t)shape->dim[i];
        if (r.dim[i] > 1)
            r.stride[i] = address(v, inner) - v->offset;
        inner *= r.dim[i];
    }
    for (size_t i = 0; i < inner; i++)
        if (address(&r, i) != address(v, i))
            return false;
    return true;
}

static void reshaping_keeps_the_elements_where_strides_can(void **state)
{
    size_t done = 0, refused = 0;

    (void)state;
    rng_seed(&randomness, 5);
    for (int round = 0; round < 4 * ROUNDS; round++) {
        infer_view v = random_view(below(2)), out = {.rank = 99};
        net_shape shape = regroup(&v);
        if (!infer_view_reshape(&v, &shape, &out)) {
            assert_int_equal(out.rank, 99);
            assert_false(strides_exist(&v, &shape));
            refused++;
            continue;
        }
        assert_int_equal(out.rank, shape.rank);
        assert_int_equal(out.buf, v.buf);
        for (size_t i = 0; i < count(&v); i++)
            assert_int_equal(address(&out, i), address(&v, i));
        done++;
    }
    assert_true(done > ROUNDS && refused > ROUNDS / 4);
}

static void a_view_can_be_reshaped_in_place(void **state)
{
    static const net_shape from = {2, {4, 6}}, to = {3, {2, 2, 6}};
    infer_view v = infer_view_rows(1, &from);

    (void)state;
    assert_true(infer_view_reshape(&v, &to, &v));
    for (size_t i = 0; i < 24; i++)
        assert_int_equal(address(&v, i), i);
}

static void one_element_has_every_shape(void **state)
{
    static const net_shape scalar = {.rank = 0}, ones = {6, {1, 1, 1, 1, 1, 1}};
    infer_view v = infer_view_rows(1, &scalar), out;

    (void)state;
    v.offset = 5;
    assert_true(infer_view_reshape(&v, &ones, &out));
    assert_int_equal(address(&out, 0), 5);
    assert_true(infer_view_reshape(&out, &scalar, &out));
    assert_int_equal(out.rank, 0);
    assert_int_equal(out.offset, 5);
}

static void permuting_moves_the_axes(void **state)
{
    (void)state;
    rng_seed(&randomness, 6);
    for (int round = 0; round < ROUNDS; round++) {
        infer_view v = random_view(false), out;
        int32_t perm[NET_MAX_RANK];
        shuffle(perm, v.rank);
        out = infer_view_permute(&v, perm);
        assert_int_equal(out.rank, v.rank);
        for (size_t i = 0; i < count(&out); i++) {
            size_t at[NET_MAX_RANK], from = 0, rest = i;
            for (int32_t k = out.rank - 1; k >= 0; k--) {
                assert_int_equal(out.dim[k], v.dim[perm[k]]);
                at[perm[k]] = rest % out.dim[k];
                rest /= out.dim[k];
            }
            for (int32_t k = 0; k < v.rank; k++)
                from = from * v.dim[k] + at[k];
            assert_int_equal(address(&out, i), address(&v, from));
        }
    }
}

static void broadcasting_repeats_axes_of_one(void **state)
{
    (void)state;
    rng_seed(&randomness, 7);
    for (int round = 0; round < ROUNDS; round++) {
        infer_view v = random_view(false), out;
        int32_t rank = v.rank + (int32_t)below((size_t)(NET_MAX_RANK - v.rank) + 1);
        size_t dim[NET_MAX_RANK], total = 1;
        for (int32_t i = 0; i < rank; i++) {
            int32_t own = i - (rank - v.rank);
            size_t old = own < 0 ? 1 : v.dim[own];
            dim[i] = old == 1 && total < 64 ? random_dim() : old;
            total *= dim[i];
        }
        out = infer_view_broadcast(&v, rank, dim);
        assert_int_equal(out.rank, rank);
        for (size_t i = 0; i < total; i++) {
            size_t from = 0, rest = i, step = 1;
            for (int32_t k = rank - 1; k >= 0; k--) {
                int32_t own = k - (rank - v.rank);
                size_t at = rest % dim[k];
                rest /= dim[k];
                if (own < 0)
                    continue;
                from += (v.dim[own] == 1 ? 0 : at) * step;
                step *= v.dim[own];
            }
            assert_int_equal(out.dim[rank - 1], dim[rank - 1]);
            assert_int_equal(address(&out, i), address(&v, from));
        }
    }
}

/* ---- the walk ---- */

typedef struct visit { /* the elements that were seen together */
    ptrdiff_t at[INFER_LOOP_VIEWS];
} visit;

typedef struct visits {
    float *base;
    int32_t n_views;
    size_t n;
    visit seen[MOST];
} visits;

static void note_row(const void *ctx, float *const *p, size_t n, const ptrdiff_t *stride)
{
    visits *v = *(visits *const *)ctx;

    for (size_t i = 0; i < n; i++) {
        visit one = {{0}};
        for (int32_t k = 0; k < v->n_views; k++)
            one.at[k] = p[k] - v->base + (ptrdiff_t)i * stride[k];
        assert_true(v->n < MOST);
        v->seen[v->n++] = one;
    }
}

static int compare_visits(const void *a, const void *b)
{
    const visit *x = a, *y = b;

    for (int k = 0; k < INFER_LOOP_VIEWS; k++)
        if (x->at[k] != y->at[k])
            return x->at[k] < y->at[k] ? -1 : 1;
    return 0;
}

/* Views of the dimensions of v with strides of their own. */
static infer_view companion(const infer_view *v)
{
    net_shape shape = {.rank = v->rank};
    infer_view r;

    if (below(3) == 0) /* walks in step, so that axes merge */
        return *v;
    for (int32_t i = 0; i < v->rank; i++)
        shape.dim[i] = (int64_t)v->dim[i];
    r = infer_view_rows(0, &shape);
    for (int32_t i = 0; i < v->rank; i++)
        if (below(3) == 0)
            r.stride[i] = below(2) ? 0 : -r.stride[i];
    return r;
}

static void the_walk_meets_every_element_once(void **state)
{
    static visits walked, naive;
    static float memory[1]; /* a base to count from; nothing is read */

    (void)state;
    rng_seed(&randomness, 8);
    for (int round = 0; round < ROUNDS; round++) {
        infer_view v[INFER_LOOP_VIEWS] = {random_view(false)};
        const infer_view *all[INFER_LOOP_VIEWS] = {&v[0], &v[1], &v[2]};
        float *first[INFER_LOOP_VIEWS] = {memory, memory, memory};
        int32_t n_views = 1 + (int32_t)below(INFER_LOOP_VIEWS);
        visits *ctx = &walked;
        infer_loop loop;
        size_t n = count(&v[0]);
        v[0].offset = 0;
        for (int32_t k = 1; k < n_views; k++) {
            v[k] = companion(&v[0]);
            v[k].offset = 0;
        }
        loop = infer_loop_over(all, n_views);
        assert_true(loop.rank >= 1);
        walked.n = 0;
        walked.base = memory;
        walked.n_views = n_views;
        infer_loop_run(&loop, first, note_row, &ctx);
        assert_int_equal(walked.n, n);
        memset(&naive, 0, sizeof naive);
        for (size_t i = 0; i < n; i++)
            for (int32_t k = 0; k < n_views; k++)
                naive.seen[i].at[k] = address(&v[k], i);
        qsort(walked.seen, n, sizeof(visit), compare_visits);
        qsort(naive.seen, n, sizeof(visit), compare_visits);
        assert_memory_equal(walked.seen, naive.seen, n * sizeof(visit));
    }
}

static void equal_dense_views_are_one_row(void **state)
{
    (void)state;
    rng_seed(&randomness, 9);
    for (int round = 0; round < 100; round++) {
        infer_view v = random_view(true);
        const infer_view *both[2] = {&v, &v};
        infer_loop loop = infer_loop_over(both, 2);
        assert_int_equal(loop.rank, 1);
        assert_int_equal(loop.dim[0], count(&v));
        assert_int_equal(loop.stride[0][0], 1);
    }
}

static void nothing_is_walked_over_an_empty_view(void **state)
{
    static const net_shape shape = {3, {2, 0, 3}};
    static visits none;
    infer_view v = infer_view_rows(0, &shape);
    const infer_view *views[1] = {&v};
    infer_loop loop = infer_loop_over(views, 1);
    float *first[1] = {NULL};
    visits *ctx = &none;

    (void)state;
    infer_loop_run(&loop, first, note_row, &ctx);
    assert_int_equal(none.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_are_row_major),
        cmocka_unit_test(nhwc_has_channels_innermost),
        cmocka_unit_test(like_is_dense_in_the_same_order),
        cmocka_unit_test(density_is_what_the_addresses_say),
        cmocka_unit_test(row_order_is_what_the_addresses_say),
        cmocka_unit_test(pixels_lie_where_the_step_says),
        cmocka_unit_test(reshaping_keeps_the_elements_where_strides_can),
        cmocka_unit_test(a_view_can_be_reshaped_in_place),
        cmocka_unit_test(one_element_has_every_shape),
        cmocka_unit_test(permuting_moves_the_axes),
        cmocka_unit_test(broadcasting_repeats_axes_of_one),
        cmocka_unit_test(the_walk_meets_every_element_once),
        cmocka_unit_test(equal_dense_views_are_one_row),
        cmocka_unit_test(nothing_is_walked_over_an_empty_view),
    };

    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
