/* Operators as ONNX defines them, written for reading: plain loops in double over NCHW tensors. */
#include "infer_ref.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/rng.h"

static arena memory;
static rng randomness;

void ref_free_all(void)
{
    arena_free(&memory);
}

void ref_seed(uint64_t seed)
{
    rng_seed(&randomness, seed);
}

size_t ref_index(size_t n)
{
    return (size_t)(rng_u64(&randomness) % n);
}

/* ---- tensors and indices ---- */

ref ref_new(size_t rank, const size_t *dim)
{
    ref t = {.rank = rank, .n = 1};

    assert(rank <= REF_RANK);
    for (size_t i = 0; i < rank; i++) {
        t.dim[i] = dim[i];
        t.n *= dim[i];
    }
    t.v = arena_alloc(&memory, t.n, sizeof *t.v);
    if (!t.v)
        abort();
    return t;
}

ref ref_random(double lo, double hi, size_t rank, const size_t *dim)
{
    ref t = ref_new(rank, dim);

    for (size_t i = 0; i < t.n; i++)
        t.v[i] = (double)(float)(lo + (hi - lo) * (double)rng_float(&randomness));
    return t;
}

ref ref_values(size_t n, const double *v)
{
    ref t = ref_new(1, &n);

    memcpy(t.v, v, n * sizeof *v);
    return t;
}

ref ref_scalar(double v)
{
    ref t = ref_new(0, NULL);

    t.v[0] = v;
    return t;
}

/* The next index, row by row; false behind the last. */
static bool next(const ref *t, size_t *at)
{
    for (size_t i = t->rank; i-- > 0;) {
        if (++at[i] < t->dim[i])
            return true;
        at[i] = 0;
    }
    return false;
}

static size_t position(const ref *t, const size_t *at)
{
    size_t p = 0;

    for (size_t i = 0; i < t->rank; i++)
        p = p * t->dim[i] + at[i];
    return p;
}

/* The element that t, repeated to a larger rank, has at an index. */
static double repeated(const ref *t, size_t rank, const size_t *at)
{
    size_t own[REF_RANK];

    for (size_t i = 0; i < t->rank; i++)
        own[i] = t->dim[i] == 1 ? 0 : at[rank - t->rank + i];
    return t->v[position(t, own)];
}

static double map_at(const ref *x, size_t n, size_t c, ptrdiff_t y, ptrdiff_t col)
{
    size_t at[4] = {n, c, (size_t)y, (size_t)col};

    return x->v[position(x, at)];
}

static bool on_map(const ref *x, ptrdiff_t y, ptrdiff_t col)
{
    return y >= 0 && col >= 0 && y < (ptrdiff_t)x->dim[2] && col < (ptrdiff_t)x->dim[3];
}

static ref_window with_defaults(ref_window p)
{
    p.group = p.group ? p.group : 1;
    for (size_t i = 0; i < 2; i++) {
        p.stride[i] = p.stride[i] ? p.stride[i] : 1;
        p.dilation[i] = p.dilation[i] ? p.dilation[i] : 1;
    }
    return p;
}

/* ---- elements ---- */

ref ref_unary(ref x, double (*f)(double))
{
    ref y = ref_new(x.rank, x.dim);

    for (size_t i = 0; i < x.n; i++)
        y.v[i] = f(x.v[i]);
    return y;
}

static ref joint_shape(ref a, ref b)
{
    size_t rank = a.rank > b.rank ? a.rank : b.rank, dim[REF_RANK];

    for (size_t i = 0; i < rank; i++) {
        size_t da = i + a.rank < rank ? 1 : a.dim[i + a.rank - rank];
        size_t db = i + b.rank < rank ? 1 : b.dim[i + b.rank - rank];
        assert(da == db || da == 1 || db == 1);
        dim[i] = da == 1 ? db : da;
    }
    return ref_new(rank, dim);
}

ref ref_binary(ref a, ref b, double (*f)(double, double))
{
    ref y = joint_shape(a, b);
    size_t at[REF_RANK] = {0};

    do
        y.v[position(&y, at)] = f(repeated(&a, y.rank, at), repeated(&b, y.rank, at));
    while (next(&y, at));
    return y;
}

/* ---- windows ---- */

