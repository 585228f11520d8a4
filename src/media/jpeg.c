/* JPEG by libjpeg-turbo. */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

#include "core/error.h"
#include "core/mem.h"
#include "media/codec_internal.h"
#include "media/exif.h"

#define QUALITY   92
#define MAX_SCANS 100 /* encoders write a dozen; each one costs a walk over the whole picture */
/* Huffman codes spend a bit on each 8x8 block of each component at least; with the most lopsided
 * sampling factors that is a byte on 1024 pixels. Room for one surprise. */
#define MAX_PIXELS_PER_BYTE 2048
#define FIRST_BUFFER        ((size_t)1 << 16)
#define MAX_MARKER          0xffffU

typedef struct jpeg_trap {         /* where libjpeg's failures land */
    struct jpeg_error_mgr manager; /* first: libjpeg hands back a pointer to it */
    jmp_buf jump;
    pfld_status status;
    pfld_error *err;
} jpeg_trap;

_Noreturn static void give_up(j_common_ptr cinfo, pfld_status status)
{
    jpeg_trap *trap = (jpeg_trap *)(void *)cinfo->err;
    trap->status = status;
    longjmp(trap->jump, 1);
}

static pfld_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY:
    case JERR_NO_BACKING_STORE:
        return PFLD_ERR_NOMEM;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_COMPONENT_COUNT:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_IMAGE_TOO_BIG:
    case JERR_SOF_UNSUPPORTED:
        return PFLD_ERR_UNSUPPORTED;
    default:
        return PFLD_ERR_FORMAT;
    }
}

static void on_error(j_common_ptr cinfo)
{
    jpeg_trap *trap = (jpeg_trap *)(void *)cinfo->err;
    pfld_status status = status_of(cinfo->err->msg_code);
    char text[JMSG_LENGTH_MAX];

    cinfo->err->format_message(cinfo, text);
    if (status == PFLD_ERR_NOMEM)
        error_nomem(trap->err);
    else if (cinfo->err->msg_code == JWRN_JPEG_EOF || cinfo->err->msg_code == JERR_INPUT_EOF)
        error_set(trap->err, status, "the JPEG file is cut short");
    else
        error_set(trap->err, status, "%s JPEG file: %s",
                  status == PFLD_ERR_UNSUPPORTED ? "unsupported" : "damaged", text);
    give_up(cinfo, status);
}

/* These warnings leave the picture whole. After all others libjpeg goes on with grey in place of
 * what it could not read: errors to us, since a face may be in there. */
static void on_message(j_common_ptr cinfo, int level)
{
    if (level >= 0)
        return;
    switch (cinfo->err->msg_code) {
    case JWRN_ADOBE_XFORM:
    case JWRN_BOGUS_PROGRESSION:
    case JWRN_EXTRANEOUS_DATA:
    case JWRN_JFIF_MAJOR:
    case JWRN_NOT_SEQUENTIAL:
    case JWRN_TOO_MUCH_DATA:
        break;
    default:
        on_error(cinfo);
    }
}

static void be_silent(j_common_ptr cinfo)
{
    (void)cinfo;
}

static struct jpeg_error_mgr *trap_init(jpeg_trap *trap, pfld_error *err)
{
    jpeg_std_error(&trap->manager);
    trap->manager.error_exit = on_error;
    trap->manager.emit_message = on_message;
    trap->manager.output_message = be_silent;
    trap->err = err;
    return &trap->manager;
}

/* ---- reading ---- */

typedef struct jpeg_reader { /* all that must survive a longjmp */
    jpeg_trap trap;
    struct jpeg_decompress_struct cinfo;
    struct jpeg_progress_mgr progress;
    const media_input *in;
    media_image *out;
    int *orientation;
    uint8_t *cmyk; /* one row [width][4], or NULL */
} jpeg_reader;

static void limit_scans(j_common_ptr cinfo)
{
    jpeg_trap *trap = (jpeg_trap *)(void *)cinfo->err;

    if (!cinfo->is_decompressor || ((j_decompress_ptr)cinfo)->input_scan_number <= MAX_SCANS)
        return;
    error_set(trap->err, PFLD_ERR_FORMAT, "the JPEG file has more than %d scans", MAX_SCANS);
    give_up(cinfo, PFLD_ERR_FORMAT);
}

