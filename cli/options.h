/* Command lines: one table per command that parses, and that help, completion and man page print.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "pfld/pfld.h"

typedef enum cli_exit { /* what the process says when it ends */
                        CLI_DONE = 0,
                        CLI_SOME_FAILED = 1, /* each was named on stderr */
                        CLI_USAGE = 2,
                        CLI_INTERNAL = 3, /* out of memory, or a bug */
} cli_exit;

typedef struct cli_boxes {
    pfld_box *at; /* [n], freed with mem_free() */
    size_t n, room;
} cli_boxes;

typedef struct cli_texts {
    const char **at; /* [n], freed with mem_free() */
    size_t n, room;
} cli_texts;

typedef enum cli_kind {               /* and the type of the field that the value goes to */
                        CLI_FLAG,     /* bool */
                        CLI_TEXT,     /* const char * */
                        CLI_FILE,     /* const char *, a path */
                        CLI_DIR,      /* const char *, a folder */
                        CLI_REAL,     /* float, above 0 */
                        CLI_NUMBER,   /* float, 0 or above */
                        CLI_COUNT,    /* long, at least min */
                        CLI_CHOICE,   /* int, an index into choices */
                        CLI_ISA,      /* pfld_isa */
                        CLI_BOX,      /* cli_boxes, one more each time */
                        CLI_TEXTS,    /* cli_texts, one more each time */
                        CLI_OPTIONAL, /* const char *: what is behind '=', or "" */
} cli_kind;

typedef struct cli_option {
    const char *name; /* without the dashes; NULL ends a table */
    char letter;      /* 0: no short form */
    cli_kind kind;
    const char *arg;  /* what the value is called in help; NULL for a flag */
    size_t field;     /* offset in the command's own struct */
    const char *help; /* one sentence */
    long min;
    const char *const *choices; /* NULL-ended */
} cli_option;

typedef struct cli_command cli_command;
struct cli_command {
    const char *name;
    const char *brief;    /* what it does, in a few words */
    const char *synopsis; /* what follows the name */
    const char *about;    /* paragraphs, a blank line between them */
    const char *examples; /* one command a line, or NULL */
    const cli_option *options;
    size_t min_operands, max_operands;
    const char *operand; /* "MODEL": what is missing where there are too few */
    int (*run)(const cli_command *self, int argc, char **argv);
    /* NULL-ended: commands of a second word, whose names hold both: "data sheet". NULL: none */
    const cli_command *const *parts;
};

typedef struct cli_args { /* before: what stands behind the command's name; after: the operands */
    size_t n;
    char **at; /* [n] */
    bool help; /* --help or -h was among them: then the rest was not looked at */
} cli_args;

/* Every command. NULL ends the list. */
extern const cli_command *const cli_commands[];

/*
 * Sorts args into the fields and the operands. Options and operands may be mixed; "--" ends the
 * options; "--name=value", "--name value", "-o value" and "-ovalue" are the same. PFLD_ERR_ARG: the
 * message is one sentence for the person who typed it.
 */
pfld_status cli_parse(const cli_command *c, cli_args *args, void *fields, pfld_error *err);

/* cli_parse(), and what comes of it: false where the command ends here, with *code (help was
 * printed on stdout, or what is wrong on stderr). A CLI_ISA field that no option has set takes
 * PFLD_ISA of the environment. */
bool cli_begin(const cli_command *c, cli_args *args, void *fields, int *code);

/* Says what is wrong with options that go together, and where more is told: returns CLI_USAGE. */
int cli_wrong(const cli_command *c, const char *why);

/* "auto", "scalar", ...: what CLI_ISA takes; NULL behind the last. */
const char *cli_isa_at(int i);

/* The nearest of names (NULL-ended), where one is near enough to be what was meant; else NULL. */
const char *cli_nearest(const char *word, const char *const *names, size_t n);

#endif
