#!/bin/bash
# pfld info, run and bench on a little model whose results are known, and on what is left of it.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
make_fixtures

# --- info ---
good info tiny.onnx
says 'landmark model'
says 'opset +13$'
says 'input +image 1x3x112x112$'
says 'output +landmarks 1x136$'
says 'operators +AveragePool 1, Conv 1, Flatten 1, Gemm 1, Relu 1$'
says 'parameters +2,424$' # 4*3*3*3 + 4 + 136*16 + 136
says 'multiply-adds +86,848$' # 28*28*4*27 + 136*16
says 'pfld.licence: none: a test$'
good info tiny.onnx --json
lines 1
is_json
says '"inputs":\[\{"name":"image","shape":\[1,3,112,112\]\}\]'
says '"parameters":2424,"scheme":"ibug68","points":68,'
says '"macs":86848,"activation_bytes":[1-9][0-9]*,"weight_bytes":[1-9][0-9]*'
says '"metadata":\{"pfld.kind":"landmarks"'
sed 's/none: a test/none: \x1b[31mx/' tiny.onnx >red.onnx
good info red.onnx
says 'pfld.licence: none: \?\[31mx$'
good info open.onnx --json
says '"shape":\["\?",3,112,112\]'
good info tiny.onnx --layers --isa scalar
says '84,672 +Conv'
run "$PFLD" info - --json <tiny.onnx
[ "$code" -eq 0 ] || fail "a model from stdin: exit code $code"

size=$(stat -c %s tiny.onnx)
[ "$size" -gt 9000 ] || fail "tiny.onnx has $size bytes only"
for ((n = 0; n < size; n += 100)); do
    head -c "$n" tiny.onnx >cut.onnx
    bad 1 "^pfld: cut.onnx: ." info cut.onnx
done
mkdir folder
bad 1 "^pfld: folder: " info folder
bad 1 "^pfld: missing.onnx: No such file" info missing.onnx

# --- run ---
near() { # the two .npy files agree to 1e-5
    paste <(floats "$1") <(floats "$2") |
        awk 'NF != 2 { exit 1 } { d = $1 - $2; if (d < -1e-5 || d > 1e-5) exit 1 } END { if (NR != 136) exit 1 }' ||
        fail "$1 and $2 differ"
}
good run tiny.onnx in.npy -o out
is_json
says '^\{"v":1,"output":"landmarks","shape":\[1,136\],"file":"out/landmarks.npy"\}$'
near out/landmarks.npy expected.npy
[ "$(head -c 60 out/landmarks.npy | tail -c 50)" = "$(head -c 60 expected.npy | tail -c 50)" ] ||
    fail "the headers differ"
for isa in scalar avx2 avxvnni avx512; do
    good run tiny.onnx image=in.npy --dir=out-$isa --isa $isa
    near out-$isa/landmarks.npy expected.npy
done
good run open.onnx in.npy -o out-open
near out-open/landmarks.npy expected.npy
mkdir -p a/b/c
(cd a/b/c && "$PFLD" run "$work/evil.onnx" "$work/in.npy" -o out >/dev/null)
[ "$(find a -type f)" = a/b/c/out/_._.._evil_out.npy ] || fail "an output's name left its folder"

bad 1 "^pfld: out/landmarks.npy: " run tiny.onnx out/landmarks.npy -o new # 1x136 is not 1x3x112x112
head -c 5000 in.npy >cut.npy
bad 1 "^pfld: cut.npy: 4872 bytes of data, 150528 expected" run tiny.onnx cut.npy -o out
bad 1 "^pfld: tiny.onnx: not a .npy file" run tiny.onnx tiny.onnx -o out
bad 1 "^pfld: missing.npy: No such file" run tiny.onnx missing.npy -o out
bad 1 "^pfld: cut.npy is not a folder" run tiny.onnx in.npy -o cut.npy
bad 1 "^pfld: no/where: No such file" run tiny.onnx in.npy -o no/where

