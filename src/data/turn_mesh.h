/* The mesh over a head that is turned: spots beside its 68 points, and triangles over all. */
#ifndef DATA_TURN_MESH_H
#define DATA_TURN_MESH_H

#include <stdint.h>

#define TURN_JAW        17 /* of the jaw */
#define TURN_SPOTS      68
#define TURN_CHEEK      3  /* spots on the line from a jaw point across the cheek */
#define TURN_CHEEKS     16 /* such lines: from points 0 to 7, then from 16 to 9 */
#define TURN_RINGS      2
#define TURN_RING_SPOTS 12
#define TURN_VERTICES   (68 + TURN_SPOTS + TURN_RINGS * TURN_RING_SPOTS)
#define TURN_TRIANGLES  306

/* Where a spot of the head is: share of point i and 1 - share of point j, and then back, away from
 * the camera, in units of the mean face; from: the share where its pixels are taken. */
typedef struct turn_spot {
    uint8_t i, j;
    float share, back, from;
} turn_spot;

/* What becomes of a point of the jaw, in units of the mean face. It has them from near and far
 * sides of turned faces, and contours slide over the skin. */
typedef struct turn_jaw {
    float deeper; /* on the near side, than the mean face's */
    float lower;  /* there, once the head has turned, as the bone shows in place of the cheek */
    float closer; /* on the far side then: part of the way down to the next point; < 0: up */
} turn_jaw;

extern const turn_jaw turn_jaws[TURN_JAW];

/* The first TURN_CHEEKS * TURN_CHEEK are those on the cheeks, from the jaw inwards. */
extern const turn_spot turn_spots[TURN_SPOTS];

/* Around the head; spot k of ring r is at radius[r] and k / TURN_RING_SPOTS of a turn from the
 * face's x to its y. */
extern const float turn_radius[TURN_RINGS];

/* Of vertices: the 68 points, the spots, the rings. Corners run from x to y where they are seen. */
extern const uint8_t turn_triangles[TURN_TRIANGLES][3];

#endif
