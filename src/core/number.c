/* Decimal numbers in text, the same in every locale: strtod() reads a comma in some. */
#include "core/number.h"

#include <math.h>

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* e12, E-3; leaves p alone where no digits follow. */
static const char *parse_exponent(const char *p, int *exponent)
{
    const char *q = p + 1;
    int sign = 1, value = 0;

    if (*p != 'e' && *p != 'E')
        return p;
    if (*q == '+' || *q == '-')
        sign = *q++ == '-' ? -1 : 1;
    if (!is_digit(*q))
        return p;
    for (; is_digit(*q); q++)
        value = value < 10000 ? value * 10 + (*q - '0') : value;
    *exponent += sign * value;
    return q;
}

/* Digits as a whole number times 10^exponent; those that no float can tell apart only count. */
static const char *parse_digits(const char *p, double *mantissa, int *exponent)
{
    for (; is_digit(*p); p++) {
        if (*mantissa < 1e18)
            *mantissa = *mantissa * 10 + (*p - '0');
        else
            ++*exponent;
    }
    return p;
}

bool number_parse(const char **text, float *out)
{
    const char *p = *text, *end;
    double mantissa = 0, value = 0;
    int exponent = 0;
    bool negative = *p == '-', digits;

    if (*p == '+' || *p == '-')
        p++;
    end = parse_digits(p, &mantissa, &exponent);
    digits = end != p;
    p = end;
    if (*p == '.' && p[1] != '.' && (digits || is_digit(p[1]))) {
        end = parse_digits(++p, &mantissa, &exponent);
        digits |= end != p;
        exponent -= (int)(end - p);
        p = end;
    }
    if (!digits)
        return false;
    p = parse_exponent(p, &exponent);
    /* powers of ten are exact up to 1e22; dividing by one is, where multiplying by 1e-n is not */
    if (mantissa > 0)
        value = exponent < 0 ? mantissa / pow(10, -exponent) : mantissa * pow(10, exponent);
    if (!(value < 0x1.ffffffp127)) /* what rounds to no float; inf and nan, too */
        return false;
    *out = (float)(negative ? -value : value);
    *text = p;
    return true;
}