ref ref_conv(ref x, ref w, const ref *bias, ref_window p)
{
    size_t dim[4] = {x.dim[0], w.dim[0]}, at[4] = {0}, per_group;
    ref y;

    p = with_defaults(p);
    for (size_t i = 0; i < 2; i++)
        dim[2 + i] =
            (x.dim[2 + i] + p.pad[i] + p.pad[2 + i] - (p.dilation[i] * (w.dim[2 + i] - 1) + 1)) /
                p.stride[i] +
            1;
    y = ref_new(4, dim);
    per_group = w.dim[0] / p.group;
    do {
        double sum = bias ? bias->v[at[1]] : 0;
        for (size_t c = 0; c < w.dim[1]; c++)
            for (size_t r = 0; r < w.dim[2]; r++)
                for (size_t s = 0; s < w.dim[3]; s++) {
                    ptrdiff_t row = (ptrdiff_t)(at[2] * p.stride[0] + r * p.dilation[0]);
                    ptrdiff_t col = (ptrdiff_t)(at[3] * p.stride[1] + s * p.dilation[1]);
                    row -= (ptrdiff_t)p.pad[0];
                    col -= (ptrdiff_t)p.pad[1];
                    if (on_map(&x, row, col))
                        sum += map_at(&x, at[0], at[1] / per_group * w.dim[1] + c, row, col) *
                               map_at(&w, at[1], c, (ptrdiff_t)r, (ptrdiff_t)s);
                }
        y.v[position(&y, at)] = sum;
    } while (next(&y, at));
    return y;
}

/* Gathers: output pixel o gets input i by tap r where o + pad = i * stride + r * dilation. */
ref ref_conv_transpose(ref x, ref w, const ref *bias, ref_window p, const size_t out_pad[2])
{
    size_t dim[4] = {x.dim[0]}, at[4] = {0}, inputs;
    ref y;

    p = with_defaults(p);
    dim[1] = w.dim[1] * p.group;
    inputs = x.dim[1] / p.group;
    for (size_t i = 0; i < 2; i++)
        dim[2 + i] = p.stride[i] * (x.dim[2 + i] - 1) + out_pad[i] +
                     p.dilation[i] * (w.dim[2 + i] - 1) + 1 - p.pad[i] - p.pad[2 + i];
    y = ref_new(4, dim);
    do {
        double sum = bias ? bias->v[at[1]] : 0;
        size_t group = at[1] / w.dim[1];
        for (size_t c = group * inputs; c < (group + 1) * inputs; c++)
            for (size_t i = 0; i < x.dim[2]; i++)
                for (size_t j = 0; j < x.dim[3]; j++) {
                    ptrdiff_t row = (ptrdiff_t)(at[2] + p.pad[0]) - (ptrdiff_t)(i * p.stride[0]);
                    ptrdiff_t col = (ptrdiff_t)(at[3] + p.pad[1]) - (ptrdiff_t)(j * p.stride[1]);
                    if (row % (ptrdiff_t)p.dilation[0] || col % (ptrdiff_t)p.dilation[1])
                        continue;
                    row /= (ptrdiff_t)p.dilation[0];
                    col /= (ptrdiff_t)p.dilation[1];
                    if (on_map(&w, row, col))
                        sum += map_at(&x, at[0], c, (ptrdiff_t)i, (ptrdiff_t)j) *
                               map_at(&w, c, at[1] % w.dim[1], row, col);
                }
        y.v[position(&y, at)] = sum;
    } while (next(&y, at));
    return y;
}

static size_t pooled_length(size_t in, const ref_pooling *p, size_t axis)
{
    const ref_window *w = &p->window;
    size_t reach = w->dilation[axis] * (p->kernel[axis] - 1) + 1, stride = w->stride[axis];
    size_t room = in + w->pad[axis] + w->pad[2 + axis] - reach;
    size_t out = room / stride + 1;

    if (p->ceil && room % stride && out * stride < in + w->pad[axis])
        out++;
    return out;
}

static double pool_one(const ref *x, const ref_pooling *p, const size_t *at)
{
    const ref_window *w = &p->window;
    double max = -(double)INFINITY, sum = 0, inside = 0, padded = 0;

    for (size_t r = 0; r < p->kernel[0]; r++)
        for (size_t s = 0; s < p->kernel[1]; s++) {
            ptrdiff_t y = (ptrdiff_t)(at[2] * w->stride[0] + r * w->dilation[0]);
            ptrdiff_t c = (ptrdiff_t)(at[3] * w->stride[1] + s * w->dilation[1]);
            padded += y < (ptrdiff_t)(x->dim[2] + w->pad[0] + w->pad[2]) &&
                      c < (ptrdiff_t)(x->dim[3] + w->pad[1] + w->pad[3]);
            y -= (ptrdiff_t)w->pad[0];
            c -= (ptrdiff_t)w->pad[1];
            if (!on_map(x, y, c))
                continue;
            sum += map_at(x, at[0], at[1], y, c);
            max = fmax(max, map_at(x, at[0], at[1], y, c));
            inside++;
        }
    return p->max ? max : sum / (p->count_pad ? padded : inside);
}

