"""A door on a free port, a client that speaks octets, a store in a file."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import select

from gateway.desk.capability import Capabilities
from gateway.models import Received
from gateway.smtp.server import Door
from gateway.store import raw
from gateway.store.database import Database
from gateway.store.intake import Intake

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SUPPORT = "support@example.com"
CAPABILITIES = Capabilities(b"s" * 32, SUPPORT, timedelta(days=180))
MAIL = (b"From: alice@example.org\r\nTo: support@example.com\r\nSubject: Hello\r\nMessage-ID: <1@example.org>\r\n\r\n"
        b"Hi\r\n")  # fmt: skip


class Client:
    """The other side of the wire, one octet string at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, octets: bytes | str) -> None:
        if not self.writer.is_closing():
            self.writer.write(octets.encode() if isinstance(octets, str) else octets)

    async def reply(self) -> str:
        """One reply, all its lines; "" when the server closed."""
        lines = []
        while line := await asyncio.wait_for(self.reader.readline(), 30):
            assert line.endswith(b"\r\n")
            lines.append(line.decode("ascii").rstrip("\r\n"))
            if line[3:4] != b"-":
                break
        return "\n".join(lines)

    async def says(self, command: bytes | str) -> str:
        self.send(command.encode() + b"\r\n" if isinstance(command, str) else command + b"\r\n")
        return await self.reply()

    async def greets(self) -> "Client":
        assert (await self.reply()).startswith("220 ")
        assert (await self.says("EHLO client.example.org")).startswith("250-")
        return self

    async def envelope(self, recipient: str = SUPPORT, sender: str = "alice@example.org") -> None:
        assert (await self.says(f"MAIL FROM:<{sender}>")).startswith("250 ")
        assert (await self.says(f"RCPT TO:<{recipient}>")).startswith("250 ")

    async def data(self, content: bytes) -> str:
        """DATA as it stands, with the end of data behind."""
        assert (await self.says("DATA")).startswith("354 ")
        self.send(content + b".\r\n")
        return await self.reply()

    async def mails(self, content: bytes = MAIL) -> str:
        await self.envelope()
        return await self.data(content)

    async def is_closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(), 30) == b""

    def hang_up(self) -> None:
        self.writer.transport.abort()


class House:
    """A running door with what stands behind it."""

    def __init__(self, door: Door, database: Database, intake: Intake) -> None:
        self.door, self.database, self.intake = door, database, intake
        self.clients: list[Client] = []

    @property
    def port(self) -> int:
        return self.door.addresses[0][1]

    async def knock(self) -> Client:
        """A client that has said nothing yet."""
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        return client

    async def knock_at(self, socket: Path) -> Client:
        """The same at a unix socket."""
        client = Client(*await asyncio.open_unix_connection(socket))
        self.clients.append(client)
        return client

    async def client(self) -> Client:
        """A client that has said EHLO."""
        return await (await self.knock()).greets()

    async def kept(self) -> list[Any]:
        """All rows of received, in order."""
        return await self.database.read(lambda db: list(db.execute(select(Received.__table__).order_by("id"))))

    async def contents(self) -> list[bytes]:
        ids = [row.id for row in await self.kept()]
        return await self.database.read(lambda db: [raw.octets(db, id) or b"" for id in ids])

    async def only_left(self, count: int) -> None:
        """Return when no more than so many sessions are left."""
        while len(self.door._house.sessions) > count:
            tasks = [session._handler_coroutine for session in self.door._house.sessions]
            await asyncio.wait([task for task in tasks if task], return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        for client in self.clients:
            client.writer.close()
        await self.door.drain()
        await self.intake.close()
        await self.database.close()


Opening = Callable[..., Awaitable[House]]
