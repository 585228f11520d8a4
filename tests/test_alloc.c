/* The n-th allocation fails, for every n of loading a model and finding landmarks with it. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/mem.h"
#include "infer_rig.h"
#include "net/onnx.h"
#include "pfld/pfld.h"
#include "tiny_detector.h"
#include "tiny_face.h"

/* The linker sends all of the library's asking for memory, and free(), through here. */
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);

static long left = -1; /* allocations until one fails; < 0: none does */
static long alive;     /* blocks allocated and not freed */
static long made;

static void *counted(void *p)
{
    left = left > 0 ? left - 1 : -1;
    alive += p != NULL;
    made++;
    return p;
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    return counted(left == 0 ? NULL : __real_aligned_alloc(align, size));
}

void *__wrap_calloc(size_t n, size_t size)
{
    return counted(left == 0 ? NULL : __real_calloc(n, size));
}

void __wrap_free(void *p)
{
    alive -= p != NULL;
    __real_free(p);
}

/* ---- a net that keeps every part of the compiler busy ---- */

static int32_t conv(rig *r, int32_t x, size_t out, size_t in, size_t k)
{
    int64_t pad = (int64_t)k / 2;

    x = rig_node(r, NET_OP_CONV, x, rig_const(r, ref_random(-0.3, 0.3, DIMS(out, in, k, k))),
                 rig_const(r, ref_random(-1, 1, DIMS(out))));
    rig_ints(r, "pads", LONGS(pad, pad, pad, pad));
    if (in == 1)
        rig_int(r, "group", (int64_t)out);
    return x;
}

/* Batch norm to fold, a slope, a residual. */
static int32_t block(rig *r, int32_t x, size_t c)
{
    int32_t y = conv(r, x, c, c, 3);
    ref n[4];

    for (size_t i = 0; i < 4; i++)
        n[i] = ref_random(0.5, 1.5, 1, &c);
    y = rig_node(r, NET_OP_BATCH_NORM, y, rig_const(r, n[0]), rig_const(r, n[1]),
                 rig_const(r, n[2]), rig_const(r, n[3]));
    y = rig_node(r, NET_OP_PRELU, y, rig_const(r, ref_random(0, 1, DIMS(c, 1, 1))));
    y = rig_node(r, NET_OP_RELU, conv(r, y, c, 1, 3));
    y = conv(r, y, c, c, 1);
    return rig_node(r, NET_OP_RELU, rig_node(r, NET_OP_ADD, x, y));
}

/* [1][8][8][8] in two halves, one gated, shuffled, shrunk and stretched again. */
static int32_t neck(rig *r, int32_t x)
{
    static const double scales[] = {1, 1, 2, 2};
    int32_t half[2], y;

    rig_node_split(r, NET_OP_SPLIT, 1, &x, 2, half);
    rig_int(r, "axis", 1);
    y = rig_node(r, NET_OP_SIGMOID, rig_node(r, NET_OP_GLOBAL_AVERAGE_POOL, half[0]));
    half[0] = rig_node(r, NET_OP_MUL, half[0], y);
    y = rig_node(r, NET_OP_AVERAGE_POOL, half[1]);
    rig_ints(r, "kernel_shape", LONGS(2, 2));
    rig_ints(r, "strides", LONGS(2, 2));
    half[1] = rig_node(r, NET_OP_RESIZE, y, NET_NONE, rig_const(r, ref_values(4, scales)));
    y = rig_node(r, NET_OP_CONCAT, half[0], half[1]);
    rig_int(r, "axis", 1);
    y = rig_node(r, NET_OP_RESHAPE, y, rig_longs(r, LONGS(1, 2, 4, 8, 8)));
    y = rig_node(r, NET_OP_TRANSPOSE, y);
    rig_ints(r, "perm", LONGS(0, 2, 1, 3, 4));
    y = rig_node(r, NET_OP_RESHAPE, y, rig_longs(r, LONGS(1, 8, 8, 8)));
    y = rig_node(r, NET_OP_PAD, y, rig_longs(r, LONGS(0, 0, 1, 1, 0, 0, 1, 1)));
    rig_text(r, "mode", "reflect");
    return y;
}

