"""Several apps on one address: one server, a tagged route each; moving, conflicts, attaching."""
import copy
import json
import math
import threading
import time

import sites
from caddyctl import wait_for
from case import SERVERS, Case, every_caddy, mark, plain, responder, servers_without

SHARED = SERVERS + "/kata_8080"


def app(name, *hosts, body=None, **more):
    return plain(body or name, ":8080", hosts or [f"{name}.test"], **more)


class SharedCase(Case):
    def begin(self, *names):
        """These apps on :8080, live."""
        c, p = self.proxied({"foreign": plain("foreign", ":7001")})
        for name in names:
            self.kata_root.app(name, app(name))
        if names:
            self.apply()
        p.reset()
        return c, p

    def serves(self, *names):
        for name in names:
            self.assertEqual(sites.get(8080, f"{name}.test"), (200, name))

    def route(self, c, name, place="8080"):
        """The bytes of an app's tagged route; its own id must lead there."""
        return c.raw("/id/" + mark(name, place))

    def refused(self, *names):
        """An apply that refuses exactly these apps; its report."""
        r = self.apply("--json", want=1)
        found = r.json["problems"] + r.json["caddy"][0]["problems"]
        found = [q for q in found if q["severity"] == "error"]
        self.assertEqual({q["app"] for q in found}, set(names), r)
        return found


