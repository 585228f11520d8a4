/* Command lines sorted into fields and operands, as a command's table says. */
#include "cli/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/decimal.h"
#include "cli/help.h"
#include "cli/message.h"
#include "core/cpu.h"
#include "core/error.h"
#include "core/mem.h"

#define LONGEST_NAME 24 /* of commands and options, for suggestions */
#define MOST_NAMES   64

static size_t smallest(size_t a, size_t b, size_t c)
{
    size_t m = a < b ? a : b;
    return m < c ? m : c;
}

/* Levenshtein's distance: insertions, deletions and replacements. */
static size_t distance(const char *a, const char *b)
{
    size_t row[LONGEST_NAME + 1], n = strlen(b);

    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            size_t above = row[j + 1];
            row[j + 1] = smallest(above + 1, row[j] + 1, diagonal + (a[i] != b[j]));
            diagonal = above;
        }
    }
    return row[n];
}

const char *cli_nearest(const char *word, const char *const *names, size_t n)
{
    const char *best = NULL;
    size_t length = strlen(word), least = length < 4 ? 2 : 3; /* further is another word */

    if (length < 2 || length > LONGEST_NAME)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t d = strlen(names[i]) > LONGEST_NAME ? least : distance(word, names[i]);
        if (strncmp(word, names[i], length) == 0)
            d = 0;
        if (d < least) {
            least = d;
            best = names[i];
        }
    }
    return best;
}

const char *cli_isa_at(int i)
{
    return i <= PFLD_ISA_WASM128 ? cpu_isa_name((pfld_isa)i) : NULL;
}

/* "--name" or "-n", as it was typed, for messages. */
typedef struct setting {
    const cli_option *option;
    const char *typed, *value;
    void *field;
} setting;

static pfld_status wrong(const setting *s, const char *wanted, pfld_error *err)
{
    return error_set(err, PFLD_ERR_ARG, "%s: '%.80s' is not %s", s->typed, s->value, wanted);
}

static pfld_status set_flag(const setting *s, pfld_error *err)
{
    (void)err;
    *(bool *)s->field = true;
    return PFLD_OK;
}

static pfld_status set_text(const setting *s, pfld_error *err)
{
    if (!*s->value)
        return error_set(err, PFLD_ERR_ARG, "%s: %s wanted, nothing found", s->typed,
                         s->option->arg);
    *(const char **)s->field = s->value;
    return PFLD_OK;
}

static pfld_status set_optional(const setting *s, pfld_error *err)
{
    if (s->value && !*s->value)
        return set_text(s, err);
    *(const char **)s->field = s->value ? s->value : "";
    return PFLD_OK;
}

static pfld_status set_real(const setting *s, pfld_error *err)
{
    float v;

    if (!decimal_parse(s->value, &v) || !(v > 0))
        return wrong(s, "a number above 0", err);
    *(float *)s->field = v;
    return PFLD_OK;
}

static pfld_status set_number(const setting *s, pfld_error *err)
{
    float v;

    if (!decimal_parse(s->value, &v) || !(v >= 0))
        return wrong(s, "a number from 0", err);
    *(float *)s->field = v;
    return PFLD_OK;
}

static pfld_status set_count(const setting *s, pfld_error *err)
{
    char wanted[64];
    long v;

    snprintf(wanted, sizeof wanted, "a whole number from %ld to 999999999", s->option->min);
    if (!decimal_parse_count(s->value, &v) || v < s->option->min)
        return wrong(s, wanted, err);
    *(long *)s->field = v;
    return PFLD_OK;
}

static pfld_status set_choice(const setting *s, pfld_error *err)
{
    const char *const *choices = s->option->choices;
    char wanted[160] = "one of";

    for (int i = 0; choices[i]; i++) {
        size_t used = strlen(wanted);

        if (strcmp(choices[i], s->value) == 0) {
            *(int *)s->field = i;
            return PFLD_OK;
        }
        snprintf(wanted + used, sizeof wanted - used, "%s %s", i ? "," : "", choices[i]);
    }
    return wrong(s, wanted, err);
}

