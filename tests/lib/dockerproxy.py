"""A proxy in front of an engine's socket: it records requests, and breaks them when told to.

Unlike the one for Caddy (proxy.py, whose rules it knows) it keeps connections, passes answers on
as they arrive (events, logs, pulls), and steps aside when a connection is taken over (attach,
exec).
Rules may be for some paths only: rule("POST", answer(500), path="/containers/create").
"""
import re
import select
import socket

from proxy import Closed, Proxy, Request, Stream

VERSION = re.compile(r"^/v1\.\d+(?=/)")


class DockerRequest(Request):
    def __init__(self, head, body):
        super().__init__(head, body)
        self.version = (VERSION.findall(self.path) or [""])[0][2:]
        self.path = VERSION.sub("", self.path)

    @property
    def hijack(self):
        return "upgrade" in self.headers


class Passing(Stream):
    """Reads an answer whose bytes go to the client as soon as they are here."""

    def __init__(self, sock, client):
        super().__init__(sock)
        self.client = client

    def more(self):
        before = len(self.buffer)
        super().more()
        if self.client:
            self.client.sendall(self.buffer[before:])


class DockerProxy(Proxy):
    def __init__(self, path, engine):
        super().__init__(path, f"unix/{engine.socket}")
        self.host = f"unix://{path}"

    def rule(self, method, action, times=1, path=""):
        with self.lock:
            self.rules.append([method, times, action, path])

    def rule_for(self, request):
        with self.lock:
            self.log.append(request)
            for rule in self.rules:
                if rule[1] > 0 and rule[0] in (None, request.method) and rule[3] in request.path:
                    rule[1] -= 1
                    return rule[2]
        return None

    def guarded(self, client):
        """One client, with one connection to the engine for all its requests."""
        try:
            with client, self.connect() as backend:
                stream = Stream(client)
                while self.exchange(client, stream, backend):
                    pass
        except (Closed, OSError):
            pass

    def exchange(self, client, stream, backend):
        """Handles one request; true when the connection can carry another."""
        head = self.head(client, stream)
        request = DockerRequest(head, b"")
        action = self.rule_for(request)
        kind = action[0] if action else None
        if kind == "cut":
            return False
        if kind == "answer":
            request.body = stream.body(head, False)
            request.status = action[1]
            client.sendall(action[2])
            return False
        if kind == "before":
            action[1]()
        if request.hijack:
            return self.splice(request, client, stream, backend)
        request.body = stream.body(head, False)
        backend.sendall(head + request.body)
        if kind in ("drop", "truncate"):
            answer = Passing(backend, None)
            reply = self.receive(request, answer)[0]
            client.sendall(reply[:action[1] if kind == "truncate" else 0])
            return False
        return self.receive(request, Passing(backend, client))[1]

    def receive(self, request, answer):
        """Reads one answer: (its bytes, whether the connection stays)."""
        head = answer.until(b"\r\n\r\n")
        while head.split(b" ")[1].startswith(b"1"):  # 100 Continue
            head = answer.until(b"\r\n\r\n")
        low = head.lower()
        request.status = int(head.split(b" ")[1])
        if request.method == "HEAD" or request.status in (204, 304):
            body, stays = b"", True
        else:
            body = answer.body(head, True)
            stays = b"\r\ncontent-length:" in low or b"\r\ntransfer-encoding: chunked" in low
        return head + body, stays and b"\r\nconnection: close" not in low

    def splice(self, request, client, stream, backend):
        """Both ways until both sides are done, each end of a direction passed on."""
        backend.sendall(request.head + stream.buffer)
        ends, first = {client: backend, backend: client}, True
        reading = [client, backend]
        while reading:
            for source in select.select(reading, [], [])[0]:
                data = source.recv(65536)
                if source is backend and first and data:
                    request.status, first = int(data.split(b" ")[1]), False
                if data:
                    ends[source].sendall(data)
                    continue
                reading.remove(source)
                try:
                    ends[source].shutdown(socket.SHUT_WR)
                except OSError:
                    return False
        return False

    def asked(self, method, path=""):
        """Recorded requests of a method whose path contains a text."""
        with self.lock:
            return [r for r in self.log if r.method == method and path in r.path]
