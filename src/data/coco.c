/* COCO-style JSON: pictures by id, faces as x, y, visibility triples with a box. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "data/json.h"
#include "data/reader.h"

enum { NAME = 1024 }; /* bytes of a picture's name */

typedef struct picture {
    text id;   /* as written: 17 or "a" */
    text name; /* with its quotes and escapes */
} picture;

typedef struct coco {
    reader *r;
    text_place place;
    picture *pictures;
    size_t n, room;
    data_index by_id;
} coco;

static size_t line_of(coco *c, const char *at)
{
    return text_line_at(c->r->all, &c->place, at);
}

static pfld_status broken(coco *c, const json *j, pfld_error *err)
{
    text found = {j->at, (size_t)(j->end - j->at)};
    size_t line = line_of(c, j->at);

    if (found.n > 20)
        found.n = 20;
    error_set(err, PFLD_ERR_FORMAT, "broken JSON: %s wanted, '%.*s' found", j->wrong,
              TEXT_SHOWN(found));
    return reader_fail(c->r, line, PFLD_ERR_FORMAT, err);
}

/* All of the file is stepped over once: what follows may rely on its being JSON. */
static pfld_status find_lists(coco *c, text *images, text *annotations, pfld_error *err)
{
    json j = scan_json_of(c->r->all);
    bool first = true;
    text key, value;

    scan_json_enter(&j, '{');
    while (scan_json_member(&j, &first, &key) && scan_json_skip(&j, &value)) {
        if (text_is(key, "images"))
            *images = value;
        else if (text_is(key, "annotations"))
            *annotations = value;
    }
    if (j.wrong)
        return broken(c, &j, err);
    if (images->n && annotations->n)
        return PFLD_OK;
    error_set(err, PFLD_ERR_FORMAT, "no \"%s\", so no COCO file",
              images->n ? "annotations" : "images");
    return reader_fail(c->r, 0, PFLD_ERR_FORMAT, err);
}

static const picture *find_picture(const coco *c, text id)
{
    uint64_t hash = text_hash(TEXT_HASH, id.at, id.n);
    size_t cursor = 0;
    uint32_t i;

    while (data_index_next(&c->by_id, hash, &cursor, &i)) {
        assert(c->pictures && id.at); /* what is indexed is there */
        if (c->pictures[i].id.n == id.n && memcmp(c->pictures[i].id.at, id.at, id.n) == 0)
            return &c->pictures[i];
    }
    return NULL;
}

static pfld_status add_picture(coco *c, text value, pfld_error *err)
{
    json j = scan_json_of(value);
    picture p = {0}, *more;
    bool first = true;
    text key, v;

    scan_json_enter(&j, '{');
    while (scan_json_member(&j, &first, &key) && scan_json_skip(&j, &v)) {
        if (text_is(key, "id"))
            p.id = v;
        else if (text_is(key, "file_name"))
            p.name = v;
    }
    if (j.wrong || p.id.n == 0 || p.name.n == 0)
        return error_set(err, PFLD_ERR_FORMAT, "an image without id or file_name");
    if (find_picture(c, p.id))
        return error_set(err, PFLD_ERR_FORMAT, "image id %.*s is there twice", TEXT_SHOWN(p.id));
    more = c->n < UINT32_MAX ? mem_grow(c->pictures, &c->room, c->n + 1, sizeof *more) : NULL;
    if (!more)
        return error_nomem(err);
    c->pictures = more;
    if (!data_index_put(&c->by_id, text_hash(TEXT_HASH, p.id.at, p.id.n), (uint32_t)c->n))
        return error_nomem(err);
    c->pictures[c->n++] = p;
    return PFLD_OK;
}

static pfld_status read_pictures(coco *c, text images, pfld_error *err)
{
    json j = scan_json_of(images);
    bool first = true;
    text value;

    scan_json_enter(&j, '[');
    while (scan_json_item(&j, &first) && scan_json_skip(&j, &value)) {
        pfld_status status = add_picture(c, value, err);
        if (status)
            return reader_fail(c->r, line_of(c, value.at), status, err);
    }
    return j.wrong ? broken(c, &j, err) : PFLD_OK;
}

/* The numbers of an array; those beyond max are counted only. */
static pfld_status read_numbers(text value, size_t max, float *out, size_t *n, pfld_error *err)
{
    json j = scan_json_of(value);
    bool first = true;
    text v;

    *n = 0;
    scan_json_enter(&j, '[');
    while (scan_json_item(&j, &first) && scan_json_skip(&j, &v)) {
        pfld_status status = *n < max ? text_coordinate(v, &out[*n], err) : PFLD_OK;
        if (status)
            return status;
        ++*n;
    }
    if (j.wrong)
        return error_set(err, PFLD_ERR_FORMAT, "'%.*s' is no array", TEXT_SHOWN(value));
    return PFLD_OK;
}

