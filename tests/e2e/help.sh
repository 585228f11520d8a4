#!/bin/bash
# Help everywhere, on stdout, with exit code 0; man page and completion that their readers take.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"

good --version
says '^pfld [0-9]+\.[0-9]+\.[0-9]+$'
good --help
says 'detect'
cp stdout overview
good help
cmp -s stdout overview || fail "'pfld help' and 'pfld --help' differ"

for c in detect video live info eval bench train data run help "data template" "data classes" "data sheet" \
    "data scenes"; do
    # shellcheck disable=SC2086
    good help $c
    says "^Usage: pfld $c"
    cp stdout page
    for flag in --help -h; do
        # shellcheck disable=SC2086
        good $c $flag
        cmp -s stdout page || fail "'pfld $c $flag' and 'pfld help $c' differ"
    done
done

good help data
says '^  data sheet +draws'
says '^  data scenes +draws'

good help --man
says '^\.TH PFLD 1'
says '^\.SS pfld data sheet$'
if command -v man >/dev/null; then
    man --warnings -l -Tutf8 stdout >page 2>complaints || fail "man can't read pfld.1"
    [ ! -s complaints ] || { cat complaints; fail "man complains about pfld.1"; }
    grep -q 'boxes' page || fail "pfld.1 has lost its options"
fi

good help --completion bash
cp stdout pfld.bash
bash -n pfld.bash || fail "bash can't read its completion"
complete_words() { # the words typed so far; the last one is completed
    # shellcheck disable=SC1091
    (. ./pfld.bash && COMP_WORDS=(pfld "$@") && COMP_CWORD=$# && _pfld && echo "${COMPREPLY[*]}")
}
[ "$(complete_words det)" = detect ] || fail "commands are not completed"
[ "$(complete_words detect --form)" = --format ] || fail "options are not completed"
[ "$(complete_words detect --format c)" = csv ] || fail "values are not completed"
[ "$(complete_words bench --isa sc)" = scalar ] || fail "instruction sets are not completed"
[ "$(complete_words help inf)" = info ] || fail "commands behind help are not completed"

[ "$(complete_words data te)" = template ] || fail "second words are not completed"
[ "$(complete_words data '')" = "template classes sheet scenes label" ] || fail "not all second words are offered"
[ "$(complete_words data sheet --no-p)" = --no-points ] || fail "options of two words are not completed"
[ "$(complete_words data classes --no-p)" = "" ] || fail "options of another part are completed"
[ "$(complete_words help data cl)" = classes ] || fail "second words behind help are not completed"
[ "$(complete_words train --loss wi)" = wing ] || fail "losses are not completed"

good help --completion zsh
says '^#compdef pfld'
if command -v zsh >/dev/null; then
    zsh -n stdout || fail "zsh can't read its completion"
fi
