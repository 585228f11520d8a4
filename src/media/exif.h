/* The one fact that we want of EXIF: which way up the picture is. */
#ifndef MEDIA_EXIF_H
#define MEDIA_EXIF_H

#include <stddef.h>
#include <stdint.h>

/* 1..8 from a TIFF block of either byte order, with or without "Exif\0\0" before it; 1 where it is
 * damaged or does not say: a picture is not lost over its metadata. */
int media_exif_orientation(const uint8_t *data, size_t size);

#endif
