#!/bin/bash
# pfld eval: figures that can be computed by hand, comparisons, reports, and bad data.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_fixtures
make_faces test 1 9

evaluate() { # ARGUMENTS...: figures on stdout, the same for people on stderr
    run "$PFLD" eval "$@"
    [ "$code" -eq 0 ] || fail "eval $*: exit code $code"
}
figure() { # NAME: of the first line
    sed 's/.*"'"$1"'":\([0-9.+e-]*\),.*/\1/; q' stdout
}

# --- a line for each data set ---
evaluate --model tiny.onnx --data 300w:test.txt
is_json
lines 1
says '^\{"v":1,"model":"tiny.onnx","data":"300w:test.txt","norm":"inter-ocular","n":9,"nme":[0-9.]+,"ci95":\[[0-9.]+,[0-9.]+\],"median":[0-9.]+,"auc8":[0-9.]+,"fr8":[0-9.]+,"auc10":[0-9.]+,"fr10":[0-9.]+,"groups":\{"jaw":[0-9.]+,"brows":[0-9.]+,"nose":[0-9.]+,"eyes":[0-9.]+,"lips":[0-9.]+\},"classes":\{.*"frontal":\{"n":[1-9].*\},"pose":null\}$'
cp stdout once
grep -q '^300w:test.txt: NME [0-9.]* % .* over inter-ocular, 9 faces' stderr || fail "no summary"
for threads in 1 2 5; do
    evaluate --model tiny.onnx --data 300w:test.txt --threads $threads
    cmp -s stdout once || fail "$threads threads change the results"
done
evaluate --model tiny.onnx --data 300w:test.txt --data 300w:test.txt@3
lines 2
head -n 1 stdout | cmp -s - once || fail "a second set changes the first"

