"""The Docker half of the benchmark: deploys and views on a private engine, beside the reference
clients that do the same: docker on the very stack that ours made, docker compose on a project of its
own beside ours, which is the same but for its name (it would make ours anew: it knows by a hash of
its own whether a container is as the file says)."""
import json
import os
import shutil
import tempfile
from pathlib import Path

import caddyctl
import engine
from case import TUI, Root, plain
from enginecase import FOREVER
from measure import head, memory_row, paired, peak, row, timed

ROUNDS = {1: 21, 10: 15, 30: 9}
FIRST = 9  # rounds of first deploys
APP, PEER = "shop", "peer"


def stack_rounds(size, rounds):
    return rounds or ROUNDS.get(size, 9)


class Bed:
    """An app with routes and some services, a Caddy, and the engine they live on."""

    def __init__(self, eng, caddy, mode, size):
        self.engine, self.mode, self.size = eng, mode, size
        self.tmp = Path(tempfile.mkdtemp(prefix="kb-", dir="/tmp"))
        self.caddy = caddyctl.Caddy(caddy, self.tmp / "caddy", {})
        self.caddy.start()
        self.root = Root(self.tmp / "root")
        services = {f"s{i}": self.service(i) for i in range(size)}
        self.root.app(APP, plain("bench", "127.0.0.1:9999"), services=services,
                      volumes={"data": {}}, **{"x-kata-mode": mode})
        self.file = self.root.folder(APP) / ".docker-compose.yaml"
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.tmp), "KATA_OWNER": "bench",
                    "DOCKER_HOST": eng.host, "DOCKER_CONFIG": str(self.tmp),
                    "CADDY_ADMIN": self.caddy.address, "KATA_ROOT": str(self.root.path)}

    def service(self, i):
        """As plain as people's are: some variables, a label, a volume."""
        return {"image": "bb", "environment": {f"NAME_{k}": f"value {i} {k}" for k in range(5)},
                "labels": {"app": f"s{i}"}, "volumes": ["data:/data"],
                **({"deploy": {"update_config": {"monitor": "1s"}}} if self.mode == "swarm" else {})}

    def kata(self, *args):
        return timed([TUI, *args], self.env)

    def deploy(self, *args):
        return self.kata("deploy", APP, *args)

    def docker(self, *args):
        return timed([engine.cli(), *args], self.env)

    def stack_deploy(self):
        return self.docker("stack", "deploy", "--resolve-image", "never", "-c", str(self.file), APP)

    def up(self, program=engine.COMPOSE, name=PEER):
        """docker compose's own project, from the file that a deploy of ours has written."""
        file = self.tmp / name / "compose.yaml"
        if not file.exists():
            file.parent.mkdir()
            text = self.file.read_text().replace(f"{APP}_", f"{name}_")
            file.write_text(text.replace(f"name: {APP}\n", "", 1))
        return timed([program, "-p", name, "-f", str(file), "up", "-d"], self.env)

    def down(self):
        """Takes all away; what the removal leaves the engine to do is not measured."""
        self.engine.reset()

    def ids(self):
        return sorted(c["Id"] for c in self.engine.get("/containers/json"))

    def close(self):
        self.down()
        self.caddy.stop(force=True)
        shutil.rmtree(self.tmp)


def measure_swarm(eng, caddy, sizes, rounds):
    for size in sizes:
        bed = Bed(eng, caddy, "swarm", size)
        bed.deploy()
        before = bed.ids()
        runs = paired({"kata": bed.deploy, "stack": bed.stack_deploy}, stack_rounds(size, rounds))
        row("Swarm: nothing to do / stack deploy", size, runs, "kata", "stack",
            {1: 0.5, 10: 0.3, 30: 0.2}.get(size))
        if bed.ids() != before:
            print("  (not a no-op: tasks were replaced)")
        if size == max(sizes):
            memory_row("Swarm: peak memory", size, peak([TUI, "deploy", APP], bed.env))
        bed.close()


def measure_views(bed, rounds):
    ways = {"docker": lambda: bed.docker("ps"), **{
        name: lambda name=name: bed.kata(name) for name in ("ps", "ls", "status")}}
    runs = paired(ways, stack_rounds(bed.size, rounds))
    row("ps / docker ps", bed.size, runs, "ps", "docker", 0.8)
    row("ls / docker ps", bed.size, runs, "ls", "docker", 0.8)
    row("status / docker ps", bed.size, runs, "status", "docker", 1.2)


def measure_first(bed, rounds):
    def first(run):
        def way():
            bed.down()
            return run()
        return way
    runs = paired({"kata": first(lambda: bed.deploy("--detach")), "up": first(bed.up)},
                  rounds or FIRST, warm=1)
    row("Compose: first deploy / up -d", bed.size, runs, "kata", "up", 1.0)
    bed.down()
    memory_row("Compose: peak of a first deploy", bed.size,
               peak([TUI, "deploy", "--detach", APP], bed.env))


def measure_compose(eng, caddy, size, rounds):
    bed = Bed(eng, caddy, "compose", size)
    bed.deploy()
    before = bed.ids()
    old = shutil.which("docker-compose")
    if os.access(engine.COMPOSE, os.X_OK):
        runs = paired({"kata": bed.deploy, "up": bed.up}, stack_rounds(size, rounds))
        row("Compose: nothing to do / up -d", size, runs, "kata", "up", 0.35)
    else:
        print("  (newest docker compose could not be had: not measured)")
    if old and "version 1." in bed.engine.client(old, "--version").stdout:
        runs = paired({"kata": bed.deploy, "up": lambda: bed.up(old, "peer1")}, 5, warm=1)
        row("Compose: nothing to do / v1 up -d", size, runs, "kata", "up", 0.05)
    if not set(before) <= set(bed.ids()):
        print("  (not a no-op: containers were replaced)")
    memory_row("Compose: peak memory", size, peak([TUI, "deploy", APP], bed.env))
    measure_views(bed, rounds)
    if os.access(engine.COMPOSE, os.X_OK):
        measure_first(bed, rounds)
    bed.close()


def measure(caddy, which, sizes, rounds):
    why = engine.unavailable(which) or (None if engine.cli() else "docker is not here")
    if why:
        print(f"\nDocker: not measured: {why}")
        return
    eng = engine.Engine(which).start()
    eng.image("bb", changes=[FOREVER])
    eng.swarm_init()
    print(f"\nDocker {eng.get('/version')['Version']}; beside "
          f"docker {eng.docker('version', '--format', '{{.Client.Version}}').strip()}"
          + (f", compose {json.loads(eng.compose('version', '-f', 'json'))['version']}"
             if engine.COMPOSE else ""), end="")
    head("services")
    measure_swarm(eng, caddy, sizes, rounds)
    measure_compose(eng, caddy, 10, rounds)
    eng.close()
