"""How a connection ends with whom we show out, so that the reply that says why is read.

A close in front of octets that nobody read is a reset (RFC 1122 section 4.2.2.13), and in a reset many a client loses
what it had not read yet: our 421 and its reason. So we end what we say, and hear the client out, unread, until it hangs
up too, or for a while.
"""

import asyncio

SECONDS = 5.0
"""That a client is given to read the reply that ended its session, and to hang up."""
OCTETS = 10_000_000
"""That it may still send: a mail that was on its way."""
MOST = 100
"""Who is heard out at once; of a flood the others are cut off."""


class Farewells:
    """Those who are being heard out by one door."""

    def __init__(self) -> None:
        self._present: set[Farewell] = set()

    def say(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """End a connection behind what is written to it; for its protocol it is lost now or soon."""
        if transport.can_write_eof() and len(self._present) < MOST:
            Farewell(transport, loop, self._present)
        else:  # TLS has a farewell of its own (RFC 8446 section 6.1)
            self.close(transport, loop)

    def close(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        """The same, of a client that has no more to say."""
        transport.close()
        loop.call_later(SECONDS, transport.abort)


class Farewell(asyncio.Protocol):
    """One of them: it ends by itself when the client hangs up."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, present: "set[Farewell]") -> None:
        self._transport, self._present = transport, present
        self._octets = 0
        present.add(self)
        self._timer = loop.call_later(SECONDS, transport.abort)
        # Held, since a StreamWriter that nobody holds closes its transport.
        self._former = transport.get_protocol()
        self._former.connection_lost(None)
        transport.set_protocol(self)
        transport.write_eof()
        transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        self._octets += len(data)
        if self._octets > OCTETS:
            self._transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._timer.cancel()
        self._present.discard(self)
