/* files/whole: a file is there whole or not at all, whatever path names and whatever fails. */
#define _XOPEN_SOURCE 700
#include "reader_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "core/file.h"
#include "core/mem.h"
#include "files/whole.h"

static const char *in(const rig *g, const char *name)
{
    static char path[2][160];
    static int turn;

    turn = !turn;
    snprintf(path[turn], sizeof path[turn], "%s/%s", g->folder, name);
    return path[turn];
}

static void assert_holds(const rig *g, const char *name, const char *wanted)
{
    uint8_t *data = NULL;
    size_t size = 0;

    assert_int_equal(file_read(in(g, name), 4096, &data, &size, NULL), PFLD_OK);
    assert_int_equal(size, strlen(wanted));
    assert_memory_equal(data, wanted, size);
    mem_free(data);
}

static int entries(const rig *g)
{
    DIR *d = opendir(g->folder);
    int n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2; /* "." and ".." */
}

static pfld_status put(rig *g, const char *name, const char *words)
{
    return files_whole_write(in(g, name), words, strlen(words), false, &g->err);
}

static void the_name_is_taken_at_the_end(void **state)
{
    rig *g = *state;
    files_whole w;

    rig_write(g, "a", "old");
    assert_int_equal(files_whole_begin(&w, in(g, "a"), &g->err), PFLD_OK);
    w.sync = true;
    fputs("new", w.to);
    fflush(w.to);
    assert_holds(g, "a", "old");
    assert_int_equal(files_whole_end(&w, PFLD_OK, &g->err), PFLD_OK);
    assert_holds(g, "a", "new");
    assert_int_equal(put(g, "b", ""), PFLD_OK);
    assert_holds(g, "b", "");
    assert_int_equal(entries(g), 2);
}

static void what_fails_in_between_changes_nothing(void **state)
{
    rig *g = *state;
    files_whole w;

    rig_write(g, "a", "old");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(files_whole_begin(&w, in(g, i ? "b" : "a"), &g->err), PFLD_OK);
        fputs("half of", w.to);
        assert_int_equal(files_whole_end(&w, PFLD_ERR_NOMEM, &g->err), PFLD_ERR_NOMEM);
    }
    assert_holds(g, "a", "old");
    assert_int_equal(entries(g), 1);
}

/* As where the disk is full: the last bytes meet no room. */
static void a_write_that_fails_is_told_and_changes_nothing(void **state)
{
    static const char much[64 * 1024];
    rig *g = *state;
    struct rlimit before, few;

    rig_write(g, "a", "old");
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    few = before;
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t room = 0; room <= sizeof much - 1; room += sizeof much / 4 - 1) {
        few.rlim_cur = room;
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
        assert_int_equal(files_whole_write(in(g, "a"), much, sizeof much, true, &g->err),
                         PFLD_ERR_IO);
        assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
        assert_int_equal(g->err.sys, EFBIG);
        assert_memory_equal(g->err.msg, in(g, "a"), strlen(in(g, "a")));
        assert_holds(g, "a", "old");
    }
    assert_int_equal(entries(g), 1);
}

static void where_nothing_can_be_is_told_at_once(void **state)
{
    rig *g = *state;
    files_whole w;

    assert_int_equal(files_whole_begin(&w, in(g, "no/a"), &g->err), PFLD_ERR_IO);
    assert_int_equal(g->err.sys, ENOENT);
    assert_non_null(strstr(g->err.msg, "no/a: "));
    rig_write(g, "folder/in", "it");
    assert_int_equal(files_whole_begin(&w, in(g, "folder"), &g->err), PFLD_ERR_IO);
    assert_int_equal(g->err.sys, EISDIR);
    assert_int_equal(entries(g), 1);
}

static void a_link_stays_one(void **state)
{
    rig *g = *state;
    struct stat st;

    rig_write(g, "far/a", "old");
    assert_int_equal(symlink("far/a", in(g, "link")), 0);
    assert_int_equal(put(g, "link", "new"), PFLD_OK);
    assert_holds(g, "far/a", "new");
    assert_int_equal(lstat(in(g, "link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(entries(g), 2);
}

static void so_does_one_that_leads_to_nothing_yet(void **state)
{
    rig *g = *state;
    struct stat st;

    rig_write(g, "far/b", "other");
    assert_int_equal(symlink("far/a", in(g, "link")), 0);
    assert_int_equal(symlink(in(g, "link"), in(g, "first")), 0);
    assert_int_equal(put(g, "first", "new"), PFLD_OK);
    assert_holds(g, "far/a", "new");
    assert_int_equal(lstat(in(g, "link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(entries(g), 3);
    assert_int_equal(symlink("round", in(g, "round")), 0);
    assert_int_equal(put(g, "round", "new"), PFLD_ERR_IO);
    assert_int_equal(g->err.sys, ELOOP);
}

static void rights_stay(void **state)
{
    rig *g = *state;
    struct stat st;

    rig_write(g, "a", "old");
    for (mode_t mode = 0600; mode <= 0666; mode += 066) {
        assert_int_equal(chmod(in(g, "a"), mode), 0);
        assert_int_equal(put(g, "a", "new"), PFLD_OK);
        assert_int_equal(stat(in(g, "a"), &st), 0);
        assert_int_equal(st.st_mode & 07777, mode);
    }
}

static void a_name_may_be_as_long_as_any(void **state)
{
    rig *g = *state;
    char name[256];

    memset(name, 'a', sizeof name);
    name[255] = 0;
    assert_int_equal(chdir(g->folder), 0);
    assert_int_equal(files_whole_write(name, "new", 3, false, &g->err), PFLD_OK);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(chdir("/"), 0);
}

static void a_pipe_is_written_as_it_is(void **state)
{
    rig *g = *state;
    char got[8] = "";
    int fd;

    assert_int_equal(mkfifo(in(g, "pipe"), 0600), 0);
    fd = open(in(g, "pipe"), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(files_whole_write(in(g, "pipe"), "new", 3, true, &g->err), PFLD_OK);
    assert_int_equal(read(fd, got, sizeof got), 3);
    assert_string_equal(got, "new");
    close(fd);
    assert_int_equal(entries(g), 1);
}

static void leavings_of_killed_processes_are_in_nobodys_way(void **state)
{
    rig *g = *state;
    char name[64];

    snprintf(name, sizeof name, ".pfld-%ld-0.tmp", (long)getpid());
    rig_write(g, name, "half of");
    assert_int_equal(put(g, "a", "new"), PFLD_OK);
    assert_holds(g, "a", "new");
    assert_holds(g, name, "half of");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, rig_open, rig_close)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(the_name_is_taken_at_the_end),
        CASE(what_fails_in_between_changes_nothing),
        CASE(a_write_that_fails_is_told_and_changes_nothing),
        CASE(where_nothing_can_be_is_told_at_once),
        CASE(a_link_stays_one),
        CASE(so_does_one_that_leads_to_nothing_yet),
        CASE(rights_stay),
        CASE(a_name_may_be_as_long_as_any),
        CASE(a_pipe_is_written_as_it_is),
        CASE(leavings_of_killed_processes_are_in_nobodys_way),
    };
    return cmocka_run_group_tests_name("files", tests, NULL, NULL);
}
