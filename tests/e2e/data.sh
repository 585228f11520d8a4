#!/bin/bash
# pfld data: mean face, classes, sheets, over several sets; what is said of broken lists.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_faces a 1 30
make_faces b 31 10
cat a.txt b.txt >ab.txt

# --- the mean face ---
good data template --data 300w:ab.txt -o face.csv
[ ! -s stdout ] || fail "template: something on stdout"
[ "$(head -n 1 face.csv)" = "point,x,y,z" ] || fail "template: another head"
[ "$(wc -l <face.csv)" -eq 69 ] || fail "template: not 68 points"
# Points 36 and 45 are at distance 1, their middle is the origin; the face is symmetric; its nose
# is in front.
awk -F, 'function off(a, b) { d = a - b; return d < -1e-4 || d > 1e-4 }
         NR > 1 { x[$1] = $2; y[$1] = $3; z[$1] = $4 }
         END { exit off(x[36], -0.5) || off(x[45], 0.5) || off(y[36], 0) || off(y[45], 0) ||
                    off(x[0], -x[16]) || off(z[31], z[35]) || off(x[30], 0) || z[30] > -0.1 }' face.csv ||
    fail "template: not the mean face that it should be"
good data template --data 300w:a.txt -d 300w:b.txt
cmp -s stdout face.csv || fail "template: two sets are not their sum"
good data template --data=300w:ab.txt@2 -o -
cmp -s stdout face.csv || fail "template: an even weight matters"
good data template -d300w:a.txt
! cmp -s stdout face.csv || fail "template: the second set changes nothing"

# --- classes ---
good data classes --data 300w:ab.txt --template face.csv
says '^40 faces, 40 with a pose$'
says '^profile +[1-9]'
says '^yaw +-?[0-9]'
cp stdout classes
good data classes --data 300w:ab.txt
cmp -s stdout classes || fail "classes: without a template it is not the sets' own mean face"
good data classes --data 300w:a.txt --data 300w:b.txt
cmp -s stdout classes || fail "classes: two sets are not their sum"
good data classes --data 300w:ab.txt --json
lines 1
is_json
says '^\{"v":1,"n":40,"poses":40,"classes":\{"profile":\{"n":[1-9][0-9]*,"share":0\.[0-9]+,"weight":[0-9.]+\},"frontal"'
head -n 3 a.txt >few.txt
run "$PFLD" data classes --data 300w:few.txt
[ "$code" -eq 0 ] || fail "classes of few faces: exit code $code"
[ "$(cat stderr)" = "pfld: the mean face wants at least 20 faces with all 68 points of ibug68, there are 3: poses are told by the neutral face" ] ||
    fail "classes of few faces: it is not said by what face the poses are told"

# --- sheets ---
is_png() { [ "$(head -c 4 "$1" | od -An -tx1)" = " 89 50 4e 47" ] || fail "$1 is not PNG"; }
good data sheet --data 300w:ab.txt -o sheet.png -n 9 --turn 0
[ ! -s stdout ] || fail "sheet: something on stdout"
is_png sheet.png
good data sheet --data 300w:ab.txt -o same.png -n 9 --turn 0 --template face.csv
cmp -s sheet.png same.png || fail "sheet: without a template it is not the sets' own mean face"
sed 's/^\([0-9]*,\)\([^,]*\),/\1-\2,/; s/--//' face.csv >mirrored.csv
good data sheet --data 300w:ab.txt -o mirrored.png -n 9 --turn 0 --template mirrored.csv
! cmp -s sheet.png mirrored.png || fail "sheet: the template changes nothing"
good data sheet --data 300w:ab.txt -o turned.png -n 9 --turn 1
! cmp -s sheet.png turned.png || fail "sheet: --turn changes nothing"
good data sheet --data 300w:few.txt --template face.csv -o few.png -n 3 --turn 1
run "$PFLD" data sheet --data 300w:few.txt -o few.png -n 3 --turn 1
[ "$code" -eq 0 ] && [ "$(tail -n +2 stderr)" = "pfld: --turn: no face of these sets can be turned: there is no mean face" ] ||
    fail "sheet: faces that cannot be turned"
good data sheet --data 300w:ab.txt -o other.png -n 9 --turn 0 --seed 2
! cmp -s sheet.png other.png || fail "sheet: the seed changes nothing"
good data sheet --data 300w:a.txt --data 300w:b.txt -o - -n 4 --augment none
is_png stdout
good data sheet --data 300w:ab.txt -o sheet.jpg -n 5 --no-points --augment paper --size 40

# --- scenes ---
mkdir none
cp face-1.jpg face-2.jpg none/
printf '%s\n' file,left,top,right,bottom,kind face-3.jpg,10,5,54,60,gt face-3.jpg,1,1,9,9,ignore \
    face-4.jpg,10,5,54,60,auto >boxes.csv
