"""A mail host of somebody else, on a real socket, that says what a test tells it to say."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DROP = "drop"
"""Close the connection instead of a reply."""
HANG = "hang"
"""Say nothing, until the client goes."""


@dataclass
class Peer:
    """replies: what is said to a verb (MAIL, RCPT, DATA, ., EHLO, STARTTLS, AUTH) or at the greeting (CONNECT);
    several are used up one after the other, the last one stays."""

    replies: dict[str, list[str]] = field(default_factory=dict)
    extensions: tuple[str, ...] = ("SIZE 10000000", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    offers_tls: bool = False
    port: int = 0
    letters: list[bytes] = field(default_factory=list)
    """Contents that got a 250, dots un-stuffed."""
    commands: list[str] = field(default_factory=list)
    connections: int = 0
    most_at_once: int = 0
    _open: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    """Cleared: the reply to a letter is held back."""
    _heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.may_answer.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Peer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in [each for each in asyncio.all_tasks() if each.get_name() == f"peer-{id(self)}"]:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def hears(self, verb: str) -> None:
        """Wait until a client has said it."""
        async with self._heard, asyncio.timeout(60):
            await self._heard.wait_for(lambda: self.said(verb))

    async def arrives(self, count: int) -> None:
        """Wait until so many letters have come."""
        async with self._heard:
            await self._heard.wait_for(lambda: len(self.letters) >= count)

    def said(self, verb: str) -> list[str]:
        return [each for each in self.commands if each.upper().startswith(verb)]

    def _reply(self, verb: str, usual: str) -> str:
        replies = self.replies.get(verb)
        if not replies:
            return usual
        return replies.pop(0) if len(replies) > 1 else replies[0]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        task.set_name(f"peer-{id(self)}")
        self.connections += 1
        self._open += 1
        self.most_at_once = max(self.most_at_once, self._open)
        with suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError, asyncio.CancelledError):
            await self._talk(reader, writer)
        self._open -= 1
        writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_over = await self._say(writer, self._reply("CONNECT", "220 peer ESMTP"), reader)
        is_secure = False
        while not is_over and (line := await reader.readline()):
            command = line.decode("utf-8", "replace").rstrip("\r\n")
            self.commands.append(command)
            async with self._heard:
                self._heard.notify_all()
            verb = command.split(" ")[0].upper()
            if verb == "STARTTLS":
                is_over = await self._say(writer, self._reply(verb, "220 go ahead"), reader)
                if not is_over and self.tls:
                    await writer.start_tls(self.tls)
                    is_secure = True
                continue
            is_over = await self._say(writer, self._reply(verb, self._usual(verb, is_secure)), reader)
            if verb == "DATA" and not is_over and not self.replies.get("DATA"):
                is_over = await self._content(reader, writer)

    def _usual(self, verb: str, is_secure: bool) -> str:
        if verb == "EHLO":
            offers = (*self.extensions, *(("STARTTLS",) if (self.tls or self.offers_tls) and not is_secure else ()))
            lines = ["peer", *offers]
            return "\r\n".join(f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines)
        return {"DATA": "354 go on", "QUIT": "221 bye", "AUTH": "235 2.7.0 welcome"}.get(verb, "250 2.1.0 OK")

    async def _content(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = []
        while (line := await reader.readuntil(b"\r\n")) != b".\r\n":  # an end without the dot is no letter
            lines.append(line.removeprefix(b"."))
        await self.may_answer.wait()
        reply = self._reply(".", "250 2.0.0 queued")
        if reply.startswith("250"):
            self.letters.append(b"".join(lines))
            async with self._heard:
                self._heard.notify_all()
        return await self._say(writer, reply, reader)

    async def _say(self, writer: asyncio.StreamWriter, reply: str, reader: asyncio.StreamReader) -> bool:
        """True when the conversation is over."""
        if reply == HANG:
            await reader.read()
            return True
        if reply == DROP:
            return True
        writer.write(f"{reply}\r\n".encode("utf-8", "surrogateescape"))
        await writer.drain()
        return reply.startswith(("221", "421"))


def certificate(folder: Path, name: str = "localhost", *, valid: bool = True) -> tuple[Path, Path]:
    """A self-signed certificate and its key, as PEM files."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    end = now + timedelta(days=1) if valid else now - timedelta(days=1)
    signed = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
              .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=2)).not_valid_after(end)
              .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
              .sign(key, hashes.SHA256()))
    folder.mkdir(parents=True, exist_ok=True)
    chain, private = folder / f"{name}.crt", folder / f"{name}.key"
    chain.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                          serialization.NoEncryption()))
    return chain, private


def server_tls(chain: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(chain, key)
    return context
