"""A private Docker engine: a dockerd of its own with all that belongs to it below one folder.

It runs in its own process and mount namespace, so whatever it starts or mounts is gone the moment
it is closed, and also when the test process dies. Its network is the test's (netns.py): addresses
of containers and published ports are reached from the test and what it starts, and from nowhere else.
Nothing in it reaches the machine's network, unless builds must (internet=True).
"""
import atexit
import glob
import http.client
import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode

import netns
import relay
from caddyctl import Answer, UnixConnection, wait_for

BUSYBOX = "/bin/busybox"
NEWEST = os.environ.get("KATA_DOCKER_NEWEST", "")
COMPOSE = os.environ.get("KATA_COMPOSE", "")
PROJECT, STACK = "com.docker.compose.project", "com.docker.stack.namespace"
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
CGROUPS = "/sys/fs/cgroup"
# Swarm sends ports of mode ingress, and virtual addresses, through IPVS.
INGRESS = os.path.exists("/proc/sys/net/ipv4/vs")

numbers = itertools.count()


def search_path(which):
    path = os.environ.get("PATH", "") + ":" + SBIN
    return f"{NEWEST}/bin:{NEWEST}/sbin:{path}" if which == "newest" else path


def unavailable(which):
    """Why there can be no such engine here, or None."""
    if os.geteuid() != 0:
        return "a private Docker engine wants root"
    if which == "newest" and not (NEWEST and os.access(f"{NEWEST}/sbin/dockerd", os.X_OK)):
        return "newest Docker could not be had (tests/lib/newest-peers says why)"
    for program in ("dockerd", "containerd", "runc", "unshare", "ip", "iptables"):
        if not shutil.which(program, path=search_path(which)):
            return f"{program} is not here"
    return None


def cli():
    """The docker command line: the newest there is."""
    path = f"{NEWEST}/bin/docker"
    return path if NEWEST and os.access(path, os.X_OK) else shutil.which("docker")


def children(pid):
    """(pid, name) of the children of a process."""
    found = []
    for path in glob.glob("/proc/[0-9]*/stat"):
        try:
            text = Path(path).read_text()
        except OSError:
            continue
        name, rest = text[text.index("(") + 1:].rsplit(")", 1)
        if int(rest.split()[1]) == pid:
            found.append((int(text.split()[0]), name))
    return found


def alive(pid):
    return os.path.exists(f"/proc/{pid}")


