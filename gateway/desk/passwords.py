"""Passwords of agents: kept as argon2id (RFC 9106), which costs whoever steals the table dearly for each guess.

19 MiB and two passes, 20 ms or so: as OWASP asks for at least. Each call takes that long: run it in a thread.
"""

import secrets
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argon2 import PasswordHasher

SHORTEST, LONGEST = 12, 200
"""Characters of a password."""


@cache
def _hasher() -> "PasswordHasher":
    from argon2 import PasswordHasher  # for those who log in

    return PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@cache
def _nobodys() -> str:
    """A hash that no password fits."""
    return hashed(secrets.token_urlsafe(32))


def hashed(password: str) -> str:
    """As it is kept."""
    return _hasher().hash(password.encode("utf-8", "surrogatepass"))


def fits(kept: str, password: str) -> bool:
    """Whether it is the password; "" is nobody's. It takes as long where there is no password, or no such agent."""
    from argon2.exceptions import InvalidHashError, VerificationError

    octets = password[: LONGEST + 1].encode("utf-8", "surrogatepass")
    try:
        return _hasher().verify(kept or _nobodys(), octets)
    except (VerificationError, InvalidHashError):
        return False


def invent() -> str:
    """A password that nobody guesses: 20 characters, without those that look alike."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def fault(password: str) -> str:
    """Why it cannot be one, a sentence; "" when it can."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"A password has {SHORTEST} to {LONGEST} characters."
    return ""
