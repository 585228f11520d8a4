/* File names and folders. */
#define _POSIX_C_SOURCE 200809L
#include "cli/paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/mem.h"
#include "data/text.h"
#include "media/paths.h"

#define LONG_PATH 4096

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

bool path_exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

bool path_is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool stat_folder(const char *path, struct stat *st)
{
    char folder[LONG_PATH];
    size_t n = (size_t)(path_base(path) - path);

    if (n >= sizeof folder)
        return false;
    memcpy(folder, path, n);
    folder[n] = 0;
    return stat(n ? folder : ".", st) == 0;
}

bool path_is_same(const char *a, const char *b)
{
    struct stat s, t;
    bool is_a = stat(a, &s) == 0, is_b = stat(b, &t) == 0;

    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0)
        return false;
    if (strcmp(a, b) == 0)
        return true;
    if (!is_a && !is_b && strcmp(path_base(a), path_base(b)) == 0)
        is_a = stat_folder(a, &s), is_b = stat_folder(b, &t);
    return is_a && is_b && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

uint64_t path_identity(const char *path)
{
    struct stat st;
    uint64_t file[2];

    if (stat(path, &st) != 0)
        return 0;
    file[0] = (uint64_t)st.st_dev;
    file[1] = (uint64_t)st.st_ino;
    return text_hash(TEXT_HASH, (const char *)file, sizeof file);
}

pfld_status path_make_dir(const char *path, pfld_error *err)
{
    int failure = media_make_dir(path);

    if (!failure)
        return PFLD_OK;
    return failure == EEXIST ? error_set(err, PFLD_ERR_IO, "%.150s is not a folder", path)
                             : error_sys(err, failure, "%.150s", path);
}

char *path_copy(const char *path)
{
    size_t n = strlen(path) + 1;
    char *copy = mem_alloc(n, 1);

    if (copy)
        memcpy(copy, path, n);
    return copy;
}

char *path_join(const char *dir, const char *name, const char *ending)
{
    const char *base = path_base(name), *dot = strrchr(base, '.');
    size_t stem = ending && dot && dot > base ? (size_t)(dot - base) : strlen(base);
    size_t room = strlen(dir) + 1 + stem + (ending ? strlen(ending) : 0) + 1;
    bool slash = *dir && dir[strlen(dir) - 1] == '/';
    char *joined = mem_alloc(room, 1);

    if (joined)
        snprintf(joined, room, "%s%s%.*s%s", dir, slash ? "" : "/", (int)stem, base,
                 ending ? ending : "");
    return joined;
}

void path_make_safe(const char *name, char *out, size_t size)
{
    static const char safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t n = 0;

    for (; name[n] && n + 1 < size; n++)
        out[n] = strchr(safe, name[n]) ? name[n] : '_';
    if (n == 0 || out[0] == '.')
        out[0] = '_';
    out[n ? n : 1] = 0;
}
