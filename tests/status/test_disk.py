"""A real disk that fills up, a small one in memory: mail is put off with 452, nothing is lost, it comes back."""

import asyncio
import os
import smtplib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.authentication.zone import ZoneResolver
from gateway.config import Config
from gateway.models import Received, columns
from gateway.service import Service

MAIL = "From: kim@example.org\r\nSubject: Cannot log in\r\nMessage-ID: <{}@example.org>\r\n\r\n{}\r\n"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """30 MB."""
    if os.geteuid() or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=30m", "none", str(tmp_path)]).returncode:
        pytest.skip("nobody lets us mount a disk here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.fixture
async def service(disk: Path) -> AsyncIterator[Service]:
    config = Config.model_validate({
        "site": {"data": disk}, "smtp": {"listen": ["127.0.0.1:0"]}, "web": {"listen": ""},
        "agents": {"listen": ""}, "status": {"listen": ""}, "authentication": {"enabled": False}})
    async with Service(config, resolver=ZoneResolver({})).running() as service:
        yield service


def fill(disk: Path, leave: int) -> Path:
    """All but so many octets of it."""
    usage = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(b"\0" * max(usage.f_bavail * usage.f_frsize - leave, 0))
    return ballast


async def sends(service: Service, number: int, size: int = 2000) -> tuple[str, int]:
    """At which command the gateway's word fell, and which it was."""
    def send() -> tuple[str, int]:
        with smtplib.SMTP(*service.addresses[0], local_hostname="mx.example.org", timeout=60) as client:
            client.ehlo()
            if (code := client.mail("kim@example.org")[0]) != 250:
                return "MAIL", code
            client.rcpt("support@example.com")
            return "DATA", client.data(MAIL.format(number, ("x" * 70 + "\r\n") * (size // 72)))[0]

    return await asyncio.to_thread(send)


async def kept(service: Service) -> int:
    return await service.database.read(lambda db: db.query(columns(Received)).count())


async def test_before_the_disk_is_full_mail_is_put_off_and_with_room_again_it_is_taken(
        service: Service, disk: Path) -> None:
    assert await sends(service, 1) == ("DATA", 250)
    ballast = fill(disk, leave=2_000_000)
    service.watch.look_at_disk()
    assert await sends(service, 2) == ("MAIL", 452)
    assert "disk" in service.watch.reasons
    ballast.unlink()
    service.watch.look_at_disk()
    assert await sends(service, 3) == ("DATA", 250)
    assert await kept(service) == 2
    assert service.watch.reasons == {}


async def test_on_a_full_disk_each_250_is_kept_and_what_is_put_off_is_not(service: Service, disk: Path) -> None:
    """The limit comes too late, or is off: the disk fills in the middle of a mail."""
    service.watch.free = 0
    ballast = fill(disk, leave=3_000_000)
    service.watch.look_at_disk()
    said = [await sends(service, number, size=100_000) for number in range(40)]
    taken = said.count(("DATA", 250))
    assert said.count(("DATA", 452)) == 40 - taken > 0
    assert await kept(service) == taken
    assert "store" in service.watch.reasons
    ballast.unlink()
    assert await sends(service, 99) == ("DATA", 250)
    await service.watch.look_at_store()
    assert service.watch.reasons == {}
    assert await kept(service) == taken + 1


async def test_a_mail_too_large_for_memory_that_finds_no_room_is_put_off(service: Service, disk: Path) -> None:
    service.watch.free = 0
    ballast = fill(disk, leave=1_000_000)
    assert await sends(service, 1, size=2_000_000) == ("DATA", 452)
    ballast.unlink()
    assert await sends(service, 1, size=2_000_000) == ("DATA", 250)
    assert await kept(service) == 1
