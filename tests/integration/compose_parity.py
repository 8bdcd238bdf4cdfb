"""What a deploy makes of real Compose files is what the real `docker compose up -d` makes of them:
the same containers, networks and volumes, field by field (what may differ: tests/lib/parity.py)."""
import corpus
import parity
from enginecase import EngineCase, every_engine, needs_compose


@needs_compose
class Parity(EngineCase):
    __test__ = False

    def prepare(self, name, extra=""):
        """Lays out an app from the corpus; its model."""
        folder = self.kata_root.folder(name)
        folder.mkdir()
        model = corpus.lay_out(self.engine, name, folder, self.kata_root.path)  # which is our ~
        corpus.make_images(self.engine, model)
        self.kata_root.app(name, text=corpus.text(name) + extra, env=corpus.variables(name))
        return model

    def snapshot(self, project):
        label = f"com.docker.compose.project={project}"
        networks = {name: self.engine.find(f"/networks/{n['Id']}")
                    for name, n in self.engine.networks(label).items()}
        return (self.engine.containers(project), networks, self.engine.volumes(label))

    def compare(self, name):
        self.prepare(name, "\nx-kata-mode: compose\n")
        self.deploy(name, timeout=180)
        ours = self.snapshot(name)
        self.engine.reset()
        folder = self.kata_root.folder(name)
        self.engine.compose("-p", name, "-f", str(folder / ".docker-compose.yaml"), "up", "-d",
                            cwd=folder)
        theirs = self.snapshot(name)
        self.assertTrue(theirs[0])
        lines = []
        for a, b, table in zip(ours, theirs, (parity.CONTAINER, parity.NETWORK, parity.VOLUME)):
            lines += parity.differences(a, b, table)
        self.assertEqual(lines, [], "\n".join(["", *lines]))
        self.unwritten("deploy", name)  # and what docker compose made is taken over as it is


def every_file(half):
    """One test for each file of a half of the corpus: a class has its time, and runs alone."""
    def add(cls):
        for name in corpus.names()[half::2]:
            def test(self, name=name):
                self.compare(name)
            setattr(cls, f"test_{name.replace('-', '_')}", test)
        return cls
    return add


@every_engine
@every_file(0)
class ComposeParity(Parity):
    weight = 25


@every_engine
@every_file(1)
class ComposeParityMore(Parity):
    weight = 25