# --- the NME is that of the points which pfld detect prints ---
nme_by_hand() { # of all faces, in percent
    while read -r name; do
        sed '1,3d;$d' "$name.pts" >truth
        box=$(awk 'NR == 1 { l = r = $1; t = b = $2 }
                   { if ($1 < l) l = $1; if ($1 > r) r = $1; if ($2 < t) t = $2; if ($2 > b) b = $2 }
                   END { printf "%.4f,%.4f,%.4f,%.4f", l - 1, t - 1, r - 1, b - 1 }' truth)
        "$PFLD" detect --model tiny.onnx --box="$box" --format pts "$name.jpg" | sed '1,3d;$d' |
            paste -d ' ' truth - |
            awk '{ sum += sqrt(($1 - $3) ^ 2 + ($2 - $4) ^ 2) }
                 NR == 37 { x = $1; y = $2 }
                 NR == 46 { eyes = sqrt(($1 - x) ^ 2 + ($2 - y) ^ 2) }
                 END { if (NR != 68) exit 1; print 100 * sum / 68 / eyes }'
    done <test.txt | awk '{ sum += $1 } END { if (NR != 9) exit 1; print sum / NR }'
}
hand=$(nme_by_hand)
cp once stdout
awk -v a="$hand" -v b="$(figure nme)" 'BEGIN { d = a - b; exit !(b > 0 && d < 0.01 && d > -0.01) }' ||
    fail "the NME is $(figure nme), by hand $hand"

# --- normalisers ---
ocular=$(figure nme)
evaluate --model tiny.onnx --data 300w:test.txt --norm inter-pupil
says '"norm":"inter-pupil"'
awk -v o="$ocular" -v p="$(figure nme)" 'BEGIN { exit !(p > 1.1 * o) }' || fail "the pupils are no nearer"
evaluate --model tiny.onnx --data 300w:test.txt --norm box
says '"norm":"box"'
awk -v o="$ocular" -v p="$(figure nme)" 'BEGIN { exit !(p < 0.9 * o) }' || fail "the box is no larger"
evaluate --model tiny.onnx --data 300w:test.txt --crop 1.5
[ "$(figure nme)" != "$ocular" ] || fail "--crop changes nothing"

# --- comparisons ---
evaluate --model tiny.onnx --compare tiny.onnx --data 300w:test.txt
is_json
lines 2
sed -n 2p stdout >second
grep -q '^{"v":1,"model":"tiny.onnx","compare":"tiny.onnx","data":"300w:test.txt","norm":"inter-ocular","n":9,"difference":0.0,"ci95":\[0.0,0.0\],"p":1.0,"relative":0.0}$' second ||
    fail "a model differs from itself: $(cat second)"
sed 's/rgb,0..1/bgr,0..1/' tiny.onnx >bgr.onnx
evaluate --model bgr.onnx --data 300w:test.txt
other=$(figure nme)
evaluate --model tiny.onnx --compare bgr.onnx --data 300w:test.txt
sed -n 2p stdout >second
awk -v a="$ocular" -v b="$other" -v d="$(sed 's/.*"difference":\([-0-9.e]*\),.*/\1/' second)" \
    'BEGIN { e = a - b - d; exit !(a != b && e < 2e-4 && e > -2e-4) }' ||
    fail "the difference is not that of the NMEs: $(cat second)"

# --- a report, and comparing with it ---
evaluate --model bgr.onnx --data 300w:test.txt --report report
[ "$(ls report)" = "$(printf '%s\n' ced.svg faces.csv worst.png)" ] || fail "a report of: $(ls report)"
[ "$(head -c 4 report/worst.png | od -An -tx1)" = " 89 50 4e 47" ] || fail "worst.png is not PNG"
grep -q '<svg' report/ced.svg || fail "ced.svg is not SVG"
[ "$(head -n 1 report/faces.csv)" = "inter-ocular,where,image" ] || fail "faces.csv has another head"
[ "$(wc -l <report/faces.csv)" -eq 10 ] || fail "faces.csv has not every face"
sed 1d report/faces.csv | sort -t, -k1,1 -g -r -c || fail "the worst face is not the first"
sed 1d report/faces.csv |
    awk -F, -v nme="$other" '{ s += $1 } END { d = s / NR - nme; exit !(d < 1e-3 && d > -1e-3) }' ||
    fail "faces.csv has another mean"
evaluate --model tiny.onnx --compare report/faces.csv --data 300w:test.txt
sed 's|report/faces.csv|bgr.onnx|' stdout | sed -n 2p >by_report
cmp -s second by_report || fail "by its report the other model is another: $(cat by_report)"
mkdir far && cp face-*.* test.txt far/
evaluate --model tiny.onnx --compare report/faces.csv --data 300w:far/test.txt
lines 2

half() { # CODE REGEX ARGUMENTS...: the set is evaluated, its comparison fails
    local wanted=$1 regex=$2
    shift 2
    run "$PFLD" eval "$@"
    [ "$code" -eq "$wanted" ] || fail "eval $*: exit code $code, not $wanted"
    [ "$(grep -c '^pfld: ' stderr)" -eq 1 ] || fail "eval $*: not one message"
    grep -Eq "$regex" stderr || fail "eval $*: '$regex' is not said"
}
half 1 '^pfld: report/faces.csv: errors over inter-ocular: unlike normalisers are not compared, box is wanted$' \
    --model tiny.onnx --compare report/faces.csv --data 300w:test.txt --norm box
head -n 3 test.txt >fewer.txt
half 1 '^pfld: report/faces.csv: test.txt:[0-9]* is not among the faces$' \
    --model tiny.onnx --compare report/faces.csv --data 300w:fewer.txt
sed 5d report/faces.csv >lacks.csv
half 1 '^pfld: lacks.csv: test.txt:[0-9]* is missing$' \
    --model tiny.onnx --compare lacks.csv --data 300w:test.txt
cp face-1.pts other.csv
half 1 '^pfld: other.csv: .*inter-ocular' --model tiny.onnx --compare other.csv --data 300w:test.txt
half 1 '^pfld: missing.csv: No such file' --model tiny.onnx --compare missing.csv --data 300w:test.txt
touch file
half 1 '^pfld: file: Not a directory' --model tiny.onnx --data 300w:test.txt --report file

# --- head pose ---
pose_csv() { # FILE YAW...: the faces, which state these, pitch 4 and roll -2
    local i=0 yaw
    {
        awk 'BEGIN { printf "file,pitch_deg,yaw_deg,roll_deg"
                     for (i = 0; i < 68; i++) printf ",x%d,y%d,z%d", i, i, i; print "" }'
        for yaw in "${@:2}"; do
            i=$((i + 1))
            sed '1,3d;$d' face-$i.pts | awk -v f=face-$i.jpg -v y="$yaw" \
                'BEGIN { printf "%s,4,%s,-2", f, y } { printf ",%s,%s,0", $1 - 1, $2 - 1 } END { print "" }'
        done
    } >"$1"
}
pose_csv pose.csv 1 -2 3 4 5
evaluate --pose --model tiny.onnx --data aflw2000:pose.csv --report poses
is_json
lines 1
angle='\{"mae":[0-9.]+,"mean":[-0-9.]+,"median":[-0-9.]+,"over10":[0-9.]+,"over15":[0-9.]+,"mae_centred":[0-9.]+\}'
says '^\{"v":1,"model":"tiny.onnx","data":"aflw2000:pose.csv","pose_by":"landmarks","n":5,"none":0,"missed":0,"mae":[0-9.]+,"mae_centred":[0-9.]+,"yaw":'"$angle"',"pitch":'"$angle"',"roll":'"$angle"'\}$'
cp stdout poses.json
[ "$(ls poses)" = "$(printf '%s\n' pose.csv worst.png)" ] || fail "a report of: $(ls poses)"
[ "$(wc -l <poses/pose.csv)" -eq 6 ] || fail "pose.csv has not every face"
sed 1d poses/pose.csv | sort -t, -k1,1 -g -r -c || fail "the worst pose is not the first"
sed 1d poses/pose.csv | awk -F, '{ d = $4 + 2; s += d < 0 ? -d : d } END { print s / NR }' >by_hand
awk -v a="$(cat by_hand)" -v b="$(sed 's/.*"roll":{"mae":\([0-9.]*\),.*/\1/' stdout)" \
    'BEGIN { d = a - b; exit !(d < 0.01 && d > -0.01) }' || fail "roll is $(cat by_hand) off by hand"
