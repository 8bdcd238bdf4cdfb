"""A refused batch is narrowed to the apps at fault: those are named, the rest goes live."""
import socket

import sites
from case import SERVERS, Case, every_caddy, mark, plain

BAD_PATTERN = {"match": [{"path_regexp": {"pattern": "("}}], "handle": [{"handler": "vars"}]}
BAD_TEMPLATE = {"handle": [{"handler": "encode", "encodings": {"nosuch": {}}}]}


def with_route(listen, route):
    server = plain("bad", listen)
    server["routes"].insert(0, route)
    return server


@every_caddy
class Narrowing(Case):
    weight = 2

    def lay_out(self, count, bad):
        """count good apps, and the bad ones given as name -> block."""
        for i in range(count):
            self.kata_root.app(f"good{i}", plain(f"good{i}", f":81{i:02}"))
        return {name: self.kata_root.app(name, block) for name, block in bad.items()}

    def problems(self, report):
        return {q["app"]: q for q in report["problems"] + report["caddy"][0]["problems"]
                if q["severity"] == "error"}

    def check(self, c, p, count, bad, lines, writes):
        """Applies; the bad apps are named, the good ones serve, in at most so many requests."""
        r = self.apply("--json", want=1).json
        found = self.problems(r)
        self.assertEqual(set(found), set(bad))
        for name, q in found.items():
            self.assertTrue(q["message"] and q["hint"] and q["path"], q)
            self.assertIn(q["line"], lines[name].values())
        self.assertLessEqual(len(p.writes), writes, p.writes)
        self.assertEqual(r["caddy"][0]["writes"], len(p.writes))
        for i in range(count):
            self.assertEqual(sites.get(8100 + i), (200, f"good{i}"))
            self.assertEqual(c.server(f"good{i}")["@id"], mark(f"good{i}"))
        for name in bad:
            self.assertIsNone(c.server(name))

    def test_one_bad(self):
        c, p = self.proxied()
        bad = {"bad": with_route(":8201", BAD_PATTERN)}
        self.check(c, p, 10, bad, self.lay_out(10, bad), 2)

    def test_three_bad(self):
        c, p = self.proxied()
        bad = {"bad0": with_route(":8201", BAD_PATTERN), "bad1": with_route(":8202", BAD_TEMPLATE),
               "bad2": with_route(":8203", BAD_PATTERN)}
        self.check(c, p, 10, bad, self.lay_out(10, bad), 4)

    def test_the_only_app_is_bad(self):
        c, p = self.proxied()
        bad = {"bad": with_route(":8201", BAD_PATTERN)}
        self.check(c, p, 0, bad, self.lay_out(0, bad), 1)

    def test_changed_app_is_bad_and_keeps_what_was_live(self):
        c, p = self.proxied()
        self.lay_out(4, {})
        self.kata_root.app("shop", plain("old", ":8201"))
        self.apply()
        p.reset()
        self.kata_root.app("shop", with_route(":8201", BAD_PATTERN))
        self.kata_root.app("good0", plain("new", ":8100"))
        r = self.apply("--json", want=1).json
        self.assertEqual(set(self.problems(r)), {"shop"})
        self.assertLessEqual(len(p.writes), 2)
        self.assertEqual(sites.get(8201), (200, "old"))
        self.assertEqual(sites.get(8100), (200, "new"))

    def test_refusal_without_a_name(self):
        """Caddy does not say whose listener wrapper it is."""
        c, p = self.proxied()
        block = plain("bad", ":8201", listener_wrappers=[{"wrapper": "nosuch"}])
        lines = self.lay_out(10, {"bad": block})
        self.check(c, p, 10, {"bad": block}, lines, 12)

    def test_address_of_nobody(self):
        """An address this machine does not have: found before, or from the refusal; no zombies."""
        c, p = self.proxied()
        block = plain("bad", "192.0.2.7:8201")
        lines = self.lay_out(3, {"bad": block})
        self.check(c, p, 3, {"bad": block}, lines, 3)

    def test_bad_app_in_a_shared_server(self):
        c, p = self.proxied()
        self.kata_root.app("alpha", plain("alpha", ":8080", ["alpha.test"]))
        self.kata_root.app("beta", plain("beta", ":8080", ["beta.test"]))
        server = plain("gamma", ":8080", ["gamma.test"])
        server["routes"][0]["match"][0]["path_regexp"] = {"pattern": "("}
        lines = self.kata_root.app("gamma", server)
        r = self.apply("--json", want=1).json
        found = self.problems(r)
        self.assertEqual(set(found), {"gamma"})
        q = found["gamma"]
        self.assertTrue(q["path"].startswith("routes/0"), q)
        self.assertIn(q["line"], {n for x, n in lines.items() if x.startswith("routes/0")})
        self.assertEqual(sites.get(8080, "alpha.test"), (200, "alpha"))
        self.assertEqual(sites.get(8080, "beta.test"), (200, "beta"))
        self.assertLessEqual(len(p.writes), 2)

    def test_taken_port(self):
        """A port another program holds: its app is set aside before anything is sent."""
        c, p = self.proxied()
        with socket.create_server(("127.0.0.1", 8201)) as other:
            block = plain("bad", "127.0.0.1:8201")
            lines = self.lay_out(3, {"bad": block})
            self.check(c, p, 3, {"bad": block}, lines, 1)
            self.assertNotIn(b"bad", b"".join(w.body for w in p.writes))
            other.close()
        p.reset()
        self.apply()
        self.assertEqual([(w.method, w.path) for w in p.writes], [("PUT", SERVERS + "/bad")])
        self.assertEqual(sites.get(8201), (200, "bad"))

    def test_poison_is_never_sent(self):
        """What hurts Caddy itself is refused here."""
        c, p = self.proxied()
        texts = {
            "null_server": "caddy: null\n",
            "null_policy": "caddy: {listen: [':8201'], tls_connection_policies: [null]}\n",
            "null_upstream": "caddy: {listen: [':8202'], routes: [{handle: [{handler: "
                             "reverse_proxy, upstreams: [null]}]}]}\n",
            "udp": "caddy: {listen: ['udp/:8203']}\n",
            "own_id": "caddy: {'@id': x, listen: [':8204']}\n",
            "inner_id": "caddy: {listen: [':8205'], routes: [{'@id': 7}]}\n",
        }
        for name, text in texts.items():
            self.kata_root.app(name, text=text)
        self.kata_root.app("good0", plain("good0", ":8100"))
        before = c.get("/config/")
        r = self.kata("--apply", "--json", want=1).json
        self.assertTrue(set(texts) - {"null_server"} <= set(self.problems(r)), r["problems"])
        self.assertEqual(sites.get(8100), (200, "good0"))
        for w in p.writes:
            for name in texts:
                self.assertNotIn(name.encode(), w.body + w.path.encode())
        c.send("DELETE", SERVERS + "/good0")
        after = c.get("/config/")
        after["apps"].pop("http")
        self.assertEqual(after, before)
