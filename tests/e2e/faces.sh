#!/bin/bash
# pfld detect looks for the faces itself: which it keeps, how they are turned, what it says where
# there is none.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/spots.bash
. "$root/tests/e2e/spots.bash"
make_fixtures
rects two.ppm 160 128 32,16,16,8,128 96,64,16,8,255
rects none.ppm 160 128
rects down.ppm 160 128 32,40,16,8,255

# --- every face with all that is known of it, the best first ---
good "${spot[@]}" -m tiny.onnx two.ppm
lines 1
is_json
says '^\{"v":1,"file":"two.ppm","width":160,"height":128,"faces":\[\{"box":\[95\.[0-9]*,63\.[0-9]*,16\.0,16\.0\],"score":0\.9[0-9]*,"presence":null,"five":\[\[100\.'
says '"scheme":"ibug68","landmarks":\[\[[0-9.]*,[0-9.]*\],.*"pose":\{"yaw":[-0-9.]+,.*"box":\[31\.[0-9]*,15\.[0-9]*,16\.0,16\.0\],"score":0\.6'
cp stdout json
good "${spot[@]}" --no-landmarks two.ppm
says '"five":\[\[100\.3,.*\]\],"scheme":null,"landmarks":\[\],"pose":\{"yaw":null,"pitch":null,"roll":null\}\},\{'
good "${spot[@]}" -m tiny.onnx two.ppm --format csv
lines 3
says '^two.ppm,0,2,95\.[0-9]*,63\.[0-9]*,111\.[0-9]*,79\.[0-9]*,0\.9[0-9]*,[0-9.]*,[-0-9.]*,[-0-9.]*,[-0-9.]*,100\.'
says '^two.ppm,1,2,31\.'
[ "$(awk -F, 'NF != 22 + 136 { print "x" }' stdout)" = "" ] || fail "rows of CSV differ in length"
good "${spot[@]}" --no-landmarks two.ppm --format csv
[ "$(awk -F, 'NF != 22 { print "x" }' stdout)" = "" ] || fail "--no-landmarks: cells of landmarks"

# --- which of them ---
good "${spot[@]}" --no-landmarks two.ppm --max-faces 1
[[ $(scores) == 0.9?* && $(scores) != *" 0."* ]] || fail "--max-faces 1: $(scores)"
good "${spot[@]}" --no-landmarks two.ppm --max-faces 5000
[ "$(scores | wc -w)" -eq 2 ] || fail "--max-faces 5000: $(scores)"
good "${spot[@]}" --no-landmarks two.ppm --threshold 0.8
[ "$(scores | wc -w)" -eq 1 ] || fail "--threshold 0.8: $(scores)"
good "${spot[@]}" --no-landmarks none.ppm --threshold 0 --max-side 64
[ "$(scores | wc -w)" -gt 2 ] || fail "--threshold 0 leaves something out: $(scores)"
good detect --detector spot.onnx --no-landmarks two.ppm --presence 1
says '"faces":\[\]'

# --- no face is no failure ---
good "${spot[@]}" -m tiny.onnx none.ppm
[ "$(cat stdout)" = '{"v":1,"file":"none.ppm","width":160,"height":128,"faces":[]}' ] ||
    fail "not an empty list"
good "${spot[@]}" -m tiny.onnx none.ppm --format csv
lines 1
says '^file,face,faces,'
good "${spot[@]}" -m tiny.onnx none.ppm two.ppm none.ppm --format csv
lines 3

# --- .pts hold one face ---
bad 1 "^pfld: none.ppm: no face found" "${spot[@]}" -m tiny.onnx none.ppm --format pts
bad 1 "^pfld: two.ppm: 2 faces, .*--max-faces 1 takes the best" "${spot[@]}" -m tiny.onnx two.ppm \
    --format pts
[ ! -s stdout ] || fail "a .pts of two faces"
good "${spot[@]}" -m tiny.onnx two.ppm --format pts --max-faces 1
lines 72
good "${spot[@]}" -m tiny.onnx two.ppm --format pts --threshold 0.8
lines 72

