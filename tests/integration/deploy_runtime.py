"""Apps in a Kata runtime, end to end: the image really built from share/runtimes, on a small Debian
under the name of its base; what the app needs really installed, from files of its own; then changed,
scaled, switched between the modes, and removed. The engine is a Swarm's manager as well."""
import base64
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile
import unittest
import zipfile

import debian
import netns
from case import REPO
from deploy import DeployCase, proxied_to
from enginecase import every_engine, wait_for

OWNER = (1234, 2345)  # of the app's folder: whom what it makes belongs to
# A server that says what it is, with what is installed.
APP = """import http.server, json, os, sys
import thing

class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"text": os.environ.get("TEXT", ""), "thing": thing.VERSION,
                           "code": "CODE", "uid": os.getuid(), "venv": sys.prefix}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

print("thing", thing.VERSION, flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", int(os.environ.get("PORT", "8000"))), Answer).serve_forever()
"""
WORKER = "import time, thing\nprint('worker with thing', thing.VERSION, flush=True)\ntime.sleep(100000)\n"
NODE = """const http = require('http'), thing = require('thing');
http.createServer((q, a) => a.end(JSON.stringify({thing: thing.VERSION, uid: process.getuid()})))
  .listen(3000);
"""


def wheel(folder, version):
    """A package `thing` of some version, as pip installs it; its path below the app's folder."""
    name, info = f"thing-{version}-py3-none-any.whl", f"thing-{version}.dist-info"
    files = {"thing.py": f"VERSION = {version!r}\n",
             f"{info}/METADATA": f"Metadata-Version: 2.1\nName: thing\nVersion: {version}\n",
             f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
                              "Tag: py3-none-any\n"}
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    files[f"{info}/RECORD"] = record + f"{info}/RECORD,,\n"
    (folder / "wheels").mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "wheels" / name, "w") as out:
        for path, text in files.items():
            out.writestr(path, text)
    return f"./wheels/{name}"


def npm_package(folder, version):
    """The same for npm."""
    files = {"package.json": json.dumps({"name": "thing", "version": version, "main": "thing.js"}),
             "thing.js": f"exports.VERSION = {json.dumps(version)};\n"}
    (folder / f"thing-{version}.tgz").write_bytes(gzip.compress(
        tar_of({f"package/{path}": text.encode() for path, text in files.items()})))
    return f"file:./thing-{version}.tgz"


def tar_of(files):
    """A tar of {path: bytes}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


class RuntimeCase(DeployCase):
    swarm = True
    image, base, packages = "kata/python", "python:3-slim", debian.PACKAGES
    __test__ = False

    @classmethod
    def images(cls):
        if debian.missing():
            raise unittest.SkipTest(debian.missing())
        try:
            debian.image(cls.engine, cls.base, cls.packages)
        except subprocess.CalledProcessError as e:
            raise unittest.SkipTest(f"debootstrap fails: {e.stdout[-300:]}{e.stderr[-300:]}") from e

    def kata(self, *args, timeout=300, **kw):
        return super().kata(*args, timeout=timeout, **kw)

    def own(self, name="blog"):
        """Gives the app's folder, and all in it, to its owner."""
        top = self.kata_root.folder(name)
        for folder, _, names in os.walk(top):
            for path in [folder, *(os.path.join(folder, n) for n in names)]:
                os.chown(path, *OWNER)

    def blog(self, version="1.0", code="one", requirements=None, mode="compose", listen=":8001",
             **web):
        """An app whose server needs `thing`; web: more of the service."""
        folder = self.kata_root.folder("blog")
        folder.mkdir(exist_ok=True)
        (folder / "app.py").write_text(APP.replace("CODE", code))
        path = wheel(folder, version)
        (folder / "requirements.txt").write_text(requirements or path + "\n")
        services = {"web": {"runtime": "python", **web}}
        self.kata_root.app("blog", proxied_to("web:8000", listen), services=services,
                           **({"x-kata-mode": mode} if mode else {}))
        self.own()

    def state(self, port=8001):
        """What the app says of itself through Caddy."""
        answer = self.through_caddy(port)
        return json.loads(answer[1]) if answer and answer[0] == 200 else {}

    def says(self, **what):
        wait_for(lambda: what.items() <= self.state().items(), f"{what} through Caddy", 30)

    def installs(self):
        """How often this run prepared the app; never twice at a time."""
        begins = [w for w in self.writes() if w.startswith("POST") and "-prepare" in w
                  and ("/create" in w or w.endswith("/wait"))]
        self.assertEqual(["/create" in w for w in begins],
                         [i % 2 == 0 for i in range(len(begins))], begins)
        return len(begins) // 2

    def deploys(self, *args, installs, want=0):
        self.docker.reset()
        r = self.deploy("blog", *args, want=want)
        self.assertEqual(self.installs(), installs, f"{r}\n{self.writes()}")
        return r

    def builds(self):
        return [w for w in self.writes() if "/build" in w]


