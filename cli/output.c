/* Results on stdout or in a file: JSON lines, CSV, and .pts. */
#define _POSIX_C_SOURCE 200809L
#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/decimal.h"
#include "cli/openface.h"
#include "cli/output_measures.h"
#include "core/error.h"
#include "core/mem.h"
#include "core/utf8.h"

#define DECIMALS       3 /* of coordinates and angles: a thousandth of a pixel or degree */
#define SCORE_DECIMALS 4
#define COV_DECIMALS   5 /* of square pixels: small faces' points are off by tenths of a pixel */
#define TIME_DECIMALS  6

const float output_shares[OUTPUT_SHARES] = {50, 90, 99};

json_t *output_string(const char *s)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    char *clean = mem_alloc(strlen(s) + 1, sizeof replacement - 1), *to = clean;
    json_t *string;

    if (!clean)
        return NULL;
    while (*s) {
        size_t n = utf8_length((const unsigned char *)s, strnlen(s, 4)), wrong = n == 0;

        memcpy(to, wrong ? replacement : s, wrong ? sizeof replacement - 1 : n);
        to += wrong ? sizeof replacement - 1 : n;
        s += wrong ? 1 : n;
    }
    string = json_stringn(clean, (size_t)(to - clean));
    mem_free(clean);
    return string;
}

json_t *output_number(double v, int decimals)
{
    return isfinite(v) ? json_real(decimal_round(v, decimals)) : json_null();
}

