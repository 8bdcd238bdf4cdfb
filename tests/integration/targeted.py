"""One change is one request at the smallest path, guarded, and nothing else in Caddy moves."""
import copy
import json

import sites
from case import SERVERS, Case, every_caddy, mark, plain, servers_without

FOREIGN = {
    "foreign": plain("foreign <&> \u2028 \u00e9", ":7001"),
    "srv0": {"listen": [":7002"], "routes": [], "max_header_bytes": 1e4, "errors": {},
             "automatic_https": {"disable": True, "skip": []}},
}
BLOG = {
    "listen": [":8001"],
    "routes": [
        {"match": [{"path": ["/a"]}],
         "handle": [{"handler": "headers", "response": {"set": {"X-One": ["1"], "X/Two": ["2"]}}},
                    {"handler": "static_response", "body": "one", "status_code": 200}]},
        {"match": [{"path": ["/b"]}], "handle": [{"handler": "static_response", "body": "two"}]},
        {"handle": [{"handler": "static_response", "body": "three"}]},
    ],
    "automatic_https": {"disable": True},
    "read_timeout": "5s",
}
HOME = SERVERS + "/blog"
NEW_ROUTE = {"match": [{"path": ["/n"]}], "handle": [{"handler": "static_response", "body": "n"}]}


def change(function):
    block = copy.deepcopy(BLOG)
    function(block)
    return block


# name: (how the block changes, the methods that may carry it, the paths that may carry it)
EDITS = {
    "leaf": (lambda b: b["routes"][0]["handle"][1].update(body="neu"),
             {"PATCH"}, {HOME + "/routes/0/handle/1/body"}),
    "number": (lambda b: b["routes"][0]["handle"][1].update(status_code=201),
               {"PATCH"}, {HOME + "/routes/0/handle/1/status_code"}),
    "leaf_of_other_type": (lambda b: b.update(read_timeout=5000000000),
                           {"PATCH"}, {HOME + "/read_timeout"}),
    "add_key": (lambda b: b["routes"][1]["handle"][0].update(status_code=202),
                {"PUT"}, {HOME + "/routes/1/handle/0/status_code"}),
    "add_object": (lambda b: b.update(errors={"routes": [NEW_ROUTE]}),
                   {"PUT"}, {HOME + "/errors"}),
    "remove_key": (lambda b: b["routes"][0]["handle"][1].pop("status_code"),
                   {"DELETE"}, {HOME + "/routes/0/handle/1/status_code"}),
    "append_route": (lambda b: b["routes"].append(NEW_ROUTE),
                     {"POST", "PUT"},
                     {HOME + "/routes", HOME + "/routes/...", HOME + "/routes/3"}),
    "append_text": (lambda b: b["routes"][0]["match"][0]["path"].append("/aa"),
                    {"POST", "PUT"}, {HOME + "/routes/0/match/0/path" + x
                                      for x in ("", "/...", "/1")}),
    "insert_first": (lambda b: b["routes"].insert(0, NEW_ROUTE), {"PUT"}, {HOME + "/routes/0"}),
    "insert_middle": (lambda b: b["routes"].insert(1, NEW_ROUTE), {"PUT"}, {HOME + "/routes/1"}),
    "remove_first": (lambda b: b["routes"].pop(0), {"DELETE"}, {HOME + "/routes/0"}),
    "remove_last": (lambda b: b["routes"].pop(), {"DELETE"}, {HOME + "/routes/2"}),
    "two_leaves": (lambda b: b["routes"][0]["handle"][1].update(body="neu", status_code=201),
                   {"PATCH"}, {HOME + "/routes/0/handle/1"}),
    "two_routes": (lambda b: (b["routes"][0]["handle"][1].update(body="neu"),
                              b["routes"][1]["handle"][0].update(body="neu")),
                   {"PATCH"}, {HOME + "/routes"}),
    "wide": (lambda b: (b.update(read_timeout="6s"), b["routes"].pop()),
             {"PATCH"}, {HOME}),
    "key_with_slash": (lambda b: b["routes"][0]["handle"][0]["response"]["set"].update(
        {"X/Two": ["22"]}), {"PATCH"}, {HOME + "/routes/0/handle/0/response/set"}),
    "listen": (lambda b: b.update(listen=[":8002"]), {"PATCH"},
               {HOME + "/listen/0", HOME + "/listen"}),
}


