"""Deploys in Swarm mode, against a real engine, and switching between the modes. Ports are of mode
host: not every kernel can do what Swarm's own balancing wants (IPVS)."""
import json

from case import SERVERS
from deploy import DeployCase, proxied_to
from proxy import answer
from enginecase import every_engine, wait_for

STACK = "com.docker.stack.namespace"
# As quick as Swarm can be: one second of watching after an update.
QUICK = {"update_config": {"monitor": "1s", "order": "stop-first"},
         "restart_policy": {"condition": "any", "delay": "100ms"}}


class SwarmCase(DeployCase):
    mode, swarm = "swarm", True
    __test__ = False

    def shop(self, name="shop", caddy=None, env=None, **services):
        for key in ("web", "db"):
            services.setdefault(key, {})
        services = {k: v and {"deploy": QUICK, **v} if v else v if v is None else {"deploy": QUICK}
                    for k, v in services.items()}
        super().shop(name, caddy, env, **services)

    def tasks(self, stack="shop"):
        """Ids of the running tasks, by service."""
        return {name: sorted(t["ID"] for t in self.engine.tasks(name))
                for name in self.engine.services(stack)}

    def versions(self, stack="shop"):
        return {n: s["Version"]["Index"] for n, s in self.engine.services(stack).items()}

    def gone(self):
        wait_for(lambda: not self.engine.services() and not self.engine.networks(),
                 "the stack to be gone", 60)


@every_engine
class SwarmDeploy(SwarmCase):
    weight = 25

    def test_makes_what_stack_deploy_makes(self):
        self.shop(web={"labels": {"a": "b"}, "deploy": {**QUICK, "labels": {"c": "d"},
                                                        "replicas": 2}})
        self.deploy("shop")
        made = self.engine.services("shop")
        self.assertEqual(sorted(made), ["shop_db", "shop_web"])
        web = made["shop_web"]["Spec"]
        self.assertEqual(web["Labels"], {STACK: "shop", "com.docker.stack.image": "web", "c": "d"})
        self.assertEqual(web["TaskTemplate"]["ContainerSpec"]["Labels"], {STACK: "shop", "a": "b"})
        self.assertEqual([len(t) for t in self.tasks().values()], [1, 2]
                         if list(made)[0] == "shop_db" else [2, 1])
        self.assertEqual(list(self.engine.networks()), ["shop_default"])
        self.assertEqual(self.engine.networks()["shop_default"]["Driver"], "overlay")
        self.assertEqual(list(self.engine.volumes()), ["shop_data"])

    def test_second_deploy_sends_no_write(self):
        self.shop()
        self.deploy("shop")
        before, versions = self.tasks(), self.versions()
        self.unwritten("deploy", "shop")
        self.assertEqual(self.unwritten("--apply").text, "")
        self.kata("--diff", want=0)
        self.assertEqual((self.tasks(), self.versions()), (before, versions))

    def test_changed_service_alone(self):
        self.shop()
        self.deploy("shop")
        before, versions = self.tasks(), self.versions()
        self.shop(web={"environment": {"TEXT": "two"}})
        self.assert_names(self.kata("--diff", want=1), "shop_web", "TEXT")
        self.deploy("shop")
        after = self.tasks()
        self.assertEqual(after["shop_db"], before["shop_db"])
        self.assertEqual(self.versions()["shop_db"], versions["shop_db"])
        self.assertEqual(len(after["shop_web"]), 1)
        self.assertNotEqual(after["shop_web"], before["shop_web"])
        self.unwritten("deploy", "shop")

    def test_removed_service_goes_volumes_stay(self):
        self.shop()
        self.deploy("shop")
        self.shop(db=None)
        self.deploy("shop")
        self.assertEqual(list(self.engine.services("shop")), ["shop_web"])
        self.assertEqual(list(self.engine.volumes()), ["shop_data"])

    def test_secret_rotates(self):
        """New content gets a new name; the service follows; the old object goes."""
        folder = self.kata_root.folder("shop")
        text = json.dumps({"x-kata-mode": "swarm", "secrets": {"key": {"file": "./key"}},
                           "services": {"web": {"image": "web", "secrets": ["key"],
                                                "deploy": QUICK}}})
        self.kata_root.app("shop", text=text)
        names = []
        for content in ("first", "second"):
            (folder / "key").write_text(content)
            self.deploy("shop")
            secrets = [s["Spec"]["Name"] for s in self.engine.get("/secrets")]
            self.assertEqual(len(secrets), 1)
            names += secrets
            task = self.engine.tasks("shop_web")[0]["Status"]["ContainerStatus"]["ContainerID"]
            self.assertEqual(self.engine.shell(task, "cat /run/secrets/key"), (0, content))
        self.assertEqual(len(set(names)), 2)
        for name in names:
            self.assertRegex(name, r"\Ashop_key_[0-9a-f]{12}\Z")
        self.unwritten("deploy", "shop")

    def test_refuses_what_swarm_cannot(self):
        self.shop(web={"ports": ["127.0.0.1:8088:8000"]})
        self.assert_names(self.deploy("shop", want=1), "host_ip", "kata-compose.yaml:")
        self.assertEqual(self.engine.services(), {})
        self.assertEqual(self.writes(), [])


