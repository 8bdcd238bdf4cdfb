"""Every real server object goes live and comes back, or is refused with a name, a line and a hint.

The objects come from KATA_CORPUS, else ../shared/corpora/caddy-servers, and from tests/corpora/
caddy-servers in the repository. Caddy itself, asked directly, says which ones it accepts.
"""
import json
import os
import re
from pathlib import Path

import caddyctl
from case import REPO, SERVERS, Case, every_caddy, mark, plain

FOLDERS = [Path(os.environ.get("KATA_CORPUS") or REPO.parent / "shared/corpora/caddy-servers"),
           REPO / "tests/corpora/caddy-servers"]


def corpus():
    """name -> server object; the repository's own copy of a file comes second and adds nothing."""
    found = {}
    for folder in FOLDERS:
        for file in sorted(folder.glob("*.json")):
            found.setdefault(file.stem, json.loads(file.read_text()))
    return found


CORPUS = corpus()
OTHER = plain("other", "127.0.0.1:9753")


def refused_at(message):
    """Where in the server a refusal of Caddy lies, as far as its text says."""
    m = re.search(r"setting up (route matchers|route handlers|(?:server )?error handling routes): "
                  r"route (\d+)", message)
    if m:
        return ("errors/" if "error" in m.group(1) else "") + f"routes/{m.group(2)}"
    m = re.search(r'unknown field "(allow_0rtt|listen_protocols)"', message)
    return m.group(1) if m else ""


@every_caddy
class Roundtrip(Case):
    weight = 20

    def judge(self, server):
        """Caddy's own word on a server: None when it accepts it, else its message."""
        c = caddyctl.Caddy(self.binary, self.tmp / "judge").start()
        try:
            r = c.request("PUT", SERVERS + "/x", server)
            return None if r.status == 200 else r.json["error"]
        finally:
            c.stop(True)

    def one(self, server):
        message = self.judge(server)
        c, p = self.proxied()
        lines = self.kata_root.app("x", server)
        self.kata_root.app("other", OTHER)
        if message is None:
            self.accepted(c, p, server)
        else:
            self.refused(c, p, lines, message)
        self.assertEqual(c.server("other"), {**OTHER, "@id": mark("other")})

    def accepted(self, c, p, server):
        self.apply()
        self.assertEqual(c.server("x"), {**server, "@id": mark("x")})
        self.settled(p)
        shown = self.kata("config:caddy", "x", want=0)
        self.assertEqual(json.loads(shown.out), server)

    def refused(self, c, p, lines, message):
        r = self.apply("--json", want=1)
        self.assertIsNone(c.server("x"))
        report = r.json
        found = [q for q in report["problems"] + report["caddy"][0]["problems"]
                 if q["app"] == "x" and q["severity"] == "error"]
        self.assertTrue(found, f"no problem names the app\n{message}\n{r}")
        q = found[0]
        self.assertTrue(q["message"] and q["hint"], f"{q}\n{message}")
        self.assertTrue(q["file"].endswith("app/x/kata-compose.yaml"), q)
        self.assertTrue(q["path"], f"no path inside the block: {q}\n{message}")
        # The line is that of the path, or of the deepest part of it that the file has.
        path = q["path"]
        while path and path not in lines:
            path = path.rpartition("/")[0]
        self.assertEqual(q["line"], lines.get(path), f"{q}\n{message}")
        where = refused_at(message)
        self.assertTrue((path + "/").startswith(where + "/") or not where, f"{q}\n{message}")
        self.unmoved(c, p)
        text = self.apply(want=1)
        self.assert_names(text, "x", f"kata-compose.yaml:{q['line']}", "hint:")


def add_test(name, server):
    def test(self):
        self.one(server)
    setattr(Roundtrip, "test_" + re.sub(r"\W+", "_", name), test)


for _name, _server in CORPUS.items():
    add_test(_name, _server)


@every_caddy
class Crowd(Case):
    """All of the corpus at once: most want the same few addresses, many the same hosts."""
    weight = 5

    def test_everything_at_once(self):
        if not CORPUS:
            self.skipTest("no corpus")
        c, p = self.proxied({"foreign": plain("foreign", "127.0.0.1:9754")})
        foreign = c.raw(SERVERS + "/foreign")
        names = {}
        for i, (name, server) in enumerate(CORPUS.items()):
            names[f"app{i}"] = name
            self.kata_root.app(f"app{i}", server)
        self.kata_root.app("other", OTHER)
        r = self.apply("--json", want=1)
        states = {a["name"]: a for a in self.kata("ls", "--json", want=None).json["apps"]}
        self.assertEqual(set(states), set(names) | {"other"})
        bad = {q["app"] for q in r.json["problems"] + r.json["caddy"][0]["problems"]
               if q["severity"] == "error"}
        out_of_sync = {n for n, a in states.items() if a["caddy"] != "in-sync"}
        self.assertEqual(out_of_sync - bad, set(), "an app is not live, and nothing says why")
        self.assertGreater(len(states) - len(out_of_sync), len(states) // 8)
        self.assertEqual(c.server("other")["routes"], OTHER["routes"])
        self.assertEqual(c.raw(SERVERS + "/foreign"), foreign)
        self.unmoved(c, p)


class Corpus(Case):
    def test_corpus_is_there(self):
        if len(CORPUS) < 50:
            self.skipTest(f"the large corpus is not in {FOLDERS[0]}; the small one was used")
