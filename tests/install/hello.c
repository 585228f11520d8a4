#include <pfld/pfld.h>
#include <stdio.h>

int main(void)
{
    static uint8_t grey[100][100];
    const pfld_image image = {&grey[0][0], 100, 100, 100, PFLD_GRAY8};
    const pfld_box box = {20, 20, 60, 60};
    pfld_face face = {0};
    pfld_error err = {0};
    pfld_model *model = NULL;
    pfld_session *session = NULL;
    pfld_status status = pfld_model_load_default(NULL, &model, &err);

    if (!status)
        status = pfld_session_create(model, NULL, NULL, &session, &err);
    if (!status)
        status = pfld_landmarks(session, &image, &box, &face, &err);
    printf("pfld %06x: %d landmarks. %s\n", (unsigned)pfld_version(), (int)face.n_landmarks,
           err.msg);
    pfld_session_free(session);
    pfld_model_free(model);
    return !(status == PFLD_OK && face.n_landmarks == 68);
}
