/* PNG by libpng. */
#include <png.h>

#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "media/codec_internal.h"
#include "media/exif.h"

#define MAX_CHUNK       ((png_alloc_size_t)1 << 23) /* bytes that libpng may ask for at once */
#define MAX_CHUNKS_KEPT 64
#define DEFLATE_RATIO   1032 /* the best that deflate can do (zlib's technical notes) */

typedef struct png_job { /* all that must survive a longjmp */
    png_structp png;
    png_infop info;
    pfld_error *err;
    pfld_status status;
    bool no_memory; /* libpng takes some failures lightly: a chunk is then just not there */
    /* reading */
    const media_input *in;
    size_t at;
    media_image *out;
    int *orientation;
    /* writing */
    const pfld_image *img;
    media_buffer *buffer;
    uint8_t *row; /* [width][3] or [width] */
} png_job;

static void on_error(png_structp png, png_const_charp text)
{
    png_job *j = png_get_error_ptr(png);

    if (j->no_memory) {
        j->status = error_nomem(j->err);
    } else if (j->status == PFLD_OK) {
        j->status = error_set(j->err, PFLD_ERR_FORMAT, "damaged PNG file: %s", text);
    }
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    (void)png;
    (void)text;
}

static png_voidp on_malloc(png_structp png, png_alloc_size_t size)
{
    png_job *j = png_get_mem_ptr(png);
    void *p;

    if (size > MAX_CHUNK) { /* libpng 1.6.39 takes eXIf's word for its length, whatever the limit */
        if (!j->status)
            j->status =
                error_set(j->err, PFLD_ERR_FORMAT, "damaged PNG file: a chunk is too large");
        return NULL;
    }
    p = mem_alloc(size, 1);
    if (!p)
        j->no_memory = true;
    return p;
}

static void on_free(png_structp png, png_voidp p)
{
    (void)png;
    mem_free(p);
}

/* ---- reading ---- */

static void on_read(png_structp png, png_bytep dst, size_t n)
{
    png_job *j = png_get_io_ptr(png);

    if (n > j->in->size - j->at) {
        if (!j->status)
            j->status = error_set(j->err, PFLD_ERR_FORMAT, "the PNG file is cut short");
        png_error(png, "");
    }
    memcpy(dst, j->in->data + j->at, n);
    j->at += n;
}

/* Texts and colour profiles are compressed and of no use here: skipped, they can't be bombs. */
static void skip_chunks(png_structp png)
{
    static const char names[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT\0hIST\0cHRM\0gAMA\0sRGB\0pCAL\0"
                                "sCAL\0tIME\0oFFs\0pHYs\0bKGD\0sBIT";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, (png_const_bytep)names,
                                (int)(sizeof names / 5));
    png_set_chunk_malloc_max(png, MAX_CHUNK);
    png_set_chunk_cache_max(png, MAX_CHUNKS_KEPT);
}

static pfld_status check_header(const png_job *j)
{
    uint64_t height = png_get_image_height(j->png, j->info);
    pfld_status st = media_check_size(j->in, png_get_image_width(j->png, j->info), height, j->err);

    if (st)
        return st;
    if (png_get_rowbytes(j->png, j->info) * height / DEFLATE_RATIO > j->in->size)
        return error_set(j->err, PFLD_ERR_FORMAT, "the PNG file is cut short");
    return PFLD_OK;
}

/* Grey or RGB, 8 bits, alpha behind them where the file has any. */
static int set_output(png_job *j)
{
    png_set_expand(j->png);
    if (png_get_bit_depth(j->png, j->info) == 16)
        png_set_scale_16(j->png);
    return png_set_interlace_handling(j->png);
}

static void read_orientation(const png_job *j)
{
    png_bytep exif = NULL;
    png_uint_32 n = 0;

    if (png_get_eXIf_1(j->png, j->info, &n, &exif) && exif)
        *j->orientation = media_exif_orientation(exif, n);
}

/* Leaves by longjmp() where libpng fails. */
static pfld_status read_picture(png_job *j)
{
    int passes, channels;
    pfld_status st;

    png_set_read_fn(j->png, j, on_read);
    png_set_user_limits(j->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX); /* media_check_size() words it */
    skip_chunks(j->png);
    png_read_info(j->png, j->info);
    st = check_header(j);
    if (st)
        return st;
    passes = set_output(j);
    png_read_update_info(j->png, j->info);
    channels = png_get_channels(j->png, j->info);
    st = media_image_create(j->in, png_get_image_width(j->png, j->info),
                            png_get_image_height(j->png, j->info), channels, j->out, j->err);
    if (st)
        return st;
    if (png_get_rowbytes(j->png, j->info) != (size_t)j->out->view.stride)
        png_error(j->png, "rows of an unexpected size"); /* would overrun ours */
    for (; passes > 0; passes--)
        for (int32_t y = 0; y < j->out->view.height; y++)
            png_read_row(j->png, j->out->view.data + y * j->out->view.stride, NULL);
    png_read_end(j->png, j->info);
    read_orientation(j);
    if (channels == 2 || channels == 4)
        media_image_flatten(j->out, channels);
    return j->no_memory ? error_nomem(j->err) : j->status;
}

static pfld_status run_trapped(png_job *j, pfld_status (*work)(png_job *))
{
    if (setjmp(png_jmpbuf(j->png)))
        return j->status;
    j->info = png_create_info_struct(j->png);
    return j->info ? work(j) : error_nomem(j->err);
}

pfld_status media_png_decode(const media_input *in, media_image *out, int *orientation,
                             pfld_error *err)
{
    png_job j = {.in = in, .out = out, .orientation = orientation, .err = err};
    pfld_status st;

    j.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning, &j, on_malloc,
                                     on_free);
    if (!j.png)
        return error_nomem(err);
    st = run_trapped(&j, read_picture);
    png_destroy_read_struct(&j.png, &j.info, NULL);
    return st;
}

/* ---- writing ---- */

static void on_write(png_structp png, png_bytep src, size_t n)
{
    png_job *j = png_get_io_ptr(png);

    if (!media_buffer_reserve(j->buffer, n)) {
        j->no_memory = true;
        png_error(png, "");
    }
    memcpy(j->buffer->data + j->buffer->size, src, n);
    j->buffer->size += n;
}

static void on_flush(png_structp png)
{
    (void)png;
}

static pfld_status write_picture(png_job *j)
{
    bool grey = j->img->format == PFLD_GRAY8;

    j->row = mem_alloc((size_t)j->img->width, grey ? 1 : 3);
    if (!j->row)
        return error_nomem(j->err);
    png_set_write_fn(j->png, j, on_write, on_flush);
    png_set_IHDR(j->png, j->info, (png_uint_32)j->img->width, (png_uint_32)j->img->height, 8,
                 grey ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(j->png, j->info);
    for (int32_t y = 0; y < j->img->height; y++) {
        media_row_read(j->img, y, j->row);
        png_write_row(j->png, j->row);
    }
    png_write_end(j->png, NULL);
    return PFLD_OK;
}

pfld_status media_png_encode(const pfld_image *img, media_buffer *out, pfld_error *err)
{
    png_job j = {.img = img, .buffer = out, .err = err};
    pfld_status st;

    j.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &j, on_error, on_warning, &j,
                                      on_malloc, on_free);
    if (!j.png)
        return error_nomem(err);
    st = run_trapped(&j, write_picture);
    png_destroy_write_struct(&j.png, &j.info);
    mem_free(j.row);
    return st;
}
