#!/bin/sh
# What `make install` lays down is enough: a short program builds and runs the default model, found
# by pkg-config and by find_package(), shared and static, from a tree that was moved after its
# installation; so do the examples. Of a library without that model (PFLD_EMBED_MODEL=OFF) the program must say so.
# Usage: check_install.sh BUILD CC CMAKE
set -eu
build=$1 cc=$2 cmake=$3
here=$(cd "$(dirname "$0")" && pwd)/install
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

wanted=landmarks
! grep -Eq '^PFLD_EMBED_MODEL:[A-Z]*=(OFF|NO|FALSE|0)$' "$build/CMakeCache.txt" || wanted='no model'
hello() { # COMMAND...
    "$@" >"$work/said" || [ "$wanted" != landmarks ]
    cat "$work/said"
    grep -q "$wanted" "$work/said"
}

"$cmake" --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/usr"
pc=$(find "$work/usr" -name pfld.pc)
lib=$(dirname "$(dirname "$pc")")
export PKG_CONFIG_PATH="$lib/pkgconfig"

echo "pkg-config $(pkg-config --modversion pfld)"
# shellcheck disable=SC2046
"$cc" "$here/hello.c" -o "$work/hello" $(pkg-config --cflags --libs pfld)
hello env LD_LIBRARY_PATH="$lib" "$work/hello"
# shellcheck disable=SC2046
"$cc" "$here/hello.c" -o "$work/hello_static" $(pkg-config --cflags pfld) "$lib/libpfld.a" \
    $(pkg-config --static --libs-only-other pfld) -lm
hello "$work/hello_static"

for example in landmarks camera blinks align; do
    # shellcheck disable=SC2046
    "$cc" "$here/../../examples/$example.c" -o "$work/$example" $(pkg-config --cflags --libs pfld)
done
if [ "$wanted" = landmarks ]; then # black: no face is no failure
    { printf 'P6 64 64 255\n'; head -c 12288 /dev/zero; } |
        LD_LIBRARY_PATH="$lib" "$work/landmarks"
fi

echo find_package
"$cmake" -S "$here" -B "$work/hello-build" -DCMAKE_C_COMPILER="$cc" \
    -DCMAKE_PREFIX_PATH="$work/usr" >/dev/null
"$cmake" --build "$work/hello-build" >/dev/null
hello "$work/hello-build/hello"
hello "$work/hello-build/hello_static"

if [ -x "$work/usr/bin/pfld" ]; then
    "$work/usr/bin/pfld" --version
    grep -q '^\.TH' "$work/usr/share/man/man1/pfld.1"
    bash -n "$work/usr/share/bash-completion/completions/pfld"
fi
