/* Numbers as people type and read them, whatever the locale. */
#include "cli/decimal.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/number.h"

static const double tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

bool decimal_parse(const char *s, float *out)
{
    float v;

    if (!number_parse(&s, &v) || *s)
        return false;
    *out = v;
    return true;
}

size_t decimal_parse_list(const char *s, float *out, size_t max)
{
    for (size_t n = 0; n < max;) {
        if (!number_parse(&s, &out[n++]))
            return 0;
        if (!*s)
            return n;
        if (*s++ != ',')
            return 0;
    }
    return 0;
}

bool decimal_parse_count(const char *s, long *out)
{
    size_t n = strlen(s);

    if (n == 0 || n > 9 || strspn(s, "0123456789") != n)
        return false;
    *out = strtol(s, NULL, 10);
    return true;
}

double decimal_round(double v, int decimals)
{
    return round(v * tens[decimals]) / tens[decimals] + 0.0; /* + 0.0 turns -0.0 into 0.0 */
}

char *decimal_text(double v, int decimals, char buf[DECIMAL_TEXT])
{
    double scaled = round(fabs(v) * tens[decimals]);
    unsigned long long one = (unsigned long long)tens[decimals], n;
    int used;

    if (scaled >= 9e15) { /* beyond what a double holds to the unit */
        snprintf(buf, DECIMAL_TEXT, "%.0e", v);
        return buf;
    }
    n = (unsigned long long)scaled;
    used = snprintf(buf, DECIMAL_TEXT, "%s%llu", v < 0 && n ? "-" : "", n / one);
    if (n % one) {
        used += snprintf(buf + used, DECIMAL_TEXT - (size_t)used, ".%0*llu", decimals, n % one);
        while (buf[used - 1] == '0')
            buf[--used] = 0;
    }
    return buf;
}

char *decimal_grouped(unsigned long long v, char buf[DECIMAL_TEXT])
{
    char digits[24];
    size_t n = (size_t)snprintf(digits, sizeof digits, "%llu", v), used = 0;

    for (size_t i = 0; i < n; i++) {
        if (i && (n - i) % 3 == 0)
            buf[used++] = ',';
        buf[used++] = digits[i];
    }
    buf[used] = 0;
    return buf;
}
