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

/* How much further back than the mean face's the jaw's points are on the near side of a turned
 * face: it has them from both, and on the far side contours slide towards the camera. */
extern const float turn_deeper[TURN_JAW];

/* The first TURN_CHEEKS * TURN_CHEEK are those on the cheeks, from the jaw inwards. */
extern const turn_spot turn_spots[TURN_SPOTS];

/* Around the head; spot k of ring r is at radius[r] and k / TURN_RING_SPOTS of a turn from the
 * face's x to its y. */
extern const float turn_radius[TURN_RINGS];

/* Of vertices: the 68 points, the spots, the rings. Corners run from x to y where they are seen. */
extern const uint8_t turn_triangles[TURN_TRIANGLES][3];

#endif
