#!/bin/bash
# pfld detect over many pictures: folders, patterns, lists, threads, results that are gone on with.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
# shellcheck source=tests/e2e/spots.bash
. "$root/tests/e2e/spots.bash"
make_fixtures
find=("${spot[@]}" --no-landmarks --no-turns --max-side 160)

mkdir -p photos/sub/deep photos/.hidden
for i in 0 1 2 3 4 5 6; do # of growing scores, one without a face
    rects "photos/$i.ppm" 160 128 $((16 * i)),32,16,8,$((120 + 20 * i))
done
rects photos/3.ppm 160 128
cp photos/6.ppm photos/sub/a.PPM
cp photos/5.ppm photos/sub/deep/a.ppm
cp photos/6.ppm photos/.hidden/x.ppm
cp photos/6.ppm photos/.x.ppm
cp photos/6.ppm photos/noending
ln -s .. photos/sub/loop
files() { grep -o '"file":"[^"]*"' "${1:-stdout}" | cut -d'"' -f4 | tr '\n' ' '; }
all="photos/0.ppm photos/1.ppm photos/2.ppm photos/3.ppm photos/4.ppm photos/5.ppm photos/6.ppm "

# --- folders and patterns ---
good "${find[@]}" photos
[ "$(files)" = "$all" ] || fail "a folder: $(files)"
cp stdout folder
good "${find[@]}" photos/ -j 1
cmp -s stdout folder || fail "photos/ is not photos"
good "${find[@]}" photos -r
[ "$(files)" = "${all}photos/sub/a.PPM photos/sub/deep/a.ppm " ] || fail "--recursive: $(files)"
cp stdout below
good "${find[@]}" 'photos/[0-9].ppm'
cmp -s stdout folder || fail "a pattern: $(files)"
good "${find[@]}" photos/[0-9].ppm
cmp -s stdout folder || fail "a pattern of the shell: $(files)"
cp photos/0.ppm 'photos/[0-9].ppm'
good "${find[@]}" 'photos/[0-9].ppm'
[ "$(files)" = "photos/[0-9].ppm " ] || fail "a file of the pattern's name: $(files)"
rm 'photos/[0-9].ppm'
mkdir empty
bad 1 "^pfld: empty/: no pictures in this folder \(--recursive" "${find[@]}" empty photos
cmp -s stdout folder || fail "an empty folder spoils another"
bad 1 "^pfld: \*.gif: no file of this name, and none matches" "${find[@]}" '*.gif' photos
if [ "$(id -u)" -ne 0 ]; then
    mkdir shut && chmod 0 shut
    bad 1 "^pfld: shut: Permission denied" "${find[@]}" shut photos
fi

# --- lists ---
ls photos/?.ppm >list
good "${find[@]}" --files-from list
cmp -s stdout folder || fail "a list: $(files)"
sed 's/$/\r/' list >dos
good "${find[@]}" --files-from dos
cmp -s stdout folder || fail "a list of DOS: $(files)"
run "$PFLD" "${find[@]}" --files-from - <list
[ "$code" -eq 0 ] && cmp -s stdout folder || fail "a list on stdin: $(files)"
tr '\n' '\0' <list >list0
for null in --null -0; do
    run "$PFLD" "${find[@]}" $null --files-from - <list0
    [ "$code" -eq 0 ] && cmp -s stdout folder || fail "$null: $(files)"
done
{ echo missing.jpg; cat list; } >with_missing
bad 1 "^pfld: missing.jpg: No such file" "${find[@]}" --files-from with_missing
cmp -s stdout folder || fail "a missing file spoils the list"
bad 1 "^pfld: nowhere: No such file" "${find[@]}" --files-from nowhere
: >nothing
good "${find[@]}" --files-from nothing
lines 0
cp photos/5.ppm $'odd\n"name\xff.ppm'
printf '%s\0' $'odd\n"name\xff.ppm' >odd
run "$PFLD" "${find[@]}" -0 --files-from - <odd
[ "$code" -eq 0 ] || fail "a hostile name: exit code $code"
lines 1
is_json

# --- threads change nothing ---
for ((i = 0; i < 15; i++)); do cat with_missing; done >long
run "$PFLD" "${find[@]}" --files-from long --jobs 1
[ "$code" -eq 1 ] || fail "--jobs 1: exit code $code"
cp stdout one
cp stderr said
[ "$(wc -l <one)" -eq 105 ] || fail "--jobs 1: $(wc -l <one) lines"
for jobs in "-j 2" "-j 5" ""; do
    # shellcheck disable=SC2086
    run "$PFLD" "${find[@]}" --files-from long $jobs
    [ "$code" -eq 1 ] || fail "$jobs: exit code $code"
    cmp -s stdout one || fail "$jobs changes the results"
    cmp -s stderr said || fail "$jobs changes the messages"