ref ref_pool(ref x, ref_pooling p)
{
    size_t dim[4] = {x.dim[0], x.dim[1]}, at[4] = {0};
    ref y;

    p.window = with_defaults(p.window);
    for (size_t i = 0; i < 2; i++)
        dim[2 + i] = pooled_length(x.dim[2 + i], &p, i);
    y = ref_new(4, dim);
    do
        y.v[position(&y, at)] = pool_one(&x, &p, at);
    while (next(&y, at));
    return y;
}

/* ---- matrices ---- */

static ref matrices_of(ref x, bool column)
{
    size_t dim[2] = {column ? x.dim[0] : 1, column ? 1 : x.dim[0]};

    return x.rank == 1 ? ref_reshape(x, 2, dim) : x;
}

static ref without_axis(ref x, size_t axis)
{
    size_t dim[REF_RANK], n = 0;

    for (size_t i = 0; i < x.rank; i++)
        if (i != axis)
            dim[n++] = x.dim[i];
    return ref_reshape(x, n, dim);
}

ref ref_matmul(ref a, ref b)
{
    ref ma = matrices_of(a, false), mb = matrices_of(b, true), ba = ma, bb = mb, y;
    size_t at[REF_RANK] = {0}, inner = ma.dim[ma.rank - 1], r;

    ba.dim[ma.rank - 1] = 1; /* rows of a and columns of b meet like other axes of length 1 */
    bb.dim[mb.rank - 2] = 1;
    y = joint_shape(ba, bb);
    r = y.rank;
    do {
        double sum = 0;
        for (size_t k = 0; k < inner; k++) {
            size_t ia[REF_RANK], ib[REF_RANK];
            memcpy(ia, at, sizeof ia);
            memcpy(ib, at, sizeof ib);
            ia[r - 1] = ib[r - 2] = k;
            sum += repeated(&ma, r, ia) * repeated(&mb, r, ib);
        }
        y.v[position(&y, at)] = sum;
    } while (next(&y, at));
    if (b.rank == 1)
        y = without_axis(y, y.rank - 1);
    return a.rank == 1 ? without_axis(y, y.rank - (b.rank == 1 ? 1 : 2)) : y;
}

/* ---- moves ---- */

ref ref_reshape(ref x, size_t rank, const size_t *dim)
{
    ref y = ref_new(rank, dim);

    assert(y.n == x.n);
    memcpy(y.v, x.v, x.n * sizeof *x.v);
    return y;
}

ref ref_transpose(ref x, size_t rank, const size_t *perm)
{
    size_t dim[REF_RANK], at[REF_RANK] = {0};
    ref y;

    assert(rank == x.rank);
    for (size_t i = 0; i < rank; i++)
        dim[i] = x.dim[perm[i]];
    y = ref_new(rank, dim);
    do {
        size_t from[REF_RANK];
        for (size_t i = 0; i < rank; i++)
            from[perm[i]] = at[i];
        y.v[position(&y, at)] = x.v[position(&x, from)];
    } while (next(&y, at));
    return y;
}

ref ref_gather(ref x, size_t axis, size_t n, const size_t *index)
{
    size_t dim[REF_RANK], at[REF_RANK] = {0};
    ref y;

    memcpy(dim, x.dim, sizeof dim);
    dim[axis] = n;
    y = ref_new(x.rank, dim);
    do {
        size_t from[REF_RANK];
        memcpy(from, at, sizeof from);
        from[axis] = index[at[axis]];
        y.v[position(&y, at)] = x.v[position(&x, from)];
    } while (next(&y, at));
    return y;
}

ref ref_slice(ref x, size_t axis, int64_t start, int64_t end, int64_t step)
{
    int64_t n = (int64_t)x.dim[axis], least = step < 0 ? -1 : 0, most = step < 0 ? n - 1 : n;
    size_t index[256], count = 0;

    start += start < 0 ? n : 0;
    end += end < 0 ? n : 0;
    start = start < least ? least : start > most ? most : start;
    end = end < least ? least : end > most ? most : end;
    for (int64_t i = start; step < 0 ? i > end : i < end; i += step)
        index[count++] = (size_t)i;
    return ref_gather(x, axis, count, index);
}

