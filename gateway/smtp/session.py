"""What a client may say, and in which order (RFC 5321 section 4.1): the commands of one session.

Strict addresses, enhanced codes on each reply (RFC 2034), STARTTLS by the loop itself (RFC 3207). What is decided about
mailboxes and mails is in the hooks.
"""

import asyncio
import re
from typing import cast

import structlog

from gateway.smtp import path, policy
from gateway.smtp.path import BadPath, Path
from gateway.smtp.policy import Reply
from gateway.smtp.reader import COMMAND_LIMIT
from gateway.smtp.transfer import Transfer

log = structlog.get_logger()

_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f]*")
_BLANKS = " \t"


class Session(Transfer):
    """A client's session: each smtp_* method is one command, found by aiosmtpd's table."""

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
            await self.push(NOT_DONE.get(verb, policy.UNKNOWN_COMMAND))
            return
        await method(argument)

    async def smtp_HELO(self, hostname: str | None) -> None:
        await self._greet(hostname, self.hostname, extended=False)

    async def smtp_EHLO(self, hostname: str | None) -> None:
        keywords = ["PIPELINING", f"SIZE {self.house.smtp.size}", *([] if self.tls else ["STARTTLS"]),
                    "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8", "CHUNKING",
                    f"LIMITS RCPTMAX={self.house.smtp.recipients}", "HELP"]
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
        transport = cast(asyncio.WriteTransport, self.transport)  # uvloop's are no subclasses of it
        # Nothing runs between here and the handshake, so no plain octet of a third person gets in between. The client's
        # first words inside TLS may come before we wake up, so nothing is dropped after it.
        self._wire.forget()
        self._out += str(policy.READY_FOR_TLS).encode() + b"\r\n"
        self._write_out()
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
        reply = await self._mail(arg or "")
        if reply.is_refusal:
            self.note_refusal(reply, reverse_path=_told(arg))
        await self.push(reply)

    async def _mail(self, arg: str) -> Reply:
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
        reply = await self._call_handler_hook("MAIL")
        if reply.is_refusal:
            self._forget_mail()
        return reply

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
        reply = await self._rcpt(arg or "")
        if reply is policy.NO_SUCH_MAILBOX:
            reply = await self._guessed(reply)
        if reply.is_refusal:
            self.note_refusal(reply, [_told(arg)])
        await self.push(reply)

    async def _guessed(self, reply: Reply) -> Reply:
        """Who asks for many mailboxes that are not there is answered slowly, and at last not at all."""
        seconds = self.house.guesses.guess(self.client_ip, self.loop.time())
        if self.house.guesses.is_harvest(self.client_ip, self.loop.time()):
            return policy.TOO_MANY_GUESSES
        if seconds:
            self._listen_to_nothing()
            await asyncio.sleep(seconds)
        return reply

    async def _rcpt(self, arg: str) -> Reply:
        assert self.session is not None
        assert self.envelope is not None
        if not self._has_sender:
            return policy.MAIL_FIRST if self.session.host_name else policy.HELO_FIRST
        if self._chunks is not None:
            return policy.CHUNKS_BEGAN
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
        return await self._call_handler_hook("RCPT", recipient)


def _told(argument: str | None) -> str:
    """The address in a command that was refused, so far as it can be told."""
    found = re.search(r"<([^<>]*)>", argument or "")
    return found[1] if found else (argument or "")


NOT_DONE = dict.fromkeys(("ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML", "XCLIENT", "XFORWARD"), policy.NOT_HERE)
"""Commands of the standards that are not done here: 502 (section 4.2.4), where others get 500."""
# A browser that was tricked into posting a dialogue here is shown out at its first line.
NOT_DONE |= dict.fromkeys(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PRI"), policy.NOT_HTTP
)
_MAIL_OPTIONS: dict[str, re.Pattern[str]] = {
    "SIZE": re.compile(r"[0-9]{1,20}"),
    "BODY": re.compile(r"7BIT|8BITMIME", re.IGNORECASE),
    "SMTPUTF8": re.compile(r""),
}


def read_command(line: bytes) -> tuple[str, str | None] | Reply:
    """Verb in capitals and argument of one line, or the reply to what is no command."""
    if len(line) >= COMMAND_LIMIT and not line.endswith(b"\n"):
        return policy.LONG_LINE
    if not line.endswith(b"\r\n"):
        return policy.BAD_LINE
    try:
        # White space at the end is borne with (section 4.1.1).
        text = line[:-2].decode("utf-8").rstrip(_BLANKS)
    except UnicodeDecodeError:
        return policy.BAD_LINE
    if not _PRINTABLE.fullmatch(text):
        return policy.BAD_LINE
    verb, _, argument = text.partition(" ")
    return verb.upper(), argument.strip(" ") or None