done
good "${find[@]}" --jobs 4 photos -r --format csv
cp stdout csv
good "${find[@]}" --jobs 1 photos -r --format csv
cmp -s stdout csv || fail "--jobs changes CSV"
rects four.ppm 160 128 32,16,16,8,140 96,32,16,8,160 32,64,16,8,255 112,80,16,8,200
good "${spot[@]}" -m tiny.onnx four.ppm
[ "$(scores | wc -w)" -eq 4 ] || fail "four faces: $(cat stdout)"
cp stdout one
for jobs in 1 2 5; do # of one picture, faces are worked on at once
    good "${spot[@]}" -m tiny.onnx four.ppm --jobs $jobs
    cmp -s stdout one || fail "--jobs $jobs changes the results of one picture"
done
rm four.ppm

good "${find[@]}" photos --results -
cmp -s stdout folder || fail "--results - is not stdout"

# --- drawn pictures keep their folders, and never meet ---
good "${find[@]}" photos -r -o drawn/ -j 4
cmp -s stdout below || fail "-o changes the results"
(cd drawn && find . -type f | LC_ALL=C sort | tr '\n' ' ') >names
[ "$(cat names)" = "./0.png ./1.png ./2.png ./3.png ./4.png ./5.png ./6.png ./sub/a.png ./sub/deep/a.png " ] ||
    fail "drawn: $(cat names)"
printf '../x.ppm\n%s\n' "$work/photos/0.ppm" >outside
mkdir inner
cp photos/0.ppm x.ppm
(cd inner && "$PFLD" "${find[@]/spot.onnx/../spot.onnx}" --files-from ../outside -o drawn/ >/dev/null) ||
    fail "a list of paths outside"
[ -f inner/drawn/__/x.png ] && [ -f "inner/drawn$work/photos/0.png" ] || fail "$(find inner)"
cp photos/0.ppm photos/0.bmp # told by its bytes
good "${find[@]}" photos -o twice/
[ -f twice/0.png ] && [ -f twice/0.ppm.png ] || fail "two of one name: $(ls twice)"
rm photos/0.bmp
cp drawn/0.png before.png
run "$PFLD" "${find[@]}" photos drawn -o drawn/
[ "$code" -eq 1 ] || fail "drawing over what is there: exit code $code"
cmp -s drawn/0.png before.png || fail "a picture was drawn over"

# --- --force replaces no picture that is still to be read ---
mkdir both
cp photos/0.ppm both/0.ppm
cp drawn/1.png both/0.png # the name that 0.ppm's picture has; it sorts before, and is read after
cp both/0.png before.png
run "$PFLD" "${find[@]}" both/0.ppm both/0.png -o both --force
[ "$code" -eq 1 ] || fail "an input would be replaced: exit code $code"
grep -q '^pfld: both/0.png would be overwritten by the picture of both/0.ppm' stderr || fail "it is not said"
cmp -s both/0.png before.png || fail "an input was replaced"
good "${find[@]}" both/0.ppm -o both --force
cmp -s both/0.png before.png && fail "--force does not replace what is no input"
bad 2 "--force could replace a picture that --files-from - names later" "${find[@]}" --files-from - \
    -o both --force <with_missing
rm -r both

# --- pipes that a folder holds or a pattern matches are not waited for ---
mkdir pipes
mkfifo pipes/a.jpg
cp photos/0.ppm pipes/b.ppm
good "${find[@]}" pipes
[ "$(files)" = "pipes/b.ppm " ] || fail "a folder with a pipe: $(files)"
good "${find[@]}" 'pipes/*'
[ "$(files)" = "pipes/b.ppm " ] || fail "a pattern that matches a pipe: $(files)"
bad 1 'pipes/a[*]: nothing that it matches is a file or a folder' "${find[@]}" 'pipes/a*'
rm -r pipes

# --- results in a file, and going on with it ---
good "${find[@]}" photos --results r.jsonl
[ ! -s stdout ] || fail "--results: something on stdout"
cmp -s r.jsonl folder || fail "--results changes the results"
bad 2 "r.jsonl has something in it: --resume .* --force" "${find[@]}" photos --results r.jsonl
cmp -s r.jsonl folder || fail "results were written over"
good "${find[@]}" photos -r --results r.jsonl --resume
cmp -s r.jsonl below || fail "--resume: $(files r.jsonl)"
good "${find[@]}" photos -r --results r.jsonl --resume
cmp -s r.jsonl below || fail "--resume of what is complete: $(files r.jsonl)"
good "${find[@]}" photos --results r.jsonl --force
cmp -s r.jsonl folder || fail "--force: $(files r.jsonl)"
good "${find[@]}" photos -r --results new.jsonl --resume -j 4
cmp -s new.jsonl below || fail "--resume without a file"
for ((size = $(stat -c %s below), i = 0; i <= 10; i++)); do # killed at any byte
    head -c $((size * i / 10)) below >r.jsonl
    good "${find[@]}" photos -r --results r.jsonl --resume -j $((i % 3 + 1))
    cmp -s r.jsonl below || fail "--resume behind $((size * i / 10)) bytes: $(files r.jsonl)"
done
rects photos/two.ppm 160 128 32,16,16,8,140 96,64,16,8,255
good "${find[@]}" photos -r --format csv
cp stdout csv
for ((size = $(stat -c %s csv), i = 0; i <= 10; i++)); do
    head -c $((size * i / 10)) csv >r.csv
    good "${find[@]}" photos -r --format csv --results r.csv --resume
    cmp -s r.csv csv || fail "--resume of CSV behind $((size * i / 10)) bytes"
