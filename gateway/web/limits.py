"""How often visitors may come: so many at once, then so many a minute, from one client's net and in all.

A bucket of tokens for each net (or account), kept as the one moment at which it will be full again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from math import ceil

MOST_KNOWN = 4096
"""Names that are remembered before those whose bucket is full are forgotten."""


@dataclass(frozen=True, slots=True)
class Pace:
    """So many at once, and then so many a minute."""

    at_once: int
    a_minute: int

    @property
    def step(self) -> float:
        """Seconds that one visit costs."""
        return 60 / self.a_minute


FOR_A_CLIENT = Pace(at_once=30, a_minute=30)
"""A person needs three; a company's mail scanners and people come from one address."""
FOR_ALL = Pace(at_once=300, a_minute=1200)
_ALL = "all"


class Buckets:
    """How often what is named has come lately."""

    def __init__(self) -> None:
        self._full_at: dict[str, float] = {}

    def admits(self, visits: Collection[tuple[str, Pace]], now: float) -> bool:
        """Whether each of these names may come now, which then counts; else none of them is counted.

        `now`: seconds of a clock that only goes forward.
        """
        if any(self._owes(name, now) > pace.step * (pace.at_once - 0.5) for name, pace in visits):
            return False  # before anything is counted: who floods us from one net takes no room from all others
        for name, pace in visits:
            self._full_at[name] = now + self._owes(name, now) + pace.step
        if len(self._full_at) > MOST_KNOWN:
            self._full_at = {name: moment for name, moment in self._full_at.items() if moment > now}
        return True

    def forgive(self, visits: Collection[tuple[str, Pace]]) -> None:
        """They came, and it is not to count."""
        for name, pace in visits:
            if name in self._full_at:
                self._full_at[name] -= pace.step

    def _owes(self, name: str, now: float) -> float:
        """Seconds until a bucket is full."""
        return max(self._full_at.get(name, now) - now, 0.0)


class Turnstile:
    """Lets visitors of the public page in, or not yet."""

    def __init__(self) -> None:
        self._buckets = Buckets()

    def admits(self, ip: str, now: float) -> bool:
        """Whether a visitor may come in now, which then counts. `now`: seconds of a clock that only goes forward."""
        return self._buckets.admits(((client_net(ip), FOR_A_CLIENT), (_ALL, FOR_ALL)), now)


class Meter:
    """How often one token may ask the API. `asked`: what it has asked lately."""

    def __init__(self, asked: Buckets, a_minute: int) -> None:
        self._asked, self._pace = asked, Pace(a_minute, a_minute)
        self.told = f"Calls of one token that are answered in a minute: {a_minute}."
        self.again = {"Retry-After": str(ceil(self._pace.step))}

    def admits(self, token: str, now: float) -> bool:
        """Whether it may ask now, which then counts. `now`: seconds of a clock that only goes forward."""
        return self._asked.admits(((token, self._pace),), now)


def client_net(ip: str) -> str:
    """What counts as one client: an IPv4 address, an IPv6 /64. "" for whatever a proxy calls otherwise."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return ""
    if address.version == 6 and not address.ipv4_mapped:
        return str(ip_network(f"{address}/64", strict=False))
    return str(address.ipv4_mapped if address.version == 6 else address)
