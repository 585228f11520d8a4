#!/bin/bash
# pfld detect with boxes that are given: formats, several files and faces, pictures, and inputs that
# fail among good ones. faces.sh looks for them, batch.sh has many pictures.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
make_fixtures
detect=(detect --model tiny.onnx --box '20,20,80,80')

# --- the three formats say the same ---
good "${detect[@]}" face.ppm
lines 1
is_json
says '^\{"v":1,"file":"face.ppm","width":160,"height":120,"faces":\[\{"box":\[20\.0,20\.0,60\.0,60\.0\],"score":1\.0,"presence":null,"five":null,"scheme":"ibug68","landmarks":\[\['
says '"pose":\{"yaw":.*,"pitch":.*,"roll":.*\}\}\]\}$'
cp stdout json
sed 's/.*"landmarks":\[\[//; s/\]\].*//; s/\],\[/\n/g' json | tr ',' ' ' >points
[ "$(wc -l <points)" -eq 68 ] || fail "not 68 landmarks"
awk '$1 < 17 || $1 > 83 || $2 < 17 || $2 > 83 { exit 1 }' points || fail "a landmark is off the crop"
for same in --json --format=json "--isa auto"; do
    # shellcheck disable=SC2086
    good "${detect[@]}" face.ppm $same
    cmp -s stdout json || fail "$same changes the result"
done

good "${detect[@]}" face.ppm --format pts
[ "$(head -n 3 stdout | tr '\n' ' ')" = "version: 1 n_points: 68 { " ] || fail "wrong .pts header"
[ "$(tail -n 1 stdout)" = "}" ] || fail "wrong .pts end"
sed '1,3d;$d' stdout | paste -d ' ' - points |
    awk 'function off(a, b) { d = a - b - 1; return d < -0.0011 || d > 0.0011 }
         off($1, $3) || off($2, $4) { exit 1 }' || fail ".pts is not JSON's points plus 1"

good "${detect[@]}" face.ppm --format csv --box '30,30,90.5,90'
lines 3
[ "$(awk -F, 'NR == 1 { n = NF } NF != n || n != 22 + 136 { print "x" }' stdout)" = "" ] ||
    fail "rows of CSV differ in length"
says '^file,face,faces,left,top,right,bottom,score,presence,yaw,pitch,roll,five_x0,five_y0,.*,x0,y0,x1,y1,'
says '^face.ppm,0,2,20,20,80,80,1,,[^,]*,[^,]*,[^,]*,,,,,,,,,,,[0-9]'
says '^face.ppm,1,2,30,30,90.5,90,1,,'
[ "$(sed -n 2p stdout | cut -d, -f23,24)" = "$(head -n 1 points | sed 's/\.0*$//; s/ /,/')" ] ||
    fail "CSV and JSON differ"

# --- sources ---
run "$PFLD" "${detect[@]}" - <face.ppm
[ "$code" -eq 0 ] || fail "stdin: exit code $code"
sed 's/"file":"-"/"file":"face.ppm"/' stdout | cmp -s - json || fail "stdin changes the result"
cp face.ppm ./-odd.ppm
good "${detect[@]}" -- -odd.ppm
cp face.ppm $'a "b"\\\xff.ppm'
good "${detect[@]}" $'a "b"\\\xff.ppm'
is_json
printf 'file,left,top,right,bottom\nface.ppm,20,20,80,80\nelse.ppm,1,1,9,9\n' >boxes.csv
good detect --model tiny.onnx --boxes boxes.csv face.ppm
cmp -s stdout json || fail "--boxes changes the result"
printf '\xef\xbb\xbfFile, Left, Top, Right, Bottom\r\n./face.ppm, 20, 20, 80, 80\r\n' >sheet.csv
good detect --model tiny.onnx --boxes sheet.csv face.ppm
cmp -s stdout json || fail "--boxes of a spreadsheet changes the result"
mkdir in && cp face.ppm in/
good detect --model tiny.onnx --boxes boxes.csv in/face.ppm
good detect --model open.onnx --box '20,20,80,80' face.ppm
sed 's/\.onnx/.onnx/' stdout | cmp -s - json || fail "an undescribed model changes the result"
good detect --model open.onnx --box '20,20,80,80' --input bgr,0..1 face.ppm
! cmp -s stdout json || fail "--input bgr changes nothing"
good detect --model open.onnx --box '20,20,80,80' --crop 1.5 face.ppm
! cmp -s stdout json || fail "--crop changes nothing"
good "${detect[@]}" --isa scalar face.ppm
lines 1
PFLD_ISA=scalar good "${detect[@]}" face.ppm
lines 1
good "${detect[@]}" --box=-20,-20,30,30 face.ppm # a box may reach beyond the border

