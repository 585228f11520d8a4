/* Data sets as the command line names them, and the face by which their poses are told. */
#include "cli/data_sets.h"

#include <stdio.h>

#include "cli/message.h"

data_options data_sets_options(bool skip_bad)
{
    return (data_options){.skip_bad = skip_bad, .message = message_hook};
}

pfld_status data_sets_read(data_set *set, const cli_texts *specs, const data_options *opt,
                           pfld_error *err)
{
    pfld_status st = PFLD_OK;

    for (size_t i = 0; i < specs->n && st == PFLD_OK; i++)
        st = data_set_add(set, specs->at[i], opt, err);
    return st;
}

pfld_status data_sets_face(const data_set *set, const char *file, const data_options *opt,
                           face_template *room, const face_template **face, pfld_error *err)
{
    char text[sizeof err->msg + 64];
    pfld_status st =
        file ? face_template_read(file, room, err) : face_template_build(set, room, err);

    *face = st == PFLD_OK ? room : NULL;
    if (file || st != PFLD_ERR_FORMAT)
        return st;
    snprintf(text, sizeof text, "%s: poses are told by the neutral face", err->msg);
    if (opt->message)
        opt->message(opt->ctx, text);
    return PFLD_OK;
}

const char *data_sets_wrong_shares(float turn, float shut)
{
    if (turn > 1.0f)
        return "--turn is a share, 0 to 1";
    return shut > 1.0f ? "--shut is a share, 0 to 1" : NULL;
}

static float share_of(float recipe, float asked, bool can, const char *why, const data_options *opt)
{
    if (can)
        return asked >= 0.0f ? asked : recipe;
    if (asked > 0.0f && opt->message)
        opt->message(opt->ctx, why);
    return 0.0f;
}

void data_sets_shares(augment_options *a, const data_set *set, const face_template *face,
                      float turn, float shut, const data_options *opt)
{
    const bool turns = augment_can_turn(set, face) > 0.0, shuts = augment_can_shut(set) > 0.0;

    a->face = face;
    a->turn = share_of(a->turn, turn, turns,
                       face ? "--turn: no face of these sets can be turned: none has all 68 points "
                              "of ibug68 and a pose"
                            : "--turn: no face of these sets can be turned: there is no mean face",
                       opt);
    a->shut =
        share_of(a->shut, shut, shuts,
                 "--shut: no face of these sets can shut its eyes: none is frontal, with both "
                 "eyes open and marked by their lids",
                 opt);
}
