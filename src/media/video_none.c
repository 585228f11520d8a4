/* Videos where FFmpeg's libraries were not there when pfld was built: every call says so. */
#include "media/video.h"

#include "core/error.h"

bool video_is_built_in(void)
{
    return false;
}

static pfld_status missing(const char *path, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    return error_set(err, PFLD_ERR_UNSUPPORTED,
                     "%s: this pfld was built without FFmpeg's libraries, which videos need",
                     error_path(path, shown));
}

pfld_status video_open(const video_source *source, video_reader **out, pfld_error *err)
{
    *out = NULL;
    return missing(source->path, err);
}

const video_info *video_reader_info(const video_reader *r)
{
    (void)r;
    return NULL;
}

pfld_status video_read(video_reader *r, video_frame *f, bool *more, pfld_error *err)
{
    (void)r;
    (void)f;
    *more = false;
    return missing("video", err);
}

pfld_status video_reader_check(const video_reader *r, pfld_error *err)
{
    (void)r;
    return missing("video", err);
}

void video_close(video_reader *r)
{
    (void)r;
}

void video_frame_free(video_frame *f)
{
    *f = (video_frame){0};
}

bool video_is_writable(const char *path)
{
    (void)path;
    return false;
}

pfld_status video_create(const video_target *target, video_writer **out, pfld_error *err)
{
    *out = NULL;
    return missing(target->path, err);
}

const char *video_writer_left_out(const video_writer *w)
{
    (void)w;
    return NULL;
}

pfld_status video_write(video_writer *w, const video_frame *frame, const pfld_image *picture,
                        pfld_error *err)
{
    (void)w;
    (void)frame;
    (void)picture;
    return missing("video", err);
}

pfld_status video_finish(video_writer *w, pfld_error *err)
{
    (void)w;
    (void)err;
    return PFLD_OK;
}