ref ref_concat(size_t n, const ref *parts, size_t axis)
{
    size_t dim[REF_RANK], at[REF_RANK] = {0};
    ref y;

    memcpy(dim, parts[0].dim, sizeof dim);
    for (size_t i = 1; i < n; i++)
        dim[axis] += parts[i].dim[axis];
    y = ref_new(parts[0].rank, dim);
    do {
        size_t from[REF_RANK], i = 0;
        memcpy(from, at, sizeof from);
        for (; from[axis] >= parts[i].dim[axis]; i++)
            from[axis] -= parts[i].dim[axis];
        y.v[position(&y, at)] = parts[i].v[position(&parts[i], from)];
    } while (next(&y, at));
    return y;
}

static double first_of(double a, double b)
{
    (void)b;
    return a;
}

ref ref_expand(ref x, size_t rank, const size_t *dim)
{
    return ref_binary(x, ref_new(rank, dim), first_of);
}

ref ref_tile(ref x, size_t rank, const size_t *times)
{
    for (size_t i = 0; i < rank; i++) {
        ref parts[8];
        assert(times[i] <= 8);
        for (size_t k = 0; k < times[i]; k++)
            parts[k] = x;
        x = ref_concat(times[i], parts, i);
    }
    return x;
}

/* Where a padded coordinate lies; -1: in a constant border. */
static int64_t pad_source(ref_pad_mode mode, int64_t i, int64_t n)
{
    if (mode == REF_CONSTANT)
        return i < 0 || i >= n ? -1 : i;
    while (i < 0 || i >= n) {
        if (mode == REF_WRAP)
            i += i < 0 ? n : -n;
        else if (mode == REF_EDGE)
            i = i < 0 ? 0 : n - 1;
        else
            i = i < 0 ? -i : 2 * (n - 1) - i;
    }
    return i;
}

ref ref_pad(ref x, ref_pad_mode mode, double value, size_t n, const int64_t *pads)
{
    size_t dim[REF_RANK], at[REF_RANK] = {0};
    ref y;

    assert(n == 2 * x.rank);
    for (size_t i = 0; i < x.rank; i++)
        dim[i] = (size_t)((int64_t)x.dim[i] + pads[i] + pads[x.rank + i]);
    y = ref_new(x.rank, dim);
    do {
        size_t from[REF_RANK];
        bool border = false;
        for (size_t i = 0; i < x.rank; i++) {
            int64_t j = pad_source(mode, (int64_t)at[i] - pads[i], (int64_t)x.dim[i]);
            border |= j < 0;
            from[i] = (size_t)j;
        }
        y.v[position(&y, at)] = border ? value : x.v[position(&x, from)];
    } while (next(&y, at));
    return y;
}

/* ---- sums ---- */

ref ref_reduce(ref x, ref_reduction kind, uint32_t axes, bool keep)
{
    size_t dim[REF_RANK], at[REF_RANK] = {0}, kept = 0, count = 1;
    ref y;

    for (size_t i = 0; i < x.rank; i++) {
        dim[i] = axes >> i & 1 ? 1 : x.dim[i];
        count *= axes >> i & 1 ? x.dim[i] : 1;
    }
    y = ref_new(x.rank, dim);
    for (size_t i = 0; i < y.n; i++)
        y.v[i] = kind == REF_MAX ? -(double)INFINITY : 0;
    do {
        size_t to[REF_RANK];
        double *sum;
        for (size_t i = 0; i < x.rank; i++)
            to[i] = axes >> i & 1 ? 0 : at[i];
        sum = &y.v[position(&y, to)];
        *sum = kind == REF_MAX ? fmax(*sum, x.v[position(&x, at)]) : *sum + x.v[position(&x, at)];
    } while (next(&x, at));
    for (size_t i = 0; i < y.n && kind == REF_MEAN; i++)
        y.v[i] /= (double)count;
    if (keep)
        return y;
    for (size_t i = 0; i < x.rank; i++)
        if (!(axes >> i & 1))
            dim[kept++] = x.dim[i];
    return ref_reshape(y, kept, dim);
}

static double subtract(double a, double b)
{
    return a - b;
}

static double divide(double a, double b)
{
    return a / b;
}

