/* The best of what a net believes to be faces: a bounded set, whatever order they come in. */
#include "detect/candidates.h"

bool candidates_create(candidates *c, size_t cap, arena *mem)
{
    *c = (candidates){.face = arena_alloc(mem, cap, sizeof *c->face), .cap = cap};
    return c->face != NULL;
}

static bool is_worse(const detector_face *a, const detector_face *b)
{
    const float key[][2] = {
        {b->score, a->score}, /* all others: the smaller one is the better */
        {a->box.y, b->box.y}, {a->box.x, b->box.x}, {a->box.h, b->box.h},
        {a->box.w, b->box.w}, {a->roll, b->roll},
    };

    for (size_t i = 0; i < sizeof key / sizeof key[0]; i++)
        if (key[i][0] != key[i][1])
            return key[i][0] > key[i][1];
    return false;
}

static void swap(detector_face *a, detector_face *b)
{
    detector_face t = *a;

    *a = *b;
    *b = t;
}

/* Down from i, among the first n, until no child is worse. */
static void sift_down(detector_face *f, size_t i, size_t n)
{
    for (;;) {
        size_t worst = i, child = 2 * i + 1;
        for (size_t k = child; k < n && k < child + 2; k++)
            if (is_worse(&f[k], &f[worst]))
                worst = k;
        if (worst == i)
            return;
        swap(&f[i], &f[worst]);
        i = worst;
    }
}

static void sift_up(detector_face *f, size_t i)
{
    while (i > 0 && is_worse(&f[i], &f[(i - 1) / 2])) {
        swap(&f[i], &f[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

void candidates_add(candidates *c, const detector_face *f)
{
    if (c->n < c->cap) {
        c->face[c->n] = *f;
        sift_up(c->face, c->n++);
    } else if (is_worse(&c->face[0], f)) {
        c->face[0] = *f;
        sift_down(c->face, 0, c->n);
    }
}

void candidates_sort(candidates *c)
{
    for (size_t n = c->n; n > 1; n--) { /* the worst goes behind the others */
        swap(&c->face[0], &c->face[n - 1]);
        sift_down(c->face, 0, n - 1);
    }
}
