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
