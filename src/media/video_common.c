/* What reading and writing videos share: FFmpeg's failures in our words. */
#define _POSIX_C_SOURCE 200809L
#include "media/video_internal.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <libavutil/error.h>
#include <libavutil/log.h>

#include "core/error.h"
#include "core/mem.h"

#define MOST_ERRNO 4096 /* FFmpeg's own codes are beyond */

static const char *shown_name(const video_name *name, char buf[ERROR_PATH + 1])
{
    return error_path(strcmp(name->path, "-") == 0 ? name->dash : name->path, buf);
}

pfld_status video_refuse(pfld_status status, const video_name *name, const char *what,
                         pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    return error_set(err, status, "%s: %s", shown_name(name, shown), what);
}

pfld_status video_failure(int code, const video_name *name, const char *what, pfld_error *err)
{
    char shown[ERROR_PATH + 1], why[AV_ERROR_MAX_STRING_SIZE] = "";

    if (code == AVERROR(ENOMEM))
        return error_nomem(err);
    if (code < 0 && code > -MOST_ERRNO)
        return error_sys(err, AVUNERROR(code), "%s", shown_name(name, shown));
    av_strerror(code, why, sizeof why);
    return error_set(err, PFLD_ERR_FORMAT, "%s: %s (FFmpeg: %s)", shown_name(name, shown), what,
                     why);
}

void video_hush(void)
{
    av_log_set_level(AV_LOG_QUIET);
}

char *video_address(const char *path, const char *dash)
{
    bool is_dash = strcmp(path, "-") == 0;
    /* what is no file may be an address, but a name without "://" is a file that is to be made */
    bool is_address = strstr(path, "://") && access(path, F_OK) != 0;
    const char *before = is_dash || is_address ? "" : "file:";
    const char *rest = is_dash ? dash : path;
    size_t size = strlen(before) + strlen(rest) + 1;
    char *address = mem_alloc(size, 1);

    if (address)
        snprintf(address, size, "%s%s", before, rest);
    return address;
}
