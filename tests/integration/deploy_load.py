"""Nobody outside notices a deploy: requests under load, and long ones, while a service that Caddy
proxies to is replaced again and again. A reload of Caddy can itself cost a new connection here and
there; that is measured on the same host, beside the deploys."""
import http.client
import math
import os
import select
import threading
import time
import unittest

from caddyctl import SERVERS
from deploy import DeployCase, proxied_to
from enginecase import every_engine

MIGRATE = "/proc/sys/net/ipv4/tcp_migrate_req"
RATE = 200  # requests a second
CLIENTS = 8
# Answers on /, and on /cgi-bin/slow?SECONDS slowly. Told to end, it accepts no more and ends what
# it has begun; but where $ABRUPT is set, it drops everything at once.
APP = """#!/bin/sh
mkdir -p /www/cgi-bin
printf '%s' "$TEXT" >/www/index.html
cat >/www/cgi-bin/slow <<'EOF'
#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s ' "$TEXT"
sleep "$QUERY_STRING"
printf end
EOF
chmod 755 /www/cgi-bin/slow
httpd -f -p 8000 -h /www &
main=$!
finish() {
	[ -n "$ABRUPT" ] && exit 0
	kill $main
	while pidof httpd >/dev/null; do sleep 0.1; done
	exit 0
}
trap finish TERM
wait
"""


class Client(threading.Thread):
    """Asks at a steady rate; with one connection for all requests, or a new one for each."""

    def __init__(self, port, keep, pause):
        super().__init__(daemon=True)
        self.port, self.keep, self.pause = port, keep, pause
        self.end, self.conn = threading.Event(), None
        self.texts, self.first, self.lost, self.wrong, self.count = set(), [], [], [], 0

    def run(self):
        at = time.monotonic()
        while not self.end.is_set():
            self.ask()
            at = max(at + self.pause, time.monotonic() - 1)  # after a standstill: no flood
            self.end.wait(max(0, at - time.monotonic()))
        self.drop()

    def drop(self):
        if self.conn:
            self.conn.close()
        self.conn = None

    def fresh(self):
        """The connection to use; one that the server has closed meanwhile is none."""
        sock = self.conn and self.conn.sock
        if not self.keep or not sock or select.select([sock], [], [], 0)[0]:
            self.drop()
            self.conn = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        return self.conn

    def ask(self):
        """One request; asked once more when the connection ends before the first byte."""
        self.count += 1
        for failures in (self.first, self.lost):
            try:
                conn = self.fresh()
                conn.request("GET", "/")
                answer = conn.getresponse()
            except (ConnectionError, http.client.HTTPException) as e:
                failures.append(repr(e))
                self.drop()
                continue
            except OSError as e:
                self.wrong.append(repr(e))
                self.drop()
                return
            self.take(answer)
            return

    def take(self, answer):
        try:
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as e:
            self.wrong.append(f"cut: {e!r}")
            self.drop()
            return
        if answer.status == 200:
            self.texts.add(text)
        else:
            self.wrong.append(f"{answer.status} {text}")


class Load:
    """Clients at work in a `with`; then what they have seen."""

    def __init__(self, port):
        self.clients = [Client(port, i % 2 == 0, CLIENTS / RATE) for i in range(CLIENTS)]

    def __enter__(self):
        for c in self.clients:
            c.start()
        return self

    def __exit__(self, *_):
        for c in self.clients:
            c.end.set()
        for c in self.clients:
            c.join(30)
        self.first, self.lost, self.wrong = (
            [x for c in self.clients for x in getattr(c, name)]
            for name in ("first", "lost", "wrong"))
        self.texts = set().union(*(c.texts for c in self.clients))
        self.count = sum(c.count for c in self.clients)