cp in.npy landmarks.npy
bad 2 "landmarks.npy would be overwritten" run tiny.onnx ./landmarks.npy -o .
cmp -s in.npy landmarks.npy || fail "the input was overwritten"
good run tiny.onnx in.npy -o out
[ "$(ls out)" = landmarks.npy ] || fail "something else than the output is left in out"

# --- bench: what it measures, not how fast ---
run "$PFLD" bench --model tiny.onnx --runs 3 --layers --isa scalar --pin 0
[ "$code" -eq 0 ] || fail "bench: exit code $code"
is_json
says '^\{"v":1,"what":"net","model":"tiny.onnx","isa":"scalar","threads":1,"batch":1,"min_ms":[0-9.e-]+,"median_ms":[0-9.e-]+,"macs":86848,"runs":3\}$'
says '^\{"v":1,"what":"landmarks",'
says '^\{"v":1,"what":"layer",.*"op":"Conv",.*"macs":84672,'
! grep -q 'not "landmarks"' stderr || fail "bench: a landmark model is taken for none"
grep -q 'GFLOP/s' stderr || fail "bench: no summary on stderr"
bad 1 "^pfld: missing.onnx: No such file" bench --model missing.onnx
run "$PFLD" bench --runs 1
if ! grep -q '^pfld: no model was built into' stderr; then
    [ "$code" -eq 0 ] || fail "bench of the model inside: exit code $code"
    says '^\{"v":1,"what":"net","model":"built-in pfld-0.25x-ibug68",.*"macs":20569952,"runs":1\}$'
    says '^\{"v":1,"what":"landmarks","model":"built-in pfld-0.25x-ibug68",'
fi

# --- a detector: info and bench ---
# shellcheck source=tests/e2e/spots.bash
. "$root/tests/e2e/spots.bash"
good info spot.onnx
says '^spot.onnx: a face detector$'
says 'input +input 1x3x\?x\?$'
says 'multiply-adds +11,059,200$' # 320 * 256 * 3 * 15 * 3 heads
good info spot.onnx --json
says '"kind":"detector"'
good info tiny.onnx --json
says '"kind":"landmarks"'

look=(bench --detector spot.onnx --runs 2 --isa scalar)
rects two.ppm 160 128 32,32,32,16,200 96,64,32,16,200 # at this size: cells of 32, the upper half green
run "$PFLD" "${look[@]}" --what detector --frame 160x128 --frame 64x100 --photo two.ppm
[ "$code" -eq 0 ] || fail "bench of a detector: exit code $code"
lines 2
is_json
says '^\{"v":1,"what":"detector","model":"spot.onnx","isa":"scalar","threads":1,"batch":1,"min_ms":[0-9.e-]+,"median_ms":[0-9.e-]+,"macs":2764800,"runs":2,"width":160,"height":128,"faces":2\}$'
says '"macs":1105920,"runs":2,"width":64,"height":100,' # 64 * 128 pixels
run "$PFLD" "${look[@]}" --model tiny.onnx
[ "$code" -eq 0 ] || fail "bench of whole pictures: exit code $code"
lines 6
says '^\{"v":1,"what":"frame","model":"tiny.onnx",.*"macs":11146048,.*"width":320,"height":240,"faces":0,"detector":"spot.onnx"\}$'
run "$PFLD" bench --model spot.onnx --runs 1
lines 1
says '^\{"v":1,"what":"net","model":"spot.onnx",'
grep -q 'face detector: --detector' stderr || fail "bench: a detector is not told from a landmark model"
bad 2 "no size like 320x240" bench --frame 320
bad 2 "no size like 320x240" bench --frame 9x240
bad 2 "frame is for a detector" bench --what net --frame 320x240
bad 2 "tiny.onnx: no face detector" bench --what detector --detector tiny.onnx
bad 1 "missing.jpg: No such file" bench --what detector --detector spot.onnx --photo missing.jpg