@every_caddy
class Targeted(Case):
    fast = True
    weight = 3

    def begin(self):
        c, p = self.proxied(copy.deepcopy(FOREIGN))
        self.kata_root.app("blog", BLOG)
        self.apply()
        p.reset()
        return c, p

    def rest(self, c, *names):
        """What must not move: byte for byte by part, and as a whole."""
        parts = {x: c.raw(x) for x in ("/config/admin", "/config/logging", "/config/apps/tls",
                                       "/config/apps/pki", SERVERS + "/foreign", SERVERS + "/srv0")}
        return parts, servers_without(c.get("/config/"), *names)

    def edit(self, name):
        function, methods, paths = EDITS[name]
        c, p = self.begin()
        before = self.rest(c, "blog")
        block = change(function)
        self.kata_root.app("blog", block)
        self.diff(want=1)
        self.assertEqual(p.writes, [], "--diff must not write")
        r = self.apply("--json").json
        self.assertEqual(len(p.writes), 1, p.log)
        w = p.writes[0]
        self.assertIn(w.method, methods, w)
        self.assertIn(w.path, paths, w)
        guard = w.headers["if-match"].strip('"').split(" ")[0]
        wide = name == "listen"  # where addresses change, the decision drew on all servers
        self.assertEqual(guard.rstrip("/") == SERVERS, wide, w.headers)
        self.assertTrue(wide or guard == HOME or guard.startswith(HOME + "/"), w.headers)
        self.assertEqual(c.server("blog"), {**block, "@id": mark("blog")})
        self.assertEqual(self.rest(c, "blog"), before)
        report = r["caddy"][0]
        self.assertEqual((report["result"], report["writes"]), ("applied", 1))
        self.assertEqual((report["request"]["method"], report["request"]["path"]),
                         (w.method, w.path))
        self.assertTrue(report["changes"])
        for x in report["changes"]:
            self.assertEqual(x["app"], "blog")
            self.assertTrue(x["path"].startswith(HOME + "/"), x)
        self.settled(p)

    def test_new_app_on_empty_servers(self):
        c, p = self.proxied()
        before = c.get("/config/")
        self.kata_root.app("blog", BLOG)
        self.apply()
        self.assertEqual(len(p.writes), 1, p.log)
        after = c.get("/config/")
        self.assertEqual(after["apps"].pop("http"),
                         {"servers": {"blog": {**BLOG, "@id": mark("blog")}}})
        self.assertEqual(after, before)
        self.settled(p)

    def test_new_app_is_one_put(self):
        c, p = self.begin()
        before = self.rest(c, "shop")
        self.kata_root.app("shop", plain("shop", ":8010"))
        self.apply()
        self.assertEqual([(w.method, w.path) for w in p.writes], [("PUT", SERVERS + "/shop")])
        self.assertIn("if-match", p.writes[0].headers)
        self.assertEqual(self.rest(c, "shop"), before)
        self.assertEqual(sites.get(8010), (200, "shop"))
        self.settled(p)

    def test_gone_app_is_one_delete(self):
        c, p = self.begin()
        self.kata_root.app("shop", plain("shop", ":8010"))
        self.apply()
        before = self.rest(c, "blog")
        p.reset()
        self.kata_root.remove("blog")
        self.apply()
        self.assertEqual([(w.method, w.path) for w in p.writes], [("DELETE", HOME)])
        self.assertIn("if-match", p.writes[0].headers)
        self.assertIsNone(c.server("blog"))
        self.assertEqual(self.rest(c, "blog"), before)
        self.settled(p)

    def test_many_apps_are_one_request(self):
        c, p = self.begin()
        for i in range(8):
            self.kata_root.app(f"app{i}", plain("old", f":81{i:02}"))
        self.apply()
        before = self.rest(c, *(f"app{i}" for i in range(12)))
        p.reset()
        for i in range(3):
            self.kata_root.app(f"app{i}", plain("new", f":81{i:02}"))
            self.kata_root.remove(f"app{i + 3}")
            self.kata_root.app(f"app{i + 8}", plain("born", f":81{i + 8:02}"))
        r = self.apply("--json").json["caddy"][0]
        self.assertEqual([(w.method, w.path) for w in p.writes], [("PATCH", SERVERS)])
        self.assertEqual({(x["app"], x["op"]) for x in r["changes"]},
                         {(f"app{i + j}", op) for i in range(3)
                          for j, op in ((0, "change"), (3, "remove"), (8, "add"))})
        self.assertEqual(self.rest(c, *(f"app{i}" for i in range(12))), before)
        for i, text in ((0, "new"), (6, "old"), (8, "born")):
            self.assertEqual(sites.get(8100 + i), (200, text))
        self.assertFalse(sites.listens(8103))
        self.settled(p)

    def test_only_named_apps(self):
        c, p = self.begin()
        self.kata_root.app("blog", change(lambda b: b.update(read_timeout="7s")))
        self.kata_root.app("shop", plain("shop", ":8010"))
        self.diff("shop", want=1)
        r = self.apply("shop", "--json").json["caddy"][0]
        self.assertEqual({x["app"] for x in r["changes"]}, {"shop"})
        self.assertEqual(c.server("blog"), {**BLOG, "@id": mark("blog")})
        self.assertEqual(sites.get(8010), (200, "shop"))
        self.assertIn("read_timeout", self.diff(want=1).out)

    def test_foreign_numbers_and_order_stay(self):
        # Numbers that a careless program would print otherwise; sent as text, kept by Caddy.
        c, p = self.begin()
        odd = b'{"listen":[":7003"],"max_header_bytes":1e4,"routes":[{"handle":[{"handler":' \
              b'"vars","a":1e21,"b":9007199254740993,"c":1e-7,"d":-0,"e":"\\u2028<>&"}]}]}'
        c.send("PUT", SERVERS + "/odd", odd)
        before = c.raw(SERVERS + "/odd")
        for i in range(3):
            self.kata_root.app(f"app{i}", plain("new", f":81{i:02}"))
        self.apply()
        self.assertEqual(p.writes[0].path, SERVERS, "one request for several apps")
        self.assertEqual(c.raw(SERVERS + "/odd"), before)
        self.settled(p)

    def test_stable_forms(self):
        """Values that have several spellings come back as no difference."""
        c, p = self.proxied()
        self.kata_root.app("odd", text=(
            'caddy:\n  listen: [":8001"]\n  automatic_https: {disable: true, skip: []}\n'
            '  max_header_bytes: 1e4\n  read_timeout: 5s\n  idle_timeout: 60000000000\n  routes:\n'
            '  - handle:\n    - {handler: vars, a: 1.0, b: 1e21, c: 0x10, d: "\\u2028<&>", e: [], '
            'f: {}, g: "", h: -0.0, i: 0.1, k: 123456789012, l: "\\U0001F600"}\n'))
        self.apply()
        self.settled(p)
        shown = json.loads(self.kata("config:caddy", "odd", want=0).out)
        self.assertEqual(shown["routes"][0]["handle"][0]["l"], "\U0001F600")
        self.assertEqual(shown["routes"][0]["handle"][0]["c"], 16)


def add_test(name):
    def test(self):
        self.edit(name)
    setattr(Targeted, "test_edit_" + name, test)


for _name in EDITS:
    add_test(_name)
