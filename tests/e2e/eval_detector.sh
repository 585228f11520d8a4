#!/bin/bash
# pfld eval --detector and --boxes-by: figures that a hand computes, reports, photos that fail.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/spots.bash
. "$root/tests/e2e/spots.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_fixtures
rects two.ppm 160 128 32,16,16,8,128 96,64,16,8,255
rects three.ppm 160 128 32,0,16,8,255 96,32,16,8,255 64,64,16,8,255
mkdir empty none
rects none/1.ppm 160 128
for i in 2 3; do cp none/1.ppm none/$i.ppm; done
for i in 1 2 3 4; do cp none/1.ppm empty/$i.ppm; done
rects empty/5.ppm 160 128 32,16,16,8,255

# Two faces found in two.ppm; in three.ppm one found, one missed, a false alarm, and one ignored.
head=file,left,top,right,bottom,kind
cat >boxes.csv <<END
$head
two.ppm,31.5,15.5,47.5,31.5,gt
two.ppm,95.5,63.5,111.5,79.5,gt
three.ppm,31.5,-0.5,47.5,15.5,gt
three.ppm,110,80,150,120,gt
three.ppm,60,60,90,90,ignore
END

measure() { # ARGUMENTS...
    run "$PFLD" eval "$@"
    [ "$code" -eq 0 ] || fail "eval $*: exit code $code"
    is_json
}
spots=(--detector spot.onnx --presence 0 --data boxes:boxes.csv)

# --- a line: 3 of 4 faces; black cells (score 0.05) come behind all hits ---
measure "${spots[@]}"
lines 1
says '^\{"v":1,"detector":"spot.onnx","data":"boxes:boxes.csv","max_side":640,"iou":0.5,"photos":2,"faces":4,"ignored":1,"ap":0\.6875,"ap_ci95":\[[0-9.]+,[0-9.]+\],"recall_01":[0-9.]+,"alarms_100":50\.0,"at":\[\{"threshold":0.5,"alarms_100":50.0,"recall":0.75,"precision":0.75\}\],"by_size":\{"16-32":\{"faces":3,"ap":[0-9.]+,"recall":1.0\},"32-64":\{"faces":1,"ap":0.0,"recall":0.0\}\}\}$'
grep -q '^boxes:boxes.csv: IoU 0.5$' stderr || fail "no table"
[ "$(wc -l <stderr)" -eq 3 ] || fail "not one line in the table"
cp stdout once
for threads in 1 3; do
    measure "${spots[@]}" --threads $threads
    cmp -s stdout once || fail "$threads threads change the results"
done
measure "${spots[@]}" --threshold 0.9
says '"at":\[\{"threshold":0.5,.*\},\{"threshold":0.9,"alarms_100":50.0,"recall":0.5,"precision":0.6667\}\]'
measure "${spots[@]}" --min-size 20
says '"min_size":20.0,.*"faces":1,"ignored":4,.*"by_size":\{"32-64":\{"faces":1,'
measure "${spots[@]}" --iou 0.1
says '"iou":0.1,'

# --- several detectors, sizes, data sets ---
cp spot.onnx other.onnx
measure "${spots[@]}" --detector other.onnx --max-side 640,160 --data boxes:boxes.csv@2
lines 8
sed -n 1p stdout | cmp -s - once || fail "other lines change the first"
grep -o '"detector":"[a-z.]*","data":"[^"]*","max_side":[0-9]*' stdout | head -n 4 | sed 's/.*detector":"//' |
    tr -d '\n' | grep -q '^spot.*640spot.*160other.*640other.*160$' || fail "lines in another order"
[ "$(grep -c '[0-9]\*' stderr)" -eq 4 ] || fail "not every detector's best size is marked"

