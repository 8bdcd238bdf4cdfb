"""What can go wrong in a deploy: each time exit code 1, one message that says what and what to do,
the old containers go on serving over the old routes, and once the fault is gone the next run
completes what this one could not. And: secrets stay secret."""
import glob
import json
import os
import re
import socket
import stat
import threading

import engine
from case import SERVERS
from deploy import DeployCase, proxied_to
from deploy_swarm import QUICK
from enginecase import every_engine, wait_for
from proxy import answer, drop
from registry import Registry

FAST = {"x-kata-ready": "100ms", "stop_grace_period": "0s"}


class FaultCase(DeployCase):
    __test__ = False
    weight = 30

    def lay_out(self, text, more=None, **web):
        """The app: a service behind Caddy, and others (more)."""
        services = {"web": {"image": "web", "environment": {"TEXT": text}, **FAST, **web}}
        for name, s in (more or {}).items():
            services[name] = {"image": "bb", **FAST, **s}
        top = {k: services.pop(k) for k in ("secrets", "volumes") if k in services}
        self.kata_root.app("shop", proxied_to("web:8000"), **{
            "x-kata-mode": self.mode, "services": services,
            **{k: {n: v for n, v in s.items() if n not in ("image", *FAST)}
               for k, s in top.items()}})

    def serving(self, **web):
        """The app at work, before anything goes wrong."""
        self.c = self.caddy()
        self.lay_out("one", **web)
        self.deploy("shop")
        self.serves("one")
        self.before, self.routes = self.ids("shop"), self.c.raw(SERVERS)

    def assert_one_message(self, r, *words):
        """One failure, said once and with advice."""
        self.assert_names(r, *words)
        said = [line for line in r.err.splitlines() if line.startswith("kata-tui: ")]
        self.assertEqual(len(said), 1, r)
        self.assertTrue(said[0].split(": ")[1], r)
        self.assertEqual(len(re.findall(r"^hint: \S", r.err, re.M)), 1, r)

    def unharmed(self, r=None):
        """The old containers run, Caddy has what it had, and it works."""
        now = self.ids("shop")
        self.assertEqual({k: now.get(k) for k in self.before}, self.before, r)
        self.assertTrue(set(self.before) <= set(self.running("shop")), r)
        self.assertEqual(self.c.raw(SERVERS), self.routes, r)
        self.serves("one")

    def fails(self, *words, **kw):
        r = self.deploy("shop", want=1, **kw)
        self.assert_one_message(r, *words)
        self.unharmed(r)
        return r

    def mended(self, text="two", *, names=("shop-web-1",), command=("--apply",)):
        """With the fault gone the next run completes it."""
        self.kata(*command, want=0)
        self.serves(text)
        self.assertEqual(sorted(self.engine.containers("shop")), sorted(names))
        self.kata("--diff", want=0)


@every_engine
class EngineFaults(FaultCase):
    """The engine itself: gone, silent, closed to us, too old."""

    def test_not_running(self):
        self.serving(restart="always")
        self.lay_out("two", restart="always")
        self.engine.stop_daemon(force=True)  # its containers go on
        try:
            for args in (("deploy", "shop"), ("--apply",)):
                r = self.kata(*args, want=1, env={"DOCKER_HOST": self.engine.host})
                self.assert_one_message(r, self.engine.socket, "docker")
                self.assertEqual(self.c.raw(SERVERS), self.routes)
                self.serves("one")
            self.kata("--diff", want=2, env={"DOCKER_HOST": self.engine.host})
        finally:
            self.engine.start_daemon()
        self.mended()

    def test_restarted_under_way(self):
        self.serving(restart="always")
        slow = {"restart": "always", "x-kata-ready": "60s"}
        self.lay_out("two", **slow)
        run = self.start_kata("deploy", "shop")
        wait_for(lambda: len(self.running("shop")) == 2, "the new container to run")
        self.engine.restart()
        self.assertEqual(run.wait(60), 1)
        self.lay_out("two", restart="always")
        self.mended()

    def test_may_not_be_opened(self):
        self.serving()
        self.lay_out("two")
        path = self.docker.address[len("unix/"):]
        os.chown(path, 65534, 65534)
        os.chmod(path, 0o600)
        self.fails("docker group", obey_modes=True)
        os.chown(path, 0, 0)
        self.mended()

    def test_too_old(self):
        self.serving()
        self.lay_out("two")
        said = {"message": "client version 1.41 is too new. Maximum supported API version is 1.40"}
        self.docker.rule(None, answer(400, json.dumps(said).encode()), 999)
        self.fails("1.40", "20.10")
        self.docker.reset()
        self.mended()

    def test_answers_cut(self):
        """A connection that breaks before the answer to any one request of a deploy."""
        self.serving()
        for method, path in (("GET", "/containers/json"), ("POST", "/containers/create"),
                             ("POST", "/start"), ("POST", "/rename")):
            self.lay_out(path)
            self.docker.rule(method, drop(), 1, path)
            r = self.kata("deploy", "shop")
            self.assertEqual(sum(rule[1] for rule in self.docker.rules), 0, "it was not asked")
            self.docker.reset()
            if path == "/containers/json":
                self.assertEqual(r.code, 1, r)
                self.unharmed(r)
            self.mended(path)


