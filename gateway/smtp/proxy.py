"""The PROXY header (HAProxy's PROXY protocol, versions 1 and 2): a balancer says who its client is before all else.

Only the client's address is of use here. Octets in, a value out; nothing here knows a socket.
"""

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
"""How version 2 begins (section 2.2)."""
LONGEST_LINE = 107
"""Octets of a header of version 1 with its CRLF (section 2.1)."""
_FIXED = 16
_LINE = re.compile(
    rb"PROXY (?:UNKNOWN(?: [ -~]*)?|(TCP4|TCP6) ([0-9a-fA-F:.]+) ([0-9a-fA-F:.]+) ([0-9]+) ([0-9]+))\r\n"
)


class BadHeader(ValueError):
    """These octets do not begin with a PROXY header."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """What a header says."""

    client_ip: str
    """"" when it names nobody: a question after our health (LOCAL), a client by another way (UNKNOWN, unix)."""
    length: int
    """Octets of the header; what stands behind them is the client's."""


def read(octets: bytes) -> Introduction | None:
    """The header that the octets begin with; None while it may still become one. Raises BadHeader."""
    if octets.startswith(SIGNATURE):
        return _binary(octets)
    if SIGNATURE.startswith(octets[: len(SIGNATURE)]):
        return None
    return _line(octets)


def _line(octets: bytes) -> Introduction | None:
    """Version 1, one line of text."""
    end = octets.find(b"\r\n", 0, LONGEST_LINE) + 2
    if end < 2:
        if len(octets) >= LONGEST_LINE or not octets.startswith(b"PROXY "[: len(octets)]):
            raise BadHeader
        return None
    found = _LINE.fullmatch(octets[:end])
    if not found:
        raise BadHeader
    if not found[1]:
        return Introduction("", end)
    client, _ = (_address(each.decode(), found[1] == b"TCP6") for each in found.group(2, 3))
    if not all(_is_port(each) for each in found.group(4, 5)):
        raise BadHeader
    return Introduction(client, end)


def _binary(octets: bytes) -> Introduction | None:
    """Version 2: a fixed part, then addresses and whatever else the balancer has to tell."""
    if len(octets) < _FIXED:
        return None
    command, family, length = octets[12], octets[13], int.from_bytes(octets[14:16], "big")
    if command not in (0x20, 0x21):
        raise BadHeader
    if len(octets) < _FIXED + length:
        return None
    said = octets[_FIXED : _FIXED + length]
    return Introduction(_binary_address(family, said) if command == 0x21 else "", _FIXED + length)


def _binary_address(family: int, said: bytes) -> str:
    """TCP over IPv4 is 0x11, over IPv6 0x21."""
    if family >> 4 not in (1, 2):
        return ""
    size = 4 if family >> 4 == 1 else 16
    if len(said) < 2 * size + 4:
        raise BadHeader
    return _plain(IPv4Address(said[:4]) if size == 4 else IPv6Address(said[:16]))


def _address(text: str, is_ipv6: bool) -> str:
    try:
        return _plain(IPv6Address(text) if is_ipv6 else IPv4Address(text))
    except AddressValueError:
        raise BadHeader from None


def _is_port(digits: bytes) -> bool:
    """Without leading zeros (section 2.1)."""
    return len(digits) <= 5 and int(digits) < 65536 and (digits == b"0" or not digits.startswith(b"0"))


def _plain(address: IPv4Address | IPv6Address) -> str:
    """IPv4 in IPv6 clothes is IPv4."""
    return str(getattr(address, "ipv4_mapped", None) or address)
