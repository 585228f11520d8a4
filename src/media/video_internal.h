/* What reading and writing videos share: FFmpeg's failures in our words. */
#ifndef MEDIA_VIDEO_INTERNAL_H
#define MEDIA_VIDEO_INTERNAL_H

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "media/video.h"

/* "-" is "stdin" or "stdout" in messages. */
typedef struct video_name {
    const char *path, *dash;
} video_name;

/* The failure of a call of FFmpeg's; what: "cannot be opened". */
pfld_status video_failure(int code, const video_name *name, const char *what, pfld_error *err);
/* The same with a sentence of ours. */
pfld_status video_refuse(pfld_status status, const video_name *name, const char *what,
                         pfld_error *err);
/* FFmpeg says nothing on stderr from now on: what it would say is for its developers. */
void video_hush(void);
/* The address that FFmpeg knows a file by, for free with mem_free(); NULL: no memory. A colon in a
 * file's name is no protocol. */
char *video_address(const char *path, const char *dash);

struct video_sound_of {            /* what a writer takes on from a reader */
    const AVStream *video, *sound; /* sound is NULL: none */
};
struct video_sound_of video_reader_streams(const video_reader *r);

#endif
