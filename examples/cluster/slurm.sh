#!/bin/bash
# A wave on several nodes of a Slurm cluster: `sbatch examples/cluster/slurm.sh my_wave.yaml`, where the wave says
# `execution: {address: auto}`. Submit it again when time runs out: it goes on where it stopped.
#SBATCH --job-name=demoscope
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=16
#SBATCH --gpus-per-task=1
#SBATCH --time=08:00:00
#SBATCH --signal=INT@120
set -euo pipefail

wave=${1:?name the wave: sbatch slurm.sh my_wave.yaml}
source .venv/bin/activate
export RAY_USAGE_STATS_ENABLED=0 RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$PWD/.ray_token.$SLURM_JOB_ID"
(umask 077 && head -c 32 /dev/urandom | base64 > "$RAY_AUTH_TOKEN_PATH")   # nobody else on these nodes may join
trap 'rm -f "$RAY_AUTH_TOKEN_PATH"' EXIT

mapfile -t nodes < <(scontrol show hostnames "$SLURM_JOB_NODELIST")
head=${nodes[0]}
address=$(srun --nodes=1 --ntasks=1 --nodelist="$head" hostname --ip-address | awk '{print $1}'):6379

srun --nodes=1 --ntasks=1 --nodelist="$head" \
    ray start --head --node-ip-address="${address%:*}" --port=6379 --num-cpus="$SLURM_CPUS_PER_TASK" --block &
sleep 15
for node in "${nodes[@]:1}"; do
    srun --nodes=1 --ntasks=1 --nodelist="$node" \
        ray start --address="$address" --num-cpus="$SLURM_CPUS_PER_TASK" --block &
done
sleep 15

# `exec`d by srun, the wave receives the interrupt that Slurm sends two minutes before the end, saves and stops.
srun --nodes=1 --ntasks=1 --nodelist="$head" --overlap env RAY_ADDRESS="$address" demoscope run "$wave"
