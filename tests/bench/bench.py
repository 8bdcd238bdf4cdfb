"""Speed and memory of whole processes against a private Caddy and a private Docker engine, beside
what cannot be beaten, or what others take for the same.

bench.py [--sizes 1,10,100,1000] [--rounds N] [--caddy PATH] [--strict]
         [--services 1,10,30] [--screen 20,100] [--docker installed|newest]
                                            sizes, services or screen "": not this part

In each round every way runs once, in turning order, on the same server; shown are the medians, and
the median and the quartiles of the rounds' ratios to the floor. Floors: curl GET of all servers
(nothing to do), curl PATCH of one server (one change); docker and docker compose (deploys.py).
Peer: full_config.py. The screen (screen.py; so many live containers): beside htop and docker stats.
--strict: exit 1 when a target is missed.
"""
import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
sys.dont_write_bytecode = True
import caddyctl
import deploys
import measure as m
import netns
import screen
from case import TUI, Root, plain
from caddyctl import SERVERS
from measure import NOISE, memory_row, paired, peak, row, timed

ROUNDS = {1: 41, 10: 41, 100: 25, 1000: 15}
URL = "http://localhost" + SERVERS


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
        memory_row("shared address: peak memory", size, one.memory())
        one.close()
    memory_row("peak memory", size, bed.memory())
    bed.close()


def numbers(text):
    return [int(x) for x in text.split(",") if x]


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--sizes", default="1,10,100,1000")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--caddy", default=shutil.which("caddy"))
    parser.add_argument("--services", default="1,10,30")
    parser.add_argument("--screen", default="20,100")
    parser.add_argument("--docker", default="installed", choices=["installed", "newest"])
    parser.add_argument("--strict", action="store_true")
    args = parser.parse_args()
    netns.enter()
    print("Whole processes; medians in ms")
    if args.sizes:
        print(f"\nCaddy {caddyctl.version(args.caddy)}", end="")
        m.head("apps")
    for size in numbers(args.sizes):
        measure(args.caddy, size, args.rounds or ROUNDS.get(size, 21))
    if args.services:
        deploys.measure(args.caddy, args.docker, numbers(args.services), args.rounds)
    if args.screen:
        screen.measure(args.caddy, args.docker, numbers(args.screen), args.rounds)
    return 1 if args.strict and m.missed else 0


if __name__ == "__main__":
    sys.exit(main())
