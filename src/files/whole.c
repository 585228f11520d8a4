/* Files that are there whole or not at all: written beside their name, which they take at the end.
 */
#define _XOPEN_SOURCE 700
#include "files/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/mem.h"

#define SUFFIX   40  /* ".tmp-PID-N" */
#define ATTEMPTS 100 /* names left behind by processes of our number that were killed */

static pfld_status failed(const files_whole *w, int sys, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    return error_sys(err, sys ? sys : EIO, "%s", error_path(w->path, shown));
}

static void forget(files_whole *w)
{
    mem_free(w->name);
    mem_free(w->until);
    *w = (files_whole){0};
}

/* Both names; false: no memory. */
static bool make_names(files_whole *w)
{
    char *real = realpath(w->path, NULL); /* NULL: there is nothing yet */
    const char *name = real ? real : w->path;
    size_t n = strlen(name) + 1;

    w->name = mem_alloc(n, 1);
    w->until = mem_alloc(n + SUFFIX, 1);
    if (w->name)
        memcpy(w->name, name, n);
    free(real);
    return w->name && w->until;
}

/* A new file whose name is ours alone; 0 or errno. */
static int open_beside(files_whole *w)
{
    int fd = -1, sys;

    for (int i = 0; i < ATTEMPTS; i++) {
        snprintf(w->until, strlen(w->name) + SUFFIX, "%s.tmp-%ld-%d", w->name, (long)getpid(), i);
        fd = open(w->until, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        return errno;
    w->to = fdopen(fd, "wb");
    if (w->to)
        return 0;
    sys = errno;
    close(fd);
    unlink(w->until);
    return sys;
}

pfld_status files_whole_begin(files_whole *w, const char *path, pfld_error *err)
{
    struct stat there;
    int sys = 0;

    *w = (files_whole){.path = path};
    if (stat(path, &there) == 0 && !S_ISREG(there.st_mode)) {
        w->to = S_ISDIR(there.st_mode) ? NULL : fopen(path, "wb");
        sys = S_ISDIR(there.st_mode) ? EISDIR : errno;
    } else if (make_names(w)) {
        sys = open_beside(w);
    } else {
        forget(w);
        return error_nomem(err);
    }
    if (!w->to) {
        pfld_status st = failed(w, sys, err);
        forget(w);
        return st;
    }
    errno = 0; /* what a failed write sets it to is asked for at the end */
    return PFLD_OK;
}

/* What the system says to the end; 0 or errno. */
static int settle(files_whole *w, bool good)
{
    int sys = 0;

    if (good && (ferror(w->to) || fflush(w->to) || (w->until && w->sync && fsync(fileno(w->to)))))
        sys = errno ? errno : EIO;
    if (fclose(w->to) && good && !sys)
        sys = errno;
    if (good && !sys && w->until && rename(w->until, w->name))
        sys = errno;
    if (w->until && (!good || sys))
        unlink(w->until);
    return sys;
}

pfld_status files_whole_end(files_whole *w, pfld_status so_far, pfld_error *err)
{
    int sys = settle(w, so_far == PFLD_OK);

    if (sys)
        so_far = failed(w, sys, err);
    forget(w);
    return so_far;
}

pfld_status files_whole_write(const char *path, const void *bytes, size_t n, bool sync,
                              pfld_error *err)
{
    files_whole w;
    pfld_status st = files_whole_begin(&w, path, err);

    if (st != PFLD_OK)
        return st;
    w.sync = sync;
    fwrite(bytes, 1, n, w.to);
    return files_whole_end(&w, PFLD_OK, err);
}
