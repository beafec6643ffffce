"""The octets of one session as they come in: command lines, and the data of a mail (RFC 5321 sections 2.3.8, 4.5.2).

Data ends with CRLF.CRLF and with nothing else. Whoever takes `LF.LF` or `LF.CRLF` for the end as well reads two mails
where the sender's server sent one (SMTP smuggling, CVE-2023-51764): so a bare CR or LF is data here, which is then
refused as a whole. Everything is searched, counted and replaced in bulk, never line by line: 10 MB of empty lines cost
milliseconds. What is too large for memory goes to a file as it comes, and meanwhile the client is not read: of no
session more than 512 KiB are held. Nothing here knows a socket: octets go in by `feed`, lines and mails come out.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from mmap import mmap
from pathlib import Path

import structlog

from gateway.mail.large import NO_ROOM, LargeMail
from gateway.mail.lines import has_bare_line_end

log = structlog.get_logger()

END = b"\r\n.\r\n"
COMMAND_LIMIT = 2048
"""Octets of a command line with its end. RFC 5321 section 4.5.3.1.4 asks for 512, extensions add to it."""
HELD = 131_072
"""Octets held of a mail, or of a client that talks faster than it is served; with more of them here it is not read.
What one read of a socket brings, 256,000, comes on top."""
LINE_ENDLESS = 1_000_000
"""Octets of one command line, discarded as they come, before the session ends."""


MORE = -1


class Endless(Exception):
    """A client sends without end what nobody will take."""


@dataclass(frozen=True, slots=True)
class Data:
    """A mail as it came, dots un-stuffed (section 4.5.2)."""

    content: bytes
    """All of it, of a large one the header; empty when it was too large, or lost."""
    is_too_large: bool = False
    is_lost: bool = False
    """The disk did not take it."""
    is_full: bool = False
    """Because it has no room."""
    large: LargeMail | None = None

    @property
    def size(self) -> int:
        return self.large.size if self.large else len(self.content)

    @property
    def has_bare_line_end(self) -> bool:
        """A CR or LF outside CRLF (section 2.3.8: neither may stand alone)."""
        if self.large:
            return self.large.has_bare_line_end
        return has_bare_line_end(self.content)

    @property
    def octets(self) -> bytes | mmap:
        return self.large.octets() if self.large else self.content


class Gathering:
    """The pieces of one mail: few octets are held, many go to a file; of too many none are kept."""

    def __init__(self, limit: int, folder: Path | None = None) -> None:
        """limit: octets of the largest mail. folder: where the files lie."""
        self.size = 0
        self._limit, self._folder = limit, folder
        self._held = bytearray()
        self._large: LargeMail | None = None
        self._is_lost = self._is_full = False

    async def add(self, octets: bytes) -> None:
        self.size += len(octets)
        if self.size > self._limit or self._is_lost:
            self._drop()
        elif self.size <= HELD:
            self._held += octets
        else:
            await self._spill(octets)

    async def _spill(self, octets: bytes) -> None:
        try:
            await asyncio.to_thread(self._write, octets)
        except OSError as error:
            log.error("large mail lost", error=str(error))
            self._is_lost, self._is_full = True, error.errno in NO_ROOM
            self._drop()

    def _write(self, octets: bytes) -> None:
        if self._large is None:
            self._large = LargeMail(self._folder)
            self._large.add(bytes(self._held))
            self._held.clear()
        self._large.add(octets)

    def _drop(self) -> None:
        self._held.clear()
        self._large = None

    def data(self) -> Data:
        """The mail, when all of it is here."""
        if self.size > self._limit:
            return Data(b"", is_too_large=True)
        if self._is_lost:
            return Data(b"", is_lost=True, is_full=self._is_full)
        return Data(self._large.head, large=self._large) if self._large else Data(bytes(self._held))


class Herald:
    """Says once that the header of a mail is here while the rest is still on its way. A header that is not in what is
    held at first, of which there is no honest one, is not told of."""

    def __init__(self, tell: Callable[[bytes], None]) -> None:
        """tell: takes the header with the line end of its last field."""
        self._tell: Callable[[bytes], None] | None = tell
        self._searched = 0

    def see(self, held: bytes | bytearray) -> None:
        """`held`: the mail from its beginning on, as far as it has come."""
        if self._tell is None:
            return
        end = held.find(b"\r\n\r\n", self._searched)
        self._searched = max(0, len(held) - 3)
        if end >= 0 or len(held) > HELD:
            tell, self._tell = self._tell, None
            if end >= 0:
                tell(bytes(held[: end + 2]))


class Wire:
    """What a client sent and nobody took yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_ended = False
        self._is_paused = False
        self._waiter: asyncio.Future[None] | None = None
        self._transport: asyncio.ReadTransport | None = None

    def open(self, transport: asyncio.BaseTransport) -> None:
        """Octets come from here from now on."""
        self._transport = transport  # type: ignore[assignment]
        self._is_paused = False

    def forget(self) -> None:
        """Drop what nobody took yet (RFC 3207 section 4.2)."""
        self._buffer.clear()

    def feed(self, octets: bytes) -> None:
        self._buffer += octets
        if len(self._buffer) > HELD:
            self._pause()
        self._wake()

    def _pause(self) -> None:
        if not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()

    def end(self) -> None:
        """The client will send no more."""
        self._is_ended = True
        self._wake()

    @property
    def is_ended(self) -> bool:
        return self._is_ended

    @property
    def has_line(self) -> bool:
        """True when the next command is already here, so that replies may wait for each other (RFC 2920)."""
        return b"\n" in self._buffer

    @property
    def is_empty(self) -> bool:
        return not self._buffer

    async def line(self) -> bytes | None:
        """The next command line with its end; None when the client hung up.

        Of a longer line than COMMAND_LIMIT only a part, without an end unless that was a bare LF. Raises Endless.
        """
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > COMMAND_LIMIT:
                return await self._pass_over_line()
            if not await self._more():
                return None
        line = self._take(end + 1)
        return line if end < COMMAND_LIMIT else _shortened(line[:COMMAND_LIMIT], line)

    async def _pass_over_line(self) -> bytes | None:
        """To the end of an overlong line, so that the next command is found."""
        part = bytes(self._buffer[:COMMAND_LIMIT])
        passed = 0
        while (end := self._buffer.find(b"\n")) < 0:
            passed += len(self._buffer)
            del self._buffer[:-1]  # a CR may be the first half of the end
            if passed > LINE_ENDLESS:
                raise Endless
            if not await self._more():
                return None
        return _shortened(part, self._take(end + 1))

    async def data(self, limit: int, folder: Path | None = None, herald: Herald | None = None) -> Data | None:
        """A mail of at most `limit` octets, to its end; None when the client hung up before it.

        A larger one is read to its end and dropped on the way. Raises Endless when it goes on far beyond that.
        """
        gathering = Gathering(limit, folder)
        is_line_start = True
        while (end := await self._end_of_data(herald, is_line_start=is_line_start)) == MORE:
            self._pause()
            size, ends_line = self._cut()
            await gathering.add(unstuffed(self._take(size), is_line_start=is_line_start))
            is_line_start = ends_line
            if gathering.size > 4 * limit + LINE_ENDLESS:
                raise Endless
        if end is None:
            return None
        await gathering.add(unstuffed(self._take(end), is_line_start=is_line_start))
        self._take(3)
        return gathering.data()

    async def _end_of_data(self, herald: Herald | None, *, is_line_start: bool) -> int | None:
        """Octets in front of the end of data; MORE when so many are here without it that they must go elsewhere."""
        searched = 0
        while True:
            if is_line_start and self._buffer.startswith(END[2:]):
                return 0
            if (end := _first_end(self._buffer, searched)) >= 0:
                return end + 2
            if herald:
                herald.see(self._buffer)
            if len(self._buffer) > HELD:
                return MORE
            searched = max(0, len(self._buffer) - len(END) + 1)
            if not await self._more():
                return None

    def _cut(self) -> tuple[int, bool]:
        """How many octets go, and whether a line ends with them: no CRLF and no stuffed dot is ever cut in two."""
        end = self._buffer.rfind(b"\r\n")
        return (end + 2, True) if end >= 0 else (len(self._buffer) - 1, False)

    async def chunk(
        self, size: int, limit: int, gathering: Gathering | None, herald: Herald | None = None
    ) -> bool:
        """Gather the next `size` octets as they are (RFC 3030), or drop them; False when the client hung up.

        herald: for the chunk that a mail begins with.
        Raises Endless when they are far more than a mail may have.
        """
        if size > 4 * limit + LINE_ENDLESS:
            raise Endless
        while size:
            while len(self._buffer) < min(size, HELD // 2):
                if herald:
                    herald.see(self._buffer)
                if not await self._more():
                    return False
            piece = self._take(min(size, len(self._buffer)))
            size -= len(piece)
            if herald:
                herald.see(piece)
                herald = None
            if gathering:
                self._pause()
                await gathering.add(piece)
        return True

    def _take(self, count: int) -> bytes:
        with memoryview(self._buffer) as view:
            taken = bytes(view[:count])
        del self._buffer[:count]
        return taken

    async def _more(self) -> bool:
        """Wait for further octets; False when there will be none."""
        if self._is_ended:
            return False
        if self._is_paused and self._transport:
            self._is_paused = False
            self._transport.resume_reading()
        self._waiter = asyncio.get_running_loop().create_future()
        size = len(self._buffer)
        await self._waiter
        return len(self._buffer) > size

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)


def _shortened(part: bytes, line: bytes) -> bytes:
    return part if line.endswith(b"\r\n") else part[:-1] + b"\n"


def unstuffed(content: bytes, *, is_line_start: bool = True) -> bytes:
    """The dot that the client put in front of every line that begins with one goes (section 4.5.2)."""
    if is_line_start and content.startswith(b"."):
        content = content[1:]
    return content.replace(b"\r\n.", b"\r\n") if content.rfind(b"\r\n.") >= 0 else content


def _first_end(held: bytearray, start: int) -> int:
    """Where END begins for the first time, -1 where it does not: looked for from behind, which is twice as fast, since
    it is most often the last that is there and the only one."""
    last = held.rfind(END, start)
    if last < 0 or held.rfind(END, start, last + len(END) - 1) < 0:
        return last
    return held.find(END, start)
