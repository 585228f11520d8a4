/* Names of files, and folders to write into. */
#define _POSIX_C_SOURCE 200809L
#include "media/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/mem.h"

bool media_path_ends(const char *path, const char *ending)
{
    size_t n = strlen(path), k = strlen(ending);

    return n > k && strcmp(path + n - k, ending) == 0;
}

bool media_is_picture_name(const char *name)
{
    static const char *const endings[] = {"jpg", "jpeg", "png", "webp", "bmp",
                                          "pbm", "pgm",  "ppm", "pnm"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot && dot > name && i < sizeof endings / sizeof *endings; i++)
        if (strcasecmp(dot + 1, endings[i]) == 0)
            return true;
    return false;
}

int media_make_dir(const char *path)
{
    struct stat st;
    int failure = mkdir(path, 0777) == 0 ? 0 : errno;

    return failure && stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? 0 : failure;
}

static pfld_status make(const char *path, pfld_error *err)
{
    int failure = media_make_dir(path);

    if (failure)
        return error_sys(err, failure == EEXIST ? ENOTDIR : failure, "%s", path);
    return PFLD_OK;
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

pfld_status media_path_in(const char *dir, const char *name, char *buf, size_t size,
                          pfld_error *err)
{
    int n = snprintf(buf, size, "%s/%s", dir, name);

    if (n < 0 || (size_t)n >= size)
        return error_set(err, PFLD_ERR_ARG, "%.80s...: the name is too long", dir);
    return PFLD_OK;
}
