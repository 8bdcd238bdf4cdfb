"""A private image registry on 127.0.0.1, in the test's network."""
import base64
import json
import shutil
import socket
import subprocess
from pathlib import Path

import netns
from caddyctl import wait_for

USER, PASSWORD = "kata", "pass word"
# bcrypt of PASSWORD: the only kind of hash the registry takes.
HTPASSWD = "kata:$2b$04$ymWobJztfwH05AmWTdPBd.mop.nlal5MPY5ZCI/Wh0XnVvNNp.zP.\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Registry:
    def __init__(self, folder, password=False, port=None):
        """password: only USER with PASSWORD gets in."""
        self.folder, self.password = Path(folder), password
        self.address = f"127.0.0.1:{port or free_port()}"
        self.process = None

    @staticmethod
    def missing():
        return None if shutil.which("docker-registry") else "docker-registry is not here"

    @property
    def auth(self):
        """X-Registry-Auth for it."""
        words = {"username": USER, "password": PASSWORD, "serveraddress": self.address}
        return base64.urlsafe_b64encode(json.dumps(words).encode()).decode()

    @property
    def config(self):
        """What `docker login` writes into config.json."""
        words = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        return {"auths": {self.address: {"auth": words}}}

    def start(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        config = {"version": 0.1, "log": {"level": "error"}, "http": {"addr": self.address},
                  "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")},
                              "delete": {"enabled": True}}}
        if self.password:
            (self.folder / "htpasswd").write_text(HTPASSWD)
            config["auth"] = {"htpasswd": {"realm": "kata", "path": str(self.folder / "htpasswd")}}
        (self.folder / "config.yml").write_text(json.dumps(config))  # JSON is YAML
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["docker-registry", "serve", str(self.folder / "config.yml")],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=netns.child_setup)
        wait_for(self.ready, "the registry to listen")
        return self

    def ready(self):
        if self.process.poll() is not None:
            raise RuntimeError((self.folder / "log").read_text(errors="replace")[-2000:])
        host, port = self.address.split(":")
        with socket.socket() as s:
            return s.connect_ex((host, int(port))) == 0

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
