/* Frames of a video, upright and in RGB, with their times; and the packets of its sound. */
#define _POSIX_C_SOURCE 200809L
#include "media/video_internal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#ifdef PFLD_HAS_AVDEVICE
#  include <libavdevice/avdevice.h>
#endif
#include <libavutil/display.h>
#include <libavutil/imgutils.h>
#include <libswscale/swscale.h>

#include "core/checked.h"
#include "core/error.h"
#include "core/mem.h"
#include "image/image.h"
#include "media/codec_internal.h"

#define ALIGN        64  /* of rows, and bytes behind the last: swscale writes whole vectors */
#define HD           720 /* rows from which on colours that say nothing of themselves are BT.709 */
#define MOST_RATE    1000.0
#define JUMP         1.0 /* seconds back: the clock began anew; less is a wrong time */
#define CUT          0.5 /* seconds that a file may end before it says */
#define MOST_DRAINED 64  /* failures of a decoder that has been told of the end */

typedef struct turn { /* to a frame's pixels from an upright picture's: rows of -1, 0 and 1 */
    int m[2][2];
} turn;
static const turn upright = {{{1, 0}, {0, 1}}};

struct video_reader {
    video_name name;
    bool (*stop)(void *ctx);
    void *ctx;
    AVFormatContext *file;
    AVStream *video, *sound; /* sound is NULL: none, or not wanted */
    AVCodecContext *decoder;
    AVPacket *packet;
    AVFrame *frame;
    bool has_frame; /* frame is the first, read by video_open() */
    struct SwsContext *scaler;
    video_frame lying; /* what is to be turned yet: only its view is used */
    video_info info;
    int64_t origin;  /* of times, in ticks of video */
    int64_t shift;   /* ticks that times are ahead of the file's, after its clock began anew */
    int64_t last;    /* ticks of the last frame; -1: none yet */
    int64_t period;  /* ticks of a frame, at least 1 */
    double end;      /* seconds: where the last packet ends */
    size_t damaged;  /* packets and frames */
    int failed;      /* AVERROR that ended the reading, or 0 */
    bool is_over;    /* no more packets: the decoder has been told */
    bool is_stopped; /* by stop(): what is missing was not wanted */
    size_t drained;
};

bool video_is_built_in(void)
{
    return true;
}

static bool is_stopped(const video_reader *r)
{
    return r->stop && r->stop(r->ctx);
}

static int ask_stop(void *p)
{
    return is_stopped(p);
}

/* ---- which way up ---- */

/* FFmpeg's matrix takes a frame's pixels to those of the upright picture; quarters are all that
 * cameras make. */
static turn turn_of(const int32_t *matrix)
{
    double a = matrix[0], b = matrix[1], c = matrix[3], d = matrix[4];
    bool swap = fabs(b) + fabs(c) > fabs(a) + fabs(d);
    turn t = {{{0, 0}, {0, 0}}};

    if (swap) {
        t.m[0][1] = c < 0 ? -1 : 1; /* the frame's y makes the picture's x */
        t.m[1][0] = b < 0 ? -1 : 1;
    } else {
        t.m[0][0] = a < 0 ? -1 : 1;
        t.m[1][1] = d < 0 ? -1 : 1;
    }
    return t;
}

