"""The Docker engine of `make demo`: demo_engine.py FILE starts a private one with a tiny busybox:1
in it, writes its address into FILE, and ends it when told to. Where there can be none it says why
not in one line; exit 1.
"""
import signal
import sys
from pathlib import Path

import engine


def main(file):
    why = engine.unavailable("installed")
    if why:
        sys.exit(why)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # that ends the engine as well
    e = engine.Engine().start()
    e.image("busybox:1")
    Path(f"{file}.part").write_text(e.host)
    Path(f"{file}.part").rename(file)
    signal.pause()


if __name__ == "__main__":
    main(sys.argv[1])
