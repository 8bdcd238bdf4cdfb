"""The first process of a private engine's process namespace: it starts what it is told to (one JSON
list of words a line on stdin), reaps what ends, and ends with its stdin. With it ends everything
in the namespace: dockerd, containerd, their containers.

    engine_init.py LOG
"""
import json
import os
import select
import signal
import sys


def start(argv, log):
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    os.posix_spawnp(argv[0], argv, os.environ, setsid=True, file_actions=[
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, log, flags, 0o644), (os.POSIX_SPAWN_DUP2, 1, 2)])


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def main(log):
    wake, woken = os.pipe()
    for fd in (wake, woken):
        os.set_blocking(fd, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready = select.select([0, wake], [], [])[0]
        if wake in ready:
            os.read(wake, 4096)
            reap()
        if 0 in ready:
            words = sys.stdin.buffer.readline()
            if not words:
                return
            start(json.loads(words), log)


if __name__ == "__main__":
    main(sys.argv[1])