evaluate --pose --model tiny.onnx --data aflw2000:pose.csv --threads 3
cmp -s stdout poses.json || fail "3 threads change the pose"
evaluate --pose --fov 70 --model tiny.onnx --data aflw2000:pose.csv
cmp -s stdout poses.json && fail "--fov changes nothing"
bad 2 "^pfld: eval: --motion: a name that is none of" eval --motion still,jump --data 300w:test.txt
bad 2 '^pfld: eval: --motion measures the tracker' eval --motion all --jitter 0.1 --data 300w:test.txt
bad 2 '^pfld: eval: --smooth: 0 to 1' eval --motion all --smooth 1.5 --data 300w:test.txt
bad 2 '^pfld: eval: --fov is of --pose' eval --fov 50 --model tiny.onnx --data aflw2000:pose.csv
bad 2 '^pfld: eval: --fov: below 180' eval --pose --fov 180 --data aflw2000:pose.csv
bad 2 '^pfld: eval: --passes: at most 8' eval --passes 9 --data 300w:test.txt
bad 2 '^pfld: eval: --pose goes without' eval --pose --jitter 0.1 --data aflw2000:pose.csv
bad 2 '^pfld: 300w:test.txt: no face of it states a pose' eval --pose --model tiny.onnx \
    --data 300w:test.txt
# --- stress ---
evaluate --model tiny.onnx --data 300w:test.txt --stress=blur,roll -o curves.svg --sheet sheet.png
is_json
lines 11 # 5 strengths of blur, 6 of roll
says '^\{"v":1,"model":"tiny.onnx","data":"300w:test.txt","stress":"blur","strength":0.0,"unit":"[^"]+","norm":"inter-ocular","n":9,"nme":[0-9.]+,"ci95":\[[0-9.]+,[0-9.]+\],"median":[0-9.]+,"fr8":[0-9.]+,"auc10":[0-9.]+,"fr10":[0-9.]+\}$'
[ "$(sed 's/.*"stress":"\([a-z]*\)","strength":\([0-9]*\).*/\1\2/' stdout | tr '\n' ' ')" = \
    "blur0 blur1 blur2 blur3 blur4 roll0 roll30 roll60 roll90 roll135 roll180 " ] || fail "other strengths"
cp stdout stressed
undisturbed=$(figure nme)
[ "$(sed -n 6p stdout | sed 's/.*"nme":\([0-9.]*\),.*/\1/')" = "$undisturbed" ] ||
    fail "strength 0 is something else of each kind"
awk -v a="$undisturbed" -v b="$ocular" 'BEGIN { d = a / b - 1; exit !(d < 0.1 && d > -0.1) }' ||
    fail "undisturbed $undisturbed, on the photos themselves $ocular"
[ "$(sort -u -t: -k9 stdout | wc -l)" -gt 8 ] || fail "disturbances change nothing"
grep -q '<svg' curves.svg || fail "curves.svg is not SVG"
[ "$(head -c 4 sheet.png | od -An -tx1)" = " 89 50 4e 47" ] || fail "sheet.png is not PNG"
evaluate --model tiny.onnx --data 300w:test.txt --stress=roll,blur --threads 3
cmp -s stdout stressed || fail "threads or the names' order change the results"
evaluate --model tiny.onnx --data 300w:test.txt --stress=hand --seed 1
cp stdout hand
evaluate --model tiny.onnx --data 300w:test.txt --stress=hand --seed 2
cmp -s stdout hand && fail "another seed, the same hand"
evaluate --model tiny.onnx --compare tiny.onnx --data 300w:test.txt --stress=jitter
is_json
lines 18 # both models', and the differences
[ "$(grep -c '"compare":"tiny.onnx","difference":0.0,"ci95":\[0.0,0.0\],"p":1.0,"relative":0.0}$' stdout)" -eq 6 ] ||
    fail "a model differs from itself"
