/* Readers of data sets: what stands in the files is what the samples say. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

static void assert_face(const data_sample *s, const char *name, const char *image_ends)
{
    size_t n = strlen(s->image), m = strlen(image_ends);

    assert_string_equal(s->scheme->name, name);
    assert_true(n >= m);
    assert_string_equal(s->image + n - m, image_ends);
    for (int i = 0; i < s->scheme->n; i++) {
        assert_int_equal(s->known[i], 1);
        assert_float_equal(s->points[i].x, face_x(i), 1e-4f);
        assert_float_equal(s->points[i].y, face_y(i), 1e-4f);
    }
}

/* ---- 300w ---- */

static void a_300w_list_gives_zero_based_points(void **state)
{
    rig *g = *state;
    static string pts;

    pts.n = 0;
    string_pts(&pts, 68);
    rig_write(g, "sub/a.jpg", "jpg");
    rig_write(g, "sub/a.pts", pts.at);
    rig_write(g, "b.png", "png");
    rig_write(g, "b.pts", pts.at);
    rig_write(g, "c.x.jpg", "jpg");
    rig_write(g, "c.x.pts", pts.at);
    rig_write(g, "list.txt", "\xef\xbb\xbfsub/a\r\n\r\n  b  \nc.x.jpg"); /* as Windows saves it */
    rig_add_ok(g, "300w", "list.txt@2.5");
    assert_int_equal(g->set.n, 3);
    assert_face(&g->set.samples[0], "ibug68", "/sub/a.jpg");
    assert_face(&g->set.samples[1], "ibug68", "/b.png");
    assert_face(&g->set.samples[2], "ibug68", "/c.x.jpg");
    assert_true(g->set.samples[0].weight == 2.5f);
    assert_false(g->set.samples[0].has_box);
    assert_true(g->set.samples[0].box.x == face_x(0) && g->set.samples[0].box.w == 67);
    assert_true(g->set.samples[0].box.h == 134);
    assert_true(isnan(g->set.samples[0].pose.yaw));
    assert_non_null(strstr(g->set.samples[1].where, "list.txt:3"));
}

/* ---- csv68 ---- */

static void csv68_finds_its_columns_by_name(void **state)
{
    rig *g = *state;
    static string csv;

    csv.n = 0;
    string_add(&csv, "right,bottom,");
    string_csv_header(&csv, 68);
    csv.n--;
    string_add(&csv, ",left,top\n100,200,");
    string_csv_row(&csv, "\"a, b.jpg\"", 68);
    csv.n--;
    string_add(&csv, ",1,2\n");
    rig_write(g, "a, b.jpg", "jpg");
    rig_write(g, "train.csv", csv.at);
    rig_add_ok(g, "csv68", "train.csv");
    assert_int_equal(g->set.n, 1);
    assert_face(&g->set.samples[0], "ibug68", "/a, b.jpg");
    assert_true(g->set.samples[0].has_box);
    assert_true(g->set.samples[0].box.x == 1 && g->set.samples[0].box.y == 2);
    assert_true(g->set.samples[0].box.w == 99 && g->set.samples[0].box.h == 198);
}

static void csv68_may_say_how_far_a_rows_labels_lie_beside(void **state)
{
    rig *g = *state;
    static string csv;

    csv.n = 0;
    string_add(&csv, "offset,");
    string_csv_header(&csv, 68);
    string_add(&csv, "0.5,");
    string_csv_row(&csv, "a.jpg", 68);
    string_add(&csv, "-2,");
    string_csv_row(&csv, "b.jpg", 68);
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "b.jpg", "jpg");
    rig_write(g, "train.csv", csv.at);
    rig_add_ok(g, "csv68", "train.csv@1,offset=0.25");
    assert_int_equal(g->set.n, 2);
    assert_true(g->set.samples[0].offset == 0.75f && g->set.samples[1].offset == -1.75f);
    memcpy(strstr(csv.at, "-2,"), "x2,", 3);
    rig_write(g, "bad.csv", csv.at);
    assert_int_equal(rig_add(g, "csv68", "bad.csv"), PFLD_ERR_FORMAT);
    assert_non_null(strstr(g->err.msg, "bad.csv:3: 'x2' is not a coordinate"));
}