def remove_cgroup(name):
    """True when the (empty) cgroups of an engine are gone."""
    for top in glob.glob(f"{CGROUPS}/{name}") + glob.glob(f"{CGROUPS}/*/{name}"):
        for folder, _, _ in os.walk(top, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass
    return not glob.glob(f"{CGROUPS}/{name}") + glob.glob(f"{CGROUPS}/*/{name}")


def sweep():
    """Removes what engines left behind whose test process was killed."""
    names = [os.path.basename(p) for p in glob.glob(f"{tempfile.gettempdir()}/kte-*")
             + glob.glob(f"{CGROUPS}/kte-*") + glob.glob(f"{CGROUPS}/*/kte-*")]
    for name in set(names):
        owner = re.match(r"kte-(\d+)-\d+", name)
        if owner and not alive(int(owner.group(1))):
            shutil.rmtree(f"{tempfile.gettempdir()}/{name}", ignore_errors=True)
            remove_cgroup(owner.group(0))


class EngineError(Exception):
    def __init__(self, request, answer):
        super().__init__(f"{request}: {answer.status} {answer.body[:500]!r}")
        self.status = answer.status


class Engine:
    def __init__(self, which="installed", internet=False, options=()):
        """which: "installed" or "newest". internet: containers reach the machine's network.
        options: more of dockerd's."""
        self.which, self.internet, self.options = which, internet, list(options)
        number = next(numbers)
        self.name = f"kte-{os.getpid()}-{number}"
        self.bridge = f"kte{os.getpid() % 10**7}x{number}"
        self.folder = self.init = self.relay = None
        self.number = number
        self.images = {}  # what image() was asked for, so that the same is not made twice

    # --- life

    def start(self):
        why = unavailable(self.which)
        if why:
            raise RuntimeError(why)
        if self.number == 0:
            sweep()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{self.name}-"))
        atexit.register(self.close)
        try:
            self.make_bridge()
            self.begin()
            self.start_daemon()
            if self.internet:
                self.relay = relay.Relay(self.bridge, self.net, search_path("installed"))
        except Exception:
            self.close()
            raise
        return self

    @property
    def socket(self):
        return f"{self.folder}/docker.sock"

    @property
    def host(self):
        return f"unix://{self.socket}"

    def run(self, *args):
        return subprocess.run(args, check=True, capture_output=True, text=True,
                              env={"PATH": search_path(self.which)},
                              preexec_fn=netns.child_setup).stdout

    def make_bridge(self):
        """Its network is 10.N.0.0/16: /24 of it for the bridge, the rest for networks."""
        taken = self.run("ip", "-4", "route")
        self.net = next(f"10.{n}" for n in range(40, 256) if f"10.{n}." not in taken)
        self.run("ip", "link", "add", self.bridge, "type", "bridge")
        self.run("ip", "addr", "add", f"{self.net}.0.1/24", "dev", self.bridge)
        self.run("ip", "link", "set", self.bridge, "up")

    def begin(self):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER", "KATA"))}
        env.update(PATH=search_path(self.which), HOME=str(self.folder), TMPDIR=str(self.folder))
        init = Path(__file__).with_name("engine_init.py")
        args = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                sys.executable, "-B", "-S", str(init), self.log_path]
        self.init = subprocess.Popen(args, stdin=subprocess.PIPE, env=env, cwd=self.folder,
                                     preexec_fn=netns.child_setup, start_new_session=True)
        self.one = wait_for(lambda: children(self.init.pid), "the engine's namespace")[0][0]

    @property
    def log_path(self):
        return f"{self.folder}/log"

    def log(self):
        return Path(self.log_path).read_text(errors="replace")

    def command(self):
        d = self.folder
        (d / "config.json").write_text("{}")
        return ["dockerd", "--config-file", f"{d}/config.json", "--host", self.host,
                "--data-root", f"{d}/data", "--exec-root", f"{d}/exec", "--pidfile", f"{d}/pid",
                "--bridge", self.bridge, "--default-address-pool",
                f"base={self.net}.128.0/17,size=24", "--cgroup-parent", f"/{self.name}",
                "--exec-opt", "native.cgroupdriver=cgroupfs", "--log-level", "warn", *self.options]

    def start_daemon(self):
        """Starts dockerd (again) and waits until it answers."""
        self.init.stdin.write(json.dumps(self.command()).encode() + b"\n")
        self.init.stdin.flush()
        seen = []

        def ready():
            seen.append(self.daemon())
            if seen[-1] is None and any(seen):
                raise RuntimeError("dockerd ended: " + self.log()[-3000:])
            try:
                return self.api("GET", "/_ping", timeout=5).status == 200
            except (OSError, http.client.HTTPException):
                return False
        wait_for(ready, "dockerd to answer", 60)

    def daemon(self):
        """Process id of dockerd, or None."""
        return next((pid for pid, name in children(self.one) if name == "dockerd"), None)

    def signal(self, number):
        os.kill(self.daemon(), number)

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)

    def stop_daemon(self, force=False):
        """Ends dockerd; containers are stopped by it, or (force) go on until it starts again."""
        self.signal(signal.SIGKILL if force else signal.SIGTERM)
        wait_for(lambda: self.daemon() is None, "dockerd to end", 60)
        Path(self.socket).unlink(missing_ok=True)
        Path(f"{self.folder}/pid").unlink(missing_ok=True)

    def restart(self, force=False):
        self.stop_daemon(force)
        self.start_daemon()

    def close(self):
        """Ends all of it at once; removes what it left."""
        atexit.unregister(self.close)
        if self.relay:
            self.relay.close()
            self.relay = None
        if self.init:
            self.init.kill()
            self.init.wait()
            self.init.stdin.close()
            wait_for(lambda: not alive(self.one), "the engine's processes to end")
            self.init = None
        if self.folder:
            subprocess.run(["ip", "link", "del", self.bridge], capture_output=True,
                           env={"PATH": search_path(self.which)})
            wait_for(lambda: remove_cgroup(self.name), "the engine's cgroups to empty")
            shutil.rmtree(self.folder)
            self.folder = None

    # --- requests

    def api(self, method, path, body=None, headers=None, timeout=120):
        """One request; body: bytes, or what becomes JSON."""
        conn = UnixConnection(self.socket, timeout)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        kind = "application/x-tar" if isinstance(body, bytes) else "application/json"
        try:
            try:
                conn.request(method, path, data, {"Content-Type": kind, **(headers or {})})
            except BrokenPipeError:
                pass  # it has answered already
            r = conn.getresponse()
            return Answer(r.status, r.headers, r.read())
        finally:
            conn.close()

    def must(self, method, path, body=None, headers=None):
        """A request that has to work; what it answers (None: nothing)."""
        r = self.api(method, path, body, headers)
        if r.status >= 400:
            raise EngineError(f"{method} {path}", r)
        return r.json if r.body.lstrip()[:1] in (b"{", b"[") else r.body or None

    def stream(self, method, path, body=None, headers=None):
        """A request answered by a stream of objects (pull, push, build); an error in it counts."""
        r = self.api(method, path, body, headers, timeout=600)
        if r.status >= 400:
            raise EngineError(f"{method} {path}", r)
        objects = [json.loads(line) for line in r.body.splitlines() if line.strip()]
        for o in objects:
            if "errorDetail" in o:
                raise RuntimeError(f"{method} {path}: {o['errorDetail']}")
        return objects

    def get(self, path, **query):
        """query: label=... and the like become filters."""
        if query:
            filters = {k: [v] if isinstance(v, str) else v for k, v in query.items()}
            path += ("&" if "?" in path else "?") + urlencode({"filters": json.dumps(filters)})
        return self.must("GET", path)

    def find(self, path):
        """Like get(), but None when there is no such thing."""
        r = self.api("GET", path)
        if r.status >= 400 and r.status != 404:
            raise EngineError(f"GET {path}", r)
        return r.json if r.status < 400 else None

    # --- what there is

    def containers(self, project=None):
        """Inspects of all containers, or of a Compose project, by name."""
        query = {"label": f"{PROJECT}={project}"} if project else {}
        found = {}
        for c in self.get("/containers/json?all=1", **query):
            inspect = self.find(f"/containers/{c['Id']}/json")  # it may just have gone
            if inspect:
                found[inspect["Name"].lstrip("/")] = inspect
        return found

    def container(self, name):
        return self.find(f"/containers/{quote(name)}/json")

    def services(self, stack=None):
        query = {"label": f"{STACK}={stack}"} if stack else {}
        return {s["Spec"]["Name"]: s for s in self.get("/services", **query)}

    def tasks(self, service):
        """Those that run, and shall."""
        return [t for t in self.get("/tasks", service=service)
                if t["DesiredState"] == t["Status"]["State"] == "running"]

    def networks(self, label=None):
        """Those that somebody made, by name."""
        query = {"label": label} if label else {}
        return {n["Name"]: n for n in self.get("/networks", **query)
                if n["Name"] not in ("bridge", "host", "none", "ingress", "docker_gwbridge")}

    def volumes(self, label=None):
        query = {"label": label} if label else {}
        return {v["Name"]: v for v in self.get("/volumes", **query)["Volumes"] or []}

    def logs(self, name):
        """What a container without a terminal wrote to both streams."""
        rest = self.api("GET", f"/containers/{quote(name)}/logs?stdout=1&stderr=1&tail=200").body
        parts = []
        while rest:  # frames: stream, 3 zero bytes, length
            end = 8 + int.from_bytes(rest[4:8], "big")
            parts.append(rest[8:end])
            rest = rest[end:]
        return b"".join(parts).decode(errors="replace")

    def reset(self):
        """Removes all but images (and the membership in a Swarm)."""
        swarm = self.get("/info")["Swarm"].get("ControlAvailable")
        for kind in ("services", "secrets", "configs") if swarm else ():
            for item in self.get(f"/{kind}"):
                self.api("DELETE", f"/{kind}/{item['ID']}")
        for c in self.get("/containers/json?all=1"):
            self.api("DELETE", f"/containers/{c['Id']}?force=1&v=1")
        wait_for(lambda: not self.get("/containers/json?all=1"), "all containers to go", 60)
        wait_for(self.remove_networks, "all networks to go", 60)
        for name in self.volumes():
            self.api("DELETE", f"/volumes/{quote(name)}?force=1")

    def remove_networks(self):
        """An engine may keep the endpoint of a container that went while it was connected."""
        for n in self.networks().values():
            for c in (self.find(f"/networks/{n['Id']}") or {}).get("Containers") or {}:
                self.api("POST", f"/networks/{n['Id']}/disconnect", {"Container": c, "Force": True})
            self.api("DELETE", f"/networks/{n['Id']}")
        return not self.networks()

    # --- Swarm

    def swarm_init(self):
        self.must("POST", "/swarm/init", {
            "ListenAddr": f"127.0.0.1:{2377 + self.number}", "AdvertiseAddr": "127.0.0.1",
            "DefaultAddrPool": [f"{self.net}.64.0/18"], "SubnetSize": 24})

    def swarm_leave(self):
        self.must("POST", "/swarm/leave?force=1")

    # --- images

    def image(self, name, files=None, changes=(), source=None):
        """Makes an image: busybox and `files` ({path: text or (text, mode)}), or a root file
        system from a tar. changes: lines of a Dockerfile (CMD, ENV, EXPOSE, ...). Its id."""
        key = json.dumps([files, list(changes), str(source)])
        if key not in self.images:
            query = [("fromSrc", "-"), *[("changes", c) for c in changes]]
            if not any(c.startswith("ENV PATH=") for c in changes) and source is None:
                query.append(("changes", "ENV PATH=/bin"))
            data = Path(source).read_bytes() if source else busybox_tar(files or {})
            self.images[key] = self.stream("POST", f"/images/create?{urlencode(query)}",
                                           data)[-1]["status"]
        self.tag(self.images[key], name)
        return self.images[key]

    def tag(self, image, name):
        repo, _, tag = name.rpartition(":")
        if not repo or "/" in tag:
            repo, tag = name, "latest"
        self.must("POST", f"/images/{quote(image, safe='')}/tag?"
                  + urlencode({"repo": repo, "tag": tag}))

    def image_id(self, name):
        image = self.find(f"/images/{name}/json")
        return image and image["Id"]

    def push(self, name, auth="e30="):
        repo, _, tag = name.rpartition(":")
        self.stream("POST", f"/images/{repo}/push?tag={tag}", headers={"X-Registry-Auth": auth})

    # --- the reference clients

    def client(self, *args, cwd=None, want=0, stdin=None, env=None):
        env = {"PATH": search_path("installed"), "HOME": str(self.folder),
               "DOCKER_CONFIG": f"{self.folder}/cli", "DOCKER_HOST": self.host,
               "DOCKER_BUILDKIT": "0", **(env or {})}
        p = subprocess.run(args, capture_output=True, text=True, errors="replace", input=stdin,
                           stdin=None if stdin is not None else subprocess.DEVNULL,
                           env=env, cwd=cwd or self.folder, timeout=180,
                           preexec_fn=netns.child_setup)
        if want is not None and p.returncode != want:
            raise AssertionError(f"{' '.join(args)}\nexit {p.returncode}\n{p.stdout}{p.stderr}")
        return p

    def docker(self, *args, **kw):
        return self.client(cli(), *args, **kw).stdout

    def compose(self, *args, **kw):
        return self.client(COMPOSE, *args, **kw).stdout

    def shell(self, container, command):
        """Runs a shell line in a container: (exit code, output)."""
        p = self.client(cli(), "exec", container, "/bin/sh", "-c", command, want=None)
        return p.returncode, p.stdout


