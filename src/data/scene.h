/* Whole photos with the boxes of their faces: what detectors are trained on and measured by. */
#ifndef DATA_SCENE_H
#define DATA_SCENE_H

#include "data/sample.h"

typedef struct scene_face {
    pfld_box box;       /* forehead to chin, image pixels */
    pfld_point five[5]; /* as the scheme "five"; undefined where not known */
    uint8_t known[5];
    bool ignore; /* neither face nor background: not asked for, and no false alarm */
} scene_face;

typedef struct scene_photo {
    const char *image; /* path */
    const char *where; /* "boxes.csv:17": for messages */
    size_t first, n;   /* its faces in scene_set.faces; n 0: a photo without faces */
    float weight;      /* how often it is drawn, from "@W"; 1 */
    bool is_crop;      /* one face cut out of a larger photo: others may be cut by the border */
    int32_t source;    /* index into scene_set.sources */
} scene_photo;

typedef struct scene_set { /* zeroed: empty */
    arena mem;             /* owns the names and sources */
    scene_photo *photos;
    size_t n_photos, room_photos;
    scene_face *faces;
    size_t n_faces, room_faces;
    data_source *sources; /* n counts photos */
    size_t n_sources;
} scene_set;

/*
 * Appends FORMAT:PATH[@WEIGHT[,part=train|held][,top=X]].
 *
 * boxes: a CSV with the columns file,left,top,right,bottom and perhaps kind (ignore:
 * scene_face.ignore) in any order, other columns passed over; photos in the order in which they
 * are listed first, beside the CSV, else in the folder of its name without .csv, else in images/
 * beside it. negatives: a folder of photos without faces (in the order of their names). mtfl,
 * mtfl-test, 300w, csv68 and the other formats of data_set_add(), with its offset= and shift=, too:
 * photos of labelled faces, whose boxes are scene_box()'s; is_crop.
 *
 * part: only the photos of the 80 % (train) or of the 20 % (held) by a hash of their base names,
 * the same for every list. top, of boxes: a part of each box's height, within +-0.5, that is taken
 * off at the top, for lists whose boxes are higher than others'. Errors and skip_bad as
 * data_set_add().
 */
pfld_status scene_set_add(scene_set *set, const char *spec, const data_options *opt,
                          pfld_error *err);
void scene_set_free(scene_set *set);

#endif
