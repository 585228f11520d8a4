/* A window that shows pictures and tells of keys, by SDL2. */
#include "media/window.h"

#include <SDL.h>

#include "core/error.h"
#include "core/mem.h"

#define MOST_SCREEN 0.9 /* of its width and height that the window takes at first */

struct window {
    bool has_video;
    SDL_Window *shown;
    SDL_Renderer *renderer;
    SDL_Texture *texture;
    int32_t width, height; /* of texture */
};

bool window_is_built_in(void)
{
    return true;
}

static pfld_status refused(const char *what, pfld_error *err)
{
    return error_set(err, PFLD_ERR_IO, "%s (SDL: %s)", what, SDL_GetError());
}

static void fit_screen(int *width, int *height)
{
    SDL_DisplayMode m;
    double k = 1;

    if (SDL_GetDesktopDisplayMode(0, &m))
        return;
    k = SDL_min(k, MOST_SCREEN * m.w / *width);
    k = SDL_min(k, MOST_SCREEN * m.h / *height);
    *width = SDL_max((int)(k * *width), 1);
    *height = SDL_max((int)(k * *height), 1);
}

/* What SDL takes where nothing else is there; who wants that names it in SDL_VIDEODRIVER. */
static bool is_invisible(const char *driver)
{
    return !SDL_getenv("SDL_VIDEODRIVER") &&
           (!driver || SDL_strcmp(driver, "offscreen") == 0 || SDL_strcmp(driver, "dummy") == 0);
}

static pfld_status make(window *w, const char *title, int width, int height, pfld_error *err)
{
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1"); /* Ctrl-C is the command's */
    if (SDL_InitSubSystem(SDL_INIT_VIDEO))
        return refused("there is no screen to open a window on", err);
    w->has_video = true;
    if (is_invisible(SDL_GetCurrentVideoDriver()))
        return error_set(err, PFLD_ERR_IO, "there is no screen to open a window on");
    SDL_SetHint(SDL_HINT_RENDER_SCALE_QUALITY, "linear");
    fit_screen(&width, &height);
    w->shown = SDL_CreateWindow(title, SDL_WINDOWPOS_CENTERED, SDL_WINDOWPOS_CENTERED, width,
                                height, SDL_WINDOW_RESIZABLE);
    if (w->shown)
        w->renderer = SDL_CreateRenderer(w->shown, -1, 0);
    if (w->shown && !w->renderer)
        w->renderer = SDL_CreateRenderer(w->shown, -1, SDL_RENDERER_SOFTWARE);
    return w->renderer ? PFLD_OK : refused("no window can be opened", err);
}

pfld_status window_open(const char *title, int32_t width, int32_t height, window **out,
                        pfld_error *err)
{
    window *w = mem_alloc(1, sizeof *w);
    pfld_status status;

    *out = NULL;
    if (!w)
        return error_nomem(err);
    status = make(w, title, width, height, err);
    if (status)
        window_close(w);
    else
        *out = w;
    return status;
}

void window_close(window *w)
{
    if (!w)
        return;
    if (w->texture)
        SDL_DestroyTexture(w->texture);
    if (w->renderer)
        SDL_DestroyRenderer(w->renderer);
    if (w->shown)
        SDL_DestroyWindow(w->shown);
    if (w->has_video)
        SDL_QuitSubSystem(SDL_INIT_VIDEO);
    mem_free(w);
}

static bool has_texture(window *w, const pfld_image *img)
{
    if (w->texture && w->width == img->width && w->height == img->height)
        return true;
    if (w->texture)
        SDL_DestroyTexture(w->texture);
    w->width = img->width;
    w->height = img->height;
    w->texture = SDL_CreateTexture(w->renderer, SDL_PIXELFORMAT_RGB24, SDL_TEXTUREACCESS_STREAMING,
                                   img->width, img->height);
    return w->texture && SDL_RenderSetLogicalSize(w->renderer, img->width, img->height) == 0;
}

static bool present(window *w)
{
    if (SDL_RenderClear(w->renderer) || SDL_RenderCopy(w->renderer, w->texture, NULL, NULL))
        return false;
    SDL_RenderPresent(w->renderer);
    return true;
}

pfld_status window_show(window *w, const pfld_image *img, pfld_error *err)
{
    if (!has_texture(w, img) || SDL_UpdateTexture(w->texture, NULL, img->data, (int)img->stride) ||
        !present(w))
        return refused("a picture cannot be shown", err);
    return PFLD_OK;
}

void window_title(window *w, const char *title)
{
    SDL_SetWindowTitle(w->shown, title);
}

/* The screen's part of the window is lost, or has another size. */
static bool is_lost(const SDL_Event *e)
{
    return e->type == SDL_WINDOWEVENT && (e->window.event == SDL_WINDOWEVENT_EXPOSED ||
                                          e->window.event == SDL_WINDOWEVENT_SIZE_CHANGED);
}

int window_key(window *w)
{
    SDL_Event e;

    while (SDL_PollEvent(&e)) {
        if (is_lost(&e) && w->texture)
            (void)present(w); /* if that fails so will window_show(), which tells */
        if (e.type == SDL_QUIT)
            return WINDOW_QUIT;
        if (e.type != SDL_KEYDOWN || e.key.repeat)
            continue;
        if (e.key.keysym.sym == SDLK_ESCAPE)
            return WINDOW_QUIT;
        if (e.key.keysym.sym > 0 && e.key.keysym.sym < 128)
            return e.key.keysym.sym;
    }
    return WINDOW_NOTHING;
}
