#!/bin/bash
# pfld train: the same bits again, after a stop, after a torn checkpoint; what it leaves in DIR; what
# it says of bad data.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
make_faces train 1 30
make_faces val 31 6

tiny=(--data 300w:train.txt --val 300w:val.txt --width 0.1 --size 32 --batch 4 --steps 6 -q)
often=(--eval-every 2 --log-every 2)
train() { # DIR OPTION...: in silence
    good train "${tiny[@]}" "${often[@]}" --threads 1 --out "$@"
}
same() { # A B FILE...: bit for bit
    local a=$1 b=$2 f
    shift 2
    for f in "$@"; do
        cmp "$a/$f" "$b/$f" >&2 || fail "$a and $b differ in $f"
    done
}
steps_logged() { # DIR: the steps of its log, in one line
    sed 's/.*"step":\([0-9]*\),.*/\1/' "$1/log.jsonl" | tr '\n' ' '
}

# --- two runs of one seed are one; another seed is another ---
train a
is_json
says '^\{"v":1,"out":"a","step":6,"stopped":false,"val_nme":[0-9.]+,"best_nme":[0-9.]+,"best_step":[246],'
[ "$(steps_logged a)" = "2 4 6 " ] || fail "the log has steps $(steps_logged a)"
train b --loader-threads 2
same a b best.onnx last.onnx checkpoint
train c --seed 7
! cmp -s a/last.onnx c/last.onnx || fail "another seed makes the same net"

# --- what cannot be turned is said, and not in the record ---
head -n 3 train.txt >flat.txt
run "$PFLD" train --data 300w:flat.txt --width 0.1 --size 32 --batch 2 --steps 1 -q --turn 0.5 --out flat
[ "$code" -eq 0 ] || fail "three faces: exit code $code"
grep -q "^pfld: --turn: no face of these sets can be turned: there is no mean face$" stderr ||
    fail "it is not said that no face can be turned"
grep -aqE '"turn":0(\.0)?,' flat/last.onnx || fail "the record has turned faces"
grep -aqE '"turn":0\.1' a/last.onnx || fail "the record has no turned faces"

# --- a stop and a resume leave no trace: ours, and the paper's loss with its auxiliary net ---
variants=(
    ""
    "--loss pfld --ema 0.9 --loader-threads 2 --tail pool"
    "--recipe paper --aux 0.5 --aux-width 0.2"
    "--augment none --loss adaptive-wing --ema 0"
)
for i in "${!variants[@]}"; do
    read -ra options <<<"${variants[i]}"
    train "whole$i" "${options[@]}"
    train "part$i" "${options[@]}" --stop-after 3
    says '"step":3,"stopped":true'
    [ ! -e "part$i/last.onnx" ] || fail "last.onnx of a run that was stopped"
    [ "$(steps_logged "part$i")" = "2 3 " ] || fail "stopped: the log has $(steps_logged "part$i")"
    run "$PFLD" train "${tiny[@]}" "${often[@]}" --threads 1 --out "part$i" "${options[@]}" --resume
    [ "$code" -eq 0 ] || fail "resume: exit code $code"
    [ "$(cat stderr)" = "pfld: going on from step 3" ] || fail "resume does not say where it goes on"
    [ "$(steps_logged "part$i")" = "2 3 4 6 " ] || fail "resumed: $(steps_logged "part$i")"
    same "whole$i" "part$i" best.onnx last.onnx checkpoint
done
cmp -s whole0/last.onnx a/last.onnx || fail "the third run of a seed differs"
for i in 1 2 3; do
    ! cmp -s whole0/last.onnx "whole$i/last.onnx" || fail "'${variants[i]}' changes nothing"
done

# --- a run that was over is only validated again ---
run "$PFLD" train "${tiny[@]}" "${often[@]}" --threads 1 --out a --resume
[ "$code" -eq 0 ] || fail "resume of a run that is over: exit code $code"
same a b best.onnx last.onnx checkpoint

# --- Ctrl-C: the checkpoint is written, the code is 0, and the run goes on ---
mkfifo words
"$PFLD" train "${tiny[@]:0:${#tiny[@]}-3}" --steps 100000 --threads 1 --out stopped >stdout 2>words &
pid=$!
exec 5<words
read -r _ <&5 # the table of classes: from here on signals are caught
kill -INT "$pid"
cat <&5 >stderr
code=0
wait "$pid" || code=$?
exec 5<&-
[ "$code" -eq 0 ] || fail "Ctrl-C: exit code $code"
says '"stopped":true'
[ -s stopped/checkpoint ] || fail "Ctrl-C: no checkpoint"
[ -s stopped/curves.png ] || fail "Ctrl-C: no curves"
run "$PFLD" train "${tiny[@]:0:${#tiny[@]}-3}" --steps 100000 --threads 1 --out stopped --resume \
    --stop-after 1
