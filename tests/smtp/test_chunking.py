"""A mail in chunks (RFC 3030)."""

import pytest
from smtp.house import MAIL, SUPPORT, House, Opening

ENVELOPE = f"MAIL FROM:<alice@example.org>\r\nRCPT TO:<{SUPPORT}>\r\n".encode()


async def test_a_mail_in_one_chunk_is_kept_as_it_is(house: House) -> None:
    client = await house.client()
    await client.envelope()
    content = MAIL + b".\r\n..\r\n\r\n.\r\nQUIT\r\n"
    client.send(b"BDAT %d LAST\r\n%s" % (len(content), content))
    assert (await client.reply()).startswith("250 2.0.0 Kept as 1")
    assert (await house.contents())[0].endswith(content)


async def test_chunks_are_put_together_and_pipelined(house: House) -> None:
    client = await house.client()
    client.send(ENVELOPE + b"BDAT 10\r\n" + MAIL[:10] + b"BDAT 7\r\n" + MAIL[10:17])
    client.send(b"BDAT %d\r\n%sBDAT 0 LAST\r\nNOOP\r\n" % (len(MAIL) - 17, MAIL[17:]))
    assert [(await client.reply())[:9] for _ in range(7)] == ["250 2.1.0", "250 2.1.5"] + ["250 2.0.0"] * 5
    assert (await house.contents())[0].endswith(MAIL)


@pytest.mark.parametrize("size", [1, 3, 20])
async def test_chunks_may_come_in_any_pieces(house: House, size: int) -> None:
    client = await house.client()
    stream = ENVELOPE + b"BDAT 10\r\n" + MAIL[:10] + b"BDAT %d LAST\r\n%s" % (len(MAIL) - 10, MAIL[10:])
    for place in range(0, len(stream), size):
        client.send(stream[place : place + size])
        await client.writer.drain()
    assert [(await client.reply())[:9] for _ in range(4)] == ["250 2.1.0", "250 2.1.5", "250 2.0.0", "250 2.0.0"]
    assert len(await house.kept()) == 1


async def test_the_octets_of_a_refused_chunk_are_no_commands(house: House) -> None:
    client = await house.client()
    hidden = ENVELOPE + b"NOOP\r\n" * 1000
    client.send(b"BDAT %d\r\n%s" % (len(hidden), hidden))
    assert (await client.reply()).startswith("503 5.5.1")
    assert (await client.says("DATA")).startswith("503 5.5.1")


async def test_without_a_recipient_chunks_are_refused(house: House) -> None:
    client = await house.client()
    await client.says("MAIL FROM:<alice@example.org>")
    client.send(b"BDAT 4\r\nNOOPBDAT 4 LAST\r\nNOOP")
    assert (await client.reply()).startswith("554 5.5.1")
    assert (await client.reply()).startswith("503 5.5.1")


async def test_chunks_over_the_limit_are_refused_and_the_session_goes_on(open_house: Opening) -> None:
    house = await open_house(size=1000)
    client = await house.client()
    client.send(ENVELOPE + b"BDAT 900\r\n" + b"x" * 900 + b"BDAT 101 LAST\r\n" + b"x" * 101)
    assert [(await client.reply())[:9] for _ in range(4)] == ["250 2.1.0", "250 2.1.5", "250 2.0.0", "552 5.3.4"]
    assert (await client.mails()).startswith("250 ")


async def test_a_chunk_far_over_the_limit_ends_the_session(house: House) -> None:
    client = await house.client()
    await client.envelope()
    assert (await client.says("BDAT 99999999999999999999")).startswith("552 5.3.4")
    assert await client.is_closed()


@pytest.mark.parametrize("command", ["DATA", f"RCPT TO:<{SUPPORT}>", "MAIL FROM:<a@b.example>"])
async def test_between_chunks_only_chunks_come(house: House, command: str) -> None:
    client = await house.client()
    await client.envelope()
    assert (await client.says("BDAT 2\r\n")).startswith("250 ")
    assert (await client.says(command)).startswith("503 5.5.1")
    client.send(b"BDAT %d LAST\r\n%s" % (len(MAIL), MAIL))
    assert (await client.reply()).startswith("250 2.0.0 Kept")


async def test_rset_forgets_the_chunks(house: House) -> None:
    client = await house.client()
    await client.envelope()
    assert (await client.says("BDAT 2\r\n")).startswith("250 ")
    await client.says("RSET")
    assert (await client.mails()).startswith("250 ")
    assert (await house.contents())[0].endswith(b"\r\n" + MAIL)


async def test_bare_line_ends_are_refused_in_chunks_too(house: House) -> None:
    client = await house.client()
    await client.envelope()
    client.send(b"BDAT 3\r\na\r\nBDAT 3 LAST\r\n\nb\r")
    assert [(await client.reply())[:9] for _ in range(2)] == ["250 2.0.0", "550 5.5.2"]


async def test_a_hang_up_between_chunks_keeps_nothing(house: House) -> None:
    client = await house.client()
    await client.envelope()
    client.send(b"BDAT %d LAST\r\n%s" % (len(MAIL), MAIL[:-1]))
    client.writer.write_eof()
    assert await client.is_closed()
    assert await house.kept() == []
