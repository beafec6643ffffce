"""Any octets in any pieces: the door never falls over, never hangs, keeps just what it said it kept."""

import asyncio
import random
import re

import pytest
from smtp.house import House

MAIL = b"Subject: Hello\r\n\r\nHi\r\n"

WORDS = [
    b"EHLO client.example.org\r\n", b"HELO x\r\n", b"MAIL FROM:<alice@example.org>\r\n", b"MAIL FROM:<>\r\n",
    b"RCPT TO:<support@example.com>\r\n", b"RCPT TO:<nobody@example.com>\r\n", b"DATA\r\n", b"RSET\r\n", b"NOOP\r\n",
    b"VRFY x\r\n", b"QUIT\r\n", b"MAIL FROM:<\"a b\"@x> SIZE=5 BODY=8BITMIME SMTPUTF8\r\n", b"STARTTLS\r\n",
    b"BDAT 5 LAST\r\n", b"AUTH LOGIN\r\n", b"\r\n", b"\n", b"\r", b".\r\n", b".", b"\0", b"\xff\xfe\r\n", b"<", b">",
    b"\"", b"MAIL FROM:<@a,@b:", MAIL, MAIL + b".\r\n", MAIL + b"\r\n.\r\n", b"x\n.\n", b"x\n.\r\n", b"x" * 3000,
    b"RCPT TO:<" + b"a" * 300 + b"@x>\r\n", b"MAIL FROM:<a@b.example> RET=HDRS ENVID=+2B\r\n", b"LHLO x\r\n",
    b"RCPT TO:<support@example.com> NOTIFY=SUCCESS ORCPT=rfc822;x\r\n", b"XCLIENT ADDR=192.0.2.7\r\n",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2\r\n",
]  # fmt: skip
DIALOGUE = [0, 2, 4, 6, 27]


def stream(chance: random.Random) -> bytes:
    """A dialogue that works, with things put in, left out and torn."""
    order = DIALOGUE * 3
    for _ in range(chance.randint(1, 6)):
        order.insert(chance.randrange(len(order)), chance.randrange(len(WORDS)))
    if chance.random() < 0.5:
        del order[chance.randrange(len(order))]
    octets = bytearray(b"".join(WORDS[number] for number in order))
    for _ in range(chance.choice([0, 0, 1, 5])):
        octets[chance.randrange(len(octets))] = chance.randrange(256)
    return bytes(octets)


@pytest.mark.parametrize("seed", range(150))
async def test_whatever_comes_in_the_books_agree(house: House, seed: int) -> None:
    chance = random.Random(seed)
    client = await house.knock()
    rest = stream(chance)
    largest = chance.choice([1, 7, 100, 10_000])
    while rest:
        size = chance.randint(1, largest)
        client.send(rest[:size])
        rest = rest[size:]
        await asyncio.sleep(0)
    if not client.writer.is_closing():
        client.writer.write_eof()
    said, was_reset = await asyncio.wait_for(read_all(client.reader), 60)
    assert re.fullmatch(rb"(\d{3}[ -][ -~]*\r\n)*", said.partition(b"220 2.0.0 Ready")[0])
    promised = [int(number) for number in re.findall(rb"^250 2.0.0 Kept as (\d+)\r$", said, re.MULTILINE)]
    assert promised == sorted(set(promised))
    kept = {row.id for row in await house.kept()}
    assert kept >= set(promised) if was_reset else kept == set(promised)
    await asyncio.wait_for(house.only_left(0), 30)
    assert (await (await house.client()).mails(b"Subject: next\r\n\r\n")).startswith("250 ")


async def read_all(reader: asyncio.StreamReader) -> tuple[bytes, bool]:
    """What was said; True when the door closed on a client that still spoke, who may not have heard the end."""
    said = bytearray()
    try:
        while piece := await reader.read(65536):
            said += piece
    except ConnectionResetError:
        return bytes(said), True
    return bytes(said), False
