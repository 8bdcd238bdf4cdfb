"""What a deploy in Swarm mode makes of real Compose files is what the real `docker stack deploy`
makes of the file written beside them: the same services, networks and volumes, field by field."""
import json

import parity
from compose_parity import Parity, every_file
from enginecase import every_engine, wait_for

STACK = "com.docker.stack.namespace"
# Not for a Swarm, in the words of the refusal that is right for them.
REFUSED = {"plex": "network_mode"}


class Stacks(Parity):
    swarm = True
    __test__ = False

    def services(self, stack):
        """Services by name, their networks by name."""
        names = {n["Id"]: n["Name"] for n in self.engine.get("/networks")}
        found = self.engine.services(stack)
        for s in found.values():
            for n in s["Spec"]["TaskTemplate"].get("Networks") or ():
                n["Name"] = names.get(n["Target"], n["Target"])
        return found

    def snapshot(self, stack):
        label = f"{STACK}={stack}"
        networks = {name: self.engine.find(f"/networks/{n['Id']}")
                    for name, n in self.engine.networks(label).items()}
        return self.services(stack), networks, self.engine.volumes(label)

    def objects(self):
        return {kind: sorted(x["Spec"]["Name"] for x in self.engine.get(f"/{kind}"))
                for kind in ("secrets", "configs")}

    def compare(self, name):
        model = self.prepare(name, "\nx-kata-mode: swarm\n")
        r = self.deploy(name, want=None, timeout=240)
        if r.code != 0 and name in REFUSED:
            self.assert_names(r, REFUSED[name], "kata-compose.yaml:")
            self.assertEqual(self.engine.services(name), {})
            return
        self.assertEqual(r.code, 0, r)
        ours, objects = self.snapshot(name), self.objects()
        self.engine.reset()
        for key, secret in model.get("secrets", {}).items():
            self.assertIn(name, " ".join(objects["secrets"]), key)
            self.assertTrue(secret["file"])
        folder = self.kata_root.folder(name)
        self.engine.docker("stack", "deploy", "--detach=true", "-c",
                           str(folder / ".docker-compose.yaml"), name, cwd=folder)
        wait_for(lambda: all(self.engine.tasks(s) for s in self.engine.services(name)),
                 "the reference's tasks", 90)
        theirs = self.snapshot(name)
        self.assertEqual(self.objects(), objects)
        lines = []
        for a, b, table in zip(ours, theirs, (parity.SERVICE, parity.NETWORK, parity.VOLUME)):
            lines += parity.differences(a, b, table)
        self.assertEqual(lines, [], "\n".join(["", *lines]))
        before = json.dumps({s: sorted(t["ID"] for t in self.engine.tasks(s)) for s in theirs[0]})
        self.deploy(name, timeout=240)
        after = json.dumps({s: sorted(t["ID"] for t in self.engine.tasks(s)) for s in theirs[0]})
        self.assertEqual(after, before, "taking over restarted tasks")


@every_engine
@every_file(0)
class StackParity(Stacks):
    weight = 40


@every_engine
@every_file(1)
class StackParityMore(Stacks):
    weight = 40
