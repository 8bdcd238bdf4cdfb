"""Problems of files: all at once, with file, line, column, a sentence and a hint.

And the examples of the first documents (tests/corpora/seeds), which go live or get their hint.
"""
import json
import time

from case import REPO, SERVERS, Case, every_caddy, mark, plain

SAMPLES = REPO / "tests/corpora/seeds"
ENV = {"PORT": "8000", "DOMAIN_NAME": "blog.test", "ADMIN_USER": "admin",
       "ADMIN_PASS_HASH": "$2a$14$" + "N" * 53}


def handle(handler, **more):
    """A block with one handler; its place is routes/0/handle/0."""
    return {"listen": [":8001"], "routes": [{"handle": [{"handler": handler, **more}]}]}


def match(**matcher):
    return {"listen": [":8001"], "routes": [{"match": [matcher], "handle": [{"handler": "vars"}]}]}


def server(**more):
    return {"listen": [":8001"], "automatic_https": {"disable": True}, **more}


PROXY = {"handler": "reverse_proxy"}
# The known mistakes: block, where in it, a word of the hint or message, and whether the app may
# go live all the same (Caddy takes it: a warning; or a version of it does).
MISTAKES = {
    "respond": (handle("respond", body="x"), "routes/0/handle/0", "static_response", False),
    "route": (handle("route", routes=[]), "routes/0/handle/0", "subroute", False),
    "handle": (handle("handle", routes=[]), "routes/0/handle/0", "subroute", False),
    "handle_path": (handle("handle_path"), "routes/0/handle/0", "subroute", False),
    "proxy": (handle("proxy", to="x:1"), "routes/0/handle/0", "reverse_proxy", False),
    "redir": (handle("redir", to="/x"), "routes/0/handle/0", "static_response", False),
    "basicauth": (handle("basicauth"), "routes/0/handle/0", "authentication", False),
    "basic_auth": (handle("basic_auth"), "routes/0/handle/0", "authentication", False),
    "header": (handle("header"), "routes/0/handle/0", "headers", False),
    "gzip": (handle("gzip"), "routes/0/handle/0", "encode", False),
    "root": (handle("root", root="/x"), "routes/0/handle/0", "file_server", False),
    "log": (handle("log"), "routes/0/handle/0", "logs", False),
    "php_fastcgi": (handle("php_fastcgi"), "routes/0/handle/0", "fastcgi", False),
    "no_handler": ({"listen": [":8001"], "routes": [{"handle": [{"body": "x"}]}]},
                   "routes/0/handle/0", "handler", False),
    "handler_text": ({"listen": [":8001"], "routes": [{"handle": ["file_server"]}]},
                     "routes/0/handle/0", "object", False),
    "headers_in_file_server": (handle("file_server", headers={"response": {}}),
                               "routes/0/handle/0", "headers", False),
    "match_in_file_server": (handle("file_server", match=[{"path": ["/x"]}]),
                             "routes/0/handle/0", "match", False),
    "try_files_in_file_server": (handle("file_server", try_files=["{path}"]),
                                 "routes/0/handle/0", "try_files", False),
    "bare_header": (handle("headers", response={"X-A": ["b"]}), "routes/0/handle/0", "set", False),
    "header_text": (handle("headers", response={"set": {"X-A": "b"}}), "routes/0/handle/0",
                    "array|list", False),
    "https": (server(https={"enabled": True}), "https", "https", True),
    "tls": (server(tls={}), "tls", "tls_connection_policies", False),
    "comment_key": (server(_comment="x"), "_comment", "_comment", False),
    "misspelt": (server(listne=[":1"]), "listne", "listen", False),
    "automatic_https_bool": ({"listen": [":8001"], "automatic_https": False}, "automatic_https",
                             "disable", False),
    "automatic_https_disabled": ({"listen": [":8001"], "automatic_https": {"disabled": True}},
                                 "automatic_https", "disable", False),
    "listen_text": ({"listen": ":8001"}, "listen", "list|array", False),
    "no_listen": ({"routes": []}, "", "listen", True),
    "port_only": ({"listen": ["8001"]}, "listen/0", "colon", False),
    "match_object": ({"listen": [":8001"], "routes": [{"match": {"host": ["a.test"]}}]},
                     "routes/0/match", "list|array", False),
    "host_text": (match(host="a.test"), "routes/0/match/0/host", "list|array", False),
    "path_text": (match(path="/x"), "routes/0/match/0/path", "list|array", False),
    "hostname": (match(hostname=["a.test"]), "routes/0/match/0", "host", False),
    "path_without_slash": (match(path=["x"]), "routes/0/match/0/path/0", "/", True),
    "not_object": (match(**{"not": {"path": ["/x"]}}), "routes/0/match/0/not", "list|array", False),
    "bad_pattern": (match(path_regexp={"pattern": "("}), "routes/0", "RE2|regular", False),
    "route_host": ({"listen": [":8001"], "routes": [{"host": ["a.test"]}]}, "routes/0/host",
                   "match", False),
    "handlers": ({"listen": [":8001"], "routes": [{"handlers": []}]}, "routes/0/handlers",
                 "handle", False),
    "errors_list": (server(errors=[]), "errors", "routes", False),
    "logs_bool": (server(logs=True), "logs", "logs|object", False),
    "upstream_text": (handle("reverse_proxy", upstreams=["x:1"]), "routes/0/handle/0", "dial",
                      False),
    "upstream_to": (handle("reverse_proxy", upstreams=[{"to": "x:1"}]), "routes/0/handle/0",
                    "dial", False),
    "dial_url": (handle("reverse_proxy", upstreams=[{"dial": "http://x:1"}]),
                 "routes/0/handle/0/upstreams/0/dial", "host and port|host:port", True),
    "dial_no_port": (handle("reverse_proxy", upstreams=[{"dial": "localhost"}]),
                     "routes/0/handle/0/upstreams/0/dial", "host:port", True),
    "dial_itself": (handle("reverse_proxy", upstreams=[{"dial": "127.0.0.1:8001"}]),
                    "routes/0/handle/0/upstreams/0/dial", "listen", True),
    "policy_text": (handle("reverse_proxy", upstreams=[{"dial": "x:1"}],
                           load_balancing={"selection_policy": "random"}), "routes/0/handle/0",
                    "policy", False),
    "transport_https": (handle("reverse_proxy", upstreams=[{"dial": "x:1"}],
                               transport={"protocol": "https"}), "routes/0/handle/0", "tls", False),
    "encode_br": (handle("encode", encodings={"br": {}}), "routes/0/handle/0", "gzip", False),
    "strip_prefix": (handle("rewrite", strip_prefix="/x"), "routes/0/handle/0",
                     "strip_path_prefix", False),
    "protocols": (server(protocols=["http"]), "protocols/0", "h1", True),
    "protocol_min": (server(tls_connection_policies=[{"protocol_min": "tls1.4"}]),
                     "tls_connection_policies/0/protocol_min", "tls1.3", True),
    "duration": (server(read_timeout="abc"), "read_timeout", "5s", False),
    "header_bytes": (server(max_header_bytes="1k"), "max_header_bytes", "integer|number", False),
    "plain_password": (handle("authentication", providers={"http_basic": {"accounts": [
        {"username": "a", "password": "secret-word!"}]}}), "routes/0/handle/0", "hash", False),
    "upper_case_field": (server(ROUTES=[]), "ROUTES", "routes", False),
    "whole_config": ({"apps": {"http": {"servers": {"x": {"listen": [":8001"]}}}}}, "apps",
                     "server", False),
    "servers": ({"x": {"listen": [":8001"], "routes": []}}, "x", "server", False),
    "poison": (server(tls_connection_policies=[None]), "tls_connection_policies", "null", False),
}


