/* Failures from outside: a status and one sentence in a caller-owned pfld_error. */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Bytes of the UTF-8 character at s, 0 where there is none. */
static int utf8_length(const unsigned char *s)
{
    int n = *s >= 0xf0 && *s < 0xf5 ? 4 : *s >= 0xe0 && *s < 0xf0 ? 3 : *s >= 0xc2 ? 2 : 0, i;

    if (*s < 0x80 || *s >= 0xf5)
        return *s < 0x80;
    for (i = 1; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* A name from a file may hold anything, and may have been cut; a message is one printable line. */
static void one_line(char *text)
{
    unsigned char *s = (unsigned char *)text;

    while (*s) {
        int n = utf8_length(s);
        if (n == 0 || *s < 0x20 || *s == 0x7f) {
            *s = '?';
            n = 1;
        }
        s += n;
    }
}

static pfld_status fill(pfld_error *err, pfld_status status, int sys, const char *fmt, va_list ap)
{
    if (!err)
        return status;
    err->status = status;
    err->sys = sys;
    vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    one_line(err->msg);
    return status;
}

pfld_status error_set(pfld_error *err, pfld_status status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, status, 0, fmt, ap);
    va_end(ap);
    return status;
}

pfld_status error_sys(pfld_error *err, int sys, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fill(err, PFLD_ERR_IO, sys, fmt, ap);
    va_end(ap);
    if (err) {
        size_t used = strlen(err->msg);
        snprintf(err->msg + used, sizeof err->msg - used, ": %s", strerror(sys));
    }
    return PFLD_ERR_IO;
}

pfld_status error_nomem(pfld_error *err)
{
    return error_set(err, PFLD_ERR_NOMEM, "out of memory");
}

void error_prefix(pfld_error *err, const char *prefix)
{
    char old[sizeof err->msg];
    size_t used;

    if (!err)
        return;
    memcpy(old, err->msg, sizeof old);
    used = (size_t)snprintf(err->msg, sizeof err->msg, "%.120s: ", prefix);
    strncat(err->msg, old, sizeof err->msg - 1 - used);
    one_line(err->msg);
}
