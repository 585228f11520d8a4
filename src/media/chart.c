/* Line charts for people: error curves, training curves. */
#define _POSIX_C_SOURCE 200809L
#include "media/chart.h"

#include <cairo-svg.h>
#include <cairo.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"

#define WIDTH  720.0
#define HEIGHT 440.0
#define LEFT   64.0
#define RIGHT  16.0
#define TOP    40.0
#define BOTTOM 52.0

/* Okabe and Ito's palette: told apart by colour-blind people, too. */
static const double colours[CHART_SERIES][3] = {{0.00, 0.45, 0.70}, {0.84, 0.37, 0.00},
                                                {0.00, 0.62, 0.45}, {0.80, 0.47, 0.65},
                                                {0.90, 0.62, 0.00}, {0.34, 0.71, 0.91}};

typedef struct axes {
    double x_max, y_max, x_tick, y_tick;
} axes;

/* 1, 2 or 5 times a power of ten, so that about five ticks fit. */
static double tick_of(double max)
{
    double power = pow(10, floor(log10(max / 5))), f = max / 5 / power;

    return power * (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10);
}

static double largest(const chart *c, bool of_x)
{
    double max = 0;

    for (size_t i = 0; i < c->n; i++)
        for (size_t j = 0; j < c->series[i].n; j++) {
            double v = of_x ? c->series[i].x[j] : c->series[i].y[j];
            if (isfinite(v) && v > max)
                max = v;
        }
    return max > 0 ? max : 1;
}

static axes make_axes(const chart *c)
{
    axes a = {.x_max = c->x_max > 0 ? c->x_max : largest(c, true),
              .y_max = c->y_max > 0 ? c->y_max : 1.05 * largest(c, false)};

    a.x_tick = tick_of(a.x_max);
    a.y_tick = tick_of(a.y_max);
    return a;
}

static double to_x(const axes *a, double x)
{
    return LEFT + x / a->x_max * (WIDTH - LEFT - RIGHT);
}

static double to_y(const axes *a, double y)
{
    return HEIGHT - BOTTOM - y / a->y_max * (HEIGHT - TOP - BOTTOM);
}

/* align: 0 left, 0.5 centred, 1 right of x. */
static void put_text(cairo_t *cr, double x, double y, double align, const char *text)
{
    cairo_text_extents_t e;

    cairo_text_extents(cr, text, &e);
    cairo_move_to(cr, x - align * e.width - e.x_bearing, y);
    cairo_show_text(cr, text);
}

static void draw_grid(cairo_t *cr, const axes *a)
{
    char text[32];

    cairo_set_line_width(cr, 1);
    for (int i = 0; i * a->x_tick <= a->x_max * 1.0001; i++) {
        double v = i * a->x_tick;
        cairo_set_source_rgb(cr, 0.9, 0.9, 0.9);
        cairo_move_to(cr, to_x(a, v), TOP);
        cairo_line_to(cr, to_x(a, v), HEIGHT - BOTTOM);
        cairo_stroke(cr);
        cairo_set_source_rgb(cr, 0.3, 0.3, 0.3);
        snprintf(text, sizeof text, "%g", v);
        put_text(cr, to_x(a, v), HEIGHT - BOTTOM + 16, 0.5, text);
    }
    for (int i = 0; i * a->y_tick <= a->y_max * 1.0001; i++) {
        double v = i * a->y_tick;
        cairo_set_source_rgb(cr, 0.9, 0.9, 0.9);
        cairo_move_to(cr, LEFT, to_y(a, v));
        cairo_line_to(cr, WIDTH - RIGHT, to_y(a, v));
        cairo_stroke(cr);
        cairo_set_source_rgb(cr, 0.3, 0.3, 0.3);
        snprintf(text, sizeof text, "%g", v);
        put_text(cr, LEFT - 8, to_y(a, v) + 4, 1, text);
    }
}