/* As exporters flatten: by the shape that the graph itself computes. */
static int32_t flattened(rig *r, int32_t x)
{
    int32_t n = rig_node(r, NET_OP_GATHER, rig_node(r, NET_OP_SHAPE, x), rig_longs(r, LONGS(0)));

    n = rig_node(r, NET_OP_CONCAT, n, rig_longs(r, LONGS(-1)));
    rig_int(r, "axis", 0);
    return rig_node(r, NET_OP_RESHAPE, x, n);
}

static uint8_t *make_model(size_t *size)
{
    rig r;
    int32_t x;
    uint8_t *buf = NULL;
    pfld_error err = {0};

    rig_open(&r, 13);
    x = rig_input(&r, ref_new(DIMS(1, 3, 8, 8)));
    x = neck(&r, block(&r, conv(&r, x, 8, 3, 3), 8));
    x = flattened(&r, x);
    x = rig_node(&r, NET_OP_GEMM, x, rig_const(&r, ref_random(-0.05, 0.05, DIMS(800, 10))),
                 rig_const(&r, ref_random(0, 1, DIMS(10))));
    x = rig_node(&r, NET_OP_MATMUL, x, rig_const(&r, ref_random(-1, 1, DIMS(10, 136))));
    rig_expect(&r, rig_node(&r, NET_OP_SOFTMAX, x), ref_scalar(0));
    assert_true(net_meta_set(r.g, "pfld.scheme", "ibug68"));
    assert_true(net_meta_set(r.g, "pfld.input", "bgr,-1..1"));
    if (net_graph_sort(r.g, &err) != PFLD_OK || net_onnx_write(r.g, &buf, size, &err) != PFLD_OK)
        fail_msg("%s", err.msg);
    rig_close(&r);
    return buf;
}

/* ---- the failing runs ---- */

typedef struct load_and_run {
    const uint8_t *model, *detector; /* [size], [detector_size]; detector NULL: none */
    size_t size, detector_size;
    int32_t threads;
    pfld_face face;
    pfld_error err;
} load_and_run;

/* The mark, in the picture's middle, is what tiny_marks takes for a face. */
static pfld_status find(load_and_run *l, pfld_session *s, const pfld_image *img)
{
    size_t n = 0;
    pfld_status st = pfld_detect(s, img, &l->face, 1, &n, &l->err);

    assert_int_equal(n, st == PFLD_OK);
    return st;
}

static pfld_status run(load_and_run *l)
{
    static uint8_t pixels[3 * 64 * 64];
    static pfld_image img = {pixels, 64, 64, 3 * 64, PFLD_RGB8};
    static const pfld_box box = {1, 2, 9, 8};
    pfld_model *m, *d = NULL;
    pfld_session *s = NULL;
    pfld_options o;
    long before;
    pfld_status st = pfld_model_load_memory(l->model, l->size, NULL, &m, &l->err);

    tiny_mark(&img, 24, 32, 8, 0);
    pfld_options_init(&o, sizeof o);
    o.max_side = 64;
    o.presence_min = -1;
    o.threads = l->threads;
    assert_int_equal(m == NULL, st != PFLD_OK);
    if (st == PFLD_OK && l->detector)
        st = pfld_model_load_memory(l->detector, l->detector_size, NULL, &d, &l->err);
    if (st == PFLD_OK) {
        st = pfld_session_create(m, d, &o, &s, &l->err);
        assert_int_equal(s == NULL, st != PFLD_OK);
    }
    before = made;
    if (st == PFLD_OK)
        st = d ? find(l, s, &img) : pfld_landmarks(s, &img, &box, &l->face, &l->err);
    assert_int_equal(made, before); /* running allocates nothing */
    pfld_session_free(s);
    pfld_model_free(d);
    pfld_model_free(m);
    return st;
}

