/* Line charts for people: error curves, training curves. */
#define _POSIX_C_SOURCE 200809L
#include "media/chart.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/utf8.h"
#include "files/whole.h"
#include "media/paths.h"

#define WIDTH  720.0
#define HEIGHT 440.0
#define LEFT   72.0
#define RIGHT  20.0
#define TOP    40.0

#define GRID_WIDTH 340.0 /* of each chart of a grid */
enum { GRID_COLUMNS = 3 };

enum { TICKS = 32, FEW_POINTS = 40 }; /* few: each is shown as a dot, too */

/* Okabe and Ito's palette: told apart by colour-blind people, too. */
static const double colours[CHART_SERIES][3] = {{0.00, 0.45, 0.70}, {0.84, 0.37, 0.00},
                                                {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
                                                {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}};

typedef struct axis {
    double from, to; /* values at its ends; from is above 0 where it is logarithmic */
    bool is_log;
    double tick[TICKS]; /* [n] */
    int n;
} axis;

typedef struct charts {  /* side by side */
    const chart *panels; /* [n] */
    size_t n, columns;
    double width; /* of each, pixels */
} charts;

typedef struct panel {
    const chart *c;
    axis x, y;
    double width, height, bottom; /* pixels; of all, and of the margin below the plot */
} panel;

/* ---- axes ---- */

/* 1, 2 or 5 times a power of ten, so that about five steps fit. */
static double step_of(double range)
{
    double power = pow(10, floor(log10(range / 5))), f = range / 5 / power;

    return power * (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10);
}

static void add_tick(axis *a, double v)
{
    if (a->n < TICKS && v >= a->from * 0.9999 && v <= a->to * 1.0001)
        a->tick[a->n++] = v;
}

static void even_ticks(axis *a)
{
    double step = step_of(a->to - a->from), first = ceil(a->from / step);

    for (int i = 0; i < TICKS; i++)
        add_tick(a, (first + i) * step);
}

static void decade_ticks(axis *a)
{
    static const double steps[] = {1, 2, 5};
    int first = (int)floor(log10(a->from));

    for (int i = 0; i < TICKS; i++) {
        int decade = first + i / 3;
        add_tick(a, steps[i % 3] * pow(10, decade));
    }
}

static bool can_draw(double v, bool is_log)
{
    return isfinite(v) && (!is_log || v > 0);
}

/* Smallest and largest value that can be drawn; false where there is none. */
static bool range_of(const chart *c, bool of_x, bool is_log, double *low, double *high)
{
    bool any = false;

    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < c->series[i].n; j++) {
            double v = of_x ? c->series[i].x[j] : c->series[i].y[j];
            if (!can_draw(v, is_log))
                continue;
            *low = any ? fmin(*low, v) : v;
            *high = any ? fmax(*high, v) : v;
            any = true;
        }
    return any;
}

static axis linear_axis(const chart *c, bool of_x, double max, double room)
{
    axis a = {.to = max};
    double low, high;

    if (!(max > 0))
        a.to = range_of(c, of_x, false, &low, &high) && high > 0 ? room * high : 1;
    even_ticks(&a);
    return a;
}

/* With room above, and more below, for a mark's words. */
static axis log_axis(const chart *c)
{
    axis a = {.from = 1, .to = 10, .is_log = true};
    double pad;

    if (range_of(c, false, true, &a.from, &a.to)) {
        pad = fmax(log(a.to / a.from), 0.05);
        a.from *= exp(-0.16 * pad);
        a.to *= exp(0.06 * pad);
    }
    if (a.to / a.from > 8)
        decade_ticks(&a);
    else
        even_ticks(&a);
    return a;
}

static panel make_panel(const chart *c, double width)
{
    return (panel){.c = c,
                   .width = width,
                   .x = linear_axis(c, true, c->x_max, 1),
                   .y = c->y_log ? log_axis(c) : linear_axis(c, false, c->y_max, 1.05),
                   .height = c->height > 0 ? c->height : HEIGHT,
                   .bottom = *c->x_label ? 52 : 32};
}

/* 0..1 along the axis. */
static double along(const axis *a, double v)
{
    return a->is_log ? log(v / a->from) / log(a->to / a->from) : (v - a->from) / (a->to - a->from);
}

static double to_x(const panel *p, double x)
{
    return LEFT + along(&p->x, x) * (p->width - LEFT - RIGHT);
}

static double to_y(const panel *p, double y)
{
    return p->height - p->bottom - along(&p->y, y) * (p->height - TOP - p->bottom);
}

/* ---- words ---- */

#define LONGEST_TEXT 256 /* bytes; cut behind that */

