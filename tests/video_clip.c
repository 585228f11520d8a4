/* Small videos whose frames are known, made by FFmpeg's libraries without media/video. */
#include "video_clip.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/log.h>
#include <libswscale/swscale.h>

enum { SAMPLES = 8000 }; /* a second */

typedef struct maker {
    const clip *c;
    AVFormatContext *file;
    AVCodecContext *encoder;
    AVStream *video, *sound;
    AVFrame *frame;
    AVPacket *packet;
    struct SwsContext *scaler;
    pfld_image rgb;
    int64_t samples; /* written */
} maker;

static void check(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "clip_make: %s failed\n", what);
    exit(3); /* NOLINT(concurrency-mt-unsafe): tests only */
}

/* ---- pictures ---- */

pfld_point clip_square(int width, int height, int n)
{
    return (pfld_point){(float)(width / 4 + n % 8 * width / 32), (float)(height * 3 / 10)};
}

static void paint(const clip *c, int n, pfld_image *rgb)
{
    pfld_point at = clip_square(c->width, c->height, n);
    float reach = (float)(c->width < c->height ? c->width : c->height) / 8;

    for (int y = 0; y < c->height; y++)
        for (int x = 0; x < c->width; x++) {
            uint8_t *p = rgb->data + y * rgb->stride + 3 * (ptrdiff_t)x;
            float dx = (float)x - at.x, dy = (float)y - at.y;
            bool inside = dx * dx <= reach * reach && dy * dy <= reach * reach;
            uint8_t grey = (uint8_t)(60 + 60 * x / c->width + 60 * y / c->height);
            p[0] = inside ? 225 : grey;
            p[1] = p[2] = inside ? 40 : grey;
        }
}

static void to_frame(maker *m, int n)
{
    const clip *c = m->c;
    const uint8_t *const rows[4] = {m->rgb.data};
    const int strides[4] = {(int)m->rgb.stride};

    if (c->paint)
        c->paint(c->ctx, n, &m->rgb);
    else
        paint(c, n, &m->rgb);
    av_frame_unref(m->frame);
    m->frame->format = m->encoder->pix_fmt;
    m->frame->width = c->width;
    m->frame->height = c->height;
    check(av_frame_get_buffer(m->frame, 0) >= 0, "av_frame_get_buffer");
    sws_scale(m->scaler, rows, strides, 0, c->height, m->frame->data, m->frame->linesize);
}

/* ---- streams ---- */

static int32_t *matrix_of(AVStream *s)
{
    size_t size = 9 * sizeof(int32_t);
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    AVPacketSideData *d =
        av_packet_side_data_new(&s->codecpar->coded_side_data, &s->codecpar->nb_coded_side_data,
                                AV_PKT_DATA_DISPLAYMATRIX, size, 0);
    void *data = d ? d->data : NULL;
#else
    void *data = av_stream_new_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, size);
#endif

    check(data != NULL, "side data");
    return data;
}

static void turn(AVStream *s, const clip *c)
{
    int32_t *matrix;

    if (!c->turned && !c->mirrored)
        return;
    matrix = matrix_of(s);
    av_display_rotation_set(matrix, c->turned); /* clockwise in FFmpeg 5, for all that it says */
    if (c->mirrored)
        av_display_matrix_flip(matrix, 1, 0);
}

static void add_video(maker *m, bool mp4)
{
    const clip *c = m->c;
    const AVCodec *codec = avcodec_find_encoder(mp4 ? AV_CODEC_ID_MPEG4 : AV_CODEC_ID_FFV1);
    AVCodecContext *e = m->encoder = avcodec_alloc_context3(codec);

    check(e != NULL, "avcodec_alloc_context3");
    e->width = c->width;
    e->height = c->height;
    e->pix_fmt = c->ten_bits ? AV_PIX_FMT_YUV420P10LE : AV_PIX_FMT_YUV420P;
    e->time_base = c->at_ms ? (AVRational){1, 1000} : (AVRational){c->rate.den, c->rate.num};
    e->framerate = (AVRational){c->rate.num, c->rate.den};
    e->bit_rate = 4000000;
    if (m->file->oformat->flags & AVFMT_GLOBALHEADER)
        e->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    check(avcodec_open2(e, codec, NULL) >= 0, "avcodec_open2");
    m->video = avformat_new_stream(m->file, NULL);
    check(m->video != NULL, "avformat_new_stream");
    m->video->time_base = e->time_base;
    m->video->avg_frame_rate = e->framerate;
    avcodec_parameters_from_context(m->video->codecpar, e);
    turn(m->video, c);
    m->scaler = sws_getContext(c->width, c->height, AV_PIX_FMT_RGB24, c->width, c->height,
                               e->pix_fmt, SWS_BICUBIC, NULL, NULL, NULL);
    m->rgb = (pfld_image){malloc((size_t)c->width * (size_t)c->height * 3), c->width, c->height,
                          (ptrdiff_t)c->width * 3, PFLD_RGB8};
    check(m->scaler && m->rgb.data, "room");
}

