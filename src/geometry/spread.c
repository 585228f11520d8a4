/* How far off landmarks may be: from what a net's head says to covariances and ellipses. */
#include "geometry/spread.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/number.h"

#define PI 3.14159265358979

/* Of ln sx and ln sy: a millionth of the crop's side, and seven sides. */
#define LN_LEAST   (-14.0)
#define LN_MOST    2.0
#define ATANH_MOST 4.0 /* r of 0.9993: beyond, the inverse loses its digits in float */
#define SCALE_MOST 100.0f

/* ---- the metadata's text ---- */

static bool parse_pair(const char **text, spread_rule *out)
{
    size_t length = strcspn(*text, "=");
    float *to = length == 4 && memcmp(*text, "tail", 4) == 0    ? &out->tail
                : length == 5 && memcmp(*text, "floor", 5) == 0 ? &out->floor
                                                                : NULL;

    for (int g = 0; g < SCHEME_GROUPS; g++)
        if (strlen(scheme_group_names[g]) == length &&
            memcmp(scheme_group_names[g], *text, length) == 0)
            to = &out->scale[g];
    *text += length;
    return to && *(*text)++ == '=' && number_parse(text, to);
}

static bool is_sound(const spread_rule *r)
{
    for (int g = 0; g < SCHEME_GROUPS; g++)
        if (!(r->scale[g] > 1 / SCALE_MOST && r->scale[g] < SCALE_MOST))
            return false;
    return r->tail >= SPREAD_TAIL_LEAST && r->tail <= SPREAD_TAIL_MOST && r->floor >= 0 &&
           r->floor <= SPREAD_FLOOR_MOST;
}

pfld_status spread_parse(const char *text, spread_rule *out, pfld_error *err)
{
    spread_rule r = {0};
    const char *at = text;
    bool ok;

    for (int g = 0; g < SCHEME_GROUPS; g++)
        r.scale[g] = 1;
    for (ok = parse_pair(&at, &r); ok && *at == ' ';) {
        at++;
        ok = parse_pair(&at, &r);
    }
    if (!ok || *at || !is_sound(&r))
        return error_set(err, PFLD_ERR_FORMAT,
                         "pfld.spread '%.60s': 'tail=V floor=F GROUP=K ...' wanted, V from %g to "
                         "%g, F to %g",
                         text, (double)SPREAD_TAIL_LEAST, (double)SPREAD_TAIL_MOST,
                         (double)SPREAD_FLOOR_MOST);
    *out = r;
    return PFLD_OK;
}

const char *spread_text(const spread_rule *rule, const scheme *s, char buf[SPREAD_TEXT])
{
    int used = snprintf(buf, SPREAD_TEXT, "tail=%.4g", (double)rule->tail);

    if (rule->floor > 0)
        used +=
            snprintf(buf + used, (size_t)(SPREAD_TEXT - used), " floor=%.4g", (double)rule->floor);
    for (int g = 0; g < SCHEME_GROUPS; g++)
        for (int c = 0; c < s->n_contours; c++)
            if (s->contours[c].kind == (scheme_group_kind)g) {
                used += snprintf(buf + used, (size_t)(SPREAD_TEXT - used), " %s=%.4g",
                                 scheme_group_names[g], (double)rule->scale[g]);
                break;
            }
    return buf;
}

/* ---- covariances ---- */

/* NaN is what a net says that knows nothing. */
static double within(float v, double least, double most, double of_nan)
{
    return isnan(v) ? of_nan : fmin(fmax((double)v, least), most);
}

double spread_scale(const spread_rule *rule, scheme_group_kind group)
{
    double v = (double)rule->tail, k = (double)rule->scale[group];

    return k * k * v / (v - 2);
}

pfld_cov spread_cov(const spread_rule *rule, const float said[3], scheme_group_kind group)
{
    double all = spread_scale(rule, group);
    double sx = exp(within(said[0], LN_LEAST, LN_MOST, LN_MOST)),
           sy = exp(within(said[1], LN_LEAST, LN_MOST, LN_MOST));
    double r = tanh(within(said[2], -ATANH_MOST, ATANH_MOST, 0));

    return (pfld_cov){(float)(all * sx * sx), (float)(all * r * sx * sy), (float)(all * sy * sy)};
}

double spread_size(const pfld_point *p, int32_t n)
{
    double x = 0, y = 0, sum = 0;

    for (int32_t i = 0; i < n; i++) {
        x += (double)p[i].x / n;
        y += (double)p[i].y / n;
    }
    for (int32_t i = 0; i < n; i++)
        sum += ((double)p[i].x - x) * ((double)p[i].x - x) +
               ((double)p[i].y - y) * ((double)p[i].y - y);
    return n > 0 ? sqrt(sum / n) : 0;
}

double spread_floor(const spread_rule *rule, double size, scheme_group_kind group)
{
    double deviation = (double)rule->floor * size;

    return spread_scale(rule, group) * deviation * deviation;
}

pfld_cov spread_map(const affine *t, pfld_cov c)
{
    double a = (double)t->a, b = (double)t->b, d = (double)t->d, e = (double)t->e;
    double xx = (double)c.xx, xy = (double)c.xy, yy = (double)c.yy;

    return (pfld_cov){(float)(a * a * xx + 2 * a * b * xy + b * b * yy),
                      (float)(a * d * xx + (a * e + b * d) * xy + b * e * yy),
                      (float)(d * d * xx + 2 * d * e * xy + e * e * yy)};
}

double spread_distance2(pfld_cov c, double x, double y)
{
    double xx = (double)c.xx, xy = (double)c.xy, yy = (double)c.yy;

    return (yy * x * x - 2 * xy * x * y + xx * y * y) / (xx * yy - xy * xy);
}

double spread_radius(double tail, double share)
{
    return sqrt((tail - 2) * expm1(-2 / tail * log1p(-share)));
}

void spread_axes(pfld_cov c, double half[2], double *angle)
{
    double middle = ((double)c.xx + (double)c.yy) / 2, off = ((double)c.xx - (double)c.yy) / 2;
    double apart = hypot(off, (double)c.xy);

    half[0] = sqrt(middle + apart);
    half[1] = sqrt(fmax(middle - apart, 0));
    *angle = atan2((double)c.xy, off) / 2;
}

/* Expected root of e' C^-1 e: the integral of the chance that it is larger, by Gamma functions. */
double spread_of_tail(double tail)
{
    return sqrt((tail - 2) * PI) / 2 * tgamma((tail - 1) / 2) / tgamma(tail / 2);
}

/* |e| is that root times how long the ellipse's border is from its middle in a random direction of
 * the circle that it is the image of: 1 / 2 pi of its perimeter, for which Ramanujan's formula is
 * right to 5e-4 at the worst. */
double spread_expected(double of_tail, pfld_cov c)
{
    double half[2], angle, sum, h;

    spread_axes(c, half, &angle);
    sum = half[0] + half[1];
    if (!(sum > 0))
        return sum;
    h = (half[0] - half[1]) / sum * (half[0] - half[1]) / sum;
    return of_tail * sum / 2 * (1 + 3 * h / (10 + sqrt(4 - 3 * h)));
}
