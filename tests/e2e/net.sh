#!/bin/bash
# pfld info --net: the tables of the paper, and what they cost.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"

good info --net pfld
says '^pfld 1x: 68 points, flatten tail'
says '^  conv1 +112x112x3 +56x56x64 +conv3x3 .* 1 +2 '
says '^  total +273,413,888 +1,841,272 +7,365,088$'
good info --net pfld --width 0.25
says '^pfld 0.25x: 68 points, flatten tail'
says '^  total +20,556,128 +247,588 +990,352$'
good info --net pfld --points 98 --size 64 --tail pool
says '^pfld 1x: 98 points, pool tail'
says ' 196 +full connection'
says '^  conv1 +64x64x3 +32x32x64 '
good info --net pfld --aux
says '^  aux\.conv1 '
says '^  auxiliary net, in training only '
good info --net pfld --json
lines 1
is_json
says '^\{"v":1,"net":"pfld","width":1.0,"points":68,"size":112,"tail":"flatten","rows":\[\{"name":"conv1",'
says '"macs":273413888,"parameters":1841272,"bytes":7365088\}$'

# The table and the file that training writes tell the same.
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_faces train 1 30
for tail in flatten pool; do
    good train --data 300w:train.txt --val 300w:train.txt --width 0.25 --tail $tail --size 48 --steps 1 \
        --batch 1 -q --out $tail
    good info $tail/last.onnx --json
    grep -o '"macs":[0-9]*' stdout | head -n 1 >file
    grep -o '"parameters":[0-9]*' stdout >>file
    good info --net pfld --width 0.25 --tail $tail --size 48 --json
    grep -o '"macs":[0-9]*,"parameters":[0-9]*,"bytes":[0-9]*}$' stdout | tr ',' '\n' | head -n 2 >table
    cmp file table || fail "$tail: the table says $(tr '\n' ' ' <table), the file $(tr '\n' ' ' <file)"
done

wrong() {
    bad 2 "$@"
    [ ! -s stdout ] || fail "pfld ${*:2}: something on stdout"
}
for stray in "--width 0.25" "--points 5" "--size 64" "--tail pool" --aux "--aux-width 1"; do
    # shellcheck disable=SC2086
    wrong "^pfld: info: ${stray%% *} is for --net$" info $stray
done
wrong "^pfld: info: 'x.onnx' is one too many: --net is in place of a file$" info --net pfld x.onnx
wrong "^pfld: info: --aux-width is for --aux$" info --net pfld --aux-width 2
wrong "^pfld: info: --layers is for a file" info --net pfld --layers
wrong "^pfld: info: --net: 'vgg' is not one of pfld$" info --net vgg
wrong "^pfld: .*32" info --net pfld --size 8
wrong "^pfld: info: --width: '0' is not a number above 0$" info --net pfld --width 0

# --- without a model, the one inside ---
run "$PFLD" info --json
if [ "$code" -eq 1 ] && grep -q '^pfld: no model was built into' stderr; then
    echo "built without a model"
else
    good info --json
    sed 's/"file":"[^"]*"/"file":""/' stdout >inside
    says '"file":"built-in pfld-0.25x-ibug68"'
    good info "$root/models/pfld-0.25x-ibug68.onnx" --json
    sed 's/"file":"[^"]*"/"file":""/' stdout | cmp -s - inside || fail "the model inside is not the file"
    good info
    says '^built-in pfld-0.25x-ibug68: a landmark model$'
fi
