/* Average precision of a detector in training: decoding, suppression, and a set of what is true. */
#include "train/detect_val.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/mem.h"
#include "geometry/box.h"

#define LEAST_SCORE 0.05f
#define SAME_FACE   0.4f /* IoU */

/* ---- what the maps find ---- */

static detection decode(const real *out, float x, float y, float stride)
{
    float w = stride * expf((float)out[DETECTOR_BOX + 2]),
          h = stride * expf((float)out[DETECTOR_BOX + 3]);

    x += stride * (float)out[DETECTOR_BOX];
    y += stride * (float)out[DETECTOR_BOX + 1];
    return (detection){{x - w / 2, y - h / 2, w, h}, 1 / (1 + expf(-(float)out[DETECTOR_SCORE]))};
}

static size_t decode_all(int size, const detect_maps *m, size_t index, detection *list)
{
    size_t n = 0;

    for (int l = 0; l < DETECTOR_LEVELS; l++) {
        size_t side = (size_t)(size / detector_strides[l]);
        float s = (float)detector_strides[l];
        const real *out = m->predicted[l] + index * side * side * DETECTOR_CHANNELS;

        for (size_t i = 0; i < side * side; i++, out += DETECTOR_CHANNELS) {
            size_t row = i / side, column = i % side;
            float x = ((float)column + 0.5f) * s - 0.5f, y = ((float)row + 0.5f) * s - 0.5f;
            detection d = decode(out, x, y, s);

            if (d.score >= LEAST_SCORE && box_is_valid(&d.box))
                list[n++] = d;
        }
    }
    return n;
}

static int by_score(const void *a, const void *b)
{
    float x = ((const detection *)a)->score, y = ((const detection *)b)->score;

    return (x < y) - (x > y);
}

/* Leaves of detections of one face the best: in v->list, of which there are n. */
static size_t suppress(detect_val *v, size_t n)
{
    size_t kept;

    qsort(v->list, n, sizeof *v->list, by_score);
    for (size_t i = 0; i < n; i++)
        v->boxes[i] = v->list[i].box;
    kept = box_suppress(v->boxes, n, SAME_FACE, v->keep, n);
    for (size_t i = 0; i < kept; i++) /* keep[i] is i or more */
        v->list[i] = v->list[v->keep[i]];
    return kept;
}

/* ---- the set ---- */

static bool add_truth(scene_set *s, const scene_batch *b, size_t i)
{
    size_t n = b->first[i + 1] - b->first[i];
    scene_photo *photos = mem_grow(s->photos, &s->room_photos, s->n_photos + 1, sizeof *photos);
    scene_face *faces;

    if (!photos)
        return false;
    s->photos = photos;
    faces = mem_grow(s->faces, &s->room_faces, s->n_faces + n + 1, sizeof *faces);
    if (!faces)
        return false;
    s->faces = faces;
    photos[s->n_photos++] = (scene_photo){.first = s->n_faces, .n = n};
    if (n)
        memcpy(faces + s->n_faces, b->faces + b->first[i], n * sizeof *faces);
    s->n_faces += n;
    return true;
}

static bool add_found(detect_val *v, size_t n)
{
    detection_list *l = &v->found;
    size_t *first = mem_grow(l->first, &v->room_first, l->n_photos + 2, sizeof *first), had;
    detection *found;

    if (!first)
        return false;
    l->first = first;
    had = l->n_photos ? first[l->n_photos] : 0;
    found = mem_grow(l->found, &v->room_found, had + n + 1, sizeof *found);
    if (!found)
        return false;
    l->found = found;
    if (n)
        memcpy(found + had, v->list, n * sizeof *found);
    first[l->n_photos] = had;
    first[++l->n_photos] = had + n;
    return true;
}

static size_t cells_of(int size)
{
    size_t n = 0;

    for (int l = 0; l < DETECTOR_LEVELS; l++) {
        size_t side = (size_t)(size / detector_strides[l]);
        n += side * side;
    }
    return n;
}

static bool make_room(detect_val *v, size_t cells)
{
    if (v->cells >= cells)
        return true;
    mem_free(v->list);
    mem_free(v->boxes);
    mem_free(v->keep);
    v->list = mem_alloc(cells, sizeof *v->list);
    v->boxes = mem_alloc(cells, sizeof *v->boxes);
    v->keep = mem_alloc(cells, sizeof *v->keep);
    v->cells = v->list && v->boxes && v->keep ? cells : 0;
    return v->cells > 0;
}

pfld_status detect_val_add(detect_val *v, int size, const detect_maps *m, const scene_batch *b,
                           pfld_error *err)
{
    if (!make_room(v, cells_of(size)))
        return error_nomem(err);
    for (size_t i = 0; i < b->n; i++) {
        size_t n = suppress(v, decode_all(size, m, i, v->list));

        if (!add_truth(&v->truth, b, i) || !add_found(v, n))
            return error_nomem(err);
    }
    return PFLD_OK;
}

pfld_status detect_val_ap(const detect_val *v, float iou, double *ap, pfld_error *err)
{
    detection_rule rule = {.iou = iou, .max_side = INFINITY};
    detection_table table = {0};
    bool *left_out = mem_alloc(v->truth.n_photos + 1, sizeof *left_out);
    detection_list found = v->found;
    pfld_status st;

    *ap = (double)NAN;
    if (!left_out)
        return error_nomem(err);
    found.left_out = left_out;
    st = v->truth.n_photos ? detection_judge(&found, &v->truth, &rule, &table, err) : PFLD_OK;
    if (st == PFLD_OK && table.n_faces)
        st = detection_ap(&table, ap, NULL, err);
    detection_table_free(&table);
    mem_free(left_out);
    return st;
}

void detect_val_free(detect_val *v)
{
    mem_free(v->truth.photos);
    mem_free(v->truth.faces);
    mem_free(v->found.found);
    mem_free(v->found.first);
    mem_free(v->list);
    mem_free(v->boxes);
    mem_free(v->keep);
    *v = (detect_val){0};
}
