"""Caddy misbehaves in every way known; the outcome is clear, and the next apply heals."""
import json
import subprocess
import sys
import threading
import time

import proxy
import sites
from caddyctl import wait_for
from case import REPO, SERVERS, Case, every_caddy, mark, plain

HTML = b"<html><body><h1>It works!</h1></body></html>"


@every_caddy
class Faults(Case):
    weight = 3

    def begin(self):
        c, p = self.proxied({"foreign": plain("foreign", ":7001")})
        self.kata_root.app("blog", plain("blog", ":8001"))
        return c, p

    def failed(self, *words):
        """An apply that fails, says these words, and gives a hint."""
        r = self.apply(want=1)
        self.assert_names(r, "kata-tui:", "hint:", *words)
        return r

    def error(self, want=1):
        caddy, = self.apply("--json", want=want).json["caddy"]
        self.assertEqual(caddy["result"], "failed")
        self.assertTrue(caddy["error"]["message"] and caddy["error"]["hint"], caddy)
        return caddy["error"]

    def heals(self, c, p):
        """The next apply puts everything right, and the one after it has nothing to do."""
        p.reset()
        self.apply()
        self.assertEqual(sites.get(8001), (200, "blog"))
        self.assertEqual(sites.get(7001), (200, "foreign"))
        self.settled(p)

    # --- not there

    def test_not_running(self):
        c = self.caddy(start=False)
        self.kata_root.app("blog", plain("blog", ":8001"))
        r = self.failed("admin.sock")
        self.assertLess(r.seconds, 10)
        self.assertEqual(self.error()["code"], "unavailable")
        self.kata("--diff", want=2)
        self.kata("status")
        listed = self.kata("ls", "--json").json["apps"]
        self.assertEqual([(a["name"], a["caddy"]) for a in listed], [("blog", "unknown")])
        self.kata("validate", want=0)
        c.start()
        self.apply()
        self.assertEqual(sites.get(8001), (200, "blog"))

    def test_socket_left_behind(self):
        c, p = self.begin()
        self.admin = c.address
        c.stop(force=True)
        self.failed("admin.sock")
        self.assertEqual(self.error()["code"], "unavailable")

    def test_tcp_refused(self):
        self.caddy(start=False)
        self.kata_root.app("blog", plain("blog", ":8001"))
        r = self.kata("--apply", admin="127.0.0.1:9999", want=1)
        self.assert_names(r, "127.0.0.1:9999", "hint:")

    def test_default_address_over_tcp(self):
        """No --caddy at all: localhost:2019."""
        c = self.caddy(admin="localhost:2019")
        self.kata_root.app("blog", plain("blog", ":8001"))
        self.kata("--apply", admin=[], want=0)
        self.assertEqual(c.server("blog")["@id"], mark("blog"))
        self.kata("--diff", admin=[], want=0)
        self.kata("--diff", admin="http://localhost:2019", want=0)

    # --- answers that are none

    def test_null_config(self):
        """A Caddy that was never configured: its first app is the first thing it holds."""
        c = self.caddy(admin="localhost:2019", config={})
        self.assertEqual(c.raw("/config/").strip(), b"null")
        self.kata_root.app("blog", plain("blog", ":8001"))
        self.kata("--diff", want=1)
        self.apply()
        self.assertEqual(sites.get(8001), (200, "blog"))
        self.diff()

    def test_null_servers(self):
        c, p = self.begin()
        c.send("DELETE", SERVERS)
        self.apply()
        self.assertEqual(sites.get(8001), (200, "blog"))
        self.settled(p)

    def test_html(self):
        c, p = self.begin()
        p.rule(None, proxy.answer(200, HTML, "text/html"), 99)
        self.failed()
        self.assertEqual(self.error()["code"], "protocol")
        self.assertEqual(p.writes, [])
        self.heals(c, p)

    def test_html_404(self):
        c, p = self.begin()
        p.rule(None, proxy.answer(404, HTML, "text/html"), 99)
        self.failed()
        self.assertEqual(p.writes, [])
        self.heals(c, p)

    def test_other_json(self):
        c, p = self.begin()
        for body in (b'[]', b'"x"', b'7', b'{"blog":', b'', b'{"blog":null}', b'{"foreign":[1]}'):
            p.reset()
            p.rule("GET", proxy.answer(200, body), 99)
            r = self.kata("--apply")
            self.assertIn(r.code, (0, 1), body)
            if r.code == 1:
                self.assert_names(r, "kata-tui:")
                self.assertEqual(p.writes, [], body)
        self.heals(c, p)

    def test_error_body(self):
        c, p = self.begin()
        body = json.dumps({"error": "something \u001b[31mbroke"}).encode()
        p.rule("PUT", proxy.answer(500, body), 99)
        r = self.apply(want=1)
        self.assert_names(r, "something", "broke")
        self.heals(c, p)

    def test_reading_fails(self):
        c, p = self.begin()
        p.rule("GET", proxy.answer(500, b'{"error":"no"}'), 99)
        self.failed("no")
        self.assertEqual(p.writes, [])
        self.heals(c, p)

    def test_truncated_answer(self):
        c, p = self.begin()
        p.rule("GET", proxy.truncate(40), 1)
        self.kata("--apply")
        self.heals(c, p)

    # --- connections that end

    def test_cut_while_reading(self):
        c, p = self.begin()
        p.rule("GET", proxy.cut(), 1)
        self.kata("--apply")
        self.heals(c, p)

    def test_cut_before_the_write(self):
        """The outcome is unknown: it reads again and finds that nothing happened."""
        c, p = self.begin()
        p.rule("PUT", proxy.cut())
        r = self.apply("--json").json["caddy"][0]
        self.assertEqual(r["result"], "applied")
        self.assertGreaterEqual(len(p.reads), 2)
        self.assertEqual(len(p.writes), 2)
        self.heals(c, p)

    def test_answer_lost_after_the_write(self):
        """It reads again and finds the change done. A second write, if any, changes nothing: it
        makes Caddy load what it holds, since a handler that panicked leaves that open."""
        c, p = self.begin()
        p.rule("PUT", proxy.drop())
        r = self.apply("--json").json["caddy"][0]
        self.assertEqual(r["result"], "applied")
        self.assertLessEqual(len(p.writes), 2)
        for w in p.writes[1:]:
            self.assertEqual(w.headers.get("cache-control"), "must-revalidate")
        self.heals(c, p)

    def test_breaks_down_while_loading(self):
        """A config that is stored and makes Caddy break off each time it loads it (as a panic in a
        module does): what was live is put back, the app is set aside, the others go on."""
        c, p = self.begin()
        self.apply()
        self.kata_root.app("panics", plain("panics", ":8002"))
        before = c.raw(SERVERS)
        p.reset()
        p.rule("PUT", proxy.drop())
        p.rule("PATCH", proxy.drop())
        r = self.apply("--json", want=1).json["caddy"][0]
        self.assertEqual([q["app"] for q in r["problems"]], ["panics"])
        self.assertIn("put back", r["problems"][0]["message"])
        self.assertEqual([w.method for w in p.writes], ["PUT", "PATCH", "PATCH"])
        self.assertEqual(c.raw(SERVERS), before)
        self.heals(c, p)

    def test_always_cut(self):
        """A server that never answers a write: it gives up within its time, and says so."""
        c, p = self.begin()
        p.rule("PUT", proxy.cut(), 10000)
        r = self.apply(want=1)
        self.assertLess(r.seconds, 45)
        self.assertLess(len(p.writes), 200, "no spinning")
        self.heals(c, p)

    def test_dies_between_read_and_write(self):
        c, p = self.begin()
        p.rule("PUT", proxy.before(lambda: c.stop(force=True)))
        r = self.kata("--apply", want=1)
        self.assertLess(r.seconds, 45)
        c.start()
        self.heals(c, p)

    def test_restarts_between_read_and_write(self):
        c, p = self.begin()
        gate = threading.Event()
        p.rule("PUT", proxy.hold(gate))
        run = self.start_kata("--apply")
        wait_for(lambda: p.writes, "the write")
        c.stop(force=True)
        c.start()
        gate.set()
        self.assertEqual(run.wait(60), 0)
        self.heals(c, p)

    # --- slow, and starting late

    def test_slow_answers(self):
        """A reload can take seconds; nobody gives up after one."""
        c, p = self.begin()
        p.rule("GET", proxy.delay(2))
        p.rule("PUT", proxy.delay(4))
        self.apply()
        self.assertEqual(len(p.writes), 1)
        self.heals(c, p)

    def test_starts_while_we_ask(self):
        """Down: an error at once. The next run, with Caddy there, heals."""
        c = self.caddy(start=False)
        self.kata_root.app("blog", plain("blog", ":8001"))
        self.apply(want=1)
        c.start(wait=False)
        wait_for(lambda: self.kata("--apply").code == 0, "an apply to succeed")
        self.assertEqual(sites.get(8001), (200, "blog"))

    # --- somebody else

    def test_412_is_planned_again(self):
        c, p = self.begin()
        self.apply()
        p.reset()
        self.kata_root.app("blog", plain("neu", ":8001"))
        self.kata_root.app("shop", plain("shop", ":8002"))
        p.rule("PATCH", proxy.before(lambda: c.send("PUT", SERVERS + "/late", plain("l", ":7005"))))
        r = self.apply("--json").json["caddy"][0]
        self.assertEqual([w.status for w in p.writes], [412, 200])
        self.assertEqual((r["writes"], r["retries"]), (2, 1))
        self.assertEqual([sites.get(x).body for x in (8001, 8002, 7005)], ["neu", "shop", "l"])
        self.settled(p)

    def test_412_for_ever(self):
        c, p = self.begin()
        p.rule("PUT", proxy.answer(412, b'{"error":"precondition failed"}'), 100000)
        r = self.apply(want=1)
        self.assertLess(r.seconds, 45)
        self.assertLess(len(p.writes), 300, "no spinning")
        self.assertGreaterEqual(len(p.writes), 3)
        self.heals(c, p)

    def test_somebody_did_it_meanwhile(self):
        c, p = self.begin()
        wanted = {**plain("blog", ":8001"), "@id": mark("blog")}
        p.rule("PUT", proxy.before(lambda: c.send("PUT", SERVERS + "/blog", wanted)))
        self.apply()
        self.assertEqual(len(p.writes), 1)
        self.heals(c, p)

    def test_poisoned_by_somebody(self):
        """A foreign object that makes every load fail: said whose fault it is; healed after."""
        c, p = self.begin()
        try:
            c.request("PUT", SERVERS + "/poison", b"null")
        except OSError:
            pass  # the connection closes: the handler panicked
        if c.get() is None or "poison" not in c.get():
            return  # this version takes no harm
        r = self.kata("--apply", want=1)
        self.assertLess(r.seconds, 45)
        self.assert_names(r, "poison")
        c.request("DELETE", SERVERS + "/poison")
        self.heals(c, p)

    def test_port_taken_by_another_program(self):
        """Found before anything is sent, also when the program is not Caddy's."""
        c, p = self.begin()
        code = ("import socket,sys; s=socket.create_server(('', 8001)); print('up', flush=True); "
                "sys.stdin.read() or s.accept()")
        other = self.child([sys.executable, "-c", code], stdout=subprocess.PIPE)
        self.assertEqual(other.stdout.readline(), b"up\n")
        self.failed("8001", "blog")
        self.assertEqual(p.writes, [])
        other.kill()
        other.wait()
        other.stdout.close()
        self.heals(c, p)

    def test_own_ports_are_not_taken(self):
        """Caddy's own listeners are no obstacle: an address moves from app to app."""
        c, p = self.begin()
        self.apply()
        self.kata_root.app("blog", plain("blog", ":8002"))
        self.kata_root.app("shop", plain("shop", ":8001"))
        self.apply()
        self.assertEqual(sites.get(8001), (200, "shop"))
        self.assertEqual(sites.get(8002), (200, "blog"))
        self.settled(p)

    def test_signals_end_it_cleanly(self):
        """Interrupted while it waits: it ends at once, and the next apply completes."""
        c, p = self.begin()
        gate = threading.Event()
        p.rule("PUT", proxy.hold(gate))
        run = self.start_kata("--apply")
        wait_for(lambda: p.writes, "the write")
        run.terminate()
        begin = time.monotonic()
        run.wait(10)
        self.assertLess(time.monotonic() - begin, 5)
        gate.set()
        self.heals(c, p)

    def test_plan_digest(self):
        """--if-plan applies what was shown, and nothing else."""
        c, p = self.begin()
        plan = self.diff("--json", want=1).json["plan"]
        self.assertTrue(plan)
        self.kata_root.app("shop", plain("shop", ":8002"))
        self.apply("--if-plan", plan, want=1)
        self.assertEqual(p.writes, [])
        plan = self.diff("--json", want=1).json["plan"]
        self.apply("--if-plan", plan)
        self.assertEqual(len(p.writes), 1)
        self.heals(c, p)


class Program(Case):
    def test_binary_is_there(self):
        self.assertTrue((REPO / "Makefile").exists())
        self.kata("version", bare=True, want=0)
