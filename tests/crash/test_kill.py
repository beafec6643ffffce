"""Kill -9 at random moments, of the gateway or of one of its workers: every 250 is kept once, every request has one
number and one acknowledgement."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest
from crash.load import IS_LONG, SECONDS, Load
from crash.site import postfix, site

pytestmark = [pytest.mark.crash, pytest.mark.system]
KILLS = 12 if IS_LONG else 2
"""While mail comes in; and half as many while the desk and delivery still work on what was kept."""


@pytest.mark.timeout(900 if IS_LONG else 180)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path, kind: str) -> None:
    chance = random.Random()
    async with site(tmp_path, kind) as here:
        async def kills(times: int, pause: float) -> None:
            for _ in range(times):
                await asyncio.sleep(chance.uniform(0, 2 * pause))
                await here.kill_gateway()

        async with postfix(here.gateway.port) as relay:
            load = Load(here.gateway.port, relay, tmp_path)
            await asyncio.gather(load.comes(), kills(KILLS, SECONDS / KILLS))
        await kills(KILLS // 2, 0.7)
        books = await here.settles()
    print(f"\n{KILLS + KILLS // 2} kills: {len(load.confirmed)} with 250, put off {dict(load.put_off)}; {books}")
    assert load.put_off
    books.agree(load)


@pytest.mark.timeout(900 if IS_LONG else 180)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"] if IS_LONG else ["sqlite"])
async def test_a_worker_that_is_killed_loses_nothing_and_comes_back(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("FRONTDESK_SMTP__WORKERS", "2")
    chance = random.Random()
    async with site(tmp_path, kind) as here:
        async def kills() -> None:
            for number in range(KILLS):
                await asyncio.sleep(chance.uniform(0.3, 1) * SECONDS / KILLS)
                os.kill(chance.choice(here.gateway.workers), signal.SIGKILL)
                while here.gateway.log.read_text().count("door open") < 3 + number:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)

        async with postfix(here.gateway.port) as relay:
            load = Load(here.gateway.port, relay, tmp_path)
            await asyncio.gather(load.comes(), kills())
        books = await here.settles()
    print(f"\n{KILLS} kills of a worker: {len(load.confirmed)} with 250, put off {dict(load.put_off)}; {books}")
    assert here.gateway.log.read_text().count("a worker has ended") == KILLS
    books.agree(load)
