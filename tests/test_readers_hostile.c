/* Readers of data sets against broken lists: named, skipped, never half taken. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include "core/number.h"
#include "core/rng.h"
#include "data/csv.h"

static long fail_at = -1; /* counts down to 0; negative: never */
static long n_asked;

void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_aligned_alloc(size_t align, size_t size)
{
    n_asked++;
    if (fail_at >= 0 && fail_at-- == 0)
        return NULL;
    return __real_aligned_alloc(align, size);
}

/* ---- one sound file of each format: what follows breaks them ---- */

static void make_csv(string *s)
{
    string_csv_header(s, 68);
    string_csv_row(s, "a.jpg", 68);
    string_csv_row(s, "b.jpg", 68);
}

static void make_mtfl(string *s)
{
    string_add(s, MTFL_HEADER "train,a.jpg,1,2,3,4,5,6,7,8,9,10,1,1,2,3,11,12,31,52,250,250,1\n"
                              "train,b.jpg,1,2,3,4,5,6,7,8,9,10,2,2,1,5,11,12,31,52,250,250,0\n");
}

static void make_wflw(string *s)
{
    string_wflw(s, 98, "5 6 25 46 1 0 0 1 0 1 a.jpg");
    string_wflw(s, 98, "5 6 25 46 0 0 0 0 0 0 b.jpg");
}

static void make_coco(string *s)
{
    string_add(s, "{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"},\n"
                  "{\"id\": 2, \"file_name\": \"b.jpg\"}],\n\"annotations\": [\n"
                  "{\"image_id\": 1, \"bbox\": [1, 2, 30, 40], ");
    string_keypoints(s, 5, 2);
    string_add(s, "},\n{\"image_id\": 2, ");
    string_keypoints(s, 5, 1);
    string_add(s, "}]}");
}

static void make_imglab(string *s)
{
    string_add(s, "<?xml version='1.0'?><dataset><images>\n");
    for (int i = 0; i < 2; i++) {
        string_add(s,
                   "<image file='%c.jpg'>\n<box top='2' left='1' width='30' height='40'>"
                   "<!-- c -->\n",
                   'a' + i);
        string_parts(s, 68);
        string_add(s, "</box></image>\n");
    }
    string_add(s, "</images></dataset>");
}

static void make_aflw2000(string *s)
{
    string_add(s, "pitch_deg,yaw_deg,roll_deg,");
    string_csv_header(s, 68);
    for (int i = 0; i < 2; i++) {
        char name[8] = {(char)('a' + i), '.', 'j', 'p', 'g', 0};
        string_add(s, "1,2,3,");
        string_csv_row(s, name, 68);
    }
}

static const struct {
    const char *format;
    void (*make)(string *s);
} sound[] = {{"csv68", make_csv}, {"mtfl", make_mtfl},     {"wflw", make_wflw},
             {"coco", make_coco}, {"imglab", make_imglab}, {"aflw2000", make_aflw2000}};

enum { SOUND = sizeof sound / sizeof *sound };

static void make_pictures(const rig *g)
{
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "b.jpg", "jpg");
}

/* ---- messages ---- */

typedef struct change { /* the first `from` behind `after` becomes `to` */
    const char *format, *after, *from, *to, *message;
} change;

static void apply(string *s, const change *c)
{
    static char old[sizeof s->at];
    char *p = strstr(s->at, c->after);
    size_t at;

    assert_non_null(p);
    p = strstr(p + strlen(c->after), c->from);
    if (!p)
        fail_msg("%s: no '%s' behind '%s'", c->format, c->from, c->after);
    at = (size_t)(p - s->at);
    memcpy(old, s->at, s->n + 1);
    s->n = at;
    string_add(s, "%s%s", c->to, old + at + strlen(c->from));
}

static void make(string *s, const char *format)
{
    s->n = 0;
    for (int i = 0; i < SOUND; i++)
        if (strcmp(sound[i].format, format) == 0)
            sound[i].make(s);
    assert_true(s->n > 0);
}

