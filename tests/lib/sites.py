"""Small HTTP clients for the sites behind Caddy: a Host header, a server name, one address."""
import http.client
import socket
import ssl


class TlsConnection(http.client.HTTPConnection):
    """HTTPS to an address with a server name of its own; certificates are not judged."""

    def __init__(self, address, port, name, timeout):
        super().__init__(address, port, timeout=timeout)
        self.name = name

    def connect(self):
        super().connect()
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        self.sock = context.wrap_socket(self.sock, server_hostname=self.name)


class Page:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def __eq__(self, other):
        return (self.status, self.body) == other

    def __repr__(self):
        return f"({self.status}, {self.body!r})"


def get(port, host=None, path="/", address="127.0.0.1", tls=False, timeout=10, tries=20):
    """The page at address:port for a host name. A reload may close connections that wait to be
    accepted, so it asks again when one is closed; tries=1 does not."""
    for _ in range(tries - 1):
        try:
            return get_once(port, host, path, address, tls, timeout)
        except (ConnectionResetError, BrokenPipeError):
            pass
    return get_once(port, host, path, address, tls, timeout)


def get_once(port, host, path, address, tls, timeout):
    if tls:
        conn = TlsConnection(address, port, host, timeout)
    else:
        conn = http.client.HTTPConnection(address, port, timeout=timeout)
    try:
        conn.request("GET", path, headers={"Host": host or f"{address}:{port}"})
        r = conn.getresponse()
        return Page(r.status, r.headers, r.read().decode("utf-8", "replace"))
    finally:
        conn.close()


def listens(port, address="127.0.0.1"):
    try:
        socket.create_connection((address, port), timeout=2).close()
        return True
    except OSError:
        return False
