/* Completion for bash and zsh. */
#include <string.h>

#include "cli/commands.h"
#include "cli/help.h"

/* The words that an option's value is chosen from; false where there is no such list. */
static bool put_values(FILE *to, const cli_option *o)
{
    if (o->kind == CLI_CHOICE)
        for (int i = 0; o->choices[i]; i++)
            fprintf(to, "%s%s", i ? " " : "", o->choices[i]);
    else if (o->kind == CLI_ISA)
        for (int i = 0; cli_isa_at(i); i++)
            fprintf(to, "%s%s", i ? " " : "", cli_isa_at(i));
    return o->kind == CLI_CHOICE || o->kind == CLI_ISA;
}

static void put_command_names(FILE *to)
{
    for (const cli_command *const *c = cli_commands; *c; c++)
        fprintf(to, "%s ", (*c)->name);
}

static void put_part_names(FILE *to, const cli_command *c)
{
    for (const cli_command *const *p = c->parts; *p; p++)
        fprintf(to, "%s%s", p == c->parts ? "" : " ", command_part_word(*p));
}

static void put_bash_value(FILE *to, const cli_command *c, const cli_option *o)
{
    if (!o->arg || o->kind == CLI_OPTIONAL || o->kind == CLI_FILE) /* bash offers files itself */
        return;
    fprintf(to, "    '%s --%s'", c->name, o->name);
    if (o->letter)
        fprintf(to, " | '%s -%c'", c->name, o->letter);
    fputs(")\n        ", to);
    if (o->kind == CLI_DIR) {
        fputs("COMPREPLY=($(compgen -d -- \"$cur\"))", to);
    } else if (o->kind == CLI_CHOICE || o->kind == CLI_ISA) {
        fputs("COMPREPLY=($(compgen -W '", to);
        put_values(to, o);
        fputs("' -- \"$cur\"))", to);
    } else {
        fputs("compopt +o default +o bashdefault 2>/dev/null", to);
    }
    fputs("\n        return\n        ;;\n", to);
}

static void put_bash_values(FILE *to, const cli_command *c)
{
    for (const cli_option *o = c->options; o->name; o++)
        put_bash_value(to, c, o);
}

static void put_bash_options(FILE *to, const cli_command *c)
{
    fprintf(to, "    '%s') words='", c->name);
    for (const cli_option *o = c->options; o->name; o++)
        fprintf(to, "--%s ", o->name);
    fputs("--help' ;;\n", to);
}

/* A command of two words is known by both. */
static void put_bash_joins(FILE *to)
{
    fputs("    case $command in\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++)
        if ((*c)->parts)
            fprintf(to, "    %s) [ \"$COMP_CWORD\" -eq 2 ] || command+=\" ${COMP_WORDS[2]}\" ;;\n",
                    (*c)->name);
    fputs("    esac\n", to);
}

/* What stands in place of a file: commands behind help, second words. */
static void put_bash_words(FILE *to)
{
    fputs("    if [[ $cur != -* ]]; then\n"
          "        case \"$COMP_CWORD ${COMP_WORDS[*]:1:COMP_CWORD-1}\" in\n"
          "        '2 help') words='",
          to);
    put_command_names(to);
    fputs("' ;;\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        if (!(*c)->parts)
            continue;
        fprintf(to, "        '2 %s' | '3 help %s') words='", (*c)->name, (*c)->name);
        put_part_names(to, *c);
        fputs("' ;;\n", to);
    }
    fputs("        *) return ;;\n        esac\n    fi\n", to);
}

void help_bash(FILE *to)
{
    fputs("# bash completion for pfld, printed by 'pfld help --completion bash'\n"
          "# shellcheck shell=bash disable=SC2207\n"
          "_pfld()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local words='' command=${COMP_WORDS[1]}\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          to);
    put_command_names(to);
    fputs("--help --version' -- \"$cur\"))\n        return\n    fi\n", to);
    put_bash_joins(to);
    fputs("    case \"$command $prev\" in\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        put_bash_values(to, *c);
        for (const cli_command *const *p = (*c)->parts; p && *p; p++)
            put_bash_values(to, *p);
    }
    fputs("    esac\n    case $command in\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        put_bash_options(to, *c);
        for (const cli_command *const *p = (*c)->parts; p && *p; p++)
            put_bash_options(to, *p);
    }
    fputs("    esac\n", to);
    put_bash_words(to);
    fputs("    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
          "}\n"
          "complete -o default -o bashdefault -F _pfld pfld\n",
          to);
}

/* Inside single quotes, and inside _arguments' brackets and between its colons. */
static void put_zsh_text(FILE *to, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'') {
            fputs("'\\''", to);
            continue;
        }
        if (strchr("[]:\\", *text))
            fputc('\\', to);
        fputc(*text, to);
    }
}

