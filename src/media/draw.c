/* The annotated picture: boxes, contours, points, pose axes and scores, sized to the face. */
#include "media/draw.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cairo.h>

#include "core/error.h"
#include "core/mem.h"
#include "geometry/mesh.h"
#include "geometry/pose.h"
#include "geometry/spread.h"
#include "image/image.h"
#include "media/codec_internal.h"

#define PI       3.14159265358979323846
#define MAX_SIDE 32767 /* of a cairo image surface */
#define MAX_AWAY 1e6f  /* pixels; cairo's numbers end at 2^23 */
/* Pixels of an enlarged picture: a typing error must not take all memory. */
#define MAX_ENLARGED 64e6
/* Cairo's own: the picture is the same on every machine, with or without fonts; ASCII only. */
#define FONT      "@cairo:"
#define MIN_FONT  6  /* pixels; smaller is noise */
#define MIN_RINGS 64 /* pixels of a face's side */
/* Of a label, in sides of its face: wider ones would lie over the neighbours'. */
#define MOST_LABEL 1.6

typedef struct colour {
    double r, g, b;
} colour;

static const colour group_colours[] = {
    [SCHEME_JAW] = {0.39, 0.78, 1.00},  [SCHEME_BROW] = {1.00, 0.78, 0.30},
    [SCHEME_NOSE] = {0.80, 0.64, 1.00}, [SCHEME_EYE] = {0.36, 0.93, 0.66},
    [SCHEME_LIPS] = {1.00, 0.43, 0.58}, [SCHEME_PUPIL] = {1.00, 1.00, 1.00},
};
static const colour mesh_colour = {0.80, 0.95, 1.00};
static const colour plain_colour = {1.00, 0.88, 0.36}; /* points of no group */
static const colour box_colour = {0.96, 0.98, 1.00};
static const colour five_colour = {1.00, 1.00, 1.00};
static const colour axis_colours[3] = {{1.00, 0.27, 0.27}, {0.30, 0.90, 0.35}, {0.27, 0.52, 1.00}};

typedef struct drawing { /* what is drawn on a picture, and how */
    const scheme *s;
    const pfld_face *faces; /* [n], in pixels of the photo */
    size_t n;
    const draw_options *opt;
    double scale; /* of the picture over the photo */
} drawing;

typedef struct pen { /* all lengths in pixels, chosen for one face */
    cairo_t *cr;
    double width, height; /* of the picture */
    double side;          /* of the face */
    double line, halo;    /* widths; the halo's includes the line */
    double radius, rim;   /* of a point, and with its halo */
    double font;
    const drawing *d; /* all the faces */
} pen;

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static bool drawable(pfld_point p)
{
    return fabsf(p.x) < MAX_AWAY && fabsf(p.y) < MAX_AWAY; /* false for NaN, too */
}

static bool drawable_box(const pfld_box *b)
{
    return drawable((pfld_point){b->x, b->y}) && drawable((pfld_point){b->x + b->w, b->y + b->h}) &&
           b->w > 0 && b->h > 0;
}

/* Centres of pixels are at whole numbers in both: corners of pictures lie on corners. */
static affine scaled_by(double scale)
{
    float k = (float)scale, shift = (float)(scale / 2 - 0.5);

    return (affine){k, 0, shift, 0, k, shift};
}

static pfld_box scaled_box(const pfld_box *b, double scale)
{
    const affine t = scaled_by(scale);
    pfld_point corner = affine_apply(&t, (pfld_point){b->x, b->y});

    return (pfld_box){corner.x, corner.y, t.a * b->w, t.e * b->h};
}

/* Small faces have relatively strong lines, as they would not be seen else; but points that don't
 * run into one another. */
static pen sized(const pen *on, double side)
{
    pen p = *on;

    p.side = side;
    p.line = clamp(fmax(side * 0.0055, sqrt(side) * 0.12), 0.5, 8);
    p.halo = p.line + clamp(side * 0.007, 0.5, 8);
    p.radius = clamp(fmax(side * 0.0085, p.line * 0.7), 0.5, 14);
    p.rim = p.radius + clamp(side * 0.004, 0.25, 5);
    p.font = clamp(side * 0.052, 10, 40);
    return p;
}

