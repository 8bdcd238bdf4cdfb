"""A network of our own: a fresh network namespace in which only loopback exists and is up.

Tests may then use any port and any host name; nothing they start can reach the machine's
network. Needs root, or a kernel that lets users make namespaces.
"""
import ctypes
import fcntl
import os
import socket
import struct

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 0x1
PR_SET_PDEATHSIG, PR_CAPBSET_DROP = 1, 24
CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 1, 2

libc = ctypes.CDLL(None, use_errno=True)
entered = False
machine = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)  # the network we began in


def write(path, text):
    with open(path, "w", encoding="ascii") as f:
        f.write(text)


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(s, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(s, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


def enter():
    """Moves this process (and what it starts) into a fresh network. Raises OSError."""
    global entered
    if entered:
        return
    uid, gid = os.geteuid(), os.getegid()
    # Root needs no user namespace; where even root may not, it makes one as anybody can.
    for flags in ([CLONE_NEWNET] if uid == 0 else []) + [CLONE_NEWNET | CLONE_NEWUSER]:
        if libc.unshare(flags) == 0:
            break
    else:
        raise OSError(ctypes.get_errno(), "cannot make a network namespace")
    if flags & CLONE_NEWUSER:
        write("/proc/self/setgroups", "deny")
        write("/proc/self/uid_map", f"0 {uid} 1")
        write("/proc/self/gid_map", f"0 {gid} 1")
    loopback_up()
    entered = True


def child_setup(obey_modes=False):
    """For preexec_fn: the child dies with us; obey_modes takes root's right to read everything."""
    libc.prctl(PR_SET_PDEATHSIG, 9, 0, 0, 0)
    if obey_modes:
        for cap in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            libc.prctl(PR_CAPBSET_DROP, cap, 0, 0, 0)


def leave():
    """Puts this thread on the machine's network again, where a mirror can be reached."""
    if libc.setns(machine, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "cannot go back to the machine's network")


def outside():
    """For preexec_fn: the child is on the machine's network, and dies with us."""
    child_setup()
    leave()
