"""kill -9 of the program at any moment leaves a state that the next apply completes."""
import os
import random
import signal
import time

from case import SERVERS, Case, every_caddy, mark, plain

TIMES = int(os.environ.get("KATA_KILLS", "200"))


@every_caddy
class Kill(Case):
    weight = 15

    def lay_out(self, n):
        """State n of the files: own and shared servers that come, change, move and go."""
        names = [f"app{i}" for i in range(6)]
        for i, name in enumerate(names):
            if (n + i) % 4 == 0:
                if self.kata_root.folder(name).exists():
                    self.kata_root.remove(name)
            elif (n + i) % 3 == 0:
                self.kata_root.app(name, plain(f"{name} {n}", ":8080", [f"{name}.test"]))
            else:
                self.kata_root.app(name, plain(f"{name} {n}", f":81{i:02}"))
        self.kata_root.app("stay", plain("stay", ":8200"))

    def foreign(self, c):
        config = c.get("/config/")
        servers = config["apps"]["http"]["servers"]
        for name in [k for k, v in servers.items()
                     if str(v.get("@id", "")).startswith(mark(""))]:
            servers.pop(name)
        return config

    def test_kill_at_random(self):
        rng = random.Random(os.environ.get("KATA_SEED", "kata"))
        c, p = self.proxied({"foreign": plain("foreign", ":7001")})
        self.lay_out(0)
        usual = self.apply().seconds
        before = self.foreign(c)
        foreign = c.raw(SERVERS + "/foreign")
        killed = 0
        for n in range(1, TIMES + 1):
            self.lay_out(n)
            run = self.start_kata("--apply")
            time.sleep(rng.random() * usual)  # the moment is what is tested
            run.kill()
            killed += run.wait() == -signal.SIGKILL
            self.assertEqual(c.raw(SERVERS + "/foreign"), foreign)
            if n % 5 == 0 or n == TIMES:
                usual = self.apply().seconds
                self.assertEqual(self.foreign(c), before)
                self.settled(p)
        self.assertGreater(killed, TIMES // 4, "too few runs were killed midway")
        left = [x.name for x in self.kata_root.path.rglob("*")
                if x.name.endswith((".tmp", ".new")) or ".tmp" in x.name]
        self.assertEqual(left, [], "temporary files left behind")
