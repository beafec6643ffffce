"""One client's session (RFC 5321): aiosmtpd's SMTP with its own ears and its own mouth.

Of aiosmtpd stay the table of commands, the session and envelope values, and the hooks (gateway/smtp/hooks.py) that
decide. Ours are the reader (in bulk, CRLF.CRLF only), replies that are gathered while the next command is already there
(RFC 2920) and written at once, enhanced codes on each (RFC 2034), strict addresses, STARTTLS by the loop itself, and
time-outs that a client hears of. Nothing the network does cancels this task: a hang-up while a mail is being committed
changes nothing.
"""

import asyncio
import re
import ssl
from dataclasses import dataclass
from typing import Any

import structlog
from aiosmtpd import smtp as stock

from gateway.config import Smtp
from gateway.smtp import path, policy
from gateway.smtp.limits import Guests, client_ip
from gateway.smtp.path import BadPath, Path
from gateway.smtp.policy import Reply
from gateway.smtp.reader import COMMAND_LIMIT, Data, Endless, Wire

log = structlog.get_logger()

CORK = 8192
"""Octets of replies that wait for each other at most."""
_HTTP = re.compile(r"(?:GET|HEAD|POST|PUT|PATCH|DELETE|CONNECT|OPTIONS|TRACE|PRI) \S+ HTTP/", re.IGNORECASE)
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")


@dataclass(frozen=True)
class House:
    """What all sessions of a door share."""

    hostname: str
    smtp: Smtp
    tls: ssl.SSLContext
    guests: Guests
    hooks: object
    sessions: "set[Session]"

    @property
    def size(self) -> int:
        """Octets of the largest mail; SIZE 0 declares no limit (RFC 1870 section 4), yet memory has one."""
        return self.smtp.size or 1_000_000_000


