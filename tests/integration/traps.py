"""What is known to go wrong between a Compose file and an engine, and that only an engine shows.
Each test says what goes wrong for those who do not know; what needs no engine for it is in
tests/unit/core_traps.c."""
import json
import stat
import time

import parity
from deploy import DeployCase
from deploy_swarm import QUICK, SwarmCase
from enginecase import every_engine, needs_compose, wait_for
from proxy import answer, before

FAST = {"x-kata-ready": "100ms", "stop_grace_period": "1s"}


class TrapCase(DeployCase):
    __test__ = False
    weight = 30

    def app(self, services, **top):
        """An app "shop" of these services; what is said for none: image bb, quickly."""
        self.kata_root.app("shop", **{"x-kata-mode": self.mode, **top, "services": {
            name: {"image": "bb", **FAST, **s} for name, s in services.items()}})

    def made(self, services, **top):
        self.app(services, **top)
        return self.deploy("shop")

    def resolves(self, source, target="web"):
        """One container finds the other one by its service's name."""
        wait_for(lambda: self.engine.shell(source, f"wget -qO- http://{target}:8000") ==
                 (0, "one"), f"{target} to answer {source}", 10)


WEB = {"image": "web", "environment": {"TEXT": "one"}}


@every_engine
class TrapsOfContainers(TrapCase):
    def test_what_clears_a_command(self):
        """An empty command clears nothing; an entrypoint of one's own drops the image's CMD."""
        self.engine.image("both", changes=['ENTRYPOINT ["/bin/echo", "E"]',
                                           'CMD ["/bin/echo", "C"]'])
        self.made({"none": {"image": "both"},
                   "cmd0": {"image": "both", "command": []},
                   "cmd": {"image": "both", "command": ["c"]},
                   "ent": {"image": "both", "entrypoint": ["/bin/echo", "x"]},
                   "ent0": {"image": "both", "entrypoint": []},
                   "own": {"image": "both", "entrypoint": [], "command": ["/bin/echo", "c"]}})
        said = {n: self.engine.logs(f"shop-{n}-1").strip()
                for n in ("none", "cmd0", "cmd", "ent", "ent0", "own")}
        self.assertEqual(said, {"none": "E /bin/echo C", "cmd0": "E /bin/echo C", "cmd": "E c",
                                "ent": "x", "ent0": "C", "own": "c"})

    def test_changed_network_keeps_names(self):
        """A container put back into a network without its aliases is not found by name."""
        self.made({"web": WEB, "db": {}}, networks={"default": {"labels": {"a": "1"}}})
        old = self.engine.networks()["shop_default"]["Id"]
        self.resolves("shop-db-1")
        self.made({"web": WEB, "db": {}}, networks={"default": {"labels": {"a": "2"}}})
        self.assertNotEqual(self.engine.networks()["shop_default"]["Id"], old)
        self.resolves("shop-db-1")
        self.unwritten("deploy", "shop")

    def test_network_lost_while_stopped(self):
        """A network without running containers can be removed; those that stopped in it do not
        start again."""
        self.made({"web": WEB, "db": {}})
        self.kata("stop", "shop", want=0)
        self.engine.docker("network", "rm", "shop_default")
        self.kata("start", "shop", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.resolves("shop-db-1")
        self.unwritten("--apply")

    def test_gone_meanwhile(self):
        """Somebody stops and removes what is just being removed: 304, 404 and 409 are no
        failures."""
        self.made({"web": WEB, "db": {}})
        ids = self.ids("shop")
        other = lambda *args: before(lambda: self.engine.docker(*args))
        self.docker.rule("POST", other("stop", "shop-web-1"), path="/stop")
        self.docker.rule("POST", other("rm", "-f", "shop-db-1"), path="/stop")
        self.docker.rule("DELETE", other("rm", "-f", "shop-web-1"), path="/containers/")
        self.docker.rule("DELETE", other("network", "rm", "shop_default"), path="/networks/")
        self.kata("rm", "shop", "--force", want=0)
        said = [r.status for r in self.docker.writes]
        self.assertIn(304, said)
        self.assertGreaterEqual(said.count(404), 2, said)
        self.assertEqual((self.engine.containers(), self.engine.networks()), ({}, {}), ids)

    def test_removal_already_in_progress(self):
        self.made({"db": {}})
        busy = {"message": f"removal of container {'a' * 64} is already in progress"}
        self.docker.rule("DELETE", answer(409, json.dumps(busy).encode()), path="/containers/")
        self.docker.rule("DELETE", before(lambda: self.engine.docker("rm", "-f", "shop-db-1")),
                         path="/networks/")
        self.kata("rm", "shop", "--force", want=0)
        self.assertEqual(self.engine.networks(), {})

    def test_taken_port_starts_the_same_container(self):
        """A port clash shows at the start: what was created is started by the next run."""
        self.engine.docker("run", "-d", "--name", "holder", "-p", "8077:80", "bb")
        self.app({"web": {**WEB, "ports": ["8077:8000"]}})
        self.assert_names(self.deploy("shop", want=1), "8077")
        left = self.engine.containers("shop")["shop-web-1"]
        self.assertEqual(left["State"]["Status"], "created")
        self.engine.docker("rm", "-f", "holder")
        self.deploy("shop")
        self.assertEqual(self.ids("shop"), {"shop-web-1": left["Id"]})
        self.assertEqual(self.fetch("127.0.0.1:8077"), (200, "one"))

    def test_all_networks_before_the_start(self):
        """An old engine takes one network with a container: the others must be there before its
        process is."""
        self.made({"web": {"networks": {"a": {}, "b": {}}, "command": [
            "sh", "-c", "ls /sys/class/net | grep -c eth; sleep 1000 & wait"]}},
            networks={"a": {}, "b": {}})
        self.assertEqual(self.engine.logs("shop-web-1"), "2\n")

    def test_secret_of_a_variable(self):
        """A secret written into the container is hidden by a tmpfs, impossible where it is read
        only, and lost when anybody but us starts it."""
        self.kata_root.app("shop", env={"TOKEN": "t0k$en"}, text=json.dumps({
            "x-kata-mode": "compose", "secrets": {"t": {"environment": "TOKEN"}},
            "configs": {"c": {"content": "port = 1\n"}},
            "services": {"web": {"image": "bb", **FAST, "read_only": True, "tmpfs": ["/run"],
                                 "user": "1000", "secrets": ["t"],
                                 "configs": [{"source": "c", "target": "/etc/c"}]}}}))
        self.deploy("shop")
        for _ in range(2):
            self.assertEqual(self.engine.shell("shop-web-1", "cat /run/secrets/t /etc/c"),
                             (0, "t0k$enport = 1\n"))
            self.engine.docker("restart", "shop-web-1")
        folder = self.kata_root.path / ".kata" / "files"
        self.assertEqual(stat.S_IMODE(folder.stat().st_mode), 0o700)
        for m in self.engine.container("shop-web-1")["HostConfig"]["Mounts"]:
            self.assertTrue(m["ReadOnly"], m)
            self.assertTrue(m["Source"].startswith(str(folder)), m)

    def test_profile_switched_off(self):
        """Taking down from the file would leave the services of a profile, and the network."""
        extra = {"db": {}, "tool": {"profiles": ["p"]}}
        self.made(extra, **{"x-kata-profiles": ["p"]})
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-tool-1"])
        self.app(extra)
        self.kata("rm", "shop", "--force", want=0)
        self.assertEqual((self.engine.containers(), self.engine.networks()), ({}, {}))


@every_engine
class TrapsOfStarts(TrapCase):
    def shares(self):
        """db, whose network is web's, is in that of the web that runs now."""
        ids = self.ids("shop")
        mode = self.engine.container("shop-db-1")["HostConfig"]["NetworkMode"]
        self.assertEqual(mode, f"container:{ids['shop-web-1']}")
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.resolves("shop-db-1", "127.0.0.1")

    def test_shared_namespace_follows(self):
        """A namespace is named by a container's id: whoever lives in it goes with it."""
        follower = {"db": {"network_mode": "service:web"}}
        self.made({"web": WEB, **follower})
        self.shares()
        self.made({"web": {**WEB, "labels": {"a": "1"}}, **follower})
        self.shares()
        self.unwritten("deploy", "shop")
        self.engine.docker("rm", "-f", "shop-web-1")
        self.kata("--apply", want=0)
        self.shares()
        self.unwritten("--apply")

    def test_terminal_has_no_frames(self):
        """Output of a terminal comes without frames, and nothing in it says so."""
        script = "i=0; while [ $i -lt 300 ]; do echo line $i; i=$((i + 1)); done; sleep 1000 & wait"
        for tty in (False, True):
            self.made({"db": {"tty": tty, "command": ["sh", "-c", script]}})
            lines = [x.split("|")[-1].strip() for x in self.kata(
                "logs", "shop", want=0).out.splitlines()]
            self.assertEqual(lines, [f"line {i}" for i in range(300)])

    def test_range_of_host_ports(self):
        """Ports of a range go wrong when containers start at the same time."""
        inside, seen = [], []

        def start():
            inside.append(1)
            seen.append(len(inside))
            time.sleep(0.2)  # as long as others would have to come in
            inside.pop()
        self.docker.rule("POST", before(start), 6, "/start")
        self.made({"web": {**WEB, "ports": ["8300-8305:8000"], "scale": 6}})
        made = self.engine.containers("shop")
        ports = [c["NetworkSettings"]["Ports"]["8000/tcp"][0]["HostPort"] for c in made.values()]
        self.assertEqual(sorted(ports), [str(p) for p in range(8300, 8306)])
        self.assertEqual(seen, [1] * 6)

    def test_pull_without_a_tag(self):
        """Without one the engine brings every tag there is."""
        self.app({"db": {"image": "127.0.0.1:9/none"}})
        self.deploy("shop", want=1)
        paths = [r.path for r in self.docker.asked("POST", "/images/create")]
        self.assertEqual(len(paths), 1)
        self.assertIn("tag=latest", paths[0])

    def test_logs_of_the_instance_before(self):
        self.kata_root.app("shop", services={"web": {"image": "bb", "init": True, "command": [
            "sh", "-c", "echo run $(cat /runs 2>/dev/null | wc -l); echo >>/runs; sleep 1000"]}})
        self.deploy("shop")
        self.kata("restart", "shop", want=0)
        text = lambda *args: [json.loads(line)["text"] for line in self.kata(
            "logs", "shop", "--json", *args, want=0).out.splitlines()]
        self.assertEqual(text(), ["run 0", "run 1"])
        self.assertEqual(text("--previous"), ["run 0"])

    def test_followed_logs_go_on(self):
        """Between a list and the events that follow it a container may come and go."""
        say = lambda text: ["sh", "-c", f"echo {text}; sleep 1000 & wait"]
        self.made({"db": {"command": say("first")}})
        with open(self.tmp / "said", "wb") as out:
            run = self.child(self.command(["logs", "--follow", "shop"], None, None),
                             env=self.environment(None), stdout=out)
            said = lambda word: word in (self.tmp / "said").read_text()
            wait_for(lambda: said("first"), "the first line")
            for text in ("second", "third"):
                self.made({"db": {"command": say(text)}})
                wait_for(lambda t=text: said(t), f"the line {text}")
            run.terminate()
            run.wait(10)
        lines = (self.tmp / "said").read_text()
        self.assertEqual([lines.count(t) for t in ("first", "second", "third")], [1, 1, 1], lines)

    def test_exit_codes_of_commands(self):
        """The end of a command is not in its stream; that there is none comes as its output."""
        self.made({"db": {}})
        for command, code in ((["sh", "-c", "exit 7"], 7), (["true"], 0)):
            self.kata("run", "shop", "db", *command, want=code)
        nothing = self.start_kata("run", "shop", "db", "no-such-program")
        self.assertIn(nothing.wait(30), (126, 127))
        r = self.kata("run", "shop", "db", "cat", stdin=b"to the end\n", want=0)
        self.assertEqual(r.out, "to the end\n")

    def test_hooks_that_fail(self):
        """A command that is not there ends with 126 as quietly as any other."""
        self.made({"db": {"post_start": [{"command": ["touch", "/tmp/hook"]}]}})
        self.assertEqual(self.engine.shell("shop-db-1", "ls /tmp/hook")[0], 0)
        for command in (["sh", "-c", "exit 5"], ["no-such-program"]):
            self.app({"db": {"post_start": [{"command": command}]}})
            r = self.deploy("shop", want=1)
            self.assert_names(r, "db", "hook" if command[0] == "sh" else "shop-db-1")

    def test_engine_refuses_late(self):
        """Devices, capabilities, sysctls: the engine looks at them at the start, or even later."""
        for key, value, word in (("devices", ["/dev/no-such-device"], "/dev/no-such-device"),
                                 ("cap_add", ["NO_SUCH_CAP"], "NO_SUCH_CAP"),
                                 ("sysctls", {"net.no.such": "1"}, "net")):
            self.app({"db": {key: value}})
            r = self.deploy("shop", want=1)
            self.assert_names(r, word, "db")
        self.made({"db": {}})
        self.assertEqual(self.running("shop"), ["shop-db-1"])


EVERY = """
services:
  all:
    image: bb
    command: [sleep, "1000"]
    entrypoint: ["/bin/env"]
    init: true
    hostname: h
    domainname: example.org
    user: "1000:33"
    working_dir: /tmp
    tty: true
    stdin_open: true
    environment: {A: "1", B: "x=y"}
    labels: {a: b}
    annotations: {a: b}
    stop_signal: SIGINT
    stop_grace_period: 1s
    healthcheck: {test: [CMD, "true"], interval: 1s, timeout: 2s, retries: 3, start_period: 1s}
    expose: ["9000", "53/udp"]
    ports: ["127.0.0.1:8401:80", "8402-8404:8402-8404/udp"]
    restart: on-failure:3
    read_only: true
    cap_add: [NET_ADMIN, SYS_PTRACE]
    cap_drop: [CHOWN]
    security_opt: ["no-new-privileges:true"]
    shm_size: 1m
    sysctls: {net.core.somaxconn: "1024"}
    ulimits: {nofile: {soft: 1024, hard: 2048}}
    dns: [10.9.9.9]
    dns_search: [example.org]
    dns_opt: ["ndots:2"]
    extra_hosts: ["foo=127.0.0.1", "six=::1"]
    group_add: ["10"]
    logging: {driver: json-file, options: {max-size: 1m}}
    tmpfs: ["/run:size=1m"]
    oom_score_adj: 100
    cpus: 0.5
    cpu_shares: 100
    mem_limit: 64m
    mem_reservation: 32m
    pids_limit: 50
    devices: ["/dev/null:/dev/none:rw"]
    ipc: shareable
    volumes:
      - data:/data
      - /anonymous
      - ./dir:/dir:ro
      - {type: bind, source: ./dir, target: /dir2, bind: {propagation: private}}
      - {type: tmpfs, target: /t, tmpfs: {size: 65536, mode: 01777}}
      - {type: volume, source: data, target: /data2, volume: {nocopy: true}}
    secrets: [key]
    configs: [{source: key, target: /etc/key}]
    networks:
      back: {aliases: [other], ipv4_address: 172.30.9.9, priority: 5}
      default: {aliases: [more]}
    depends_on: [first]
  first:
    image: bb
    container_name: the-first
    scale: 1
    stop_grace_period: 1s
    links: []
networks:
  back: {internal: true, attachable: true, labels: {x: y},
    ipam: {config: [{subnet: 172.30.9.0/24, gateway: 172.30.9.1}]}}
volumes:
  data: {labels: {x: y}}
secrets: {key: {file: ./key}}
configs: {key: {file: ./key}}
"""


@every_engine
class TrapsOfFields(TrapCase):
    """A field the engine does not know by that name is dropped without a word: what it shows
    afterwards must be what it shows of a container docker compose made."""
    weight = 15

    @needs_compose
    def test_every_field_arrives(self):
        folder = self.kata_root.folder("shop")
        (folder / "dir").mkdir(parents=True)
        (folder / "key").write_text("key")
        self.kata_root.app("shop", text=EVERY + "x-kata-mode: compose\n")
        self.deploy("shop")
        label = "com.docker.compose.project=shop"
        look = lambda: (self.engine.containers("shop"), self.engine.networks(label),
                        self.engine.volumes(label))
        ours = look()
        self.engine.reset()
        self.engine.compose("-p", "shop", "-f", str(self.generated()), "up", "-d", cwd=folder)
        theirs = look()
        self.assertEqual(sorted(theirs[0]), ["shop-all-1", "the-first"])
        for a, b, table in zip(ours, theirs, (parity.CONTAINER, parity.NETWORK, parity.VOLUME)):
            lines = parity.differences(a, b, table)
            self.assertEqual(lines, [], "\n".join(["", *lines]))
        aliases = ours[0]["the-first"]["NetworkSettings"]["Networks"]["shop_default"]["Aliases"]
        self.assertTrue({"the-first", "first"} <= set(aliases), aliases)
        self.unwritten("deploy", "shop")


class SwarmTrapCase(SwarmCase):
    __test__ = False
    weight = 40

    def app(self, services, **top):
        self.kata_root.app("shop", **{"x-kata-mode": "swarm", **top, "services": {
            name: {"image": "bb", "deploy": QUICK, **FAST, **s} for name, s in services.items()}})

    def made(self, services, **top):
        self.app(services, **top)
        return self.deploy("shop", timeout=150)


@every_engine
class TrapsOfSwarm(SwarmTrapCase):
    def test_somebody_was_faster(self):
        """A stale version is answered with 500, and is no reason to give up."""
        self.made({"db": {}})
        stale = {"message": "rpc error: code = Unknown desc = update out of sequence"}
        self.docker.rule("POST", answer(500, json.dumps(stale).encode()), 2, "/update")
        self.app({"db": {"environment": {"A": "1"}}})
        self.docker.log.clear()
        self.deploy("shop")
        self.assertEqual([r.status for r in self.docker.asked("POST", "/update")], [500, 500, 200])
        self.unwritten("deploy", "shop")

    def test_port_after_a_placement(self):
        """A change of placement leaves the tasks, and hides a change of ports that follows."""
        web = {**WEB, "deploy": QUICK}
        self.made({"web": web})
        before = self.tasks()
        web["deploy"] = {**QUICK, "placement": {"constraints": ["node.role==manager"]}}
        self.made({"web": web})
        self.assertEqual(self.tasks(), before)
        for port in (8301, 8302):
            self.made({"web": {**web, "ports": [{"target": 8000, "published": port,
                                                 "mode": "host"}]}})
            wait_for(lambda p=port: self.try_fetch(p) == (200, "one"), f"port {port}", 10)
        self.unwritten("deploy", "shop")

    def try_fetch(self, port):
        try:
            return self.fetch(f"127.0.0.1:{port}")
        except OSError:
            return None

    def test_job_runs_once(self):
        """Tasks of a job count from 0, which is not said; any update, even one to the same, runs
        it again."""
        job = {"deploy": {"mode": "replicated-job", "replicas": 2,
                          "restart_policy": {"condition": "none"}},
               "command": ["true"]}
        self.made({"db": {}, "job": job})
        self.assertEqual(len(self.iterations()), 1)
        self.unwritten("deploy", "shop")
        self.made({"db": {"environment": {"A": "1"}}, "job": job})
        self.assertEqual(len(self.iterations()), 1)
        self.made({"db": {}, "job": {**job, "environment": {"A": "1"}}})
        self.assertEqual(len(self.iterations()), 2)

    def iterations(self):
        tasks = self.engine.get("/tasks", service="shop_job")
        return {t.get("JobIteration", {}).get("Index", 0) for t in tasks}


@every_engine
class TrapsOfTasks(SwarmTrapCase):
    def test_two_on_one_host_port(self):
        """Tasks that want the same port of one node stay pending for ever."""
        port = {"ports": [{"target": 8000, "published": 8301, "mode": "host"}]}
        self.app({"web": {**WEB, **port, "deploy": {**QUICK, "replicas": 2}}})
        r = self.deploy("shop", want=1, timeout=150)
        self.assert_names(r, "shop_web", "host-mode port already in use")

    def test_missing_bind_source(self):
        """The engine makes no folder for a task, and says so of the task only."""
        self.app({"db": {"volumes": [f"{self.tmp}/nowhere:/x"]}})
        r = self.deploy("shop", want=1, timeout=150)
        self.assert_names(r, "shop_db", f"{self.tmp}/nowhere")