static void csv68_may_hold_several_faces_of_one_picture(void **state)
{
    rig *g = *state;
    static string csv;

    csv.n = 0;
    string_csv_header(&csv, 68);
    string_csv_row(&csv, "a.jpg", 68);
    string_add(&csv, "a.jpg,9,9");
    for (int i = 0; i < 67; i++)
        string_add(&csv, ",1,%d", i);
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "train.csv", csv.at);
    rig_add_ok(g, "csv68", "train.csv");
    assert_int_equal(g->set.n, 2);
    assert_ptr_equal(g->set.samples[0].image, g->set.samples[1].image);
    assert_true(g->set.samples[1].points[67].y == 66);
}

/* ---- mtfl ---- */

static const char mtfl_csv[] =
    MTFL_HEADER "train,a.jpg,1,2,3,4,5,6,7,8,9,10,1,1,2,3,11,12,31,52,250,250,1\n"
                "train,b.jpg,1,2,3,4,5,6,7,8,9,10,2,2,1,5,11,12,31,52,250,250,0\n"
                "test,c.jpg,1,2,3,4,5,6,7,8,9,10,1,2,2,2,11,12,31,52,250,250,1\n"
                "test,d.jpg,1,2,3,4,5,6,7,8,9,10,1,2,2,4,11,12,31,52,250,250,1\n"
                "test,e.jpg,1,2,3,4,5,6,7,8,9,10,1,2,2,3,11,12,31,52,250,250,1\n";

static void mtfl_gives_the_training_part_in_our_order(void **state)
{
    rig *g = *state;
    const data_sample *s;

    rig_write(g, "a.jpg", "jpg"); /* those of the test part need not even exist */
    rig_write(g, "b.jpg", "jpg");
    rig_write(g, "m.csv", mtfl_csv);
    rig_add_ok(g, "mtfl", "m.csv");
    s = g->set.samples;
    assert_int_equal(g->set.n, 2);
    assert_string_equal(s->scheme->name, "five");
    for (int i = 0; i < 5; i++) {
        assert_true(s->points[i].x == (float)(1 + i) && s->points[i].y == (float)(6 + i));
        assert_int_equal(s->known[i], 1);
    }
    assert_true(s->has_box && s->box.x == 11 && s->box.y == 12 && s->box.w == 20 && s->box.h == 40);
    assert_int_equal(s->flags, DATA_FLAG_EXPRESSION);
    assert_false(s[1].has_box); /* box_ok 0: it is another face's */
    assert_true(s[1].box.x == 1 && s[1].box.w == 4);
    assert_int_equal(s[1].flags, DATA_FLAG_POSE);
    assert_false(s[1].has_pose);
}

static void mtfl_joins_the_angles_that_can_be_this_faces(void **state)
{
    rig *g = *state;
    const data_sample *s;

    rig_write(g, "c.jpg", "jpg");
    rig_write(g, "d.jpg", "jpg");
    rig_write(g, "e.jpg", "jpg");
    rig_write(g, "m.csv", mtfl_csv);
    rig_write(g, "aflw_pose.csv",
              "file,yaw_deg,pitch_deg,roll_deg,mtfl_pose\n"
              "c.jpg,30,-5,7,2\n"   /* class "left": the same */
              "d.jpg,30,-5,7,4\n"); /* class "right": another face's */
    rig_add_ok(g, "mtfl-test", "m.csv");
    s = g->set.samples;
    assert_int_equal(g->set.n, 3);
    assert_true(s[0].has_pose);
    assert_true(s[0].pose.yaw == 30 && s[0].pose.pitch == -5 && s[0].pose.roll == -7);
    assert_false(s[1].has_pose);
    assert_true(isnan(s[1].pose.yaw));
    assert_false(s[2].has_pose);
}

/* ---- wflw ---- */

