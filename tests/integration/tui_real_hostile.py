"""The real screen and what nobody means well: text that holds sequences for the terminal, and keys
at random."""
import json
import os
import random
import re
import time

from case import SERVERS
from enginecase import every_engine
from tuicase import Shop, proxied_to

KEYS_SECONDS = float(os.environ.get("KATA_TUI_SECONDS", "60"))
# What only hostile text would bring: strings for the terminal, and moves that no screen needs.
STRINGS = re.compile(rb"\x1b[\]PX^_k]|PWNED\x07|\x1b\[7;77H|\x1b\[\?1003h|\x9b31m")
EVIL = "\x1b]0;PWNED\x07\x1b]52;c;UFdORUQ=\x07\x1bkPWNED\x1b\\\x1b[7;77H\x1b[?1003h\u009b31m\r\b"


@every_engine
class TuiHostile(Shop):
    weight = 30

    def hostile(self):
        """Everything that others may name or write holds sequences."""
        c = self.deployed()
        folder = str(self.kata_root.folder("shop"))
        says = "printf '%b' \"$EVIL\"; echo said; printf '%b' \"$EVIL\" >&2; sleep 1"
        labels = {"com.docker.compose.project": "shop", "com.docker.compose.service": "x" + EVIL,
                  "com.docker.compose.project.working_dir": folder, EVIL: EVIL,
                  "com.docker.compose.container-number": "1", "com.docker.compose.oneoff": "False"}
        escaped = "".join(f"\\0{b:o}" for b in EVIL.encode())
        for name, more in (("evil", labels), ("foreign", {EVIL: EVIL})):
            self.engine.must("POST", f"/containers/create?name={name}", {
                "Image": "bb", "Labels": more, "Env": [f"EVIL={escaped}"], "WorkingDir": "/tmp",
                "Cmd": ["sh", "-c", f"trap 'exit 0' TERM; while :; do {says}; done"]})
            self.engine.must("POST", f"/containers/{name}/start")
        c.send("PUT", SERVERS + "/evil", {"listen": [":8050"], "routes": [{"match": [
            {"host": ["h" + EVIL]}], "handle": [{"handler": "static_response", "body": EVIL}]}]})
        self.kata_root.app("wiki", text=json.dumps({"services": {"web": {
            "image": "web", "command": ["true"], "im" + EVIL: EVIL}}}))
        self.kata_root.app("blog", text="# " + EVIL.replace("\r", "") + "\nservices:\n  web:\n"
                           "    image: web\n    environment: {A: '" + "\\e]0;PWNED" + "'}\n")
        (self.kata_root.path / "app" / ("bad" + EVIL.replace("/", ""))).mkdir()
        return c

    def tour(self, keys, look):
        """All tabs of all rows of all lists."""
        for place in range(3):
            for row in range(4):
                for tab in "123456789":
                    keys(tab)
                    look()
                keys("j")
            keys("\t")

    def test_names_and_lines(self):
        self.hostile()
        p = self.pty(size=(120, 40))
        p.wait(b"evil")
        p.quiet(0.8, 3)

        def look():
            p.quiet(0.08, 0.5)
        self.tour(lambda k: p.write(k.encode()), look)
        for key in (b"t", b"T", b"\x1b", b"E", b"\x1b", b"q"):
            p.write(key)
            p.quiet(0.2, 1)
        p.end()
        found = STRINGS.search(p.data)
        self.assertIsNone(found, found and p.data[max(0, found.start() - 200):found.end() + 50])
        self.assertIn(b"said", p.data)  # it was shown
        self.assertIn(b"PWNED", p.data)

    def test_in_tmux(self):
        self.hostile()
        t = self.open("evil")
        names = ("pane_title", "window_name", "session_name", "mouse_any_flag")
        before = [t.info(x) for x in names]
        self.assertIn("bad\\x1B", t.text())  # shown, as text

        def look():
            rows = t.steady(0.06, 0.5).rstrip("\n").split("\n")
            top = next((i for i, r in enumerate(rows) if r.startswith("┌")), None)
            self.assertEqual(top, 1, "\n".join(rows))
            inside = rows[1:-1]
            for row in inside:
                self.assertRegex(row, r"^[┌│└].*[┐│┘]$", "\n".join(rows))
        while not re.search(r"─ shop ┐$", t.steady(0.2), re.M):
            t.keys("j")
        t.keys("l")
        t.wait("said")
        look()
        t.keys("Escape", "g")
        self.tour(lambda k: t.keys("Tab" if k == "\t" else k), look)
        self.assertEqual([t.info(x) for x in names], before)
        self.assertEqual(t.command("list-buffers"), "")
        t.keys("q")
        t.wait("exit=0")
        self.assert_plain(t)


