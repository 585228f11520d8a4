/* Faces of a video as the CSV of OpenFace 2.2's FeatureExtraction. */
#ifndef CLI_OPENFACE_H
#define CLI_OPENFACE_H

#include "cli/output.h"

/* frame,face_id,timestamp,confidence,success,pose_Rx,pose_Ry,pose_Rz,x_0,...,y_0,... with a line's
 * end. */
void openface_header(FILE *to, int32_t n_landmarks);
/* A row for each face; where there is none, one of zeros, as OpenFace has it. r has a moment. */
void openface_write(FILE *to, const output_result *r);

#endif
