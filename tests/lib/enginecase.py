"""The test case of tests against a private Docker engine: one engine for a class, emptied after
each test; a recording proxy before its socket, which the program is told of; and what case.py
gives: a KATA_ROOT, private Caddies.
"""
import http.client
import os
import re
import unittest

import caddyctl
import case
import dockerproxy
import engine
import netns
from caddyctl import wait_for

# Runs until it is told to end.
FOREVER = 'CMD ["sh", "-c", "trap \'exit 0\' TERM INT QUIT; sleep 100000 & wait"]'
# Answers HTTP on $PORT with $TEXT.
WEB = ("#!/bin/sh\nmkdir -p /www\nprintf '%s' \"${TEXT:-web}\" >/www/index.html\n"
       "trap 'exit 0' TERM\nhttpd -f -p \"${PORT:-8000}\" -h /www &\nwait\n")


class EngineCase(case.Case):
    swarm = False     # the engine is the manager of a Swarm
    internet = False  # builds and containers reach a mirror

    @classmethod
    def setUpClass(cls):
        try:
            netns.enter()
        except OSError as e:
            raise unittest.SkipTest(f"no private network: {e}") from e
        why = engine.unavailable(cls.which)
        if why:
            raise unittest.SkipTest(why)
        cls.binary = caddyctl.find(cls.which)[0] or caddyctl.find("installed")[0]
        if not cls.binary:
            raise unittest.SkipTest("no caddy is installed")
        cls.version = tuple(int(x) for x in re.findall(r"\d+", caddyctl.version(cls.binary))[:3])
        cls.engine = engine.Engine(cls.which, internet=cls.internet).start()
        cls.addClassCleanup(cls.engine.close)
        cls.api = tuple(int(x) for x in cls.engine.get("/version")["ApiVersion"].split("."))
        if cls.swarm:
            cls.engine.swarm_init()
        cls.images()

    @classmethod
    def images(cls):
        """bb sleeps, web answers HTTP."""
        cls.engine.image("bb", changes=[FOREVER])
        cls.engine.image("web", {"bin/web": (WEB, 0o755)},
                         ['CMD ["/bin/web"]', "EXPOSE 8000"])

    def setUp(self):
        super().setUp()
        self.addCleanup(self.engine.reset)
        self.docker = dockerproxy.DockerProxy(self.tmp / "docker.sock", self.engine)
        self.addCleanup(self.docker.close)

    def environment(self, env):
        return super().environment({"DOCKER_HOST": self.docker.host, **(env or {})})

    # --- the program

    def deploy(self, app, *args, want=0, **kw):
        return self.kata("deploy", app, *args, want=want, **kw)

    def writes(self):
        """What was asked of the engine that is not a reading."""
        return [f"{r.method} {r.path}" for r in self.docker.writes]

    def unwritten(self, *args, **kw):
        """Runs the program, which must not write to the engine."""
        self.docker.reset()
        r = self.kata(*args, want=0, **kw)
        self.assertEqual(self.writes(), [], r)
        return r

    # --- what the engine has

    def ids(self, project):
        return {name: c["Id"] for name, c in self.engine.containers(project).items()}

    def running(self, project):
        return sorted(n for n, c in self.engine.containers(project).items()
                      if c["State"]["Running"])

    def address(self, container, network=None):
        networks = self.engine.container(container)["NetworkSettings"]["Networks"]
        return networks[network or sorted(networks)[0]]["IPAddress"]

    def fetch(self, address, path="/", host=None):
        """(status, text) of a web server at host:port."""
        name, port = address.rsplit(":", 1)
        conn = http.client.HTTPConnection(name, int(port), timeout=10)
        try:
            conn.request("GET", path, headers={"Host": host or address})
            r = conn.getresponse()
            return r.status, r.read().decode(errors="replace")
        finally:
            conn.close()


def every_engine(cls):
    """Makes one test class for the installed engine and one for the newest."""
    return case.every_caddy(cls)


def needs_compose(test):
    return unittest.skipUnless(os.access(engine.COMPOSE, os.X_OK),
                               "newest docker compose could not be had")(test)


__all__ = ["EngineCase", "FOREVER", "every_engine", "needs_compose", "wait_for"]
