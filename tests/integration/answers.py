"""What programs (and our own screen) read off --json: each member, against real servers and engines."""
import json
import time

from case import Case, every_caddy, mark, plain
from deploy import DeployCase, proxied_to
from deploy_swarm import SwarmCase
from enginecase import every_engine, wait_for

SECRET = "s3cr3t-0f-blog"
SHORT = "xyz"  # too short to be known by its value alone


def proxies(*dials):
    return {"handler": "reverse_proxy", "upstreams": [{"dial": d} for d in dials]}


def server(listen, *routes):
    return {"listen": [listen], "automatic_https": {"disable": True}, "routes": list(routes)}


@every_caddy
class Answers(Case):
    fast = True
    weight = 2

    def apps(self, **kw):
        return {a["name"]: a for a in self.kata("ls", "--json", **kw).json["apps"]}

    def servers(self):
        caddy, = self.kata("status", "--json", want=0).json["caddy"]
        return {s["name"]: s for s in caddy["servers"]}

    # --- ls

    def lay_out(self):
        self.kata_root.app("blog", plain("blog", ":8001", ["Blog.test", "www.blog.test"]))
        self.kata_root.app("any", plain("any", "localhost:8002"))
        self.kata_root.app("bad", text="caddy: {listen: 7, routes: 8}\nservices: {}\n")
        self.kata_root.app("quiet", text="services: {}\n")
        self.kata_root.folder("empty").mkdir()

    def where(self, apps):
        return {n: (a["from"], a["listen"], a["hosts"]) for n, a in apps.items()}

    def test_ls_tells_where_it_knows_from(self):
        c = self.caddy()
        self.lay_out()
        blog = [":8001"], ["blog.test", "www.blog.test"]
        file = {"blog": ("file", *blog), "any": ("file", ["127.0.0.1:8002"], []),
                "bad": (None, [], []), "quiet": (None, [], []), "empty": (None, [], [])}
        apps = self.apps()
        self.assertEqual(self.where(apps), file)
        self.assertEqual({n: a["wants_caddy"] for n, a in apps.items()},
                         {"blog": True, "any": True, "bad": True, "quiet": False, "empty": False})
        self.assertEqual({n: a["problems"] for n, a in apps.items()},
                         {"blog": 0, "any": 0, "bad": 2, "quiet": 0, "empty": 0})
        self.apply(want=1)
        live = {**file, "blog": ("live", *blog), "any": ("live", ["127.0.0.1:8002"], [])}
        self.assertEqual(self.where(self.apps()), live)
        # Gone, or no longer to be read: what is live tells.
        self.kata_root.remove("any")
        self.kata_root.file("blog").unlink()
        live.pop("any")
        apps = self.apps()
        self.assertEqual((self.where(apps)["blog"], apps["blog"]["wants_caddy"]),
                         (("live", *blog), False))
        self.assertEqual((apps["any"]["from"], apps["any"]["wants_caddy"]), ("live", False))
        self.kata_root.app("blog", plain("blog", ":8001", ["blog.test", "www.blog.test"]))
        c.stop(force=True)
        file.pop("any")
        self.assertEqual(self.where(self.apps(want=1)), file)
        text = self.kata("ls", want=1)
        self.assert_names(text, "www.blog.test", ":8001", "unknown")

    def test_ls_of_a_refused_app(self):
        """What it would have; its problem is one of Caddy's plan, not of its file."""
        self.caddy({"srv0": plain("theirs", ":8001")})
        self.kata_root.app("blog", plain("blog", ":8001", ["blog.test"]))
        blog = self.apps()["blog"]
        self.assertEqual((blog["caddy"], blog["problems"]), ("refused", 1))
        self.assertEqual((blog["from"], blog["listen"], blog["hosts"]),
                         ("file", [":8001"], ["blog.test"]))

    # --- status

    def test_status_of_servers(self):
        nested = {"handler": "subroute", "routes": [{"handle": [proxies("b:2", "b:1")]}],
                  "errors": {"routes": [{"handle": [proxies("b:3")]}]}}
        theirs = server(":8100", {"match": [{"host": ["x.test", "a.test"]}],
                                  "handle": [proxies("b:1"), nested]})
        theirs["errors"] = {"routes": [{"handle": [proxies("b:4")]}]}
        theirs["named_routes"] = {"n": {"handle": [proxies("b:5")]}}
        if self.version < (2, 7):
            theirs.pop("named_routes")
        self.caddy({"srv0": theirs, "odd": {"@id": "kata:other:blog", "listen": [":8101"]}})
        self.kata_root.app("blog", server(":8001", {"handle": [proxies("127.0.0.1:9001")]}))
        for name in ("mail", "news"):
            self.kata_root.app(name, server(":8080", {
                "match": [{"host": [f"{name}.test"]}], "handle": [proxies(f"{name}:80")]}))
        self.kata_root.app("guest", {"routes": [{
            "match": [{"host": ["guest.test"]}], "handle": [proxies("guest:80")]}]},
            **{"x-kata-server": "srv0"})
        self.apply()
        found = self.servers()
        self.assertEqual({n: (s["app"], s["apps"], s["hosts"], s["listen"]) for n, s in found.items()}, {
            "blog": ("blog", ["blog"], [], [":8001"]),
            "kata_8080": ("mail", ["mail", "news"], ["mail.test", "news.test"], [":8080"]),
            "srv0": (None, ["guest"], ["a.test", "guest.test", "x.test"], [":8100"]),
            "odd": (None, [], [], [":8101"])})
        self.assertEqual({n: sorted(s["upstreams"]) for n, s in found.items()}, {
            "blog": ["127.0.0.1:9001"], "kata_8080": ["mail:80", "news:80"], "odd": [],
            "srv0": ["b:1", "b:2", "b:3", "b:4"] + ["b:5"] * (self.version >= (2, 7)) +
                    ["guest:80"]})
        self.assertEqual((found["blog"]["id"], found["blog"]["routes"]), (mark("blog"), 1))

    # --- --diff

    def test_diff_has_places_in_the_block(self):
        self.caddy()

        def lay_out(text, address=":8080"):
            self.kata_root.app("own", plain(text, ":8001"))
            for name in ("mail", "news"):
                self.kata_root.app(name, plain(text, address, [f"{name}.test"]))

        def places():
            changes = self.diff("--json", want=1).json["caddy"][0]["changes"]
            return {(x["app"], x["op"], x["block_path"]) for x in changes}

        lay_out("one")
        self.assertEqual(places(), {("own", "add", ""), ("kata_8080", "add", None)})
        self.apply()
        lay_out("two")
        body = "routes/0/handle/0/body"
        self.assertEqual(places(), {(name, "change", body) for name in ("own", "mail", "news")})

    # --- config:caddy --server

    def show(self, name, *args, **kw):
        return json.loads(self.kata("config:caddy", "--server", name, *args, want=0, **kw).out)

    def secret(self, name, *routes):
        """An app whose routes take text from its ENV: the first one all of it, the last one's is
        too short to be known by its value."""
        routes = [plain(name, ":0", hosts)["routes"][0] for hosts in routes]
        routes[0]["handle"][0]["headers"] = {"X-Long": ["Bearer $TOKEN"]}
        routes[-1]["handle"][0].setdefault("headers", {})["X-Short"] = ["$PIN"]
        listen = ":8001" if name == "blog" else ":8080"
        self.kata_root.app(name, env={"TOKEN": SECRET, "PIN": SHORT}, text=json.dumps(
            {"caddy": server(listen, *routes)}))

    def test_config_caddy_of_a_server(self):
        c = self.caddy({"srv0": plain(f"theirs {SECRET}", ":8100")})
        self.secret("blog", None)
        self.kata_root.app("mail", plain("mail", ":8080", ["mail.test"]))
        self.secret("news", ["news.test"])
        self.secret("both", ["both.test"], None)
        self.apply()
        for name in ("srv0", "blog", "kata_8080"):
            self.assertEqual(self.show(name, "--reveal"), c.server(name))
            for args in ((), ("--json",)):
                text = json.dumps(self.show(name, *args))
                self.assertNotIn(SECRET, text)
                self.assertNotIn(f'"{SHORT}"', text)
                self.assertIn("***", text)
        shown = self.show("kata_8080")
        self.assertEqual(shown["@id"], mark("kata_8080"))
        self.assertEqual(json.dumps(shown).count("***"), 5)
        raw = self.kata("config:caddy", "both", "--raw", want=0).out
        self.assertNotIn(f'"{SHORT}"', raw)
        self.assertEqual(raw.count("***"), 3)

    def test_config_caddy_names_one_thing(self):
        self.caddy({"srv0": plain("theirs", ":8100")})
        self.kata_root.app("blog", plain("blog", ":8001"))
        for args in ((), ("blog", "--server", "srv0")):
            r = self.kata("config:caddy", *args, want=2)
            self.assertEqual(r.out, "")
            self.assert_names(r, "config:caddy APP", *args[1:2])
        r = self.kata("config:caddy", "--server", "nosuch", want=1)
        self.assert_names(r, "nosuch", "status")
        self.kata("config:env", "blog", "--server", "srv0", want=2)

    def test_config_caddy_of_a_fleet(self):
        a = self.caddy({"srv0": plain("a", ":8100")})
        b = self.caddy({"srv0": plain("b", ":8200")})
        r = self.kata("config:caddy", "--server", "srv0", admin=[a.address, b.address], want=0)
        decoder, at, shown = json.JSONDecoder(), 0, []
        while r.out[at:].strip():
            at += len(r.out[at:]) - len(r.out[at:].lstrip())
            value, at = decoder.raw_decode(r.out, at)
            shown.append((value["caddy"], value["config"]["listen"]))
        self.assertEqual(shown, [(a.address, [":8100"]), (b.address, [":8200"])])
        b.stop(force=True)
        r = self.kata("config:caddy", "--server", "srv0", admin=[a.address, b.address], want=1)
        self.assertIn(":8100", r.out)


