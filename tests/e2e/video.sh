#!/bin/bash
# pfld video: frames, times and ids; drawn, blurred and cropped; threads; Ctrl-C; what is no video.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
make_clip=${PFLD_MAKE_CLIP:-$(dirname "$PFLD")/tests/make_clip}
if [ ! -x "$make_clip" ]; then
    echo x >a.mp4
    bad 1 "^pfld: a.mp4: this pfld was built without FFmpeg" video a.mp4
    exit 77
fi
"$PFLD" info >/dev/null 2>&1 || exit 77 # no model inside

"$make_clip" "$root/docs/portrait.png" in.mkv 30 # 320x240, 25 frames a second, with sound
count() { grep -c "$@" || :; }

# --- a line for each frame, with its number, time and one face that keeps its id ---
good video in.mkv
cp stdout all.jsonl
lines 30
is_json
says '^\{"v":1,"file":"in.mkv","frame":0,"t":0.0,"width":320,"height":240,"faces":\[\{"box":'
says '"frame":29,"t":1.16,'
[ "$(count '"pose":{"yaw":[-0-9.]*,"pitch":[-0-9.]*,"roll":[-0-9.]*},"error":[0-9.]*,"cov":\[.*"measures":{"eye_open":\[.*"events":\[\],"id":1}\]}$' <stdout)" -eq 30 ] ||
    fail "not 30 frames of the face with id 1"

# --- the head is rolled to and fro by 7 degrees, which the roll follows ---
grep -o '"roll":[-0-9.]*' all.jsonl | cut -d: -f2 |
    awk 'NR == 1 || $1 < lo { lo = $1 } NR == 1 || $1 > hi { hi = $1 }
         END { printf "roll from %s to %s\n", lo, hi; exit !(hi - lo > 5 && hi - lo < 20) }' ||
    fail "the roll"

# --- tables ---
good video in.mkv --csv rows.csv --jsonl again.jsonl
[ ! -s stdout ] || fail "results in files and on stdout"
cmp -s again.jsonl all.jsonl || fail "--jsonl differs from stdout"
head -n 1 rows.csv | grep -q '^file,frame,t,id,faces,left,top,right,bottom,score,presence,yaw,pitch,roll,error,eye_open0,eye_open1,mouth_open,asymmetry,inter_pupil,facing,eyes_closed,mouth_wide,blink,long_closure,yawn,five_x0,.*,y67$' ||
    fail "the columns of --csv"
[ "$(count '^in.mkv,[0-9]*,[0-9.]*,1,1,' <rows.csv)" -eq 30 ] || fail "the rows of --csv"
good video in.mkv --csv -
cmp -s stdout rows.csv || fail "--csv -"
good video in.mkv --format csv
cmp -s stdout rows.csv || fail "--format csv"
good video in.mkv --csv of.csv --format openface
grep -q '^frame,face_id,timestamp,confidence,success,pose_Rx,pose_Ry,pose_Rz,x_0,.*,x_67,y_0,.*,y_67$' of.csv ||
    fail "the columns of OpenFace"
[ "$(count -E '^[0-9]+,1,[0-9.]+,[0-9.]+,1,' <of.csv)" -eq 30 ] || fail "the rows of OpenFace"
# radians, of which only the pitch has the other sign
paste -d , <(tail -n +2 rows.csv | cut -d , -f 12-14) <(tail -n +2 of.csv | cut -d , -f 6-8) |
    awk -F , 'function off(a, b) { return a - b > 0.0001 || b - a > 0.0001 }
              { r = atan2(0, -1) / 180
                if (off(-$2 * r, $4) || off($1 * r, $5) || off($3 * r, $6)) exit 1; n++ }
              END { exit n != 30 }' || fail "the angles of OpenFace"
{ printf 'P6 320 240 255\n'; head -c $((320 * 240 * 3)) /dev/zero; } >black.ppm
"$make_clip" black.ppm black.mkv 5
good video black.mkv --format openface
lines 6
says '^5,0,0.16,0,0,0,0,0,0'
good video black.mkv
[ "$(count '"faces":\[\]}$' <stdout)" -eq 5 ] || fail "frames without a face"

