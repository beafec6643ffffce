"""What the gateway stands on breaks under load and comes back: every 250 is kept once, nothing else was promised, and
every request has one number and one acknowledgement. Nobody starts the gateway anew, unless the test says so."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from crash.load import GROUP, IS_LONG, MAILS, SECONDS, Load
from crash.site import Site, postfix, site

pytestmark = [pytest.mark.crash, pytest.mark.system, pytest.mark.timeout(900 if IS_LONG else 180)]
TIMES = 6 if IS_LONG else 1
"""How often each fault happens."""
BOTH = ["sqlite", "postgres"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The disks here are small: mail is taken as long as it can be, or is put off by 451."""
    monkeypatch.setenv("FRONTDESK_STORE__FREE", "0")
    return tmp_path


async def happens(site: Site, fault: Callable[[], Awaitable[None]], *, is_felt: bool = True) -> None:
    """The fault comes again and again while mail comes in; then the books are read.

    is_felt: somebody was told to come again or could not be proven, or nothing was tested.
    """
    chance = random.Random()

    async def faults() -> None:
        for _ in range(TIMES):
            await asyncio.sleep(chance.uniform(0.1, 0.6) * SECONDS / TIMES)
            await fault()

    async with postfix(site.gateway.port) as relay:
        load = site.load = Load(site.gateway.port, relay, site.folder)
        await asyncio.gather(load.comes(), faults())
    books = await site.settles()
    print(f"\n{fault.__name__}, {TIMES} times: {len(load.confirmed)} with 250, put off {dict(load.put_off)}; {books}")
    assert load.put_off or len(books.proven) < MAILS or not is_felt
    books.agree(load)


async def test_postgres_is_killed(folder: Path) -> None:
    async with site(folder, "postgres") as here:
        async def postgres_is_killed() -> None:
            await here.kill_postgres(seconds=1)

        await happens(here, postgres_is_killed)


@pytest.mark.parametrize("kind", BOTH if IS_LONG else ["sqlite"])
async def test_the_gateway_stands_still(folder: Path, kind: str) -> None:
    async with site(folder, kind) as here:
        async def gateway_stands_still() -> None:
            assert here.gateway.process
            await here.freeze([here.gateway.process.pid], seconds=2)

        await happens(here, gateway_stands_still, is_felt=False)


async def test_postgres_stands_still(folder: Path) -> None:
    async with site(folder, "postgres") as here:
        async def postgres_stands_still() -> None:
            assert here.server
            await here.freeze(here.server.processes, seconds=2)

        await happens(here, postgres_stands_still, is_felt=False)


@pytest.mark.parametrize("kind", BOTH)
async def test_the_disk_is_full(folder: Path, kind: str) -> None:
    async with site(folder, kind, disk=120) as here:
        async def disk_is_full() -> None:
            assert here.disk
            await asyncio.to_thread(here.disk.fill)
            await asyncio.sleep(2)
            here.disk.empty()
            if here.server and here.server.process.poll() is not None:
                await here.start_postgres()  # without room for its log it ends itself

        await happens(here, disk_is_full)


async def test_the_disk_breaks_and_is_read_only_until_it_is_mended(folder: Path) -> None:
    """With the gateway stopped meanwhile, since files are open on it: SIGTERM ends it on such a disk too."""
    async with site(folder, "sqlite", disk=120) as here:
        async def disk_is_read_only() -> None:
            assert here.disk
            here.disk.fail()
            await asyncio.sleep(1.5)
            assert here.gateway.process
            assert here.gateway.process.poll() is None
            await asyncio.to_thread(here.gateway.stop)
            here.disk.mend()
            await asyncio.to_thread(here.gateway.start)

        await happens(here, disk_is_read_only)


async def test_postgres_becomes_read_only(folder: Path) -> None:
    """As after a failover to a standby that nobody has promoted yet."""
    async with site(folder, "postgres") as here:
        async def postgres_is_read_only() -> None:
            assert here.server
            for word in ("on", "off"):
                here.server.tell(f"ALTER SYSTEM SET default_transaction_read_only = {word}")
                here.server.tell("SELECT pg_reload_conf()")
                await asyncio.sleep(1.5)

        await happens(here, postgres_is_read_only)


@pytest.mark.parametrize("kind", BOTH if IS_LONG else ["postgres"])
async def test_dns_is_gone(folder: Path, kind: str) -> None:
    async with site(folder, kind) as here:
        async def dns_is_gone() -> None:
            here.stop_dns()
            await asyncio.sleep(2)
            here.start_dns()

        await happens(here, dns_is_gone)


@pytest.mark.parametrize("kind", BOTH if IS_LONG else ["sqlite"])
async def test_dns_hangs(folder: Path, kind: str) -> None:
    """Questions arrive and have no answer in all their tries: by the policy of the door such mail is kept, unproven."""
    async with site(folder, kind) as here:
        async def dns_hangs() -> None:
            assert here.load
            with here.hung_dns():
                await here.load.goes_on(mails=2 * GROUP)

        await happens(here, dns_hangs)
