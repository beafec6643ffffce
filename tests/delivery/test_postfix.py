"""A real Postfix takes our letters, returns what it cannot deliver, and delivers to a socket over STARTTLS."""

import asyncio
import email
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from peer import Peer, certificate, server_tls
from postfix import UNKNOWN, Postfix, relay

from gateway.authentication.resolver import ZoneResolver
from gateway.config import Delivery, Site
from gateway.delivery.worker import Worker
from gateway.mail.compose import Draft, compose
from gateway.models import Letter
from gateway.store.database import Database, connect

pytestmark = pytest.mark.system
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    """The other end of Postfix: the mail host of example.net, and our own door at example.com."""
    async with Peer(tls=server_tls(*certificate(tmp_path / "peer"))).listening() as peer:
        yield peer


@pytest.fixture
async def postfix(peer: Peer) -> AsyncIterator[Postfix]:
    postfix = Postfix({"example.net": relay(peer.port), "example.com": relay(peer.port), "nobody@example.net": UNKNOWN},
                      security="encrypt")
    await asyncio.to_thread(postfix.start)
    yield postfix
    await asyncio.to_thread(postfix.stop)


@pytest.fixture
async def outbox(tmp_path: Path) -> AsyncIterator[Database]:
    database = connect(f"sqlite:///{tmp_path}/frontdesk.db")
    await database.migrate()
    yield database
    await database.close()


def letter(recipient: str) -> Letter:
    draft = Draft(sender="support@example.com", sender_name="고객센터", recipient=recipient, recipient_name="김민수",
                  subject="[FD-2026-0000019] 문의를 받았습니다", text="안녕하세요.\n", html="<p>안녕하세요.</p>\n",
                  message_id="<letter.1@example.com>", date=NOON, is_automatic=True, language="ko")
    return Letter(created_at=NOON, reverse_path="bounce+1.abc@example.com", recipient=recipient, raw=compose(draft),
                  next_attempt=NOON)


async def sent_through(postfix: Postfix, outbox: Database, recipient: str) -> Letter:
    """The letter as the outbox has it after the worker has handed it to Postfix."""
    mine = letter(recipient)
    await outbox.write(lambda db: db.add(mine))
    delivery = Delivery(smarthost=f"127.0.0.1:{postfix.port}", starttls="may")
    site = Site(hostname="mx.example.com")
    worker = Worker(outbox, delivery, site, ZoneResolver({}), lambda: NOON, None, lambda: None)
    task = asyncio.create_task(worker.run())
    await asyncio.to_thread(postfix.wait_for, "disconnect from .* quit=1")
    await worker.stop()
    await task
    found = await outbox.write(lambda db: db.get(Letter, mine.id))
    assert found is not None
    return found


async def test_a_letter_goes_through_postfix_over_tls_and_arrives_unchanged(
        postfix: Postfix, peer: Peer, outbox: Database) -> None:
    found = await sent_through(postfix, outbox, "kim@example.net")
    assert found.state == "sent"
    assert found.reply.startswith("250 2.0.0 Ok: queued as ")
    assert "TLS connection established from localhost" in postfix.log
    await peer.hears("QUIT")
    assert peer.letters[0].endswith(found.raw)
    assert peer.said("MAIL")[0].startswith("MAIL FROM:<bounce+1.abc@example.com>")


async def test_a_letter_to_nobody_comes_back_as_a_delivery_status_to_its_reverse_path(
        postfix: Postfix, peer: Peer, outbox: Database) -> None:
    assert (await sent_through(postfix, outbox, "nobody@example.net")).state == "sent"
    await peer.hears("QUIT")
    assert peer.said("MAIL")[0].startswith("MAIL FROM:<>")
    assert peer.said("RCPT")[0].startswith("RCPT TO:<bounce+1.abc@example.com>")
    status = email.message_from_bytes(peer.letters[0])
    assert status.get_content_type() == "multipart/report"
    assert b"Status: 5.1.1" in peer.letters[0]


async def test_postfix_as_sender_delivers_to_a_socket_over_starttls(postfix: Postfix, peer: Peer) -> None:
    await asyncio.to_thread(postfix.swaks, "--from", "kim@example.net", "--to", "support@example.com",
                            "--header", "Subject: help", "--body", "It does not work.")
    await peer.hears("QUIT")
    assert [each.split()[0] for each in peer.commands[:3]] == ["EHLO", "STARTTLS", "EHLO"]
    assert email.message_from_bytes(peer.letters[0])["Subject"] == "help"
    await asyncio.to_thread(postfix.wait_for, "removed")
    assert await asyncio.to_thread(lambda: postfix.waiting) == 0
