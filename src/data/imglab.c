/* dlib's imglab XML: pictures, boxes, and parts by number; 68 of iBUG, or dlib's five. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "data/reader.h"
#include "data/xml.h"

enum {
    NAME = 1024, /* bytes of a picture's name */
    PARTS = 68,
    FEW = 5,
};

/* dlib's five are corners of eyes and the nose's base (its get_face_chip_details), so points of
 * ibug68, and not our scheme "five". */
static const uint8_t few_in_68[FEW] = {45, 42, 36, 39, 33};

typedef struct imglab {
    reader *r;
    text_place place;
    xml x;
    size_t n_parts;   /* 68 or 5, for the whole file: a box may lack some */
    char image[NAME]; /* of the <image> that is open */
    bool in_image, in_box, ignored;
    size_t line; /* of the box */
    reader_face face;
    pfld_status status; /* of the box: the first thing that was wrong, at line `broken` */
    size_t broken;
} imglab;

static size_t line_of(imglab *m, const char *at)
{
    return text_line_at(m->r->all, &m->place, at);
}

static pfld_status missing(const xml_tag *tag, const char *attribute, pfld_error *err)
{
    return error_set(err, PFLD_ERR_FORMAT, "<%.*s> without %s", TEXT_SHOWN(tag->name), attribute);
}

static pfld_status read_number(const xml_tag *tag, const char *name, float *out, pfld_error *err)
{
    text value;

    if (!xml_attribute(tag, name, &value))
        return missing(tag, name, err);
    return text_coordinate(text_trim(value), out, err);
}

/* Which of dlib's sets the file holds: a part beyond the five says so. Names that are
 * none are found later, where they stand. */
static void count_parts(imglab *m)
{
    xml x = xml_of(m->r->all);
    xml_tag tag;

    m->n_parts = FEW;
    while (m->n_parts == FEW && xml_next(&x, &tag)) {
        text name;
        size_t part;
        if (text_is(tag.name, "part") && xml_attribute(&tag, "name", &name) &&
            text_count(name, PARTS - 1, &part) && part >= FEW)
            m->n_parts = PARTS;
    }
}

static pfld_status open_image(imglab *m, const xml_tag *tag, pfld_error *err)
{
    text file;

    m->in_image = !tag->empty;
    m->image[0] = 0;
    if (!xml_attribute(tag, "file", &file)) {
        m->in_image = false; /* its boxes have nowhere to lie */
        return missing(tag, "file", err);
    }
    m->in_image &= xml_decode(file, m->image, sizeof m->image);
    if (!m->in_image && !tag->empty)
        return error_set(err, PFLD_ERR_FORMAT, "'%.*s' is no file's name", TEXT_SHOWN(file));
    return PFLD_OK;
}

static bool is_set(const xml_tag *tag, const char *name)
{
    text value;
    return xml_attribute(tag, name, &value) && (text_is(value, "1") || text_is(value, "true"));
}

static pfld_status open_box(imglab *m, const xml_tag *tag, pfld_error *err)
{
    pfld_box *b = &m->face.box;
    pfld_status status;

    reader_face_init(&m->face, scheme_find("ibug68"));
    m->in_box = true;
    m->line = line_of(m, tag->at);
    m->ignored = is_set(tag, "ignore");
    if (is_set(tag, "occluded"))
        m->face.flags |= DATA_FLAG_OCCLUSION;
    m->face.has_box = true;
    status = read_number(tag, "left", &b->x, err);
    if (!status)
        status = read_number(tag, "top", &b->y, err);
    if (!status)
        status = read_number(tag, "width", &b->w, err);
    if (!status)
        status = read_number(tag, "height", &b->h, err);
    return status;
}

static pfld_status read_part(imglab *m, const xml_tag *tag, pfld_error *err)
{
    text name;
    size_t part;
    pfld_point *p;
    pfld_status status;

    if (!xml_attribute(tag, "name", &name))
        return missing(tag, "name", err);
    if (!text_count(name, m->n_parts - 1, &part))
        return error_set(err, PFLD_ERR_FORMAT, "part '%.*s', 0 to %zu wanted", TEXT_SHOWN(name),
                         m->n_parts - 1);
    if (m->n_parts == FEW)
        part = few_in_68[part];
    if (m->face.known[part])
        return error_set(err, PFLD_ERR_FORMAT, "part '%.*s' is there twice", TEXT_SHOWN(name));
    p = &m->face.points[part];
    status = read_number(tag, "x", &p->x, err);
    if (!status)
        status = read_number(tag, "y", &p->y, err);
    m->face.known[part] = 1;
    return status;
}