@every_engine
class RuntimePython(RuntimeCase):
    weight = 60

    def test_first_deploy(self):
        """Builds the image once, installs once, runs as the owner, and then has nothing to do."""
        if self.engine.image_id(self.image):
            self.engine.must("DELETE", f"/images/{self.image}?force=1")
        self.caddy()
        self.blog()
        self.assert_names(self.kata("--diff", want=1), "kata/python")
        self.deploys(installs=1)
        self.assertEqual(len(self.builds()), 1, self.writes())
        config = self.engine.find(f"/images/{self.image}/json")["Config"]
        self.assertIn("PYTHONUNBUFFERED=1", config["Env"])
        self.assertEqual(config["WorkingDir"], "/app")
        self.says(thing="1.0", code="one", uid=OWNER[0], venv="/venv")
        venv = self.kata_root.path / "envs/blog/venv"
        for path in (venv / "bin/python", next(venv.glob("lib/*/site-packages/thing.py"))):
            st = os.lstat(path)
            self.assertEqual((st.st_uid, st.st_gid), OWNER, path)
        self.assertEqual(sorted(self.engine.containers()), ["blog-web-1"])
        self.unwritten("deploy", "blog")
        self.assertEqual(self.unwritten("--apply").text, "")
        self.kata("--diff", want=0)

    def test_installs_when_requirements_change(self):
        """... and only then; the image is not built again."""
        self.caddy()
        self.blog()
        self.deploys(installs=1)
        self.says(thing="1.0")
        self.blog(environment={"TEXT": "two"})
        self.deploys(installs=0)
        self.says(text="two", thing="1.0")
        self.blog(environment={"TEXT": "two"}, version="2.0")
        self.assert_names(self.kata("--diff", want=1), "blog")
        self.deploys(installs=1)
        self.assertEqual(self.builds(), [])
        self.says(text="two", thing="2.0")
        self.unwritten("--apply")

    def test_new_code(self):
        """The code is mounted, not copied: a restart takes it."""
        self.caddy()
        self.blog()
        self.deploy("blog")
        self.says(code="one")
        self.blog(code="two")
        self.docker.reset()
        self.kata("restart", "blog", want=0)
        self.assertEqual(self.installs(), 0)
        self.says(code="two")


@every_engine
class RuntimePythonDays(RuntimeCase):
    weight = 60

    def test_day_to_day(self):
        """Scale, stop, start, logs, run, rm, and the same app once more."""
        c = self.caddy()
        self.blog()
        self.deploy("blog")
        self.says(thing="1.0")
        self.kata("scale", "blog", "web=2", want=0)
        self.assertEqual(self.running("blog"), ["blog-web-1", "blog-web-2"])
        dials = [u["dial"] for u in c.server("blog")["routes"][0]["handle"][0]["upstreams"]]
        self.assertEqual(sorted(dials), sorted(f"{self.address(f'blog-web-{i}')}:8000"
                                               for i in (1, 2)))
        for dial in dials:
            wait_for(lambda d=dial: self.answers(d), f"{dial} to answer")
        self.kata("stop", "blog", want=0)
        self.assertEqual(self.running("blog"), [])
        self.unwritten("--apply")
        self.docker.reset()
        self.kata("start", "blog", want=0)
        self.assertEqual(self.installs(), 0)
        self.assertEqual(self.running("blog"), ["blog-web-1", "blog-web-2"])
        self.says(thing="1.0")
        self.assert_names(self.kata("logs", "blog", want=0), "thing 1.0")
        r = self.kata("run", "blog", "web", "python", "-c", "import thing; print(thing.VERSION)",
                      want=0)
        self.assertIn("1.0", r.out)
        self.kata("rm", "blog", "--force", want=0)
        self.assertIsNone(c.server("blog"))
        self.assertEqual(self.engine.containers(), {})
        self.assertFalse((self.kata_root.path / "envs/blog").exists())
        self.blog()
        self.deploys(installs=1)
        self.says(thing="1.0")

    def answers(self, dial):
        try:
            return self.fetch(dial)[0] == 200
        except OSError:
            return False

    def test_lost_environment(self):
        """What was installed is gone, though nothing changed: it is installed again."""
        self.caddy()
        self.blog()
        self.deploy("blog")
        self.kata("stop", "blog", want=0)
        os.rename(self.kata_root.path / "envs", self.tmp / "lost")
        self.deploys(installs=1)
        self.says(thing="1.0")

    def test_two_services_of_one_environment(self):
        """Both need it, and it is one folder: they are prepared one after the other."""
        self.caddy()
        self.blog()
        folder = self.kata_root.folder("blog")
        (folder / "worker.py").write_text(WORKER)
        services = {"web": {"runtime": "python"},
                    "worker": {"runtime": "python", "command": ["python", "worker.py"]}}
        self.kata_root.app("blog", proxied_to("web:8000"), services=services,
                           **{"x-kata-mode": "compose"})
        self.own()
        self.deploys(installs=2)
        self.says(thing="1.0")
        self.assertEqual(self.running("blog"), ["blog-web-1", "blog-worker-1"])
        wait_for(lambda: "worker with thing 1.0" in self.engine.logs("blog-worker-1"),
                 "the worker's thing", 30)
        self.unwritten("--apply")


