"""What systemd is told and what it gives: sd_notify(3) and sd_listen_fds(3), a page of protocol and no library.

Elsewhere the variables are not set: then nobody is told anything and nothing is given.
"""

import os
import socket
import time
from collections.abc import MutableMapping
from contextlib import suppress

from gateway.units import place

FIRST = 3
"""The number of the first socket that is given (SD_LISTEN_FDS_START)."""


class Systemd:
    """The service manager that started us, as its environment says; the variables are taken out of it."""

    def __init__(self, environment: MutableMapping[str, str] = os.environ, first: int = FIRST) -> None:
        path = environment.pop("NOTIFY_SOCKET", "")
        self._path = f"\0{path[1:]}" if path.startswith("@") else path
        self._is_watching = "WATCHDOG_USEC" in environment
        self._sockets = {place(each.getsockname()): each for each in _given(environment, first)}

    def ready(self, status: str) -> None:
        """We serve: after the start, and after a reload."""
        self._tell("READY=1", f"STATUS={status}")

    def reloading(self) -> None:
        """Type=notify-reload: until ready()."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        self._tell("STOPPING=1", "STATUS=letting open sessions finish")

    def alive(self) -> None:
        """With WatchdogSec= it ends us when it hears this no longer."""
        if self._is_watching:
            self._tell("WATCHDOG=1")

    def socket(self, at: str) -> socket.socket | None:
        """The socket that listens at this place of config.toml already, the first time it is asked for."""
        return self._sockets.pop(at.rpartition("://")[2].removeprefix("unix:"), None)

    def close(self) -> list[str]:
        """Let go of the sockets that nobody asked for; where they listened."""
        left, self._sockets = self._sockets, {}
        for each in left.values():
            each.close()
        return sorted(left)

    def _tell(self, *lines: str) -> None:
        if not self._path:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wire:
            wire.setblocking(False)  # who does not listen is no trouble of ours
            wire.sendto("\n".join(lines).encode(), self._path)


def _given(environment: MutableMapping[str, str], first: int) -> list[socket.socket]:
    is_ours = environment.pop("LISTEN_PID", "") == str(os.getpid())
    count = int(environment.pop("LISTEN_FDS", "0"))
    environment.pop("LISTEN_FDNAMES", "")
    sockets = [socket.socket(fileno=number) for number in range(first, first + count)] if is_ours else []
    for each in sockets:
        each.setblocking(False)
        each.set_inheritable(False)
    return sockets
