/* Files that hold everything a run needs to go on as if it had never stopped. */
#define _POSIX_C_SOURCE 200809L

#include "train/checkpoint.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/bytes.h"
#include "core/checked.h"
#include "core/error.h"
#include "core/file.h"
#include "core/mem.h"

#define MAGIC        "PFLDCKPT"
#define VERSION      1
#define HEADER_BYTES 28
#define END_BYTES    8
#define MAX_BYTES    ((size_t)1 << 31) /* of a file: a thousand times our largest */
#define PIECE        65536             /* bytes that are encoded at a time */
#define MAX_SECTIONS 16384             /* finding a name goes through all: 1X has about 900 */

static const struct {
    const char *name;
    size_t size; /* of an element */
} kinds[] = {
    [CHECKPOINT_F32] = {"f32", 4},
    [CHECKPOINT_F64] = {"f64", 8},
    [CHECKPOINT_U64] = {"u64", 8},
    [CHECKPOINT_TEXT] = {"text", 1},
};

struct checkpoint {
    arena mem;
    checkpoint_item *items; /* [n] */
    size_t n;
};

/* ---- checksums ---- */

#define FNV_START 0xcbf29ce484222325u

static uint64_t fnv1a(uint64_t h, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        h = (h ^ p[i]) * 0x100000001b3u;
    return h;
}

/* The CRC of zlib and PNG, four bits at a time. Start with 0. */
static uint32_t crc32(uint32_t crc, const uint8_t *p, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

/* ---- elements as bytes ---- */

static void put_le(uint8_t *to, uint64_t v, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = (uint8_t)(v >> 8 * i);
}

static void encode(uint8_t *to, const uint8_t *from, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++, to += size, from += size) {
        uint64_t wide = *from;
        uint32_t narrow;

        if (size == 8) {
            memcpy(&wide, from, sizeof wide);
        } else if (size == 4) {
            memcpy(&narrow, from, sizeof narrow);
            wide = narrow;
        }
        put_le(to, wide, size);
    }
}

static void decode(uint8_t *to, bytes *from, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++, to += size) {
        if (size == 8) {
            uint64_t wide = bytes_le64(from);
            memcpy(to, &wide, sizeof wide);
        } else if (size == 4) {
            uint32_t narrow = bytes_le32(from);
            memcpy(to, &narrow, sizeof narrow);
        } else {
            *to = bytes_u8(from);
        }
    }
}

/* ---- writing ---- */

typedef struct writer {
    int fd;
    uint32_t crc; /* of the section so far */
    uint64_t fnv; /* of the file so far */
    int sys;      /* errno of the first failure, or 0 */
} writer;

static void put(writer *w, const void *data, size_t n)
{
    const uint8_t *p = data;

    w->crc = crc32(w->crc, p, n);
    w->fnv = fnv1a(w->fnv, p, n);
    while (n && !w->sys) {
        ssize_t done = write(w->fd, p, n);
        if (done > 0) {
            p += done;
            n -= (size_t)done;
        } else if (done == 0 || errno != EINTR) {
            w->sys = done == 0 ? EIO : errno;
        }
    }
}

static void put_number(writer *w, uint64_t v, size_t size)
{
    uint8_t le[8];

    put_le(le, v, size);
    put(w, le, size);
}

/* Ends what the CRC covers. */
static void put_crc(writer *w)
{
    put_number(w, w->crc, 4);
    w->crc = 0;
}

static void put_section(writer *w, const checkpoint_item *item, uint8_t *piece)
{
    size_t size = kinds[item->kind].size, room = PIECE / size;
    const uint8_t *data = item->data;

    put_number(w, (uint64_t)item->kind, 4);
    put_number(w, strlen(item->name), 4);
    put_number(w, item->n, 8);
    put(w, item->name, strlen(item->name));
    for (size_t i = 0; i < item->n; i += room) {
        size_t n = item->n - i < room ? item->n - i : room;
        encode(piece, data + i * size, n, size);
        put(w, piece, n * size);
    }
    put_crc(w);
}

static size_t section_bytes(const checkpoint_item *item)
{
    return 4 + 4 + 8 + strlen(item->name) + item->n * kinds[item->kind].size + 4;
}

