/*
 * Times the way of a photo from its file to a line of JSON, by its parts: `bench_file PHOTO
 * [THREADS [MIN_FACE]]`, the models being those built in. Prints one line: reading and decoding,
 * the search, all that is done to the faces found, and the output, each the fastest of a second's
 * runs. "caller_share" is that of pfld_detect()'s CPU time on the caller's thread: of several
 * threads it tells how the faces were shared out, whatever else runs on the machine.
 */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "cli/output.h"
#include "media/codec.h"

#define SECONDS 1.0

typedef struct bench {
    const char *file;
    media_reduction reduce;
    pfld_session *finder, *all;
    media_image photo;
    pfld_face faces[PFLD_MAX_FACES];
    size_t n;
    output out;
    int32_t n_landmarks;
} bench;

static double ms_of(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return 1e3 * (double)t.tv_sec + 1e-6 * (double)t.tv_nsec;
}

static void or_die(pfld_status st, const pfld_error *err)
{
    if (st == PFLD_OK)
        return;
    fprintf(stderr, "bench_file: %s\n", err->msg);
    exit(1);
}

static void do_read(bench *b)
{
    pfld_error err;

    media_image_free(&b->photo);
    or_die(media_read_reduced(b->file, &b->reduce, &b->photo, &err), &err);
}

static void detect(bench *b, pfld_session *s)
{
    pfld_error err;

    or_die(pfld_detect(s, &b->photo.view, b->faces, PFLD_MAX_FACES, &b->n, &err), &err);
}

static void do_search(bench *b)
{
    detect(b, b->finder);
}

static void do_all(bench *b)
{
    detect(b, b->all);
}

static void do_output(bench *b)
{
    const output_result r = {.file = b->file,
                             .width = b->reduce.width,
                             .height = b->reduce.height,
                             .scheme = "ibug68",
                             .n_landmarks = b->n_landmarks,
                             .faces = b->faces,
                             .n = b->n};
    pfld_error err;

    or_die(output_write(&b->out, &r, &err), &err);
}

static double fastest(bench *b, void (*body)(bench *))
{
    double start = ms_of(CLOCK_MONOTONIC), now = start, least = 1e9;

    while (now - start < 1e3 * SECONDS) {
        double before = now;
        body(b);
        now = ms_of(CLOCK_MONOTONIC);
        least = now - before < least ? now - before : least;
    }
    return least;
}

static void open_models(bench *b, int32_t threads)
{
    pfld_model *points, *finder; /* to the end */
    pfld_options o;
    pfld_error err;

    or_die(pfld_model_load_default(NULL, &points, &err), &err);
    or_die(pfld_model_load_default_detector(NULL, &finder, &err), &err);
    b->n_landmarks = pfld_model_landmark_count(points);
    pfld_options_init(&o, sizeof o);
    o.threads = threads;
    or_die(pfld_session_create(points, finder, &o, &b->all, &err), &err);
    o.threads = 1;
    o.presence_min = -1;
    or_die(pfld_session_create(NULL, finder, &o, &b->finder, &err), &err);
}

int main(int argc, char **argv)
{
    static bench b;
    long threads = argc > 2 ? strtol(argv[2], NULL, 10) : 1;
    double least = argc > 3 ? strtod(argv[3], NULL) : 0, read, search, all, out, cpu, caller;

    if (argc < 2) {
        fputs("usage: bench_file PHOTO [THREADS [MIN_FACE]]\n", stderr);
        return 2;
    }
    b.file = argv[1];
    b.reduce = (media_reduction){.most = least >= 896   ? 8
                                         : least >= 448 ? 4
                                         : least >= 224 ? 2
                                                        : 1,
                                 .least_side = 640,
                                 .most_side = 65535};
    b.out = (output){.to = fopen("/dev/null", "w"), .format = OUTPUT_JSON};
    open_models(&b, (int32_t)threads);
    read = fastest(&b, do_read);
    search = fastest(&b, do_search);
    cpu = ms_of(CLOCK_PROCESS_CPUTIME_ID);
    caller = ms_of(CLOCK_THREAD_CPUTIME_ID);
    all = fastest(&b, do_all);
    cpu = ms_of(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    caller = ms_of(CLOCK_THREAD_CPUTIME_ID) - caller;
    out = fastest(&b, do_output);
    printf("{\"file\":\"%s\",\"width\":%d,\"height\":%d,\"by\":%d,\"faces\":%zu,\"threads\":%ld,"
           "\"read_ms\":%.3f,\"search_ms\":%.3f,\"faces_ms\":%.3f,\"output_ms\":%.3f,"
           "\"total_ms\":%.3f,\"caller_share\":%.3f}\n",
           b.file, b.reduce.width, b.reduce.height, b.reduce.by, b.n, threads, read, search,
           all - search, out, read + all + out, caller / cpu);
    return 0;
}
