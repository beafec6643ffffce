"""Real senders at the door: Postfix, in lockstep and pipelined, over STARTTLS, and what it makes of our refusals."""

import asyncio
import smtplib
from collections.abc import AsyncIterator

import pytest
from postfix import Postfix, relay
from smtp.house import SUPPORT, House, Opening

pytestmark = pytest.mark.system
SENDER = "alice@example.org"
AWKWARD = (b"From: alice@example.org\r\nSubject: =?utf-8?b?7JWI64WV?=\r\nMessage-ID: <awkward@example.org>\r\n\r\n"
           b".\r\n..\r\n.dot\r\n\xec\x95\x88\xeb\x85\x95\r\n" + b"x" * 900 + b"\r\n\r\n.\r\n")  # fmt: skip


@pytest.fixture
async def house(open_house: Opening) -> House:
    return await open_house(size=200_000)


@pytest.fixture
async def postfix(house: House) -> AsyncIterator[Postfix]:
    postfix = Postfix({"example.com": relay(house.port)}, security="encrypt")
    await asyncio.to_thread(postfix.start)
    yield postfix
    await asyncio.to_thread(postfix.stop)


def give(postfix: Postfix, recipient: str, content: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", postfix.port, timeout=60) as smtp:
        smtp.sendmail(SENDER, [recipient], content, ["BODY=8BITMIME"])


async def test_a_mail_of_postfix_arrives_octet_for_octet_over_tls(postfix: Postfix, house: House) -> None:
    await asyncio.to_thread(give, postfix, SUPPORT, AWKWARD)
    await asyncio.to_thread(postfix.wait_for, r"status=sent \(250 2.0.0 Kept as 1\)")
    (row,) = await house.kept()
    assert (row.tls, row.protocol, row.reverse_path) == (True, "ESMTPS", SENDER)
    assert (await house.contents())[0].endswith(AWKWARD.partition(b"\r\n\r\n")[2])


async def test_postfix_keeps_many_mails_over_few_connections_apart(postfix: Postfix, house: House) -> None:
    for number in range(20):
        content = AWKWARD.replace(b"<awkward", b"<%d" % number).replace(b"x" * 900, b"number %d" % number)
        await asyncio.to_thread(give, postfix, SUPPORT, content)
    for number in range(20):
        await asyncio.to_thread(postfix.wait_for, rf"Kept as {number + 1}\)")
    numbers = sorted(int(content.partition(b"number ")[2].split()[0]) for content in await house.contents())
    assert numbers == list(range(20))


@pytest.mark.parametrize(("recipient", "size", "said"), [
    ("nobody@example.com", 10, "550 5.1.1 No such mailbox here"),
    (SUPPORT, 300_000, "SIZE|size limit|552 5.3.4"),
])  # fmt: skip
async def test_postfix_gives_up_at_once_on_what_we_refuse(
    postfix: Postfix, house: House, recipient: str, size: int, said: str
) -> None:
    await asyncio.to_thread(give, postfix, recipient, b"Subject: x\r\n\r\n" + b"0123456789\r\n" * (size // 12))
    line = await asyncio.to_thread(postfix.wait_for, rf"to=<{recipient}>.*status=bounced.*({said})")
    assert line
    assert await house.kept() == []