/* cairo gives up on all of a picture for one byte that is not UTF-8. */
static void clean(const char *text, char to[LONGEST_TEXT])
{
    size_t n = strlen(text), used = 0, k;

    for (size_t i = 0; i < n && used + 4 < LONGEST_TEXT; i += k ? k : 1) {
        k = utf8_length((const unsigned char *)text + i, n - i);
        if (k)
            memcpy(to + used, text + i, k);
        else
            to[used] = '?';
        used += k ? k : 1;
    }
    to[used] = 0;
}

/* align: 0 left, 0.5 centred, 1 right of x. */
static void put_text(cairo_t *cr, double x, double y, double align, const char *text)
{
    char shown[LONGEST_TEXT];
    cairo_text_extents_t e;

    clean(text, shown);
    cairo_text_extents(cr, shown, &e);
    cairo_move_to(cr, x - align * e.width - e.x_bearing, y);
    cairo_show_text(cr, shown);
}

static void put_number(cairo_t *cr, double x, double y, double align, double v)
{
    char text[32];

    snprintf(text, sizeof text, "%.7g", v);
    put_text(cr, x, y, align, text);
}

static void draw_labels(cairo_t *cr, const panel *p)
{
    cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
    cairo_set_font_size(cr, 15);
    put_text(cr, LEFT, 24, 0, p->c->title);
    cairo_set_font_size(cr, 12);
    put_text(cr, (LEFT + p->width - RIGHT) / 2, p->height - 12, 0.5, p->c->x_label);
    cairo_save(cr);
    cairo_translate(cr, 18, (TOP + p->height - p->bottom) / 2);
    cairo_rotate(cr, -1.5707963267948966);
    put_text(cr, 0, 0, 0.5, p->c->y_label);
    cairo_restore(cr);
}

/* ---- lines ---- */

static void draw_line(cairo_t *cr, double x0, double y0, double x1, double y1)
{
    cairo_set_source_rgb(cr, 0.9, 0.9, 0.9);
    cairo_move_to(cr, x0, y0);
    cairo_line_to(cr, x1, y1);
    cairo_stroke(cr);
    cairo_set_source_rgb(cr, 0.3, 0.3, 0.3); /* for the number beside it */
}

static void draw_grid(cairo_t *cr, const panel *p)
{
    double floor_y = p->height - p->bottom;

    cairo_set_line_width(cr, 1);
    for (int i = 0; i < p->x.n; i++) {
        double x = to_x(p, p->x.tick[i]);
        draw_line(cr, x, TOP, x, floor_y);
        put_number(cr, x, floor_y + 16, 0.5, p->x.tick[i]);
    }
    for (int i = 0; i < p->y.n; i++) {
        double y = to_y(p, p->y.tick[i]);
        draw_line(cr, LEFT, y, p->width - RIGHT, y);
        put_number(cr, LEFT - 8, y + 4, 1, p->y.tick[i]);
    }
}

static void set_colour(cairo_t *cr, size_t i, bool pale)
{
    const double *c = colours[i], white = pale ? 0.6 : 0;

    cairo_set_source_rgb(cr, c[0] + white * (1 - c[0]), c[1] + white * (1 - c[1]),
                         c[2] + white * (1 - c[2]));
}

static void draw_dots(cairo_t *cr, const panel *p, const chart_series *s)
{
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->x[i]) || !can_draw(s->y[i], p->y.is_log))
            continue;
        cairo_arc(cr, to_x(p, s->x[i]), to_y(p, s->y[i]), 2.5, 0, 6.283185307179586);
        cairo_fill(cr);
    }
}

static void draw_series(cairo_t *cr, const panel *p, const chart_series *s)
{
    bool broken = true;

    cairo_save(cr);
    cairo_rectangle(cr, LEFT, TOP - 4, p->width - LEFT - RIGHT + 4,
                    p->height - TOP - p->bottom + 4);
    cairo_clip(cr);
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->x[i]) || !can_draw(s->y[i], p->y.is_log)) {
            broken = true;
            continue;
        }
        if (broken)
            cairo_move_to(cr, to_x(p, s->x[i]), to_y(p, s->y[i]));
        else
            cairo_line_to(cr, to_x(p, s->x[i]), to_y(p, s->y[i]));
        broken = false;
    }
    cairo_set_line_width(cr, s->pale ? 1 : 2);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke(cr);
    if (s->n <= FEW_POINTS)
        draw_dots(cr, p, s);
    cairo_restore(cr);
}

static void draw_mark(cairo_t *cr, const panel *p)
{
    const chart_mark *m = p->c->mark;
    double x, y;

    if (!m || !isfinite(m->x) || !can_draw(m->y, p->y.is_log))
        return;
    x = to_x(p, m->x);
    y = to_y(p, m->y);
    cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
    cairo_set_line_width(cr, 1.5);
    cairo_new_sub_path(cr);
    cairo_arc(cr, x, y, 6, 0, 6.283185307179586);
    cairo_stroke(cr);
    put_text(cr, x, y + 22, m->x / p->x.to, m->text); /* never beyond the border */
}

