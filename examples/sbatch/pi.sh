#!/bin/bash
#SBATCH --job-name=pi
#SBATCH --array=1-4%2
#SBATCH --time=5
#SBATCH --cpus-per-task=1
#SBATCH --mem=200M
#
# A script written for Slurm, taken as it is. Each task throws darts with a seed of its own.
#
#   turno sbatch pi.sh 200000
#   turno logs last_1
#
# SLURM_* and TURNO_* variables are both there. What fails says why in $TURNO_ERROR_FILE, which ps and show repeat.

throws=${1:-100000}
if ! [ "$throws" -gt 0 ] 2> /dev/null; then
  echo "not a number of throws: $throws" > "$TURNO_ERROR_FILE"
  exit 2
fi
echo "job $SLURM_ARRAY_JOB_ID, task $SLURM_ARRAY_TASK_ID of $SLURM_ARRAY_TASK_COUNT on $SLURMD_NODENAME, from $SLURM_SUBMIT_DIR"
awk -v seed="$SLURM_ARRAY_TASK_ID" -v n="$throws" 'BEGIN {
  srand(seed)
  for (i = 0; i < n; i++) { x = rand(); y = rand(); if (x * x + y * y < 1) hits++ }
  printf "pi is about %.4f\n", 4 * hits / n
}' | tee "$TURNO_OUTPUT_DIR/pi.txt"
