#!/bin/sh
# The shared library exports what tests/exports.txt lists, no more and no less.
# Usage: check_exports.sh LIBRARY
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
nm -D --defined-only "$1" | awk '{ print $NF }' | LC_ALL=C sort >"$work/exports"
diff -u "$(dirname "$0")/exports.txt" "$work/exports"
echo "$(wc -l <"$work/exports") symbols"