@every_engine
class SwarmCommands(SwarmCase):
    weight = 25

    def test_rm_and_deploy_again(self):
        self.shop()
        self.deploy("shop")
        keep = (self.kata_root.file("shop").read_text())
        self.kata("rm", "shop", "--force", want=0)
        self.assertEqual((self.engine.services(), self.engine.networks()), ({}, {}))
        self.assertEqual(list(self.engine.volumes()), ["shop_data"])
        self.kata_root.app("shop", text=keep)
        self.deploy("shop")
        r = self.kata("rm", "shop", "--force", "--wipe", want=0)
        self.assertEqual(self.engine.volumes(), {}, r)

    def test_rm_waits_for_stopping_tasks(self):
        """They hold the network for a moment, which an engine shows only now and then."""
        self.shop()
        self.deploy("shop")
        busy = b'{"message":"remove network shop_default: network x is in use by task y"}'
        self.docker.rule("DELETE", answer(403, busy), times=3, path="/networks/")
        self.kata("rm", "shop", "--force", want=0)
        self.assertEqual((self.engine.services(), self.engine.networks()), ({}, {}))

    def test_stop_is_honoured(self):
        self.shop()
        self.deploy("shop")
        self.kata("stop", "shop", want=0)
        wait_for(lambda: not any(self.tasks().values()), "all tasks to end")
        self.unwritten("--apply")
        self.kata("start", "shop", want=0)
        self.assertEqual([len(t) for t in self.tasks().values()], [1, 1])
        self.unwritten("--apply")

    def test_scale(self):
        self.shop()
        self.deploy("shop")
        before = self.tasks()
        self.kata("scale", "shop", "web=3", want=0)
        after = self.tasks()
        self.assertEqual(len(after["shop_web"]), 3)
        self.assertTrue(set(before["shop_web"]) <= set(after["shop_web"]))
        self.assertEqual(after["shop_db"], before["shop_db"])
        self.unwritten("deploy", "shop")

    def test_ps(self):
        self.shop()
        self.deploy("shop")
        r = self.kata("ps", "shop", "--json", want=0)
        self.assertTrue(r.json)
        self.assert_names(r, "shop_web", "shop_db")

    def test_mode_and_back(self):
        self.shop(web={"deploy": {}}, db={"deploy": {}})
        text = self.kata_root.file("shop").read_text().replace('x-kata-mode: "swarm"\n', "")
        self.kata_root.app("shop", text=text)
        self.kata("mode", "shop", "compose")
        self.deploy("shop")
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.engine.shell("shop-db-1", "echo kept >/data/x")
        self.kata("mode", "shop", "swarm", want=0)
        self.assertEqual(self.engine.containers("shop"), {})
        self.assertEqual(sorted(self.engine.services("shop")), ["shop_db", "shop_web"])
        task = self.engine.tasks("shop_db")[0]["Status"]["ContainerStatus"]["ContainerID"]
        self.assertEqual(self.engine.shell(task, "cat /data/x"), (0, "kept\n"))
        self.unwritten("--apply")
        self.kata("mode", "shop", "compose", want=0)
        self.assertEqual(self.engine.services(), {})
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.assertEqual(self.engine.shell("shop-db-1", "cat /data/x"), (0, "kept\n"))
        self.unwritten("--apply")
        self.kata("mode", "shop", "swarm", want=0)
        self.kata("mode", "shop", "auto", want=0)  # goes on as it runs now
        self.assertEqual(sorted(self.engine.services("shop")), ["shop_db", "shop_web"])
        self.assertFalse((self.kata_root.folder("shop") / ".kata-mode").exists())

    def test_switch_that_fails_goes_back(self):
        self.shop()
        text = self.kata_root.file("shop").read_text().replace('x-kata-mode: "swarm"\n', "")
        self.kata_root.app("shop", text=text.replace(
            'image: "web"', 'image: "web"\n    container_name: "only-compose"'))
        self.kata("mode", "shop", "compose")
        self.deploy("shop")
        self.engine.must("POST", "/services/create", {  # holds a name the stack wants
            "Name": "shop_web", "TaskTemplate": {"ContainerSpec": {"Image": "bb"}}})
        self.kata("mode", "shop", "swarm", want=1)
        self.assertEqual(len(self.running("shop")), 2)
        self.assertEqual(self.engine.services("shop"), {})

    # --- beside the docker command

    def test_docker_stack_sees_it(self):
        self.shop()
        self.deploy("shop")
        out = self.engine.docker("stack", "ls", "--format", "{{.Name}}")
        self.assertEqual(out.split(), ["shop"])
        out = self.engine.docker("stack", "services", "shop", "--format", "{{.Name}} {{.Replicas}}")
        self.assertEqual(sorted(out.splitlines()), ["shop_db 1/1", "shop_web 1/1"])
        self.engine.docker("stack", "rm", "shop")
        self.gone()

    def test_takes_over_what_stack_deploy_made(self):
        self.shop(web={"ports": [{"target": 8000, "published": 8300, "mode": "host"}]})
        self.deploy("shop")
        self.engine.docker("stack", "rm", "shop")
        self.gone()
        self.engine.docker("stack", "deploy", "--detach=true", "-c", str(self.generated()), "shop",
                           cwd=self.kata_root.folder("shop"))
        wait_for(lambda: all(self.tasks().values()), "tasks of both services", 60)
        before = self.tasks()
        self.deploy("shop")
        self.assertEqual(self.tasks(), before)

    def test_stack_deploy_restarts_nothing(self):
        """And back: the reference client finds nothing that makes new tasks."""
        self.shop(web={"ports": [{"target": 8000, "published": 8300, "mode": "host"}]})
        self.deploy("shop")
        before = self.tasks()
        self.engine.docker("stack", "deploy", "--detach=true", "-c", str(self.generated()), "shop",
                           cwd=self.kata_root.folder("shop"))
        self.kata("--apply", want=0)
        self.assertEqual(self.tasks(), before)