static void wflw_finds_its_pictures_as_it_is_distributed(void **state)
{
    rig *g = *state;
    const data_sample *s;
    static string list;

    list.n = 0;
    string_wflw(&list, 98, "5 6 25 46 1 0 0 1 0 1 0--Parade/a.jpg");
    rig_write(g, "WFLW_images/0--Parade/a.jpg", "jpg");
    rig_write(g, "WFLW_annotations/lists/train.txt", list.at);
    rig_add_ok(g, "wflw", "WFLW_annotations/lists/train.txt");
    s = g->set.samples;
    assert_int_equal(g->set.n, 1);
    assert_face(s, "wflw98", "WFLW_images/0--Parade/a.jpg");
    assert_int_equal(s->flags, DATA_FLAG_POSE | DATA_FLAG_MAKE_UP | DATA_FLAG_BLUR);
    assert_true(s->has_box && s->box.x == 5 && s->box.y == 6 && s->box.w == 20 && s->box.h == 40);
}

static void wflw_takes_pictures_beside_the_list_too(void **state)
{
    rig *g = *state;
    static string list;

    list.n = 0;
    string_wflw(&list, 98, "5 6 25 46 0 1 1 0 1 0 a.jpg");
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "train.txt", list.at);
    rig_add_ok(g, "wflw", "train.txt");
    assert_int_equal(g->set.samples[0].flags,
                     DATA_FLAG_EXPRESSION | DATA_FLAG_ILLUMINATION | DATA_FLAG_OCCLUSION);
}

/* ---- coco ---- */

static void coco_tells_the_scheme_by_the_number_of_points(void **state)
{
    rig *g = *state;
    static const struct {
        int n;
        const char *name;
    } all[] = {{68, "ibug68"}, {98, "wflw98"}, {106, "lapa106"},
               {29, "cofw29"}, {19, "aflw19"}, {5, "five"}};
    static string js;

    rig_write(g, "a.jpg", "jpg");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        js.n = 0; /* the annotations come first, and other things in between */
        string_add(&js, "{\"info\": {\"a\": [1, {\"b\": null}]}, \"annotations\": [{");
        string_keypoints(&js, all[i].n, 2);
        string_add(&js, ", \"image_id\": 7, \"bbox\": [1, 2, 30, 40.5]}],\n"
                        "\"images\": [{\"id\": 7, \"width\": 9, \"file_name\": \"a.jpg\"}]}");
        rig_write(g, "x.json", js.at);
        rig_add_ok(g, "coco", "x.json");
        assert_int_equal(g->set.n, i + 1);
        assert_face(&g->set.samples[i], all[i].name, "/a.jpg");
        assert_true(g->set.samples[i].has_box && g->set.samples[i].box.h == 40.5f);
        assert_int_equal(g->set.samples[i].source, i);
    }
}

static void coco_leaves_out_what_is_not_visible_and_crowds(void **state)
{
    rig *g = *state;
    const data_sample *s;

    rig_write(g, "a b\xc3\xa9\xf0\x9f\x98\x80.jpg", "jpg");
    rig_write(
        g, "x.json",
        "{\"images\": [{\"id\": \"q\", \"file_name\": \"a\\u0020b\\u00e9\\ud83d\\ude00.jpg\"}],"
        "\"annotations\": [\n"
        "{\"image_id\": \"q\", \"keypoints\": [1,2,2, 1e5,-3,0, 5,6,1, 7,8,2, 9,10,2],"
        " \"bbox\": [0,0,0,0]},\n"
        "{\"image_id\": \"q\", \"iscrowd\": 1, \"keypoints\": []},\n"
        "{\"image_id\": \"q\", \"keypoints\": [1,2,2, 3,4,2, 5,6,1, 7,8,2, 9,10,2]}]}");
    rig_add_ok(g, "coco", "x.json");
    s = g->set.samples;
    assert_int_equal(g->set.n, 2);
    assert_int_equal(s[0].known[1], 0);
    assert_int_equal(s[0].known[2], 1);
    assert_false(s[0].has_box);
    assert_true(s[0].box.w == 8 && s[0].box.h == 8); /* the hidden point stays outside */
    assert_ptr_equal(s[0].image, s[1].image);
    assert_non_null(strstr(s[1].where, "x.json:4"));
}

