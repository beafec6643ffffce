"""Where the workers listen: what must be had before they start, so that an address that cannot be had is one fault.

Each worker has a listening socket of its own at every address, and the system spreads the clients (SO_REUSEPORT). A
unix socket, and what systemd has given, is one socket for all.
"""

import asyncio
import socket
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from gateway.config import Listener
from gateway.smtp.server import share

Given = Callable[[str], socket.socket | None]


class Places:
    """Held for as long as there are workers."""

    def __init__(self) -> None:
        self.shared: dict[str, socket.socket] = {}
        """Sockets that listen for all workers, by their place in config.toml."""
        self._held: list[socket.socket] = []
        """They listen to nobody: they keep the addresses for us, also while a worker starts again."""
        self._paths: list[Path] = []

    async def take(self, listeners: Iterable[Listener], given: Given) -> None:
        """Raises OSError where an address cannot be had. given: sockets that are there already."""
        for listener in listeners:
            if found := given(str(listener)):
                self.shared[str(listener)] = found
            elif listener.path:
                self.shared[str(listener)] = self._at_path(Path(listener.path))
            else:
                await self._hold(listener)

    async def _hold(self, listener: Listener) -> None:
        found = await asyncio.get_running_loop().getaddrinfo(
            listener.host.strip("[]"), listener.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, _, _, _, address in found:
            _bound(family, address, is_shared=False).close()  # fails where another gateway of ours shares the port
            self._held.append(_bound(family, address, is_shared=True))

    def _at_path(self, path: Path) -> socket.socket:
        if path.exists() and stat.S_ISSOCK(path.stat().st_mode):
            path.unlink()  # left by one that was killed
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        made.setblocking(False)
        made.bind(str(path))
        share(path)
        self._paths.append(path)
        return made

    def close(self) -> None:
        for each in (*self._held, *self.shared.values()):
            each.close()
        for path in self._paths:
            path.unlink(missing_ok=True)


def _bound(family: int, address: tuple[object, ...], *, is_shared: bool) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    if is_shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
