#include <pfld/pfld.h>
#include <stdio.h>

int main(void)
{
    pfld_error err;
    pfld_model *model;
    pfld_status status = pfld_model_load("no such model.onnx", NULL, &model, &err);

    printf("pfld %06x: %s\n", (unsigned)pfld_version(), err.msg);
    return !(status == PFLD_ERR_IO && model == NULL);
}
