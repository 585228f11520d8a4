/* Failures from outside: a status and one sentence in a caller-owned pfld_error. */
#include "core/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

/* A name from a file may hold anything, and may have been cut; a message is one printable line. */
static void one_line(char *text)
{
    unsigned char *s = (unsigned char *)text;

    while (*s) {
        size_t n = utf8_length(s, strlen((const char *)s));
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

const char *error_path(const char *path, char *buf)
{
    size_t n = strlen(path);

    if (n <= ERROR_PATH)
        return path;
    snprintf(buf, ERROR_PATH + 1, "...%s", path + n - (ERROR_PATH - 3));
    return buf;
}

void error_prefix(pfld_error *err, const char *prefix)
{
    char old[sizeof err->msg], shown[ERROR_PATH + 1];
    size_t used;

    if (!err)
        return;
    memcpy(old, err->msg, sizeof old);
    used = (size_t)snprintf(err->msg, sizeof err->msg, "%s: ", error_path(prefix, shown));
    strncat(err->msg, old, sizeof err->msg - 1 - used);
    one_line(err->msg);
}