# --- measures: open eyes, a smile, a face that looks here, over all frames ---
column() { awk -F , -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next } { print $c }' "$2"; }
within() {
    column "$1" rows.csv | awk -v low="$2" -v high="$3" '$1 < low || $1 > high { exit 1 } END { exit NR != 30 }' ||
        fail "$1 is not from $2 to $3"
}
within eye_open0 0.2 0.35
within eye_open1 0.2 0.35
within mouth_open 0.1 0.35
within asymmetry 0.001 0.05
within inter_pupil 50 70
within facing 0.98 1
within eyes_closed 0 0
within yawn 0 0

# --- the plot of docs/video.md, where one number makes a difference: the portrait doesn't blink ---
plot() { # DIR
    (cd "$1" && gnuplot -c "$root/examples/plot_video.gp" rows.csv plot.png) >stdout 2>stderr ||
        fail "examples/plot_video.gp: exit code $?"
    if grep -qi 'warning\|plot_video' stderr; then fail "examples/plot_video.gp: warnings"; fi
}
if command -v gnuplot >/dev/null; then
    mkdir plain yaw blink both bare
    cp rows.csv plain
    plot plain
    [ "$(head -c 4 plain/plot.png | od -An -tx1 | tr -d ' ')" = 89504e47 ] || fail "the plot is no PNG"
    for name in yaw blink; do
        awk -F , -v OFS=, -v name=$name 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
            NR == 12 { $c = 1 } { print }' rows.csv >$name/rows.csv
        plot $name
        if cmp -s $name/plot.png plain/plot.png; then fail "the plot doesn't show $name"; fi
    done
    awk -F , -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "id") c = i; print; next }
        { print; $c = 2; print }' rows.csv >both/rows.csv
    plot both
    cmp -s both/plot.png plain/plot.png || fail "the plot of one face among two differs"
    run gnuplot -c "$root/examples/plot_video.gp" both/rows.csv none.png 3
    [ "$code" -ne 0 ] && [ ! -e none.png ] && [ "$(cat stderr)" = "no face 3 in both/rows.csv" ] ||
        fail "the plot of a face that isn't there"
    head -n 1 rows.csv >bare/rows.csv
    run gnuplot -c "$root/examples/plot_video.gp" bare/rows.csv none.png
    [ "$code" -ne 0 ] && grep -q '^no face 1 in bare/rows.csv$' stderr ||
        fail "the plot of a table without rows"
fi

# --- how much points tremble, before and behind smoothing, and what can't be read among others ---
run "$PFLD" eval --video in.mkv --video none.mkv --video black.mkv
[ "$code" -eq 1 ] || fail "eval --video: exit code $code"
grep -q '^pfld: none.mkv: No such file' stderr || fail "eval --video: the file that isn't there"
grep -q '^in.mkv: 30 frames, 0 without a face, faces: 1; jitter of' stderr || fail "eval --video: words"
lines 2
is_json
says '^\{"v":1,"model":"built-in","video":"in.mkv","smooth":0.5,"frames":30,"empty":0,"faces":1,"seen":30,"still":'
says '"all":\{"n":28,'
says '"video":"black.mkv",.*"frames":5,"empty":5,"faces":0,"seen":0,"still":\{"n":0,"measured":null,"steadied":null\}'
grep -o '"all":.*' stdout | head -n 1 | tr -c '0-9.-' ' ' | awk '{ print; exit !($2 < 2 && $3 < 0.9 * $2 && $4 > -1 && $4 < 1) }' ||
    fail "eval --video: smoothing"
grep -q '^black.mkv: 5 frames, .* jitter of 0 still ones - %, steadied - %; .* lag - frames$' stderr ||
    fail "eval --video: figures that there are not"
