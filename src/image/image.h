/* Pictures as views: checks, and the one warp that every crop goes through. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include <stdbool.h>

#include "geometry/affine.h"
#include "pfld/pfld.h"

/* 1, 3 or 4; 0 for an unknown format. */
int image_channels(pfld_format format);
/* Sizes, format, stride against width, data: PFLD_ERR_ARG and what is wrong. */
pfld_status image_check(const pfld_image *img, pfld_error *err);

/*
 * Fills dst (GRAY8, RGB8 or BGR8; converted from src's format as needed): pixel p of dst is src at
 * to_src(p), borders replicated. Both images are valid and don't overlap. Allocates nothing; same
 * pixels and map, same bits on every CPU. Grey from colour is Rec. 601 luma of the warped colour.
 *
 * Where the map doesn't shrink, values are bilinear between pixel centres: the identity, flips,
 * quarter turns and shifts by whole pixels copy exactly. Where it shrinks, the pixel's footprint is
 * averaged: exactly, as a box, if the map keeps rows and columns; else by samples across it, each
 * of which is a block of pixels once the footprint is 4 or more wide.
 *
 * The work is bounded by the pixels of dst and src for any map; one that is not finite gives border
 * pixels or some such, but stays inside src.
 */
void image_warp(const pfld_image *src, const affine *to_src, pfld_image *dst);

#endif
