/* JSON, read piece by piece where it lies: no tree, no copies, any size. */
#include "data/json.h"

#include <string.h>

enum { MAX_DEPTH = 64 };

json scan_json_of(text t)
{
    return (json){t.at, t.at + t.n, NULL};
}

static bool wrong(json *j, const char *wanted)
{
    if (!j->wrong)
        j->wrong = wanted;
    return false;
}

/* The next character that is not a blank; 0 at the end. */
static char peek(json *j)
{
    while (j->at < j->end && (*j->at == ' ' || *j->at == '\n' || *j->at == '\r' || *j->at == '\t'))
        j->at++;
    return j->at < j->end ? *j->at : 0;
}

static bool take(json *j, char c)
{
    if (j->wrong || peek(j) != c || j->at == j->end)
        return false;
    j->at++;
    return true;
}

static bool skip_string(json *j)
{
    if (!take(j, '"'))
        return wrong(j, "a string");
    for (; j->at < j->end; j->at++) {
        if (*j->at == '"') {
            j->at++;
            return true;
        }
        if (*j->at == '\\' && ++j->at == j->end)
            break;
    }
    return wrong(j, "a string's end");
}

/* Numbers and words: what they mean is for those who want them, and NaN, as Python writes it, is
 * then an error of one face and not of the file. */
static bool skip_word(json *j)
{
    const char *start = j->at;

    while (j->at < j->end &&
           ((*j->at >= '0' && *j->at <= '9') || (*j->at >= 'a' && *j->at <= 'z') ||
            (*j->at >= 'A' && *j->at <= 'Z') || *j->at == '-' || *j->at == '+' || *j->at == '.'))
        j->at++;
    return j->at > start || wrong(j, "a value");
}

static bool skip_scalar(json *j)
{
    return peek(j) == '"' ? skip_string(j) : skip_word(j);
}

static bool skip_key(json *j)
{
    return skip_string(j) && (take(j, ':') || wrong(j, "':'"));
}

bool scan_json_enter(json *j, char bracket)
{
    return take(j, bracket) || wrong(j, bracket == '{' ? "'{'" : "'['");
}

/* In front of the next element of what the bracket closes. */
static bool next(json *j, bool *first, char bracket)
{
    bool started = !*first;

    if (j->wrong)
        return false;
    *first = false;
    if (take(j, bracket))
        return false;
    if (started && !take(j, ','))
        return wrong(j, bracket == '}' ? "',' or '}'" : "',' or ']'");
    return true;
}

bool scan_json_item(json *j, bool *first)
{
    return next(j, first, ']');
}

bool scan_json_member(json *j, bool *first, text *key)
{
    const char *start;

    if (!next(j, first, '}'))
        return false;
    peek(j);
    start = j->at;
    if (!skip_string(j))
        return false;
    *key = (text){start + 1, (size_t)(j->at - start) - 2};
    return take(j, ':') || wrong(j, "':'");
}

/* No recursion: closing [depth] says what each bracket waits for. */
static bool skip_value(json *j)
{
    char closing[MAX_DEPTH];
    int depth = 0;

    for (;;) {
        bool first = true;
        char c = peek(j);
        if (c == '{' || c == '[') {
            if (depth == MAX_DEPTH)
                return wrong(j, "less than 64 brackets within each other");
            closing[depth++] = c == '{' ? '}' : ']';
            j->at++;
        } else if (!skip_scalar(j)) {
            return false;
        } else {
            first = false;
        }
        while (depth && !next(j, &first, closing[depth - 1])) {
            if (j->wrong)
                return false;
            depth--;
            first = false;
        }
        if (depth == 0)
            return true;
        if (closing[depth - 1] == '}' && !skip_key(j))
            return false;
    }
}

bool scan_json_skip(json *j, text *value)
{
    const char *start;

    peek(j);
    start = j->at;
    if (j->wrong || !skip_value(j))
        return false;
    if (value)
        *value = (text){start, (size_t)(j->at - start)};
    return true;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* The four digits behind "\u"; 0, which nobody may ask for, where there are none. */
static uint32_t unit(const char *p, const char *end)
{
    uint32_t u = 0;

    if (end - p < 4)
        return 0;
    for (int i = 0; i < 4; i++) {
        if (hex(p[i]) < 0)
            return 0;
        u = u * 16 + (uint32_t)hex(p[i]);
    }
    return u;
}

/* \uXXXX, in pairs above the first plane. Returns what is behind it, or NULL. */
static const char *code_point(const char *p, const char *end, uint32_t *code)
{
    uint32_t low;

    *code = unit(p, end);
    if (*code == 0 || (*code >= 0xdc00 && *code < 0xe000))
        return NULL;
    p += 4;
    if (*code < 0xd800 || *code >= 0xe000)
        return p;
    low = end - p > 2 && p[0] == '\\' && p[1] == 'u' ? unit(p + 2, end) : 0;
    if (low < 0xdc00 || low >= 0xe000)
        return NULL;
    *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
    return p + 6;
}

/* One character of a string, at p, into out. Returns what is behind it, or NULL. */
static const char *decode(const char *p, const char *end, char out[4], size_t *n)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *escape;
    uint32_t code;

    *n = 1;
    out[0] = *p;
    if (*p != '\\')
        return *p ? p + 1 : NULL;
    if (++p == end || *p == 0)
        return NULL;
    if (*p == 'u') {
        p = code_point(p + 1, end, &code);
        if (p)
            *n = text_utf8(code, out);
        return p;
    }
    escape = strchr(from, *p);
    if (!escape)
        return NULL;
    out[0] = to[escape - from];
    return p + 1;
}

bool scan_json_string(text value, char *out, size_t size)
{
    const char *p = value.at + 1, *end;
    size_t used = 0;

    if (value.n < 2 || *value.at != '"')
        return false;
    end = value.at + value.n - 1;
    while (p < end) {
        char c[4];
        size_t n;
        p = decode(p, end, c, &n);
        if (!p || used + n >= size)
            return false;
        memcpy(out + used, c, n);
        used += n;
    }
    out[used] = 0;
    return true;
}
