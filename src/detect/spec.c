/* How a landmark net wants its picture and says its points: from metadata keys or options. */
#include "detect/spec.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/error.h"
#include "core/number.h"

static const crop_rule default_crop = {.scale = 1.1f};

/* ---- the text of an input's order and range ---- */

static const struct {
    const char *name;
    pfld_format order;
} orders[] = {{"rgb", PFLD_RGB8}, {"bgr", PFLD_BGR8}, {"gray", PFLD_GRAY8}};

/* "0..1": 0 and 255 of the picture become these. */
static bool parse_range(const char *text, spec_input *out)
{
    float lo, hi;
    int i;

    if (!number_parse(&text, &lo) || strncmp(text, "..", 2) != 0)
        return false;
    text += 2;
    if (!number_parse(&text, &hi) || *text || lo == hi || !isfinite(hi - lo))
        return false;
    for (i = 0; i < 3; i++) {
        out->scale[i] = (hi - lo) / 255.0f;
        out->offset[i] = lo;
    }
    return true;
}

/* One number for all channels, or "a;b;c"; leaves *text behind them. */
static bool parse_triple(const char **text, float *v)
{
    int n = 0;

    do {
        if (n == 3 || !number_parse(text, &v[n]))
            return false;
        n++;
    } while (**text == ';' && (*text)++);
    if (n == 1)
        v[1] = v[2] = v[0];
    return n != 2;
}

/* "127.5/128": (byte - mean) / std. */
static bool parse_mean_std(const char *text, spec_input *out)
{
    float mean[3], std[3];
    int i;

    if (!parse_triple(&text, mean) || *text++ != '/' || !parse_triple(&text, std) || *text)
        return false;
    for (i = 0; i < 3; i++) {
        if (std[i] == 0)
            return false;
        out->scale[i] = 1.0f / std[i];
        out->offset[i] = -mean[i] / std[i];
        if (!isfinite(out->scale[i]) || !isfinite(out->offset[i]))
            return false;
    }
    return true;
}

infer_pixels spec_pixels(const spec_input *input)
{
    infer_pixels p;

    for (int i = 0; i < 3; i++) {
        p.scale[i] = input->scale[i];
        p.offset[i] = input->offset[i];
    }
    return p;
}

pfld_status spec_parse_input(const char *text, int channels, spec_input *out, pfld_error *err)
{
    spec_input in = {0};
    size_t i, n = sizeof orders / sizeof orders[0], length = strcspn(text, ",");

    for (i = 0; i < n; i++)
        if (strlen(orders[i].name) == length && memcmp(orders[i].name, text, length) == 0)
            in.order = orders[i].order;
    if (!in.order)
        return error_set(err, PFLD_ERR_ARG,
                         "input '%.60s': must start with rgb, bgr or gray, then a comma", text);
    if ((in.order == PFLD_GRAY8) != (channels == 1))
        return error_set(err, PFLD_ERR_ARG, "input '%.60s': the net has %d channel%s", text,
                         channels, channels == 1 ? ": gray" : "s: rgb or bgr");
    text += length + (text[length] == ',');
    if (!parse_range(text, &in) && !parse_mean_std(text, &in))
        return error_set(err, PFLD_ERR_ARG,
                         "input range '%.60s': LOW..HIGH or MEAN/STD wanted, as 0..1 or 127.5/128",
                         text);
    *out = in;
    return PFLD_OK;
}

static bool is_crop(const crop_rule *r)
{
    return r->scale > 0.01f && r->scale < 100.0f && fabsf(r->shift_x) < 10.0f &&
           fabsf(r->shift_y) < 10.0f;
}

static bool parse_roll(const char *text, bool *out)
{
    *out = strcmp(text, "five") == 0;
    return *out || strcmp(text, "none") == 0;
}

pfld_status spec_parse_square(const char *key, const char *text, crop_rule *out, bool *roll,
                              pfld_error *err)
{
    crop_rule r = {0};
    const char *p = text;
    bool turns = true;

    if (strncmp(p, "scale=", 6) == 0)
        p += 6;
    if (!number_parse(&p, &r.scale))
        goto bad;
    if (strncmp(p, " shift=", 7) == 0) {
        p += 7;
        if (!number_parse(&p, &r.shift_x) || *p++ != ',' || !number_parse(&p, &r.shift_y))
            goto bad;
    }
    if (strncmp(p, " roll=", 6) == 0) {
        if (!parse_roll(p + 6, &turns))
            goto bad;
    } else if (*p) {
        goto bad;
    }
    if (!is_crop(&r))
        goto bad;
    *out = r;
    *roll = turns;
    return PFLD_OK;
bad:
    return error_set(err, PFLD_ERR_FORMAT,
                     "%s '%.60s': 'scale=S shift=X,Y roll=five|none' wanted, S above 0.01; shift "
                     "and roll may be missing",
                     key, text);
}

/* ---- the facts of one model ---- */

static bool is_landmarks(const net_value *v, const scheme *want)
{
    size_t count;

    if (v->dtype != NET_F32 || !v->has_shape || !net_shape_count(&v->shape, &count))
        return false;
    if (want)
        return count == 2 * (size_t)want->n;
    return count % 2 == 0 && count / 2 <= PFLD_MAX_LANDMARKS && scheme_by_count((int)(count / 2));
}

static pfld_status named_output(const net_graph *g, const char *name, spec *out, pfld_error *err)
{
    size_t i;

    for (i = 0; i < g->n_outputs; i++)
        if (strcmp(g->values[g->outputs[i]].name, name) == 0)
            break;
    if (i == g->n_outputs)
        return error_set(err, PFLD_ERR_ARG, "the net has no output '%.60s'", name);
    if (!is_landmarks(&g->values[g->outputs[i]], out->points)) {
        char text[64];
        return error_set(err, PFLD_ERR_ARG, "output '%.60s' is %s: not the landmarks of %s", name,
                         net_shape_text(&g->values[g->outputs[i]].shape, text, sizeof text),
                         out->points ? out->points->name : "a known scheme");
    }
    out->output = i;
    return PFLD_OK;
}

