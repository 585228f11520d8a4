/* Faces of a video as the CSV of OpenFace 2.2's FeatureExtraction. */
#include "cli/openface.h"

#include <math.h>

#include "cli/decimal.h"
#include "geometry/pose.h"

#define RADIAN         57.29577951308232 /* 180 / pi */
#define ANGLE_DECIMALS 5
#define DECIMALS       3

static void put(FILE *to, double v, int decimals)
{
    char text[DECIMAL_TEXT];

    fprintf(to, ",%s", isfinite(v) ? decimal_text(v, decimals, text) : "");
}

void openface_header(FILE *to, int32_t n_landmarks)
{
    fputs("frame,face_id,timestamp,confidence,success,pose_Rx,pose_Ry,pose_Rz", to);
    for (int axis = 0; axis < 2; axis++)
        for (int32_t i = 0; i < n_landmarks; i++)
            fprintf(to, ",%c_%d", axis ? 'y' : 'x', (int)i);
    fputc('\n', to);
}

/* Its frames count from 1, its angles are radians. */
static void put_start(FILE *to, const output_moment *m, uint32_t id)
{
    fprintf(to, "%zu,%u", m->frame + 1, id);
    put(to, m->t, DECIMALS);
}

static void put_face(FILE *to, const output_moment *m, const pfld_face *f)
{
    pfld_pose pose = pose_convert(&f->pose, POSE_OPENFACE);

    put_start(to, m, f->id);
    put(to, (double)(isfinite(f->presence) ? f->presence : f->score), DECIMALS);
    fputs(",1", to);
    put(to, (double)pose.pitch / RADIAN, ANGLE_DECIMALS);
    put(to, (double)pose.yaw / RADIAN, ANGLE_DECIMALS);
    put(to, (double)pose.roll / RADIAN, ANGLE_DECIMALS);
    for (int32_t i = 0; i < f->n_landmarks; i++)
        put(to, (double)f->landmarks[i].x, DECIMALS);
    for (int32_t i = 0; i < f->n_landmarks; i++)
        put(to, (double)f->landmarks[i].y, DECIMALS);
    fputc('\n', to);
}

void openface_write(FILE *to, const output_result *r)
{
    for (size_t i = 0; i < r->n; i++)
        put_face(to, r->moment, &r->faces[i]);
    if (r->n)
        return;
    put_start(to, r->moment, 0);
    for (int32_t i = 0; i < 2 + 3 + 2 * r->n_landmarks; i++)
        fputs(",0", to);
    fputc('\n', to);
}
