"""A deploy that is killed at any moment, told to stop, or meets another one: what it leaves, one
`--apply` completes. Kills fall on every request it sends (before and after the engine has it), and
on any moment between. Several apps are deployed at once, so that one apply mends many kills."""
import os
import random
import signal
import subprocess
import time

from case import SERVERS
from deploy import DeployCase, proxied_to
from deploy_swarm import QUICK
from dockerproxy import DockerProxy
from enginecase import every_engine, wait_for

KILLS = int(os.environ.get("KATA_DEPLOY_KILLS", "40"))
APPS = 4
FAST = {"x-kata-ready": "100ms", "stop_grace_period": "0s"}


class Watch(DockerProxy):
    """Calls a function at the nth request (of some methods), which then goes on to the engine or
    not."""

    def __init__(self, path, engine):
        super().__init__(path, engine)
        self.left, self.methods, self.function, self.sent = 0, (), None, True

    def at(self, n, methods, sent, function):
        with self.lock:
            self.left, self.methods, self.sent, self.function = n, methods, sent, function

    def rule_for(self, request):
        with self.lock:
            self.log.append(request)
            if request.method not in self.methods or self.left == 0:
                return None
            self.left -= 1
            if self.left:
                return None
        self.function()
        return None if self.sent else ("cut",)


