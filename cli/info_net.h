/* pfld info --net: the paper's tables of a net, with what each row costs. */
#ifndef CLI_INFO_NET_H
#define CLI_INFO_NET_H

#include <stdbool.h>

#include "pfld/pfld.h"

typedef struct info_net_fields {
    int net, tail;          /* indices into the lists below; -1: not given */
    float width, aux_width; /* 0: not given */
    long points, size;      /* the same */
    bool aux;
} info_net_fields;

extern const char *const info_net_names[]; /* NULL-ended */
extern const char *const info_net_tails[];

/* Prints the table on stdout, as text or as a line of JSON. PFLD_ERR_ARG: no such net. */
pfld_status info_net(const info_net_fields *f, bool json, pfld_error *err);

#endif