@every_caddy
class Shared(SharedCase):
    fast = True
    weight = 4

    def test_two_apps(self):
        c, p = self.begin("alpha", "beta")
        self.serves("alpha", "beta")
        servers = c.get()
        self.assertEqual(set(servers), {"foreign", "kata_8080"})
        self.assertEqual(servers["kata_8080"]["@id"], mark("kata_8080"))
        self.assertEqual(servers["kata_8080"]["listen"], [":8080"])
        self.assertEqual([r["@id"] for r in servers["kata_8080"]["routes"]],
                         [mark("alpha", "8080"), mark("beta", "8080")])
        self.settled(p)
        for name in ("alpha", "beta"):
            shown = self.kata("config:caddy", name, want=0)
            self.assertEqual(json.loads(shown.out), app(name))
        self.assertIn("kata_8080", self.kata("config:caddy", "alpha", "--raw", want=0).out)

    def test_fifty_apps(self):
        c, p = self.proxied()
        names = [f"app{i}" for i in range(50)]
        for name in names:
            self.kata_root.app(name, app(name))
        self.apply()
        self.assertEqual(len(p.writes), 1)
        self.serves(*names)
        self.settled(p)
        before = {n: self.route(c, n) for n in names}
        p.reset()
        self.kata_root.app("app7", app("app7", body="new"))
        self.kata_root.remove("app9")
        self.kata_root.app("app50", app("app50"))
        self.apply()
        self.assertEqual(len(p.writes), 1)
        self.assertEqual(sites.get(8080, "app7.test"), (200, "new"))
        self.serves("app8", "app10", "app50")
        for n in names:
            if n not in ("app7", "app9"):
                self.assertEqual(self.route(c, n), before[n], n)
        self.assertEqual(self.route(c, "app9"), b"404")
        self.settled(p)

    def test_change_is_one_leaf(self):
        c, p = self.begin("alpha", "beta")
        before = self.route(c, "alpha")
        self.kata_root.app("beta", app("beta", body="new"))
        self.apply()
        w, = p.writes
        self.assertEqual(w.method, "PATCH")
        self.assertTrue(w.path.startswith(SHARED + "/routes/1/") and w.path.endswith("/body"), w)
        self.assertEqual(self.route(c, "alpha"), before)
        self.assertEqual(sites.get(8080, "beta.test"), (200, "new"))

    def test_order(self):
        """Exact hosts before wildcards, more literal labels first, the catch-all last."""
        c, p = self.begin()
        self.kata_root.app("any", plain("any", ":8080"))
        self.kata_root.app("broad", app("broad", "*.example.test"))
        self.kata_root.app("close", app("close", "*.dev.example.test"))
        self.kata_root.app("exact", app("exact", "a.example.test", "x.test"))
        self.kata_root.app("mixed", app("mixed", "b.example.test", "*.mixed.test"))
        self.apply()
        for host, body in (("a.example.test", "exact"), ("x.test", "exact"),
                           ("b.example.test", "mixed"), ("q.mixed.test", "mixed"),
                           ("c.example.test", "broad"), ("c.dev.example.test", "close"),
                           ("other.test", "any"), ("127.0.0.1:8080", "any")):
            self.assertEqual(sites.get(8080, host), (200, body), host)
        self.settled(p)
        for name in ("any", "broad", "close", "exact", "mixed"):
            self.kata("config:caddy", name, want=0)

    def test_own_behaviour_is_kept(self):
        """Several routes, groups, error routes, unmatched paths: as on a server of its own."""
        block = app("blog", "blog.test")
        block["routes"] = [
            {"group": "g", "match": [{"host": ["blog.test"], "path": ["/a"]}],
             "handle": [{"handler": "static_response", "body": "a"}]},
            {"group": "g", "match": [{"host": ["blog.test"], "path": ["/*"]}],
             "handle": [{"handler": "headers", "response": {"set": {"X-B": ["b"]}}}]},
            {"match": [{"host": ["blog.test"], "path": ["/bad"]}],
             "handle": [{"handler": "error", "status_code": "418"}]},
            {"match": [{"host": ["blog.test"], "path": ["/worse"]}],
             "handle": [{"handler": "error", "status_code": "503"}]}]
        block["errors"] = {"routes": [
            {"match": [{"expression": "{http.error.status_code} == 418"}],
             "handle": [{"handler": "static_response", "body": "teapot {http.request.uri}",
                         "status_code": 418}]}]}
        pages = ("/a", "/b", "/bad", "/worse")
        alone = copy.deepcopy(block)
        alone["listen"] = [":8081"]
        c, p = self.proxied()
        self.kata_root.app("lone", alone)
        self.kata_root.app("blog", block)
        self.kata_root.app("other", app("other"))
        self.apply()
        for path in pages:
            one, two = sites.get(8081, "blog.test", path), sites.get(8080, "blog.test", path)
            self.assertEqual((one.status, one.body, one.headers["X-B"]),
                             (two.status, two.body, two.headers["X-B"]), path)
        self.assertEqual(sites.get(8080, "blog.test", "/bad").status, 418)
        self.assertEqual(json.loads(self.kata("config:caddy", "blog", want=0).out), block)
        self.settled(p)

    def test_two_addresses(self):
        """An app on two addresses, of which one is wanted by another."""
        c, p = self.proxied()
        both = app("both")
        both["listen"] = [":8080", ":8082"]
        self.kata_root.app("both", both)
        self.kata_root.app("other", app("other"))
        self.apply()
        self.serves("both", "other")
        self.assertEqual(sites.get(8082, "both.test"), (200, "both"))
        self.assertEqual(set(c.get()), {"kata_8080", "kata_8082"})
        self.settled(p)
        self.assertEqual(json.loads(self.kata("config:caddy", "both", want=0).out), both)

    def test_specific_address_beside_all(self):
        c, p = self.proxied()
        self.kata_root.app("inner", plain("inner", "127.0.0.1:8080"))
        self.kata_root.app("outer", plain("outer", ":8080"))
        self.apply()
        self.assertEqual(set(c.get()), {"inner", "outer"})
        self.assertEqual(sites.get(8080), (200, "inner"))
        self.settled(p)

    def test_same_address_in_other_words(self):
        c, p = self.proxied()
        words = (":8080", "0.0.0.0:8080", "tcp/:08080", "[::]:8080")
        for i, listen in enumerate(words):
            self.kata_root.app(f"app{i}", plain(f"app{i}", listen, [f"app{i}.test"]))
        self.apply()
        self.assertEqual(len(c.get()), 1, list(c.get()))
        self.serves(*(f"app{i}" for i in range(len(words))))
        self.settled(p)

    def test_tls(self):
        """Two hosts with certificates of their own, one with a policy, on one :8443."""
        c, p = self.proxied()
        one = responder("one", ["one.test"], ":8443",
                        tls_connection_policies=[{"protocol_min": "tls1.3"}])
        two = responder("two", ["two.test"], ":8443")
        self.kata_root.app("one", one)
        self.kata_root.app("two", two)
        self.apply()

        def get(host):
            try:
                return sites.get(8443, host, tls=True)
            except OSError:
                return None
        for host, body in (("one.test", "one"), ("two.test", "two")):
            self.assertEqual(wait_for(lambda h=host: get(h), "a certificate"), (200, body))
        policies = c.server("kata_8443")["tls_connection_policies"]
        self.assertEqual([x.get("@id") for x in policies],
                         [mark("one", "8443:tls"), mark("kata_8443") + ":tls"])
        self.settled(p)
        self.assertEqual(json.loads(self.kata("config:caddy", "one", want=0).out), one)
        self.kata_root.remove("one")
        self.apply()
        self.assertEqual(c.server("two"), {**two, "@id": mark("two")})
        self.settled(p)


