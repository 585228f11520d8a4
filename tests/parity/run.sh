#!/bin/bash
# Compares `pfld run` with ONNX Runtime, on random inputs and on crops of photos: nets that are
# trained here on the spot, our models, and every model of $PFLD_SHARED/data/models.
# Usage: run.sh PFLD CROP. PFLD_PARITY_INPUTS: how many of each (2).
# Skipped (77) where node or the npm package are not to be had.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
pfld=$(realpath "$1") crop=$(realpath "$2")
count=${PFLD_PARITY_INPUTS:-2}
data=${PFLD_SHARED:-$root/../shared}/data
node_dir=$root/build/node

skip() {
    echo "skipped: $1"
    exit 77
}
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

# Without the average a few steps carry the weights from where they started: the
# outputs depend on the picture then, which parity.js checks.
train() { # NAME OPTION...
    local name=$1
    shift
    "$pfld" train --data 300w:train.txt --out "$name" --ema 0 --rate 0.001 --threads 1 -q \
        --steps 8 --batch 4 "$@" >"$name.json"
    mv "$name/last.onnx" "$name.onnx"
}
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
(
    cd "$work"
    make_faces train 1 30
    train flatten-0.25x --width 0.25
    train spread-0.25x --width 0.25 --spread
    train pool-0.25x --width 0.25 --tail pool --loss pfld
    train flatten-1x --width 1 --rate 0.0003
    train pool-1x --width 1 --tail pool --size 64 --rate 0.0003
)

shopt -s nullglob
models=("$work"/*.onnx "$root"/models/*.onnx "$data"/models/*.onnx)
[ -d "$data/models" ] || echo "skipped: foreign models: no $data/models"
photos=$data/landmarks68/300w
echo "$work/face-1.jpg" >"$work/photos"
if [ -f "$photos/test.txt" ]; then
    head -n "$count" "$photos/test.txt" | sed "s|^|$photos/|; s|\$|.jpg|" >>"$work/photos"
fi
NODE_PATH=$node_dir/node_modules node "$here/parity.js" "$pfld" "$crop" "$work" "$count" \
    "${models[@]}"
