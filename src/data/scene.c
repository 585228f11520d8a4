/* Whole photos with the boxes of their faces: lists of boxes, folders without faces, labelled
 * faces. */
#define _POSIX_C_SOURCE 200809L

#include "data/scene.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"
#include "data/csv.h"
#include "data/face_box.h"
#include "data/reader.h"
#include "data/scene_box.h"
#include "geometry/box.h"
#include "media/paths.h"

#define MAX_LIST ((size_t)1 << 30) /* bytes of a list file */
#define MOST     (UINT32_MAX - 1)  /* photos, and faces: indices have 32 bits */

enum {
    LABEL = 96,    /* characters of a path in a message: the end tells more than the start */
    MESSAGES = 10, /* of broken lines, before they are only counted */
    HELD = 5,      /* one photo of so many is held back */
    FOLDERS = 3,   /* where a list's pictures may be */
};

typedef enum scene_part { PART_ALL, PART_TRAIN, PART_HELD } scene_part;

typedef struct scene_spec { /* "FORMAT:PATH@WEIGHT,part=PART,top=X", taken apart */
    const char *whole;
    text format;
    const char *path;
    const char *faces; /* for data_set_add(): all but our own terms */
    float weight, top;
    scene_part part;
    bool has_more; /* terms that are not ours */
} scene_spec;

static bool is_in_part(const char *path, scene_part part)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    bool is_held = text_hash(TEXT_HASH, base, strlen(base)) % HELD == 0;

    return part == PART_ALL || is_held == (part == PART_HELD);
}

/* --- what all kinds of sources share ------------------------------------------------------------
 */

static pfld_status add_photo(scene_set *set, const scene_photo *p, pfld_error *err)
{
    scene_photo *more;

    if (set->n_photos >= MOST)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "more than %u photos", MOST);
    more = mem_grow(set->photos, &set->room_photos, set->n_photos + 1, sizeof *more);
    if (!more)
        return error_nomem(err);
    set->photos = more;
    set->photos[set->n_photos++] = *p;
    return PFLD_OK;
}

/* n more faces, zeroed. */
static pfld_status add_faces(scene_set *set, size_t n, pfld_error *err)
{
    scene_face *more;

    if (n > MOST - set->n_faces)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "more than %u faces", MOST);
    more = mem_grow(set->faces, &set->room_faces, set->n_faces + n, sizeof *more);
    if (!more)
        return error_nomem(err);
    set->faces = more;
    memset(more + set->n_faces, 0, n * sizeof *more);
    set->n_faces += n;
    return PFLD_OK;
}

static const char *copy_text(scene_set *set, const char *s)
{
    return arena_strndup(&set->mem, s, strlen(s));
}

/* The sources are few: a new array for each keeps them in the set's arena. */
static pfld_status add_source(scene_set *set, const scene_spec *spec, data_source source,
                              pfld_error *err)
{
    data_source *all = arena_alloc(&set->mem, set->n_sources + 1, sizeof *all);

    source.spec = copy_text(set, spec->whole);
    if (!all || !source.spec)
        return error_nomem(err);
    if (set->n_sources)
        memcpy(all, set->sources, set->n_sources * sizeof *all);
    all[set->n_sources++] = source;
    set->sources = all;
    return PFLD_OK;
}

static void make_label(const char *path, char label[LABEL + 1])
{
    size_t n = strlen(path);

    if (n <= LABEL)
        snprintf(label, LABEL + 1, "%s", path);
    else
        snprintf(label, LABEL + 1, "...%s", path + n - (LABEL - 3));
}

/* --- lists of boxes -----------------------------------------------------------------------------
 */

typedef struct listed { /* a row: its photo, counted from the list's first */
    uint32_t photo;
    scene_face face;
} listed;

typedef struct box_list {
    reader r; /* label, folder and messages; its set is not used */
    scene_set *set;
    const scene_spec *spec;
    size_t file, box[4], kind; /* columns */
    bool has_kind;
    size_t first; /* photo of the set */
    listed *rows;
    size_t n, room;
    text folders[FOLDERS];
    data_index names, faces; /* by the name as listed; by photo and box */
    arena mem;               /* of the names as listed, and the folders */
    text *name;              /* [photos of the list] */
    size_t n_names, room_names;
} box_list;