# --- photos without faces ---
measure --detector spot.onnx --presence 0 --data negatives:empty
says '"photos":5,"faces":0,"ignored":0,"ap":null,"ap_ci95":\[null,null\],"recall_01":null,"alarms_100":20.0,"at":\[\{"threshold":0.5,"alarms_100":20.0\}\],"by_size":\{\}\}$'
measure "${spots[@]}" --negatives negatives:empty
says '"negatives":\{"data":"negatives:empty","photos":5,"at":\[\{"threshold":0.5,"alarms_100":20.0\}\],"within":\{"alarms_100":2.0,"threshold":0.9[0-9]*,"recall":0\.[0-9]+,"precision":(null|[0-9.]+)\}\}\}$'
measure "${spots[@]}" --negatives negatives:empty --alarms 20
says '"within":\{"alarms_100":20.0,"threshold":0.0[0-9]*,"recall":0.75,'
measure "${spots[@]}" --negatives negatives:none
says '"photos":3,.*"within":\{"alarms_100":2.0,"threshold":0.0[0-9]*,"recall":0.75,'

bad 2 '^pfld: --negatives boxes:boxes.csv: [0-9]+ faces are in it, which are no false alarms' \
    eval "${spots[@]}" --data boxes:boxes.csv --negatives boxes:boxes.csv

# --- a second look that nothing passes ---
measure "${spots[@]}" --presence 1 --model tiny.onnx
says '"ap":0.0,.*"recall":0.0,'

# --- a report ---
measure "${spots[@]}" --report report
cmp -s stdout once || fail "--report changes the results"
[ "$(ls report)" = "$(printf '%s\n' alarms.png detections.csv misses.png pr.png pr.svg)" ] ||
    fail "a report of: $(ls report)"
[ "$(head -n 1 report/detections.csv)" = file,left,top,right,bottom,score,verdict ] ||
    fail "detections.csv has another head"
[ "$(grep -c ',hit$' report/detections.csv)" -eq 3 ] || fail "detections.csv has not 3 hits"
[ "$(grep -c ',,miss$' report/detections.csv)" -eq 1 ] || fail "detections.csv has not 1 miss"
grep -q 'three.ppm",110.00,80.00,150.00,120.00,,miss$' report/detections.csv || fail "another miss"
[ "$(sed -n 2,6p report/detections.csv | grep -c ',hit$\|,alarm$\|,passed$')" -eq 5 ] ||
    fail "the best detections are not first"

# --- photos that fail are left out ---
echo no picture >broken.ppm
{ cat boxes.csv; echo broken.ppm,1,1,20,20,gt; } >some.csv
run "$PFLD" eval --detector spot.onnx --presence 0 --data boxes:some.csv
[ "$code" -eq 1 ] || fail "a broken photo: exit code $code"
says '"photos":2,"left_out":1,"faces":4,'
grep -q '^pfld: broken.ppm: ' stderr || fail "a broken photo is not named"
measure --detector spot.onnx --presence 0 --data boxes:some.csv --skip-bad
says '"photos":2,"left_out":1,"faces":4,'
printf '%s\nbroken.ppm,1,1,20,20,gt\n' "$head" >broken.csv
run "$PFLD" eval --detector spot.onnx --presence 0 --data boxes:broken.csv --data boxes:boxes.csv
[ "$code" -eq 1 ] || fail "broken photos alone: exit code $code"
cmp -s stdout once || fail "a bad set spoils the next"

# --- landmarks in a detector's boxes, and in jittered ones ---
figure() { # NAME LINE: the first of that name
    sed -n "$2p" stdout | grep -o "\"$1\":[-0-9.+e]*" | sed 's/.*://; q'
}
make_faces test 1 6
measure --model tiny.onnx --data 300w:test.txt
true=$(figure nme 1)
measure --model tiny.onnx --data 300w:test.txt --jitter 0.15
lines 2
says '"pose":null,"boxes":"jitter","jitter":0.15,"draws":4,"seed":1\}$'
says '^\{"v":1,"model":"tiny.onnx","compare":"true boxes","data":"300w:test.txt","norm":"inter-ocular","n":6,"difference":[-0-9.]+,"ci95":.*,"p":[0-9.]+,"relative":[-0-9.]+\}$'
awk -v t="$true" -v j="$(figure nme 1)" -v d="$(figure difference 2)" -v r="$(figure relative 2)" \
    'BEGIN { a = j - t - d; b = 100 * d / t - r; exit !(j != t && a < 1e-3 && a > -1e-3 && b < 1e-2 && b > -1e-2) }' ||
    fail "the difference is not that to the true boxes"
