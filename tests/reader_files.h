/* A folder of list files and pictures that live as long as one test. */
#ifndef READER_FILES_H
#define READER_FILES_H

#ifndef _XOPEN_SOURCE
#  error "define _XOPEN_SOURCE 700 before the first include: mkdtemp() and nftw() are POSIX"
#endif

#include <ftw.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "data/reader.h"

typedef struct rig {
    char folder[64];
    data_set set;
    pfld_error err;
    data_options opt;
    int n_messages;
    char message[32][300];
} rig;

static inline void rig_hear(void *ctx, const char *said)
{
    rig *g = ctx;
    if (g->n_messages < 32)
        snprintf(g->message[g->n_messages], sizeof g->message[0], "%s", said);
    g->n_messages++;
}

static inline int rig_open(void **state)
{
    static rig g;
    memset(&g, 0, sizeof g);
    g.opt = (data_options){.message = rig_hear, .ctx = &g};
    snprintf(g.folder, sizeof g.folder, "/tmp/test_readers.XXXXXX");
    *state = &g;
    return mkdtemp(g.folder) ? 0 : -1;
}

static inline int rig_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static inline int rig_close(void **state)
{
    rig *g = *state;
    data_set_free(&g->set);
    return nftw(g->folder, rig_remove, 8, FTW_DEPTH | FTW_PHYS);
}

/* folders in name are made. */
static inline void rig_write_bytes(const rig *g, const char *name, const void *bytes, size_t n)
{
    char path[1024];
    FILE *f;

    snprintf(path, sizeof path, "%s/%s", g->folder, name);
    for (char *p = path + strlen(g->folder) + 1; (p = strchr(p, '/')); p++) {
        *p = 0;
        mkdir(path, 0700);
        *p = '/';
    }
    f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

static inline void rig_write(const rig *g, const char *name, const char *content)
{
    rig_write_bytes(g, name, content, strlen(content));
}

/* "FORMAT:FOLDER/NAME", NAME with its weight. */
static inline pfld_status rig_add(rig *g, const char *format, const char *name)
{
    char spec[1200];
    snprintf(spec, sizeof spec, "%s:%s/%s", format, g->folder, name);
    memset(&g->err, 0, sizeof g->err);
    return data_set_add(&g->set, spec, &g->opt, &g->err);
}

static inline void rig_add_ok(rig *g, const char *format, const char *name)
{
    if (rig_add(g, format, name))
        fail_msg("%s:%s: %s", format, name, g->err.msg);
}

/* A growing text: the formats' lines are long. */
typedef struct string {
    char at[65536];
    size_t n;
} string;

static inline void string_add(string *s, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    s->n += (size_t)vsnprintf(s->at + s->n, sizeof s->at - s->n, fmt, ap);
    va_end(ap);
    assert_true(s->n < sizeof s->at);
}

/* Point i of a face that every format can say: 10 + i, 20 + 2 i + a quarter. */
static inline float face_x(int i)
{
    return 10.0f + (float)i;
}
static inline float face_y(int i)
{
    return 20.25f + 2.0f * (float)i;
}

static inline void string_pts(string *s, int n)
{
    string_add(s, "version: 1\nn_points:  %d\n{\n", n);
    for (int i = 0; i < n; i++)
        string_add(s, "%g %g\n", (double)face_x(i) + 1, (double)face_y(i) + 1);
    string_add(s, "}\n");
}

static inline void string_csv_header(string *s, int n)
{
    string_add(s, "file");
    for (int i = 0; i < n; i++)
        string_add(s, ",x%d,y%d", i, i);
    string_add(s, "\n");
}

static inline void string_csv_row(string *s, const char *file, int n)
{
    string_add(s, "%s", file);
    for (int i = 0; i < n; i++)
        string_add(s, ",%g,%g", (double)face_x(i), (double)face_y(i));
    string_add(s, "\n");
}

static inline void string_wflw(string *s, int n, const char *tail)
{
    for (int i = 0; i < n; i++)
        string_add(s, "%g %g ", (double)face_x(i), (double)face_y(i));
    string_add(s, "%s\n", tail);
}

static inline void string_keypoints(string *s, int n, int visibility)
{
    string_add(s, "\"keypoints\": [");
    for (int i = 0; i < n; i++)
        string_add(s, "%s%g, %g, %d", i ? ", " : "", (double)face_x(i), (double)face_y(i),
                   visibility);
    string_add(s, "]");
}

static inline void string_parts(string *s, int n)
{
    for (int i = 0; i < n; i++)
        string_add(s, "<part name='%02d' x='%g' y='%g'/>\n", i, (double)face_x(i),
                   (double)face_y(i));
}

#define MTFL_HEADER                                                                                \
  "split,file,x_le,x_re,x_nose,x_lm,x_rm,y_le,y_re,y_nose,y_lm,y_rm,gender,smile,glasses,pose,"    \
  "bx1,by1,bx2,by2,orig_w,orig_h,box_ok\n"

#endif
