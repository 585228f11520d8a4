/* A face detector whose answer is known by hand: a face is where a cell is red in its upper half
 * and black in its lower one. */
#ifndef TESTS_TINY_DETECTOR_H
#define TESTS_TINY_DETECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/graph.h"
#include "pfld/pfld.h"

enum { TINY_CELL = 8 };

typedef struct tiny_detector {
    int64_t width, height;   /* of the input; 0: left open */
    const char *face, *kind; /* values of pfld.face and pfld.kind; kind NULL: "detector" */
    bool all_red;
    float green; /* above 0: logit: green * (mean green - 1) as well */
    float sharp; /* logit: sharp * (upper mean - lower mean - 1) + top, or sharp * (mean - 1) + top;
                    means are 0..1; 0: 40 */
    float top;   /* of a whole mark; 0: 4, which is a score of 0.982 */
    float box[4], five[10]; /* as the net's channels; what is not there is 0 */
} tiny_detector;

/* Boxes of 48 pixels around the cell, five points like a face's inside. */
extern const tiny_detector tiny_marks;

net_graph *tiny_detector_graph(const tiny_detector *t);
/* As an ONNX file in memory, freed with mem_free(). */
uint8_t *tiny_detector_onnx(const tiny_detector *t, size_t *size);
pfld_model *tiny_detector_load(const tiny_detector *t);

/* A black RGB picture, of malloc(). */
pfld_image tiny_black(int32_t width, int32_t height);
/* side x side pixels from (x, y) on: red above, black below, turned clockwise by quarters; or all
 * red. */
enum { TINY_ALL_RED = -1 };
void tiny_mark(pfld_image *img, int32_t x, int32_t y, int32_t side, int quarters);

#endif
