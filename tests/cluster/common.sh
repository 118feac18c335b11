# shellcheck shell=bash
# What the tests of schedulers share. They source this file.
#
# It makes a temporary folder, plans a small sweep in it, runs the same sweep on one machine for
# reference, and ends every process and removes the folder at the end, whatever happens.

set -euo pipefail
export LC_ALL=C

say() { printf '%s\n' "$*"; }

fail() {
    say "FAILED: $*" >&2
    exit 1
}

# The tool that is tested against is not on this machine.
skip() {
    say "$*" >&2
    exit 77
}

: "${HASHDRIFT:?is the path of the program to test}"
HASHDRIFT=$(realpath "$HASHDRIFT")
export HASHDRIFT
root=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")

shards=6
points=24
files=(results.csv parameters.csv metadata.json)

# Every process started from here on can be told by this mark in its environment.
mark() {
    folder=$(mktemp -d "${TMPDIR:-/tmp}/hashdrift-cluster.XXXXXX")
    export HASHDRIFT_CLUSTER_TEST=$folder
    trap clean EXIT
    trap 'exit 130' HUP INT PIPE TERM
    cd "$folder"
}

marked() {
    env -u HASHDRIFT_CLUSTER_TEST grep -lsF "HASHDRIFT_CLUSTER_TEST=$folder" /proc/[0-9]*/environ | cut -d/ -f3 || true
}

clean() {
    local status=$?
    trap - EXIT
    trap '' HUP INT PIPE TERM
    set +e
    # A process may start another one while the list is read.
    for _ in {1..50}; do
        mapfile -t left < <(marked)
        [[ ${#left[@]} -eq 0 ]] && break
        kill -KILL "${left[@]}" 2> /dev/null
        sleep 0.1
    done
    if ((status != 0)); then
        for log in "$folder"/*.log "$folder"/*.out; do
            [[ -s $log ]] && printf '== %s\n' "$log" && tail -n 30 "$log"
        done >&2
    fi
    cd /
    rm -rf "$folder"
    exit "$status"
}

# wait_for SECONDS WHAT COMMAND...
wait_for() {
    local seconds=$1 what=$2
    shift 2
    local end=$((SECONDS + seconds))
    until "$@"; do
        ((SECONDS < end)) || fail "no $what after $seconds seconds"
        sleep 0.1
    done
}

# ports N: so many on which nobody listens, below those that outgoing connections take.
ports() {
    local found=0 port
    while ((found < $1)); do
        port=$((15000 + RANDOM % 15000 + found))
        if ! (: < "/dev/tcp/127.0.0.1/$port") 2> /dev/null; then
            echo "$port"
            found=$((found + 1))
        fi
    done
}

# The sweep, with as many replicas as make a point take a third of a second on this machine, in this build.
prepare() {
    cat > small.toml << TOML
extends = "$root/scenarios/core.toml"
days = 60

[firms]
count = 40
TOML
    sweep=("$folder/small.toml" --axis "bitcoin.price.drift=0.0,0.1,0.2,0.3" --axis "firms.count=30,40,50,60,70,80")
    local trial=50 started took=0
    while ((took < 1000000)); do
        ((took == 0)) || trial=$((trial * 3))
        started=${EPOCHREALTIME/./}
        "$HASHDRIFT" sweep run "${sweep[@]}" --replicas $trial --out "trial-$trial" --threads 1 -q > trial.log
        took=$((${EPOCHREALTIME/./} - started))
    done
    replicas=$((trial * points * 333333 / took))
    started=${EPOCHREALTIME/./}
    "$HASHDRIFT" sweep run "${sweep[@]}" --replicas "$replicas" --out reference -q > reference.log
    say "reference: $points points, $replicas replicas each, $(((${EPOCHREALTIME/./} - started) / 1000)) ms on one machine"
}

# plan DIR
plan() {
    dir=$folder/$1
    # In a file, so that the search for processes with this argument does not find itself.
    printf '%s\n' "$dir" > dir.pattern
    "$HASHDRIFT" sweep plan "${sweep[@]}" --replicas "$replicas" "$dir" --shards $shards -q > plan.log
}

missing() { "$HASHDRIFT" sweep status "$dir" --missing; }

points_done() { "$HASHDRIFT" sweep status "$dir" --json | sed -En 's/.*"points_done": *([0-9]+).*/\1/p'; }

# The processes that compute a shard.
workers() {
    local of_dir
    mapfile -t of_dir < <(grep -lszxF -f dir.pattern /proc/[0-9]*/cmdline)
    [[ ${#of_dir[@]} -eq 0 ]] || grep -lszx worker "${of_dir[@]}" | cut -d/ -f3 || true
}

published() { [[ -e $(printf '%s/shards/%04d.jsonl' "$dir" "$1") ]]; }

all_are_published() {
    local shard
    for ((shard = 0; shard < shards; shard++)); do
        published $shard || return 1
    done
}

# advance PROCESS SHARD: lets it run while all others stand still, a moment at a time, until it has
# finished a point; whether it stands in the middle of its shard then.
advance() {
    local process=$1 shard=$2 before
    before=$(points_done)
    until (($(points_done) > before)); do
        ((SECONDS < end)) || fail "shard $shard does not go on"
        kill -CONT "$process" 2> /dev/null || return 1
        sleep 0.1
        kill -STOP "$process" 2> /dev/null || return 1
    done
    # If another one has started meanwhile, the point may be of its shard.
    ! published "$shard" && [[ $(workers | paste -sd' ') == "${standing[*]}" ]]
}

# Stops a worker that has finished a point and not its shard; sets `victim` and `victim_shard`.
# Standing still it cannot be done before it is killed. Fails if all shards are done before one is
# caught. `shard_of PROCESS` is the test's.
stop_a_worker() {
    local process shard standing end=$((SECONDS + 120))
    until all_are_published; do
        ((SECONDS < end)) || fail "shards are neither there nor being computed: $(missing)"
        mapfile -t standing < <(workers)
        [[ ${#standing[@]} -gt 0 ]] || continue
        kill -STOP "${standing[@]}" 2> /dev/null || true
        process=${standing[0]}
        shard=$(shard_of "$process" 2> /dev/null || true)
        if [[ -n $shard ]] && ! published "$shard" && advance "$process" "$shard"; then
            victim=$process
            victim_shard=$shard
        fi
        for process in "${standing[@]}"; do
            [[ $process == "${victim:-}" ]] || kill -CONT "$process" 2> /dev/null || true
        done
        [[ -z ${victim:-} ]] || return 0
    done
    return 1
}

# The merged folder has the bytes of the reference.
compare() {
    (cd reference && sha256sum "${files[@]}") | tee digests
    (cd "$dir" && sha256sum --check --strict "$folder/digests") || fail "not the bytes of the run on one machine"
}
