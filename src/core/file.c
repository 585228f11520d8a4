/* Whole files into memory: read, not mapped, so that a file cut short meanwhile can't fault. */
#include "core/file.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"

enum { FIRST = 64 * 1024 }; /* one read for a small picture; doubled from there */

/* One byte beyond max is asked for: that one arrives only where the file is too large. */
static pfld_status read_all(FILE *f, const char *path, size_t max, uint8_t **data, size_t *size,
                            pfld_error *err)
{
    size_t limit = max < SIZE_MAX ? max + 1 : max, room = 0, used = 0;

    for (;;) {
        size_t want = used < FIRST ? FIRST : used + 1, got;
        uint8_t *more = mem_grow(*data, &room, want < limit ? want : limit, 1);
        if (!more)
            return error_nomem(err);
        *data = more;
        got = fread(more + used, 1, (room < limit ? room : limit) - used, f);
        used += got;
        if (ferror(f))
            return error_sys(err, errno, "%s", path);
        if (used > max)
            return error_set(err, PFLD_ERR_UNSUPPORTED, "%s: larger than %zu bytes", path, max);
        if (got == 0)
            break;
    }
    *size = used;
    return PFLD_OK;
}

pfld_status file_read(const char *path, size_t max, uint8_t **data, size_t *size, pfld_error *err)
{
    bool from_stdin = strcmp(path, "-") == 0;
    char shown[ERROR_PATH + 1];
    FILE *f = from_stdin ? stdin : fopen(path, "rb");
    uint8_t *buf = NULL;
    size_t n = 0;
    pfld_status status;

    if (!f)
        return error_sys(err, errno, "%s", error_path(path, shown));
    status = read_all(f, from_stdin ? "stdin" : error_path(path, shown), max, &buf, &n, err);
    if (!from_stdin)
        fclose(f);
    if (status) {
        mem_free(buf);
        return status;
    }
    *data = buf;
    *size = n;
    return PFLD_OK;
}
