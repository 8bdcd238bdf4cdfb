"""The screen's part of the benchmark, on a pseudo terminal: how soon it paints and answers keys with
servers that hang, with big worlds, with logs that pour; what it costs while nothing happens, itself
and in the engine, beside what others take for the same: htop (or top), docker stats.

Idle rows come twice: `wide` shows CPU and memory of containers that do a little, so numbers change
and are written; `narrow` has no room for these columns, so nothing may be written at all.
"""
import calendar
import os
import random
import re
import shutil
import socket
import statistics
import tempfile
import time
from pathlib import Path

import caddyctl
import engine
import measure as m
import worlds
from case import TUI, Root, plain
from pty_screen import Screen, cpu_of, family, name_of

IDLE = 10  # seconds
ROUNDS = 3
WIDE, NARROW = (48, 160), (24, 60)
DOWN, UP, REFRESH, FOCUS = b"j", b"k", b"\x12", b"\t"
HELP, ESCAPE = b"?", b"\x1b"
# Runs until it is told to end, and does a little: the CPU column changes.
TICKS = 'CMD ["sh", "-c", "trap \'exit 0\' TERM; while :; do usleep 500000; done"]'
# 10 000 lines a second.
POURS = ('CMD ["sh", "-c", "trap \'exit 0\' TERM; seq 100000 100999 >/l; '
         'while :; do cat /l; usleep 100000; done"]')


def head(what):
    print(f"\n{what:<52}{'ours':>10}{'target':>10}{'peer':>10}   half are in / peer")


def row(what, values, target, unit, peer=None, peers=()):
    """The median of what several rounds gave, beside the peer's."""
    ours = statistics.median(values)
    low, _, high = statistics.quantiles(values, n=4) if len(values) > 1 else (ours,) * 3
    over = target is not None and ours > target
    m.missed += over
    said = f"{statistics.median(peers):>10.2f}" if peers else f"{'':>10}"
    print(f"{what:<46}{unit:>6}{ours:>10.2f}{f'{target:g}' if target is not None else '':>10}{said}"
          f"   {low:.2f}-{high:.2f}{f' / {peer}' if peers else ''}{'  over' if over else ''}",
          flush=True)


def ms(values):
    return [v * 1e3 for v in values if v is not None] or [float("inf")]


def environment(home, **more):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "KATA_OWNER": "bench", **more}


def keys(screen, count, first=DOWN, second=UP):
    """Times from a key to its paint."""
    return ms([screen.press((first, second)[i % 2]) for i in range(count)])


# --- servers that are away