static int put_file(int fd, const checkpoint_item *items, size_t n, uint8_t *piece)
{
    writer w = {.fd = fd, .fnv = FNV_START};
    size_t total = HEADER_BYTES + END_BYTES;

    assert(n <= MAX_SECTIONS);
    for (size_t i = 0; i < n; i++) {
        assert(*items[i].name && strlen(items[i].name) <= CHECKPOINT_NAME);
        total += section_bytes(&items[i]);
    }
    put(&w, MAGIC, 8);
    put_number(&w, VERSION, 4);
    put_number(&w, n, 4);
    put_number(&w, total, 8);
    put_crc(&w);
    for (size_t i = 0; i < n; i++)
        put_section(&w, &items[i], piece);
    put_number(&w, w.fnv, END_BYTES);
    if (!w.sys && fsync(fd))
        w.sys = errno;
    return w.sys;
}

/* path with the suffix; freed with mem_free(). NULL: no memory. */
static char *beside(const char *path, const char *suffix)
{
    size_t size = strlen(path) + strlen(suffix) + 1;
    char *s = mem_alloc(size, 1);

    if (s)
        snprintf(s, size, "%s%s", path, suffix);
    return s;
}

/* Makes renames in the folder of path last. A file system that can't is none that we can help. */
static void sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? beside(path, "") : beside(".", "");
    int fd;

    if (!folder)
        return;
    if (slash)
        folder[slash == path ? 1 : slash - path] = 0;
    fd = open(folder, O_RDONLY);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    mem_free(folder);
}

/* The new file takes its name, the old one becomes the previous one. */
static int move_in(const char *path, const char *tmp, const char *prev)
{
    struct stat old;

    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) /* rename() would move a folder as well */
        return S_ISDIR(old.st_mode) ? EISDIR : EEXIST;
    if (rename(path, prev) && errno != ENOENT)
        return errno;
    return rename(tmp, path) ? errno : 0;
}

static int write_and_move(const char *path, const char *tmp, const char *prev,
                          const checkpoint_item *items, size_t n, uint8_t *piece)
{
    int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC, 0666), sys;

    if (fd < 0)
        return errno;
    sys = put_file(fd, items, n, piece);
    if (close(fd) && !sys)
        sys = errno;
    if (!sys)
        sys = move_in(path, tmp, prev);
    if (sys)
        unlink(tmp);
    else
        sync_folder(path);
    return sys;
}

pfld_status checkpoint_write(const char *path, const checkpoint_item *items, size_t n,
                             pfld_error *err)
{
    char *tmp = beside(path, ".tmp"), *prev = beside(path, ".prev");
    uint8_t *piece = mem_alloc(PIECE, 1);
    pfld_status status = PFLD_OK;

    if (!tmp || !prev || !piece) {
        status = error_nomem(err);
    } else {
        int sys = write_and_move(path, tmp, prev, items, n, piece);
        if (sys)
            status = error_sys(err, sys, "%s: the checkpoint cannot be written", path);
    }
    mem_free(tmp);
    mem_free(prev);
    mem_free(piece);
    return status;
}

/* ---- reading ---- */

static pfld_status damaged(pfld_error *err, const char *what)
{
    return error_set(err, PFLD_ERR_FORMAT, "the checkpoint is damaged: %s", what);
}

/* Everything but the sections, so that lengths in them can be believed. */
static pfld_status check_seal(const uint8_t *p, size_t size, bool unsealed, pfld_error *err)
{
    bytes head = bytes_of(p, size), end;
    uint64_t total;
    uint32_t version;

    if (size < HEADER_BYTES + END_BYTES)
        return damaged(err, "it is cut short");
    if (memcmp(p, MAGIC, 8) != 0)
        return error_set(err, PFLD_ERR_FORMAT, "this is no checkpoint");
    bytes_sub(&head, 8);
    version = bytes_le32(&head);
    bytes_sub(&head, 4);
    total = bytes_le64(&head);
    if (!unsealed && bytes_le32(&head) != crc32(0, p, HEADER_BYTES - 4))
        return damaged(err, "its header is not what was written");
    if (version != VERSION)
        return error_set(err, PFLD_ERR_UNSUPPORTED,
                         "the checkpoint has version %lu of the format, this program reads %d",
                         (unsigned long)version, VERSION);
    if (unsealed)
        return PFLD_OK;
    if (total != size)
        return damaged(err, total > size ? "it is cut short" : "it is too long");
    end = bytes_of(p + size - END_BYTES, END_BYTES);
    if (bytes_le64(&end) != fnv1a(FNV_START, p, size - END_BYTES))
        return damaged(err, "its bytes are not those that were written");
    return PFLD_OK;
}

