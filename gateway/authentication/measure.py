"""What one check cost: the time it took, and the questions it put to DNS."""

import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from gateway.authentication.answer import Answer, Resolver
from gateway.mail.authres import Check


class Counted:
    """A resolver that counts what is asked through it."""

    def __init__(self, resolver: Resolver):
        self._resolver, self.queries = resolver, 0

    @property
    def is_away(self) -> bool:
        return self._resolver.is_away

    def recall(self, name: str, type: str) -> Answer | None:
        answer = self._resolver.recall(name, type)
        self.queries += answer is not None
        return answer

    def query(self, name: str, type: str) -> Coroutine[Any, Any, Answer]:
        self.queries += 1
        return self._resolver.query(name, type)


async def measured(check: Callable[[Resolver], Awaitable[Check]], resolver: Resolver) -> Check:
    """The check, asked of this resolver, with its milliseconds (DNS included) and its queries."""
    counted, begun = Counted(resolver), time.perf_counter()
    found = await check(counted)
    return found.but(milliseconds=milliseconds_since(begun), queries=counted.queries)


def milliseconds_since(begun: float) -> float:
    return round((time.perf_counter() - begun) * 1000, 2)
