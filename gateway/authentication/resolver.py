"""DNS, asked by everybody through one door. The only file that asks name servers.

Names are built from labels and never parsed as master-file text: labels of strangers hold dots, blanks and worse.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import aiodns
import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pycares
import structlog

from gateway.authentication.answer import NEGATIVE, NO_SUCH_NAME, TIMEOUT, TROUBLE, Answer, Budget, Resolver
from gateway.authentication.names import can_be_asked, octets
from gateway.authentication.zone import ZoneResolver

__all__ = ["Answer", "Budget", "DnsResolver", "Resolver", "ZoneResolver"]

log = structlog.get_logger()

Value = str | bytes | tuple[int, str]
PORT = 53
SHORTEST, LONGEST = 5, 3600
"""Seconds: bounds within which an answer is remembered, whatever its TTL."""
CACHE_SIZE = 20_000
SILENT = 4
"""So many queries in a row without any answer, and we look whether name servers answer at all."""
LOOK_AGAIN = 5
"""Seconds between two looks while name servers are away."""


class DnsResolver:
    """Asks name servers. One for the whole gateway: it remembers answers and joins equal questions under way.

    nameservers: "host" or "host:port"; none means those of the system. timeout: seconds a try.
    """

    def __init__(self, nameservers: Sequence[str] = (), timeout: float = 1.0, tries: int = 2):
        self._nameservers = tuple(nameservers)
        self._timeout, self._tries = timeout, tries
        self._cares: aiodns.DNSResolver | None = None
        self._remembered: OrderedDict[tuple[str, str], tuple[float, Answer]] = OrderedDict()
        self._under_way: dict[tuple[str, str], asyncio.Task[Answer]] = {}
        self._silent = 0
        self._is_away = False
        self._look: asyncio.Task[None] | None = None
        self._looked = 0.0

    @property
    def is_away(self) -> bool:
        return self._is_away

    async def query(self, name: str, type: str) -> Answer:
        name = name.removesuffix(".").lower()
        if not can_be_asked(name):
            return NO_SUCH_NAME
        if remembered := self._recall(name, type):
            return remembered
        if self._is_away:
            self._look_whether_away()
            return TIMEOUT
        task = self._under_way.get((name, type))
        if task is None:
            task = self._under_way[name, type] = asyncio.create_task(self._ask(name, type))
            task.add_done_callback(lambda _: self._under_way.pop((name, type), None))
        # One who gives up must not take the answer from the others who wait for it.
        return await asyncio.shield(task)

    async def close(self) -> None:
        tasks = [*self._under_way.values(), *([self._look] if self._look else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._cares:
            await self._cares.close()
            self._cares = None

    def _recall(self, name: str, type: str) -> Answer | None:
        until, answer = self._remembered.get((name, type), (0.0, TIMEOUT))
        return answer if until > time.monotonic() else None

    def _remember(self, name: str, type: str, answer: Answer) -> None:
        seconds = TROUBLE if answer.is_trouble else NEGATIVE if answer.is_void else answer.ttl
        self._remembered[name, type] = time.monotonic() + min(max(seconds, SHORTEST), LONGEST), answer
        self._remembered.move_to_end((name, type))
        if len(self._remembered) > CACHE_SIZE:
            self._remembered.popitem(last=False)

    async def _ask(self, name: str, type: str) -> Answer:
        answer = await self._ask_in_time(name, type)
        self._remember(name, type, answer)
        self._notice(answer)
        return answer

    async def _ask_in_time(self, name: str, type: str) -> Answer:
        try:
            async with asyncio.timeout(self._timeout * self._tries):
                return await (self._ask_cares if _is_plain(name) else self._ask_by_labels)(name, type)
        except TimeoutError:
            return TIMEOUT

    def _notice(self, answer: Answer) -> None:
        if answer.rcode not in ("TIMEOUT", "REFUSED"):
            self._silent = 0
            self._tell(is_away=False)
            return
        self._silent += 1
        if self._silent >= SILENT:
            self._look_whether_away()

    def _look_whether_away(self) -> None:
        """Ask for the root's name servers, which every resolver knows: silent domains alone prove nothing."""
        if self._look and not self._look.done():
            return
        if self._looked and time.monotonic() - self._looked < LOOK_AGAIN:
            return
        self._look = asyncio.create_task(self._look_at_root())

    async def _look_at_root(self) -> None:
        answer = await self._ask_in_time("", "NS")
        self._looked = time.monotonic()
        self._tell(is_away=answer.rcode in ("TIMEOUT", "REFUSED"))
        if not self._is_away:
            self._silent = 0

    def _tell(self, *, is_away: bool) -> None:
        """The operator hears of it once, when it changes."""
        if is_away and not self._is_away:
            log.warning("no name server answers: mails are taken with identity unknown, nobody is proven",
                        nameservers=list(self._nameservers) or "of the system")
        if self._is_away and not is_away:
            log.info("name servers answer again")
        self._is_away = is_away

    def _channel(self) -> aiodns.DNSResolver:
        if self._cares is None:
            servers = [_with_port(server) for server in self._nameservers]
            self._cares = aiodns.DNSResolver(servers or None, timeout=self._timeout, tries=self._tries)
        return self._cares

    async def _ask_cares(self, name: str, type: str) -> Answer:
        try:
            result = await self._channel().query_dns(name, type)
        except aiodns.error.DNSError as trouble:
            return Answer(_RCODES.get(trouble.args[0], "SERVFAIL"))
        records = [record for record in result.answer if record.type == _CARES_TYPES[type]]
        values = tuple(_VALUES[type](record.data) for record in records)
        return Answer("NOERROR", values, min((record.ttl for record in result.answer), default=NEGATIVE))

    async def _ask_by_labels(self, name: str, type: str) -> Answer:
        """For names that c-ares would read as master-file text or refuse."""
        labels = [] if not name else octets(name)
        question = dns.message.make_query(dns.name.Name([*labels, b""]), type)
        for server in self._servers():
            host, _, port = server.rpartition(":")
            with suppress(OSError, dns.exception.DNSException):
                reply, _ = await dns.asyncquery.udp_with_fallback(
                    question, host.strip("[]"), timeout=self._timeout, port=int(port)
                )
                return _from_reply(reply, type)
        return TIMEOUT

    def _servers(self) -> list[str]:
        return [_with_port(server.partition("%")[0]) for server in self._channel()._channel.servers]


