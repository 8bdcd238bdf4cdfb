"""A recorded world of any size for `ui --fake`: the answers of ls, --diff, status and ps, as they
are said about that many apps, each with a server of its own and some containers."""
import json


def app(i, each):
    return {"caddy": "drift" if i % 10 == 0 else "in-sync", "from": "live",
            "hosts": [f"app{i:04}.example.test"], "listen": [f"127.0.0.1:{10000 + i}"],
            "mode": ("compose", "swarm")[i % 2], "mode_rule": "x-kata-mode",
            "name": f"app{i:04}", "problems": 0, "running": each, "server": f"app{i:04}",
            "state": "valid", "stopped": False, "wanted": each, "wants_caddy": True}


def server(i):
    name = f"app{i:04}"
    return {"app": name, "apps": [name], "hosts": [f"{name}.example.test"],
            "id": f"kata:bench:{name}", "listen": [f"127.0.0.1:{10000 + i}"], "name": name,
            "routes": 3, "upstreams": [{"address": f"127.0.0.1:{20000 + i}", "num_requests": i % 7,
                                        "fails": 0}]}


def container(i, k, turn=0):
    name, identity = f"app{i:04}", f"{i * 100 + k:064x}"
    return {"app": name, "container": identity, "exit_code": None, "health": None, "id": identity,
            "image": "registry.example.test/team/web:1.2.3", "mode": "compose",
            "name": f"{name}-s{k}-1", "node": None, "number": 1,
            "ports": [{"host_ip": "127.0.0.1", "published": 20000 + i, "target": 80,
                       "protocol": "tcp"}],
            "service": f"s{k}", "since": 1795330000 + i + turn, "state": "running", "status": "Up 2 hours"}


def change(i):
    dial = f"app{i:04}/routes/0/handle/0/upstreams/0/dial"
    return {"action": "change", "app": f"app{i:04}", "path": dial, "before": "127.0.0.1:8000",
            "after": "127.0.0.1:8001"}


def model(i):
    return {"app": f"app{i:04}", "error": None, "mode": "compose", "mode_rule": "x-kata-mode",
            "result": "unchanged", "steps": []}


def write(folder, apps, each):
    """So many apps, with so many containers each."""
    endpoint = "unix//run/caddy/admin.sock"
    states = {"drift": 0, "in-sync": apps, "kept": 0, "leftover": 0, "missing": 0, "none": 0,
              "refused": 0}
    answers = {
        "ls": {"apps": [app(i, each) for i in range(apps)]},
        "--diff": {"caddy": [{"changes": [change(i) for i in range(0, apps, 10)],
                              "endpoint": endpoint, "error": None, "problems": [],
                              "request": None, "result": "planned", "retries": 0, "writes": 0}],
                   "command": "diff", "containers": [model(i) for i in range(apps)],
                   "owner": "bench", "plan": "0123456789abcdef", "problems": [], "root": "/srv"},
        "status": {"apps": states, "caddy": [
            {"endpoint": endpoint, "error": None, "notes": [], "reachable": True, "resume": True,
             "servers": [server(i) for i in range(apps)], "tcp_migrate_req": "1", "upstreams": [],
             "version": "2.8.4"}],
            "docker": {"api": 41, "containers": apps * each, "endpoint": "unix:///run/docker.sock",
                       "left_behind": [], "reachable": True, "running": apps * each, "services": 0,
                       "swarm_manager": True, "version": "20.10.24"},
            "owner": "bench", "root": "/srv"},
        "ps": [container(i, k) for i in range(apps) for k in range(each)],
    }
    folder.mkdir(exist_ok=True)
    for name, answer in answers.items():
        (folder / f"{name} --json").write_text(json.dumps(answer, indent=2))


def change_all(folder, apps, each, turn):
    """Another answer of ps, in which every container differs."""
    part = folder / "part"
    part.write_text(json.dumps([container(i, k, turn) for i in range(apps) for k in range(each)],
                               indent=2))
    part.rename(folder / "ps --json")
