/* Fuzzes the reading of checkpoints: with the checksums ignored, so that what is behind them is
 * reached; what is accepted must be sound, and with them it must be what was written. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "train/checkpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const size_t sizes[] = {0, 4, 8, 8, 1}; /* of a kind's elements */

static void check_item(const checkpoint *c, const checkpoint_item *item)
{
    size_t length = strlen(item->name), bytes;
    unsigned sum = 0;

    if (length < 1 || length > CHECKPOINT_NAME || item->kind < CHECKPOINT_F32 ||
        item->kind > CHECKPOINT_TEXT || item->what || checkpoint_find(c, item->name) != item)
        abort();
    bytes = item->n * sizes[item->kind];
    for (size_t i = 0; i < bytes; i++) /* all of it can be read */
        sum += ((const unsigned char *)item->data)[i];
    if (sum > bytes * 255 || ((const char *)item->data)[bytes] != 0)
        abort();
}

/* Its own items fit; into one of another size nothing does. */
static void restore_own(const checkpoint *c)
{
    size_t n = checkpoint_count(c);
    checkpoint_item *items = malloc((n + 1) * sizeof *items);

    for (size_t i = 0; items && i < n; i++) {
        items[i] = *checkpoint_at(c, i);
        items[i].data = malloc(items[i].n * sizes[items[i].kind] + 1);
        if (!items[i].data)
            abort();
    }
    if (!items || checkpoint_restore(c, items, n, NULL) != PFLD_OK)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (items[i].kind != CHECKPOINT_TEXT && memcmp(items[i].data, checkpoint_at(c, i)->data,
                                                       items[i].n * sizes[items[i].kind]) != 0)
            abort();
        items[i].n++;
        if (items[i].kind != CHECKPOINT_TEXT &&
            checkpoint_restore(c, items, n, NULL) != PFLD_ERR_ARG)
            abort();
        items[i].n--;
    }
    for (size_t i = 0; i < n; i++)
        free(items[i].data);
    free(items);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    pfld_error err = {0};
    checkpoint *c;

    if (checkpoint_parse(data, size, false, &c, &err) != PFLD_OK && strlen(err.msg) < 10)
        abort();
    checkpoint_free(c);
    if (checkpoint_parse(data, size, true, &c, &err) != PFLD_OK) {
        if (c || strlen(err.msg) < 10)
            abort();
        return 0;
    }
    for (size_t i = 0; i < checkpoint_count(c); i++)
        check_item(c, checkpoint_at(c, i));
    if (checkpoint_count(c) <= 64) /* as many times as many */
        restore_own(c);
    checkpoint_free(c);
    return 0;
}
