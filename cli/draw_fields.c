/* The options of all commands that draw faces: what is drawn of each. */
#include "cli/draw_fields.h"

#include "cli/message.h"

bool draw_fields_check(const char *command, const draw_fields *f)
{
    if (f->ellipses < 100)
        return true;
    message("%s: --ellipses: %g is not below 100", command, (double)f->ellipses);
    return false;
}

draw_options draw_fields_options(const draw_fields *f, float radius)
{
    draw_options how = {.ellipse = radius};

    if (f->style > DRAW_FULL)
        draw_set_style(&how, (draw_style)f->style);
    return how;
}
