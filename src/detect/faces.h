/* Both nets together: from a picture to faces with landmarks, pose and presence. */
#ifndef DETECT_FACES_H
#define DETECT_FACES_H

#include "core/arena.h"
#include "core/pool.h"
#include "detect/detector.h"
#include "detect/landmarks.h"

typedef struct face_reading face_reading; /* a face that was found, and what is read of it */

typedef struct faces {
    landmarks *points;      /* NULL: boxes and five points are all */
    detector *finder;       /* NULL: boxes come from the caller, and there is no presence */
    float score_min;        /* of both looks together; the finder's own is faces_first_score() */
    float presence_min;     /* below 0: presence is not looked at */
    int most_crops;         /* of a face, from 1: each but the first where the one before was off */
    bool turns;             /* search the picture turned where no face is found */
    bool upright;           /* faces are as they were found: no second look asks which way is up */
    face_reading *readings; /* [PFLD_MAX_FACES]; NULL without a finder */
    pool *threads;          /* faces of one picture are read at once; NULL: one after another */
    struct faces *helpers;  /* [threads - 1], alike but for points, finder: one for each thread */
} faces;

/* Room for what is found, from mem: with a finder. False where it ran out. */
bool faces_add_room(faces *f, arena *mem);

/* What the finder's score must be for a face whose score, the root of that times presence, is to
 * reach score_min. */
float faces_first_score(float score_min, float presence_min);

/* Every face of a valid picture, best score first: writes the first cap of them, returns how many
 * there are. There is a finder. */
size_t faces_find(faces *f, const pfld_image *img, pfld_face *out, size_t cap);

/* The face whose landmarks are within a valid box. There is a landmark net. */
void faces_measure(faces *f, const pfld_image *img, const pfld_box *box, pfld_face *out);

/* A square and how it is turned about its centre: degrees, > 0 clockwise in the image. */
typedef struct face_square {
    float x, y, side, roll;
} face_square;

/* The square as it lies before it is turned. */
pfld_box face_square_box(const face_square *s);

/* Where the landmarks say that the face is, in their own frame: what a crop is made from. False
 * where they can't tell. */
bool faces_square(const faces *f, const pfld_face *face, face_square *out);

/* Box, in the detector's frame, and five points of a face as its landmarks tell them; returns the
 * square that the box is around. There are both nets. */
face_square faces_frame(const faces *f, const face_square *seen, pfld_face *face);

/*
 * The face that was seen near this square, say a frame ago: landmarks, pose, presence; box and five
 * points by the landmarks; score 1. Writes where it is now to *seen. False where there is nothing
 * that looks like a face: out is then undefined. There are both nets.
 */
bool faces_follow(faces *f, const pfld_image *img, const face_square *near, face_square *seen,
                  pfld_face *out);

#endif
