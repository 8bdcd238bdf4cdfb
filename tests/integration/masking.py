"""What comes from an ENV file is secret: never shown without --reveal, never in an argv."""
import json
import threading

import caddyctl
from case import SERVERS, TUI, Case, every_caddy, plain

SECRET, OTHER = "s3cr3t-0f-blog", "0ther-s3cr3t"
COMMANDS = (("--diff",), ("--diff", "--json"), ("--diff", "--verbose"), ("--apply", "--dry-run"),
            ("ls", "--json"), ("status",), ("status", "--json"), ("validate",),
            ("validate", "--json"), ("config:env", "blog"), ("config:env", "blog", "--json"),
            ("config:env", "blog", "TOKEN"), ("config:env", "blog", "MIXED"),
            ("config:stack", "blog"), ("config:caddy", "blog"), ("config:caddy", "blog", "--json"),
            ("config:caddy", "blog", "--raw"))


@every_caddy
class Masking(Case):
    def lay_out(self, token=SECRET, **more):
        server = plain("hello", ":8001")
        server["routes"][0]["handle"][0]["headers"] = {
            "X-Token": ["$TOKEN"], "X-Mixed": ["Bearer ${TOKEN}!"], "X-Open": ["$OPEN"]}
        server.update(more)
        text = json.dumps({"environment": {"OPEN": "public", "MIXED": "a-$TOKEN-b"},
                           "caddy": server})
        self.kata_root.app("blog", text=text, env={"TOKEN": token})

    def hidden(self, *values):
        """No command shows these values; what ran is returned."""
        for args in COMMANDS:
            r = self.kata(*args)
            for value in values:
                self.assertNotIn(value, r.text, r)

    def test_never_shown(self):
        c, p = self.proxied()
        self.lay_out()
        self.hidden(SECRET)
        r = self.apply("--json", "--verbose")
        self.assertNotIn(SECRET, r.text)
        live = c.get(SERVERS + "/blog/routes/0/handle/0/headers")
        self.assertEqual(live, {"X-Token": [SECRET], "X-Mixed": [f"Bearer {SECRET}!"],
                                "X-Open": ["public"]})
        self.hidden(SECRET)
        # Changed: neither the old value nor the new one, though the change itself is shown.
        self.lay_out(OTHER)
        self.assertIn("X-Token", self.diff(want=1).out)
        self.hidden(SECRET, OTHER)
        r = self.apply("--verbose")
        self.assertNotIn(OTHER, r.text)
        self.assertNotIn(SECRET, r.text)
        self.settled(p)

    def test_app_that_goes(self):
        c, p = self.proxied()
        self.lay_out()
        self.kata_root.app("other", plain("other", ":8002"))
        self.apply()
        self.kata_root.app("blog", text="environment: {}\n")
        for args in (("--diff",), ("--diff", "--json"), ("--apply", "--verbose")):
            self.assertNotIn(SECRET, self.kata(*args).text, args)

    def test_reveal(self):
        self.proxied()
        self.lay_out()
        self.assertIn(SECRET, self.kata("config:env", "blog", "--reveal", want=0).out)
        self.assertIn(SECRET, self.kata("config:env", "blog", "TOKEN", "--reveal", want=0).out)
        self.apply()
        self.lay_out(OTHER)
        self.assert_names(self.diff("--reveal", want=1), SECRET, OTHER)
        self.lay_out()
        shown = json.loads(self.kata("config:caddy", "blog", "--reveal", want=0).out)
        self.assertEqual(shown["routes"][0]["handle"][0]["headers"]["X-Token"], [SECRET])

    def test_public_values_are_shown(self):
        self.proxied()
        self.lay_out()
        self.assertIn("public", self.kata("config:env", "blog", want=0).out)

    def test_refused_by_caddy(self):
        """Caddy's message quotes the value it does not like."""
        c, p = self.proxied()
        self.lay_out("(" + SECRET)
        server = plain("x", ":8001")
        server["routes"][0]["match"] = [{"path_regexp": {"pattern": "$TOKEN"}}]
        self.kata_root.app("blog", text=json.dumps({"caddy": server}))
        for args in (("--apply",), ("--apply", "--json"), ("--apply", "--verbose")):
            r = self.kata(*args, want=1)
            self.assertNotIn(SECRET, r.text, r)

    def test_wrong_places(self):
        """A secret where it cannot be used is complained about without being told."""
        self.proxied()
        for block in ('{listen: [":8001"], read_timeout: "$TOKEN"}',
                      '{listen: [":8001"], routes: [{handle: [{handler: "$TOKEN"}]}]}',
                      '{listen: [":8001"], automatic_https: "$TOKEN"}'):
            self.kata_root.app("blog", text=f"caddy: {block}\n", env={"TOKEN": SECRET})
            for args in (("validate",), ("--apply",), ("--apply", "--json"), ("--diff",)):
                r = self.kata(*args)
                self.assertNotIn(SECRET, r.text, r)

    def test_not_in_argv(self):
        """No process of ours carries a secret in its arguments."""
        c, p = self.proxied()
        self.lay_out()
        seen, stop = set(), threading.Event()

        def watch():
            while not stop.is_set():
                seen.update(command_lines())
        thread = threading.Thread(target=watch)
        thread.start()
        for _ in range(5):
            self.lay_out(SECRET)
            self.apply()
            self.lay_out(OTHER)
            self.apply()
        stop.set()
        thread.join()
        self.assertTrue(any(TUI.encode() in x for x in seen))
        for line in seen:
            self.assertNotIn(SECRET.encode(), line)
            self.assertNotIn(OTHER.encode(), line)

    def test_process_environment_is_never_read(self):
        """Root's cron and a user's shell see the same app."""
        c, p = self.proxied()
        self.kata_root.app("blog", text='caddy: {listen: [":${PORT:-8001}"], routes: []}\n')
        self.apply(env={"PORT": "9999"})
        self.assertEqual(c.server("blog")["listen"], [":8001"])


def command_lines():
    lines = set()
    for folder in caddyctl.Path("/proc").glob("[0-9]*"):
        try:
            lines.add((folder / "cmdline").read_bytes())
        except OSError:
            pass
    return lines
