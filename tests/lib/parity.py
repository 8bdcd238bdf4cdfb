"""Compares what two programs made in an engine: inspects with what differs by nature taken out.

What is taken out, and why, is in the tables below; all else has to be equal.
"""
import re

HEX = re.compile(r"\A(?:sha256:)?[0-9a-f]{64}\Z")

# Path patterns of a container's inspect (list indexes are *), and why they may differ.
CONTAINER = {
    "Id": "an id", "Created": "a time", "Name": "the key it is compared by",
    "State.Pid": "an id", "State.StartedAt": "a time", "State.FinishedAt": "a time",
    "State.Health": "grows with time", "ExecIDs": "a health check that runs just now",
    "ResolvConfPath": "holds the id", "HostnamePath": "holds the id",
    "HostsPath": "holds the id", "LogPath": "holds the id",
    "GraphDriver": "layers of its own", "Storage": "layers of its own",
    "Config.Hostname": "begins the id, where nobody sets it",
    "Config.Labels.com.docker.compose.config-hash": "each tool hashes in its own way",
    "NetworkSettings.SandboxID": "an id", "NetworkSettings.SandboxKey": "an id",
    "NetworkSettings.EndpointID": "an id", "NetworkSettings.IPAddress": "by order of start",
    "NetworkSettings.MacAddress": "made from the address",
    "NetworkSettings.Networks.*.NetworkID": "an id",
    "NetworkSettings.Networks.*.EndpointID": "an id",
    "NetworkSettings.Networks.*.IPAddress": "by order of start",
    "NetworkSettings.Networks.*.MacAddress": "made from the address, or random",
    "NetworkSettings.Networks.*.Gateway": "by order of the networks",
    "NetworkSettings.Gateway": "by order of the networks",
    "NetworkSettings.Networks.*.GwPriority": "null or 0, the same to the engine",
    "HostConfig.ContainerIDFile": "the docker command's own",
}
NETWORK = {
    "Id": "an id", "Created": "a time", "Containers": "ids, and who runs just now",
    "IPAM.Config": "the next free subnet, where the file names none",
    "Labels.com.docker.compose.config-hash": "docker compose makes anew what has another's",
    "Labels.kata.config-hash": "our own",
    "Peers": "addresses of nodes", "Options.com.docker.network.driver.overlay.vxlanid_list":
    "the next free number", "Status": "counts addresses in use",
}
VOLUME = {
    "CreatedAt": "a time", "Mountpoint": "holds the engine's folder",
    "Labels.com.docker.compose.config-hash": "docker compose makes anew what has another's",
    "Labels.kata.config-hash": "our own",
}
SERVICE = {
    "ID": "an id", "CreatedAt": "a time", "UpdatedAt": "a time", "Version": "counts changes",
    "Endpoint.VirtualIPs": "ids and addresses", "PreviousSpec": "what was before",
    "UpdateStatus": "what was before",
    "Spec.TaskTemplate.Networks.*.Target": "an id",
    "Spec.TaskTemplate.ContainerSpec.Secrets.*.SecretID": "an id",
    "Spec.TaskTemplate.ContainerSpec.Configs.*.ConfigID": "an id",
}
# Lists whose order means nothing: to the engine, or because the reference makes it at random.
UNORDERED = ("Config.Env", "HostConfig.Binds", "HostConfig.Mounts", "Mounts",
             "NetworkSettings.Networks.*.Aliases", "NetworkSettings.Networks.*.DNSNames",
             "HostConfig.ExtraHosts")


def flatten(value, path="", real="", out=None):
    """{(real path, pattern): leaf} of a JSON value; pattern: names of networks and ports are *."""
    out = {} if out is None else out
    if isinstance(value, dict) and value:
        for key, item in value.items():
            free = path in ("NetworkSettings.Networks", "NetworkSettings.Ports")
            part = "*" if free else key
            flatten(item, f"{path}.{part}".lstrip("."), f"{real}.{key}".lstrip("."), out)
    elif isinstance(value, list) and value and path not in UNORDERED:
        for i, item in enumerate(value):
            flatten(item, f"{path}.*", f"{real}.{i}", out)
    else:
        if isinstance(value, list):
            value = sorted(value, key=repr)
        out[(real, path)] = value
    return out


def ignored(path, table):
    return any(path == p or path.startswith(p + ".") for p in table)


def clean(value, short):
    """Ids inside texts and lists: names made of them differ, the rest of the text must not."""
    if isinstance(value, str):
        return "<id>" if HEX.match(value) else value.replace(short, "<id>") if short else value
    if isinstance(value, dict):
        return {k: clean(v, short) for k, v in value.items()}
    if isinstance(value, list):
        return sorted((clean(v, short) for v in value), key=repr)
    return value


def normal(inspect, table):
    """Flat form of an inspect, for comparing. In Compose mode null, [], {} and what is not there
    are one to the engine; in a Swarm they are not (one of them for another makes new tasks)."""
    short = str(inspect.get("Id", ""))[:12]
    found = {}
    for (real, path), value in flatten(inspect).items():
        if ignored(path, table):
            continue
        if path == "Mounts" or path == "HostConfig.Mounts" or path == "HostConfig.Binds":
            value = anonymous(value or [])
        if path.endswith("Labels.com.docker.compose.depends_on"):
            value = sorted(value.split(","))
        if path == "NetworkSettings.Ports.*.*.HostPort" and int(value or 0) >= 32768:
            value = "<ephemeral>"
        if value or table is SERVICE or value in (0, False, ""):
            found[real] = clean(value, short)
    return found


def anonymous(mounts):
    """Mounts with the names of anonymous volumes, and the engine's folder, taken out."""
    done = []
    for m in mounts:
        if isinstance(m, dict):
            m = {k: v for k, v in m.items() if v or v is False}
            if m.get("Type") == "volume":
                m.pop("Source", None)  # the engine's folder
            if HEX.match(m.get("Name", "")):
                m["Name"] = "<id>"
        done.append(m)
    return sorted(done, key=repr)


def differences(ours, theirs, table, allowed=()):
    """Lines that say what differs between two maps of name -> inspect. allowed: patterns of real
    paths of this comparison alone."""
    lines = [f"only we have {n}" for n in ours if n not in theirs]
    lines += [f"only they have {n}" for n in theirs if n not in ours]
    for name in sorted(set(ours) & set(theirs)):
        a, b = normal(ours[name], table), normal(theirs[name], table)
        for path in sorted(set(a) | set(b)):
            x, y = a.get(path, "<absent>"), b.get(path, "<absent>")
            if x != y and not any(re.fullmatch(p, path) for p in allowed):
                lines.append(f"{name}: {path}: ours {x!r}, theirs {y!r}")
    return lines