static const int32_t *matrix_of_stream(const AVStream *s)
{
    size_t need = 9 * sizeof(int32_t);
#if LIBAVFORMAT_VERSION_MAJOR >= 61
    const AVPacketSideData *d = av_packet_side_data_get(
        s->codecpar->coded_side_data, s->codecpar->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    const void *data = d && d->size >= need ? d->data : NULL;
#else
    size_t size = 0;
    const void *data = av_stream_get_side_data(s, AV_PKT_DATA_DISPLAYMATRIX, &size);

    if (size < need)
        data = NULL;
#endif
    return data;
}

static turn turn_of_frame(const video_reader *r)
{
    const AVFrameSideData *d = av_frame_get_side_data(r->frame, AV_FRAME_DATA_DISPLAYMATRIX);
    const void *own = d && d->size >= 9 * sizeof(int32_t) ? d->data : NULL;
    const int32_t *matrix = own ? own : matrix_of_stream(r->video);

    return matrix ? turn_of(matrix) : upright;
}

static bool swaps_sides(const turn *t)
{
    return t->m[0][0] == 0;
}

/* ---- pixels ---- */

static pfld_status make_room(video_frame *f, int32_t width, int32_t height, pfld_error *err)
{
    size_t stride, size;

    if (!checked_mul((size_t)width, 3, &stride) || !checked_round_up(stride, ALIGN, &stride) ||
        !checked_mul(stride, (size_t)height, &size) || !checked_add(size, ALIGN, &size))
        return error_nomem(err);
    if (size > f->room) {
        mem_free(f->view.data);
        f->room = 0;
        f->view.data = mem_alloc(size, 1);
        if (!f->view.data)
            return error_nomem(err);
        f->room = size;
    }
    f->view.width = width;
    f->view.height = height;
    f->view.stride = (ptrdiff_t)stride;
    f->view.format = PFLD_RGB8;
    return PFLD_OK;
}

static void choose_colours(struct SwsContext *s, const AVFrame *f)
{
    int space = (int)f->colorspace;
    const int *from;

    if (space == AVCOL_SPC_UNSPECIFIED)
        space = f->height >= HD ? SWS_CS_ITU709 : SWS_CS_ITU601;
    from = sws_getCoefficients(space);
    /* it refuses where neither side is YUV, and then there is nothing to choose */
    sws_setColorspaceDetails(s, from, f->color_range == AVCOL_RANGE_JPEG, from, 1, 0, 1 << 16,
                             1 << 16);
}

static pfld_status to_rgb(video_reader *r, video_frame *out, pfld_error *err)
{
    const AVFrame *f = r->frame;
    uint8_t *rows[4] = {NULL};
    int strides[4] = {0};
    pfld_status status;

    r->scaler = sws_getCachedContext(r->scaler, f->width, f->height, f->format, f->width, f->height,
                                     AV_PIX_FMT_RGB24, SWS_BICUBIC, NULL, NULL, NULL);
    if (!r->scaler)
        return video_refuse(PFLD_ERR_UNSUPPORTED, &r->name,
                            "its pixels are of a kind that cannot be made RGB", err);
    status = make_room(out, f->width, f->height, err);
    if (status)
        return status;
    choose_colours(r->scaler, f);
    rows[0] = out->view.data;
    strides[0] = (int)out->view.stride;
    if (sws_scale(r->scaler, (const uint8_t *const *)f->data, f->linesize, 0, f->height, rows,
                  strides) < 0)
        return video_refuse(PFLD_ERR_FORMAT, &r->name, "a frame cannot be made RGB", err);
    return PFLD_OK;
}

static pfld_status turn_upright(const pfld_image *from, const turn *t, video_frame *out,
                                pfld_error *err)
{
    bool swap = swaps_sides(t);
    float far_x = (float)(from->width - 1), far_y = (float)(from->height - 1);
    /* the inverse of a turn is its transpose */
    affine back = {(float)t->m[0][0], (float)t->m[1][0], t->m[0][0] + t->m[1][0] < 0 ? far_x : 0,
                   (float)t->m[0][1], (float)t->m[1][1], t->m[0][1] + t->m[1][1] < 0 ? far_y : 0};
    pfld_status status =
        make_room(out, swap ? from->height : from->width, swap ? from->width : from->height, err);

    if (status == PFLD_OK)
        image_warp(from, &back, &out->view);
    return status;
}

static pfld_status check_size(const video_reader *r, pfld_error *err)
{
    const media_input limit = {.max_pixels = MEDIA_MAX_PIXELS};
    pfld_status status =
        media_check_size(&limit, (uint64_t)r->frame->width, (uint64_t)r->frame->height, err);

    if (status)
        error_prefix(err, r->name.path);
    return status;
}

static pfld_status take_picture(video_reader *r, video_frame *out, pfld_error *err)
{
    turn t = turn_of_frame(r);
    bool lies = memcmp(&t, &upright, sizeof t) != 0;
    pfld_status status = check_size(r, err);

    if (status == PFLD_OK)
        status = to_rgb(r, lies ? &r->lying : out, err);
    if (status == PFLD_OK && lies)
        status = turn_upright(&r->lying.view, &t, out, err);
    return status;
}

/* ---- times ---- */

static double seconds(int64_t ticks, AVRational tick)
{
    return (double)ticks * av_q2d(tick);
}

static void take_time(video_reader *r, video_frame *out)
{
    int64_t said = r->frame->best_effort_timestamp;
    int64_t at = said == AV_NOPTS_VALUE ? r->last + r->period : said - r->origin + r->shift;

    if (r->last < 0 && at < 0)
        at = 0;
    if (r->last >= 0 && at <= r->last) {
        int64_t jump = r->last + r->period - at;
        if (seconds(jump, r->video->time_base) > JUMP) {
            r->shift += jump;
            at += jump;
        } else {
            at = r->last + (r->period + 1) / 2;
        }
    }
    r->last = at;
    out->ticks = at;
    out->t = seconds(at, r->video->time_base);
}

/* ---- packets ---- */

static void drop_sound(video_frame *f)
{
    for (size_t i = 0; i < f->n_sound; i++)
        av_packet_free(&f->sound[i]);
    f->n_sound = 0;
}

void video_frame_free(video_frame *f)
{
    drop_sound(f);
    mem_free(f->sound);
    mem_free(f->view.data);
    *f = (video_frame){0};
}

static void note_end(video_reader *r)
{
    const AVPacket *p = r->packet;
    const AVStream *s = r->file->streams[p->stream_index];
    int64_t at = p->pts != AV_NOPTS_VALUE ? p->pts : p->dts;

    if (p->flags & AV_PKT_FLAG_CORRUPT)
        r->damaged++;
    if (at == AV_NOPTS_VALUE)
        return;
    if (r->file->start_time != AV_NOPTS_VALUE)
        at -= av_rescale_q(r->file->start_time, AV_TIME_BASE_Q, s->time_base);
    r->end = fmax(r->end, seconds(at + p->duration, s->time_base));
}

/* The packet in r goes to f's sound, its time counted as the frames' are. */
static pfld_status keep_sound(video_reader *r, video_frame *f, pfld_error *err)
{
    AVPacket **grown = mem_grow(f->sound, &f->sound_room, f->n_sound + 1, sizeof(AVPacket *));
    int64_t back = av_rescale_q(r->shift - r->origin, r->video->time_base, r->sound->time_base);
    AVPacket *p;

    if (!grown)
        return error_nomem(err);
    f->sound = grown;
    p = av_packet_alloc();
    if (!p)
        return error_nomem(err);
    av_packet_move_ref(p, r->packet);
    if (p->pts != AV_NOPTS_VALUE)
        p->pts += back;
    if (p->dts != AV_NOPTS_VALUE)
        p->dts += back;
    f->sound[f->n_sound++] = p;
    return PFLD_OK;
}

static void tell_the_end(video_reader *r, int code)
{
    r->is_over = true;
    r->is_stopped = code == AVERROR_EXIT || is_stopped(r);
    if (code != AVERROR_EOF && !r->is_stopped)
        r->failed = code;
    avcodec_send_packet(r->decoder, NULL);
}

/* Gives the decoder the next packet of the video, or tells it of the end. */
static pfld_status feed(video_reader *r, video_frame *f, pfld_error *err)
{
    pfld_status status = PFLD_OK;
    bool fed = false;

    while (!fed && status == PFLD_OK) {
        int code = av_read_frame(r->file, r->packet);

        if (code == AVERROR(EAGAIN) && !is_stopped(r))
            continue;
        if (code < 0) {
            tell_the_end(r, code);
            return PFLD_OK;
        }
        note_end(r);
        if (r->packet->stream_index == r->video->index) {
            fed = true;
            r->damaged += avcodec_send_packet(r->decoder, r->packet) < 0;
        } else if (r->sound && r->packet->stream_index == r->sound->index) {
            status = keep_sound(r, f, err);
        }
        av_packet_unref(r->packet);
    }
    return status;
}

/* The next frame into r->frame; *more is false behind the last. */
static pfld_status decode(video_reader *r, video_frame *f, bool *more, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    *more = true;
    if (r->has_frame) {
        r->has_frame = false;
        return PFLD_OK;
    }
    while (status == PFLD_OK) {
        int code = avcodec_receive_frame(r->decoder, r->frame);

        if (code == 0)
            return PFLD_OK;
        if (code == AVERROR(ENOMEM))
            return error_nomem(err);
        r->damaged += code != AVERROR_EOF && code != AVERROR(EAGAIN);
        if (code == AVERROR_EOF || (r->is_over && ++r->drained > MOST_DRAINED)) {
            *more = false;
            return PFLD_OK;
        }
        if (!r->is_over)
            status = feed(r, f, err);
    }
    return status;
}

pfld_status video_read(video_reader *r, video_frame *f, bool *more, pfld_error *err)
{
    pfld_status status;

    drop_sound(f);
    if (r->lying.n_sound) { /* what lay before the first frame */
        video_frame first = r->lying;
        r->lying.sound = f->sound;
        r->lying.sound_room = f->sound_room;
        r->lying.n_sound = 0;
        f->sound = first.sound;
        f->sound_room = first.sound_room;
        f->n_sound = first.n_sound;
    }
    status = decode(r, f, more, err);
    if (status || !*more) {
        f->view.width = f->view.height = 0;
        return status;
    }
    take_time(r, f);
    r->damaged += r->frame->decode_error_flags || r->frame->flags & AV_FRAME_FLAG_CORRUPT;
    status = take_picture(r, f, err);
    av_frame_unref(r->frame);
    return status;
}

pfld_status video_reader_check(const video_reader *r, pfld_error *err)
{
    char what[160];
    double whole = r->info.seconds;
    bool is_exact = r->file->duration_estimation_method != AVFMT_DURATION_FROM_BITRATE;

    if (r->is_stopped)
        return PFLD_OK;
    if (r->failed)
        return video_failure(r->failed, &r->name, "cannot be read to its end", err);
    if (is_exact && whole > 0 && r->end < whole - CUT) {
        snprintf(what, sizeof what, "is cut short: it ends at %.1f s of %.1f", r->end, whole);
        return video_refuse(PFLD_ERR_FORMAT, &r->name, what, err);
    }
    if (r->damaged) {
        snprintf(what, sizeof what,
                 "is damaged or cut short: %zu of its packets or frames are not whole", r->damaged);
        return video_refuse(PFLD_ERR_FORMAT, &r->name, what, err);
    }
    return PFLD_OK;
}

/* ---- opening ---- */

static pfld_status choose_input(const video_source *s, const video_name *name,
                                const AVInputFormat **out, pfld_error *err)
{
    *out = NULL;
    if (!s->device)
        return PFLD_OK;
#ifdef PFLD_HAS_AVDEVICE
    avdevice_register_all();
    *out = av_find_input_format(s->device);
#endif
    return *out ? PFLD_OK
                : video_refuse(PFLD_ERR_UNSUPPORTED, name,
                               "this pfld was built without cameras (libavdevice)", err);
}

static bool is_empty_file(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0;
}

static pfld_status open_file(video_reader *r, const video_source *s, pfld_error *err)
{
    char *address = s->device ? NULL : video_address(s->path, "pipe:0");
    const AVInputFormat *input;
    pfld_status status = choose_input(s, &r->name, &input, err);
    int code;

    if (status == PFLD_OK && !address && !s->device)
        status = error_nomem(err);
    if (status == PFLD_OK && is_empty_file(s->path))
        status = video_refuse(PFLD_ERR_FORMAT, &r->name, "is empty", err);
    if (status == PFLD_OK && !(r->file = avformat_alloc_context()))
        status = error_nomem(err);
    if (status == PFLD_OK) {
        r->file->interrupt_callback = (AVIOInterruptCB){ask_stop, r};
        /* frees r->file where it fails */
        code = avformat_open_input(&r->file, address ? address : s->path, input, NULL);
        if (code == 0)
            code = avformat_find_stream_info(r->file, NULL);
        if (code < 0)
            status = video_failure(code, &r->name, "no video that can be read", err);
    }
    mem_free(address);
    return status;
}

static bool is_picture_of_sound(const AVStream *s) /* the cover of a record */
{
    return (s->disposition & AV_DISPOSITION_ATTACHED_PIC) != 0;
}

static pfld_status choose_streams(video_reader *r, bool sound, const AVCodec **codec,
                                  pfld_error *err)
{
    int i = av_find_best_stream(r->file, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0), k;
    char what[96];

    if (i < 0 || is_picture_of_sound(r->file->streams[i]))
        return video_refuse(PFLD_ERR_FORMAT, &r->name,
                            av_find_best_stream(r->file, AVMEDIA_TYPE_AUDIO, -1, -1, NULL, 0) < 0
                                ? "there is no video in it"
                                : "there is no video in it, only sound",
                            err);
    r->video = r->file->streams[i];
    k = sound ? av_find_best_stream(r->file, AVMEDIA_TYPE_AUDIO, -1, i, NULL, 0) : -1;
    r->sound = k < 0 ? NULL : r->file->streams[k];
    *codec = avcodec_find_decoder(r->video->codecpar->codec_id);
    if (*codec)
        return PFLD_OK;
    snprintf(what, sizeof what, "this FFmpeg cannot decode %.40s",
             avcodec_get_name(r->video->codecpar->codec_id));
    return video_refuse(PFLD_ERR_UNSUPPORTED, &r->name, what, err);
}

static pfld_status open_decoder(video_reader *r, const AVCodec *codec, int threads, pfld_error *err)
{
    int code;

    r->decoder = avcodec_alloc_context3(codec);
    r->packet = av_packet_alloc();
    r->frame = av_frame_alloc();
    if (!r->decoder || !r->packet || !r->frame)
        return error_nomem(err);
    code = avcodec_parameters_to_context(r->decoder, r->video->codecpar);
    r->decoder->pkt_timebase = r->video->time_base;
    r->decoder->thread_count = threads;
    r->decoder->max_pixels = (int64_t)MEDIA_MAX_PIXELS;
    if (code >= 0)
        code = avcodec_open2(r->decoder, codec, NULL);
    return code < 0 ? video_failure(code, &r->name, "its video cannot be decoded", err) : PFLD_OK;
}

static void describe(video_reader *r)
{
    const AVStream *s = r->video;
    AVRational rate = av_guess_frame_rate(r->file, r->video, NULL);
    AVRational aspect = av_guess_sample_aspect_ratio(r->file, r->video, r->frame);
    double average = av_q2d(s->avg_frame_rate);
    turn t = turn_of_frame(r);
    bool swap = swaps_sides(&t);
    video_info *i = &r->info;

    *i = (video_info){.width = swap ? r->frame->height : r->frame->width,
                      .height = swap ? r->frame->width : r->frame->height,
                      .tick = {s->time_base.num, s->time_base.den},
                      .aspect = {swap ? aspect.den : aspect.num, swap ? aspect.num : aspect.den}};
    i->rate = isfinite(average) && average > 0 ? average : rate.den ? av_q2d(rate) : 0;
    if (!(i->rate > 0) || i->rate > MOST_RATE)
        i->rate = 0;
    if (r->file->duration != AV_NOPTS_VALUE && r->file->duration > 0)
        i->seconds = (double)r->file->duration / AV_TIME_BASE;
    i->frames = s->nb_frames > 0 ? (size_t)s->nb_frames : (size_t)(i->seconds * i->rate + 0.5);
    if (!aspect.num || !aspect.den)
        i->aspect = (video_tick){0, 1};
    r->period = i->rate > 0 ? llrint(1.0 / (i->rate * av_q2d(s->time_base))) : 1;
    r->period = r->period > 0 ? r->period : 1;
}

static pfld_status read_first(video_reader *r, pfld_error *err)
{
    bool more;
    pfld_status status;

    r->last = -1;
    if (r->file->start_time != AV_NOPTS_VALUE)
        r->origin = av_rescale_q(r->file->start_time, AV_TIME_BASE_Q, r->video->time_base);
    status = decode(r, &r->lying, &more, err);
    if (status == PFLD_OK && !more)
        status = video_refuse(PFLD_ERR_FORMAT, &r->name, "not one frame of it can be decoded", err);
    if (status == PFLD_OK)
        status = check_size(r, err);
    if (status == PFLD_OK)
        describe(r);
    r->has_frame = status == PFLD_OK;
    return status;
}

pfld_status video_open(const video_source *source, video_reader **out, pfld_error *err)
{
    video_reader *r = mem_alloc(1, sizeof *r);
    const AVCodec *codec = NULL;
    pfld_status status;

    *out = NULL;
    if (!r)
        return error_nomem(err);
    video_hush();
    r->name = (video_name){source->path, "stdin"};
    r->stop = source->stop;
    r->ctx = source->ctx;
    status = open_file(r, source, err);
    if (status == PFLD_OK)
        status = choose_streams(r, source->sound, &codec, err);
    if (status == PFLD_OK)
        status = open_decoder(r, codec, source->threads, err);
    if (status == PFLD_OK)
        status = read_first(r, err);
    if (status) {
        video_close(r);
        return status;
    }
    *out = r;
    return PFLD_OK;
}

const video_info *video_reader_info(const video_reader *r)
{
    return &r->info;
}

struct video_sound_of video_reader_streams(const video_reader *r)
{
    return (struct video_sound_of){r->video, r->sound};
}

void video_close(video_reader *r)
{
    if (!r)
        return;
    video_frame_free(&r->lying);
    sws_freeContext(r->scaler);
    av_frame_free(&r->frame);
    av_packet_free(&r->packet);
    avcodec_free_context(&r->decoder);
    avformat_close_input(&r->file);
    mem_free(r);
}
