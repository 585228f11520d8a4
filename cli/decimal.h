/* Numbers as people type and read them, whatever the locale. */
#ifndef CLI_DECIMAL_H
#define CLI_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

#define DECIMAL_TEXT 40 /* bytes that decimal_text() and decimal_grouped() need at most */

/* All of s is one decimal number that a float can hold: no space, no hex, no inf or nan. */
bool decimal_parse(const char *s, float *out);
/* All of s is max numbers at most, apart by commas: how many; 0 where something else is in it. */
size_t decimal_parse_list(const char *s, float *out, size_t max);
/* All of s is a whole number from 0 to 999,999,999. */
bool decimal_parse_count(const char *s, long *out);

/* v, which is finite, with 0 to 6 decimals at most, none of them a trailing zero; returns buf. */
char *decimal_text(double v, int decimals, char buf[DECIMAL_TEXT]);
/* v as the double next to its decimal rounding; never -0. */
double decimal_round(double v, int decimals);
/* 1234567 as "1,234,567"; returns buf. */
char *decimal_grouped(unsigned long long v, char buf[DECIMAL_TEXT]);

#endif