run "$PFLD" eval --video in.mkv --smooth 0
grep -o '"all":.*' stdout | tr -c '0-9.-' ' ' | awk '{ exit !($2 == $3 && $4 == 0) }' ||
    fail "eval --video: no smoothing"

# --- drawn and read again; the same to the byte by one thread and by several ---
good video in.mkv -o drawn.mkv --jsonl one.jsonl --threads 1
good video in.mkv -o drawn2.mkv --jsonl two.jsonl --threads 3
cmp -s one.jsonl all.jsonl && cmp -s two.jsonl all.jsonl || fail "threads change the results"
cmp -s drawn.mkv drawn2.mkv || fail "threads change the video"
good video drawn.mkv
says '"frame":29,"t":1.16,'
lines 30
run "$PFLD" video in.mkv -o drawn.mp4 --jsonl -
grep -q '^pfld: drawn.mp4: its sound (pcm_s16le) does not fit' stderr || fail "sound left out in silence"
cmp -s stdout all.jsonl || fail "-o changes the results"
good video drawn.mp4
lines 30
run "$PFLD" video in.mkv -o -
[ "$code" -eq 0 ] && [ ! -s stderr ] || fail "-o -: exit code $code"
mv stdout streamed.mkv
good video streamed.mkv
lines 30
"$PFLD" video in.mkv -o - | "$PFLD" video - >piped || fail "one pfld into another"
[ "$(wc -l <piped)" -eq 30 ] || fail "through a pipe"
grep -q '"file":"-"' piped || fail "the name of stdin"

# --- in another style; with ellipses, where the model can tell ---
make_fixtures
sure=$root/models/pfld-1x-ibug68.onnx
good video in.mkv -o mesh.mkv --style mesh --jsonl styled.jsonl
cmp -s styled.jsonl all.jsonl || fail "--style changes the results"
cmp -s mesh.mkv drawn.mkv && fail "--style mesh draws what full does"
"$make_clip" "$root/docs/portrait.png" short.mkv 4
good video short.mkv -o unsure.mkv -m "$sure" --style minimal
good video short.mkv -o ellipses.mkv -m "$sure" --style minimal --ellipses 90
cmp -s unsure.mkv ellipses.mkv && fail "--ellipses draws none"
bad 1 "^pfld: --ellipses: this model does not tell" video in.mkv -o none.mkv --ellipses 90 --csv x.csv -m tiny.onnx
[ ! -e none.mkv ] || fail "a refusal leaves a video"

# --- blurred: the face, 130 pixels wide, is not found any more; cropped: faces of 112 pixels ---
sizes() { grep -o '"box":\[[^]]*' | awk -F , '$3 > 60' | wc -l; }
[ "$(sizes <all.jsonl)" -eq 30 ] || fail "the face's size"
good video in.mkv -o blurred.mkv --blur --jsonl blurred.jsonl
good video blurred.mkv
[ "$(sizes <stdout)" -eq 0 ] || fail "the face can be found in spite of --blur"
good video in.mkv --crop crops --crop-every 10 --csv -
[ "$(echo crops/*)" = "crops/000000-1.png crops/000010-1.png crops/000020-1.png" ] ||
    fail "crops: $(echo crops/*)"
good detect crops/000010-1.png
says '"width":112,"height":112,"faces":\[\{'
bad 1 "^pfld: crops/000000-1.png is there already \(--force" video in.mkv --crop crops --csv x.csv
good video in.mkv --crop crops --crop-size 224 --force
good detect crops/000029-1.png
says '"width":224,'

# --- options of the tracker ---
good video in.mkv --faces 1 --smooth 0 --search-every 0 --hold 0 --max-side 320 --threshold 0.3
lines 30
cmp -s stdout all.jsonl && fail "--smooth 0 changes nothing"

