/* Detections against true faces: which are hits, average precision, recalls, false alarms. */
#ifndef EVAL_DETECTION_H
#define EVAL_DETECTION_H

#include "data/scene.h"

typedef struct detection {
    pfld_box box; /* photo pixels */
    float score;
} detection;

typedef struct detection_list { /* zeroed: empty */
    detection *found;           /* of the set's photo i: first[i] .. first[i + 1] - 1 */
    size_t *first;              /* [n_photos + 1] */
    bool *left_out;             /* [n_photos]: the photo could not be read, and counts nowhere */
    size_t n_photos, n_left_out;
} detection_list;

void detection_list_free(detection_list *l);

typedef struct detection_rule {
    float iou;                /* of a hit, at least */
    float min_side, max_side; /* detection_side() in [min_side, max_side) of the faces asked for */
} detection_rule;

/* sqrt(w h): a face's or detection's size. */
float detection_side(const pfld_box *b);
bool detection_is_asked_for(const detection_rule *rule, const scene_face *f);

typedef enum detection_verdict {
    DETECTION_HIT,
    DETECTION_ALARM,  /* a false one */
    DETECTION_PASSED, /* neither: on a face or region that was not asked for, or of another size */
    DETECTION_VERDICTS
} detection_verdict;

extern const char *const detection_verdict_names[DETECTION_VERDICTS];

typedef struct detection_judged {
    size_t found;       /* index into detection_list.found */
    size_t photo, face; /* indices into scene_set; face: of a hit alone */
    float score;
    detection_verdict verdict;
} detection_judged;

typedef struct detection_table {
    detection_judged *at; /* [n], best score first */
    size_t n;
    size_t *photos; /* [n_photos]: those that count; indices into scene_set.photos */
    size_t *faces;  /* [scene_set.n_photos]: asked for in each */
    size_t n_photos, n_faces;
    size_t n_ignored; /* faces and regions that were not asked for */
    size_t set_photos;
} detection_table; /* zeroed: empty */

/*
 * Walks all detections by score, the best first; equal ones in the order of photos, then as they
 * were found. Each takes the free face that was asked for with the highest IoU, if that is
 * rule->iou or more: a hit. Else it is passed if it takes so a free face that was not asked for
 * (because of its size), or lies on an ignored region (by half of its own area, or by that IoU; a
 * region is never used up), or is itself not of the sizes asked for. Else it is a false alarm.
 */
pfld_status detection_judge(const detection_list *found, const scene_set *set,
                            const detection_rule *rule, detection_table *out, pfld_error *err);
void detection_table_free(detection_table *t);

/*
 * Area under the precision-recall curve, precision at a recall being the best at that recall or a
 * higher one (VOC 2010, WIDER FACE). ci95, which may be NULL: its bootstrap interval over photos,
 * 2,000 resamples, fixed seed. NaN where no face was asked for.
 */
pfld_status detection_ap(const detection_table *t, double *ap, double ci95[2], pfld_error *err);

/* The curve, a point for each hit or false alarm, recall rising: recall, precision [t->n]. Returns
 * the number of points. */
size_t detection_curve(const detection_table *t, double *recall, double *precision);

typedef struct detection_count { /* detections of a score of threshold or more */
    float threshold;
    size_t hits, alarms;
    double precision, recall; /* NaN where there is nothing to divide by */
    double alarms_100;        /* false alarms per 100 photos */
} detection_count;

detection_count detection_at(const detection_table *t, float threshold);
/* At the lowest threshold at which there are no more than alarms_100 false alarms per 100 photos; 0
 * where all detections may stay. */
detection_count detection_within(const detection_table *t, double alarms_100);

#endif
