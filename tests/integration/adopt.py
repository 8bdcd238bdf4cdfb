"""adopt: what somebody changed in Caddy goes into the app's file, and into nothing else."""
import json
import os
import pty
import subprocess

import netns
from case import SERVERS, Case, every_caddy, mark, plain
from enginecase import EngineCase, every_engine

SECRET = "s3cr3t-0f-blog"
HANDLER = SERVERS + "/blog/routes/0/handle/0"
FILE = """\
# blog, by hand
environment:
  PORT: 8001   # its port

caddy:
  # where it listens
  listen: [":$PORT"]
  automatic_https: {disable: true}
  routes:
    - handle:
        - handler: static_response
          body: hello
          headers:
            X-Token: [$TOKEN]

# the end
x-note: "  kept  "
"""
ADOPTED = """\
# blog, by hand
environment:
  PORT: 8001   # its port

caddy:
  listen:
    - ":$PORT"
  routes:
    - handle:
        - body: tampered
          handler: static_response
          headers:
            X-Token:
              - $TOKEN
  automatic_https:
    disable: true

# the end
x-note: "  kept  "
"""


@every_caddy
class Adopt(Case):
    fast = True
    weight = 3

    def begin(self, text=FILE):
        """blog is live; then somebody changes its body."""
        c, p = self.proxied({"foreign": plain("foreign", ":7001")})
        self.kata_root.app("blog", text=text, env={"TOKEN": SECRET})
        self.apply()
        c.send("PATCH", HANDLER + "/body", "tampered")
        p.reset()
        return c, p

    def text(self, name="blog"):
        return self.kata_root.file(name).read_text()

    def refused(self, *args, want=1, names=()):
        """Says why, and changes neither the file nor Caddy."""
        before = self.kata_root.file("blog").read_bytes()
        r = self.kata("adopt", "blog", *args, want=want)
        self.assert_names(r, *names)
        self.assertEqual(self.kata_root.file("blog").read_bytes(), before)
        self.assertNotIn(SECRET, r.text, r)
        return r

    # --- what it does

    def test_change_is_taken_over(self):
        c, p = self.begin()
        self.kata_root.file("blog").chmod(0o640)
        live = c.raw(SERVERS)
        r = self.kata("adopt", "blog", "--force", want=0)
        self.assertIn('~ blog  routes/0/handle/0/body  "hello" -> "tampered"', r.out)
        self.assertNotIn(SECRET, r.text)
        self.assertEqual(self.text(), ADOPTED)
        self.assertEqual(self.kata_root.file("blog").stat().st_mode & 0o7777, 0o640)
        self.assertEqual(os.listdir(self.kata_root.folder("blog")), ["kata-compose.yaml"])
        self.assertEqual(p.writes, [])
        self.settled(p)
        self.assertEqual(c.raw(SERVERS), live)
        r = self.kata("adopt", "blog", want=0)
        self.assertIn("nothing to do", r.out)
        self.assertEqual(self.text(), ADOPTED)

    def test_file_without_a_block(self):
        c, p = self.begin()
        self.kata_root.app("blog", text="# nothing\nenvironment: {}\r\n")
        self.kata("adopt", "blog", "--force", want=1)  # the token
        c.send("DELETE", HANDLER + "/headers")
        self.kata("adopt", "blog", "--force", want=0)
        self.assertTrue(self.text().startswith("# nothing\nenvironment: {}\n"))
        self.settled(p)

    def test_all_of_an_odd_block(self):
        """Route order, numbers, texts with dollars and of several lines."""
        c, p = self.begin()
        c.send("PUT", SERVERS + "/blog/routes/0", {
            "match": [{"path": ["/cost/*"]}], "terminal": True,
            "handle": [{"handler": "static_response", "status_code": "201",
                        "body": "$5 or $PORT or ${PORT}\n# no comment\n  {http.request.uri}\n",
                        "headers": {"X-A": ["yes", "1.10", "*", "a: b", "it's \"so\""]}}]})
        c.send("PUT", SERVERS + "/blog/read_timeout", 1500000000)
        self.kata("adopt", "blog", "--force", want=0)
        self.assertIn("- $TOKEN\n", self.text())
        self.assertNotIn(SECRET, self.text())
        self.settled(p)

    def test_shared_server(self):
        c, p = self.proxied()
        for name in ("alpha", "beta"):
            self.kata_root.app(name, plain(name, ":8080", [f"{name}.test"]))
        self.apply()
        route = "/id/" + mark("beta", "8080")
        path = route + "/handle/0/routes/0/handle/0/body"
        c.send("PATCH", path, "other")
        before = self.text("alpha")
        r = self.kata("adopt", "beta", "--force", want=0)
        self.assertIn('"beta" -> "other"', r.out)
        self.assertEqual(self.text("alpha"), before)
        self.settled(p)

    def test_attached(self):
        c, p = self.proxied({"srv0": plain("foreign", ":8080")})
        self.kata_root.app("blog", {"routes": plain("a", None, ["blog.test"])["routes"]},
                           **{"x-kata-server": "srv0"})
        self.apply()
        routes = c.get(SERVERS + "/srv0/routes")
        at = next(i for i, x in enumerate(routes) if "@id" in x)
        c.send("PATCH", f"{SERVERS}/srv0/routes/{at}/handle/0/routes/0/handle/0/body", "b")
        self.kata("adopt", "blog", "--force", want=0)
        self.assertIn("body: b\n", self.text())
        self.settled(p)

    def test_names_of_services_without_docker(self):
        """What stands for them cannot be told, so they stay; a dial of another kind is taken."""
        c, p = self.proxied()
        proxy = {"handler": "reverse_proxy", "upstreams": [{"dial": "web:8000"}]}
        server = {"listen": [":8001"], "automatic_https": {"disable": True}, "routes": [
            {"match": [{"path": ["/a/*"]}], "handle": [proxy]},
            {"handle": [{"handler": "reverse_proxy", "upstreams": [{"dial": "127.0.0.1:9"}]}]}]}
        self.kata_root.app("blog", server, services={"web": {"image": "bb"}})
        live = json.loads(json.dumps({**server, "@id": mark("blog")}))
        live["routes"][0]["handle"][0]["upstreams"] = [{"dial": "10.0.0.5:8000"}]
        live["routes"][1]["handle"][0]["upstreams"] = [{"dial": "127.0.0.1:10"}]
        c.send("PUT", SERVERS + "/blog", live)
        docker = ("--docker", f"unix://{self.tmp}/none.sock")
        r = self.kata("adopt", "blog", "--force", *docker, want=0)
        self.assertIn("stay names", r.err)
        self.assertIn("dial: web:8000\n", self.text())
        self.assertIn('dial: "127.0.0.1:10"\n', self.text())
        self.assertNotIn("10.0.0.5", self.text())
        r = self.kata("adopt", "blog", *docker, want=0)
        self.assertIn("nothing to do", r.out)

    # --- looking only

    def test_dry_run(self):
        self.begin()
        r = self.refused("--dry-run", want=0)
        self.assertEqual(r.out.strip(), ADOPTED[ADOPTED.index("caddy:"):ADOPTED.index("\n\n# the")])
        r = self.refused("-n", "--json", want=0)
        self.assertEqual(r.json["result"], "planned")
        self.assertEqual(r.json["file"], "app/blog/kata-compose.yaml")
        self.assertEqual(r.json["changes"], [{
            "op": "change", "path": "routes/0/handle/0/body", "before": "hello",
            "after": "tampered"}])
        self.assertIn("body: tampered\n", r.json["block"])

    def test_json(self):
        c, p = self.begin()
        self.refused("--json", want=2, names=["--force"])
        r = self.kata("adopt", "blog", "--json", "--force", want=0)
        self.assertEqual(r.json["result"], "adopted")
        self.assertEqual(self.text(), ADOPTED)
        r = self.kata("adopt", "blog", "--json", want=0)
        self.assertEqual((r.json["result"], r.json["changes"]), ("unchanged", []))

    def test_asks_on_a_terminal(self):
        self.begin()
        self.refused(want=2, names=["--force"])
        for answer, code, after in ((b"n\n", 1, FILE), (b"y\n", 0, ADOPTED)):
            ours, theirs = pty.openpty()
            child = subprocess.Popen(
                self.command(("adopt", "blog"), None, None), stdin=theirs, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, env=self.environment(None),
                preexec_fn=netns.child_setup)
            os.close(theirs)
            os.write(ours, answer)
            out = child.communicate(timeout=60)[0].decode()
            os.close(ours)
            self.assertEqual(child.returncode, code, out)
            self.assertIn('"hello" -> "tampered"', out)
            self.assertIn("[y/N]", out)
            self.assertEqual(self.text(), after)

    # --- what cannot be

    def test_secret_elsewhere(self):
        c, p = self.begin()
        c.send("PATCH", HANDLER + "/body", "token " + SECRET)
        self.refused("--force", names=["routes/0/handle/0/body", "TOKEN", "${TOKEN}"])
        self.refused("--force", "--json", names=["routes/0/handle/0/body"])
        self.kata_root.app("blog", text=FILE.replace("body: hello", "body: token $TOKEN"))
        self.assertIn("nothing to do", self.kata("adopt", "blog", want=0).out)

    def test_nothing_live(self):
        self.begin()
        self.kata_root.app("other", plain("other", ":8002"))
        self.assert_names(self.kata("adopt", "other", "--force", want=1), "nothing of it is live")
        self.assert_names(self.kata("adopt", "blgo", "--force", want=2), "did you mean blog")

    def test_caddy_down(self):
        c, p = self.begin()
        c.stop(True)
        p.close()
        self.refused("--force", names=["hint"])

    def test_invalid_file(self):
        self.begin()
        for text in (FILE + "caddy: {}\n", FILE.replace("$PORT", "$PROT"), "caddy: [\n"):
            self.kata_root.app("blog", text=text)
            self.refused("--force", names=["kata-compose.yaml:"])
        self.kata_root.file("blog").unlink()
        self.assert_names(self.kata("adopt", "blog", want=1), "no kata-compose.yaml")

    def test_link(self):
        c, p = self.begin()
        real = self.tmp / "real.yaml"
        self.kata_root.file("blog").rename(real)
        self.kata_root.file("blog").symlink_to(real)
        self.refused("--force", names=["link"])
        self.assertTrue(self.kata_root.file("blog").is_symlink())

    def test_file_of_another_user(self):
        self.begin()
        if os.geteuid() != 0:
            self.skipTest("only root can give a file away")
        os.chown(self.kata_root.file("blog"), 12345, 23456)
        self.kata("adopt", "blog", "--force", want=0)
        st = self.kata_root.file("blog").stat()
        self.assertEqual((st.st_uid, st.st_gid), (12345, 23456))

    def test_lock_of_another_run(self):
        self.begin()
        locks = self.kata_root.path / ".kata/locks"
        locks.mkdir(mode=0o700, parents=True, exist_ok=True)
        holder = self.child(["flock", locks / "blog", "sh", "-c", "echo up; exec sleep 100"],
                            stdout=subprocess.PIPE)
        self.assertEqual(holder.stdout.readline(), b"up\n")
        self.refused("--force", names=["another run"])

    def test_file_changed_while_asking(self):
        self.begin()
        ours, theirs = pty.openpty()
        child = subprocess.Popen(
            self.command(("adopt", "blog"), None, None), stdin=theirs, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, env=self.environment(None), preexec_fn=netns.child_setup)
        os.close(theirs)
        shown = b""
        while b"[y/N]" not in shown:
            shown += os.read(child.stdout.fileno(), 4096)
        self.kata_root.app("blog", text=FILE + "# by an editor\n")
        os.write(ours, b"y\n")
        out = child.communicate(timeout=60)[0].decode()
        os.close(ours)
        self.assertEqual(child.returncode, 1, out)
        self.assertIn("meanwhile", out)
        self.assertEqual(self.text(), FILE + "# by an editor\n")

    def test_fleet(self):
        """All members must hold the same; else one has to be named."""
        c, d = self.caddy(), self.caddy()
        both = [c.address, d.address]
        self.kata_root.app("blog", {"listen": ["unix/{env.HOME}/blog.sock"],
                                    "routes": plain("hello", ":1")["routes"]})
        before = self.text()
        self.apply(admin=both)
        c.send("PATCH", HANDLER + "/body", "tampered")
        r = self.kata("adopt", "blog", "--force", admin=both, want=1)
        self.assert_names(r, "--caddy")
        self.assertEqual(self.text(), before)
        d.send("PATCH", HANDLER + "/body", "tampered")
        self.kata("adopt", "blog", "--force", admin=both, want=0)
        self.assertIn("body: tampered\n", self.text())
        self.diff(admin=both)
        d.stop(True)
        self.kata("adopt", "blog", "--force", admin=both, want=1)


