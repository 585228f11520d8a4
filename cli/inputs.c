/* The pictures that a command line means: files, folders, patterns, and lists of any length. */
#define _POSIX_C_SOURCE 200809L
#include "cli/inputs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/paths.h"
#include "core/error.h"
#include "core/mem.h"
#include "media/paths.h"

#define LONGEST_NAME 65536          /* bytes of a list's line; Linux takes paths of 4096 */
#define MARK         "\xef\xbb\xbf" /* a byte order mark: some editors put it before UTF-8 */

typedef struct entry {
    const char *name;
    bool is_dir;
} entry;

typedef struct level { /* a folder that was read */
    char *text;        /* its names, each with a letter before it: 'd' is a folder's */
    entry *entries;    /* [n], sorted */
    size_t n, next;
    size_t length; /* of its path, with a '/' at the end */
} level;

struct inputs {
    inputs_spec spec;
    size_t operand; /* the next one */
    glob_t found;   /* of a pattern */
    size_t match;   /* the next one */
    bool matched;   /* there was one that can be opened */
    FILE *list;
    unsigned long line;
    char *name; /* [LONGEST_NAME], a list's line */
    char *path; /* [room], of what is at hand */
    size_t room;
    size_t inside; /* where inputs_file.inside starts in path */
    level *levels; /* [depth], the folder at hand and those above it */
    size_t depth, levels_room;
    size_t pictures; /* seen in the operand's folder */
};

/* path becomes its first keep bytes, and name. */
static bool set_path(inputs *in, size_t keep, const char *name)
{
    size_t n = strlen(name) + 1;
    char *grown = mem_grow(in->path, &in->room, keep + n + 1, 1); /* and room for a '/' */

    if (!grown)
        return false;
    in->path = grown;
    memcpy(in->path + keep, name, n);
    return true;
}

static inputs_step failed(const inputs *in, int sys, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    error_sys(err, sys, "%s", error_path(in->path, shown));
    return INPUTS_FAILED;
}

static inputs_step out_of_memory(pfld_error *err)
{
    error_nomem(err);
    return INPUTS_FAILED;
}

/* ---- folders ---- */

static void level_free(level *l)
{
    mem_free(l->text);
    mem_free(l->entries);
    *l = (level){0};
}

/* 'f': a file to look at; 'd': a folder to look into; 0: neither. A link that leads nowhere is
 * looked at, and fails with its name. */
static char kind_of(const inputs *in, int folder, const char *name)
{
    struct stat st;

    if (name[0] == '.')
        return 0;
    if (media_is_picture_name(name) && (fstatat(folder, name, &st, 0) != 0 || S_ISREG(st.st_mode)))
        return 'f';
    if (in->spec.recursive && fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISDIR(st.st_mode))
        return 'd';
    return 0;
}

/* Appends what d holds to l->text. 0 or errno. */
static int read_names(const inputs *in, DIR *d, level *l)
{
    size_t used = 0, room = 0;

    for (;;) {
        const struct dirent *e;
        char kind, *grown;
        size_t n;

        errno = 0;
        e = readdir(d);
        if (!e)
            return errno;
        kind = kind_of(in, dirfd(d), e->d_name);
        if (!kind)
            continue;
        n = strlen(e->d_name) + 1;
        grown = mem_grow(l->text, &room, used + 1 + n, 1);
        if (!grown)
            return ENOMEM;
        l->text = grown;
        l->text[used] = kind;
        memcpy(l->text + used + 1, e->d_name, n);
        used += 1 + n;
        l->n++;
    }
}

/* Files before folders, each by its bytes. */
static int compare_entries(const void *a, const void *b)
{
    const entry *x = a, *y = b;

    return x->is_dir != y->is_dir ? x->is_dir - y->is_dir : strcmp(x->name, y->name);
}

static bool sort_names(level *l)
{
    const char *at = l->text;

    l->entries = mem_alloc(l->n, sizeof *l->entries);
    if (!l->entries)
        return false;
    for (size_t i = 0; i < l->n; i++, at += strlen(at) + 1)
        l->entries[i] = (entry){at + 1, at[0] == 'd'};
    if (l->n)
        qsort(l->entries, l->n, sizeof *l->entries, compare_entries);
    return true;
}

static int read_level(const inputs *in, level *l)
{
    DIR *d = opendir(in->path);
    int sys;

    if (!d)
        return errno;
    sys = read_names(in, d, l);
    closedir(d);
    return sys ? sys : sort_names(l) ? 0 : ENOMEM;
}

