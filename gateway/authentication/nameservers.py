"""How one question is put to the name servers: by c-ares (cares.py), or by labels (labels.py) where it will not do."""

import asyncio
from collections.abc import Sequence
from functools import cached_property
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pycares

from gateway.authentication.answer import TIMEOUT, Answer
from gateway.authentication.cares import Cares

if TYPE_CHECKING:
    from gateway.authentication.labels import Labels

PORT = 53


class NameServers:
    """The servers of the config, or those of the system.

    servers: "address" or "address:port", IPv6 in brackets when it has a port. timeout: seconds a try. A question takes
    `timeout` times `tries` at most. Raises ValueError for what is no address.
    """

    def __init__(self, servers: Sequence[str], timeout: float, tries: int):
        self._servers = tuple(_with_port(server) for server in servers)
        self._timeout, self._tries = timeout, tries
        self._opened: Cares | None = None

    @property
    def addresses(self) -> list[str]:
        """host:port of each server, as c-ares knows them."""
        return [_with_port(server.partition("%")[0]) for server in self._cares.servers]

    @property
    def _cares(self) -> Cares:
        if self._opened is None:  # it belongs to the loop that runs when the first question comes
            self._opened = Cares(self._servers, self._timeout, self._tries)
        return self._opened

    @cached_property
    def _labels(self) -> "Labels":
        from gateway.authentication.labels import Labels  # dnspython takes 2 MB, and such names are rare

        return Labels(self._timeout, self._tries)

    async def ask(self, name: str, type: str) -> Answer:
        """Never raises. name: lower case, without final dot; "" is the root."""
        try:
            async with asyncio.timeout(self._timeout * self._tries):
                answer = await self._cares.ask(name, type) if _is_plain(name) else None
                return answer or await self._labels.ask(name, type, self.addresses)
        except (TimeoutError, OSError, pycares.AresError):
            return TIMEOUT

    async def close(self) -> None:
        if self._opened:
            await self._opened.close()
            self._opened = None


def _is_plain(name: str) -> bool:
    return bool(name) and name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _with_port(server: str) -> str:
    """192.0.2.1 becomes 192.0.2.1:53, and 2001:db8::1 [2001:db8::1]:53. Raises ValueError for what is no address."""
    port = str(PORT)
    try:
        address = ip_address(server.strip("[]"))
    except ValueError:
        host, _, port = server.rpartition(":")
        address = ip_address(host.strip("[]"))
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
