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

/* Inline so that clang's analyzer sees that it is never PFLD_OK. */
static inline pfld_status error_nomem(pfld_error *err)
{
    error_set(err, PFLD_ERR_NOMEM, "out of memory");
    return PFLD_ERR_NOMEM;
}

/* Bytes of a path that a message shows at most, so that the reason still fits. */
#define ERROR_PATH 120
/* path, or where it is longer its end behind "...", which tells more than its start; in buf, which
 * has room for ERROR_PATH + 1 bytes. */
const char *error_path(const char *path, char *buf);

/* Puts "prefix: " (a path) before the sentence that is there: who reads from memory does not know
 * the file's name. */
void error_prefix(pfld_error *err, const char *prefix);

#endif