static void add_sound(maker *m)
{
    AVCodecParameters *p;

    m->sound = avformat_new_stream(m->file, NULL);
    check(m->sound != NULL, "avformat_new_stream");
    p = m->sound->codecpar;
    p->codec_type = AVMEDIA_TYPE_AUDIO;
    p->codec_id = AV_CODEC_ID_PCM_S16LE;
    p->format = AV_SAMPLE_FMT_S16;
    p->sample_rate = SAMPLES;
    p->bits_per_coded_sample = 16;
    p->block_align = 2;
    av_channel_layout_default(&p->ch_layout, 1);
    m->sound->time_base = (AVRational){1, SAMPLES};
}

/* ---- packets ---- */

static void drain(maker *m)
{
    while (avcodec_receive_packet(m->encoder, m->packet) >= 0) {
        m->packet->stream_index = m->video->index;
        av_packet_rescale_ts(m->packet, m->encoder->time_base, m->video->time_base);
        check(av_interleaved_write_frame(m->file, m->packet) >= 0, "writing a frame");
    }
}

static void write_sound(maker *m, double until)
{
    int n = (int)(until * SAMPLES) - (int)m->samples;
    AVPacket *p = m->packet;

    check(n > 0 && av_new_packet(p, 2 * n) >= 0, "av_new_packet");
    for (int i = 0; i < n; i++) {
        uint16_t v = (uint16_t)(((m->samples + i) * 440 * 65536 / SAMPLES & 0xffff) / 8);
        p->data[2 * i] = (uint8_t)v;
        p->data[2 * i + 1] = (uint8_t)(v >> 8);
    }
    p->stream_index = m->sound->index;
    p->pts = p->dts = m->samples;
    p->duration = n;
    m->samples += n;
    av_packet_rescale_ts(p, (AVRational){1, SAMPLES}, m->sound->time_base);
    check(av_interleaved_write_frame(m->file, p) >= 0, "writing sound");
}

static void write_all(maker *m)
{
    const clip *c = m->c;

    for (int n = 0; n < c->frames; n++) {
        if (m->sound)
            write_sound(m, (n + 1.0) * c->rate.den / c->rate.num);
        if (!m->video)
            continue;
        to_frame(m, n);
        m->frame->pts = c->at_ms ? c->at_ms[n] : n;
        check(avcodec_send_frame(m->encoder, m->frame) >= 0, "avcodec_send_frame");
        drain(m);
    }
    if (m->video) {
        avcodec_send_frame(m->encoder, NULL);
        drain(m);
    }
}

void clip_make(const clip *c, const char *path)
{
    maker m = {.c = c, .frame = av_frame_alloc(), .packet = av_packet_alloc()};
    size_t length = strlen(path);
    bool mp4 = length > 4 && strcmp(path + length - 4, ".mp4") == 0;

    av_log_set_level(AV_LOG_QUIET);
    check(m.frame && m.packet &&
              avformat_alloc_output_context2(&m.file, NULL, mp4 ? "mp4" : "matroska", path) >= 0,
          "avformat_alloc_output_context2");
    if (c->width)
        add_video(&m, mp4);
    if (c->sound)
        add_sound(&m);
    check(avio_open(&m.file->pb, path, AVIO_FLAG_WRITE) >= 0, path);
    check(avformat_write_header(m.file, NULL) >= 0, "avformat_write_header");
    write_all(&m);
    check(av_write_trailer(m.file) >= 0, "av_write_trailer");
    check(avio_closep(&m.file->pb) >= 0, "avio_closep");
    avcodec_free_context(&m.encoder);
    avformat_free_context(m.file);
    av_frame_free(&m.frame);
    av_packet_free(&m.packet);
    sws_freeContext(m.scaler);
    free(m.rgb.data);
}