@every_caddy
class Mistakes(Case):
    weight = 3

    def one(self, name):
        block, path, words, may_live = MISTAKES[name]
        c, p = self.proxied()
        lines = self.kata_root.app("bad", block)
        self.kata_root.app("good", plain("good", ":8100"))
        report = self.kata("--apply", "--json").json
        self.assertEqual(c.server("good")["@id"], mark("good"))
        found = [q for q in report["problems"] + report["caddy"][0]["problems"]
                 if q["app"] == "bad" and q["severity"] != "note"]
        self.assertTrue(found, "nothing was said")
        told = [q for q in found if (q["path"] or "") == path or not path
                or (q["path"] or "").startswith(path + "/")]
        self.assertTrue(told, (path, found))
        text = " ".join(f"{q['message']} {q['hint']}" for q in told).lower()
        self.assertTrue(any(w.lower() in text for w in words.split("|")), (words, text))
        self.assertTrue(any(q["hint"] for q in told), told)
        self.assertTrue(all(q["file"].endswith("app/bad/kata-compose.yaml") for q in told), told)
        if path in lines and path:
            self.assertTrue(any(q["line"] >= lines[path] for q in told), (lines, told))
            self.assertTrue(all(q["column"] for q in told), told)
        if not may_live:
            self.assertIsNone(c.server("bad"))
            self.assertIn("error", [q["severity"] for q in told])
        elif c.server("bad") is not None:
            self.assertNotIn("error", [q["severity"] for q in found])


def add_mistake(name):
    def test(self):
        self.one(name)
    setattr(Mistakes, "test_" + name, test)


for _name in MISTAKES:
    add_mistake(_name)


