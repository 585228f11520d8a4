/*
 * What the face finders of bench/peers have in common: a picture, and commands on standard input.
 * C11 and C++17. Included once by each program, which defines peer_load() and peer_detect().
 *
 *     load FILE.ppm   the picture to look at; nothing is printed
 *     go N            looks N times; prints the N times in milliseconds, on one line
 *     boxes           prints "left top width height score" of each face, one a line, then "."
 */
#ifndef BENCH_PEERS_H
#define BENCH_PEERS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PEER_FACES = 1024 };

typedef struct peer_picture {
    unsigned char *rgb; /* [height][width][3] */
    int width, height;
} peer_picture;

typedef struct peer_face {
    double left, top, width, height, score;
} peer_face;

/* What a program does once for a picture, untimed: other formats, sessions. */
static void peer_load(const peer_picture *picture);
/* From pixels to boxes; returns how many of faces [PEER_FACES] it filled. */
static int peer_detect(const peer_picture *picture, peer_face *faces);

static void peer_fail(const char *what, const char *name)
{
    fprintf(stderr, "bench/peers: %s: %s\n", name, what);
    exit(1);
}

static void peer_read(const char *name, peer_picture *p)
{
    FILE *file = fopen(name, "rb");
    size_t bytes;

    if (!file)
        peer_fail("cannot be opened", name);
    if (fscanf(file, "P6 %d %d 255", &p->width, &p->height) != 2 || fgetc(file) == EOF ||
        p->width < 1 || p->height < 1 || p->width > 8192 || p->height > 8192)
        peer_fail("not a PPM of 8 bits", name);
    bytes = (size_t)p->width * (size_t)p->height * 3;
    free(p->rgb);
    p->rgb = (unsigned char *)malloc(bytes);
    if (!p->rgb || fread(p->rgb, 1, bytes, file) != bytes)
        peer_fail("cut short", name);
    fclose(file);
}

static double peer_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void peer_go(const peer_picture *p, peer_face *faces, int n)
{
    for (int i = 0; i < n; i++) {
        double before = peer_ms();

        peer_detect(p, faces);
        printf("%s%.5f", i ? " " : "", peer_ms() - before);
    }
    printf("\n");
}

static void peer_boxes(const peer_picture *p, peer_face *faces)
{
    int n = peer_detect(p, faces);

    for (int i = 0; i < n; i++)
        printf("%.3f %.3f %.3f %.3f %.4f\n", faces[i].left, faces[i].top, faces[i].width,
               faces[i].height, faces[i].score);
    printf(".\n");
}

static int peer_main(void)
{
    static peer_face faces[PEER_FACES];
    static char line[4096];
    peer_picture picture = {NULL, 0, 0};

    while (fgets(line, (int)sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        if (!strncmp(line, "load ", 5)) {
            peer_read(line + 5, &picture);
            peer_load(&picture);
        } else if (!picture.rgb)
            peer_fail("load comes first", line);
        else if (!strncmp(line, "go ", 3))
            peer_go(&picture, faces, atoi(line + 3));
        else if (!strcmp(line, "boxes"))
            peer_boxes(&picture, faces);
        else
            peer_fail("unknown command", line);
        fflush(stdout);
    }
    free(picture.rgb);
    return 0;
}

#endif
