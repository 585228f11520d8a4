/* WFLW's text: a line has 98 points, a rectangle, six flags and the picture's name. */
#define _POSIX_C_SOURCE 200809L

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "data/reader.h"

enum {
    POINTS = 98,
    RECT = 2 * POINTS, /* x_min y_min x_max y_max */
    FLAGS = RECT + 4,  /* in the order of data_flag's bits */
    NAME = FLAGS + 6,
    WORDS = NAME + 1,
};

/* The data set comes as WFLW_annotations/LIST/list.txt beside WFLW_images/; a list that someone
 * moved may lie nearer, and one of their own beside its pictures. */
static pfld_status find_images(const reader *r, char *folder, size_t size, pfld_error *err)
{
    static const char *const roots[] = {"WFLW_images/", "../WFLW_images/", "../../WFLW_images/",
                                        "../../../WFLW_images/", ""};

    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++) {
        struct stat st;
        int n = snprintf(folder, size, "%.*s%s", (int)r->folder.n, r->folder.n ? r->folder.at : "",
                         roots[i]);
        if (n < 0 || (size_t)n >= size)
            return error_set(err, PFLD_ERR_ARG, "the folder's name is too long");
        if (*roots[i] == 0 || (stat(folder, &st) == 0 && S_ISDIR(st.st_mode)))
            break;
    }
    return PFLD_OK;
}

static size_t split(text line, text words[WORDS])
{
    text word;
    size_t n = 0;

    while (text_word(&line, &word)) {
        if (n < WORDS)
            words[n] = word;
        n++;
    }
    return n;
}

static pfld_status check_count(size_t n, pfld_error *err)
{
    size_t without = WORDS - RECT;

    if (n == WORDS)
        return PFLD_OK;
    if (n >= without && (n - without) % 2 == 0)
        return error_set(err, PFLD_ERR_FORMAT, "%zu points, %d wanted", (n - without) / 2, POINTS);
    return error_set(err, PFLD_ERR_FORMAT, "%zu values, %d wanted", n, WORDS);
}

static pfld_status read_flags(const text *words, reader_face *f, pfld_error *err)
{
    for (int i = 0; i < NAME - FLAGS; i++) {
        size_t set;
        if (!text_count(words[i], 1, &set))
            return error_set(err, PFLD_ERR_FORMAT, "flag %d is '%.*s', 0 or 1 wanted", i + 1,
                             TEXT_SHOWN(words[i]));
        f->flags |= (uint32_t)set << i;
    }
    return PFLD_OK;
}

static pfld_status read_line(text line, reader_face *f, pfld_error *err)
{
    text words[WORDS] = {{0}};
    float v[FLAGS];
    pfld_status status = check_count(split(line, words), err);

    for (int i = 0; i < FLAGS && !status; i++)
        status = text_coordinate(words[i], &v[i], err);
    if (!status)
        status = read_flags(words + FLAGS, f, err);
    if (status)
        return status;
    for (int i = 0; i < POINTS; i++)
        f->points[i] = (pfld_point){v[(size_t)2 * (size_t)i], v[(size_t)2 * (size_t)i + 1]};
    reader_know_all(f);
    f->has_box = true;
    f->box = (pfld_box){v[RECT], v[RECT + 1], v[RECT + 2] - v[RECT], v[RECT + 3] - v[RECT + 1]};
    f->image = words[NAME];
    return PFLD_OK;
}

pfld_status read_wflw(reader *r, pfld_error *err)
{
    char images[sizeof r->path];
    text rest = r->all, line;
    size_t number = 0;
    pfld_status status = find_images(r, images, sizeof images, err);

    if (status)
        return reader_fail(r, 0, status, err);
    r->folder = (text){images, strlen(images)};
    while (text_line(&rest, &line)) {
        reader_face f;
        number++;
        if (line.n == 0)
            continue;
        reader_face_init(&f, scheme_find("wflw98"));
        status = reader_take(r, number, read_line(line, &f, err), &f, err);
        if (status)
            return status;
    }
    return PFLD_OK;
}
