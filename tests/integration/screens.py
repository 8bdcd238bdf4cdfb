"""Golden screens: each script of tests/tui drives the screen on recorded answers, without a terminal;
what it prints, text and roles, is what stands beside it. KATA_GOLDEN=update writes it anew.

A script begins with "# world: NAME", a folder of tests/tui/worlds (record.py there makes them) or one
that is made here; "# options: ..." may follow."""
import hashlib
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from case import TUI

FOLDER = Path(__file__).resolve().parent.parent / "tui"
UPDATE = os.environ.get("KATA_GOLDEN") == "update"
CLOCK = 1795338000
ENDPOINT = "unix//run/caddy.sock"


def app(name, **more):
    return {"name": name, "state": "valid", "caddy": "in-sync", "server": name, "mode": "compose",
            "mode_rule": "running", "running": 1, "wanted": 1, "stopped": False, "listen": [":443"],
            "hosts": [name + ".example"], **more}


def server(name, **more):
    return {"name": name, "id": f"kata:web1:{name}", "app": name, "apps": [name], "routes": 1,
            "listen": [":443"], "hosts": [name + ".example"], "upstreams": [], **more}


def container(name, **more):
    return {"app": name, "service": "web", "name": f"{name}-web-1", "number": 1, "state": "running",
            "status": "Up 3 hours", "since": CLOCK - 11000, "health": None, "exit_code": None,
            "image": f"example/{name}:1", "mode": "compose", "node": None, "ports": [],
            "id": hashlib.sha256(name.encode()).hexdigest(), **more}


def world(folder, apps, servers, containers, changes=(), models=(), problems=(), **more):
    """Answers of our commands, as they would be."""
    caddy = {"endpoint": ENDPOINT, "reachable": True, "error": None, "notes": [], "upstreams": [],
             "version": "2.8 or newer", "servers": servers}
    docker = {"endpoint": "unix:///run/docker.sock", "reachable": True, "version": "28.5.2",
              "swarm_manager": False}
    plan = {"owner": "web1", "problems": list(problems), "containers": list(models),
            "caddy": [{"endpoint": ENDPOINT, "error": None, "problems": [],
                       "changes": list(changes)}]}
    answers = {"ls --json": {"apps": apps}, "ps --json": containers, "--diff --json": plan,
               "status --json": {"owner": "web1", "caddy": [caddy], "docker": docker}, **more}
    for name, value in answers.items():
        text = value if isinstance(value, str) else json.dumps(value)
        Path(folder, name.replace("/", "_")).write_text(text)


def many(folder):
    names = [f"app-{i:03}" for i in range(200)]
    changes = [{"op": "replace", "app": n, "path": f"/config/apps/http/servers/{n}/routes/0/terminal",
                "before": False, "after": True} for n in names[150:160]]
    world(folder, [app(n) for n in names], [server(n) for n in names],
          [container(n) for n in names], changes)


ESC = "\x1b[31;5mred\x1b]0;title\x07\x1b[2J"
BIDI = "\u202eevil\u2066x\u2069\u200f"
WIDE = "日本語ブログ"
MARKS = "a\u0301e\u0300" + "o" + "\u0308" * 30 + "\u200d\ufeff"


def hostile(folder):
    """Texts that would move the cursor, change colours, turn round the line, or not fit."""
    names = ["esc-" + ESC, "bidi-" + BIDI, WIDE * 4, MARKS, "👩\u200d👩\u200d👧 family",
             "tab\there\nline\rback", "c1\x9b31m\x84", "long-" + "x" * 300]
    problem = {"app": names[0], "severity": "error", "message": f"wrong {ESC} {BIDI}", "line": 1,
               "file": f"app/{ESC}/kata-compose.yaml", "column": 1, "path": WIDE, "hint": MARKS}
    change = {"op": "replace", "app": names[2], "before": ESC, "after": [BIDI, WIDE],
              "path": f"/config/apps/http/servers/{WIDE}/routes/0/{ESC}"}
    env = {"variables": [{"name": n, "value": v, "layer": ESC, "secret": False, "overrides": []}
                         for n, v in (("A", ESC), (BIDI, BIDI), (WIDE, WIDE), ("M", MARKS))]}
    lines = [ESC, BIDI, WIDE * 20, MARKS, "bar\r\x1b[K100%", "\x1b[38;5;196mcolour\x1b[0m plain",
             "\x1b]8;;http://evil.example\x1b\\link\x1b]8;;\x1b\\", "\x1bP1;2|dcs\x1b\\end", "nul\0byte"]
    logs = "".join(json.dumps({"time": "2026-11-22T09:00:00.000000000Z", "service": ESC, "stream": "stdout",
                               "name": WIDE if i % 2 else ESC, "text": text}) + "\n"
                   for i, text in enumerate(lines))
    more = {}
    for name in names[:2]:
        more[f"config:stack {name}"] = f"# {ESC}\n{WIDE}: {BIDI}\n\t{MARKS}: [\x00\x07\n"
        more[f"logs {name} --json --follow --tail 500"] = logs
        more[f"config:env {name} --json"] = env
    world(folder, [app(n, state="invalid" if i == 0 else "valid") for i, n in enumerate(names)],
          [server(n) for n in names],
          [container(n, image=n, state="running" if i else ESC, node=WIDE) for i, n in enumerate(names)],
          [change], problems=[problem], **more)
    log = [{"time": CLOCK, "source": "docker", "app": n, "text": n + " died"} for n in names]
    Path(folder, "live").write_text(json.dumps({"log": log}))


class Screens(unittest.TestCase):
    which, fast = "installed", True

    def screen(self, script, home):
        """What a script prints."""
        lines = script.read_text().splitlines()
        name, options = lines[0].removeprefix("# world: "), ["--caddy", ENDPOINT]
        if lines[1].startswith("# options: "):
            more = lines[1].removeprefix("# options: ").split()
            options = more if "--caddy" in more else options + more
        folder = FOLDER / "worlds" / name
        if name in MADE:
            folder = Path(home, "world")
            folder.mkdir()
            MADE[name](folder)
        self.assertTrue(folder.is_dir(), folder)
        env = {"HOME": home, "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"}
        p = subprocess.run([TUI, "ui", "--root", "/srv", "--script", script, "--fake", folder, *options],
                           capture_output=True, env=env, timeout=60, stdin=subprocess.DEVNULL)
        out = p.stdout.decode()
        self.assertEqual((p.returncode, p.stderr.decode()), (0, ""), out[-2000:])
        return out

    def check(self, script):
        golden = script.with_suffix(".txt")
        with tempfile.TemporaryDirectory() as home:
            text = self.screen(script, home)
        self.assertNotIn("no recorded answer", text)
        # Nothing that a terminal would take for more than a character.
        bad = sorted({c for c in text if c != "\n" and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0
                                                         or c in "\u200e\u200f\u2028\u2029\ufeff"
                                                         or "\u202a" <= c <= "\u202e"
                                                         or "\u2066" <= c <= "\u2069")})
        self.assertEqual(bad, [])
        if UPDATE:
            golden.write_text(text)
        self.maxDiff = None
        self.assertEqual(text, golden.read_text())


MADE = {"many": many, "hostile": hostile}


def add_tests():
    for script in sorted(FOLDER.glob("*.script")):
        setattr(Screens, f"test_{script.stem}", lambda self, script=script: self.check(script))


add_tests()
