"""A proxy in front of an admin address: it counts requests, and breaks them when told to.

A rule is (method or None, times, action); the first rule that fits and has times left acts.
Actions, made by the functions below:
    cut()                  close before anything is forwarded
    drop()                 forward, throw the answer away, close
    truncate(n)            forward, pass only n bytes of the answer, close
    delay(seconds)         wait, then forward
    answer(code, body, type)   answer ourselves
    before(function)       call it, then forward (somebody else writes meanwhile)
    hold(event)            forward only when the event is set
"""
import socket
import threading
import time

REASONS = {200: "OK", 404: "Not Found", 412: "Precondition Failed", 500: "Internal Server Error"}


def cut():
    return ("cut",)


def drop():
    return ("drop",)


def truncate(n):
    return ("truncate", n)


def delay(seconds):
    return ("before", lambda: time.sleep(seconds))


def before(function):
    return ("before", function)


def hold(event):
    return ("before", event.wait)


def answer(code, body=b"", kind="application/json"):
    head = (f"HTTP/1.1 {code} {REASONS.get(code, 'Something')}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode()
    return ("answer", code, head + body)


class Request:
    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path = lines[0].split(" ")[:2]
        self.headers = {k.strip().lower(): v.strip()
                        for k, _, v in (line.partition(":") for line in lines[1:] if line)}
        self.head, self.body = head, body
        self.status = None

    def __repr__(self):
        return f"{self.method} {self.path} -> {self.status}"


class Closed(Exception):
    pass


class Stream:
    """Reads whole pieces from a socket, keeping what comes too early."""

    def __init__(self, sock):
        self.sock, self.buffer = sock, b""

    def more(self):
        data = self.sock.recv(65536)
        if not data:
            raise Closed
        self.buffer += data

    def until(self, mark):
        while mark not in self.buffer:
            self.more()
        end = self.buffer.index(mark) + len(mark)
        piece, self.buffer = self.buffer[:end], self.buffer[end:]
        return piece

    def exactly(self, n):
        while len(self.buffer) < n:
            self.more()
        piece, self.buffer = self.buffer[:n], self.buffer[n:]
        return piece

    def rest(self):
        try:
            while True:
                self.more()
        except Closed:
            piece, self.buffer = self.buffer, b""
            return piece

    def chunked(self):
        parts = []
        while True:
            line = self.until(b"\r\n")
            parts.append(line)
            size = int(line.split(b";")[0], 16)
            if size == 0:
                break
            parts.append(self.exactly(size + 2))
        while parts[-1] != b"\r\n":  # trailers: Caddy 2.6 sends its Etag here
            parts.append(self.until(b"\r\n"))
        return b"".join(parts)

    def body(self, head, to_end):
        low = head.lower()
        if b"\r\ntransfer-encoding: chunked" in low:
            return self.chunked()
        if b"\r\ncontent-length:" in low:
            return self.exactly(int(low.split(b"\r\ncontent-length:")[1].split(b"\r\n")[0]))
        return self.rest() if to_end else b""


class Proxy:
    def __init__(self, path, target):
        """Listens on the unix socket `path`; forwards to a unix/ or host:port address."""
        self.address, self.target = f"unix/{path}", target
        self.log, self.rules = [], []
        self.lock = threading.Lock()
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(str(path))
        self.listener.listen(64)
        self.closing = False
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while not self.closing:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.guarded, args=(client,), daemon=True).start()

    def guarded(self, client):
        try:
            with client:
                stream = Stream(client)
                while self.one(client, stream):
                    pass
        except (Closed, OSError):
            pass

    def rule_for(self, request):
        with self.lock:
            self.log.append(request)
            for rule in self.rules:
                if rule[1] > 0 and rule[0] in (None, request.method):
                    rule[1] -= 1
                    return rule[2]
        return None

    def head(self, client, stream):
        """The head of the next request; who asks whether to go on is told so."""
        head = stream.until(b"\r\n\r\n")
        if b"\r\nexpect: 100-continue" in head.lower():
            client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            lines = [x for x in head.split(b"\r\n") if not x.lower().startswith(b"expect:")]
            head = b"\r\n".join(lines)
        return head

    def one(self, client, stream):
        """Handles one request; true when the connection can carry another."""
        head = self.head(client, stream)
        request = Request(head, stream.body(head, False))
        action = self.rule_for(request)
        kind = action[0] if action else None
        if kind == "cut":
            return False
        if kind == "answer":
            request.status = action[1]
            client.sendall(action[2])
            return False
        if kind == "before":
            action[1]()
        reply = self.forward(request)
        if kind == "drop":
            return False
        if kind == "truncate":
            client.sendall(reply[:action[1]])
            return False
        client.sendall(reply)
        return b"\r\nconnection: close" not in reply.split(b"\r\n\r\n")[0].lower()

    def forward(self, request):
        with self.connect() as backend:
            backend.sendall(request.head + request.body)
            stream = Stream(backend)
            head = stream.until(b"\r\n\r\n")
            request.status = int(head.split(b" ")[1])
            return head + stream.body(head, True)

    def connect(self):
        if self.target.startswith("unix/"):
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.connect(self.target[len("unix/"):])
            return s
        host, port = self.target.rsplit(":", 1)
        return socket.create_connection((host, int(port)))

    def rule(self, method, action, times=1):
        with self.lock:
            self.rules.append([method, times, action])

    def reset(self):
        with self.lock:
            self.log.clear()
            self.rules.clear()

    @property
    def writes(self):
        with self.lock:
            return [r for r in self.log if r.method not in ("GET", "HEAD")]

    @property
    def reads(self):
        with self.lock:
            return [r for r in self.log if r.method == "GET"]

    def close(self):
        self.closing = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
