# Pictures for spot.onnx (tests/make_model.c), a detector that needs no photos; sourced behind
# lib.bash.

# rects FILE W H X,Y,W,H,GREEN...: a black picture (PPM) with green rectangles, each below the one
# before. An upright face is 16x8, on the grid of 16, where the picture has at most 320x240.
rects() {
    local file=$1 w=$2 h=$3 at=0 r x y rw rh green
    shift 3
    {
        printf 'P6 %d %d 255\n' "$w" "$h"
        for r in "$@"; do
            IFS=, read -r x y rw rh green <<<"$r"
            ((y >= at)) || fail "rects: $r begins above the end of the one before" # head -c -N never ends
            head -c $((3 * w * (y - at))) /dev/zero
            {
                head -c $((3 * x)) /dev/zero
                for ((r = rw; r > 0; r--)); do printf '\0\x'"$(printf %x "$green")"'\0'; done
                head -c $((3 * (w - x - rw))) /dev/zero
            } >row.part
            for ((at = y + rh; y < at; y++)); do cat row.part; done
        done
        head -c $((3 * w * (h - at))) /dev/zero
    } >"$file"
    rm -f row.part
}

spot=(detect --detector spot.onnx --presence 0)

# scores: those of stdout's faces, a space between them.
scores() {
    grep -o '"score":[0-9.]*' stdout | cut -d: -f2 | tr '\n' ' '
}
