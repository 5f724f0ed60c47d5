#!/bin/sh
# One point: gradient descent on f(x) = (x - 3)^2 + 1 from 0, 20 steps, with the learning rate of this task.
set -eu
set -- 0.001 0.01 0.1 0.4 0.9 1.01
shift "$TURNO_TASK_ID"
awk -v rate="$1" 'BEGIN {
  for (i = 0; i < 20; i++) x -= rate * 2 * (x - 3)
  printf "%.6f rate %s\n", (x - 3) ^ 2 + 1, rate
}' > "point-$TURNO_TASK_ID.tmp"
mv "point-$TURNO_TASK_ID.tmp" "point-$TURNO_TASK_ID.txt" # whole or not at all
cat "point-$TURNO_TASK_ID.txt"
