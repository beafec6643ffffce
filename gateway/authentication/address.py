"""The client's address, and the networks it may lie in (RFC 4291, RFC 4632)."""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

Address = IPv4Address | IPv6Address
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
LENGTHS = {4: 32, 6: 128}
"""Bits of an address, by version."""


@lru_cache(1024)
def client_address(text: str) -> Address | None:
    """The address as a socket, an operator or an address literal writes it: in brackets, with "IPv6:", with a zone.

    IPv4 in IPv6 clothes is IPv4 (RFC 7208 section 5). None for anything else.
    """
    try:
        address = ip_address(text.strip("[]").lower().removeprefix("ipv6:").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses that agree in their leading bits."""

    version: int
    bits: int
    mask: int

    @classmethod
    def around(cls, address: int, length: int, version: int) -> Self:
        """The network of this prefix length that the address lies in."""
        mask = -1 << (LENGTHS[version] - length)
        return cls(version, address & mask, mask)

    def holds(self, client: Address) -> bool:
        return client.version == self.version and int(client) & self.mask == self.bits


def number(text: str, version: int) -> int:
    """The address as a number; -1 for what is no address of this version."""
    try:
        return int.from_bytes(socket.inet_pton(FAMILIES[version], text))
    except (OSError, ValueError):
        return -1


_remembered = lru_cache(maxsize=4096)(number)


def is_among(client: Address, addresses: Iterable[str], length: int) -> bool:
    """True when the client and one of these A or AAAA values agree in so many leading bits."""
    shift = client.max_prefixlen - length
    prefix = int(client) >> shift
    # Below zero stays below zero.
    return any(_remembered(address, client.version) >> shift == prefix for address in addresses)