# --- Ctrl-C: a video that can be played, whole lines. It comes through a pipe that is left open, so
# that it can't end by itself, however slow this machine is ---
"$make_clip" "$root/docs/portrait.png" long.mkv 400
mkfifo feed
for signal in INT TERM; do
    rm -f cut.mp4 cut.csv
    "$PFLD" video - -o cut.mp4 --csv cut.csv --quiet <feed >stdout 2>stderr &
    exec 3>feed
    head -c $(($(stat -c %s long.mkv) * 3 / 4)) long.mkv >&3 || fail "it ends by itself"
    until [ -f cut.csv ] && [ "$(wc -l <cut.csv)" -gt 10 ]; do
        kill -0 $! || fail "it ends by itself"
        sleep 0.05
    done
    kill -s "$signal" $!
    exec 3>&-
    code=0
    wait $! || code=$?
    case $signal in INT) wanted=130 ;; TERM) wanted=143 ;; esac
    [ "$code" -eq "$wanted" ] || fail "after SIG$signal: exit code $code"
    n=$(($(wc -l <cut.csv) - 1))
    [ "$n" -gt 0 ] && [ "$n" -lt 400 ] || fail "after SIG$signal: $n rows"
    [ "$(tail -c 1 cut.csv | od -An -tx1 | tr -d ' ')" = 0a ] || fail "half a row"
    [ "$(tail -n 1 cut.csv | tr -cd , | wc -c)" -eq "$(head -n 1 cut.csv | tr -cd , | wc -c)" ] ||
        fail "half a row"
    good video cut.mp4
    lines "$n"
done

# --- memory: after 380 frames what it is after 60, to 3 kB a frame, whose pixels are 230 kB. What a
# sanitizer keeps of memory that was freed would count, too. ---
peak() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$pid/status"; } # kB
rows_at_least() {
    until [ -f held.csv ] && [ "$(wc -l <held.csv)" -gt "$1" ]; do
        kill -0 "$pid" || fail "it ends by itself"
        sleep 0.05
    done
}
if [ -r "/proc/$$/status" ] && ! grep -qE '__[at]san_init' "$PFLD"; then
    "$PFLD" video - --csv held.csv --jsonl held.jsonl --quiet <feed >stdout 2>stderr &
    pid=$!
    exec 3>feed
    head -c $(($(stat -c %s long.mkv) / 4)) long.mkv >&3
    rows_at_least 60
    before=$(peak)
    tail -c +$(($(stat -c %s long.mkv) / 4 + 1)) long.mkv >&3
    rows_at_least 380
    after=$(peak)
    exec 3>&-
    wait $pid || fail "memory: exit code $?"
    echo "memory: $before kB after 60 frames, $after kB after 380"
    [ $((after - before)) -lt 1000 ] || fail "memory grows"
fi

# --- what is no video, or only part of one ---
bad 1 "^pfld: none.mp4: No such file" video none.mp4
: >empty.mp4
bad 1 "^pfld: empty.mp4: is empty" video empty.mp4
echo "just words" >words.mp4
bad 1 "^pfld: words.mp4: no video that can be read" video words.mp4
bad 1 "^pfld: .*: Is a directory" video .
head -c $(($(stat -c %s in.mkv) / 2)) in.mkv >cut.mkv
bad 1 "^pfld: cut.mkv: is cut short: it ends at 0.[0-9] s of 1.2" video cut.mkv
[ "$(wc -l <stdout)" -gt 5 ] || fail "nothing of a video that is cut short"
bad 1 "^pfld: none/out.mp4: No such file" video in.mkv -o none/out.mp4
bad 1 "^pfld: none/a.csv: No such file" video in.mkv --csv none/a.csv

