"""Speed and memory of whole processes against a private Caddy, beside what cannot be beaten.

bench.py [--sizes 1,10,100,1000] [--rounds N] [--caddy PATH] [--strict]

In each round every way runs once, in turning order, on the same Caddy; shown are the medians and
the median of the rounds' ratios to curl. Floors: curl GET of all servers (nothing to do), curl
PATCH of one server (one change). Peer: full_config.py. --strict: exit 1 when a target is missed.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.dont_write_bytecode = True
import caddyctl
import netns
from case import TUI, Root, plain
from caddyctl import SERVERS

ROUNDS = {1: 41, 10: 41, 100: 25, 1000: 15}
URL = "http://localhost" + SERVERS
MEMORY = 24.0  # MiB
missed = 0


# A process starts with the peak of the one it was forked from, so a small one forks it.
PEAK = ("import os, sys\npid = os.fork()\nif not pid: os.execv(sys.argv[1], sys.argv[1:])\n"
        "print(os.wait4(pid, 0)[2].ru_maxrss)")


def timed(argv, env):
    """Runs a whole process that must succeed; its seconds."""
    null = os.open(os.devnull, os.O_RDWR)
    start = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, env, file_actions=[
        (os.POSIX_SPAWN_DUP2, null, 0), (os.POSIX_SPAWN_DUP2, null, 1)])
    status = os.waitpid(pid, 0)[1]
    seconds = time.perf_counter() - start
    os.close(null)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"bench: {' '.join(argv)}: status {status}")
    return seconds


def peak(argv, env):
    """Peak memory of a run, in MiB (what is below Python's own 9 or so does not show)."""
    out = subprocess.run([sys.executable, "-IS", "-c", PEAK, *argv], env=env, check=True,
                         capture_output=True, text=True).stdout
    return int(out.split()[-1]) / 1024


class Bed:
    """So many live apps, and a foreign server for curl and the peer to change."""

    def __init__(self, binary, size, shared):
        self.tmp = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
        self.size, self.shared, self.turn = size, shared, 0
        self.caddy = caddyctl.Caddy(binary, self.tmp / "caddy", {"bench": self.block("bench", 0)})
        self.caddy.start()
        self.root = Root(self.tmp / "root")
        self.socket = str(self.tmp / "caddy/admin.sock")
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.tmp), "KATA_OWNER": "bench"}
        self.kata = [TUI, "--root", str(self.root.path), "--caddy", self.caddy.address, "--apply"]
        self.curl = [shutil.which("curl"), "-sf", "--unix-socket", self.socket, "-H", "Host;"]
        self.write(range(size))
        timed(self.kata, self.env)

    def block(self, name, version, number=0):
        if name == "bench":
            return plain(f"bench {version}", "127.0.0.1:9999")
        if self.shared:
            return plain(f"{name} {version}", "127.0.0.1:9998", [f"{name}.test"])
        return plain(f"{name} {version}", f"127.0.0.1:{10000 + number}")

    def write(self, numbers):
        """Gives these apps' files a new version."""
        self.turn += 1
        for i in numbers:
            self.root.app(f"app{i}", self.block(f"app{i}", self.turn, i))

    def body(self):
        """A new version of the foreign server, as a file."""
        self.turn += 1
        file = self.tmp / "body.json"
        file.write_text(json.dumps(self.block("bench", self.turn)))
        return str(file)

    def run_kata(self, changed=()):
        self.write(changed)
        return timed(self.kata, self.env)

    def memory(self):
        """Peaks of a run with nothing to do, and of one that changes everything."""
        nothing = peak(self.kata, self.env)
        self.write(range(self.size))
        return max(nothing, peak(self.kata, self.env))

    def get(self):
        return timed([*self.curl, URL], self.env)

    def patch(self):
        return timed([*self.curl, "-X", "PATCH", "-H", "Content-Type: application/json",
                      "--data-binary", "@" + self.body(), URL + "/bench"], self.env)

    def peer(self):
        script = str(Path(__file__).with_name("full_config.py"))
        return timed([sys.executable, "-IS", script, self.socket, "bench", self.body()], self.env)

    def close(self):
        self.caddy.stop(force=True)
        shutil.rmtree(self.tmp)


def paired(ways, rounds):
    """Runs every way once a round, in turning order; way -> its seconds, by round."""
    runs = {name: [] for name in ways}
    names = list(ways)
    for n in range(-2, rounds):  # two rounds to warm up
        for i in range(len(names)):
            name = names[(n + i) % len(names)]
            run = ways[name]()
            if n >= 0:
                runs[name].append(run)
    return runs


def row(what, size, runs, way, floor, target):
    """One line of the table."""
    global missed
    ratio = statistics.median(a / b for a, b in zip(runs[way], runs[floor]))
    over = target is not None and ratio > target
    missed += over
    ours, theirs = (statistics.median(runs[x]) * 1e3 for x in (way, floor))
    print(f"{what:<34}{size:>6}{ours:>10.2f}{theirs:>10.2f}{ratio:>8.2f}"
          f"{f'{target:.2f}' if target else '':>8}{'  over' if over else ''}", flush=True)


def memory_row(what, bed):
    global missed
    mib = bed.memory()
    missed += mib > MEMORY
    print(f"{what:<34}{bed.size:>6}{mib:>10.1f} MiB{MEMORY:>22.2f}"
          f"{'  over' if mib > MEMORY else ''}", flush=True)


def measure(binary, size, rounds):
    bed = Bed(binary, size, False)
    runs = paired({"kata": bed.run_kata, "get": bed.get}, rounds)
    row("nothing to do / curl GET", size, runs, "kata", "get", 1.2 if size <= 100 else 2.2)
    runs = paired({"kata": lambda: bed.run_kata([0]), "patch": bed.patch, "peer": bed.peer}, rounds)
    row("one change / curl PATCH", size, runs, "kata", "patch", 1.15 if size <= 100 else 1.2)
    row("  full-config peer / curl PATCH", size, runs, "peer", "patch", None)
    row("  one change / full-config peer", size, runs, "kata", "peer", None)
    if size >= 100:
        tenth = range(size // 10)
        runs = paired({"kata": lambda: bed.run_kata(tenth), "patch": bed.patch}, rounds)
        row(f"{size // 10} changes / curl PATCH", size, runs, "kata", "patch", 1.4)
        one = Bed(binary, size, True)
        runs = paired({"shared": one.run_kata, "own": bed.run_kata}, rounds)
        row("shared address / own: nothing", size, runs, "shared", "own", 1.0 + NOISE)
        runs = paired({"shared": lambda: one.run_kata([0]), "own": lambda: bed.run_kata([0])},
                      rounds)
        row("shared address / own: one change", size, runs, "shared", "own", 1.0 + NOISE)
        memory_row("shared address: peak memory", one)
        one.close()
    memory_row("peak memory", bed)
    bed.close()


NOISE = 0.05  # what two equal things may differ by here


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--sizes", default="1,10,100,1000")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--caddy", default=shutil.which("caddy"))
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    netns.enter()
    print(f"Caddy {caddyctl.version(args.caddy)}; whole processes, medians in ms\n")
    print(f"{'':<34}{'apps':>6}{'ours':>10}{'floor':>10}{'ratio':>8}{'target':>8}")
    for size in (int(x) for x in args.sizes.split(",")):
        measure(args.caddy, size, args.rounds or ROUNDS.get(size, 21))
    return 1 if args.strict and missed else 0


if __name__ == "__main__":
    sys.exit(main())