static void list_free(box_list *b)
{
    data_index_free(&b->names);
    data_index_free(&b->faces);
    mem_free(b->rows);
    mem_free(b->name);
    arena_free(&b->mem);
}

/* Beside the list, in the folder of its name without .csv, in images/. */
static pfld_status find_folders(box_list *b, pfld_error *err)
{
    const char *path = b->spec->path, *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash + 1 - path) : 0, n = strlen(path);
    size_t stem = n > folder + 4 && strcmp(path + n - 4, ".csv") == 0 ? n - 4 : n, room = n + 16;
    char *at = arena_alloc(&b->mem, 2 * room, 1);

    if (!at)
        return error_nomem(err);
    b->folders[0] = (text){path, folder};
    b->folders[1] = (text){at, (size_t)snprintf(at, room, "%.*s/", (int)stem, path)};
    at += room;
    b->folders[2] = (text){at, (size_t)snprintf(at, room, "%.*simages/", (int)folder, path)};
    return PFLD_OK;
}

/* Leaves its path in r.path; a failure tells of the place beside the list. */
static pfld_status find_picture(box_list *b, text name, pfld_error *err)
{
    pfld_error other;
    pfld_status status;

    b->r.folder = b->folders[0];
    status = reader_check_file(&b->r, name, "", err);
    for (int i = 1; i < FOLDERS && status == PFLD_ERR_IO && err->sys == ENOENT; i++) {
        b->r.folder = b->folders[i];
        if (!reader_check_file(&b->r, name, "", &other))
            return PFLD_OK;
    }
    return status;
}

static bool find_name(const box_list *b, text name, uint64_t hash, uint32_t *photo)
{
    size_t cursor = 0;

    while (data_index_next(&b->names, hash, &cursor, photo)) {
        text known = b->name[*photo];
        if (known.n == name.n && memcmp(known.at, name.at, name.n) == 0)
            return true;
    }
    return false;
}

static pfld_status add_listed_photo(box_list *b, text name, size_t line, uint32_t *photo,
                                    pfld_error *err)
{
    uint64_t hash = text_hash(TEXT_HASH, name.at, name.n);
    scene_photo p = {.weight = b->spec->weight, .source = (int32_t)b->set->n_sources};
    char where[LABEL + 32];
    pfld_status status;
    text *more;

    if (find_name(b, name, hash, photo))
        return PFLD_OK;
    status = find_picture(b, name, err);
    if (status)
        return status;
    snprintf(where, sizeof where, "%s:%zu", b->r.label, line);
    p.image = copy_text(b->set, b->r.path);
    p.where = copy_text(b->set, where);
    more = mem_grow(b->name, &b->room_names, b->n_names + 1, sizeof *more);
    if (more)
        b->name = more;
    if (!p.image || !p.where || !more || !data_index_put(&b->names, hash, (uint32_t)b->n_names))
        return error_nomem(err);
    *photo = (uint32_t)b->n_names;
    b->name[b->n_names++] = name;
    return add_photo(b->set, &p, err);
}

static bool is_same(const pfld_box *a, const pfld_box *b)
{
    return a->x == b->x && a->y == b->y && a->w == b->w && a->h == b->h;
}

static pfld_status check_twin(box_list *b, const listed *row, text name, pfld_error *err)
{
    uint64_t hash = text_hash(TEXT_HASH, &row->photo, sizeof row->photo);
    size_t cursor = 0;
    uint32_t i;

    hash = text_hash(hash, &row->face.box, sizeof row->face.box);
    while (data_index_next(&b->faces, hash, &cursor, &i)) {
        const listed *twin = &b->rows[i];
        if (twin->photo == row->photo && is_same(&twin->face.box, &row->face.box))
            return error_set(err, PFLD_ERR_FORMAT, "the same box of %.*s is listed twice",
                             TEXT_SHOWN(name));
    }
    return data_index_put(&b->faces, hash, (uint32_t)b->n) ? PFLD_OK : error_nomem(err);
}

