"""TCP ports on the loopback address."""

from __future__ import annotations

import socket
import zlib
from pathlib import Path

LOOPBACK = "127.0.0.1"
# Below the range from which systems pick the ports of outgoing connections, so that a port stays
# free while its server restarts.
FIRST, COUNT = 15_500, 10_000


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something accepts connections on the port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        return probe.connect_ex((LOOPBACK, port)) == 0


def free_port_for(home: Path) -> int:
    """A free port; the same home starts looking at the same place, different homes at different ones."""
    start = zlib.crc32(str(home).encode())
    for step in range(COUNT):
        port = FIRST + (start + step) % COUNT
        if is_free(port):
            return port
    raise OSError(f"no free port between {FIRST} and {FIRST + COUNT}")