@every_engine
class TuiRandom(Shop):
    """Keys at random, without those that say yes: it lives, and nothing was done."""
    weight = 75
    NAMED = [b"\x1b", b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D", b"\x1bOA", b"\x1bOB", b"\t",
             b"\x1b[Z", b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F", b"\x7f", b"\x04", b"\x15",
             b"\x06", b"\x02", b"\x01", b"\x0c", b"\x12", b"\x1b[15~", "ü".encode(),
             "漢".encode(), b"\xff", b"\x1b[", b"\x1b[<64;20;10M", b"\x1b[<65;20;30M",
             b"\x1b[<0;5;5M\x1b[<0;5;5m", b"\x1b[200~pasted \x1b[31m text\x1b[201~"]
    PRINTABLE = [bytes([b]) for b in range(33, 127) if b not in b"yY"]

    def test_random_keys(self):
        c = self.deployed()
        self.kata_root.app("blog", proxied_to("web:8000", ":8002"),
                           services={"web": {"image": "web"}})
        seed = os.environ.get("KATA_SEED", f"keys {self.which}")
        rng, sent, quits = random.Random(seed), [], 0
        before = self.untouched(c)
        self.docker.reset()
        p = self.pty({"EDITOR": "true"})
        p.wait(b"shop")
        end = time.monotonic() + KEYS_SECONDS
        while time.monotonic() < end:
            burst = [rng.choice(self.NAMED if rng.random() < 0.4 else self.PRINTABLE)
                     for _ in range(rng.randint(1, 12))]
            sent += burst
            p.write(b"".join(burst))
            p.quiet(0.02, 0.2)
            if rng.random() < 0.1:
                sent.append(b"LEAVE")
                self.leave(p)
            p.data = p.data[-20000:]
            if rng.random() < 0.02:
                p.resize(rng.randint(1, 200), rng.randint(1, 60))
            if p.process.poll() is not None:  # q
                self.assertEqual(p.process.returncode, 0, (seed, sent[-60:], p.data[-2000:]))
                p.close()
                quits += 1
                p = self.pty({"EDITOR": "true"})
                p.quiet(0.3, 1)
        self.redraws(p, (seed, sent[-60:]))
        self.assertEqual(self.untouched(c), before, (seed, sent[-200:]))
        self.assertEqual([w for w in self.writes() if "/exec" not in w], [], (seed, sent[-200:]))
        self.assertGreater(quits, 0)

    def leave(self, p):
        """A dialog, a prompt; a line, the shell in a container."""
        for key in (b"\x1b", b"\x15\x04"):  # with what follows at once, escape is another key
            p.write(key)
            p.quiet(0.06, 1)

    def redraws(self, p, seed):
        """It lives: out of whatever is open, a shell in a container too, and all is drawn."""
        p.resize(100, 30)
        for _ in range(8):
            p.write(b"\x1b")
            p.quiet(0.2, 1)
            start = len(p.data)
            p.write(b"\x0c")
            p.quiet(0.3, 2)
            self.assertIsNone(p.process.poll(), seed)
            if b"Containers" in p.data[start:] or b" Diff " in p.data[start:]:
                return
            self.leave(p)
        self.fail(f"it does not draw: {seed} {p.data[-2000:]}")
