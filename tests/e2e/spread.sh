#!/bin/bash
# How sure a model is of its points: pfld train --spread and --freeze, calibrate, and what detect,
# eval and quantize make of it.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_fixtures
make_faces train 1 30
make_faces val 31 6

tiny=(--data 300w:train.txt --val 300w:val.txt --width 0.1 --size 32 --batch 4 --threads 1 --ema 0 -q)
points() { # MODEL: the landmarks that it finds
    good detect face-1.jpg --model "$1" --box=10,8,54,56
    sed 's/.*"landmarks":\(\[\[[^a-z]*\]\]\).*/\1/' stdout
}

# --- the head changes no bit of the points, beside them or alone ---
good train "${tiny[@]}" --steps 6 --out plain
good train "${tiny[@]}" --steps 6 --out beside --spread
good train "${tiny[@]}" --steps 4 --out alone --freeze --start plain/checkpoint
says '"val_spread":[0-9.]+,"best_spread":[0-9.]+'
grep -q '"spread":[0-9.]*,"grad_norm".*"val_spread":[0-9]' alone/log.jsonl || fail "no spread in the log"
points plain/last.onnx >plain.points
[ "$(wc -c <plain.points)" -gt 500 ] || fail "no landmarks to compare"
for run in beside alone; do
    points "$run/last.onnx" >"$run.points"
    cmp plain.points "$run.points" || fail "$run: the head moves the points"
done
good train "${tiny[@]}" --steps 4 --out halves --freeze --start plain/checkpoint --stop-after 2
run "$PFLD" train "${tiny[@]}" --steps 4 --out halves --freeze --start plain/checkpoint --resume
[ "$code" -eq 0 ] || fail "--freeze --resume: exit code $code"
cmp alone/last.onnx halves/last.onnx || fail "a head that was resumed is another"
for other in "--crop 1.3" "--size 48" "--tail pool" "--width 0.2"; do
    read -r option value <<<"$other"
    bad 2 "^pfld: plain/checkpoint is of a run with ${option#--} [^ ]+, not \"?$value" train \
        "${tiny[@]}" --steps 4 --out no --freeze --start plain/checkpoint "$option" "$value"
    [ ! -e no ] || fail "a refused run leaves its folder"
done
good train "${tiny[@]}" --steps 1 --out wider --start plain/checkpoint --crop 1.3
bad 2 "Give --start" train "${tiny[@]}" --steps 4 --out no --freeze
bad 2 "are for landmarks" train --detector --spread --data boxes:x --out no

# --- detect: JSON, CSV, ellipses; without a head there is none of it ---
good detect face-1.jpg --model alone/last.onnx --box=10,8,54,56
is_json
says '"error":[0-9.]+,"cov":\[\[[0-9.]+,-?[0-9.e-]+,[0-9.]+\],.*,"radii":\{"50":[0-9.]+,"90":[0-9.]+,"99":[0-9.]+\}'
good detect face-1.jpg --model alone/last.onnx --box=10,8,54,56 --format csv
says '^file,.*,roll,error,five_x0'
good detect face-1.jpg --model plain/last.onnx --box=10,8,54,56
! grep -q '"error"\|"cov"\|"radii"' stdout || fail "a model without a head is sure of its points"
good detect face-1.jpg --model alone/last.onnx --box=10,8,54,56 -o plain.png
good detect face-1.jpg --model alone/last.onnx --box=10,8,54,56 -o with.png --ellipses 90
good detect face-1.jpg --model alone/last.onnx --box=10,8,54,56 -o wide.png --ellipses 99
! cmp -s plain.png with.png || fail "--ellipses draws nothing"
! cmp -s with.png wide.png || fail "--ellipses 99 is as 90"
bad 2 "not below 100" detect face-1.jpg --model alone/last.onnx -o x.png --ellipses 100
bad 2 "name the picture by -o" detect face-1.jpg --model alone/last.onnx --ellipses 90
bad 1 "does not tell how sure" detect face-1.jpg --model plain/last.onnx -o x.png --ellipses 90

# --- calibrate: right where it was measured, the same file again, and again ---
good calibrate alone/last.onnx --data 300w:train.txt -o a.onnx
is_json
lines 1
says '"faces":30,"tail":[0-9.]+,"floor":0[0-9.]+,"scales":\{"jaw":[0-9.]+,.*"coverage":\[(4[5-9]|5[0-5])[0-9.]*,(8[5-9]|9[0-5])'
good calibrate alone/last.onnx --data 300w:train.txt -o b.onnx --threads 1
cmp a.onnx b.onnx || fail "the same command makes another file"
cp face-1.pts torn.pts
echo 'P3 64' >torn.jpg
{ cat train.txt; echo torn; } >torn.txt
bad 1 '^pfld: torn.jpg: ' calibrate alone/last.onnx --data 300w:torn.txt -o b.onnx
run "$PFLD" calibrate alone/last.onnx --data 300w:torn.txt -o b.onnx --skip-bad
[ "$code" -eq 0 ] || fail "calibrate --skip-bad: exit code $code"
grep -q '^pfld: torn.jpg: ' stderr || fail "calibrate: the torn photo is not named"
says '"faces":30,'
good info a.onnx --json
says '"pfld.spread":"tail=[0-9.]+( floor=[0-9.e-]+)? jaw=[0-9.]+ brows=[0-9.]+ nose=[0-9.]+ eyes=[0-9.]+ lips=[0-9.]+"'
says '"pfld.calibration":"\{.*fnv1a'
points a.onnx | cmp - plain.points || fail "calibration moves the points"
bad 2 "--data is missing" calibrate a.onnx -o x.onnx
bad 2 "Give -o FILE" calibrate a.onnx --data 300w:train.txt
bad 2 "overwrite the model" calibrate a.onnx --data 300w:train.txt -o a.onnx
bad 1 "plain/last.onnx: the model does not tell" calibrate plain/last.onnx --data 300w:train.txt -o x.onnx
bad 1 "spot.onnx: the model does not tell" calibrate spot.onnx --data 300w:train.txt -o x.onnx
bad 1 "none.txt" calibrate a.onnx --data 300w:none.txt -o x.onnx
head -n 2 train.txt >two.txt
bad 2 "are the least to measure by" calibrate a.onnx --data 300w:two.txt -o x.onnx
[ ! -e x.onnx ] && [ ! -e x.png ] || fail "a refusal leaves a file"

# --- eval tells coverage, and whether its own error is known ---
run "$PFLD" eval --model a.onnx --data 300w:train.txt --threads 1
[ "$code" -eq 0 ] || fail "eval: exit code $code"
is_json
says '"coverage":\{"50":(4[5-9]|5[0-5])[0-9.]*,"90":(8[5-9]|9[0-5])[0-9.]*,"99":9[5-9]'
says '"coverage_groups":\{"jaw":\{"50":.*"spearman":-?[0-9.]+,"nme_without":\{"10":[0-9.]+,"20":[0-9.]+\}'
grep -q 'ellipses of 50, 90, 99 % hold' stderr || fail "eval does not tell it to people"
run "$PFLD" eval --model plain/last.onnx --data 300w:train.txt --threads 1
! grep -q coverage stdout || fail "eval: coverage without ellipses"

# --- in 8 bits ---
good quantize a.onnx --data 300w:train.txt -o q.onnx
good calibrate q.onnx --data 300w:train.txt -o r.onnx
says '"coverage":\[(4[5-9]|5[0-5])[0-9.]*,(8[5-9]|9[0-5])'
points q.onnx >q.points
points r.onnx | cmp - q.points || fail "calibration moves the points of 8 bits"