@every_engine
class EngineHangs(FaultCase):
    """It takes connections and says nothing. That has an end, after half a minute: so one
    generation hangs from the beginning here, and the other one under way."""
    weight = 60

    def test_hung(self):
        self.serving()
        self.lay_out("two", **{"x-kata-ready": "2s"})
        if self.which == "newest":
            self.engine.pause()
        run = threading.Thread(target=self.run_deploy, daemon=True)
        run.start()
        try:
            if self.which == "installed":
                wait_for(lambda: len(self.running("shop")) == 2, "the new container to run")
                self.engine.pause()
            run.join(100)
            self.assertFalse(run.is_alive(), "it waits for ever")
        finally:
            self.engine.resume()
        self.assert_names(self.result, "docker.sock", "hint: the engine is overloaded or hangs")
        if self.which == "installed":
            self.assert_names(self.result, "web-1: after 30 s: no answer in time")
        # What it had been asked before it is still going to do.
        wait_for(lambda: sorted(self.engine.containers("shop")) == ["shop-web-1"], "it to catch up")
        self.unharmed(self.result)
        self.mended()

    def run_deploy(self):
        self.result = self.deploy("shop", want=1, timeout=90)


@every_engine
class ServiceFaults(FaultCase):
    """What the file asks for cannot be had, or does not work."""

    def refused(self, *words, fix=None, more=None, names=("shop-web-1",), **web):
        """A change that fails; then one that works."""
        self.serving()
        self.lay_out("two", more, **web)
        r = self.fails(*words)
        if fix:
            fix()
        else:
            self.lay_out("two")
        self.mended(names=names)
        return r

    def test_unhealthy(self):
        check = {"test": ["CMD-SHELL", "echo stove is cold; exit 7"], "interval": "200ms",
                 "timeout": "5s", "retries": 2}
        self.refused("shop-web-1", "7", "stove is cold", "last words", healthcheck=check, command=[
            "sh", "-c", "echo last words; sleep 1000 & wait"])

    def test_exits_at_once(self):
        self.refused("shop-web-1", "exited with 23", "line 1", "line 2", command=[
            "sh", "-c", "echo line 1; echo line 2 >&2; exit 23"])

    def test_cannot_be_started(self):
        self.refused("no-such-program", command=["no-such-program"])

    def test_port_of_a_process(self):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 8066))
            s.listen()
            r = self.refused("8066", ports=["127.0.0.1:8066:8000"])
            self.assert_names(r, str(os.getpid()))

    def test_port_of_a_container(self):
        self.engine.docker("run", "-d", "--name", "holder", "-p", "127.0.0.1:8066:80", "bb")
        self.refused("8066", "holder", ports=["127.0.0.1:8066:8000"])
        self.assertTrue(self.engine.container("holder")["State"]["Running"])

    def test_name_of_a_foreign_container(self):
        self.engine.docker("run", "-d", "--name", "precious", "bb")
        before = self.engine.container("precious")
        self.refused("precious", more={"db": {"container_name": "precious"}})
        after = self.engine.container("precious")
        self.assertEqual((after["Id"], after["State"]["StartedAt"]),
                         (before["Id"], before["State"]["StartedAt"]))

    def test_no_such_bind_source(self):
        source = self.tmp / "nothing" / "here"
        self.refused(source, fix=lambda: os.makedirs(source), volumes=[
            {"type": "bind", "source": str(source), "target": "/x",
             "bind": {"create_host_path": False}}])

    def test_unreadable_secret(self):
        self.serving()
        folder = self.kata_root.folder("shop")
        (folder / "key").write_text("s3cret")
        (folder / "key").chmod(0)
        os.chown(folder / "key", 65534, 65534)
        self.lay_out("two", {"secrets": {"key": {"file": "./key"}}}, secrets=["key"])
        self.docker.reset()
        self.fails("key", obey_modes=True)
        self.assertEqual(self.writes(), [])
        (folder / "key").unlink()
        self.fails("key")
        self.assertEqual(self.writes(), [])
        (folder / "key").write_text("s3cret")
        self.mended()
        self.assertEqual(self.engine.shell("shop-web-1", "cat /run/secrets/key"), (0, "s3cret"))

    def test_oneshot_fails(self):
        self.refused("init", "exited with 9", "no table", more={
            "init": {"command": ["sh", "-c", "echo no table; exit 9"]}},
            depends_on={"init": {"condition": "service_completed_successfully"}})

    def test_nothing_to_be_healthy_by(self):
        self.refused("db", "health", more={"db": {}},
                     depends_on={"db": {"condition": "service_healthy"}})

    def test_network_in_use(self):
        """Somebody else's container is in the app's network: it stays, and so does the network."""
        self.serving()
        self.engine.docker("run", "-d", "--name", "guest", "--network", "shop_default", "bb")
        before = self.engine.container("guest")["Id"]
        r = self.kata("rm", "shop", "--force", want=1)
        self.assert_names(r, "shop_default", "guest", "hint: ")
        self.assertEqual(self.engine.container("guest")["Id"], before)
        self.assertTrue(self.engine.container("guest")["State"]["Running"])
        self.assertEqual(self.engine.containers("shop"), {})
        self.assertIsNone(self.c.server("shop"))
        self.engine.docker("rm", "-f", "guest")
        self.kata("rm", "shop", "--force", want=0)
        self.assertEqual(self.engine.networks(), {})
        self.assertFalse(self.kata_root.folder("shop").exists())

    # --- images

    def registry(self):
        if Registry.missing():
            self.skipTest(Registry.missing())
        r = Registry(self.tmp / "registry", password=True).start()
        self.addCleanup(r.stop)
        self.engine.tag("web", f"{r.address}/shop:1")
        self.engine.push(f"{r.address}/shop:1", r.auth)
        self.engine.must("DELETE", f"/images/{r.address}/shop:1")
        return r

    def test_registry_refuses(self):
        r = self.registry()
        config = self.tmp / "docker-config"
        config.mkdir()
        env = {"DOCKER_CONFIG": str(config)}
        self.serving()
        self.lay_out("two", image=f"{r.address}/shop:1")
        self.fails(f"{r.address}/shop:1", "docker login", env=env)
        wrong = json.loads(json.dumps(r.config))
        wrong["auths"][r.address]["auth"] = "a2F0YTpndWVzc2Vk"  # kata:guessed
        (config / "config.json").write_text(json.dumps(wrong))
        said = self.fails(f"{r.address}/shop:1", "docker login", env=env)
        self.assertNotIn("guessed", said.text)
        (config / "config.json").write_text(json.dumps(r.config))
        self.lay_out("two", image=f"{r.address}/shop:none")
        self.fails(f"{r.address}/shop:none", env=env)
        self.lay_out("two", image=f"{r.address}/shop:1")
        self.kata("deploy", "shop", want=0, env=env)
        self.mended()

    def test_no_such_image(self):
        self.refused("127.0.0.1:9/none", image="127.0.0.1:9/none:1")