static const change changes[] = {
    {"csv68", "b.jpg", ",10,20.25", "", "x:3: 67 points, 68 wanted"},
    {"csv68", "b.jpg", ",10,20.25", ",10,20.25,1,2", "x:3: 69 points, 68 wanted"},
    {"csv68", "b.jpg", ",10,", ",", "x:3: 136 values, 137 wanted"},
    {"csv68", "b.jpg", ",10,", ",nan,", "x:3: 'nan' is not a coordinate"},
    {"csv68", "b.jpg", ",10,", ",,", "x:3: '' is not a coordinate"},
    {"csv68", "b.jpg", ",10,", ",1e30,", "x:3: '1e30' is not a coordinate"},
    {"csv68", "b.jpg", ",10,", ",0x1p3,", "x:3: '0x1p3' is not a coordinate"},
    {"csv68", "b.jpg", ",10,", ",1;5,", "x:3: '1;5' is not a coordinate"},
    {"csv68", "\n", "b.jpg", "none.jpg", "x:3: none.jpg: No such file or directory"},
    {"csv68", "\n", "b.jpg", "a.jpg", "x:3: a.jpg is listed twice, first in "},
    {"csv68", "\n", "b.jpg", "", "x:3: a picture's name is missing"},
    {"csv68", "\n", "b.jpg", ".", "x:3: . is no file"},
    {"csv68", "\n", "b.jpg", "x/../empty.jpg", "x:3: x/../empty.jpg: "},
    {"csv68", "\n", "b.jpg", "empty.jpg", "x:3: empty.jpg is empty"},
    {"csv68", "", "x67", "x68", "x:1: no column 'x67' in the header"},
    {"csv68", "", "file", "name", "x:1: no column 'file' in the header"},
    {"mtfl", "", "box_ok", "box", "x:1: no column 'box_ok' in the header"},
    {"mtfl", "\n", "train", "val", "x:2: split is 'val', train or test wanted"},
    {"mtfl", "a.jpg", ",1,1,2,3,", ",1,3,2,3,", "x:2: smile is '3', 1 (yes) or 2 wanted"},
    {"mtfl", "a.jpg", ",1,1,2,3,", ",1,1,2,6,", "x:2: pose is '6', 1 to 5 wanted"},
    {"mtfl", "a.jpg", "250,250,1", "250,250,2", "x:2: box_ok is '2', 0 or 1 wanted"},
    {"mtfl", "a.jpg", "31,52", "3,52", "x:2: the box is -8 x 40"},
    {"mtfl", "a.jpg", "250,250,1", "250,1", "x:2: 22 values, 23 wanted"},
    {"mtfl", "a.jpg", "1,2,3,4,5,6,7,8,9,10", "2,2,2,2,2,3,3,3,3,3", "x:2: all points are equal"},
    {"mtfl", "\n", "b.jpg", "a.jpg", "x:3: a.jpg is listed twice, first in "},
    {"wflw", "", "10 20.25 ", "", "x:1: 97 points, 98 wanted"},
    {"wflw", "", "10 20.25 ", "10 ", "x:1: 206 values, 207 wanted"},
    {"wflw", "", "0 0 1 0 1 a.jpg", "0 0 1 0 2 a.jpg", "x:1: flag 6 is '2', 0 or 1 wanted"},
    {"wflw", "", "5 6 25 46", "5 6 25 6", "x:1: the box is 20 x 0"},
    {"wflw", "", "20.25", "inf", "x:1: 'inf' is not a coordinate"},
    {"coco", "", "10, 20.25, 2, ", "", "x:4: 4 points, 68, 98, 106, 29, 19 or 5 wanted"},
    {"coco", "", "10, 20.25, 2, ", "10, 2, ", "x:4: 14 numbers among the keypoints"},
    {"coco", "", "10, 20.25", "NaN, 20.25", "x:4: 'NaN' is not a coordinate"},
    {"coco", "", "10, 20.25", "null, 20.25", "x:4: 'null' is not a coordinate"},
    {"coco", "", "\"image_id\": 1", "\"image_id\": 9", "x:4: image_id 9 is not among the images"},
    {"coco", "", "keypoints", "points", "x:4: no keypoints"},
    {"coco", "", "30, 40]", "30]", "x:4: 3 numbers in bbox, 4 wanted"},
    {"coco", "", "30, 40]", "-30, 40]", "x:4: the box is -30 x 40"},
    {"coco", "", "\"id\": 2", "\"id\": 1", "x:2: image id 1 is there twice"},
    {"coco", "", "file_name", "name", "x:1: an image without id or file_name"},
    {"coco", "", "\"images\"", "\"pictures\"", "x: no \"images\", so no COCO file"},
    {"coco", "", "\"annotations\"", "\"faces\"", "x: no \"annotations\", so no COCO file"},
    {"coco", "", "\"a.jpg\"", "\"a\\u0000.jpg\"", "x:4: file_name \"a\\u0000.jpg\" is no name"},
    {"coco", "", "\"a.jpg\"}", "\"a.jpg\"", "x:2: broken JSON: a string wanted, '{\"id\""},
    {"coco", "30, 40]", "}]}", "}]", "x:5: broken JSON: ',' or '}' wanted, '' found"},
    {"imglab", "", "name='67'", "name='68'", "part '68', 0 to 67 wanted"},
    {"imglab", "", "name='67'", "name='nose'", "part 'nose', 0 to 67 wanted"},
    {"imglab", "", "name='67'", "name='66'", "part '66' is there twice"},
    {"imglab", "", "x='10'", "x='?'", "x:4: '?' is not a coordinate"},
    {"imglab", "", "x='10'", "", "x:4: <part> without x"},
    {"imglab", "", "width='30'", "width='0'", "x:3: the box is 0 x 40"},
    {"imglab", "", "width='30'", "", "x:3: <box> without width"},
    {"imglab", "", "file='a.jpg'", "", "x:2: <image> without file"},
    {"imglab", "", "file='a.jpg'", "file='&x;.jpg'", "x:2: '&x;.jpg' is no file's name"},
    {"imglab", "", "file='a.jpg'", "file='&#0;'", "x:2: '&#0;' is no file's name"},
    {"imglab", "", "</box>", "", "broken XML: a box without an end"},
    {"imglab", "b.jpg", "-->", "", "x:74: broken XML: a comment without an end"},
    {"imglab", "", "<?xml version='1.0'?>", "<!DOCTYPE d [<!ENTITY x 'y'>]>",
     "x:1: broken XML: a DOCTYPE with definitions of its own"},
    {"imglab", "b.jpg", "height='40'", "height='40", "x:74: broken XML: a tag without an end"},
    {"aflw2000", "a.jpg", "", "", ""},
    {"aflw2000", "", "yaw_deg", "yaw", "x:1: no column 'yaw_deg' in the header"},
    {"aflw2000", "\n", "1,2,3,a", "1,200,3,a", "x:2: '200' is not an angle in degrees"},
};