@every_engine
class AdoptNames(EngineCase):
    """With an engine that tells what stands for a service's name."""
    weight = 5

    def test_known_addresses_stay_names(self):
        c = self.caddy()
        routes = [{"match": [{"path": ["/a"]}], "handle": [
            {"handler": "reverse_proxy", "upstreams": [{"dial": "web:8000"}]}]}]
        self.kata_root.app("shop", {"listen": [":8001"], "routes": routes,
                                    "automatic_https": {"disable": True}},
                           **{"x-kata-mode": "compose", "services": {"web": {"image": "web"}}})
        self.deploy("shop")
        self.kata("scale", "shop", "web=2", want=0)
        handler = SERVERS + "/shop/routes/0/handle/0"
        self.assertEqual(len(c.get(handler + "/upstreams")), 2)
        c.send("POST", handler + "/upstreams", {"dial": "127.0.0.1:9"})
        c.send("PUT", SERVERS + "/shop/routes/0", {"match": [{"path": ["/b"]}], "handle": [
            {"handler": "static_response", "body": "b"}]})
        r = self.unwritten("adopt", "shop", "--force")
        text = self.kata_root.file("shop").read_text()
        self.assertIn("- dial: web:8000\n            - dial: \"127.0.0.1:9\"\n", text, r)
        self.assertNotIn("not known", r.err)
        before = c.raw(SERVERS)
        self.diff("shop")
        self.unwritten("--apply", "shop")
        self.assertEqual(c.raw(SERVERS), before)