good data scenes --data boxes:boxes.csv --data 300w:a.txt@0.5,part=train --data negatives:none -o scenes.png -n 9 --size 96
[ ! -s stdout ] || fail "scenes: something on stdout"
is_png scenes.png
good data scenes --data boxes:boxes.csv --data 300w:a.txt@0.5,part=train --data negatives:none -o - -n 9 --size 96
cmp -s stdout scenes.png || fail "scenes: not the same pictures twice"
good data scenes --data boxes:boxes.csv -o plain.png --no-augment --zoom 2
good data scenes --data boxes:boxes.csv -o bare.png --no-augment --zoom 2 --no-boxes
! cmp -s plain.png bare.png || fail "scenes: no boxes were drawn"
printf '%s\n' none/gone.jpg,1,2,3,4,gt face-4.jpg,1,2,0,4,gt >>boxes.csv
bad 1 '^pfld: boxes.csv:5: none/gone.jpg: No such file' data scenes --data boxes:boxes.csv -o x.png
run "$PFLD" data scenes --data boxes:boxes.csv -o x.png --skip-bad -n 1
[ "$code" -eq 0 ] || fail "scenes: broken lines are not left out"
grep -q '^pfld: boxes.csv: 2 broken of 5 left out$' stderr || fail "scenes: it is not said what was left out"
bad 1 '^pfld: gone: No such file' data scenes --data negatives:gone -o x.png

# --- labels by a model ---
model=$root/models/pfld-0.25x-ibug68.onnx
head -n 6 a.txt >six.txt
label() { good data label --data 300w:six.txt -m "$model" -o labels.csv --spread 1000 --off 1000 "$@"; }
label
lines 1
is_json
says '^\{"v":1,"output":"labels.csv","n":6,"kept":6,"unread":0,"spread":[0-9.]+,"off":[0-9.]+,"lean":-?[0-9.]+\}$'
[ "$(head -c 17 labels.csv)" = "file,offset,x0,y0" ] || fail "label: another head"
[ "$(wc -l <labels.csv)" -eq 7 ] || fail "label: not 6 faces"
cp labels.csv first.csv
mkdir elsewhere
mv labels.csv elsewhere/
good data classes --data csv68:elsewhere/labels.csv --template face.csv
label --threads 3
cmp -s labels.csv first.csv || fail "label: other labels by several threads"
label --seed 2
! cmp -s labels.csv first.csv || fail "label: the seed changes nothing"
label -m "$root/models/pfld-0.25x-ibug68-int8.onnx"
! cmp -s labels.csv first.csv || fail "label: a second model changes nothing"
label --blend 1
good data label --data csv68:labels.csv -m "$model" -o back.csv --blend 1 --spread 1000 --off 1000
# x may differ by the two leans' rounding
cut -d, -f4,6,8 labels.csv | tail -n +2 >a && cut -d, -f4,6,8 back.csv | tail -n +2 >b
cmp -s a b || fail "label: a blend of 1 is not the list's own points"
label --spread 0.0001
[ "$(wc -l <labels.csv)" -eq 1 ] || fail "label: --spread keeps all"
label --off 0.0001
[ "$(wc -l <labels.csv)" -eq 1 ] || fail "label: --off keeps all"
label --smallest 1000
[ "$(wc -l <labels.csv)" -eq 1 ] || fail "label: --smallest keeps all"
bad 2 '^pfld: first.csv is a list of --data, and is not replaced' data label --data csv68:first.csv -m "$model" -o first.csv
cp face-1.jpg torn.jpg && truncate -s 300 torn.jpg
sed '2s/"[^"]*"/"torn.jpg"/' first.csv >torn.csv
run "$PFLD" data label --data csv68:torn.csv -m "$model" -o labels.csv --spread 1000 --off 1000
[ "$code" -eq 1 ] || fail "label: a photo that can't be read: exit code $code"
grep -q '^pfld: torn.csv:2: torn.jpg: ' stderr || fail "label: it is not said which photo can't be read"
says '"n":6,"kept":5,"unread":1,'
run "$PFLD" data label --data csv68:torn.csv -m "$model" -o labels.csv --spread 1000 --off 1000 --skip-bad
[ "$code" -eq 0 ] || fail "label --skip-bad: exit code $code"
bad 1 '^pfld: no/where.csv: No such file' data label --data 300w:six.txt -m "$model" -o no/where.csv
bad 1 '^pfld: gone.onnx: No such file' data label --data 300w:six.txt -m gone.onnx -o x.csv

# --- wrong use ---
wrong() {
    bad 2 "$@"
    [ ! -s stdout ] || fail "pfld ${*:2}: something on stdout"
}
wrong "^pfld: data: template, classes, sheet, scenes or label is missing" data
wrong "^pfld: data: no 'shet': did you mean sheet\?$" data shet
wrong "^pfld: data: no 'fly': template, classes, sheet, scenes or label is wanted$" data fly
wrong "^pfld: data: unknown option --data: 'pfld help data' lists them$" data --data 300w:a.txt
for part in template classes; do
    wrong "^pfld: data $part: --data SPEC is wanted: 'pfld help data $part' tells more$" data $part
    wrong "^pfld: data $part: '300w:b.txt' is one too many" data $part --data 300w:a.txt 300w:b.txt
