#!/bin/bash
# One shard of a sweep for each task of a Slurm array.
#
#   hashdrift sweep plan SCENARIO DIR --axis KEY=VALUES --shards 200
#   sbatch --array=0-199 cluster/slurm-array.sh DIR
#
# DIR has to be the same folder on every node. sbatch's options override those below:
# --time, --mem, --partition, --cpus-per-task (a worker uses that many threads).
#
# Slurm starts the tasks of a node that fails again, but not a task whose own process ends
# with an error or is killed. Once the array is over, submit what is missing, until nothing is:
#
#   hashdrift sweep status DIR --missing
#   sbatch --array="$(hashdrift sweep status DIR --missing)" cluster/slurm-array.sh DIR
#
# A shard goes on after the last point that it finished. Then merge, by hand or as a job that
# waits for the array:
#
#   sbatch --dependency=afterany:JOB --wrap="hashdrift sweep merge DIR"
#
# `afterany` rather than `afterok`: merge checks by itself that every shard is there and names
# those that are not, while a job that waits for `afterok` of an array with one failed task is
# never started, also when the missing shards have been computed since.
#
# The program's path, where it is not in PATH: export HASHDRIFT before sbatch.

#SBATCH --job-name=hashdrift-sweep
#SBATCH --requeue
#SBATCH --open-mode=append
# Near its time limit a worker finishes the points under way and ends with 130.
#SBATCH --signal=B:TERM@120

if [[ $# -ne 1 ]]; then
    echo "usage: sbatch --array=0-\$((SHARDS-1)) $0 DIR" >&2
    exit 2
fi

# The shard's number is read from SLURM_ARRAY_TASK_ID. By exec, Slurm's signals reach the worker.
exec "${HASHDRIFT:-hashdrift}" sweep worker "$1" --threads "${SLURM_CPUS_PER_TASK:-1}" -q