@every_engine
class SwarmFaults(FaultCase):
    mode, swarm = "swarm", True

    def lay_out(self, text, more=None, **web):
        port = {"target": 8000, "published": 8300, "mode": "host"}
        super().lay_out(text, more, deploy=QUICK, ports=[port], **web)

    def test_manager_lost(self):
        """The Swarm is left under us: that is said, and nothing is made another way."""
        self.c = self.caddy()
        self.lay_out("one")
        self.deploy("shop")
        self.serves("one")
        routes = self.c.raw(SERVERS)
        self.lay_out("two")
        self.engine.swarm_leave()
        try:
            for args in (("deploy", "shop"), ("--apply",)):
                r = self.kata(*args, want=1)
                self.assert_one_message(r, "shop", "Swarm", "docker swarm init")
                self.assertEqual(self.c.raw(SERVERS), routes)
                self.assertEqual(self.engine.containers("shop"), {})
        finally:
            self.engine.swarm_init()
        # What is left of the old Swarm's networks fades away by itself.
        wait_for(lambda: not self.engine.networks(), "the old networks to be gone")
        self.kata("--apply", want=0)
        self.serves("two")
        self.kata("--diff", want=0)

    def test_crash_that_nobody_saw(self):
        """The deploy was killed before its service failed: the next run sees it, and says so."""
        self.c = self.caddy()
        self.lay_out("one")
        self.deploy("shop")
        self.lay_out("two", command=["sh", "-c", "echo boom; exit 6"],
                     **{"x-kata-ready": {"after": "100ms", "timeout": "30s"}})
        self.docker.reset()
        run = self.start_kata("deploy", "shop")
        wait_for(lambda: any(r.status for r in self.docker.asked("POST", "/update")), "the update")
        run.kill()
        run.wait()
        r = self.kata("--apply", want=1)
        self.assert_one_message(r, "service shop_web", "boom", "6")
        self.lay_out("two")
        self.kata("--apply", want=0)
        self.serves("two")
        self.kata("--diff", want=0)


