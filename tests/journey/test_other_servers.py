"""The whole way through Exim and through OpenSMTPD: each brings the customer's mail to us, takes our letters as the
smarthost and brings them to the customer, whose reply joins."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from mail_servers import Exim, MailServer, OpenSmtpd
from world import PATIENCE, World

from gateway.models import Received

pytestmark = pytest.mark.system
KIM = "kim@example.net"
MAIL = """\
Message-ID: <{serial}@example.net>
Date: Mon, 23 Nov 2026 09:00:00 +0000
From: {author}
To: {recipient}
Subject: {subject}
In-Reply-To: {answers}
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

로그인이 되지 않습니다. 휴대폰 두 대에서 모두 오류 1042가 납니다. 어떻게 하면 될까요?
"""


@pytest.fixture(params=[Exim, OpenSmtpd], ids=["exim", "opensmtpd"])
def server(request: pytest.FixtureRequest) -> MailServer:
    """The customer's provider, which is our smarthost too; not started yet."""
    kind: type[MailServer] = request.param
    return kind()


@pytest.fixture
async def world(server: MailServer, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    smarthost = {"smarthost": f"127.0.0.1:{server.port}", "starttls": "may"}
    # OpenSMTPD waits five seconds between two connections to one address: the gateway and the mailbox have two.
    place = {"listen": ["127.0.0.2:0"]}
    async with World(tmp_path, database_url, delivery=smarthost, smtp=place).open() as world:
        world.zone.publish("example.net")
        server.routes |= {"example.com": ("127.0.0.2", world.port), "example.net": ("127.0.0.1", world.office_port)}
        await asyncio.to_thread(server.start)
        yield world
        await asyncio.to_thread(server.stop)


async def brings(server: MailServer, world: World, recipient: str, subject: str, answers: str = "") -> Received:
    """The customer's mail program hands a mail to the server; the mail, once we have handled it."""
    known = len(await world.received())
    mail = MAIL.format(serial=known, author=KIM, recipient=recipient, subject=subject, answers=answers)
    content = mail.replace("In-Reply-To: \n", "").replace("\n", "\r\n").encode()
    await asyncio.to_thread(server.give, KIM, recipient, content)
    async with asyncio.timeout(PATIENCE):
        while len(await world.received()) == known:
            await world.settle()
    await world.settle()
    return (await world.received())[-1]


async def test_a_mail_is_answered_and_the_reply_joins(world: World, server: MailServer) -> None:
    kept = await brings(server, world, world.support, "로그인 문제")
    assert (kept.tls, kept.state) == (True, "handled")
    customer = world.customer(KIM)
    acknowledgement = await customer.receives()
    number = (await world.request()).number
    assert number in acknowledgement["Subject"]
    assert f"by {type(server).__name__.lower()}.example.net" in str(acknowledgement["Received"])
    agent = world.agent("minji")
    await agent.answers(await agent.takes(), "2.1판을 설치해 주세요.")
    answer = await customer.receives()
    await brings(server, world, str(answer["Reply-To"]), f"Re: {answer['Subject']}", str(answer["Message-ID"]))
    request = await world.request()
    assert (request.number, request.state) == (number, "open")
