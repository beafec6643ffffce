"""When the store is away the sender's own queue is our buffer: 451, nothing kept, and the door goes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from smtp.house import MAIL, House, Opening
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from gateway.store.database import Database


class Failing:
    """A database whose disk is full until it is mended."""

    def __init__(self, database: Database) -> None:
        self.database, self.is_full = database, True
        self.entered = asyncio.Event()
        self.go_on = asyncio.Event()
        self.go_on.set()

    async def write(self, work: Callable[..., Any]) -> Any:
        self.entered.set()
        await self.go_on.wait()
        if self.is_full:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))
        return await self.database.write(work)


async def open_failing(open_house: Opening) -> tuple[House, Failing]:
    stores: list[Failing] = []

    def wrap(database: Database) -> Failing:
        stores.append(Failing(database))
        return stores[0]

    return await open_house(wrap=wrap), stores[0]


async def test_a_mail_that_cannot_be_kept_is_put_off_and_the_next_one_taken(open_house: Opening) -> None:
    house, store = await open_failing(open_house)
    client = await house.client()
    assert (await client.mails()).startswith("451 4.3.0")
    assert await house.kept() == []
    store.is_full = False
    assert (await client.mails()).startswith("250 2.0.0")
    assert len(await house.kept()) == 1


@pytest.mark.parametrize("fault", [RuntimeError("secret text"), TimeoutError("secret text"), OSError("secret text")])
async def test_a_fault_of_ours_is_temporary_and_its_text_stays_with_us(open_house: Opening, fault: Exception) -> None:
    house = await open_house()

    async def broken(*_: object) -> None:
        raise fault

    house.door._house.hooks.handle_DATA = broken  # type: ignore[attr-defined]
    client = await house.client()
    reply = await client.mails()
    assert reply.startswith("451 4.3.0")
    assert "secret" not in reply
    assert (await client.says("RCPT TO:<support@example.com>")).startswith("503 ")
    assert (await client.says("NOOP")).startswith("250 ")


async def test_a_client_who_hangs_up_while_his_mail_is_kept_hurts_nobody(open_house: Opening) -> None:
    house, store = await open_failing(open_house)
    store.is_full = False
    store.go_on.clear()
    client, other = await house.client(), await house.client()
    for each in (client, other):
        await each.envelope()
        await each.says("DATA")
    client.send(MAIL + b".\r\n")
    await store.entered.wait()
    other.send(MAIL.replace(b"<1@", b"<2@") + b".\r\n")
    client.hang_up()
    store.go_on.set()
    assert (await other.reply()).startswith("250 ")
    assert len(await house.kept()) == 2


async def test_a_mail_that_comes_again_is_kept_once(house: House) -> None:
    first, again = await house.client(), await house.client()
    assert await first.mails() == await again.mails() == "250 2.0.0 Kept as 1"
    assert await first.mails(MAIL + b"more\r\n") == "250 2.0.0 Kept as 2"
    assert len(await house.kept()) == 2


async def test_when_too_much_waits_for_the_disk_further_mail_is_put_off(open_house: Opening) -> None:
    house, store = await open_failing(open_house)
    store.is_full = False
    store.go_on.clear()
    house.intake.backlog = 1000
    first, second = await house.client(), await house.client()
    await first.envelope()
    waiting = asyncio.create_task(first.data(MAIL + b"x" * 900 + b"\r\n"))
    await store.entered.wait()
    assert (await second.mails()).startswith("451 4.3.1 ")
    store.go_on.set()
    assert (await waiting).startswith("250 ")
    assert (await second.mails()).startswith("250 ")


async def test_when_the_disk_is_nearly_full_no_mail_begins_and_what_is_under_way_is_kept(open_house: Opening) -> None:
    """RFC 5321 section 4.2.3: 452 is insufficient system storage."""
    house = await open_house()
    under_way, late = await house.client(), await house.client()
    await under_way.envelope()
    house.intake.is_full = True
    assert (await late.says("MAIL FROM:<kim@example.org>")).startswith("452 4.3.1 ")
    assert (await late.says("RCPT TO:<support@example.com>")).startswith("503 ")
    assert (await under_way.data(MAIL)).startswith("250 ")
    house.intake.is_full = False
    assert (await late.mails(MAIL.replace(b"<1@", b"<2@"))).startswith("250 ")


async def test_that_the_store_is_away_is_told_once_and_that_it_is_back_once(open_house: Opening) -> None:
    house, store = await open_failing(open_house)
    client = await house.client()
    with capture_logs() as logs:
        for _ in range(3):
            assert (await client.mails()).startswith("451 4.3.0 ")
        assert "database or disk is full" in house.intake.trouble
        store.is_full = False
        assert (await client.mails()).startswith("250 ")
        assert (await client.mails(MAIL.replace(b"<1@", b"<2@"))).startswith("250 ")
    assert house.intake.trouble == ""
    told = [(line["log_level"], line["event"]) for line in logs if line["event"].startswith("store")]
    assert told == [("error", "store away: mails are put off until it is back"), ("info", "store is back")]
