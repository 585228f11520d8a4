/* A file of frames, encoded, with the sound of the video that they come from. */
#define _POSIX_C_SOURCE 200809L
#include "media/video_internal.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>

#include "core/error.h"
#include "core/mem.h"

#define THREADS    4 /* of the encoder, on every machine: its bytes depend on their number */
#define PRESET     "veryfast"
#define QUALITY    "20"  /* libx264's crf; 18 can hardly be told from the source */
#define QSCALE     3     /* of MPEG-4, 1 to 31 */
#define MOST_MPEG4 60000 /* ticks a second: what its headers can hold */
#define USUAL_RATE 25
#define HD         720 /* rows from which on colours are BT.709, as players expect */

struct video_writer {
    video_name name;
    AVFormatContext *file;
    AVCodecContext *encoder;
    AVStream *video, *sound;       /* sound is NULL: none */
    AVRational ticks, sound_ticks; /* of what comes in */
    const char *left_out;
    AVPacket *packet;
    AVFrame *frame;
    struct SwsContext *scaler;
    int32_t width, height;        /* of pictures before sides are made even */
    int64_t last_pts, last_sound; /* AV_NOPTS_VALUE: none yet */
    bool has_header, is_broken;
};

static const char *format_of(const char *path)
{
    static const char *const known[][2] = {
        {".mp4", "mp4"}, {".m4v", "mp4"}, {".mov", "mov"}, {".mkv", "matroska"}, {".avi", "avi"}};
    size_t n = strlen(path);

    if (strcmp(path, "-") == 0)
        return "matroska";
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t m = strlen(known[i][0]);
        if (n > m && path[n - m - 1] != '/' && strcasecmp(path + n - m, known[i][0]) == 0)
            return known[i][1];
    }
    return NULL;
}

bool video_is_writable(const char *path)
{
    return format_of(path) != NULL;
}

const char *video_writer_left_out(const video_writer *w)
{
    return w->left_out;
}

/* ---- making it ---- */

static bool is_avi(const video_writer *w)
{
    return strcmp(w->file->oformat->name, "avi") == 0;
}

/* The source's own ticks, so that its times stay what they are, where codec and file can. */
static AVRational choose_ticks(const video_writer *w, const video_reader *like, AVRational rate)
{
    const video_info *i = video_reader_info(like);
    AVRational tick = {i->tick.num, i->tick.den};

    if (is_avi(w)) /* a file of one rate: frames that are missing are empty there */
        return av_inv_q(rate);
    if (w->encoder->codec_id == AV_CODEC_ID_MPEG4 && tick.den > MOST_MPEG4)
        return (AVRational){1, MOST_MPEG4};
    return tick;
}

/* Of a file of one rate: the least that all times of the source are whole numbers of. */
static AVRational rate_of(const video_reader *like, bool one_rate)
{
    const AVStream *s = video_reader_streams(like).video;
    AVRational rate = one_rate && s->r_frame_rate.num ? s->r_frame_rate : s->avg_frame_rate;
    double v = rate.num && rate.den ? av_q2d(rate) : 0;

    return v >= 1 && v <= 240 ? rate : (AVRational){USUAL_RATE, 1};
}

static void choose_quality(AVCodecContext *c)
{
    if (c->codec_id == AV_CODEC_ID_H264) {
        av_opt_set(c->priv_data, "preset", PRESET, 0);
        av_opt_set(c->priv_data, "crf", QUALITY, 0);
        return;
    }
    c->flags |= AV_CODEC_FLAG_QSCALE;
    c->global_quality = QSCALE * FF_QP2LAMBDA;
}

static int even(int side)
{
    return side + (side & 1);
}

static pfld_status open_encoder(video_writer *w, const video_target *t, pfld_error *err)
{
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    const video_info *like = video_reader_info(t->like);
    AVRational rate = rate_of(t->like, is_avi(w));
    AVCodecContext *c;
    int code;

    if (!codec)
        codec = avcodec_find_encoder(AV_CODEC_ID_MPEG4);
    if (!codec)
        return video_refuse(PFLD_ERR_UNSUPPORTED, &w->name,
                            "this FFmpeg can encode neither H.264 nor MPEG-4", err);
    w->encoder = c = avcodec_alloc_context3(codec);
    if (!c)
        return error_nomem(err);
    c->width = even(t->width);
    c->height = even(t->height);
    c->pix_fmt = AV_PIX_FMT_YUV420P;
    c->time_base = choose_ticks(w, t->like, rate);
    c->framerate = rate;
    c->sample_aspect_ratio = (AVRational){like->aspect.num, like->aspect.den};
    c->thread_count = THREADS;
    c->color_range = AVCOL_RANGE_MPEG;
    c->colorspace = c->height >= HD ? AVCOL_SPC_BT709 : AVCOL_SPC_SMPTE170M;
    if (is_avi(w))
        c->max_b_frames = 0; /* their order is more than that format knows */
    if (w->file->oformat->flags & AVFMT_GLOBALHEADER)
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    choose_quality(c);
    code = avcodec_open2(c, codec, NULL);
    return code < 0 ? video_failure(code, &w->name, "the encoder refuses it", err) : PFLD_OK;
}

