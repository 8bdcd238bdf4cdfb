"""The screen on a pseudo terminal, and what it costs: bytes, time from a key to the paint, processor
time, memory. Also whatever else draws on a terminal, as a peer."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time

import netns

QUIET = 0.15  # seconds without a byte: nothing more comes


def cpu_of(pid):
    """Processor seconds of a process with its threads, exact; 0 when it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def parents():
    """{pid: parent} of all that runs."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as f:
                found[int(name)] = int(f.read().rsplit(")", 1)[1].split()[1])
        except OSError:
            pass
    return found


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as f:
            return f.read().strip()
    except OSError:
        return ""


def family(top):
    """A process and all below it."""
    found, below = {top}, parents()
    size = 0
    while size != len(found):
        size = len(found)
        found |= {pid for pid, parent in below.items() if parent in found}
    return found


class Screen:
    def __init__(self, argv, env, rows=48, columns=160):
        self.text = b""  # all that was written
        self.began = time.perf_counter()
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))
        self.fd = ours
        self.process = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs,
                                        env={"TERM": "xterm-256color", "LANG": "C.UTF-8", **env},
                                        preexec_fn=self.setup, close_fds=True)
        self.pid = self.process.pid
        os.close(theirs)

    @staticmethod
    def setup():
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        netns.child_setup()

    # --- bytes

    def take(self, seconds):
        """Waits for bytes; how many came at once."""
        if not select.select([self.fd], [], [], max(seconds, 0))[0]:
            return 0
        try:
            new = os.read(self.fd, 1 << 16)
        except OSError as e:
            raise EOFError(self.text[-400:].decode(errors="replace")) from e
        self.text += new
        return len(new)

    def watch(self, seconds):
        """Bytes that come within so long."""
        end, count = time.perf_counter() + seconds, 0
        while (left := end - time.perf_counter()) > 0:
            count += self.take(left)
        return count

    def settle(self, quiet=QUIET, most=20):
        """Until nothing comes any more; False when it never ends."""
        end = time.perf_counter() + most
        while time.perf_counter() < end:
            if not self.take(quiet):
                return True
        return False

    def until(self, text, most=20):
        """Seconds from the start until it was written, else None."""
        end = time.perf_counter() + most
        while text not in self.text:
            if (left := end - time.perf_counter()) <= 0:
                return None
            self.take(left)
        return time.perf_counter() - self.began

    def send(self, keys):
        os.write(self.fd, keys)

    def press(self, keys, quiet=0.02, most=3):
        """Seconds from a key to its paint (None: nothing was drawn), once all is quiet. quiet=0:
        what is under way may answer for it."""
        if quiet:
            self.settle(quiet, 1)
        start = time.perf_counter()
        self.send(keys)
        return time.perf_counter() - start if self.take(most) else None

    def answer(self, keys, text, most=3):
        """Seconds from a key until this text was written (None: it was not), whatever else is."""
        start, at = time.perf_counter(), len(self.text)
        self.send(keys)
        while text not in self.text[at:] and time.perf_counter() - start < most:
            self.take(0.1)
        return time.perf_counter() - start if text in self.text[at:] else None

    # --- what it costs

    def cpu(self):
        return cpu_of(self.pid)

    def children(self):
        """Processor seconds of children that ended, in the kernel's coarse ticks."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as f:
            fields = f.read().rsplit(")", 1)[1].split()
        return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")

    def memory(self, field="Pss"):
        """MiB that it has in memory, its share of what others have too."""
        with open(f"/proc/{self.pid}/smaps_rollup", encoding="utf-8") as f:
            return next(int(line.split()[1]) for line in f if line.startswith(f"{field}:")) / 1024

    def close(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                end = time.monotonic() + 5
                while self.process.poll() is None and time.monotonic() < end:
                    self.take(0.05)
            except EOFError:
                pass
            if self.process.poll() is None:
                self.process.kill()
        self.process.wait()
        os.close(self.fd)
