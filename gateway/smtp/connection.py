"""A connection: what comes in, what goes out, how long it may take and how it ends (RFC 5321 section 4.5.3.2).

Of aiosmtpd stay the table of commands, the session and envelope values, and the hooks. Ours are the reader (in bulk,
CRLF.CRLF only), replies that are gathered while the next command is already there (RFC 2920) and written at once, and
time-outs that a client hears of. Nothing the network does cancels the session's task: a hang-up while a mail is being
committed changes nothing.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import structlog
from aiosmtpd import smtp as stock

from gateway.authentication.check import Opening
from gateway.smtp import policy
from gateway.smtp.house import House
from gateway.smtp.policy import Reply
from gateway.smtp.reader import Endless, Wire
from gateway.store.refusals import Refused

log = structlog.get_logger()

CORK = 8192
"""Octets of replies that wait for each other at most."""
NOTED = 320
"""Characters of a stranger's text in the row of a refusal."""
TURN = 64
"""Commands of one client in a row: then it is the others' turn, however many of its own are already here."""
IDLE_COMMANDS = 1000
"""Commands with no mail between them: more is a flood. Who keeps a connection open says one now and then."""


class Connection(stock.SMTP):
    """A connection from its greeting to its end. It is its own asyncio protocol."""

    _commands: ClassVar[dict[str, str]]
    """Methods by verb."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        # Past aiosmtpd's own, which looks for commands and hooks anew at each connection.
        super(stock.SMTP, self).__init__(asyncio.StreamReader(loop=loop), self._cb_client_connected, loop)
        self.loop, self.house, self.hostname, self.event_handler = loop, house, house.hostname, house.hooks
        self.session, self.envelope, self.transport = None, None, None
        self._handler_coroutine = None
        self.client_ip = ""
        self.tls = ""
        """Version and cipher, once TLS is there."""
        self.ended_data_at = 0.0
        self.opening: Opening | None = None
        """What DNS was asked at MAIL, while the mail is still on its way."""
        self._wire = Wire()
        self._out = bytearray()
        self._errors = 0
        self._commands_heard = self._commands_before_mail = 0
        self._is_over = False
        self._is_shown_out = False
        self._leaving: Reply | None = None
        """What is said when the transaction is over that runs."""
        self._is_choked = False
        self._is_mute = False
        """What we say would not be understood: TLS is due first."""
        self._silence: float | None = None
        """Seconds of silence allowed at the moment; None while the client waits for us."""
        self._is_in_data = False
        self._octets = 0
        """Of the mail that comes in at the moment."""
        self._heard_at = self._began_at = loop.time()
        self._data_began_at: float | None = None
        """Of that mail."""
        self._timer: asyncio.TimerHandle | None = None

    def __init_subclass__(cls) -> None:
        cls._commands = {name.removeprefix("smtp_"): name for name in dir(cls) if name.startswith("smtp_")}

    # The connection

    def data_received(self, data: bytes) -> None:
        if self._is_in_data:
            self._heard_at = self.loop.time()
            self._octets += len(data)
        self._wire.feed(data)

    def eof_received(self) -> bool:
        """A client that says no more may still listen: what it sent is finished and answered."""
        self._wire.end()
        transport: Any = self.transport
        return not self.tls and transport.get_protocol() is self  # inside TLS, and in a handshake, there are no halves

    def connection_lost(self, error: Exception | None) -> None:
        super(stock.SMTP, self).connection_lost(error)  # asyncio's: wakes whoever waits to write
        self._wire.end()
        self._stop_clock()
        self.transport = None

    def _begin(self, peer: Any) -> None:
        """Nothing is known of the client: at the start, and again after STARTTLS (RFC 3207 section 4.2)."""
        self._forget_mail()
        self.session = self._create_session()
        self.session.peer = peer

    def _forget_mail(self) -> None:
        """No transaction: at the start, after DATA, RSET, HELO and EHLO (section 4.1.1.5)."""
        self.envelope = self._create_envelope()
        self._data_began_at = None
        if self.opening:
            self.opening.close()
            self.opening = None

    def note_refusal(
        self, reply: Reply, recipients: Sequence[str] = (), *, reverse_path: str = "", author: str = "", size: int = 0
    ) -> None:
        """Leave a row that answers "where is my mail"."""
        assert self.session is not None
        assert self.envelope is not None
        self.house.refusals.note(Refused(
            self.house.now(), self.client_ip, str(reply), (self.session.host_name or "")[:NOTED],
            (self.envelope.mail_from or reverse_path)[:NOTED], tuple(each[:NOTED] for each in recipients),
            author[:NOTED], size,
        ))  # fmt: skip

    @property
    def _has_sender(self) -> bool:
        return self.envelope is not None and self.envelope.mail_from is not None

    # Time

    def _listen_for_commands(self) -> None:
        """A whole command is due: single octets of it prolong nothing."""
        self._silence, self._is_in_data = self.house.command_seconds, False
        self._heard_at = self.loop.time()

    def _listen_for_data(self) -> None:
        self._commands_before_mail = self._commands_heard
        self._silence, self._is_in_data = self.house.data_seconds, True
        self._heard_at = self.loop.time()
        if self._data_began_at is None:
            self._data_began_at, self._octets = self._heard_at, 0

    def _listen_to_nothing(self) -> None:
        """The client waits for us now."""
        self._silence, self._is_in_data = None, False
        self.ended_data_at = self.loop.time()

    def _arm(self) -> None:
        """One timer per session that looks when it must, in place of one per command."""
        shortest = min(self.house.command_seconds, self.house.data_seconds, self.house.session_seconds)
        rest = self._heard_at + self._silence - self.loop.time() if self._silence is not None else shortest
        self._timer = self.loop.call_later(max(0.001, min(rest, shortest)), self._look_at_clock)

    def _stop_clock(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _look_at_clock(self) -> None:
        now = self.loop.time()
        if self._is_over:  # what we said last is not read
            self.transport.abort()  # type: ignore[union-attr]
        elif self._silence is not None and now >= self._heard_at + self._silence:
            self.leave(policy.TIMEOUT)
        elif self._is_in_data and self._is_dribbling(now, self.house.data_seconds):
            self.leave(policy.TOO_SLOW)
        elif self._silence is not None and now >= self._began_at + self.house.session_seconds:
            self._outstay(now)
        else:
            self._arm()

    def _outstay(self, now: float) -> None:
        """As long as a session may take: only a mail may still come to its end, while it is as quick as it must be."""
        is_coming = self._data_began_at is not None and self._octets <= self.house.size
        if is_coming and self.house.smtp.minimum_rate and not self._is_dribbling(now):
            self._leaving = policy.SESSION_TOO_LONG
            self._arm()
        else:
            self.leave(policy.SESSION_TOO_LONG)

    def _is_dribbling(self, now: float, grace: float = 0.0) -> bool:
        """Some octets now and then hold a session open without end: on the average it must be more."""
        seconds = now - (self._data_began_at or now)
        return seconds > grace and self._octets < seconds * self.house.smtp.minimum_rate

    @property
    def _greeting(self) -> str:
        raise NotImplementedError

    @property
    def is_idle(self) -> bool:
        """Between two transactions, so that nothing is lost by ending it here."""
        return self._silence is not None and not self._has_sender

    def finish(self, reply: Reply) -> None:
        """End now when idle, else after the transaction that runs."""
        self._leaving = reply
        if self.is_idle:
            self.leave(reply)

    def leave(self, reply: Reply) -> None:
        """End it here and now, with a last word that is not waited for."""
        if self._has_sender and self.envelope is not None:
            self.note_refusal(reply, self.envelope.rcpt_tos)
        self._is_over = self._is_shown_out = True
        self._out += reply.line
        self._hang_up()
        self._wire.end()

    def _hang_up(self) -> None:
        """Close the connection. Whom we show out is given the time to read why."""
        self._write_out()
        transport: Any = self.transport
        if transport is None or transport.is_closing():
            self._stop_clock()
        elif not self._is_shown_out:
            transport.close()
        elif self._wire.is_ended or transport.get_protocol() is not self:  # nothing more comes, or a handshake runs
            self.house.farewells.close(transport, self.loop)
        else:
            self.house.farewells.say(transport, self.loop)
            self._wire.forget()

    # Commands and replies

    async def push(self, status: Any) -> None:
        """Say a reply. It waits for the next one when its command is already here (RFC 2920 section 3.2)."""
        reply: Reply | str = status
        if isinstance(reply, Reply):
            self._out += reply.line
            self._errors += reply.code >= 500
            if reply.ends:
                self._end_with(reply)
        else:
            self._out += reply.encode("ascii", "replace") + b"\r\n"
        if len(self._out) > CORK or not self._wire.has_line:
            await self._flush()

    def _end_with(self, reply: Reply) -> None:
        self._is_over, self._is_shown_out = True, reply.is_refusal
        if reply.is_refusal and reply is not self._leaving and self.envelope is not None:
            self.note_refusal(reply, self.envelope.rcpt_tos)

    async def _flush(self) -> None:
        """Say what is to be said, in one piece; wait only for a client that does not read.

        Not at once, but one after the other with all who have something to say in this turn of the loop: each reply
        wakes a client, and while one is being woken the next costs a fraction.
        """
        self.loop.call_soon(self._write_out)
        if self._is_choked:
            await self._writer.drain()

    def _write_out(self) -> None:
        transport = self.transport
        # uvloop raises when a connection that just broke is written to.
        if self._out and not self._is_mute and transport is not None and not transport.is_closing():
            transport.write(bytes(self._out))  # type: ignore[attr-defined]
        self._out.clear()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._is_choked = True

    def resume_writing(self) -> None:
        super().resume_writing()
        self._is_choked = False

    async def _handle_client(self) -> None:
        """The whole session. The edge: what fails here is logged, and hurts this session only."""
        try:
            await self._open()
            await self._converse()
        except OSError as error:  # the network's: a reset, a handshake that failed
            log.info("client lost", client=self.client_ip, error=str(error))
        except Exception:
            log.exception("session failed", client=self.client_ip)
            self.leave(policy.FAULT_OF_SESSION)
        finally:
            self._end()

    def _end(self) -> None:
        self._is_over = True
        self.house.sessions.discard(self)
        self._forget_mail()
        self._hang_up()

    async def _open(self) -> None:
        await self.push(self._greeting)

    async def _converse(self) -> None:
        while not self._is_over:
            self._listen_for_commands()
            try:
                line = await self._wire.line()
            except Endless:
                await self.push(policy.ENDLESS)
                return
            if line is None:
                return
            await self._obey(line)
            await self._share_time()
            if self._leaving and not self._has_sender and not self._is_over:
                await self.push(self._leaving)
        await self._flush()

    async def _share_time(self) -> None:
        """Whoever pipelines without end holds up nobody: its commands wait for the others', and they do end."""
        self._commands_heard += 1
        if self._commands_heard - self._commands_before_mail > IDLE_COMMANDS and not self._is_over:
            await self.push(policy.TOO_MANY_COMMANDS)
        elif self._commands_heard % TURN == 0:
            await asyncio.sleep(0)

    async def _obey(self, line: bytes) -> None:
        """Do what one command line says."""
        raise NotImplementedError