/* ---- imglab ---- */

static void imglab_gives_boxes_and_parts_by_number(void **state)
{
    rig *g = *state;
    const data_sample *s;
    static string xml;

    xml.n = 0;
    string_add(&xml,
               "<?xml version='1.0'?>\n<?xml-stylesheet href='x.xsl'?>\n<!DOCTYPE dataset>\n"
               "<dataset><name>a > b</name><!-- <image file='no.jpg'> -->\n<images>\n"
               "<image file='a &amp; b&#33;.jpg' width=\"9\">\n"
               "<box top='2' left='1' width='30' height='40' occluded='1'>\n<label>x</label>");
    string_parts(&xml, 68);
    string_add(&xml, "</box>\n<box top='1' left='1' width='9' height='9' ignore='1'/>\n"
                     "<box left='0' top='0' width='9' height='9'>\n"
                     "<part name='3' x='1' y='2'/><part x='4' y='5' name='067'/></box>\n"
                     "</image>\n</images></dataset>\n");
    rig_write(g, "a & b!.jpg", "jpg");
    rig_write(g, "x.xml", xml.at);
    rig_add_ok(g, "imglab", "x.xml");
    s = g->set.samples;
    assert_int_equal(g->set.n, 2);
    assert_face(s, "ibug68", "/a & b!.jpg");
    assert_int_equal(s->flags, DATA_FLAG_OCCLUSION);
    assert_true(s->has_box && s->box.x == 1 && s->box.y == 2 && s->box.w == 30 && s->box.h == 40);
    assert_int_equal(s[1].known[3] + s[1].known[67], 2);
    assert_int_equal(s[1].known[0] + s[1].known[66], 0);
    assert_true(s[1].points[67].x == 4 && s[1].points[67].y == 5);
}

static void imglab_with_five_parts_has_dlibs_corners_of_eyes(void **state)
{
    rig *g = *state;
    static const int at[5] = {45, 42, 36, 39, 33};
    const data_sample *s;
    int n_known = 0;

    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "x.xml",
              "<dataset><images><image file='a.jpg'><box top='0' left='0' width='99' height='99'>"
              "<part name='0' x='86' y='21'/><part name='1' x='65' y='23'/>"
              "<part name='2' x='12' y='21'/><part name='3' x='33' y='23'/>"
              "<part name='4' x='49' y='63'/></box></image></images></dataset>");
    rig_add_ok(g, "imglab", "x.xml");
    s = g->set.samples;
    assert_string_equal(s->scheme->name, "ibug68");
    for (int i = 0; i < 68; i++)
        n_known += s->known[i];
    assert_int_equal(n_known, 5);
    for (int i = 0; i < 5; i++)
        assert_int_equal(s->known[at[i]], 1);
    assert_true(s->points[45].x == 86 && s->points[33].y == 63);
}

/* ---- aflw2000 ---- */

static void aflw2000_brings_true_angles(void **state)
{
    rig *g = *state;
    static string csv;

    csv.n = 0;
    string_add(&csv, "file,pitch_deg,yaw_deg,roll_deg");
    for (int i = 0; i < 68; i++)
        string_add(&csv, ",x%d,y%d,z%d", i, i, i);
    string_add(&csv, "\na.jpg,1.5,-2.5,3.5");
    for (int i = 0; i < 68; i++)
        string_add(&csv, ",%g,%g,-1e3", (double)face_x(i), (double)face_y(i));
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "pose.csv", csv.at);
    rig_add_ok(g, "aflw2000", "pose.csv");
    assert_face(&g->set.samples[0], "ibug68", "/a.jpg");
    assert_true(g->set.samples[0].has_pose);
    assert_true(g->set.samples[0].pose.pitch == 1.5f && g->set.samples[0].pose.yaw == -2.5f);
    assert_true(g->set.samples[0].pose.roll == 3.5f);
}

/* ---- sets ---- */

