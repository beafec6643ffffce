"""One mail in is one mail kept: what other servers take for an end of data never begins a second transaction here."""

import pytest
from smtp.house import MAIL, SUPPORT, House

HIDDEN = (b"MAIL FROM:<mallory@evil.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n"
          b"From: ceo@example.com\r\n\r\nPay\r\n")  # fmt: skip
FALSE_ENDS = [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r", b"\n.\r", b"\r.\n", b"\r\r\n.\r\r\n",
              b"\r\n\0.\r\n", b"\r\n.\0\r\n", b"\r\n.\r\r\n"]  # fmt: skip


@pytest.mark.parametrize("end", FALSE_ENDS)
async def test_a_hidden_second_mail_is_never_a_mail(house: House, end: bytes) -> None:
    client = await house.client()
    await client.envelope()
    await client.says("DATA")
    client.send(MAIL + b"x" + end + HIDDEN + b".\r\n")
    reply = await client.reply()
    assert await client.says("NOOP") == "250 2.0.0 OK"
    assert all(row.reverse_path == "alice@example.org" for row in await house.kept())
    if b"\0" in end:
        assert reply.startswith("250 ")
    else:
        assert reply.startswith("550 5.5.2")
        assert await house.kept() == []


async def test_after_a_refused_mail_the_next_one_is_taken(house: House) -> None:
    client = await house.client()
    assert (await client.mails(b"a\nb\r\n")).startswith("550 5.5.2")
    assert (await client.mails()).startswith("250 ")


async def test_what_was_sent_without_waiting_for_354_is_not_read_as_commands(house: House) -> None:
    client = await house.client()
    await client.says("MAIL FROM:<alice@example.org>")
    client.send(b"RCPT TO:<nobody@example.com>\r\nDATA\r\n" + HIDDEN + b".\r\nQUIT\r\n")
    assert (await client.reply()).startswith("550 5.1.1")
    assert (await client.reply()).startswith("554 5.5.1")
    assert (await client.reply()).startswith("421 4.7.0")
    assert await client.is_closed()
    assert await house.kept() == []


async def test_commands_behind_a_refused_data_are_obeyed(house: House) -> None:
    """RFC 2920 section 3.1 has DATA end a group; many a client that does not is honest."""
    client = await house.client()
    client.send(b"MAIL FROM:<alice@example.org>\r\nDATA\r\nRSET\r\nNOOP\r\n")
    assert [(await client.reply())[:3] for _ in range(4)] == ["250", "554", "250", "250"]
    client.send(b"DATA\r\nQUIT\r\n")
    assert [(await client.reply())[:3] for _ in range(2)] == ["503", "221"]
    assert await client.is_closed()


async def test_a_mail_cut_off_is_not_kept(house: House) -> None:
    client = await house.client()
    await client.envelope()
    await client.says("DATA")
    client.send(MAIL + b"\r\n.")
    client.hang_up()
    other = await house.client()
    await other.mails()
    assert [row.id for row in await house.kept()] == [1]


@pytest.mark.parametrize("end", range(0, 200, 7))
async def test_a_session_cut_anywhere_keeps_nothing_but_whole_mails(house: House, end: int) -> None:
    words = b"EHLO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@example.com>\r\nDATA\r\n" + MAIL + b".\r\n"
    client = await house.knock()
    client.send(words[: min(end, len(words) - 1)])
    client.writer.write_eof()
    await client.reader.read()
    assert await house.kept() == []


async def test_a_client_that_says_no_more_is_still_answered(house: House) -> None:
    client = await house.client()
    await client.envelope()
    await client.says("DATA")
    client.send(MAIL + b".\r\n")
    client.writer.write_eof()
    assert (await client.reply()).startswith("250 2.0.0 Kept")
    assert await client.is_closed()


def test_the_hidden_mail_is_one_for_us() -> None:
    assert SUPPORT.encode() in HIDDEN
