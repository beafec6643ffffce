"""The octets of one session as they come in: command lines, and the data of a mail (RFC 5321 sections 2.3.8, 4.5.2).

Data ends with CRLF.CRLF and with nothing else. Whoever takes `LF.LF` or `LF.CRLF` for the end as well reads two mails
where the sender's server sent one (SMTP smuggling, CVE-2023-51764): so a bare CR or LF is data here, which is then
refused as a whole. Everything is searched, counted and replaced in bulk, never line by line: 10 MB of empty lines cost
milliseconds. Nothing here knows a socket: octets go in by `feed`, lines and mails come out.
"""

import asyncio
from dataclasses import dataclass

END = b"\r\n.\r\n"
COMMAND_LIMIT = 2048
"""Octets of a command line with its end. RFC 5321 section 4.5.3.1.4 asks for 512, extensions add to it."""
HELD = 262_144
"""Octets held of a client that talks faster than it is served; then it is not read until it was served."""
LINE_ENDLESS = 1_000_000
"""Octets of one command line, discarded as they come, before the session ends."""


class Endless(Exception):
    """A client sends without end what nobody will take."""


@dataclass(frozen=True, slots=True)
class Data:
    """What came between DATA and the end of data."""

    content: bytes
    """Dots un-stuffed (section 4.5.2); empty when it was too large."""
    is_too_large: bool = False

    @property
    def has_bare_line_end(self) -> bool:
        """A CR or LF outside CRLF (section 2.3.8: neither may stand alone)."""
        pairs = self.content.count(b"\r\n")
        return self.content.count(b"\n") != pairs or self.content.count(b"\r") != pairs


class Wire:
    """What a client sent and nobody took yet."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._is_ended = False
        self._is_paused = False
        self._limit = HELD
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
        if len(self._buffer) > self._limit and not self._is_paused and self._transport:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def end(self) -> None:
        """The client will send no more."""
        self._is_ended = True
        self._wake()

    @property
    def has_line(self) -> bool:
        """True when the next command is already here, so that replies may wait for each other (RFC 2920)."""
        return b"\n" in self._buffer

    @property
    def is_empty(self) -> bool:
        return not self._buffer

    async def line(self) -> bytes | None:
        """The next command line with its end; None when the client hung up.

        Of a longer line than COMMAND_LIMIT only a part, without an end. Raises Endless.
        """
        searched = 0
        while (end := self._buffer.find(b"\n", searched)) < 0:
            searched = len(self._buffer)
            if searched > COMMAND_LIMIT:
                return await self._pass_over_line()
            if not await self._more():
                return None
        return self._take(end + 1) if end < COMMAND_LIMIT else self._take(end + 1)[:COMMAND_LIMIT]

    async def _pass_over_line(self) -> bytes | None:
        """To the end of an overlong line, so that the next command is found."""
        part = bytes(self._buffer[:COMMAND_LIMIT])
        passed = 0
        while (end := self._buffer.find(b"\n")) < 0:
            passed += len(self._buffer)
            self._buffer.clear()
            if passed > LINE_ENDLESS:
                raise Endless
            if not await self._more():
                return None
        self._take(end + 1)
        return part

    async def data(self, limit: int) -> Data | None:
        """A mail of at most `limit` octets, to its end; None when the client hung up before it.

        A larger one is read to its end and dropped on the way. Raises Endless when it goes on far beyond that.
        """
        # Every line may be ".." CRLF, four octets for three.
        most = limit + limit // 3 + len(END)
        self._limit = most + HELD
        try:
            return await self._data(limit, most)
        finally:
            self._limit = HELD

    async def _data(self, limit: int, most: int) -> Data | None:
        while len(self._buffer) < 3:
            if not await self._more():
                return None
        if self._buffer.startswith(b".\r\n"):
            self._take(3)
            return Data(b"")
        searched = passed = 0
        while (end := self._buffer.find(END, searched)) < 0:
            if len(self._buffer) > most:
                passed += len(self._buffer)
                most = HELD
                del self._buffer[: -len(END)]
            if passed > 4 * limit + LINE_ENDLESS:
                raise Endless
            searched = max(0, len(self._buffer) - len(END) + 1)
            if not await self._more():
                return None
        content = self._take(end + 2)
        self._take(3)
        if passed:
            return Data(b"", is_too_large=True)
        content = unstuffed(content)
        return Data(content) if len(content) <= limit else Data(b"", is_too_large=True)

    async def chunk(self, size: int, limit: int, *, is_wanted: bool) -> bytes | None:
        """The next `size` octets as they are (RFC 3030); b"" when nobody wants them; None when the client hung up.

        Raises Endless when they are far more than a mail may have.
        """
        if size > 4 * limit + LINE_ENDLESS:
            raise Endless
        self._limit = size + HELD if is_wanted else HELD
        try:
            while len(self._buffer) < size:
                if not is_wanted:
                    size -= len(self._buffer)
                    self._buffer.clear()
                if not await self._more():
                    return None
        finally:
            self._limit = HELD
        taken = self._take(size)
        return taken if is_wanted else b""

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


def unstuffed(content: bytes) -> bytes:
    """The dot that the client put in front of every line that begins with one goes (section 4.5.2)."""
    if content.startswith(b"."):
        content = content[1:]
    return content.replace(b"\r\n.", b"\r\n") if b"\r\n." in content else content
