"""Mails made to stop the desk: each is handled or laid aside, and the next customer is served."""

import secrets
from pathlib import Path

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
