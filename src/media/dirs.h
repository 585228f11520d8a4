/* Folders to write into. */
#ifndef MEDIA_DIRS_H
#define MEDIA_DIRS_H

#include "pfld/pfld.h"

/* Makes the folder, and those above it, where they are missing. PFLD_ERR_IO names what failed. */
pfld_status media_make_dirs(const char *path, pfld_error *err);

#endif