static void fail_each(const load_and_run *what)
{
    load_and_run l = *what, whole = *what;
    long before = alive, n;
    pfld_status st = PFLD_ERR_NOMEM;

    if (run(&whole) != PFLD_OK)
        fail_msg("%s", whole.err.msg);
    assert_int_equal(alive, before);
    for (n = 0; st == PFLD_ERR_NOMEM; n++) {
        l.err = (pfld_error){0};
        left = n;
        st = run(&l);
        left = -1;
        assert_int_equal(alive, before);
        assert_int_equal(l.err.status, st);
        assert_true(st == PFLD_OK || strlen(l.err.msg) > 0);
        assert_true(n < 10000);
    }
    if (st != PFLD_OK)
        fail_msg("allocation %ld: %s", n, l.err.msg);
    assert_true(n > 20);
    assert_memory_equal(&l.face, &whole.face, sizeof l.face);
}

static void every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    load_and_run l = {0};
    uint8_t *model = make_model(&l.size);

    (void)state;
    l.model = model;
    fail_each(&l);
    mem_free(model);
}

static void so_is_every_one_of_a_detector_s(void **state)
{
    load_and_run l = {0};
    uint8_t *model = tiny_net_onnx(&tiny_fixed_points, &l.size);
    uint8_t *detector = tiny_detector_onnx(&tiny_marks, &l.detector_size);

    (void)state;
    l.model = model;
    l.detector = detector;
    fail_each(&l);
    l.threads = 3;
    fail_each(&l);
    mem_free(detector);
    mem_free(model);
}

/* Finding out how much, and using a caller's memory, need some of our own meanwhile. */
static void workspaces_survive_failing_allocations(void **state)
{
    size_t size, bytes = 0;
    uint8_t *model = make_model(&size);
    pfld_model *m;
    pfld_session *s;
    pfld_options opt;
    pfld_status st = PFLD_ERR_NOMEM;
    long before, n;

    (void)state;
    assert_int_equal(pfld_model_load_memory(model, size, NULL, &m, NULL), PFLD_OK);
    before = alive;
    for (n = 0; st == PFLD_ERR_NOMEM; n++) {
        left = n;
        st = pfld_workspace_size(m, NULL, NULL, &bytes, NULL);
        left = -1;
        assert_int_equal(alive, before);
        assert_int_equal(bytes == 0, st != PFLD_OK);
    }
    assert_int_equal(st, PFLD_OK);
    assert_true(n > 3);
    pfld_options_init(&opt, sizeof opt);
    opt.workspace = mem_alloc(1, bytes);
    opt.workspace_size = bytes;
    assert_non_null(opt.workspace);
    before = alive;
    st = PFLD_ERR_NOMEM;
    for (n = 0; st == PFLD_ERR_NOMEM; n++) {
        left = n;
        st = pfld_session_create(m, NULL, &opt, &s, NULL);
        left = -1;
        assert_int_equal(s == NULL, st != PFLD_OK);
        assert_int_equal(alive, before); /* a session in a workspace owns nothing else */
    }
    assert_int_equal(st, PFLD_OK);
    pfld_session_free(s);
    mem_free(opt.workspace);
    pfld_model_free(m);
    mem_free(model);
}

static void a_file_is_loaded_with_failing_allocations(void **state)
{
    pfld_status st = PFLD_ERR_NOMEM;
    pfld_model *m;
    long before = alive;

    (void)state;
    for (long n = 0; st == PFLD_ERR_NOMEM; n++) {
        left = n;
        st = pfld_model_load(__FILE__, NULL, &m, NULL);
        left = -1;
        assert_null(m);
        assert_int_equal(alive, before);
    }
    assert_true(st == PFLD_ERR_FORMAT || st == PFLD_ERR_IO || st == PFLD_ERR_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_failing_allocation_is_reported_and_leaks_nothing),
        cmocka_unit_test(so_is_every_one_of_a_detector_s),
        cmocka_unit_test(workspaces_survive_failing_allocations),
        cmocka_unit_test(a_file_is_loaded_with_failing_allocations),
    };

    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
