/* Square pictures side by side, to draw on and to write as one. */
#ifndef CLI_CONTACT_SHEET_H
#define CLI_CONTACT_SHEET_H

#include <cairo.h>
#include <stddef.h>

#include "pfld/pfld.h"

typedef struct contact_sheet { /* zeroed: none */
    cairo_surface_t *surface;
    cairo_t *cr;
    int columns, size, zoom; /* size: of a picture, pixels; zoom: what becomes of each */
    int cell;                /* zoom * size and a gap */
} contact_sheet;

/* For n pictures, in about as many rows as columns. */
pfld_status contact_sheet_create(contact_sheet *s, size_t n, int size, int zoom, pfld_error *err);
void contact_sheet_free(contact_sheet *s);
/* Where picture j has its top left corner. */
void contact_sheet_place(const contact_sheet *s, size_t j, int *left, int *top);
/* picture: [size][size][3] RGB. */
void contact_sheet_put(contact_sheet *s, size_t j, const uint8_t *picture);
/* White on black, 13 pixels high, from the left end of its base line. */
void contact_sheet_text(contact_sheet *s, const char *text, double x, double y);
/* As media_write(). */
pfld_status contact_sheet_write(const contact_sheet *s, const char *path, pfld_error *err);

#endif
