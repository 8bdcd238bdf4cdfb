"""The screen as a person has it: the real program in a real terminal, on a real Caddy and Docker:
what happens there shows, what is asked for happens, and nothing else does."""
import os
import re
import signal
import time

import tmux
from case import SERVERS, responder
from dockerproxy import DockerProxy
from enginecase import every_engine, wait_for
from tuicase import SLOW, Hung, Shop


@every_engine
class TuiPeers(Shop):
    """Caddy and Docker hang, are away, come, hang later."""
    weight = 25

    def setUp(self):
        super().setUp()
        self.caddy_path, self.docker_path = self.tmp / "c1" / "admin.sock", self.tmp / "d.sock"
        self.caddy_path.parent.mkdir()
        self.admin = f"unix/{self.caddy_path}"
        self.kata_root.app("shop", responder("x"), services={"web": {"image": "web"}})

    def environment(self, env):
        return super().environment({"DOCKER_HOST": f"unix://{self.docker_path}", **(env or {})})

    def hang(self):
        return [Hung(self.caddy_path), Hung(self.docker_path)]

    def speed(self):
        """(first paint, answer to a key) in seconds."""
        p = self.pty()
        try:
            p.wait(b"Containers")
            paint = time.monotonic() - p.began
            p.quiet(0.4)
            start = len(p.data)
            p.write(b"?")
            key = p.wait(b"Everywhere", start=start)
            p.write(b"qq")
            p.end()
            return paint, key
        finally:
            p.process.kill()

    def assert_fast(self):
        """Once is enough: others may keep the machine busy."""
        seen = []
        for _ in range(5):
            seen.append(self.speed())
            if min(s[0] for s in seen) < 0.1 * SLOW and min(s[1] for s in seen) < 0.05 * SLOW:
                return
        self.fail(f"(first paint, key) took {seen}")

    def test_fast_while_they_hang(self):
        for h in self.hang():
            self.addCleanup(h.close)
        self.assert_fast()

    def test_fast_while_they_are_away(self):
        self.assert_fast()

    def heals(self, t):
        """The real ones come at the same sockets."""
        c = self.caddy()  # at caddy_path: it is the first
        self.assertEqual(c.address, self.admin)
        proxy = DockerProxy(self.docker_path, self.engine)
        self.addCleanup(proxy.close)
        t.wait(re.compile(r"caddy ● .*docker ● \d+\."), 12)
        self.deploy("shop")
        t.wait("● shop-web-1", 5)
        t.wait("● shop ", 5)
        return c

    def test_hung_then_there(self):
        hung = self.hang()
        t = self.open("Containers")
        t.wait(re.compile(r"caddy ◐ no answer.*docker ◐ no answer"), 2.5)
        for h in hung:
            h.close()
        self.heals(t)

    def test_away_then_there(self):
        t = self.open("Containers")
        t.wait(re.compile(r"caddy ✖ .*docker ✖ "), 2.5)
        self.heals(t)

    def test_hang_later(self):
        t = self.open("Containers")
        c = self.heals(t)
        os.kill(c.process.pid, signal.SIGSTOP)
        self.engine.pause()
        try:
            t.wait(re.compile(r"caddy [◐✖] \S.*docker [◐✖] \S"), 5)
            self.assertIn("● shop-web-1", t.text())  # what was known stays
            t.keys("?")
            t.wait("Everywhere", 1)
            t.keys("q")
        finally:
            self.engine.resume()
            os.kill(c.process.pid, signal.SIGCONT)
        t.wait(re.compile(r"caddy ● .*docker ● \d+\."), 12)


