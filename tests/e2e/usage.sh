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
wrong "where are the faces\?" detect face.ppm --model tiny.onnx
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
