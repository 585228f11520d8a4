#!/bin/sh
# The tree's includes go downwards, and the checker finds those that do not.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

try() { # FILE INCLUDE: a tree with just this line
    rm -rf "$work/src"
    mkdir -p "$work/src/$(dirname "$1")"
    echo "#include $2" >"$work/src/$1"
    echo '#include "pfld/pfld.h"' >>"$work/src/$1"
    "$root/tools/check_includes" "$work" >"$work/out"
}
refused() {
    if try "$@"; then
        echo "$1 may include $2, it says" && exit 1
    fi
}
allowed() {
    if ! try "$@"; then
        echo "$1 must not include $2, it says" && exit 1
    fi
}
allowed infer/run.c '"net/graph.h"'
allowed kernels/x86/avx2.c '"kernels/gemm_tmpl.h"'
allowed api.c '"detect/landmarks.h"'
allowed media/draw.c '<cairo.h>'
allowed core/cpu.c '<sys/auxv.h>'
allowed core/cpu.c '<cpuid.h>'
refused core/mem.c '"net/graph.h"'
refused geometry/pose.h '"image/image.h"'
refused api.c '"media/codec.h"'
refused net/graph.c '"../core/mem.h"'
refused net/graph.c '"graph.h"'
refused net/graph.c '<unistd.h>'
refused net/graph.c '<sys/auxv.h>'
refused net/graph.c '<cpuid.h>'
refused misc/x.c '"core/mem.h"'
rm -r "$work/src" && mkdir "$work/src"
if "$root/tools/check_includes" "$work" >/dev/null; then
    echo "an empty tree passes, it says" && exit 1
fi

"$root/tools/check_includes" "$root"