static void ink(cairo_t *cr, const colour *c, double alpha)
{
    cairo_set_source_rgba(cr, c->r, c->g, c->b, alpha);
}

static void shade(cairo_t *cr, double alpha)
{
    cairo_set_source_rgba(cr, 0.03, 0.04, 0.07, alpha);
}

/* The path twice: dark and wide, then thin in its colour. */
static void stroke_with_halo(const pen *p, const colour *c, double line, double halo)
{
    cairo_set_line_width(p->cr, halo);
    shade(p->cr, 0.5);
    cairo_stroke_preserve(p->cr);
    cairo_set_line_width(p->cr, line);
    ink(p->cr, c, 1);
    cairo_stroke(p->cr);
}

static void rounded_path(cairo_t *cr, double x, double y, double w, double h, double r)
{
    cairo_new_sub_path(cr);
    cairo_arc(cr, x + w - r, y + r, r, -PI / 2, 0);
    cairo_arc(cr, x + w - r, y + h - r, r, 0, PI / 2);
    cairo_arc(cr, x + r, y + h - r, r, PI / 2, PI);
    cairo_arc(cr, x + r, y + r, r, PI, PI * 3 / 2);
    cairo_close_path(cr);
}

static void draw_box(const pen *p, const pfld_box *b)
{
    double r = fmin(p->side * 0.04, fmin((double)b->w, (double)b->h) / 2);
    double line = p->line * 0.8;

    rounded_path(p->cr, (double)b->x, (double)b->y, (double)b->w, (double)b->h, r);
    stroke_with_halo(p, &box_colour, line, line + (p->halo - p->line) * 0.8);
}

/* ---- contours and points ---- */

static void contour_path(cairo_t *cr, const scheme_contour *c, const pfld_face *face)
{
    bool all = true;

    cairo_new_sub_path(cr);
    for (int i = 0; i < c->n; i++) {
        pfld_point q = face->landmarks[c->points[i]];
        if (drawable(q))
            cairo_line_to(cr, (double)q.x, (double)q.y);
        else
            all = false;
    }
    if ((c->closed && all) || c->n == 1) /* a lone point becomes a dot */
        cairo_close_path(cr);
}

static void draw_contours(const pen *p, const scheme *s, const pfld_face *face)
{
    /* all halos in one stroke: none lies over a line, or darkens where two meet */
    for (int i = 0; i < s->n_contours; i++)
        contour_path(p->cr, &s->contours[i], face);
    cairo_set_line_width(p->cr, p->halo);
    shade(p->cr, 0.5);
    cairo_stroke(p->cr);
    cairo_set_line_width(p->cr, p->line);
    for (int i = 0; i < s->n_contours; i++) {
        contour_path(p->cr, &s->contours[i], face);
        ink(p->cr, &group_colours[s->contours[i].kind], 0.95);
        cairo_stroke(p->cr);
    }
}

/* Seen from its front: on a turned head, the far side's triangles lie behind the near side's. */
static bool faces_us(const pfld_point q[3])
{
    double x1 = (double)q[1].x - (double)q[0].x, y1 = (double)q[1].y - (double)q[0].y;
    double x2 = (double)q[2].x - (double)q[0].x, y2 = (double)q[2].y - (double)q[0].y;

    return x1 * y2 - x2 * y1 > 0;
}