static pfld_status read_listed(box_list *b, const csv *c, pfld_error *err)
{
    listed row = {0}, *more;
    pfld_status status = csv_check_row(c, err);
    pfld_box *box = &row.face.box;
    text name;

    if (!status)
        status = csv_read_box(c, b->box, box, err);
    if (!status && !box_is_valid(box))
        status =
            error_set(err, PFLD_ERR_FORMAT, "the box is %g x %g", (double)box->w, (double)box->h);
    if (status)
        return status;
    name = c->field[b->file];
    status = add_listed_photo(b, name, c->line, &row.photo, err);
    if (!status)
        status = check_twin(b, &row, name, err);
    if (status)
        return status;
    if (b->n >= MOST)
        return error_set(err, PFLD_ERR_UNSUPPORTED, "more than %u faces", MOST);
    more = mem_grow(b->rows, &b->room, b->n + 1, sizeof *more);
    if (!more)
        return error_nomem(err);
    b->rows = more;
    row.face.ignore = b->has_kind && text_is(c->field[b->kind], "ignore");
    box->y += b->spec->top * box->h;
    box->h -= b->spec->top * box->h;
    b->rows[b->n++] = row;
    return PFLD_OK;
}

/* A broken row under skip_bad becomes a message. */
static pfld_status take_row(box_list *b, const csv *c, pfld_error *err)
{
    const data_options *opt = b->r.opt;
    pfld_status status = read_listed(b, c, err);
    bool can_skip = status == PFLD_ERR_FORMAT || status == PFLD_ERR_IO;

    if (!status)
        return PFLD_OK;
    reader_fail(&b->r, c->line, status, err);
    if (!opt || !opt->skip_bad || !can_skip)
        return status;
    if (b->r.n_skipped++ < MESSAGES && opt->message)
        opt->message(opt->ctx, err->msg);
    return PFLD_OK;
}

static pfld_status read_list(box_list *b, pfld_error *err)
{
    static const char *const sides[4] = {"left", "top", "right", "bottom"};
    csv c;
    pfld_status status = csv_open(&c, b->r.all, err);

    if (!status)
        status = csv_need(&c, "file", &b->file, err);
    for (int i = 0; i < 4 && !status; i++)
        status = csv_need(&c, sides[i], &b->box[i], err);
    if (status)
        return reader_fail(&b->r, 1, status, err);
    b->has_kind = csv_find(&c, "kind", &b->kind);
    while (!status && csv_next(&c))
        status = take_row(b, &c, err);
    return status;
}

/* The rows' faces, photo by photo in the order of the list; then the other part's photos go. */
static pfld_status sort_listed(box_list *b, pfld_error *err)
{
    scene_set *set = b->set;
    scene_photo *photos = set->photos + b->first;
    size_t n = set->n_photos - b->first, kept = 0, faces = 0;
    pfld_status status;

    for (size_t i = 0; i < b->n; i++)
        photos[b->rows[i].photo].n++;
    for (size_t i = 0; i < n; i++) {
        bool wanted = is_in_part(photos[i].image, b->spec->part);
        photos[i].first = set->n_faces + faces;
        faces += wanted ? photos[i].n : 0;
        photos[i].n = 0;
        photos[i].is_crop = !wanted; /* a mark, for now */
    }
    status = add_faces(set, faces, err);
    if (status)
        return status;
    for (size_t i = 0; i < b->n; i++) {
        scene_photo *p = &photos[b->rows[i].photo];
        if (!p->is_crop)
            set->faces[p->first + p->n++] = b->rows[i].face;
    }
    for (size_t i = 0; i < n; i++)
        if (!photos[i].is_crop)
            photos[kept++] = photos[i];
    set->n_photos = b->first + kept;
    return PFLD_OK;
}

