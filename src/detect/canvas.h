/* What a detector's canvas shows of a picture: how large, from where on, turned by what. */
#ifndef DETECT_CANVAS_H
#define DETECT_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "geometry/affine.h"
#include "pfld/pfld.h"

typedef struct canvas_size {
    int width, height; /* pixels */
} canvas_size;

/*
 * The picture is turned by quarters, then scaled; the canvas shows what of that begins at (x, y)
 * and is width x height large, in its upper left corner.
 */
typedef struct canvas_view {
    int quarters; /* 0..3: the canvas shows the picture turned counter-clockwise by so many */
    double scale; /* canvas pixels to one of the picture */
    int x, y, width, height;
    bool cut_left, cut_top, cut_right, cut_bottom; /* the picture goes on there */
} canvas_view;

/* The picture's size once it is turned. */
canvas_size canvas_turned(const pfld_image *img, int quarters);
/* From canvas pixels to those of the picture. */
affine canvas_to_image(const canvas_view *v, const pfld_image *img);
/* A box of the canvas in the picture: turning by quarters keeps it upright. */
pfld_box canvas_box(const affine *to_image, const pfld_box *box);

/* How much of a side of this length is shown at once, and from where: n windows of at most `window`
 * pixels that overlap by margin or more, evenly spread. */
int canvas_windows(int length, int window, int margin);
int canvas_window_start(int length, int window, int n, int i);

/* Draws the view into pixels [size.height][size.width] of the input's order, black where there is
 * no picture. */
void canvas_draw(const pfld_image *img, const affine *to_image, const canvas_view *v,
                 pfld_image *pixels);

#endif
