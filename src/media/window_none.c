/* A window where SDL2 was not there when pfld was built: none. */
#include "media/window.h"

#include <stddef.h>

#include "core/error.h"

bool window_is_built_in(void)
{
    return false;
}

pfld_status window_open(const char *title, int32_t width, int32_t height, window **out,
                        pfld_error *err)
{
    (void)title;
    (void)width;
    (void)height;
    *out = NULL;
    return error_set(err, PFLD_ERR_UNSUPPORTED,
                     "this pfld was built without SDL2, which windows need");
}

void window_close(window *w)
{
    (void)w;
}

pfld_status window_show(window *w, const pfld_image *img, pfld_error *err)
{
    (void)w;
    (void)img;
    return error_set(err, PFLD_ERR_UNSUPPORTED, "there is no window");
}

void window_title(window *w, const char *title)
{
    (void)w;
    (void)title;
}

int window_key(window *w)
{
    (void)w;
    return WINDOW_QUIT;
}
