"""Free loopback ports for servers that run in processes of their own."""

import socket

_kept: list[socket.socket] = []


def free_port() -> int:
    """A TCP port that stays ours until the run ends, though the server on it starts later or again and again.

    A socket that is bound and does not listen keeps the kernel from giving the port to anybody else, such as a test
    that runs beside this one. A server that sets SO_REUSEADDR may listen there all the same, and all of them do.
    """
    keeper = socket.socket()
    keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    keeper.bind(("127.0.0.1", 0))
    _kept.append(keeper)
    return int(keeper.getsockname()[1])
