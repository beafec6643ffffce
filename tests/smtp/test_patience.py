"""How long a session may take: an honest mail on a slow line comes to its end, nothing else outstays the session's time
(RFC 5321 section 4.5.3.2)."""

import asyncio

import pytest
from smtp.house import MAIL, Client, House, Opening

HOUR = 3600.0
MUCH = 400_000
"""Octets that are quick enough for some 800 seconds."""


async def begins(client: Client, house: House, kind: str) -> bytes:
    """Most of a large mail has come; the rest of it."""
    content = MAIL + b"Hi again\r\n" * (MUCH // 10)
    await client.envelope()
    if kind == "DATA":
        await client.says("DATA")
        client.send(content[:MUCH])
    else:
        client.send(b"BDAT 20\r\n" + content[:20])
        await client.reply()
        client.send(b"BDAT %d\r\n" % (MUCH - 20) + content[20:MUCH])
        await client.reply()
    session = next(iter(house.door._sessions))
    while session._octets < MUCH - 100:  # noqa: ASYNC110 - nobody is told what came of a mail that is on its way
        await asyncio.sleep(0.01)
    rest = content[MUCH:]
    return rest + b".\r\n" if kind == "DATA" else b"BDAT %d LAST\r\n" % len(rest) + rest


def clock_shows(house: House, session: float, mail: float = 0.0) -> None:
    """So many seconds more since the session's beginning, and since the mail's."""
    for each in house.door._sessions:
        each._began_at -= session
        each._data_began_at = each._data_began_at and each._data_began_at - mail
        each._stop_clock()
        each._look_at_clock()


@pytest.mark.parametrize("kind", ["DATA", "BDAT"])
async def test_an_honest_mail_on_a_slow_line_comes_to_its_end_behind_which_the_session_ends(
    house: House, kind: str
) -> None:
    client = await house.client()
    rest = await begins(client, house, kind)
    clock_shows(house, HOUR)
    clock_shows(house, HOUR)
    client.send(rest)
    assert (await client.reply()).startswith("250 2.0.0 Kept")
    assert (await client.reply()).startswith("421 4.4.2 The session took too long")
    assert await client.is_closed()
    assert len(await house.kept()) == 1


@pytest.mark.parametrize("kind", ["DATA", "BDAT"])
async def test_a_mail_slower_than_it_must_be_ends_with_the_session(house: House, kind: str) -> None:
    client = await house.client()
    await begins(client, house, kind)
    clock_shows(house, HOUR, HOUR)
    assert (await client.reply()).startswith("421 4.4.2")
    assert await house.kept() == []


@pytest.mark.parametrize("settings", [{"size": 1000}, {"minimum_rate": 0}])
async def test_a_mail_that_is_too_large_or_has_no_least_rate_ends_with_the_session(
    open_house: Opening, settings: dict[str, int]
) -> None:
    house = await open_house(**settings)
    client = await house.client()
    await begins(client, house, "DATA")
    clock_shows(house, HOUR)
    assert (await client.reply()).startswith("421 4.4.2 The session took too long")


async def test_commands_are_no_octets_of_a_mail(house: House) -> None:
    client = await house.client()
    await client.envelope()
    for _ in range(100):
        assert (await client.says("BDAT 0")).startswith("250 ")
    clock_shows(house, HOUR, 1.0)
    assert (await client.reply()).startswith("421 4.4.2 The session took too long")


async def test_a_session_ends_between_two_mails_however_quick_they_were(house: House) -> None:
    client = await house.client()
    client.send(await begins(client, house, "DATA"))
    assert (await client.reply()).startswith("250 2.0.0 Kept")
    clock_shows(house, HOUR)
    assert (await client.reply()).startswith("421 4.4.2 The session took too long")
