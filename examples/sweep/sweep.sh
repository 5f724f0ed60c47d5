#!/bin/sh
# A sweep over learning rates: an array of jobs, each trains a small net, and a job that waits for all and names the best.
#
#   sh sweep.sh            with a turno up on this machine
#
# Each task writes into this folder, so with several machines it has to be one that all share.
set -eu
cd "$(dirname "$0")"
work=$(mktemp -d "${TMPDIR:-/tmp}/sweep.XXXXXX")
cp point.sh best.sh "$work"

sweep=$(turno submit --parsable -J sweep -a 0-5%3 -D "$work" -- sh point.sh)
best=$(turno submit --parsable -J best -d "afterok:$sweep" -D "$work" -- sh best.sh)

echo "array $sweep, then job $best"
turno wait -q "$sweep" "$best"
turno logs "$best"
rm -r "$work"
