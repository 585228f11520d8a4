/* Completion for bash and zsh. */
#include <string.h>

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

static void put_bash_value(FILE *to, const cli_command *c, const cli_option *o)
{
    if (!o->arg || o->kind == CLI_FILE) /* files are what bash offers by itself */
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

void help_bash(FILE *to)
{
    fputs("# bash completion for pfld, printed by 'pfld help --completion bash'\n"
          "# shellcheck shell=bash disable=SC2207\n"
          "_pfld()\n{\n"
          "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    local words=\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
          "        COMPREPLY=($(compgen -W '",
          to);
    put_command_names(to);
    fputs("--help --version' -- \"$cur\"))\n        return\n    fi\n"
          "    case \"${COMP_WORDS[1]} $prev\" in\n",
          to);
    for (const cli_command *const *c = cli_commands; *c; c++)
        for (const cli_option *o = (*c)->options; o->name; o++)
            put_bash_value(to, *c, o);
    fputs("    esac\n    case ${COMP_WORDS[1]} in\n", to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        fprintf(to, "    %s) words='", (*c)->name);
        for (const cli_option *o = (*c)->options; o->name; o++)
            fprintf(to, "--%s ", o->name);
        fputs("--help' ;;\n", to);
    }
    fputs("    esac\n"
          "    if [ \"${COMP_WORDS[1]}\" = help ] && [[ $cur != -* ]]; then\n        words='",
          to);
    put_command_names(to);
    fputs("'\n    elif [[ $cur != -* ]]; then\n        return\n    fi\n"
          "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
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
    fputs("            ", to);
    if (o->letter)
        fprintf(to, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter,
                o->arg ? "+" : "", o->name, o->arg ? "=" : "");
    else
        fprintf(to, "'%s--%s%s[", o->kind == CLI_BOX || o->kind == CLI_TEXTS ? "*" : "", o->name,
                o->arg ? "=" : "");
    put_zsh_text(to, o->help);
    fputc(']', to);
    if (o->arg) {
        fputc(':', to);
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

void help_zsh(FILE *to)
{
    fputs("#compdef pfld\n# zsh completion for pfld, printed by 'pfld help --completion zsh'\n"
          "_pfld()\n{\n    local -a commands\n    commands=(\n",
          to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        fprintf(to, "        '%s:", (*c)->name);
        put_zsh_text(to, (*c)->brief);
        fputs("'\n", to);
    }
    fputs("    )\n    if (( CURRENT == 2 )); then\n"
          "        _describe command commands\n        return\n    fi\n"
          "    shift words\n    (( CURRENT-- ))\n    case $words[1] in\n",
          to);
    for (const cli_command *const *c = cli_commands; *c; c++) {
        fprintf(to, "    %s)\n        _arguments -s \\\n", (*c)->name);
        for (const cli_option *o = (*c)->options; o->name; o++)
            put_zsh_option(to, o);
        fputs("            '(-h --help)'{-h,--help}'[Prints help.]' \\\n", to);
        fputs(strcmp((*c)->name, "help") == 0
                  ? "            '*:command:_describe command commands'\n        ;;\n"
                  : "            '*:file:_files'\n        ;;\n",
              to);
    }
    fputs("    esac\n}\n_pfld \"$@\"\n", to);
}