@every_engine
class SwarmFailures(SwarmCase):
    weight = 25

    def test_route_is_the_published_port(self):
        c = self.caddy()
        port = {"ports": [{"target": 8000, "published": 8300, "mode": "host"}]}
        for text in ("one", "two"):
            self.shop(caddy=proxied_to("web:8000"), web={**port, "environment": {"TEXT": text}})
            self.deploy("shop")
            self.serves(text)
        self.assertIn('"127.0.0.1:8300"', c.raw(SERVERS + "/shop").decode())

    def fails(self, why, **web):
        c = self.caddy()
        port = {"ports": [{"target": 8000, "published": 8300, "mode": "host"}]}
        self.shop(caddy=proxied_to("web:8000"), web=port)
        self.deploy("shop")
        self.serves("one")
        before, routes = self.tasks(), c.raw(SERVERS)
        self.shop(caddy=proxied_to("web:8000"), web={**port, **web})
        self.assert_names(self.deploy("shop", want=1, timeout=150), "shop", *why)
        self.assertEqual(self.tasks()["shop_db"], before["shop_db"])
        self.assertEqual(c.raw(SERVERS), routes)
        wait_for(lambda: self.through_caddy() == (200, "one"), "the old service to be back", 30)

    def test_crash_rolls_back(self):
        self.fails(["boom"], command=["sh", "-c", "echo boom >&2; exit 3"])

    def test_missing_image_rolls_back(self):
        self.fails(["nowhere.invalid/none"], image="nowhere.invalid/none:1")

    def test_paused_update_goes_on(self):
        """What made Swarm stop is over, and nobody else tells it to go on."""
        flags = self.kata_root.folder("shop") / "flags"
        flags.mkdir(parents=True)
        flags.joinpath("ok").touch()
        web = lambda text: {
            "environment": {"TEXT": text}, "volumes": ["./flags:/flags"],
            "command": ["sh", "-c", "[ -f /flags/ok ] && exec sleep 1000; exit 3"]}
        self.shop(web=web("one"))
        self.deploy("shop")
        flags.joinpath("ok").unlink()
        self.shop(web=web("two"))
        self.kata("deploy", "shop", "--detach", want=0)
        update = lambda: (self.engine.services()["shop_web"].get("UpdateStatus") or {}).get("State")
        wait_for(lambda: update() == "paused", "Swarm to give up", 60)
        flags.joinpath("ok").touch()
        self.kata("--apply", want=0)
        self.assertNotEqual(update(), "paused")
        self.unwritten("--apply")

    def test_crash_of_a_first_deploy(self):
        self.shop(web={"command": ["sh", "-c", "echo bad start; exit 9"]})
        self.assert_names(self.deploy("shop", want=1, timeout=150), "shop_web", "bad start", "9")

    def test_impossible_placement(self):
        self.shop(web={"deploy": {"placement": {"constraints": ["node.labels.x==y"]}},
                       "x-kata-ready": {"timeout": "5s"}})
        self.assert_names(self.deploy("shop", want=1, timeout=150), "shop_web", "no suitable node")
