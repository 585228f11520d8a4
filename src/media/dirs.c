/* Folders to write into. */
#define _POSIX_C_SOURCE 200809L
#include "media/dirs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/mem.h"

static pfld_status make(const char *path, pfld_error *err)
{
    struct stat st;

    if (mkdir(path, 0777) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return PFLD_OK;
    return error_sys(err, errno == EEXIST ? ENOTDIR : errno, "%s", path);
}

pfld_status media_make_dirs(const char *path, pfld_error *err)
{
    size_t size = strlen(path) + 1;
    char *part = mem_alloc(size, 1);
    pfld_status st = PFLD_OK;

    if (!part)
        return error_nomem(err);
    memcpy(part, path, size);
    for (char *at = strchr(part + 1, '/'); at && st == PFLD_OK; at = strchr(at + 1, '/')) {
        *at = '\0';
        st = make(part, err);
        *at = '/';
    }
    if (st == PFLD_OK)
        st = make(part, err);
    mem_free(part);
    return st;
}
