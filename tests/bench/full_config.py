"""The other way: read the whole config, replace one server, load it all. For comparison.

full_config.py SOCKET NAME FILE: FILE holds the server. Imports and framing are kept to the least.
"""
import json
import socket
import sys


def ask(path, head, body=b""):
    """HTTP/1.0, so that the answer is neither chunked nor kept alive."""
    s = socket.socket(socket.AF_UNIX)
    s.connect(path)
    s.sendall(head.encode() + b"Host:\r\n\r\n" + body)
    parts = iter(lambda: s.recv(1 << 20), b"")
    status, _, rest = b"".join(parts).partition(b"\r\n\r\n")
    if b" 200 " not in status.split(b"\r\n")[0]:
        sys.exit(status + b"\n" + rest)
    return rest


config = json.loads(ask(sys.argv[1], "GET /config/ HTTP/1.0\r\n"))
with open(sys.argv[3], encoding="utf-8") as f:
    config["apps"]["http"]["servers"][sys.argv[2]] = json.load(f)
data = json.dumps(config).encode()
ask(sys.argv[1], "POST /load HTTP/1.0\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(data)}\r\n", data)
