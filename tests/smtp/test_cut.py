"""A connection cut at every octet of a session, in both directions: what came whole is kept, nothing else is, no
session stays behind; and the mail of every sender who heard no 250 and comes again is kept once."""

import asyncio
import os
import re
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from smtp.dialogue import trusting
from smtp.house import SUPPORT, House, Opening

IS_LONG = os.environ.get("FRONTDESK_CRASH") == "long"
"""`make crash` cuts every session at every octet in both ways; `make test` changes the way from octet to octet, and
takes every seventh octet of TLS."""
AT_ONCE = 50
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def letter(serial: str) -> bytes:
    return (f"From: alice@example.org\r\nTo: {SUPPORT}\r\nSubject: Cannot log in\r\n"
            f"Message-ID: <{serial}@example.org>\r\n\r\nThe app says error 1042.\r\n..\r\nWhat can I do?\r\n").encode()


def steps(kind: str, serial: str) -> list[bytes]:
    """What a client says before it waits for all replies to it."""
    begin = [b"EHLO client.example.org\r\n"]
    envelope = [b"MAIL FROM:<alice@example.org>\r\n", b"RCPT TO:<support@example.com>\r\n"]
    content = letter(serial)
    if kind == "chunks":
        first, last = content[:40], content[40:]
        chunks = [b"BDAT %d\r\n" % len(first), first, b"BDAT %d LAST\r\n" % len(last), last]
        return [*begin, b"".join([*envelope, *chunks]), b"QUIT\r\n"]
    stuffed = content.replace(b"\r\n.", b"\r\n..") + b".\r\n"
    if kind == "pipelined":
        return [*begin, b"".join([*envelope, b"DATA\r\n"]), stuffed + b"QUIT\r\n"]
    return [*begin, *envelope, b"DATA\r\n", stuffed, b"QUIT\r\n"]


REPLIES = {"lockstep": [1, 1, 1, 1, 1, 1], "pipelined": [1, 3, 2], "chunks": [1, 4, 1], "tls": [1, 1, 1, 1, 1, 1]}
"""How many come to each step."""


async def converse(streams: Streams, kind: str, serial: str) -> bool:
    """The whole session, as far as it goes; True when the mail had its 250."""
    reader, writer = streams
    said: list[str] = []
    with suppress(OSError, EOFError):
        await hear(reader, 1, said)
        if kind == "tls":
            for command in (b"EHLO client.example.org\r\n", b"STARTTLS\r\n"):
                writer.write(command)
                await hear(reader, 1, said)
            await writer.start_tls(trusting())
        for step, count in zip(steps(kind, serial), REPLIES[kind], strict=True):
            writer.write(step)
            await hear(reader, count, said)
    writer.transport.abort()
    return any(line.startswith("250 2.0.0 Kept") for line in said)


async def hear(reader: asyncio.StreamReader, count: int, said: list[str]) -> None:
    """So many replies, of each the last line."""
    while count:
        line = await reader.readuntil(b"\r\n")
        if line[3:4] == b" ":
            said.append(line.decode())
            count -= 1


class Knife:
    """Stands between client and door, and cuts after so many octets of one of them."""

    def __init__(self, port: int, sayer: str, octets: int, *, is_reset: bool) -> None:
        """sayer: "client" or "door". is_reset: by RST; else by FIN, behind which what was sent still arrives."""
        self._port, self._sayer, self._rest, self._is_reset = port, sayer, octets, is_reset
        self.passed: Counter[str] = Counter()
        self.is_over = asyncio.Event()

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Streams]:
        """A connection to the door that is cut. When this ends the door has nothing of it."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield await asyncio.open_connection(*server.sockets[0].getsockname())
        finally:
            await self.is_over.wait()
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind = await asyncio.open_connection("127.0.0.1", self._port)
        tasks = [asyncio.create_task(self._pass("client", reader, behind[1])),
                 asyncio.create_task(self._pass("door", behind[0], writer))]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for each in (writer, behind[1]):
            if self._is_reset:
                linger = struct.pack("ii", 1, 0)
                each.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            each.close()
        self.is_over.set()

    async def _pass(self, sayer: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while piece := await reader.read(65536):
                if sayer == self._sayer:
                    piece, self._rest = piece[: self._rest], self._rest - len(piece)
                self.passed[sayer] += len(piece)
                writer.write(piece)
                if sayer == self._sayer and self._rest <= 0:
                    return


@pytest.fixture
async def house(open_house: Opening) -> House:
    return await open_house(connections=2 * AT_ONCE, connections_per_client=2 * AT_ONCE)


async def whole(house: House, kind: str) -> Counter[str]:
    """Octets of each side in a session that nobody cuts."""
    knife = Knife(house.port, "nobody", 0, is_reset=False)
    async with knife.open() as streams:
        assert await converse(streams, kind, "whole0000")
    return knife.passed


async def in_parallel(work: Callable[[Any], Awaitable[None]], cases: Iterable[Any]) -> None:
    turns = asyncio.Semaphore(AT_ONCE)

    async def take_turn(case: Any) -> None:
        async with turns:
            await work(case)

    async with asyncio.TaskGroup() as tasks:
        for case in cases:
            tasks.create_task(take_turn(case))


async def serials(house: House) -> Counter[str]:
    """How often each mail is kept."""
    found = [re.search(rb"Message-ID: <(.*)@", content) for content in await house.contents()]
    return Counter(each[1].decode() for each in found if each)


async def cut_everywhere(house: House, kind: str, sayer: str) -> tuple[set[str], set[str]]:
    """Mails that were begun, and those of them that had a 250."""
    octets = (await whole(house, kind))[sayer]
    begun: set[str] = set()
    promised: set[str] = set()

    async def cut(offset: int) -> None:
        for is_reset in (False, True) if IS_LONG else (offset % 2 == 1,):
            serial = f"{offset:04}{'reset' if is_reset else 'ended'}"
            begun.add(serial)
            async with Knife(house.port, sayer, offset, is_reset=is_reset).open() as streams:
                if await converse(streams, kind, serial):
                    promised.add(serial)

    await in_parallel(cut, range(0, octets, 7 if kind == "tls" and not IS_LONG else 1))
    await asyncio.wait_for(house.only_left(0), 60)
    return begun, promised


@pytest.mark.crash
@pytest.mark.parametrize("kind", list(REPLIES))
@pytest.mark.parametrize("sayer", ["client", "door"])
@pytest.mark.timeout(600)
async def test_a_session_may_be_cut_at_any_octet(house: House, kind: str, sayer: str) -> None:
    begun, promised = await cut_everywhere(house, kind, sayer)
    first = await serials(house)
    assert set(first.values()) == {1}
    assert promised <= first.keys() <= {*begun, "whole0000"}
    if sayer == "client" and kind != "tls":
        end = len(b"".join(steps(kind, "0000ended")).removesuffix(b"QUIT\r\n"))
        assert {each for each in begun if int(each[:4]) >= end and each.endswith("ended")} <= first.keys()
        assert [each for each in begun & first.keys() if int(each[:4]) < end] == []

    async def comes_again(serial: str) -> None:
        streams = await asyncio.open_connection("127.0.0.1", house.port)
        assert await converse(streams, "pipelined", serial)

    await in_parallel(comes_again, sorted(begun - promised))
    print(f"\n{kind}: cut at {len(begun)} places in what the {sayer} says: {len(promised)} times 250, "
          f"{len(first) - 1} kept; sent again: {len(begun - promised)}")
    assert await serials(house) == dict.fromkeys([*begun, "whole0000"], 1)
