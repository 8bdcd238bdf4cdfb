"""Deploys in Compose mode, against a real engine: what is made, that nothing is sent when nothing
changed, that only what changed is replaced, that a failed deploy leaves the old one in service."""
import os
import random
import re
import stat
import threading
import time

from case import SERVERS, mark
from enginecase import EngineCase, every_engine, needs_compose, wait_for

LABEL = "com.docker.compose."
KILLS = int(os.environ.get("KATA_DEPLOY_KILLS", "8"))


def proxied_to(dial, listen=":8001"):
    """A caddy block that proxies to a service."""
    return {"listen": [listen], "automatic_https": {"disable": True}, "routes": [{"handle": [
        {"handler": "reverse_proxy", "upstreams": [{"dial": dial}]}]}]}


class DeployCase(EngineCase):
    mode = "compose"
    __test__ = False

    def shop(self, name="shop", caddy=None, env=None, **services):
        """Writes an app of two services, web and db; services: changes to them, None for gone."""
        base = {"web": {"image": "web", "environment": {"TEXT": "one"}},
                "db": {"image": "bb", "volumes": ["data:/data"]}}
        for key, change in services.items():
            base[key] = change and {**base.get(key, {}), **change}
        used = {k: v for k, v in base.items() if v}
        volumes = any("data:/data" in s.get("volumes", []) for s in used.values())
        self.kata_root.app(name, caddy, env=env, **{
            "x-kata-mode": self.mode, "services": used, **({"volumes": {"data": {}}} if volumes
                                                           else {})})

    def generated(self, app="shop"):
        return self.kata_root.folder(app) / ".docker-compose.yaml"

    def through_caddy(self, port=8001):
        try:
            return self.fetch(f"127.0.0.1:{port}")
        except OSError:
            return None

    def serves(self, text, port=8001):
        wait_for(lambda: self.through_caddy(port) == (200, text), f"{text!r} through Caddy", 10)


