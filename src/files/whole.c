/* Files that are there whole or not at all: written beside their name, which they take at the end.
 */
#define _XOPEN_SOURCE 700
#include "files/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/mem.h"

#define ATTEMPTS 100  /* names left behind by processes of our number that were killed */
#define BESIDE   48   /* bytes of ".pfld-PID-N.tmp": short, whatever the name is */
#define LINKS    40   /* one behind another, as the system follows them */
#define LONGEST  4096 /* bytes that a link leads to */

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

/* Of a name, the bytes up to its last slash and with it. */
static size_t folder_length(const char *name)
{
    const char *slash = strrchr(name, '/');

    return slash ? (size_t)(slash - name) + 1 : 0;
}

/* The first head bytes of a, then n of b; NULL: no memory. */
static char *joined(const char *a, size_t head, const char *b, size_t n)
{
    char *name = mem_alloc(head + n + 1, 1);

    if (!name)
        return NULL;
    memcpy(name, a, head);
    memcpy(name + head, b, n);
    name[head + n] = 0;
    return name;
}

/* Where links lead, whether or not there is something; 0 or errno. realpath() knows no name for
 * what a dangling link leads to. */
static int find_name(files_whole *w)
{
    char to[LONGEST];
    ssize_t n = 0;

    w->name = joined("", 0, w->path, strlen(w->path));
    for (int i = 0; w->name && (n = readlink(w->name, to, sizeof to)) >= 0; i++) {
        size_t head = n && to[0] == '/' ? 0 : folder_length(w->name);
        char *next;
        if (i == LINKS || n == (ssize_t)sizeof to)
            return i == LINKS ? ELOOP : ENAMETOOLONG;
        next = joined(w->name, head, to, (size_t)n);
        mem_free(w->name);
        w->name = next;
    }
    return w->name ? 0 : ENOMEM;
}

/* A new file whose name is ours alone, with the rights of the one that was there; there: NULL, none
 * was. 0 or errno. */
static int open_beside(files_whole *w, const struct stat *there)
{
    size_t head = folder_length(w->name);
    mode_t mode = there ? there->st_mode & 0777 : 0666;
    int fd = -1, sys;

    w->until = joined(w->name, head, (const char[BESIDE]){0}, BESIDE);
    if (!w->until)
        return ENOMEM;
    for (int i = 0; i < ATTEMPTS; i++) {
        snprintf(w->until + head, BESIDE, ".pfld-%ld-%d.tmp", (long)getpid(), i);
        fd = open(w->until, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        return errno;
    if (there) /* where that can't be, the rights are fewer, by the umask */
        (void)fchmod(fd, there->st_mode & 07777);
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
    bool is = stat(path, &there) == 0;
    int sys = 0;

    *w = (files_whole){.path = path};
    if (is && !S_ISREG(there.st_mode)) {
        w->to = S_ISDIR(there.st_mode) ? NULL : fopen(path, "wb");
        sys = S_ISDIR(there.st_mode) ? EISDIR : errno;
    } else {
        sys = find_name(w);
        sys = sys ? sys : open_beside(w, is ? &there : NULL);
    }
    if (!w->to) {
        pfld_status st = sys == ENOMEM ? error_nomem(err) : failed(w, sys, err);
        forget(w);
        return st;
    }
    errno = 0; /* what a failed write sets it to is asked for at the end */
    return PFLD_OK;
}

/* What a failed write left in errno, unless something else has set it since. */
static int why_not_written(int sys)
{
    return sys == ENOSPC || sys == EDQUOT || sys == EFBIG || sys == EPIPE ? sys : EIO;
}

/* What the system says to the end; 0 or errno. */
static int settle(files_whole *w, bool good)
{
    int sys = 0;

    if (good && (ferror(w->to) || fflush(w->to)))
        sys = why_not_written(errno);
    if (good && !sys && w->until && w->sync && fsync(fileno(w->to)))
        sys = errno;
    errno = 0;
    if (fclose(w->to) && good && !sys)
        sys = errno ? errno : EIO;
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