evaluate --model tiny.onnx --data 300w:test.txt --stress
[ "$(sed 's/.*"stress":"\([a-z]*\)".*/\1/' stdout | uniq | tr '\n' ' ')" = \
    "patches glasses mask hand blur streak coarse noise dark jpeg jitter roll " ] || fail "not all kinds"
bad 2 "^pfld: eval: --stress: no disturbance 'rain': 'pfld help eval' lists them" eval \
    --model tiny.onnx --data 300w:test.txt --stress=blur,rain
bad 2 '^pfld: eval: --stress: NAME,... wanted, nothing found' eval --stress=
bad 2 '^pfld: eval: --chart and --sheet are for --stress' eval --data 300w:test.txt -o c.svg
bad 2 '^pfld: eval: --stress compares with a model' eval --data 300w:test.txt --stress --compare a.csv
bad 2 '^pfld: eval: --stress is of landmarks in true boxes' eval --data 300w:test.txt --stress --jitter 0.1
bad 2 '^pfld: eval: --chart: .svg or .png wanted' eval --model tiny.onnx --data 300w:test.txt --stress=blur -o c.gif

# --- bad data ---
bad 1 '^pfld: missing.onnx: No such file' eval --model missing.onnx --data 300w:test.txt
bad 1 '^pfld: .*missing.txt: No such file' eval --model tiny.onnx --data 300w:missing.txt
bad 2 "^pfld: eval: --data is missing: 'pfld help eval' tells more" eval --model tiny.onnx
bad 2 '^pfld: eval: --report is for one --data' eval --model tiny.onnx --report r \
    --data 300w:test.txt --data 300w:test.txt
bad 2 "^pfld: eval: --norm: 'nose' is not one of inter-ocular, inter-pupil, box" eval --norm nose
awk 'BEGIN { for (i = 0; i < 98; i++) printf "%d %d ", 5 + i % 50, 5 + i / 2
             print "4 4 60 60 0 0 0 0 0 0 face-1.jpg" }' >wflw.txt
bad 2 '^pfld: wflw.txt:1: points of wflw98, the model.s are ibug68' eval --model tiny.onnx \
    --data wflw:wflw.txt
csv_head=$(awk 'BEGIN { printf "file"; for (i = 0; i < 68; i++) printf ",x%d,y%d", i, i }')
csv_row() { # FILE X0: a row, whose first x is given
    awk -v f="$1" -v x="$2" 'BEGIN { printf "%s,%s,7", f, x
        for (i = 1; i < 68; i++) printf ",%d,%d", 5 + i % 50, 5 + i / 2; print "" }'
}
{ echo "$csv_head"; csv_row face-1.jpg 3; csv_row face-2.jpg nan; } >nan.csv
bad 1 "^pfld: nan.csv:3: 'nan' is not a coordinate" eval --model tiny.onnx --data csv68:nan.csv
{ echo "$csv_head"; csv_row face-1.jpg 3; csv_row face-1.jpg 3; } >twice.csv
bad 1 '^pfld: twice.csv:3: face-1.jpg is listed twice, first in twice.csv:2' eval \
    --model tiny.onnx --data csv68:twice.csv
echo "$csv_head" >none.csv
bad 1 '^pfld: none.csv: no faces in it' eval --model tiny.onnx --data csv68:none.csv
{ echo "$csv_head"; csv_row gone.jpg 3; } >gone.csv
bad 1 '^pfld: gone.csv:2: gone.jpg: No such file' eval --model tiny.onnx --data csv68:gone.csv
printf 'x y' >text.jpg
{ echo "$csv_head"; csv_row text.jpg 3; } >text.csv
bad 1 '^pfld: text.jpg: ' eval --model tiny.onnx --data csv68:text.csv
evaluate --model tiny.onnx --data csv68:nan.csv --skip-bad
grep -q '^pfld: nan.csv: 1 broken of 2 left out$' stderr || fail "--skip-bad does not count"
says '"n":1,'