@every_engine
class RuntimePythonFails(RuntimeCase):
    weight = 50

    def test_failing_install_keeps_the_old_one(self):
        """The deploy ends there, says why, and what runs goes on (row KB5)."""
        c = self.caddy()
        self.blog(environment={"TEXT": "old"})
        self.deploy("blog")
        self.says(text="old")
        before, started = self.ids("blog"), self.engine.container("blog-web-1")["State"]["StartedAt"]
        routes = c.raw("/config/apps/http/servers/blog")
        self.blog(environment={"TEXT": "new"}, requirements="./wheels/no-such-1.0.whl\n")
        for args in (["deploy", "blog"], ["--apply"]):
            r = self.kata(*args, want=1)
            self.assert_names(r, "blog", "web", "no-such-1.0.whl")
            self.assertEqual(self.ids("blog"), before, r)
            after = self.engine.container("blog-web-1")["State"]
            self.assertEqual((after["Running"], after["StartedAt"]), (True, started))
            self.assertEqual(c.raw("/config/apps/http/servers/blog"), routes)
            self.says(text="old", thing="1.0")
        self.kata("--diff", want=1)
        self.blog(environment={"TEXT": "new"}, version="2.0")
        self.deploys(installs=1)
        self.says(text="new", thing="2.0")
        self.assertEqual(sorted(self.engine.containers()), ["blog-web-1"])

    def test_failing_install_of_a_first_deploy(self):
        c = self.caddy()
        self.blog(requirements="./wheels/no-such-1.0.whl\n")
        self.assert_names(self.deploy("blog", want=1), "no-such-1.0.whl")
        self.assertEqual(self.running("blog"), [])
        self.assertIsNone(c.server("blog"))
        self.kata("rm", "blog", "--force", want=0)
        self.assertEqual(self.engine.containers(), {})

    def test_code_that_crashes_keeps_the_old_one(self):
        self.caddy()
        self.blog()
        self.deploy("blog")
        self.says(code="one")
        before = self.ids("blog")
        self.blog(command=["python", "-c", "import no_such_module"])
        self.assert_names(self.deploy("blog", want=1), "no_such_module")
        self.assertEqual(self.ids("blog"), before)
        self.says(code="one")

    def test_failing_build(self):
        """A runtime of one's own, whose Dockerfile is wrong."""
        self.caddy()
        own = self.kata_root.path / ".kata/runtimes/python"
        own.mkdir(parents=True)
        for name in ("Dockerfile", "recipe.yaml"):
            text = (REPO / "share/runtimes/python" / name).read_text()
            (own / name).write_text(text.replace("kata/python", "own/python"))
        good = (own / "Dockerfile").read_text()
        (own / "Dockerfile").write_text(good + "RUN echo no such luck; exit 5\n")
        self.blog()
        self.assert_names(self.deploy("blog", want=1), "no such luck", "5")
        self.assertEqual(self.engine.containers(), {})
        (own / "Dockerfile").write_text(good + "ENV TEXT=own\n")
        self.deploy("blog")
        self.says(text="own", thing="1.0")


