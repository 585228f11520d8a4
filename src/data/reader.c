/* What all readers share: checks on a face, its place in the set, and what becomes of errors. */
#define _POSIX_C_SOURCE 200809L

#include "data/reader.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/mem.h"
#include "geometry/box.h"

enum { MESSAGES = 10 }; /* of broken lines, before they are only counted */

void reader_face_init(reader_face *f, const scheme *s)
{
    memset(f, 0, sizeof *f);
    f->scheme = s;
}

void reader_know_all(reader_face *f)
{
    memset(f->known, 1, (size_t)f->scheme->n);
}

pfld_status reader_path(reader *r, text name, const char *suffix, pfld_error *err)
{
    size_t folder = name.n && *name.at == '/' ? 0 : r->folder.n, tail = strlen(suffix);

    if (name.n == 0)
        return error_set(err, PFLD_ERR_FORMAT, "a picture's name is missing");
    if (memchr(name.at, 0, name.n))
        return error_set(err, PFLD_ERR_FORMAT, "a zero byte in the name '%.*s'", TEXT_SHOWN(name));
    if (name.n >= sizeof r->path || folder + name.n + tail >= sizeof r->path)
        return error_set(err, PFLD_ERR_FORMAT, "the name '%.*s...' is too long", TEXT_SHOWN(name));
    if (folder)
        memcpy(r->path, r->folder.at, folder);
    memcpy(r->path + folder, name.at, name.n);
    memcpy(r->path + folder + name.n, suffix, tail + 1);
    return PFLD_OK;
}

pfld_status reader_check_file(reader *r, text name, const char *suffix, pfld_error *err)
{
    pfld_status status = reader_path(r, name, suffix, err);
    struct stat st;

    if (status || r->no_files)
        return status;
    if (stat(r->path, &st))
        return error_sys(err, errno, "%.*s%s", TEXT_SHOWN(name), suffix);
    if (!S_ISREG(st.st_mode))
        return error_set(err, PFLD_ERR_FORMAT, "%.*s%s is no file", TEXT_SHOWN(name), suffix);
    if (st.st_size == 0)
        return error_set(err, PFLD_ERR_FORMAT, "%.*s%s is empty", TEXT_SHOWN(name), suffix);
    return PFLD_OK;
}

/* The box of the known points, and that they make a face at all. */
static pfld_status check_points(const reader_face *f, pfld_box *around, pfld_error *err)
{
    pfld_point known[PFLD_MAX_LANDMARKS];
    size_t n = 0;

    for (int i = 0; i < f->scheme->n; i++)
        if (f->known[i])
            known[n++] = f->points[i];
    if (n == 0)
        return error_set(err, PFLD_ERR_FORMAT, "no point is labelled");
    *around = box_around(known, n);
    if (!(around->w > 0) && !(around->h > 0))
        return error_set(err, PFLD_ERR_FORMAT, "all points are equal");
    if (f->has_box && !box_is_valid(&f->box))
        return error_set(err, PFLD_ERR_FORMAT, "the box is %g x %g", (double)f->box.w,
                         (double)f->box.h);
    return PFLD_OK;
}

/* A point at a time: bytewise, this was the costliest part of reading a list. */
static uint64_t hash_points(uint64_t h, const pfld_point *p, int n)
{
    for (int i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &p[i], sizeof bits);
        h = (h ^ bits) * UINT64_C(0x100000001b3);
        h ^= h >> 29;
    }
    return h;
}

/* The sample of this list with that picture, or NULL. */
static const data_sample *find_picture(const reader *r, uint64_t hash)
{
    size_t cursor = 0;
    uint32_t i;

    while (data_index_next(&r->pictures, hash, &cursor, &i))
        if (strcmp(r->set->samples[i].image, r->path) == 0)
            return &r->set->samples[i];
    return NULL;
}

static bool same_face(const data_sample *s, const reader_face *f, const char *image)
{
    size_t n = (size_t)f->scheme->n;
    return s->scheme == f->scheme && strcmp(s->image, image) == 0 &&
           memcmp(s->points, f->points, n * sizeof *s->points) == 0 &&
           memcmp(s->known, f->known, n) == 0;
}

static const data_sample *find_face(const reader *r, uint64_t hash, const reader_face *f)
{
    size_t cursor = 0;
    uint32_t i;

    while (data_index_next(&r->faces, hash, &cursor, &i))
        if (same_face(&r->set->samples[i], f, r->path))
            return &r->set->samples[i];
    return NULL;
}

