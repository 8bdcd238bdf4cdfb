"""A way out of a test's network for the containers of one engine, for builds that need a mirror.

Nothing of the machine's network is changed: inside the test's network TCP connections and DNS
questions of containers are redirected to this process, and threads of it that are on the machine's
network carry them on.
"""
import re
import select
import socket
import struct
import subprocess
import threading
from pathlib import Path

import netns

SO_ORIGINAL_DST = 80


def nameserver():
    text = Path("/etc/resolv.conf").read_text(encoding="ascii", errors="replace")
    found = re.search(r"^nameserver\s+(\d+\.\d+\.\d+\.\d+)", text, re.M)
    return found.group(1) if found else "127.0.0.1"


def original(sock):
    """Where a redirected connection was to go."""
    _, port, address = struct.unpack("!HH4s8x", sock.getsockopt(socket.SOL_IP, SO_ORIGINAL_DST, 16))
    return socket.inet_ntoa(address), port


class Relay:
    def __init__(self, bridge, net, path):
        """For containers of the networks in 10.N.0.0/16, net: "10.N"; path: where iptables is."""
        self.closing, gateway, net = False, f"{net}.0.1", f"{net}.0.0/16"
        self.tcp = socket.create_server(("0.0.0.0", 0), backlog=64)
        self.udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.udp.bind(("0.0.0.0", 0))
        tcp, udp = self.tcp.getsockname()[1], self.udp.getsockname()[1]
        run = lambda words: subprocess.run(words.split(), check=True, capture_output=True,
                                           env={"PATH": path})
        # dockerd itself asks for containers of networks that somebody made; it needs a way, too.
        run(f"ip route append default dev {bridge}")
        dns = "-p udp --dport 53 -m addrtype ! --dst-type LOCAL"
        for rule in (f"-A PREROUTING -s {net} -p tcp ! -d {net} -j REDIRECT --to-ports {tcp}",
                     f"-A PREROUTING -s {net} {dns} -j REDIRECT --to-ports {udp}",
                     # Answers must come from the address that was asked, seen from the asker.
                     f"-A OUTPUT {dns} -j DNAT --to-destination {gateway}:{udp}",
                     "-I POSTROUTING -o lo -j RETURN"):
            run(f"iptables -w -t nat {rule}")
        for loop in (self.connections, self.questions):
            threading.Thread(target=loop, daemon=True).start()

    def connections(self):
        while not self.closing:
            try:
                sock, _ = self.tcp.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(sock,), daemon=True).start()

    def carry(self, sock):
        netns.leave()
        try:
            with sock, socket.create_connection(original(sock), timeout=20) as far:
                far.settimeout(None)
                ends = {sock: far, far: sock}
                reading = list(ends)
                while reading:
                    for source in select.select(reading, [], [])[0]:
                        data = source.recv(65536)
                        if data:
                            ends[source].sendall(data)
                        else:
                            reading.remove(source)
                            ends[source].shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def questions(self):
        while not self.closing:
            try:
                question, who = self.udp.recvfrom(4096)
            except OSError:
                return
            threading.Thread(target=self.ask, args=(question, who), daemon=True).start()

    def ask(self, question, who):
        netns.leave()
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.settimeout(10)
                s.sendto(question, (nameserver(), 53))
                self.udp.sendto(s.recv(4096), who)
        except OSError:
            pass

    def close(self):
        self.closing = True
        for sock in (self.tcp, self.udp):
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()