# --- photos that can't be read: the end, or left out ---
cp face-4.pts torn.pts
printf 'P3 64 64 255 7' >torn.jpg
{ head -n 2 test.txt; echo torn; sed -n 3p test.txt; } >torn.txt
head -n 3 test.txt >whole.txt
pose_csv torn.csv 1 -2 3
pose_csv whole.csv 1 -2 3
sed -i 's/^face-2.jpg/torn.jpg/' torn.csv
sed -i /^face-2.jpg/d whole.csv
without() { # N SPEC WHOLE ARGUMENTS...: SPEC's torn photo ends it; left out, N lines are as of WHOLE
    local n=$1 spec=$2 whole=$3
    shift 3
    run "$PFLD" eval --model tiny.onnx --data "$spec" "$@"
    [ "$code" -eq 1 ] || fail "eval $*: exit code $code for a torn photo"
    grep -q '^pfld: .*torn.jpg: ' stderr || fail "eval $*: the torn photo is not named"
    evaluate --model tiny.onnx --data "$spec" "$@" --skip-bad
    is_json
    lines "$n"
    [ "$(grep -c '"left_out":1[,}]' stdout)" -eq "$n" ] || fail "eval $*: not told in each line"
    [ "$(grep -c '^pfld: .*torn.jpg: ' stderr)" -eq 1 ] || fail "eval $*: not named once"
    sed "s/,\"left_out\":1//; s/$spec/$whole/" stdout >left
    evaluate --model tiny.onnx --data "$whole" "$@" --skip-bad
    cmp -s stdout left || fail "eval $*: not the figures of the others: $(cat left)"
}
without 1 300w:torn.txt 300w:whole.txt
without 5 300w:torn.txt 300w:whole.txt --stress=blur --sheet sheet.png
without 2 300w:torn.txt 300w:whole.txt --motion still --boxes-by spot.onnx
without 1 aflw2000:torn.csv aflw2000:whole.csv --pose --report torn
run "$PFLD" eval --model tiny.onnx --data csv68:text.csv --motion still --boxes-by spot.onnx --skip-bad
[ "$code" -eq 1 ] || fail "no photo that can be read: exit code $code"
grep -q '^pfld: none of the 1 photos can be read$' stderr || fail "it is not said that none is left"

run "$PFLD" eval --model tiny.onnx --data csv68:none.csv --data 300w:test.txt
[ "$code" -eq 1 ] || fail "a set that fails among others: exit code $code"
cmp -s stdout <(sed 's/"data":"[^"]*"/"data":"300w:test.txt"/' once) || fail "a bad set spoils the next"

# --- motions that a model, or a set, is not fit for ---
bad 2 "^pfld: wflw:wflw.txt: blink is of ibug68, the model's points are of wflw98" eval \
    --model wflw.onnx --data wflw:wflw.txt --motion still,blink --boxes-by spot.onnx
lines 0
evaluate --model wflw.onnx --data wflw:wflw.txt --motion all --boxes-by spot.onnx
lines 14
grep -q '"motion":"blink"' stdout && fail "blinks of wflw98"
grep -q "^pfld: wflw:wflw.txt: blink is of ibug68.*: left out" stderr || fail "it is not said what is left out"
grep -q "^pfld: wflw:wflw.txt: crowd needs two faces, .*: left out" stderr || fail "nor why crowd is"

# --- the signs of the angles, on AFLW2000-3D's photos ---
if [ -f "$shared/data/pose/pose.csv" ] && [ -f "$root/models/pfld-0.25x-ibug68.onnx" ]; then
    evaluate --pose --model "$root/models/pfld-0.25x-ibug68.onnx" \
        --data "aflw2000:$shared/data/pose/pose.csv" --report signs
    sed 1d signs/pose.csv | awk -F, '{ for (k = 2; k <= 4; k++)
            if (($(k + 3) > 11 || $(k + 3) < -11) && $k * $(k + 3) < 0) bad++ }
        END { exit !(NR == 8 && bad == 0) }' || fail "a sign is wrong: $(cat signs/pose.csv)"
    awk -v e="$(figure mae)" 'BEGIN { exit !(e < 8) }' || fail "the mean error is $(figure mae)"
else
    echo "skipped: the pose of AFLW2000-3D's photos: no $shared/data/pose, or no model"
fi

# --- a photo of the data sets at hand ---
photos=$shared/data/landmarks68/300w
if [ -f "$photos/val.txt" ] && [ -f "$root/models/pfld-0.25x-ibug68.onnx" ]; then
    evaluate --model "$root/models/pfld-0.25x-ibug68.onnx" --data "300w:$photos/val.txt"
    awk -v nme="$(figure nme)" 'BEGIN { exit !(nme > 2 && nme < 8) }' ||
        fail "the model's NME on val.txt is $(figure nme)"
else
    echo "skipped: our model on 300-W's photos: no $photos, or no model"
fi