/* All in one path: an edge of two triangles is not drawn twice. */
static void draw_mesh(const pen *p, const scheme *s, const pfld_face *face)
{
    mesh_triangle triangles[MESH_MOST];
    size_t n = s ? mesh_of_scheme(s, triangles)
                 : mesh_delaunay(face->landmarks, face->n_landmarks, triangles);

    for (size_t i = 0; i < n; i++) {
        pfld_point q[3];
        for (int k = 0; k < 3; k++)
            q[k] = face->landmarks[triangles[i].at[k]];
        if (!drawable(q[0]) || !drawable(q[1]) || !drawable(q[2]) || !faces_us(q))
            continue;
        cairo_new_sub_path(p->cr);
        for (int k = 0; k < 3; k++)
            cairo_line_to(p->cr, (double)q[k].x, (double)q[k].y);
        cairo_close_path(p->cr);
    }
    ink(p->cr, &mesh_colour, 0.10);
    cairo_fill_preserve(p->cr);
    stroke_with_halo(p, &mesh_colour, 0.5 * p->line, 0.5 * p->halo);
}

static void disc_path(cairo_t *cr, pfld_point q, double r)
{
    if (!drawable(q))
        return;
    cairo_new_sub_path(cr);
    cairo_arc(cr, (double)q.x, (double)q.y, r, 0, 2 * PI);
}

static colour mix_with_white(const colour *c, double white)
{
    return (colour){c->r + (1 - c->r) * white, c->g + (1 - c->g) * white,
                    c->b + (1 - c->b) * white};
}

static void draw_points(const pen *p, const scheme *s, const pfld_face *face)
{
    const colour *of[PFLD_MAX_LANDMARKS];

    for (int i = 0; i < face->n_landmarks; i++)
        of[i] = &plain_colour;
    for (int i = 0; s && i < s->n_contours; i++)
        for (int k = 0; k < s->contours[i].n; k++)
            of[s->contours[i].points[k]] = &group_colours[s->contours[i].kind];

    for (int i = 0; i < face->n_landmarks; i++)
        disc_path(p->cr, face->landmarks[i], p->rim);
    shade(p->cr, 0.65);
    cairo_fill(p->cr);
    for (int i = 0; i < face->n_landmarks; i++) {
        colour c = mix_with_white(of[i], 0.45);
        disc_path(p->cr, face->landmarks[i], p->radius);
        ink(p->cr, &c, 1);
        cairo_fill(p->cr);
    }
}

static void ellipse_path(cairo_t *cr, const pfld_point *at, pfld_cov c, double radius)
{
    double half[2], angle;

    spread_axes(c, half, &angle);
    if (!drawable(*at) || !(half[1] > 0) || !(radius * half[0] < (double)MAX_AWAY))
        return;
    cairo_save(cr);
    cairo_translate(cr, (double)at->x, (double)at->y);
    cairo_rotate(cr, angle);
    cairo_scale(cr, radius * half[0], radius * half[1]);
    cairo_new_sub_path(cr);
    cairo_arc(cr, 0, 0, 1, 0, 2 * PI);
    cairo_restore(cr); /* the pen stays round */
}

static void draw_ellipses(const pen *p, const scheme *s, const pfld_face *face)
{
    for (int i = 0; i < face->n_landmarks; i++) {
        const colour *c = s ? &group_colours[scheme_group(s, i)] : &plain_colour;

        ellipse_path(p->cr, &face->landmarks[i], face->cov[i], (double)p->d->opt->ellipse);
        ink(p->cr, c, 0.16);
        cairo_fill_preserve(p->cr);
        cairo_set_line_width(p->cr, 0.6 * p->line);
        ink(p->cr, c, 0.8);
        cairo_stroke(p->cr);
    }
}

/* By themselves, discs; beside landmarks, rings, but where they would hide them. */
static void draw_five(const pen *p, const pfld_face *face)
{
    bool alone = face->n_landmarks == 0;
    double r = alone ? p->radius * 1.3 : p->rim * 1.8;

    if (!alone && p->side < MIN_RINGS)
        return;
    for (int i = 0; i < 5; i++)
        disc_path(p->cr, face->five[i], r);
    if (!alone) {
        stroke_with_halo(p, &five_colour, p->line, p->halo);
        return;
    }
    cairo_set_line_width(p->cr, 2 * (p->rim - p->radius));
    shade(p->cr, 0.65);
    cairo_stroke_preserve(p->cr);
    ink(p->cr, &five_colour, 1);
    cairo_fill(p->cr);
}