static int orientation_of(const struct jpeg_decompress_struct *cinfo)
{
    for (const struct jpeg_marker_struct *m = cinfo->marker_list; m; m = m->next)
        if (m->data_length >= 6 && memcmp(m->data, "Exif\0", 6) == 0)
            return media_exif_orientation(m->data, m->data_length);
    return 1;
}

/* Adobe's programs store the four inks inverted, and say who they are. */
static void rgb_from_cmyk(const uint8_t *cmyk, bool inverted, uint8_t *rgb, int32_t n)
{
    for (; n > 0; n--, cmyk += 4, rgb += 3)
        for (int c = 0; c < 3; c++) {
            unsigned ink = inverted ? cmyk[c] : 255u - cmyk[c];
            unsigned key = inverted ? cmyk[3] : 255u - cmyk[3];
            rgb[c] = (uint8_t)((ink * key + 127) / 255);
        }
}

static pfld_status choose_colours(jpeg_reader *r)
{
    switch (r->cinfo.jpeg_color_space) {
    case JCS_GRAYSCALE:
        r->cinfo.out_color_space = JCS_GRAYSCALE;
        return PFLD_OK;
    case JCS_RGB:
    case JCS_YCbCr:
        r->cinfo.out_color_space = JCS_RGB;
        return PFLD_OK;
    case JCS_CMYK:
    case JCS_YCCK:
        r->cinfo.out_color_space = JCS_CMYK;
        return PFLD_OK;
    default:
        return error_set(r->trap.err, PFLD_ERR_UNSUPPORTED,
                         "unsupported JPEG file: %d colour components", r->cinfo.num_components);
    }
}

static void read_rows(jpeg_reader *r)
{
    const pfld_image *v = &r->out->view;

    while (r->cinfo.output_scanline < r->cinfo.output_height) {
        uint8_t *dst = v->data + (ptrdiff_t)r->cinfo.output_scanline * v->stride;
        JSAMPROW row = r->cmyk ? r->cmyk : dst;
        jpeg_read_scanlines(&r->cinfo, &row, 1);
        if (r->cmyk)
            rgb_from_cmyk(r->cmyk, r->cinfo.saw_Adobe_marker, dst, v->width);
    }
}

/* The decoder's own: it transforms fewer coefficients of each 8x8 block back. */
static void reduce(struct jpeg_decompress_struct *c, media_reduction *r)
{
    int32_t w = (int32_t)c->image_width, h = (int32_t)c->image_height, longer = w > h ? w : h;

    r->width = w;
    r->height = h;
    r->by = 1;
    while (longer <= r->most_side && 2 * r->by <= r->most && longer / (2 * r->by) >= r->least_side)
        r->by *= 2;
    c->scale_num = 1;
    c->scale_denom = (unsigned)r->by;
}

static pfld_status read_header(jpeg_reader *r)
{
    struct jpeg_decompress_struct *c = &r->cinfo;
    pfld_status st;

    jpeg_create_decompress(c);
    c->progress = &r->progress;
    r->progress.progress_monitor = limit_scans;
    jpeg_mem_src(c, r->in->data, (unsigned long)r->in->size);
    jpeg_save_markers(c, JPEG_APP0 + 1, MAX_MARKER);
    jpeg_read_header(c, TRUE);
    st = media_check_size(r->in, c->image_width, c->image_height, r->trap.err);
    if (st)
        return st;
    if (!c->arith_code &&
        (uint64_t)c->image_width * c->image_height / MAX_PIXELS_PER_BYTE > r->in->size)
        return error_set(r->trap.err, PFLD_ERR_FORMAT, "the JPEG file is cut short");
    *r->orientation = orientation_of(c);
    return choose_colours(r);
}

/* Leaves by longjmp() where libjpeg fails. */
static pfld_status read_picture(jpeg_reader *r)
{
    struct jpeg_decompress_struct *c = &r->cinfo;
    pfld_status st = read_header(r);

    if (st)
        return st;
    if (r->in->reduce)
        reduce(c, r->in->reduce);
    jpeg_start_decompress(c); /* reads all scans of a progressive file: before we pay for memory */
    st = media_image_create(r->in, c->output_width, c->output_height,
                            c->out_color_space == JCS_GRAYSCALE ? 1 : 3, r->out, r->trap.err);
    if (st)
        return st;
    if (c->out_color_space == JCS_CMYK) {
        r->cmyk = mem_alloc(c->output_width, 4);
        if (!r->cmyk)
            return error_nomem(r->trap.err);
    }
    read_rows(r);
    jpeg_finish_decompress(c);
    return PFLD_OK;
}

