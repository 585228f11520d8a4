#!/bin/sh
# libpfld's sources compile without CMake: one line, no options but the include paths; the default
# model comes with them.
# Usage: check_plain_cc.sh CC
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sources=
for layer in core geometry kernels image net infer detect track; do
    [ ! -d src/$layer ] || sources="$sources $(find src/$layer -name '*.c')"
done
# shellcheck disable=SC2086
"$1" -std=c11 -Iinclude -Isrc $sources src/api.c tests/install/hello.c -lm -pthread -o "$work/hello"
"$work/hello"
