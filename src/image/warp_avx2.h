/* Parts of a warped row by AVX2: the same bits as the scalar code of warp.c, sooner. */
#ifndef IMAGE_WARP_AVX2_H
#define IMAGE_WARP_AVX2_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) && defined(__x86_64__)
#  define WARP_AVX2 1
#else
#  define WARP_AVX2 0
#endif

#define WARP_FRACTION 10 /* bits of the fixed-point source coordinates */
#define WARP_STRETCH  16 /* pixels of dst at once, at most */
#define WARP_TAPS     36 /* samples to a pixel, at most: so many blocks are in a square footprint */
#define WARP_BILINEAR 16 /* bilinear ones: so that their sum fits in 32 bits */

typedef struct warp_stretch { /* every pixel's x, y is to_fixed(x0 + i * dx, y0 + i * dy) */
    const uint8_t *data;
    ptrdiff_t stride;
    int bpp;               /* 3 or 4 */
    int first, n;          /* i from first to first + n - 1 */
    double x0, dx, y0, dy; /* source pixels */
    int block; /* 1: samples are bilinear; else an even number: of so many pixels along a side */
    int n_taps;
    int32_t tap_x[WARP_TAPS], tap_y[WARP_TAPS]; /* what a sample adds to x and y, fixed point: a
                                                   block's is its first pixel, rounded down */
    double weight; /* of the sum of all samples' pixels, each 2^20 times the colour */
} warp_stretch;

typedef struct warp_mean { /* of columns: from to to - 1 weigh 2^10, first and last as it says */
    int first, last, from, to;
    double first_weight, last_weight;
} warp_mean;

#if WARP_AVX2
/* out [n][4]: three channels in the source's order, rounded. The caller knows that the CPU has
 * AVX2, that offsets into the picture fit in 32 bits, and that 8 bytes can be read at the left of
 * each two pixels of each sample. Sums are of 32 bits. */
void warp_stretch_avx2(const warp_stretch *s, uint8_t (*out)[4]);
/* sum[i] += weight * row[i] for i < n. */
void warp_add_row_avx2(uint32_t *sum, const uint8_t *row, size_t n, uint32_t weight);
/* out [n][4]: three channels of each mean, rounded, of sums [columns][bpp] below 2^31, of which a
 * number behind the last is read, too. All sums of a mean, weighted, are below 2^53. */
void warp_means_avx2(const warp_mean *means, int n, const uint32_t *sums, int bpp, double weight,
                     uint8_t (*out)[4]);
#endif

#endif