class Session(stock.SMTP):
    """A connection from its greeting to its end. It is its own asyncio protocol."""

    def __init__(self, house: House, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(house.hooks, hostname=house.hostname, enable_SMTPUTF8=True, tls_context=house.tls, loop=loop)
        self.house = house
        self.client_ip = ""
        self.tls = ""
        """Version and cipher, once TLS is there."""
        self.ended_data_at = 0.0
        self._wire = Wire()
        self._out = bytearray()
        self._errors = 0
        self._is_over = False
        self._is_leaving = False
        self._silence: float | None = None
        """Seconds of silence allowed at the moment; None while the client waits for us."""
        self._heard_at = self._began_at = loop.time()
        self._timer: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super(stock.SMTP, self).connection_made(transport)  # asyncio's: reader and writer
        self.transport = transport
        self._wire.open(transport)
        peer = transport.get_extra_info("peername")
        self.client_ip = client_ip(peer)
        self._begin(peer)
        if refusal := self.house.guests.enter(self.client_ip):
            log.info("client refused", client=self.client_ip, reply=str(refusal))
            self._writer.write(str(refusal).encode() + b"\r\n")
            transport.close()
            return
        self.house.sessions.add(self)
        self._arm()
        self._handler_coroutine = self.loop.create_task(self._handle_client())

    def data_received(self, data: bytes) -> None:
        if self._silence == self._data_timeout:
            self._heard_at = self.loop.time()
        self._wire.feed(data)

    def eof_received(self) -> bool:
        """A client that says no more may still listen: what it sent is finished and answered."""
        self._wire.end()
        return not self.tls

    def connection_lost(self, error: Exception | None) -> None:
        super(stock.SMTP, self).connection_lost(error)  # asyncio's: wakes whoever waits to write
        self._wire.end()
        self.transport = None

    def _begin(self, peer: Any) -> None:
        """Nothing is known of the client: at the start, and again after STARTTLS (RFC 3207 section 4.2)."""
        self._forget_mail()
        self.session = self._create_session()
        self.session.peer = peer

    # Time

    @property
    def _data_timeout(self) -> float:
        return self.house.smtp.data_timeout.total_seconds()

    def _listen_for_commands(self) -> None:
        self._silence = self.house.smtp.command_timeout.total_seconds()
        self._heard_at = self.loop.time()

    def _arm(self) -> None:
        """One timer per session that looks when it must, in place of one per command."""
        smtp = self.house.smtp
        shortest = min(smtp.command_timeout, smtp.data_timeout, smtp.session_timeout).total_seconds()
        rest = self._heard_at + self._silence - self.loop.time() if self._silence is not None else shortest
        self._timer = self.loop.call_later(max(0.001, min(rest, shortest)), self._look_at_clock)

    def _look_at_clock(self) -> None:
        now = self.loop.time()
        if self._silence is not None and now >= self._heard_at + self._silence:
            self.leave(policy.TIMEOUT)
        elif self._silence is not None and now >= self._began_at + self.house.smtp.session_timeout.total_seconds():
            self.leave(policy.SESSION_TOO_LONG)
        else:
            self._arm()

    @property
    def is_idle(self) -> bool:
        """Between two transactions, so that nothing is lost by ending it here."""
        return self._silence is not None and not self._has_sender

    def finish(self, reply: Reply) -> None:
        """End now when idle, else after the transaction that runs."""
        self._is_leaving = True
        if self.is_idle:
            self.leave(reply)

    def leave(self, reply: Reply) -> None:
        """End it here and now, with a last word that is not waited for."""
        self._is_over = True
        self._wire.end()
        if self.transport is None:
            return
        self._out += str(reply).encode() + b"\r\n"
        self._writer.write(bytes(self._out))
        self._out.clear()
        self.transport.close()
        # A client that does not read keeps its last words unread, but not the connection.
        self.loop.call_later(5, self.transport.abort)  # type: ignore[attr-defined]

    # Commands and replies

    async def push(self, status: Any) -> None:
        """Say a reply. It waits for the next one when its command is already here (RFC 2920 section 3.2)."""
        reply: Reply | str = status
        self._out += str(reply).encode("ascii", "replace") + b"\r\n"
        if isinstance(reply, Reply):
            self._errors += reply.code >= 500
            self._is_over |= reply.ends
        if len(self._out) > CORK or not self._wire.has_line:
            await self._flush()

    async def _flush(self) -> None:
        said = bytes(self._out)
        self._out.clear()
        if said and self.transport is not None:
            self._writer.write(said)
            await self._writer.drain()

    async def _handle_client(self) -> None:
        """The whole session. The edge: what fails here is logged, and hurts this session only."""
        try:
            await self.push(f"220 {self.hostname} ESMTP Frontdesk")
            await self._converse()
        except (ConnectionError, TimeoutError, ssl.SSLError):
            log.info("client lost", client=self.client_ip)
        except Exception:
            log.exception("session failed", client=self.client_ip)
        finally:
            self._end()

    def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.house.guests.leave(self.client_ip)
        self.house.sessions.discard(self)
        if self.transport is not None:
            self._writer.write(bytes(self._out))
            self.transport.close()

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
            if self._is_leaving and not self._has_sender and not self._is_over:
                await self.push(policy.SHUTTING_DOWN)
        await self._flush()

    async def _obey(self, line: bytes) -> None:
        command = read_command(line)
        if isinstance(command, Reply):
            await self.push(command)
            return
        verb, argument = command
        if self._errors >= self.house.smtp.errors and verb != "QUIT":
            log.info("client refused", client=self.client_ip, reply=str(policy.TOO_MANY_ERRORS))
            await self.push(policy.TOO_MANY_ERRORS)
            return
        method = self._smtp_methods.get(verb)
        if method is None:
            await self.push(policy.NOT_HERE if verb in NOT_DONE else policy.UNKNOWN_COMMAND)
            return
        try:
            await method(argument)
        except (ConnectionError, TimeoutError, ssl.SSLError):
            raise
        except Exception:  # a hook's fault is ours: the text goes to the log only, and the mail may come again
            log.exception("command failed", client=self.client_ip, command=verb)
            await self.push(policy.FAULT)

    def _forget_mail(self) -> None:
        """No transaction: at the start, after DATA, RSET, HELO and EHLO (section 4.1.1.5)."""
        self.envelope = self._create_envelope()

    @property
    def _has_sender(self) -> bool:
        return self.envelope is not None and self.envelope.mail_from is not None

    async def smtp_HELO(self, hostname: str | None) -> None:
        await self._greet(hostname, self.hostname, extended=False)

    async def smtp_EHLO(self, hostname: str | None) -> None:
        keywords = ["PIPELINING", f"SIZE {self.house.smtp.size}", *([] if self.tls else ["STARTTLS"]),
                    "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "HELP"]
        lines = [f"250-{line}" for line in (self.hostname, *keywords)]
        lines[-1] = lines[-1].replace("-", " ", 1)
        await self._greet(hostname, "\r\n".join(lines)[4:], extended=True)

    async def _greet(self, name: str | None, answer: str, *, extended: bool) -> None:
        if not name or not path.is_helo_name(name):
            await self.push(policy.NO_HELO_NAME)
            return
        assert self.session is not None
        self._forget_mail()
        self.session.host_name, self.session.extended_smtp = name, extended
        await self.push(f"250{'-' if extended else ' '}{answer}")

    async def smtp_NOOP(self, arg: str | None) -> None:
        await self.push(policy.OK)

    async def smtp_RSET(self, arg: str | None) -> None:
        if arg:
            await self.push(policy.NO_ARGUMENT)
            return
        self._forget_mail()
        await self.push(policy.OK)

    async def smtp_QUIT(self, arg: str | None) -> None:
        await self.push(policy.NO_ARGUMENT if arg else policy.BYE)

    async def smtp_HELP(self, arg: str | None) -> None:
        await self.push(policy.HELP)

    async def smtp_VRFY(self, arg: str | None) -> None:
        await self.push(policy.CANNOT_VERIFY if arg else policy.AN_ARGUMENT)

    async def smtp_EXPN(self, arg: str | None) -> None:
        await self.push(policy.NOT_HERE)

    async def smtp_AUTH(self, arg: str | None) -> None:
        await self.push(policy.NOT_HERE)

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if arg or self.tls:
            await self.push(policy.NO_ARGUMENT if arg else policy.TLS_ALREADY)
            return
        transport = self.transport
        assert isinstance(transport, asyncio.Transport)
        # Nothing runs between our word and the handshake, so no plain octet of a third person gets in between.
        self._out += str(policy.READY_FOR_TLS).encode() + b"\r\n"
        self._writer.write(bytes(self._out))
        self._out.clear()
        secured = await self.loop.start_tls(transport, self, self.house.tls, server_side=True,
                                            ssl_handshake_timeout=self._silence)  # fmt: skip
        if secured is None:
            raise ConnectionResetError("the client left in the handshake")
        self.transport = self._writer._transport = secured  # type: ignore[attr-defined]
        self._wire.open(secured)
        cipher = secured.get_extra_info("cipher")
        self.tls = f"{cipher[1]} {cipher[0]}"
        self._begin(secured.get_extra_info("peername"))

    async def smtp_MAIL(self, arg: str | None) -> None:
        await self.push(self._mail(arg or ""))

    def _mail(self, arg: str) -> Reply:
        assert self.session is not None
        assert self.envelope is not None
        if not self.session.host_name:
            return policy.HELO_FIRST
        if self._has_sender:
            return policy.MAIL_TWICE
        try:
            found = path.read(arg, "FROM:")
        except BadPath:
            return policy.BAD_SENDER
        if found is None:
            return policy.MAIL_SYNTAX
        sender, words = found
        if sender.is_postmaster:
            return policy.BAD_SENDER
        options = path.parameters(words)
        refusal = self._fault_of_options(options, sender)
        if refusal:
            return refusal
        self.envelope.mail_from = str(sender)
        self.envelope.smtp_utf8 = "SMTPUTF8" in (options or {})
        return policy.SENDER_OK

    def _fault_of_options(self, options: dict[str, str | None] | None, sender: Path) -> Reply | None:
        """SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531), each after EHLO only."""
        assert self.session is not None
        if options is None:
            return policy.BAD_PARAMETER
        if not options.keys() <= _MAIL_OPTIONS.keys() or (options and not self.session.extended_smtp):
            return policy.UNKNOWN_PARAMETER
        if not all(_MAIL_OPTIONS[name].fullmatch(value or "") for name, value in options.items()):
            return policy.BAD_PARAMETER
        if int(options.get("SIZE") or 0) > self.house.size:
            return policy.TOO_LARGE
        if not str(sender).isascii() and "SMTPUTF8" not in options:
            return policy.NEEDS_SMTPUTF8
        return None

    async def smtp_RCPT(self, arg: str | None) -> None:
        await self.push(await self._rcpt(arg or ""))

    async def _rcpt(self, arg: str) -> Reply:
        assert self.session is not None
        assert self.envelope is not None
        if not self._has_sender:
            return policy.MAIL_FIRST if self.session.host_name else policy.HELO_FIRST
        try:
            found = path.read(arg, "TO:")
        except BadPath:
            return policy.BAD_RECIPIENT
        if found is None:
            return policy.RCPT_SYNTAX
        recipient, words = found
        if recipient.is_null:
            return policy.BAD_RECIPIENT
        if words:
            return policy.BAD_PARAMETER if path.parameters(words) is None else policy.UNKNOWN_PARAMETER
        if not str(recipient).isascii() and not self.envelope.smtp_utf8:
            return policy.NEEDS_SMTPUTF8
        if len(self.envelope.rcpt_tos) >= self.house.smtp.recipients:
            return policy.TOO_MANY_RECIPIENTS
        reply: Reply = await self._call_handler_hook("RCPT", recipient)
        return reply

    async def smtp_DATA(self, arg: str | None) -> None:
        refusal = self._fault_of_data_command(arg)
        if refusal:
            await self.push(refusal)
            # Whoever sent the mail without waiting for 354 must not have it read as commands.
            self._is_over |= not self._wire.is_empty
            return
        self._out += str(policy.GO_AHEAD).encode() + b"\r\n"
        await self._flush()
        self._silence, self._heard_at = self._data_timeout, self.loop.time()
        try:
            data = await self._wire.data(self.house.size)
        except Endless:
            await self.push(policy.ENDLESS)
            return
        if data is None:
            self._is_over = True
            return
        self._silence, self.ended_data_at = None, self.loop.time()
        await self._take(data)

    async def _take(self, data: Data) -> None:
        assert self.envelope is not None
        self.envelope.content = data.content
        try:
            reply = _fault_of(data) or await self._call_handler_hook("DATA")
        finally:
            self._forget_mail()
        if reply.is_refusal:
            log.info("mail refused", client=self.client_ip, bytes=len(data.content), reply=str(reply))
        await self.push(reply)

    def _fault_of_data_command(self, arg: str | None) -> Reply | None:
        assert self.session is not None
        assert self.envelope is not None
        if arg:
            return policy.NO_ARGUMENT
        if not self._has_sender:
            return policy.MAIL_FIRST if self.session.host_name else policy.HELO_FIRST
        return None if self.envelope.rcpt_tos else policy.NO_RECIPIENTS


NOT_DONE = frozenset({"ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML", "BDAT", "XCLIENT", "XFORWARD"})
"""Commands of the standards that are not done here: 502 (section 4.2.4), where others get 500."""
_MAIL_OPTIONS: dict[str, re.Pattern[str]] = {
    "SIZE": re.compile(r"[0-9]{1,20}"),
    "BODY": re.compile(r"7BIT|8BITMIME", re.IGNORECASE),
    "SMTPUTF8": re.compile(r""),
}


def _fault_of(data: Data) -> Reply | None:
    if data.is_too_large:
        return policy.TOO_LARGE
    if data.has_bare_line_end:
        return policy.BARE_LINE_END
    return policy.fault_of_content(data.content)


def read_command(line: bytes) -> tuple[str, str | None] | Reply:
    """Verb in capitals and argument of one line, or the reply to what is no command."""
    if len(line) >= COMMAND_LIMIT and not line.endswith(b"\n"):
        return policy.LONG_LINE
    if not line.endswith(b"\r\n"):
        return policy.BAD_LINE
    try:
        text = line[:-2].decode("utf-8")
    except UnicodeDecodeError:
        return policy.BAD_LINE
    if not _PRINTABLE.fullmatch(text):
        return policy.BAD_LINE
    if _HTTP.match(text):
        return policy.NOT_HTTP
    # Blanks at the end are borne with (section 4.1.1).
    verb, _, argument = text.rstrip(" ").partition(" ")
    return verb.upper(), argument.strip(" ") or None