def _is_plain(name: str) -> bool:
    return bool(name) and name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _with_port(server: str) -> str:
    if server.startswith("["):
        return server if "]:" in server else f"{server}:{PORT}"
    if server.count(":") > 1:
        return f"[{server}]:{PORT}"
    return server if ":" in server else f"{server}:{PORT}"


def _from_reply(reply: dns.message.Message, type: str) -> Answer:
    rcode = dns.rcode.to_text(reply.rcode())
    if rcode not in ("NOERROR", "NXDOMAIN", "REFUSED"):
        rcode = "SERVFAIL"
    values: list[Value] = []
    ttl = LONGEST
    for rrset in reply.answer:
        ttl = min(ttl, rrset.ttl)
        if rrset.rdtype == dns.rdatatype.from_text(type):
            values += [_LABEL_VALUES[type](record) for record in rrset]
    return Answer(rcode, tuple(values), ttl)


def _undotted(name: str) -> str:
    return name.removesuffix(".")


_RCODES = {
    pycares.errno.ARES_ENOTFOUND: "NXDOMAIN",
    pycares.errno.ARES_ENODATA: "NOERROR",
    pycares.errno.ARES_ETIMEOUT: "TIMEOUT",
    pycares.errno.ARES_ECONNREFUSED: "TIMEOUT",
    pycares.errno.ARES_ECANCELLED: "TIMEOUT",
    pycares.errno.ARES_EREFUSED: "REFUSED",
}
_CARES_TYPES = {
    "A": pycares.QUERY_TYPE_A, "AAAA": pycares.QUERY_TYPE_AAAA, "MX": pycares.QUERY_TYPE_MX,
    "TXT": pycares.QUERY_TYPE_TXT, "PTR": pycares.QUERY_TYPE_PTR, "CNAME": pycares.QUERY_TYPE_CNAME,
    "NS": pycares.QUERY_TYPE_NS,
}  # fmt: skip
_VALUES: dict[str, Callable[[Any], Value]] = {
    "A": lambda data: str(data.addr),
    "AAAA": lambda data: str(data.addr),
    "MX": lambda data: (int(data.priority), _undotted(data.exchange)),
    "TXT": lambda data: bytes(data.data),
    "PTR": lambda data: _undotted(data.dname),
    "CNAME": lambda data: _undotted(data.cname),
    "NS": lambda data: _undotted(data.nsdname),
}
_LABEL_VALUES: dict[str, Callable[[Any], Value]] = {
    "A": lambda data: str(data.address),
    "AAAA": lambda data: str(data.address),
    "MX": lambda data: (int(data.preference), _undotted(data.exchange.to_text())),
    "TXT": lambda data: b"".join(data.strings),
    "PTR": lambda data: _undotted(data.target.to_text()),
    "CNAME": lambda data: _undotted(data.target.to_text()),
    "NS": lambda data: _undotted(data.target.to_text()),
}
