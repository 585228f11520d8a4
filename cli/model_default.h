/* The models that a command takes where none was named: those inside the library. */
#ifndef CLI_MODEL_DEFAULT_H
#define CLI_MODEL_DEFAULT_H

#include "cli/model.h"

/* model_open(), or for a path of NULL the landmark model inside the library; m->path then is what
 * that one is called in messages and results. PFLD_ERR_UNSUPPORTED where there is none inside. */
pfld_status model_open_or_default(model_file *m, const char *path, pfld_error *err);
/* The same with the face detector. */
pfld_status model_open_or_default_detector(model_file *m, const char *path, pfld_error *err);

#endif