@every_caddy
class Moving(SharedCase):
    weight = 2

    def test_second_app_comes(self):
        c, p = self.begin("alpha")
        self.assertEqual(set(c.get()), {"foreign", "alpha"})
        before = servers_without(c.get("/config/"), "alpha")
        self.kata_root.app("beta", app("beta"))
        self.apply()
        self.assertEqual([(w.method, w.path) for w in p.writes], [("PATCH", SERVERS)])
        self.serves("alpha", "beta")
        self.assertEqual(set(c.get()), {"foreign", "kata_8080"})
        self.assertEqual(servers_without(c.get("/config/"), "kata_8080"), before)
        self.settled(p)

    def test_second_app_comes_and_only_it_is_named(self):
        """The other app moves with its live routes, though its file wants something else now."""
        c, p = self.begin("alpha")
        self.kata_root.app("alpha", app("alpha", body="not yet"))
        self.kata_root.app("beta", app("beta"))
        self.apply("beta")
        self.assertEqual(len(p.writes), 1)
        self.serves("alpha", "beta")
        self.assertIn("not yet", self.diff(want=1).out)
        self.apply()
        self.assertEqual(sites.get(8080, "alpha.test"), (200, "not yet"))
        self.settled(p)

    def test_second_app_comes_and_the_first_is_invalid(self):
        c, p = self.begin("alpha")
        self.kata_root.app("alpha", text="caddy: [broken\n")
        self.kata_root.app("beta", app("beta"))
        self.apply(want=1)
        self.assertEqual(len(p.writes), 1)
        self.serves("alpha", "beta")
        self.unmoved(c, p)
        shown = self.kata("config:caddy", "alpha", want=0)
        self.assertEqual(json.loads(shown.out), app("alpha"))
        self.kata_root.app("alpha", app("alpha"))
        self.settled(p)

    def test_second_app_comes_and_the_first_lost_its_file(self):
        c, p = self.begin("alpha")
        self.kata_root.file("alpha").unlink()
        self.kata_root.app("beta", app("beta"))
        self.kata("--apply")
        self.serves("alpha", "beta")

    def test_last_but_one_goes(self):
        c, p = self.begin("alpha", "beta")
        self.kata_root.remove("beta")
        self.apply()
        self.assertEqual([(w.method, w.path) for w in p.writes], [("PATCH", SERVERS)])
        self.serves("alpha")
        self.assertEqual(set(c.get()), {"foreign", "alpha"})
        self.assertEqual(c.server("alpha"), {**app("alpha"), "@id": mark("alpha")})
        self.settled(p)

    def test_last_but_one_goes_while_the_other_is_invalid(self):
        c, p = self.begin("alpha", "beta")
        self.kata_root.remove("beta")
        self.kata_root.app("alpha", text="caddy: [broken\n")
        self.apply(want=1)
        self.assertLessEqual(len(p.writes), 1)
        self.serves("alpha")
        self.assertEqual(sites.get(8080, "beta.test").body, "")
        self.kata_root.app("alpha", app("alpha"))
        self.apply()
        self.assertEqual(c.server("alpha"), {**app("alpha"), "@id": mark("alpha")})
        self.settled(p)

    def test_both_go(self):
        c, p = self.begin("alpha", "beta")
        self.kata_root.app("other", plain("other", ":8090"))
        self.kata_root.remove("alpha")
        self.kata_root.remove("beta")
        self.apply()
        self.assertEqual(set(c.get()), {"foreign", "other"})
        self.assertFalse(sites.listens(8080))
        self.settled(p)

    def test_app_leaves_the_address(self):
        c, p = self.begin("alpha", "beta", "gamma")
        away = app("beta")
        away["listen"] = [":8099"]
        self.kata_root.app("beta", away)
        self.apply()
        self.assertEqual(len(p.writes), 1)
        self.serves("alpha", "gamma")
        self.assertEqual(sites.get(8099, "beta.test"), (200, "beta"))
        self.assertEqual(set(c.get()), {"foreign", "kata_8080", "beta"})
        self.settled(p)


