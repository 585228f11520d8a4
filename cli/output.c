/* Results on stdout: JSON lines, CSV, and .pts. */
#include "cli/output.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "cli/decimal.h"
#include "core/error.h"
#include "core/mem.h"
#include "core/utf8.h"

#define DECIMALS 3 /* of coordinates and angles: a thousandth of a pixel or degree */

json_t *output_string(const char *s)
{
    static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */
    char *clean = mem_alloc(strlen(s) + 1, sizeof replacement - 1), *to = clean;
    json_t *string;

    if (!clean)
        return NULL;
    while (*s) {
        size_t n = utf8_length((const unsigned char *)s, strlen(s)), wrong = n == 0;

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

static pfld_status flush(FILE *to, pfld_error *err)
{
    errno = 0;
    if (fflush(to) == 0 && !ferror(to))
        return PFLD_OK;
    return errno ? error_sys(err, errno, "stdout")
                 : error_set(err, PFLD_ERR_IO, "stdout: writing failed");
}

pfld_status output_json(FILE *to, json_t *object, pfld_error *err)
{
    /* 9 digits: whatever is rounded to 3 decimals prints so, and shorter numbers print short */
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;

    json_decref(object);
    if (!text)
        return error_nomem(err);
    fputs(text, to);
    fputc('\n', to);
    free(text);
    return flush(to, err);
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

static json_t *face_object(const pfld_face *f, const char *scheme)
{
    const pfld_box *b = &f->box;
    json_t *box = json_pack(
        "[o,o,o,o]", output_number((double)b->x, DECIMALS), output_number((double)b->y, DECIMALS),
        output_number((double)b->w, DECIMALS), output_number((double)b->h, DECIMALS));
    json_t *pose = json_pack("{s:o,s:o,s:o}", "yaw", output_number((double)f->pose.yaw, DECIMALS),
                             "pitch", output_number((double)f->pose.pitch, DECIMALS), "roll",
                             output_number((double)f->pose.roll, DECIMALS));

    return json_pack("{s:o,s:o,s:o,s:o,s:o}", "box", box, "score",
                     output_number((double)f->score, DECIMALS), "scheme", output_string(scheme),
                     "landmarks", point_list(f->landmarks, f->n_landmarks), "pose", pose);
}

static pfld_status write_json(const output *o, const output_result *r, pfld_error *err)
{
    json_t *faces = json_array();

    for (size_t i = 0; faces && i < r->n; i++)
        if (json_array_append_new(faces, face_object(&r->faces[i], r->scheme))) {
            json_decref(faces);
            faces = NULL;
        }
    return output_json(o->to,
                       json_pack("{s:i,s:o,s:i,s:i,s:o}", "v", 1, "file", output_string(r->file),
                                 "width", r->width, "height", r->height, "faces", faces),
                       err);
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

/* ",12.5"; nothing behind the comma where v is not finite. */
static void put_csv_number(FILE *to, float v)
{
    char text[DECIMAL_TEXT];

    fprintf(to, ",%s", isfinite(v) ? decimal_text((double)v, DECIMALS, text) : "");
}

static void write_csv(output *o, const output_result *r)
{
    if (!o->has_header && r->n) {
        fputs("file,face,left,top,right,bottom,score,yaw,pitch,roll", o->to);
        for (int32_t i = 0; i < r->faces[0].n_landmarks; i++)
            fprintf(o->to, ",x%d,y%d", (int)i, (int)i);
        fputc('\n', o->to);
        o->has_header = true;
    }
    for (size_t i = 0; i < r->n; i++) {
        const pfld_face *f = &r->faces[i];
        const float fixed[] = {f->box.x, f->box.y,    f->box.x + f->box.w, f->box.y + f->box.h,
                               f->score, f->pose.yaw, f->pose.pitch,       f->pose.roll};

        put_csv_text(o->to, r->file);
        fprintf(o->to, ",%zu", i);
        for (size_t k = 0; k < sizeof fixed / sizeof *fixed; k++)
            put_csv_number(o->to, fixed[k]);
        for (int32_t k = 0; k < f->n_landmarks; k++) {
            put_csv_number(o->to, f->landmarks[k].x);
            put_csv_number(o->to, f->landmarks[k].y);
        }
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

pfld_status output_write(output *o, const output_result *r, pfld_error *err)
{
    if (o->format == OUTPUT_JSON)
        return write_json(o, r, err);
    if (o->format == OUTPUT_CSV)
        write_csv(o, r);
    else
        write_pts(o, r);
    return flush(o->to, err);
}
