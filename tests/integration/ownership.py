"""What is ours, what is not, and what may be removed on which evidence."""
import json
import shutil

import sites
from case import SERVERS, Case, every_caddy, mark, plain, servers_without


@every_caddy
class Ownership(Case):
    fast = True
    weight = 2

    def begin(self, **servers):
        """blog live and ours, beside foreign servers."""
        c, p = self.proxied({"foreign": plain("foreign", ":7001"), **servers})
        self.kata_root.app("blog", plain("blog", ":8001"))
        self.apply("blog")
        p.reset()
        return c, p

    def stays(self, c, p, *args, want=1):
        """An apply that says something, changes nothing, and keeps blog serving."""
        before = c.raw("/config/")
        r = self.apply(*args, want=want)
        self.assertEqual(c.raw("/config/"), before)
        self.assertEqual(sites.get(8001), (200, "blog"))
        return r

    # --- marks and adoption

    def test_mark(self):
        c, p = self.begin()
        self.assertEqual(c.server("blog")["@id"], mark("blog"))
        self.assertEqual(json.loads(c.raw("/id/" + mark("blog")))["listen"], [":8001"])

    def test_owner_without_name_is_kept(self):
        """No KATA_OWNER: the owner is made once, the same again when its file is lost."""
        c, p = self.proxied()
        self.kata_root.app("blog", plain("blog", ":8001"))
        self.apply(env={"KATA_OWNER": None})
        owner = (self.kata_root.path / ".kata/owner").read_text().strip()
        self.assertEqual(c.server("blog")["@id"], f"kata:{owner}:blog")
        self.assertEqual((self.kata_root.path / ".kata").stat().st_mode & 0o777, 0o700)
        shutil.rmtree(self.kata_root.path / ".kata")
        self.settled(p, env={"KATA_OWNER": None})

    def test_equal_unmarked_server_is_adopted(self):
        c, p = self.proxied({"blog": plain("blog", ":8001")})
        self.kata_root.app("blog", plain("blog", ":8001"))
        self.apply()
        self.assertEqual(c.server("blog"), {**plain("blog", ":8001"), "@id": mark("blog")})
        self.settled(p)

    def test_differing_unmarked_server_needs_adopt(self):
        c, p = self.begin(srv0=plain("someone's", ":8080"))
        self.kata_root.app("srv0", plain("ours", ":8080"))
        r = self.stays(c, p)
        self.assert_names(r, "srv0", "--adopt")
        self.assertEqual(p.writes, [])
        self.assertEqual(self.diff(want=2).code, 2)
        self.apply("--adopt", "srv0")
        self.assertEqual(c.server("srv0"), {**plain("ours", ":8080"), "@id": mark("srv0")})
        self.settled(p)

    def test_server_of_another_owner(self):
        c, p = self.begin(shop={**plain("theirs", ":8010"), "@id": "kata:other:shop"})
        self.kata_root.app("shop", plain("ours", ":8010"))
        r = self.stays(c, p)
        self.assert_names(r, "shop", "other")

    def test_own_server_that_was_changed_is_set_right(self):
        c, p = self.begin()
        c.send("PATCH", SERVERS + "/blog/routes/0/handle/0/body", "tampered")
        self.assertIn("tampered", self.diff(want=1).out)
        self.apply()
        self.assertEqual(sites.get(8001), (200, "blog"))
        c.send("DELETE", SERVERS + "/blog/@id")
        self.apply()
        self.assertEqual(c.server("blog")["@id"], mark("blog"))
        self.settled(p)

    def test_wiped_by_a_caddyfile(self):
        c, p = self.begin()
        first = json.loads(json.dumps(c.first))
        first["apps"]["http"] = {"servers": {"srv0": plain("from the Caddyfile", ":8080")}}
        c.send("POST", "/load", first)
        self.assertEqual(set(c.get()), {"srv0"})
        self.apply()
        self.assertEqual(sites.get(8001), (200, "blog"))
        self.assertEqual(sites.get(8080), (200, "from the Caddyfile"))
        self.settled(p)

    # --- removal, and what is no evidence for it

    def test_folder_gone_from_a_complete_listing(self):
        c, p = self.begin()
        self.kata_root.app("other", plain("other", ":8002"))
        self.kata_root.remove("blog")
        self.apply()
        self.assertEqual(set(c.get()), {"foreign", "other"})
        self.settled(p)

    def test_valid_file_without_caddy(self):
        c, p = self.begin()
        self.kata_root.app("blog", text="services: {}\n")
        self.apply()
        self.assertEqual(set(c.get()), {"foreign"})
        self.settled(p)

    def test_foreign_and_other_owners_are_never_removed(self):
        other = {**plain("theirs", ":8010"), "@id": "kata:other:shop"}
        odd = {**plain("odd", ":8011"), "@id": "kata:test2:blog"}
        c, p = self.begin(shop=other, odd=odd)
        before = servers_without(c.get("/config/"), "blog")
        self.kata_root.remove("blog")
        self.apply("--allow-empty")
        self.assertEqual(c.get("/config/"), before)

    def test_not_one_app(self):
        """An empty app folder (an unmounted disk) removes nothing unless told so."""
        c, p = self.begin()
        self.kata_root.remove("blog")
        r = self.stays(c, p)
        self.assert_names(r, "--allow-empty")
        self.assertEqual(p.writes, [])
        self.apply("--allow-empty")
        self.assertEqual(set(c.get()), {"foreign"})

    def test_app_folder_missing(self):
        c, p = self.begin()
        shutil.rmtree(self.kata_root.path / "app")
        self.stays(c, p, want=2)
        self.stays(c, p, "--allow-empty", want=2)
        self.assertEqual(p.writes, [])

    def test_app_folder_unreadable(self):
        c, p = self.begin()
        folder = self.kata_root.path / "app"
        folder.chmod(0)
        self.addCleanup(folder.chmod, 0o755)
        for args in (("--apply",), ("--apply", "--allow-empty"), ("--diff",), ("ls",)):
            r = self.kata(*args, obey_modes=True, want=2)
            self.assert_names(r, "app")
        self.assertEqual(p.writes, [])

    def test_folder_without_a_file(self):
        c, p = self.begin()
        self.kata_root.app("other", plain("other", ":8002"))
        self.kata_root.file("blog").unlink()
        r = self.kata("--apply")
        self.assert_names(r, "blog")
        self.assertEqual(set(c.get()), {"foreign", "blog", "other"})
        self.assertEqual(sites.get(8001), (200, "blog"))

    def test_invalid_file(self):
        c, p = self.begin()
        self.kata_root.app("other", plain("other", ":8002"))
        self.kata_root.app("blog", text="caddy: {listen: [:8001\n")
        r = self.apply(want=1)
        self.assert_names(r, "blog/kata-compose.yaml:")
        self.assertEqual(sites.get(8001), (200, "blog"))
        self.assertEqual(sites.get(8002), (200, "other"))

    def test_unreadable_file(self):
        c, p = self.begin()
        self.kata_root.file("blog").chmod(0)
        r = self.apply(want=1, obey_modes=True)
        self.assert_names(r, "blog")
        self.assertEqual(set(c.get()), {"foreign", "blog"})

    def test_dangling_links(self):
        """The file, and then the folder, is a link to nowhere."""
        c, p = self.begin()
        self.kata_root.app("other", plain("other", ":8002"))
        self.apply()
        self.kata_root.file("blog").unlink()
        self.kata_root.file("blog").symlink_to("/nowhere/at/all")
        self.kata("--apply")
        self.assertEqual(set(c.get()), {"foreign", "blog", "other"})
        self.kata_root.remove("blog")
        self.kata_root.folder("blog").symlink_to("/nowhere/at/all")
        r = self.kata("--apply")
        self.assert_names(r, "blog")
        self.assertEqual(set(c.get()), {"foreign", "blog", "other"})

    def test_linked_folder_is_an_app(self):
        c, p = self.begin()
        place = self.tmp / "elsewhere"
        self.kata_root.folder("blog").rename(place)
        self.kata_root.folder("blog").symlink_to(place)
        self.settled(p)

    def test_unreadable_app_folder_of_one(self):
        c, p = self.begin()
        self.kata_root.app("other", plain("other", ":8002"))
        self.kata_root.folder("blog").chmod(0)
        self.addCleanup(self.kata_root.folder("blog").chmod, 0o755)
        r = self.apply(want=1, obey_modes=True)
        self.assert_names(r, "blog")
        self.assertEqual(set(c.get()), {"foreign", "blog", "other"})

    def test_secret_environment_unreadable(self):
        """An ENV that cannot be read is not an empty one."""
        c, p = self.proxied()
        server = plain("$BODY", ":8001")
        text = json.dumps({"caddy": server, "environment": {"BODY": "default"}})
        self.kata_root.app("blog", text=text, env={"BODY": "secret"})
        self.apply()
        env = self.kata_root.path / "config/blog/ENV"
        env.chmod(0)
        r = self.apply(want=1, obey_modes=True)
        self.assert_names(r, "blog", "ENV")
        self.assertEqual(sites.get(8001), (200, "secret"))

    def test_names_that_are_no_app_names(self):
        c, p = self.begin()
        names = ("Blog", "kata_8080", "-x", "a b", "x" * 64, ".hidden", "b\u00f6g")
        for i, name in enumerate(names):
            self.kata_root.app(name, plain("x", f":82{i:02}"))
        self.kata("--apply")
        self.assertEqual(set(c.get()), {"foreign", "blog"})
        listed = {a["name"]: a for a in self.kata("ls", "--json").json["apps"]}
        for name in names:
            if not name.startswith("."):
                self.assertEqual(listed[name]["state"], "bad-name", name)

    def test_a_file_among_the_folders(self):
        c, p = self.begin()
        (self.kata_root.path / "app" / "readme").write_text("not an app\n")
        self.settled(p)

    def test_two_marks_of_one_app(self):
        """A copy of our server under another name, made by somebody, is not served twice by us."""
        c, p = self.begin()
        copy = plain("copy", ":8003")
        c.send("PUT", SERVERS + "/copy", copy)
        self.settled(p)
        self.assertEqual(c.server("copy"), copy)


