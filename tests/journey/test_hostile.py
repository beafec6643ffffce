"""Mails made to stop the desk: each is handled or laid aside, and the next customer is served."""

import secrets
import smtplib
from contextlib import suppress
from pathlib import Path

import pytest
from postgres import PostgresServer
from world import World

from gateway.desk.handler import Case, Decisions, Handler, Mail, Place


class Greedy(Handler):
    """Says what PostgreSQL cannot index, about mails whose subject says so."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if mail.message.subject == "poison":
            yield Place(secrets.token_hex(5_000), "A name beyond every limit.")


async def test_an_author_longer_than_any_address_gets_no_letter_and_the_next_customer_does(world: World) -> None:
    endless = world.stranger(f"{secrets.token_hex(4_000)}@stranger.example")
    await endless.writes("Help", "It crashes.", mail_from="kim@stranger.example")
    await world.stranger("kim@other.example").writes("Cannot log in", "It says error 42.")
    assert [row.state for row in await world.received()] == ["handled", "handled"]
    assert [letter["X-Recipient"] for letter in world.office.letters] == ["kim@other.example"]


async def test_what_the_database_cannot_hold_is_laid_back_and_the_others_go_on(
        postgres: PostgresServer, tmp_path: Path) -> None:
    async with World(tmp_path, postgres.create("greedy")).open() as world:
        world.service.desk.journey = [*world.service.desk.journey, ("greedy", Greedy())]
        kim = world.stranger("kim@other.example")
        await kim.writes("poison", "It crashes.")
        await kim.writes("Cannot log in", "It says error 42.")
        assert [(row.state, row.attempts) for row in await world.received()] == [("kept", 1), ("handled", 0)]
        assert "index row" in (await world.received())[0].reason


@pytest.mark.parametrize("way", ["a header of 300 kB", "a line that is no field", "a byte order mark"])
async def test_two_ways_to_read_a_header_give_nobody_the_name_of_another(world: World, way: str) -> None:
    eve = world.customer("eve@other.example")
    content = {
        "a header of 300 kB": b"Reply-To: kim@example.org\r\nX-Padding: " + b"x" * 300_000 + b"\r\n",
        "a line that is no field": b"Reply-To: kim@example.org\r\nno field\r\n" + b"Odd: x\r\n" * 70,
        "a byte order mark": b"\xef\xbb\xbfFrom: kim@example.org\r\n",
    }[way] + b"From: eve@other.example\r\nSubject: Cannot log in\r\n\r\nIt says error 42.\r\n"
    signature = world.signer(eve.domain).sign(content, world.clock.now.timestamp())
    with suppress(smtplib.SMTPDataError):
        await world.deliver(content.replace(b"\r\nFrom:", b"\r\n" + signature + b"From:"), "kim@example.org",
                            (world.support,), "mx.other.example")
    assert {letter["X-Recipient"] for letter in world.office.letters} <= {"eve@other.example"}
    for request in await world.requests():
        assert (await world.conversation(request))[0].author == "eve@other.example"