static void broken_lists_are_told_by_file_line_and_reason(void **state)
{
    rig *g = *state;
    static string s;

    make_pictures(g);
    rig_write(g, "empty.jpg", "");
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const change *c = &changes[i];
        pfld_status status;
        make(&s, c->format);
        apply(&s, c);
        rig_write(g, "x", s.at);
        status = rig_add(g, c->format, "x");
        if (!*c->message) { /* the unchanged one is sound */
            assert_int_equal(status, PFLD_OK);
            assert_int_equal(g->set.n, 2);
            data_set_free(&g->set);
            continue;
        }
        if (status == PFLD_OK || status == PFLD_ERR_ARG || !strstr(g->err.msg, c->message))
            fail_msg("%s '%s' -> '%s': \"%s\", \"%s\" wanted", c->format, c->from, c->to,
                     g->err.msg, c->message);
        assert_true(strncmp(g->err.msg, g->folder, strlen(g->folder)) == 0);
        assert_int_equal(g->set.n, 0);
        assert_int_equal(g->set.n_sources, 0);
    }
}

static const struct {
    const char *from, *to, *message;
} pts_changes[] = {
    {"n_points:  68", "n_points: 67", "67 points, 68 wanted"},
    {"n_points:  68", "n_points: -1", "line 2: '-1' is no number of points"},
    {"n_points:  68", "n_points", "line 2: 'n_points', 'n_points: N' or '{' wanted"},
    {"11 21.25\n", "", "67 points, 68 wanted"},
    {"11 21.25\n", "11 21.25\n1 2\n", "69 points, 68 wanted"},
    {"12 23.25", "12 nan", "line 5: 'nan' is not a coordinate"},
    {"12 23.25", "12", "line 5: '12', 'x y' wanted"},
    {"12 23.25", "12 13 14", "line 5: '12 13 14', 'x y' wanted"},
    {"{", "(", "line 3: '(', 'n_points: N' or '{' wanted"},
    {"}", "", "the file ends after 68 points, '}' wanted"},
};

