/* From the boxes of face finders to the box around the landmarks. */
#include "detect/box_from.h"

#include <stddef.h>

static const struct {
    pfld_box_kind kind;
    crop_rule rule;
} rules[] = {
    {PFLD_BOX_LANDMARKS, {.scale = 1.0f}},
    {PFLD_BOX_PFLD, {.scale = 0.887f, .shift_y = 0.076f}},
    {PFLD_BOX_DLIB, {.scale = 1.005f, .shift_y = 0.083f}},
    {PFLD_BOX_OPENCV, {.scale = 0.883f, .shift_y = 0.144f}},
    {PFLD_BOX_MTCNN, {.scale = 0.781f, .shift_y = 0.127f}},
    {PFLD_BOX_YUNET, {.scale = 0.778f, .shift_y = 0.124f}},
};

bool box_from_rule(pfld_box_kind kind, crop_rule *out)
{
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (rules[i].kind == kind) {
            *out = rules[i].rule;
            return true;
        }
    return false;
}

pfld_box box_from_apply(const crop_rule *rule, const pfld_box *b)
{
    float longer = b->w > b->h ? b->w : b->h, side = rule->scale * longer;

    return (pfld_box){
        .x = b->x + 0.5f * b->w + rule->shift_x * longer - 0.5f * side,
        .y = b->y + 0.5f * b->h + rule->shift_y * longer - 0.5f * side,
        .w = side,
        .h = side,
    };
}
