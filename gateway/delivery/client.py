"""Hand one letter to the next host (RFC 5321): to the smarthost, or to the recipient's own mail hosts.

Whatever the other side does ends as an Outcome. Only a 5yz to MAIL, RCPT or the message itself bounces a letter; a
refusal to greet us, to log us in or to speak TLS says nothing about the letter, so it is deferred. When a connection
is lost after the final dot, nobody knows whether the host took the letter: it is deferred, and no other host is
tried now (RFC 5321 section 4.5.4.1: rather twice than never).
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import dataclass

import aiosmtplib
from aiosmtplib import SMTP

from gateway.authentication.resolver import Resolver
from gateway.config import Delivery
from gateway.delivery.outcome import Outcome, bounced, deferred, judge
from gateway.delivery.route import SMTP_PORT, Host, hosts
from gateway.mail.compose import ascii_address, ascii_domain
from gateway.mail.envelope import domain_of

CONNECTING = 60.0
"""Seconds to wait for a connection and its greeting; the other replies may take `timeout` of the settings."""
_LOST = (aiosmtplib.SMTPServerDisconnected, aiosmtplib.SMTPTimeoutError, OSError)


@dataclass(frozen=True, slots=True)
class Parcel:
    """A letter as it goes over the wire, its addresses fit for the envelope."""

    message: bytes
    reverse_path: str
    recipient: str

    @property
    def needs_utf8(self) -> bool:
        """RFC 6531 section 3: only when an address or a field holds more than ASCII."""
        fields = self.message.partition(b"\r\n\r\n")[0]
        return not (self.reverse_path.isascii() and self.recipient.isascii() and fields.isascii())


class _Unready(Exception):
    """The host did not get as far as the letter."""

    def __init__(self, status: str, text: str, host: Host) -> None:
        super().__init__(text)
        self.outcome = deferred(status, text, host.name)


class _NoHandshake(Exception):
    """TLS was offered and could not be made."""


async def send(message: bytes, reverse_path: str, recipient: str, *, settings: Delivery, hostname: str,
               resolver: Resolver, port: int = SMTP_PORT) -> Outcome:
    """Try once to hand a letter (CRLF line ends) over. hostname: what we call ourselves in EHLO. port: of MX hosts."""
    parcel = Parcel(message, ascii_address(reverse_path), ascii_address(recipient))
    if not parcel.recipient:
        return bounced(553, "5.1.3", "the recipient is no mail address")
    if settings.smarthost:
        name, _, number = settings.smarthost.rpartition(":")
        outcome, _ = await _attempt(Host(name.strip("[]"), name.strip("[]"), int(number)), parcel, settings, hostname)
        return outcome
    if parcel.recipient.endswith("]"):
        return bounced(550, "5.1.2", "no letters go to address literals")
    async with aclosing(hosts(domain_of(parcel.recipient), resolver, port)) as route:
        return await _walk(parcel, settings, hostname, route)


async def _walk(parcel: Parcel, settings: Delivery, hostname: str, route: AsyncIterator[Host | Outcome]) -> Outcome:
    """One host after the other, until one has the last word; else what the best of them said, which comes first."""
    said: Outcome | None = None
    async for each in route:
        if isinstance(each, Outcome):
            return said or each
        outcome, may_go_on = await _attempt(each, parcel, settings, hostname)
        if not may_go_on:
            return outcome
        said = said or outcome
    raise AssertionError("a route ends with an outcome")


async def _attempt(host: Host, parcel: Parcel, settings: Delivery, hostname: str) -> tuple[Outcome, bool]:
    """The outcome at one host, and whether another host may still be tried."""
    try:
        client = await _open(host, settings, hostname)
    except _Unready as trouble:
        return trouble.outcome, True
    try:
        return await _hand_over(client, parcel, host)
    finally:
        _leave(client)


# ---- before the letter ---------------------------------------------------------------------------------------------


async def _open(host: Host, settings: Delivery, hostname: str) -> SMTP:
    """A client that has said EHLO, over TLS when it can be had, and is logged in when there is a login."""
    client = await _greet(host, settings, hostname)
    try:
        return await _prepare(client, host, settings)
    except _NoHandshake as trouble:
        if settings.starttls == "must":
            raise _Unready("4.7.5", f"no TLS: {trouble}", host) from None
        return await _log_in(await _greet(host, settings, hostname), host, settings)
    except BaseException:
        client.close()
        raise


async def _greet(host: Host, settings: Delivery, hostname: str) -> SMTP:
    seconds = settings.timeout.total_seconds()
    client = SMTP(hostname=host.address, port=host.port, local_hostname=ascii_domain(hostname) or "localhost",
                  timeout=min(seconds, CONNECTING), start_tls=False)
    try:
        await client.connect()
        client.timeout = seconds
        await _say_ehlo(client)
    except (aiosmtplib.SMTPException, OSError) as trouble:
        client.close()
        raise _Unready("4.4.1", _told(trouble), host) from None
    return client


async def _say_ehlo(client: SMTP) -> None:
    try:
        await client.ehlo()
    except aiosmtplib.SMTPHeloError as refusal:
        if refusal.code // 100 != 5:
            raise
        await client.helo()  # RFC 5321 section 3.2: a host of the old kind


async def _prepare(client: SMTP, host: Host, settings: Delivery) -> SMTP:
    if settings.starttls == "never":
        return await _log_in(client, host, settings)
    if client.supports_extension("starttls"):
        await _secure(client, host, settings)
    elif settings.starttls == "must":
        raise _Unready("4.7.4", "the host offers no TLS", host)
    return await _log_in(client, host, settings)


async def _secure(client: SMTP, host: Host, settings: Delivery) -> None:
    """STARTTLS (RFC 3207). Without "must" any certificate will do: the choice is between that and no TLS at all."""
    context = await asyncio.to_thread(ssl.create_default_context) if settings.starttls == "must" else _unchecked()
    try:
        await client.starttls(server_hostname=host.name, tls_context=context)
        await _say_ehlo(client)
    except (aiosmtplib.SMTPException, OSError) as trouble:
        client.close()
        raise _NoHandshake(_told(trouble)) from None


def _unchecked() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def _log_in(client: SMTP, host: Host, settings: Delivery) -> SMTP:
    if not (settings.username and settings.smarthost):
        return client
    try:
        # Who takes TLS away from us must not be handed the password.
        if settings.starttls != "never" and client.get_transport_info("sslcontext") is None:
            raise _Unready("4.7.0", "no login without TLS", host)
        await client.login(settings.username, settings.password)
    except (aiosmtplib.SMTPException, OSError) as trouble:
        raise _Unready("4.7.8", f"login failed: {_told(trouble)}", host) from None
    return client


# ---- the letter ----------------------------------------------------------------------------------------------------


async def _hand_over(client: SMTP, parcel: Parcel, host: Host) -> tuple[Outcome, bool]:
    """MAIL, RCPT, DATA (RFC 5321 section 3.3); the outcome, and whether another host may still be tried."""
    if parcel.needs_utf8 and not client.supports_extension("smtputf8"):
        return bounced(553, "5.6.7", f"the host {host.name} takes no addresses beyond ASCII"), False
    is_content_out = False
    try:
        for command in (_mail(client, parcel), [b"RCPT", f"TO:<{parcel.recipient}>".encode()]):
            reply = await client.execute_command(*command)
            if reply.code // 100 != 2:
                return _said(reply.code, reply.message, host)
        is_content_out = True
        reply = await client.data(parcel.message)
    except aiosmtplib.SMTPResponseException as refusal:
        return _said(refusal.code, refusal.message, host)
    except _LOST as trouble:
        words = "after the letter was sent, before the reply" if is_content_out else "before the letter was sent"
        return deferred("4.4.2", f"connection lost {words}: {_told(trouble)}", host.name), not is_content_out
    return _said(reply.code, reply.message, host)


def _mail(client: SMTP, parcel: Parcel) -> list[bytes]:
    command = [b"MAIL", f"FROM:<{parcel.reverse_path}>".encode()]
    if client.supports_extension("size"):
        command.append(b"SIZE=%d" % len(parcel.message))
    if not parcel.message.isascii() and client.supports_extension("8bitmime"):
        command.append(b"BODY=8BITMIME")
    if parcel.needs_utf8:
        command.append(b"SMTPUTF8")
    return command


def _said(code: int, text: str, host: Host) -> tuple[Outcome, bool]:
    outcome = judge(code, text, host.name)
    return outcome, outcome.state == "deferred"


def _leave(client: SMTP) -> None:
    """Say goodbye and wait for nobody: the outcome is to be recorded at once."""
    if client.is_connected and isinstance(client.transport, asyncio.WriteTransport):
        client.transport.write(b"QUIT\r\n")
    client.close()


def _told(trouble: Exception) -> str:
    if isinstance(trouble, aiosmtplib.SMTPResponseException):
        return f"{trouble.code} {trouble.message}"
    return str(trouble) or type(trouble).__name__
