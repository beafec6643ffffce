"""DNS, asked by everybody through one door. Only nameservers.py behind it speaks to name servers."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import structlog

from gateway.authentication.answer import NO_SUCH_NAME, TIMEOUT, Answer, Budget, Resolver
from gateway.authentication.memory import Memory, weight
from gateway.authentication.names import can_be_asked, plain
from gateway.authentication.nameservers import NameServers
from gateway.authentication.zone import ZoneResolver

__all__ = ["Answer", "Budget", "DnsResolver", "Figures", "Resolver", "ZoneResolver"]

log = structlog.get_logger()

HEAVIEST = 32_000
"""Octets: a longer answer is as none. An honest one is far shorter, and a mail may ask for sixty."""
LOOK_AGAIN = 5
"""Seconds between two looks while name servers are away."""
WITNESSES = ("", "com")
"""Every resolver that hears anything of the world knows the name servers of the root, and those that will not tell of
the root, these. No stranger can make both fail, as he can his own domain."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a resolver did since it was made."""

    asked: int = 0
    """Questions put to name servers; the next two were not: answered from memory, or joined to an equal one."""
    remembered: int = 0
    joined: int = 0
    nxdomain: int = 0
    timeout: int = 0
    servfail: int = 0
    refused: int = 0
    seconds: float = 0.0
    """From question to answer, all that were asked taken together."""
    longest: float = 0.0
    """The slowest of them."""


class DnsResolver:
    """Asks name servers. One for the whole gateway: it remembers answers and joins equal questions under way.

    nameservers: "address" or "address:port"; none means those of the system. timeout: seconds a try. now: a clock of
    seconds that only goes forward. Raises ValueError for a name server that is no address.
    """

    def __init__(self, nameservers: Sequence[str] = (), timeout: float = 1.0, tries: int = 2,
                 now: Callable[[], float] = time.monotonic):
        self._servers = NameServers(nameservers, timeout, tries)
        self._now = now
        self._memory = Memory()
        self._under_way: dict[tuple[str, str], asyncio.Task[Answer]] = {}
        self._counts: Counter[str] = Counter()
        self._seconds = self._longest = 0.0
        self._away_since: float | None = None
        self._look: asyncio.Task[None] | None = None
        self._looked = 0.0

    @property
    def is_away(self) -> bool:
        return self._away_since is not None

    @property
    def figures(self) -> Figures:
        return Figures(**self._counts, seconds=round(self._seconds, 3), longest=round(self._longest, 3))

    def take(self) -> Figures:
        """The figures since the last time; the count begins anew."""
        taken = self.figures
        self._counts.clear()
        self._seconds = self._longest = 0.0
        return taken

    def add(self, figures: Figures) -> None:
        """What another process of the gateway has asked."""
        counts = asdict(figures)
        self._seconds += counts.pop("seconds")
        self._longest = max(self._longest, counts.pop("longest"))
        self._counts.update(counts)

    def recall(self, name: str, type: str) -> Answer | None:
        name = plain(name)
        if remembered := self._memory.recall(name, type, self._now()):
            self._counts["remembered"] += 1
            return remembered
        if not can_be_asked(name):
            return NO_SUCH_NAME
        if self.is_away:
            self._look_whether_away()
            return TIMEOUT
        return None

    async def query(self, name: str, type: str) -> Answer:
        if known := self.recall(name, type):
            return known
        # One who gives up must not take the answer from the others who wait for it.
        return await asyncio.shield(self._task(plain(name), type))

    async def close(self) -> None:
        tasks = [*self._under_way.values(), *([self._look] if self._look else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._servers.close()

    def _task(self, name: str, type: str) -> asyncio.Task[Answer]:
        if task := self._under_way.get((name, type)):
            self._counts["joined"] += 1
            return task
        task = self._under_way[name, type] = asyncio.create_task(self._ask(name, type))
        task.add_done_callback(lambda _: self._under_way.pop((name, type), None))
        return task

    async def _ask(self, name: str, type: str) -> Answer:
        began = self._now()
        answer = await self._servers.ask(name, type)
        if weight(name, answer) > HEAVIEST:
            answer = Answer("SERVFAIL")
        self._memory.remember(name, type, answer, self._now())
        self._count(answer, self._now() - began)
        if not answer.is_trouble:
            self._tell(is_away=False)
        else:
            # Whoever was not answered waits to know whether anybody is, so that an outage hits no mail as a verdict.
            await asyncio.shield(self._look_whether_away())
        return answer

    def _count(self, answer: Answer, seconds: float) -> None:
        self._counts["asked"] += 1
        if answer.rcode != "NOERROR":
            self._counts[answer.rcode.lower()] += 1
        self._seconds += seconds
        self._longest = max(self._longest, seconds)

    # ---- name servers that are away ----

    def _look_whether_away(self) -> asyncio.Task[None]:
        """Ask for what every resolver knows: one domain that is silent or fails proves nothing of the servers."""
        if self._look is None or (self._look.done() and self._now() - self._looked >= LOOK_AGAIN):
            self._look = asyncio.create_task(self._ask_witnesses())
        return self._look

    async def _ask_witnesses(self) -> None:
        answers = await asyncio.gather(*(self._servers.ask(name, "NS") for name in WITNESSES))
        self._looked = self._now()
        self._tell(is_away=all(answer.is_trouble for answer in answers))

    def _tell(self, *, is_away: bool) -> None:
        """The operator hears of it once, when it changes."""
        if is_away and self._away_since is None:
            self._away_since = self._now()
            log.warning("no name server answers: mails are taken with identity unknown, nobody is proven",
                        nameservers=self._servers.addresses, **asdict(self.figures))  # fmt: skip
        elif not is_away and self._away_since is not None:
            log.info("name servers answer again", seconds_away=round(self._now() - self._away_since))
            self._away_since = None
