/* pfld info --net: the paper's tables of a net, with what each row costs. */
#include "cli/info_net.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/decimal.h"
#include "cli/output.h"
#include "core/error.h"
#include "net/arch.h"

#define BYTES_PER_PARAMETER 4 /* float */

const char *const info_net_names[] = {"pfld", NULL};
const char *const info_net_tails[] = {
    [ARCH_FLATTEN] = "flatten", [ARCH_POOL] = "pool", [ARCH_S3] = "s3", NULL};

/* Returns false where memory ran out. */
static bool put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

/* [56,56,64] of a map, [4832] of a vector. */
static json_t *map_shape(const arch_row *r, int size, int channels)
{
    net_shape map = {3, {size, size, channels}}, vector = {1, {channels}};

    return output_shape(r->s ? &map : &vector);
}

static json_t *or_null(int v)
{
    return v ? json_integer(v) : json_null();
}

static json_t *arch_row_json(const arch_row *r)
{
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:i,s:i,s:o,s:I,s:I,s:I}", "name", r->name, "op", r->op,
                     "in", map_shape(r, r->in_size, r->in_channels), "out",
                     map_shape(r, r->out_size, r->c), "t", or_null(r->t), "c", r->c, "n", r->n, "s",
                     or_null(r->s), "macs", (json_int_t)r->macs, "parameters",
                     (json_int_t)r->parameters, "bytes",
                     (json_int_t)r->parameters * BYTES_PER_PARAMETER);
}

/* {"rows":[...],"macs":...,"parameters":...,"bytes":...} */
static bool put_table(json_t *o, const arch_row *rows, size_t n)
{
    json_t *list = json_array();
    uint64_t macs = 0, parameters = 0;

    for (size_t i = 0; list && i < n; i++) {
        macs += rows[i].macs;
        parameters += rows[i].parameters;
        if (json_array_append_new(list, arch_row_json(&rows[i]))) {
            json_decref(list);
            return false;
        }
    }
    return put(o, "rows", list) && put(o, "macs", json_integer((json_int_t)macs)) &&
           put(o, "parameters", json_integer((json_int_t)parameters)) &&
           put(o, "bytes", json_integer((json_int_t)parameters * BYTES_PER_PARAMETER));
}

static bool put_net(json_t *o, const arch_pfld *a, const arch_row *rows, size_t n)
{
    size_t n_main = 0;
    json_t *aux;

    while (n_main < n && strncmp(rows[n_main].name, "aux.", 4) != 0)
        n_main++;
    if (!put(o, "width", output_number(a->width, 6)) ||
        !put(o, "points", json_integer(a->points)) || !put(o, "size", json_integer(a->size)) ||
        !put(o, "tail", json_string(info_net_tails[a->tail])) || !put_table(o, rows, n_main))
        return false;
    if (n_main == n)
        return true;
    aux = json_object();
    return aux && put_table(aux, rows + n_main, n - n_main) && put(o, "auxiliary", aux);
}

/* "56x56x64", "4832". */
static void print_shape(const json_t *shape)
{
    char text[64] = "";
    size_t i, used = 0;
    json_t *dim;

    json_array_foreach(shape, i, dim)
    {
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%" JSON_INTEGER_FORMAT,
                                 i ? "x" : "", json_integer_value(dim));
    }
    printf("%-11s ", text);
}

static void print_small(const json_t *value)
{
    if (json_is_integer(value))
        printf(" %3" JSON_INTEGER_FORMAT, json_integer_value(value));
    else
        printf("   -");
}

static void print_costs(const json_t *o)
{
    static const char *const keys[] = {"macs", "parameters", "bytes"};
    char number[DECIMAL_TEXT];

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        printf(" %12s",
               decimal_grouped((unsigned long long)json_integer_value(json_object_get(o, keys[i])),
                               number));
    putchar('\n');
}

static void print_table(const json_t *table, const char *total)
{
    static const char *const small[] = {"t", "c", "n", "s"};
    size_t i;
    json_t *row;

    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        printf("  %-10s ", json_string_value(json_object_get(row, "name")));
        print_shape(json_object_get(row, "in"));
        print_shape(json_object_get(row, "out"));
        printf("%-17s", json_string_value(json_object_get(row, "op")));
        for (size_t k = 0; k < sizeof small / sizeof *small; k++)
            print_small(json_object_get(row, small[k]));
        print_costs(row);
    }
    printf("  %-68s", total);
    print_costs(table);
}

static void print_net(const json_t *o, const arch_pfld *a)
{
    char width[DECIMAL_TEXT];
    const json_t *aux = json_object_get(o, "auxiliary");

    printf("pfld %sx: %d points, %s tail; batch normalisation folded, 4 bytes a parameter\n",
           decimal_text(a->width, 6, width), a->points, info_net_tails[a->tail]);
    printf("  %-10s %-11s %-11s %-17s %3s %3s %3s %3s %12s %12s %12s\n", "layer", "input", "output",
           "operator", "t", "c", "n", "s", "mult-adds", "parameters", "bytes");
    print_table(o, "total");
    if (aux)
        print_table(aux, "auxiliary net, in training only");
}

pfld_status info_net(const info_net_fields *f, bool json, pfld_error *err)
{
    arch_pfld a = {.width = f->width > 0 ? (double)f->width : 1,
                   .points = f->points ? (int)f->points : 68,
                   .size = f->size ? (int)f->size : 112,
                   .tail = f->tail < 0 ? ARCH_FLATTEN : (arch_tail)f->tail,
                   .auxiliary = f->aux,
                   .aux_width = (double)f->aux_width};
    arch_row rows[ARCH_ROWS];
    size_t n = arch_pfld_rows(&a, rows, ARCH_ROWS);
    net_graph *none;
    json_t *o;

    if (!n)
        return arch_pfld_build(&a, 0, NULL, &none, err); /* says why */
    o = json_pack("{s:i,s:s}", "v", 1, "net", info_net_names[f->net]);
    if (!o || !put_net(o, &a, rows, n)) {
        json_decref(o);
        return error_nomem(err);
    }
    if (json)
        return output_json(stdout, o, err);
    print_net(o, &a);
    json_decref(o);
    return PFLD_OK;
}
