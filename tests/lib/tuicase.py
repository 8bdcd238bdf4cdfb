"""The test cases of the real screen: a person's terminal with the program at hand, and an app."""
import os
import shlex
import socket
import threading
import unittest

import tmux
from enginecase import EngineCase

SLOW = 5 if any(k.endswith("SAN_OPTIONS") for k in os.environ) else 1


def proxied_to(dial, listen=":8001"):
    """A caddy block that proxies to a service."""
    return {"listen": [listen], "automatic_https": {"disable": True}, "routes": [{"handle": [
        {"handler": "reverse_proxy", "upstreams": [{"dial": dial}]}]}]}


class Terminals:
    """What both kinds of cases need: a terminal with the program at hand."""

    def setUp(self):
        why = tmux.unavailable()
        if why:
            raise unittest.SkipTest(why)
        super().setUp()
        self.extra = ()  # options of the program

    def argv(self):
        return self.command([*self.extra], None, None)

    def tmux(self, env=None, **kw):
        """A shell; the program is ./t in it, and its process is named in ./pid."""
        script = self.tmp / "t"
        script.write_text(f"#!/bin/sh\necho $$ >{self.tmp}/pid\n"
                          f"exec {shlex.join(self.argv())} \"$@\"\n")
        script.chmod(0o755)
        t = tmux.Tmux(self.tmp, env=self.environment(env), **kw)
        self.addCleanup(t.close)
        t.shell(f"cd {self.tmp}; ulimit -c 0; clear")
        return t

    def open(self, wait="shop", **kw):
        """A terminal with the program open in it."""
        t = self.tmux(**kw)
        t.line("./t; echo exit=$?")
        t.wait(wait)
        return t

    def pty(self, env=None, size=(100, 30)):
        p = tmux.Pty(self.argv(), {"TERM": "xterm-256color", **self.environment(env)}, size,
                     self.tmp)
        self.addCleanup(p.close)
        return p

    def pid(self):
        return int((self.tmp / "pid").read_text())

    def assert_plain(self, t):
        """The terminal is a shell's again."""
        self.assertEqual([t.info(x) for x in ("alternate_on", "cursor_flag", "mouse_any_flag",
                                              "keypad_flag", "keypad_cursor_flag")],
                         ["0", "1", "0", "0", "0"])


class Hung:
    """A socket that accepts, and never answers."""

    def __init__(self, path):
        self.path, self.clients = path, []
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(50)
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        try:
            while True:
                self.clients.append(self.socket.accept()[0])
        except OSError:
            return

    def close(self):
        self.path.unlink(missing_ok=True)
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for c in self.clients:
            c.close()


class Shop(Terminals, EngineCase):
    """One app, web and db, deployed and served."""
    __test__ = False

    def shop(self, listen=":8001", caddy=None, web=None, db=None, **top):
        self.kata_root.app("shop", caddy or proxied_to("web:8000", listen), **{
            "x-kata-mode": "compose",
            "services": {"web": {"image": "web", **(web or {})},
                         "db": {"image": "bb", **(db or {})}}, **top})

    def deployed(self, **kw):
        c = self.caddy()
        self.shop(**kw)
        self.deploy("shop")
        return c

    def open_shop(self, **kw):
        return self.open("● shop-web-1", **kw)

    def untouched(self, c):
        """What must stay as it is when nothing was done."""
        return (c.raw("/config/"), sorted(
            (x["Id"], x["Name"], x["State"]["StartedAt"], x["State"]["Running"])
            for x in self.engine.containers().values()), self.kata_root.file("shop").read_bytes())
