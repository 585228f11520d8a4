/* Failures from outside: a status and one sentence in a caller-owned pfld_error. */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include "pfld/pfld.h"

#if defined(__GNUC__)
#  define CORE_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#else
#  define CORE_PRINTF(fmt, args)
#endif

/* Fills err (may be NULL) and returns status, so that a failure is one return statement. */
pfld_status error_set(pfld_error *err, pfld_status status, const char *fmt, ...) CORE_PRINTF(3, 4);

/* The system refused: PFLD_ERR_IO, with errno's text behind ": ". */
pfld_status error_sys(pfld_error *err, int sys, const char *fmt, ...) CORE_PRINTF(3, 4);

pfld_status error_nomem(pfld_error *err);

/* Puts "prefix: " before the sentence that is there: the reader does not know the file's name. */
void error_prefix(pfld_error *err, const char *prefix);

#endif