static void lists_append_and_each_is_a_source(void **state)
{
    rig *g = *state;
    static string csv;

    csv.n = 0;
    string_csv_header(&csv, 68);
    string_csv_row(&csv, "a.jpg", 68);
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "train@1.csv", csv.at);
    rig_write(g, "b.csv", csv.at);
    rig_add_ok(g, "csv68", "train@1.csv@0.25"); /* only the last '@' may mean a weight */
    rig_add_ok(g, "csv68", "train@1.csv");
    rig_add_ok(g, "csv68", "b.csv");
    assert_int_equal(g->set.n, 3);
    assert_int_equal(g->set.n_sources, 3);
    assert_true(g->set.samples[0].weight == 0.25f && g->set.samples[1].weight == 1);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(g->set.samples[i].source, i);
        assert_int_equal(g->set.sources[i].n, 1);
        assert_int_equal(g->set.sources[i].n_skipped, 0);
        assert_true(g->set.sources[i].hash == text_hash(TEXT_HASH, csv.at, csv.n));
    }
    assert_non_null(strstr(g->set.sources[0].spec, "train@1.csv@0.25"));
    assert_true(text_hash(TEXT_HASH, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c)); /* FNV's own */
}

static void a_spec_can_move_labels_and_tell_how_far_off_they_are(void **state)
{
    rig *g = *state;
    static string csv;
    const data_sample *s;

    csv.n = 0;
    string_csv_header(&csv, 68);
    string_csv_row(&csv, "a.jpg", 68);
    rig_write(g, "a.jpg", "jpg");
    rig_write(g, "a.csv", csv.at);
    rig_add_ok(g, "csv68", "a.csv@0.5,offset=1.25,shift=-0.5");
    rig_add_ok(g, "csv68", "a.csv@1,shift=2");
    s = g->set.samples;
    assert_true(s[0].weight == 0.5f && s[0].offset == 1.25f && s[1].offset == 0);
    assert_true(s[0].points[3].x == face_x(3) - 0.5f && s[0].points[3].y == face_y(3));
    assert_true(s[0].box.x == face_x(0) - 0.5f && s[0].box.w == 67);
    assert_true(s[1].points[3].x == face_x(3) + 2);
}

/* ---- the real ones ---- */

static const char *shared(void)
{
    const char *folder = getenv("PFLD_SHARED");
    return folder ? folder : PFLD_SOURCE_DIR "/../shared";
}

static void add_shared(rig *g, const char *format, const char *path)
{
    char spec[1024];

    snprintf(spec, sizeof spec, "%s/data/%s", shared(), path);
    if (access(spec, R_OK))
        skip();
    snprintf(spec, sizeof spec, "%s:%s/data/%s", format, shared(), path);
    if (data_set_add(&g->set, spec, &g->opt, &g->err))
        fail_msg("%s", g->err.msg);
}

static void the_real_lists_have_their_numbers_of_faces(void **state)
{
    static const struct {
        const char *format, *path;
        size_t n;
    } all[] = {
        {"300w", "landmarks68/300w/train.txt", 1030},
        {"300w", "landmarks68/300w/val.txt", 177},
        {"300w", "landmarks68/300w/test.txt", 166},
        {"csv68", "landmarks68/ytf/train.csv", 2086},
        {"csv68", "landmarks68/ytf/val.csv", 153},
        {"mtfl", "faces/mtfl80/mtfl80.csv", 9983},
        {"mtfl-test", "faces/mtfl80/mtfl80.csv", 2931},
        {"coco", "formats/wflw/test_wflw.json", 4},
        {"coco", "formats/lapa/test_lapa.json", 2},
        {"coco", "formats/cofw/test_cofw.json", 2},
        {"coco", "formats/aflw/test_aflw.json", 2},
        {"coco", "formats/300wlp/test_300wlp.json", 2},
        {"aflw2000", "pose/pose.csv", 8},
    };
    rig *g = *state;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        add_shared(g, all[i].format, all[i].path);
        assert_int_equal(g->set.sources[i].n, all[i].n);
    }
    assert_int_equal(g->n_messages, 0);
}

