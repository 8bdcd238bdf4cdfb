"""The real screen in terminals of all kinds and sizes: how it begins, stops, ends, and that the
terminal is then as it was."""
import os
import re
import signal

import tmux
from case import Case, responder
from enginecase import wait_for
from tuicase import Terminals

COLOR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


class TuiTerminal(Terminals, Case):
    """Terminals, sizes, signals; no Caddy and no Docker answers."""
    fast = True
    weight = 20

    def setUp(self):
        super().setUp()
        self.admin = f"unix/{self.tmp}/no.sock"
        self.kata_root.app("shop", responder("x"))
        self.kata_root.app("blog", responder("y", listen=":8002"))

    def environment(self, env):
        return super().environment({"DOCKER_HOST": f"unix://{self.tmp}/no.sock", **(env or {})})

    def test_sizes(self):
        t = self.open()
        t.wait("What differs is not known")
        whole = t.steady().split("\n")[1:tmux.SIZE[1] - 1]  # lists and detail
        for size in ((59, 24), (80, 14), (59, 14)):
            t.resize(*size)
            t.wait(f"too small: {size[0]}x{size[1]}, needs 60x15", 3)
        t.resize(1, 1)
        t.keys("j", "k", "7", "1", "?", "a", "x")
        t.wait(lambda s: len(s.strip()) <= 1, 3)
        t.resize(60, 15)
        t.wait("Apps", 3)
        self.assertEqual({len(r) for r in t.steady().split("\n")[1:14]}, {60})
        t.resize(250, 80)
        t.wait(lambda s: s.split("\n")[1].endswith("┐") and len(s.split("\n")[1]) == 250, 3)
        t.resize(*tmux.SIZE)
        t.wait(lambda s: s.split("\n")[1:tmux.SIZE[1] - 1] == whole, 3)
        t.resize(1, 1)
        t.keys("q")
        t.resize(80, 24)
        t.wait("exit=0", 3)

    def test_kinds_of_terminals(self):
        for term in ("xterm-256color", "screen", "linux", "vt100", "tmux-256color"):
            with self.subTest(term):
                t = self.tmux(term=term)
                self.begin(t)
                t.wait(re.compile(r"│. ?blog.*│", re.M))
                rows = t.steady().rstrip("\n").split("\n")
                for row in rows[1:-1]:
                    self.assertRegex(row, "^[┌│└].*[┐│┘]$", "\n".join(rows))
                self.assertNotRegex(t.text(), r"\$<\d|\[\?|\x1b")
                t.keys("Down")
                t.wait(re.compile(r"─ shop ┐$", re.M), 3)
                t.keys("Up")
                t.wait(re.compile(r"─ blog ┐$", re.M), 3)
                if term == "vt100":
                    self.assertNotRegex(t.colors(), COLOR)
                else:
                    self.assertRegex(t.colors(), COLOR)
                t.keys("q")
                t.wait("exit=0", 3)
                self.assert_plain(t)
                self.same_modes(t)
                t.close()

    def shown(self, env, keys=b"?\x1b123456789q"):
        """All that is written while somebody looks around."""
        p = self.pty(env)
        p.wait(b"shop")
        p.quiet(0.5, 2)
        for key in keys:
            p.write(bytes([key]))
            p.quiet(0.1, 1)
        self.assertEqual(p.end(), 0)
        return p.data

    def test_ascii(self):
        self.assertRegex(self.shown({}), rb"[\x80-\xff]")
        for env in ({"LC_ALL": None, "LANG": "C"}, {"LC_ALL": "C"}, {"LC_ALL": "POSIX"}):
            data = self.shown(env)
            self.assertNotRegex(data, rb"[\x80-\xff]")
            self.assertNotRegex(data, rb"\x1b\(0|\x0e")  # lines of the other character set
            self.assertIn(b"+-", data)

    def test_no_color(self):
        pattern = re.compile(COLOR.pattern.encode())
        self.assertRegex(self.shown({}), pattern)
        data = self.shown({"NO_COLOR": "1"})
        found = pattern.search(data)
        self.assertIsNone(found, found and data[max(0, found.start() - 100):found.end() + 100])
        self.assertRegex(data, rb"\x1b\[(0;)?7m")  # what is selected can be told still

    def test_unknown_terminals(self):
        t = self.tmux()
        for term in ("nonsense-9000", "dumb", ""):
            seen, code = t.shell(f"clear; TERM={term} ./t")
            self.assertEqual(code, 2, seen)
            self.assertIn("kata-tui: ", seen)
            self.assertIn("hint: set TERM", seen)
            self.assert_plain(t)
        seen, code = t.shell("clear; env -u TERM ./t")
        self.assertEqual(code, 2, seen)
        self.assertIn("hint: set TERM", seen)

    def begin(self, t):
        """Opens it in a shell; the terminal's modes before are kept."""
        t.shell("clear; stty -g >before")
        t.line("./t; echo exit=$?")
        t.wait("shop")

    def same_modes(self, t):
        t.shell("stty -g >after")
        self.assertEqual((self.tmp / "after").read_text(), (self.tmp / "before").read_text())

    def test_suspend(self):
        t = self.tmux()
        self.begin(t)
        t.keys("Down")
        t.wait(re.compile(r"─ shop ┐$", re.M), 3)
        for _ in range(2):
            t.keys("C-z")
            t.wait("Stopped", 3)
            self.assert_plain(t)
            self.same_modes(t)
            t.resize(100, 30)
            t.line("clear; fg; echo back=$?")
            t.wait(re.compile(r"─ shop ┐$", re.M), 3)
            self.assertEqual(len(t.text().split("\n")[1]), 100)
            t.keys("?")
            t.wait("Everywhere", 3)
            t.keys("q")
            t.gone("Everywhere", 3)
        t.keys("q")
        t.wait("back=0", 3)
        self.same_modes(t)

    def test_suspended_from_outside(self):
        t = self.tmux()
        self.begin(t)
        os.kill(self.pid(), signal.SIGTSTP)
        t.wait("Stopped", 3)
        self.assert_plain(t)
        self.same_modes(t)
        t.line("clear; fg")
        t.wait(re.compile(r"─ blog ┐$", re.M), 3)
        t.keys("q")
        t.wait(lambda s: s.rstrip().endswith(tmux.PROMPT), 3)
        self.same_modes(t)

    def test_ends_of_a_person(self):
        t = self.tmux()
        for key in ("q", "C-c", "F10"):
            self.begin(t)
            t.keys(key)
            t.wait("exit=0", 3)
            self.assertNotIn("Apps", t.text())
            self.assert_plain(t)
            self.same_modes(t)

    def test_ends_by_signals(self):
        t = self.tmux()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGSEGV,
                       signal.SIGABRT):
            with self.subTest(number.name):
                self.begin(t)
                os.kill(self.pid(), number)
                t.wait(f"exit={128 + number}", 5)
                self.assert_plain(t)
                self.same_modes(t)
                if number in (signal.SIGSEGV, signal.SIGABRT):
                    self.assertIn("the terminal was put back", t.text())

    def test_terminal_goes_away(self):
        """ssh breaks: nothing is left behind."""
        t = self.open()
        pid = self.pid()
        t.close()

        def gone():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    return b"kata-tui" not in f.read()
            except FileNotFoundError:
                return True
        wait_for(gone, "it to end", 5)

    def test_quiet_while_nothing_changes(self):
        """Nothing is written while nothing changes, and a moved selection costs little."""
        p = self.pty()
        p.wait(b"shop")
        p.quiet(1.5, 8)
        start = len(p.data)
        p.write(b"\x1b")  # does nothing
        p.quiet(0.5, 1)
        self.assertLess(len(p.data) - start, 400, p.data[start:])
