/* The curves of a training run, drawn from its log. */
#include "cli/train_curves.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/error.h"
#include "core/mem.h"
#include "media/chart.h"
#include "media/paths.h"

#define LONGEST_LINE 4096 /* bytes of the log; ours have less than 400 */
#define SMOOTHED     40   /* lines from which on the loss is also drawn as a running mean */

typedef struct curve {
    double *x, *y; /* [n] */
    size_t n, room_x, room_y;
} curve;

typedef struct curves {
    curve loss, smooth, rate, val;
    double best_step, best;
    const char *label; /* of val */
} curves;

/* ---- from the log ---- */

static bool curve_add(curve *c, double x, double y)
{
    double *xs = mem_grow(c->x, &c->room_x, c->n + 1, sizeof *xs), *ys;

    if (!xs)
        return false;
    c->x = xs;
    ys = mem_grow(c->y, &c->room_y, c->n + 1, sizeof *ys);
    if (!ys)
        return false;
    c->y = ys;
    c->x[c->n] = x;
    c->y[c->n++] = y;
    return true;
}

static void curve_free(curve *c)
{
    mem_free(c->x);
    mem_free(c->y);
}

/* A line repeats the last validation until there is a new one, which is never the same. */
static bool add_val(curves *c, double step, const json_t *val)
{
    double v = json_number_value(val);
    curve *k = &c->val;

    if (!json_is_number(val) || (k->n && k->y[k->n - 1] == v))
        return true;
    if (!k->n || v < c->best) {
        c->best = v;
        c->best_step = step;
    }
    return curve_add(k, step, v);
}

static const struct {
    const char *key, *label;
} measures[] = {
    {"val_nme", "NME (inter-ocular), percent"},
    {"val_miss", "100 - AP at IoU 0.5, percent"},
    {"val_spread", "spread, percent of the crop"},
};

static const json_t *find_val(curves *c, const json_t *line)
{
    for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
        const json_t *val = json_object_get(line, measures[i].key);
        if (!val)
            continue;
        c->label = measures[i].label;
        return val;
    }
    return NULL;
}

static pfld_status add_line(curves *c, const char *line, pfld_error *err)
{
    json_t *o = json_loads(line, 0, NULL);
    const json_t *step = json_object_get(o, "step"), *loss = json_object_get(o, "loss"),
                 *rate = json_object_get(o, "rate");
    pfld_status st = PFLD_OK;
    const json_t *val = find_val(c, o);
    double at = json_number_value(step);

    if (!json_is_number(step))
        st = error_set(err, PFLD_ERR_FORMAT, "not a line of a training's log");
    else if ((json_is_number(loss) && !curve_add(&c->loss, at, json_number_value(loss))) ||
             (json_is_number(rate) && !curve_add(&c->rate, at, json_number_value(rate))) ||
             !add_val(c, at, val))
        st = error_nomem(err);
    json_decref(o);
    return st;
}

static pfld_status read_log(curves *c, const char *path, pfld_error *err)
{
    char line[LONGEST_LINE], where[ERROR_PATH + 1];
    pfld_status st = PFLD_OK;
    FILE *f = fopen(path, "r");

    if (!f)
        return error_sys(err, errno, "%s", path);
    while (st == PFLD_OK && fgets(line, sizeof line, f))
        st = add_line(c, line, err);
    if (st == PFLD_OK && ferror(f))
        st = error_sys(err, errno, "%s", path);
    else if (st == PFLD_ERR_FORMAT)
        error_prefix(err, error_path(path, where));
    fclose(f);
    return st;
}

/* Means over a window around each line, narrower at both ends. */
static bool smooth(const curve *from, curve *to)
{
    size_t reach = from->n / SMOOTHED;

    for (size_t i = 0; i < from->n; i++) {
        size_t k = i < reach ? i : reach, n = 0;
        double sum = 0;
        if (from->n - 1 - i < k)
            k = from->n - 1 - i;
        for (size_t j = i - k; j <= i + k; j++, n++)
            sum += from->y[j];
        if (!curve_add(to, from->x[i], sum / (double)n))
            return false;
    }
    return true;
}

/* ---- into a picture ---- */

static chart_series series(const curve *c, const char *name)
{
    return (chart_series){.name = name, .x = c->x, .y = c->y, .n = c->n};
}

static pfld_status write_as(const char *dir, const char *name, const chart *panels, size_t n,
                            pfld_error *err)
{
    char path[4096];

    pfld_status st = media_path_in(dir, name, path, sizeof path, err);

    return st == PFLD_OK ? chart_write_stack(path, panels, n, err) : st;
}

static pfld_status draw(const curves *c, const char *dir, pfld_error *err)
{
    char best[64];
    const bool smoothed = c->smooth.n > 0;
    const double last = c->loss.n ? c->loss.x[c->loss.n - 1] : 1;
    chart_series loss[] = {series(&c->loss, NULL), series(&c->smooth, "running mean")};
    chart_series val = series(&c->val, NULL), rate = series(&c->rate, NULL);
    chart_mark mark = {c->best_step, c->best, best};
    chart panels[3] = {{.title = "Training loss",
                        .x_label = "",
                        .y_label = "loss, mean since the line before",
                        .series = loss,
                        .n = smoothed ? 2 : 1,
                        .x_max = last,
                        .y_log = true,
                        .height = 300}};
    size_t n = 1;
    pfld_status st;

    loss[0].pale = smoothed;
    snprintf(best, sizeof best, "best: %.3f %% at step %.0f", c->best, c->best_step);
    if (c->val.n)
        panels[n++] = (chart){.title = "Validation",
                              .x_label = "",
                              .y_label = c->label,
                              .series = &val,
                              .n = 1,
                              .x_max = last,
                              .y_log = true,
                              .height = 300,
                              .mark = &mark};
    panels[n++] = (chart){.title = "Learning rate",
                          .x_label = "step",
                          .y_label = "rate",
                          .series = &rate,
                          .n = 1,
                          .x_max = last,
                          .height = 190};
    st = write_as(dir, "curves.svg", panels, n, err);
    return st == PFLD_OK ? write_as(dir, "curves.png", panels, n, err) : st;
}

pfld_status train_curves_write(const char *dir, pfld_error *err)
{
    char path[4096];
    curves c = {0};
    pfld_status st = media_path_in(dir, "log.jsonl", path, sizeof path, err);

    if (st == PFLD_OK)
        st = read_log(&c, path, err);
    if (st == PFLD_OK && c.loss.n >= SMOOTHED && !smooth(&c.loss, &c.smooth))
        st = error_nomem(err);
    if (st == PFLD_OK)
        st = draw(&c, dir, err);
    curve_free(&c.loss);
    curve_free(&c.smooth);
    curve_free(&c.rate);
    curve_free(&c.val);
    return st;
}
