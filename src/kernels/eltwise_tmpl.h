/*
 * Functions of single values over the vector vocabulary, equal to the scalar specification to the
 * bit. Those that the specification takes from libm are left to it. Included once by each set.
 */
#include "kernels/kernels.h"
#include "kernels/sets.h"

/* lo and hi first: a NaN in x comes through. */
VEC_INLINE vf eltwise_clamp(vf x, vf lo, vf hi)
{
    return vf_min(hi, vf_max(lo, x));
}

/* Inlined with a constant kind. */
VEC_INLINE vf unary_vector(unary_kind kind, vf alpha, vf beta, vf x)
{
    switch (kind) {
    case UNARY_CLAMP:
        return eltwise_clamp(x, alpha, beta);
    case UNARY_LEAKY:
        return vf_if_negative(x, vf_mul(alpha, x), x);
    case UNARY_HARD_SIGMOID:
        return eltwise_clamp(vf_add(vf_mul(alpha, x), beta), vf_zero(), vf_set1(1.0f));
    case UNARY_HARD_SWISH:
        return vf_mul(x, eltwise_clamp(vf_add(vf_mul(x, vf_set1(1.0f / 6.0f)), vf_set1(0.5f)),
                                       vf_zero(), vf_set1(1.0f)));
    case UNARY_SQRT:
        return vf_sqrt(x);
    case UNARY_NEG:
        return vf_neg(x);
    case UNARY_FLOOR:
        return vf_floor(x);
    case UNARY_CEIL:
        return vf_ceil(x);
    case UNARY_RECIPROCAL:
        return vf_div(vf_set1(1.0f), x);
    default:
        return x;
    }
}

VEC_INLINE void unary_loop(unary_kind kind, float alpha, float beta, const float *x, float *y,
                           size_t n)
{
    vf va = vf_set1(alpha), vb = vf_set1(beta);
    size_t i = 0;

    for (; i + VL <= n; i += VL)
        vf_store(y + i, unary_vector(kind, va, vb, vf_load(x + i)));
    if (i < n) {
        vm m = vm_first(n - i);

        vf_store_m(y + i, m, unary_vector(kind, va, vb, vf_load_m(x + i, m)));
    }
}

VEC_TARGET static void unary_run(unary_kind kind, float alpha, float beta, const float *x, float *y,
                                 size_t n)
{
    switch (kind) {
    case UNARY_CLAMP:
        unary_loop(UNARY_CLAMP, alpha, beta, x, y, n);
        break;
    case UNARY_LEAKY:
        unary_loop(UNARY_LEAKY, alpha, beta, x, y, n);
        break;
    case UNARY_HARD_SIGMOID:
        unary_loop(UNARY_HARD_SIGMOID, alpha, beta, x, y, n);
        break;
    case UNARY_HARD_SWISH:
        unary_loop(UNARY_HARD_SWISH, alpha, beta, x, y, n);
        break;
    case UNARY_SQRT:
        unary_loop(UNARY_SQRT, alpha, beta, x, y, n);
        break;
    case UNARY_NEG:
        unary_loop(UNARY_NEG, alpha, beta, x, y, n);
        break;
    case UNARY_FLOOR:
        unary_loop(UNARY_FLOOR, alpha, beta, x, y, n);
        break;
    case UNARY_CEIL:
        unary_loop(UNARY_CEIL, alpha, beta, x, y, n);
        break;
    case UNARY_RECIPROCAL:
        unary_loop(UNARY_RECIPROCAL, alpha, beta, x, y, n);
        break;
    default:
        kernels_scalar.unary(kind, alpha, beta, x, y, n);
        break;
    }
}

/* Inlined with a constant kind. */
VEC_INLINE vf binary_vector(binary_kind kind, vf a, vf b)
{
    switch (kind) {
    case BINARY_ADD:
        return vf_add(a, b);
    case BINARY_SUB:
        return vf_sub(a, b);
    case BINARY_MUL:
        return vf_mul(a, b);
    case BINARY_DIV:
        return vf_div(a, b);
    case BINARY_MAX:
        return vf_nan_or(a, vf_max(a, b));
    case BINARY_MIN:
        return vf_nan_or(a, vf_min(a, b));
    case BINARY_PRELU:
        return vf_if_negative(a, vf_mul(b, a), a);
    default:
        return a;
    }
}

/* One side: a value for each i, or one for all where step is 0. */
struct binary_side {
    const float *p;
    size_t step;
};

VEC_INLINE void binary_loop(binary_kind kind, struct binary_side a, struct binary_side b, float *y,
                            size_t n)
{
    vf a1 = vf_zero(), b1 = vf_zero();
    size_t i = 0;

    if (n && !a.step)
        a1 = vf_set1(*a.p);
    if (n && !b.step)
        b1 = vf_set1(*b.p);
    for (; i + VL <= n; i += VL)
        vf_store(y + i, binary_vector(kind, a.step ? vf_load(a.p + i) : a1,
                                      b.step ? vf_load(b.p + i) : b1));
    if (i < n) {
        vm m = vm_first(n - i);

        vf_store_m(y + i, m,
                   binary_vector(kind, a.step ? vf_load_m(a.p + i, m) : a1,
                                 b.step ? vf_load_m(b.p + i, m) : b1));
    }
}

VEC_TARGET static void binary_run(binary_kind kind, const float *a, size_t a_step, const float *b,
                                  size_t b_step, float *y, size_t n)
{
    struct binary_side sa = {a, a_step}, sb = {b, b_step};

    switch (kind) {
    case BINARY_ADD:
        binary_loop(BINARY_ADD, sa, sb, y, n);
        break;
    case BINARY_SUB:
        binary_loop(BINARY_SUB, sa, sb, y, n);
        break;
    case BINARY_MUL:
        binary_loop(BINARY_MUL, sa, sb, y, n);
        break;
    case BINARY_DIV:
        binary_loop(BINARY_DIV, sa, sb, y, n);
        break;
    case BINARY_MAX:
        binary_loop(BINARY_MAX, sa, sb, y, n);
        break;
    case BINARY_MIN:
        binary_loop(BINARY_MIN, sa, sb, y, n);
        break;
    case BINARY_PRELU:
        binary_loop(BINARY_PRELU, sa, sb, y, n);
        break;
    default:
        kernels_scalar.binary(kind, a, a_step, b, b_step, y, n);
        break;
    }
}