@every_caddy
class Samples(Case):
    # What is not live is refused, for these words; what is live may carry warnings.
    REFUSED = {"readme-cached": ("headers",), "spec-static": ("HOST_APP_ROOT", "try_files")}
    WARNED = {"readme-proxy": "upstream|itself|listen", "spec-flask": "https",
              "spec-microservices": "https", "spec-container": "listen"}

    def test_samples_are_there(self):
        self.assertGreaterEqual(len(list(SAMPLES.glob("*.yaml"))), 15)

    def one(self, name):
        c, p = self.proxied()
        text = (SAMPLES / f"{name}.yaml").read_text()
        self.kata_root.app("blog", text=text, env=ENV)
        self.kata_root.app("other", plain("other", ":9999"))
        refused = self.REFUSED.get(name)
        r = self.kata("--apply", "--json", "--reveal")
        report = r.json
        # No engine is here: services are said to be blocked, and routes that name one wait.
        blocked = any(m["app"] == "blog" and m["error"] for m in report["containers"])
        self.assertEqual(r.code, 1 if refused or blocked else 0, r)
        problems = report["problems"] + report["caddy"][0]["problems"]
        told = " ".join(f"{q['message']} {q['hint']}" for q in problems if q["app"] == "blog")
        for word in refused or ():
            self.assertIn(word, told)
        if name in self.WARNED:
            self.assertTrue(any(w in told for w in self.WARNED[name].split("|")), told)
        live = c.server("blog")
        if not blocked:
            self.assertEqual(live is None, bool(refused) or "caddy:" not in text)
        self.assertEqual(c.server("other")["@id"], mark("other"))
        if live:
            self.assertNotIn("https", live)
            self.assertEqual(live["@id"], mark("blog"))
            if not blocked:
                self.settled(p)

    def test_old_keys_are_warned_about_once(self):
        c, p = self.proxied()
        self.kata_root.app("blog", text="version: '1'\nbuild: {}\napp: {name: x}\nschedule: {}\n"
                           "instances: 3\ncloudflare: {}\nnetworks: {}\nvolumes: {}\n"
                           "caddy: {listen: [':8001']}\n")
        r = self.kata("validate", "--json", want=0).json
        warned = [(q["line"], q["severity"]) for q in r["problems"]]
        self.assertEqual(warned, [(n, "warning") for n in range(1, 7)])

    def test_unset_variable(self):
        c, p = self.proxied()
        self.kata_root.app("blog", text="caddy:\n  listen:\n    - ':$PORT'\n")
        q, = self.kata("validate", "--json", want=1).json["problems"]
        self.assertIn("PORT is not set", q["message"])
        self.assertEqual((q["line"], q["severity"]), (3, "error"))


def add_sample(name):
    def test(self):
        self.one(name)
    setattr(Samples, "test_" + name.replace("-", "_"), test)


for _file in SAMPLES.glob("*.yaml"):
    add_sample(_file.stem)