static pfld_status find_output(const net_graph *g, spec *out, pfld_error *err)
{
    size_t i, n = 0;

    for (i = 0; i < g->n_outputs; i++)
        if (is_landmarks(&g->values[g->outputs[i]], out->points)) {
            out->output = i;
            n++;
        }
    if (n == 1)
        return PFLD_OK;
    if (n > 1)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "%zu outputs could be the landmarks: name one",
                         n);
    if (out->points)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "no output has the %d values of %s",
                         2 * out->points->n, out->points->name);
    return error_set(err, PFLD_ERR_UNSUPPORTED,
                     "no output holds as many values as a known landmark scheme: not a landmark "
                     "net, or its scheme must be named");
}

static pfld_status check_input(const net_graph *g, pfld_error *err)
{
    const net_shape *s;
    char text[64];

    if (g->n_inputs != 1)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "a landmark net has one input, this has %zu",
                         g->n_inputs);
    s = &g->values[g->inputs[0]].shape;
    if (s->rank != 4 || s->dim[0] != 1 || (s->dim[1] != 1 && s->dim[1] != 3) ||
        s->dim[2] != s->dim[3] || s->dim[2] > 4096)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "input is %s: 1x3xSxS or 1x1xSxS wanted, S up to 4096",
                         net_shape_text(s, text, sizeof text));
    return PFLD_OK;
}

static const char *first(const char *a, const char *b)
{
    return a ? a : b;
}

static pfld_status resolve_crop(const net_graph *g, const pfld_model_options *opt, spec *out,
                                pfld_error *err)
{
    const char *text = net_meta_get(g, "pfld.crop");

    out->crop = default_crop;
    out->roll = true;
    if (opt->crop_scale != 0) {
        out->crop = (crop_rule){.scale = opt->crop_scale};
        if (!is_crop(&out->crop))
            return error_set(err, PFLD_ERR_ARG, "crop scale %g: 0.01 to 100 wanted",
                             (double)opt->crop_scale);
        return PFLD_OK;
    }
    return text ? spec_parse_square("pfld.crop", text, &out->crop, &out->roll, err) : PFLD_OK;
}

static pfld_status resolve_scheme(const net_graph *g, const pfld_model_options *opt, spec *out,
                                  pfld_error *err)
{
    const char *name = first(opt->scheme, net_meta_get(g, "pfld.scheme"));

    if (name && !(out->points = scheme_find(name)))
        return error_set(err, opt->scheme ? PFLD_ERR_ARG : PFLD_ERR_UNSUPPORTED,
                         "unknown landmark scheme '%.60s'", name);
    return PFLD_OK;
}

pfld_status spec_resolve_input(const net_graph *g, const char *given, const char *otherwise,
                               spec_input *out, pfld_error *err)
{
    int channels = (int)g->values[g->inputs[0]].shape.dim[1];
    const char *text = first(first(given, net_meta_get(g, "pfld.input")), otherwise);
    pfld_status st = spec_parse_input(text, channels, out, err);

    if (st == PFLD_OK || given)
        return st;
    if (err)
        err->status = PFLD_ERR_FORMAT; /* not the caller, the file said it */
    return PFLD_ERR_FORMAT;
}

/* Only where the file says so: foreign nets may have outputs of that name, too. */
static pfld_status resolve_spread(const net_graph *g, spec *out, pfld_error *err)
{
    const char *text = net_meta_get(g, "pfld.spread");
    size_t i = 0, count = 0;

    if (!text)
        return PFLD_OK;
    while (i < g->n_outputs && strcmp(g->values[g->outputs[i]].name, "spread") != 0)
        i++;
    if (i < g->n_outputs && g->values[g->outputs[i]].dtype == NET_F32)
        net_shape_count(&g->values[g->outputs[i]].shape, &count);
    if (count != 3 * (size_t)out->points->n)
        return error_set(err, PFLD_ERR_FORMAT,
                         "pfld.spread: the net has no output 'spread' of %d numbers",
                         3 * out->points->n);
    out->has_spread = true;
    out->spread = i;
    return spread_parse(text, &out->rule, err);
}

static pfld_status resolve_input(const net_graph *g, const pfld_model_options *opt, spec *out,
                                 pfld_error *err)
{
    bool grey = g->values[g->inputs[0]].shape.dim[1] == 1;

    return spec_resolve_input(g, opt->input, grey ? "gray,0..1" : "rgb,0..1", &out->input, err);
}

pfld_status spec_resolve(const net_graph *g, const pfld_model_options *opt, spec *out,
                         pfld_error *err)
{
    static const pfld_model_options none = {0};
    pfld_status st = check_input(g, err);

    if (st != PFLD_OK)
        return st;
    *out = (spec){0};
    opt = opt ? opt : &none;
    st = resolve_scheme(g, opt, out, err);
    if (st == PFLD_OK)
        st = opt->output ? named_output(g, opt->output, out, err) : find_output(g, out, err);
    if (st != PFLD_OK)
        return st;
    if (!out->points) {
        size_t count = 0;
        net_shape_count(&g->values[g->outputs[out->output]].shape, &count);
        out->points = scheme_by_count((int)(count / 2));
    }
    st = resolve_spread(g, out, err);
    if (st == PFLD_OK)
        st = resolve_input(g, opt, out, err);
    return st == PFLD_OK ? resolve_crop(g, opt, out, err) : st;
}
