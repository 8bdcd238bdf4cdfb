"""Several Caddies: each is treated on its own, and each is reported."""
from case import SERVERS, Case, every_caddy, mark, plain


@every_caddy
class Fleet(Case):
    def begin(self, members=2):
        """Members share the network of the test, so each app has its address once: a member
        is told apart by what it holds."""
        fleet = [self.caddy({"foreign": plain("foreign", f"127.0.0.{i + 1}:7001")})
                 for i in range(members)]
        self.admin = [c.address for c in fleet]
        # Two Caddies of one user may share an address; what each holds is asked of it.
        self.kata_root.app("blog", {"listen": ["unix/{env.HOME}/blog.sock"],
                                    "routes": plain("blog", ":1")["routes"]})
        return fleet

    def held(self, c):
        return set(c.get() or {})

    def test_all_members(self):
        fleet = self.begin(3)
        r = self.apply("--json").json
        self.assertEqual([x["result"] for x in r["caddy"]], ["applied"] * 3)
        self.assertEqual([x["endpoint"] for x in r["caddy"]], self.admin)
        for c in fleet:
            self.assertEqual(c.server("blog")["@id"], mark("blog"))
        again = self.apply("--json").json
        self.assertEqual([x["result"] for x in again["caddy"]], ["unchanged"] * 3)
        self.diff()

    def test_list_in_the_environment(self):
        fleet = self.begin()
        addresses = ",".join(self.admin)
        self.apply(admin=[], env={"CADDY_ADMIN": addresses})
        for c in fleet:
            self.assertIn("blog", self.held(c))
        self.diff(admin=[], env={"CADDY_ADMIN": addresses})

    def test_one_member_down(self):
        """It blocks its own steps alone, removals included, and heals when it comes."""
        fleet = self.begin()
        self.kata_root.app("shop", {"listen": ["unix/{env.HOME}/shop.sock"],
                                    "routes": plain("shop", ":1")["routes"]})
        self.apply()
        fleet[0].stop(force=True)
        self.kata_root.remove("shop")
        self.kata_root.app("wiki", {"listen": ["unix/{env.HOME}/wiki.sock"],
                                    "routes": plain("wiki", ":1")["routes"]})
        r = self.apply("--json", want=1).json["caddy"]
        self.assertEqual([x["result"] for x in r], ["failed", "applied"])
        self.assertEqual(r[0]["error"]["code"], "unavailable")
        self.assertIsNone(r[1]["error"])
        self.assertEqual(self.held(fleet[1]), {"foreign", "blog", "wiki"})
        self.kata("--diff", want=2)
        fleet[0].start()
        self.apply()
        for c in fleet:
            self.assertEqual(self.held(c), {"foreign", "blog", "wiki"})
        text = self.kata("status", want=None)
        self.assert_names(text, *self.admin)

    def test_members_differ(self):
        """Drift on one member is written there alone."""
        fleet = self.begin()
        self.apply()
        fleet[1].send("PATCH", SERVERS + "/blog/routes/0/handle/0/body", "tampered")
        before = fleet[0].raw("/config/")
        r = self.apply("--json").json["caddy"]
        self.assertEqual([x["result"] for x in r], ["unchanged", "applied"])
        self.assertEqual([x["writes"] for x in r], [0, 1])
        self.assertEqual(fleet[0].raw("/config/"), before)
        self.assertEqual(fleet[1].get(SERVERS + "/blog/routes/0/handle/0/body"), "blog")

    def test_refused_by_one_member(self):
        """A conflict on one member stops the app there alone."""
        fleet = self.begin()
        fleet[1].send("PUT", SERVERS + "/guest", {"listen": ["unix/{env.HOME}/theirs.sock"]})
        self.kata_root.app("guest", {"listen": ["unix/{env.HOME}/guest.sock"],
                                     "routes": plain("guest", ":1")["routes"]})
        r = self.apply("--json", want=1).json["caddy"]
        self.assertEqual(fleet[0].server("guest")["@id"], mark("guest"))
        self.assertNotIn("@id", fleet[1].server("guest"))
        self.assertEqual({q["app"] for q in r[1]["problems"]}, {"guest"})
        self.assertEqual(r[0]["problems"], [])
        self.assertIn("blog", self.held(fleet[1]))

    def test_same_member_twice(self):
        fleet = self.begin(1)
        self.admin = self.admin * 2
        self.kata("--apply")
        self.assertIn("blog", self.held(fleet[0]))
        self.diff()
