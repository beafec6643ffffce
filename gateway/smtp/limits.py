"""How many may come in at once, in all and from one client's net (an IPv4 address, an IPv6 /64); and who guesses.

A whole /64 is what one customer of a provider is given, so it counts as one client.
"""

from collections import Counter
from functools import lru_cache
from ipaddress import IPv4Address, ip_address, ip_network
from math import exp2

from gateway.authentication.address import client_address
from gateway.smtp import policy
from gateway.smtp.crowd import Crowd
from gateway.smtp.policy import Reply


def client_ip(peername: object) -> str:
    """The peer's address in text; IPv4-mapped IPv6 as IPv4, without a zone. "" for a unix socket."""
    if not isinstance(peername, tuple):
        return ""
    return str(client_address(str(peername[0])) or "")


@lru_cache(1024)
def client_net(ip: str) -> str:
    """What counts as one client."""
    if not ip or isinstance(ip_address(ip), IPv4Address):
        return ip
    return str(ip_network(f"{ip}/64", strict=False))


def sender_net(ip: str) -> str:
    """Where a mail server's next try comes from: its neighbours (an IPv4 /24, an IPv6 /64) belong to the same farm."""
    if not ip:
        return ip
    length = 24 if isinstance(ip_address(ip), IPv4Address) else 64
    return str(ip_network(f"{ip}/{length}", strict=False))


class Guests:
    """Who is inside. `crowd`: counts those at other doors too, where there are some."""

    def __init__(self, most: int, most_per_client: int, crowd: Crowd | None = None) -> None:
        self._inside: Counter[str] = Counter()
        self._count = 0
        self._crowd = crowd
        self.limit(most, most_per_client)

    def limit(self, most: int, most_per_client: int) -> None:
        """Take new limits; who is inside stays."""
        self._most, self._most_per_client = most, most_per_client

    def enter(self, ip: str, *, is_relay: bool = False) -> Reply | None:
        """Count one more; None, or the reply that refuses it (then it was not counted).

        is_relay: many clients come over it, so it is not measured as one.
        """
        net = client_net(ip)
        others, of_net = self._crowd.elsewhere(net) if self._crowd else (0, 0)
        if self._count + others >= self._most:
            return policy.CROWDED
        if not is_relay and self._inside[net] + of_net >= self._most_per_client:
            return policy.TOO_MANY_OF_CLIENT
        self._inside[net] += 1
        self._count += 1
        if self._crowd:
            self._crowd.add(net, 1)
        return None

    def leave(self, ip: str) -> None:
        net = client_net(ip)
        self._count -= 1
        self._inside[net] -= 1
        if self._inside[net] <= 0:
            del self._inside[net]
        if self._crowd:
            self._crowd.add(net, -1)


GUESSES_FREE = 5
"""Unknown mailboxes that cost nothing: a mistyped address, an old list."""
SLOWDOWN = 1.0
"""Seconds that each further one takes."""
FADES = 600.0
"""Seconds in which half of a net's guesses are forgotten."""
NETS = 10_000
"""Nets that are remembered."""


class Guesses:
    """Who asks for mailboxes that are not there: a directory harvest is slowed down, then shown out."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._of: dict[str, tuple[float, float]] = {}
        """Net: guesses, as they were at a moment of the clock."""
        self._tried: dict[str, set[int]] = {}
        """Net: hashes of the addresses it asked for."""

    def guess(self, ip: str, address: str, now: float) -> float:
        """One more, unless it is an old one: a mailing list tries for years. Seconds that the answer is held back."""
        tried = self._tried.setdefault(client_net(ip), set())
        if hash(address.lower()) in tried:
            return 0.0
        count = self.count(ip, now) + 1
        self._of.pop(client_net(ip), None)
        if len(self._of) >= NETS:
            oldest = next(iter(self._of))
            del self._of[oldest], self._tried[oldest]
        if len(tried) >= self.most:
            tried.clear()
        tried.add(hash(address.lower()))
        self._of[client_net(ip)] = count, now
        return SLOWDOWN if count > GUESSES_FREE else 0.0

    def count(self, ip: str, now: float) -> float:
        guesses, at = self._of.get(client_net(ip), (0.0, now))
        return guesses * exp2((at - now) / FADES)

    def is_harvest(self, ip: str, now: float) -> bool:
        return round(self.count(ip, now)) >= self.most