@every_caddy
class Owners(Case):
    """Two KATA_ROOTs on one Caddy."""

    def begin(self):
        c, p = self.proxied()
        roots = {o: self.new_root(o) for o in ("one", "two")}
        return c, p, roots

    def run_as(self, owner, root, *args, want=0):
        return self.kata(*args, root=root, env={"KATA_OWNER": owner}, want=want)

    def test_neither_touches_the_other(self):
        c, p, roots = self.begin()
        for n, (owner, root) in enumerate(roots.items()):
            root.app(f"app{n}", plain(owner, f":810{n}"))
            root.app(f"host{n}", plain(owner, f":811{n}", ["h.test"]))
            self.run_as(owner, root, "--apply")
        for owner, root in roots.items():
            self.run_as(owner, root, "--diff")
        theirs = {k: c.raw(f"{SERVERS}/{k}") for k in ("app1", "host1")}
        for name in ("app0", "host0"):
            roots["one"].remove(name)
        self.run_as("one", roots["one"], "--apply", "--allow-empty")
        self.assertEqual(set(c.get()), {"app1", "host1"})
        for k, raw in theirs.items():
            self.assertEqual(c.raw(f"{SERVERS}/{k}"), raw)

    def test_one_name_twice(self):
        c, p, roots = self.begin()
        roots["one"].app("blog", plain("one", ":8101"))
        roots["two"].app("blog", plain("two", ":8102"))
        roots["two"].app("shop", plain("shop", ":8103"))
        self.run_as("one", roots["one"], "--apply")
        r = self.run_as("two", roots["two"], "--apply", want=1)
        self.assert_names(r, "blog", "one")
        self.assertEqual(sites.get(8101), (200, "one"))
        self.assertEqual(sites.get(8103), (200, "shop"))
        self.run_as("one", roots["one"], "--diff")

    def test_one_address_twice(self):
        c, p, roots = self.begin()
        for owner, root in roots.items():
            root.app(f"{owner}a", plain(f"{owner}a", ":8080", [f"{owner}a.test"]))
            root.app(f"{owner}b", plain(f"{owner}b", ":8080", [f"{owner}b.test"]))
        self.run_as("one", roots["one"], "--apply")
        before = c.raw("/config/")
        r = self.run_as("two", roots["two"], "--apply", want=1)
        self.assert_names(r, "twoa", "twob")
        self.assertEqual(c.raw("/config/"), before)
        self.assertEqual(sites.get(8080, "onea.test"), (200, "onea"))
