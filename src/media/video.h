/* Videos: frames of whatever FFmpeg's libraries read, and files made of frames. */
#ifndef MEDIA_VIDEO_H
#define MEDIA_VIDEO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* False: this build has no FFmpeg, and all that follows fails with PFLD_ERR_UNSUPPORTED. */
bool video_is_built_in(void);

typedef struct video_tick { /* seconds are num / den */
    int num, den;
} video_tick;

typedef struct video_source {
    const char *path; /* a file, an address that FFmpeg knows, or "-": stdin; outlives the reader */
    const char *device;      /* "v4l2": path is a camera of that kind; NULL: it is none */
    int threads;             /* of the decoder; 0: one for each CPU. The frames are the same */
    bool sound;              /* its packets are wanted, for a video_writer */
    bool (*stop)(void *ctx); /* true ends a read that waits for a network or a pipe; or NULL */
    void *ctx;
} video_source;

typedef struct video_info {
    int32_t width, height; /* of the first frame, upright; others may have another size */
    video_tick tick;       /* what times are counted in */
    video_tick aspect;     /* of a pixel, width over height; 0/1: not known, and taken for 1 */
    double rate;           /* frames a second, on average; 0: not known */
    double seconds;        /* 0: not known */
    size_t frames;         /* about so many; 0: not known */
} video_info;

struct AVPacket;

typedef struct video_frame { /* zeroed at first, and then used again */
    pfld_image view;         /* RGB8, upright, owned; width 0: there is none, only sound */
    size_t room;             /* bytes of view.data */
    int64_t ticks;           /* since the beginning of the file */
    double t;                /* the same in seconds: later than that of the frame before */
    struct AVPacket **sound; /* [n_sound] of [sound_room], owned: what was read before it */
    size_t n_sound, sound_room;
} video_frame;
void video_frame_free(video_frame *f); /* accepts the zeroed struct */

typedef struct video_reader video_reader;

/*
 * Opens source and decodes its first frame. Messages start with the path. PFLD_ERR_IO: no such
 * file; PFLD_ERR_FORMAT: no video, none in it but sound, or not one frame that can be decoded;
 * PFLD_ERR_UNSUPPORTED: a codec that this FFmpeg lacks, or more pixels than MEDIA_MAX_PIXELS.
 */
pfld_status video_open(const video_source *source, video_reader **out, pfld_error *err);
const video_info *video_reader_info(const video_reader *r);
/*
 * The next frame, turned as the file's rotation says; *more is false behind the last (then f may
 * still have sound). What cannot be decoded is left out: video_reader_check() tells. Times are the
 * file's own, at any rate that varies, and go forward where the file's own do not.
 */
pfld_status video_read(video_reader *r, video_frame *f, bool *more, pfld_error *err);
/* After the last frame: PFLD_ERR_FORMAT where the file is cut short or parts of it are damaged. */
pfld_status video_reader_check(const video_reader *r, pfld_error *err);
void video_close(video_reader *r);

typedef struct video_target {
    const char
        *path; /* .mp4, .m4v, .mov, .mkv or .avi; "-": Matroska to stdout; outlives the writer */
    const video_reader *like; /* whose rate, ticks, shape of pixels, and sound are taken on */
    int32_t width, height;    /* pictures of another size are scaled to it */
} video_target;

typedef struct video_writer video_writer;

/* True where path's ending is one that video_create() takes, or path is "-". */
bool video_is_writable(const char *path);
/*
 * H.264 by libx264 where FFmpeg has it, else MPEG-4; both with sides that are even: an odd one is
 * made so by its last column or row once more. Sound is copied as it is. The encoder has a fixed
 * number of threads, so that the same frames make the same bytes. Messages start with the path.
 */
pfld_status video_create(const video_target *target, video_writer **out, pfld_error *err);
/* The name of sound that the file cannot hold and that is left out, or NULL. */
const char *video_writer_left_out(const video_writer *w);
/* The sound of frame, and picture (RGB8; NULL: none) at its time. */
pfld_status video_write(video_writer *w, const video_frame *frame, const pfld_image *picture,
                        pfld_error *err);
/* Ends the file, so that it can be played, and frees w: also after a failure, or early. */
pfld_status video_finish(video_writer *w, pfld_error *err);

#endif
