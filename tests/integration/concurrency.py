"""Several writers on one Caddy: no update of anybody is lost, and nobody spins."""
import os
import threading

import sites
from case import SERVERS, Case, every_caddy, mark, plain, responder

ROUNDS = int(os.environ.get("KATA_ROUNDS", "60"))


@every_caddy
class Concurrency(Case):
    weight = 12

    def begin(self):
        c, p = self.proxied({"foreign": plain("0", ":7001"), "still": plain("still", ":7002")})
        self.errors = []
        return c, p

    def writer(self, name, make, check, root=None, env=None):
        """One --apply loop: each round's value must be live right after its apply."""
        for i in range(1, ROUNDS + 1):
            (root or self.kata_root).app(name, make(str(i)))
            r = self.kata("--apply", name, root=root, env=env)
            if r.code != 0:
                self.errors.append(f"{name} round {i}: {r}")
                return
            if r.seconds > 31:
                self.errors.append(f"{name} round {i}: {r.seconds} s")
            if check() != str(i):
                self.errors.append(f"{name} round {i} was lost: {check()!r}")

    def raw_writer(self, c):
        """A person with curl: unguarded PATCHes on a foreign server, each checked by the next."""
        path = SERVERS + "/foreign/routes/0/handle/0/body"
        for i in range(ROUNDS):
            if c.get(path) != str(i):
                self.errors.append(f"foreign write {i} was lost: {c.get(path)!r}")
                return
            while c.get(path) != str(i + 1):
                try:
                    c.send("PATCH", path, str(i + 1))
                except ConnectionError:
                    pass  # closed by a reload of somebody else: done or not, reading tells

    def together(self, *jobs):
        threads = [threading.Thread(target=self.guard, args=(job,)) for job in jobs]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(self.errors, [])

    def guard(self, job):
        try:
            job()
        except Exception as e:  # a thread's failure is the test's
            self.errors.append(repr(e))

    def live(self, c, server):
        return c.get(f"{SERVERS}/{server}/routes/0/handle/0/body")

    def pair_writer(self, c, one, two):
        """Both apps change in each round: one request that carries every server, the foreign
        ones too, so that a careless write would take back what others wrote."""
        for i in range(1, ROUNDS + 1):
            for n, name in enumerate((one, two)):
                self.kata_root.app(name, plain(str(i), f":8{ord(one[0])}{n}"))
            r = self.kata("--apply", one, two)
            live = [self.live(c, one), self.live(c, two)]
            if r.code != 0 or live != [str(i)] * 2:
                self.errors.append(f"{one} round {i}: {live}\n{r}")
                return

    def test_three_writers_of_everything(self):
        c, p = self.begin()
        self.together(lambda: self.pair_writer(c, "a1", "a2"),
                      lambda: self.pair_writer(c, "b1", "b2"), lambda: self.raw_writer(c))
        self.assertEqual(c.get(SERVERS + "/foreign/routes/0/handle/0/body"), str(ROUNDS))
        self.assertTrue([w for w in p.writes if w.status == 412], "the writers never met")
        self.settled(p)

    def test_three_writers(self):
        c, p = self.begin()
        still = c.raw(SERVERS + "/still")
        self.together(
            lambda: self.writer("one", lambda i: plain(i, ":8001"), lambda: self.live(c, "one")),
            lambda: self.writer("two", lambda i: plain(i, ":8002"), lambda: self.live(c, "two")),
            lambda: self.raw_writer(c))
        n = str(ROUNDS)
        self.assertEqual([sites.get(x).body for x in (8001, 8002, 7001)], [n, n, n])
        self.assertEqual(c.raw(SERVERS + "/still"), still)
        refused = [w for w in p.writes if w.status == 412]
        self.assertLess(len(refused), ROUNDS * 4, "retries must back off")
        self.settled(p)

    def test_two_owners_come_and_go(self):
        """Each round one owner's app changes its address: the whole server list is guarded."""
        c, p = self.begin()
        roots = [self.new_root("r1"), self.new_root("r2")]

        def address(n, i):
            return plain(i, f":8{n}{int(i) % 10:02}")

        def job(n):
            name = f"own{n}"
            return lambda: self.writer(name, lambda i: address(n + 1, i),
                                       lambda: self.live(c, name), roots[n],
                                       {"KATA_OWNER": f"owner{n}"})
        self.together(job(0), job(1), lambda: self.raw_writer(c))
        self.assertEqual(set(c.get()), {"foreign", "still", "own0", "own1"})
        self.assertEqual(sites.get(7001).body, str(ROUNDS))

    def test_shared_server(self):
        """Two loops on two apps of one shared server."""
        c, p = self.begin()
        hosts = {"one": "one.test", "two": "two.test"}
        for name, host in hosts.items():
            self.kata_root.app(name, plain("0", ":8080", [host]))
        self.apply()

        def job(name):
            route = f"/id/{mark(name, '8080')}/handle/0/routes/0/handle/0/body"
            return lambda: self.writer(name, lambda i: plain(i, ":8080", [hosts[name]]),
                                       lambda: c.get(route))
        self.together(job("one"), job("two"), lambda: self.raw_writer(c))
        for host in hosts.values():
            self.assertEqual(sites.get(8080, host).body, str(ROUNDS))
        self.settled(p)


@every_caddy
class Locks(Case):
    """Two runs on one root: one of them waits, or says that the app is locked; both end well."""

    def test_same_app_at_once(self):
        c, p = self.proxied()
        codes = []
        for i in range(10):
            self.kata_root.app("blog", responder(str(i), listen=":8001"))
            threads = [threading.Thread(target=lambda: codes.append(self.kata("--apply").code))
                       for _ in range(3)]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            self.apply()
            self.assertEqual(sites.get(8001).body, str(i))
        self.assertTrue(set(codes) <= {0, 1}, codes)
