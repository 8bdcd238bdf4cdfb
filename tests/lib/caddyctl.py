"""A private Caddy: its own folders, its own admin address, started and ended by its process id."""
import http.client
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import netns

REPO = Path(__file__).resolve().parents[2]
SERVERS = "/config/apps/http/servers"


def wait_for(condition, what, seconds=30):
    """Polls until condition() is true; its value. A failing wait says what it waited for."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.005)


def find(which):
    """Path of the installed or the newest Caddy, or (None, why)."""
    if which == "installed":
        path = os.environ.get("KATA_CADDY_INSTALLED") or shutil.which("caddy")
        return (path, "") if path else (None, "no caddy is installed")
    path = os.environ.get("KATA_CADDY_NEWEST", "")
    if path and os.access(path, os.X_OK):
        return path, ""
    return None, "newest Caddy could not be had (tests/lib/newest-peers says why)"


def version(binary):
    return subprocess.run([binary, "version"], capture_output=True, text=True,
                          check=True).stdout.split()[0].lstrip("v")


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def fnv1a32(data):
    h = 0x811C9DC5
    for byte in data:
        h = (h ^ byte) * 0x01000193 & 0xFFFFFFFF
    return f"{h:08x}"


def admin_request(address, method, path, body=None, headers=None, timeout=60):
    """One request on a connection of its own, to 'unix//path' or 'host:port'."""
    if address.startswith("unix/"):
        conn = UnixConnection(address[len("unix/"):], timeout)
        host = ""  # Caddy 2.6 wants the Host header empty on a unix socket
    else:
        name, port = address.rsplit(":", 1)
        conn = http.client.HTTPConnection(name, int(port), timeout=timeout)
        host = address
    data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
    try:
        conn.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        conn.putheader("Host", host)
        if data is not None:
            conn.putheader("Content-Type", "application/json")
            conn.putheader("Content-Length", str(len(data)))
        for name, value in (headers or {}).items():
            conn.putheader(name, value)
        conn.endheaders(data)
        r = conn.getresponse()
        return Answer(r.status, r.headers, r.read())
    finally:
        conn.close()


class Caddy:
    def __init__(self, binary, folder, servers=None, admin=None, config=None, extra=None):
        """servers: those of the first config (None: no http app yet). config: a whole one
        instead. admin: None for a unix socket, else host:port."""
        self.binary, self.folder = binary, Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.address = admin or f"unix/{self.folder}/admin.sock"
        self.first = config if config is not None else self.base(servers, extra or {})
        self.process = None

    def base(self, servers, extra):
        """Issues its own certificates, installs no trust, logs errors only, keeps no autosave."""
        apps = {
            "pki": {"certificate_authorities": {"local": {"install_trust": False}}},
            "tls": {"automation": {"policies": [{"issuers": [{"module": "internal"}]}]}},
        }
        if servers is not None:
            apps["http"] = {"servers": servers}
        return {"admin": {"listen": self.address, "config": {"persist": False}},
                "logging": {"logs": {"default": {"level": "ERROR"}}}, "apps": apps, **extra}

    def start(self, wait=True):
        config = self.folder / "config.json"
        config.write_text(json.dumps(self.first))
        home = str(self.folder)
        env = {"PATH": os.environ["PATH"], "HOME": home, "XDG_DATA_HOME": home,
               "XDG_CONFIG_HOME": home}
        args = [self.binary, "run"] + (["--config", str(config)] if self.first else [])
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(args, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=env, cwd=home, preexec_fn=netns.child_setup)
        if wait:
            wait_for(self.ready, "Caddy to answer")
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError("Caddy ended: " + self.log()[-2000:])
        try:
            return self.request("GET", "/config/", timeout=5).status == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self, force=False):
        if self.process and self.process.poll() is None:
            self.process.kill() if force else self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(20)
        self.process = None

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def request(self, method, path, body=None, headers=None, timeout=60):
        return admin_request(self.address, method, path, body, headers, timeout)

    def read(self, path):
        """A GET that is asked again when a reload closes its connection."""
        for _ in range(50):
            try:
                return self.request("GET", path)
            except ConnectionError:
                pass
        raise ConnectionError(f"GET {path}: always closed")

    def raw(self, path):
        """The bytes Caddy prints for a path; of one that is not there, the answer's code."""
        r = self.read(path)
        return r.body if r.status == 200 else str(r.status).encode()

    def get(self, path=SERVERS):
        """The value at a path; None when it is not there."""
        r = self.read(path)
        return r.json if r.status == 200 else None

    def send(self, method, path, body=None, headers=None):
        """A write that must work."""
        r = self.request(method, path, body, headers)
        if r.status != 200:
            raise RuntimeError(f"{method} {path}: {r.status} {r.body!r}")
        return r

    def tag(self, path):
        """An If-Match value for what is at path now."""
        r = self.read(path)
        return r.headers.get("Etag") or f'"{path} {fnv1a32(r.body)}"'

    def server(self, name):
        return (self.get() or {}).get(name)
