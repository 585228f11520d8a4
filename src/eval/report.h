/* A folder for people: the error curve, the worst faces, every face's error. */
#ifndef EVAL_REPORT_H
#define EVAL_REPORT_H

#include "eval/run.h"

/* Writes ced.svg, worst.png (the n worst faces, truth and found) and faces.csv into dir, which is
 * made where it is missing. title: of the curve. */
pfld_status eval_report_write(const eval_run *r, const char *dir, const char *title,
                              pfld_error *err);

/*
 * The errors of r's faces by an earlier report's faces.csv, in r's order: error [r->n]. A face is
 * known by its list's name and line. PFLD_ERR_FORMAT: the file has another normaliser, other faces,
 * or is none of ours.
 */
pfld_status eval_report_read(const char *path, const eval_run *r, double *error, pfld_error *err);

#endif
