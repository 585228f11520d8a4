# Little labelled faces for the end-to-end tests that read data sets; sourced behind lib.bash.

# make_faces NAME FIRST N: NAME.txt lists N faces, numbered from FIRST, as 300-W does: face-K.jpg
# (in truth PPM, which is told by its bytes), a grey picture of 64x64 pixels with a bright dot at
# each point, and face-K.pts. All are views of one head of 68 points, turned and shifted by K, as
# many turned as frontal ones: enough for a mean face with depth.
make_faces() {
    local name=$1 first=$2 n=$3 k
    for ((k = first; k < first + n; k++)); do
        awk -v k="$k" -v pts="face-$k.pts" '
        function add(x, y, z) { X[m] = x; Y[m] = y; Z[m] = z; m++ }
        function arc(n, cx, cy, rx, ry, z, from, to,    i, a) {
            for (i = 0; i < n; i++) {
                a = from + (to - from) * i / (n - 1)
                add(cx + rx * cos(a), cy + ry * sin(a), z)
            }
        }
        function ring(n, cx, cy, rx, ry, z) { arc(n, cx, cy, rx, ry, z, pi, pi + 2 * pi * (n - 1) / n) }
        BEGIN {
            pi = atan2(0, -1)
            arc(17, 0, 0.1, 0.85, 1.05, 0.5, pi, 0)       # jaw, from the left of the picture
            arc(5, -0.42, -0.3, 0.3, 0.1, -0.1, pi, 2 * pi) # brows
            arc(5, 0.42, -0.3, 0.3, 0.1, -0.1, pi, 2 * pi)
            for (i = 0; i < 4; i++) add(0, 0.15 * i, -0.2 - 0.1 * i) # nose
            arc(5, 0, 0.5, 0.18, 0.05, -0.3, pi, 0)
            ring(6, -0.36, 0, 0.14, 0.06, 0)              # eyes
            ring(6, 0.36, 0, 0.14, 0.06, 0)
            ring(12, 0, 0.8, 0.3, 0.12, -0.2)             # mouth
            ring(8, 0, 0.8, 0.2, 0.04, -0.2)
            split("0 0.05 0.1 -0.1 0.56 -0.3", yaws); split("0 0.05 -0.05 0.3 -0.3", pitches)
            yaw = yaws[k % 6 + 1]; pitch = pitches[k % 5 + 1]; roll = (k % 7 - 3) * 0.05
            print "version: 1\nn_points: 68\n{" >pts
            for (i = 0; i < 68; i++) {
                x = X[i] * cos(yaw) - Z[i] * sin(yaw); z = X[i] * sin(yaw) + Z[i] * cos(yaw)
                y = Y[i] * cos(pitch) - z * sin(pitch)
                u = 32 + k % 4 + 20 * (x * cos(roll) - y * sin(roll))
                v = 28 + k % 3 + 20 * (x * sin(roll) + y * cos(roll))
                printf "%.3f %.3f\n", u + 1, v + 1 >pts
                bright[int(v + 0.5) * 64 + int(u + 0.5)] = 1
            }
            print "}" >pts
            print "P3 64 64 255"
            for (i = 0; i < 64 * 64; i++) {
                grey = i in bright ? 240 : 60 + (i * 7 + k * 13) % 50
                print grey, grey - 10, grey - 30
            }
        }' >"face-$k.jpg"
        echo "face-$k"
    done >"$name.txt"
}
