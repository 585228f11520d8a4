/* Decimal numbers in text, the same in every locale. */
#ifndef CORE_NUMBER_H
#define CORE_NUMBER_H

#include <stdbool.h>

/* Reads [+-]digits[.digits][e[+-]digits] at *text and leaves *text behind it; "0..1" reads 0 and
 * stops at "..". False, *text untouched, where there is no number or it is beyond a float. */
bool number_parse(const char **text, float *out);

#endif
