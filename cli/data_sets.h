/* Data sets as the command line names them, and the face by which their poses are told. */
#ifndef CLI_DATA_SETS_H
#define CLI_DATA_SETS_H

#include "cli/options.h"
#include "data/facepose.h"

/* Appends every SPEC; broken lines that are left out are told on stderr. */
pfld_status data_sets_read(data_set *set, const cli_texts *specs, bool skip_bad, pfld_error *err);

/*
 * The mean face of file, or, where file is NULL, of the set's own faces, into *room; *face is then
 * room. Faces too few, or that turn too little, to have one: *face is NULL, the library's neutral
 * face, as data_set_derive() takes it, and stderr says so.
 */
pfld_status data_sets_face(const data_set *set, const char *file, face_template *room,
                           const face_template **face, pfld_error *err);

#endif