static pfld_status add_video(video_writer *w, pfld_error *err)
{
    int code;

    w->video = avformat_new_stream(w->file, NULL);
    if (!w->video)
        return error_nomem(err);
    w->video->time_base = w->encoder->time_base;
    w->video->avg_frame_rate = w->encoder->framerate;
    w->video->sample_aspect_ratio = w->encoder->sample_aspect_ratio;
    code = avcodec_parameters_from_context(w->video->codecpar, w->encoder);
    return code < 0 ? video_failure(code, &w->name, "it cannot be described", err) : PFLD_OK;
}

static pfld_status add_sound(video_writer *w, const AVStream *from, pfld_error *err)
{
    int code;

    if (!from)
        return PFLD_OK;
    if (avformat_query_codec(w->file->oformat, from->codecpar->codec_id, FF_COMPLIANCE_NORMAL) !=
        1) {
        w->left_out = avcodec_get_name(from->codecpar->codec_id);
        return PFLD_OK;
    }
    w->sound = avformat_new_stream(w->file, NULL);
    if (!w->sound)
        return error_nomem(err);
    code = avcodec_parameters_copy(w->sound->codecpar, from->codecpar);
    if (code < 0)
        return video_failure(code, &w->name, "the sound cannot be taken on", err);
    w->sound->codecpar->codec_tag = 0; /* the other file's name for the codec */
    w->sound->time_base = w->sound_ticks = from->time_base;
    return PFLD_OK;
}

static pfld_status open_file(video_writer *w, pfld_error *err)
{
    char *address = video_address(w->name.path, "pipe:1");
    int code;

    if (!address)
        return error_nomem(err);
    code = avio_open(&w->file->pb, address, AVIO_FLAG_WRITE);
    mem_free(address);
    if (code >= 0)
        code = avformat_write_header(w->file, NULL);
    if (code < 0)
        return video_failure(code, &w->name, "cannot be written", err);
    w->has_header = true;
    return PFLD_OK;
}

static pfld_status make(video_writer *w, const video_target *t, pfld_error *err)
{
    struct video_sound_of from = video_reader_streams(t->like);
    const char *format = format_of(t->path);
    pfld_status status;

    if (!format)
        return video_refuse(PFLD_ERR_ARG, &w->name,
                            "the name must end in .mp4, .m4v, .mov, .mkv or .avi", err);
    if (avformat_alloc_output_context2(&w->file, NULL, format, NULL) < 0)
        return video_refuse(PFLD_ERR_UNSUPPORTED, &w->name, "this FFmpeg cannot write such a file",
                            err);
    w->file->flags |= AVFMT_FLAG_BITEXACT; /* no random numbers, no clock in it */
    w->ticks = from.video->time_base;
    w->packet = av_packet_alloc();
    w->frame = av_frame_alloc();
    if (!w->packet || !w->frame)
        return error_nomem(err);
    status = open_encoder(w, t, err);
    if (status == PFLD_OK)
        status = add_video(w, err);
    if (status == PFLD_OK)
        status = add_sound(w, from.sound, err);
    return status ? status : open_file(w, err);
}

static void destroy(video_writer *w)
{
    sws_freeContext(w->scaler);
    av_frame_free(&w->frame);
    av_packet_free(&w->packet);
    avcodec_free_context(&w->encoder);
    if (w->file)
        avio_closep(&w->file->pb);
    avformat_free_context(w->file);
    mem_free(w);
}

pfld_status video_create(const video_target *target, video_writer **out, pfld_error *err)
{
    video_writer *w = mem_alloc(1, sizeof *w);
    pfld_status status;

    *out = NULL;
    if (!w)
        return error_nomem(err);
    video_hush();
    w->name = (video_name){target->path, "stdout"};
    w->width = target->width;
    w->height = target->height;
    w->last_pts = w->last_sound = AV_NOPTS_VALUE;
    status = make(w, target, err);
    if (status) {
        destroy(w);
        return status;
    }
    *out = w;
    return PFLD_OK;
}

/* ---- pictures ---- */

/* The last column and row once more, where sides were odd; chroma has a sample there already. */
static void fill_edges(AVFrame *f, int32_t width, int32_t height)
{
    uint8_t *luma = f->data[0];
    ptrdiff_t stride = f->linesize[0];

    if (f->width > width)
        for (int32_t y = 0; y < height; y++)
            luma[y * stride + width] = luma[y * stride + width - 1];
    if (f->height > height)
        memcpy(luma + height * stride, luma + (height - 1) * stride, (size_t)f->width);
}