static void broken_pts_are_told_by_list_name_and_line(void **state)
{
    rig *g = *state;
    static string s;

    rig_write(g, "d/a.jpg", "jpg");
    rig_write(g, "list.txt", "\nd/a\n");
    for (size_t i = 0; i < sizeof pts_changes / sizeof *pts_changes; i++) {
        change c = {"300w", "", pts_changes[i].from, pts_changes[i].to, ""};
        char wanted[200];
        s.n = 0;
        string_pts(&s, 68);
        apply(&s, &c);
        rig_write(g, "d/a.pts", s.at);
        assert_int_equal(rig_add(g, "300w", "list.txt"), PFLD_ERR_FORMAT);
        snprintf(wanted, sizeof wanted, "list.txt:2: d/a.pts: %s", pts_changes[i].message);
        if (!strstr(g->err.msg, wanted))
            fail_msg("\"%s\", \"%s\" wanted", g->err.msg, wanted);
    }
}

static void what_a_300w_name_lacks_is_named(void **state)
{
    rig *g = *state;
    static string s;

    s.n = 0;
    string_pts(&s, 68);
    rig_write(g, "list.txt", "a\na\n");
    assert_int_equal(rig_add(g, "300w", "list.txt"), PFLD_ERR_IO);
    assert_non_null(strstr(g->err.msg, "list.txt:1: a.jpg: No such file"));
    rig_write(g, "a.jpg", "jpg");
    assert_int_equal(rig_add(g, "300w", "list.txt"), PFLD_ERR_IO);
    assert_non_null(strstr(g->err.msg, "list.txt:1: a.pts: No such file"));
    rig_write(g, "a.pts", s.at);
    assert_int_equal(rig_add(g, "300w", "list.txt"), PFLD_ERR_FORMAT);
    assert_non_null(strstr(g->err.msg, "list.txt:2: a.jpg is listed twice, first in "));
    assert_non_null(strstr(g->err.msg, "list.txt:1"));
}

/* A file of eye centres, nose and mouth would train nonsense as dlib's five. */
static void imglab_refuses_another_five(void **state)
{
    rig *g = *state;

    make_pictures(g);
    rig_write(g, "x.xml",
              "<dataset><images><image file='a.jpg'><box top='0' left='0' width='99' height='99'>"
              "<part name='0' x='30' y='30'/><part name='1' x='70' y='30'/>"
              "<part name='2' x='50' y='50'/><part name='3' x='35' y='70'/>"
              "<part name='4' x='65' y='70'/></box></image></images></dataset>");
    assert_int_equal(rig_add(g, "imglab", "x.xml"), PFLD_ERR_FORMAT);
    assert_non_null(strstr(g->err.msg, "x.xml:1: five parts, but not dlib's"));
}

