"""The test library's own promises: private engines of both generations, the recording proxy, the
registry, Debian images; and that nothing is left when they are closed, or their process killed."""
import glob
import signal
import subprocess
import sys
from pathlib import Path

import debian
import engine
import netns
import parity
import registry
from caddyctl import REPO, UnixConnection, wait_for
from enginecase import EngineCase, every_engine, needs_compose
from proxy import answer, cut


def traces(name):
    """What is left of an engine, by its name, anywhere on the machine."""
    found = glob.glob(f"/tmp/{name}*") + glob.glob(f"/sys/fs/cgroup/**/{name}", recursive=True)
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    found += [line for line in mounts if name in line]
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            words = Path(path).read_bytes().split(b"\0")
        except OSError:
            continue
        if any(f"/{name}-".encode() in w for w in words):
            found.append(b" ".join(words).decode(errors="replace"))
    return found


def bridges():
    out = subprocess.run(["ip", "-br", "link"], capture_output=True, text=True,
                         env={"PATH": engine.search_path("installed")}).stdout
    return sorted(x.split()[0] for x in out.splitlines() if x.startswith("kte"))


@every_engine
class EngineLib(EngineCase):
    swarm = True
    weight = 10

    def test_generation(self):
        version = self.engine.get("/version")["Version"]
        if self.which == "newest":
            self.assertGreaterEqual(int(version.split(".")[0]), 28)
        self.assertEqual(self.engine.get("/info")["Swarm"]["LocalNodeState"], "active")

    def test_runs_an_image(self):
        self.engine.image("say", changes=['ENV WORD=hello', 'CMD ["sh", "-c", "echo $WORD"]'])
        self.engine.docker("run", "--name", "say1", "say")
        self.assertEqual(self.engine.logs("say1"), "hello\n")

    def test_container_answers(self):
        self.engine.docker("run", "-d", "--name", "web1", "-p", "8181:8000", "-e", "TEXT=one",
                           "web")
        own = f"{self.address('web1')}:8000"
        for address in (own, "127.0.0.1:8181"):
            wait_for(lambda a=address: self.try_fetch(a) == (200, "one"), f"{address} to answer")

    def try_fetch(self, address):
        try:
            return self.fetch(address)
        except OSError:
            return None

    def test_caddy_reaches_a_container(self):
        self.engine.docker("run", "-d", "--name", "web1", "-e", "TEXT=two", "web")
        c = self.caddy({"a": {"listen": [":8001"], "routes": [{"handle": [{
            "handler": "reverse_proxy", "upstreams": [
                {"dial": f"{self.address('web1')}:8000"}]}]}]}})
        self.assertIsNotNone(c.server("a"))
        wait_for(lambda: self.try_fetch("127.0.0.1:8001") == (200, "two"), "Caddy to proxy")

    def test_swarm_service(self):
        self.engine.must("POST", "/services/create", {
            "Name": "st_web", "TaskTemplate": {"ContainerSpec": {"Image": "web"}},
            "Mode": {"Replicated": {"Replicas": 2}}, "EndpointSpec": {"Ports": [
                {"TargetPort": 8000, "PublishedPort": 8282, "PublishMode": "ingress"}]}})
        wait_for(lambda: len(self.engine.tasks("st_web")) == 2, "two tasks")
        self.assertEqual(list(self.engine.services()), ["st_web"])

    def test_reset(self):
        self.engine.docker("network", "create", "n1")
        self.engine.docker("network", "create", "-d", "overlay", "n2")
        self.engine.docker("volume", "create", "v1")
        self.engine.docker("secret", "create", "s1", "-", stdin="x")
        self.engine.docker("config", "create", "c1", "-", stdin="x")
        self.engine.docker("run", "-d", "--name", "a1", "--network", "n1", "-v", "v1:/x", "bb")
        self.engine.docker("service", "create", "-d", "--network", "n2", "--name", "b1", "bb")
        self.engine.reset()
        self.assertEqual((self.engine.containers(), self.engine.networks(), self.engine.volumes(),
                          self.engine.services(), self.engine.get("/secrets"),
                          self.engine.get("/configs")), ({}, {}, {}, {}, [], []))
        self.assertIsNotNone(self.engine.image_id("bb"))

    @needs_compose
    def test_compose(self):
        (self.tmp / "compose.yaml").write_text("services:\n  a:\n    image: bb\n")
        self.engine.compose("-p", "proj", "up", "-d", cwd=self.tmp)
        self.assertEqual(list(self.engine.containers("proj")), ["proj-a-1"])

    # --- the proxy

    def test_proxy_counts(self):
        env = {"DOCKER_HOST": self.docker.host}
        self.engine.docker("ps", env=env)
        self.assertEqual(self.writes(), [])
        self.engine.docker("create", "--name", "a1", "bb", env=env)
        self.assertEqual(self.writes(), ["POST /containers/create?name=a1"])
        made = self.docker.asked("POST", "/containers/create")[0]
        self.assertEqual(made.status, 201)
        self.assertIn(b'"Image":"bb"', made.body)
        self.assertTrue(made.version.startswith("1."))

    def test_proxy_passes_taken_connections(self):
        env = {"DOCKER_HOST": self.docker.host}
        self.engine.docker("run", "-d", "--name", "a1", "bb", env=env)
        p = self.engine.client(engine.cli(), "exec", "-i", "a1", "sh", "-c", "cat; exit 3",
                               env=env, stdin="over and out\n", want=3)
        self.assertEqual(p.stdout, "over and out\n")
        p = self.engine.client(engine.cli(), "run", "-i", "--rm", "bb", "tr", "a-z", "A-Z",
                               env=env, stdin="abc\n")
        self.assertEqual(p.stdout, "ABC\n")
        self.assertEqual([r.status for r in self.docker.asked("POST", "/start") if r.hijack], [101])

    def test_proxy_streams(self):
        """Events come while the answer is still open, and a connection serves many requests."""
        conn = UnixConnection(str(self.tmp / "docker.sock"), 10)
        for _ in range(3):
            conn.request("GET", "/v1.41/info")
            self.assertEqual(conn.getresponse().read()[:1], b"{")
        conn.request("GET", "/events")
        events = conn.getresponse()
        self.engine.docker("volume", "create", "v1")
        self.assertIn(b"v1", events.readline())
        conn.close()

    def test_proxy_breaks(self):
        env = {"DOCKER_HOST": self.docker.host}
        self.docker.rule("POST", answer(500, b'{"message":"no space"}'), path="/volumes/create")
        p = self.engine.client(engine.cli(), "volume", "create", "v1", env=env, want=1)
        self.assertIn("no space", p.stderr)
        self.docker.rule("GET", cut(), times=99, path="/volumes")
        self.engine.client(engine.cli(), "volume", "ls", env=env, want=1)
        self.docker.reset()
        self.assertEqual(self.engine.docker("volume", "ls", "-q", env=env), "")

    # --- the engine's life

    def test_pause(self):
        self.engine.pause()
        try:
            with self.assertRaises(OSError):
                self.engine.api("GET", "/_ping", timeout=0.3)
        finally:
            self.engine.resume()
        self.assertEqual(self.engine.api("GET", "/_ping").status, 200)

    def test_restart(self):
        self.engine.docker("run", "-d", "--name", "a1", "--restart", "always", "bb")
        for force in (False, True):
            before = self.engine.daemon()
            self.engine.restart(force)
            self.assertNotEqual(self.engine.daemon(), before)
            wait_for(lambda: self.engine.container("a1")["State"]["Running"], "a1 to run again")
            wait_for(lambda: self.engine.get("/info")["Swarm"].get("ControlAvailable"),
                     "the Swarm to be there again")

    def test_nothing_is_left(self):
        e = engine.Engine(self.which).start()
        try:
            e.image("bb")
            e.docker("run", "-d", "--network", "host", "--name", "a1", "bb", "sleep", "100")
            e.docker("run", "-d", "--name", "a2", "bb", "sleep", "100")
            self.assertGreater(len(traces(e.name)), 3)
            self.assertIn(e.bridge, bridges())
        finally:
            e.close()
        self.assertEqual(traces(e.name), [])
        self.assertNotIn(e.bridge, bridges())

    def test_killed_process_leaves_nothing_running(self):
        code = ("import sys; sys.path.insert(0, sys.argv[1])\n"
                "import netns; netns.enter()\n"
                "import engine\n"
                "e = engine.Engine(sys.argv[2]).start(); e.image('bb')\n"
                "e.docker('run', '-d', '--name', 'a1', 'bb', 'sleep', '100')\n"
                "print(e.name, flush=True); sys.stdin.read()\n")
        lib = str(REPO / "tests/lib")
        p = subprocess.Popen([sys.executable, "-B", "-c", code, lib, self.which],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                             preexec_fn=netns.child_setup)
        name = p.stdout.readline().strip()
        self.assertGreater(len(traces(name)), 3)
        p.send_signal(signal.SIGKILL)
        p.wait()
        p.stdin.close()
        p.stdout.close()
        left = lambda: [t for t in traces(name) if not t.startswith(("/tmp/", "/sys/"))]
        wait_for(lambda: not left(), "its processes and mounts to go")
        wait_for(lambda: (engine.sweep(), not traces(name))[1], "the next engine's sweep", 10)

    # --- comparing

    def test_parity_sees_differences(self):
        """Two containers of one command are equal to it; any other setting is not."""
        self.engine.docker("network", "create", "n1")
        usual = ("-d", "--network", "n1", "-e", "A=1", "-v", "v1:/x")
        self.engine.docker("run", "--name", "a1", *usual, "bb")
        first = {"c": self.engine.container("a1")}
        for more, path in [
                ((), ""), (("-e", "B=2"), "Config.Env"), (("-l", "x=y"), "Config.Labels.x"),
                (("--restart", "always"), "HostConfig.RestartPolicy"),
                (("-v", "v2:/x2"), "HostConfig.Binds"), (("-v", "/x2"), "Mounts"),
                (("--network-alias", "other"), "NetworkSettings.Networks.n1.Aliases"),
                (("-p", "8123:80"), "HostConfig.PortBindings"), (("--init",), "HostConfig.Init"),
                (("-m", "50m"), "HostConfig.Memory"), (("-w", "/tmp"), "Config.WorkingDir")]:
            self.engine.docker("rm", "-f", "a1")
            self.engine.docker("run", "--name", "a1", *usual, *more, "bb")
            lines = parity.differences(first, {"c": self.engine.container("a1")}, parity.CONTAINER)
            self.assertEqual(bool(lines), bool(path), lines)
            self.assertTrue(any(path in line for line in lines) or not path, (path, lines))

    # --- registry and Debian

    def test_registry(self):
        if registry.Registry.missing():
            self.skipTest(registry.Registry.missing())
        for password in (False, True):
            r = registry.Registry(self.tmp / f"r{password}", password).start()
            self.addCleanup(r.stop)
            name = f"{r.address}/some/app:1.0"
            self.engine.tag("bb", name)
            if password:
                with self.assertRaises(RuntimeError):
                    self.engine.push(name)
            self.engine.push(name, r.auth)
            self.engine.must("DELETE", f"/images/{name}?force=1")
            self.engine.stream("POST", f"/images/create?fromImage={r.address}/some/app&tag=1.0",
                               headers={"X-Registry-Auth": r.auth})
            self.assertIsNotNone(self.engine.image_id(name))

    def test_debian(self):
        if debian.missing():
            self.skipTest(debian.missing())
        debian.image(self.engine, "kata-debian")
        p = self.engine.docker("run", "--rm", "kata-debian", "python3", "-m", "venv", "--help")
        self.assertIn("usage: venv", p)


@every_engine
class EngineOutside(EngineCase):
    """Containers that reach the machine's network."""
    internet = True
    weight = 5

    def url(self):
        if debian.missing():
            self.skipTest(debian.missing())
        return f"{debian.mirror()}/dists/{debian.SUITE}/InRelease".replace("https:", "http:")

    def test_build_reaches_a_mirror(self):
        context = self.tmp / "context"
        context.mkdir()
        (context / "Dockerfile").write_text(
            f"FROM bb\nRUN wget -q -O /x {self.url()} && grep -q Origin /x\n")
        self.engine.docker("build", "-q", str(context))

    def test_own_network_reaches_a_mirror(self):
        url = self.url()
        self.engine.docker("network", "create", "n1")
        out = self.engine.docker("run", "--rm", "--network", "n1", "bb", "wget", "-q", "-O-", url)
        self.assertIn("Origin: Debian", out)

    def test_without_it_nothing_is_reached(self):
        url = self.url()
        e = engine.Engine(self.which).start()
        self.addCleanup(e.close)
        e.image("bb")
        p = e.client(engine.cli(), "run", "--rm", "bb", "timeout", "3", "wget", "-q", "-O-", url,
                     want=None)
        self.assertNotEqual(p.returncode, 0)