static pfld_status set_isa(const setting *s, pfld_error *err)
{
    char wanted[160] = "an instruction set:";

    if (cpu_isa_parse(s->value, s->field))
        return PFLD_OK;
    for (int i = 0; cli_isa_at(i); i++) {
        size_t used = strlen(wanted);
        snprintf(wanted + used, sizeof wanted - used, "%s %s", i ? "," : "", cli_isa_at(i));
    }
    return wrong(s, wanted, err);
}

static pfld_status set_box(const setting *s, pfld_error *err)
{
    cli_boxes *list = s->field;
    pfld_box box;
    pfld_box *grown;
    float v[4];

    if (decimal_parse_list(s->value, v, 4) != 4)
        return wrong(s, "l,t,r,b: 4 numbers wanted", err);
    box = (pfld_box){v[0], v[1], v[2] - v[0], v[3] - v[1]};
    if (!(v[2] > v[0]) || !(v[3] > v[1]))
        return error_set(err, PFLD_ERR_ARG, "%s: '%.80s': %s must be greater than %s", s->typed,
                         s->value, v[2] > v[0] ? "bottom" : "right", v[2] > v[0] ? "top" : "left");
    grown = mem_grow(list->at, &list->room, list->n + 1, sizeof *grown);
    if (!grown)
        return error_nomem(err);
    list->at = grown;
    list->at[list->n++] = box;
    return PFLD_OK;
}

static pfld_status set_texts(const setting *s, pfld_error *err)
{
    cli_texts *list = s->field;
    const char **grown = mem_grow(list->at, &list->room, list->n + 1, sizeof *grown);

    if (!grown)
        return error_nomem(err);
    list->at = grown;
    list->at[list->n++] = s->value;
    return PFLD_OK;
}

static pfld_status (*const setters[])(const setting *, pfld_error *) = {
    [CLI_FLAG] = set_flag,     [CLI_TEXT] = set_text,   [CLI_FILE] = set_text,
    [CLI_DIR] = set_text,      [CLI_REAL] = set_real,   [CLI_COUNT] = set_count,
    [CLI_CHOICE] = set_choice, [CLI_ISA] = set_isa,     [CLI_BOX] = set_box,
    [CLI_NUMBER] = set_number, [CLI_TEXTS] = set_texts, [CLI_OPTIONAL] = set_optional,
};

static const cli_option *find_long(const cli_command *c, const char *name, size_t n)
{
    for (const cli_option *o = c->options; o->name; o++)
        if (strncmp(o->name, name, n) == 0 && !o->name[n])
            return o;
    return NULL;
}

static const cli_option *find_short(const cli_command *c, char letter)
{
    for (const cli_option *o = c->options; o->name; o++)
        if (o->letter == letter)
            return o;
    return NULL;
}

static pfld_status unknown(const cli_command *c, const char *typed, size_t n, pfld_error *err)
{
    const char *names[MOST_NAMES], *near;
    char word[LONGEST_NAME + 2];
    size_t count = 0;

    snprintf(word, sizeof word, "%.*s", (int)(n < sizeof word ? n : sizeof word - 1), typed);
    for (const cli_option *o = c->options; o->name && count < MOST_NAMES - 1; o++)
        names[count++] = o->name;
    names[count++] = "help";
    near = strncmp(word, "--", 2) == 0 ? cli_nearest(word + 2, names, count) : NULL;
    if (near)
        return error_set(err, PFLD_ERR_ARG, "unknown option %s: did you mean --%s?", word, near);
    return error_set(err, PFLD_ERR_ARG, "unknown option %s: 'pfld help %s' lists them", word,
                     c->name);
}

typedef struct cursor { /* the words that are still to be read */
    char **at, **end;
} cursor;