/* ---- specs ---- */

static void specs_are_checked(void **state)
{
    static const struct {
        const char *spec;
        pfld_status status;
        const char *message;
    } all[] = {
        {"train.txt", PFLD_ERR_ARG, "'train.txt': data is given as FORMAT:PATH[@WEIGHT[,...]]"},
        {"w300:train.txt", PFLD_ERR_ARG,
         "'w300' is no format of data: 300w, csv68, mtfl, mtfl-train, mtfl-test, wflw, coco, "
         "imglab, aflw2000"},
        {":x", PFLD_ERR_ARG, "'' is no format of data: 300w"},
        {"300w:", PFLD_ERR_ARG, "'300w:': a path is missing"},
        {"300w:@2", PFLD_ERR_ARG, "'300w:@2': a path is missing"},
        {"300w:x@0", PFLD_ERR_ARG, "the weight '0' is not above 0"},
        {"300w:x@1,", PFLD_ERR_IO, "x: No such file"},
        {"300w:x@1,offset", PFLD_ERR_ARG, "'offset' is neither offset=PIXELS nor shift=PIXELS"},
        {"300w:x@1,offset=nan", PFLD_ERR_ARG, "'offset=nan' is no number of pixels"},
        {"300w:x@1,offset=1,shift=1e30", PFLD_ERR_ARG, "'shift=1e30' is no number of pixels"},
        {"300w:x@-1,shift=1", PFLD_ERR_ARG, "the weight '-1' is not above 0"},
        {"csv68:/nowhere/x.csv@1", PFLD_ERR_IO, "/nowhere/x.csv: No such file"},
        {"csv68:/nowhere/x.csv@y", PFLD_ERR_IO, "/nowhere/x.csv@y: No such file"},
    };
    rig *g = *state;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(data_set_add(&g->set, all[i].spec, NULL, &g->err), all[i].status);
        assert_non_null(strstr(g->err.msg, all[i].message));
        assert_int_equal(data_set_add(&g->set, all[i].spec, NULL, NULL), all[i].status);
    }
}

static void lists_of_no_faces_are_refused(void **state)
{
    static const struct {
        const char *format, *text, *message;
    } all[] = {
        {"300w", "", "x: no faces in it"},
        {"300w", "\n \r\n", "x: no faces in it"},
        {"csv68", "", "x:1: the file is empty, a header wanted"},
        {"mtfl", MTFL_HEADER, "x: no faces in it"},
        {"mtfl-test", MTFL_HEADER "train,a.jpg,1,2,3,4,5,6,7,8,9,10,1,1,2,3,11,12,31,52,9,9,1\n",
         "x: no faces in it"},
        {"wflw", "", "x: no faces in it"},
        {"coco", "", "x:1: broken JSON: '{' wanted"},
        {"coco", "{\"images\": [], \"annotations\": []}", "x: no faces in it"},
        {"imglab", "", "x: no <image>, so no file of imglab"},
        {"imglab", "<dataset><images><image file='a.jpg'/></images></dataset>",
         "x: no faces in it"},
    };
    rig *g = *state;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        rig_write(g, "x", all[i].text);
        assert_int_equal(rig_add(g, all[i].format, "x"), PFLD_ERR_FORMAT);
        if (!strstr(g->err.msg, all[i].message))
            fail_msg("%s: \"%s\", \"%s\" wanted", all[i].format, g->err.msg, all[i].message);
    }
}

static void long_paths_keep_the_reason_in_the_message(void **state)
{
    rig *g = *state;
    char name[600] = "";

    for (int i = 0; i < 4; i++) {
        memset(name + strlen(name), 'd', 100);
        strcat(name, "/");
    }
    strcat(name, "list.txt");
    rig_write(g, name, "a\n");
    assert_int_equal(rig_add(g, "300w", name), PFLD_ERR_IO);
    assert_non_null(strstr(g->err.msg, "/list.txt:1: a.jpg: No such file or directory"));
    assert_memory_equal(g->err.msg, "...", 3);
    memset(name, 'n', 599); /* no file can have this name */
    rig_write(g, "list.txt", name);
    assert_int_equal(rig_add(g, "300w", "list.txt"), PFLD_ERR_IO);
}