static void put_zsh_option(FILE *to, const cli_option *o)
{
    bool again = o->kind == CLI_BOX || o->kind == CLI_TEXTS;

    fputs("            ", to);
    if (o->letter && again)
        fputs("'*'", to);
    else if (o->letter)
        fprintf(to, "'(-%c --%s)'", o->letter, o->name);
    if (o->letter)
        fprintf(to, "{-%c%s,--%s%s}'[", o->letter, o->arg ? "+" : "", o->name, o->arg ? "=" : "");
    else
        fprintf(to, "'%s--%s%s[", again ? "*" : "", o->name,
                o->kind == CLI_OPTIONAL ? "=-"
                : o->arg                ? "="
                                        : "");
    put_zsh_text(to, o->help);
    fputc(']', to);
    if (o->arg) {
        fputs(o->kind == CLI_OPTIONAL ? "::" : ":", to);
        put_zsh_text(to, o->arg);
        fputc(':', to);
        if (o->kind == CLI_FILE) {
            fputs("_files", to);
        } else if (o->kind == CLI_DIR) {
            fputs("_files -/", to);
        } else if (o->kind == CLI_CHOICE || o->kind == CLI_ISA) {
            fputc('(', to);
            put_values(to, o);
            fputc(')', to);
        }
    }
    fputs("' \\\n", to);
}

static void put_zsh_names(FILE *to, const char *indent, const cli_command *const *list, bool parts)
{
    for (; *list; list++) {
        fprintf(to, "%s'%s:", indent, parts ? command_part_word(*list) : (*list)->name);
        put_zsh_text(to, (*list)->brief);
        fputs("'\n", to);
    }
}

/* The branch of a case for a command, or for a part by its second word. */
static void put_zsh_branch(FILE *to, const cli_command *c, const char *word)
{
    fprintf(to, "    %s)\n        _arguments -s \\\n", word);
    for (const cli_option *o = c->options; o->name; o++)
        put_zsh_option(to, o);
    fputs("            '(-h --help)'{-h,--help}'[Prints help.]' \\\n", to);
    fputs(strcmp(word, "help") == 0 ? "            '*:command:_describe command commands'\n"
                                    : "            '*:file:_files'\n",
          to);
    fputs("        ;;\n", to);
}

static void put_zsh_parts(FILE *to, const cli_command *c)
{
    fprintf(to, "    %s)\n        local -a parts\n        parts=(\n", c->name);
    put_zsh_names(to, "            ", c->parts, true);
    fputs("        )\n        if (( CURRENT == 2 )); then\n"
          "            _describe command parts\n            return\n        fi\n"
          "        shift words\n        (( CURRENT-- ))\n        case $words[1] in\n",
          to);
    for (const cli_command *const *p = c->parts; *p; p++)
        put_zsh_branch(to, *p, command_part_word(*p));
    fputs("        esac\n        ;;\n", to);
}

void help_zsh(FILE *to)
{
    fputs("#compdef pfld\n# zsh completion for pfld, printed by 'pfld help --completion zsh'\n"
          "_pfld()\n{\n    local -a commands\n    commands=(\n",
          to);
    put_zsh_names(to, "        ", cli_commands, false);
    fputs("    )\n    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n        return\n    fi\n"
          "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n",
          to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        if ((*c)->parts)
            put_zsh_parts(to, *c);
        else
            put_zsh_branch(to, *c, (*c)->name);
    }
    fputs("    esac\n}\n_pfld \"$@\"\n", to);
}
