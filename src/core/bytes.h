/* A reader over bytes that someone else supplied: it never looks past their end. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The failure is sticky: once a read asked for more than there is, every further one gives 0 and
 * the reader counts as empty, so that a sequence of reads needs one check at its end.
 */
typedef struct bytes {
    const uint8_t *at, *end;
    bool failed;
} bytes;

bytes bytes_of(const void *data, size_t size);
size_t bytes_left(const bytes *b);
/* For a caller that finds what it read to be nonsense. Always false. */
bool bytes_fail(bytes *b);

uint8_t bytes_u8(bytes *b);
uint32_t bytes_le32(bytes *b);
uint64_t bytes_le64(bytes *b);
/* Base 128, least significant group first, at most 10 bytes, as protobuf has it. */
uint64_t bytes_varint(bytes *b);
/* The next n bytes as a reader of their own; an empty failed one where there are fewer. */
bytes bytes_sub(bytes *b, uint64_t n);

#endif
