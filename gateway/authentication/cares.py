"""c-ares, by aiodns and pycares: quick, and kept from what does not suit strangers' zones.

It searches no list of domains and reads no hosts file when asked as here. What it is kept from: remembering without a
bound, giving up a slow domain early, taking every RCODE for an answer, spoiling the questions of others over one
answer that cannot be read, and reading for long while they all wait. What comes back was written by strangers (RFC
3833): only records of the name that was asked, or of the one that its aliases lead to, count as an answer.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import aiodns
import pycares
from pycares._cares import ffi, lib

from gateway.authentication.answer import Answer
from gateway.authentication.names import presented

Value = str | bytes | tuple[int, str]
MAX_ALIASES = 16
MAX_RECORDS = 500
"""Records, and strings of TXT records, of one answer: pycares takes 10 us for each, and every question waits."""
FORGET_ANSWERS, FORGET_SECONDS = 64, 60
"""c-ares remembers answers too, without a bound on their number and "no such record" for an hour; it cannot be told
not to. So it is made to forget after so many answers, or seconds."""


class Cares:
    """One channel for all questions. servers: host:port; none means those of the system. timeout: seconds a try."""

    def __init__(self, servers: Sequence[str], timeout: float, tries: int):
        # c-ares gives up a try as early as after 250 ms when the server is quick as a rule, though this one domain may
        # be slow. A further try keeps the question open until the caller's own time is over.
        self._resolver = aiodns.DNSResolver(servers or None, timeout=timeout, tries=tries + 1)
        self._answers, self._forgot = 0, time.monotonic()

    @property
    def servers(self) -> list[str]:
        return self._resolver._channel.servers

    async def ask(self, name: str, type: str) -> Answer | None:
        """None when the answer was spoilt by another, and the question must be put in another way."""
        self._forget_now_and_then()
        try:
            result = await self._resolver.query_dns(name, type)
        except aiodns.error.DNSError as trouble:
            code = trouble.args[0]
            return None if code in _SPOILT else Answer(_RCODES.get(code, "SERVFAIL"))
        if not result.answer:
            return Answer("SERVFAIL")  # "no such record" has a code of its own: this is an RCODE that c-ares passes on
        records = _along_aliases(result.answer, name, _TYPES[type])
        if records is None:
            return Answer("SERVFAIL")
        values = tuple(_VALUES[type](record.data) for record in records)
        return Answer("NOERROR", values, min(record.ttl for record in result.answer))

    async def close(self) -> None:
        await self._resolver.close()

    def _forget_now_and_then(self) -> None:
        self._answers += 1
        if self._answers < FORGET_ANSWERS and time.monotonic() - self._forgot < FORGET_SECONDS:
            return
        self._answers, self._forgot = 0, time.monotonic()
        self._resolver._channel.reinit()


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
_TYPES = {
    "A": pycares.QUERY_TYPE_A, "AAAA": pycares.QUERY_TYPE_AAAA, "MX": pycares.QUERY_TYPE_MX,
    "TXT": pycares.QUERY_TYPE_TXT, "PTR": pycares.QUERY_TYPE_PTR, "CNAME": _CNAME, "NS": pycares.QUERY_TYPE_NS,
}  # fmt: skip
_VALUES: dict[str, Callable[[Any], Value]] = {
    "A": lambda data: str(data.addr),
    "AAAA": lambda data: str(data.addr),
    "MX": lambda data: (int(data.priority), presented(data.exchange)),
    "TXT": lambda data: bytes(data.data),
    "PTR": lambda data: presented(data.dname),
    "CNAME": lambda data: presented(data.cname),
    "NS": lambda data: presented(data.nsdname),
}


# ---- no answer is read for long ------------------------------------------------------------------------------------

_read: Callable[[Any], Any] = pycares.parse_dnsrec
_SECTIONS = lib.ARES_SECTION_ANSWER, lib.ARES_SECTION_AUTHORITY, lib.ARES_SECTION_ADDITIONAL


def _read_bounded(answer: Any) -> Any:
    return (None, pycares.errno.ARES_ENOMEM) if _is_too_long(answer) else _read(answer)


def _is_too_long(answer: Any) -> bool:
    if answer == ffi.NULL:
        return False
    left = MAX_RECORDS - sum(lib.ares_dns_record_rr_cnt(answer, section) for section in _SECTIONS)
    records = range(lib.ares_dns_record_rr_cnt(answer, lib.ARES_SECTION_ANSWER)) if left >= 0 else ()
    return bool(left < sum(_strings(lib.ares_dns_record_rr_get_const(answer, lib.ARES_SECTION_ANSWER, number))
                           for number in records))  # fmt: skip


def _strings(record: Any) -> Any:
    is_text = lib.ares_dns_rr_get_type(record) == pycares.QUERY_TYPE_TXT
    return lib.ares_dns_rr_get_abin_cnt(record, lib.ARES_RR_TXT_DATA) if is_text else 0


# The one place where an answer can be seen before it is read; tests/authentication/test_resolver.py holds it.
pycares.parse_dnsrec = _read_bounded
