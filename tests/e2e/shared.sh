#!/bin/bash
# Public models on real photos, where ../shared (or $PFLD_SHARED) has them; else skipped.
# PFLD_CUT_STEP: every how many bytes the larger models are cut (50000); the smallest: every 1000.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
models=$shared/data/models
photos=$shared/data/landmarks68/300w
[ -d "$models" ] && [ -f "$photos/test.txt" ] || exit 77

# --- landmarks of a known model are where people put them: the crop, the half-pixels and the
# channel order are right. Inter-ocular NME in percent; the whole test set's mean is 3.7. ---
landmark_box() { # of a .pts file, as left,top,right,bottom counted from 0
    awk '/^[0-9.-]+ [0-9.-]+/ { x = $1 - 1; y = $2 - 1
           if (!n++) { l = r = x; t = b = y }
           if (x < l) l = x; if (x > r) r = x; if (y < t) t = y; if (y > b) b = y }
         END { printf "%.3f,%.3f,%.3f,%.3f", l, t, r, b }' "$1"
}
nme() { # of two .pts files
    paste -d ' ' <(grep -E '^[0-9.-]+ [0-9.-]+' "$1") <(grep -E '^[0-9.-]+ [0-9.-]+' "$2") |
        awk 'NF != 4 { exit 1 }
             { sum += sqrt(($1 - $3) ^ 2 + ($2 - $4) ^ 2); n++ }
             n == 37 { x = $3; y = $4 } n == 46 { eyes = sqrt(($3 - x) ^ 2 + ($4 - y) ^ 2) }
             END { if (n != 68) exit 1; printf "%.3f", 100 * sum / n / eyes }'
}
count=0 total=0
for photo in $(head -n 12 "$photos/test.txt"); do
    pts=$photos/$photo.pts
    good detect "$photos/$photo.jpg" --box="$(landmark_box "$pts")" --format pts --crop 1.1 \
        --model "$models/pfld_cunjian_68.onnx" --input bgr,0..1
    error=$(nme stdout "$pts") || fail "$photo: not 68 points"
    awk -v e="$error" 'BEGIN { exit !(e > 0.5 && e < 9) }' || fail "$photo: NME $error %"
    total=$(awk -v t="$total" -v e="$error" 'BEGIN { print t + e }')
    count=$((count + 1))
done
awk -v t="$total" -v n="$count" 'BEGIN { printf "mean NME of %d photos: %.2f %%\n", n, t / n
                                         exit !(n == 12 && t / n > 2 && t / n < 4.5) }' ||
    fail "the mean NME is not what it should be"

# --- faces that are followed: steadier than measured, not late, and the same ones ---
head -n 2 "$photos/val.txt" | sed "s#^#$photos/#" >two.txt
run "$PFLD" eval --motion still,shake --data 300w:two.txt
[ "$code" -eq 0 ] || fail "eval --motion: exit code $code"
is_json
lines 4
says '^\{"v":1,"model":"built-in","data":"300w:two.txt","motion":"still","smooth":0.0,"clips":2,"frames":150,"missed":0,"switches":0,"carried":0,"refound":0,"false":0,'
of_motion() { sed -n "$1p" stdout | sed 's/.*"'"$2"'":\(-\?[0-9.]*\)[,}].*/\1/'; }
awk -v a="$(of_motion 2 tremble)" -v b="$(of_motion 1 tremble)" 'BEGIN { exit !(a < 0.4 * b) }' ||
    fail "faces at rest tremble as much as before"
awk -v lag="$(of_motion 4 lag)" 'BEGIN { exit !(lag > -0.5 && lag < 0.5) }' || fail "points are late"
cp stdout motion
run "$PFLD" eval --motion still,shake --data 300w:two.txt --threads 2
cmp -s stdout motion || fail "threads change the motion's figures"
run "$PFLD" eval --motion cut --data 300w:two.txt
[ "$code" -eq 0 ] || fail "eval --motion cut: exit code $code"
says '"motion":"cut","smooth":0.5,"clips":1,"frames":75,"missed":0,"switches":0,"carried":0,"refound":1,"false":0,'
head -n 1 two.txt >one.txt
bad 2 '^pfld: 300w:one.txt: crowd needs two faces, the set has one$' \
    eval --motion still,crowd --data 300w:one.txt
[ ! -s stdout ] || fail "eval --motion: lines before the refusal"
run "$PFLD" eval --motion all --data 300w:one.txt
[ "$code" -eq 0 ] || fail "eval --motion all: exit code $code"
lines 16
grep -q 'still, smooth 0: .* lag - frames' stderr || fail "eval --motion: a lag that there is not"

# --- eyes of training faces are shut ---
for share in 0 1; do
    run "$PFLD" data sheet --data 300w:two.txt -o "shut$share.png" -n 4 --augment none --shut $share
    [ "$code" -eq 0 ] || fail "sheet: exit code $code"
done
! cmp -s shut0.png shut1.png || fail "sheet: --shut changes nothing"

# --- every public model is understood, and what is left of it when cut is refused ---
for model in "$models"/*.onnx; do
    good info "$model" --json --layers
    is_json
    says '"macs":[1-9][0-9]*,'
    size=$(stat -c %s "$model")
    step=${PFLD_CUT_STEP:-50000}
    [ "$size" -gt 500000 ] || step=1000
    cp "$model" cut.onnx
    chmod u+w cut.onnx
    for ((n = (size - 1) / step * step; n >= 0; n -= step)); do
        truncate -s "$n" cut.onnx
        bad 1 "^pfld: cut.onnx: ." info cut.onnx
    done
done