[ "$code" -eq 0 ] || fail "going on after Ctrl-C: exit code $code"
grep -q 'going on from step [1-9]' stderr || fail "going on after Ctrl-C: from where?"

# --- a torn checkpoint: the one before is used, aloud, to the same end ---
train torn --stop-after 2
run "$PFLD" train "${tiny[@]}" "${often[@]}" --threads 1 --out torn --resume --stop-after 2
cp -r torn kept
size=$(stat -c %s torn/checkpoint)
for n in 0 1 27 28 1000 $((size / 2)) $((size - 1)); do
    rm -r torn && cp -r kept torn
    truncate -s "$n" torn/checkpoint
    run "$PFLD" train "${tiny[@]}" "${often[@]}" --threads 1 --out torn --resume
    [ "$code" -eq 0 ] || fail "torn at $n: exit code $code"
    grep -q '^pfld: torn/checkpoint.*going on from the one before$' stderr ||
        fail "torn at $n: not said"
    grep -q '^pfld: going on from step 2$' stderr || fail "torn at $n: not from step 2"
    [ "$(steps_logged torn)" = "2 4 6 " ] || fail "torn at $n: logged $(steps_logged torn)"
    same a torn best.onnx last.onnx checkpoint
done
rm -r torn && cp -r kept torn
truncate -s 100 torn/checkpoint torn/checkpoint.prev
bad 1 '^pfld: torn/checkpoint' train "${tiny[@]}" --threads 1 --out torn --resume
rm -r torn && cp -r kept torn
printf '{"v":1,"step":5,"seconds":1.0,"loss":1,' >>torn/log.jsonl # by a power cut
run "$PFLD" train "${tiny[@]}" "${often[@]}" --threads 1 --out torn --resume
[ "$(steps_logged torn)" = "2 4 6 " ] || fail "a torn line of the log stays: $(steps_logged torn)"

# --- what does not belong together ---
bad 2 'part0/checkpoint is of a run with other options or data' \
    train "${tiny[@]}" --threads 1 --out part0 --resume --seed 2
run "$PFLD" train "${tiny[@]}" --threads 1 --out fresh --resume
[ "$(cat stderr)" = "pfld: no checkpoint yet: starting from the beginning" ] ||
    fail "resume without a checkpoint is not said"

# --- the log is whole, and the curves are pictures of it ---
cp a/log.jsonl stdout
is_json
says '^\{"v":1,"step":2,"seconds":[0-9.]+,"samples_per_second":[0-9.]+,"rate":[0-9.e-]+,"loss":[0-9.]+,"distance":.*"grad_norm":[0-9.]+,"val_nme":[0-9.]+,"best_nme":[0-9.]+,"best_step":2\}$'
[ "$(head -c 4 a/curves.png | od -An -tx1)" = " 89 50 4e 47" ] || fail "curves.png is not PNG"
grep -q '<svg' a/curves.svg || fail "curves.svg is not SVG"
train odd --eval-every 3 --log-every 4
[ "$(steps_logged odd)" = "3 4 6 " ] || fail "a validation is not logged: $(steps_logged odd)"
mkdir blocked blocked/curves.svg
touch blocked/curves.svg/stay
bad 1 '^pfld: blocked/curves.svg: ' train "${tiny[@]}" "${often[@]}" --threads 1 --out blocked
[ -s blocked/last.onnx ] || fail "a run ends because of its curves"

# --- the model is a file that the other commands take ---
good info a/last.onnx
says 'landmark model'
says 'scheme +ibug68$'
says 'crop +scale=1.2 shift=0,0$'
says 'pixels +rgb,-1..1$'
says 'pfld.licence: '
says 'pfld.training: \{"recipe":"default","width":0.1,'
says 'pfld.metrics: \{"step":6,"val_nme_inter_ocular":'
good info whole1/last.onnx
says 'output +landmarks \?x136$' # no angles
# The error that training saw is the one of the exported file by way of eval.
trained=$(sed -n '$s/.*"val_nme":\([0-9.]*\),.*/\1/p' a/log.jsonl)
"$PFLD" eval --model a/last.onnx --data 300w:val.txt --passes 1 --threads 1 >stdout 2>stderr ||
    fail "eval of a trained model"
measured=$(sed 's/.*"nme":\([0-9.]*\),.*/\1/; q' stdout)
awk -v a="$trained" -v b="$measured" 'BEGIN { d = a - b; exit !(a > 0 && d < 2e-3 && d > -2e-3) }' ||
    fail "the trainer's NME is $trained, the exported file's $measured"