@every_engine
class RuntimeModes(RuntimeCase):
    weight = 50
    # What runs on a Swarm without its balancing: see deploy_swarm.py.
    swarmed = {"ports": [{"target": 8000, "mode": "host"}],
               "deploy": {"update_config": {"monitor": "1s", "order": "stop-first"},
                          "restart_policy": {"condition": "any", "delay": "100ms"}}}

    def running_tasks(self):
        return [t["ID"] for t in self.engine.tasks("blog_web")]

    def test_to_swarm_and_back(self):
        self.caddy()
        self.blog(mode=None, **self.swarmed)
        self.kata("mode", "blog", "compose")
        self.deploy("blog")
        self.says(thing="1.0")
        self.docker.reset()
        self.kata("mode", "blog", "swarm", want=0)
        self.assertEqual(self.installs(), 0)
        self.assertEqual(self.engine.containers("blog"), {})
        self.assertEqual(list(self.engine.services("blog")), ["blog_web"])
        self.says(thing="1.0", uid=OWNER[0])
        self.unwritten("--apply")
        self.kata("mode", "blog", "compose", want=0)
        self.assertEqual(self.engine.services(), {})
        self.assertEqual(self.running("blog"), ["blog-web-1"])
        self.says(thing="1.0")
        self.unwritten("--apply")

    def test_on_swarm_from_the_first(self):
        """Installed, changed, scaled, stopped, started, a failing install, removed."""
        c = self.caddy()
        self.blog(mode="swarm", **self.swarmed)
        self.deploys(installs=1)
        self.says(thing="1.0")
        self.unwritten("deploy", "blog")
        tasks = self.running_tasks()
        self.blog(mode="swarm", requirements="./wheels/no-such-1.0.whl\n",
                  environment={"TEXT": "new"}, **self.swarmed)
        self.assert_names(self.deploy("blog", want=1), "no-such-1.0.whl")
        self.assertEqual(self.running_tasks(), tasks)
        self.says(text="", thing="1.0")
        self.blog(mode="swarm", version="2.0", environment={"TEXT": "new"}, **self.swarmed)
        self.deploys(installs=1)
        self.says(text="new", thing="2.0")
        self.kata("scale", "blog", "web=2", want=0)
        self.assertEqual(len(self.running_tasks()), 2)
        self.assertEqual(
            len(c.server("blog")["routes"][0]["handle"][0]["upstreams"]), 2)
        self.kata("stop", "blog", want=0)
        wait_for(lambda: not self.running_tasks(), "all tasks to end")
        self.unwritten("--apply")
        self.kata("start", "blog", want=0)
        self.assertEqual(len(self.running_tasks()), 2)
        self.says(text="new")
        self.kata("restart", "blog", want=0)
        self.says(text="new")
        self.kata("rm", "blog", "--force", want=0)
        self.assertEqual(self.engine.services(), {})
        self.assertIsNone(c.server("blog"))


@every_engine
class RuntimeNode(RuntimeCase):
    weight = 30
    image, base, packages = "kata/nodejs", "debian-node", ("nodejs",)
    npm = "https://registry.npmjs.org/npm/-/npm-10.9.2.tgz"  # Debian's is several hundred packages

    @classmethod
    def images(cls):
        super().images()
        file = REPO / "build" / os.path.basename(cls.npm)
        if not file.exists():
            p = subprocess.run(["curl", "-sSfL", "-m", "120", "-o", f"{file}.part{os.getpid()}", cls.npm],
                               capture_output=True, text=True, preexec_fn=netns.outside)
            if p.returncode:
                raise unittest.SkipTest(f"npm could not be had: {p.stderr.strip()}")
            os.rename(f"{file}.part{os.getpid()}", file)
        cls.engine.stream("POST", "/build?t=node:lts-slim", tar_of({
            "npm.tgz": file.read_bytes(),
            "Dockerfile": b"FROM debian-node\nADD npm.tgz /opt/\n"
                          b"RUN ln -s /opt/package/bin/npm-cli.js /usr/local/bin/npm\n"}))

    def test_npm(self):
        self.caddy()
        folder = self.kata_root.folder("blog")
        folder.mkdir()
        (folder / "server.js").write_text(NODE)
        for version, installs in (("1.0.0", 1), ("2.0.0", 1), ("2.0.0", 0)):
            package = {"name": "blog", "version": version, "private": True,
                       "scripts": {"start": "node server.js"},
                       "dependencies": {"thing": npm_package(folder, version)}}
            (folder / "package.json").write_text(json.dumps(package))
            self.kata_root.app("blog", proxied_to("web:3000"), **{
                "x-kata-mode": "compose", "services": {"web": {
                    "runtime": "nodejs", "init": True, "environment": {"V": version}}}})
            self.own()
            self.deploys(installs=installs)
            self.says(thing=version, uid=OWNER[0])
            self.unwritten("--apply")
        before = self.ids("blog")
        package["dependencies"]["nothing"] = "file:./no-such.tgz"
        (folder / "package.json").write_text(json.dumps(package))
        self.own()
        self.assert_names(self.deploy("blog", want=1), "no-such.tgz")
        self.assertEqual(self.ids("blog"), before)
        self.says(thing="2.0.0")