# --- a file that can't be made costs none of the others, and leaves none behind ---
cp short.mkv old.mkv
echo old >old.csv
bad 1 "^pfld: none/a.csv: No such file" video in.mkv -o old.mkv --force --csv none/a.csv
bad 1 "^pfld: none/a.jsonl: No such file" video in.mkv -o new.mkv --csv old.csv --jsonl none/a.jsonl --force
bad 1 "^pfld: none/o.mkv: No such file" video in.mkv -o none/o.mkv --csv old.csv --jsonl new.jsonl --force
cmp -s old.mkv short.mkv || fail "the video that was there is gone"
[ "$(cat old.csv)" = old ] || fail "the table that was there is gone"
[ ! -e new.mkv ] && [ ! -e new.jsonl ] || fail "a run that doesn't begin leaves files"
good video short.mkv --csv old.csv --force
good video short.mkv --csv fresh.csv
cmp -s old.csv fresh.csv || fail "--force doesn't replace all of a table"
if [ -w /dev/full ]; then
    bad 1 "No space left" video in.mkv --csv /dev/full -o new.mkv
    [ ! -e new.mkv ] || fail "a table that can't be begun leaves a video"
fi

# --- wrong usage ---
bad 2 "IN is missing" video
bad 2 "one too many" video a b
bad 2 "drawn.mkv is there already \(--force" video in.mkv -o drawn.mkv
bad 2 "in.mkv would be overwritten" video in.mkv -o in.mkv --force
bad 2 "rows.csv would be overwritten" video in.mkv --csv rows.csv --jsonl ./rows.csv --force
for same in new ./new "$PWD/new"; do
    bad 2 "$same would be overwritten" video in.mkv --csv new --jsonl "$same"
done
bad 2 "would be overwritten" video in.mkv -o new.mkv --csv ./new.mkv
[ ! -e new ] && [ ! -e new.mkv ] || fail "one file for two outputs is made"
bad 2 "must end in .mp4" video in.mkv -o out.webm
bad 2 "'-' is given twice" video in.mkv -o - --csv -
bad 2 "--blur makes faces in a video" video in.mkv --blur
bad 2 "^pfld: video: --blur and --style contradict" video in.mkv -o x.mkv --blur --style mesh
bad 2 "^pfld: video: --ellipses tells what to draw: name the video" video in.mkv --ellipses 90
bad 2 "^pfld: video: --ellipses: 100 is not below 100" video in.mkv -o x.mkv --ellipses 100
bad 2 "--crop-every is about" video in.mkv --crop-every 2
bad 2 "--smooth: 2 is not from 0 to 1" video in.mkv --smooth 2
bad 2 "--faces: 65 is more than 64" video in.mkv --faces 65
bad 2 "--format json and --csv contradict" video in.mkv --format json --csv x.csv
bad 2 "neither is written" video in.mkv --format csv --jsonl x.jsonl
bad 2 "pts holds one face" video in.mkv --format pts
bad 2 "--video measures the tracker, and takes no" eval --video in.mkv --data 300w:x.txt
for option in "-o x.svg" "--sheet x.png" "--iou 0.6" "--fov 60" "--norm box" "--min-size 9" \
    "--threshold 0.5" --turns --skip-bad "--passes 2" "--alarms 3" "--seed 2" "--jitter-draws 2"; do
    read -ra words <<<"$option"
    bad 2 "--video measures the tracker, and takes no" eval --video in.mkv "${words[@]}"
done
bad 2 "--smooth: 0 to 1" eval --video in.mkv --smooth 2
bad 2 "--turns and --no-turns" video in.mkv --turns --no-turns

# --- clips of a webcam, where ../shared has them: Indeo 5, 160x120 at 20 frames a second ---
clips=$shared/data/video
if [ -f "$clips/00-1.avi" ]; then
    good video "$clips/00-1.avi"
    lines 228
    [ "$(count '"id":1}' <stdout)" -ge 226 ] || fail "00-1.avi: the face is lost"
    [ "$(count '"id":[2-9]' <stdout)" -eq 0 ] || fail "00-1.avi: the face changes its id"
fi
