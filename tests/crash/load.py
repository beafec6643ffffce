"""Mail from many clients at once, each of which comes again until it hears 250: Postfix, swaks and smtplib, and clients
of our own in pipelines and with BDAT."""

import asyncio
import os
import smtplib
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path

from postfix import Postfix

IS_LONG = os.environ.get("FRONTDESK_CRASH") == "long"
"""`make crash`; `make test` sends less mail and breaks less, that it ends soon."""
MAILS = 1050 if IS_LONG else 70
SECONDS = 45.0 if IS_LONG else 2.5
"""For so long mail comes in, as long as nothing fails."""
GROUP = 10
"""Mails of one client."""
PATIENCE = 20
SUPPORT = "support@example.com"
LARGE = "It goes on like this for a long while, as logs do.\n" * 6000
"""More than the door holds in memory."""


class PutOff(Exception):
    """4xx, or the connection is gone: the mail comes again."""


def sender(serial: int) -> str:
    """Each mail has a customer and a domain of its own, so that DNS is asked for each."""
    return f"kim@{domain(serial)}"


def domain(serial: int) -> str:
    return f"c{serial}.example.org"


def mail(serial: int) -> bytes:
    text = (f"From: {sender(serial)}\nTo: {SUPPORT}\nSubject: Cannot log in, case {serial}\n"
            f"Message-ID: <{serial}@{domain(serial)}>\nDate: Mon, 23 Nov 2026 09:00:00 +0000\n\n"
            f"The app says error {serial} when I log in. What can I do? I tried it on two phones.\n"
            f"{LARGE if serial % 20 == 7 else ''}")
    return text.replace("\n", "\r\n").encode()


class Load:
    """MAILS for the door at a port, spread over SECONDS."""

    def __init__(self, port: int, postfix: Postfix, folder: Path) -> None:
        """postfix: one that hands mail for example.com on to the door. folder: for what swaks reads."""
        self.port, self._postfix, self._folder = port, postfix, folder
        self.confirmed: Counter[int] = Counter()
        """Serial: how often a client heard 250."""
        self.put_off: Counter[str] = Counter()
        """What was heard in place of it, from clients of our own."""

    async def comes(self) -> None:
        """Until each mail had its 250. Raises AssertionError when one was refused for good."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(64))
        kinds: list[Client] = [_pipelining, _chunking, _by_smtplib, self._by_postfix, _pipelining, _by_swaks, _chunking]
        groups = [range(start, start + GROUP) for start in range(0, MAILS, GROUP)]
        async with asyncio.timeout(10 * SECONDS + 60), asyncio.TaskGroup() as tasks:
            for number, group in enumerate(groups):
                tasks.create_task(self._bring(kinds[number % len(kinds)], group, number / len(groups) * SECONDS))

    async def goes_on(self, mails: int) -> None:
        """Until so many more had their 250, or all."""
        goal = min(len(self.confirmed) + mails, MAILS)
        while True:
            if len(self.confirmed) >= goal:
                break
            await asyncio.sleep(0.05)

    async def _bring(self, kind: "Client", serials: range, after: float) -> None:
        await asyncio.sleep(after)
        while left := [serial for serial in serials if not self.confirmed[serial]]:
            try:
                await kind(self, left)
            except (PutOff, OSError, EOFError, smtplib.SMTPException, subprocess.SubprocessError) as trouble:
                self.put_off[str(trouble)[:3] if isinstance(trouble, PutOff) else type(trouble).__name__] += 1
                await asyncio.sleep(0.5)

    async def _by_postfix(self, _: "Load", serials: list[int]) -> None:
        """It has a queue of its own, and comes again until it hears 250 or 5xx."""
        for serial in serials:
            await asyncio.to_thread(_give, self._postfix.port, [serial], self.confirmed)

    def written(self, serial: int) -> Path:
        path = self._folder / f"{serial}.eml"
        path.write_bytes(mail(serial).removesuffix(b"\r\n"))  # swaks adds one
        return path


Client = Callable[[Load, list[int]], Awaitable[None]]


async def _pipelining(load: Load, serials: list[int]) -> None:
    """The commands of a mail in one piece (RFC 2920)."""
    async with _session(load) as (reader, writer):
        for serial in serials:
            writer.write(b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n" % (sender(serial).encode(), SUPPORT.encode()))
            for _ in range(3):
                await _reply(reader)
            writer.write(mail(serial) + b".\r\n")
            await _reply(reader)
            load.confirmed[serial] += 1


async def _chunking(load: Load, serials: list[int]) -> None:
    """All mails in one piece; then all replies are read."""
    async with _session(load) as (reader, writer):
        for serial in serials:
            content = mail(serial)
            writer.write(b"MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nBDAT %d LAST\r\n%s" % (
                sender(serial).encode(), SUPPORT.encode(), len(content), content))
        for serial in serials:
            for _ in range(3):
                await _reply(reader)
            load.confirmed[serial] += 1


@asynccontextmanager
async def _session(load: Load) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", load.port)
    try:
        async with asyncio.timeout(PATIENCE):
            await _reply(reader)
            writer.write(b"EHLO mx.example.org\r\n")
            await _reply(reader)
            yield reader, writer
    finally:
        writer.transport.abort()


async def _reply(reader: asyncio.StreamReader) -> None:
    while (line := await reader.readuntil(b"\r\n"))[3:4] == b"-":
        pass
    assert line[:1] != b"5", line
    if line[:1] == b"4":
        raise PutOff(line.decode())


async def _by_smtplib(load: Load, serials: list[int]) -> None:
    await asyncio.to_thread(_give, load.port, serials, load.confirmed)


def _give(port: int, serials: list[int], confirmed: Counter[int]) -> None:
    with smtplib.SMTP("127.0.0.1", port, "mx.example.org", PATIENCE) as client:
        for serial in serials:
            client.sendmail(sender(serial), [SUPPORT], mail(serial))
            confirmed[serial] += 1


async def _by_swaks(load: Load, serials: list[int]) -> None:
    for serial in serials:
        command = ["swaks", "--server", f"127.0.0.1:{load.port}", "--tls-optional", "--pipeline", "--suppress-data",
                   "--ehlo", "mx.example.org", "--from", sender(serial), "--to", SUPPORT, "--timeout", f"{PATIENCE}s",
                   "--data", f"@{load.written(serial)}"]
        await asyncio.to_thread(subprocess.run, command, check=True, capture_output=True, timeout=2 * PATIENCE)
        load.confirmed[serial] += 1
