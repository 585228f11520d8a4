/* Places for what is remembered of faces: each id has its own while it comes by and by. */
#ifndef CLI_RECENT_IDS_H
#define CLI_RECENT_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RECENT_IDS = 64 }; /* as many as pfld_track() follows at once */

typedef struct recent_ids { /* zeroed: none yet */
    uint32_t id[RECENT_IDS];
    double t[RECENT_IDS]; /* when it came last */
    size_t n;
} recent_ids;

/* The place of a face that is seen at t, below RECENT_IDS; *is_new: it had none. The one that came
 * longest ago makes room. */
size_t recent_ids_place(recent_ids *r, uint32_t id, double t, bool *is_new);

#endif