cp stdout jittered
measure --model tiny.onnx --data 300w:test.txt --jitter 0.15 --jitter-draws 4 --seed 1 --threads 3
cmp -s stdout jittered || fail "jitter does not repeat"
measure --model tiny.onnx --data 300w:test.txt --jitter 0.15 --seed 2
! cmp -s stdout jittered || fail "--seed changes nothing"
measure --model tiny.onnx --data 300w:test.txt --jitter 0.15 --compare tiny.onnx
lines 3
says '"compare":"tiny.onnx",.*"difference":0.0,'
run "$PFLD" eval --model tiny.onnx --data 300w:test.txt --boxes-by spot.onnx
[ "$code" -eq 1 ] || fail "all faces missed: exit code $code"
says '"n":0,"nme":null,.*"boxes":"detector","detector":"spot.onnx","missed":6\}$'
[ "$(grep -c ': the detector misses this face$' stderr)" -eq 6 ] || fail "the missed are not named"

# Points all over a green spot; and a face where there is none.
awk 'BEGIN { printf "file"; for (i = 0; i < 68; i++) printf ",x%d,y%d", i, i; print ""
             for (k = 0; k < 2; k++) { printf "two.ppm"
                 for (i = 0; i < 68; i++) printf ",%d,%d", (k ? 10 : 96) + i % 15, (k ? 90 : 64) + i * 7 % 15
                 print "" } }' >spots.csv
measure --model tiny.onnx --data csv68:spots.csv --boxes-by spot.onnx --presence 0
lines 2
says '"n":1,.*"missed":1\}$'
says '"compare":"true boxes",.*"n":1,'
grep -q '^pfld: spots.csv:3: two.ppm: the detector misses this face$' stderr || fail "it is not named"

# --- wrong usage ---
bad 2 '^pfld: eval: --report is for one --data, --detector and size' eval "${spots[@]}" --report r \
    --max-side 320,640
bad 2 '^pfld: eval: --max-side: .320,x. is not whole numbers from 64 to 4096, at most 8' eval \
    "${spots[@]}" --max-side 320,x
bad 2 '^pfld: eval: --max-side: .32. is not' eval "${spots[@]}" --max-side 32
bad 2 '^pfld: eval: --detector measures no landmarks' eval "${spots[@]}" --jitter 0.1
bad 2 '^pfld: eval: --negatives and --threshold are for a --detector' eval \
    --data 300w:test.txt --negatives negatives:none
bad 2 '^pfld: eval: --presence is for --detector and --boxes-by' eval --data 300w:test.txt \
    --presence 0.5
bad 2 '^pfld: eval: either --boxes-by or --jitter' eval --data 300w:test.txt --jitter 0.1 \
    --boxes-by builtin
bad 2 '^pfld: eval: --jitter: at most 0.5' eval --data 300w:test.txt --jitter 0.6
bad 2 '^pfld: eval: --iou: at most 1' eval "${spots[@]}" --iou 1.5
bad 1 '^pfld: tiny.onnx: a landmark model, a detector is wanted' eval --detector tiny.onnx \
    --data boxes:boxes.csv
bad 1 '^pfld: spot.onnx: a detector: --detector measures it' eval --model spot.onnx --data 300w:test.txt
bad 1 '^pfld: gone.csv: No such file' eval --detector spot.onnx --data boxes:gone.csv
bad 1 '^pfld: gone.onnx: No such file' eval --detector gone.onnx --data boxes:boxes.csv
