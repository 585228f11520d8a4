/* A model, a session and pictures for tests of the public interface. */
#ifndef TESTS_TINY_FACE_H
#define TESTS_TINY_FACE_H

#include <stddef.h>
#include <stdint.h>

#include "pfld/pfld.h"
#include "tiny_net.h"

/* Five points at fixed places of the crop. */
extern const tiny_net tiny_fixed_points;
/* The means of the net's channels, in the order that the net sees. */
extern const tiny_net tiny_channel_means;

pfld_model *tiny_load(const tiny_net *t, const pfld_model_options *opt);
/* Of one pass: the crop is the one that the box asks for, whatever the points say. */
pfld_session *tiny_start(const pfld_model *m);

enum { TINY_WIDTH = 40, TINY_HEIGHT = 30 };
/* Both draw into the same memory. One colour, with every alpha there is; colours that differ
 * everywhere. */
pfld_image tiny_plain_picture(pfld_format f, uint8_t red, uint8_t green, uint8_t blue);
pfld_image tiny_busy_picture(pfld_format f);

/* A box inside the picture. */
extern const pfld_box tiny_box;

pfld_face tiny_find(pfld_session *s, const pfld_image *img, const pfld_box *box);
/* What value k of the net was: landmarks are the values, carried over to the picture. */
float tiny_value(const pfld_face *face, int k, float crop_scale);

#endif
