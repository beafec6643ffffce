"""Commands in groups (RFC 2920): the same replies in the same order, in fewer segments."""

import asyncio
import random

import pytest
from smtp.house import MAIL, House

from gateway.smtp.connection import CORK

GROUP = (b"MAIL FROM:<alice@example.org>\r\nRCPT TO:<support@example.com>\r\nRCPT TO:<nobody@example.com>\r\n"
         b"NOOP\r\nVRFY x\r\nRCPT TO:<abuse@example.com>\r\nDATA\r\n")  # fmt: skip
CODES = ["250", "250", "550", "250", "252", "250", "354"]


async def test_a_group_is_answered_in_one_write(house: House) -> None:
    client = await house.client()
    client.send(GROUP)
    first = await client.reader.read(65536)
    assert [line[:3].decode() for line in first.split(b"\r\n")[:-1]] == CODES


@pytest.mark.parametrize("seed", range(10))
async def test_replies_are_the_same_wherever_the_commands_are_cut(house: House, seed: int) -> None:
    chance = random.Random(seed)
    client = await house.client()
    stream = GROUP
    while stream:
        size = chance.randint(1, 30)
        client.send(stream[:size])
        stream = stream[size:]
        await asyncio.sleep(0)
    assert [(await client.reply())[:3] for _ in CODES] == CODES
    client.send(MAIL + b".\r\nMAIL FROM:<bob@example.org>\r\nQUIT\r\n")
    assert [(await client.reply())[:3] for _ in range(3)] == ["250", "250", "221"]
    assert (await house.kept())[0].recipients == ["support@example.com", "abuse@example.com"]


async def test_the_end_of_a_mail_may_be_followed_by_the_next_at_once(house: House) -> None:
    client = await house.client()
    client.send(GROUP)
    for code in CODES:
        assert (await client.reply()).startswith(code)
    client.send(MAIL + b".\r\n" + GROUP)
    assert [(await client.reply())[:3] for _ in ["250", *CODES]] == ["250", *CODES]


async def test_a_long_group_is_answered_while_it_comes(house: House) -> None:
    client = await house.client()
    client.send(b"NOOP\r\n" * 900 + b"QUIT\r\n")
    replies = await client.reader.read(-1)
    assert len(replies) > CORK
    assert replies.count(b"250 2.0.0 OK\r\n") == 900
    assert replies.endswith(b"221 2.0.0 Goodbye\r\n")