/* ---- skip_bad, and sets that a failure leaves alone ---- */

static void skip_bad_counts_and_tells_the_first_ten(void **state)
{
    rig *g = *state;
    static string s;

    make_pictures(g);
    s.n = 0;
    string_csv_header(&s, 68);
    for (int i = 0; i < 13; i++)
        string_add(&s, "a.jpg,1,2\n");
    string_csv_row(&s, "a.jpg", 68);
    string_csv_row(&s, "none.jpg", 68);
    rig_write(g, "x.csv", s.at);
    g->opt.skip_bad = true;
    rig_add_ok(g, "csv68", "x.csv");
    assert_int_equal(g->set.n, 1);
    assert_int_equal(g->set.sources[0].n, 1);
    assert_int_equal(g->set.sources[0].n_skipped, 14);
    assert_int_equal(g->n_messages, 11);
    assert_non_null(strstr(g->message[0], "x.csv:2: 1 points, 68 wanted"));
    assert_non_null(strstr(g->message[9], "x.csv:11: "));
    assert_non_null(strstr(g->message[10], "x.csv: 14 broken of 15 left out"));
    assert_non_null(strstr(g->set.samples[0].where, "x.csv:15"));
}

static void skip_bad_works_in_every_format(void **state)
{
    rig *g = *state;
    static string s;

    rig_write(g, "b.jpg", "jpg"); /* a.jpg is what is missing */
    g->opt.skip_bad = true;
    for (int i = 0; i < SOUND; i++) {
        make(&s, sound[i].format);
        rig_write(g, "x", s.at);
        rig_add_ok(g, sound[i].format, "x");
        assert_int_equal(g->set.n, i + 1);
        assert_int_equal(g->set.sources[i].n_skipped, 1);
        assert_non_null(strstr(g->message[2 * i], "a.jpg: No such file"));
    }
    g->opt.message = NULL;
    rig_add_ok(g, "aflw2000", "x"); /* nobody listens */
    assert_int_equal(g->n_messages, 2 * SOUND);
}

static void skip_bad_of_all_is_a_list_of_no_faces(void **state)
{
    rig *g = *state;
    static string s;

    make(&s, "csv68");
    rig_write(g, "x", s.at);
    g->opt.skip_bad = true;
    assert_int_equal(rig_add(g, "csv68", "x"), PFLD_ERR_FORMAT);
    assert_non_null(strstr(g->err.msg, "x: no face is left, 2 are broken"));
    assert_int_equal(g->set.n_sources, 0);
}

static void a_failure_leaves_the_set_as_it_was(void **state)
{
    rig *g = *state;
    static string s;
    data_sample before;

    make_pictures(g);
    make(&s, "csv68");
    rig_write(g, "good", s.at);
    string_csv_row(&s, "none.jpg", 68);
    rig_write(g, "bad", s.at);
    rig_add_ok(g, "csv68", "good");
    before = g->set.samples[1];
    for (int i = 0; i < 20; i++)
        assert_int_equal(rig_add(g, "csv68", "bad"), PFLD_ERR_IO);
    assert_int_equal(g->set.n, 2);
    assert_int_equal(g->set.n_sources, 1);
    assert_memory_equal(&g->set.samples[1], &before, sizeof before);
    assert_true(before.points[67].x == face_x(67));
    rig_add_ok(g, "csv68", "good");
    assert_int_equal(g->set.samples[3].source, 1);
}

/* ---- files cut short, and memory that runs out ---- */

