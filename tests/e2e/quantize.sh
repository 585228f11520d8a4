#!/bin/bash
# pfld quantize: the same file again, what it says of itself, what it refuses; and where ../shared
# (or $PFLD_SHARED) is there, that our model loses next to nothing.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_fixtures
make_faces train 1 30
make_faces val 31 6

good train --data 300w:train.txt --val 300w:val.txt --width 0.1 --size 32 --batch 4 --steps 6 --threads 1 --ema 0 \
    -q --out net
model=net/last.onnx

# --- one line of JSON, and one file for one seed ---
good quantize "$model" --data 300w:train.txt -o a.onnx
is_json
lines 1
says '^\{"v":1,"model":"net/last.onnx","out":"a.onnx","method":"mse","crops":30,"drift":[0-9.e-]+\}$'
good quantize --data 300w:train.txt "$model" -o b.onnx
cmp a.onnx b.onnx || fail "the same command makes another file"
good quantize "$model" --data 300w:train.txt --crops 5 -o c.onnx
good quantize "$model" --data 300w:train.txt --crops 5 --seed 2 -o d.onnx
! cmp -s c.onnx d.onnx || fail "another seed draws the same faces"
for method in percentile minmax; do
    good quantize "$model" --data 300w:train.txt --method "$method" -o "$method.onnx"
    ! cmp -s a.onnx "$method.onnx" || fail "--method $method changes nothing"
done

# --- the file: bytes in, no ReLU in front of 8 bits, what it was made of; it runs ---
good info a.onnx --json
is_json
says '"pfld.input":"rgb,128/127.5"'
says '"shape":\["\?",3,32,32\]'
says '\\"quantised\\":\{\\"bits\\":8,\\"method\\":\\"mse\\",\\"crops\\":30,\\"seed\\":1,'
says '\\"from\\":\{\\"recipe\\":\\"default\\"'
says '"QuantizeLinear":[0-9]+'
good detect face-1.jpg --model a.onnx --box=10,8,54,56
run "$PFLD" eval --model a.onnx --compare "$model" --data 300w:train.txt --threads 1
[ "$code" -eq 0 ] || fail "eval of the quantised model: exit code $code"
says '"relative":-?[0-9.]+'

# --- a photo that can't be read ---
cp face-1.pts torn.pts
echo 'P3 64' >torn.jpg
{ echo torn; cat train.txt; } >torn.txt
bad 1 'torn.jpg: ' quantize "$model" --data 300w:torn.txt -o x.onnx
run "$PFLD" quantize "$model" --data 300w:torn.txt -o e.onnx --skip-bad
[ "$code" -eq 0 ] || fail "quantize --skip-bad: exit code $code"
grep -q '^pfld: torn.jpg: ' stderr || fail "the torn photo is not named"
says '"crops":30,'

# --- refusals, each in one line ---
bad 2 "--data is missing" quantize "$model" -o x.onnx
bad 2 "Give -o FILE" quantize "$model" --data 300w:train.txt
bad 2 "overwrite the model" quantize "$model" --data 300w:train.txt -o "$model"
bad 1 "a.onnx: the model is quantised already" quantize a.onnx --data 300w:train.txt -o x.onnx
bad 1 "spot.onnx: a detector" quantize spot.onnx --data 300w:train.txt -o x.onnx
bad 1 "none.txt" quantize "$model" --data 300w:none.txt -o x.onnx
bad 1 "missing/x.onnx" quantize "$model" --data 300w:train.txt -o missing/x.onnx
: >empty.txt
bad 1 "empty.txt" quantize "$model" --data 300w:empty.txt -o x.onnx
bad 2 "--method" quantize "$model" --data 300w:train.txt -o x.onnx --method best
[ ! -e x.onnx ] || fail "a refusal leaves a file"

# --- our model: within 1.5 % of the float NME on val ---
list=$shared/data/landmarks68/300w
[ -f "$list/train.txt" ] || exit 0
own=$root/models/pfld-0.25x-ibug68.onnx
good quantize "$own" --data "300w:$list/train.txt" --crops 128 -o own.onnx
run "$PFLD" eval --model own.onnx --compare "$own" --data "300w:$list/val.txt"
[ "$code" -eq 0 ] || fail "eval: exit code $code"
relative=$(sed -n 's/.*"relative":\(-\{0,1\}[0-9.e-]*\).*/\1/p' stdout)
echo "NME of 8 bits: $relative % more"
awk -v r="$relative" 'BEGIN { exit !(r < 1.5 && r > -1.5) }' || fail "NME is $relative % more"