@every_engine
class DeployMakes(DeployCase):
    weight = 20
    fast = True

    def test_makes_what_compose_makes(self):
        self.shop()
        self.deploy("shop")
        made = self.engine.containers("shop")
        self.assertEqual(sorted(made), ["shop-db-1", "shop-web-1"])
        folder = str(self.kata_root.folder("shop"))
        for name, c in made.items():
            labels = c["Config"]["Labels"]
            self.assertTrue(c["State"]["Running"], name)
            self.assertEqual(labels[LABEL + "service"], name.split("-")[1])
            self.assertEqual(labels[LABEL + "container-number"], "1")
            self.assertEqual(labels[LABEL + "oneoff"], "False")
            self.assertEqual(labels[LABEL + "project.working_dir"], folder)
            self.assertEqual(labels[LABEL + "project.config_files"], str(self.generated()))
            self.assertEqual(labels[LABEL + "image"], c["Image"])
            self.assertRegex(labels[LABEL + "config-hash"], r"\A[0-9a-f]{64}\Z")
            self.assertEqual(list(c["NetworkSettings"]["Networks"]), ["shop_default"])
        self.assertEqual(list(self.engine.networks()), ["shop_default"])
        self.assertEqual(list(self.engine.volumes()), ["shop_data"])
        self.assertEqual(self.engine.volumes()["shop_data"]["Labels"][LABEL + "volume"], "data")

    def test_writes_the_file_of_the_mode(self):
        self.shop(caddy=None, web={"environment": {"TEXT": "costs $5"}})
        self.deploy("shop")
        self.assertEqual(stat.S_IMODE(os.stat(self.generated()).st_mode), 0o600)
        text = self.generated().read_text()
        self.assertIn("costs $$5", text)
        self.assertNotIn("x-kata", text)
        before = os.stat(self.generated())
        self.deploy("shop")
        after = os.stat(self.generated())
        self.assertEqual((before.st_mtime_ns, before.st_ino), (after.st_mtime_ns, after.st_ino))

    def test_environment_reaches_services(self):
        self.kata_root.app("shop", env={"SECRET": "s3cret value"}, text=(
            "x-kata-mode: compose\nenvironment: {LEVEL: top, TEXT: top}\nservices:\n  web:\n"
            "    image: web\n    environment: {TEXT: 'own ${SECRET}'}\n"))
        r = self.deploy("shop")
        env = self.engine.container("shop-web-1")["Config"]["Env"]
        for line in ("LEVEL=top", "TEXT=own s3cret value", "SECRET=s3cret value"):
            self.assertIn(line, env)
        self.assertNotIn("s3cret value", r.text)

    def test_docker_option_and_variable(self):
        self.shop()
        self.deploy("shop", "--docker", self.engine.host, env={"DOCKER_HOST": "unix:///nowhere"})
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.deploy("shop", env={"DOCKER_HOST": "unix:///nowhere"}, want=1)

    def test_all_invalid_things_before_anything(self):
        self.shop(web={"imgae": "x"}, db={"ports": ["99999:80"]})
        r = self.deploy("shop", want=1)
        self.assert_names(r, "imgae", "kata-compose.yaml:")
        self.assertEqual(self.engine.containers(), {})
        self.assertEqual(self.writes(), [])

    def test_build(self):
        folder = self.kata_root.folder("shop")
        self.kata_root.app("shop", text=(
            "services:\n  web:\n    build: ./web\nx-kata-mode: compose\n"))
        (folder / "web").mkdir()
        (folder / "web" / "Dockerfile").write_text("FROM web\nCOPY text /text\n")
        for word in ("first", "second"):
            (folder / "web" / "text").write_text(word)
            self.deploy("shop")
            self.assertEqual(self.engine.shell("shop-web-1", "cat /text"), (0, word))
            self.assertIsNotNone(self.engine.image_id("shop-web"))
        before = self.ids("shop")
        self.deploy("shop")
        self.assertEqual(self.ids("shop"), before)

    def test_failing_build_keeps_what_runs(self):
        self.shop()
        self.deploy("shop")
        before = self.ids("shop")
        (self.kata_root.folder("shop") / "Dockerfile").write_text(
            "FROM bb\nRUN echo oops >&2; exit 7\n")
        self.kata_root.app("shop", text="services:\n  web:\n    build: .\nx-kata-mode: compose\n")
        r = self.deploy("shop", want=1)
        self.assert_names(r, "oops", "7")
        self.assertEqual(self.ids("shop"), before)

    def test_order_and_conditions(self):
        """A service starts when what it depends on is healthy, or has ended well."""
        healthy = {"test": ["CMD", "test", "-e", "/tmp/ok"], "interval": "200ms", "retries": 30}
        self.shop(db={"command": ["sh", "-c", "sleep 1; touch /tmp/ok; sleep 1000"],
                      "healthcheck": healthy, "init": True},
                  init={"image": "bb", "command": ["sh", "-c", "sleep 1; exit 0"]},
                  web={"depends_on": {"db": {"condition": "service_healthy"},
                                      "init": {"condition": "service_completed_successfully"}}})
        self.deploy("shop")
        made = self.engine.containers("shop")
        started = {n: c["State"]["StartedAt"] for n, c in made.items()}
        self.assertGreater(started["shop-web-1"], made["shop-init-1"]["State"]["FinishedAt"])
        self.assertGreater(started["shop-web-1"], started["shop-db-1"])
        self.assertEqual(made["shop-db-1"]["State"]["Health"]["Status"], "healthy")

    def test_dependency_that_fails(self):
        self.shop(init={"image": "bb", "command": ["sh", "-c", "echo no luck; exit 4"]},
                  web={"depends_on": {"init": {"condition": "service_completed_successfully"}}})
        r = self.deploy("shop", want=1)
        self.assert_names(r, "init", "4", "no luck")
        self.assertNotIn("shop-web-1", self.running("shop"))


