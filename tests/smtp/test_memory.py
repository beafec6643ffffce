"""A door in a process of its own, and how much memory its clients can make it take."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from smtp.dialogue import trusting
from smtp.house import SUPPORT, Client

from gateway.smtp.reader import HELD

CLIENTS, OCTETS = 60, 2_000_000
BODY = b"The quick brown fox jumps over the lazy dog.\r\n" * 2_000


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[tuple[int, int]]:
    """Process and port."""
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "tests.bench.door", str(tmp_path), cwd=root,
                                                   stdout=subprocess.PIPE)  # fmt: skip
    assert process.stdout
    yield process.pid, int(await process.stdout.readline())
    process.terminate()
    await process.wait()


def memory(process: int) -> int:
    """The most octets that it ever had."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


async def uploads(port: int, command: str, *, in_tls: bool) -> Client:
    """A client who has sent much of a mail, and has not come to its end."""
    client = await Client(*await asyncio.open_connection("127.0.0.1", port)).greets()
    if in_tls:
        assert (await client.says("STARTTLS")).startswith("220 ")
        await client.writer.start_tls(trusting())
        assert (await client.says("EHLO client.example.org")).startswith("250-")
    await client.envelope(SUPPORT)
    if command == "DATA":
        assert (await client.says("DATA")).startswith("354 ")
    else:
        client.send(f"BDAT {2 * OCTETS}\r\n".encode())
    for _ in range(OCTETS // len(BODY)):
        client.send(BODY)
        await client.writer.drain()
    return client


@pytest.mark.parametrize("in_tls", [False, True])
@pytest.mark.parametrize("command", ["DATA", "BDAT"])
async def test_clients_in_the_middle_of_large_mails_cost_little_memory(
    door: tuple[int, int], command: str, in_tls: bool
) -> None:
    process, port = door
    first = await uploads(port, "DATA", in_tls=in_tls)  # with whom the libraries are loaded
    first.send(b".\r\n")
    assert (await first.reply()).startswith("250 ")
    first.hang_up()
    before = memory(process)
    clients = await asyncio.gather(*(uploads(port, command, in_tls=in_tls) for _ in range(CLIENTS)))
    assert memory(process) - before < CLIENTS * 4 * HELD
    for client in clients:
        client.hang_up()
