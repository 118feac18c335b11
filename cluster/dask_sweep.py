#!/usr/bin/env python3
"""Computes the missing shards of a sweep on a Dask cluster, then merges them.

Plan the sweep first; its folder has to be the same on every machine, and so has the program's
path:

    hashdrift sweep plan SCENARIO DIR --axis KEY=VALUES --shards 200
    python cluster/dask_sweep.py DIR --workers 8
    python cluster/dask_sweep.py DIR --scheduler tcp://10.0.0.1:8786

A shard that is there is not computed again, so the same command goes on after whatever ended it.
Shards of a worker that is lost go to another one. Needs Python 3.10 or later and dask[distributed].

Exit codes: 0 done, otherwise that of the worker or the merge that failed; 3 if points failed, with
the rest merged; 130 interrupted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

from distributed import Client, as_completed

SOME_POINTS_FAILED = 3
# Done, wrong usage, some points failed: another attempt would end the same way.
FINAL = (0, 2, SOME_POINTS_FAILED)


def compute(program: str, folder: str, shard: int, threads: int) -> int:
    """One shard, on a worker; its exit code, or an exception where another attempt may help."""
    command = [program, "sweep", "worker", folder, "--shard", str(shard), "--threads", str(threads), "-q"]
    code = subprocess.run(command, check=False).returncode
    if code not in FINAL:
        raise subprocess.CalledProcessError(code, command)
    return code


def compute_missing(client: Client, missing: list[int], options: argparse.Namespace) -> int:
    """All missing shards; the exit code of the first that failed, or 3 if no more than points failed."""
    worst = 0
    futures = {}
    for shard in missing:
        call = (options.hashdrift, str(options.dir), shard, options.threads)
        futures[client.submit(compute, *call, retries=options.retries)] = shard
    for count, future in enumerate(as_completed(futures), start=1):
        try:
            code = future.result()
            ending = "done" if code == 0 else f"ended with {code}"
        # Of the worker, or of the cluster.
        except Exception as error:
            code = exit_code(error)
            ending = f"failed: {error}"
        if worst in (0, SOME_POINTS_FAILED):
            worst = code or worst
        print(f"{count}/{len(missing)}: shard {futures[future]} {ending}", file=sys.stderr, flush=True)
    return worst


def exit_code(error: Exception) -> int:
    """That of the worker; 128 plus the signal that killed it, as in a shell; 1 where there is none."""
    if isinstance(error, subprocess.CalledProcessError):
        return error.returncode if error.returncode > 0 else 128 - error.returncode
    return 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", metavar="DIR", type=Path, help="folder of the sweep, made by `hashdrift sweep plan`")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--scheduler", metavar="ADDRESS", help="of a running Dask scheduler; otherwise this machine")
    where.add_argument(
        "--workers",
        metavar="N",
        type=int,
        default=os.cpu_count(),
        help="shards at a time on this machine [one per core]",
    )
    parser.add_argument("--threads", metavar="N", type=int, default=1, help="threads of each shard [1]")
    parser.add_argument("--retries", metavar="N", type=int, default=3, help="more attempts at a shard that fails [3]")
    parser.add_argument(
        "--hashdrift",
        metavar="PATH",
        default=os.environ.get("HASHDRIFT", "hashdrift"),
        help="the program, as the workers find it [the variable HASHDRIFT, or in PATH]",
    )
    options = parser.parse_args()
    options.dir = options.dir.absolute()
    return options


def main() -> int:
    options = arguments()
    sweep = [options.hashdrift, "sweep"]
    status = subprocess.run([*sweep, "status", str(options.dir), "--json"], stdout=subprocess.PIPE, check=False)
    if status.returncode != 0:
        return status.returncode
    missing: list[int] = json.loads(status.stdout)["missing"]

    worst = 0
    if missing:
        if options.scheduler:
            client = Client(options.scheduler)
        else:
            # A thread is enough to wait for a program.
            client = Client(n_workers=1, threads_per_worker=options.workers, processes=False, dashboard_address=None)
        with client:
            worst = compute_missing(client, missing, options)
    if worst not in (0, SOME_POINTS_FAILED):
        return worst
    return subprocess.run([*sweep, "merge", str(options.dir)], check=False).returncode or worst


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(74)
