/* Sets of faces: reads "FORMAT:PATH@WEIGHT,..." by the format's reader, whole or not at all. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/reader.h"

#define MAX_LIST ((size_t)1 << 30) /* bytes of a list file */

enum { LABEL = 96 }; /* characters of a path in a message: the end tells more than the start */

typedef struct format {
    const char *name;
    pfld_status (*read)(reader *r, pfld_error *err);
    bool one_face, test_part;
} format;

static const format formats[] = {
    {"300w", read_300w, true, false},         {"csv68", read_csv68, false, false},
    {"mtfl", read_mtfl, true, false},         {"mtfl-train", read_mtfl, true, false},
    {"mtfl-test", read_mtfl, true, true},     {"wflw", read_wflw, false, false},
    {"coco", read_coco, false, false},        {"imglab", read_imglab, false, false},
    {"aflw2000", read_aflw2000, true, false},
};

static const format *find_format(text name)
{
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (text_is(name, formats[i].name))
            return &formats[i];
    return NULL;
}

bool reader_has_format(text name)
{
    return find_format(name) != NULL;
}

pfld_status reader_no_format(text name, const char *more, pfld_error *err)
{
    char known[160] = "";

    for (size_t i = 0, used = 0; i < sizeof formats / sizeof *formats; i++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "",
                                 formats[i].name);
    return error_set(err, PFLD_ERR_ARG, "'%.*s' is no format of data: %s%s", TEXT_SHOWN(name),
                     known, more);
}

/* The label keeps the path's end where it is too long, and is 0-terminated. */
static void make_label(const char *path, char label[LABEL + 1])
{
    size_t n = strlen(path);

    if (n <= LABEL)
        snprintf(label, LABEL + 1, "%s", path);
    else
        snprintf(label, LABEL + 1, "...%s", path + n - (LABEL - 3));
}

static text folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return (text){path, slash ? (size_t)(slash + 1 - path) : 0};
}

/* The sources are few: a new array for each keeps them in the set's arena. */
static bool append_source(data_set *set, const reader_file *file, const reader *r)
{
    data_source *all = arena_alloc(&set->mem, set->n_sources + 1, sizeof *all);
    data_source *last = all ? &all[set->n_sources] : NULL;

    if (!all)
        return false;
    if (set->n_sources)
        memcpy(all, set->sources, set->n_sources * sizeof *all);
    last->spec = arena_strndup(&set->mem, file->spec, strlen(file->spec));
    if (!last->spec)
        return false;
    last->n = set->n - r->first;
    last->n_skipped = r->n_skipped;
    last->hash = text_hash(TEXT_HASH, file->data, file->size);
    set->sources = all;
    set->n_sources++;
    return true;
}

static void report_skipped(const reader *r)
{
    char line[256];

    if (r->n_skipped == 0 || !r->opt->message)
        return;
    snprintf(line, sizeof line, "%s: %zu broken of %zu left out", r->label, r->n_skipped,
             r->n_skipped + (r->set->n - r->first));
    r->opt->message(r->opt->ctx, line);
}

static pfld_status finish(data_set *set, const reader_file *file, const reader *r, pfld_error *err)
{
    if (set->n == r->first && r->n_skipped)
        return error_set(err, PFLD_ERR_FORMAT, "%s: no face is left, %zu are broken", r->label,
                         r->n_skipped);
    if (set->n == r->first)
        return error_set(err, PFLD_ERR_FORMAT, "%s: no faces in it", r->label);
    if (!append_source(set, file, r))
        return error_nomem(err);
    report_skipped(r);
    return PFLD_OK;
}

pfld_status reader_run(data_set *set, const reader_file *file, const data_options *opt,
                       pfld_error *err)
{
    const text name = text_of(file->format, strlen(file->format));
    const format *fmt = find_format(name);
    char label[LABEL + 1];
    pfld_error local = {0};
    pfld_status status;
    reader r = {.set = set, .opt = opt, .label = label, .terms = file->terms};

    if (!fmt)
        return reader_no_format(name, "", err);
    make_label(file->path, label);
    r.folder = folder_of(file->path);
    r.all = text_of(file->data, file->size);
    r.source = (int32_t)set->n_sources;
    r.test_part = fmt->test_part;
    r.one_face = fmt->one_face;
    r.no_files = file->no_files;
    r.first = set->n;
    status = fmt->read(&r, &local);
    if (!status)
        status = finish(set, file, &r, &local);
    if (status) {
        set->n = r.first; /* what the arena holds of the rest goes with the set */
        if (err)
            *err = local;
    }
    data_index_free(&r.pictures);
    data_index_free(&r.faces);
    return status;
}

