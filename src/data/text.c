/* Pieces of a text file, by pointer and length: nothing is copied, nothing needs a final 0. */
#include "data/text.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/number.h"

enum { NUMBER = 63 }; /* characters; json writers need 25 */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

text text_of(const void *data, size_t size)
{
    text t = {data, size};

    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0)
        t = (text){t.at + 3, size - 3};
    return t;
}

bool text_is(text t, const char *s)
{
    return strlen(s) == t.n && (t.n == 0 || memcmp(t.at, s, t.n) == 0);
}

bool text_ends(text t, const char *s)
{
    size_t n = strlen(s);
    return t.n >= n && text_is((text){t.at + t.n - n, n}, s);
}

text text_trim(text t)
{
    while (t.n && is_blank(*t.at)) {
        t.at++;
        t.n--;
    }
    while (t.n && is_blank(t.at[t.n - 1]))
        t.n--;
    return t;
}

bool text_line(text *rest, text *line)
{
    const char *lf;
    size_t n, cut;

    if (rest->n == 0)
        return false;
    lf = memchr(rest->at, '\n', rest->n);
    n = lf ? (size_t)(lf - rest->at) : rest->n;
    cut = lf ? n + 1 : n;
    *line = text_trim((text){rest->at, n});
    *rest = (text){rest->at + cut, rest->n - cut};
    return true;
}

bool text_word(text *rest, text *word)
{
    text t = text_trim(*rest);
    size_t n = 0;

    while (n < t.n && !is_blank(t.at[n]))
        n++;
    *word = (text){t.at, n};
    *rest = (text){t.at + n, t.n - n};
    return n > 0;
}

/* "-123.456": what nearly all of the millions of numbers look like, at a third of the time. With
 * whole numbers that a double holds exactly, and one division, the bits are number_parse()'s. */
static bool plain_number(text t, float *out)
{
    static const double power[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                   1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
    bool negative = t.n && *t.at == '-';
    size_t i = negative, digits, point = t.n;
    int64_t mantissa = 0;

    if (t.n > 15)
        return false;
    for (; i < t.n; i++) {
        unsigned digit = (unsigned)(t.at[i] - '0');
        if (digit < 10)
            mantissa = mantissa * 10 + digit;
        else if (t.at[i] == '.' && point == t.n)
            point = i;
        else
            return false;
    }
    digits = t.n - negative - (point < t.n);
    if (digits == 0)
        return false;
    *out = (float)((double)mantissa / power[point < t.n ? t.n - point - 1 : 0]);
    if (negative)
        *out = -*out;
    return true;
}

bool text_number(text t, float *out)
{
    char copy[NUMBER + 1]; /* number_parse() needs an end */
    const char *p = copy;
    float value;

    if (plain_number(t, out))
        return true;
    if (t.n == 0 || t.n > NUMBER)
        return false;
    memcpy(copy, t.at, t.n);
    copy[t.n] = 0;
    if (!number_parse(&p, &value) || p != copy + t.n)
        return false;
    *out = value;
    return true;
}

pfld_status text_coordinate(text t, float *out, pfld_error *err)
{
    float value;

    if (!text_number(t, &value) || fabsf(value) > TEXT_MAX_COORDINATE)
        return error_set(err, PFLD_ERR_FORMAT, "'%.*s' is not a coordinate", TEXT_SHOWN(t));
    *out = value;
    return PFLD_OK;
}

pfld_status text_angle(text t, float *out, pfld_error *err)
{
    float value;

    if (!text_number(t, &value) || fabsf(value) > 180)
        return error_set(err, PFLD_ERR_FORMAT, "'%.*s' is not an angle in degrees", TEXT_SHOWN(t));
    *out = value;
    return PFLD_OK;
}

bool text_count(text t, size_t max, size_t *out)
{
    size_t value = 0;

    for (size_t i = 0; i < t.n; i++) {
        if (t.at[i] < '0' || t.at[i] > '9')
            return false;
        value = value * 10 + (size_t)(t.at[i] - '0');
        if (value > max)
            return false;
    }
    *out = value;
    return t.n > 0;
}

size_t text_utf8(uint32_t c, char out[4])
{
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};

    for (size_t i = n; i-- > 1; c >>= 6)
        out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n] | c);
    return n;
}

uint64_t text_hash(uint64_t h, const void *data, size_t size)
{
    const uint8_t *p = data;

    for (size_t i = 0; i < size; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

size_t text_line_at(text whole, text_place *p, const char *at)
{
    const char *lf;

    if (at < p->seen)
        *p = (text_place){whole.at, 1};
    while (p->seen < at && (lf = memchr(p->seen, '\n', (size_t)(at - p->seen)))) {
        p->seen = lf + 1;
        p->line++;
    }
    p->seen = at;
    return p->line;
}
