"""Addresses as capabilities: whoever can write to one was given it by a letter of ours.

`support+r9x2k41q.m3k.<mac>@example.com` is the reply address of a request, good until the day m3k. The MAC is
HMAC-SHA256 over purpose, id, day and domain, cut to 130 bits: 26 letters of base 32, so that the local part stays
within 64 octets (RFC 5321 section 4.5.3.1.1) and survives a mail system that changes its case. The id is veiled by
another HMAC over the MAC: from running numbers a stranger who writes twice would learn what we sent between, such as
a letter to the owner of the account that they named.
"""

import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Purpose = Literal["reply", "bounce", "verify", "rate", "look"]

_LETTER: dict[str, Purpose] = {"r": "reply", "b": "bounce", "v": "verify", "s": "rate", "l": "look"}
_PURPOSE = {purpose: letter for letter, purpose in _LETTER.items()}
_FORM = re.compile(r"([^@+]+)\+([rbvsl])([0-9a-z]{1,12})(?:-([1-5]))?\.([0-9a-z]{1,5})\.([a-z2-7]{26})@([^@]+)",
                   re.ASCII)
_DAY = 86_400
_VEIL = 5
"""Octets that hide an id: 40 bits, 8 digits of base 36."""
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]


@dataclass(frozen=True, slots=True)
class Capability:
    """What one address is good for."""

    purpose: Purpose
    id: int
    """Request for reply, rate and look, letter for bounce, verification for verify."""
    rating: int = 0
    """1 to 5, only for rate."""


class Capabilities:
    """Makes and reads the addresses of one site. `secret`: at least 32 random octets, from data/secret."""

    def __init__(self, secret: bytes, address: str, lifetime: timedelta) -> None:
        self._keyed = hmac.new(secret, digestmod="sha256")
        """Begun once: a copy takes less than to begin anew."""
        self._local, _, self._domain = address.lower().partition("@")
        self._lifetime = lifetime

    def address(self, capability: Capability, now: datetime, lifetime: timedelta | None = None) -> str:
        """The address for it: the support address with a tag, or bounce+tag for letters' reverse-paths."""
        local = "bounce" if capability.purpose == "bounce" else self._local
        return f"{local}+{self.token(capability, now, lifetime)}@{self._domain}"

    def token(self, capability: Capability, now: datetime, lifetime: timedelta | None = None) -> str:
        """The tag alone, as it stands in the link of a letter: it is good for what its address is good for."""
        day = int((now + (lifetime or self._lifetime)).timestamp() // _DAY) + 1
        return self._tag(capability, day)

    def read(self, address: str, now: datetime) -> Capability | None:
        """What an address is good for; None for every other: unknown, forged and expired look the same.

        A one-time address (verify) never expires here: its asking is a row, and says to the minute what it is worth.
        What is good for a look at the page only (look) is no address.
        """
        found = self._good(address, now)
        return found if found is None or found.purpose != "look" else None

    def _good(self, address: str, now: datetime) -> Capability | None:
        capability, day = self._made(address) or (None, 0)
        is_asking = capability is not None and capability.purpose == "verify"
        return capability if is_asking or day * _DAY >= now.timestamp() else None

    def read_token(self, token: str, now: datetime) -> Capability | None:
        """The same for a tag out of a link."""
        return self._good(f"{self._local}+{token}@{self._domain}", now)

    def is_mailbox(self, address: str, now: datetime) -> bool:
        """Whether the door takes mail for it.

        Beside what is good: our reply addresses however old, since whoever writes to one is a customer; and whatever
        has the form of a one-time address, so that a wrong, an expired and a used one get one and the same answer.
        """
        made, found = self._made(address), _FORM.fullmatch(address.lower())
        is_old_reply = made is not None and made[0].purpose == "reply"
        is_one_time = found is not None and (found[1], found[2], found[7]) == (self._local, "v", self._domain)
        return is_old_reply or is_one_time or self.read(address, now) is not None

    def _made(self, address: str) -> tuple[Capability, int] | None:
        """What an address that we made was made for, and its last day."""
        found = _FORM.fullmatch(address.lower().rstrip("."))
        if not found:
            return None
        local, letter, number, rating, last, mac, domain = found.groups()
        purpose, day = _LETTER[letter], int(last, 36)
        capability = Capability(purpose, int(number, 36) ^ self._veil(mac), int(rating or 0))
        tag = address.lower().partition("+")[2].partition("@")[0]
        is_ours = hmac.compare_digest(self._tag(capability, day), tag)
        if not is_ours or domain != self._domain or local != ("bounce" if purpose == "bounce" else self._local):
            return None
        return capability, day

    def _tag(self, capability: Capability, day: int) -> str:
        rating = f"-{capability.rating}" if capability.rating else ""
        letter, last = _PURPOSE[capability.purpose], _base36(day)
        digest = self._hmac(f"{letter}{_base36(capability.id)}{rating}.{last}@{self._domain}")
        mac = _base32(digest)
        return f"{letter}{_base36(capability.id ^ self._veil(mac))}{rating}.{last}.{mac}"

    def _veil(self, mac: str) -> int:
        return int.from_bytes(self._hmac(f"veil {mac}")[:_VEIL])

    def _hmac(self, words: str) -> bytes:
        made = self._keyed.copy()
        made.update(words.encode())
        return made.digest()


def _base32(digest: bytes) -> str:
    """The first 130 bits (RFC 4648 section 6), two letters at a time."""
    bits = int.from_bytes(digest[:17]) >> 6
    return "".join([_PAIRS[bits >> place & 1023] for place in range(120, -1, -10)])


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
