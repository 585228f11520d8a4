/* Small videos whose frames are known, made by FFmpeg's libraries without media/video. */
#ifndef TESTS_VIDEO_CLIP_H
#define TESTS_VIDEO_CLIP_H

#include <stdbool.h>

#include "pfld/pfld.h"

typedef struct clip {
    int width, height; /* 0: sound only */
    int frames;
    struct {
        int num, den;
    } rate;
    const int *at_ms; /* [frames] in place of rate; NULL: none. Matroska only */
    bool ten_bits;    /* Matroska only */
    int turned;       /* degrees clockwise by which a player must turn it: 0, 90, 180, 270 */
    bool mirrored;    /* left and right are to be swapped after that */
    bool sound;       /* bare samples at 8 kHz. Matroska only */
    void (*paint)(void *ctx, int n, pfld_image *rgb); /* NULL: clip_square()s */
    void *ctx;
} clip;

/* Writes path, Matroska with FFV1, which loses nothing, or MPEG-4 where it ends in .mp4; any
 * failure ends the program. */
void clip_make(const clip *c, const char *path);

/* The centre of the red square in frame n. */
pfld_point clip_square(int width, int height, int n);

#endif