/* ---- pose ---- */

static bool has_pose(const pfld_face *face)
{
    return isfinite(face->pose.yaw) && isfinite(face->pose.pitch) && isfinite(face->pose.roll);
}

/* The nose's middle where the scheme has one, else that of all points, else the box's. */
static pfld_point pose_origin(const scheme *s, const pfld_face *face)
{
    pfld_point sum = {0, 0};
    int n = 0;

    for (int i = 0; s && i < s->n_contours; i++)
        for (int k = 0; s->contours[i].kind == SCHEME_NOSE && k < s->contours[i].n; k++, n++) {
            sum.x += face->landmarks[s->contours[i].points[k]].x;
            sum.y += face->landmarks[s->contours[i].points[k]].y;
        }
    for (int i = 0; n == 0 && i < face->n_landmarks; i++) {
        sum.x += face->landmarks[i].x / (float)face->n_landmarks;
        sum.y += face->landmarks[i].y / (float)face->n_landmarks;
    }
    if (n)
        return (pfld_point){sum.x / (float)n, sum.y / (float)n};
    if (face->n_landmarks)
        return sum;
    return (pfld_point){face->box.x + face->box.w / 2, face->box.y + face->box.h / 2};
}

/* An arrow as one outline: a shaft and a head as long as it is wide. */
static void arrow_path(cairo_t *cr, pfld_point o, double dx, double dy, double shaft, double head)
{
    double length = hypot(dx, dy), neck = fmax(length - head, 0);
    double ux = length > 0 ? dx / length : 1, uy = length > 0 ? dy / length : 0;
    const double outline[7][2] = {/* along the arrow, across it */
                                  {0, shaft / 2}, {neck, shaft / 2}, {neck, head / 2},
                                  {length, 0},    {neck, -head / 2}, {neck, -shaft / 2},
                                  {0, -shaft / 2}};

    cairo_new_sub_path(cr);
    for (int i = 0; i < 7; i++)
        cairo_line_to(cr, (double)o.x + ux * outline[i][0] - uy * outline[i][1],
                      (double)o.y + uy * outline[i][0] + ux * outline[i][1]);
    cairo_close_path(cr);
}

static void draw_pose(const pen *p, const scheme *s, const pfld_face *face)
{
    pfld_point o = pose_origin(s, face);
    double length = p->side * 0.17;
    double shaft = fmax(p->line * 1.6, 1.2), head = fmax(p->side * 0.045, 3);
    float r[3][3];

    if (!has_pose(face) || !drawable(o))
        return;
    pose_to_matrix(&face->pose, r);
    for (int k = 0; k < 3; k++) {
        double sign =
            k == 2 ? -1 : 1; /* z points away from the camera, the face looks against it */
        double dx = sign * length * (double)r[0][k], dy = sign * length * (double)r[1][k];
        double shown = fmin(1, hypot(dx, dy) / (1.5 * head)); /* pointing at us, it shrinks */
        if (k == 2)
            disc_path(p->cr, o, shaft * 1.1); /* ... to this dot */
        arrow_path(p->cr, o, dx, dy, shaft, head * shown);
        cairo_set_line_width(p->cr, p->halo - p->line);
        shade(p->cr, 0.6);
        cairo_stroke_preserve(p->cr);
        ink(p->cr, &axis_colours[k], 1);
        cairo_fill(p->cr);
    }
}

/* ---- label ---- */

/* Rounded, without the sign of -0. */
static double whole(float degrees)
{
    return round((double)degrees) + 0.0;
}

