/* UTF-8 told from other bytes: names come from files. */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stddef.h>

/* Length of the character at s, of which n >= 1 bytes are there; 0 where it is none (RFC 3629,
 * table 3-7 of Unicode: no overlong forms, no surrogates). */
size_t utf8_length(const unsigned char *s, size_t n);

#endif
