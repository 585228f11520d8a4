# What the end-to-end tests share; sourced by them. Each gets the command in $PFLD, the tree's root
# in $PFLD_SOURCE_DIR, and ends with 77 where it can't run.
set -euo pipefail
export LC_ALL=C
unset PFLD_ISA

root=${PFLD_SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
PFLD=$(realpath "${PFLD:-$root/build/pfld}")
shared=${PFLD_SHARED:-$root/../shared}
if [ -d "$shared" ]; then shared=$(realpath "$shared"); fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fail() {
    echo "FAILED: $*"
    for f in "$work"/stdout "$work"/stderr; do
        [ ! -s "$f" ] || { echo "--- ${f##*/}"; head -c 2000 "$f"; }
    done
    exit 1
}

# fixtures: tiny.onnx, wflw.onnx, open.onnx, evil.onnx, spot.onnx, in.npy, expected.npy, face.ppm, here.
make_fixtures() {
    local maker=${PFLD_MAKE_MODEL:-$(dirname "$PFLD")/tests/make_model}
    if [ ! -x "$maker" ]; then
        maker=$work/make_model
        "${CC:-cc}" -std=c11 -I"$root/include" -I"$root/src" -o "$maker" "$root/tests/make_model.c" \
            "$root"/src/core/*.c "$root"/src/net/*.c -lm -lpthread
    fi
    "$maker" "$work"
}

# run COMMAND...: its exit code in $code, what it wrote in stdout and stderr.
run() {
    code=0
    "$@" >stdout 2>stderr || code=$?
}

# good ARGUMENTS...: pfld does it without a word on stderr.
good() {
    run "$PFLD" "$@"
    [ "$code" -eq 0 ] || fail "pfld $*: exit code $code, not 0"
    [ ! -s stderr ] || fail "pfld $*: says something on stderr"
}

# bad CODE REGEX ARGUMENTS...: pfld ends with CODE and says one line, which REGEX matches.
bad() {
    local wanted=$1 regex=$2
    shift 2
    run "$PFLD" "$@"
    [ "$code" -eq "$wanted" ] || fail "pfld $*: exit code $code, not $wanted"
    mapfile -t said <stderr # by the shell alone: thousands of these are run
    [ "${#said[@]}" -eq 1 ] || fail "pfld $*: not one line on stderr"
    [[ ${said[0]} == "pfld: "* ]] || fail "pfld $*: the line does not start with 'pfld: '"
    [[ ${said[0]} =~ $regex ]] || fail "pfld $*: '$regex' is not in the line"
}

# says REGEX: stdout of the last command matches.
says() {
    grep -Eq -e "$1" stdout || fail "'$1' is not in stdout"
}

lines() {
    [ "$(wc -l <stdout)" -eq "$1" ] || fail "$(wc -l <stdout) lines on stdout, not $1"
}

# Each line of stdout is JSON, as far as there is something to check it with.
is_json() {
    [ -s stdout ] || fail "no JSON on stdout"
    command -v node >/dev/null || return 0
    node -e 'require("fs").readFileSync("stdout", "utf8").trim().split("\n").forEach(JSON.parse)' ||
        fail "stdout is not JSON"
}

# floats FILE.npy: the numbers of a .npy file with a header of 128 bytes, one a line.
floats() {
    od -An -v -tf4 -w4 -j 128 "$1"
}
