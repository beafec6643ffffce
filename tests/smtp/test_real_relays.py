"""Real servers in front of us: Postfix by LMTP and SMTP with XFORWARD, HAProxy with its PROXY header."""

import asyncio
import smtplib
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ports import free_port
from postfix import Postfix, install
from smtp.house import MAIL, SUPPORT, House, Opening

pytestmark = pytest.mark.system


@pytest.fixture
async def postfix() -> AsyncIterator[Postfix]:
    postfix = Postfix({})
    await asyncio.to_thread(postfix.start)
    yield postfix
    await asyncio.to_thread(postfix.stop)


def give(port: int, *recipients: str) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, "mail.example.org", 20, ("127.0.0.2", 0)) as smtp:
        return smtp.sendmail("alice@example.org", recipients, MAIL)


def give_once_open(port: int) -> dict[str, tuple[int, bytes]]:
    deadline = time.monotonic() + 60
    while True:
        try:
            return give(port, SUPPORT)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


@pytest.mark.parametrize("kind", ["smtp", "lmtp", "unix"])
async def test_postfix_hands_on_the_mail_and_its_client(open_house: Opening, postfix: Postfix, kind: str) -> None:
    socket = postfix.folder / "lmtp"
    place = {"smtp": "127.0.0.1:0", "lmtp": "lmtp://127.0.0.1:0", "unix": f"lmtp://unix:{socket}"}[kind]
    house = await open_house(listen=[place], trusted_relays=["127.0.0.1"])
    if kind == "unix":
        open_to_all(socket)
    route = f"lmtp:unix:{socket}" if kind == "unix" else f"{kind}:[127.0.0.1]:{house.port}"
    await asyncio.to_thread(postfix.reroute, **{"example.com": route})
    await asyncio.to_thread(give, postfix.port, SUPPORT, "abuse@example.com", "nobody@example.com")
    await asyncio.to_thread(postfix.wait_for, "to=<support@example.com>.*status=sent .250 2.0.0 Kept as 1")
    await asyncio.to_thread(postfix.wait_for, "to=<abuse@example.com>.*status=sent .250 2.0.0 Kept as 1")
    await asyncio.to_thread(postfix.wait_for, "to=<nobody@example.com>.*status=bounced .*550 5.1.1")
    (row,) = await house.kept()
    assert (row.client_ip, row.helo, sorted(row.recipients)) == (
        "127.0.0.2", "mail.example.org", ["abuse@example.com", SUPPORT])  # fmt: skip
    assert row.protocol == ("ESMTPS" if kind == "smtp" else "LMTP")


def open_to_all(socket: Path) -> None:
    """Postfix hands on mail as a user of its own, who is not in our group here."""
    socket.chmod(0o666)


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
async def test_haproxy_names_the_client(open_house: Opening, tmp_path: Path, version: str) -> None:
    install()
    house = await open_house(proxies=["127.0.0.1"])
    with haproxy(tmp_path, house, version) as port:
        assert await asyncio.to_thread(give_once_open, port) == {}
    assert [row.client_ip for row in await house.kept()] == ["127.0.0.2"]


@contextmanager
def haproxy(folder: Path, house: House, version: str) -> Iterator[int]:
    port = free_port()
    config = folder / "haproxy.cfg"
    config.write_text(
        "defaults\n mode tcp\n timeout connect 5s\n timeout client 20s\n timeout server 20s\n"
        f"listen smtp\n bind 127.0.0.1:{port}\n server door 127.0.0.1:{house.port} {version}\n"
    )
    running = subprocess.Popen(["/usr/sbin/haproxy", "-q", "-W", "-f", str(config)])
    try:
        yield port
    finally:
        running.terminate()
        running.wait()
