"""Free ports of this machine."""

from __future__ import annotations

import contextlib
import socket


def free_ports(count: int) -> list[int]:
    """Ports of the loopback interface that nothing listens on, all different.

    Another program could take one before it is used; that is unlikely, since the system gives out each in turn.

    >>> ports = free_ports(2)
    >>> len(set(ports)), all(port > 1023 for port in ports)
    (2, True)
    """
    with contextlib.ExitStack() as held:
        servers = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [server.getsockname()[1] for server in servers]
