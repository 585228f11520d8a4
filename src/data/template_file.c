/* The mean face as a file: CSV, a line for each point. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "core/number.h"
#include "data/facepose.h"

#define POINTS       68
#define HEADER       "point,x,y,z"
#define LARGEST_FILE 65536

pfld_status face_template_write(const face_template *t, const char *path, pfld_error *err)
{
    bool to_stdout = strcmp(path, "-") == 0, failed;
    FILE *f = to_stdout ? stdout : fopen(path, "w");

    if (!f)
        return error_sys(err, errno, "%s", path);
    fputs(HEADER "\n", f);
    for (int j = 0; j < POINTS; j++)
        fprintf(f, "%d,%.6f,%.6f,%.6f\n", j, (double)t->points[j].x, (double)t->points[j].y,
                (double)t->points[j].z);
    errno = 0;
    failed = fflush(f) != 0 || ferror(f);
    if (!to_stdout && fclose(f))
        failed = true;
    return failed ? error_sys(err, errno ? errno : EIO, "%s", path) : PFLD_OK;
}

/* One of "," and what follows in its line. */
static bool read_column(const char **at, float *out)
{
    if (**at != ',')
        return false;
    ++*at;
    return number_parse(at, out) && isfinite(*out);
}

static pfld_status parse(const char *text, face_template *out, pfld_error *err)
{
    const char *at = text + strlen(HEADER);

    if (strncmp(text, HEADER, strlen(HEADER)) != 0)
        return error_set(err, PFLD_ERR_FORMAT, "no mean face: '%s' is not its first line", HEADER);
    for (int j = 0; j < POINTS; j++) {
        pose_point3 *p = &out->points[j];
        float number;
        at += strspn(at, "\r\n");
        if (!number_parse(&at, &number) || number != (float)j || !read_column(&at, &p->x) ||
            !read_column(&at, &p->y) || !read_column(&at, &p->z) ||
            (*at != '\r' && *at != '\n')) /* else a file cut short may look whole */
            return error_set(err, PFLD_ERR_FORMAT, "line %d is not point %d with x, y and z", j + 2,
                             j);
    }
    if (at[strspn(at, "\r\n")])
        return error_set(err, PFLD_ERR_FORMAT, "the mean face has more than 68 points");
    return PFLD_OK;
}

pfld_status face_template_read(const char *path, face_template *out, pfld_error *err)
{
    face_template t;
    uint8_t *data;
    size_t size;
    char *text;
    pfld_status status = file_read(path, LARGEST_FILE, &data, &size, err);

    if (status)
        return status;
    text = mem_alloc(size + 1, 1);
    if (text) {
        memcpy(text, data, size);
        status = parse(text, &t, err);
        if (status)
            error_prefix(err, path);
    } else {
        status = error_nomem(err);
    }
    if (status == PFLD_OK)
        *out = t;
    mem_free(text);
    mem_free(data);
    return status;
}
