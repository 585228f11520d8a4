#!/bin/bash
# Wrong command lines: exit code 2, one sentence that helps, nothing on stdout.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
make_fixtures

wrong() {
    bad 2 "$@"
    [ ! -s stdout ] || fail "pfld ${*:2}: something on stdout"
}
detect=(detect face.ppm --model tiny.onnx --box '20,20,80,80')

run "$PFLD"
[ "$code" -eq 2 ] || fail "without arguments: exit code $code"
grep -q 'Usage: pfld COMMAND' stderr || fail "without arguments: no usage"
[ ! -s stdout ] || fail "without arguments: something on stdout"

wrong "did you mean detect\?" detcet face.ppm
wrong "no command 'fly': 'pfld help' lists them" fly
wrong "a command is wanted before --model" --model tiny.onnx
wrong "'detect' is one too many: pfld --version" --version detect
wrong "'x' is one too many: pfld --help" --help x
wrong "did you mean info\?" help ifno
wrong "--completion: 'fish' is not one of bash, zsh" help --completion fish
wrong "do not go together" help --man detect

wrong "FILE is missing" detect --box 1,2,3,4 --model tiny.onnx
wrong "detect: FILE wanted, '' found" detect '' --box 1,2,3,4 --model tiny.onnx
for search in "--max-faces 1" "--threshold 0.5" "--presence 0" "--min-face 20" "--max-side 320" \
    --turns --no-landmarks; do
    # shellcheck disable=SC2086
    wrong "--box and ${search%% *} contradict each other" "${detect[@]}" $search
done
wrong "--boxes and --turns contradict" detect face.ppm --boxes b.csv --turns
for landmarks in "--model tiny.onnx" "--scheme five" "--input bgr" "--crop 1" "--output o" \
    "--format pts"; do
    # shellcheck disable=SC2086
    wrong "--no-landmarks and ${landmarks% *}.* contradict" detect face.ppm --no-landmarks $landmarks
done
wrong "--turns and --no-turns contradict" detect face.ppm --turns --no-turns
wrong "--box-from tells whose boxes" detect face.ppm --box-from dlib
wrong "one of landmarks, pfld, dlib" "${detect[@]}" --box-from haar
wrong "--threshold: 1.5 is not from 0 to 1" detect face.ppm --threshold 1.5
wrong "--presence: 2 is not from 0 to 1" detect face.ppm --presence 2
wrong "a number from 0" detect face.ppm --threshold -1
wrong "whole number from 64 " detect face.ppm --max-side 63
wrong "--max-side: 4097 is more than 4096" detect face.ppm --max-side 4097
wrong "whole number from 1 " detect face.ppm --max-faces 0
wrong "whole number from 1 " detect face.ppm --jobs 0
wrong "--min-face: '0' is not a number above 0" detect face.ppm --min-face 0
wrong "--null tells how names end in a list" "${detect[@]}" --null
wrong "--resume goes on with a file" "${detect[@]}" --resume
wrong "--resume and --force contradict" "${detect[@]}" --results r --resume --force
wrong "--resume and --format pts contradict" "${detect[@]}" --results r --resume --format pts
wrong "'-' is given twice" "${detect[@]}" - -
wrong "'-' is given twice" detect - --files-from -
wrong "'-' is given twice" detect --files-from - --boxes -
wrong "'-' is given twice" detect - --detector -
wrong "did you mean --format\?" "${detect[@]}" --fromat csv
wrong "--box: 'a,b' is not l,t,r,b: 4 numbers wanted" "${detect[@]}" --box a,b
wrong "right must be greater than left" "${detect[@]}" --box 9,1,3,4
wrong "bottom must be greater than top" "${detect[@]}" --box 1,9,3,4
wrong "4 numbers wanted" "${detect[@]}" --box nan,1,3,4
wrong "4 numbers wanted" "${detect[@]}" --box 1,1,1e99,4
wrong "one of json, csv, pts" "${detect[@]}" --format xml
wrong "--json and --format csv contradict" "${detect[@]}" --json --format csv
wrong "--json can't go there too" "${detect[@]}" -o - --json
wrong "holds one face" "${detect[@]}" --box 1,1,50,50 --format pts
wrong "holds one face" "${detect[@]}" tiny.onnx --format pts
wrong "a folder is wanted" "${detect[@]}" in.npy -o drawn.png
mkdir photos
wrong "a folder is wanted" detect photos -o drawn.png
wrong "a folder is wanted" detect '*.jpg' -o -
wrong "a folder is wanted" detect --files-from list -o drawn.png
wrong "holds one face" detect photos --format pts
wrong "holds one face" detect --files-from list --format pts
wrong "an instruction set: auto, scalar" "${detect[@]}" --isa mmx
wrong "above 0" "${detect[@]}" --crop 0
wrong "above 0" "${detect[@]}" --crop 1,1
wrong "tiny.onnx: .*scheme 'moon'" "${detect[@]}" --scheme moon
wrong "tiny.onnx: .*'purple'" "${detect[@]}" --input purple
wrong "tiny.onnx: .*output 'none'" "${detect[@]}" --output none
PFLD_ISA=mmx wrong "PFLD_ISA: 'mmx' is not an instruction set" "${detect[@]}"

wrong "'b.onnx' is one too many" info a.onnx b.onnx
wrong "'x' is one too many: pfld help detect" help detect x
wrong "'x' is one too many: pfld help" help data sheet x
wrong "data: no 'shet': did you mean sheet\?" help data shet
wrong "--json takes no value" info tiny.onnx --json=yes
wrong "--runs: '0' is not a whole number from 1" bench --model tiny.onnx --runs 0
wrong "one too many" bench tiny.onnx --model tiny.onnx
wrong "there is no CPU 999999" bench --model tiny.onnx --pin 999999
wrong "MODEL or IN.npy is missing" run tiny.onnx -o .
wrong "where do the outputs go\?" run tiny.onnx in.npy
wrong "one file too many" run tiny.onnx in.npy in.npy -o .
wrong "input image is given twice" run tiny.onnx image=in.npy image=in.npy -o .