static void label_text(const pfld_face *face, bool pose, char *text, size_t room)
{
    size_t used = face->id ? (size_t)snprintf(text, room, "#%u  ", face->id) : 0;

    used += (size_t)snprintf(text + used, room - used, "%.2f", (double)face->score);
    if (isfinite(face->presence))
        used += (size_t)snprintf(text + used, room - used, " (%.2f)", (double)face->presence);
    if (pose)
        snprintf(text + used, room - used, "    yaw %+.0f   pitch %+.0f   roll %+.0f",
                 whole(face->pose.yaw), whole(face->pose.pitch), whole(face->pose.roll));
}

/* Width of the label with its margins. */
static double label_width(const pen *p, const char *text, double font)
{
    cairo_text_extents_t e;

    cairo_set_font_size(p->cr, font);
    cairo_text_extents(p->cr, text, &e);
    return e.x_advance + font * 0.9;
}

/* Chooses text and size so that the label is no wider than the picture, nor among other faces than
 * its own; false where none would be readable. */
static bool fit_label(const pen *p, const pfld_face *face, char *text, size_t room, double *font)
{
    bool crowded = p->d->n > 1;
    double most = crowded ? fmin(p->width, MOST_LABEL * p->side) : p->width;

    for (int pose = has_pose(face); pose >= 0; pose--) {
        double w;
        label_text(face, pose, text, room);
        *font = p->font;
        w = label_width(p, text, *font);
        if (w > most)
            *font *= most / w * 0.98;
        if (*font >= (crowded && pose ? p->font * 0.98 : MIN_FONT))
            return true;
    }
    return false;
}

/* Pixels of faces that a label hides. */
static double hidden_by(const pen *p, double x, double y, double w, double h)
{
    double sum = 0;

    for (size_t i = 0; i < p->d->n; i++) {
        const pfld_box b = scaled_box(&p->d->faces[i].box, p->d->scale);
        double over_x = fmin(x + w, (double)b.x + (double)b.w) - fmax(x, (double)b.x);
        double over_y = fmin(y + h, (double)b.y + (double)b.h) - fmax(y, (double)b.y);

        if (drawable_box(&b) && over_x > 0 && over_y > 0)
            sum += over_x * over_y;
    }
    return sum;
}

/* Above the box, or below it, or inside at its top: the first that hides no face, or else least of
 * them. As far left as the box, or as far beyond it on both sides; always inside the picture. */
static void place_label(const pen *p, const pfld_box *b, double w, double h, double *x, double *y)
{
    double gap = p->font * 0.35, least = HUGE_VAL;
    const double at[] = {(double)b->y - gap - h, (double)b->y + (double)b->h + gap,
                         (double)b->y + gap};

    *x = clamp((double)b->x + fmin(0, ((double)b->w - w) / 2), 0, fmax(0, p->width - w));
    for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
        double inside = clamp(at[i], 0, fmax(0, p->height - h));
        double hidden = hidden_by(p, *x, inside, w, h);

        if (hidden < least) {
            *y = inside;
            least = hidden;
        }
    }
}