static pfld_status add_boxes(scene_set *set, const scene_spec *spec, const data_options *opt,
                             pfld_error *err)
{
    box_list b = {.set = set, .spec = spec, .first = set->n_photos};
    char label[LABEL + 1];
    data_source source = {0};
    uint8_t *data = NULL;
    size_t size = 0;
    pfld_status status = file_read(spec->path, MAX_LIST, &data, &size, err);

    if (status)
        return status;
    make_label(spec->path, label);
    b.r.label = label;
    b.r.opt = opt;
    b.r.all = text_of(data, size);
    status = find_folders(&b, err);
    if (!status)
        status = read_list(&b, err);
    if (!status)
        status = sort_listed(&b, err);
    if (!status && set->n_photos == b.first)
        status = error_set(err, PFLD_ERR_FORMAT, "%s: no photos in it, %zu rows are broken", label,
                           b.r.n_skipped);
    source.n = set->n_photos - b.first;
    source.n_skipped = b.r.n_skipped;
    source.hash = text_hash(TEXT_HASH, data, size);
    if (!status)
        status = add_source(set, spec, source, err);
    if (!status && b.r.n_skipped && opt->message) {
        char line[LABEL + 80];
        snprintf(line, sizeof line, "%s: %zu broken of %zu left out", label, b.r.n_skipped,
                 b.r.n_skipped + b.n);
        opt->message(opt->ctx, line);
    }
    list_free(&b);
    mem_free(data);
    return status;
}

/* --- folders of photos without faces ------------------------------------------------------------
 */

typedef struct names {
    arena mem;
    char **at;
    size_t n, room;
} names;

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static pfld_status list_folder(const char *path, names *all, pfld_error *err)
{
    DIR *dir = opendir(path);
    const struct dirent *e;
    char shown[ERROR_PATH + 1];

    if (!dir)
        return error_sys(err, errno, "%s", error_path(path, shown));
    while ((e = readdir(dir))) {
        char **more;
        if (e->d_name[0] == '.' || !media_is_picture_name(e->d_name))
            continue;
        more = mem_grow(all->at, &all->room, all->n + 1, sizeof *more);
        if (more)
            all->at = more;
        if (!more || !(more[all->n] = arena_strndup(&all->mem, e->d_name, strlen(e->d_name)))) {
            closedir(dir);
            return error_nomem(err);
        }
        all->n++;
    }
    closedir(dir);
    if (all->n)
        qsort(all->at, all->n, sizeof *all->at, compare_names);
    return PFLD_OK;
}

static pfld_status add_empty(scene_set *set, const scene_spec *spec, const char *name,
                             pfld_error *err)
{
    size_t folder = strlen(spec->path), n = folder + strlen(name) + 2;
    char *path = arena_alloc(&set->mem, n, 1);
    scene_photo p = {.weight = spec->weight, .source = (int32_t)set->n_sources};

    if (!path)
        return error_nomem(err);
    snprintf(path, n, "%s%s%s", spec->path, spec->path[folder - 1] == '/' ? "" : "/", name);
    p.image = p.where = path;
    p.first = set->n_faces;
    return add_photo(set, &p, err);
}

static pfld_status add_negatives(scene_set *set, const scene_spec *spec, pfld_error *err)
{
    names all = {0};
    data_source source = {.hash = TEXT_HASH};
    char shown[ERROR_PATH + 1];
    pfld_status status = list_folder(spec->path, &all, err);

    for (size_t i = 0; i < all.n && !status; i++) {
        if (!is_in_part(all.at[i], spec->part))
            continue;
        status = add_empty(set, spec, all.at[i], err);
        source.n++;
        source.hash = text_hash(source.hash, all.at[i], strlen(all.at[i]) + 1);
    }
    if (!status && source.n == 0)
        status =
            error_set(err, PFLD_ERR_FORMAT, "%s: no photos in it", error_path(spec->path, shown));
    if (!status)
        status = add_source(set, spec, source, err);
    mem_free(all.at);
    arena_free(&all.mem);
    return status;
}

/* --- sets of labelled faces ---------------------------------------------------------------------
 */

static scene_face face_of(const data_sample *s, bool mtfl)
{
    scene_face f = {.box = scene_box(s, mtfl)};
    unsigned known = face_anchors(s->scheme, s->points, s->known, f.five);

    f.box.x -= s->offset;
    for (int i = 0; i < FACE_ANCHORS; i++) {
        f.known[i] = known >> i & 1;
        f.five[i].x -= s->offset;
    }
    return f;
}

/* Samples in the order of their photos' first ones, so that those of a photo stand together. */
typedef struct by_photo {
    uint32_t first, sample;
} by_photo;

static int compare_by_photo(const void *a, const void *b)
{
    const by_photo *p = a, *q = b;

    if (p->first != q->first)
        return p->first < q->first ? -1 : 1;
    return p->sample < q->sample ? -1 : p->sample > q->sample;
}

