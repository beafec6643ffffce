"""Addresses as capabilities: whoever can write to one was given it by a letter of ours.

`support+r1f.m3k.<mac>@example.com` is the reply address of request 1f (base 36), good until the day m3k. The MAC is
HMAC-SHA256 over purpose, id, day and domain, cut to 130 bits: 26 letters of base 32, so that the local part stays
within 64 octets (RFC 5321 section 4.5.3.1.1) and survives a mail system that changes its case.
"""

import hashlib
import hmac
import re
from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Purpose = Literal["reply", "bounce", "verify", "rate"]

_LETTER: dict[str, Purpose] = {"r": "reply", "b": "bounce", "v": "verify", "s": "rate"}
_PURPOSE = {purpose: letter for letter, purpose in _LETTER.items()}
_FORM = re.compile(r"([^@+]+)\+([rbvs])([0-9a-z]{1,12})(?:-([1-5]))?\.([0-9a-z]{1,5})\.([a-z2-7]{26})@([^@]+)",
                   re.ASCII)
_DAY = 86_400
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, slots=True)
class Capability:
    """What one address is good for."""

    purpose: Purpose
    id: int
    """Request for reply and rate, letter for bounce, verification for verify."""
    rating: int = 0
    """1 to 5, only for rate."""


class Capabilities:
    """Makes and reads the addresses of one site. `secret`: at least 32 random octets, from data/secret."""

    def __init__(self, secret: bytes, address: str, lifetime: timedelta) -> None:
        self._secret = secret
        self._local, _, self._domain = address.lower().partition("@")
        self._lifetime = lifetime

    def address(self, capability: Capability, now: datetime, lifetime: timedelta | None = None) -> str:
        """The address for it: the support address with a tag, or bounce+tag for letters' reverse-paths."""
        local = "bounce" if capability.purpose == "bounce" else self._local
        return f"{local}+{self.token(capability, now, lifetime)}@{self._domain}"

    def token(self, capability: Capability, now: datetime, lifetime: timedelta | None = None) -> str:
        """The tag alone, as it stands in the link of a letter: it is good for what its address is good for."""
        day = int((now + (lifetime or self._lifetime)).timestamp() // _DAY) + 1
        rating = f"-{capability.rating}" if capability.rating else ""
        body = f"{_PURPOSE[capability.purpose]}{_base36(capability.id)}{rating}.{_base36(day)}"
        return f"{body}.{self._mac(body)}"

    def read(self, address: str, now: datetime) -> Capability | None:
        """What an address is good for; None for every other: unknown, forged and expired look the same.

        A one-time address (verify) never expires here: its asking is a row, and says to the minute what it is worth.
        """
        capability, day = self._made(address) or (None, 0)
        is_asking = capability is not None and capability.purpose == "verify"
        return capability if is_asking or day * _DAY >= now.timestamp() else None

    def read_token(self, token: str, now: datetime) -> Capability | None:
        """The same for a tag out of a link."""
        return self.read(f"{self._local}+{token}@{self._domain}", now)

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
        local, letter, number, rating, day, mac, domain = found.groups()
        purpose = _LETTER[letter]
        body = f"{letter}{number}{f'-{rating}' if rating else ''}.{day}"
        is_ours = hmac.compare_digest(self._mac(body), mac)
        if not is_ours or domain != self._domain or local != ("bounce" if purpose == "bounce" else self._local):
            return None
        return Capability(purpose, int(number, 36), int(rating or 0)), int(day, 36)

    def _mac(self, body: str) -> str:
        digest = hmac.new(self._secret, f"{body}@{self._domain}".encode(), hashlib.sha256).digest()
        return b32encode(digest).decode().lower()[:26]


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _DIGITS[rest] + digits
    return digits or "0"
