/* Whole files into memory: read, not mapped, so that a file cut short meanwhile can't fault. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

/* Reads all of path ("-": stdin), at most max bytes; *data is freed with mem_free(). Messages name
 * the path. Works on pipes; directories and larger files are refused. */
pfld_status file_read(const char *path, size_t max, uint8_t **data, size_t *size, pfld_error *err);

#endif
