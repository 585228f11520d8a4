# The head's angles and the eyes of one face over time, from the CSV of pfld video.
#   gnuplot -p -c examples/plot_video.gp faces.csv               in a window
#   gnuplot -c examples/plot_video.gp faces.csv faces.png 2      as a picture, of the face with id 2
csv = ARG1
id = ARGC > 2 ? ARG3 + 0 : 1

# This face's rows alone: those of others between them would cut its lines to pieces.
set datafile separator comma
cell(name) = strlen(strcol(name)) ? strcol(name) : "NaN"
n = 0
set table $face separator comma
plot csv using (cell("t")):(cell("yaw")):(cell("pitch")):(cell("roll")): \
               (cell("eye_open0")):(cell("eye_open1")):(cell("mouth_open")): \
               (cell("eyes_closed")):(cell("blink")):(cell("long_closure")):(cell("yawn")) \
         with table if (column("id") == id && (n = n + 1))
unset table
if (n == 0) { printerr sprintf("no face %d in %s", id, csv); exit status 1 }

if (ARGC > 1) { set terminal pngcairo size 1000, 700; set output ARG2 }
set grid
set key outside right top
set lmargin 9; set rmargin 20 # both panels have the same time axis
open(lids) = (column(5) + column(6)) / 2
told(event) = column(event) == 1 ? open(0) : NaN

set multiplot layout 2, 1 title sprintf("face %d of %s", id, csv) noenhanced
set ylabel "degrees"
set yrange [-60:60]
plot $face using 1:2 with lines lw 2 title "yaw", \
     "" using 1:3 with lines title "pitch", \
     "" using 1:4 with lines title "roll"

set xlabel "seconds"
set ylabel "height over width"
set yrange [0:*]
plot $face using 1:(told(8)) with impulses lc "grey" title "eyes closed", \
     "" using 1:(open(0)) with lines lw 2 title "eyes", \
     "" using 1:7 with lines title "mouth", \
     "" using 1:(told(9)) with points pt 7 ps 1.5 title "blinks", \
     "" using 1:(told(10)) with points pt 5 ps 1.5 title "long closures", \
     "" using 1:(told(11)) with points pt 9 ps 1.5 title "yawns"
unset multiplot
