/* Face boxes of many pictures from a CSV file. */
#ifndef CLI_BOXES_H
#define CLI_BOXES_H

#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

typedef struct boxes_row {
    const char *file; /* as the CSV has it; "" where no row follows */
    pfld_box box;
} boxes_row;

typedef struct boxes_table {
    boxes_row *rows; /* [n], in the order of the file */
    size_t n, room;
    char *text; /* owned: the names point into it */
} boxes_table;  /* zeroed: empty */

/*
 * Reads columns file,left,top,right,bottom, in this order, or as a first line with these names
 * tells (then others may be among them). Messages name path and line.
 */
pfld_status boxes_read(const char *path, boxes_table *out, pfld_error *err);
/* The same from memory; name is for messages. */
pfld_status boxes_parse(const uint8_t *data, size_t size, const char *name, boxes_table *out,
                        pfld_error *err);
void boxes_free(boxes_table *t);

/* The next row behind *at (which starts at 0) that means file: by the same path, or by the same
 * name without folders where the CSV states none. NULL: no more. */
const boxes_row *boxes_next(const boxes_table *t, const char *file, size_t *at);

#endif