static void draw_label(const pen *p, const pfld_face *face)
{
    char text[128];
    double x = 0, y = 0, w, h, font;
    cairo_font_extents_t e;

    cairo_select_font_face(p->cr, FONT, CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    if (!fit_label(p, face, text, sizeof text, &font))
        return;
    w = label_width(p, text, font);
    cairo_font_extents(p->cr, &e);
    h = e.ascent + e.descent + font * 0.35;
    place_label(p, &face->box, w, h, &x, &y);
    rounded_path(p->cr, x - 0.5, y - 0.5, w, h, font * 0.35);
    shade(p->cr, 0.72);
    cairo_fill(p->cr);
    cairo_move_to(p->cr, x - 0.5 + font * 0.45, y - 0.5 + font * 0.175 + e.ascent);
    cairo_set_source_rgb(p->cr, 1, 1, 1);
    cairo_show_text(p->cr, text);
}

/* ---- styles ---- */

const char *const draw_style_names[DRAW_STYLES + 1] = {"full", "mesh", "points", "minimal"};

void draw_set_style(draw_options *opt, draw_style style)
{
    opt->no_box = opt->no_five = opt->no_pose = opt->no_label = style != DRAW_FULL;
    opt->no_points = style == DRAW_MESH || style == DRAW_MINIMAL;
    opt->no_contours = style == DRAW_POINTS;
    opt->mesh = style == DRAW_MESH;
}

/* ---- the picture ---- */

static pfld_face scaled_face(const pfld_face *face, double scale)
{
    const affine t = scaled_by(scale);
    pfld_face f = *face;

    f.box = scaled_box(&face->box, scale);
    for (int i = 0; i < 5; i++)
        f.five[i] = affine_apply(&t, face->five[i]);
    for (int i = 0; i < face->n_landmarks; i++)
        f.landmarks[i] = affine_apply(&t, face->landmarks[i]);
    for (int i = 0; i < face->n_landmarks; i++)
        f.cov[i] = spread_map(&t, face->cov[i]);
    return f;
}

static void draw_face(const pen *p, const pfld_face *face)
{
    const draw_options *opt = p->d->opt;
    const scheme *s = p->d->s && p->d->s->n == face->n_landmarks ? p->d->s : NULL;

    if (!opt->no_box)
        draw_box(p, &face->box);
    if (!opt->no_five)
        draw_five(p, face);
    if (opt->mesh)
        draw_mesh(p, s, face);
    if (s && !opt->no_contours)
        draw_contours(p, s, face);
    if (opt->ellipse > 0.0f)
        draw_ellipses(p, s, face);
    if (!opt->no_pose)
        draw_pose(p, s, face);
    if (!opt->no_points || !(s || opt->no_contours))
        draw_points(p, s, face);
}

static void draw_each(const pen *on, void (*draw)(const pen *, const pfld_face *))
{
    for (size_t i = 0; i < on->d->n; i++) {
        const pfld_face face = scaled_face(&on->d->faces[i], on->d->scale);
        const pen p = sized(on, (double)fmaxf(face.box.w, face.box.h));

        if (drawable_box(&face.box))
            draw(&p, &face);
    }
}

/* Cairo's pixels are words 0xffrrggbb in the machine's byte order. */
static void pixels_to_cairo(const pfld_image *img, uint8_t *canvas, ptrdiff_t stride)
{
    for (int32_t y = 0; y < img->height; y++) {
        const uint8_t *rgb = img->data + y * img->stride;
        for (int32_t x = 0; x < img->width; x++, rgb += 3) {
            uint32_t v =
                0xff000000u | (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | (uint32_t)rgb[2];
            memcpy(canvas + y * stride + 4 * (ptrdiff_t)x, &v, sizeof v);
        }
    }
}

static void pixels_from_cairo(const uint8_t *canvas, ptrdiff_t stride, const pfld_image *out)
{
    for (int32_t y = 0; y < out->height; y++) {
        uint8_t *rgb = out->data + y * out->stride;
        for (int32_t x = 0; x < out->width; x++, rgb += 3) {
            uint32_t v;
            memcpy(&v, canvas + y * stride + 4 * (ptrdiff_t)x, sizeof v);
            rgb[0] = (uint8_t)(v >> 16);
            rgb[1] = (uint8_t)(v >> 8);
            rgb[2] = (uint8_t)v;
        }
    }
}

static pfld_status cairo_failure(cairo_status_t code, pfld_error *err)
{
    if (code == CAIRO_STATUS_NO_MEMORY)
        return error_nomem(err);
    return error_set(err, PFLD_ERR_UNSUPPORTED, "cairo cannot draw: %s",
                     cairo_status_to_string(code));
}

/* Letters where they belong rather than on whole pixels: small labels keep their spacing. */
static void set_text_options(cairo_t *cr)
{
    cairo_font_options_t *o = cairo_font_options_create();

    cairo_font_options_set_antialias(o, CAIRO_ANTIALIAS_GRAY);
    cairo_font_options_set_hint_style(o, CAIRO_HINT_STYLE_SLIGHT);
    cairo_font_options_set_hint_metrics(o, CAIRO_HINT_METRICS_OFF);
    cairo_set_font_options(cr, o);
    cairo_font_options_destroy(o);
}

/* canvas [img->height][stride] */
static pfld_status draw_on(uint8_t *canvas, int stride, const pfld_image *img, const drawing *d,
                           pfld_error *err)
{
    cairo_surface_t *surface = cairo_image_surface_create_for_data(canvas, CAIRO_FORMAT_RGB24,
                                                                   img->width, img->height, stride);
    cairo_t *cr = cairo_create(surface);
    const pen on = {.cr = cr, .width = img->width, .height = img->height, .d = d};
    cairo_status_t code;

    cairo_translate(cr, 0.5, 0.5); /* our (0, 0) is the first pixel's centre, cairo's its corner */
    set_text_options(cr);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
    draw_each(&on, draw_face);
    if (!d->opt->no_label)
        draw_each(&on, draw_label); /* over all faces' lines */
    cairo_surface_flush(surface);
    code = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_destroy(surface);
    return code == CAIRO_STATUS_SUCCESS ? PFLD_OK : cairo_failure(code, err);
}

static pfld_status check_faces(const pfld_face *faces, size_t n, pfld_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (faces[i].n_landmarks < 0 || faces[i].n_landmarks > PFLD_MAX_LANDMARKS)
            return error_set(err, PFLD_ERR_ARG, "face %zu has %d landmarks (0 to %d expected)", i,
                             (int)faces[i].n_landmarks, PFLD_MAX_LANDMARKS);
    return PFLD_OK;
}

static pfld_status check_scale(double scale, pfld_error *err)
{
    return isfinite(scale) && scale > 0
               ? PFLD_OK
               : error_set(err, PFLD_ERR_ARG, "a picture cannot be drawn %g times as large", scale);
}

/* For the drawn picture, of a pixel at least. */
static pfld_status make_room(const pfld_image *img, double scale, media_image *out, pfld_error *err)
{
    const media_input no_limit = {.max_pixels = UINT64_MAX}; /* img is there already */
    double w = fmax(1, round(img->width * scale)), h = fmax(1, round(img->height * scale));

    if (w > MAX_SIDE || h > MAX_SIDE)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "the picture is too large to draw on (%.0f x %.0f pixels; a side is at "
                         "most %d)",
                         w, h, MAX_SIDE);
    if (scale > 1 && w * h > MAX_ENLARGED)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "the picture is too large to be drawn enlarged (%.0f x %.0f pixels; at "
                         "most %.0f megapixels)",
                         w, h, MAX_ENLARGED / 1e6);
    return media_image_create(&no_limit, (uint64_t)w, (uint64_t)h, 3, out, err);
}

