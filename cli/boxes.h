/* Face boxes of many pictures from a CSV file. */
#ifndef CLI_BOXES_H
#define CLI_BOXES_H

#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"

typedef struct boxes_row {
    const char *file; /* as the CSV has it; "" where no row follows */
    pfld_box box;
    char *wrong; /* NULL: box is sound; else what is wrong, with the CSV's name and line */
} boxes_row;

typedef struct boxes_table {
    boxes_row *rows; /* [n], in the order of the file */
    size_t n, room;
    char *text; /* owned: the names point into it */
} boxes_table;  /* zeroed: empty */

/*
 * Reads columns file,left,top,right,bottom, in this order, or as a first line with these names
 * tells (in either case, and others may be among them). Blanks around a field and a byte order mark
 * don't count. Messages name path and line. A row
 * that names a file but no box says so in wrong.
 */
pfld_status boxes_read(const char *path, boxes_table *out, pfld_error *err);
/* The same from memory; name is for messages. */
pfld_status boxes_parse(const uint8_t *data, size_t size, const char *name, boxes_table *out,
                        pfld_error *err);
void boxes_free(boxes_table *t);

/* The next row behind *at (which starts at 0) that means file: by the same path (a leading "./"
 * does not count), or by the same
 * name without folders where the CSV states none. NULL: no more. */
const boxes_row *boxes_next(const boxes_table *t, const char *file, size_t *at);

#endif