json_t *output_shape(const net_shape *shape)
{
    json_t *list = json_array();

    for (int i = 0; list && i < shape->rank; i++) {
        json_t *dim = shape->dim[i] < 0 ? json_string("?") : json_integer(shape->dim[i]);

        if (json_array_append_new(list, dim)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static pfld_status flush(FILE *to, const char *name, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    errno = 0;
    if (fflush(to) == 0 && !ferror(to))
        return PFLD_OK;
    name = error_path(name ? name : "stdout", shown);
    return errno ? error_sys(err, errno, "%s", name)
                 : error_set(err, PFLD_ERR_IO, "%s: writing failed", name);
}

static pfld_status put_json(FILE *to, const char *name, json_t *object, pfld_error *err)
{
    /* 9 digits: whatever is rounded to 4 decimals prints so, and shorter numbers print short */
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(object);
    if (!text)
        return error_nomem(err);
    fputs(text, to);
    fputc('\n', to);
    free(text);
    return flush(to, name, err);
}

pfld_status output_json(FILE *to, json_t *object, pfld_error *err)
{
    return put_json(to, NULL, object, err);
}

static json_t *point_list(const pfld_point *p, int32_t n)
{
    json_t *list = json_array();

    for (int32_t i = 0; list && i < n; i++) {
        json_t *pair = json_pack("[o,o]", output_number((double)p[i].x, DECIMALS),
                                 output_number((double)p[i].y, DECIMALS));

        if (json_array_append_new(list, pair)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static bool has_five(const pfld_face *f)
{
    for (int i = 0; i < 5; i++)
        if (!isfinite(f->five[i].x) || !isfinite(f->five[i].y))
            return false;
    return true;
}

static json_t *cov_list(const pfld_face *f)
{
    json_t *list = json_array();

    for (int32_t i = 0; list && i < f->n_landmarks; i++) {
        const pfld_cov *c = &f->cov[i];
        json_t *three = json_pack("[o,o,o]", output_number((double)c->xx, COV_DECIMALS),
                                  output_number((double)c->xy, COV_DECIMALS),
                                  output_number((double)c->yy, COV_DECIMALS));

        if (json_array_append_new(list, three)) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* {"50":1.1,"90":2.2,"99":3.9} */
static json_t *radii_object(const float *radii)
{
    json_t *o = json_object();
    char name[8];

    for (size_t i = 0; o && i < OUTPUT_SHARES; i++) {
        snprintf(name, sizeof name, "%.0f", (double)output_shares[i]);
        if (json_object_set_new(o, name, output_number((double)radii[i], SCORE_DECIMALS))) {
            json_decref(o);
            return NULL;
        }
    }
    return o;
}

/* Adds how far off the landmarks may be. False: no memory. */
static bool put_spread(json_t *face, const pfld_face *f, const float *radii)
{
    return face &&
           json_object_set_new(face, "error", output_number((double)f->error, DECIMALS)) == 0 &&
           json_object_set_new(face, "cov", cov_list(f)) == 0 &&
           json_object_set_new(face, "radii", radii_object(radii)) == 0;
}

static json_t *face_object(const output_result *r, size_t i)
{
    const pfld_face *f = &r->faces[i];
    const char *scheme = r->scheme;
    const pfld_box *b = &f->box;
    json_t *box = json_pack(
        "[o,o,o,o]", output_number((double)b->x, DECIMALS), output_number((double)b->y, DECIMALS),
        output_number((double)b->w, DECIMALS), output_number((double)b->h, DECIMALS));
    json_t *pose = json_pack("{s:o,s:o,s:o}", "yaw", output_number((double)f->pose.yaw, DECIMALS),
                             "pitch", output_number((double)f->pose.pitch, DECIMALS), "roll",
                             output_number((double)f->pose.roll, DECIMALS));

    json_t *face = json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "box", box, "score",
                             output_number((double)f->score, SCORE_DECIMALS), "presence",
                             output_number((double)f->presence, SCORE_DECIMALS), "five",
                             has_five(f) ? point_list(f->five, 5) : json_null(), "scheme",
                             scheme ? output_string(scheme) : json_null(), "landmarks",
                             point_list(f->landmarks, f->n_landmarks), "pose", pose);

    if ((r->radii && !put_spread(face, f, r->radii)) ||
        (r->moment && face && !output_put_measures(face, &r->measures[i], f->id))) {
        json_decref(face);
        return NULL;
    }
    return face;
}

/* OUTPUT_JSON_START, and what tells this picture or frame from others. */
static json_t *head_object(const output_result *r)
{
    json_t *name = output_string(r->file);

    return r->moment ? json_pack("{s:i,s:o,s:I,s:o,s:i,s:i}", "v", 1, "file", name, "frame",
                                 (json_int_t)r->moment->frame, "t",
                                 output_number(r->moment->t, TIME_DECIMALS), "width", r->width,
                                 "height", r->height)
                     : json_pack("{s:i,s:o,s:i,s:i}", "v", 1, "file", name, "width", r->width,
                                 "height", r->height);
}

static pfld_status write_json(const output *o, const output_result *r, pfld_error *err)
{
    json_t *line = head_object(r), *faces = json_array();

    for (size_t i = 0; faces && i < r->n; i++)
        if (json_array_append_new(faces, face_object(r, i))) {
            json_decref(faces);
            faces = NULL;
        }
    if (line && json_object_set_new(line, "faces", faces)) {
        json_decref(line);
        line = NULL;
    }
    return put_json(o->to, o->name, line, err);
}

/* RFC 4180: quotes around what has a comma, a quote or a line's end in it. */
static void put_csv_text(FILE *to, const char *s)
{
    bool quoted = strpbrk(s, ",\"\r\n") != NULL;

    if (quoted)
        fputc('"', to);
    for (; *s; s++) {
        if (*s == '"')
            fputc('"', to);
        fputc(*s, to);
    }
    if (quoted)
        fputc('"', to);
}

void output_csv_number(FILE *to, float v, int decimals)
{
    char text[DECIMAL_TEXT];

    fprintf(to, ",%s", isfinite(v) ? decimal_text((double)v, decimals, text) : "");
}

static char *csv_header(bool is_video, int32_t n_landmarks, bool error, char buf[OUTPUT_HEADER])
{
    size_t used = (size_t)snprintf(
        buf, OUTPUT_HEADER, "file,%s,faces,left,top,right,bottom,score,presence,yaw,pitch,roll%s%s",
        is_video ? "frame,t,id" : "face", error ? ",error" : "", is_video ? OUTPUT_MEASURES : "");

    for (int i = 0; i < 5; i++)
        used += (size_t)snprintf(buf + used, OUTPUT_HEADER - used, ",five_x%d,five_y%d", i, i);
    for (int i = 0; i < n_landmarks; i++)
        used += (size_t)snprintf(buf + used, OUTPUT_HEADER - used, ",x%d,y%d", i, i);
    snprintf(buf + used, OUTPUT_HEADER - used, "\n");
    return buf;
}

char *output_csv_header(int32_t n_landmarks, bool error, char buf[OUTPUT_HEADER])
{
    return csv_header(false, n_landmarks, error, buf);
}

static void put_csv_points(FILE *to, const pfld_point *p, int32_t n)
{
    for (int32_t i = 0; i < n; i++) {
        output_csv_number(to, p[i].x, DECIMALS);
        output_csv_number(to, p[i].y, DECIMALS);
    }
}

/* Which face of what it is. */
static void put_csv_start(FILE *to, const output_result *r, size_t i)
{
    char t[DECIMAL_TEXT];

    put_csv_text(to, r->file);
    if (r->moment)
        fprintf(to, ",%zu,%s,%u,%zu", r->moment->frame,
                decimal_text(r->moment->t, TIME_DECIMALS, t), r->faces[i].id, r->n);
    else
        fprintf(to, ",%zu,%zu", i, r->n);
}

static void write_csv(const output *o, const output_result *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const pfld_face *f = &r->faces[i];
        const float box[] = {f->box.x, f->box.y, f->box.x + f->box.w, f->box.y + f->box.h};
        const float pose[] = {f->pose.yaw, f->pose.pitch, f->pose.roll};

        put_csv_start(o->to, r, i);
        for (size_t k = 0; k < 4; k++)
            output_csv_number(o->to, box[k], DECIMALS);
        output_csv_number(o->to, f->score, SCORE_DECIMALS);
        output_csv_number(o->to, f->presence, SCORE_DECIMALS);
        for (size_t k = 0; k < 3; k++)
            output_csv_number(o->to, pose[k], DECIMALS);
        if (r->radii)
            output_csv_number(o->to, f->error, DECIMALS);
        if (r->moment)
            output_csv_measures(o->to, &r->measures[i]);
        put_csv_points(o->to, f->five, 5);
        put_csv_points(o->to, f->landmarks, f->n_landmarks);
        fputc('\n', o->to);
    }
}

static void write_pts(const output *o, const output_result *r)
{
    char x[DECIMAL_TEXT], y[DECIMAL_TEXT];

    for (size_t i = 0; i < r->n; i++) {
        const pfld_face *f = &r->faces[i];

        fprintf(o->to, "version: 1\nn_points: %d\n{\n", (int)f->n_landmarks);
        for (int32_t k = 0; k < f->n_landmarks; k++) /* 1-based, as all .pts files */
            fprintf(o->to, "%s %s\n", decimal_text((double)f->landmarks[k].x + 1, DECIMALS, x),
                    decimal_text((double)f->landmarks[k].y + 1, DECIMALS, y));
        fputs("}\n", o->to);
    }
}

static void put_header(output *o, int32_t n_landmarks, bool error)
{
    char header[OUTPUT_HEADER];

    if (o->has_header || (o->format != OUTPUT_CSV && o->format != OUTPUT_OPENFACE))
        return;
    o->has_header = true;
    if (o->format == OUTPUT_OPENFACE)
        openface_header(o->to, n_landmarks);
    else
        fputs(csv_header(o->is_video, n_landmarks, error, header), o->to);
}

pfld_status output_begin(output *o, int32_t n_landmarks, bool error, pfld_error *err)
{
    put_header(o, n_landmarks, error);
    return flush(o->to, o->name, err);
}

pfld_status output_write(output *o, const output_result *r, pfld_error *err)
{
    put_header(o, r->n_landmarks, r->radii != NULL);
    switch (o->format) {
    case OUTPUT_JSON:
        return write_json(o, r, err);
    case OUTPUT_CSV:
        write_csv(o, r);
        break;
    case OUTPUT_PTS:
        write_pts(o, r);
        break;
    case OUTPUT_OPENFACE:
        openface_write(o->to, r);
        break;
    }
    return flush(o->to, o->name, err);
}
