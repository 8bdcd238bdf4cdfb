"""The Compose corpus: real files, made to run without a network: images of the names they want
(busybox that only waits, with what their health checks call), contexts, files, variables."""
import json
import os
import re
from pathlib import Path

from caddyctl import REPO

FOLDER = Path(os.environ.get("KATA_CORPUS_COMPOSE") or REPO / "tests" / "corpora" / "compose")
# Whatever it is told to run, it waits; what health checks call says yes.
FOREVER = ('ENTRYPOINT ["/bin/sh", "-c", "trap \'exit 0\' TERM INT QUIT; sleep 100000 & wait"]')
YES = {f"bin/{name}": ("#!/bin/sh\nexit 0\n", 0o755)
       for name in ("mysqladmin", "curl", "pg_isready", "healthcheck.sh", "mongosh", "redis-cli")}
# What some files cannot have on a test's engine is taken out, for both sides alike.
WITHOUT = {"wasmedge-kafka-mysql": ("platform: wasi/wasm", "runtime: io.containerd.wasmedge.v1")}
# Folders of the machine that a test must not make (or may not have), and what stands for them.
INSTEAD = {"/usr/share/appdata/": "./appdata/", "- /usr/src:": "- ./src:",
           "- /lib/modules:": "- ./modules:", "- /var/run/docker.sock:": "- ./docker.sock:"}


def names():
    return sorted(p.stem for p in FOLDER.glob("*.yaml"))


def text(name):
    """The file's text, without what cannot run here."""
    lines = (FOLDER / f"{name}.yaml").read_text().splitlines()
    kept = "\n".join(x for x in lines if not any(w in x for w in WITHOUT.get(name, ()))) + "\n"
    for folder, other in INSTEAD.items():
        kept = kept.replace(folder, other)
    return kept


def variables(name):
    """A value for each variable the file wants."""
    found = re.findall(r"(?<!\$)\$\{?([A-Z][A-Z0-9_]*)", text(name))
    return {v: ("./" if v.endswith("PATH") else "value-of-") + v.lower() for v in found}


def lay_out(engine, name, folder, home):
    """Puts what the file refers to into place; the file as docker compose understands it."""
    (folder / "corpus.yaml").write_text(text(name))
    model = json.loads(engine.compose("-f", "corpus.yaml", "config", "--format", "json", cwd=folder,
                                      env={**variables(name), "HOME": str(home)}))
    (folder / "corpus.yaml").unlink()
    for service in model["services"].values():
        if "build" in service:
            context, target = Path(service["build"]["context"]), service["build"].get("target")
            context.mkdir(parents=True, exist_ok=True)
            (context / "Dockerfile").write_text(
                f"FROM kata-corpus{f' AS {target}' if target else ''}\n")
            # As such projects have it: a volume below a mounted context makes that folder there.
            (context / ".dockerignore").write_text("node_modules\n")
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind":
                place(Path(volume["source"]), home)
    for secret in model.get("secrets", {}).values():
        place(Path(secret["file"]), home)
    return model


def place(path, home):
    """Makes a file or folder that is to be mounted."""
    if not path.is_relative_to(home):
        raise ValueError(f"{path} is not the test's: add it to INSTEAD")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("a text\n") if path.suffix else path.mkdir(exist_ok=True)


def make_images(engine, model):
    base = engine.image("kata-corpus", YES, [FOREVER])
    for service in model["services"].values():
        if "image" in service and "build" not in service:
            engine.tag(base, service["image"])