done
rm photos/two.ppm
echo "dear diary" >diary
cp diary before
bad 1 "^pfld: diary: line 1 is no result of pfld detect" "${find[@]}" photos --results diary --resume
bad 1 "^pfld: diary: line 1 is not the header" "${find[@]}" photos --results diary --resume -f csv
bad 1 "^pfld: r.csv: line 1 is no result" "${find[@]}" photos --results r.csv --resume
bad 1 "^pfld: r.csv: line 1 is not the header" "${spot[@]}" -m tiny.onnx photos --results r.csv \
    --resume -f csv
cmp -s diary before || fail "--resume changed a file that is not its own"
rm -f r.jsonl
bad 1 "^pfld: missing.jpg" "${find[@]}" --files-from with_missing --results r.jsonl
cp photos/0.ppm missing.jpg
good "${find[@]}" --files-from with_missing --results r.jsonl --resume # what failed is tried again
[ "$(files r.jsonl)" = "${all}missing.jpg " ] || fail "--resume after a failure: $(files r.jsonl)"
rm missing.jpg
printf 'x' >drawn/0.png # from a run that was killed before it wrote the result
head -n 3 below >r.jsonl
good "${find[@]}" photos -r --results r.jsonl --resume -o drawn/
cmp -s r.jsonl below || fail "--resume with pictures: $(files r.jsonl)"
rm -rf fresh
good "${find[@]}" photos -r --results fresh.jsonl -o fresh/
rm fresh/5.png fresh.jsonl
head -n 5 below >fresh.jsonl
good "${find[@]}" photos -r --results fresh.jsonl --resume -o fresh/
[ -f fresh/5.png ] || fail "--resume does not draw what is missing"

# --- a list of any length in the same memory, and each result at once ---
# 5000 names of 4000 bytes: kept, they would be 20 MB, and with their results more.
rects dot.ppm 8 8
name=dot.ppm
while [ ${#name} -lt 4000 ]; do name=./$name; done
quick=(detect -m tiny.onnx --box '1,1,7,7' --files-from - --jobs 2)
coproc "$PFLD" "${quick[@]}" 2>stderr
pid=$COPROC_PID
# shellcheck disable=SC2093,SC1083
exec 7>&"${COPROC[1]}" {COPROC[1]}>&- 8<&"${COPROC[0]}" # subshells don't see a coprocess's own
peak() { sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$pid/status"; }
ask() { # N pictures, one after the other: each is answered before the next is named
    local i line
    for ((i = 0; i < $1; i++)); do
        echo "$name" >&7
        IFS= read -r -t 60 line <&8 || fail "no result while the list goes on"
        [[ $line == '{"v":1,"file":"./'* ]] || fail "a line of another kind"
    done
}
ask 20
before=$(peak)
for ((i = 0; i < 5000; i++)); do echo "$name"; done >&7 &
[ "$(head -n 5000 <&8 | grep -c '^{"v":1,"file":"./')" -eq 5000 ] ||
    fail "results of a long list are missing"
after=$(peak)
exec 7>&-
wait "$pid" || fail "the list on stdin: exit code $?"
echo "memory after 20 pictures $before kB, after 5000 $after kB"
if ! grep -q __asan_init "$PFLD" && ! grep -q __tsan_init "$PFLD"; then # theirs grows
    [ "$((after - before))" -lt 8000 ] || fail "memory grew from $before to $after kB"
fi

# --- the line on a terminal ---
# A container may have no terminals to give.
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1 </dev/null; then
    progress() { # ARGUMENTS: what a terminal gets of stderr, in typed
        TERM=xterm script -qec "$(printf '%q ' "$PFLD" "${find[@]}" "$@") >results" typed >/dev/null </dev/null ||
            fail "script: exit code $?"
    }
    for ((i = 0; i < 60; i++)); do cat list; done >longer
    progress --files-from longer
    cmp -s <(head -n 7 results) folder || fail "on a terminal the results differ"
    bar='\[[#-]{16}\] [0-9,]+/420  [0-9.]+/s  [0-9,]+ faces?'
    grep -aEq "$bar" typed || fail "no line on a terminal"
    tail -n +2 typed | tr '\r' '\n' | grep -av '^Script done' | grep -a . | tail -n 1 |
        grep -aq '^.\[K$' || fail "the line is left behind"
    progress --files-from longer --quiet
    ! grep -aEq "$bar" typed || fail "--quiet is not quiet"
    progress photos/0.ppm
    ! grep -aq 'faces' typed || fail "a line for one picture"
fi

# --- a reader that leaves, with threads at work ---
for jobs in 1 4; do
    code=0
    "$PFLD" "${find[@]}" --files-from long -j $jobs 2>stderr >/dev/full || code=$?
    [ "$code" -eq 1 ] || fail "full disk, $jobs threads: exit code $code"
    [ "$(grep -c 'stdout: No space left on device' stderr)" -eq 1 ] || fail "full disk: $jobs threads"
done
