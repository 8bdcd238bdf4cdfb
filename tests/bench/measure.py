"""Measuring whole processes: their time, in pairs; their peak memory; and lines of the table."""
import os
import statistics
import subprocess
import sys
import tempfile
import time

MEMORY = 24.0  # MiB
NOISE = 0.05  # what two equal things may differ by here
missed = 0

# A process starts with the peak of the one it was forked from, so a small one forks it.
PEAK = ("import os, sys\npid = os.fork()\nif not pid: os.execv(sys.argv[1], sys.argv[1:])\n"
        "print(os.wait4(pid, 0)[2].ru_maxrss)")


def timed(argv, env):
    """Runs a whole process that must succeed; its seconds."""
    with open(os.devnull, "r+b") as null, tempfile.TemporaryFile() as said:
        start = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, env, file_actions=[
            (os.POSIX_SPAWN_DUP2, null.fileno(), 0), (os.POSIX_SPAWN_DUP2, null.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, said.fileno(), 2)])
        status = os.waitpid(pid, 0)[1]
        seconds = time.perf_counter() - start
        if os.waitstatus_to_exitcode(status) != 0:
            said.seek(0)
            sys.exit(f"bench: {' '.join(argv)}: status {status}\n{said.read().decode()}")
    return seconds


def peak(argv, env):
    """Peak memory of a run, in MiB (what is below Python's own 9 or so does not show)."""
    out = subprocess.run([sys.executable, "-IS", "-c", PEAK, *argv], env=env, check=True,
                         capture_output=True, text=True).stdout
    return int(out.split()[-1]) / 1024


def paired(ways, rounds, warm=2):
    """Runs every way once a round, in turning order; way -> its seconds, by round."""
    runs = {name: [] for name in ways}
    names = list(ways)
    for n in range(-warm, rounds):
        for i in range(len(names)):
            name = names[(n + i) % len(names)]
            run = ways[name]()
            if n >= 0:
                runs[name].append(run)
    return runs


def head(what):
    print(f"\n{'':<34}{what:>6}{'ours':>10}{'floor':>10}{'ratio':>8}{'target':>8}   half are in")


def row(what, size, runs, way, floor, target):
    """One line of the table; of the rounds' ratios the median, and the quartiles."""
    global missed
    ratios = [a / b for a, b in zip(runs[way], runs[floor])]
    low, ratio, high = statistics.quantiles(ratios, n=4)
    over = target is not None and ratio > target
    missed += over
    ours, theirs = (statistics.median(runs[x]) * 1e3 for x in (way, floor))
    print(f"{what:<34}{size:>6}{ours:>10.2f}{theirs:>10.2f}{ratio:>8.2f}"
          f"{f'{target:.2f}' if target else '':>8}   {low:.2f}-{high:.2f}{'  over' if over else ''}",
          flush=True)


def memory_row(what, size, mib):
    global missed
    missed += mib > MEMORY
    print(f"{what:<34}{size:>6}{mib:>10.1f} MiB{MEMORY:>22.2f}"
          f"{'  over' if mib > MEMORY else ''}", flush=True)
