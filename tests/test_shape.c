/* Shape inference and the computing of constants, operator by operator, sound and hostile. */
#include "net_text.h"

#include "net/onnx.h"
#include "net/op_params.h"
#include "net/shape.h"

typedef struct rule_case {
    int64_t opset;
    const char *net;  /* the last node is the one in question, its first output is y */
    const char *want; /* its outputs: "1x3x2", "i64:2" of another kind, "i64:2=5,7" of a constant;
                         "!F" and "!U" are failures as _FORMAT and _UNSUPPORTED */
} rule_case;

static size_t print_constant(const net_tensor *t, char *buf, size_t size)
{
    size_t used = (size_t)snprintf(buf, size, "=");
    for (size_t i = 0; i < t->count && used < size; i++) {
        const char *comma = i ? "," : "";
        used += (size_t)(t->dtype == NET_F32 ? snprintf(buf + used, size - used, "%s%g", comma,
                                                        net_tensor_number(t, i))
                                             : snprintf(buf + used, size - used, "%s%lld", comma,
                                                        (long long)net_tensor_int(t, i)));
    }
    return used;
}

static void print_value(const net_value *value, char *buf, size_t size)
{
    static const char *const kinds[12] = {[NET_U8] = "u8:",
                                          [NET_I8] = "i8:",
                                          [NET_I32] = "i32:",
                                          [NET_I64] = "i64:",
                                          [NET_BOOL] = "b:"};
    char shape[96];
    assert_true(value->has_shape);
    net_shape_text(&value->shape, shape, sizeof shape);
    size_t used =
        (size_t)snprintf(buf, size, "%s%s", kinds[value->dtype] ? kinds[value->dtype] : "", shape);
    if (value->constant) {
        assert_true(net_shape_equal(&value->constant->shape, &value->shape));
        assert_int_equal(value->constant->dtype, value->dtype);
        print_constant(value->constant, buf + used, size - used);
    }
}

/* What became of the last node. */
static void run_case(const rule_case *c, char *buf, size_t size)
{
    pfld_error err = {0};
    net_graph *g = net_from_text(c->opset, c->net);
    const net_node *last = &g->nodes[g->n_nodes - 1];
    int32_t out[64];
    size_t n = last->n_out, used = 0;
    memcpy(out, last->out, n * sizeof *out);
    pfld_status status = net_infer_shapes(g, &err);
    if (status != PFLD_OK) {
        snprintf(buf, size, "!%s",
                 status == PFLD_ERR_FORMAT        ? "F"
                 : status == PFLD_ERR_UNSUPPORTED ? "U"
                                                  : "?");
        if (!strstr(err.msg, "node 'y'"))
            fail_msg("%s: does not name the node: %s", c->net, err.msg);
    }
    for (size_t i = 0; status == PFLD_OK && i < n; i++) {
        if (i)
            buf[used++] = ' ';
        if (out[i] == NET_NONE)
            snprintf(buf + used, size - used, "-");
        else
            print_value(&g->values[out[i]], buf + used, size - used);
        used = strlen(buf);
    }
    net_graph_free(g);
}

static void check_cases(const rule_case *cases, size_t n)
{
    int failed = 0;
    for (size_t i = 0; i < n; i++) {
        char got[512];
        run_case(&cases[i], got, sizeof got);
        if (strcmp(got, cases[i].want) != 0) {
            print_error("opset %d: %s\n    gives %s, not %s\n", (int)cases[i].opset, cases[i].net,
                        got, cases[i].want);
            failed++;
        }
    }
    assert_int_equal(failed, 0);
}
#define CHECK(cases) check_cases(cases, sizeof(cases) / sizeof *(cases))

#define X "in x 1x4x9x11; "