static pfld_status order_samples(const data_set *from, by_photo *order, pfld_error *err)
{
    data_index index = {0};
    bool ok = true;

    for (size_t i = 0; i < from->n && ok; i++) { /* samples of a photo share the pointer */
        const char *image = from->samples[i].image;
        uint64_t hash = text_hash(TEXT_HASH, &image, sizeof image);
        uint32_t first = 0;
        size_t cursor = 0;
        bool found = false;
        while (!found && data_index_next(&index, hash, &cursor, &first))
            found = from->samples[first].image == image;
        if (!found) {
            first = (uint32_t)i;
            ok = data_index_put(&index, hash, first);
        }
        order[i] = (by_photo){first, (uint32_t)i};
    }
    data_index_free(&index);
    if (ok && from->n)
        qsort(order, from->n, sizeof *order, compare_by_photo);
    return ok ? PFLD_OK : error_nomem(err);
}

static pfld_status take_sample(scene_set *set, const scene_spec *spec, const data_sample *s,
                               bool is_new, pfld_error *err)
{
    scene_photo p = {.first = set->n_faces,
                     .weight = spec->weight,
                     .is_crop = true,
                     .source = (int32_t)set->n_sources};
    pfld_status status = PFLD_OK;

    if (is_new) {
        p.image = copy_text(set, s->image);
        p.where = copy_text(set, s->where);
        status = p.image && p.where ? add_photo(set, &p, err) : error_nomem(err);
    }
    if (!status)
        status = add_faces(set, 1, err);
    if (status)
        return status;
    set->faces[set->n_faces - 1] =
        face_of(s, spec->format.n >= 4 && memcmp(spec->format.at, "mtfl", 4) == 0);
    set->photos[set->n_photos - 1].n++;
    return PFLD_OK;
}

static pfld_status take_samples(scene_set *set, const scene_spec *spec, const data_set *from,
                                const by_photo *order, pfld_error *err)
{
    data_source source = from->sources[0];
    size_t before = set->n_photos;
    pfld_status status = PFLD_OK;

    for (size_t i = 0; i < from->n && !status; i++) {
        const data_sample *s = &from->samples[order[i].sample];
        if (is_in_part(s->image, spec->part))
            status = take_sample(set, spec, s, order[i].sample == order[i].first, err);
    }
    source.n = set->n_photos - before;
    if (!status && source.n == 0)
        status = error_set(err, PFLD_ERR_FORMAT, "%.120s: no photo of this part", spec->whole);
    return status ? status : add_source(set, spec, source, err);
}

static pfld_status add_faces_set(scene_set *set, const scene_spec *spec, const data_options *opt,
                                 pfld_error *err)
{
    data_set from = {0};
    by_photo *order = NULL;
    pfld_status status = data_set_add(&from, spec->faces, opt, err);

    if (!status) {
        order = mem_alloc(from.n, sizeof *order);
        status = order ? order_samples(&from, order, err) : error_nomem(err);
    }
    if (!status)
        status = take_samples(set, spec, &from, order, err);
    mem_free(order);
    data_set_free(&from);
    return status;
}

/* --- specs --------------------------------------------------------------------------------------
 */

static bool starts(text t, const char *with)
{
    size_t n = strlen(with);

    return t.n >= n && memcmp(t.at, with, n) == 0;
}

static pfld_status read_term(scene_spec *spec, text word, bool *ours, pfld_error *err)
{
    *ours = true;
    if (text_is(word, "part=train"))
        spec->part = PART_TRAIN;
    else if (text_is(word, "part=held"))
        spec->part = PART_HELD;
    else if (starts(word, "part="))
        return error_set(err, PFLD_ERR_ARG, "'%.*s' is neither part=train nor part=held",
                         TEXT_SHOWN(word));
    else if (!starts(word, "top="))
        *ours = false;
    else if (!text_number((text){word.at + 4, word.n - 4}, &spec->top) || spec->top < -0.5f ||
             spec->top > 0.5f)
        return error_set(err, PFLD_ERR_ARG, "'%.*s' is no part of the height within +-0.5",
                         TEXT_SHOWN(word));
    return PFLD_OK;
}

