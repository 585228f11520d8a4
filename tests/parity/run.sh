#!/bin/sh
# Compares `pfld run` with ONNX Runtime on every model of $PFLD_SHARED/data/models, on random inputs
# and on crops of photos. Usage: run.sh PFLD CROP. PFLD_PARITY_INPUTS: how many of each (2).
# Skipped (77) where the models, node, or the npm package are not to be had.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pfld=$1 crop=$2
count=${PFLD_PARITY_INPUTS:-2}
data=${PFLD_SHARED:-$root/../shared}/data
node_dir=$root/build/node

skip() {
    echo "skipped: $1"
    exit 77
}
ls "$data"/models/*.onnx >/dev/null 2>&1 || skip "no models in $data/models"
{ command -v node && command -v npm; } >/dev/null || skip "node and npm are not installed"
if ! cmp -s "$here/package.json" "$node_dir/package.json"; then
    rm -rf "$node_dir" "$node_dir.new"
    mkdir -p "$node_dir.new"
    cp "$here/package.json" "$node_dir.new/"
    # Its install script would fetch GPU libraries from elsewhere: the CPU's are in the package.
    (cd "$node_dir.new" && npm install --ignore-scripts --no-audit --no-fund --silent) ||
        skip "npm cannot install onnxruntime-node"
    mv "$node_dir.new" "$node_dir"
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
photos=$data/landmarks68/300w
: >"$work/photos"
if [ -f "$photos/test.txt" ]; then
    head -n "$count" "$photos/test.txt" | sed "s|^|$photos/|; s|\$|.jpg|" >"$work/photos"
fi
NODE_PATH=$node_dir/node_modules node "$here/parity.js" "$pfld" "$crop" "$work" "$count" \
    "$data"/models/*.onnx
