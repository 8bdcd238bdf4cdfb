#!/usr/bin/env python3
"""Records the worlds of the golden screens anew: the real answers of our own commands, with names
and times of the machine taken out. Needs an engine of its own (all in it is removed), no Swarm, no
containers, and root.

    record.py ENGINE CADDY IMAGE.tar [WORLD...]      (unix:///path  /usr/bin/caddy  a busybox)
"""
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

WORLDS = Path(__file__).resolve().parent / "worlds"
TUI = os.environ.get("KATA_TUI", "./kata-tui")
CLOCK = 1795338000  # what the scripts call now
IMAGES = ("example/blog:4.2", "example/shop:1.9", "example/wiki:2", "postgres:16", "redis:7")
TALK = ("for i in 1 2 3 4; do echo \"GET /$i 200 ${i}ms\"; done; echo 'slow query: 812 ms' >&2; "
        "exec sleep 100000")

BLOG = f"""environment:
  PORT: 8000
services:
  web:
    image: example/blog:4.2
    command: [sh, -c, "{TALK.replace('"', chr(92) + '"').replace('$', '$$')}"]
    environment: {{GREETING: hello}}
    healthcheck: {{test: [CMD, "true"], interval: 1s}}
  db:
    image: postgres:16
    command: [sh, -c, "echo ready to accept connections; exec sleep 100000"]
    volumes: [data:/data]
volumes: {{data: }}
caddy:
  listen: [":443"]
  automatic_https: {{disable: true}}
  routes:
    - match: [{{host: [blog.example, www.blog.example]}}]
      handle:
        - handler: reverse_proxy
          upstreams: [{{dial: "web:8000"}}]
"""
SHOP = """services:
  web:
    image: example/shop:1.9
    environment: {CURRENCY: EUR}
    deploy: {replicas: 2}
  cache:
    image: redis:7
    ports: ["127.0.0.1:16379:6379"]
caddy:
  listen: [":443"]
  automatic_https: {disable: true}
  routes:
    - match: [{host: [shop.example]}]
      handle:
        - handler: reverse_proxy
          upstreams: [{dial: "web:8000"}]
"""
SHOP_LATER = (SHOP.replace("replicas: 2", "replicas: 3").replace("EUR", "CHF")
              .replace("[shop.example]", "[shop.example, shop.example.org]")
              .replace("web:8000", "web:8080"))
STATIC = """# a site without containers
caddy:
  listen: [":8443"]
  automatic_https: {disable: true}
  routes:
    - match: [{host: [static.example]}]
      handle:
        - handler: file_server
          root: $DATA_ROOT/public
"""
WIKI = """services:
  app:
    image: example/wiki:2
  db:
    image: postgres:16
caddy:
  listen: [":8444"]
  automatic_https: {disable: true}
  routes:
    - match: [{host: [wiki.example]}]
      handle:
        - handler: reverse_proxy
          upstreams: [{dial: "app:3000"}]
"""
WIKI_BAD = WIKI.replace("    image: example/wiki:2\n", "    image: example/wiki:2\n    restrat: always\n")
WORKER = """services:
  jobs:
    image: example/shop:1.9
"""
WORKER_BAD = """services:
  jobs:
    image: example/shop:1.9
    command: [sh, -c, exit 3]
    restart: always
"""
# Known to us, refused by Caddy.
SHOP_REFUSED = SHOP.replace('upstreams: [{dial: "web:8000"}]',
                            'upstreams: [{dial: "web:8000"}]\n          transport: {protocol: gopher}')
# Caddy stands on the host: it reaches what is published.
BLOG_SWARM = BLOG.replace("    environment: {GREETING", '    ports: ["8000"]\n    environment: {GREETING')
WIKI_SWARM = WIKI.replace("image: example/wiki:2\n", 'image: example/wiki:2\n    ports: ["3000"]\n')
SHOP_SWARM = (SHOP.replace("    environment: {CURR", '    ports: ["8000"]\n    environment: {CURR')
              .replace('    ports: ["127.0.0.1:16379:6379"]\n', "")
              .replace("replicas: 2",
                       "replicas: 2, placement: {constraints: [node.labels.rack==none]}"))