done
wrong "^pfld: data sheet: --data SPEC and -o FILE are wanted" data sheet --data 300w:a.txt
wrong "^pfld: data scenes: --data SPEC and -o FILE are wanted" data scenes --data 300w:a.txt
wrong "^pfld: data label: --data SPEC, --model FILE and -o FILE are wanted" data label --data 300w:a.txt -o x.csv
wrong "^pfld: data label: --blend is 0 to 1" data label --data 300w:a.txt -m x.onnx -o x.csv --blend 2
wrong "^pfld: data label: at most 8 models and 16 draws" data label --data 300w:a.txt -m x.onnx -o x.csv --draws 17
wrong "^pfld: data scenes: at most 256 pictures of 512 pixels" data scenes --data 300w:a.txt -o x.png --size 513
wrong "^pfld: 'part=half' is neither part=train nor part=held" data scenes --data boxes:boxes.csv@1,part=half -o x.png
wrong "^pfld: data sheet: --scheme: no such scheme: 'pfld help data sheet' tells more$" data sheet --data 300w:a.txt -o x.png --scheme moon
wrong "^pfld: data sheet: --augment: 'soup' is not one of default, calm, spun, paper, none$" data sheet --data 300w:a.txt -o x.png --augment soup
wrong "^pfld: data sheet: at most 1024 samples" data sheet --data 300w:a.txt -o x.png -n 1025
wrong "^pfld: data sheet: --turn is a share, 0 to 1: " data sheet --data 300w:a.txt -o x.png --turn 1.5
wrong "^pfld: data sheet: --shut is a share, 0 to 1: " data sheet --data 300w:a.txt -o x.png --shut 1.5
wrong "^pfld: '300v' is no format of data: 300w, csv68" data classes --data 300v:a.txt
wrong "^pfld: 'a.txt': data is given as FORMAT:PATH" data classes --data a.txt
wrong "^pfld: the weight '0' is not above 0" data classes --data 300w:a.txt@0
bad 1 '^pfld: no/where.csv: No such file' data template --data 300w:ab.txt -o no/where.csv
bad 1 '^pfld: missing.csv: No such file' data classes --data 300w:ab.txt --template missing.csv
bad 1 '^pfld: a.txt: ' data classes --data 300w:ab.txt --template a.txt
bad 1 '^pfld: the mean face wants at least 20 faces' data template --data 300w:few.txt

# --- broken lists: file, line, reason; counted where they are skipped ---
mkdir sets
cp face-1.jpg face-1.pts sets/
for k in short nan; do cp face-1.jpg sets/$k.jpg; done
sed 20d face-1.pts >sets/short.pts
sed '20s/.*/nan 3/' face-1.pts >sets/nan.pts
cp face-1.pts sets/blind.pts
broken() { # REGEX NAMES...
    local regex=$1 part
    shift
    printf '%s\n' "$@" >sets/list.txt
    for part in template classes "sheet -o x.png"; do
        # shellcheck disable=SC2086
        bad 1 "$regex" data $part --data 300w:a.txt --data 300w:sets/list.txt
        [ ! -s stdout ] || fail "data $part: something on stdout"
    done
}
broken '^pfld: sets/list.txt:2: short.pts: .*67 points' face-1 short
broken "^pfld: sets/list.txt:3: nan.pts: line 20: 'nan' is not a coordinate" face-1 '' nan
broken '^pfld: sets/list.txt:1: blind.jpg: No such file' blind
broken '^pfld: sets/list.txt:2: face-1.jpg is listed twice, first in sets/list.txt:1' face-1 face-1.jpg
broken '^pfld: sets/list.txt: no faces in it' ''
printf '%s\n' face-1 short nan blind face-1 >sets/list.txt
run "$PFLD" data classes --data 300w:ab.txt --data 300w:sets/list.txt --skip-bad
[ "$code" -eq 0 ] || fail "--skip-bad: exit code $code"
says '^41 faces'
[ "$(grep -c '^pfld: sets/list.txt:[2345]: ' stderr)" -eq 4 ] || fail "--skip-bad does not name all"
grep -q '^pfld: sets/list.txt: 4 broken of 5 left out$' stderr || fail "--skip-bad does not count"
printf '%s\n' short nan >sets/list.txt
run "$PFLD" data classes --data 300w:sets/list.txt --skip-bad
[ "$code" -eq 1 ] || fail "--skip-bad of all faces: exit code $code"
grep -q '^pfld: sets/list.txt: no face is left, 2 are broken$' stderr || fail "--skip-bad of all faces"

# --- the data sets at hand ---
photos=$shared/data/landmarks68/300w
if [ -f "$photos/train.txt" ]; then
    good data classes --data "300w:$photos/train.txt"
    says '^1030 faces, 1030 with a pose$'
    says '^frontal +706 +68.5 %'
else
    echo "skipped: 300-W's training faces: no $photos"
fi
