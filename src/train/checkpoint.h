/* Files that hold everything a run needs to go on as if it had never stopped. */
#ifndef TRAIN_CHECKPOINT_H
#define TRAIN_CHECKPOINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"
#include "train/real.h"

/*
 * A checkpoint is a list of named items, no more: weights, running statistics, moments, averages,
 * and also the step, the seed, random states (U64) and the options (TEXT). The file, little-endian:
 *
 *     header   "PFLDCKPT", u32 version, u32 number of sections, u64 bytes of the file,
 *              u32 CRC-32 of these 24 bytes
 *     section  u32 kind, u32 length of the name, u64 elements, name, elements,
 *              u32 CRC-32 of all of the section before it
 *     end      u64 FNV-1a of all bytes before
 */
typedef enum checkpoint_kind {
    CHECKPOINT_F32 = 1,
    CHECKPOINT_F64 = 2,
    CHECKPOINT_U64 = 3,
    CHECKPOINT_TEXT = 4, /* bytes; a read one is 0-terminated beyond its count */
#ifdef TRAIN_DOUBLE
    CHECKPOINT_REAL = CHECKPOINT_F64,
#else
    CHECKPOINT_REAL = CHECKPOINT_F32,
#endif
} checkpoint_kind;

#define CHECKPOINT_NAME 255 /* bytes of a name at most, at least 1 */

typedef struct checkpoint_item {
    const char *name;
    checkpoint_kind kind;
    size_t n;   /* elements */
    void *data; /* [n]; only read by checkpoint_write() */
    /* For checkpoint_restore(), of a U64 with n 1: not read but compared, so that the message can
     * say "the checkpoint is of a net with 136 outputs, this one has 196". what: "outputs". */
    const char *what;
} checkpoint_item;

/*
 * Writes path so that at any moment, power cuts included, path or path.prev is whole: into
 * path.tmp, fsync, path becomes path.prev, path.tmp becomes path, fsync of the folder. After a
 * failure (PFLD_ERR_IO, NOMEM) both are what they were. Names must differ.
 */
pfld_status checkpoint_write(const char *path, const checkpoint_item *items, size_t n,
                             pfld_error *err);

typedef struct checkpoint checkpoint;

/*
 * Reads path, or path.prev where path is damaged or missing (then *note, unless note is NULL, says
 * why; else its msg is empty). Nothing but whole files of this version are accepted. All missing:
 * PFLD_ERR_IO with sys ENOENT; damaged: PFLD_ERR_FORMAT; a newer version: PFLD_ERR_UNSUPPORTED,
 * without trying another.
 */
pfld_status checkpoint_read(const char *path, checkpoint **out, pfld_error *note, pfld_error *err);
void checkpoint_free(checkpoint *c);

/* The same from memory. unsealed: checksums are not looked at, for fuzzing what is behind them. */
pfld_status checkpoint_parse(const void *buf, size_t size, bool unsealed, checkpoint **out,
                             pfld_error *err);

size_t checkpoint_count(const checkpoint *c);
const checkpoint_item *checkpoint_at(const checkpoint *c, size_t i);
const checkpoint_item *checkpoint_find(const checkpoint *c, const char *name); /* NULL: none */

/*
 * Copies from c into the data of all items, or, where anything does not fit, into none of them
 * (PFLD_ERR_ARG): each must be there with its kind and count, what is compared must be equal, and
 * c must have no items beyond these and TEXT ones. Text is only checked to be there: take it from
 * checkpoint_find().
 */
pfld_status checkpoint_restore(const checkpoint *c, const checkpoint_item *items, size_t n,
                               pfld_error *err);

#endif
