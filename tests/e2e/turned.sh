#!/bin/bash
# Photos that nobody has turned, and those whose EXIF says how they lie: faces are read with their
# own up, by the models inside. One photo is of docs/; more where ../shared (or $PFLD_SHARED) is.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
run "$PFLD" detect "$root/docs/portrait.png" --quiet
[ "$code" -eq 0 ] || exit 77 # built without models

# with_orientation N IN.jpg OUT.jpg: EXIF says so.
with_orientation() {
    head -c 2 "$2" >"$3"
    # shellcheck disable=SC2059
    printf '\xff\xe1\0\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x'"$1"'\0\0\0\0\0\0' >>"$3"
    tail -c +3 "$2" >>"$3"
}

roll() { # of the best face
    grep -o '"roll":[-0-9.]*' stdout | head -n 1 | cut -d: -f2
}

# is_near DEGREES WANTED WITHIN
is_near() {
    awk -v a="$1" -v b="$2" -v w="$3" 'BEGIN {
        d = a - b; while (d > 180) d -= 360; while (d < -180) d += 360
        exit !(a != "" && d <= w && d >= -w) }'
}

# The nose's tip of the best face, x,y.
nose() {
    grep -o '"landmarks":[^}]*' stdout | head -n 1 | tr -d '[]' | cut -d, -f 61,62
}
size() { grep -o '"width":[0-9]*,"height":[0-9]*' stdout; }

# --- large JPEGs are read smaller where only large faces are asked for: in their own pixels ---
good detect "$root/docs/portrait.png" --draw-scale 7.003 -o large.jpg
for orientation in 1 3 6 8; do
    with_orientation $orientation large.jpg turned.jpg
    good detect turned.jpg
    was=$(nose) shown=$(size)
    for least in 224 448 896; do
        good detect turned.jpg --min-face $least
        [ "$(size)" = "$shown" ] || fail "--min-face $least: $(size), not $shown"
        awk -v a="$was" -v b="$(nose)" 'BEGIN {
            split(a, p, ","); split(b, q, ",")
            exit !(a != "" && (p[1] - q[1]) ^ 2 + (p[2] - q[2]) ^ 2 < 45 ^ 2) }' ||
            fail "--min-face $least, orientation $orientation: $(nose), not $was"
    done
done
rm large.jpg turned.jpg

# turns PHOTO.jpg: its best face keeps its place and its pose when the whole photo is turned, which
# is what an orientation does to an upright one: 6 a quarter clockwise, 3 half, 8 three quarters.
turns() {
    local upright n
    good detect "$1" --max-faces 1
    upright=$(roll)
    is_near "$upright" 0 45 || fail "$1: roll $upright"
    for n in 6:90 3:180 8:-90; do
        with_orientation "${n%:*}" "$1" turned.jpg
        good detect turned.jpg --max-faces 1
        is_near "$(roll)" "$(awk -v a="$upright" -v b="${n#*:}" 'BEGIN { print a + b }')" 12 ||
            wrong="$wrong $1:${n#*:}"
    done
    tried=$((tried + 3))
}
wrong='' tried=0

good detect "$root/docs/portrait.png" --threshold 1 --force -o portrait.jpg # draws nothing
turns portrait.jpg
[ -z "$wrong" ] || fail "read as if it were upright:$wrong"

# A photo that was taken with the camera turned: EXIF makes it upright again.
good detect portrait.jpg --max-faces 1
upright=$(roll)
with_orientation 3 portrait.jpg half.jpg
good detect half.jpg --threshold 1 --force -o head.jpg # stands on its head, and nothing says so
good detect head.jpg --max-faces 1
is_near "$(roll)" "$(awk -v a="$upright" 'BEGIN { print a + 180 }')" 12 || fail "head.jpg: $(roll)"
with_orientation 3 head.jpg again.jpg
good detect again.jpg --max-faces 1
is_near "$(roll)" "$upright" 5 || fail "again.jpg: $(roll)"
good detect head.jpg --max-faces 1 --no-turns
is_near "$(roll)" 0 45 || fail "--no-turns turns: $(roll)"

# --- of many, nearly all ---
photos=$shared/data/landmarks68/300w
[ -f "$photos/val.txt" ] || exit 0
for photo in $(head -n 60 "$photos/val.txt" | awk 'NR % 3 == 1'); do
    turns "$photos/$photo.jpg"
done
echo "$(wc -w <<<"$wrong") of $tried turned faces are read wrongly:$wrong"
[ "$(wc -w <<<"$wrong")" -le $((tried / 12)) ] || fail "too many"
