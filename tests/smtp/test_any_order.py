"""Any commands in any order, pipelined in any split, with any octets for a mail: the door answers by the book, in
order, keeps just what it said it kept, and forgets every client who went.

A state machine of hypothesis says what comes next; `by_the_book` tells the replies that are due. In CI a short run that
is always the same; `make fuzz` goes on for long and never says the same twice.
"""

import asyncio
import os
import re
from collections.abc import Coroutine
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from smtp import by_the_book
from smtp.by_the_book import Book
from smtp.dialogue import trusting
from smtp.house import Client, House, Opening
from sqlalchemy import func
from sqlmodel import select

from gateway.models import RawMail, Received
from gateway.smtp.reader import HELD

T = TypeVar("T")
EXAMPLES = int(os.environ.get("FRONTDESK_FUZZ_DIALOGUES", "0"))
SHORT = settings(max_examples=40, stateful_step_count=25, derandomize=True, deadline=None, database=None,
                 suppress_health_check=list(HealthCheck))  # fmt: skip
LONG = settings(SHORT, max_examples=EXAMPLES or 1, stateful_step_count=60, derandomize=False, print_blob=True)
LIMITS = {"size": 200_000, "recipients": 4, "errors": 12}
COMMANDS = [*by_the_book.PLAIN, *by_the_book.MAIL, *by_the_book.RCPT, b"DATA"]
ENVELOPE = b"EHLO client.example.org\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<support@example.com>\r\n"
VERBS = re.compile(rb"(?i)(EHLO|HELO|LHLO|RSET|NOOP|VRFY|EXPN|HELP|AUTH|ETRN|TURN|ATRN|SEND|SOML|SAML|XCLIENT"
                   rb"|XFORWARD|MAIL|RCPT|DATA|BDAT|QUIT|STARTTLS|GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE|PRI)"
                   rb"( |\r|$)")

PIECES = [b"\r\n", b".", b"\r\n.\r\n", b"\r\n..", b"\n", b"\r", b"\0", b"x" * 1000, b"Subject: a", "가".encode(), b": ",
          b"\r\n\r\n"]  # fmt: skip
contents = st.lists(st.sampled_from(PIECES) | st.binary(max_size=20), max_size=8).map(b"".join)
letters = contents.map(lambda content: re.sub(rb"[\r\n\0]", b" ", content) + b"\r\n")
"""Of text without a fault."""
sizes = st.sampled_from([-3, -2, -1, 0, 1, 2, 3]).map(lambda around: HELD + around) | st.just(LIMITS["size"] + 1)
nonsense = st.binary(max_size=30).filter(lambda line: b"\n" not in line and not VERBS.match(line))


def stuffed(content: bytes) -> bytes:
    """As a client sends it, with the end of data."""
    end = b".\r\n" if content.endswith(b"\r\n") or not content else b"\r\n.\r\n"
    return re.sub(rb"(^|\r\n)\.", rb"\1..", content) + end


