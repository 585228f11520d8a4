#!/bin/bash
# pfld train under mpirun: the loss of one process, whatever the number of ranks; a rank that is
# killed, one that is told to stop, one that cannot go on. $PFLD_MPIRUN is empty without MPI.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/faces.bash
. "$root/tests/e2e/faces.bash"
# shellcheck source=tests/e2e/spots.bash
. "$root/tests/e2e/spots.bash"
make_faces train 1 30
make_faces val 31 4

if [ -z "${PFLD_MPIRUN:-}" ]; then
    run env OMPI_COMM_WORLD_SIZE=2 "$PFLD" train --data 300w:train.txt --out no
    [ "$code" -eq 1 ] || fail "without MPI, as one of two: exit code $code"
    grep -q '^pfld: started as several processes, but this pfld was built without MPI' stderr ||
        fail "without MPI, as one of two: it is not said"
    [ ! -e no ] || fail "without MPI, as one of two: it trains"
    echo "skipped: built without MPI, or mpirun is missing"
    exit 77
fi

# As root, in a container, on few cores: for Open MPI, which takes options from the environment.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1
export OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 # MPI's own
# shellcheck disable=SC2016 # the inner shell's
ranks() { # N ARGUMENTS...: of pfld, run so many times; their numbers go to pid.RANK
    local n=$1 become=
    shift
    [ "$BASHPID" -eq $$ ] || become=exec # in the background, so that $! is mpirun
    $become "$PFLD_MPIRUN" -n "$n" sh -c \
        'echo $$ >"pid.${OMPI_COMM_WORLD_RANK:-$PMI_RANK}"; exec "$@"' sh "$PFLD" "$@" </dev/null
}
# With so low a rate that rounding is not blown up by what Adam makes of tiny gradients.
tiny=(--data 300w:train.txt --val 300w:val.txt --width 0.05 --size 32 --batch 5 --threads 1)
often=(--steps 20 --rate 1e-5 --warm-up 0 --eval-every 10 --log-every 1 -q)
fields() { # FILE: what the log says of the loss
    sed 's/.*"loss":\([^,]*\),.*"grad_norm":\([^,]*\),"val_nme":\([^,]*\),.*/\1 \2 \3/; s/null/0/' "$1"
}

# --- 20 steps: one process; two ranks up to step 17, then three ---
good train "${tiny[@]}" "${often[@]}" --out one
run ranks 2 train "${tiny[@]}" "${often[@]}" --out many --stop-after 17
[ "$code" -eq 0 ] || fail "two ranks: exit code $code"
[ "$(wc -l <stdout)" -eq 1 ] || fail "two ranks: not one result"
says '"step":17,"stopped":true'
[ ! -s stderr ] || fail "two ranks: says something on stderr"
run ranks 3 train "${tiny[@]}" "${often[@]}" --out many --resume
[ "$code" -eq 0 ] || fail "three ranks go on: exit code $code"
grep -q '^pfld: 3 ranks go on with a run of 2: the same to rounding, not to the bit$' stderr ||
    fail "another number of ranks is not said"
grep -q '^pfld: going on from step 17$' stderr || fail "three ranks do not say where they go on"
[ "$(wc -l <stderr)" -eq 2 ] || fail "three ranks say more than one would"
paste -d' ' <(fields one/log.jsonl) <(fields many/log.jsonl) >both
[ "$(wc -l <both)" -eq 20 ] || fail "not 20 steps in the logs"
awk 'function off(a, b) { return (a - b) / (a + 1e-9) }
     $6 == 0 { $3 = 0 } # of this session there is none yet
     { for (i = 1; i <= 3; i++) if (off($i, $(i + 3)) ^ 2 > 1e-5 ^ 2) { print; bad = 1 } }
     END { exit bad }' both >&2 || fail "the losses of ranks are not those of one process"
for f in best.onnx last.onnx curves.png; do
    [ -s "many/$f" ] || fail "ranks leave no $f"
done
good info many/last.onnx
says '"threads":1,"ranks":3,"augment"'