# --- bad data: one line that names file and line ---
bad_train() { # REGEX OPTION...
    local regex=$1
    shift
    bad 1 "$regex" train --width 0.1 --size 32 --steps 1 --batch 2 -q --out no "$@"
}
mkdir sets && cd sets
for k in 1 2 3; do cp ../face-"$k".{jpg,pts} .; done
cd ..
lists() { printf '%s\n' "$@" >sets/list.txt; }
sed '20d' face-1.pts >sets/short.pts && cp face-1.jpg sets/short.jpg
lists face-1 short
bad_train '^pfld: sets/list.txt:2: short.pts: .*67 points' --data 300w:sets/list.txt
sed '20s/.*/nan 3/' face-1.pts >sets/nan.pts && cp face-1.jpg sets/nan.jpg
lists face-1 face-2 nan
bad_train "^pfld: sets/list.txt:3: nan.pts: .*'nan'" --data 300w:sets/list.txt
cp face-1.pts sets/blind.pts
lists blind
bad_train '^pfld: sets/list.txt:1: blind.jpg: No such file' --data 300w:sets/list.txt
lists face-1 face-2 face-1
bad_train '^pfld: sets/list.txt:3: face-1.jpg is listed twice, first in sets/list.txt:1' \
    --data 300w:sets/list.txt
: >sets/list.txt
bad_train '^pfld: sets/list.txt: no faces in it' --data 300w:sets/list.txt
bad_train '^pfld: .*missing.txt: No such file' --data 300w:sets/missing.txt
bad_train '^pfld: sets/list.txt: no faces' --data 300w:train.txt --val 300w:sets/list.txt
printf 'x y' >sets/face-3.jpg # the reader does not look inside, the loader does
lists face-3
bad_train 'face-3.jpg' --data 300w:sets/list.txt --template <("$PFLD" data template --data 300w:train.txt)
bad 2 "'300v' is no format of data" train --data 300v:train.txt --out no
bad 2 "train: --data is missing: 'pfld help train' tells more" train --out no
bad 2 "train: --out is missing" train --data 300w:train.txt
bad 2 "train: --geometry and --no-geometry contradict each other" train --data 300w:train.txt \
    --out no --geometry --no-geometry
bad 2 "train: --classes and --no-classes contradict each other" train --data 300w:train.txt \
    --out no --no-classes --classes
bad 2 "train: --scheme: no such scheme" train --data 300w:train.txt --out no --scheme moon
bad 2 "^pfld: train.txt:1: points of scheme ibug68 do not fit a net of wflw98" \
    train --data 300w:train.txt --out no --scheme wflw98 -q
bad 2 "crops of 600 pixels" train --data 300w:train.txt --out no --size 600 -q
run "$PFLD" train --data 300w:val.txt --out few --steps 1 --batch 2 --width 0.1 --size 32 -q
[ "$code" -eq 0 ] || fail "few faces: exit code $code"
grep -q '^pfld: the mean face wants .*: poses are told by the neutral face$' stderr ||
    fail "few faces: it is not said by what face the poses are told"
lists face-1 short face-2 nan blind
run "$PFLD" train "${tiny[@]}" --data 300w:sets/list.txt --skip-bad --threads 1 --out skipped
[ "$code" -eq 0 ] || fail "--skip-bad: exit code $code"
grep -q '^pfld: sets/list.txt: 3 broken of 5 left out$' stderr || fail "--skip-bad does not count"
[ "$(grep -c '^pfld: sets/list.txt:[245]: ' stderr)" -eq 3 ] || fail "--skip-bad does not name all"

# a photo that reading the list does not look into
lists face-1 face-3 face-2
cp face-2.pts sets/face-3.pts
run "$PFLD" train "${tiny[@]}" --data 300w:sets/list.txt --skip-bad --threads 1 --out blind
[ "$code" -eq 0 ] || fail "--skip-bad, a photo that is none: exit code $code"
grep -q 'sets/face-3.jpg' stderr || fail "--skip-bad does not name the photo"

# --- a run is not begun over another one, nor gone on with by other labels ---
bad 2 '^pfld: a holds a run already: --resume goes on with it' train "${tiny[@]}" --out a
train deep/er/still --stop-after 1
[ -s deep/er/still/checkpoint ] || fail "folders above --out are not made"
cp face-1.pts face-1.kept
sed '5s/.*/20 20/' face-1.kept >face-1.pts
bad 2 'deep/er/still/checkpoint is of a run with other options or data' \
    train "${tiny[@]}" "${often[@]}" --threads 1 --out deep/er/still --resume
mv face-1.kept face-1.pts

# --- nothing to choose by ---
run "$PFLD" train --data 300w:train.txt --out blindly --steps 1 --batch 2 --width 0.1 --size 32 -q
grep -q '^pfld: there is no --val: best.onnx was not written$' stderr || fail "no --val is not said"
[ ! -e blindly/best.onnx ] || fail "best.onnx without a validation"