@every_engine
class TuiLive(Shop):
    """What happens shows, and what is asked for happens."""
    weight = 40

    def soon(self, rounds):
        """Each: (change, what then shows). One of them must show within 3 seconds."""
        seen = []
        for change, marker, undo, undone in rounds:
            change()
            begin = time.monotonic()
            self.t.wait(marker, 15)
            seen.append(time.monotonic() - begin)
            if seen[-1] < 3 * SLOW:
                return
            if undo:
                undo()
                self.t.wait(undone, 15)
        self.fail(f"it took {seen} s")

    def test_changes_show(self):
        c = self.deployed()
        self.t = self.open_shop()
        self.t.keys("j")
        db = "/containers/shop-db-1/"
        self.soon([(lambda: self.engine.must("POST", db + "stop?t=3"),
                    re.compile("shop-db-1.*exited"),
                    lambda: self.engine.must("POST", db + "start"), "● shop-db-1")] * 3)
        self.t.wait("1/2", 3)
        dial = SERVERS + "/shop/routes/0/handle/0/upstreams/0/dial"
        self.soon([(lambda n=n: c.send("PATCH", dial, f"127.0.0.1:{n}"), f"127.0.0.1:{n}", None,
                    None) for n in (18001, 18002, 18003)])
        self.soon([(lambda n=n: self.shop(f":{n}"), f":{n}", None, None)
                   for n in (8011, 8012, 8013)])
        self.t.keys("3")
        self.soon([(lambda n=n: self.shop(web={"environment": {"TEXT": f"new{n}"}}), f"new{n}",
                    None, None) for n in (1, 2, 3)])

    def test_apply(self):
        c = self.deployed()
        dial = SERVERS + "/shop/routes/0/handle/0/upstreams/0/dial"
        good = c.get(dial)
        c.send("PATCH", dial, "127.0.0.1:9")
        t = self.open_shop()
        t.wait("1 drift")
        t.wait("127.0.0.1:9")
        self.docker.reset()
        before = self.untouched(c)
        t.keys("a")
        seen = t.wait("[ Yes ]")
        self.assertIn("apply shop", seen)
        self.assertIn("127.0.0.1:9", seen[seen.index("apply shop"):])
        for key in ("Escape", "n", "q"):
            t.keys(key)
            t.gone("[ Yes ]", 3)
            t.keys("a")
            t.wait("[ Yes ]")
        self.assertEqual((self.untouched(c), self.writes()), (before, []))
        t.keys("y")
        t.wait("0 drift")
        t.wait("Nothing to do for shop", 3)
        self.assertEqual(c.get(dial), good)
        t.keys("7")
        seen = t.wait("kata-tui --apply shop")
        self.assertIn("done", seen)
        self.assertIn("applied: 1 change", seen)
        t.keys("q")
        t.wait("exit=0")

    def test_failure_shows(self):
        """A command that fails says why, at once and in Activity."""
        self.deployed()
        self.shop(web={"image": "nowhere.invalid/none:1"})
        t = self.open("nowhere.invalid")
        t.keys("d")
        t.wait("[ Yes ]")
        t.keys("y")
        t.wait(re.compile("deploy shop failed: .*"), 30)
        t.keys("7")
        seen = t.wait("failed, exit 1")
        self.assertIn("nowhere.invalid", seen)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])

    def test_remove_wants_the_name(self):
        c = self.deployed()
        t = self.open_shop()
        before = self.untouched(c)
        t.keys("x")
        seen = t.wait("remove shop")
        self.assertIn("cannot be undone", seen)
        for text in ("y", "sho", ""):
            t.type(text) if text else None
            t.keys("Enter")
            t.steady(0.2)
            self.assertIn("remove shop", t.text(), text)
            t.keys("C-u")
        t.keys("Escape")
        t.gone("remove shop", 3)
        self.assertEqual(self.untouched(c), before)
        t.keys("x")
        t.wait("remove shop")
        t.type("shop")
        t.keys("Enter")
        t.wait("0 apps", 30)
        self.assertEqual(self.engine.containers("shop"), {})
        self.assertIsNone(c.server("shop"))
        self.assertFalse(self.kata_root.folder("shop").exists())

    def test_quit_while_a_job_runs(self):
        self.deployed()
        slow = {"command": ["sh", "-c", "sleep 4; touch /tmp/ok; sleep 1000"], "init": True,
                "healthcheck": {"test": ["CMD", "test", "-e", "/tmp/ok"], "interval": "200ms",
                                "retries": 90}}
        self.shop(db=slow, web={"environment": {"TEXT": "two"},
                                "depends_on": {"db": {"condition": "service_healthy"}}})
        old = self.ids("shop")
        t = self.open_shop()
        t.wait("▲ shop")
        t.keys("d")
        t.wait("[ Yes ]")
        t.keys("y")
        wait_for(lambda: self.ids("shop").get("shop-db-1") != old["shop-db-1"], "the job to begin")
        for key in ("q", "C-c"):
            t.keys(key)
            self.assertIn("1 command", t.wait("┌ Quit "))
            t.keys("Escape")
            t.gone("┌ Quit ", 3)
        t.keys("q")
        t.wait("┌ Quit ")
        t.keys("y")
        t.wait("exit=0", 3)
        self.assertEqual(self.ids("shop").get("shop-web-1"), old["shop-web-1"])  # not yet
        wait_for(lambda: self.ids("shop").get("shop-web-1") not in (None, old["shop-web-1"]),
                 "the job to go on to its end", 20)
        wait_for(lambda: self.running("shop") == ["shop-db-1", "shop-web-1"], "both to run")
        wait_for(lambda: self.kata("--diff").code == 0, "nothing left to do")

    def test_read_only(self):
        c = self.deployed()
        self.shop(":8009")  # there is something to apply
        self.extra = ("--read-only",)
        t = self.open_shop(env={"EDITOR": "/bin/false"})
        t.wait("▲ shop")
        bar = t.text().rstrip().splitlines()[-1]
        self.assertNotIn("apply", bar)
        self.assertIn("quit", bar)
        self.docker.reset()
        before = self.untouched(c)
        # What each key is for, from the program's own table.
        keys = {"apps": "aAdrsSmcxoe", "containers": "rsScxe"}
        for view, letters in keys.items():
            for key in letters:
                t.keys(key)
                t.wait(re.compile(r"read-only: \S+ changes things\s*$"), 3)
                self.assertNotIn("[ Yes ]", t.text())
                t.keys("Down" if view == "apps" else "Up")  # another word in that line
                t.keys("~")
                t.wait("~ does nothing here", 3)
            t.keys("Tab", "Tab")
        for line in (":deploy shop", ":rm shop --force", ":stop shop", ":run shop web touch /x",
                     ":docker ps", ":apply", ":--apply"):
            t.type(line)
            t.keys("Enter")
            t.wait("read-only: ", 3)
            t.keys("~")
            t.wait("~ does nothing here", 3)
        self.assertEqual((self.untouched(c), self.writes()), (before, []))
        t.type(":ls")
        t.keys("Enter", "7")
        t.wait("kata-tui ls", 5)

    def test_editor(self):
        """$EDITOR has the terminal; what it got wrong stands below its line."""
        self.deployed()
        editor = self.tmp / "editor"
        editor.write_text("#!/bin/bash\nread -p 'EDITING? ' -n 1 line </dev/tty\n"
                          "sed -i 's/image: \"web\"/imgae: \"web\"/' \"$2\"\n[ $1 = --wait ]\n")
        editor.chmod(0o755)
        t = self.open_shop(env={"EDITOR": f"{editor}  --wait"})
        t.keys("e")
        t.wait("EDITING?")
        self.assertEqual(t.info("alternate_on"), "0")
        t.keys("Space")
        seen = t.wait(re.compile(r'\d+ +imgae: "web".*\n.*\^ .*imgae'), 5)
        self.assertIn("hint:", seen)
        t.wait("1 error", 5)
        self.assertEqual(t.info("alternate_on"), "1")
        t.keys("q")
        t.wait("exit=0")

    def test_editor_is_interrupted(self):
        """Its ^C is its own."""
        self.deployed()
        editor = self.tmp / "editor"
        editor.write_text("#!/bin/sh\necho EDITING\nsleep 100\n")
        editor.chmod(0o755)
        t = self.open_shop(env={"VISUAL": str(editor), "EDITOR": "/bin/false"})
        t.keys("e")
        t.wait("EDITING")
        t.keys("C-c")
        if "Enter goes back" in t.wait(re.compile("Enter goes back|● shop-web-1"), 3):
            t.keys("Enter")
        t.wait("● shop-web-1", 3)
        t.wait(re.compile("editor .*130"), 3)
        t.keys("q")
        t.wait("exit=0")

    def test_shell(self):
        self.deployed()
        before = self.ids("shop")
        t = self.open_shop()
        t.keys("Tab", "Tab", "End", "e")
        t.wait(re.compile(r"^.*# ?$", re.M))
        t.line("echo in'si'de; cat /proc/1/comm; stty size; ls /www")
        t.wait("inside")
        seen = t.wait("index.html")
        self.assertIn(f"{tmux.SIZE[1]} {tmux.SIZE[0]}", seen)
        t.line("sleep 100")
        t.keys("C-c")
        t.line("echo a'ft'er")
        t.wait("after")
        t.line("exit 0")
        t.wait("● shop-web-1", 5)
        t.keys("q")
        t.wait("exit=0")
        self.assertEqual(self.ids("shop"), before)

    def detail(self, t):
        text = t.text()
        return text[text.index("┌ Diff"):].split("┘")[0]

    def lines_of(self, name):
        return self.engine.logs(name).count(" line ")

    def test_logs(self):
        def say(word):
            return {"image": "bb", "stop_grace_period": "1s", "command": [
                "sh", "-c", f"trap 'exit 0' TERM; echo {word} begins; n=0; while :; do n=$((n+1));"
                f" echo {word} line $n.; sleep 0.2 & wait $!; done"]}
        self.deployed(caddy=responder("x"), web=say("red"), db=say("blue"))
        t = self.open_shop()
        t.keys("l")
        t.wait(lambda s: "red line" in s and "blue line" in s)
        last = int(re.findall(r"red line (\d+)", t.text())[-1])
        t.wait(f"red line {last + 5}.", 5)  # it follows
        t.keys("f")  # no longer
        wait_for(lambda: self.lines_of("shop-web-1") > last + 8, "more lines")
        still = self.detail(t)
        now = self.lines_of("shop-web-1")
        wait_for(lambda: self.lines_of("shop-web-1") > now + 4, "more lines")
        self.assertEqual(self.detail(t), still)
        t.keys("f")
        t.gone(f"red line {last + 5}.", 15)
        self.engine.must("POST", "/containers/shop-web-1/restart?t=3")
        t.wait("red begins", 8)
        t.wait("red line 3.", 8)
        t.type("&blue")
        t.wait(lambda s: "red line" not in s and "blue line" in s, 5)
        t.keys("Enter")
        t.wait("&blue", 3)
        t.keys("Escape")
        t.wait("red line", 5)
        t.type("/red begins")
        t.keys("Enter")
        t.wait("red begins", 5)
        self.assertNotIn("nothing found", t.text())
        t.type("/green")
        t.keys("Enter")
        t.wait("nothing found: green", 5)
