/* What tests of whole training runs begin with, and what a run leaves behind. */
#ifndef TRAIN_RUNS_H
#define TRAIN_RUNS_H

#include "reader_files.h"

#include "data/facepose.h"
#include "train/checkpoint.h"

/* n faces, each alone in a picture of its own, as the rig's set. */
static inline void train_runs_add_faces(rig *g, int n)
{
    enum { SIDE = 200 };
    static string csv;
    static char picture[32 + SIDE * SIDE];
    int head = snprintf(picture, 32, "P5 %d %d 255\n", SIDE, SIDE);

    csv.n = 0;
    string_csv_header(&csv, 68);
    for (int k = 0; k < n; k++) {
        char name[16];
        for (int i = 0; i < SIDE * SIDE; i++)
            picture[head + i] = (char)(i * (k + 3) % 251);
        snprintf(name, sizeof name, "%d.pgm", k);
        rig_write_bytes(g, name, picture, (size_t)head + (size_t)SIDE * SIDE);
        string_csv_row(&csv, name, 68);
    }
    rig_write(g, "set.csv", csv.at);
    rig_add_ok(g, "csv68", "set.csv");
    data_set_derive(&g->set, NULL);
}

/* The checkpoint of a run in the rig's folder. */
static inline checkpoint *train_runs_saved(const rig *g)
{
    char path[160];
    checkpoint *c = NULL;

    snprintf(path, sizeof path, "%s/checkpoint", g->folder);
    assert_int_equal(checkpoint_read(path, &c, NULL, NULL), PFLD_OK);
    return c;
}

#endif