ref ref_softmax(ref x, size_t axis)
{
    ref e = ref_unary(ref_binary(x, ref_reduce(x, REF_MAX, 1u << axis, true), subtract), exp);

    return ref_binary(e, ref_reduce(e, REF_SUM, 1u << axis, true), divide);
}

/* ---- resize ---- */

static double resize_source(const ref_resizing *how, double i, double in, double out, double scale)
{
    const char *c = how->coord ? how->coord : "half_pixel";

    if (!strcmp(c, "asymmetric"))
        return i / scale;
    if (!strcmp(c, "align_corners"))
        return out > 1 ? i * (in - 1) / (out - 1) : 0;
    if (!strcmp(c, "pytorch_half_pixel") && out <= 1)
        return 0;
    if (!strcmp(c, "half_pixel_symmetric")) {
        double adjustment = out / (scale * in), centre = in / 2;
        return centre * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    return (i + 0.5) / scale - 0.5;
}

static double cubic_weight(double a, double d)
{
    d = fabs(d);
    if (d < 1)
        return (a + 2) * d * d * d - (a + 3) * d * d + 1;
    return d < 2 ? a * d * d * d - 5 * a * d * d + 8 * a * d - 4 * a : 0;
}

static double nearest_pixel(const char *rule, double x)
{
    if (!strcmp(rule, "floor"))
        return floor(x);
    if (!strcmp(rule, "ceil"))
        return ceil(x);
    if (x - floor(x) != 0.5)
        return round(x);
    return !strcmp(rule, "round_prefer_ceil") ? ceil(x) : floor(x);
}

/* What input pixel k counts for at coordinate x. */
static double pixel_weight(const ref_resizing *how, double x, double k)
{
    if (how->mode && !strcmp(how->mode, "cubic"))
        return cubic_weight(how->cubic_a != 0 ? how->cubic_a : -0.75, x - k);
    if (how->mode && !strcmp(how->mode, "linear"))
        return fmax(0, 1 - fabs(x - k));
    return k == nearest_pixel(how->nearest ? how->nearest : "round_prefer_floor", x);
}

/* Along one axis; pixels beyond the border are the border's. */
static ref resize_axis(ref x, ref_resizing how, size_t axis, double scale)
{
    size_t dim[REF_RANK], at[REF_RANK] = {0};
    double in = (double)x.dim[axis], out = floor(in * scale);
    ref y;

    memcpy(dim, x.dim, sizeof dim);
    dim[axis] = (size_t)out;
    y = ref_new(x.rank, dim);
    do {
        double s = resize_source(&how, (double)at[axis], in, out, scale), sum = 0, weights = 0;
        size_t from[REF_RANK];
        memcpy(from, at, sizeof from);
        for (double k = floor(s) - 2; k <= floor(s) + 3; k++) {
            double w = pixel_weight(&how, s, k);
            if (how.exclude_outside && (k < 0 || k >= in))
                continue;
            from[axis] = (size_t)fmin(fmax(k, 0), in - 1);
            sum += w * x.v[position(&x, from)];
            weights += w;
        }
        y.v[position(&y, at)] = sum / weights;
    } while (next(&y, at));
    return y;
}

ref ref_resize(ref x, ref_resizing how, const double scale[2])
{
    return resize_axis(resize_axis(x, how, 2, scale[0]), how, 3, scale[1]);
}

/* ---- quantisation ---- */

static ref along_axis(ref list, ref x, size_t axis)
{
    size_t dim[REF_RANK];

    for (size_t i = 0; i < x.rank; i++)
        dim[i] = i == axis ? list.n : 1;
    return list.n == 1 ? list : ref_reshape(list, x.rank, dim);
}

static double plus(double a, double b)
{
    return a + b;
}

static double times(double a, double b)
{
    return a * b;
}

/* In float, as its ties decide. */
static double divide_and_round(double a, double b)
{
    return (double)rintf((float)a / (float)b);
}

ref ref_quantize(ref x, ref scale, ref zero, size_t axis, double lo, double hi)
{
    ref y = ref_binary(x, along_axis(scale, x, axis), divide_and_round);

    y = ref_binary(y, along_axis(zero, x, axis), plus);
    for (size_t i = 0; i < y.n; i++)
        y.v[i] = fmin(fmax(y.v[i], lo), hi);
    return y;
}

ref ref_dequantize(ref x, ref scale, ref zero, size_t axis)
{
    return ref_binary(ref_binary(x, along_axis(zero, x, axis), subtract),
                      along_axis(scale, x, axis), times);
}