# --- turned pictures ---
good "${spot[@]}" --no-landmarks down.ppm --no-turns
says '"faces":\[\]'
for turns in "" --turns; do
    # shellcheck disable=SC2086
    good "${spot[@]}" --no-landmarks down.ppm $turns
    says '"faces":\[\{"box":\[31\.5,31\.5,16\.0,16\.0\]'
    says '"five":\[\[42\.7,42\.7\],\[36\.3,42\.7\]' # the right eye is the lower right one
done

# with_orientation N IN.jpg OUT.jpg: EXIF says so.
with_orientation() {
    head -c 2 "$2" >"$3"
    printf '\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x'"$1"'\0\0\0\0\0\0' >>"$3"
    tail -c +3 "$2" >>"$3"
}
blank=("${spot[@]}" --no-landmarks --threshold 1 --no-turns) # draws nothing
good "${blank[@]}" down.ppm -o down.jpg
with_orientation 3 down.jpg up.jpg
good "${spot[@]}" --no-landmarks up.jpg --no-turns
says '"width":160,"height":128,"faces":\[\{"box":\[111\.[0-9]*,79\.[0-9]*,16\.0,16\.0\]'
rects left.ppm 128 160 32,32,8,16,255 # its top looks to the left
good "${blank[@]}" left.ppm -o left.jpg
good "${spot[@]}" --no-landmarks left.jpg --no-turns
says '"width":128,"height":160,"faces":\[\]'
with_orientation 6 left.jpg right.jpg # shown a quarter clockwise
good "${spot[@]}" --no-landmarks right.jpg --no-turns
says '"width":160,"height":128,"faces":\[\{"box":\[111\.[0-9]*,31\.[0-9]*,16\.0,16\.0\]'

# --- large pictures, small faces ---
rects large.ppm 4000 3000 1600,1000,200,100,255
good "${spot[@]}" --no-landmarks large.ppm
says '"width":4000,"height":3000,"faces":\[\{"box":\[1599\.5,999\.5,200\.0,200\.0\]'
good "${spot[@]}" --no-landmarks large.ppm --max-side 320 --no-turns
says '"faces":\[\]' # half a cell of the coarsest head
rm large.ppm

# --- the drawn picture ---
is_png() { [ "$(head -c 4 "$1" | od -An -tx1)" = " 89 50 4e 47" ] || fail "$1 is not PNG"; }
good "${spot[@]}" -m tiny.onnx two.ppm -o two.png
cmp -s stdout json || fail "-o changes the result"
good "${spot[@]}" -m tiny.onnx none.ppm -o none.png # there is one, as was asked for
is_png none.png
good "${spot[@]}" -m tiny.onnx two.ppm -o -
cmp -s stdout two.png || fail "-o - draws something else"
good "${spot[@]}" -m tiny.onnx two.ppm -o - --results results.json
cmp -s stdout two.png || fail "--results spoils the picture on stdout"
cmp -s results.json json || fail "--results beside -o - differ"
run "$PFLD" "${spot[@]}" -m tiny.onnx - <two.ppm
sed 's/"file":"-"/"file":"two.ppm"/' stdout | cmp -s - json || fail "stdin changes the result"

# --- presence where the box is given and a detector is at hand ---
good detect -m tiny.onnx --detector spot.onnx --box 32,16,48,32 two.ppm
says '"box":\[32\.0,16\.0,16\.0,16\.0\],"score":1\.0,"presence":[0-9.]+,"five":null'

# --- the detector inside ---
run "$PFLD" detect none.ppm
if [ "$code" -eq 1 ] && grep -q 'no face detector was built into .*--detector FILE.*--box' stderr; then
    echo "built without a detector"
else
    good detect none.ppm
    says '"faces":\[\]'
    good detect none.ppm --detector "$root/models/pfld-detect.onnx" --no-landmarks
    says '"faces":\[\]'
fi