/*
 * A file of eye centres, nose tip and mouth corners would pass as dlib's five and train nonsense.
 * Its last two points lie along the line of its first two; dlib's go down from an eye to the nose.
 */
static pfld_status check_few(const imglab *m, pfld_error *err)
{
    const pfld_point *p = m->face.points;
    float ex, ey, nx, ny;

    if (m->n_parts != FEW)
        return PFLD_OK;
    for (int i = 0; i < FEW; i++)
        if (!m->face.known[few_in_68[i]])
            return PFLD_OK;
    ex = p[42].x - p[45].x;
    ey = p[42].y - p[45].y;
    nx = p[33].x - p[39].x;
    ny = p[33].y - p[39].y;
    if (ex * nx + ey * ny > 0.8f * sqrtf((ex * ex + ey * ey) * (nx * nx + ny * ny)))
        return error_set(err, PFLD_ERR_FORMAT,
                         "five parts, but not dlib's: corners of the eyes and the nose's base");
    return PFLD_OK;
}

static pfld_status close_box(imglab *m, pfld_error *err)
{
    size_t line = m->status ? m->broken : m->line;

    m->in_box = false;
    if (m->ignored)
        return PFLD_OK;
    if (!m->status)
        m->status = check_few(m, err);
    m->face.image = (text){m->image, strlen(m->image)};
    return reader_take(m->r, line, m->status, &m->face, err);
}

/* Inside of a box the first failure is kept, and the rest of the box is only stepped over. */
static pfld_status take_in_box(imglab *m, const xml_tag *tag, pfld_error *err)
{
    if (text_is(tag->name, "box") && tag->closes)
        return close_box(m, err);
    if (text_is(tag->name, "part") && !tag->closes && !m->status) {
        m->status = read_part(m, tag, err);
        m->broken = line_of(m, tag->at);
    }
    return PFLD_OK;
}

static pfld_status take_box(imglab *m, const xml_tag *tag, pfld_error *err)
{
    m->status = open_box(m, tag, err);
    m->broken = m->line;
    return tag->empty ? close_box(m, err) : PFLD_OK;
}

static pfld_status take_tag(imglab *m, const xml_tag *tag, pfld_error *err)
{
    pfld_status status;

    if (text_is(tag->name, "image") && tag->closes) {
        m->in_image = false;
    } else if (text_is(tag->name, "image")) {
        status = open_image(m, tag, err);
        return status ? reader_take(m->r, line_of(m, tag->at), status, NULL, err) : PFLD_OK;
    } else if (text_is(tag->name, "box") && !tag->closes && m->in_image) {
        return take_box(m, tag, err);
    }
    return PFLD_OK;
}

static pfld_status broken(imglab *m, const char *at, const char *what, pfld_error *err)
{
    error_set(err, PFLD_ERR_FORMAT, "broken XML: %s", what);
    return reader_fail(m->r, line_of(m, at), PFLD_ERR_FORMAT, err);
}

pfld_status read_imglab(reader *r, pfld_error *err)
{
    imglab m = {.r = r, .place = {r->all.at, 1}, .x = xml_of(r->all)};
    xml_tag tag;
    bool any = false;

    count_parts(&m);
    while (xml_next(&m.x, &tag)) {
        pfld_status status;
        any |= text_is(tag.name, "image");
        if (m.in_box && text_is(tag.name, "image"))
            return broken(&m, tag.at, "a box without an end", err);
        status = m.in_box ? take_in_box(&m, &tag, err) : take_tag(&m, &tag, err);
        if (status)
            return status;
    }
    if (m.x.wrong)
        return broken(&m, m.x.at, m.x.wrong, err);
    if (m.in_box)
        return broken(&m, r->all.at + r->all.n, "the file ends inside of a box", err);
    if (!any) {
        error_set(err, PFLD_ERR_FORMAT, "no <image>, so no file of imglab");
        return reader_fail(r, 0, PFLD_ERR_FORMAT, err);
    }
    return PFLD_OK;
}
