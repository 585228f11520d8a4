/* .pts: the points of one face, as 300-W stores them. */
#include "data/pts.h"

#include <stdio.h>
#include <string.h>

#include "core/error.h"

typedef struct cursor {
    text rest, line;
    size_t number; /* of the line */
} cursor;

static bool next_line(cursor *c)
{
    while (text_line(&c->rest, &c->line)) {
        c->number++;
        if (c->line.n)
            return true;
    }
    return false;
}

/* "n_points: 68"; other keys are of no use to us. */
static pfld_status read_key(const cursor *c, size_t *n_points, pfld_error *err)
{
    const char *colon = memchr(c->line.at, ':', c->line.n);
    text key, value;

    if (!colon)
        return error_set(err, PFLD_ERR_FORMAT, "line %zu: '%.*s', 'n_points: N' or '{' wanted",
                         c->number, TEXT_SHOWN(c->line));
    key = text_trim((text){c->line.at, (size_t)(colon - c->line.at)});
    value = text_trim((text){colon + 1, c->line.n - (size_t)(colon - c->line.at) - 1});
    if (text_is(key, "n_points") && !text_count(value, 1000000, n_points))
        return error_set(err, PFLD_ERR_FORMAT, "line %zu: '%.*s' is no number of points", c->number,
                         TEXT_SHOWN(value));
    return PFLD_OK;
}

static pfld_status read_header(cursor *c, size_t want, pfld_error *err)
{
    size_t n = want;

    while (next_line(c)) {
        pfld_status status;
        if (text_is(c->line, "{")) {
            if (n == want)
                return PFLD_OK;
            return error_set(err, PFLD_ERR_FORMAT, "%zu points, %zu wanted", n, want);
        }
        status = read_key(c, &n, err);
        if (status)
            return status;
    }
    return error_set(err, PFLD_ERR_FORMAT, "no '{', so no .pts file");
}

static pfld_status read_point(const cursor *c, pfld_point *p, pfld_error *err)
{
    text rest = c->line, x, y, more;
    pfld_status status;

    if (!text_word(&rest, &x) || !text_word(&rest, &y) || text_word(&rest, &more))
        return error_set(err, PFLD_ERR_FORMAT, "line %zu: '%.*s', 'x y' wanted", c->number,
                         TEXT_SHOWN(c->line));
    status = text_coordinate(x, &p->x, err);
    if (!status)
        status = text_coordinate(y, &p->y, err);
    if (status) {
        char where[40];
        snprintf(where, sizeof where, "line %zu", c->number);
        error_prefix(err, where);
        return status;
    }
    p->x -= 1;
    p->y -= 1;
    return PFLD_OK;
}

pfld_status pts_parse(text all, size_t want, pfld_point *points, pfld_error *err)
{
    cursor c = {.rest = all};
    pfld_status status = read_header(&c, want, err);
    size_t n = 0;

    if (status)
        return status;
    while (next_line(&c) && !text_is(c.line, "}")) {
        if (n < want && (status = read_point(&c, &points[n], err)))
            return status;
        n++;
    }
    if (!text_is(c.line, "}"))
        return error_set(err, PFLD_ERR_FORMAT, "the file ends after %zu points, '}' wanted", n);
    if (n != want)
        return error_set(err, PFLD_ERR_FORMAT, "%zu points, %zu wanted", n, want);
    return PFLD_OK;
}