class Dialogue(RuleBasedStateMachine):
    house: House
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.book = Book(**LIMITS)
        self.said = self.unsaid = b""
        self.heard: list[str] = []
        self.is_over = False
        self.began_at = self.wait(self.last_kept())
        self.client: Client = self.wait(self.house.knock())
        self.wait(self.listen())

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    @rule(line=st.sampled_from(COMMANDS))
    def says(self, line: bytes) -> None:
        self.unsaid += line + b"\r\n"

    @rule(line=nonsense, end=st.sampled_from([b"\r\n", b"\n", b" \r\n"]))
    def says_nonsense(self, line: bytes, end: bytes) -> None:
        self.unsaid += line + end

    @rule(size=st.sampled_from([2045, 2046, 2047, 2048, 5000]))
    def says_a_long_line(self, size: int) -> None:
        self.unsaid += b"NOOP " + b"x" * (size - 5) + b"\r\n"

    @rule(octets=contents)
    def says_anything(self, octets: bytes) -> None:
        if not VERBS.search(octets):
            self.unsaid += octets

    @rule(content=contents | letters)
    def sends_a_mail(self, content: bytes) -> None:
        self.unsaid += ENVELOPE + b"DATA\r\n" + stuffed(content)

    @rule(content=contents)
    def sends_data(self, content: bytes) -> None:
        self.unsaid += b"DATA\r\n" + stuffed(content)

    @rule(size=sizes, begin=st.sampled_from([b"", b".", b"\r\n."]))
    def sends_a_large_mail(self, size: int, begin: bytes) -> None:
        lines = (begin + b".line\r\n" * (size // 7 + 1))[: size - 2] + b"\r\n"
        self.unsaid += ENVELOPE + b"DATA\r\n" + stuffed(re.sub(rb"\r(?!\n)", b"x", lines))

    @rule(content=contents, cut=st.integers(0, 30), is_told=st.booleans())
    def sends_chunks(self, content: bytes, cut: int, is_told: bool) -> None:
        first, last = content[:cut], content[cut:]
        self.unsaid += ENVELOPE if is_told else b""
        self.unsaid += b"BDAT %d\r\n%sBDAT %d LAST\r\n%s" % (len(first), first, len(last), last)

    @rule(cuts=st.lists(st.integers(0, 200), max_size=6))
    @precondition(lambda self: self.unsaid and not self.is_over)
    def is_heard(self, cuts: list[int]) -> None:
        self.wait(self.talk(cuts))

    @rule()
    @precondition(lambda self: not self.is_over)
    def starts_tls(self) -> None:
        self.wait(self.talk([]))
        if not self.is_over and self.book.awaits_command:
            self.unsaid = b"STARTTLS\r\n"
            self.wait(self.talk([]))
            if self.heard[-1] == "220 2.0.0":
                self.wait(self.client.writer.start_tls(trusting()))
                self.book.starts_tls()

    @rule(line=st.sampled_from(list(by_the_book.ENDING)), is_more=st.booleans())
    @precondition(lambda self: not self.is_over)
    def leaves(self, line: bytes, is_more: bool) -> None:
        self.unsaid += line + b"\r\n" + (b"NOOP\r\n" if is_more else b"")
        self.wait(self.talk([]))

    async def talk(self, cuts: list[int]) -> None:
        """Say all that is unsaid, in pieces, and hear all that is due."""
        octets, self.unsaid = self.unsaid, b""
        self.said += octets
        self.book.hears(octets)
        for cut in [*cuts, len(octets)]:
            self.client.send(octets[:cut])
            octets = octets[cut:]
            await asyncio.sleep(0)
        await self.listen()

    async def listen(self) -> None:
        try:
            while len(self.heard) < len(self.book.replies):
                reply = (await asyncio.wait_for(self.client.reply(), 20)).splitlines()[-1:]
                if not reply:
                    break
                said = re.match(r"\d{3}(?: \d\.\d\.\d+)?", reply[0])[0]  # type: ignore[index]
                if said == "421 4.7.0" and said != self.book.replies[len(self.heard)] and self.book.may_be_over:
                    self.is_over = True
                    break
                self.heard.append(said)
        except ConnectionError:  # closed while we still spoke: the last words may be lost
            self.is_over = True
        except TimeoutError:
            raise AssertionError(f"{self.book.replies[len(self.heard):]} is due: {self.said!r}") from None
        assert self.heard == self.book.replies[: len(self.heard)], self.said
        is_whole = len(self.heard) == len(self.book.replies)
        assert is_whole or self.book.is_over or self.is_over
        self.is_over |= self.book.is_over or self.book.may_be_over

    def teardown(self) -> None:
        self.wait(self.ends())

    async def ends(self) -> None:
        self.client.hang_up()
        await asyncio.wait_for(self.house.only_left(0), 60)
        assert self.house.door.sessions == self.house.door._guests._count == 0
        heard = [content for place, content in self.book.mails if place < len(self.heard)]
        kept = await self.kept()
        assert len(heard) <= len(kept) <= len(self.book.mails if self.is_over else heard)
        for (size, content), (_, sent) in zip(kept, self.book.mails, strict=False):
            assert size == len(sent)
            assert content.endswith(sent)
        self.house.clients.clear()

    async def last_kept(self) -> int:
        return await self.house.database.read(lambda db: db.scalars(select(func.max(Received.id))).one() or 0)

    async def kept(self) -> list[tuple[int, bytes]]:
        """Size as it was sent, and content as it is stored, of the mails of this dialogue."""
        found = select(Received.size, RawMail.content).join(RawMail, RawMail.received_id == Received.id).where(
            Received.id > self.began_at).order_by(Received.id)  # fmt: skip
        return await self.house.database.read(lambda db: [(size, content) for size, content in db.execute(found)])


@pytest.mark.timeout(0 if EXAMPLES else 180)
async def test_the_door_answers_by_the_book(open_house: Opening) -> None:
    house = await open_house(**LIMITS)
    loop = asyncio.get_running_loop()
    machine = type("Machine", (Dialogue,), {"house": house, "loop": loop})
    await asyncio.to_thread(run_state_machine_as_test, machine, settings=LONG if EXAMPLES else SHORT)
