/* A window that shows pictures and tells of keys, by SDL2. */
#ifndef MEDIA_WINDOW_H
#define MEDIA_WINDOW_H

#include <stdbool.h>

#include "pfld/pfld.h"

typedef struct window window;

/* False: this build has no SDL2, and window_open() fails with PFLD_ERR_UNSUPPORTED. */
bool window_is_built_in(void);
/* As large as the picture, or as much of that as the screen holds. PFLD_ERR_IO: there is no screen.
 * One thread only, the one that opened it. */
pfld_status window_open(const char *title, int32_t width, int32_t height, window **out,
                        pfld_error *err);
void window_close(window *w); /* accepts NULL */

/* img (RGB8, of any size) fills the window as far as its shape allows; window_key() draws it again
 * where the window was covered, or has another size. */
pfld_status window_show(window *w, const pfld_image *img, pfld_error *err);
void window_title(window *w, const char *title);

enum { WINDOW_NOTHING = 0, WINDOW_QUIT = -1 };
/* The next key that was pressed, as its character ('a', ' '); WINDOW_QUIT where the window was
 * closed, or Escape pressed; WINDOW_NOTHING where nothing was. */
int window_key(window *w);

#endif
