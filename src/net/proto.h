/* Protobuf's wire format, both ways: fields with numbers, no schema. */
#ifndef NET_PROTO_H
#define NET_PROTO_H

#include "core/bytes.h"

typedef enum proto_wire {
    PROTO_VARINT = 0,
    PROTO_I64 = 1,
    PROTO_LEN = 2,
    PROTO_I32 = 5
} proto_wire;

typedef struct proto_field {
    uint32_t number;
    proto_wire wire;
    uint64_t value; /* VARINT, I64, I32 */
    bytes body;     /* LEN: a string, a message or packed numbers; else empty */
} proto_field;

/* The next field of a message. False at its end and where it is damaged: then m->failed. */
bool proto_next(bytes *m, proto_field *f);
float proto_float(uint32_t bits);

/* Walks over the elements of a repeated field of numbers, packed or not, in pieces or in one. */
typedef struct proto_numbers {
    bytes message, packed;
    uint32_t number;
    proto_wire wire; /* of one element: VARINT, I32 or I64 */
} proto_numbers;

proto_numbers proto_numbers_of(bytes message, uint32_t number, proto_wire wire);
/* False at the end and where the message is damaged: then it->message.failed. */
bool proto_numbers_next(proto_numbers *it, uint64_t *v);
/* Counts them all. False where the message is damaged. */
bool proto_numbers_count(bytes message, uint32_t number, proto_wire wire, size_t *n);

/* Appends to a growing buffer; failure (no memory) is sticky. Zeroed: empty. */
typedef struct proto_writer {
    uint8_t *buf; /* mem_free() */
    size_t n, room;
    bool failed;
} proto_writer;

void proto_put_int(proto_writer *w, uint32_t number, int64_t v);
void proto_put_float(proto_writer *w, uint32_t number, float v);
void proto_put_bytes(proto_writer *w, uint32_t number, const void *data, size_t n);
void proto_put_string(proto_writer *w, uint32_t number, const char *s);
/* n elements of size bytes (1, 4 or 8), little-endian whatever this machine is. */
void proto_put_elements(proto_writer *w, uint32_t number, const void *data, size_t n, size_t size);
/* What is put between the two becomes the message in this field; returns what end wants back. */
size_t proto_begin(proto_writer *w, uint32_t number);
void proto_end(proto_writer *w, size_t begin);

#endif