def dead_servers(tmp, rounds):
    hung = str(tmp / "hung.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(hung)
        listener.listen(64)
        root = Root(tmp / "dead")
        for i in range(5):
            root.app(f"app{i}", services={"web": {"image": "bb"}})
        for name, path in (("hang", hung), ("are down", str(tmp / "none.sock"))):
            first, answers = [], []
            for _ in range(rounds * 3):
                s = Screen([TUI, "ui"], environment(tmp, KATA_ROOT=str(root.path),
                                                    DOCKER_HOST=f"unix://{path}",
                                                    CADDY_ADMIN=f"unix/{path}"))
                first.append(s.until(b"Containers"))
                s.watch(0.3)
                answers += keys(s, 10, FOCUS, FOCUS)
                s.close()
            row(f"Caddy and Docker {name}: first paint", ms(first), 100, "ms")
            row(f"Caddy and Docker {name}: key to paint", answers, 50, "ms")


# --- big worlds

def slowest_key(screen):
    """Of those pressed all the time while everything is read anew."""
    screen.send(REFRESH)
    end, times = time.perf_counter() + 0.4, []
    while time.perf_counter() < end:
        times += ms([screen.press(FOCUS, quiet=0)])
        time.sleep(0.002)
    screen.settle()
    return max(times)


def world(tmp, apps, rounds):
    folder = tmp / f"world{apps}"
    worlds.write(folder, apps, 3)
    size = f"{apps} apps, {apps * 3} containers"
    down, page, same, refresh, cost, memory = [], [], [], [], [], []
    for _ in range(rounds):
        s = Screen([TUI, "ui", "--fake", str(folder), "--root", str(tmp)], environment(tmp), *WIDE)
        s.until(b"app0000")
        s.settle()
        down += keys(s, 40, DOWN, DOWN)
        page += keys(s, 10, b"\x06", b"\x02")
        for _ in range(5):
            s.send(REFRESH)
            s.watch(0.08)
            same += keys(s, 10, FOCUS, FOCUS)
            s.settle()
        for turn in range(10):
            worlds.change_all(folder, apps, 3, turn + 1)
            before = s.cpu()
            s.send(REFRESH)
            s.settle(0.5)
            cost.append((s.cpu() - before) * 1e3)
            worlds.change_all(folder, apps, 3, -turn)
            refresh.append(slowest_key(s))
        memory.append(s.memory())
        s.close()
    row(f"{size}: down, key to paint", down, 16, "ms")
    row(f"{size}: page, key to paint", page, 16, "ms")
    row(f"{size}: key, refresh without news", same, 16, "ms")
    row(f"{size}: slowest key, all is new", refresh, None, "ms")
    row(f"{size}: CPU of a refresh, all is new", cost, None, "ms")
    row(f"{size}: memory", memory, 64, "MiB")


def growth(tmp, refreshes=500):
    """Memory after so many refreshes with other answers, beside that after a tenth of them."""
    folder = tmp / "world100"
    s = Screen([TUI, "ui", "--fake", str(folder), "--root", str(tmp)], environment(tmp), *WIDE)
    s.until(b"app0000")
    for i in range(refreshes):
        worlds.change_all(folder, 100, 3, i)
        s.send(REFRESH)
        s.watch(0.11)
        if i == refreshes // 10:
            early = s.memory("Pss_Anon")
    s.settle()
    row(f"growth in {refreshes} refreshes", [s.memory("Pss_Anon") - early], 1, "MiB")
    s.close()


# --- live ones

class Bed:
    """Live apps of ten containers each, on a Caddy and an engine."""

    def __init__(self, eng, caddy, tmp, containers):
        self.engine, self.containers = eng, containers
        self.tmp = tmp / f"bed{containers}"
        self.caddy = caddyctl.Caddy(caddy, self.tmp / "caddy", {})
        self.caddy.start()
        self.root = Root(self.tmp / "root")
        names = [f"app{i}" for i in range(max(containers // 10, 1))]
        for i, name in enumerate(names):
            services = {f"service{k}": {"image": "ticks"} for k in range(min(containers, 10))}
            self.root.app(name, plain("x", f"127.0.0.1:{10000 + i}", [f"{name}.test"]),
                          services=services, **{"x-kata-mode": "compose"})
        self.env = environment(self.tmp, KATA_ROOT=str(self.root.path), DOCKER_HOST=eng.host,
                               DOCKER_CONFIG=str(self.tmp), CADDY_ADMIN=self.caddy.address)
        for name in names:
            m.timed([TUI, "deploy", "--detach", name], self.env)

    def screen(self, size):
        return Screen([TUI, "ui"], self.env, *size)

    def engine_cpu(self):
        """Of its own processes, not of what runs in containers."""
        return sum(cpu_of(pid) for pid in family(self.engine.init.pid)
                   if name_of(pid).startswith(("dockerd", "containerd", "runc")))

    def close(self):
        self.engine.reset()
        self.caddy.stop(force=True)


def calm(bed):
    """Waits for a while in which no container's age changes: that would be written."""
    ids = [c["Id"] for c in bed.engine.get("/containers/json")]
    starts = []
    for identity in ids:
        text = bed.engine.get(f"/containers/{identity}/json")["State"]["StartedAt"]
        starts.append(calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")))
    end = time.time() + 180
    while time.time() < end:
        ages = [int(time.time()) - start for start in starts]
        if all(age > 60 and age % 60 < 59 - IDLE for age in ages):
            return
        time.sleep(0.5)


def watched(bed, argv, env, size):
    """(bytes, own CPU %, engine's CPU %, MiB) of a program that draws, in IDLE seconds."""
    s = Screen(argv, env, *size) if argv else None
    if s:
        s.watch(4)
    else:
        time.sleep(1)
    if size == NARROW:
        calm(bed)
        s.settle()
    engine_before, before = bed.engine_cpu(), s.cpu() if s else 0
    children = s.children() if s else 0
    count = s.watch(IDLE) if s else time.sleep(IDLE)
    own, in_engine = s.cpu() - before if s else 0, bed.engine_cpu() - engine_before
    out = (count, own / IDLE * 100, in_engine / IDLE * 100, s.memory() if s else 0,
           s.children() - children if s else 0)
    if s:
        s.close()
    return out


def top():
    return ("htop", [shutil.which("htop")]) if shutil.which("htop") else ("top", [
        shutil.which("top")])


def idle(bed, rounds):
    """Each way once a round, in random order; the engine's own work is taken off."""
    name, top_argv = top()
    ways = {"none": (None, WIDE), "wide": ([TUI, "ui"], WIDE), "narrow": ([TUI, "ui"], NARROW),
            "stats": ([engine.cli(), "stats"], WIDE), "top": (top_argv, WIDE)}
    runs = {way: [] for way in ways}
    for _ in range(rounds):
        for way in random.sample(list(ways), len(ways)):
            argv, size = ways[way]
            runs[way].append(watched(bed, argv, bed.env, size))

    def column(way, i, without=False):
        rest = [r[i] for r in runs["none"]] if without else [0] * rounds
        return [r[i] - b for r, b in zip(runs[way], rest)]

    size = f"{bed.containers} containers"
    for way in ("narrow", "wide"):
        row(f"{size}, {way}: bytes in {IDLE} s", column(way, 0), 0 if way == "narrow" else None,
            "B", name, column("top", 0))
        row(f"{size}, {way}: own CPU", column(way, 1), 0.2, "%", name, column("top", 1))
        row(f"{size}, {way}: children's CPU", [c * 10 for c in column(way, 4)], 0, "%")
        row(f"{size}, {way}: engine's extra CPU", column(way, 2, True), 2, "%", "docker stats",
            column("stats", 2, True))
    row(f"{size}: memory", column("wide", 3), 16, "MiB", name, column("top", 3))
    row(f"{size}: memory", column("wide", 3), 16, "MiB", "docker stats", column("stats", 3))


def burst(bed):
    """A container that starts and ends all the time: what the screen's children take for it."""
    s = bed.screen(WIDE)
    s.watch(3)
    identity = bed.engine.get("/containers/json")[0]["Id"]
    own, children, start, answers = s.cpu(), s.children(), time.perf_counter(), []
    while time.perf_counter() - start < IDLE:
        bed.engine.must("POST", f"/containers/{identity}/kill?signal=KILL")
        answers += ms([s.press(FOCUS, quiet=0)])
        s.watch(0.3)
        bed.engine.must("POST", f"/containers/{identity}/start")
        s.watch(0.3)
    spent = time.perf_counter() - start
    row("events all the time: own CPU", [(s.cpu() - own) / spent * 100], None, "%")
    row("events all the time: children's CPU", [(s.children() - children) / spent * 100], None, "%")
    row("events all the time: a key answered", answers, 50, "ms")
    s.close()


def logs(bed, image, what):
    bed.root.app(image, services={image: {"image": image}}, **{"x-kata-mode": "compose"})
    m.timed([TUI, "deploy", "--detach", image], bed.env)
    s = bed.screen(WIDE)
    s.until(image.encode())
    s.settle()
    s.send(b"/%s\r" % image.encode())
    s.settle()
    s.send(b"l")
    s.watch(3)
    own, start, answers, written = s.cpu(), time.perf_counter(), [], len(s.text)
    while time.perf_counter() - start < IDLE:
        answers += ms([s.answer(HELP, b"Keys")])
        s.watch(0.1)
        s.send(ESCAPE)
        s.watch(0.3)
    spent = time.perf_counter() - start
    row(f"{what}: a key answered", answers, 50, "ms")
    row(f"{what}: own CPU", [(s.cpu() - own) / spent * 100], None, "%")
    row(f"{what}: written", [(len(s.text) - written) / spent / 1024], None, "KiB/s")
    row(f"{what}: memory", [s.memory()], 32, "MiB")
    out = re.findall(rb"(\d+) not shown", s.text)
    print(f"  (lines left out, as the screen says: {max(map(int, out), default=0)})")
    s.close()
    bed.engine.must("DELETE", f"/containers/{image}-{image}-1?force=1")


def live(caddy, which, sizes, rounds, tmp):
    why = engine.unavailable(which) or (None if engine.cli() else "docker is not here")
    if why:
        print(f"\nThe screen with live containers: not measured: {why}")
        return
    eng = engine.Engine(which).start()
    eng.image("ticks", changes=[TICKS])
    eng.image("pours", changes=[POURS])
    eng.image("floods", changes=[POURS.replace("usleep 100000", ":")])
    head(f"Live containers, Docker {eng.get('/version')['Version']}")
    for size in sizes:
        bed = Bed(eng, caddy, tmp, size)
        idle(bed, rounds or ROUNDS)
        if size == min(sizes):
            burst(bed)
            logs(bed, "pours", "10 000 log lines a second")
            logs(bed, "floods", "log lines as fast as can be")
        bed.close()
    eng.close()


def measure(caddy, which, sizes, rounds):
    """sizes: numbers of live containers."""
    tmp = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
    head("The screen")
    dead_servers(tmp, rounds or ROUNDS)
    world(tmp, 100, rounds or ROUNDS)
    growth(tmp)
    world(tmp, 1000, rounds or ROUNDS)
    live(caddy, which, sizes, rounds, tmp)
    shutil.rmtree(tmp, ignore_errors=True)
