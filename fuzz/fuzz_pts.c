/* Any bytes as a .pts file of 68 and of 5 points. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/pts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t wanted[] = {68, 5};

    for (int k = 0; k < 2; k++) {
        pfld_point p[68];
        pfld_error err = {0};
        if (pts_parse(text_of(data, size), wanted[k], p, &err)) {
            if (strlen(err.msg) < 5)
                abort();
            continue;
        }
        for (size_t i = 0; i < wanted[k]; i++)
            if (!isfinite(p[i].x) || !isfinite(p[i].y))
                abort();
    }
    return 0;
}
