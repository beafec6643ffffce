"""What all sessions of a door share: settings, certificate, limits, figures."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TYPE_CHECKING

from gateway.config import Smtp
from gateway.smtp.farewell import Farewells
from gateway.smtp.figures import Figures
from gateway.smtp.limits import Guesses, Guests
from gateway.store.refusals import Refusals

if TYPE_CHECKING:
    from gateway.smtp.connection import Connection


@dataclass(frozen=True)
class House:
    """One set of settings; sessions keep the one they began with."""

    hostname: str
    folder: Path
    """Where mails lie that are too large for memory, until they are kept."""
    smtp: Smtp
    tls: ssl.SSLContext
    guests: Guests
    guesses: Guesses
    hooks: object
    sessions: "set[Connection]"
    farewells: Farewells
    refusals: Refusals
    figures: Figures
    now: Callable[[], datetime]

    @cached_property
    def size(self) -> int:
        """Octets of the largest mail; SIZE 0 declares no limit (RFC 1870 section 4), yet memory has one."""
        return self.smtp.size or 1_000_000_000

    @cached_property
    def command_seconds(self) -> float:
        return self.smtp.command_timeout.total_seconds()

    @cached_property
    def data_seconds(self) -> float:
        return self.smtp.data_timeout.total_seconds()

    @cached_property
    def session_seconds(self) -> float:
        return self.smtp.session_timeout.total_seconds()

    def is_balancer(self, ip: str) -> bool:
        """True when the peer's first octets are a PROXY header."""
        return _is_within(ip, self._balancers)

    def is_relay(self, ip: str) -> bool:
        """True when the peer may say who its client is."""
        return _is_within(ip, self._relays)

    @cached_property
    def _balancers(self) -> "Nets":
        return tuple(ip_network(net) for net in self.smtp.proxies)

    @cached_property
    def _relays(self) -> "Nets":
        return tuple(ip_network(net) for net in self.smtp.trusted_relays)


Nets = tuple[IPv4Network | IPv6Network, ...]


_address = lru_cache(1024)(ip_address)


def _is_within(ip: str, nets: Nets) -> bool:
    return bool(ip) and any(_address(ip) in net for net in nets)