class SmallEngine(engine.Engine):
    """One whose disk is small."""

    def begin(self):
        super().begin()
        data = f"{self.folder}/data"
        os.mkdir(data)
        self.inside("mount", "-t", "tmpfs", "-o", "size=64m", "none", data)

    def inside(self, *args):
        self.run("nsenter", "-t", str(self.one), "-m", *args)


@every_engine
class DiskFull(FaultCase):
    @classmethod
    def setUpClass(cls):
        whole = engine.Engine
        engine.Engine = SmallEngine
        try:
            super().setUpClass()
        finally:
            engine.Engine = whole

    def test_disk_full(self):
        self.serving()
        self.lay_out("two")
        fill = f"{self.engine.folder}/data/fill"
        self.engine.inside("sh", "-c", f"cat /dev/zero >{fill} 2>&- || :")
        try:
            self.fails("no space left on device", "docker system df")
        finally:
            self.engine.inside("rm", fill)
        self.mended()


class Spy(threading.Thread):
    """Looks for words in the arguments of all processes, all the time."""

    def __init__(self, words):
        super().__init__(daemon=True)
        self.words, self.end, self.found, self.looks = words, threading.Event(), set(), 0

    def run(self):
        while not self.end.wait(0.005):
            self.looks += 1
            for path in glob.glob("/proc/[0-9]*/cmdline"):
                try:
                    with open(path, "rb") as f:
                        text = f.read()
                except OSError:
                    continue
                self.found |= {(w, text) for w in self.words if w.encode() in text}

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end.set()
        self.join(10)


@every_engine
class Secrets(FaultCase):
    WORDS = ("s3cret-env-9d1", "s3cret-file-7c2", "s3cret-caddy-1f4", "s3cret-line-5b8")

    def secret_app(self, command=None):
        folder = self.kata_root.folder("shop")
        folder.mkdir(exist_ok=True)
        (folder / "key").write_text(f"{self.WORDS[1]}\n  {self.WORDS[3]}\n")
        caddy = proxied_to("web:8000")
        caddy["routes"][0]["handle"].insert(0, {"handler": "headers", "request": {
            "set": {"X-Token": ["TOKEN"]}}})
        env = {"PASSWORD": self.WORDS[0], "TOKEN": self.WORDS[2]}
        self.kata_root.app("shop", caddy, env=env, **{
            "x-kata-mode": self.mode, "secrets": {"key": {"file": "./key"}}, "services": {"web": {
                "image": "web", "secrets": ["key"],
                "environment": {"TEXT": "one", "URL": "db://kata:$PASSWORD@db/"},
                **({"command": command} if command else {}), **FAST}}})
        file = self.kata_root.file("shop")
        file.write_text(file.read_text().replace('"TOKEN"', '"${TOKEN}"').replace("$$P", "$P"))

    def silent(self, r):
        for word in self.WORDS:
            self.assertNotIn(word, r.text, r)

    def test_secrets_stay_secret(self):
        self.caddy()
        old = os.umask(0)
        self.addCleanup(os.umask, old)
        with Spy(self.WORDS) as spy:
            self.secret_app()
            for args in (("--diff",), ("--diff", "--json"), ("deploy", "shop", "--verbose"),
                         ("ps", "shop"), ("ls",), ("status",)):
                self.silent(self.kata(*args))
            self.serves("one")
            self.secret_app(["sh", "-c", "env; sed 's/.*/key: &./' /run/secrets/key; exit 3"])
            r = self.kata("deploy", "shop", "--verbose", want=1)
            self.silent(r)
            self.assert_names(r, "key: ***.", "key:   ***.")
            self.silent(self.kata("deploy", "shop", "--json", want=1))
        self.assertGreater(spy.looks, 5)
        self.assertEqual(spy.found, set())
        self.assertEqual(stat.S_IMODE(os.stat(self.generated()).st_mode), 0o600)
        state = self.kata_root.path / ".kata"
        self.assertEqual(stat.S_IMODE(os.stat(state).st_mode), 0o700)
        for path in [p for p in state.rglob("*") if p.is_file()]:
            for word in self.WORDS:
                self.assertNotIn(word.encode(), path.read_bytes(), path)