static void run_bytes(rig *g, int format, const void *data, size_t n, pfld_status *status)
{
    reader_file f = {.format = sound[format].format,
                     .path = "d/x",
                     .spec = "x",
                     .data = data,
                     .size = n,
                     .terms = {.weight = 1},
                     .no_files = true};
    memset(&g->err, 0, sizeof g->err);
    *status = reader_run(&g->set, &f, &g->opt, &g->err);
}

static void files_cut_at_any_byte_are_an_error_or_fewer_faces(void **state)
{
    rig *g = *state;
    static string s;

    for (int i = 0; i < SOUND; i++) {
        make(&s, sound[i].format);
        for (size_t n = 0; n < s.n; n++) {
            char *cut = malloc(n ? n : 1); /* of its own, so that a sanitizer sees its end */
            pfld_status status;
            assert_non_null(cut);
            memcpy(cut, s.at, n);
            run_bytes(g, i, cut, n, &status);
            free(cut);
            assert_true(status == PFLD_OK || (status == PFLD_ERR_FORMAT && g->err.msg[0]));
            assert_int_equal(g->set.n > 0, status == PFLD_OK);
            if (strcmp(sound[i].format, "coco") == 0 || strcmp(sound[i].format, "imglab") == 0)
                assert_true(status == PFLD_ERR_FORMAT || strstr(s.at + n, "dataset>"));
            data_set_free(&g->set);
        }
    }
}

static void every_failing_allocation_is_told_and_changes_nothing(void **state)
{
    rig *g = *state;
    static string s;

    for (int i = 0; i < SOUND; i++) {
        pfld_status status = PFLD_ERR_NOMEM;
        long n = 0;
        make(&s, sound[i].format);
        for (; status == PFLD_ERR_NOMEM && n < 1000; n++) {
            fail_at = n;
            n_asked = 0;
            g->opt.skip_bad = true; /* memory is not a broken line */
            run_bytes(g, i, s.at, s.n, &status);
            fail_at = -1;
            if (status == PFLD_OK)
                break;
            assert_int_equal(status, PFLD_ERR_NOMEM);
            assert_string_equal(g->err.msg, "out of memory");
            assert_int_equal(g->set.n, 0);
            assert_int_equal(g->set.n_sources, 0);
            data_set_free(&g->set);
        }
        assert_int_equal(status, PFLD_OK);
        assert_true(n > 2 && n_asked == n);
        data_set_free(&g->set);
    }
}

static void json_nests_no_deeper_than_it_must(void **state)
{
    rig *g = *state;
    static string s;
    pfld_status status;

    for (int depth = 62; depth < 70; depth += 7) {
        s.n = 0;
        string_add(&s, "{\"deep\": ");
        for (int i = 0; i < depth; i++)
            string_add(&s, "[");
        for (int i = 0; i < depth; i++)
            string_add(&s, "]");
        string_add(&s, "}");
        run_bytes(g, 3, s.at, s.n, &status);
        assert_int_equal(status, PFLD_ERR_FORMAT);
        assert_int_equal(strstr(g->err.msg, "64 brackets") != NULL, depth > 64);
    }
}

/* ---- the small pieces ---- */

/* The short way for plain numbers must not be another way. */
static void numbers_have_the_bits_of_number_parse(void **state)
{
    rng r;

    (void)state;
    rng_seed(&r, 7);
    for (int i = 0; i < 200000; i++) {
        char number[40];
        const char *p = number;
        float a = 0, b = 0;
        uint64_t u = rng_u64(&r);
        snprintf(number, sizeof number, "%.*f", (int)(u & 15),
                 (double)(int64_t)(u >> (8 + (u >> 4 & 31))) * 1e-6 * (u & 1 ? -1 : 1));
        assert_true(number_parse(&p, &a) && *p == 0);
        assert_true(text_number((text){number, strlen(number)}, &b));
        assert_memory_equal(&a, &b, sizeof a);
    }
}

