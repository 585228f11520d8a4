#!/bin/bash
# pfld live: a video plays as a camera, in a window that nobody sees.
# shellcheck source=tests/e2e/lib.bash
. "$(dirname "$0")/lib.bash"
export XDG_RUNTIME_DIR=$work # else SDL's libraries have a word to say
make_clip=${PFLD_MAKE_CLIP:-$(dirname "$PFLD")/tests/make_clip}
[ -x "$make_clip" ] || exit 77               # no FFmpeg
"$PFLD" info >/dev/null 2>&1 || exit 77 # no model inside
"$make_clip" "$root/docs/portrait.png" in.mkv 15
make_fixtures

unset DISPLAY WAYLAND_DISPLAY SDL_VIDEODRIVER
run "$PFLD" live --camera in.mkv --frames 1
if grep -q 'built without SDL2' stderr; then
    [ "$code" -eq 1 ] || fail "without SDL2: exit code $code"
    exit 77
fi
bad 1 "^pfld: there is no screen" live --camera in.mkv --frames 1

export SDL_VIDEODRIVER=dummy
good live --camera in.mkv # to its end
good live --camera in.mkv --frames 3 -o shown.png
good detect shown.png
says '"width":320,"height":240,"faces":\[\{"box"'
cp shown.png plain.png
good live --camera in.mkv --frames 3 --mirror -o shown.png
good detect shown.png
cmp -s shown.png plain.png && fail "--mirror shows the same"

good live --camera in.mkv --frames 3 --style minimal -o shown.png
cmp -s shown.png plain.png && fail "--style minimal shows what full does"
good live --camera in.mkv --frames 2 --style points --ellipses 90
bad 1 "^pfld: --ellipses: this model does not tell" live --camera in.mkv --ellipses 90 -m tiny.onnx
bad 2 "--ellipses: 100 is not below" live --ellipses 100

good live --camera in.mkv --faces 1 --smooth 0 --max-side 320 --frames 2

bad 1 "^pfld: none.mp4: No such file" live --camera none.mp4
bad 1 "^pfld: /dev/video999: No such file" live --camera 999
bad 2 "one too many" live in.mkv
bad 2 "--smooth: 2 is not" live --smooth 2
bad 2 "--faces: 65 is more" live --faces 65
bad 2 "--picture: 'a.txt' must end" live -o a.txt

# --- keys while it is paused, in a window on a screen that nobody sees ---
if ! command -v Xvfb >/dev/null || ! command -v xdotool >/dev/null; then
    echo "skipped: keys: no Xvfb, or no xdotool"
    exit 0
fi
unset SDL_VIDEODRIVER
Xvfb -displayfd 1 -screen 0 640x480x24 -fbdir . >display 2>/dev/null &
screen=$!
live=
trap 'kill $live $screen 2>/dev/null || true; wait; rm -rf "$work"' EXIT
wait_until() { # COMMAND...: it succeeds, its output in found
    local i
    for ((i = 0; i < 600; i++)); do
        if "$@" >found 2>/dev/null; then return; fi
        sleep 0.05
    done
    fail "in vain: $*"
}
press() { # KEY...
    xdotool windowfocus --sync "$shown" key --delay 50 "$@" 2>/dev/null || fail "no key $*"
}
saved_as() { # PICTURE: what is shown now
    rm -f shown.png
    press s
    wait_until "$PFLD" detect shown.png # it is whole
    mv shown.png "$1"
}
wait_until grep -E '^[0-9]+$' display
DISPLAY=:$(cat display)
export DISPLAY
"$make_clip" "$root/docs/portrait.png" long.mkv 2400 160 120 # 96 s, for a busy machine
# D-Bus and X11 keep memory to the end; what is ours shows without a window, above
ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0 \
    "$PFLD" live --camera long.mkv -o shown.png >stdout 2>stderr &
live=$!
wait_until xdotool search --name '^pfld live: .*1 face$'
shown=$(cat found)
press space
saved_as full.png
press b l
saved_as bare.png
cmp -s full.png bare.png && fail "keys change nothing while it is paused"
press m
saved_as mirrored.png
cmp -s bare.png mirrored.png && fail "m changes nothing while it is paused"
"$PFLD" detect mirrored.png >found
grep -q '"faces":\[{"box"' found || fail "nobody is in the mirror"
for key in m r; do # the faces are looked for anew, and counted
    xdotool set_window --name "another title" "$shown"
    press "$key"
    wait_until xdotool search --name '^pfld live: .*1 face$'
done

# --- while it is paused, what is shown outlasts that the window was out of sight, or resized ---
screen_is() { cmp -s Xvfb_screen0 "$1"; }
screen_is_not() { ! screen_is "$1"; }
xdotool mousemove 639 479 windowmove --sync "$shown" 100 100 windowsize --sync "$shown" 400 300
press b b # draws it anew ...
saved_as anew.png # ... before this is saved
cp Xvfb_screen0 whole
xdotool windowmove --sync "$shown" 600 100
wait_until screen_is_not whole
xdotool windowmove --sync "$shown" 100 100
wait_until screen_is whole
xdotool windowsize --sync "$shown" 320 240
wait_until screen_is_not whole
xdotool windowsize --sync "$shown" 400 300
wait_until screen_is whole
press q
wait "$live" || fail "live: exit code $?"
live=