# --- a detector ---
for i in 1 2 3; do rects $i.ppm 160 128 16,16,48,24,128 96,64,48,24,255; done
{
    echo file,left,top,right,bottom
    printf '%s,15.5,15.5,63.5,63.5\n' 1.ppm 2.ppm 3.ppm
} >boxes.csv
detector=(--detector --width 0.25 --size 64 --batch 5 --steps 4 --threads 1 -q --rate 1e-5 --warm-up 0
    --log-every 1 --eval-every 4 --data boxes:boxes.csv --val boxes:boxes.csv)
good train "${detector[@]}" --out spots
run ranks 2 train "${detector[@]}" --out spots2
[ "$code" -eq 0 ] || fail "a detector by two ranks: exit code $code"
details() { sed 's/.*"loss":\([^,]*\),"score":\([^,]*\),"box":\([^,]*\),.*"cells":\([^,]*\),.*/\1 \2 \3 \4/' "$1"; }
paste -d' ' <(details spots/log.jsonl) <(details spots2/log.jsonl) >both
awk '{ for (i = 1; i <= 4; i++) if (($i / $(i + 4) - 1) ^ 2 > 1e-5 ^ 2) { print; bad = 1 } }
     END { exit bad || NR != 4 }' both >&2 || fail "a detector by two ranks has another loss"
[ -s spots2/last.onnx ] || fail "a detector by two ranks is not written"

# --- a killed rank ends all; the last checkpoint goes on with what is left ---
long=(--steps 100000 --checkpoint-minutes 0.001 --eval-every 100000 -q)
ranks 2 train "${tiny[@]}" "${long[@]}" --out killed >stdout 2>stderr &
job=$!
for ((i = 0; i < 1200; i++)); do
    [ ! -s killed/checkpoint.prev ] || break
    sleep 0.1
done
[ -s killed/checkpoint.prev ] || fail "no checkpoint to go on with"
kill -KILL "$(cat pid.1)"
code=0
wait "$job" || code=$?
[ "$code" -ne 0 ] || fail "a rank was killed, and the exit code is 0"
grep -qi 'rank 1 .*signal 9' stderr || fail "it is not said that rank 1 was killed"
for ((i = 0; i < 300; i++)); do # dead, but perhaps not buried
    kill -0 "$(cat pid.0)" 2>/dev/null || break
    sleep 0.1
done
[ "$i" -lt 300 ] || fail "rank 0 lives on"
run "$PFLD" train "${tiny[@]}" "${long[@]}" --out killed --resume --stop-after 1
[ "$code" -eq 0 ] || fail "going on alone: exit code $code"
grep -q '^pfld: 1 ranks go on with a run of 2' stderr || fail "going on alone is not said"
says '"stopped":true'

# --- a signal to mpirun that it passes on stops all behind the same step ---
mkfifo words
ranks 2 train "${tiny[@]}" "${long[@]:0:${#long[@]}-1}" --out stopped >stdout 2>words &
job=$!
exec 5<words
read -r first <&5 # from here on signals are caught
kill -USR1 "$job"
cat <&5 >stderr
code=0
wait "$job" || code=$?
exec 5<&-
[ "$code" -eq 0 ] || fail "SIGUSR1: exit code $code"
says '"stopped":true'
[[ $first == "2 ranks, "* ]] || fail "it is not said that there are two ranks: $first"
[ -s stopped/checkpoint ] || fail "SIGUSR1: no checkpoint"

# --- what one cannot do, none does; it is said once ---
refused() { # CODE REGEX N OPTION...
    local wanted=$1 regex=$2 n=$3
    shift 3
    run ranks "$n" train "${tiny[@]}" --steps 4 -q --out no "$@"
    [ "$code" -eq "$wanted" ] || fail "$n ranks, $*: exit code $code, not $wanted"
    [ "$(grep -c '^pfld: ' stderr)" -eq 1 ] || fail "$n ranks, $*: not one line"
    grep -qE "$regex" stderr || fail "$n ranks, $*: '$regex' is not in the line"
}
refused 2 '^pfld: a batch of 1 is too small for 2 processes$' 2 --batch 1
refused 1 '^pfld: missing.txt: No such file' 2 --data 300w:missing.txt
refused 2 '^pfld: many holds a run already' 2 --out many
cp face-1.pts bad.pts && printf 'x y' >bad.jpg && echo bad >bad.txt
refused 1 '^pfld: (rank 1 of 2: )?bad.jpg' 2 --data 300w:bad.txt@1000
