/* What all readers share: checks on a face, its place in the set, and what becomes of errors. */
#ifndef DATA_READER_H
#define DATA_READER_H

#include "data/index.h"
#include "data/sample.h"
#include "data/text.h"

typedef struct reader_terms { /* what the spec says behind its '@' */
    float weight;             /* of each face */
    float offset, shift;      /* pixels: data_sample.offset; what is added to every x */
} reader_terms;

typedef struct reader {
    data_set *set;
    const data_options *opt;
    text folder;       /* of the list file, with its "/"; empty: the current one */
    const char *label; /* the list file, for messages */
    text all;          /* the list file's bytes */
    reader_terms terms;
    int32_t source;
    bool test_part; /* of a list that holds both parts */
    bool one_face;  /* a picture stands in the list once; else a face does */
    bool no_files;  /* for fuzzers: pictures are not looked for */
    size_t n_skipped;
    size_t first; /* of this list's samples in the set */
    data_index pictures, faces;
    char path[4096]; /* of the last reader_path() */
} reader;

typedef struct reader_face {
    text image; /* as the list names it, under the list's folder */
    const scheme *scheme;
    pfld_point points[PFLD_MAX_LANDMARKS];
    uint8_t known[PFLD_MAX_LANDMARKS];
    pfld_box box;   /* where has_box; else it goes around the known points */
    pfld_pose pose; /* where has_pose */
    bool has_box, has_pose;
    float offset; /* of this face's labels, added to the list's: data_sample.offset */
    uint32_t flags;
} reader_face;

/* No points known, no box, no pose, no flags. s may be NULL if it is set later. */
void reader_face_init(reader_face *f, const scheme *s);
/* All of the scheme's points are labelled. */
void reader_know_all(reader_face *f);

/* folder + name + suffix in r->path; an absolute name stays what it is. */
pfld_status reader_path(reader *r, text name, const char *suffix, pfld_error *err);
/* Fails where name + suffix is no file, or an empty one: told without opening it. Leaves its path
 * in r->path. */
pfld_status reader_check_file(reader *r, text name, const char *suffix, pfld_error *err);

/*
 * Ends what the list says in one line: adds the face where status is PFLD_OK. A failure, from the
 * parser or here, gets "LIST:LINE: " before its sentence, and under skip_bad becomes a message and
 * PFLD_OK; memory that ran out stays an error.
 */
pfld_status reader_take(reader *r, size_t line, pfld_status status, const reader_face *f,
                        pfld_error *err);
/* A failure of the file as a whole, which nothing can skip: "LIST:LINE: ". line 0: the list only */
pfld_status reader_fail(const reader *r, size_t line, pfld_status status, pfld_error *err);

/* One list's bytes by the reader of its format; err is never NULL. */
pfld_status read_300w(reader *r, pfld_error *err);
pfld_status read_csv68(reader *r, pfld_error *err);
pfld_status read_mtfl(reader *r, pfld_error *err);
pfld_status read_wflw(reader *r, pfld_error *err);
pfld_status read_coco(reader *r, pfld_error *err);
pfld_status read_imglab(reader *r, pfld_error *err);
pfld_status read_aflw2000(reader *r, pfld_error *err);

/* Is there a reader for it? And the failure that names all there are, and what else the caller
 * reads. */
bool reader_has_format(text name);
pfld_status reader_no_format(text name, const char *more, pfld_error *err);

/* data_set_add() behind the file: for fuzzers and tests. */
typedef struct reader_file {
    const char *format, *path; /* the list need not exist; pictures are looked for beside it */
    const char *spec;          /* for data_source */
    const void *data;          /* [size] the list's bytes */
    size_t size;
    reader_terms terms;
    bool no_files;
} reader_file;
pfld_status reader_run(data_set *set, const reader_file *file, const data_options *opt,
                       pfld_error *err);

#endif
