/* The tags of an XML file, one after the other: as much of XML as label files use. */
#include "data/xml.h"

#include <string.h>

xml xml_of(text t)
{
    return (xml){t.at, t.at + t.n, NULL};
}

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == ':' || c == '.';
}

static bool starts(const xml *x, const char *s)
{
    size_t n = strlen(s);
    return (size_t)(x->end - x->at) >= n && memcmp(x->at, s, n) == 0;
}

static bool wrong(xml *x, const char *at, const char *what)
{
    x->at = at;
    x->wrong = what;
    return false;
}

/* Behind the next `close`. */
static bool skip_to(xml *x, const char *close, const char *what)
{
    const char *start = x->at;
    size_t n = strlen(close);

    while ((size_t)(x->end - x->at) >= n) {
        const char *p = memchr(x->at, *close, (size_t)(x->end - x->at));
        if (!p)
            break;
        x->at = p;
        if (starts(x, close)) {
            x->at += n;
            return true;
        }
        x->at++;
    }
    return wrong(x, start, what);
}

/* <!DOCTYPE ...>; with an internal subset it could define entities, of which we know none. */
static bool skip_declaration(xml *x)
{
    const char *start = x->at, *p = memchr(start, '>', (size_t)(x->end - start));

    if (!p)
        return wrong(x, start, "a declaration without an end");
    if (memchr(start, '[', (size_t)(p - start)))
        return wrong(x, start, "a DOCTYPE with definitions of its own");
    x->at = p + 1;
    return true;
}

/* What starts with "<!" or "<?". */
static bool skip_special(xml *x)
{
    if (starts(x, "<!--"))
        return skip_to(x, "-->", "a comment without an end");
    if (starts(x, "<![CDATA["))
        return skip_to(x, "]]>", "a CDATA section without an end");
    if (starts(x, "<?"))
        return skip_to(x, "?>", "a processing instruction without an end");
    return skip_declaration(x);
}

/* The '>' that is not inside of quotes, or NULL. */
static const char *tag_end(const char *p, const char *end)
{
    char quote = 0;

    for (; p < end; p++) {
        if (quote)
            quote = *p == quote ? 0 : quote;
        else if (*p == '"' || *p == '\'')
            quote = *p;
        else if (*p == '>')
            return p;
    }
    return NULL;
}

bool xml_next(xml *x, xml_tag *tag)
{
    const char *p, *end;

    if (x->wrong)
        return false;
    for (;;) {
        p = x->at < x->end ? memchr(x->at, '<', (size_t)(x->end - x->at)) : NULL;
        x->at = p ? p : x->end;
        if (!p)
            return false;
        if (!starts(x, "<!") && !starts(x, "<?"))
            break;
        if (!skip_special(x))
            return false;
    }
    end = tag_end(p, x->end);
    if (!end)
        return wrong(x, p, "a tag without an end");
    x->at = end + 1;
    tag->at = p++;
    tag->closes = *p == '/';
    tag->empty = end[-1] == '/' && !tag->closes;
    p += tag->closes;
    end -= tag->empty;
    tag->name = (text){p, 0};
    while (p < end && is_name(*p))
        p++;
    tag->name.n = (size_t)(p - tag->name.at);
    tag->attributes = (text){p, p < end ? (size_t)(end - p) : 0};
    return tag->name.n > 0 || wrong(x, tag->at, "a tag without a name");
}

/* Cuts name="value" off *rest; false where there is no more, or what there is is something else. */
static bool next_attribute(text *rest, text *name, text *value)
{
    text t = text_trim(*rest);
    const char *end;
    size_t n = 0;

    while (n < t.n && is_name(t.at[n]))
        n++;
    *name = (text){t.at, n};
    t = text_trim((text){t.at + n, t.n - n});
    if (n == 0 || t.n < 2 || *t.at != '=')
        return false;
    t = text_trim((text){t.at + 1, t.n - 1});
    if (t.n < 2 || (*t.at != '"' && *t.at != '\''))
        return false;
    end = memchr(t.at + 1, *t.at, t.n - 1);
    if (!end)
        return false;
    *value = (text){t.at + 1, (size_t)(end - t.at) - 1};
    *rest = (text){end + 1, t.n - (size_t)(end + 1 - t.at)};
    return true;
}

bool xml_attribute(const xml_tag *tag, const char *name, text *value)
{
    text rest = tag->attributes, key;

    while (next_attribute(&rest, &key, value))
        if (text_is(key, name))
            return true;
    return false;
}

/* "&#65;" or "&#x41;", of which e is what stands between '&' and ';'. 0: no character. */
static uint32_t code_point(text e)
{
    bool hex = e.n > 2 && (e.at[1] == 'x' || e.at[1] == 'X');
    uint32_t base = hex ? 16 : 10, code = 0;

    for (size_t i = hex ? 2 : 1; i < e.n; i++) {
        char c = e.at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                : base;
        if (digit >= base)
            return 0;
        code = code * base + digit;
        if (code > 0x10ffff)
            return 0;
    }
    return code >= 0xd800 && code < 0xe000 ? 0 : code;
}

static size_t decode_entity(text e, char out[4])
{
    static const struct {
        const char *name;
        char c;
    } known[] = {{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}};
    uint32_t code;

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (text_is(e, known[i].name)) {
            out[0] = known[i].c;
            return 1;
        }
    code = e.n > 1 && *e.at == '#' ? code_point(e) : 0;
    return code ? text_utf8(code, out) : 0;
}

bool xml_decode(text value, char *out, size_t size)
{
    const char *p = value.at, *end = value.n ? p + value.n : p;
    size_t used = 0;

    while (p < end) {
        const char *semicolon = *p == '&' ? memchr(p, ';', (size_t)(end - p)) : p;
        char c[4] = {*p};
        size_t n = *p != 0;
        if (semicolon && *p == '&')
            n = decode_entity((text){p + 1, (size_t)(semicolon - p) - 1}, c);
        if (!semicolon || n == 0 || used + n >= size)
            return false;
        memcpy(out + used, c, n);
        used += n;
        p = semicolon + 1;
    }
    out[used] = 0;
    return true;
}
