/* A contact sheet: many cut-outs of photos, drawn on, in one PNG. */
#ifndef EVAL_SHEET_H
#define EVAL_SHEET_H

#include <cairo.h>
#include <stddef.h>

#include "geometry/affine.h"
#include "pfld/pfld.h"

typedef struct sheet_size {
    int columns, rows, cell; /* cell: side, pixels */
} sheet_size;

/* Draws cell i: the cut-out by sheet_photo() first. The origin is the cell's corner. */
typedef pfld_status sheet_draw(void *ctx, size_t i, cairo_t *cr, pfld_error *err);

/* Writes a PNG of the first n cells, or as many as fit, in as many rows as they need. */
pfld_status sheet_write(const char *path, const sheet_size *size, size_t n, sheet_draw *draw,
                        void *ctx, pfld_error *err);

/* Paints an RGB8 picture into the cell. */
void sheet_picture(cairo_t *cr, const pfld_image *picture);
/* Paints the square around box, scale times its longer side, of the photo into the cell; *to_cell
 * then maps the photo's pixels into the cell's. */
pfld_status sheet_photo(cairo_t *cr, const char *image, const pfld_box *box, float scale, int cell,
                        affine *to_cell, pfld_error *err);
/* White words at the foot of the cell. */
void sheet_words(cairo_t *cr, int cell, const char *words);

#endif