@every_engine
class DeployChanges(DeployCase):
    weight = 20

    def test_second_deploy_sends_no_write(self):
        self.shop()
        self.deploy("shop")
        before = self.ids("shop")
        self.unwritten("deploy", "shop")
        self.assertEqual(self.unwritten("--apply").text, "")
        self.kata("--diff", want=0)
        self.assertEqual(self.ids("shop"), before)

    def test_changed_service_alone(self):
        self.shop()
        self.deploy("shop")
        before = self.ids("shop")
        self.shop(web={"environment": {"TEXT": "two"}})
        self.assert_names(self.kata("--diff", want=1), "shop-web-1", "TEXT")
        self.deploy("shop")
        after = self.ids("shop")
        self.assertEqual(sorted(after), sorted(before))
        self.assertEqual(after["shop-db-1"], before["shop-db-1"])
        self.assertNotEqual(after["shop-web-1"], before["shop-web-1"])
        self.assertIn("TEXT=two", self.engine.container("shop-web-1")["Config"]["Env"])
        self.unwritten("deploy", "shop")

    def test_moved_tag_recreates(self):
        self.engine.image("moving", changes=['CMD ["sleep", "1000"]'])
        self.shop(db={"image": "moving"}, web=None)
        self.deploy("shop")
        before = self.ids("shop")
        self.engine.image("moving", changes=['CMD ["sleep", "2000"]'])
        self.deploy("shop")
        self.assertNotEqual(self.ids("shop"), before)
        self.assertEqual(self.engine.container("shop-db-1")["Config"]["Cmd"], ["sleep", "2000"])

    def test_removed_service_goes(self):
        self.shop()
        self.deploy("shop")
        self.shop(db=None)
        self.deploy("shop")
        self.assertEqual(sorted(self.engine.containers("shop")), ["shop-web-1"])
        self.assertEqual(list(self.engine.volumes()), ["shop_data"])

    def test_volumes_stay(self):
        """Named ones by name, anonymous ones are carried on by the new container."""
        self.shop(db={"volumes": ["data:/data", "/scratch"]}, web=None)
        self.deploy("shop")
        for path in ("/data/x", "/scratch/x"):
            self.engine.shell("shop-db-1", f"echo kept >{path}")
        self.shop(db={"volumes": ["data:/data", "/scratch"], "environment": {"A": "1"}}, web=None)
        before = self.ids("shop")
        self.deploy("shop")
        self.assertNotEqual(self.ids("shop"), before)
        for path in ("/data/x", "/scratch/x"):
            self.assertEqual(self.engine.shell("shop-db-1", f"cat {path}"), (0, "kept\n"), path)

    def test_drift_is_repaired(self):
        self.shop()
        self.deploy("shop")
        kept = self.ids("shop")["shop-web-1"]
        self.engine.docker("rm", "-f", "shop-db-1")
        self.assert_names(self.kata("--diff", want=1), "shop-db-1")
        self.kata("--apply", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.engine.docker("kill", "shop-web-1")
        self.kata("--apply", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.assertEqual(self.ids("shop")["shop-web-1"], kept)

    def test_oneshot_runs_on_deploy_not_on_apply(self):
        self.shop(init={"image": "bb", "command": ["true"]})
        self.deploy("shop")
        first = self.engine.container("shop-init-1")["State"]["StartedAt"]
        self.unwritten("--apply")
        self.assertEqual(self.engine.container("shop-init-1")["State"]["StartedAt"], first)
        self.deploy("shop")
        self.assertNotEqual(self.engine.container("shop-init-1")["State"]["StartedAt"], first)


@every_engine
class DeployCommands(DeployCase):
    weight = 20

    def test_rm_keeps_volumes(self):
        self.shop(env={"A": "1"})
        self.deploy("shop")
        self.kata("rm", "shop", "--force", want=0)
        self.assertEqual(self.engine.containers(), {})
        self.assertEqual(self.engine.networks(), {})
        self.assertEqual(list(self.engine.volumes()), ["shop_data"])
        self.assertFalse(self.kata_root.folder("shop").exists())
        self.assertTrue((self.kata_root.path / "config/shop/ENV").exists())

    def test_rm_wipe_removes_volumes(self):
        self.shop(env={"A": "1"}, db={"volumes": ["data:/data", "/scratch"]})
        self.shop(name="other")
        self.deploy("shop")
        self.deploy("other")
        other = self.ids("other")
        self.kata("rm", "shop", "--force", "--wipe", want=0)
        self.assertEqual(self.engine.containers("shop"), {})
        self.assertEqual(list(self.engine.volumes()), ["other_data"])
        self.assertFalse((self.kata_root.path / "config/shop").exists())
        self.assertEqual(self.ids("other"), other)

    def test_stop_is_honoured(self):
        self.shop()
        self.deploy("shop")
        before = self.ids("shop")
        self.kata("stop", "shop", want=0)
        self.assertEqual(self.running("shop"), [])
        self.unwritten("--apply")
        self.assertEqual(self.running("shop"), [])
        self.kata("start", "shop", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.assertEqual(self.ids("shop"), before)
        self.unwritten("--apply")

    def test_stop_of_one_service(self):
        self.shop()
        self.deploy("shop")
        self.kata("stop", "shop", "web", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1"])
        self.unwritten("--apply")
        self.kata("start", "shop", "web", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])

    def test_scale(self):
        self.shop()
        self.deploy("shop")
        before = self.ids("shop")
        self.kata("scale", "shop", "web=3", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", *(f"shop-web-{i}" for i in (1, 2, 3))])
        self.unwritten("--apply")
        self.unwritten("deploy", "shop")
        self.kata("scale", "shop", "web=1", want=0)
        self.assertEqual(self.ids("shop"), before)

    def test_restart(self):
        self.shop()
        self.deploy("shop")
        before = {n: c["State"]["StartedAt"] for n, c in self.engine.containers("shop").items()}
        self.kata("restart", "shop", want=0)
        after = {n: c["State"]["StartedAt"] for n, c in self.engine.containers("shop").items()}
        self.assertEqual(sorted(after), sorted(before))
        self.assertFalse(set(after.items()) & set(before.items()))

    def test_ps_and_ls(self):
        self.shop()
        self.deploy("shop")
        once = [f"--label={LABEL}{x}" for x in ("project=shop", "service=web", "oneoff=True")]
        self.engine.docker("run", "-d", *once, "bb")
        self.assert_names(self.kata("ps", "shop", want=0), "shop-web-1", "shop-db-1")
        names = sorted(c["name"] for c in self.kata("ps", "shop", "--json", want=0).json)
        self.assertEqual(names, ["shop-db-1", "shop-web-1"])
        (app,) = self.kata("ls", "--json", want=0).json["apps"]
        self.assertEqual((app["running"], app["wanted"]), (2, 2))

    def test_logs_and_run(self):
        self.shop(web={"command": ["sh", "-c", "echo said by web; sleep 1000"], "init": True})
        self.deploy("shop")
        self.assert_names(self.kata("logs", "shop", "web", want=0), "said by web")
        r = self.kata("run", "shop", "db", "sh", "-c", "echo from db; exit 3", want=3)
        self.assertIn("from db", r.out)


@every_engine
class DeployBeside(DeployCase):
    weight = 20

    @needs_compose
    def test_compose_sees_it(self):
        self.shop()
        self.deploy("shop")
        self.assertIn("shop", self.engine.compose("ls"))
        out = self.engine.compose("-p", "shop", "ps", "--format", "{{.Name}}")
        self.assertEqual(sorted(out.split()), ["shop-db-1", "shop-web-1"])
        self.engine.compose("-p", "shop", "down", "-v", "-t", "1")
        self.assertEqual((self.engine.containers(), self.engine.networks(), self.engine.volumes()),
                         ({}, {}, {}))

    @needs_compose
    def test_takes_over_what_compose_made(self):
        self.shop(web={"ports": ["127.0.0.1:8088:8000"], "restart": "unless-stopped"})
        self.deploy("shop")
        self.engine.reset()
        folder = self.kata_root.folder("shop")
        self.engine.compose("-p", "shop", "-f", str(self.generated()), "up", "-d", cwd=folder)
        before = self.ids("shop")
        self.assertEqual(sorted(before), ["shop-db-1", "shop-web-1"])
        self.deploy("shop")
        self.assertEqual(self.ids("shop"), before)
        self.shop(web={"ports": ["127.0.0.1:8088:8000"], "restart": "unless-stopped",
                       "environment": {"TEXT": "two"}})
        self.deploy("shop")
        after = self.ids("shop")
        self.assertEqual(after["shop-db-1"], before["shop-db-1"])
        self.assertNotEqual(after["shop-web-1"], before["shop-web-1"])

    @needs_compose
    def test_compose_takes_over_what_we_made(self):
        """Containers it may make anew (it knows no hash but its own), networks and data never."""
        self.shop()
        self.deploy("shop")
        held = lambda: ({name: n["Id"] for name, n in self.engine.networks().items()},
                        {name: v["CreatedAt"] for name, v in self.engine.volumes().items()})
        before = held()
        self.assertTrue(all(before), before)
        up = ("-p", "shop", "-f", str(self.generated()), "up", "-d")
        self.engine.compose(*up, cwd=self.kata_root.folder("shop"))
        self.assertEqual(held(), before)
        self.unwritten("deploy", "shop")

    @needs_compose
    def test_project_of_another_folder(self):
        (self.tmp / "other").mkdir()
        (self.tmp / "other" / "compose.yaml").write_text("services:\n  web:\n    image: bb\n")
        self.engine.compose("-p", "shop", "up", "-d", cwd=self.tmp / "other")
        before = self.ids("shop")
        self.shop()
        self.assert_names(self.deploy("shop", want=1), str(self.tmp / "other"))
        self.kata("rm", "shop", "--force")
        self.assertEqual(self.ids("shop"), before)
        self.assertEqual(self.running("shop"), ["shop-web-1"])

    def test_foreign_container_of_that_name(self):
        self.engine.docker("run", "-d", "--name", "shop-web-1", "bb")
        before = self.engine.container("shop-web-1")
        self.shop()
        self.assert_names(self.deploy("shop", want=1), "shop-web-1")
        after = self.engine.container("shop-web-1")
        self.assertEqual((after["Id"], after["State"]["StartedAt"]),
                         (before["Id"], before["State"]["StartedAt"]))
        self.kata("rm", "shop", "--force")
        self.assertTrue(self.engine.container("shop-web-1")["State"]["Running"])


@every_engine
class DeployRoutes(DeployCase):
    weight = 20

    def test_route_follows_the_container(self):
        c = self.caddy()
        for text in ("one", "two", "three"):
            self.shop(caddy=proxied_to("web:8000"), web={"environment": {"TEXT": text}})
            self.deploy("shop")
            self.serves(text)
        dial = c.server("shop")["routes"][0]["handle"][0]["upstreams"]
        self.assertEqual(dial, [{"dial": f"{self.address('shop-web-1')}:8000"}])
        self.assertEqual(sorted(self.engine.containers("shop")), ["shop-db-1", "shop-web-1"])
        self.unwritten("--apply")

    def test_published_port_is_the_upstream(self):
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"), web={"ports": ["127.0.0.1:8099:8000"]})
        self.deploy("shop")
        self.serves("one")
        self.assertIn('"127.0.0.1:8099"', c.raw(SERVERS + "/shop").decode())

    def test_scaled_upstreams(self):
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"))
        self.deploy("shop")
        self.kata("scale", "shop", "web=3", want=0)
        dials = {u["dial"] for u in c.server("shop")["routes"][0]["handle"][0]["upstreams"]}
        self.assertEqual(dials, {f"{self.address(f'shop-web-{i}')}:8000" for i in (1, 2, 3)})

    def test_no_request_is_lost(self):
        """While a service behind Caddy is replaced, again and again, every request that Caddy takes
        is answered. (A reload of Caddy may break off a connection just made, on its own.)"""
        self.caddy()
        self.shop(caddy=proxied_to("web:8000"))
        self.deploy("shop")
        self.serves("one")
        seen, end = [], threading.Event()

        def ask():
            while not end.is_set():
                try:
                    seen.append(self.fetch("127.0.0.1:8001"))
                except OSError as e:
                    seen.append((0, str(e)))
                time.sleep(0.005)
        threads = [threading.Thread(target=ask) for _ in range(3)]
        for t in threads:
            t.start()
        try:
            for text in ("two", "three", "four"):
                self.shop(caddy=proxied_to("web:8000"), web={"environment": {"TEXT": text}})
                self.deploy("shop")
        finally:
            end.set()
            for t in threads:
                t.join()
        answered = [s for s in seen if s[0]]
        self.assertEqual([s for s in answered if s[0] != 200], [])
        self.assertEqual({s[1] for s in answered}, {"one", "two", "three", "four"})
        self.assertLess(len(seen) - len(answered), 10, "connections broken off")

    def test_rm_takes_routes(self):
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"))
        self.deploy("shop")
        self.assertEqual(c.server("shop")["@id"], mark("shop"))
        self.kata("rm", "shop", "--force", want=0)
        self.assertIsNone(c.server("shop"))


@every_engine
class DeployFailures(DeployCase):
    weight = 20

    def fails(self, why, **web):
        """A working app; then a deploy of web that has to fail and leave all as it was."""
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"))
        self.deploy("shop")
        self.serves("one")
        before, routes = self.ids("shop"), c.raw(SERVERS)
        self.shop(caddy=proxied_to("web:8000"), web=web)
        r = self.deploy("shop", want=1)
        self.assert_names(r, "shop", *why)
        self.assertEqual(self.ids("shop"), before, r)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.assertEqual(c.raw(SERVERS), routes)
        self.serves("one")
        self.shop(caddy=proxied_to("web:8000"), web={"environment": {"TEXT": "fine"}})
        self.deploy("shop")
        self.serves("fine")
        self.assertEqual(sorted(self.engine.containers("shop")), ["shop-db-1", "shop-web-1"])

    def test_crash_keeps_the_old_one(self):
        self.fails(["3", "boom at line 7"],
                   command=["sh", "-c", "echo starting; echo boom at line 7 >&2; exit 3"])

    def test_late_crash_keeps_the_old_one(self):
        self.fails(["5", "ran out"], command=["sh", "-c", "sleep 1; echo ran out; exit 5"])

    def test_unhealthy_keeps_the_old_one(self):
        self.fails(["not ready yet"], healthcheck={
            "test": ["CMD-SHELL", "echo not ready yet; exit 1"], "interval": "200ms",
            "timeout": "1s", "retries": 3})

    def test_missing_image_keeps_the_old_one(self):
        self.fails(["nowhere.invalid/none"], image="nowhere.invalid/none:1")

    def test_missing_command_keeps_the_old_one(self):
        self.fails(["no-such-program"], command=["no-such-program"])

    def test_taken_port(self):
        self.engine.docker("run", "-d", "--name", "holder", "-p", "8077:80", "bb")
        self.shop(web={"ports": ["8077:8000"]})
        self.assert_names(self.deploy("shop", want=1), "8077")
        self.engine.docker("rm", "-f", "holder")
        self.deploy("shop")
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])

    def test_crash_of_a_first_deploy(self):
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"), web={"command": ["sh", "-c", "echo bad; exit 9"]})
        self.assert_names(self.deploy("shop", want=1), "bad", "9")
        self.assertIsNone(c.server("shop"))
        self.assertIn("shop-db-1", self.running("shop"))

    def test_engine_away(self):
        """Apps without services go on; the others say why not, and keep their routes."""
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"))
        self.deploy("shop")
        routes = c.raw(SERVERS + "/shop")
        self.kata_root.app("plain", {"listen": [":8002"], "routes": [{"handle": [
            {"handler": "static_response", "body": "plain"}]}]})
        away = {"DOCKER_HOST": f"unix://{self.tmp}/gone.sock"}
        r = self.kata("--apply", env=away, want=1)
        self.assert_names(r, "gone.sock")
        self.assertIsNotNone(c.server("plain"))
        self.assertEqual(c.raw(SERVERS + "/shop"), routes)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])

    def test_engine_hangs(self):
        self.shop()
        self.deploy("shop")
        self.engine.pause()
        try:
            r = self.start_kata("--apply")
            time.sleep(1)
        finally:
            self.engine.resume()
        self.assertEqual(r.wait(30), 0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])

    def test_engine_restarts(self):
        self.shop(web={"command": ["sleep", "100000"], "init": True}, db={"restart": "always"})
        self.deploy("shop")
        before = self.ids("shop")
        self.engine.restart(force=True)  # as when the power fails: nobody ends well
        self.kata("--apply", want=0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.assertEqual(self.ids("shop"), before)

    def test_kill_at_random(self):
        """kill -9 at any moment: the next deploy completes it, and leaves no second container."""
        rng = random.Random(os.environ.get("KATA_SEED", "kata"))
        c = self.caddy()
        self.shop(caddy=proxied_to("web:8000"))
        usual = self.deploy("shop").seconds
        for n in range(KILLS):
            self.shop(caddy=proxied_to("web:8000"), web={"environment": {"TEXT": f"t{n}"}},
                      db={"environment": {"N": str(n)}})
            run = self.start_kata("deploy", "shop")
            time.sleep(rng.random() * usual * 1.5)  # the moment is what is tested
            run.kill()
            run.wait()
            before = sorted(self.engine.containers("shop"))
            r = self.deploy("shop")
            usual, after = r.seconds, sorted(self.engine.containers("shop"))
            self.assertEqual(after, ["shop-db-1", "shop-web-1"], f"killed at {before}\n{r}")
            self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
            self.serves(f"t{n}")
        self.assertIsNotNone(c.server("shop"))
        self.unwritten("--apply")

    def test_two_at_once(self):
        """One deploys, the other says who does, and touches nothing."""
        self.shop(db={"command": ["sh", "-c", "sleep 2; touch /tmp/ok; sleep 1000"], "init": True,
                      "healthcheck": {"test": ["CMD", "test", "-e", "/tmp/ok"],
                                      "interval": "200ms", "retries": 50}},
                  web={"depends_on": {"db": {"condition": "service_healthy"}}})
        first = self.start_kata("deploy", "shop")
        wait_for(lambda: self.engine.containers("shop"), "the first deploy to begin")
        self.docker.reset()
        second = self.kata("deploy", "shop")
        self.assertIn("shop", second.text)
        self.assertEqual(first.wait(60), 0)
        self.assertEqual(self.running("shop"), ["shop-db-1", "shop-web-1"])
        self.unwritten("deploy", "shop")

