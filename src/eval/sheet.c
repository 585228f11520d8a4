/* A contact sheet: many cut-outs of photos, drawn on, in one PNG. */
#define _POSIX_C_SOURCE 200809L
#include "eval/sheet.h"

#include <errno.h>

#include "core/error.h"
#include "core/mem.h"
#include "image/image.h"
#include "media/codec.h"

/* Cairo has no surface of 3 bytes a pixel. */
void sheet_picture(cairo_t *cr, const pfld_image *picture)
{
    cairo_surface_t *s =
        cairo_image_surface_create(CAIRO_FORMAT_RGB24, picture->width, picture->height);
    unsigned char *to = cairo_image_surface_get_data(s);
    int stride = cairo_image_surface_get_stride(s);

    if (cairo_surface_status(s) == CAIRO_STATUS_SUCCESS) {
        cairo_surface_flush(s);
        for (int y = 0; y < picture->height; y++)
            for (int x = 0; x < picture->width; x++) {
                const uint8_t *p =
                    picture->data + (ptrdiff_t)y * picture->stride + (ptrdiff_t)3 * x;
                uint32_t v = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
                *(uint32_t *)(void *)(to + (ptrdiff_t)y * stride + (ptrdiff_t)4 * x) = v;
            }
        cairo_surface_mark_dirty(s);
        cairo_set_source_surface(cr, s, 0, 0);
        cairo_paint(cr);
    }
    cairo_surface_destroy(s);
}

pfld_status sheet_photo(cairo_t *cr, const char *image, const pfld_box *box, float scale, int cell,
                        affine *to_cell, pfld_error *err)
{
    const crop_rule rule = {.scale = scale};
    const affine to_image = affine_from_crop(box, &rule, 0, cell);
    pfld_image picture = {
        .width = cell, .height = cell, .stride = (ptrdiff_t)cell * 3, .format = PFLD_RGB8};
    media_image photo = {0};
    pfld_status st = media_read(image, &photo, err);

    if (st != PFLD_OK)
        return st;
    picture.data = mem_alloc((size_t)cell * (size_t)cell, 3);
    if (!picture.data)
        st = error_nomem(err);
    else if (!affine_invert(&to_image, to_cell))
        st = error_set(err, PFLD_ERR_ARG, "%.100s: a box without a size", image);
    if (st == PFLD_OK) {
        image_warp(&photo.view, &to_image, &picture);
        sheet_picture(cr, &picture);
    }
    mem_free(picture.data);
    media_image_free(&photo);
    return st;
}

void sheet_words(cairo_t *cr, int cell, const char *words)
{
    cairo_move_to(cr, 6, cell - 8);
    cairo_text_path(cr, words);
    cairo_set_source_rgba(cr, 0, 0, 0, 0.7);
    cairo_set_line_width(cr, 3);
    cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
    cairo_stroke_preserve(cr);
    cairo_set_source_rgb(cr, 1, 1, 1);
    cairo_fill(cr);
}

static pfld_status draw_cells(const sheet_size *size, size_t n, sheet_draw *draw, void *ctx,
                              cairo_t *cr, pfld_error *err)
{
    const size_t columns = (size_t)size->columns, side = (size_t)size->cell;
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < n && st == PFLD_OK; i++) {
        const size_t left = i % columns * side, top = i / columns * side;
        cairo_save(cr);
        cairo_translate(cr, (double)left, (double)top);
        cairo_rectangle(cr, 0, 0, size->cell, size->cell);
        cairo_clip(cr);
        st = draw(ctx, i, cr, err);
        cairo_restore(cr);
    }
    return st;
}

pfld_status sheet_write(const char *path, const sheet_size *size, size_t n, sheet_draw *draw,
                        void *ctx, pfld_error *err)
{
    const size_t columns = (size_t)size->columns, most = columns * (size_t)size->rows;
    const size_t shown = n < most ? n : most, rows = shown ? (shown + columns - 1) / columns : 1;
    cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_RGB24, size->columns * size->cell,
                                                    (int)rows * size->cell);
    cairo_t *cr = cairo_create(s);
    pfld_status st;

    cairo_select_font_face(cr, "@cairo:", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    cairo_set_font_size(cr, 14);
    if (shown == 0)
        sheet_words(cr, size->cell, "none");
    st = draw_cells(size, shown, draw, ctx, cr, err);
    if (st == PFLD_OK && cairo_status(cr) != CAIRO_STATUS_SUCCESS)
        st = error_nomem(err);
    errno = 0;
    if (st == PFLD_OK && cairo_surface_write_to_png(s, path) != CAIRO_STATUS_SUCCESS)
        st = error_sys(err, errno ? errno : EIO, "%s", path);
    cairo_destroy(cr);
    cairo_surface_destroy(s);
    return st;
}
