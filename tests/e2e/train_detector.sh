#!/bin/bash
# pfld train --detector: the same bits again and after a stop, a net that pfld detect takes, photos
# that can't be read.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/spots.bash
. "$root/tests/e2e/spots.bash"
for i in 1 2 3; do rects $i.ppm 160 128 16,16,48,24,128 96,64,48,24,255; done
mkdir empty
rects empty/1.ppm 160 128

echo file,left,top,right,bottom >boxes.csv
for i in 1 2 3; do
    echo $i.ppm,15.5,15.5,63.5,63.5 >>boxes.csv
    echo $i.ppm,95.5,63.5,143.5,111.5 >>boxes.csv
done
tiny=(--detector --width 0.25 --size 64 --batch 2 --steps 4 --threads 1 -q --data boxes:boxes.csv
    --data negatives:empty)

# --- two runs of one seed are one; a stop and a resume leave no trace ---
good train "${tiny[@]}" --out a --val boxes:boxes.csv
is_json
says '^\{"v":1,"out":"a","step":4,"stopped":false,"val_miss":[0-9.]+,"best_miss":[0-9.]+,"best_step":4,'
good train "${tiny[@]}" --out b --val boxes:boxes.csv
cmp a/last.onnx b/last.onnx || fail "two runs differ"
good train "${tiny[@]}" --out c --val boxes:boxes.csv --stop-after 2
run "$PFLD" train "${tiny[@]}" --out c --val boxes:boxes.csv --resume
[ "$code" -eq 0 ] || fail "--resume: exit code $code"
cmp a/last.onnx c/last.onnx || fail "a stop and a resume leave a trace"
good detect 1.ppm --detector a/best.onnx
says '^\{"v":1,"file":"1.ppm","width":160,"height":128,"faces":\['

# --- a batch of photos that can't be read is not the end of validation ---
echo "no picture" >bad.ppm
cp boxes.csv four.csv # 1, 2, 3, bad: the last batch is bad's alone
sed -i '$!b;a bad.ppm,1,1,50,50' four.csv
for batch in 1 3; do
    run "$PFLD" train "${tiny[@]}" --batch $batch --skip-bad --out bad$batch --val boxes:four.csv
    [ "$code" -eq 0 ] || fail "--skip-bad, batches of $batch: exit code $code"
    [ -s bad$batch/best.onnx ] || fail "--skip-bad, batches of $batch: no best.onnx"
    grep -q '^pfld: bad.ppm: not a picture' stderr || fail "the photo is not named"
done
(sed -n 1p boxes.csv && echo bad.ppm,1,1,50,50) >none.csv
run "$PFLD" train "${tiny[@]}" --skip-bad --out d --val boxes:none.csv
[ "$code" -eq 1 ] || fail "a val of broken photos: exit code $code"
grep -q '^pfld: none of the 1 photos of --val can be read$' stderr || fail "it is not said"

(sed -n 1p boxes.csv && echo 1.ppm,15.5,15.5,20.5,20.5) >small.csv # ignored at 64 pixels
run "$PFLD" train "${tiny[@]}" --out small --val boxes:small.csv
[ "$code" -eq 0 ] || fail "a val without large faces: exit code $code"
grep -q '^pfld: no face of --val is large enough at this --size: best.onnx was not written$' stderr ||
    fail "it is not said why there is no best.onnx"

# --- options of landmarks ---
bad 2 '^pfld: train: --tail is not for --detector$' train "${tiny[@]}" --out e --tail pool
bad 2 '^pfld: input of 32x32: ' train "${tiny[@]}" --out e --size 32