/* Reads the folder that path names; INPUTS_END: its entries come next. */
static inputs_step enter(inputs *in, pfld_error *err)
{
    size_t n = strlen(in->path);
    level *grown = mem_grow(in->levels, &in->levels_room, in->depth + 1, sizeof *grown), l = {0};
    int sys;

    if (!grown)
        return out_of_memory(err);
    in->levels = grown;
    sys = read_level(in, &l);
    if (sys) {
        level_free(&l);
        return sys == ENOMEM ? out_of_memory(err) : failed(in, sys, err);
    }
    if (in->path[n - 1] != '/')
        memcpy(in->path + n++, "/", 2);
    l.length = n;
    in->levels[in->depth++] = l;
    return INPUTS_END;
}

static inputs_step leave(inputs *in, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    in->path[in->levels[in->depth - 1].length] = 0;
    level_free(&in->levels[--in->depth]);
    if (in->depth || in->pictures)
        return INPUTS_END;
    error_set(err, PFLD_ERR_FORMAT, "%s: no pictures in this folder%s", error_path(in->path, shown),
              in->spec.recursive ? "" : " (--recursive looks below it)");
    return INPUTS_FAILED;
}

/* The next entry of the folder at hand. INPUTS_END: nothing to tell of, ask again. */
static inputs_step next_entry(inputs *in, pfld_error *err)
{
    level *l = &in->levels[in->depth - 1];
    const entry *e;

    if (l->next == l->n)
        return leave(in, err);
    e = &l->entries[l->next++];
    if (!set_path(in, l->length, e->name))
        return out_of_memory(err);
    if (e->is_dir)
        return enter(in, err);
    in->pictures++;
    return INPUTS_FILE;
}

/* ---- operands ---- */

static bool is_pattern(const char *s)
{
    return strpbrk(s, "*?[") != NULL;
}

static bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

/* The length of the folders before the first wildcard. */
static size_t fixed_part(const char *pattern)
{
    size_t n = strcspn(pattern, "*?[");

    while (n && pattern[n - 1] != '/')
        n--;
    return n;
}

/* path is a file or a folder; inside starts at `inside`, or for what is in a folder behind it. */
static inputs_step begin(inputs *in, const char *path, bool below_folder, size_t inside,
                         pfld_error *err)
{
    inputs_step step;

    if (!set_path(in, 0, path))
        return out_of_memory(err);
    in->inside = inside;
    if (!path_is_dir(in->path))
        return INPUTS_FILE;
    in->pictures = 0;
    step = enter(in, err);
    if (step == INPUTS_END && below_folder)
        in->inside = in->levels[0].length;
    return step;
}

static inputs_step begin_pattern(inputs *in, const char *pattern, pfld_error *err)
{
    char shown[ERROR_PATH + 1];
    int code = glob(pattern, 0, NULL, &in->found);

    in->match = 0;
    in->matched = false;
    if (code == 0)
        return INPUTS_END;
    in->found.gl_pathc = 0; /* not promised after a failure */
    if (code == GLOB_NOSPACE)
        return out_of_memory(err);
    error_set(err, PFLD_ERR_IO, "%s: no file of this name, and none matches it",
              error_path(pattern, shown));
    return INPUTS_FAILED;
}

static inputs_step begin_stdin(inputs *in, pfld_error *err)
{
    in->inside = 0;
    if (!set_path(in, 0, "-"))
        return out_of_memory(err);
    return INPUTS_FILE;
}

static inputs_step next_operand(inputs *in, pfld_error *err)
{
    const char *operand = in->spec.operands[in->operand++];

    if (strcmp(operand, "-") == 0)
        return begin_stdin(in, err);
    if (is_pattern(operand) && !exists(operand))
        return begin_pattern(in, operand, err);
    return begin(in, operand, true, (size_t)(path_base(operand) - operand), err);
}

/* A pipe would be waited for, a device has no end. A link that leads nowhere fails with its name.
 */
static bool is_openable(const char *path)
{
    struct stat st;
    return stat(path, &st) != 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode);
}

static inputs_step end_pattern(inputs *in, pfld_error *err)
{
    char shown[ERROR_PATH + 1];

    globfree(&in->found);
    in->found = (glob_t){0};
    if (in->matched)
        return INPUTS_END;
    error_set(err, PFLD_ERR_FORMAT, "%s: nothing that it matches is a file or a folder",
              error_path(in->spec.operands[in->operand - 1], shown));
    return INPUTS_FAILED;
}

static inputs_step next_match(inputs *in, pfld_error *err)
{
    inputs_step step;

    while (in->match < in->found.gl_pathc && !is_openable(in->found.gl_pathv[in->match]))
        in->match++;
    if (in->match == in->found.gl_pathc)
        return end_pattern(in, err);
    in->matched = true;
    step = begin(in, in->found.gl_pathv[in->match], false,
                 fixed_part(in->spec.operands[in->operand - 1]), err);
    in->match++;
    return step;
}

/* ---- lists ---- */

