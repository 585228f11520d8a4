#!/bin/bash
# The programs of examples/, on a committed portrait: what they print is what the command says of it.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
examples=$(realpath "${PFLD_EXAMPLES:-$(dirname "$PFLD")/examples}")
frames=${PFLD_MAKE_FRAMES:-$(dirname "$PFLD")/tests/make_frames}
[ -x "$examples/landmarks" ] && [ -x "$frames" ] || exit 77 # built without them
"$PFLD" info >/dev/null 2>&1 || exit 77                   # no model inside
portrait=$root/docs/portrait.png

# does CODE NAME ARGUMENTS...: an example, its stdin from here.
does() {
    local wanted=$1 name=$2
    shift 2
    run "$examples/$name" "$@"
    [ "$code" -eq "$wanted" ] || fail "$name $*: exit code $code, not $wanted"
    [ "$wanted" -ne 0 ] || [ ! -s stderr ] || fail "$name $*: says something on stderr"
}

# --- landmarks: those of pfld detect, in the same order ---
"$frames" "$portrait" 320 240 >face.ppm
does 0 landmarks <face.ppm
lines 68
cut -d : -f 2 stdout | tr -s ' ' '\n' | sed 1d >printed
good detect face.ppm
sed 's/.*"landmarks":\[\[\([^}]*\)\]\],.*/\1/' stdout | tr -s '],[' '\n' >known
paste printed known | awk '{ d = $1 - $2; if (d > 0.06 || d < -0.06) exit 1; n++ }
                           END { exit n != 136 }' || fail "landmarks: other points than pfld detect's"
does 1 landmarks <"$portrait"
grep -q '^binary PPM' stderr || fail "landmarks: what is wrong with a PNG"
sed '1s/^P6/P6\n# by hand\n/' face.ppm >comment.ppm
does 1 landmarks <comment.ppm
grep -q 'without comments' stderr || fail "landmarks: what is wrong with a comment"
head -c 1000 face.ppm >cut.ppm
does 1 landmarks <cut.ppm
grep -q 'cut short' stderr || fail "landmarks: what is wrong with half a picture"

# --- align: no shift, turn or scale brings the face's points nearer to where ArcFace wants them ---
does 0 align <face.ppm
cp stdout crop.ppm
good detect crop.ppm
says '"width":112,"height":112,'
sed 's/.*"landmarks":\[\[\([^}]*\)\]\],.*/\1/' stdout | tr -s '],[' ' ' |
    awk '{ split("38.3 51.7 73.5 51.5 56.0 71.7 41.5 92.4 70.7 92.2", want)
           for (i = 1; i <= 12; i++) { have[1 + (i + 1) % 2] += $(72 + i) / 6; have[3 + (i + 1) % 2] += $(84 + i) / 6 }
           have[5] = $61; have[6] = $62; have[7] = $97; have[8] = $98; have[9] = $109; have[10] = $110
           for (i = 1; i <= 10; i += 2) {
               x = want[i] - 56; y = want[i + 1] - 71.9; squares += x * x + y * y
               right += (have[i] - 56) / 5; down += (have[i + 1] - 71.9) / 5
               scale += x * have[i] + y * have[i + 1]; turn += x * have[i + 1] - y * have[i]
           }
           scale = scale / squares - 1; turn /= squares
           exit !(NF == 136 && right ^ 2 < 1 && down ^ 2 < 1 && scale ^ 2 < 0.001 && turn ^ 2 < 0.001) }' ||
    fail "align: the five points are elsewhere"
"$frames" "$portrait" 320 240 roll 13 | tail -c $((320 * 240 * 3)) >turned # by 17 degrees
{ echo "P6 320 240 255"; cat turned; } >turned.ppm
good detect turned.ppm
says '"roll":1[4-9]|"roll":2[0-3]'
does 0 align <turned.ppm
cp stdout crop.ppm
good detect crop.ppm
says '"roll":-?[0-3]\.'
{ printf 'P6 320 240 255\n'; head -c $((320 * 240 * 3)) /dev/zero; } >black.ppm
does 1 align <black.ppm
grep -q '^no face' stderr || fail "align: without a face"

# --- camera: a line for each frame, one face all the time, whose roll goes to and fro ---
"$frames" "$portrait" 320 240 roll 40 >rolling
does 0 camera 320 240 <rolling
lines 40
grep -o '^face 1: yaw [-+0-9]* pitch [-+0-9]* roll [-+0-9]* *$' stdout | awk '
    { if ($NF < lo) lo = $NF; if ($NF > hi) hi = $NF }
    END { exit !(NR == 40 && lo < -10 && hi > 14) }' || fail "camera: faces or angles"

# --- what is no size, and what no memory is enough for ---
for wrong in "" 320 "0 240" "320 240 25 1"; do
    # shellcheck disable=SC2086
    does 1 camera $wrong <rolling
    grep -q '^usage: camera' stderr || fail "camera $wrong: no usage"
    # shellcheck disable=SC2086
    does 1 blinks $wrong <rolling
    grep -q '^usage: blinks' stderr || fail "blinks $wrong: no usage"
done
does 1 blinks 320 240 0 <rolling
if ! grep -qE '__[at]san_init' "$examples/camera"; then # whose own memory is more than that
    (
        ulimit -v 4000000
        does 1 camera 99999 99999 <rolling
        grep -q '^no memory' stderr || fail "camera: a frame of 30 GB"
        does 1 blinks 99999 99999 25 <rolling
        grep -q '^no memory' stderr || fail "blinks: a frame of 30 GB"
    )
fi

# --- blinks: none of a head that turns; of photos, where there are some, as many as there are ---
does 0 blinks 320 240 25 <rolling
[ ! -s stdout ] || fail "blinks: of open eyes"
photos=$shared/data/landmarks68/300w/helen/trainset
open=$photos/103887554_1.jpg shut=$photos/1954949800_1.jpg
if [ ! -f "$open" ] || [ ! -f "$shut" ]; then
    echo "skipped: blinks are counted: no $open, or no $shut"
    exit 0
fi
"$frames" "$open" 320 240 blink 75 "$shut" >blinking # in frames 22 to 24, 47 to 49, and to the end
does 0 blinks 320 240 25 <blinking
printf '%s\n' '1.00 s: face 1, blink 1' '2.00 s: face 1, blink 2' | cmp - stdout ||
    fail "blinks: not the two"
head -c $((320 * 240 * 3 * 22)) blinking >before
does 0 blinks 320 240 25 <before
[ ! -s stdout ] || fail "blinks: one before the first"