static bool is_kind(uint32_t kind)
{
    return kind >= CHECKPOINT_F32 && kind <= CHECKPOINT_TEXT;
}

/* One section behind the reader; false: not sound. item gets everything but its data, which is
 * where *data reads. */
static bool parse_section(checkpoint *c, bytes *in, checkpoint_item *item, bytes *data)
{
    uint32_t kind = bytes_le32(in), length = bytes_le32(in);
    uint64_t n = bytes_le64(in);
    bytes name = bytes_sub(in, length);
    size_t size;

    if (in->failed || !is_kind(kind) || length < 1 || length > CHECKPOINT_NAME || n > SIZE_MAX ||
        !checked_mul((size_t)n, kinds[kind].size, &size) || memchr(name.at, 0, length))
        return false;
    *data = bytes_sub(in, size);
    if (in->failed)
        return false;
    item->kind = (checkpoint_kind)kind;
    item->n = (size_t)n;
    item->name = arena_strndup(&c->mem, (const char *)name.at, length);
    item->data = arena_alloc(&c->mem, size + 1, 1); /* + 1: text is terminated */
    return true;
}

static pfld_status parse_sections(checkpoint *c, bytes *in, size_t n, bool unsealed,
                                  pfld_error *err)
{
    for (size_t i = 0; i < n; i++) {
        checkpoint_item item = {0};
        const uint8_t *begin = in->at;
        bytes data;

        if (!parse_section(c, in, &item, &data))
            return damaged(err, "a section makes no sense");
        if (!item.name || !item.data)
            return error_nomem(err);
        if (bytes_le32(in) != crc32(0, begin, (size_t)(data.end - begin)) && !unsealed)
            return damaged(err, "a section is not what was written");
        if (checkpoint_find(c, item.name))
            return damaged(err, "a name comes twice");
        decode(item.data, &data, item.n, kinds[item.kind].size);
        c->items[c->n++] = item;
    }
    if (in->failed || bytes_left(in) != END_BYTES)
        return damaged(err, "there is something behind its sections");
    return PFLD_OK;
}

pfld_status checkpoint_parse(const void *buf, size_t size, bool unsealed, checkpoint **out,
                             pfld_error *err)
{
    pfld_status status = check_seal(buf, size, unsealed, err);
    bytes in = bytes_of(buf, size);
    checkpoint *c;
    size_t n;

    *out = NULL;
    if (status)
        return status;
    bytes_sub(&in, 12);
    n = bytes_le32(&in);
    bytes_sub(&in, 12);
    if (n > MAX_SECTIONS || n > bytes_left(&in) / 21) /* the least that a section takes */
        return damaged(err, "a section makes no sense");
    c = mem_alloc(1, sizeof *c);
    if (!c)
        return error_nomem(err);
    c->items = arena_alloc(&c->mem, n, sizeof *c->items);
    status = c->items ? parse_sections(c, &in, n, unsealed, err) : error_nomem(err);
    if (status) {
        checkpoint_free(c);
        return status;
    }
    *out = c;
    return PFLD_OK;
}

static pfld_status read_one(const char *path, checkpoint **out, pfld_error *err)
{
    uint8_t *data;
    size_t size;
    pfld_status status = file_read(path, MAX_BYTES, &data, &size, err);

    *out = NULL;
    if (status)
        return status;
    status = checkpoint_parse(data, size, false, out, err);
    if (status)
        error_prefix(err, path);
    mem_free(data);
    return status;
}

static bool may_try_another(pfld_status status, const pfld_error *err)
{
    return status == PFLD_ERR_FORMAT || (status == PFLD_ERR_IO && err->sys == ENOENT);
}

/* path.tmp is last: it is whole where the power went between two renames, and path.prev may then
 * be a damaged one that was path before. */