static pfld_status read_trapped(jpeg_reader *r)
{
    if (setjmp(r->trap.jump))
        return r->trap.status;
    return read_picture(r);
}

pfld_status media_jpeg_decode(const media_input *in, media_image *out, int *orientation,
                              pfld_error *err)
{
    jpeg_reader r = {.in = in, .out = out, .orientation = orientation};
    pfld_status st;

    r.cinfo.err = trap_init(&r.trap, err);
    st = read_trapped(&r);
    jpeg_destroy_decompress(&r.cinfo);
    mem_free(r.cmyk);
    return st;
}

/* ---- writing ---- */

typedef struct jpeg_writer {
    jpeg_trap trap;
    struct jpeg_compress_struct cinfo;
    struct jpeg_destination_mgr target;
    const pfld_image *img;
    media_buffer *out;
    uint8_t *row; /* [width][3] or [width] */
} jpeg_writer;

/* Shows libjpeg all the room behind the first used bytes. */
static void target_grow(j_compress_ptr cinfo, size_t used)
{
    jpeg_writer *w = cinfo->client_data;

    w->out->size = used;
    if (!media_buffer_reserve(w->out, FIRST_BUFFER))
        ERREXIT1(cinfo, JERR_OUT_OF_MEMORY, 0);
    w->target.next_output_byte = w->out->data + used;
    w->target.free_in_buffer = w->out->room - used;
}

static void target_init(j_compress_ptr cinfo)
{
    target_grow(cinfo, 0);
}

/* libjpeg's contract: called when the whole room is full, whatever free_in_buffer says. */
static boolean target_flush(j_compress_ptr cinfo)
{
    jpeg_writer *w = cinfo->client_data;
    target_grow(cinfo, w->out->room);
    return TRUE;
}

static void target_end(j_compress_ptr cinfo)
{
    jpeg_writer *w = cinfo->client_data;
    w->out->size = w->out->room - w->target.free_in_buffer;
}

static void write_setup(jpeg_writer *w)
{
    struct jpeg_compress_struct *c = &w->cinfo;
    bool grey = w->img->format == PFLD_GRAY8;

    jpeg_create_compress(c);
    c->client_data = w;
    c->dest = &w->target;
    w->target.init_destination = target_init;
    w->target.empty_output_buffer = target_flush;
    w->target.term_destination = target_end;
    c->image_width = (JDIMENSION)w->img->width;
    c->image_height = (JDIMENSION)w->img->height;
    c->input_components = grey ? 1 : 3;
    c->in_color_space = grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(c);
    jpeg_set_quality(c, QUALITY, TRUE);
    c->comp_info[0].h_samp_factor = 1; /* 4:4:4: thin coloured lines keep their colours */
    c->comp_info[0].v_samp_factor = 1;
}

static pfld_status write_picture(jpeg_writer *w)
{
    write_setup(w);
    w->row = mem_alloc((size_t)w->img->width, (size_t)w->cinfo.input_components);
    if (!w->row)
        return error_nomem(w->trap.err);
    jpeg_start_compress(&w->cinfo, TRUE);
    while (w->cinfo.next_scanline < w->cinfo.image_height) {
        media_row_read(w->img, (int32_t)w->cinfo.next_scanline, w->row);
        jpeg_write_scanlines(&w->cinfo, &w->row, 1);
    }
    jpeg_finish_compress(&w->cinfo);
    return PFLD_OK;
}

static pfld_status write_trapped(jpeg_writer *w)
{
    if (setjmp(w->trap.jump))
        return w->trap.status;
    return write_picture(w);
}

pfld_status media_jpeg_encode(const pfld_image *img, media_buffer *out, pfld_error *err)
{
    jpeg_writer w = {.img = img, .out = out};
    pfld_status st;

    w.cinfo.err = trap_init(&w.trap, err);
    st = write_trapped(&w);
    jpeg_destroy_compress(&w.cinfo);
    mem_free(w.row);
    return st;
}