/* All that belongs to a sample in one block: arenas hand out whole cache lines. */
static bool store(reader *r, size_t line, const reader_face *f, data_sample *s)
{
    size_t n = (size_t)f->scheme->n, image = s->image ? 0 : strlen(r->path) + 1, where;
    char label[160];
    char *p;

    where = (size_t)snprintf(label, sizeof label, "%s:%zu", r->label, line) + 1;
    p = arena_alloc(&r->set->mem, n * (sizeof *s->points + 1) + image + where, 1);
    if (!p)
        return false;
    s->points = memcpy(p, f->points, n * sizeof *s->points);
    for (size_t i = 0; i < n; i++)
        s->points[i].x += f->known[i] ? r->terms.shift : 0.0f;
    p += n * sizeof *s->points;
    s->known = memcpy(p, f->known, n);
    p += n;
    s->where = memcpy(p, label, where);
    if (image)
        s->image = memcpy(p + where, r->path, image);
    return true;
}

static pfld_status append(reader *r, const data_sample *s, uint64_t picture, uint64_t face,
                          bool new_picture, pfld_error *err)
{
    data_set *set = r->set;
    data_sample *more;

    if (set->n >= UINT32_MAX)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "more than %u faces", UINT32_MAX);
    more = mem_grow(set->samples, &set->room, set->n + 1, sizeof *more);
    if (!more)
        return error_nomem(err);
    set->samples = more;
    if ((new_picture && !data_index_put(&r->pictures, picture, (uint32_t)set->n)) ||
        (!r->one_face && !data_index_put(&r->faces, face, (uint32_t)set->n)))
        return error_nomem(err);
    set->samples[set->n++] = *s;
    return PFLD_OK;
}

static pfld_status add(reader *r, size_t line, const reader_face *f, pfld_error *err)
{
    data_sample s = {.scheme = f->scheme,
                     .weight = r->terms.weight,
                     .offset = r->terms.offset + f->offset,
                     .source = r->source};
    const data_sample *before, *twin = NULL;
    uint64_t picture, face;
    pfld_status status = check_points(f, &s.box, err);

    if (!status)
        status = reader_path(r, f->image, "", err);
    if (status)
        return status;
    picture = text_hash(TEXT_HASH, r->path, strlen(r->path));
    face = hash_points(picture, f->points, f->scheme->n);
    before = find_picture(r, picture);
    if (before)
        twin = r->one_face ? before : find_face(r, face, f);
    else if ((status = reader_check_file(r, f->image, "", err)))
        return status;
    if (twin)
        return error_set(err, PFLD_ERR_FORMAT, "%.*s is listed twice, first in %s",
                         TEXT_SHOWN(f->image), twin->where);
    s.image = before ? before->image : NULL;
    if (!store(r, line, f, &s))
        return error_nomem(err);
    s.has_box = f->has_box;
    if (f->has_box)
        s.box = f->box;
    else
        s.box.x += r->terms.shift;
    s.has_pose = f->has_pose;
    s.pose = f->has_pose ? f->pose : (pfld_pose){NAN, NAN, NAN};
    s.flags = f->flags;
    return append(r, &s, picture, face, !before, err);
}

pfld_status reader_fail(const reader *r, size_t line, pfld_status status, pfld_error *err)
{
    char where[160];

    if (status == PFLD_ERR_NOMEM)
        return status;
    if (line)
        snprintf(where, sizeof where, "%s:%zu", r->label, line);
    error_prefix(err, line ? where : r->label);
    return status;
}

static bool can_skip(const reader *r, pfld_status status)
{
    return r->opt && r->opt->skip_bad &&
           (status == PFLD_ERR_FORMAT || status == PFLD_ERR_IO || status == PFLD_ERR_UNSUPPORTED);
}

pfld_status reader_take(reader *r, size_t line, pfld_status status, const reader_face *f,
                        pfld_error *err)
{
    if (!status)
        status = add(r, line, f, err);
    if (!status)
        return PFLD_OK;
    reader_fail(r, line, status, err);
    if (!can_skip(r, status))
        return status;
    if (r->n_skipped++ < MESSAGES && r->opt->message)
        r->opt->message(r->opt->ctx, err->msg);
    return PFLD_OK;
}