class Files(Case):
    """Wrong YAML and hostile files: a place, a sentence, in good time; nothing is touched."""

    def check(self, text, line=None, want=1, word=""):
        self.kata_root.app("blog", text=text)
        begin = time.monotonic()
        r = self.kata("validate", "--json", want=want)
        self.assertLess(time.monotonic() - begin, 5)
        found = [q for q in r.json["problems"] if q["severity"] == "error"]
        if want:
            self.assertTrue(found, r)
            self.assertTrue(all(q["message"] and q["hint"] and q["file"] for q in found), r)
            if line:
                self.assertIn(line, [q["line"] for q in found], r)
            self.assertIn(word, " ".join(q["message"] + (q["hint"] or "") for q in found), r)
        return found

    def test_wrong_yaml(self):
        for text, line in (("caddy: [\n", None), ("a: b: c\n", 1), ("x\ny: 1\n", None),
                           ("caddy:\n\tlisten: []\n", 2), ("- a\n- b\n", 1), ("just text\n", 1),
                           ("caddy: {listen: [':1']}\ncaddy: {}\n", 2), ("? {a: 1}\n: 2\n", None),
                           ("a: &x [*x]\n", None), ("a: *nosuch\n", 1), ("%YAML 9.9\n---\n", None),
                           ("", None), ("# only a comment\n", None), ("---\n...\n", None),
                           ("caddy: !!binary x\n", None), ("a: 1\n---\nb: 2\n", None),
                           ("caddy:\n  listen: [':8001']\n  routes: 7\n  errors: 8\n", 3)):
            with self.subTest(text):
                self.check(text, line)

    def test_all_at_once(self):
        text = ("caddy:\n  listen: 7\n  routes:\n    - handle:\n        - {handler: respond}\n"
                "        - {handler: file_server, headers: {}}\n    - match: {}\n"
                "  read_timeout: soon\n  nosuch: $UNSET\nbogus: 1\n")
        lines = {q["line"] for q in self.check(text)}
        self.assertTrue({2, 7, 8, 9, 10} <= lines, lines)

    def test_alias_bomb(self):
        text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
        self.check(text + "caddy: {listen: [':1'], routes: *a11}\n")

    def test_big_files(self):
        self.check("# " + "x" * 10_000_000 + "\ncaddy: {listen: [':1']}\n", word="larg")
        self.check("caddy: {routes: [" + "{}," * 3_000_000 + "]}\n")
        self.check("[" * 200_000)
        self.check("a: " + "{a: " * 100_000)

    def test_odd_bytes(self):
        for text in (b"a: \x00\n", b"a: \xff\xfe\n", b"a: \xc3\n", b"a: \xed\xa0\x80\n",
                     b"\xff\xfea\x00:\x00 \x001\x00\n\x00", b"a: \x1b[31m\n", b"\x00" * 1000):
            with self.subTest(text):
                self.check(text)

    def test_fine_bytes(self):
        caddy = b"caddy:\r\n  listen: [':8001']\r\n  automatic_https: {disable: true}\r\n"
        other = "# \u00e9\u4e2d\U0001F600\r\n".encode()
        for text in (caddy, b"\xef\xbb\xbf" + caddy, caddy + other, b"services: {}\n"):
            with self.subTest(text):
                self.check(text, want=0)

    def test_unknown_top_level_key(self):
        q, = self.check("services: {}\ncady: {}\n", line=2, word="caddy")
        self.assertEqual((q["line"], q["column"]), (2, 1))

    def test_env_file(self):
        self.kata_root.env("blog", "# x\nexport A='one two'\nB=\"a\\nb\"\n\nC=$A\nnot a line\n")
        found = self.check("caddy: {listen: [':8001']}\n", line=6)
        self.assertTrue(found[0]["file"].endswith("config/blog/ENV"))

    def test_values_cannot_change_the_structure(self):
        text = "caddy:\n  listen: [':8001']\n  routes: [{handle: [{handler: vars, x: $EVIL}]}]\n"
        self.kata_root.app("blog", text=text, env="EVIL='}], listen: [1]\n\"\\'\n'\n")
        self.kata("validate", want=0)

    def test_hashes_are_left_alone(self):
        c = self.caddy()
        hashes = ["$2a$14$" + "x" * 53, "$2b$12$" + "y" * 53,
                  "$argon2id$v=19$m=65536,t=3,p=4$c2$aA"]
        handler = {"handler": "vars", **{f"h{i}": h for i, h in enumerate(hashes)},
                   "p": "{http.a}{env.B}", "d": "$$HOME costs 5$ and $ 6"}
        text = json.dumps({"caddy": {"listen": [":8001"], "routes": [{"handle": [handler]}]}})
        self.kata_root.app("blog", text=text)
        self.apply()
        live = c.get(SERVERS + "/blog/routes/0/handle/0")
        self.assertEqual([live[f"h{i}"] for i in range(3)], hashes)
        self.assertEqual((live["p"], live["d"]), ("{http.a}{env.B}", "$HOME costs 5$ and $ 6"))

    def test_variable_types(self):
        """A plain scalar that is one variable is typed by its value; quoted or mixed is text."""
        c = self.caddy()
        self.kata_root.app("blog", text=(
            "environment: {CODE: 404, YES: true, EMPTY: '', NUMBERISH: 1.10}\n"
            "caddy:\n  listen: [':8001']\n  automatic_https: {disable: $YES}\n  routes:\n"
            "  - handle:\n    - handler: vars\n      a: $CODE\n      b: '$CODE'\n"
            "      c: x$CODE\n      d: $EMPTY\n      e: '${NUMBERISH}'\n"
            "      f: ${NO:-dflt}\n      g: ${CODE:+7}\n"))
        self.apply()
        live = c.get(SERVERS + "/blog/routes/0/handle/0")
        self.assertEqual(live, {"handler": "vars", "a": 404, "b": "404", "c": "x404", "d": "",
                                "e": "1.10", "f": "dflt", "g": 7})
        self.assertIs(c.server("blog")["automatic_https"]["disable"], True)

    def test_many_apps(self):
        """A thousand apps with a problem each: all named, in good time."""
        for i in range(1000):
            self.kata_root.app(f"app{i}", text=f"caddy: {{listen: [':{i + 1}'], routes: {i}}}\n")
        r = self.kata("validate", "--json", want=1)
        self.assertLess(r.seconds, 10)
        self.assertEqual({q["app"] for q in r.json["problems"]}, {f"app{i}" for i in range(1000)})
