"""Text from outside never reaches the terminal raw: neither names, nor values, nor answers.

Case.kata() itself checks every output of every test for control characters; here they are sent.
"""
import json
import os

import proxy
from case import SERVERS, Case, every_caddy, plain

EVIL = "\x1b[31mred\x1b]0;title\x07\x9b2J\u009b2J\x7f\b\rfake\tline\nkata-tui: done\u202egnp"
COMMANDS = (("--diff",), ("--apply",), ("ls",), ("status",), ("validate",), ("--diff", "--json"),
            ("--apply", "--json"), ("ls", "--json"), ("status", "--json"), ("validate", "--json"),
            ("--diff", "--verbose"), ("--apply", "--verbose"))


@every_caddy
class Hostile(Case):
    def everything(self, *more):
        """Runs every command; JSON must parse, and nothing may pretend to be a line of ours."""
        out = ""
        for args in COMMANDS + more:
            r = self.kata(*args)
            self.assertIn(r.code, (0, 1, 2))
            if "--json" in args:
                self.assertIsInstance(r.json, dict, r)
            else:
                self.assertNotIn("kata-tui: done", r.text.splitlines(), r)
            out += r.text
        return out

    def test_folder_names(self):
        c, p = self.proxied()
        self.kata_root.app("blog", plain("blog", ":8001"))
        for name in (b"\x1b[2J", b"new\nline", b"\xff\xfe", b"\xc2\x9b31m", b"a\tb", b"\x7f",
                     "\u202egnp".encode(), b"-rf", b"--apply", b"$(id)", b"'\"`"):
            folder = os.fsencode(self.kata_root.path / "app") + b"/" + name
            os.mkdir(folder)
            with open(folder + b"/kata-compose.yaml", "w", encoding="ascii") as f:
                f.write("caddy: {listen: [':8002']}\n")
        self.everything()
        self.assertEqual(set(c.get()), {"blog"})

    def test_values(self):
        c, p = self.proxied()
        text = json.dumps(EVIL)
        self.kata_root.app("blog", plain(EVIL, ":8001"))
        self.kata_root.app("key", text=f"caddy: {{listen: [':8002'], {text}: {text}}}\n")
        self.kata_root.app("top", text=f"{text}: 1\ncaddy: {{listen: [{text}]}}\n")
        self.kata_root.app("var", text='caddy: {listen: ["${A:?' + text[1:-1] + '}"]}\n')
        self.kata_root.app("env", plain("$BODY", ":8003"),
                           **{"environment": {"BODY": EVIL, EVIL: "x"}})
        self.everything(("config:caddy", "blog"), ("config:env", "env"), ("config:stack", "blog"),
                        ("config:stack", "top"), ("config:env", "env", "BODY"))
        self.assertEqual(c.get(SERVERS + "/blog/routes/0/handle/0/body"), EVIL)
        shown = self.kata("config:caddy", "blog", want=0)
        self.assertEqual(json.loads(shown.out)["routes"][0]["handle"][0]["body"], EVIL)
        self.kata_root.app("blog", plain(EVIL + "2", ":8001"))
        self.everything()
        self.kata_root.remove("blog")
        self.everything()

    def test_raw_control_characters_in_yaml(self):
        c, p = self.proxied()
        for i, raw in enumerate((b"\x1b[31m", b"\x00", b"\xff\xfe\xfd", b"\x07", b"\xc2\x9b")):
            self.kata_root.app(f"raw{i}", text=b"caddy:\n  listen: ['" + raw + b"']\n# " + raw)
            self.kata_root.app(f"key{i}", text=b"'" + raw + b"': 1\n")
        self.everything()
        self.assertFalse(c.get())

    def test_live_config(self):
        """What somebody else put into Caddy."""
        server = {**plain(EVIL, ":7003"), "errors": {"routes": [{"group": EVIL}]}}
        c, p = self.proxied({"for\x1b[31meign": server, "new\nline": plain("x", ":7004"),
                             "\u009b2J": plain("x", ":7005")})
        self.kata_root.app("blog", plain("blog", ":7003", ["a.test"]))
        self.kata_root.app("shop", plain("shop", ":8002"))
        self.everything()

    def test_answers(self):
        c, p = self.proxied()
        self.kata_root.app("blog", plain("blog", ":8001"))
        for body in (json.dumps({"error": EVIL}).encode(), EVIL.encode(), b"\xff\x9b31m\x00" * 50,
                     b'{"error":"' + b"\x1b[31m" * 3000 + b'"}'):
            for method in ("GET", "PUT"):
                for code in (200, 400, 500):
                    p.reset()
                    p.rule(method, proxy.answer(code, body, "text/html"), 99)
                    self.kata("--apply")
                    p.reset()
                    p.rule(method, proxy.answer(code, body), 99)
                    r = self.kata("--apply", "--json")
                    self.assertIsInstance(r.json, dict)

    def test_arguments(self):
        self.caddy()
        self.kata_root.app("blog", plain("blog", ":8001"))
        for arg in ("\x1b[31m", "a\nb", "\udcff", "x" * 5000, "../blog", "blog/..", "/etc", ""):
            for command in ("--apply", "--diff", "config:caddy", "config:env", "config:stack",
                            "validate", "help"):
                r = self.kata(command, arg)
                self.assertNotEqual(r.code, 0, r)
            self.kata("rm", "--force", arg)
            self.kata(arg or "\t", want=2)
            self.kata("--apply", admin=f"unix/{self.tmp}/{arg[:50]}no")
            self.kata("--apply", env={"KATA_OWNER": arg or "\x7f"})
        self.assertTrue(self.kata_root.file("blog").exists())
