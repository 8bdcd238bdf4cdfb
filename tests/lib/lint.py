"""The house rules that no compiler checks: sizes, banned functions, and the arrows between rooms.

    lint.py FILE...              sizes and banned functions of C files
    lint.py --deps ARCHIVE...    arrows, by includes and by the symbols of the rooms' archives
    lint.py --compdb CC -- FLAGS...   prints compile_commands.json for src/, ui/ and tests/
"""
import json
import os
import re
import subprocess
import sys
from pathlib import Path

# A room may use those listed; itself always.
INWARD = {
    "base": (),
    "core": ("base",),
    "sys": ("base",),
    "caddy": ("sys", "core", "base"),
    "docker": ("sys", "core", "base"),
    "engine": ("docker", "caddy", "sys", "core", "base"),
    "cmd": ("engine", "docker", "caddy", "sys", "core", "base"),
    "ui": ("engine", "docker", "caddy", "sys", "core", "base"),
}
MAX_FUNCTION, MAX_FILE, MAX_COLUMNS = 60, 600, 100
BANNED = ("strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atof gets system popen "
          "alloca setjmp longjmp mktemp tmpnam rand srand").split()
# What a pure room may not even link: input and output, the clock, the environment, randomness.
# (Printing is not in it: bug_at() does.)
IMPURE = re.compile(
    r"(curl_.*|f?open(at|dir)?(64)?|creat(64)?|f?read|pread(64)?|readv|readdir(64)?|readlink(at)?|"
    r"(l|f)?stat(at|x)?(64)?|access|unlink(at)?|rename(at)?|mkdir(at)?|rmdir|socket|connect|bind|"
    r"send(to|msg)?|recv(from|msg)?|getaddrinfo|poll|ppoll|select|epoll_.*|fork|vfork|exec.*|"
    r"posix_spawn.*|kill|signal|sigaction|(secure_)?getenv|setenv|environ|time|clock(_gettime)?|"
    r"gettimeofday|localtime(_r)?|(u|nano)?sleep|clock_nanosleep|getrandom|random|getpid|"
    r"get[eu]?uid|gethostname|json_load_file|json_dump_file|json_loadfd|pthread_create)\Z")
PURE = ("base", "core")

problems = 0


def complain(where, what):
    global problems
    problems += 1
    print(f"{where}: {what}")


def strip(text):
    """Blanks comments and literals, keeping lines."""
    pattern = r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'"
    return re.sub(pattern, lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


def check_file(path):
    text = Path(path).read_text(encoding="utf-8")
    lines = text.splitlines()
    if len(lines) > MAX_FILE:
        complain(path, f"{len(lines)} lines (at most {MAX_FILE})")
    for n, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > MAX_COLUMNS and not str(path).startswith("tests/"):
            complain(f"{path}:{n}", f"more than {MAX_COLUMNS} columns")
    if not re.match(r"\s*/\*", text):
        complain(f"{path}:1", "no comment says what belongs in this file")
    code, start = strip(text).splitlines(), None
    for n, line in enumerate(code, 1):
        if line == "{":
            start = n
        elif line == "}" and start:
            if n - start - 1 > MAX_FUNCTION:
                complain(f"{path}:{start - 1}", f"function of {n - start - 1} lines")
            start = None
        for name in re.findall(r"(?<![\w.>])(\w+)\s*\(", line):
            if name in BANNED:
                complain(f"{path}:{n}", f"{name}() is banned")


def header_rooms():
    """The room of each contract header: that of the source of the same name, else by hand."""
    rooms = {"problem.h": "base", "memory.h": "base", "error.h": "base", "deploy.h": "core",
             "adopt.h": "core",
             "docker.h": "docker", "ui.h": "ui", "screen.h": "engine"}
    for path in Path("src").glob("*/*.c"):
        rooms.setdefault(path.stem + ".h", path.parent.name)
    return rooms


def check_includes():
    rooms = header_rooms()
    for path in [*Path("src").glob("*/*.[ch]"), *Path("ui").glob("*.[ch]")]:
        room = path.parent.name
        for n, line in enumerate(path.read_text().splitlines(), 1):
            if room == "ui":  # it stands beside src/, and names its own headers by its folder
                line = line.replace('"ui/', '"')
            elif line.startswith("#include <curses"):
                complain(f"{path}:{n}", "only ui/ may know curses")
            m = re.match(r'#include "(?:kata/)?([^"]+)"', line)
            if not m:
                continue
            if "/" in m.group(1):
                complain(f"{path}:{n}", f"includes {m.group(1)}: not a contract header")
                continue
            owner = rooms.get(m.group(1), room)
            if "kata/" in line and owner != room and owner not in INWARD.get(room, ()):
                complain(f"{path}:{n}", f"{room} may not include {owner}'s {m.group(1)}")
            if "kata/" not in line and not (path.parent / m.group(1)).exists():
                complain(f"{path}:{n}", f"{m.group(1)} is not in this room")


def symbols(archive, undefined):
    option = ["--undefined-only"] if undefined else ["--defined-only", "-g"]
    out = subprocess.run(["nm", "-A", *option, archive], capture_output=True, text=True).stdout
    for line in out.splitlines():
        member = line.split(":")[1]
        yield member, line.split()[-1].split("@")[0]


def check_symbols(archives):
    room_of = {Path(a).stem[3:]: a for a in archives}
    owner = {s: room for room, a in room_of.items() for _, s in symbols(a, False)}
    for room, archive in room_of.items():
        for member, symbol in symbols(archive, True):
            other = owner.get(symbol, room)
            if other != room and other not in INWARD.get(room, ()):
                complain(f"{room}/{member}", f"uses {symbol} of {other}")
            if room in PURE and symbol not in owner and IMPURE.match(symbol):
                complain(f"{room}/{member}", f"{room} is pure, but uses {symbol}()")


def compdb(cc, flags):
    here = os.getcwd()
    files = sorted([*Path("src").glob("*.c"), *Path("src").glob("*/*.c"), *Path("ui").glob("*.c"),
                    *Path("tests/unit").glob("*.c"), *Path("tests/fuzz").glob("*.c")])
    print(json.dumps([{"directory": here, "file": str(f),
                       "arguments": [cc, *flags, "-c", str(f)]} for f in files], indent=1))


def main(args):
    if args[:1] == ["--compdb"]:
        compdb(args[1], args[3:])
    elif args[:1] == ["--deps"]:
        check_includes()
        check_symbols(args[1:])
    else:
        for path in args:
            check_file(path)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