static void only_whole_numbers_are_numbers(void **state)
{
    static const char *const bad[] = {"",     "-",   ".",   "-.",  "1.2.3", "1 ",
                                      " 1",   "1,5", "+-1", "nan", "inf",   "1e40",
                                      "0x10", "1e",  "--1", "1f",  "٣",     "1e999999999999"};
    static const struct {
        const char *text;
        float value;
    } good[] = {{"1.", 1}, {".5", 0.5f}, {"-0", 0}, {"+2", 2}, {"1e2", 100}, {"007", 7}};
    float v = 42;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (text_number((text){bad[i], strlen(bad[i])}, &v))
            fail_msg("'%s' is %g", bad[i], (double)v);
    assert_true(v == 42);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(text_number((text){good[i].text, strlen(good[i].text)}, &v));
        assert_true(v == good[i].value);
    }
}

static void csv_fields_are_split_as_they_look(void **state)
{
    static csv c;
    static const char all[] = "a, b ,\"c,d\",\n\n1,\"x,y\"z,\"\", \"q\" \n\"open,2\n";
    pfld_error err;

    (void)state;
    assert_int_equal(csv_open(&c, text_of(all, strlen(all)), &err), PFLD_OK);
    assert_int_equal(c.n_columns, 4);
    assert_true(text_is(c.column[1], "b") && text_is(c.column[2], "c,d"));
    assert_true(text_is(c.column[3], ""));
    assert_true(csv_next(&c));
    assert_int_equal(c.line, 3);
    assert_int_equal(c.n_fields, 4);
    assert_true(text_is(c.field[1], "\"x,y\"z") && text_is(c.field[2], ""));
    assert_true(text_is(c.field[3], "q"));
    assert_true(csv_next(&c));
    assert_int_equal(c.n_fields, 2);
    assert_true(text_is(c.field[0], "\"open"));
    assert_false(csv_next(&c));
}

static void an_index_finds_all_of_one_hash_and_nothing_else(void **state)
{
    data_index ix = {0};
    size_t cursor = 0;
    uint32_t v, sum = 0, n = 0;

    (void)state;
    assert_false(data_index_next(&ix, 1, &cursor, &v));
    for (uint32_t i = 0; i < 5000; i++) /* neighbours, and far ones that share their place */
        assert_true(data_index_put(&ix, i % 50 == 0 ? 0 : (uint64_t)i << 40 | i, i));
    for (cursor = 0; data_index_next(&ix, 0, &cursor, &v); n++)
        sum += v;
    assert_int_equal(n, 100);
    assert_int_equal(sum, 50 * 99 * 100 / 2);
    cursor = 0;
    assert_true(data_index_next(&ix, (uint64_t)77 << 40 | 77, &cursor, &v));
    assert_int_equal(v, 77);
    assert_false(data_index_next(&ix, (uint64_t)77 << 40 | 77, &cursor, &v));
    cursor = 0;
    assert_false(data_index_next(&ix, 77, &cursor, &v));
    data_index_free(&ix);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(broken_lists_are_told_by_file_line_and_reason),
        T(broken_pts_are_told_by_list_name_and_line),
        T(what_a_300w_name_lacks_is_named),
        T(imglab_refuses_another_five),
        T(specs_are_checked),
        T(lists_of_no_faces_are_refused),
        T(long_paths_keep_the_reason_in_the_message),
        T(skip_bad_counts_and_tells_the_first_ten),
        T(skip_bad_works_in_every_format),
        T(skip_bad_of_all_is_a_list_of_no_faces),
        T(a_failure_leaves_the_set_as_it_was),
        T(files_cut_at_any_byte_are_an_error_or_fewer_faces),
        T(every_failing_allocation_is_told_and_changes_nothing),
        T(json_nests_no_deeper_than_it_must),
        cmocka_unit_test(numbers_have_the_bits_of_number_parse),
        cmocka_unit_test(only_whole_numbers_are_numbers),
        cmocka_unit_test(csv_fields_are_split_as_they_look),
        cmocka_unit_test(an_index_finds_all_of_one_hash_and_nothing_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