@every_caddy
class Conflicts(SharedCase):
    weight = 2

    def test_same_host_live_holder_goes_on(self):
        c, p = self.begin("alpha")
        self.kata_root.app("thief", app("thief", "ALPHA.test", "thief.test"))
        self.kata_root.app("good", app("good"))
        q, = self.refused("thief")
        for word in ("alpha", "alpha.test"):
            self.assertIn(word, (q["message"] + q["hint"]).lower())
        self.assertTrue(q["hint"] and q["line"], q)
        self.serves("alpha", "good")
        self.unmoved(c, p)
        # The holder may change, and may leave; then the newcomer comes.
        self.kata_root.app("alpha", app("alpha", body="new"))
        self.apply(want=1)
        self.assertEqual(sites.get(8080, "alpha.test"), (200, "new"))
        self.kata_root.remove("alpha")
        self.apply()
        self.assertEqual(sites.get(8080, "alpha.test"), (200, "thief"))
        self.settled(p)

    def test_same_host_none_live(self):
        c, p = self.begin()
        self.kata_root.app("one", app("one", "same.test"))
        self.kata_root.app("two", app("two", "same.test"))
        self.kata_root.app("good", app("good"))
        for q in self.refused("one", "two"):
            other = {"one": "two", "two": "one"}[q["app"]]
            self.assertIn(other, q["message"] + q["hint"])
            self.assertIn("same.test", q["message"] + q["hint"])
        self.serves("good")
        self.assertEqual(set(c.get()), {"foreign", "good"})

    def test_two_catch_alls(self):
        c, p = self.begin()
        self.kata_root.app("first", plain("first", ":8080"))
        self.apply()
        self.kata_root.app("second", plain("second", ":8080"))
        q, = self.refused("second")
        self.assertIn("first", q["message"] + q["hint"])
        self.assertEqual(sites.get(8080), (200, "first"))

    def test_contradicting_options(self):
        c, p = self.begin()
        self.kata_root.app("slow", app("slow", read_timeout="60s"))
        self.apply()
        self.kata_root.app("quick", app("quick", read_timeout="1s"))
        self.kata_root.app("easy", app("easy"))
        q, = self.refused("quick")
        for word in ("slow", "read_timeout"):
            self.assertIn(word, q["message"] + q["hint"])
        self.assertTrue(q["line"], q)
        self.serves("slow", "easy")
        self.unmoved(c, p)

    def test_foreign_server_on_the_address(self):
        c, p = self.begin()
        before = c.raw(SERVERS + "/foreign")
        self.kata_root.app("guest", plain("guest", ":7001", ["guest.test"]))
        self.kata_root.app("good", app("good"))
        q, = self.refused("guest")
        self.assertIn("foreign", q["message"] + q["hint"])
        self.assertIn("x-kata-server", q["hint"])
        self.assertEqual(c.raw(SERVERS + "/foreign"), before)
        self.serves("good")
        self.unmoved(c, p)

    def test_overlapping_ranges(self):
        c, p = self.begin()
        self.kata_root.app("some", plain("some", ":8080-8084", ["some.test"]))
        self.apply()
        self.kata_root.app("part", plain("part", ":8082", ["part.test"]))
        q, = self.refused("part")
        self.assertIn("some", q["message"] + q["hint"])
        self.assertEqual(sites.get(8082, "some.test"), (200, "some"))


