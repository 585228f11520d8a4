# The head's angles and the eyes of one face over time, from the CSV of pfld video.
#   gnuplot -p -c examples/plot_video.gp faces.csv               in a window
#   gnuplot -c examples/plot_video.gp faces.csv faces.png 2      as a picture, of the face with id 2
csv = ARG1
id = ARGC > 2 ? ARG3 + 0 : 1
if (ARGC > 1) { set terminal pngcairo size 1000, 700; set output ARG2 }

set datafile separator comma
set grid
set key outside right top
set lmargin 9; set rmargin 20 # both panels have the same time axis
face(value) = column("id") == id ? value : NaN
open(lids) = (column("eye_open0") + column("eye_open1")) / 2
told(event) = face(column(event) == 1 ? open(0) : NaN)

set multiplot layout 2, 1 title sprintf("face %d of %s", id, csv) noenhanced
set ylabel "degrees"
set yrange [-60:60]
plot csv using "t":(face(column("yaw"))) with lines lw 2 title "yaw", \
     "" using "t":(face(column("pitch"))) with lines title "pitch", \
     "" using "t":(face(column("roll"))) with lines title "roll"

set xlabel "seconds"
set ylabel "height over width"
set yrange [0:*]
plot csv using "t":(column("eyes_closed") == 1 ? face(open(0)) : NaN) with impulses lc "grey" \
         title "eyes closed", \
     "" using "t":(face(open(0))) with lines lw 2 title "eyes", \
     "" using "t":(face(column("mouth_open"))) with lines title "mouth", \
     "" using "t":(told("blink")) with points pt 7 ps 1.5 title "blinks", \
     "" using "t":(told("long_closure")) with points pt 5 ps 1.5 title "long closures", \
     "" using "t":(told("yawn")) with points pt 9 ps 1.5 title "yawns"
unset multiplot
