/* log.jsonl: lines of JSON, one for each interval of a run, over all its sessions. */
#define _POSIX_C_SOURCE 200809L
#include "train/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"

#define LONGEST_LINE 1024 /* bytes; ours have less than 400 */

/* True for a whole line whose step is not beyond the given one. */
static bool belongs(const char *line, uint64_t step)
{
    static const char key[] = "\"step\":";
    const char *at = strstr(line, key);
    char *end;
    unsigned long long n;

    if (!at || !strchr(line, '\n'))
        return false;
    at += sizeof key - 1;
    n = strtoull(at, &end, 10);
    return end > at && n <= step;
}

/* Bytes of the lines that stay. */
static long kept(FILE *f, uint64_t step)
{
    char line[LONGEST_LINE];
    long n = 0;

    while (fgets(line, sizeof line, f) && belongs(line, step))
        n += (long)strlen(line);
    return n;
}

pfld_status train_log_open(const char *path, uint64_t step, FILE **out, pfld_error *err)
{
    FILE *f = fopen(path, step ? "r+" : "w+");
    long n;

    if (!f && step && errno == ENOENT)
        f = fopen(path, "w+");
    if (!f)
        return error_sys(err, errno, "%s", path);
    n = kept(f, step);
    if (ferror(f) || fseek(f, n, SEEK_SET) != 0 || ftruncate(fileno(f), n) != 0) {
        pfld_status st = error_sys(err, errno, "%s", path);
        fclose(f);
        return st;
    }
    *out = f;
    return PFLD_OK;
}
