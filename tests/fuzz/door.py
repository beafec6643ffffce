"""Whatever octets a client sends, in whatever pieces: the door says replies that are well formed, a mail is kept for
each 250 and for nothing else, no fault of ours comes up, and nothing is left of the session.

A case begins with an octet that says how large the pieces are; the rest is what the client sends. The session is the
real one between a transport of octets and a shelf in memory.
"""

import asyncio
import logging
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from fuzz.driver import ROOT, feed, instrumented

with instrumented("gateway.smtp"):
    from gateway.smtp.server import Door
    from gateway.smtp.session import Session

import structlog

from gateway.authentication.zone import ZoneResolver
from gateway.config import Authentication, Site, Smtp
from gateway.desk.capability import Capabilities
from gateway.store.arrival import Arrival

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUPPORT = "support@example.com"
SIZE = 5000
ENVELOPE = b"EHLO x\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<support@example.com>\r\n"
MAIL = b"From: alice@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\nHi\r\n"
CASES = (
    b"\x20" + ENVELOPE + b"DATA\r\n" + MAIL + b".\r\nQUIT\r\n",
    b"\x01" + ENVELOPE + b"BDAT 10\r\n" + MAIL[:10] + b"BDAT %d LAST\r\n" % (len(MAIL) - 10) + MAIL[10:] + b"RSET\r\n",
    b"\xff" + ENVELOPE.replace(b"> ", b"> SIZE=9 BODY=8BITMIME SMTPUTF8 RET=FULL ENVID=+2B ") + b"NOOP\r\nVRFY x\r\n",
    b"\x07HELO x\r\nMAIL FROM:<@a,@b:\"a b\"@[IPv6:::1]>\r\nRCPT TO:<Postmaster>\r\nHELP\r\nEXPN x\r\nAUTH PLAIN\r\n",
    b"\x40XCLIENT ADDR=192.0.2.7 NAME=x HELO=y PROTO=ESMTP\r\nXFORWARD ADDR=IPV6:::1\r\n" + ENVELOPE,
    b"\x30" + ENVELOPE.replace(b"com>", b"com> NOTIFY=SUCCESS,DELAY ORCPT=utf-8;\\x{AC00}@x") + b"DATA\r\n.\r\n",
    "\x50EHLO 한\r\nMAIL FROM:<가@한국.example> SMTPUTF8\r\nGET / HTTP/1.1\r\n".encode(),
)
MARKS = (b"\r\n", b"\n", b"\r", b".", b"\r\n.\r\n", b"\0", b" ", b"<", b">", b"@", b'"', b"\\", b"[", b"]",
         b"BDAT 5 LAST", b"DATA\r\n", b"RSET\r\n", b"RCPT TO:", b"MAIL FROM:", b"SMTPUTF8", b"STARTTLS", b"\xff",
         b"x" * 2100, MAIL)  # fmt: skip
_FAULTS = re.compile(rb"^(?:451 4\.3\.0|421 4\.3\.0)", re.MULTILINE)
_REPLIES = re.compile(rb"(?:\d{3}[ -][ -~]{0,508}\r\n)*")


class Shelf:
    """Where mails are kept while a case runs."""

    is_full = False

    def __init__(self) -> None:
        self.mails: list[Arrival] = []
        self.refusals = self

    def note(self, refused: object) -> None:
        """Rows of refusals are not looked at here."""

    async def keep(self, arrival: Arrival) -> int:
        self.mails.append(arrival)
        return len(self.mails)


class Line(asyncio.Transport):
    """The door's end of a connection."""

    def __init__(self) -> None:
        super().__init__({"peername": ("192.0.2.1", 4000), "sockname": ("192.0.2.2", 25)})
        self.said = bytearray()
        self.is_closed = self.is_paused = False
        self._protocol = asyncio.Protocol()

    def get_protocol(self) -> asyncio.Protocol:
        return self._protocol

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        assert isinstance(protocol, asyncio.Protocol)
        self._protocol = protocol

    def can_write_eof(self) -> bool:
        return True

    def write_eof(self) -> None:
        """The client is heard out from here on."""

    def write(self, data: Any) -> None:
        self.said += data

    def close(self) -> None:
        self.is_closed = True

    abort = close

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False


class House:
    """One door that never listens: sessions are made by hand."""

    def __init__(self) -> None:
        self.shelf = Shelf()
        smtp = Smtp.model_validate({"size": SIZE, "trusted_relays": ["192.0.2.1"]})
        capabilities = Capabilities(b"s" * 32, SUPPORT, timedelta(days=180))
        place = Site(data=ROOT / "var" / "fuzz" / "door" / "data")
        self.door = Door(place, smtp, Authentication(enabled=False), self.shelf,  # type: ignore[arg-type]
                         ZoneResolver({}), capabilities, lambda: NOON)

    async def serves(self, case: bytes) -> None:
        size, octets = 1 + int.from_bytes(case[:1]), case[1:]
        session, line = Session(self.door._house, asyncio.get_running_loop(), self.door._smtp.listen[0]), Line()
        line.set_protocol(session)
        session.connection_made(line)
        await asyncio.sleep(0)
        while octets and not line.is_closed:
            line.get_protocol().data_received(octets[:size])
            octets = octets[size:]
            await asyncio.sleep(0)
        line.get_protocol().eof_received()
        line.get_protocol().connection_lost(None)
        await asyncio.wait_for(session._handler_coroutine, 5)
        # There is no TLS on this line: what follows is not of this target.
        self.agrees(bytes(line.said).partition(b"220 2.0.0 Ready")[0])

    def agrees(self, said: bytes) -> None:
        kept, self.shelf.mails = self.shelf.mails, []
        promised = [int(number) for number in re.findall(rb"^250 2\.0\.0 Kept as (\d+)\r$", said, re.MULTILINE)]
        if not _REPLIES.fullmatch(said) or _FAULTS.search(said):
            raise AssertionError(said)
        if not set(promised) <= set(range(1, len(kept) + 1)) or len(set(promised)) != len(promised):
            raise AssertionError(f"{promised} and {len(kept)} kept")
        if self.door.sessions or self.door._guests._count or any(mail.size > SIZE for mail in kept):
            raise AssertionError("a session or a mail that should not be there")


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    loop, house = asyncio.new_event_loop(), House()
    feed(lambda case: loop.run_until_complete(house.serves(case)), CASES, MARKS)
