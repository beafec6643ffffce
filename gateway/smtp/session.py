"""What a client may say, and in which order (RFC 5321 section 4.1): the commands of one session.

Strict addresses, enhanced codes on each reply (RFC 2034), STARTTLS by the loop itself (RFC 3207); LMTP (RFC 2033) is
the same with another greeting and a reply for each recipient. What is decided of mailboxes and mails is in the hooks.
"""

import asyncio
import re

import structlog

from gateway.smtp import options, path, policy
from gateway.smtp.options import OF_MAIL, OF_RCPT, Options
from gateway.smtp.path import BadPath, Path
from gateway.smtp.policy import Reply
from gateway.smtp.reader import COMMAND_LIMIT
from gateway.smtp.relay import CLIENT, FORWARDED, Relay

log = structlog.get_logger()

# Beyond ASCII too: some programs that read our fields and logs end a line at U+0085, U+2028 and U+2029.
_PRINTABLE = re.compile(r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]*")
_BLANKS = " \t"


class Session(Relay):
    """A client's session: each smtp_* method is one command, found by its name."""

    async def _obey(self, line: bytes) -> None:
        command = read_command(line)
        if isinstance(command, Reply):
            await self._misunderstand(line, command)
            return
        verb, argument = command
        if self._is_hasty and verb not in HARMLESS:
            await self.push(policy.TOO_HASTY)
            return
        self._is_hasty = self._is_hasty and not self._wire.is_empty
        if self._errors >= self.house.smtp.errors and verb != "QUIT" and not self.is_from_relay:
            log.info("client refused", client=self.client_ip, reply=str(policy.TOO_MANY_ERRORS))
            await self.push(policy.TOO_MANY_ERRORS)
            return
        method = self._commands.get(verb)
        if method is None:
            await self._misunderstand(line, NOT_DONE.get(verb, policy.UNKNOWN_COMMAND))
            return
        await getattr(self, method)(argument)

    async def _misunderstand(self, line: bytes, reply: Reply) -> None:
        await self.push(policy.TOO_HASTY if self._is_hasty else reply)
        # What stands behind a bare LF is part of its line (section 2.3.8): somebody put it into the client's command.
        if is_cut_short(line) and not self._wire.is_empty and not self._is_over:
            await self.push(policy.TOO_HASTY)

    async def smtp_HELO(self, hostname: str | None) -> None:
        await self._greet(hostname, "smtp", extended=False)

    async def smtp_EHLO(self, hostname: str | None) -> None:
        await self._greet(hostname, "smtp", extended=True)

    async def smtp_LHLO(self, hostname: str | None) -> None:
        """RFC 2033 section 4.1: LMTP has this in place of HELO and EHLO."""
        await self._greet(hostname, "lmtp", extended=True)

    async def _greet(self, name: str | None, kind: str, *, extended: bool) -> None:
        if (kind == "lmtp") is not self.is_lmtp:
            await self.push(policy.OTHER_GREETING)
            return
        if not name or not path.is_helo_name(name):
            await self.push(policy.NO_HELO_NAME)
            return
        assert self.session is not None
        self._forget_mail()
        self.session.host_name, self.session.extended_smtp = name, extended
        lines = [f"250-{line}" for line in (self.hostname, *(self._extensions() if extended else ()))]
        await self.push("\r\n".join([*lines[:-1], lines[-1].replace("-", " ", 1)]))

    def _extensions(self) -> list[str]:
        return [
            "PIPELINING", f"SIZE {self.house.smtp.size}", *([] if self.tls else ["STARTTLS"]), "ENHANCEDSTATUSCODES",
            "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN", f"LIMITS RCPTMAX={self.house.smtp.recipients}",
            *([" ".join(("XCLIENT", *CLIENT)), " ".join(("XFORWARD", *FORWARDED))] if self.is_from_relay else []),
            "HELP",
        ]  # fmt: skip

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
        # Nothing runs between here and the handshake, so no plain octet of a third person gets in between. The client's
        # first words inside TLS may come before we wake up, so nothing is dropped after it.
        self._wire.forget()
        self._out += policy.READY_FOR_TLS.line
        self._write_out()
        await self._secure()

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
        told = options.read(words, OF_MAIL, extended=self.session.extended_smtp)
        if isinstance(told, Reply):
            return told
        if refusal := self._fault_of_options(told, sender):
            return refusal
        self.envelope.mail_from = str(sender)
        self.envelope.smtp_utf8 = "SMTPUTF8" in told
        self.mail_options = told
        reply = await self._call_handler_hook("MAIL")
        if reply.is_refusal:
            self._forget_mail()
        return reply

    def _fault_of_options(self, told: Options, sender: Path) -> Reply | None:
        if int(told.get("SIZE") or 0) > self.house.size:
            return policy.TOO_LARGE
        if not str(sender).isascii() and "SMTPUTF8" not in told:
            return policy.NEEDS_SMTPUTF8
        return None

    async def smtp_RCPT(self, arg: str | None) -> None:
        reply = await self._rcpt(arg or "")
        if reply is policy.NO_SUCH_MAILBOX:
            reply = await self._guessed(reply, _told(arg))
        if reply.is_refusal and not reply.ends:
            self.note_refusal(reply, [_told(arg)])
        await self.push(reply)

    async def _guessed(self, reply: Reply, address: str) -> Reply:
        """Who asks for many mailboxes that are not there is answered slowly, and at last not at all."""
        if self.is_relay:
            return reply
        seconds = self.house.guesses.guess(self.client_ip, address, self.loop.time())
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
        told = options.read(words, OF_RCPT, extended=self.session.extended_smtp)
        if isinstance(told, Reply):
            return told
        if not str(recipient).isascii() and not self.envelope.smtp_utf8:
            return policy.NEEDS_SMTPUTF8
        if len(self.envelope.rcpt_tos) >= self.house.smtp.recipients:
            return policy.TOO_MANY_RECIPIENTS
        reply = await self._call_handler_hook("RCPT", recipient)
        if not reply.is_refusal:
            self.recipient_options.append((str(recipient), told))
        return reply


def _told(argument: str | None) -> str:
    """The address in a command that was refused, so far as it can be told."""
    found = re.search(r"<([^<>]*)>", argument or "")
    return found[1] if found else (argument or "")


HARMLESS = {"RSET", "NOOP", "QUIT"}
"""Obeyed behind a DATA that was refused; anything else there is the mail of a client that did not wait for 354."""
NOT_DONE = dict.fromkeys(("ETRN", "TURN", "ATRN", "SEND", "SOML", "SAML"), policy.NOT_HERE)
"""Commands of the standards that are not done here: 502 (section 4.2.4), where others get 500."""
# A browser that was tricked into posting a dialogue here is shown out at its first line.
NOT_DONE |= dict.fromkeys(
    ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PRI"), policy.NOT_HTTP
)


def is_cut_short(line: bytes) -> bool:
    """A bare LF ended it."""
    return line.endswith(b"\n") and not line.endswith(b"\r\n")


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