/* Reads a name to its end; its length, of which at most LONGEST_NAME - 1 bytes are kept. EOF: c. */
static size_t read_name(inputs *in, int end, int *c)
{
    size_t n = 0;

    while ((*c = getc(in->list)) != EOF && *c != end) {
        if (n < LONGEST_NAME - 1)
            in->name[n] = (char)*c;
        n++;
    }
    in->name[n < LONGEST_NAME ? n : LONGEST_NAME - 1] = 0;
    return n;
}

static inputs_step wrong_line(const inputs *in, const char *why, pfld_error *err)
{
    error_set(err, PFLD_ERR_FORMAT, "%.100s: line %lu %s",
              strcmp(in->spec.list, "-") == 0 ? "stdin" : in->spec.list, in->line, why);
    return INPUTS_FAILED;
}

static void close_list(inputs *in)
{
    if (in->list && in->list != stdin)
        fclose(in->list);
    in->list = NULL;
}

static inputs_step next_line(inputs *in, pfld_error *err)
{
    bool lines = !in->spec.null_ended;
    char *name = in->name;
    int c;
    size_t n = read_name(in, lines ? '\n' : 0, &c);

    in->line++;
    if (c == EOF) {
        bool broken = ferror(in->list) != 0;
        int sys = errno;

        close_list(in);
        if (broken) {
            error_sys(err, sys, "%.100s", strcmp(in->spec.list, "-") ? in->spec.list : "stdin");
            return INPUTS_FAILED;
        }
    }
    if (n >= LONGEST_NAME)
        return wrong_line(in, "is too long for a name", err);
    if (lines && memchr(name, 0, n))
        return wrong_line(in, "holds a 0 byte (--null is for names that end with one)", err);
    if (lines && n && name[n - 1] == '\r')
        name[--n] = 0;
    if (lines && in->line == 1 && strncmp(name, MARK, strlen(MARK)) == 0) {
        name += strlen(MARK);
        n -= strlen(MARK);
    }
    if (!n)
        return INPUTS_END;
    return begin(in, strcmp(name, "-") == 0 ? "./-" : name, false, 0, err);
}

/* ---- the stream ---- */

pfld_status inputs_open(const inputs_spec *spec, inputs **out, pfld_error *err)
{
    inputs *in = mem_alloc(1, sizeof *in);
    char shown[ERROR_PATH + 1];
    int sys;

    *out = NULL;
    if (!in)
        return error_nomem(err);
    in->spec = *spec;
    if (spec->list) {
        in->name = mem_alloc(LONGEST_NAME, 1);
        if (!in->name) {
            mem_free(in);
            return error_nomem(err);
        }
        in->list = strcmp(spec->list, "-") == 0 ? stdin : fopen(spec->list, "rb");
        if (!in->list) {
            sys = errno;
            inputs_close(in);
            return error_sys(err, sys, "%s", error_path(spec->list, shown));
        }
    }
    *out = in;
    return PFLD_OK;
}

inputs_step inputs_next(inputs *in, inputs_file *out, pfld_error *err)
{
    inputs_step step = INPUTS_END;

    while (step == INPUTS_END) {
        if (in->depth)
            step = next_entry(in, err);
        else if (in->found.gl_pathc)
            step = next_match(in, err);
        else if (in->operand < in->spec.n)
            step = next_operand(in, err);
        else if (in->list)
            step = next_line(in, err);
        else
            return INPUTS_END;
    }
    if (step == INPUTS_FILE)
        *out = (inputs_file){in->path, in->path + in->inside};
    return step;
}

void inputs_close(inputs *in)
{
    if (!in)
        return;
    while (in->depth)
        level_free(&in->levels[--in->depth]);
    if (in->found.gl_pathc)
        globfree(&in->found);
    close_list(in);
    mem_free(in->levels);
    mem_free(in->name);
    mem_free(in->path);
    mem_free(in);
}

bool inputs_is_single(const inputs_spec *spec)
{
    const char *only = spec->n == 1 && !spec->list ? spec->operands[0] : NULL;

    if (!only)
        return false;
    return strcmp(only, "-") == 0 || exists(only) ? !path_is_dir(only) : !is_pattern(only);
}

bool inputs_can_be_read_twice(const inputs_spec *spec)
{
    struct stat st;
    return !spec->list || (stat(spec->list, &st) == 0 && S_ISREG(st.st_mode));
}

size_t inputs_count(const inputs_spec *spec)
{
    inputs *in;
    inputs_file file;
    inputs_step step;
    size_t n = 0;

    if (!inputs_can_be_read_twice(spec))
        return 0;
    if (inputs_open(spec, &in, NULL) || !in)
        return 0;
    while ((step = inputs_next(in, &file, NULL)) != INPUTS_END)
        n += step == INPUTS_FILE;
    inputs_close(in);
    return n;
}
