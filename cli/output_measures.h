/* Measures and events of the faces of a video, in JSON and in CSV. */
#ifndef CLI_OUTPUT_MEASURES_H
#define CLI_OUTPUT_MEASURES_H

#include "cli/output.h"

/* The columns that output_csv_measures() fills. */
#define OUTPUT_MEASURES                                                                            \
  ",eye_open0,eye_open1,mouth_open,asymmetry,inter_pupil,facing,eyes_closed,mouth_wide,blink,"     \
  "long_closure,yawn"

/* Adds them to face, and the id behind them. False: no memory. */
bool output_put_measures(json_t *face, const output_measures *m, uint32_t id);
void output_csv_measures(FILE *to, const output_measures *m);

#endif
