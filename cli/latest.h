/* The newest frame of a camera: who is slower than the camera misses frames, and is not late. */
#ifndef CLI_LATEST_H
#define CLI_LATEST_H

#include <stdbool.h>

#include "media/video.h"

typedef struct latest latest;

/* A thread reads frames from now on; paced: each at its time, as a camera would give those of a
 * file. reader belongs to that thread until latest_stop(). */
pfld_status latest_start(video_reader *reader, bool paced, latest **out, pfld_error *err);

typedef enum latest_state { LATEST_FRAME, LATEST_NONE, LATEST_END } latest_state;
/* Waits at most so long for a frame newer than the last. *frame is the caller's until the next
 * one is taken. At the end, a failure of the reader is in *err. */
latest_state latest_take(latest *l, int wait_ms, video_frame **frame, pfld_error *err);
void latest_stop(latest *l); /* accepts NULL */

#endif
