/* Keeping a measurement on one CPU. */
#ifndef CLI_PIN_H
#define CLI_PIN_H

#include "pfld/pfld.h"

/* The calling thread stays on this CPU. PFLD_ERR_UNSUPPORTED where the system can't do that. */
pfld_status pin_to_cpu(long cpu, pfld_error *err);

#endif
