#!/bin/sh
# A pipeline: train a net, let it class digits that it has not seen, and report. All three are handed in at once: the second
# names the first one's model, which makes a dependency, and the third waits for the second and takes its file along.
#
#   sh pipeline.sh         with a turno up on this machine; about ten seconds
set -eu

train=$(turno submit --parsable -J train --type train --param samples=4000 --param test_samples=1000 --param epochs=3)
infer=$(turno submit --parsable -J infer --type infer --param "model=job:$train" --param samples=500)
report=$(turno submit --parsable -J report -d "afterok:$infer" --input "job:$infer/predictions.csv" -- \
  awk -F, 'NR > 1 { n++; right += $3 == $4 } END { printf "%d of %d digits are right\n", right, n }' predictions.csv)

turno ps "$train" "$infer" "$report"
turno wait -q "$train" "$infer" "$report"
turno logs "$report"
