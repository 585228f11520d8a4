/* Names of files, and folders to write into. */
#ifndef MEDIA_PATHS_H
#define MEDIA_PATHS_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

/* True where something stands before the ending. */
bool media_path_ends(const char *path, const char *ending);

/* True where the name ends as those of pictures that are read: .jpg, .jpeg, .png, .webp, .bmp,
 * .pbm, .pgm, .ppm, .pnm, in either case. */
bool media_is_picture_name(const char *name);

/* DIR/NAME in buf [size]; PFLD_ERR_ARG where it has no room. */
pfld_status media_path_in(const char *dir, const char *name, char *buf, size_t size,
                          pfld_error *err);

/* Makes the folder where it is missing (not its parents). 0 or errno; EEXIST: there is something
 * else. */
int media_make_dir(const char *path);
/* Makes the folder, and those above it, where they are missing. PFLD_ERR_IO names what failed. */
pfld_status media_make_dirs(const char *path, pfld_error *err);

#endif