# --- pictures ---
is_png() { [ "$(head -c 4 "$1" | od -An -tx1)" = " 89 50 4e 47" ] || fail "$1 is not PNG"; }
good "${detect[@]}" face.ppm -o drawn.png
cmp -s stdout json || fail "-o changes the result"
is_png drawn.png
good "${detect[@]}" face.ppm -o drawn.jpg
good "${detect[@]}" face.ppm -o -
is_png stdout
good "${detect[@]}" face.ppm -o same.png --draw-scale 1
cmp -s same.png drawn.png || fail "--draw-scale 1 is not the default"
size() { [ "$(od -An -tu1 -j 16 -N 8 "$1" | awk '{ print $3 * 256 + $4, $7 * 256 + $8 }')" = "$2" ]; }
while read -r scale wanted; do
    good "${detect[@]}" face.ppm -o large.png --draw-scale "$scale"
    cmp -s stdout json || fail "--draw-scale $scale changes the result"
    size large.png "$wanted" || fail "--draw-scale $scale is not of $wanted pixels"
done <<'sizes'
1.0 160 120
3 480 360
2.51 402 301
0.05 8 6
16 2560 1920
sizes
for style in mesh points minimal; do
    good "${detect[@]}" face.ppm -o "$style.png" --style $style
    cmp -s stdout json || fail "--style $style changes the result"
done
good "${detect[@]}" face.ppm -o full.png --style full
cmp -s full.png drawn.png || fail "--style full is not the default"
[ "$(cksum {full,mesh,points,minimal}.png | cut -d ' ' -f 1 | sort -u | wc -l)" -eq 4 ] ||
    fail "some styles are the same"
bad 2 "^pfld: detect: --style: 'net' is not one of full, mesh, points, minimal" "${detect[@]}" \
    face.ppm -o none.png --style net
bad 2 "^pfld: detect: --style tells what to draw: name the picture" "${detect[@]}" face.ppm --style mesh
bad 2 "^pfld: detect: --no-landmarks and --style contradict" detect face.ppm -o none.png \
    --no-landmarks --style mesh
for scale in 0 -1 16.1 0.04 nan 3x ''; do
    bad 2 "^pfld: detect: --draw-scale: " "${detect[@]}" face.ppm -o none.png --draw-scale "$scale"
done
bad 2 "name the picture by -o" "${detect[@]}" face.ppm --draw-scale 2
[ ! -e none.png ] || fail "a nonsensical --draw-scale draws"
{ printf 'P5\n3000 2400\n255\n'; head -c 7200000 /dev/zero; } >wide.pgm
bad 1 "^pfld: wide.pgm: .*enlarged \(12000 x 9600 pixels; at most 64 megapixels" "${detect[@]}" \
    wide.pgm -o none.png --draw-scale 4
lines 1 # the result is there
rm wide.pgm
cp face.ppm other.ppm
good "${detect[@]}" face.ppm other.ppm -o out/
is_png out/face.png
is_png out/other.png
bad 1 "out/face.png is there already \(--force replaces it\)" "${detect[@]}" face.ppm -o out
cmp -s stdout json || fail "a picture that is there already spoils the result"
printf 'not drawn' >out/face.png
good "${detect[@]}" face.ppm -o out --force
is_png out/face.png
cp face.ppm stdin.ppm
run "$PFLD" "${detect[@]}" face.ppm in/face.ppm ./face.ppm - stdin.ppm -o same/ <face.ppm
[ "$code" -eq 0 ] || fail "pictures of the same name: exit code $code"
[ "$(ls same | tr '\n' ' ')" = "face.png face.ppm-2.png face.ppm.png stdin.png stdin.ppm.png " ] ||
    fail "pictures of the same name: $(ls same)"
cp drawn.png face.png
cp face.png before.png
bad 2 "face.png would be overwritten" "${detect[@]}" face.png -o ./face.png
for force in "" --force; do
    # shellcheck disable=SC2086
    bad 1 "face.png would be overwritten" "${detect[@]}" face.png -o . $force
done
cmp -s face.png before.png || fail "the input was overwritten"
bad 2 "picture: 'drawn.gif' must end in .png, .jpg or .jpeg" "${detect[@]}" face.ppm -o drawn.gif
[ ! -s stdout ] || fail "work was done before the picture's name was looked at"
bad 1 "nowhere/drawn.png" "${detect[@]}" face.ppm -o nowhere/drawn.png

{ printf 'P5\n33000 8\n255\n'; head -c 264000 /dev/zero; } >long.pgm
bad 1 "^pfld: long.pgm: .*too large to draw on" detect --model tiny.onnx --box 0,0,8,8 \
    long.pgm -o x.png