@every_engine
class DeployLoad(DeployCase):
    weight = 45

    @classmethod
    def images(cls):
        super().images()
        cls.engine.image("slow", {"bin/web": (APP, 0o755)}, ['CMD ["/bin/web"]'])

    def setUp(self):
        super().setUp()
        self.rounds = 10 if self.which == "installed" else 4
        self.c = self.caddy({"unrelated": {"listen": [":8009"], "routes": []}})

    def lay_out(self, text, **web):
        check = {"test": ["CMD", "wget", "-q", "-O", "/dev/null", "127.0.0.1:8000"],
                 "interval": "300ms", "timeout": "10s", "retries": 30}
        self.shop(caddy=proxied_to("web:8000"), db=None, web={
            "image": "slow", "environment": {"TEXT": text}, "healthcheck": check, **web})

    def deploys(self):
        for i in range(self.rounds):
            self.lay_out(f"text {i}")
            self.deploy("shop")

    def reloads(self):
        """As many reloads as there were deploys."""
        for i in range(self.rounds):
            self.c.send("PATCH", f"{SERVERS}/unrelated/listen", [f":{9000 + i}"])
            time.sleep(0.5)

    def under_load(self, work):
        begin = time.monotonic()
        with Load(8001) as load:
            work()
        seconds = time.monotonic() - begin
        self.assertEqual(load.wrong, [])  # an answer that is not one is nobody's reload
        self.assertGreater(load.count, RATE * seconds / 4, "too little load")
        return load

    def migrate(self, value):
        with open(MIGRATE, "w", encoding="ascii") as f:
            f.write(value)

    def first(self):
        self.lay_out("first")
        self.deploy("shop")
        self.serves("first")

    def test_no_worse_than_a_reload(self):
        self.first()
        deploys, reloads = self.under_load(self.deploys), self.under_load(self.reloads)
        # What a reload costs is chance: three standard deviations of such counts, and two.
        margin = 2 + 3 * math.sqrt(len(reloads.first) + 1)
        self.assertLessEqual(len(deploys.first), len(reloads.first) + margin, deploys.first)
        self.assertEqual(deploys.texts, {"first", *(f"text {i}" for i in range(self.rounds))})

    @unittest.skipUnless(os.path.exists(MIGRATE), "this kernel has no tcp_migrate_req")
    def test_none_is_lost_with_migration(self):
        """With net.ipv4.tcp_migrate_req, for a client that asks again as all of them do."""
        self.first()
        self.migrate("1")
        self.addCleanup(self.migrate, "0")
        self.rounds = 4
        self.assertEqual(self.under_load(self.deploys).lost, [])

    # --- answers that take long

    def slow(self, seconds, out):
        def ask():
            try:
                out.append(self.fetch("127.0.0.1:8001", f"/cgi-bin/slow?{seconds}"))
            except OSError as e:
                out.append(repr(e))
        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        return thread

    def survive(self, seconds, **env):
        """Long answers begun at any moment of a deploy all come to their end."""
        self.lay_out("old", environment={"TEXT": "old", **env})
        self.deploy("shop")
        self.serves("old")
        self.lay_out("new", environment={"TEXT": "new", **env})
        answers, threads, run = [], [], self.start_kata("deploy", "shop")
        while run.poll() is None:
            threads.append(self.slow(seconds, answers))
            time.sleep(0.2)
        for thread in threads:
            thread.join(20)
        self.assertEqual(run.returncode, 0)
        self.assertEqual(set(answers), {(200, "old end"), (200, "new end")})
        self.assertEqual(len(answers), len(threads))
        self.assertEqual(sorted(self.engine.containers()), ["shop-web-1"])

    def test_long_answers_survive(self):
        """Of a service that ends what it has begun when it is told to end."""
        self.survive(3)

    def test_long_answers_survive_an_abrupt_service(self):
        """Of one that does not: Caddy 2.6 does not tell what is under way, so that two seconds have
        to do; newer ones tell, and the end of it is waited for."""
        self.survive(1 if self.version < (2, 7) else 4, ABRUPT="1")

    # --- the other order

    def test_stop_first_says_why(self):
        web = {"ports": ["127.0.0.1:8088:8000"]}
        self.lay_out("one", **web)
        self.deploy("shop")
        self.lay_out("two", **web)
        r = self.deploy("shop")
        self.assert_names(r, "shop-web-1", "stop-first", "host port")
        self.serves("two")
