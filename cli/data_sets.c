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
