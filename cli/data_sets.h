/* Data sets as the command line names them, and the face by which their poses are told. */
#ifndef CLI_DATA_SETS_H
#define CLI_DATA_SETS_H

#include "cli/options.h"
#include "data/augment.h"
#include "data/facepose.h"

/* Of the command's data sets: what is to be told goes to stderr. */
data_options data_sets_options(bool skip_bad);

/* Appends every SPEC; opt as in data_set_add(). */
pfld_status data_sets_read(data_set *set, const cli_texts *specs, const data_options *opt,
                           pfld_error *err);

/*
 * The mean face of file, or, where file is NULL, of the set's own faces, into *room; *face is then
 * room. Faces too few, or that turn too little, to have one: *face is NULL, the library's neutral
 * face, as data_set_derive() takes it, and opt's message says so.
 */
pfld_status data_sets_face(const data_set *set, const char *file, const data_options *opt,
                           face_template *room, const face_template **face, pfld_error *err);

/* What is wrong with --turn and --shut; NULL: nothing. */
const char *data_sets_wrong_shares(float turn, float shut);
/*
 * The shares of a's recipe, or those asked for (not negative), of the set's faces; after
 * data_set_derive(). 0 where no face can be turned, or no eyes shut, which opt's message says if it
 * was asked for.
 */
void data_sets_shares(augment_options *a, const data_set *set, const face_template *face,
                      float turn, float shut, const data_options *opt);

#endif