/* Reads the terms behind "@WEIGHT"; those that are not ours are appended to rest. */
static pfld_status read_terms(scene_spec *spec, text terms, char *rest, pfld_error *err)
{
    pfld_status status = PFLD_OK;

    while (!status && terms.n) {
        const char *comma = memchr(terms.at, ',', terms.n);
        text word = {terms.at, comma ? (size_t)(comma - terms.at) : terms.n};
        size_t used = word.n + (comma ? 1 : 0);
        bool ours;
        status = read_term(spec, word, &ours, err);
        if (!status && !ours) {
            *rest++ = ',';
            memcpy(rest, word.at, word.n);
            rest += word.n;
            spec->has_more = true;
        }
        terms = (text){terms.at + used, terms.n - used};
    }
    *rest = 0;
    return status;
}

/* An '@' that no number follows belongs to the path, as in data_set_add(). */
static pfld_status read_spec(const char *whole, arena *mem, scene_spec *spec, pfld_error *err)
{
    size_t n = strlen(whole), at = n, weight = 0;
    const char *colon = strchr(whole, ':');
    char *faces = arena_alloc(mem, n + 2, 1), *path = arena_alloc(mem, n + 1, 1);

    *spec = (scene_spec){.whole = whole, .weight = 1.0f, .faces = faces, .path = path};
    if (!faces || !path)
        return error_nomem(err);
    if (!colon)
        return error_set(err, PFLD_ERR_ARG, "'%.120s': data is given as FORMAT:PATH[@WEIGHT[,...]]",
                         whole);
    spec->format = (text){whole, (size_t)(colon - whole)};
    memcpy(faces, whole, n + 1);
    while (at > spec->format.n && whole[at - 1] != '@')
        at--;
    if (at > spec->format.n) {
        weight = strcspn(whole + at, ",");
        if (!text_number((text){whole + at, weight}, &spec->weight)) {
            spec->weight = 1.0f;
            at = 0;
        }
    }
    if (at > spec->format.n) {
        size_t used = at + weight + (whole[at + weight] ? 1 : 0);
        pfld_status status =
            read_terms(spec, (text){whole + used, n - used}, faces + at + weight, err);
        if (status)
            return status;
        n = at - 1;
    }
    if (!(spec->weight > 0.0f))
        return error_set(err, PFLD_ERR_ARG, "'%.120s': the weight is not above 0", whole);
    if (n == spec->format.n + 1)
        return error_set(err, PFLD_ERR_ARG, "'%.120s': a path is missing", whole);
    memcpy(path, whole + spec->format.n + 1, n - spec->format.n - 1);
    return PFLD_OK;
}

static pfld_status add_spec(scene_set *set, const scene_spec *spec, const data_options *opt,
                            pfld_error *err)
{
    bool boxes = text_is(spec->format, "boxes"), negatives = text_is(spec->format, "negatives");

    if ((boxes || negatives) && spec->has_more)
        return error_set(err, PFLD_ERR_ARG,
                         "'%.120s': %.*s takes only part= and top= beside the "
                         "weight",
                         spec->whole, TEXT_SHOWN(spec->format));
    if (!boxes && spec->top != 0.0f)
        return error_set(err, PFLD_ERR_ARG, "'%.120s': top= is for boxes", spec->whole);
    if (boxes)
        return add_boxes(set, spec, opt, err);
    if (negatives)
        return add_negatives(set, spec, err);
    if (!reader_has_format(spec->format))
        return reader_no_format(spec->format, ", boxes, negatives", err);
    return add_faces_set(set, spec, opt, err);
}

pfld_status scene_set_add(scene_set *set, const char *spec, const data_options *opt,
                          pfld_error *err)
{
    size_t photos = set->n_photos, faces = set->n_faces;
    pfld_error local = {0};
    arena mem = {0};
    scene_spec parsed;
    pfld_status status = read_spec(spec, &mem, &parsed, &local);

    if (!status)
        status = add_spec(set, &parsed, opt, &local);
    if (status) {
        set->n_photos = photos; /* what the arena holds of the rest goes with the set */
        set->n_faces = faces;
        if (err)
            *err = local;
    }
    arena_free(&mem);
    return status;
}

void scene_set_free(scene_set *set)
{
    mem_free(set->photos);
    mem_free(set->faces);
    arena_free(&set->mem);
    *set = (scene_set){0};
}
