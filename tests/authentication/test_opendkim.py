"""A real OpenDKIM behind a real Postfix finds our letters well signed, and we find well signed what it signs."""

import asyncio
import email
import re
from datetime import UTC, datetime, timedelta

import pytest
from opendkim import OpenDkim
from peer import Peer
from ports import free_port
from postfix import Postfix, relay

from gateway.authentication.check import check
from gateway.authentication.signer import Signer, SigningKey
from gateway.authentication.zone import ZoneResolver
from gateway.config import Delivery, Site
from gateway.delivery.worker import Worker
from gateway.mail.compose import Draft, compose
from gateway.models import Letter
from gateway.store.database import connect

pytestmark = pytest.mark.system
NOW = datetime.now(UTC)
KEYS = [SigningKey.make("desk-rsa", "rsa"), SigningKey.make("desk-ed25519", "ed25519")]
RECORDS = {key.name("example.com"): key.record for key in KEYS}
THEIRS = {"rsa-sha256": SigningKey.make("s1", "rsa"), "ed25519-sha256": SigningKey.make("s1", "ed25519")}
HARD = """\
From: =?UTF-8?B?6rmA66+87IiY?= <kim@example.net>
To: <support@example.com>
Subject:   Two  blanks,
\tone fold and a tab\t
Date: Mon, 23 Nov 2026 12:00:00 +0000
Message-ID: <1@example.net>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

안녕하세요,  로그인이\t안 돼요. \t
 \t

.a dot in front, and blanks at the end: \x20
\t

"""


@pytest.fixture(scope="module")
def ports():
    """Where Postfix finds its filter, and where it delivers to."""
    return free_port(), free_port()


@pytest.fixture(scope="module")
def postfix(ports):
    milter, host = ports
    with Postfix({"example.net": relay(host), "example.com": relay(host)}, security="none",
                 milter=f"127.0.0.1:{milter}") as postfix:
        yield postfix


@pytest.fixture
async def peer(ports):
    async with Peer(port=ports[1]).listening() as peer:
        yield peer


# ---- ours, verified by OpenDKIM ------------------------------------------------------------------------------------


@pytest.fixture
async def outbox(tmp_path):
    database = connect(f"sqlite:///{tmp_path}/frontdesk.db")
    await database.migrate()
    yield database
    await database.close()


def drafted(**more):
    usual = {"sender": "support@example.com", "sender_name": "고객센터", "recipient": "kim@example.net",
             "recipient_name": "김민수", "reply_to": "support+1.abc@example.com", "date": NOW, "language": "ko",
             "subject": "[FD-2026-0000019] 문의를 받았습니다", "text": "안녕하세요.\n", "is_automatic": True,
             "message_id": "<letter.1@example.com>"}
    return compose(Draft(**{**usual, **more}))


async def sent_through(postfix, outbox, letters):
    """The worker signs the letters and hands them to Postfix, one after the other."""
    rows = [Letter(created_at=NOW, reverse_path="bounce+1.abc@example.com", recipient="kim@example.net", raw=raw,
                   next_attempt=NOW + timedelta(microseconds=place)) for place, raw in enumerate(letters)]
    await outbox.write(lambda db: db.add_all(rows))
    settings = Delivery(smarthost=f"127.0.0.1:{postfix.port}", starttls="never", connections=1)
    worker = Worker(outbox, settings, Site(hostname="mx.example.com"), ZoneResolver({}), lambda: datetime.now(UTC),
                    Signer("example.com", KEYS), lambda: None)
    return worker, asyncio.create_task(worker.run())


def judged(letter):
    """What OpenDKIM found: (result, algorithm), from the top."""
    told = email.message_from_bytes(letter)["Authentication-Results"]
    return re.findall(r"dkim=(\w+).*?header\.a=(\S+)", re.sub(r"\s+", " ", told))


async def test_opendkim_verifies_both_signatures_of_our_letters(postfix, peer, outbox, ports, tmp_path):
    letters = [
        drafted(), drafted(html="<p>안녕하세요.</p>\n", text="A line that goes on and on. " * 200 + "\n"),
        drafted(attachments=(("화면 캡처.png", "image/png", bytes(range(256)) * 2000),)),
        drafted(text="", subject="제목이 아주 긴 편지입니다 " * 30, in_reply_to="<1@example.net>",
                references=tuple(f"<{number}@example.net>" for number in range(30))),
    ]
    with OpenDkim(ports[0], tmp_path, "Mode v", RECORDS):
        worker, running = await sent_through(postfix, outbox, letters)
        async with asyncio.timeout(60):
            await peer.arrives(len(letters))
        await worker.stop()
        await running
    for letter in peer.letters:
        assert judged(letter) == [("pass", "rsa-sha256"), ("pass", "ed25519-sha256")]
    assert sorted(map(subject, peer.letters)) == sorted(map(subject, letters))


def subject(raw):
    return email.message_from_bytes(raw)["Subject"]


async def test_opendkim_finds_a_letter_that_was_changed(postfix, peer, ports, tmp_path):
    raw = drafted()
    changed = (Signer("example.com", KEYS).sign(raw, NOW.timestamp()) + raw).replace(b"kim@", b"lee@")
    (tmp_path / "changed.eml").write_bytes(changed)
    with OpenDkim(ports[0], tmp_path, "Mode v", RECORDS):
        await asyncio.to_thread(handed_over, postfix, tmp_path / "changed.eml")
        await peer.arrives(1)
    assert [result for result, _ in judged(peer.letters[0])] == ["fail", "fail"]


def handed_over(postfix, file):
    postfix.swaks("--from", "kim@example.net", "--to", "support@example.com", "--data", f"@{file}")


# ---- theirs, verified by us ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("algorithm", "forms"), [
    ("rsa-sha256", "simple/simple"), ("rsa-sha256", "relaxed/simple"), ("rsa-sha256", "simple/relaxed"),
    ("rsa-sha256", "relaxed/relaxed"), ("ed25519-sha256", "relaxed/simple"), ("ed25519-sha256", "relaxed/relaxed"),
])
async def test_we_verify_what_opendkim_signs(postfix, peer, ports, tmp_path, algorithm, forms):
    """Not ed25519 over simple header fields: what OpenDKIM 2.11 makes of it, dkimpy does not verify either."""
    key = THEIRS[algorithm]
    (tmp_path / "key.pem").write_bytes(key.pem)
    (tmp_path / "mail.eml").write_text(HARD)
    settings = f"""\
Mode s
Domain example.net
Selector {key.selector}
KeyFile {tmp_path}/key.pem
SignatureAlgorithm {algorithm}
Canonicalization {forms}
OversignHeaders From,Subject"""
    with OpenDkim(ports[0], tmp_path, settings, {}):
        await asyncio.to_thread(handed_over, postfix, tmp_path / "mail.eml")
        await peer.arrives(1)
    mail = peer.letters[0]
    assert f"c={forms}".encode() in mail
    assert await results(mail, key) == [("pass", algorithm.removesuffix("-sha256"))]
    assert await results(mail.replace("안녕".encode(), "얀녕".encode()), key) != await results(mail, key)
    assert (await results(b"Subject: another\r\n" + mail, key))[0][0] == "fail"


async def results(mail, key):
    zone = ZoneResolver({key.name("example.net"): {"TXT": [key.record]}})
    verdict = await check(mail, client_ip="127.0.0.1", helo="mx.example.net", reverse_path="kim@example.net",
                          resolver=zone, now=datetime.now(UTC).timestamp())
    return [(each.result, each.detail.removesuffix("-sha256")) for each in verdict.dkim]
