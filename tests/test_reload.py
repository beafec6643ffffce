"""SIGHUP while mail comes in over fifty connections: no session is dropped, no 250 lost, a new certificate shown."""

import asyncio
import re
import signal
import sqlite3
import ssl
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from gateway_process import GatewayProcess
from peer import certificate
from smtp.dialogue import trusting
from smtp.house import Client

CLIENTS, AT_ONCE, RELOADS = 50, 10, 2


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[GatewayProcess]:
    gateway = GatewayProcess(tmp_path, "sqlite", "[authentication]\nenabled = false")
    show(gateway, 0)
    gateway.start()
    yield gateway
    gateway.end()


def show(gateway: GatewayProcess, serial: int) -> None:
    """A certificate of another name from now on, and other settings."""
    chain, key = certificate(gateway.folder, f"mx{serial}.example.com")
    text = re.sub(r"(?m)^(certificate|key|recipients) = .*\n", "", gateway.config.read_text())
    shown = f'[smtp]\ncertificate = "{chain}"\nkey = "{key}"\nrecipients = {100 + serial}\n'
    gateway.config.write_text(text.replace("[smtp]\n", shown))


async def knocks(gateway: GatewayProcess, *, is_tls: bool) -> Client:
    client = Client(*await asyncio.open_connection("127.0.0.1", gateway.port))
    await client.greets()
    if is_tls:
        assert (await client.says("STARTTLS")).startswith("220 ")
        await client.writer.start_tls(trusting())
        assert (await client.says("EHLO client.example.org")).startswith("250-")
    return client


async def certificate_of(gateway: GatewayProcess) -> str:
    client = await knocks(gateway, is_tls=True)
    shown = client.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    client.writer.close()
    return ssl.DER_cert_to_PEM_cert(shown)


async def sends(gateway: GatewayProcess, name: int, turn: asyncio.Semaphore, ready: asyncio.Semaphore,
                stop: asyncio.Event) -> int:
    """Mails of one connection until it is told to stop: each must have a 250. How many."""
    client, count = await knocks(gateway, is_tls=name % 2 == 0), 0
    while not stop.is_set():
        async with turn:
            reply = await client.mails(f"From: a{name}@a\r\nMessage-ID: <{count}.{name}@a>\r\n\r\nHi\r\n".encode())
        assert reply.startswith("250 2.0.0 Kept as"), reply
        count += 1
        ready.release()
    assert (await client.says("QUIT")).startswith("221 ")
    client.writer.close()
    return count


def reload(gateway: GatewayProcess, serial: int) -> None:
    show(gateway, serial)
    gateway.signal(signal.SIGHUP)
    deadline = time.monotonic() + 100
    while gateway.log.read_text().count("config reloaded") < serial:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.timeout(300)
async def test_nobody_who_sends_mail_notices_a_reload(gateway: GatewayProcess) -> None:
    turn, ready, stop, shown = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(0), asyncio.Event(), []
    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(sends(gateway, name, turn, ready, stop)) for name in range(CLIENTS)]
        for serial in range(1, RELOADS + 1):
            for _ in range(2 * AT_ONCE):  # mail is coming in
                await ready.acquire()
            await asyncio.to_thread(reload, gateway, serial)
            shown.append(await certificate_of(gateway))
        stop.set()
    assert await asyncio.to_thread(gateway.stop) == 0
    assert shown == [(gateway.folder / f"mx{serial}.example.com.crt").read_text() for serial in range(1, RELOADS + 1)]
    assert kept(gateway) == sum(client.result() for client in clients)
    assert "session failed" not in gateway.log.read_text()


def kept(gateway: GatewayProcess) -> int:
    with closing(sqlite3.connect(gateway.folder / "var" / "frontdesk.db")) as db:
        [(count, different)] = db.execute("SELECT count(*), count(DISTINCT digest) FROM received")
    assert count == different
    return int(count)
