/* 300-W: a list of names, each a picture and a .pts file beside it. */
#include <errno.h>
#include <stdio.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/pts.h"
#include "data/reader.h"

#define MAX_PTS ((size_t)1 << 20) /* bytes; 68 points take 2 KB */

/* A list made by `ls` has the pictures' endings. */
static text bare_name(text name)
{
    static const char *const endings[] = {".jpg", ".png", ".pts"};

    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (name.n > 4 && text_ends(name, endings[i]))
            return (text){name.at, name.n - 4};
    return name;
}

static pfld_status read_points(reader *r, text name, reader_face *f, pfld_error *err)
{
    pfld_status status = reader_check_file(r, name, ".pts", err);
    uint8_t *data = NULL;
    size_t size = 0;

    if (!status)
        status = file_read(r->path, MAX_PTS, &data, &size, err);
    if (status)
        return status;
    status = pts_parse(text_of(data, size), (size_t)f->scheme->n, f->points, err);
    mem_free(data);
    if (status) {
        char shown[80];
        snprintf(shown, sizeof shown, "%.*s.pts", TEXT_SHOWN(name));
        error_prefix(err, shown);
    }
    return status;
}

/* The picture's name with its ending, in image [size]. */
static pfld_status find_picture(reader *r, text name, char *image, size_t size, text *out,
                                pfld_error *err)
{
    const char *ending = ".jpg";
    pfld_error png;
    int n;

    if (reader_check_file(r, name, ending, err)) {
        if (err->sys != ENOENT || reader_check_file(r, name, ".png", &png))
            return err->status; /* the .jpg is the usual one: its absence is what to say */
        ending = ".png";
    }
    n = snprintf(image, size, "%.*s%s", (int)name.n, name.at, ending); /* reader_path() fits */
    *out = (text){image, (size_t)n};
    return PFLD_OK;
}

pfld_status read_300w(reader *r, pfld_error *err)
{
    char image[sizeof r->path];
    text rest = r->all, line;
    size_t number = 0;
    pfld_status status;

    while (text_line(&rest, &line)) {
        reader_face f;
        number++;
        if (line.n == 0)
            continue;
        line = bare_name(line);
        reader_face_init(&f, scheme_find("ibug68"));
        reader_know_all(&f);
        status = find_picture(r, line, image, sizeof image, &f.image, err);
        if (!status)
            status = read_points(r, line, &f, err);
        status = reader_take(r, number, status, &f, err);
        if (status)
            return status;
    }
    return PFLD_OK;
}
