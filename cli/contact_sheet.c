/* Square pictures side by side, to draw on and to write as one. */
#include "cli/contact_sheet.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "media/codec.h"

#define GAP 4 /* pixels between pictures */

pfld_status contact_sheet_create(contact_sheet *s, size_t n, int size, int zoom, pfld_error *err)
{
    int rows;

    s->columns = (int)ceil(sqrt((double)n));
    rows = ((int)n + s->columns - 1) / s->columns;
    s->size = size;
    s->zoom = zoom;
    s->cell = zoom * size + GAP;
    s->surface =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, s->columns * s->cell, rows * s->cell);
    s->cr = cairo_create(s->surface);
    if (cairo_status(s->cr) == CAIRO_STATUS_SUCCESS)
        return PFLD_OK;
    if (cairo_status(s->cr) == CAIRO_STATUS_NO_MEMORY)
        return error_nomem(err);
    return error_set(err, PFLD_ERR_ARG, "%zu pictures of %d pixels make too large a sheet", n,
                     size);
}

void contact_sheet_free(contact_sheet *s)
{
    if (s->cr)
        cairo_destroy(s->cr);
    if (s->surface)
        cairo_surface_destroy(s->surface);
}

void contact_sheet_place(const contact_sheet *s, size_t j, int *left, int *top)
{
    *left = (int)j % s->columns * s->cell;
    *top = (int)j / s->columns * s->cell;
}

void contact_sheet_put(contact_sheet *s, size_t j, const uint8_t *picture)
{
    ptrdiff_t stride = cairo_image_surface_get_stride(s->surface);
    int zoom = s->zoom, left, top;
    uint8_t *data;

    contact_sheet_place(s, j, &left, &top);
    cairo_surface_flush(s->surface);
    data = cairo_image_surface_get_data(s->surface);
    for (int y = 0; y < zoom * s->size; y++) {
        for (int x = 0; x < zoom * s->size; x++) {
            const uint8_t *p = picture + 3 * ((ptrdiff_t)(y / zoom) * s->size + x / zoom);
            uint32_t pixel = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
            memcpy(data + (top + y) * stride + 4 * (ptrdiff_t)(left + x), &pixel, sizeof pixel);
        }
    }
    cairo_surface_mark_dirty(s->surface);
}

void contact_sheet_text(contact_sheet *s, const char *text, double x, double y)
{
    cairo_select_font_face(s->cr, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_BOLD);
    cairo_set_font_size(s->cr, 13);
    cairo_move_to(s->cr, x, y);
    cairo_text_path(s->cr, text);
    cairo_set_source_rgb(s->cr, 0, 0, 0);
    cairo_set_line_width(s->cr, 3);
    cairo_set_line_join(s->cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke_preserve(s->cr);
    cairo_set_source_rgb(s->cr, 1, 1, 1);
    cairo_fill(s->cr);
}

pfld_status contact_sheet_write(const contact_sheet *s, const char *path, pfld_error *err)
{
    pfld_image img = {.width = cairo_image_surface_get_width(s->surface),
                      .height = cairo_image_surface_get_height(s->surface),
                      .format = PFLD_RGB8};
    ptrdiff_t stride = cairo_image_surface_get_stride(s->surface);
    const uint8_t *data;
    pfld_status st;

    cairo_surface_flush(s->surface);
    data = cairo_image_surface_get_data(s->surface);
    img.stride = 3 * (ptrdiff_t)img.width;
    img.data = mem_alloc((size_t)img.height, (size_t)img.stride);
    if (!img.data)
        return error_nomem(err);
    for (int y = 0; y < img.height; y++) {
        for (int x = 0; x < img.width; x++) {
            uint8_t *p = img.data + y * img.stride + 3 * (ptrdiff_t)x;
            uint32_t pixel;
            memcpy(&pixel, data + y * stride + 4 * (ptrdiff_t)x, sizeof pixel);
            p[0] = (uint8_t)(pixel >> 16);
            p[1] = (uint8_t)(pixel >> 8);
            p[2] = (uint8_t)pixel;
        }
    }
    st = media_write(path, &img, err);
    mem_free(img.data);
    return st;
}
