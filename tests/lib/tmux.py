"""Terminals for tests: a private tmux server with a shell in it, as a person has over ssh; and a
bare pseudo terminal, for what has to be measured or seen byte by byte."""
import errno
import fcntl
import itertools
import os
import pty
import re
import select
import shutil
import struct
import subprocess
import termios
import time
from pathlib import Path

import netns
from caddyctl import wait_for

PROMPT = "READY>"
SIZE = (120, 36)
numbers = itertools.count()


def unavailable():
    """Why there can be no tmux here, or None."""
    return next((f"{p} is not here" for p in ("tmux", "bash") if not shutil.which(p)), None)


class Timeout(AssertionError):
    pass


class Tmux:
    """One window with one pane, in which an interactive bash waits with PROMPT."""

    def __init__(self, folder, term="xterm-256color", size=SIZE, env=None):
        self.folder = Path(folder) / f"tmux{next(numbers)}"
        self.folder.mkdir(mode=0o700)
        self.name = f"kata-{os.getpid()}-{self.folder.name}"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TERM": term,
                    "LC_ALL": "C.UTF-8", "TMUX_TMPDIR": str(self.folder)}
        # In the foreground: so it dies with us, and its panes with it.
        self.server = subprocess.Popen(
            ["tmux", "-L", self.name, "-f", "/dev/null", "-D"], env=self.env, cwd=self.folder,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=netns.child_setup, start_new_session=True)
        wait_for(lambda: self.command("list-sessions", want=None) is not None, "tmux to answer")
        for option in (["default-terminal", term], ["allow-rename", "on"], ["status", "off"],
                       ["set-clipboard", "on"], ["automatic-rename", "off"],
                       ["history-limit", "5000"]):
            self.command("set-option", "-g", *option)
        shell = {"PS1": PROMPT, "HISTFILE": "/dev/null", **(env or {})}
        words = [w for k, v in shell.items() for w in ("-e", f"{k}={v}")]
        self.command("new-session", "-d", "-x", str(size[0]), "-y", str(size[1]), *words,
                     "bash", "--norc", "--noprofile", "-i")
        self.wait(PROMPT)

    def close(self):
        self.command("kill-server", want=None)
        try:
            self.server.wait(5)
        except subprocess.TimeoutExpired:
            self.server.kill()
            self.server.wait()

    def command(self, *args, want=0):
        """One command of tmux: what it says (want=None: None where it failed)."""
        p = subprocess.run(["tmux", "-L", self.name, "-f", "/dev/null", "-N", *args], env=self.env,
                           stdin=subprocess.DEVNULL, capture_output=True, cwd=self.folder,
                           preexec_fn=netns.child_setup, timeout=30)
        if p.returncode != 0:
            if want is None and b"no sessions" not in p.stderr:
                return None
            if want is not None:
                raise AssertionError(f"tmux {args}: {p.stderr.decode(errors='replace')}")
        return p.stdout.decode("utf-8", "replace")

    # --- what a person does

    def keys(self, *names):
        """Keys by tmux's names: Enter Escape C-c Up, or characters."""
        self.command("send-keys", *names)

    def type(self, text):
        self.command("send-keys", "-l", text)

    def line(self, text):
        """A command line for the shell."""
        self.command("send-keys", "-l", text, ";", "send-keys", "Enter")

    def shell(self, text, seconds=15):
        """Runs a line in the shell to its end: (what it printed, exit code)."""
        mark = f"end{next(numbers)}"
        self.line(f"{text}; echo {mark[:3]}''{mark[3:]}=$?")
        seen = self.wait(re.compile(mark + r"=(\d+)"), seconds)
        found = re.findall(mark + r"=(\d+)", seen)
        return seen[:seen.rindex(mark + "=")], int(found[-1])

    def resize(self, width, height):
        self.command("resize-window", "-x", str(width), "-y", str(height))

    # --- what a person sees

    def text(self):
        return self.command("capture-pane", "-p")

    def colors(self):
        """The same with the sequences that colour it."""
        return self.command("capture-pane", "-p", "-e")

    def info(self, what):
        """A variable of the pane: pane_title, alternate_on, cursor_flag ..."""
        return self.command("display-message", "-p", "#{" + what + "}").rstrip("\n")

    def wait(self, what, seconds=10, look=None):
        """Until the screen has a text, fits a pattern, or satisfies a function: the screen."""
        end, seen = time.monotonic() + seconds, ""
        fits = (what if callable(what) else lambda text: what in text) if not isinstance(
            what, re.Pattern) else what.search
        while True:
            seen = (look or self.text)()
            if fits(seen):
                return seen
            if time.monotonic() > end:
                name = getattr(what, "pattern", what)
                raise Timeout(f"waited {seconds} s for {name!r}; the screen:\n{seen}")
            time.sleep(0.02)

    def gone(self, what, seconds=10):
        return self.wait(lambda text: what not in text, seconds)

    def steady(self, seconds=0.3, limit=10):
        """The screen once it has not changed for a while."""
        end, seen, since = time.monotonic() + limit, self.text(), time.monotonic()
        while time.monotonic() < end:
            now = self.text()
            if now != seen:
                seen, since = now, time.monotonic()
            elif time.monotonic() - since > seconds:
                break
            time.sleep(0.03)
        return seen


class Pty:
    """A program on a terminal of its own; every byte it writes is kept, with its time."""

    def __init__(self, args, env, size=(100, 30), cwd=None):
        self.master, slave = pty.openpty()
        self.resize(*size)
        self.data, self.modes = b"", termios.tcgetattr(slave)

        def setup():
            netns.child_setup()
            os.setsid()
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        self.began = time.monotonic()
        self.process = subprocess.Popen(args, stdin=slave, stdout=slave, stderr=slave, env=env,
                                        cwd=cwd, preexec_fn=setup)
        self.open = [self.master, slave]
        self.slave = slave  # held, so that its modes can be read after the end

    def read(self, seconds):
        """What came within so many seconds, at most one piece; its end is no error."""
        if not select.select([self.master], [], [], max(0, seconds))[0]:
            return b""
        try:
            piece = os.read(self.master, 65536)
        except OSError as e:
            if e.errno != errno.EIO:
                raise
            piece = b""
        self.data += piece
        return piece

    def wait(self, marker, seconds=10, start=0):
        """Seconds until the marker came (bytes, from `start` of the data on)."""
        begin = time.monotonic()
        while marker not in self.data[start:]:
            left = begin + seconds - time.monotonic()
            if left <= 0:
                raise Timeout(f"waited {seconds} s for {marker!r}; last: {self.data[-3000:]!r}")
            self.read(left)
        return time.monotonic() - begin

    def quiet(self, seconds, limit=10):
        """Reads until nothing came for so many seconds."""
        end = time.monotonic() + limit
        while self.read(seconds) and time.monotonic() < end:
            pass

    def write(self, data):
        os.write(self.master, data)

    def resize(self, width, height):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def end(self, seconds=10):
        """Its exit code once it has ended by itself."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise Timeout(f"no end after {seconds} s; last: {self.data[-3000:]!r}")
            self.read(0.02)
        while self.read(0):
            pass
        return self.process.returncode

    def restored(self):
        """Whether the modes are as before it started."""
        return termios.tcgetattr(self.slave) == self.modes

    def close(self):
        self.process.kill()
        self.process.wait()
        while self.open:
            os.close(self.open.pop())