/* Gives s its value, from behind '=' or the letter, else from the next word. */
static pfld_status take_value(setting *s, const char *attached, cursor *words, pfld_error *err)
{
    if (!s->option->arg) {
        if (attached)
            return error_set(err, PFLD_ERR_ARG, "%s takes no value", s->typed);
        return PFLD_OK;
    }
    s->value = attached;
    if (attached || s->option->kind == CLI_OPTIONAL)
        return PFLD_OK;
    if (words->at == words->end)
        return error_set(err, PFLD_ERR_ARG, "%s: %s is missing", s->typed, s->option->arg);
    s->value = *words->at++;
    if (strncmp(s->value, "--", 2) == 0) /* most likely the value was forgotten */
        return error_set(err, PFLD_ERR_ARG, "%s: %s wanted, '%.40s' found (if that is meant: %s%s)",
                         s->typed, s->option->arg, s->value, s->typed,
                         s->typed[1] == '-' ? "=..." : "...");
    return PFLD_OK;
}

static pfld_status parse_option(const cli_command *c, const char *word, cursor *words, char *fields,
                                pfld_error *err)
{
    bool is_long = word[1] == '-';
    size_t n = is_long ? strcspn(word, "=") : 2;
    const char *attached = is_long ? (word[n] ? word + n + 1 : NULL) : (word[2] ? word + 2 : NULL);
    char typed[LONGEST_NAME + 4];
    setting s = {.typed = typed};
    pfld_status status;

    s.option = is_long ? find_long(c, word + 2, n - 2) : find_short(c, word[1]);
    if (!s.option)
        return unknown(c, word, n, err);
    snprintf(typed, sizeof typed, "%.*s", (int)n, word);
    s.field = fields + s.option->field;
    status = take_value(&s, attached, words, err);
    return status ? status : setters[s.option->kind](&s, err);
}

static bool is_help(const char *word)
{
    return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

pfld_status cli_parse(const cli_command *c, cli_args *args, void *fields, pfld_error *err)
{
    cursor words = {args->at, args->at + args->n};
    size_t n = 0;
    bool options_over = false;

    while (words.at < words.end) {
        char *word = *words.at++;

        if (options_over || word[0] != '-' || !word[1]) {
            args->at[n++] = word;
        } else if (strcmp(word, "--") == 0) {
            options_over = true;
        } else if (is_help(word)) {
            args->help = true;
            return PFLD_OK;
        } else {
            pfld_status status = parse_option(c, word, &words, fields, err);
            if (status)
                return status;
        }
    }
    args->n = n;
    if (n < c->min_operands)
        return error_set(err, PFLD_ERR_ARG, "%s is missing: pfld %s %s", c->operand, c->name,
                         c->synopsis);
    if (n > c->max_operands)
        return error_set(err, PFLD_ERR_ARG, "'%.80s' is one too many: pfld %s %s",
                         args->at[c->max_operands], c->name, c->synopsis);
    for (size_t i = 0; i < n; i++)
        if (!*args->at[i])
            return error_set(err, PFLD_ERR_ARG, "%s wanted, '' found", c->operand);
    return PFLD_OK;
}

static pfld_status isa_from_environment(const cli_command *c, char *fields, pfld_error *err)
{
    const char *value = getenv("PFLD_ISA");

    for (const cli_option *o = c->options; o->name && value && *value; o++) {
        setting s = {o, "PFLD_ISA", value, fields + o->field};

        if (o->kind != CLI_ISA || *(pfld_isa *)s.field != PFLD_ISA_AUTO)
            continue;
        return set_isa(&s, err);
    }
    return PFLD_OK;
}

bool cli_begin(const cli_command *c, cli_args *args, void *fields, int *code)
{
    pfld_error err = {0};
    pfld_status status = cli_parse(c, args, fields, &err);

    if (status == PFLD_OK && args->help) {
        help_command(stdout, c);
        *code = CLI_DONE;
        return false;
    }
    if (status == PFLD_OK)
        status = isa_from_environment(c, fields, &err);
    if (status) {
        message("%s: %s", c->name, err.msg);
        *code = message_exit(status);
        return false;
    }
    return true;
}

int cli_wrong(const cli_command *c, const char *why)
{
    message("%s: %s: 'pfld help %s' tells more", c->name, why, c->name);
    return CLI_USAGE;
}
