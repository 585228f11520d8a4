/* A folder for people: the precision-recall curve, misses, false alarms, every detection. */
#ifndef EVAL_DETECTION_REPORT_H
#define EVAL_DETECTION_REPORT_H

#include "eval/detection.h"

typedef struct detection_report {
    const scene_set *set;
    const detection_list *found;
    const detection_table *table; /* of both, by rule */
    const detection_rule *rule;
    float threshold;   /* a face is missed where no detection of this score is a hit */
    const char *title; /* of the curve */
} detection_report;

/*
 * Writes into dir, which is made where it is missing: pr.svg and pr.png, the curve; misses.png, the
 * largest missed faces; alarms.png, the false alarms of the highest scores, whatever the threshold;
 * detections.csv, every detection, best score first, and every face missed.
 */
pfld_status detection_report_write(const detection_report *in, const char *dir, pfld_error *err);

#endif
