"""Each command: what it prints, as text and as JSON, and how it exits."""
import json
import os
import pty

import sites
from caddyctl import wait_for
from case import SERVERS, Case, every_caddy, mark, plain

STACK = """# the blog
environment:
  PORT: 8001
  GREETING: hello ${NAME:-nobody}
  NAME: top
caddy:
  listen: [":$PORT"]
  automatic_https: {disable: true}
  routes:
    - handle:
        - {handler: static_response, body: "$GREETING"}
"""


SERVICES = """services:
  web:
    image: example
    environment: {NAME: service, ONLY: here}
"""

MODEL = """environment: {NAME: top}
services:
  web:
    extends: {file: base.yaml, service: base}
    runtime: own
    env_file: [{path: raw.env, format: raw}]
    environment: {NAME: service}
  off: {image: example, profiles: [rare]}
"""

BASE = """services:
  base:
    environment: {FAR: from afar, NAME: base, KEY: $TOKEN}
"""

RECIPE = """image: example
environment: {ADDED: by the runtime, FAR: not this}
"""


@every_caddy
class Commands(Case):
    fast = True
    weight = 2

    def begin(self):
        c, p = self.proxied({"foreign": plain("foreign", ":7001")})
        self.kata_root.app("blog", text=STACK, env={"NAME": "file"})
        return c, p

    # --- usage

    def test_usage(self):
        for args in ((), ("nosuch",), ("--nosuch",), ("config:caddy",), ("config:stack",),
                     ("rm",), ("help", "nosuch"), ("--root",), ("ls", "--apply"),
                     ("--diff", "--if-plan")):
            r = self.kata(*args, bare=True)
            self.assertEqual(r.code, 2, r)
            self.assertTrue(r.err or r.out, args)
            self.assertEqual(r.out if args else "", "", r)
        r = self.kata("lss", bare=True, want=2)
        self.assertIn("ls", r.err)

    def test_help_and_version(self):
        r = self.kata("help", bare=True, want=0)
        names = ("--apply", "--diff", "ls", "status", "validate", "config:stack", "config:caddy",
                 "config:env", "rm", "setup", "help", "version")
        self.assert_names(r, *names)
        for name in names:
            one = self.kata("help", name, bare=True, want=0)
            self.assertIn(name, one.out)
            self.assertEqual(one.err, "")
        self.assertEqual(self.kata("--help", bare=True, want=0).out, r.out)
        version = self.kata("version", bare=True, want=0).out
        self.assertIn("kata-tui", version)
        self.assertEqual(self.kata("--version", bare=True, want=0).out, version)

    def test_help_has_columns(self):
        for about in ((), ("compose",), ("mode",), ("deploy",), ("logs",)):
            for line in self.kata("help", *about, bare=True, want=0).out.splitlines():
                self.assertEqual(line, line.rstrip())
                if " " in line.strip():
                    self.assertLessEqual(len(line), 80, line)
        lines = self.kata("help", bare=True, want=0).out.splitlines()
        rows = [x for x in lines if x.startswith("  ") and x[2:29].strip()]
        self.assertGreater(len(rows), 25)
        for row in rows:
            if row[27:29] != "  ":  # what is told of it begins in the next line
                alone = self.kata("help", row.split()[0], bare=True, want=0).out.splitlines()
                self.assertEqual(alone[0], "usage: kata-tui " + row.strip())
                self.assertRegex(lines[lines.index(row) + 1], r"\A {29}\S")

    def test_no_root(self):
        self.caddy()
        for path in ("/nowhere/at/all", str(self.tmp / "file")):
            (self.tmp / "file").write_text("")
            for command in ("--apply", "--diff", "ls", "validate"):
                r = self.kata(command, "--root", path, bare=True, want=2)
                self.assert_names(r, path, "hint:")

    def test_root_from_the_environment(self):
        c, p = self.begin()
        path = str(self.kata_root.path)
        args = ("--diff", "--caddy", self.admin)
        self.kata(*args, bare=True, env={"KATA_ROOT": path}, want=1)
        self.kata(*args, bare=True, env={"HOME": path}, want=1)
        self.kata("--root", path, *args, bare=True, env={"KATA_ROOT": "/nowhere"}, want=1)

    # --- --diff and --apply

    def test_diff(self):
        c, p = self.begin()
        r = self.diff(want=1)
        self.assert_names(r, "blog", ":8001")
        self.diff("--quiet", want=1)
        self.assertEqual(self.apply("--dry-run", want=1).out, r.out)
        report = self.diff("--json", want=1).json
        self.assertEqual((report["command"], report["root"], report["owner"]),
                         ("diff", str(self.kata_root.path), "test"))
        caddy, = report["caddy"]
        self.assertEqual((caddy["endpoint"], caddy["result"], caddy["error"]),
                         (self.admin, "planned", None))
        change, = caddy["changes"]
        self.assertEqual((change["app"], change["op"], change["path"]),
                         ("blog", "add", SERVERS + "/blog"))
        self.assertEqual(change["after"]["listen"], [":8001"])
        self.assertEqual(p.writes, [])
        self.apply()
        self.assertEqual(self.diff().out, "")
        self.assertEqual(self.diff("--json").json["caddy"][0]["changes"], [])

    def test_diff_shows_both_sides(self):
        c, p = self.begin()
        self.apply()
        self.kata_root.app("blog", text=STACK.replace("hello", "hallo").replace("8001", "8002"))
        self.assert_names(self.diff(want=1), ":8001", ":8002", "body")
        r = self.diff("--reveal", want=1)
        self.assert_names(r, "hello file", "hallo file")
        changes = self.diff("--json", want=1).json["caddy"][0]["changes"]
        pairs = {(x["before"], x["after"]) for x in changes}
        self.assertIn((":8001", ":8002"), pairs)

    def test_apply(self):
        c, p = self.begin()
        r = self.apply()
        self.assert_names(r, "blog")
        self.assertEqual(sites.get(8001), (200, "hello file"))
        self.assertEqual(self.apply("--verbose").err, "")
        report = self.apply("--json").json
        self.assertEqual((report["command"], report["caddy"][0]["result"]), ("apply", "unchanged"))

    def test_unknown_app(self):
        c, p = self.begin()
        r = self.apply("blog", "nosuch", want=None)
        self.assertIn(r.code, (1, 2))
        self.assert_names(r, "nosuch")
        self.assertNotIn("nosuch", c.get())

    def test_cron_is_silent(self):
        c, p = self.begin()
        first = self.apply("--quiet")
        self.assertEqual(first.err, "")
        for args in ((), ("--quiet",), ("blog",)):
            r = self.apply(*args)
            self.assertEqual((r.out, r.err), ("", ""))
        self.assertEqual(len(p.writes), 1)
        # Folders that are no app yet, and files beside them, are no news either.
        (self.kata_root.path / "app" / "notes.txt").write_text("")
        self.assertEqual(self.apply().text, "")

    # --- ls, status, validate

    def test_ls(self):
        c, p = self.begin()
        self.kata_root.app("shop", plain("shop", ":8002", ["shop.test", "www.shop.test"]))
        self.kata_root.app("mail", plain("mail", ":8080", ["mail.test"]))
        self.kata_root.app("news", plain("news", ":8080", ["news.test"]))
        self.kata_root.app("gone", plain("gone", ":8003"))
        self.apply()
        self.kata_root.remove("gone")
        self.kata_root.app("shop", plain("new", ":8002", ["shop.test", "www.shop.test"]))
        self.kata_root.app("bad", text="caddy: 7\n")
        self.kata_root.folder("empty").mkdir()
        self.kata_root.app("quiet", text="services: {}\n")
        self.kata_root.app("fresh", plain("fresh", ":8004"))
        apps = {a["name"]: a for a in self.kata("ls", "--json").json["apps"]}
        self.assertEqual({n: (a["state"], a["caddy"]) for n, a in apps.items() if n != "gone"}, {
            "blog": ("valid", "in-sync"), "shop": ("valid", "drift"), "mail": ("valid", "in-sync"),
            "news": ("valid", "in-sync"), "bad": ("invalid", "none"), "empty": ("no-file", "none"),
            "quiet": ("valid", "none"), "fresh": ("valid", "missing")})
        self.assertEqual(apps["gone"]["caddy"], "leftover")
        self.assertEqual(apps["shop"]["hosts"], ["shop.test", "www.shop.test"])
        self.assertEqual((apps["blog"]["listen"], apps["blog"]["server"]), ([":8001"], "blog"))
        self.assertEqual((apps["mail"]["listen"], apps["mail"]["server"]), ([":8080"], "kata_8080"))
        text = self.kata("ls")
        self.assert_names(text, *apps, "shop.test", ":8080")
        self.assertEqual([x for x in apps if x != "gone"], sorted(set(apps) - {"gone"}))

    def test_status(self):
        c, p = self.begin()
        self.apply()
        r = self.kata("status", want=0)
        self.assert_names(r, self.admin)
        self.assertIsInstance(self.kata("status", "--json", want=0).json, dict)
        c.stop(force=True)
        self.assertEqual(self.kata("status").code, 1)

    def test_validate(self):
        c, p = self.begin()
        self.kata("validate", want=0)
        self.assertEqual(self.kata("validate", "--json", want=0).json,
                         {"valid": 1, "invalid": 0, "problems": []})
        self.kata_root.app("bad", text="caddy:\n  listen: [':8002']\n  listne: []\n  routes: 7\n")
        r = self.kata("validate", want=1)
        self.assert_names(r, "bad/kata-compose.yaml:3:3", "bad/kata-compose.yaml:4:", "listne")
        report = self.kata("validate", "--json", want=1).json
        self.assertEqual((report["valid"], report["invalid"]), (1, 1))
        self.assertEqual([q["line"] for q in report["problems"]], [3, 4])
        self.kata("validate", "blog", want=0)
        self.assertEqual(p.log, [], "validate needs no Caddy")

    # --- config:*

    def test_config_stack(self):
        self.begin()
        self.assertEqual(self.kata("config:stack", "blog", want=0).out, STACK)
        self.assertNotEqual(self.kata("config:stack", "nosuch").code, 0)

    def test_config_caddy(self):
        c, p = self.begin()
        r = self.kata("config:caddy", "blog")
        self.assertNotEqual(r.code, 0)
        self.assertIn("blog", r.err)
        self.apply()
        shown = json.loads(self.kata("config:caddy", "blog", "--reveal", want=0).out)
        live = c.server("blog")
        self.assertEqual(live.pop("@id"), mark("blog"))
        self.assertEqual(shown, live)
        raw = self.kata("config:caddy", "blog", "--raw", want=0).out
        self.assertIn(mark("blog"), raw)
        self.assertIn(SERVERS + "/blog", raw)

    def test_config_env(self):
        self.begin()
        report = self.kata("config:env", "blog", "--json", want=0).json
        self.assertEqual(report["app"], "blog")
        values = {v["name"]: v for v in report["variables"]}
        root = str(self.kata_root.path)
        for name, value in (("APP_ROOT", f"{root}/app/blog"), ("DATA_ROOT", f"{root}/data/blog"),
                            ("CONFIG_ROOT", f"{root}/config/blog"), ("PORT", "8001"),
                            ("BIND_ADDRESS", "127.0.0.1"), ("PUID", str(os.getuid()))):
            self.assertEqual((values[name]["value"], values[name]["secret"]), (value, False), name)
        self.assertEqual((values["NAME"]["layer"], values["NAME"]["secret"]), ("ENV", True))
        self.assertEqual(values["NAME"]["overrides"], [{"layer": "environment", "value": "top"}])
        self.assertNotIn("file", json.dumps(values["GREETING"]["value"]))
        shown = self.kata("config:env", "blog", "NAME", "--reveal", want=0)
        self.assert_names(shown, "file", "ENV", "environment", "top")
        r = self.kata("config:env", "blog", "NOSUCH")
        self.assertEqual(r.code, 1)
        self.assertIn("NOSUCH", r.err)

    def test_config_env_of_a_service(self):
        self.begin()
        self.kata_root.app("blog", text=STACK + SERVICES, env={"NAME": "file"})
        report = self.kata("config:env", "blog", "--service", "web", "--json", want=0).json
        values = {v["name"]: v for v in report["variables"]}
        self.assertEqual((values["NAME"]["value"], values["NAME"]["secret"]), ("service", False))
        self.assertEqual([x["layer"] for x in values["NAME"]["overrides"]], ["ENV", "environment"])
        self.assertEqual(values["ONLY"]["value"], "here")
        self.assertNotEqual(self.kata("config:env", "blog", "--service", "nosuch").code, 0)

    def test_config_env_knows_the_model(self):
        """What other files and services bring is what the container gets."""
        self.begin()
        self.kata_root.app("blog", text=MODEL, env={"TOKEN": "xy"})
        folder = self.kata_root.folder("blog")
        (folder / "base.yaml").write_text(BASE)
        (folder / "raw.env").write_text("RAW='as it is' # $NAME\n")
        (self.kata_root.path / ".kata/runtimes/own").mkdir(parents=True)
        (self.kata_root.path / ".kata/runtimes/own/recipe.yaml").write_text(RECIPE)
        web = ("config:env", "blog", "--service", "web")
        values = {v["name"]: v for v in self.kata(*web, "--json", want=0).json["variables"]}
        self.assertEqual({n: (values[n]["value"], values[n]["layer"]) for n in (
            "FAR", "NAME", "RAW", "KEY", "ADDED", "PUID")}, {
            "FAR": ("from afar", "service"), "NAME": ("service", "service"),
            "RAW": ("'as it is' # $NAME", "env_file"), "KEY": ("***", "service"),
            "ADDED": ("by the runtime", "runtime"), "PUID": (str(os.getuid()), "base")})
        self.assertEqual(values["NAME"]["overrides"], [{"layer": "environment", "value": "top"}])
        self.assertEqual(sorted(values), list(values))
        self.assertIn("KEY=xy", self.kata(*web, "KEY", "--reveal", want=0).out)
        off = self.kata("config:env", "blog", "--service", "off", want=1)
        self.assert_names(off, "off", "x-kata-profiles")
        # Nor is what extends brings shown in the generated file.
        r = self.kata("config:docker", "blog", "--docker", "unix:///nowhere", want=1)
        self.assertIn('KEY: "***"', r.out)

    # --- rm and setup

    def folders(self, name="blog"):
        return sorted(x.name for x in self.kata_root.path.iterdir()
                      if x.name != ".kata" and (x / name).exists())

    def begin_rm(self):
        c, p = self.begin()
        for part in ("data", "envs", "logs", "repos"):
            (self.kata_root.path / part / "blog").mkdir(parents=True)
            (self.kata_root.path / part / "blog" / "x").write_text("x")
        (self.kata_root.path / "app/blog/link").symlink_to(self.tmp)
        (self.tmp / "precious").write_text("x")
        self.kata_root.app("other", plain("other", ":8002"))
        self.apply()
        return c

    def test_rm_asks(self):
        c = self.begin_rm()
        for answer in (b"", b"n\n", b"blo\n"):
            self.assertNotEqual(self.kata("rm", "blog", stdin=answer).code, 0)
        self.assertEqual(sites.get(8001), (200, "hello file"))
        self.assertEqual(len(self.folders()), 6)

    def test_rm_on_a_terminal(self):
        c = self.begin_rm()
        code, text = self.on_terminal(["rm", "blog"], b"y\n")
        self.assertEqual((code, "blog" in text), (0, True), text)
        self.assertEqual(set(c.get()), {"foreign", "other"})

    def on_terminal(self, args, answer):
        pid, fd = pty.fork()
        if pid == 0:
            argv = self.command(args, None, None)
            os.execve(argv[0], argv, self.environment(None))
        out, asked = b"", False
        try:
            while True:
                out += os.read(fd, 4096)
                if not asked and out.rstrip().endswith((b"]", b"?", b":")):
                    os.write(fd, answer)
                    asked = True
        except OSError:
            pass
        os.close(fd)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), out.decode()

    def test_rm_force(self):
        c = self.begin_rm()
        self.kata("rm", "blog", "--dry-run", "--force")
        self.assertEqual(len(self.folders()), 6)
        self.kata("rm", "blog", "--force", want=0)
        self.assertEqual(set(c.get()), {"foreign", "other"})
        self.assertEqual(self.folders(), ["config", "data"])
        self.assertTrue((self.tmp / "precious").exists(), "links are not followed")
        self.assertTrue(self.kata_root.file("other").exists())

    def test_rm_wipe(self):
        c = self.begin_rm()
        self.kata("rm", "blog", "--force", "--wipe", want=0)
        self.assertEqual(self.folders(), [])

    def test_rm_with_caddy_down(self):
        """Routes first: while they cannot be removed, nothing is."""
        c = self.begin_rm()
        c.stop(force=True)
        self.kata("rm", "blog", "--force", want=1)
        self.assertEqual(len(self.folders()), 6)

    def test_rm_unknown(self):
        self.begin_rm()
        for name in ("nosuch", "..", ".", "../app/blog", "blog/", "foreign"):
            self.assertNotEqual(self.kata("rm", "--force", name).code, 0, name)
        self.assertEqual(len(self.folders()), 6)

    def test_setup(self):
        root = self.tmp / "fresh"
        for _ in range(2):
            self.kata("setup", "--root", str(root), bare=True, want=0)
        names = {x.name for x in root.iterdir()}
        self.assertTrue({"app", "data", "config", "envs", "logs", "repos", ".kata"} <= names, names)
        self.assertEqual((root / ".kata").stat().st_mode & 0o777, 0o700)
        self.caddy()
        self.kata("--apply", "--root", str(root), "--caddy", self.admin, bare=True, want=0)

    def test_closed_output(self):
        """A reader that goes away (| head) is no crash."""
        self.begin()
        argv = self.command(["ls"], None, None)
        script = " ".join(f"'{a}'" for a in argv) + " | true; exit ${PIPESTATUS[0]}"
        run = self.child(["bash", "-c", script], env=self.environment(None))
        wait_for(lambda: run.poll() is not None, "the pipe to end", 10)
        self.assertIn(run.returncode, (0, 1, 141))
