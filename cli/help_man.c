/* The man page, pfld.1, in roff. */
#include <string.h>

#include "cli/help.h"

/* Text as roff takes it: no request by accident, dashes that can be copied. */
static void put_text(FILE *to, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((i == 0 || text[i - 1] == '\n') && (text[i] == '.' || text[i] == '\''))
            fputs("\\&", to);
        if (text[i] == '\\')
            fputs("\\e", to);
        else if (text[i] == '-')
            fputs("\\-", to);
        else
            fputc(text[i], to);
    }
}

static void put_line(FILE *to, const char *text)
{
    put_text(to, text, strlen(text));
    fputc('\n', to);
}

static void put_bold(FILE *to, const char *text)
{
    fputs("\\fB", to);
    put_text(to, text, strlen(text));
    fputs("\\fR", to);
}

static void put_paragraphs(FILE *to, const char *text)
{
    const char *gap;

    while ((gap = strstr(text, "\n\n"))) {
        put_text(to, text, (size_t)(gap - text));
        fputs("\n.PP\n", to);
        text = gap + 2;
    }
    put_line(to, text);
}

static void put_option(FILE *to, const cli_option *o)
{
    char dashed[64], sets[160];

    fputs(".TP\n", to);
    if (o->letter) {
        snprintf(dashed, sizeof dashed, "-%c", o->letter);
        put_bold(to, dashed);
        fputs(", ", to);
    }
    snprintf(dashed, sizeof dashed, "--%s", o->name);
    put_bold(to, dashed);
    if (o->arg) {
        fputs(o->kind == CLI_OPTIONAL ? "[=\\fI" : " \\fI", to);
        put_text(to, o->arg, strlen(o->arg));
        fputs(o->kind == CLI_OPTIONAL ? "\\fR]" : "\\fR", to);
    }
    fputc('\n', to);
    put_text(to, o->help, strlen(o->help));
    put_line(to, help_isa_names(o, sets));
}

static void put_one(FILE *to, const cli_command *c)
{
    fprintf(to, ".SS pfld %s\n", c->name);
    put_bold(to, "pfld");
    fputc(' ', to);
    put_bold(to, c->name);
    fputc(' ', to);
    put_line(to, c->synopsis);
    fputs(".PP\n", to);
    put_paragraphs(to, c->about);
    for (const cli_option *o = c->options; o->name; o++)
        put_option(to, o);
}

static void put_command(FILE *to, const cli_command *c)
{
    put_one(to, c);
    for (const cli_command *const *p = c->parts; p && *p; p++)
        put_one(to, *p);
}

static void put_pairs(FILE *to, const char *title, const char *const *pairs)
{
    fprintf(to, ".SH %s\n", title);
    for (; *pairs; pairs += 2) {
        fputs(".TP\n", to);
        put_bold(to, pairs[0]);
        fputc('\n', to);
        put_line(to, pairs[1]);
    }
}

static void put_examples(FILE *to)
{
    fputs(".SH EXAMPLES\n.nf\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++)
        if ((*c)->examples) /* those of its parts among them */
            put_line(to, (*c)->examples);
    fputs(".fi\n", to);
}

void help_man(FILE *to)
{
    char version[16];

    fprintf(to, ".TH PFLD 1 \"\" \"pfld %s\" \"User Commands\"\n", help_version(version));
    fputs(".SH NAME\npfld \\- facial landmarks and head pose\n.SH SYNOPSIS\n", to);
    fputs("\\fBpfld\\fR \\fICOMMAND\\fR [\\fIOPTIONS\\fR] ...\n", to);
    fputs(".SH DESCRIPTION\n", to);
    put_line(to, "Results go to stdout, messages to stderr; '-' is stdin or stdout; '--' ends the "
                 "options. Coordinates are pixels, x right and y down, the centre of the top-left "
                 "pixel at 0,0; boxes are left,top,right,bottom; angles are degrees.");
    fputs(".SH COMMANDS\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++)
        put_command(to, *c);
    put_pairs(to, "EXIT STATUS", help_exit_codes);
    put_pairs(to, "ENVIRONMENT", help_environment);
    put_examples(to);
}
