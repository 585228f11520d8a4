/* Both nets together: from a picture to faces with landmarks, pose and presence. */
#ifndef DETECT_FACES_H
#define DETECT_FACES_H

#include "detect/detector.h"
#include "detect/landmarks.h"

typedef struct faces {
    landmarks *points;  /* NULL: boxes and five points are all */
    detector *finder;   /* NULL: boxes come from the caller, and there is no presence */
    float score_min;    /* of both looks together; the finder's own is faces_first_score() */
    float presence_min; /* below 0: presence is not looked at */
    bool one_pass;      /* landmarks come from the first crop, whatever they say about it */
    bool turns;         /* search the picture turned where no face is found */
    bool upright;       /* faces are as they were found: no second look asks which way is up */
} faces;

/* What the finder's score must be for a face whose score, the root of that times presence, is to
 * reach score_min. */
float faces_first_score(float score_min, float presence_min);

/* Every face of a valid picture, best score first: writes the first cap of them, returns how many
 * there are. There is a finder. */
size_t faces_find(faces *f, const pfld_image *img, pfld_face *out, size_t cap);

/* The face whose landmarks are within a valid box. There is a landmark net. */
void faces_measure(faces *f, const pfld_image *img, const pfld_box *box, pfld_face *out);

#endif
