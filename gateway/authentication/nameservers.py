"""How one question is put to the name servers: by c-ares, or by dnspython for names that c-ares refuses.

Names are built from labels and never parsed as master-file text: labels of strangers hold dots, blanks and worse.
What comes back was written by strangers too (RFC 3833): only records of the name that was asked, or of the one that
its aliases lead to, count as an answer.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from typing import Any

import aiodns
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pycares

from gateway.authentication.answer import NEGATIVE, TIMEOUT, Answer
from gateway.authentication.names import octets

Value = str | bytes | tuple[int, str]
PORT = 53
UDP_OCTETS = 1232
"""The size of answer that we offer to take over UDP (the DNS flag day of 2020); longer ones come over TCP."""
ODD_OCTETS = 4096
"""dnspython reads an answer on the event loop: 2 ms for so many octets, and a longer one is not read."""
MAX_ALIASES = 16
FORGET_ANSWERS, FORGET_SECONDS = 64, 60
"""c-ares remembers answers too, without a bound on their number and "no such record" for an hour; it cannot be told
not to. So it is made to forget after so many answers, or seconds."""


class NameServers:
    """The servers of the config, or those of the system.

    servers: "address" or "address:port", IPv6 in brackets when it has a port. timeout: seconds a try. A question takes
    `timeout` times `tries` at most. Raises ValueError for what is no address.
    """

    def __init__(self, servers: Sequence[str], timeout: float, tries: int):
        self._servers = tuple(_with_port(server) for server in servers)
        self._timeout, self._tries = timeout, tries
        self._cares: aiodns.DNSResolver | None = None
        self._answers, self._forgot = 0, time.monotonic()
        self._failures: Counter[str] = Counter()

    @property
    def addresses(self) -> list[str]:
        """host:port of each server, as c-ares knows them."""
        return [_with_port(server.partition("%")[0]) for server in self._channel()._channel.servers]

    async def ask(self, name: str, type: str) -> Answer:
        """Never raises. name: lower case, without final dot; "" is the root."""
        try:
            async with asyncio.timeout(self._timeout * self._tries):
                return await (self._ask_cares if _is_plain(name) else self._ask_by_labels)(name, type)
        except (TimeoutError, OSError, pycares.AresError):
            return TIMEOUT

    async def close(self) -> None:
        if self._cares:
            await self._cares.close()
            self._cares = None

    def _channel(self) -> aiodns.DNSResolver:
        if self._cares is None:
            # c-ares gives up a try as early as after 250 ms when the server is quick as a rule, though this one domain
            # may be slow. A further try keeps the question open until our own time is over.
            self._cares = aiodns.DNSResolver(self._servers or None, timeout=self._timeout, tries=self._tries + 1)
        return self._cares

    async def _ask_cares(self, name: str, type: str) -> Answer:
        self._forget_now_and_then()
        try:
            result = await self._channel().query_dns(name, type)
        except aiodns.error.DNSError as trouble:
            if trouble.args[0] in _SPOILT:
                return await self._ask_by_labels(name, type)
            return Answer(_RCODES.get(trouble.args[0], "SERVFAIL"))
        if not result.answer:
            return Answer("SERVFAIL")  # "no such record" has a code of its own: this is an RCODE that c-ares passes on
        records = _along_aliases(result.answer, name, _CARES_TYPES[type])
        if records is None:
            return Answer("SERVFAIL")
        values = tuple(_VALUES[type](record.data) for record in records)
        return Answer("NOERROR", values, min(record.ttl for record in result.answer))

    def _forget_now_and_then(self) -> None:
        self._answers += 1
        if self._answers < FORGET_ANSWERS and time.monotonic() - self._forgot < FORGET_SECONDS:
            return
        self._answers, self._forgot = 0, time.monotonic()
        self._channel()._channel.reinit()

    async def _ask_by_labels(self, name: str, type: str) -> Answer:
        labels = octets(name) if name else []
        question = dns.message.make_query(dns.name.Name([*labels, b""]), type, use_edns=0, payload=UDP_OCTETS)
        answer = TIMEOUT
        for _ in range(self._tries):
            for server in sorted(self.addresses, key=self._failures.__getitem__):
                with suppress(OSError, EOFError):
                    async with asyncio.timeout(self._timeout):
                        answer = _from_reply(await _exchange(question, server), type)
                    if not answer.is_trouble:
                        self._failures[server] = 0
                        return answer
                self._failures[server] += 1
        return answer


# ---- by c-ares -----------------------------------------------------------------------------------------------------


def _is_plain(name: str) -> bool:
    return bool(name) and name.isascii() and name.replace("-", "").replace("_", "").replace(".", "").isalnum()


def _along_aliases(records: Iterable[Any], name: str, type: int) -> list[Any] | None:
    """The records of the name, or of the one that its aliases lead to; None when they lead round in a circle."""
    records = list(records)
    aliases = {record.name.lower(): record.data.cname.lower() for record in records if record.type == _CNAME}
    for _ in range(MAX_ALIASES + 1):
        found = [record for record in records if record.type == type and record.name.lower() == name]
        if found or name not in aliases:
            return found
        name = aliases[name]
    return None


_CNAME = pycares.QUERY_TYPE_CNAME
_RCODES = {
    pycares.errno.ARES_ENOTFOUND: "NXDOMAIN",
    pycares.errno.ARES_ENODATA: "NOERROR",
    pycares.errno.ARES_ETIMEOUT: "TIMEOUT",
    pycares.errno.ARES_ECANCELLED: "TIMEOUT",
    pycares.errno.ARES_EREFUSED: "REFUSED",
}
_SPOILT = (pycares.errno.ARES_EBADRESP, pycares.errno.ARES_ECONNREFUSED)
"""All questions on a connection are given up by c-ares over one answer that cannot be read: a stranger's zone would
spoil the answers about others. Those are asked for again, each over a socket of its own."""
_CARES_TYPES = {
    "A": pycares.QUERY_TYPE_A, "AAAA": pycares.QUERY_TYPE_AAAA, "MX": pycares.QUERY_TYPE_MX,
    "TXT": pycares.QUERY_TYPE_TXT, "PTR": pycares.QUERY_TYPE_PTR, "CNAME": _CNAME, "NS": pycares.QUERY_TYPE_NS,
}  # fmt: skip
_VALUES: dict[str, Callable[[Any], Value]] = {
    "A": lambda data: str(data.addr),
    "AAAA": lambda data: str(data.addr),
    "MX": lambda data: (int(data.priority), _plain(data.exchange)),
    "TXT": lambda data: bytes(data.data),
    "PTR": lambda data: _plain(data.dname),
    "CNAME": lambda data: _plain(data.cname),
    "NS": lambda data: _plain(data.nsdname),
}


# ---- by labels -----------------------------------------------------------------------------------------------------


async def _exchange(question: dns.message.Message, server: str) -> dns.message.Message:
    """The reply of one server, by TCP when it does not fit into a datagram. Raises OSError, EOFError."""
    host, _, port = server.rpartition(":")
    peer = host.strip("[]"), int(port)
    transport, waiting = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: _Datagrams(question), remote_addr=peer
    )
    try:
        transport.sendto(question.to_wire())
        reply = await waiting.reply
    finally:
        transport.close()
    if reply.flags & dns.flags.TC:
        return await _exchange_by_tcp(question, peer)
    return reply


class _Datagrams(asyncio.DatagramProtocol):
    """The first reply to our question counts; all else that comes is not for us."""

    def __init__(self, question: dns.message.Message):
        self._question = question
        self.reply: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, peer: object) -> None:
        with suppress(OSError):
            reply = _read(data, self._question)
            if not self.reply.done():
                self.reply.set_result(reply)

    def error_received(self, trouble: Exception) -> None:
        if not self.reply.done():
            self.reply.set_exception(trouble)


async def _exchange_by_tcp(question: dns.message.Message, peer: tuple[str, int]) -> dns.message.Message:
    reader, writer = await asyncio.open_connection(*peer)
    try:
        writer.write(question.to_wire(prepend_length=True))
        size = int.from_bytes(await reader.readexactly(2), "big")
        if size > ODD_OCTETS:
            raise OSError("The answer is too long.")
        return _read(await reader.readexactly(size), question)
    finally:
        writer.close()


def _read(wire: bytes, question: dns.message.Message) -> dns.message.Message:
    """Raises OSError when this is no reply to the question."""
    if len(wire) > ODD_OCTETS:
        raise OSError("The answer is too long.")
    try:
        reply = dns.message.from_wire(wire)
    except (dns.exception.DNSException, ValueError) as trouble:
        raise OSError(f"This is no answer: {trouble}") from None
    if not question.is_response(reply):
        raise OSError("This answers another question.")
    return reply


def _from_reply(reply: dns.message.Message, type: str) -> Answer:
    rcode = dns.rcode.to_text(reply.rcode())
    if rcode in ("NXDOMAIN", "REFUSED"):
        return Answer(rcode)
    if rcode != "NOERROR":
        return Answer("SERVFAIL")
    try:
        chain = dns.message.QueryMessage.resolve_chaining(reply)  # type: ignore[arg-type]
    except dns.exception.DNSException:
        return Answer("SERVFAIL")
    values = tuple(_LABEL_VALUES[type](record) for record in chain.answer or ())
    return Answer("NOERROR", values, chain.minimum_ttl if values else NEGATIVE)


_LABEL_VALUES: dict[str, Callable[[Any], Value]] = {
    "A": lambda data: str(data.address),
    "AAAA": lambda data: str(data.address),
    "MX": lambda data: (int(data.preference), _plain(data.exchange.to_text())),
    "TXT": lambda data: b"".join(data.strings),
    "PTR": lambda data: _plain(data.target.to_text()),
    "CNAME": lambda data: _plain(data.target.to_text()),
    "NS": lambda data: _plain(data.target.to_text()),
}


# ---- names and addresses -------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """A name as it stands in an answer, without escapes and final dot; as it is when a label holds a dot itself."""
    name = text.removesuffix(".")
    if "\\" not in name:
        return name
    with suppress(dns.exception.DNSException):
        labels = [label.decode("utf-8", "surrogateescape") for label in dns.name.from_text(name).labels[:-1]]
        if not any("." in label for label in labels):
            return ".".join(labels)
    return name


def _with_port(server: str) -> str:
    """192.0.2.1 becomes 192.0.2.1:53, and 2001:db8::1 [2001:db8::1]:53. Raises ValueError for what is no address."""
    port = str(PORT)
    try:
        address = ip_address(server.strip("[]"))
    except ValueError:
        host, _, port = server.rpartition(":")
        address = ip_address(host.strip("[]"))
    return f"[{address}]:{port}" if address.version == 6 else f"{address}:{port}"