static void convolutions_get_the_sizes_of_the_specification(void **state)
{
    static const rule_case cases[] = {
        {9, X "y = Conv(x,#z8x4x3x3)", "1x8x7x9"},
        {9, X "y = Conv(x,#z8x4x3x3) pads=[1,1,1,1]", "1x8x9x11"},
        {9, X "y = Conv(x,#z8x4x3x3,#z8) strides=[2,2] pads=[1,1,1,1]", "1x8x5x6"},
        {9, X "y = Conv(x,#z8x4x3x3) strides=[2,3] pads=[0,1,2,3]", "1x8x5x5"},
        {9, X "y = Conv(x,#z8x4x3x3) dilations=[2,4]", "1x8x5x3"},
        {9, X "y = Conv(x,#z4x1x5x1) group=4", "1x4x5x11"},
        {9, X "y = Conv(x,#z6x2x1x1) group=2 kernel_shape=[1,1]", "1x6x9x11"},
        {9, X "y = Conv(x,#z8x4x3x3) auto_pad=VALID pads=[9,9,9,9]", "1x8x7x9"},
        {9, X "y = Conv(x,#z8x4x3x3) auto_pad=SAME_UPPER strides=[2,2]", "1x8x5x6"},
        {9, X "y = Conv(x,#z8x4x4x4) auto_pad=SAME_LOWER strides=[4,4]", "1x8x3x3"},
        {9, X "y = Conv(x,#z8x4x1x1) auto_pad=SAME_UPPER strides=[3,3]", "1x8x3x4"},
        {9, X "y = Conv(x,#z8x4x3x3) auto_pad=SAME_UPPER dilations=[3,3]", "1x8x9x11"},
        {9, X "y = Conv(x,#z8x4x9x11)", "1x8x1x1"},
        {9, X "y = Conv(x,#z8x4x10x11)", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) dilations=[5,1]", "!F"},
        {9, X "y = Conv(x,#z8x3x3x3)", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) group=2", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) group=0", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) group=-4", "!F"},
        {9, X "y = Conv(x,#z8x1x3x3) group=9223372036854775807", "!F"},
        {9, X "y = Conv(x,#z9x2x3x3) group=2", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3,#z7)", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3,#z1x8)", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) strides=[0,1]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) strides=[1]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) strides=[1,9223372036854775807]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) dilations=[0,1]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) dilations=[16777216,16777216]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) pads=[-1,0,0,0]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) pads=[0,0,0]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) pads=[16777216,16777216,16777216,16777216]", "!U"},
        {9, X "y = Conv(x,#z8x4x3x3) kernel_shape=[5,5]", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) kernel_shape=3", "!F"},
        {9, X "y = Conv(x,#z8x4x3x3) auto_pad=SAME", "!F"},
        {9, X "y = Conv(x,#z8x4x0x3)", "!F"},
        {9, X "y = Conv(x,#z0x4x3x3)", "!U"},
        {9, X "y = Conv(x,#[1,2])", "!F"},
        {9, X "y = Conv(x,#z8x4x3)", "!F"},
        {9, X "y = Conv(x,-)", "!F"},
        {9, "in x 1x4x9; y = Conv(x,#z8x4x3)", "!U"},
        {9, "in x 1x4x9x9x9; y = Conv(x,#z8x4x3x3x3)", "!U"},
        {9, "in x 1x4; y = Conv(x,#z8x4)", "!F"},
        {11, X "y = ConvTranspose(x,#z4x6x2x2) strides=[2,2]", "1x6x18x22"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3) strides=[2,2] pads=[1,1,1,1]", "1x6x17x21"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3) strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]",
         "1x6x18x22"},
        {11, X "y = ConvTranspose(x,#z4x3x4x4,#z6) group=2 dilations=[2,1]", "1x6x15x14"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3) strides=[2,2] auto_pad=SAME_UPPER", "1x6x18x22"},
        {11, X "y = ConvTranspose(x,#z4x6x1x1) strides=[3,3] auto_pad=SAME_LOWER", "1x6x27x33"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3) strides=[2,2] output_shape=[17,20]", "1x6x17x20"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3) strides=[2,2] auto_pad=VALID", "1x6x19x23"},
        {11, X "y = ConvTranspose(x,#z5x6x3x3)", "!F"},
        {11, X "y = ConvTranspose(x,#z4x6x1x1) pads=[5,5,5,5]", "!F"},
        {11, X "y = ConvTranspose(x,#z4x6x1x1) strides=[16777216,16777216]", "!U"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3) output_shape=[0,1]", "!F"},
        {11, X "y = ConvTranspose(x,#z4x6x3x3,#z4)", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void pools_get_the_sizes_of_the_specification(void **state)
{
    static const rule_case cases[] = {
        {9, X "y = MaxPool(x) kernel_shape=[2,2] strides=[2,2]", "1x4x4x5"},
        {10, X "y = MaxPool(x) kernel_shape=[2,2] strides=[2,2] ceil_mode=1", "1x4x5x6"},
        {10, X "y = MaxPool(x) kernel_shape=[2,2]", "1x4x8x10"},
        {10, X "y = MaxPool(x) kernel_shape=[2,3] dilations=[4,2]", "1x4x5x7"},
        {10, X "y = AveragePool(x) kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]", "1x4x5x6"},
        /* the last window would start in the padding behind the map: it does not count */
        {10,
         "in x 1x1x4x5; y = AveragePool(x) kernel_shape=[2,2] strides=[3,3] pads=[0,0,1,1] "
         "ceil_mode=1",
         "1x1x2x2"},
        {10,
         "in x 1x1x3x2; y = MaxPool(x) kernel_shape=[2,2] strides=[2,2] pads=[1,1,1,1] ceil_mode=1",
         "1x1x2x2"},
        {10, X "y = MaxPool(x) kernel_shape=[3,3] strides=[2,2] auto_pad=SAME_UPPER", "1x4x5x6"},
        {10, X "y = MaxPool(x) kernel_shape=[3,3] strides=[2,2] auto_pad=VALID ceil_mode=1",
         "1x4x4x5"},
        {10, X "y = MaxPool(x) kernel_shape=[9,11]", "1x4x1x1"},
        {10, X "y,- = MaxPool(x) kernel_shape=[2,2]", "1x4x8x10 -"},
        {10, X "y,z = MaxPool(x) kernel_shape=[2,2]", "!U"},
        {10, X "y = MaxPool(x) kernel_shape=[10,1]", "!F"},
        {10, X "y = MaxPool(x) kernel_shape=[2,2] pads=[2,0,0,0]", "!F"},
        {10, X "y = MaxPool(x)", "!F"},
        {10, X "y = MaxPool(x) kernel_shape=[0,1]", "!F"},
        {10, X "y = MaxPool(x) kernel_shape=[1,1] strides=[0,0]", "!F"},
        {10, "in x 1x4x9; y = MaxPool(x) kernel_shape=[2]", "!U"},
        {10, X "y = GlobalAveragePool(x)", "1x4x1x1"},
        {10, X "y = GlobalMaxPool(x)", "1x4x1x1"},
        {10, "in x 4x9; y = GlobalMaxPool(x)", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void shapes_spread_over_each_other(void **state)
{
    static const rule_case cases[] = {
        {9, X "in b 4x1x1; y = Add(x,b)", "1x4x9x11"},
        {9, "in x 3x1; in b 1x5; y = Mul(x,b)", "3x5"},
        {9, "in x 5; in b 2x1x1; y = Sub(x,b)", "2x1x5"},
        {9, "in x 5; y = Div(x,#f2.0)", "5"},
        {9, "in x 1x1x1x1x1x2; in b 3x1; y = Max(x,b,#z1)", "1x1x1x1x3x2"},
        {9, "in x 4; y = Min(x)", "4"},
        {9, "in x 4; in b 3; y = Add(x,b)", "!F"},
        {9, "in x 4x3; in b 4; y = Add(x,b)", "!F"},
        {9, "in x 4; in b i64:4; y = Add(x,b)", "!F"},
        {9, "in x 4; y = Add(x,#z0)", "!F"},
        {9, "in x 1; y = Add(x,#z0)", "!U"},
        {12, "in x 4; y = Pow(x,#2)", "4"},
        {9, "in x 2x4; in b 1x4; y = Equal(x,b)", "b:2x4"},
        {9, "in x b:2x1; in p 3; in q 1x1; y = Where(x,p,q)", "2x3"},
        {9, "in x 2; in p 3; in q 1x1; y = Where(x,p,q)", "!F"},
        {9, "in x b:2; in p 2; in q i64:2; y = Where(x,p,q)", "!F"},
        {9, X "y = PRelu(x,#z4x1x1)", "1x4x9x11"},
        {9, X "y = PRelu(x,#z4)", "!F"},
        {9, "in x 4; y = PRelu(x,#z2x4)", "!F"},
        {9, "in x 3x1; y = Expand(x,#[2,1,4])", "2x3x4"},
        {9, "in x 3x4; y = Expand(x,#[1])", "3x4"},
        {9, "in x 3; y = Expand(x,#[2])", "!F"},
        {9, "in x 3; y = Expand(x,#[-1])", "!F"},
        {9, "in x 1; y = Expand(x,#[1,1,1,1,1,1,1])", "!U"},
        {9, "in x 1; y = Expand(x,#[9223372036854775807,9223372036854775807])", "!U"},
        {9, "in x 1; in s i64:1; y = Expand(x,s)", "!U"},
        {9, "in x 2x3; y = Tile(x,#[2,3])", "4x9"},
        {9, "in x 2x3; y = Tile(x,#[2])", "!F"},
        {9, "in x 2x3; y = Tile(x,#[9223372036854775807,4])", "!U"},
        {9, "in x 2x3; y = Tile(x,#[0,1])", "!U"},
        {9, "in x 2x3; y = Tile(x,#[-1,1])", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void matrices_meet(void **state)
{
    static const rule_case cases[] = {
        {9, "in x 2x3; y = Gemm(x,#z3x5,#z5)", "2x5"},
        {9, "in x 3x2; y = Gemm(x,#z5x3,#z2x1) transA=1 transB=1", "2x5"},
        {11, "in x 2x3; y = Gemm(x,#z3x5)", "2x5"},
        {11, "in x 2x3; y = Gemm(x,#z3x5,#f1.0)", "2x5"},
        {9, "in x 2x3; y = Gemm(x,#z5x3,#z5)", "!F"},
        {9, "in x 2x3; y = Gemm(x,#z3x5,#z2)", "!F"},
        {9, "in x 2x3; y = Gemm(x,#z3x5,#z1x1x5)", "!F"},
        {9, "in x 1x2x3; y = Gemm(x,#z3x5,#z5)", "!F"},
        {9, "in x 2x3; y = MatMul(x,#z3x5)", "2x5"},
        {9, "in x 7x1x2x3; in b 4x3x5; y = MatMul(x,b)", "7x4x2x5"},
        {9, "in x 3; in b 4x3x5; y = MatMul(x,b)", "4x5"},
        {9, "in x 4x2x3; in b 3; y = MatMul(x,b)", "4x2"},
        {9, "in x 3; in b 3; y = MatMul(x,b)", "scalar"},
        {9, "in x 2x3; y = MatMul(x,#z2x3)", "!F"},
        {9, "in x 2x2x3; in b 3x3x1; y = MatMul(x,b)", "!F"},
        {9, "in x 3; y = MatMul(x,#f1.0)", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void reshaping_counts_elements(void **state)
{
    static const rule_case cases[] = {
        {9, "in x 2x3x4; y = Reshape(x,#[6,4])", "6x4"},
        {9, "in x 2x3x4; y = Reshape(x,#[0,-1])", "2x12"},
        {9, "in x 2x3x4; y = Reshape(x,#[-1])", "24"},
        {9, "in x 2x3x4; y = Reshape(x,#[0,0,2,-1])", "2x3x2x2"},
        {9, "in x 1; y = Reshape(x,#z0)", "!F"},
        {9, "in x 1; y = Reshape(x,#[])", "scalar"},
        {9, "in x 2x3; y = Reshape(x,#[4,-1])", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[-1,-1])", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[5])", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[-2,3])", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[2,3,0])", "!F"},
        {14, "in x 2x3; y = Reshape(x,#[0,-1]) allowzero=1", "!F"},
        {14, "in x 2x3; y = Reshape(x,#[0,3]) allowzero=1", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[4294967296,4294967296,4294967296])", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[9223372036854775807,-1])", "!F"},
        {9, "in x 2x3; y = Reshape(x,#[1,1,1,1,1,2,3])", "!U"},
        {9, "in x 2x3; in s i64:1; y = Reshape(x,s)", "!U"},
        {9, "in x 2x3x4; y = Flatten(x)", "2x12"},
        {9, "in x 2x3x4; y = Flatten(x) axis=0", "1x24"},
        {9, "in x 2x3x4; y = Flatten(x) axis=3", "24x1"},
        {11, "in x 2x3x4; y = Flatten(x) axis=-1", "6x4"},
        {9, "in x 2x3x4; y = Flatten(x) axis=4", "!F"},
        {9, "in x 2x3x4; y = Transpose(x)", "4x3x2"},
        {9, "in x 2x3x4; y = Transpose(x) perm=[1,0,2]", "3x2x4"},
        {9, "in x 2x3x4; y = Transpose(x) perm=[1,0]", "!F"},
        {9, "in x 2x3x4; y = Transpose(x) perm=[1,1,2]", "!F"},
        {9, "in x 2x3x4; y = Transpose(x) perm=[0,1,3]", "!F"},
        {9, "in x 2x3x4; y = Transpose(x) perm=[0,1,-1]", "!F"},
        {9, "in x 1x3x1; y = Squeeze(x)", "3"},
        {9, "in x 1x3x1; y = Squeeze(x) axes=[0]", "3x1"},
        {13, "in x 1x3x1; y = Squeeze(x,#[-1])", "1x3"},
        {13, "in x 1x3x1; y = Squeeze(x) axes=[0]", "3"},
        {9, "in x 1x3x1; y = Squeeze(x) axes=[1]", "!F"},
        {9, "in x 1x3x1; y = Squeeze(x) axes=[0,-3]", "!F"},
        {9, "in x 2x3; y = Unsqueeze(x) axes=[0,3]", "1x2x3x1"},
        {13, "in x 2x3; y = Unsqueeze(x,#[-1])", "2x3x1"},
        {13, "in x 2x3; y = Unsqueeze(x,#[3])", "!F"},
        {13, "in x 2x3; y = Unsqueeze(x)", "!F"},
        {13, "in x 2x3; y = Unsqueeze(x,#[0,1,2,3,4])", "!U"},
        {9, "in x 2x3; in b 2x4; y = Concat(x,b,x) axis=-1", "2x10"},
        {9, "in x 2x3; in b 3x3; y = Concat(x,b) axis=1", "!F"},
        {9, "in x 2x3; in b 2x3x1; y = Concat(x,b) axis=1", "!F"},
        {9, "in x 2x3; y = Concat(x,x) axis=2", "!F"},
        {9, "in x 2x3; y = Concat(x,x)", "!F"},
        {9, "in x 2x3; y = Concat(x,-) axis=0", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void pieces_are_cut_as_each_opset_says(void **state)
{
    static const rule_case cases[] = {
        {9, "in x 5x7; y = Slice(x) starts=[1] ends=[4]", "3x7"},
        {9, "in x 5x7; y = Slice(x) starts=[0,-3] ends=[2,2147483647] axes=[0,1]", "2x3"},
        {10, "in x 5x7; y = Slice(x,#[-2],#[9223372036854775807],#[1],#[1])", "5x2"},
        {10, "in x 5x7; y = Slice(x,#[0],#[7],#[-1],#[2])", "5x4"},
        {10, "in x 5x7; y = Slice(x,#[-1],#[-9223372036854775808],#[1],#[-1])", "5x7"},
        {10, "in x 5x7; y = Slice(x,#[9223372036854775807],#[0],#[1],#[-2])", "5x3"},
        {10, "in x 5x7; y = Slice(x,#[1],#[4],#[1],#[9223372036854775807])", "5x1"},
        {10, "in x 5x7; y = Slice(x,#[6],#[0],#[1],#[-9223372036854775808])", "5x1"},
        {10, "in x 5x7; y = Slice(x,#[-9223372036854775808],#[2])", "2x7"},
        {10, "in x 5x7; y = Slice(x,#[3],#[3])", "!U"},
        {10, "in x 5x7; y = Slice(x,#[0],#[3],#[0],#[0])", "!F"},
        {10, "in x 5x7; y = Slice(x,#[0],#[3],#[2])", "!F"},
        {10, "in x 5x7; y = Slice(x,#[0,0],#[3,3],#[0,0])", "!F"},
        {10, "in x 5x7; y = Slice(x,#[0,0],#[3])", "!F"},
        {10, "in x 5x7; y = Slice(x) starts=[1] ends=[4]", "!F"},
        {10, "in x 5x7; y = Slice(x,#[0,0,0],#[1,1,1])", "!F"},
        {10, "in x 5x7; in s i64:1; y = Slice(x,s,#[1])", "!U"},
        {9, "in x 6x2; y,b = Split(x)", "3x2 3x2"},
        {9, "in x 6x2; y,b = Split(x) split=[1,5]", "1x2 5x2"},
        {13, "in x 6x2; y,b,c = Split(x,#[1,2,3])", "1x2 2x2 3x2"},
        {18, "in x 7x2; y,b,c = Split(x) num_outputs=3", "3x2 3x2 1x2"},
        {13, "in x 7x2; y,b = Split(x) axis=-2", "!F"},
        {18, "in x 7x2; y,b = Split(x) num_outputs=3", "!F"},
        {18, "in x 2x2; y,b,c,d = Split(x) num_outputs=4", "!F"},
        {13, "in x 6x2; y,b = Split(x,#[1,4])", "!F"},
        {13, "in x 6x2; y,b = Split(x,#[7,-1])", "!F"},
        {13, "in x 6x2; y,b = Split(x,#[1,2,3])", "!F"},
        {13, "in x 6x2; y,b = Split(x,#[9223372036854775807,9223372036854775807])", "!F"},
        {9, "in x 2x3x4x5; y = Pad(x) pads=[0,0,1,2,0,0,3,4]", "2x3x8x11"},
        {11, "in x 2x3; y = Pad(x,#[0,-1,0,2])", "2x4"},
        {18, "in x 2x3; y = Pad(x,#[1,2],-,#[-1])", "2x6"},
        {11, "in x 2x3; y = Pad(x,#[0,2,0,2]) mode=reflect", "2x7"},
        {11, "in x 2x3; y = Pad(x,#[0,3,0,0]) mode=reflect", "!F"},
        {11, "in x 2x3; y = Pad(x,#[9,0,0,0]) mode=edge", "11x3"},
        {19, "in x 2x3; y = Pad(x,#[0,3,0,0]) mode=wrap", "2x6"},
        {11, "in x 2x3; y = Pad(x,#[0,0,0,0]) mode=mirror", "!F"},
        {11, "in x 2x3; y = Pad(x,#[1,1])", "!F"},
        {11, "in x 2x3; y = Pad(x,#[0,-2,0,-2])", "!F"},
        {11, "in x 2x3; y = Pad(x,#[0,-3,0,0])", "!U"},
        {11, "in x 2x3; y = Pad(x,#[9223372036854775807,0,9223372036854775807,0])", "!F"},
        {11, "in x 2x3; y = Pad(x,#[-9223372036854775808,0,0,0])", "!F"},
        {11, "in x 2x3; y = Pad(x,#[1,1,1,1],#f[1.0,2.0])", "!F"},
        {9, "in x 5x7; y = Gather(x,#[0,-5,4])", "3x7"},
        {9, "in x 5x7; y = Gather(x,#6) axis=1", "5"},
        {9, "in x 5x7; y = Gather(x,#[1,2,3,4]@2x2) axis=-1", "5x2x2"},
        {9, "in x 5x7; in i i64:2; y = Gather(x,i)", "2x7"},
        {9, "in x 5x7; y = Gather(x,#5)", "!F"},
        {9, "in x 5x7; y = Gather(x,#-6)", "!F"},
        {9, "in x 5x7; y = Gather(x,#0) axis=2", "!F"},
        {9, "in x 5x7; y = Gather(x,#f1.0)", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void maps_are_resized_as_each_opset_says(void **state)
{
    static const rule_case cases[] = {
        {9, X "y = Upsample(x,#f[1,1,2,2])", "1x4x18x22"},
        {9, X "y = Upsample(x,#f[1,1,1.5,1.5]) mode=linear", "1x4x13x16"},
        {10, X "y = Resize(x,#f[1,1,2,0.5])", "!U"},
        {10, X "y = Resize(x,#f[1,1,0.5,0.5])", "1x4x4x5"},
        {11, X "y = Resize(x,#z0,#f[1,1,2,2])", "1x4x18x22"},
        {11, X "y = Resize(x,#z0,#z0,#[1,4,20,30]) mode=linear", "1x4x20x30"},
        {13, X "y = Resize(x,-,-,#[1,4,20,30]) mode=cubic", "1x4x20x30"},
        {13, X "y = Resize(x,-,#f[1,1,0.6,0.6])", "1x4x5x6"},
        {18, X "y = Resize(x,-,#f[2,3]) axes=[3,2]", "1x4x27x22"},
        {18, X "y = Resize(x,-,-,#[18,44]) axes=[2,3] keep_aspect_ratio_policy=not_larger",
         "1x4x18x22"},
        {18, X "y = Resize(x,-,-,#[18,44]) axes=[2,3] keep_aspect_ratio_policy=not_smaller",
         "1x4x36x44"},
        {18, X "y = Resize(x,-,#f[1,1,0.5,1]) mode=linear antialias=1", "!U"},
        {18, X "y = Resize(x,-,#f[1,1,2,1]) mode=linear antialias=1", "1x4x18x11"},
        {11, X "y = Resize(x,#z0,#f[1,1,2,2]) coordinate_transformation_mode=tf_crop_and_resize",
         "!U"},
        {11, X "y = Resize(x,#z0,#f[1,1,2,2]) mode=lanczos", "!U"},
        {11, X "y = Resize(x,#z0,#f[1,1,2])", "!F"},
        {11, X "y = Resize(x,#z0,#f[1,1,-2,2])", "!F"},
        {11, X "y = Resize(x,#z0,#f[1,1,nan,2])", "!F"},
        {11, X "y = Resize(x,#z0,#f[1,1,1e30,2])", "!F"},
        {11, X "y = Resize(x,#z0,#f[1,1,1e7,1e7])", "!U"},
        {11, X "y = Resize(x,#z0,#f[1,1,0.01,1])", "!U"},
        {11, X "y = Resize(x,#z0,#f[1,1,2,2],#[1,4,18,22])", "!F"},
        {11, X "y = Resize(x)", "!F"},
        {13, X "y = Resize(x,-,-,#[1,4,9223372036854775807,1])", "!F"},
        {13, X "y = Resize(x,-,-,#[1,4,0,1])", "!F"},
        {18, X "y = Resize(x,-,#f[2]) axes=[4]", "!F"},
    };
    (void)state;
    CHECK(cases);
}

static void the_rest_keeps_or_drops_axes(void **state)
{
    static const rule_case cases[] = {
        {9, X "y = Relu(x)", "1x4x9x11"},
        {9, X "y = Clip(x) min=0.0 max=6.0", "1x4x9x11"},
        {11, X "y = Clip(x,-,#f6.0)", "1x4x9x11"},
        {11, X "in m 1; y = Clip(x,m)", "!U"},
        {11, X "y = Clip(x,#f[0,1])", "!F"},
        {9, X "y = Sigmoid(x)", "1x4x9x11"},
        {9, "in x i64:3; y = Sigmoid(x)", "!F"},
        {14, X "y = HardSwish(x)", "1x4x9x11"},
        {9, X "y = BatchNormalization(x,#z4,#z4,#z4,#z4)", "1x4x9x11"},
        {9, X "y = BatchNormalization(x,#z4,#z3,#z4,#z4)", "!F"},
        {9, X "y = BatchNormalization(x,#z4,#z4,#z4)", "!F"},
        {14, X "y = BatchNormalization(x,#z4,#z4,#z4,#z4) training_mode=1", "!U"},
        {14, X "in s 4; y = BatchNormalization(x,s,#z4,#z4,#z4)", "!U"},
        {9, X "y = Softmax(x)", "1x4x9x11"},
        {9, X "y = Softmax(x) axis=4", "!F"},
        {9, "in x 4; y = Softmax(x)", "!F"},
        {13, "in x 4; y = Softmax(x)", "4"},
        {9, X "y,m = Dropout(x)", "1x4x9x11 b:1x4x9x11"},
        {12, X "y = Dropout(x,#f0.5,#b1)", "!U"},
        {12, X "y = Dropout(x,#f0.5,#b0)", "1x4x9x11"},
        {9, X "y = ReduceMean(x) axes=[2,3]", "1x4x1x1"},
        {9, X "y = ReduceMean(x) axes=[-1,2] keepdims=0", "1x4"},
        {9, X "y = ReduceMax(x) keepdims=0", "scalar"},
        {13, X "y = ReduceSum(x,#[1])", "1x1x9x11"},
        {13, X "y = ReduceSum(x) noop_with_empty_axes=1", "1x4x9x11"},
        {13, X "y = ReduceMean(x) axes=[1]", "1x1x9x11"},
        {18, X "y = ReduceMean(x,#[1]) keepdims=0", "1x9x11"},
        {9, X "y = ReduceMean(x) axes=[4]", "!F"},
        {9, X "y = ReduceMean(x) axes=[1,1]", "!F"},
        {9, X "y = Cast(x) to=7", "i64:1x4x9x11"},
        {9, X "y = Cast(x) to=10", "1x4x9x11"},
        {9, X "y = Cast(x) to=8", "!U"},
        {9, X "y = Cast(x)", "!U"},
        {10, X "y = QuantizeLinear(x,#f0.1,#u8 3)", "u8:1x4x9x11"},
        {10, X "y = QuantizeLinear(x,#f0.1)", "u8:1x4x9x11"},
        {13, X "y = QuantizeLinear(x,#z4,#i8[0,0,0,0])", "i8:1x4x9x11"},
        {13, X "y = QuantizeLinear(x,#z11,-) axis=-1", "u8:1x4x9x11"},
        {13, X "y = QuantizeLinear(x,#z4) axis=2", "!F"},
        {13, X "y = QuantizeLinear(x,#z4,#u8 1)", "!F"},
        {13, X "y = QuantizeLinear(x,#z4x1)", "!F"},
        {21, X "y = QuantizeLinear(x,#f0.1) block_size=2", "!U"},
        {21, X "y = QuantizeLinear(x,#f0.1) output_dtype=3", "i8:1x4x9x11"},
        {21, X "y = QuantizeLinear(x,#f0.1) output_dtype=4", "!U"},
        {10, "in x u8:3; y = DequantizeLinear(x,#f0.5,#u8 1)", "3"},
        {10, "in x u8:3; y = DequantizeLinear(x,#f0.5,#i8 1)", "!F"},
        {10, "in x 3; y = DequantizeLinear(x,#f0.5)", "!U"},
        {9, "in x i64:3; y = Neg(x)", "i64:3"},
    };
    (void)state;
    CHECK(cases);
}

static void constants_are_computed(void **state)
{
    static const rule_case cases[] = {
        {9, X "y = Shape(x)", "i64:4=1,4,9,11"},
        {15, X "y = Shape(x) start=1 end=-1", "i64:2=4,9"},
        {15, X "y = Shape(x) start=-9223372036854775808 end=9223372036854775807", "i64:4=1,4,9,11"},
        {15, X "y = Shape(x) start=3 end=1", "i64:0="},
        {14, X "y = Shape(x) start=1", "i64:4=1,4,9,11"},
        {9, "y = Add(#[1,2],#[10,20]@2x1)", "i64:2x2=11,12,21,22"},
        {9, "y = Sub(#u8[1,2],#u8[2,1])", "u8:2=255,1"},
        {9, "y = Add(#9223372036854775807,#1)", "i64:scalar=-9223372036854775808"},
        {9, "y = Div(#[7,-7],#2)", "i64:2=3,-3"},
        {9, "y = Div(#-9223372036854775808,#-1)", "i64:scalar=-9223372036854775808"},
        {9, "y = Div(#[1,2],#[1,0])", "!F"},
        {9, "y = Div(#f1.0,#f0.0)", "scalar=inf"},
        {9, "y = Mul(#f[1.5,2],#f[2,-0.25])", "2=3,-0.5"},
        {9, "y = Max(#[1,5],#3,#[4,4])", "i64:2=4,5"},
        {9, "y = Min(#f[1,5],#f3)", "2=1,3"},
        {12, "y = Pow(#[2,3],#[10,0])", "i64:2=1024,1"},
        {12, "y = Pow(#[2,-1],#-1)", "i64:2=0,-1"},
        {12, "y = Pow(#f[4,9],#f0.5)", "2=2,3"},
        {9, "y = Neg(#[-9223372036854775808,3])", "i64:2=-9223372036854775808,-3"},
        {9, "y = Sqrt(#f[4,2.25])", "2=2,1.5"},
        {9, "y = Floor(#f[1.5,-1.5])", "2=1,-2"},
        {9, "y = Ceil(#f[1.5,-1.5])", "2=2,-1"},
        {9, "y = Reciprocal(#f[4,0.5])", "2=0.25,2"},
        {9, "y = Exp(#f[0,1])", "2=1,2.71828"},
        {9, "y = Log(#f[1,10])", "2=0,2.30259"},
        {9, "y = Relu(#f[-1,2])", "2=0,2"},
        {9, "y = Sigmoid(#f[0,100,-100])", "3=0.5,1,3.78351e-44"},
        {9, "y = HardSigmoid(#f[0,10,-10])", "3=0.5,1,0"},
        {14, "y = HardSwish(#f[-3,0,1,6])", "4=-0,0,0.666667,6"},
        {9, "y = LeakyRelu(#f[-1,1]) alpha=0.5", "2=-0.5,1"},
        {9, "y = PRelu(#f[-2,2,-4,4]@2x2,#f[0.5,0.25])", "2x2=-1,2,-2,4"},
        {11, "y = Clip(#f[-2,0.5,9],#f-1,#f1)", "3=-1,0.5,1"},
        {12, "y = Clip(#[9007199254740993,-5],#0)", "i64:2=9007199254740993,0"},
        {9, "y = Cast(#f[1.9,-1.9,1e30,nan,-1e30]) to=7",
         "i64:5=1,-1,9223372036854775807,0,-9223372036854775808"},
        {9, "y = Cast(#f[-3,300,0.5]) to=2", "u8:3=0,255,0"},
        {9, "y = Cast(#[0,3]) to=9", "b:2=0,1"},
        {9, "y = Cast(#f[0.5,0]) to=9", "b:2=1,0"},
        {9, "y = Cast(#[3,-4]) to=1", "2=3,-4"},
        {9, "y = Cast(#[4294967297]) to=6", "i32:1=1"},
        {9, "y = Equal(#[1,2,3],#2)", "b:3=0,1,0"},
        {9, "y = Where(#b[1,0],#[1,2]@2x1,#[7,8])", "i64:2x2=1,8,2,8"},
        {9, "y = Concat(#[1,2]@1x2,#[3,4]@1x2) axis=0", "i64:2x2=1,2,3,4"},
        {9, "y = Concat(#[1,2]@2x1,#[3,4,5,6]@2x2) axis=1", "i64:2x3=1,3,4,2,5,6"},
        {9, "y,b = Split(#[1,2,3,4]@2x2) axis=1", "i64:2x1=1,3 i64:2x1=2,4"},
        {10, "y = Slice(#[1,2,3,4,5,6]@2x3,#[-1],#[-9],#[1],#[-2])", "i64:2x2=3,1,6,4"},
        {10, "y = Slice(#[1,2,3],#[2],#[1])", "i64:0="},
        {9, "y = Transpose(#[1,2,3,4,5,6]@2x3)", "i64:3x2=1,4,2,5,3,6"},
        {9, "y = Gather(#[5,6,7,8]@2x2,#[1,-2]) axis=1", "i64:2x2=6,5,8,7"},
        {9, "y = Gather(#[5,6,7],#-1)", "i64:scalar=7"},
        {9, "y = Expand(#[1,2]@2x1,#[2,2])", "i64:2x2=1,1,2,2"},
        {9, "y = Tile(#[1,2],#[2])", "i64:4=1,2,1,2"},
        {11, "y = Pad(#[1,2],#[1,2],#7)", "i64:5=7,1,2,7,7"},
        {11, "y = Pad(#[1,2,3],#[2,2]) mode=reflect", "i64:7=3,2,1,2,3,2,1"},
        {11, "y = Pad(#[1,2,3],#[1,-1]) mode=edge", "i64:3=1,1,2"},
        {19, "y = Pad(#[1,2,3],#[1,2]) mode=wrap", "i64:6=3,1,2,3,1,2"},
        {19, "y = Pad(#[1,2,3,4,5],#[-2,2]) mode=wrap", "i64:5=3,4,5,3,4"},
        {19, "y = Pad(#[1,2,3,4,5],#[2,-2]) mode=reflect", "i64:5=3,2,1,2,3"},
        {19, "y = Pad(#[1,2,3,4],#[-2,2]) mode=reflect", "!F"},
        {9, "y = Reshape(#[1,2,3,4],#[2,-1])", "i64:2x2=1,2,3,4"},
        {9, "y = Unsqueeze(#5) axes=[0]", "i64:1=5"},
        {9, "y = Identity(#f2.5)", "scalar=2.5"},
        {9, "y = Range(#1,#8,#3)", "i64:3=1,4,7"},
        {9, "y = Range(#5,#0,#-2)", "i64:3=5,3,1"},
        {9, "y = Range(#5,#0,#1)", "i64:0="},
        {9, "y = Range(#f0,#f1,#f0.25)", "4=0,0.25,0.5,0.75"},
        {9, "y = Range(#0,#9,#0)", "!F"},
        {9, "y = Range(#-9223372036854775808,#9223372036854775807,#1)", "!U"},
        {9, "y = Range(#9223372036854775807,#-9223372036854775808,#-9223372036854775808)",
         "i64:2=9223372036854775807,-1"},
        {9, "y = Range(#f0,#finf,#f1)", "!U"},
        {9, "y = ConstantOfShape(#[2])", "2=0,0"},
        {9, "y = ConstantOfShape(#[1,2]) value=#[7]", "i64:1x2=7,7"},
        {9, "y = ConstantOfShape(#[]) value=#f[3]", "scalar=3"},
        {9, "y = ConstantOfShape(#[-1])", "!F"},
        {9, "y = ConstantOfShape(#[1073741824])", "!U"},
        {9, "y = ConstantOfShape(#[100000000])", "!U"}, /* allowed by size, too much to compute */
        {9, "y = Constant() value=#[4,5]", "i64:2=4,5"},
        {12, "y = Constant() value_float=1.5", "scalar=1.5"},
        {12, "y = Constant() value_ints=[3,4]", "i64:2=3,4"},
        {9, "y = ReduceSum(#[1,2,3,4]@2x2) axes=[0]", "i64:1x2=4,6"},
        {18, "y = ReduceMax(#[1,2,3,4]@2x2,#[1]) keepdims=0", "i64:2=2,4"},
        {9, "y = ReduceMean(#f[1,2,3,6]) keepdims=0", "scalar=3"},
        {9, "y = MatMul(#f[1,2,3,4]@2x2,#f[5,6,7,8]@2x2)", "2x2=19,22,43,50"},
        {9, "y = MatMul(#f[1,2],#f[3,4])", "scalar=11"},
        {9, "y = MatMul(#f[1,2,3,4]@2x1x2,#f[1,1]@2x1)", "2x1x1=3,7"},
        /* halves go to the even neighbour; what does not fit is clamped */
        {10, "y = QuantizeLinear(#f[0.5,1.5,2.5,-9,999],#f1,#u8 1)", "u8:5=1,3,3,0,255"},
        {13, "y = QuantizeLinear(#f[1,1,2,2]@2x2,#f[0.5,1],#i8[0,-1])", "i8:2x2=2,0,4,1"},
        {10, "y = DequantizeLinear(#u8[0,128,255],#f0.5,#u8 128)", "3=-64,0,63.5"},
        {13, "y = DequantizeLinear(#i8[1,2,3,4]@2x2,#f[0.5,2],#i8[0,1]) axis=0", "2x2=0.5,1,4,6"},
        {10, "y = DequantizeLinear(#i32[-5],#f2)", "1=-10"},
    };
    (void)state;
    CHECK(cases);
}

static void exporters_shape_arithmetic_vanishes(void **state)
{
    pfld_error err = {0};
    net_graph *g = net_from_text(
        9, "in x ?x64x4x4; s = Shape(x); b = Gather(s,#0); b1 = Unsqueeze(b) axes=[0];"
           "t = Concat(b1,#[-1]) axis=0; y = Reshape(x,t); out y; out t");
    net_shape shape = {.rank = 4, .dim = {2, 64, 4, 4}};
    (void)state;
    assert_int_equal(net_infer_shapes(g, &err), PFLD_ERR_FORMAT);
    assert_non_null(strstr(err.msg, "'x' has an open shape (?x64x4x4)"));
    assert_int_equal(net_input_set_shape(g, 0, &shape, &err), PFLD_OK);
    assert_int_equal(net_infer_shapes(g, &err), PFLD_OK);
    assert_int_equal(g->n_nodes, 1);
    assert_int_equal(g->nodes[0].op, NET_OP_RESHAPE);
    char text[64];
    const net_value *y = &g->values[g->outputs[0]], *t = &g->values[g->outputs[1]];
    assert_string_equal(net_shape_text(&y->shape, text, sizeof text), "2x1024");
    assert_null(y->constant);
    assert_non_null(t->constant); /* a computed output stays readable */
    assert_int_equal(net_tensor_int(t->constant, 0), 2);
    assert_int_equal(net_tensor_int(t->constant, 1), -1);
    assert_int_equal(net_infer_shapes(g, &err), PFLD_OK); /* once more does no harm */
    net_graph_free(g);
}

static void an_input_keeps_what_the_file_states(void **state)
{
    pfld_error err = {0};
    net_graph *g = net_from_text(9, "in x ?x3x8x8; in z ?; y = Relu(x); w = Relu(z); out y; out w");
    static const struct {
        net_shape shape;
        pfld_status want;
    } cases[] = {
        {{4, {1, 3, 8, 9}}, PFLD_ERR_FORMAT}, {{3, {3, 8, 8}}, PFLD_ERR_FORMAT},
        {{4, {0, 3, 8, 8}}, PFLD_ERR_FORMAT}, {{4, {-1, 3, 8, 8}}, PFLD_ERR_FORMAT},
        {{4, {5, 3, 8, 8}}, PFLD_OK},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(net_input_set_shape(g, 0, &cases[i].shape, &err), cases[i].want);
    assert_non_null(strstr(err.msg, "'x'"));
    net_shape any = {2, {7, 2}};
    assert_int_equal(net_input_set_shape(g, 1, &any, &err), PFLD_OK);
    assert_int_equal(net_infer_shapes(g, &err), PFLD_OK);
    net_graph_free(g);
}

static void graphs_that_are_too_large_are_refused(void **state)
{
    static const rule_case cases[] = {
        {9, "in x 65536x65536; y = Relu(x)", "in"},
        {9, "in x 4294967296x4294967296; y = Relu(x)", "in"},
        {9, "in x 0x3; y = Relu(x)", "in"},
        {9, "in x 2x3; y = Flatten(#z0x268435457)", "!U"},
        {9,
         "a = ConstantOfShape(#[8000000]); b = ConstantOfShape(#[8000000]);"
         "y = ConstantOfShape(#[8000000])",
         "!U"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pfld_error err = {0};
        net_graph *g = net_from_text(cases[i].opset, cases[i].net);
        assert_int_equal(net_infer_shapes(g, &err), PFLD_ERR_UNSUPPORTED);
        assert_non_null(strstr(err.msg, cases[i].want[0] == 'i' ? "input 'x'" : "node 'y'"));
        net_graph_free(g);
    }
}

static const net_node *only_node(net_graph **g, int64_t opset, const char *net)
{
    *g = net_from_text(opset, net);
    assert_int_equal(net_infer_shapes(*g, NULL), PFLD_OK);
    assert_int_equal((*g)->n_nodes, 1);
    return (*g)->nodes;
}

static void check_conv(int64_t opset, const char *net, const size_t pad[4], const size_t out_pad[2])
{
    net_graph *g;
    net_conv_params p;
    const net_node *node = only_node(&g, opset, net);
    assert_int_equal(net_conv_get(g, node, &p, NULL), PFLD_OK);
    assert_memory_equal(p.pad, pad, sizeof p.pad);
    assert_memory_equal(p.out_pad, out_pad, sizeof p.out_pad);
    net_graph_free(g);
}

static void odd_padding_goes_to_the_side_that_auto_pad_names(void **state)
{
    const size_t none[2] = {0, 0}, missing[2] = {2, 2};
    (void)state;
    check_conv(9, "in x 1x1x5x6; y = Conv(x,#z1x1x2x4) auto_pad=SAME_UPPER",
               (const size_t[]){0, 1, 1, 2}, none);
    check_conv(9, "in x 1x1x5x6; y = Conv(x,#z1x1x2x4) auto_pad=SAME_LOWER",
               (const size_t[]){1, 2, 0, 1}, none);
    check_conv(9, "in x 1x1x5x6; y = Conv(x,#z1x1x2x4) auto_pad=VALID pads=[1,1,1,1]",
               (const size_t[]){0, 0, 0, 0}, none);
    check_conv(11, "in x 1x1x3x3; y = ConvTranspose(x,#z1x1x3x3) strides=[2,2] auto_pad=SAME_UPPER",
               (const size_t[]){0, 0, 1, 1}, none);
    check_conv(11, "in x 1x1x3x3; y = ConvTranspose(x,#z1x1x3x3) strides=[2,2] output_shape=[6,6]",
               (const size_t[]){1, 1, 0, 0}, none);
    check_conv(11, "in x 1x1x3x3; y = ConvTranspose(x,#z1x1x1x1) strides=[3,3] auto_pad=SAME_UPPER",
               (const size_t[]){0, 0, 0, 0}, missing);
}

static void softmax_flattens_before_opset_13(void **state)
{
    static const struct {
        int64_t opset;
        const char *net;
        size_t axis;
        bool flattened;
    } cases[] = {
        {9, "in x 2x3x4; y = Softmax(x)", 1, true},
        {9, "in x 2x3; y = Softmax(x)", 1, false},
        {11, "in x 2x3x4; y = Softmax(x) axis=-1", 2, false},
        {13, "in x 2x3x4; y = Softmax(x)", 2, false},
        {13, "in x 2x3x4; y = Softmax(x) axis=1", 1, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_graph *g;
        net_softmax_params p;
        const net_node *node = only_node(&g, cases[i].opset, cases[i].net);
        assert_int_equal(net_softmax_get(g, node, &p, NULL), PFLD_OK);
        assert_int_equal(p.axis, cases[i].axis);
        assert_int_equal(p.flattened, cases[i].flattened);
        net_graph_free(g);
    }
}

static void resize_parameters_follow_the_opset(void **state)
{
    static const struct {
        int64_t opset;
        const char *net;
        net_resize_coord coord;
        net_resize_round round;
        double scale; /* of the last axis */
    } cases[] = {
        {9, X "y = Upsample(x,#f[1,1,2,2])", NET_COORD_ASYMMETRIC, NET_ROUND_FLOOR, 2},
        {10, X "y = Resize(x,#f[1,1,1,0.5])", NET_COORD_ASYMMETRIC, NET_ROUND_CEIL, 0.5},
        {11, X "y = Resize(x,#z0,#f[1,1,2,2])", NET_COORD_HALF_PIXEL, NET_ROUND_PREFER_FLOOR, 2},
        {11,
         X "y = Resize(x,#z0,#z0,#[1,4,9,22]) coordinate_transformation_mode=asymmetric "
           "nearest_mode=floor",
         NET_COORD_ASYMMETRIC, NET_ROUND_FLOOR, 2},
        {19,
         X "y = Resize(x,-,#f[3]) axes=[-1] coordinate_transformation_mode=half_pixel_symmetric "
           "nearest_mode=round_prefer_ceil",
         NET_COORD_HALF_PIXEL_SYMMETRIC, NET_ROUND_PREFER_CEIL, 3},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        net_graph *g;
        net_resize_params p;
        const net_node *node = only_node(&g, cases[i].opset, cases[i].net);
        assert_int_equal(net_resize_get(g, node, &p, NULL), PFLD_OK);
        assert_int_equal(p.coord, cases[i].coord);
        assert_int_equal(p.round, cases[i].round);
        assert_true(p.scale[3] == cases[i].scale && p.scale[0] == 1.0);
        net_graph_free(g);
    }
}

#ifndef PFLD_SOURCE_DIR
#  define PFLD_SOURCE_DIR "."
#endif

static uint8_t *read_model(const char *name, size_t *size)
{
    const char *shared = getenv("PFLD_SHARED");
    char path[512];
    snprintf(path, sizeof path, "%s/data/models/%s", shared ? shared : PFLD_SOURCE_DIR "/../shared",
             name);
    FILE *f = fopen(path, "rb");
    if (!f)
        return NULL;
    uint8_t *data = malloc((size_t)8 << 20);
    assert_non_null(data);
    *size = fread(data, 1, (size_t)8 << 20, f);
    fclose(f);
    return data;
}

/* Of one public model: the shapes that it states for its outputs must be those that we find. */
static void check_model(const char *name, const uint8_t *data, size_t size)
{
    pfld_error err = {0};
    net_graph *g, *was;
    if (net_onnx_read(data, size, &g, &err) != PFLD_OK || net_graph_clone(g, &was, &err) != PFLD_OK)
        fail_msg("%s: %s", name, err.msg);
    net_shape shape = g->values[g->inputs[0]].shape;
    shape.dim[0] = 1;
    assert_int_equal(net_input_set_shape(g, 0, &shape, &err), PFLD_OK);
    if (net_infer_shapes(g, &err) != PFLD_OK)
        fail_msg("%s: %s", name, err.msg);
    for (size_t i = 0; i < g->n_outputs; i++) {
        const net_shape *found = &g->values[g->outputs[i]].shape;
        net_shape stated = was->values[was->outputs[i]].shape;
        if (stated.dim[0] == NET_DIM_OPEN)
            stated.dim[0] = 1;
        assert_true(net_shape_equal(found, &stated));
    }
    for (size_t i = 0; i < g->n_nodes; i++)
        for (size_t k = 0; k < g->nodes[i].n_out; k++)
            assert_true(g->values[g->nodes[i].out[k]].has_shape);
    net_graph_free(was);
    net_graph_free(g);
}

static void public_models_get_the_shapes_that_they_state(void **state)
{
    static const char *const names[] = {"pfld_cunjian_68.onnx", "pfld_ghostnet_slim_98.onnx",
                                        "pfld_lite_106.onnx", "ultralight_rfb_320.onnx",
                                        "yunet_n_640.onnx"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t size;
        uint8_t *data = read_model(names[i], &size);
        if (!data)
            skip();
        check_model(names[i], data, size);
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions_get_the_sizes_of_the_specification),
        cmocka_unit_test(pools_get_the_sizes_of_the_specification),
        cmocka_unit_test(shapes_spread_over_each_other),
        cmocka_unit_test(matrices_meet),
        cmocka_unit_test(reshaping_counts_elements),
        cmocka_unit_test(pieces_are_cut_as_each_opset_says),
        cmocka_unit_test(maps_are_resized_as_each_opset_says),
        cmocka_unit_test(the_rest_keeps_or_drops_axes),
        cmocka_unit_test(constants_are_computed),
        cmocka_unit_test(exporters_shape_arithmetic_vanishes),
        cmocka_unit_test(an_input_keeps_what_the_file_states),
        cmocka_unit_test(graphs_that_are_too_large_are_refused),
        cmocka_unit_test(odd_padding_goes_to_the_side_that_auto_pad_names),
        cmocka_unit_test(softmax_flattens_before_opset_13),
        cmocka_unit_test(resize_parameters_follow_the_opset),
        cmocka_unit_test(public_models_get_the_shapes_that_they_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