static pfld_status scheme_of(size_t n_points, const scheme **s, pfld_error *err)
{
    *s = n_points <= PFLD_MAX_LANDMARKS ? scheme_by_count((int)n_points) : NULL;
    if (*s)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_FORMAT, "%zu points, 68, 98, 106, 29, 19 or 5 wanted", n_points);
}

/* Visibility 0: not labelled, whatever its x and y say. 1 and 2 both are: some sets write only
 * one of the two, so that 1 does not tell that something hides the point. */
static pfld_status read_keypoints(text value, reader_face *f, pfld_error *err)
{
    float v[3 * PFLD_MAX_LANDMARKS];
    size_t n;
    pfld_status status;

    if (value.n == 0)
        return error_set(err, PFLD_ERR_FORMAT, "no keypoints");
    status = read_numbers(value, sizeof v / sizeof *v, v, &n, err);
    if (status)
        return status;
    if (n % 3)
        return error_set(err, PFLD_ERR_FORMAT, "%zu numbers among the keypoints, which are threes",
                         n);
    status = scheme_of(n / 3, &f->scheme, err);
    if (status)
        return status;
    for (size_t i = 0; i < n / 3; i++) {
        f->known[i] = v[3 * i + 2] > 0;
        if (f->known[i])
            f->points[i] = (pfld_point){v[3 * i], v[3 * i + 1]};
    }
    return PFLD_OK;
}

/* A box of zeros is COCO's way to have none. */
static pfld_status read_box(text value, reader_face *f, pfld_error *err)
{
    float v[4];
    size_t n;
    pfld_status status;

    if (value.n == 0 || text_is(value, "null"))
        return PFLD_OK;
    status = read_numbers(value, 4, v, &n, err);
    if (status)
        return status;
    if (n != 4)
        return error_set(err, PFLD_ERR_FORMAT, "%zu numbers in bbox, 4 wanted", n);
    f->box = (pfld_box){v[0], v[1], v[2], v[3]};
    f->has_box = v[2] != 0 || v[3] != 0;
    return PFLD_OK;
}

typedef struct annotation {
    text image_id, keypoints, bbox, iscrowd;
} annotation;

static bool split_annotation(text value, annotation *a)
{
    json j = scan_json_of(value);
    bool first = true;
    text key, v;

    *a = (annotation){0};
    scan_json_enter(&j, '{');
    while (scan_json_member(&j, &first, &key) && scan_json_skip(&j, &v)) {
        if (text_is(key, "image_id"))
            a->image_id = v;
        else if (text_is(key, "keypoints"))
            a->keypoints = v;
        else if (text_is(key, "bbox"))
            a->bbox = v;
        else if (text_is(key, "iscrowd"))
            a->iscrowd = v;
    }
    return !j.wrong;
}

static pfld_status read_annotation(const coco *c, const annotation *a, char name[NAME],
                                   reader_face *f, pfld_error *err)
{
    const picture *p = find_picture(c, a->image_id);
    pfld_status status;

    if (!p)
        return error_set(err, PFLD_ERR_FORMAT, "image_id %.*s is not among the images",
                         TEXT_SHOWN(a->image_id));
    if (!scan_json_string(p->name, name, NAME))
        return error_set(err, PFLD_ERR_FORMAT, "file_name %.*s is no name", TEXT_SHOWN(p->name));
    f->image = (text){name, strlen(name)};
    status = read_keypoints(a->keypoints, f, err);
    return status ? status : read_box(a->bbox, f, err);
}

static pfld_status read_annotations(coco *c, text list, pfld_error *err)
{
    json j = scan_json_of(list);
    bool first = true;
    text value;

    scan_json_enter(&j, '[');
    while (scan_json_item(&j, &first) && scan_json_skip(&j, &value)) {
        char name[NAME];
        reader_face f;
        annotation a;
        pfld_status status;
        reader_face_init(&f, NULL);
        if (!split_annotation(value, &a))
            status = error_set(err, PFLD_ERR_FORMAT, "'%.*s' is no annotation", TEXT_SHOWN(value));
        else if (text_is(a.iscrowd, "1")) /* a region of many */
            continue;
        else
            status = read_annotation(c, &a, name, &f, err);
        status = reader_take(c->r, line_of(c, value.at), status, &f, err);
        if (status)
            return status;
    }
    return j.wrong ? broken(c, &j, err) : PFLD_OK;
}

pfld_status read_coco(reader *r, pfld_error *err)
{
    coco c = {.r = r, .place = {r->all.at, 1}};
    text images = {0}, annotations = {0};
    pfld_status status = find_lists(&c, &images, &annotations, err);

    if (!status)
        status = read_pictures(&c, images, err);
    if (!status)
        status = read_annotations(&c, annotations, err);
    mem_free(c.pictures);
    data_index_free(&c.by_id);
    return status;
}