FOREIGN = {"srv0": {"listen": [":80"], "automatic_https": {"disable": True}, "routes": [
    {"match": [{"host": ["old.example"]}],
     "handle": [{"handler": "static_response", "body": "moved"}]}]}}


class Recorder:
    def __init__(self, engine, caddy, tar):
        self.engine, self.binary, self.tar = engine, caddy, tar
        self.tmp = Path("/tmp/kata-record")
        self.root, self.caddys, self.ids = self.tmp / "srv", {}, {}

    # --- what is there ---

    def docker(self, *args, check=True):
        return subprocess.run(["docker", "-H", self.engine, *args], check=check, text=True,
                              capture_output=True).stdout

    def clear(self):
        self.stop_caddys()
        ids = self.docker("ps", "-aq").split()
        if ids:
            self.docker("rm", "-f", *ids)
        self.docker("network", "prune", "-f")
        self.docker("volume", "prune", "-af")
        shutil.rmtree(self.tmp, ignore_errors=True)

    def fresh(self, servers=None, names=("caddy",)):
        """No app, no container, Caddys with these servers."""
        self.clear()
        (self.root / "app").mkdir(parents=True)
        for name in names:
            self.start_caddy(name, servers or {})
        for image in IMAGES:
            if not self.docker("images", "-q", image):
                self.docker("import", "-c", "ENV PATH=/bin", "-c", 'CMD ["sleep","100000"]',
                            self.tar, image)

    def start_caddy(self, name, servers):
        config, sock = self.tmp / f"{name}.json", self.tmp / f"{name}.sock"
        config.write_text(json.dumps({"admin": {"listen": f"unix/{sock}"},
                                      "apps": {"http": {"servers": servers}}}))
        p = subprocess.Popen(
            ["unshare", "-n", "sh", "-c", 'ip link set lo up; exec "$@"', "sh", self.binary,
             "run", "--config", config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env={**os.environ, "HOME": str(self.tmp)})
        self.caddys[name] = p
        while not sock.exists():
            time.sleep(.1)
        time.sleep(.5)

    def stop_caddys(self):
        for p in self.caddys.values():
            p.terminate()
            p.wait()
        self.caddys = {}

    def write(self, **apps):
        for name, text in apps.items():
            (self.root / "app" / name).mkdir(exist_ok=True)
            (self.root / "app" / name / "kata-compose.yaml").write_text(text)

    # --- asking ---

    def run(self, *args, names=None, engine=None):
        options = ["--root", str(self.root), "--docker", engine or self.engine]
        for name in names or list(self.caddys) or ["caddy"]:
            options += ["--caddy", f"unix/{self.tmp}/{name}.sock"]
        return subprocess.run([TUI, *args, *options], text=True, capture_output=True,
                              env={"PATH": os.environ["PATH"], "HOME": str(self.root), "TZ": "UTC",
                                   "KATA_OWNER": "web1", "LANG": "C.UTF-8", "NO_COLOR": "1"})

    def clean(self, text):
        text = text.replace(str(self.root), "/srv").replace(str(self.tmp), "/run")
        text = text.replace(self.engine.removeprefix("unix://"), "/run/docker.sock")
        text = text.replace(os.uname().nodename, "web1")
        for found in re.findall(r"\b[0-9a-f]{64}\b", text):
            self.ids.setdefault(found, hashlib.sha256(b"%d" % len(self.ids)).hexdigest())
        for old, new in self.ids.items():
            text = text.replace(old, new).replace(old[:12], new[:12])
        return re.sub(r"\b10\.\d+\.\d+\.", "10.0.1.", text)

    def keep(self, world, *args, args_in_file=None, **options):
        p = self.run(*args, **options)
        name = " ".join(args_in_file or args).replace("/", "_")
        folder, out = WORLDS / world, self.clean(p.stdout)
        if out.startswith(("{", "[")):
            out = json.dumps(self.timed(json.loads(out)), indent=1, sort_keys=True) + "\n"
        (folder / name).write_text(out)
        for suffix, text in ((".err", self.clean(p.stderr)), (".exit", f"{p.returncode}\n")):
            file = folder / (name + suffix)
            file.unlink(missing_ok=True)
            if text and text != "0\n":
                file.write_text(text)
        return p

    def timed(self, value):
        """Times that do not depend on when this was recorded."""
        if isinstance(value, list):
            return [self.timed(v) for v in value]
        if not isinstance(value, dict):
            return value
        value = {k: self.timed(v) for k, v in value.items()}
        if isinstance(value.get("since"), int):
            n = int(hashlib.sha256(value["name"].encode()).hexdigest(), 16)
            value["since"] = CLOCK - (40, 720, 11000, 200000, 900000)[n % 5]
        return value

    def facts(self, world, **options):
        shutil.rmtree(WORLDS / world, ignore_errors=True)
        (WORLDS / world).mkdir(parents=True)
        for args in (("ls",), ("--diff",), ("status",), ("ps",)):
            self.keep(world, *args, "--json", **options)

    def tabs(self, world, *apps):
        for app in apps:
            self.keep(world, "config:caddy", app, "--json")
            self.keep(world, "config:stack", app)
            self.keep(world, "config:docker", app)
            self.keep(world, "config:env", app, "--json")
            self.logs(world, app)

    def logs(self, world, app, *service):
        p = self.run("logs", app, *service, "--json", "--tail", "500")
        lines = [json.loads(line) for line in p.stdout.splitlines()]
        for i, line in enumerate(lines):
            line["time"] = time.strftime("%Y-%m-%dT%H:%M:", time.gmtime(CLOCK - 60)) + \
                f"{i:02}.{i * 37 % 1000:03}000000Z"
        text = "".join(json.dumps(line) + "\n" for line in lines)
        words = ["logs", app, *service, "--json", "--follow", "--tail", "500"]
        (WORLDS / world / " ".join(words)).write_text(self.clean(text))

    def live(self, world, log=()):
        """What the watchers say: numbers of what runs, the host, what happened."""
        stats = {}
        for c in json.loads((WORLDS / world / "ps --json").read_text()):
            n = int(hashlib.sha256(c["name"].encode()).hexdigest(), 16)
            if c["state"] == "running":
                stats[c.get("container") or c["id"]] = {"cpu": n % 230 / 10,
                                                        "memory": (n % 300 + 8) << 20}
        host = {"cpu": 12.0, "load": [.42, .31, .28], "memory": 3 << 30, "memory_total": 8 << 30,
                "disk": 31 << 30, "disk_total": 40 << 30, "uptime": 812345}
        entries = [{"time": CLOCK - 300 + 40 * i, "source": s, "app": a, "text": t}
                   for i, (s, a, t) in enumerate(log)]
        (WORLDS / world / "live").write_text(
            json.dumps({"stats": stats, "host": host, "log": entries}, indent=1) + "\n")


# --- the worlds ---

def wait_healthy(r):
    for _ in range(100):
        if "starting" not in r.docker("ps"):
            return
        time.sleep(.2)


def base(r, **options):
    r.fresh(FOREIGN, **options)
    r.write(blog=BLOG, shop=SHOP, wiki=WIKI, worker=WORKER)
    p = r.run("deploy", "blog", "shop", "wiki", "worker")
    assert p.returncode == 0, p.stdout + p.stderr
    p = r.run("stop", "worker")
    assert p.returncode == 0, p.stderr
    wait_healthy(r)


def empty(r):
    r.fresh()
    r.facts("empty")
    r.live("empty")


def drift(r):
    base(r)
    r.write(shop=SHOP_LATER, static=STATIC)
    r.facts("drift")
    r.tabs("drift", "blog", "shop")
    r.logs("drift", "blog", "web")
    r.logs("drift", "blog", "db")
    r.keep("drift", "config:caddy", "--server", "srv0", "--json")
    r.live("drift", [("files", "shop", "files of shop changed"),
                     ("docker", "blog", "container blog-web-1: health_status: healthy"),
                     ("docker", "worker", "container worker-jobs-1: kill"),
                     ("docker", "worker", "container worker-jobs-1: die, exit code 137"),
                     ("caddy", None, "the config changed")])
    r.keep("drift", "--apply", "blog")
    r.keep("drift", "deploy", "shop")
    r.keep("drift", "restart", "wiki")


def down(r):
    r.stop_caddys()
    (r.tmp / "caddy.sock").unlink(missing_ok=True)
    shutil.rmtree(r.root, ignore_errors=True)
    (r.root / "app").mkdir(parents=True)
    r.write(blog=BLOG, shop=SHOP, static=STATIC, wiki=WIKI, worker=WORKER)
    engine = f"unix://{r.tmp}/docker.sock"
    r.facts("down", engine=engine)
    for args in (("config:caddy", "blog", "--json"), ("config:docker", "blog"),
                 ("--apply", "blog")):
        r.keep("down", *args, engine=engine)
    r.keep("down", "logs", "blog", "--json", "--tail", "500", engine=engine, args_in_file=[
        "logs", "blog", "--json", "--follow", "--tail", "500"])


def error(r):
    base(r)
    r.write(shop=SHOP_REFUSED, wiki=WIKI_BAD, worker=WORKER_BAD, broken="services: [\n")
    (r.root / "app" / "kept").mkdir()
    r.run("deploy", "worker")
    r.run("--apply", "shop")
    r.docker("kill", "blog-web-1")
    time.sleep(3)
    r.facts("error")
    r.tabs("error", "shop", "wiki")
    r.live("error")
    r.keep("error", "--apply", "shop")
    r.keep("error", "deploy", "wiki")


def swarm(r):
    base(r)
    r.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    r.write(blog=BLOG_SWARM, wiki=WIKI_SWARM)
    for args in (("mode", "blog", "swarm"), ("mode", "wiki", "swarm")):
        p = r.run(*args)
        assert p.returncode == 0, p.stdout + p.stderr
    r.run("rm", "shop", "--force")
    r.write(shop=SHOP_SWARM)
    p = subprocess.Popen(["timeout", "8", TUI, "deploy", "shop", "--root", r.root, "--docker",
                          r.engine, "--caddy", f"unix/{r.tmp}/caddy.sock"],
                         env={**os.environ, "KATA_OWNER": "web1"}, stdout=subprocess.DEVNULL,
                         stderr=subprocess.DEVNULL)
    p.wait()
    wait_healthy(r)
    r.facts("swarm")
    r.tabs("swarm", "blog")
    r.live("swarm")
    r.docker("swarm", "leave", "--force")


def fleet(r):
    r.fresh(FOREIGN, names=("a", "b"))
    r.write(blog=BLOG, shop=SHOP, wiki=WIKI)
    p = r.run("deploy", "blog", "shop", "wiki")
    assert p.returncode == 0, p.stdout + p.stderr
    wait_healthy(r)
    r.write(static=STATIC)
    r.run("--apply", "static", names=["a"])
    r.facts("fleet")
    r.live("fleet")
    r.caddys.pop("b").terminate()
    time.sleep(.5)
    r.facts("fleet-half", names=["a", "b"])
    r.live("fleet-half")


def loading(r):
    """The apps are known, the rest is not."""
    shutil.rmtree(WORLDS / "loading", ignore_errors=True)
    (WORLDS / "loading").mkdir()
    shutil.copy(WORLDS / "drift" / "ls --json", WORLDS / "loading" / "ls --json")
    for name in ("--diff --json", "status --json", "ps --json", "config:stack blog"):
        (WORLDS / "loading" / f"{name}.never").write_text("")


def main():
    engine, caddy, tar = sys.argv[1:4]
    recorder = Recorder(engine, caddy, tar)
    if recorder.docker("ps", "-aq"):
        sys.exit("this engine has containers; all of its containers and volumes would go")
    worlds = (empty, drift, error, swarm, fleet, down, loading)
    try:
        for world in worlds:
            if not sys.argv[4:] or world.__name__ in sys.argv[4:]:
                print(world.__name__)
                world(recorder)
    finally:
        recorder.clear()


if __name__ == "__main__":
    main()
