/* Cuts: when a video goes on with another scene. */
#include "track/cuts.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "image/image.h"

#define CHANGE   0.5f /* of the contrast, by which most of the picture changes at a cut */
#define CONTRAST 4.0f /* levels of 255: standard deviation of the cells of what is no scene */
enum { ACROSS = 4 };  /* pixels that are looked at in each direction of a cell */

/* Where the middle of the i-th of n parts of a side is. */
static ptrdiff_t middle(int i, int n, int32_t side)
{
    return (2 * (ptrdiff_t)i + 1) * side / (2 * (ptrdiff_t)n);
}

/* Green, or grey: near enough to luma. */
static float level(const pfld_image *img, int column, int row)
{
    int channels = image_channels(img->format);
    ptrdiff_t x = middle(column, CUTS_COLUMNS * ACROSS, img->width);
    ptrdiff_t y = middle(row, CUTS_ROWS * ACROSS, img->height);

    return (float)img->data[y * img->stride + x * channels + (channels > 1)];
}

static float mean_of_cell(const pfld_image *img, int column, int row)
{
    float sum = 0.0f;

    for (int y = 0; y < ACROSS; y++)
        for (int x = 0; x < ACROSS; x++)
            sum += level(img, column * ACROSS + x, row * ACROSS + y);
    return sum / (ACROSS * ACROSS);
}

static float deviation(const float cells[CUTS_CELLS])
{
    float mean = 0.0f, square = 0.0f;

    for (int i = 0; i < CUTS_CELLS; i++)
        mean += cells[i] / CUTS_CELLS;
    for (int i = 0; i < CUTS_CELLS; i++)
        square += (cells[i] - mean) * (cells[i] - mean) / CUTS_CELLS;
    return sqrtf(square);
}

/* By insertion: qsort() may allocate. */
static float median(float values[CUTS_CELLS])
{
    for (int i = 1; i < CUTS_CELLS; i++) {
        float v = values[i];
        int at = i;
        for (; at > 0 && values[at - 1] > v; at--)
            values[at] = values[at - 1];
        values[at] = v;
    }
    return values[CUTS_CELLS / 2];
}

/* How far most cells are changed, but for what all are lighter or darker by. */
static float change(const float a[CUTS_CELLS], const float b[CUTS_CELLS])
{
    float off[CUTS_CELLS], lighter;

    for (int i = 0; i < CUTS_CELLS; i++)
        off[i] = a[i] - b[i];
    lighter = median(off);
    for (int i = 0; i < CUTS_CELLS; i++)
        off[i] = fabsf(off[i] - lighter);
    return median(off);
}

bool cuts_next(cuts *c, const pfld_image *img)
{
    float cells[CUTS_CELLS], contrast;
    bool is;

    for (int i = 0; i < CUTS_CELLS; i++)
        cells[i] = mean_of_cell(img, i % CUTS_COLUMNS, i / CUTS_COLUMNS);
    contrast = deviation(cells);
    if (contrast < CONTRAST)
        return false;
    is = c->contrast > 0.0f && change(cells, c->before) > CHANGE * 0.5f * (c->contrast + contrast);
    memcpy(c->before, cells, sizeof cells);
    c->contrast = contrast;
    return is;
}
