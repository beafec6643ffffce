"""A mail too large for memory goes to a file as it comes, and is the same as if it had not."""

import asyncio
import random
from pathlib import Path

import pytest
from smtp.house import MAIL, House, Opening

from gateway.config import Authentication
from gateway.mail.large import LargeMail
from gateway.smtp.reader import HELD, Data, Gathering, Wire, unstuffed
from gateway.store.arrival import digest


async def read(stream: bytes, sizes: list[int], limit: int = 10_000_000) -> tuple[Data | None, bytes | None]:
    wire = Wire()
    reading = asyncio.ensure_future(wire.data(limit))
    place = 0
    for size in [*sizes, len(stream)]:
        wire.feed(stream[place : place + size])
        place += size
        while len(wire._buffer) > HELD and not reading.done():  # noqa: ASYNC110  # as a socket that is not read
            await asyncio.sleep(0)
    wire.end()
    return await reading, await wire.line()


def content(seed: int, octets: int) -> bytes:
    """Lines that begin with dots, long lines, empty lines."""
    chance = random.Random(seed)
    lines = [b"." * chance.randint(0, 3) + b"x" * chance.choice([0, 1, 60, 70, 3_000]) for _ in range(5_000)]
    return b"Subject: x\r\n\r\n" + (b"\r\n".join(lines) + b"\r\n")[: octets - 20] + b"\r\n"


def stuffed(octets: bytes) -> bytes:
    return octets.replace(b"\r\n.", b"\r\n..") + b".\r\n"


@pytest.mark.parametrize("seed", range(10))
async def test_a_large_mail_is_the_same_in_any_pieces(seed: int) -> None:
    chance, sent = random.Random(seed), content(seed, 1_500_000)
    sizes = [chance.choice([1, 2, 3, 997, 65_536, 250_000]) for _ in range(60)]
    data, command = await read(stuffed(sent) + b"QUIT\r\n", sizes)
    assert data is not None
    assert data.large is not None
    assert (data.octets[:], data.size, command) == (sent, len(sent), b"QUIT\r\n")
    assert data.content == sent[: sent.index(b"\r\n\r\n") + 4]
    assert data.large.behind(data.content) == sent


@pytest.mark.parametrize("place", range(HELD - 6, HELD + 7))
@pytest.mark.parametrize("mark", [b"\r\n.\r\n", b"\r\n..\r\n", b"\r\n", b"\r\r\n", b"\n", b"\r", b"\n\r"])
async def test_nothing_is_lost_or_cut_in_two_where_one_piece_ends(mark: bytes, place: int) -> None:
    sent = b"Subject: x\r\n\r\n"
    sent += b"y" * (place - len(sent)) + mark + b"z" * HELD + b"\r\n"
    data, command = await read(sent + b".\r\nQUIT\r\n", [HELD + 1, 1, 1, 1, 1, 1, 1, 1, 1])
    assert data is not None
    if mark == b"\r\n.\r\n":
        assert data.octets[:] == sent[: place + 2]
        assert command is not None
        assert command.startswith(b"zzz")
    else:
        assert (data.octets[:], command) == (unstuffed(sent), b"QUIT\r\n")
        assert data.has_bare_line_end == (mark in (b"\r\r\n", b"\n", b"\r", b"\n\r"))


async def test_a_large_mail_above_the_limit_is_read_to_its_end_and_dropped() -> None:
    data, command = await read(b"x" * 900_000 + b"\r\n.\r\nQUIT\r\n", [100_000] * 9, limit=500_000)
    assert (data, command) == (Data(b"", is_too_large=True), b"QUIT\r\n")


async def test_no_more_is_held_than_may_be() -> None:
    gathering = Gathering(10_000_000)
    for _ in range(20):
        await gathering.add(b"x" * 100_000)
        assert len(gathering._held) <= HELD
    assert gathering.data().size == 2_000_000


def test_a_large_mail_is_known_by_the_same_digest(tmp_path: Path) -> None:
    large = LargeMail(tmp_path)
    large.add(b"one\r")
    large.add(b"\ntwo\r\n")
    assert digest("<1@x>", ["a@x"], large) == digest("<1@x>", ["a@x"], b"one\r\ntwo\r\n")
    assert not large.has_bare_line_end
    assert list(tmp_path.iterdir()) == []


BODY = b"The quick brown fox jumps over the lazy dog.\r\n" * 30_000


async def test_a_large_mail_is_kept_whole_and_once(house: House) -> None:
    client = await house.client()
    assert await client.mails(MAIL + BODY) == "250 2.0.0 Kept as 1"
    assert await client.mails(MAIL + BODY) == "250 2.0.0 Kept as 1"
    (row,) = await house.kept()
    (stored,) = await house.contents()
    assert row.size == len(MAIL + BODY)
    assert stored.startswith(b"Return-Path: <alice@example.org>\r\n")
    assert bytes(stored).endswith(MAIL + BODY)


async def test_a_large_mail_by_chunks_is_kept_whole(house: House) -> None:
    client = await house.client()
    await client.envelope()
    whole = MAIL + BODY
    for place in range(0, len(whole), 333_333):
        piece = whole[place : place + 333_333]
        is_last = place + 333_333 >= len(whole)
        client.send(b"BDAT %d%s\r\n%s" % (len(piece), b" LAST" * is_last, piece))
        assert (await client.reply()).startswith("250 2.0.0")
    assert bytes((await house.contents())[0]).endswith(whole)


async def test_a_large_mail_is_checked_as_a_small_one(open_house: Opening) -> None:
    zone = {"example.org": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}}
    house = await open_house(authentication=Authentication(), zone=zone)
    client = await house.client()
    assert (await client.mails(MAIL + BODY)).startswith("250 ")
    assert (await client.mails(MAIL.replace(b"Hi", b"Hello"))).startswith("250 ")
    large, small = (row.verdict for row in await house.kept())
    assert (large["author"], large["spf"]["result"]) == (small["author"], "pass")


async def test_a_bare_line_end_far_into_a_large_mail_is_refused(house: House) -> None:
    client = await house.client()
    assert (await client.mails(MAIL + BODY + b"a\nb\r\n" + BODY)).startswith("550 5.5.2")
    assert (await client.mails()).startswith("250 ")


async def test_a_disk_that_takes_no_large_mail_is_our_fault_not_the_senders(house: House) -> None:
    object.__setattr__(house.door._house, "folder", Path("/proc/nothing"))
    client = await house.client()
    assert (await client.mails(MAIL + BODY)).startswith("451 4.3.0")
    assert (await client.mails()).startswith("250 ")
