"""A small Debian as an image, for tests that run real language runtimes.

It is made by debootstrap from the mirror this machine uses, which takes about a minute, and kept
under build/ for later runs.
"""
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import netns
from caddyctl import REPO
from engine import search_path

SUITE = "bookworm"
PACKAGES = ("python3", "python3-venv", "python3-pip")
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


def mirror():
    """The Debian mirror of this machine, or None."""
    for path in sorted(Path("/etc/apt").glob("sources.list.d/*.sources")):
        for uri in re.findall(r"^URIs:\s*(\S+)", path.read_text(), re.M):
            if "debian" in uri and "security" not in uri:
                return uri
    path = Path("/etc/apt/sources.list")
    text = path.read_text() if path.exists() else ""
    found = re.search(r"^deb (?:\[[^]]*\] )?(\S+) \S+ main", text, re.M)
    return found.group(1) if found else None


def missing():
    """Why no such image can be made, or None."""
    if not shutil.which("debootstrap", path=search_path("installed")):
        return "debootstrap is not here"
    return None if mirror() and os.path.exists(KEYS) else "no Debian mirror"


def tar(packages=PACKAGES):
    """Path of the tar of a Debian with some packages; made when it is not there yet."""
    key = hashlib.sha256(" ".join([SUITE, *packages]).encode()).hexdigest()[:12]
    build = REPO / "build"
    build.mkdir(exist_ok=True)
    path = build / f"debian-{key}.tar"
    with open(build / f"debian-{key}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            make(path, packages)
    return path


def make(path, packages):
    with tempfile.TemporaryDirectory(prefix="kt-debian-") as tmp:
        run = lambda *args: subprocess.run(
            args, check=True, capture_output=True, text=True, preexec_fn=netns.outside,
            env={"PATH": search_path("installed"), "DEBIAN_FRONTEND": "noninteractive"})
        run("debootstrap", "--variant=minbase", f"--include={','.join(packages)}",
            f"--keyring={KEYS}", SUITE, f"{tmp}/root", mirror())
        skip = [f"--exclude=./{x}/*" for x in ("var/cache/apt", "var/lib/apt/lists", "dev", "proc",
                                               "sys", "usr/share/doc", "usr/share/man")]
        run("tar", "-C", f"{tmp}/root", "-c", "--numeric-owner", *skip, "-f", f"{path}.part", ".")
        os.rename(f"{path}.part", path)


def image(engine, name, packages=PACKAGES):
    """Imports it into an engine under a name."""
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return engine.image(name, changes=[f"ENV PATH={path}", 'CMD ["sleep", "infinity"]'],
                        source=tar(packages))