@every_engine
class AnswersOfContainers(DeployCase):
    weight = 8
    fast = True

    def ps(self, **kw):
        return {x["name"]: x for x in self.kata("ps", "--json", want=0, **kw).json}

    def test_since_and_container(self):
        begin = int(time.time())
        self.shop(db={"command": "sh -c 'exit 0'", "restart": "no"})
        self.deploy("shop")
        wait_for(lambda: self.ps()["shop-db-1"]["state"] == "exited", "db to end")
        for name, c in self.ps().items():
            self.assertEqual(c["container"], self.ids("shop")[name])
            self.assertEqual(c["id"], c["container"])
            self.assertGreaterEqual(c["since"], begin)
            self.assertLessEqual(c["since"], time.time() + 1)
        # Started anew: not since it was made.
        made = self.ps()["shop-web-1"]["since"]
        time.sleep(4)
        self.engine.docker("restart", "-t", "0", "shop-web-1")
        self.assertGreaterEqual(self.ps()["shop-web-1"]["since"], made + 3)
        self.engine.docker("create", "--name", "shop-never-1", *(
            f"--label=com.docker.compose.{k}={v}" for k, v in (
                ("project", "shop"), ("service", "never"), ("container-number", 1),
                ("project.working_dir", self.kata_root.folder("shop")))), "bb")
        self.assertIsNone(self.ps()["shop-never-1"]["since"])

    def setUp(self):
        super().setUp()
        self.caddy()

    def steps(self, app="shop"):
        model, = self.diff(app, "--json", want=1).json["containers"]
        return [(s["sign"], s["op"], s["name"], s["service"]) for s in model["steps"]]

    def signs(self, *args):
        """The first characters of the lines that people get."""
        lines = self.diff(*args, want=1).out.splitlines()
        return [x[0] for x in lines if x[:2] in ("+ ", "~ ", "- ")]

    def test_steps_have_signs_and_final_names(self):
        self.shop(caddy=proxied_to("web:8000"))
        steps = self.steps()
        self.assertIn(("+", "create", "shop-web-1", "web"), steps)
        self.assertIn(("+", "network-create", None, None), steps)
        self.assertIn(("", "start", "shop-web-1", "web"), steps)
        self.deploy("shop")
        self.serves("one")
        # One starts beside the old one, under a name of its own; the other in its place.
        self.shop(caddy=proxied_to("web:8000"), web={"environment": {"TEXT": "two"}},
                  db={"environment": {"A": "b"}})
        steps = self.steps()
        self.assertTrue(all(name in ("shop-web-1", "shop-db-1") for _, op, name, _ in steps
                            if op != "routes"), steps)
        self.assertEqual({(op, name) for sign, op, name, _ in steps if sign},
                         {("create", "shop-web-1"), ("create", "shop-db-1")})
        self.assertEqual([sign for sign, *_ in steps if sign], ["~", "~"])
        self.assertEqual(self.signs(), [sign for sign, *_ in steps if sign])
        # One goes.
        self.shop(caddy=proxied_to("web:8000"), db=None)
        self.assertIn(("-", "remove", "shop-db-1", "db"), self.steps())
        self.assertEqual(self.signs(), [sign for sign, *_ in self.steps() if sign])

    def test_temporary_names_that_others_have(self):
        """What was left under a temporary name, and an app that is called like one."""
        name = "0123456789ab_x"
        self.kata_root.app(name, text="x-kata-mode: compose\nservices: {web: {image: bb}}\n")
        self.deploy(name)
        own = f"{name}-web-1"
        self.engine.docker("kill", own)
        self.assertEqual(self.steps(name), [("~", "start", own, "web"), ("", "wait", own, "web")])
        self.shop()
        self.deploy("shop")
        old = self.ids("shop")["shop-web-1"]
        self.engine.docker("rename", "shop-web-1", f"{old[:12]}_shop-web-1")
        self.assertEqual({n for _, _, n, service in self.steps() if service == "web"},
                         {"shop-web-1"})


@every_engine
class AnswersOfTasks(SwarmCase):
    weight = 8

    def test_tasks_have_containers(self):
        begin = int(time.time())
        self.shop(db=None)
        self.deploy("shop")
        task, = self.kata("ps", "--json", want=0).json
        inside = self.engine.get(f"/tasks/{task['id']}")["Status"]["ContainerStatus"]
        self.assertEqual(task["container"], inside["ContainerID"])
        self.assertTrue(begin <= task["since"] <= time.time() + 1, task)
        self.kata_root.app("lost", text=(
            "x-kata-mode: swarm\nservices:\n  web:\n    image: web\n"
            "    deploy: {placement: {constraints: ['node.labels.no == where']}}\n"))
        self.deploy("lost", "--detach")
        wait_for(lambda: self.kata("ps", "lost", "--json", want=0).json, "its task")
        task, = self.kata("ps", "lost", "--json", want=0).json
        self.assertIsNone(task["container"])