/* At the right, at the end (top or bottom) from which the first line stays away there. */
static double legend_top(const panel *p, size_t n_names)
{
    const chart_series *s = &p->c->series[0];
    double room = 16 * (double)n_names;

    for (size_t i = s->n; i-- > 0;)
        if (isfinite(s->x[i]) && can_draw(s->y[i], p->y.is_log))
            return along(&p->y, s->y[i]) > 0.5 ? p->height - p->bottom - 8 - room : TOP + 6;
    return TOP + 6;
}

static void draw_all_series(cairo_t *cr, const panel *p)
{
    const chart *c = p->c;
    size_t names = 0, colour = 0;
    double y;

    for (size_t i = 0; i < c->n; i++)
        names += c->series[i].name != NULL;
    y = c->n ? legend_top(p, names) : 0;
    for (size_t i = 0; i < c->n && i < CHART_SERIES; i++) {
        const chart_series *s = &c->series[i];
        set_colour(cr, colour, s->pale);
        draw_series(cr, p, s);
        if (s->name)
            put_text(cr, p->width - RIGHT - 8, y += 16, 1, s->name);
        colour += !s->pale;
    }
}

static double height_of(const chart *c)
{
    return c->height > 0 ? c->height : HEIGHT;
}

/* Row by row, all in a row as high as its first. */
static void draw(cairo_t *cr, const charts *all)
{
    double top = 0;

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_select_font_face(cr, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    for (size_t i = 0; i < all->n; i++) {
        size_t column = i % all->columns;
        panel p = make_panel(&all->panels[i], all->width);
        cairo_save(cr);
        cairo_translate(cr, (double)column * all->width, top);
        cairo_set_font_size(cr, 12);
        draw_grid(cr, &p);
        draw_labels(cr, &p);
        draw_all_series(cr, &p);
        draw_mark(cr, &p);
        cairo_restore(cr);
        if (column + 1 == all->columns)
            top += height_of(&all->panels[i + 1 - all->columns]);
    }
}

/* ---- files ---- */

static double height_of_all(const charts *all)
{
    double sum = 0;

    for (size_t i = 0; i < all->n; i += all->columns)
        sum += height_of(&all->panels[i]);
    return sum;
}

static cairo_status_t write_file(void *file, const unsigned char *data, unsigned int n)
{
    return fwrite(data, 1, n, file) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t draw_to(FILE *f, const charts *all, bool svg)
{
    double width = all->width * (double)all->columns, height = height_of_all(all);
    cairo_surface_t *s =
        svg ? cairo_svg_surface_create_for_stream(write_file, f, width, height)
            : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)width, (int)height);
    cairo_t *cr = cairo_create(s);
    cairo_status_t status;

    draw(cr, all);
    status = cairo_status(cr);
    cairo_destroy(cr);
    if (!status && !svg)
        status = cairo_surface_write_to_png_stream(s, write_file, f);
    cairo_surface_finish(s);
    status = status ? status : cairo_surface_status(s);
    cairo_surface_destroy(s);
    return status;
}

static pfld_status write_all(const char *path, const charts *all, pfld_error *err)
{
    files_whole w;
    cairo_status_t drawn;
    pfld_status st;

    if (!media_path_ends(path, ".svg") && !media_path_ends(path, ".png"))
        return error_set(err, PFLD_ERR_ARG, "%.120s: .svg or .png wanted", path);
    st = files_whole_begin(&w, path, err);
    if (st != PFLD_OK)
        return st;
    drawn = draw_to(w.to, all, media_path_ends(path, ".svg"));
    if (drawn == CAIRO_STATUS_NO_MEMORY)
        st = error_nomem(err);
    else if (drawn && drawn != CAIRO_STATUS_WRITE_ERROR) /* which the file's end tells */
        st = error_set(err, PFLD_ERR_IO, "%.120s: %s", path, cairo_status_to_string(drawn));
    return files_whole_end(&w, st, err);
}

pfld_status chart_write_stack(const char *path, const chart *panels, size_t n, pfld_error *err)
{
    return write_all(path, &(charts){panels, n, 1, WIDTH}, err);
}

pfld_status chart_write_grid(const char *path, const chart *panels, size_t n, pfld_error *err)
{
    return write_all(path, &(charts){panels, n, n < GRID_COLUMNS ? n : GRID_COLUMNS, GRID_WIDTH},
                     err);
}

pfld_status chart_write(const char *path, const chart *c, pfld_error *err)
{
    return chart_write_stack(path, c, 1, err);
}
