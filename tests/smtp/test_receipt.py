"""Who asks for it is told that the mail has arrived (RFC 3461 NOTIFY=SUCCESS), if it is the sender who asks."""

from email import message_from_bytes
from typing import Any

import pytest
from smtp.dialogue import hold
from smtp.house import House, Opening
from sqlmodel import select

from gateway.authentication.resolver import ZoneResolver
from gateway.config import Authentication
from gateway.models import Letter

ZONE = {"example.org": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}, "_dmarc.example.org": {"TXT": ["v=DMARC1; p=none"]},
        "other.example": {"TXT": ["v=spf1 -all"]}}  # fmt: skip
CONTENT = "Subject: Hello\nC: From: alice@example.org\nC: Message-ID: <1@example.org>\nC: X-Long: 안녕\nC:\nC: Hi\nC: ."
ASKS = f"""
    C: MAIL FROM:<alice@example.org> RET=HDRS ENVID=QQ+2B1
    S: 250
    C: RCPT TO:<support@example.com> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;help+2Bme@example.net
    S: 250
    C: RCPT TO:<abuse@example.com> NOTIFY=FAILURE
    S: 250
    C: RCPT TO:<support+김@example.com> NOTIFY=SUCCESS
    S: 553
    C: DATA
    S: 354
    C: {CONTENT}
    S: 250
"""


@pytest.fixture
async def checking(open_house: Opening) -> House:
    return await open_house(authentication=Authentication(), resolver=ZoneResolver(ZONE))


async def letters(house: House) -> list[Any]:
    return await house.database.read(lambda db: list(db.execute(select(Letter.__table__))))


async def test_6_1_it_comes_from_the_null_path_and_says_what_arrived_for_whom(checking: House) -> None:
    await hold(await checking.knock(), ASKS)
    (letter,) = await letters(checking)
    assert (letter.recipient, letter.reverse_path, letter.state, letter.request_id) == (
        "alice@example.org", "", "waiting", None)  # fmt: skip
    report = message_from_bytes(letter.raw)
    assert (report.get_content_type(), report.get_param("report-type")) == ("multipart/report", "delivery-status")
    assert (report["To"], report["From"]) == (
        "<alice@example.org>", "Mail Delivery System <postmaster@example.com>")  # fmt: skip
    assert (report["Auto-Submitted"], report["Message-ID"]) == ("auto-replied", letter.message_id)
    told, status, header = report.get_payload()
    assert "support@example.com" in told.get_payload()
    assert "abuse@example.com" not in told.get_payload()
    whole, recipient = status.get_payload()
    assert (whole["Reporting-MTA"], whole["Original-Envelope-Id"]) == ("dns; mx.example.com", "QQ+1")
    assert recipient.items() == [("Original-Recipient", "rfc822;help+me@example.net"),
                                 ("Final-Recipient", "rfc822; support@example.com"), ("Action", "delivered"),
                                 ("Status", "2.0.0")]  # fmt: skip
    assert header.get_content_type() == "text/rfc822-headers"
    assert header.get_payload(decode=True).startswith(b"Subject: Hello\r\n")
    assert letter.raw.isascii()
    assert b"\n" not in letter.raw.replace(b"\r\n", b"")


async def test_a_mail_that_comes_twice_is_told_of_once(checking: House) -> None:
    await hold(await checking.knock(), ASKS)
    await hold(await checking.knock(), ASKS)
    assert len(await letters(checking)) == 1


@pytest.mark.parametrize(("sender", "recipient"), [
    ("alice@example.org", ""), ("alice@example.org", "NOTIFY=NEVER"), ("alice@example.org", "NOTIFY=FAILURE,DELAY"),
    ("", "NOTIFY=SUCCESS"), ("alice@other.example", "NOTIFY=SUCCESS"),
])  # fmt: skip
async def test_nobody_else_is_told_anything(checking: House, sender: str, recipient: str) -> None:
    await hold(await checking.knock(), f"""
        C: MAIL FROM:<{sender}>
        S: 250
        C: RCPT TO:<support@example.com> {recipient}
        S: 250
        C: DATA
        S: 354
        C: {CONTENT}
        S: 250
    """)  # fmt: skip
    assert await letters(checking) == []


async def test_where_nobody_is_checked_nobody_is_told(house: House) -> None:
    await hold(await house.knock(), ASKS)
    assert await letters(house) == []


async def test_6533_addresses_beyond_ascii(checking: House) -> None:
    await hold(await checking.knock(), f"""
        C: MAIL FROM:<앨리스@example.org> SMTPUTF8
        S: 250
        C: RCPT TO:<support@example.com> NOTIFY=SUCCESS ORCPT=utf-8;도움@example.net
        S: 250
        C: DATA
        S: 354
        C: {CONTENT}
        S: 250
    """)  # fmt: skip
    (letter,) = await letters(checking)
    assert "To: <앨리스@example.org>".encode() in letter.raw
    assert b"Original-Recipient: utf-8;\\x{B3C4}\\x{C6C0}@example.net\r\n" in letter.raw
