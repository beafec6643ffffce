"""Whoever was sent away has a row that says when, who, whither and why."""

from datetime import timedelta
from typing import Any

import pytest
from smtp.house import MAIL, NOON, SUPPORT, House, Opening

from gateway.config import Authentication
from gateway.smtp import policy
from gateway.store.refusals import listing


async def refused(house: House) -> Any:
    """The one row, once it is written."""
    await house.intake.refusals.close()
    (row,) = await house.database.read(listing)
    return row


async def test_an_unknown_recipient(open_house: Opening) -> None:
    house = await open_house()
    client = await house.client()
    await client.says("MAIL FROM:<Alice@example.org>")
    await client.says("RCPT TO:<nobody@example.com>")
    row = await refused(house)
    assert (row.at, row.client_ip, row.helo, row.reverse_path, row.recipients, row.reply) == (
        NOON, "127.0.0.1", "client.example.org", "alice@example.org", ["nobody@example.com"],
        "550 5.1.1 No such mailbox here")  # fmt: skip


async def test_a_sender_that_cannot_be_read(open_house: Opening) -> None:
    house = await open_house()
    await (await house.client()).says("MAIL FROM:<a b@example.org>")
    row = await refused(house)
    assert (row.reverse_path, row.reply[:9]) == ("a b@example.org", "501 5.1.7")


async def test_a_forged_mail_is_found_by_the_author_it_claims(open_house: Opening) -> None:
    zone = {"_dmarc.strict.example": {"TXT": ["v=DMARC1; p=reject"]}}
    house = await open_house(authentication=Authentication(), zone=zone)
    client = await house.client()
    await client.envelope(sender="bulk@spam.example")
    content = b"From: Boss <Boss@Strict.example>\r\n\r\nHi\r\n"
    assert (await client.data(content)).startswith("550 5.7.26 ")
    await house.intake.refusals.close()
    (row,) = await house.database.read(lambda db: listing(db, "boss@strict.example"))
    assert (row.reverse_path, row.author, row.size, row.recipients) == (
        "bulk@spam.example", "boss@strict.example", len(content), [SUPPORT])  # fmt: skip


async def test_a_mail_with_a_bare_line_end(open_house: Opening) -> None:
    house = await open_house()
    await (await house.client()).mails(b"From: a@b.org\r\n\r\nbare\nline\r\n")
    assert (await refused(house)).reply[:9] == "550 5.5.2"


async def test_a_client_that_falls_silent_in_the_middle(open_house: Opening) -> None:
    house = await open_house(command_timeout=timedelta(seconds=1))
    client = await house.client()
    await client.says("MAIL FROM:<a@example.org>")
    assert (await client.reply()).startswith("421 4.4.2")
    row = await refused(house)
    assert (row.reverse_path, row.reply[:9]) == ("a@example.org", "421 4.4.2")


async def test_one_connection_too_many(open_house: Opening) -> None:
    house = await open_house(connections=1)
    await house.client()
    assert (await (await house.knock()).reply()).startswith("421 ")
    row = await refused(house)
    assert (row.client_ip, row.reverse_path) == ("127.0.0.1", "")


async def test_what_was_kept_has_none(open_house: Opening) -> None:
    house = await open_house()
    assert (await (await house.client()).mails(MAIL)).startswith("250 ")
    await house.intake.refusals.close()
    assert list(await house.database.read(listing)) == []


@pytest.mark.parametrize(("said", "reply"), [
    (b"BDAT 2000 LAST\r\n" + b"x" * 2000, "552 5.3.4 The mail is larger"),
    (b"BDAT 9999999 LAST\r\n", "552 5.3.4 The mail is far larger"),
    (b"DATA\r\n" + b"x" * 2_000_000, "552 5.3.4 The mail is far larger"),
    (b"BDAT much\r\n", "501 5.5.4 "),
    (b"XYZZY\r\n" * 4, "421 4.7.0 Too many errors"),
    (b"RCPT TO:<a@example.com>\r\nRCPT TO:<b@example.com>\r\n", "421 4.7.0 Too many unknown mailboxes"),
])  # fmt: skip
async def test_a_mail_that_came_to_no_end_has_one_too(open_house: Opening, said: bytes, reply: str) -> None:
    house = await open_house(size=1000, errors=3, unknown_recipients=2)
    client = await house.client()
    await client.envelope()
    client.send(said + b"QUIT\r\n")
    await client.reader.read()
    await house.intake.refusals.close()
    last, *others = await house.database.read(lambda db: listing(db, "alice@example.org"))
    assert last.reply.startswith(reply)
    assert last.recipients == [SUPPORT]
    assert len(others) == said.count(b"RCPT") // 2


async def test_who_is_sent_away_behind_a_mail_that_was_kept_has_none(open_house: Opening) -> None:
    house = await open_house()
    client = await house.client()
    await client.envelope()
    assert (await client.says("DATA")).startswith("354 ")
    for session in house.door._sessions:
        session.finish(policy.SHUTTING_DOWN)
    client.send(MAIL + b".\r\n")
    assert (await client.reply()).startswith("250 ")
    assert (await client.reply()).startswith("421 4.3.2 ")
    await house.intake.refusals.close()
    assert await house.database.read(listing) == []
