"""The test case of the integration tests: a temporary KATA_ROOT, a private Caddy, the program."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import caddyctl
import netns
import proxy
import yamltext
from caddyctl import REPO, SERVERS

TUI = os.path.abspath(os.environ.get("KATA_TUI") or REPO / "kata-tui")
OWNER = "test"
# What may never reach a terminal: C0 but newline, DEL, and C1 (as UTF-8 or as bare bytes).
UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\udc80-\udcff\u202a-\u202e\u2066-\u2069]")


class Result:
    def __init__(self, args, code, out, err, seconds):
        self.args, self.code, self.out, self.err, self.seconds = args, code, out, err, seconds

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def text(self):
        return self.out + self.err

    def __str__(self):
        return (f"kata-tui {' '.join(self.args)}\nexit {self.code}\n"
                f"--- stdout\n{self.out[-4000:]}\n--- stderr\n{self.err[-4000:]}")


class Root:
    """A KATA_ROOT being laid out."""

    def __init__(self, path):
        self.path = Path(path)
        (self.path / "app").mkdir(parents=True)

    def folder(self, name):
        return self.path / "app" / name

    def file(self, name):
        return self.folder(name) / "kata-compose.yaml"

    def app(self, name, caddy=None, text=None, env=None, **top):
        """Writes one app from a caddy dict and further top-level keys, or from YAML text;
        returns the line of each path of the caddy block."""
        self.folder(name).mkdir(exist_ok=True)
        lines = {}
        if text is None:
            text, lines = yamltext.dump({**top, **({"caddy": caddy} if caddy is not None else {})})
            lines = {p[len("caddy"):].lstrip("/"): n for p, n in lines.items()
                     if f"{p}/".startswith("caddy/")}
        # A new file in place of the old one, as editors and git do: never half a file.
        part = self.folder(name) / ".part"
        part.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        part.rename(self.file(name))
        if env is not None:
            self.env(name, env)
        return lines

    def env(self, name, values):
        folder = self.path / "config" / name
        folder.mkdir(parents=True, exist_ok=True)
        if isinstance(values, dict):
            values = "".join(f"{k}={v}\n" for k, v in values.items())
        (folder / "ENV").write_text(values)

    def remove(self, name):
        shutil.rmtree(self.folder(name))


class Case(unittest.TestCase):
    which = "installed"  # or "newest"; see every_caddy
    longMessage = True
    maxDiff = 4000

    @classmethod
    def setUpClass(cls):
        try:
            netns.enter()
        except OSError as e:
            raise unittest.SkipTest(f"no private network: {e}") from e
        cls.binary, why = caddyctl.find(cls.which)
        if not cls.binary:
            raise unittest.SkipTest(why)
        cls.version = tuple(int(x) for x in re.findall(r"\d+", caddyctl.version(cls.binary))[:3])

    def setUp(self):
        self.tmp = Path(tempfile.mkdtemp(prefix="kt-", dir="/tmp"))
        self.addCleanup(shutil.rmtree, self.tmp, True)
        self.kata_root = Root(self.tmp / "root")
        self.admin = None  # what --caddy gets
        self.count = 0

    # --- things to test against

    def new_root(self, name):
        return Root(self.tmp / name)

    def caddy(self, servers=None, start=True, **kw):
        """A started Caddy; the program talks to it unless told otherwise."""
        self.count += 1
        c = caddyctl.Caddy(self.binary, self.tmp / f"c{self.count}", servers=servers, **kw)
        self.addCleanup(c.stop, True)
        self.admin = c.address
        return c.start() if start else c

    def proxied(self, servers=None, **kw):
        """A Caddy and a counting proxy; the program talks to the proxy."""
        c = self.caddy(servers, **kw)
        return c, self.proxy(c.address)

    def proxy(self, target):
        self.count += 1
        p = proxy.Proxy(self.tmp / f"p{self.count}.sock", target)
        self.addCleanup(p.close)
        self.admin = p.address
        return p

    def child(self, args, **kw):
        """A helper process that ends with the test."""
        p = subprocess.Popen(args, stdin=subprocess.DEVNULL, preexec_fn=netns.child_setup, **kw)
        self.addCleanup(lambda: (p.kill(), p.wait()))
        return p

    # --- the program

    def command(self, args, root, admin):
        admin = self.admin if admin is None else admin
        where = ["--root", str((root or self.kata_root).path)]
        for address in [admin] if isinstance(admin, str) else admin or []:
            where += ["--caddy", address]
        return [TUI, *where, *args]

    def environment(self, env):
        base = {"PATH": os.environ["PATH"], "HOME": str(self.tmp), "KATA_OWNER": OWNER,
                "LC_ALL": "C.UTF-8"}
        base.update({k: v for k, v in os.environ.items() if k.endswith("SAN_OPTIONS")})
        base.update(env or {})
        return {k: v for k, v in base.items() if v is not None}

    def start_kata(self, *args, root=None, admin=None, env=None):
        """The program running beside the test."""
        return self.child(self.command(args, root, admin), env=self.environment(env),
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kata(self, *args, root=None, admin=None, env=None, stdin=None, want=None, timeout=90,
             obey_modes=False, bare=False):
        """Runs the program. bare: without --root and --caddy. want: the exit code asked for."""
        argv = [TUI, *args] if bare else self.command(args, root, admin)
        start = time.monotonic()
        p = subprocess.run(argv, input=stdin, stdin=None if stdin is not None else
                           subprocess.DEVNULL, capture_output=True, timeout=timeout,
                           env=self.environment(env), cwd=self.tmp,
                           preexec_fn=lambda: netns.child_setup(obey_modes))
        r = Result(args, p.returncode, p.stdout.decode("utf-8", "surrogateescape"),
                   p.stderr.decode("utf-8", "surrogateescape"), time.monotonic() - start)
        self.assertGreaterEqual(r.code, 0, f"killed by signal\n{r}")
        self.assertIsNone(UNSAFE.search(r.text), f"unsafe bytes: {UNSAFE.findall(r.text)}\n{r}")
        if want is not None:
            self.assertEqual(r.code, want, r)
        return r

    def apply(self, *args, want=0, **kw):
        return self.kata("--apply", *args, want=want, **kw)

    def diff(self, *args, want=0, **kw):
        return self.kata("--diff", *args, want=want, **kw)

    def settled(self, p, *args, want=0, **kw):
        """Asserts that there is no difference, and that an apply sends no write."""
        self.diff(*args, want=want if want == 0 else 2, **kw)
        p.reset()
        self.apply(*args, want=want, **kw)
        self.assertEqual(p.writes, [], "a second apply must not write")

    def unmoved(self, c, p, want=1):
        """Another apply changes nothing; what Caddy refuses it may well try once more."""
        before = c.raw("/config/")
        p.reset()
        self.apply(want=want)
        self.assertEqual([w for w in p.writes if w.status == 200], [])
        self.assertEqual(c.raw("/config/"), before)

    def assert_names(self, result, *words):
        for word in words:
            self.assertIn(str(word), result.text, result)


def every_caddy(cls):
    """Makes one test class for the installed Caddy and one for the newest."""
    module = sys.modules[cls.__module__]
    for which in ("installed", "newest"):
        name = f"{cls.__name__}_{which}"
        made = type(name, (cls,), {"which": which, "__module__": cls.__module__})
        setattr(module, name, made)
    cls.__test__ = False
    return cls


def responder(body, hosts=None, listen=None, **more):
    """A server that answers one text, in the shape people write."""
    route = {"handle": [{"handler": "static_response", "body": body, "status_code": 200}]}
    if hosts:
        route = {"match": [{"host": list(hosts)}], **route}
    block = {} if listen is False else {"listen": [listen or ":8001"]}
    return {**block, "routes": [route], **more}


def plain(body, listen, hosts=None, **more):
    """Like responder, without HTTPS."""
    return responder(body, hosts, listen, automatic_https={"disable": True}, **more)


def mark(app, place=None):
    return f"kata:{OWNER}:{app}" + (f"@{place}" if place else "")


def servers_without(config, *names):
    """All of a config but some servers, for comparing what must not change."""
    config = json.loads(json.dumps(config))
    for name in names:
        config["apps"]["http"]["servers"].pop(name, None)
    return config


__all__ = ["Case", "OWNER", "REPO", "Result", "Root", "SERVERS", "TUI", "every_caddy", "mark",
           "plain", "responder", "servers_without"]