class KillCase(DeployCase):
    """Rounds: all apps change, each deploy is killed, one apply follows; then all is looked at."""
    __test__ = False
    weight = 60

    def setUp(self):
        super().setUp()
        self.rng = random.Random(os.environ.get("KATA_SEED", "kata") + self.mode)
        self.c = self.caddy()
        self.names = [f"app{i}" for i in range(APPS)]
        self.watches = {}
        for name in self.names:
            self.watches[name] = Watch(self.tmp / f"{name}.sock", self.engine)
            self.addCleanup(self.watches[name].close)

    def port(self, name):
        return 8100 + int(name[3:])

    def lay_out(self, name, text):
        """One service behind Caddy, one not; each with an environment of its own."""
        services = {"web": {"image": "web", "environment": {"TEXT": text}, **FAST},
                    "db": {"image": "bb", "environment": {"TEXT": text}, "volumes": ["data:/data"],
                           **FAST}}
        top = {"x-kata-mode": self.mode, "services": services, "volumes": {"data": {}}}
        if self.mode == "swarm":
            self.for_swarm(name, text, top)
        self.kata_root.app(name, proxied_to("web:8000", f":{self.port(name)}"), **top)

    def for_swarm(self, name, text, top):
        """With a port that Caddy reaches, and a secret that changes as well."""
        for s in top["services"].values():
            s["deploy"] = QUICK
        top["services"]["web"].update(secrets=["key"], ports=[
            {"target": 8000, "published": self.port(name) + 200, "mode": "host"}])
        top["secrets"] = {"key": {"file": "./key"}}
        self.kata_root.folder(name).mkdir(exist_ok=True)
        (self.kata_root.folder(name) / "key").write_text(text)

    def start(self, name, *args):
        return self.start_kata("deploy", name, *args,
                               env={"DOCKER_HOST": self.watches[name].host})

    def usual(self):
        """How long a deploy takes, and how many requests it sends, when nobody is in the way."""
        for name in self.names:
            self.lay_out(name, "usual")
            self.watches[name].reset()
        begin = time.monotonic()
        runs = [self.start(name) for name in self.names]
        self.assertEqual([r.wait(90) for r in runs], [0] * APPS)
        log = self.watches[self.names[0]].log
        return (time.monotonic() - begin, len(log),
                len([r for r in log if r.method in ("POST", "DELETE")]))

    def kill_one(self, name, how, usual):
        """Starts a deploy that dies at a moment of a kind; a function that waits for the end."""
        seconds, requests, writes = usual
        watch, run = self.watches[name], None
        ready = []  # the process, once there is one

        def kill():
            wait_for(lambda: ready, "the process to be known")
            ready[0].kill()
        watch.reset()
        if how == "time":
            watch.at(0, (), True, kill)
        elif how == "request":
            watch.at(self.rng.randint(1, requests), ("GET", "POST", "DELETE"),
                     self.rng.random() < .5, kill)
        else:
            watch.at(self.rng.randint(1, writes), ("POST", "DELETE"), how == "sent", kill)
        end = time.monotonic() + (self.rng.random() * seconds if how == "time" else 60)
        run = self.start(name)
        ready.append(run)

        def finish():
            try:
                run.wait(max(0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                run.kill()
                run.wait()
            return run.returncode == -signal.SIGKILL
        return finish

    def whole(self, text):
        """What one apply has to leave: exactly what the files say, and Caddy pointing at it."""
        for name in self.names:
            wait_for(lambda n=name: self.through_caddy(self.port(n)) == (200, text),
                     f"{name} answers {text}", 10)
        self.kata("--diff", want=0)

    def test_kill_at_random(self):
        usual = self.usual()
        kinds = ["sent", "unsent", "sent", "unsent", "request", "time"]
        killed = rounds = 0
        while rounds * APPS < self.kills():
            rounds += 1
            text = f"t{rounds}"
            for name in self.names:
                self.lay_out(name, text)
            ends = [self.kill_one(name, self.rng.choice(kinds), usual) for name in self.names]
            killed += sum(end() for end in ends)
            r = self.kata("--apply")
            if "device or resource busy" in r.err:  # the engine's own mount of secrets, now and then
                r = self.kata("--apply")
            self.assertEqual(r.code, 0, r)
            with self.subTest(round=rounds, apply=str(r)):
                self.whole(text)
        self.assertGreater(killed, rounds * APPS // 2, "too few runs were killed midway")
        left = [x.name for x in self.kata_root.path.rglob("*")
                if x.name.endswith((".tmp", ".new")) or ".tmp" in x.name]
        self.assertEqual(left, [], "temporary files left behind")

    def kills(self):
        """Swarm takes its time, and the newest engine is much like the installed one."""
        return KILLS // (2 if self.which == "newest" else 1) // (2 if self.swarm else 1)


@every_engine
class KillCompose(KillCase):
    def whole(self, text):
        super().whole(text)
        made = self.engine.containers()
        wanted = sorted(f"{name}-{service}-1" for name in self.names for service in ("db", "web"))
        self.assertEqual(sorted(made), wanted)
        for name, c in made.items():
            self.assertTrue(c["State"]["Running"], name)
            self.assertIn(f"TEXT={text}", c["Config"]["Env"], name)
        for name in self.names:
            upstreams = self.c.server(name)["routes"][0]["handle"][0]["upstreams"]
            self.assertEqual(upstreams, [{"dial": f"{self.address(f'{name}-web-1')}:8000"}], name)


@every_engine
class KillSwarm(KillCase):
    mode, swarm = "swarm", True

    def tasks(self, service):
        return [t["Spec"]["ContainerSpec"]["Env"] for t in self.engine.tasks(service)]

    def whole(self, text):
        super().whole(text)
        services = self.engine.services()
        wanted = sorted(f"{name}_{service}" for name in self.names for service in ("db", "web"))
        self.assertEqual(sorted(services), wanted)
        for name, s in services.items():
            self.assertIn(f"TEXT={text}", s["Spec"]["TaskTemplate"]["ContainerSpec"]["Env"])
            env = self.tasks(name)
            self.assertEqual(len(env), 1, name)
            self.assertIn(f"TEXT={text}", env[0], name)
        self.assertEqual(len(self.engine.get("/secrets")), APPS)


@every_engine
class DeployTogether(DeployCase):
    """Deploys that are told to stop, and deploys that meet."""
    weight = 30

    def changed(self, text, ready="100ms", name="shop", port=8001):
        self.shop(name, proxied_to("web:8000", f":{port}"), web={
            "environment": {"TEXT": text}, "x-kata-ready": ready, "stop_grace_period": "0s"},
            db=None)

    def begin(self, text, ready, name="shop", port=8001):
        """A deploy that has started its new container, and now waits until that is ready."""
        self.changed(text, ready, name, port)
        before = self.ids(name)
        run = self.start_kata("deploy", name)
        wait_for(lambda: len(self.running(name)) == len(before) + 1 or run.poll() is not None,
                 "the new container to run", 30)
        self.assertIsNone(run.poll(), "it has ended already")
        return run

    def first(self, name="shop", port=8001):
        self.changed("one", name=name, port=port)
        self.deploy(name)
        self.serves("one", port)

    def test_told_to_stop(self):
        c = self.caddy()
        self.first()
        before = "one"
        for number in (signal.SIGINT, signal.SIGTERM):
            with self.subTest(signal=number.name):
                routes, old = c.raw(SERVERS), self.ids("shop")["shop-web-1"]
                run = self.begin(number.name, "60s")
                run.send_signal(number)
                self.assertEqual(run.wait(10), 128 + number)
                self.assertEqual(self.ids("shop")["shop-web-1"], old)
                self.assertEqual(c.raw(SERVERS), routes)
                self.serves(before)
                self.changed(number.name)
                self.kata("--apply", want=0)
                before = number.name
                self.serves(before)
                self.assertEqual(self.running("shop"), ["shop-web-1"])
                self.assertEqual(len(self.engine.containers()), 1)
                self.unwritten("--diff")

    def test_second_of_one_app(self):
        """It says who holds the app, and touches nothing; with --wait it is the next one."""
        self.caddy()
        self.first()
        run = self.begin("two", "4s")
        self.docker.reset()
        r = self.deploy("shop", want=1, timeout=3)
        self.assert_names(r, "shop", run.pid, "--wait")
        self.changed("three")
        waiting = self.start_kata("deploy", "shop", "--wait")
        self.assertIsNone(waiting.poll())
        self.assertEqual(run.wait(60), 0)
        self.assertEqual(waiting.wait(60), 0)
        self.serves("three")
        self.assertEqual(sorted(self.engine.containers()), ["shop-web-1"])
        self.unwritten("--diff")

    def test_apply_beside_a_deploy(self):
        """An apply (cron's) leaves the app alone that is just being deployed, routes and all."""
        c = self.caddy()
        self.first()
        routes = c.raw(SERVERS)
        run = self.begin("two", "4s")
        r = self.kata("--apply", want=0)
        self.assertIsNone(run.poll())
        self.assertIn("skipped", r.err)
        self.assert_names(r, "shop", run.pid)
        self.assertEqual(c.raw(SERVERS), routes, r)
        self.serves("one")
        self.assertEqual(run.wait(60), 0)
        self.serves("two")
        self.unwritten("--diff")

    def test_apps_in_parallel(self):
        """Deploys of different apps do not wait for each other, in one run or in several."""
        self.caddy()
        apps = {f"app{i}": 8001 + i for i in range(3)}
        for name, port in apps.items():
            self.first(name, port)
        runs = []
        for command in ([["deploy", name] for name in apps], [["deploy", *apps]]):
            text = f"t{len(command)}"
            for name, port in apps.items():
                self.changed(text, "6s", name, port)
            runs = [self.start_kata(*words) for words in command]
            wait_for(lambda: all(len(self.running(name)) == 2 for name in apps), "all to run", 30)
            self.assertEqual([run.poll() for run in runs], [None] * len(runs))
            self.assertEqual([run.wait(60) for run in runs], [0] * len(runs))
            for port in apps.values():
                self.serves(text, port)
        self.assertEqual(sorted(self.engine.containers()), [f"{name}-web-1" for name in apps])
        self.unwritten("--diff")