pfld_status draw_faces(const pfld_image *img, const scheme *s, const pfld_face *faces, size_t n,
                       const draw_options *opt, media_image *out, pfld_error *err)
{
    static const draw_options all = {0};
    const drawing d = {s, faces, n, opt ? opt : &all,
                       opt && opt->scale != 0 ? (double)opt->scale : 1};
    const affine to_img = scaled_by(1 / d.scale);
    uint8_t *canvas = NULL;
    int stride;
    pfld_status st;

    *out = (media_image){0};
    if ((st = image_check(img, err)) || (st = check_faces(faces, n, err)) ||
        (st = check_scale(d.scale, err)) || (st = make_room(img, d.scale, out, err)))
        return st;
    stride = cairo_format_stride_for_width(CAIRO_FORMAT_RGB24, out->view.width);
    canvas = mem_alloc((size_t)out->view.height, (size_t)stride);
    if (!canvas) {
        st = error_nomem(err);
        goto done;
    }
    image_warp(img, &to_img, &out->view);
    pixels_to_cairo(&out->view, canvas, stride);
    st = draw_on(canvas, stride, &out->view, &d, err);
    if (!st)
        pixels_from_cairo(canvas, stride, &out->view);
done:
    mem_free(canvas);
    if (st)
        media_image_free(out);
    return st;
}