def busybox_tar(files):
    """A root file system: busybox under all its names, and some files."""
    out = io.BytesIO()
    names = subprocess.run([BUSYBOX, "--list"], capture_output=True, text=True,
                           check=True).stdout.split()
    with tarfile.open(fileobj=out, mode="w") as tar:
        def put(path, kind=tarfile.REGTYPE, mode=0o644, data=b"", link=""):
            info = tarfile.TarInfo(path.lstrip("/"))
            info.type, info.mode, info.size, info.linkname = kind, mode, len(data), link
            tar.addfile(info, io.BytesIO(data))
        for folder in ("bin", "etc", "tmp", "root", "var"):
            put(folder, tarfile.DIRTYPE, 0o1777 if folder == "tmp" else 0o755)
        put("bin/busybox", mode=0o755, data=Path(BUSYBOX).read_bytes())
        for name in names:
            if name != "busybox":
                put(f"bin/{name}", tarfile.SYMTYPE, 0o777, link="busybox")
        put("etc/passwd", data=b"root:x:0:0:root:/root:/bin/sh\n")
        put("etc/group", data=b"root:x:0:\n")
        for path, text in files.items():
            text, mode = text if isinstance(text, tuple) else (text, 0o644)
            put(path, mode=mode, data=text if isinstance(text, bytes) else text.encode())
    return out.getvalue()
