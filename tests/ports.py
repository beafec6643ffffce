"""Free loopback ports for servers that run in processes of their own."""

import random
import socket

_NOT_THE_KERNELS = range(12_000, 32_000)
"""It gives clients, of TCP and UDP, ports from 32768 up (ip_local_port_range), so that one there may be taken."""

_kept: list[socket.socket] = []


def free_port() -> int:
    """A port of TCP and UDP that stays ours until the run ends, though its server starts later or again and again.

    A TCP socket that is bound and does not listen keeps it from any test that runs beside this one and asks here. It is
    bound alone, so that two keepers cannot have one port; then a server that sets SO_REUSEADDR may listen there all the
    same, and all of them do.
    """
    while True:
        keeper = socket.socket()
        try:
            keeper.bind(("127.0.0.1", random.choice(_NOT_THE_KERNELS)))
        except OSError:
            keeper.close()
            continue
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        _kept.append(keeper)
        return int(keeper.getsockname()[1])
