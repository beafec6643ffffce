"""What DNS said, who can be asked, and how much one mail may ask.

A resolver never raises and never lets anybody wait long: what it cannot learn comes back as TIMEOUT, SERVFAIL or
REFUSED, so that the methods can tell "the domain says no" from "nobody answered" (RFC 8601 section 2.7: fail against
temperror).
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Any, Protocol

from gateway.authentication.names import lower

NEGATIVE, TROUBLE = 60, 5
"""Seconds that "no such record" and "no answer" are remembered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What DNS said.

    values: TXT as bytes (the strings of one record joined); A and AAAA as text; MX as (preference, host); PTR, CNAME
    and NS as names without final dot. ttl in seconds.
    """

    rcode: str
    """NOERROR, NXDOMAIN, SERVFAIL, REFUSED or TIMEOUT."""
    values: tuple[Any, ...] = ()
    ttl: int = NEGATIVE

    @property
    def is_trouble(self) -> bool:
        """True when nothing was learnt: neither a record nor that there is none."""
        return self.rcode not in ("NOERROR", "NXDOMAIN")

    @property
    def is_void(self) -> bool:
        """No such name, or no such record there (RFC 7208 section 4.6.4)."""
        return not self.is_trouble and not self.values

    @property
    def texts(self) -> list[bytes]:
        return [value for value in self.values if isinstance(value, bytes)]

    @property
    def names(self) -> list[str]:
        return [value.lower().removesuffix(".") for value in self.values if isinstance(value, str)]

    @property
    def exchangers(self) -> list[tuple[int, str]]:
        return [value for value in self.values if isinstance(value, tuple)]


TIMEOUT = Answer("TIMEOUT", (), TROUBLE)
NO_SUCH_NAME, NO_SUCH_RECORD = Answer("NXDOMAIN"), Answer("NOERROR")


class Resolver(Protocol):
    @property
    def is_away(self) -> bool:
        """True when no name server answers anything, so that nothing can be learnt about anybody."""

    def recall(self, name: str, type: str) -> Answer | None:
        """What query() would answer, when that is known without asking; else None. Never raises."""

    async def query(self, name: str, type: str) -> Answer:
        """Ask for the records of a type (TXT, A, AAAA, MX, PTR, CNAME, NS) at a name. Never raises."""


class Budget:
    """What one mail may ask: so many queries, until a moment; each question once. Beyond it nothing is learnt."""

    def __init__(self, resolver: Resolver, deadline_seconds: float, queries: int = 60):
        self._resolver, self._left = resolver, queries
        self._until = time.monotonic() + deadline_seconds
        self._answers: dict[tuple[str, str], Answer] = {}
        self._under_way: dict[tuple[str, str], asyncio.Future[Answer]] = {}

    @property
    def is_away(self) -> bool:
        return self._resolver.is_away

    def renew(self, deadline_seconds: float) -> None:
        """The same questions and count, with a new deadline from now on."""
        self._until = time.monotonic() + deadline_seconds

    def close(self) -> None:
        """Nobody waits any more: what is still under way is given up."""
        for asked in self._under_way.values():
            asked.cancel()

    def recall(self, name: str, type: str) -> Answer | None:
        key = lower(name), type
        if (answer := self._answers.get(key)) or key in self._under_way:
            return answer
        if self._left <= 0:
            return TIMEOUT
        if answer := self._resolver.recall(name, type):
            self._left -= 1
            self._answers[key] = answer
        return answer

    async def query(self, name: str, type: str) -> Answer:
        if answer := self.recall(name, type):
            return answer
        key = lower(name), type
        if (asked := self._under_way.get(key)) is None:
            self._left -= 1
            asked = self._under_way[key] = asyncio.ensure_future(self._resolver.query(name, type))
        return await self._in_time(asked)

    async def _in_time(self, asked: asyncio.Future[Answer]) -> Answer:
        try:
            async with asyncio.timeout_at(self._deadline()):
                return await asyncio.shield(asked)
        except TimeoutError:
            return TIMEOUT

    def _deadline(self) -> float:
        return asyncio.get_running_loop().time() + max(0.0, self._until - time.monotonic())