static pfld_status to_yuv(video_writer *w, const pfld_image *img, pfld_error *err)
{
    const uint8_t *const rows[4] = {img->data};
    const int strides[4] = {(int)img->stride};
    AVFrame *f = w->frame;
    const int *to = sws_getCoefficients(w->encoder->colorspace == AVCOL_SPC_BT709 ? SWS_CS_ITU709
                                                                                  : SWS_CS_ITU601);
    int code;

    assert(img->format == PFLD_RGB8);
    av_frame_unref(f);
    f->format = w->encoder->pix_fmt;
    f->width = w->encoder->width;
    f->height = w->encoder->height;
    f->color_range = w->encoder->color_range;
    f->colorspace = w->encoder->colorspace;
    code = av_frame_get_buffer(f, 0);
    if (code < 0)
        return video_failure(code, &w->name, "no room for a frame", err);
    w->scaler = sws_getCachedContext(w->scaler, img->width, img->height, AV_PIX_FMT_RGB24, w->width,
                                     w->height, f->format, SWS_BICUBIC, NULL, NULL, NULL);
    if (!w->scaler)
        return error_nomem(err);
    sws_setColorspaceDetails(w->scaler, to, 1, to, 0, 0, 1 << 16, 1 << 16);
    if (sws_scale(w->scaler, rows, strides, 0, img->height, f->data, f->linesize) < 0)
        return video_refuse(PFLD_ERR_UNSUPPORTED, &w->name, "a picture cannot be encoded", err);
    fill_edges(f, w->width, w->height);
    return PFLD_OK;
}

static pfld_status broken(video_writer *w, int code, pfld_error *err)
{
    w->is_broken = true;
    return video_failure(code, &w->name, "cannot be written", err);
}

/* picture NULL: what the encoder holds back yet. */
static pfld_status encode(video_writer *w, const AVFrame *picture, pfld_error *err)
{
    int code = avcodec_send_frame(w->encoder, picture);

    while (code >= 0 && (code = avcodec_receive_packet(w->encoder, w->packet)) >= 0) {
        w->packet->stream_index = w->video->index;
        av_packet_rescale_ts(w->packet, w->encoder->time_base, w->video->time_base);
        code = av_interleaved_write_frame(w->file, w->packet);
    }
    return code == AVERROR(EAGAIN) || code == AVERROR_EOF ? PFLD_OK : broken(w, code, err);
}

/* Packets of which the file could make nothing are left out: without a time, or before the one that
 * came before. */
static pfld_status write_sound(video_writer *w, AVPacket *p, pfld_error *err)
{
    int code;

    if (p->dts == AV_NOPTS_VALUE)
        p->dts = p->pts;
    if (p->dts == AV_NOPTS_VALUE || (w->last_sound != AV_NOPTS_VALUE && p->dts <= w->last_sound))
        return PFLD_OK;
    w->last_sound = p->dts;
    p->stream_index = w->sound->index;
    p->pos = -1;
    av_packet_rescale_ts(p, w->sound_ticks, w->sound->time_base);
    code = av_interleaved_write_frame(w->file, p); /* leaves p empty */
    return code < 0 ? broken(w, code, err) : PFLD_OK;
}

pfld_status video_write(video_writer *w, const video_frame *frame, const pfld_image *picture,
                        pfld_error *err)
{
    pfld_status status = PFLD_OK;
    int64_t pts;

    for (size_t i = 0; w->sound && i < frame->n_sound && status == PFLD_OK; i++)
        status = write_sound(w, frame->sound[i], err);
    if (status || !picture)
        return status;
    status = to_yuv(w, picture, err);
    if (status)
        return status;
    pts = av_rescale_q(frame->ticks, w->ticks, w->encoder->time_base);
    if (w->last_pts != AV_NOPTS_VALUE && pts <= w->last_pts)
        pts = w->last_pts + 1; /* coarser ticks than the source's */
    w->frame->pts = w->last_pts = pts;
    return encode(w, w->frame, err);
}

pfld_status video_finish(video_writer *w, pfld_error *err)
{
    pfld_status status = PFLD_OK;
    int code = 0;

    if (!w)
        return PFLD_OK;
    if (!w->is_broken)
        status = encode(w, NULL, err);
    if (w->has_header)
        code = av_write_trailer(w->file);
    if (code >= 0 && w->file->pb)
        code = avio_closep(&w->file->pb);
    if (code < 0 && status == PFLD_OK && !w->is_broken)
        status = video_failure(code, &w->name, "cannot be written", err);
    destroy(w);
    return status;
}