# --- what fails is named, the rest is done ---
: >empty.jpg
head -c 1000 face.ppm >cut.ppm
printf 'no picture' >text.png
mkdir folder.jpg
for input in empty.jpg cut.ppm text.png folder.jpg missing.jpg 'none*.jpg'; do
    regex="^pfld: ${input//\*/\\*}/?: ."
    bad 1 "$regex" "${detect[@]}" "$input"
    [ ! -s stdout ] || fail "$input: something on stdout"
    bad 1 "$regex" "${detect[@]}" face.ppm "$input" other.ppm
    lines 2
    head -n 1 stdout | cmp -s - json || fail "$input spoils the file before it"
done

# --- boxes of other finders ---
good "${detect[@]}" --box-from landmarks face.ppm
cmp -s stdout json || fail "--box-from landmarks changes the result"
for finder in pfld dlib opencv mtcnn yunet; do
    good "${detect[@]}" --box-from $finder face.ppm
    says '"faces":\[\{"box":\[20\.0,20\.0,60\.0,60\.0\],"score":1\.0' # the box as it was given
    ! cmp -s stdout json || fail "--box-from $finder changes nothing"
done

bad 1 "^pfld: face.ppm: .*outside" detect --model tiny.onnx --box 500,500,600,600 face.ppm
[ ! -s stdout ] || fail "a box outside gives a face"
bad 1 "^pfld: face.ppm: .*outside" "${detect[@]}" --box 500,500,600,600 face.ppm
cmp -s stdout json || fail "a box outside spoils the other"
bad 1 "^pfld: other.ppm: boxes.csv has no box" detect --model tiny.onnx --boxes boxes.csv other.ppm \
    face.ppm
cmp -s stdout json || fail "a file without boxes spoils the other"
bad 1 "missing.csv: No such file" detect --model tiny.onnx --boxes missing.csv face.ppm
printf 'face.ppm,1,2,3\n' >short.csv
printf 'name,left,top,right,bottom\nface.ppm,20,20,80,80\n' >name.csv
bad 1 "name.csv: line 1 has no column 'file'" detect --model tiny.onnx --boxes name.csv face.ppm
printf 'other.ppm,20,20,80,80\n' >>short.csv
bad 1 "^pfld: face.ppm: short.csv: line 1 has no column 'bottom'" detect --model tiny.onnx \
    --boxes short.csv face.ppm other.ppm
sed 's/other/face/' stdout | cmp -s - json || fail "a wrong row spoils another file"

# --- the model inside ---
builtin=$root/models/pfld-0.25x-ibug68.onnx
run "$PFLD" detect face.ppm --box '20,20,80,80'
if [ "$code" -eq 1 ] && grep -q '^pfld: no model was built into' stderr; then
    echo "built without a model"
else
    good detect face.ppm --box '20,20,80,80'
    cp stdout inside
    good detect face.ppm --box '20,20,80,80' --model "$builtin"
    cmp -s stdout inside || fail "the model inside is not the file"
    ! cmp -s stdout json || fail "the model inside is tiny.onnx"
    good detect face.ppm --box '20,20,80,80' --crop 1.5
    ! cmp -s stdout inside || fail "--crop changes nothing of the model inside"
    bad 2 "scheme 'moon'" detect face.ppm --box '20,20,80,80' --scheme moon
fi

# --- models that are none ---
bad 1 "missing.onnx: No such file" detect --model missing.onnx --box 1,1,9,9 face.ppm
bad 1 "^pfld: folder.jpg: " detect --model folder.jpg --box 1,1,9,9 face.ppm
bad 1 "^pfld: empty.jpg: " detect --model empty.jpg --box 1,1,9,9 face.ppm
bad 1 "^pfld: face.ppm: " detect --model face.ppm --box 1,1,9,9 face.ppm
bad 1 "^pfld: spot.onnx: a face detector, not a landmark model" detect --model spot.onnx \
    --box 1,1,9,9 face.ppm
bad 1 "^pfld: tiny.onnx: a landmark model, not a face detector" detect --detector tiny.onnx face.ppm

# --- a reader that leaves, a full disk ---
if [ -w /dev/full ]; then
    code=0
    "$PFLD" "${detect[@]}" face.ppm other.ppm >/dev/full 2>stderr || code=$?
    [ "$code" -eq 1 ] || fail "full disk: exit code $code"
    [ "$(cat stderr)" = "pfld: stdout: No space left on device" ] || fail "full disk: wrong message"
    bad 1 "^pfld: /dev/full: No space left on device" "${detect[@]}" face.ppm other.ppm \
        --results /dev/full
fi
exec 5> >(exec true)
wait $!
code=0
"$PFLD" "${detect[@]}" face.ppm other.ppm >&5 2>stderr || code=$?
[ "$code" -eq 1 ] || fail "closed pipe: exit code $code"
[ "$(cat stderr)" = "pfld: stdout: Broken pipe" ] || fail "closed pipe: wrong message"
