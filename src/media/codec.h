/* Pictures from and to files: JPEG, PNG, WebP, BMP, PNM, turned as their EXIF orientation says. */
#ifndef MEDIA_CODEC_H
#define MEDIA_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

#define MEDIA_MAX_PIXELS ((uint64_t)1 << 28) /* 268 megapixels; beyond: refused, not tried */

typedef struct media_image {
    pfld_image view; /* GRAY8 or RGB8 (alpha is blended over white), upright, owned */
} media_image;

/*
 * Decodes a whole file in memory; the kind is told from its first bytes, not its name. GRAY8 comes
 * of grey JPEG, PNG and PNM, RGB8 of all else; 16-bit samples are scaled to 8. *out is freed with
 * media_image_free(), and is empty after a failure.
 *
 * PFLD_ERR_FORMAT: no picture, damaged, or cut short (no part of a picture is returned; a JPEG may
 * have stray bytes between its segments, and nothing else wrong). PFLD_ERR_UNSUPPORTED: a kind that
 * we do not read (GIF, TIFF, animated WebP, run-length BMP, 12-bit JPEG ...), a side above 65535
 * or more than MEDIA_MAX_PIXELS. Messages do not name the file: the caller does.
 */
pfld_status media_decode(const uint8_t *data, size_t size, media_image *out, pfld_error *err);

/* Reads (at most 1 GiB) and decodes path ("-": stdin); messages start with the path. */
pfld_status media_read(const char *path, media_image *out, pfld_error *err);

/*
 * A picture that was read smaller than it is: what is asked for, and what became of it. Each pixel
 * stands for a square of by x by pixels; x of the picture is left + by * (x + 0.5) - 0.5, and y the
 * same of top. left and top are 0, or below where EXIF turns a picture whose side is no multiple of
 * `by`, since what is missing of the last squares is then at the other end.
 */
typedef struct media_reduction {
    int most;              /* 1, 2, 4 or 8: `by` is that at most, ... */
    int32_t least_side;    /* ... as long as the longer side has so many pixels left ... */
    int32_t most_side;     /* ... and has no more than that */
    int by;                /* 1 for all but JPEG, whose decoder does it at no cost */
    int32_t width, height; /* of the whole upright picture */
    int32_t left, top;
} media_reduction;
pfld_status media_read_reduced(const char *path, media_reduction *r, media_image *out,
                               pfld_error *err);

/* Accepts NULL and the zeroed struct. */
void media_image_free(media_image *img);

/* True where path's ending is one that media_write() takes, or path is "-". */
bool media_is_writable(const char *path);

/*
 * Writes .png, .jpg or .jpeg (quality 92, colour at full resolution), by the name's ending in
 * either case; another ending is PFLD_ERR_ARG. A temporary file beside path takes its name when it
 * is complete, so that path never holds half a picture; it is removed on failure. "-": PNG to
 * stdout. Any format of view; alpha is ignored; GRAY8 stays grey.
 */
pfld_status media_write(const char *path, const pfld_image *img, pfld_error *err);

#endif