@every_caddy
class Attached(SharedCase):
    weight = 2

    SRV0 = {"listen": [":7080"], "automatic_https": {"disable": True}, "routes": [
        {"match": [{"host": ["old.test"]}], "terminal": True, "handle": [
            {"handler": "subroute", "routes": [
                {"handle": [{"handler": "static_response", "body": "old"}]}]}]},
        {"handle": [{"handler": "static_response", "body": "any"}]}]}

    def attach(self, name, server="srv0", body=None):
        block = {"routes": plain(body or name, ":1", [f"{name}.test"])["routes"]}
        self.kata_root.app(name, block, **{"x-kata-server": server})
        return block

    def begin_attached(self):
        c, p = self.proxied({"srv0": copy.deepcopy(self.SRV0)})
        return c, p, c.raw(SERVERS + "/srv0")

    def check(self, server):
        c, p, before = self.begin_attached()
        block = self.attach("guest", server)
        self.apply()
        self.assertEqual(len(p.writes), 1)
        for host, body in (("guest.test", "guest"), ("old.test", "old"), ("x.test", "any")):
            self.assertEqual(sites.get(7080, host), (200, body))
        live = c.server("srv0")
        ours = [r for r in live["routes"] if r.get("@id", "").startswith("kata:")]
        self.assertEqual([r["@id"] for r in ours], [mark("guest", "srv0")])
        live["routes"].remove(ours[0])
        self.assertEqual(live, self.SRV0)
        self.assertEqual(json.loads(self.kata("config:caddy", "guest", want=0).out), block)
        self.settled(p)
        self.attach("guest", server, body="new")
        self.attach("second", server)
        self.apply()
        self.assertEqual(sites.get(7080, "guest.test"), (200, "new"))
        self.assertEqual(sites.get(7080, "second.test"), (200, "second"))
        self.settled(p)
        self.kata_root.remove("guest")
        self.apply()
        self.kata("rm", "second", "--force", want=0)
        self.assertEqual(c.raw(SERVERS + "/srv0"), before)

    def test_by_name(self):
        self.check("srv0")

    def test_by_address(self):
        self.check(":7080")

    def test_no_such_server(self):
        c, p, before = self.begin_attached()
        self.attach("guest", "srv9")
        q, = self.refused("guest")
        self.assertIn("srv9", q["message"] + q["hint"])
        self.assertEqual(p.writes, [])

    def test_only_routes_are_allowed(self):
        c, p, before = self.begin_attached()
        self.kata_root.app("guest", plain("guest", ":7080", ["guest.test"]),
                           **{"x-kata-server": "srv0"})
        self.refused("guest")
        self.assertEqual(c.raw(SERVERS + "/srv0"), before)

    def test_host_of_a_foreign_route(self):
        c, p, before = self.begin_attached()
        self.kata_root.app("guest", {"routes": plain("x", ":1", ["old.test"])["routes"]},
                           **{"x-kata-server": "srv0"})
        q, = self.refused("guest")
        self.assertIn("old.test", q["message"] + q["hint"])
        self.assertEqual(c.raw(SERVERS + "/srv0"), before)


@every_caddy
class Traffic(SharedCase):
    """A client loop over changes of one app fails no more than over plain reloads."""
    weight = 6
    CHANGES, BLOCKS = 20, 5

    def client_loop(self, stop, count, retry):
        while not stop.is_set():
            count["asked"] += 1
            for _ in range(2 if retry else 1):
                try:
                    if sites.get(8080, "alpha.test", timeout=5, tries=1) == (200, "alpha"):
                        break
                    count["wrong"] += 1
                except OSError:
                    pass
            else:
                count["failed"] += 1

    def over(self, act, retry):
        """Runs act(i) so many times under two clients; the counts."""
        stop, count = threading.Event(), {"asked": 0, "failed": 0, "wrong": 0}
        threads = [threading.Thread(target=self.client_loop, args=(stop, count, retry))
                   for _ in range(2)]
        for t in threads:
            t.start()
        for i in range(self.CHANGES):
            act(i)
            time.sleep(0.01)  # a pace, not a wait: the clients need requests between the reloads
        stop.set()
        for t in threads:
            t.join()
        self.assertEqual(count["wrong"], 0)
        return count

    def change(self, i):
        self.kata_root.app("beta", app("beta", body=f"beta{i}"))
        if i % 10 == 5:  # now and then one comes and goes, so that the server itself changes
            self.kata_root.app("gamma", app("gamma"))
        elif i % 10 == 7:
            self.kata_root.remove("gamma")
        self.apply()

    def reload(self, c, i):
        c.send("PATCH", SERVERS + "/foreign/routes/0/handle/0/body", f"r{i}")

    def test_no_worse_than_a_reload(self):
        c, p = self.begin("alpha", "beta")
        theirs = ours = 0
        for _ in range(self.BLOCKS):  # in turns, for the machine's other load changes the numbers
            theirs += self.over(lambda i: self.reload(c, i), False)["failed"]
            ours += self.over(self.change, False)["failed"]
        # Random failures either way: what two equal counts differ by, with room.
        self.assertLessEqual(ours - theirs, 5 + 4 * math.sqrt(ours + theirs), (theirs, ours))

    def test_none_with_migration_and_one_retry(self):
        try:
            with open("/proc/sys/net/ipv4/tcp_migrate_req", "w", encoding="ascii") as f:
                f.write("1")
        except OSError as e:
            self.skipTest(f"tcp_migrate_req cannot be set here: {e}")
        c, p = self.begin("alpha", "beta")
        count = self.over(self.change, True)
        self.assertEqual(count["failed"], 0, count)
        self.assertGreater(count["asked"], 50)