static void draw_labels(cairo_t *cr, const chart *c)
{
    cairo_set_source_rgb(cr, 0.1, 0.1, 0.1);
    cairo_set_font_size(cr, 15);
    put_text(cr, LEFT, 24, 0, c->title);
    cairo_set_font_size(cr, 12);
    put_text(cr, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12, 0.5, c->x_label);
    cairo_save(cr);
    cairo_translate(cr, 16, (TOP + HEIGHT - BOTTOM) / 2);
    cairo_rotate(cr, -1.5707963267948966);
    put_text(cr, 0, 0, 0.5, c->y_label);
    cairo_restore(cr);
}

static void draw_series(cairo_t *cr, const axes *a, const chart_series *s)
{
    bool broken = true;

    cairo_save(cr);
    cairo_rectangle(cr, LEFT, TOP, WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM);
    cairo_clip(cr);
    for (size_t i = 0; i < s->n; i++) {
        if (!isfinite(s->x[i]) || !isfinite(s->y[i])) {
            broken = true;
            continue;
        }
        if (broken)
            cairo_move_to(cr, to_x(a, s->x[i]), to_y(a, s->y[i]));
        else
            cairo_line_to(cr, to_x(a, s->x[i]), to_y(a, s->y[i]));
        broken = false;
    }
    cairo_set_line_width(cr, 2);
    cairo_stroke(cr);
    cairo_restore(cr);
}

static void draw(cairo_t *cr, const chart *c)
{
    axes a = make_axes(c);

    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_paint(cr);
    cairo_select_font_face(cr, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, 12);
    draw_grid(cr, &a);
    draw_labels(cr, c);
    for (size_t i = 0; i < c->n && i < CHART_SERIES; i++) {
        cairo_set_source_rgb(cr, colours[i][0], colours[i][1], colours[i][2]);
        draw_series(cr, &a, &c->series[i]);
        put_text(cr, WIDTH - RIGHT - 8, HEIGHT - BOTTOM - 12 - 16 * (double)(c->n - 1 - i), 1,
                 c->series[i].name);
    }
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);

    return n > k && strcmp(s + n - k, end) == 0;
}

static cairo_status_t write_file(void *file, const unsigned char *data, unsigned int n)
{
    return fwrite(data, 1, n, file) == n ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_status_t draw_to(FILE *f, const chart *c, bool svg)
{
    cairo_surface_t *s =
        svg ? cairo_svg_surface_create_for_stream(write_file, f, WIDTH, HEIGHT)
            : cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)WIDTH, (int)HEIGHT);
    cairo_t *cr = cairo_create(s);
    cairo_status_t status;

    draw(cr, c);
    status = cairo_status(cr);
    cairo_destroy(cr);
    if (!status && !svg)
        status = cairo_surface_write_to_png_stream(s, write_file, f);
    cairo_surface_finish(s);
    status = status ? status : cairo_surface_status(s);
    cairo_surface_destroy(s);
    return status;
}

pfld_status chart_write(const char *path, const chart *c, pfld_error *err)
{
    char tmp[4096];
    cairo_status_t drawn;
    FILE *f;

    if (!ends_with(path, ".svg") && !ends_with(path, ".png"))
        return error_set(err, PFLD_ERR_ARG, "%.120s: .svg or .png wanted", path);
    if (snprintf(tmp, sizeof tmp, "%s.tmp", path) >= (int)sizeof tmp)
        return error_set(err, PFLD_ERR_ARG, "%.80s...: the name is too long", path);
    f = fopen(tmp, "wb");
    if (!f)
        return error_sys(err, errno, "%s", path);
    drawn = draw_to(f, c, ends_with(path, ".svg"));
    if (fclose(f) != 0 || drawn || rename(tmp, path) != 0) {
        pfld_status st =
            drawn == CAIRO_STATUS_NO_MEMORY ? error_nomem(err) : error_sys(err, errno, "%s", path);
        remove(tmp);
        return st;
    }
    return PFLD_OK;
}