static pfld_status read_term(text word, reader_terms *t, pfld_error *err)
{
    static const char *const names[] = {"offset=", "shift="};
    float *const at[] = {&t->offset, &t->shift};

    for (size_t i = 0; i < 2; i++) {
        size_t n = strlen(names[i]);
        if (word.n <= n || memcmp(word.at, names[i], n) != 0)
            continue;
        if (text_coordinate((text){word.at + n, word.n - n}, at[i], NULL))
            return error_set(err, PFLD_ERR_ARG, "'%.*s' is no number of pixels", TEXT_SHOWN(word));
        return PFLD_OK;
    }
    return error_set(err, PFLD_ERR_ARG, "'%.*s' is neither offset=PIXELS nor shift=PIXELS",
                     TEXT_SHOWN(word));
}

/* What stands before the next comma; it goes, and the comma too. */
static text next_term(text *rest)
{
    const char *comma = memchr(rest->at, ',', rest->n);
    text word = {rest->at, comma ? (size_t)(comma - rest->at) : rest->n};
    size_t used = word.n + (comma ? 1 : 0);

    rest->at += used;
    rest->n -= used;
    return word;
}

/* Splits "@WEIGHT,offset=X,shift=X" off; an '@' that no number follows belongs to the path. */
static pfld_status split_terms(text *path, reader_terms *t, pfld_error *err)
{
    size_t at = path->n;
    pfld_status status = PFLD_OK;
    text rest, word;
    float weight;

    *t = (reader_terms){.weight = 1};
    while (at && path->at[at - 1] != '@')
        at--;
    if (at == 0)
        return PFLD_OK;
    rest = (text){path->at + at, path->n - at};
    word = next_term(&rest);
    if (!text_number(word, &weight))
        return PFLD_OK;
    if (!(weight > 0))
        return error_set(err, PFLD_ERR_ARG, "the weight '%.*s' is not above 0", TEXT_SHOWN(word));
    t->weight = weight;
    path->n = at - 1;
    while (status == PFLD_OK && rest.n) {
        word = next_term(&rest);
        status = read_term(word, t, err);
    }
    return status;
}

static pfld_status load(data_set *set, reader_file *file, const data_options *opt, pfld_error *err)
{
    uint8_t *data = NULL;
    pfld_status status = file_read(file->path, MAX_LIST, &data, &file->size, err);

    if (status)
        return status;
    file->data = data;
    status = reader_run(set, file, opt, err);
    mem_free(data);
    return status;
}

pfld_status data_set_add(data_set *set, const char *spec, const data_options *opt, pfld_error *err)
{
    const char *colon = strchr(spec, ':');
    reader_file file = {.spec = spec};
    arena mem = {0};
    pfld_status status;
    const format *fmt;
    text path;

    if (!colon)
        return error_set(err, PFLD_ERR_ARG, "'%.120s': data is given as FORMAT:PATH[@WEIGHT[,...]]",
                         spec);
    fmt = find_format((text){spec, (size_t)(colon - spec)});
    if (!fmt)
        return reader_no_format((text){spec, (size_t)(colon - spec)}, "", err);
    path = (text){colon + 1, strlen(colon + 1)};
    status = split_terms(&path, &file.terms, err);
    if (status)
        return status;
    if (path.n == 0)
        return error_set(err, PFLD_ERR_ARG, "'%.120s': a path is missing", spec);
    file.format = fmt->name;
    file.path = arena_strndup(&mem, path.at, path.n);
    status = file.path ? load(set, &file, opt, err) : error_nomem(err);
    arena_free(&mem);
    return status;
}

uint64_t data_set_hash(const data_set *set, uint64_t before)
{
    uint64_t h = before ^ TEXT_HASH;

    for (size_t i = 0; i < set->n; i++) {
        const data_sample *s = &set->samples[i];
        const float all[] = {s->pose.yaw, s->pose.pitch, s->pose.roll, s->weight, s->offset};

        h = text_hash(h, s->known, (size_t)s->scheme->n);
        for (int p = 0; p < s->scheme->n; p++)
            if (s->known[p])
                h = text_hash(h, &s->points[p], sizeof s->points[p]);
        for (size_t k = 0; k < sizeof all / sizeof *all; k++)
            if (!isnan(all[k])) /* whose bits may differ */
                h = text_hash(h, &all[k], sizeof all[k]);
    }
    return h;
}

void data_set_free(data_set *set)
{
    mem_free(set->samples);
    arena_free(&set->mem);
    *set = (data_set){0};
}
