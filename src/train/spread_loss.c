/* The loss of the head that says how far off each landmark may be: a likelihood. */
#include "train/spread_loss.h"

#include <math.h>

typedef struct term {
    double value, d[3];
} term;

static term point_term(const double e[2], const double s[3])
{
    const double v = SPREAD_TRAIN_TAIL;
    double r = tanh(s[2]), rest = 1 / (cosh(s[2]) * cosh(s[2])); /* 1 - r^2, without its rounding */
    double x = e[0] * exp(-s[0]), y = e[1] * exp(-s[1]);
    double q = (x * x - 2 * r * x * y + y * y) / rest, h = (v + 2) / (v + q);

    return (term){.value = s[0] + s[1] - log(cosh(s[2])) + (v + 2) / 2 * log1p(q / v),
                  .d = {1 - h * (x * x - r * x * y) / rest, 1 - h * (y * y - r * x * y) / rest,
                        h * (r * q - x * y) - r}};
}

static double mask_at(const spread_batch *b, size_t i)
{
    return b->mask ? (double)b->mask[i] : 1;
}

double spread_known(const spread_batch *b)
{
    double sum = 0;

    for (size_t i = 0; i < b->n * b->points; i++)
        sum += mask_at(b, i);
    return sum;
}

spread_value spread_loss_eval(const spread_batch *b)
{
    spread_value v = {.known = spread_known(b)};
    double all = b->known > 0 ? b->known : v.known;

    for (size_t i = 0; i < b->n * b->points; i++) {
        double mask = mask_at(b, i), e[2] = {0}, s[3];
        term t = {0};

        for (size_t k = 0; mask > 0 && k < 2; k++)
            e[k] = (double)b->truth[2 * i + k] - (double)b->predicted[2 * i + k];
        for (size_t k = 0; k < 3; k++)
            s[k] = (double)b->spread[3 * i + k];
        if (mask > 0)
            t = point_term(e, s);
        v.total += mask * t.value;
        for (size_t k = 0; b->grad && k < 3; k++)
            b->grad[3 * i + k] = (real)(mask > 0 ? mask * t.d[k] / all : 0);
    }
    return v;
}

double spread_loss_percent(double total, double known)
{
    return known > 0 ? 100 * exp(total / known / 2) : (double)NAN;
}