pfld_status checkpoint_read(const char *path, checkpoint **out, pfld_error *note, pfld_error *err)
{
    static const char *const suffixes[] = {"", ".prev", ".tmp"};
    pfld_error first = {0};
    pfld_status status = PFLD_OK;

    *out = NULL;
    if (note)
        *note = (pfld_error){0};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        pfld_error trouble = {0};
        char *name = beside(path, suffixes[i]);

        status = name ? read_one(name, out, &trouble) : error_nomem(&trouble);
        mem_free(name);
        if (status == PFLD_OK) {
            if (note)
                *note = first;
            return PFLD_OK;
        }
        /* damage says more than absence */
        if (i == 0 || !may_try_another(status, &trouble) ||
            (first.status == PFLD_ERR_IO && status == PFLD_ERR_FORMAT))
            first = trouble;
        if (!may_try_another(status, &trouble))
            break;
    }
    if (err)
        *err = first;
    return first.status;
}

void checkpoint_free(checkpoint *c)
{
    if (!c)
        return;
    arena_free(&c->mem);
    mem_free(c);
}

size_t checkpoint_count(const checkpoint *c)
{
    return c->n;
}

const checkpoint_item *checkpoint_at(const checkpoint *c, size_t i)
{
    assert(i < c->n);
    return &c->items[i];
}

const checkpoint_item *checkpoint_find(const checkpoint *c, const char *name)
{
    for (size_t i = 0; i < c->n; i++)
        if (strcmp(c->items[i].name, name) == 0)
            return &c->items[i];
    return NULL;
}

/* ---- restoring ---- */

static pfld_status compare(const checkpoint_item *have, const checkpoint_item *want,
                           pfld_error *err)
{
    uint64_t was, is;

    if (have->kind != CHECKPOINT_U64 || have->n != 1)
        return error_set(err, PFLD_ERR_ARG, "the checkpoint's '%.80s' is not one number",
                         have->name);
    memcpy(&was, have->data, sizeof was);
    memcpy(&is, want->data, sizeof is);
    if (was == is)
        return PFLD_OK;
    return error_set(err, PFLD_ERR_ARG,
                     "the checkpoint is of a net with %llu %.40s, this one has %llu",
                     (unsigned long long)was, want->what, (unsigned long long)is);
}

static pfld_status check_item(const checkpoint *c, const checkpoint_item *want, pfld_error *err)
{
    const checkpoint_item *have = checkpoint_find(c, want->name);

    if (!have)
        return error_set(err, PFLD_ERR_ARG,
                         "the checkpoint has no '%.80s': it is of another net or other options",
                         want->name);
    if (want->what)
        return compare(have, want, err);
    if (have->kind != want->kind)
        return error_set(err, PFLD_ERR_ARG, "'%.80s' is %s in the checkpoint, %s here", want->name,
                         kinds[have->kind].name, kinds[want->kind].name);
    if (have->n != want->n && want->kind != CHECKPOINT_TEXT)
        return error_set(err, PFLD_ERR_ARG,
                         "'%.80s' has %zu values in the checkpoint, %zu here: it is of another net",
                         want->name, have->n, want->n);
    return PFLD_OK;
}

/* Names that the caller does not ask for: their state would be lost without a word. */
static pfld_status check_surplus(const checkpoint *c, const checkpoint_item *items, size_t n,
                                 pfld_error *err)
{
    for (size_t i = 0; i < c->n; i++) {
        size_t k = 0;

        if (c->items[i].kind == CHECKPOINT_TEXT)
            continue;
        while (k < n && strcmp(items[k].name, c->items[i].name) != 0)
            k++;
        if (k == n)
            return error_set(err, PFLD_ERR_ARG,
                             "the checkpoint has '%.80s', which this net and options do not",
                             c->items[i].name);
    }
    return PFLD_OK;
}

pfld_status checkpoint_restore(const checkpoint *c, const checkpoint_item *items, size_t n,
                               pfld_error *err)
{
    pfld_status status = PFLD_OK;

    for (size_t i = 0; i < n && !status; i++) /* what names the difference best comes first */
        if (items[i].what)
            status = check_item(c, &items[i], err);
    for (size_t i = 0; i < n && !status; i++)
        if (!items[i].what)
            status = check_item(c, &items[i], err);
    if (status == PFLD_OK)
        status = check_surplus(c, items, n, err);
    if (status)
        return status;
    for (size_t i = 0; i < n; i++)
        if (!items[i].what && items[i].kind != CHECKPOINT_TEXT && items[i].n)
            memcpy(items[i].data, checkpoint_find(c, items[i].name)->data,
                   items[i].n * kinds[items[i].kind].size);
    return PFLD_OK;
}
