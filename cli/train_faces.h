/* pfld train for landmark nets: its options into the trainer's, its data, its record. */
#ifndef CLI_TRAIN_FACES_H
#define CLI_TRAIN_FACES_H

#include "cli/train_fields.h"
#include "geometry/scheme.h"

/* f's data are read, and a net for the points of s is trained. */
pfld_status train_faces(train_fields *f, const scheme *s, pfld_error *err);

#endif