/* The image's left first: a mirrored or subject's-left order would be seen in nearly all. */
static void real_eyes_and_mouths_are_the_right_way_round(void **state)
{
    rig *g = *state;

    add_shared(g, "mtfl", "faces/mtfl80/mtfl80.csv");
    for (size_t i = 0; i < g->set.n; i++) {
        const pfld_point *p = g->set.samples[i].points;
        assert_true(p[0].x < p[1].x && p[3].x < p[4].x && p[0].y < p[3].y);
    }
}

/* MTFL's classes and AFLW's angles, turned into ours, against the eyes in the picture. */
static void aflw_angles_have_our_signs(void **state)
{
    rig *g = *state;
    int n = 0, roll_agrees = 0, n_roll = 0, yaw_agrees = 0, n_yaw = 0;

    add_shared(g, "mtfl-test", "faces/mtfl80/mtfl80.csv");
    for (size_t i = 0; i < g->set.n; i++) {
        const data_sample *s = &g->set.samples[i];
        const pfld_point *p = s->points;
        float nose = p[2].x - 0.5f * (p[0].x + p[1].x); /* goes where the face looks */
        if (!s->has_pose)
            continue;
        n++;
        if (fabsf(s->pose.roll) > 10) {
            n_roll++;
            roll_agrees += (p[1].y - p[0].y > 0) == (s->pose.roll > 0);
        }
        if (fabsf(s->pose.yaw) > 30 && fabsf(s->pose.roll) < 10) {
            n_yaw++;
            yaw_agrees += (nose < 0) == (s->pose.yaw > 0);
        }
    }
    assert_int_equal(n, 431);
    assert_true(n_roll > 50 && roll_agrees * 20 > n_roll * 17);
    assert_true(n_yaw > 30 && yaw_agrees * 20 > n_yaw * 18);
}

/* The check on dlib's five parts must not refuse a face. */
static void real_faces_pass_as_dlibs_five(void **state)
{
    static const int at[5] = {45, 42, 36, 39, 33};
    rig *g = *state;
    data_set five = {0};
    char path[128], spec[160];
    FILE *f;

    add_shared(g, "300w", "landmarks68/300w/train.txt");
    add_shared(g, "csv68", "landmarks68/ytf/train.csv");
    snprintf(path, sizeof path, "%s/five.xml", g->folder);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "<dataset><images>\n");
    for (size_t i = 0; i < g->set.n; i++) {
        const data_sample *s = &g->set.samples[i];
        fprintf(f, "<image file='%s'><box left='0' top='0' width='9' height='9'>", s->image);
        for (int k = 0; k < 5; k++)
            fprintf(f, "<part name='%d' x='%g' y='%g'/>", k, (double)s->points[at[k]].x,
                    (double)s->points[at[k]].y);
        fprintf(f, "</box></image>\n");
    }
    assert_int_equal(fclose(f), 0);
    snprintf(spec, sizeof spec, "imglab:%s", path);
    if (data_set_add(&five, spec, NULL, &g->err))
        fail_msg("%s", g->err.msg);
    assert_int_equal(five.n, g->set.n);
    data_set_free(&five);
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_300w_list_gives_zero_based_points),
        T(csv68_finds_its_columns_by_name),
        T(csv68_may_say_how_far_a_rows_labels_lie_beside),
        T(csv68_may_hold_several_faces_of_one_picture),
        T(mtfl_gives_the_training_part_in_our_order),
        T(mtfl_joins_the_angles_that_can_be_this_faces),
        T(wflw_finds_its_pictures_as_it_is_distributed),
        T(wflw_takes_pictures_beside_the_list_too),
        T(coco_tells_the_scheme_by_the_number_of_points),
        T(coco_leaves_out_what_is_not_visible_and_crowds),
        T(imglab_gives_boxes_and_parts_by_number),
        T(imglab_with_five_parts_has_dlibs_corners_of_eyes),
        T(aflw2000_brings_true_angles),
        T(lists_append_and_each_is_a_source),
        T(a_spec_can_move_labels_and_tell_how_far_off_they_are),
        T(the_real_lists_have_their_numbers_of_faces),
        T(real_eyes_and_mouths_are_the_right_way_round),
        T(aflw_angles_have_our_signs),
        T(real_faces_pass_as_dlibs_five),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
