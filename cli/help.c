/* Help for people at a terminal. */
#include "cli/help.h"

#include <string.h>

#define WIDTH 80

static const char some_failed[] =
    "Some inputs failed; each is named on stderr, the others were done. Nothing was done where the "
    "model, or the table of boxes, could not be read.";

const char *const help_exit_codes[] = {
    "0",        "All was done.",
    "1",        some_failed,
    "2",        "Wrong usage; nothing was done.",
    "3",        "Out of memory, or an internal error.",
    "130, 143", "pfld video: Ctrl-C or SIGTERM ended it; what it has written is whole.",
    NULL,
};

const char *const help_environment[] = {
    "PFLD_ISA",
    "The instruction set that --isa caps, where that is not given: PFLD_ISA=scalar.",
    NULL,
};

char *help_version(char buf[16])
{
    unsigned v = pfld_version();

    snprintf(buf, 16, "%u.%u.%u", v >> 16 & 255, v >> 8 & 255, v & 255);
    return buf;
}

/* Fills lines from column `indent` on; the cursor stands at column `at`. */
static void put_wrapped(FILE *to, const char *text, size_t indent, size_t at)
{
    bool first = true;

    while (*text) {
        size_t n = strcspn(text, " \n");

        if (!first && at + 1 + n > WIDTH) {
            fprintf(to, "\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        fprintf(to, "%s%.*s", first ? "" : " ", (int)n, text);
        at += n + !first;
        first = false;
        text += n;
        text += strspn(text, " ");
        if (strncmp(text, "\n\n", 2) == 0) { /* a paragraph's end */
            fprintf(to, "\n\n%*s", (int)indent, "");
            at = indent;
            first = true;
        }
        text += strspn(text, "\n");
    }
    fputc('\n', to);
}

/* "  left   right, wrapped", the right part from column `column`. */
static void put_row(FILE *to, const char *left, const char *right, size_t column)
{
    size_t at = 2 + strlen(left);

    fprintf(to, "  %s", left);
    if (at + 2 > column) {
        fputc('\n', to);
        at = 0;
    }
    fprintf(to, "%*s", (int)(column - at), "");
    put_wrapped(to, right, column, column);
}

static void put_pairs(FILE *to, const char *title, const char *const *pairs, size_t column)
{
    fprintf(to, "\n%s\n", title);
    for (; *pairs; pairs += 2)
        put_row(to, pairs[0], pairs[1], column);
}

char *help_isa_names(const cli_option *o, char buf[160])
{
    size_t used = 0;

    buf[0] = 0;
    for (int i = 0; o->kind == CLI_ISA && cli_isa_at(i) && used < 150; i++)
        used +=
            (size_t)snprintf(buf + used, 160 - used, "%s%s", i ? ", " : " One of ", cli_isa_at(i));
    if (used)
        snprintf(buf + used, 160 - used, ".");
    return buf;
}

static void put_option(FILE *to, const cli_option *o)
{
    char left[64], right[400], sets[160], letter[8] = "    ";

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    snprintf(left, sizeof left, "%s--%s%s%s%s", letter, o->name,
             o->kind == CLI_OPTIONAL ? "[="
             : o->arg                ? " "
                                     : "",
             o->arg ? o->arg : "", o->kind == CLI_OPTIONAL ? "]" : "");
    snprintf(right, sizeof right, "%s%s", o->help, help_isa_names(o, sets));
    put_row(to, left, right, 28);
}

void help_command(FILE *to, const cli_command *c)
{
    fprintf(to, "Usage: pfld %s %s\n\n", c->name, c->synopsis);
    put_wrapped(to, c->about, 0, 0);
    if (c->parts) {
        fprintf(to, "\nCommands\n");
        for (const cli_command *const *p = c->parts; *p; p++)
            put_row(to, (*p)->name, (*p)->brief, 20);
        fprintf(to, "\n'pfld help %s ...' tells more of one.\n", c->name);
    }
    fprintf(to, "\nOptions\n");
    for (const cli_option *o = c->options; o->name; o++)
        put_option(to, o);
    put_row(to, "-h, --help", "Prints this.", 28);
    if (c->examples) {
        fprintf(to, "\nExamples\n");
        for (const char *p = c->examples; *p;) {
            size_t n = strcspn(p, "\n");
            fprintf(to, "  %.*s\n", (int)n, p);
            p += n + (p[n] == '\n');
        }
    }
}

static void put_commands(FILE *to)
{
    for (const cli_command *const *c = cli_commands; *c; c++)
        put_row(to, (*c)->name, (*c)->brief, 12);
}

void help_usage(FILE *to)
{
    fprintf(to, "Usage: pfld COMMAND [OPTIONS] ...\n\n");
    put_commands(to);
    fprintf(to, "\n'pfld help COMMAND' tells more.\n");
}

void help_overview(FILE *to)
{
    char version[16];

    fprintf(to,
            "pfld %s: facial landmarks and head pose\n\n"
            "Usage: pfld COMMAND [OPTIONS] ...\n"
            "       pfld help COMMAND\n"
            "       pfld --version\n\n"
            "Commands\n",
            help_version(version));
    put_commands(to);
    put_pairs(to, "Exit codes", help_exit_codes, 12);
    put_pairs(to, "Environment", help_environment, 12);
    fputc('\n', to);
    put_wrapped(to,
                "Results go to stdout, messages to stderr; '-' is stdin or stdout; '--' ends "
                "the options.",
                0, 0);
}
