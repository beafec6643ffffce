"""What the door remembers when it judges: senders it told to come again, signatures that came before."""

import asyncio
from datetime import datetime, timedelta

import pytest
from signing import NOW, record, rsa_key, sign
from smtp.house import NOON, SUPPORT, House, Opening

from gateway.authentication.answer import Answer
from gateway.authentication.resolver import ZoneResolver
from gateway.config import Authentication

HOUR = timedelta(hours=1)
SILENT = {"lost.example": {"TXT": "TIMEOUT"}, "_dmarc.lost.example": "SERVFAIL"}
SIGNED = {
    "s1._domainkey.example.org": {"TXT": [record(rsa_key())]},
    "_dmarc.example.org": {"TXT": ["v=DMARC1; p=reject"]},
    "example.org": {"TXT": ["v=spf1 -all"]},
}


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


async def comes(house: House, content: bytes, sender: str = "a@lost.example") -> str:
    client = await house.client()
    await client.envelope(sender=sender)
    return await client.data(content)


def mail(number: int = 1, domain: str = "lost.example") -> bytes:
    return f"From: a@{domain}\r\nTo: {SUPPORT}\r\nMessage-ID: <{number}@{domain}>\r\n\r\nHi {number}\r\n".encode()


# A sender whose DNS fails


async def test_a_sender_whose_dns_fails_is_told_to_come_again(open_house: Opening) -> None:
    house = await open_house(authentication=Authentication(), zone=SILENT)
    assert (await comes(house, mail())) == "451 4.7.0 DNS does not answer for lost.example; please try again later."
    assert await house.kept() == []


async def test_after_four_hours_he_is_let_in_unproven_and_marked(open_house: Opening) -> None:
    clock = Clock()
    house = await open_house(authentication=Authentication(), zone=SILENT, now=clock)
    for clock.now in (NOON, NOON + HOUR, NOON + 4 * HOUR - timedelta(seconds=1)):
        assert (await comes(house, mail())).startswith("451 4.7.0 ")
    clock.now = NOON + 4 * HOUR
    assert (await comes(house, mail())).startswith("250 ")
    (row,) = await house.kept()
    assert (row.verdict["identity"], row.quarantined) == ("unknown", False)
    assert "sender-dns-lost" in row.verdict["findings"]


async def test_another_domain_of_the_same_client_waits_for_itself(open_house: Opening) -> None:
    clock = Clock()
    zone = {**SILENT, "_dmarc.other.example": "SERVFAIL", "other.example": {"TXT": "TIMEOUT"}}
    house = await open_house(authentication=Authentication(), zone=zone, now=clock)
    await comes(house, mail())
    clock.now = NOON + 5 * HOUR
    assert (await comes(house, mail(1, "other.example"), "a@other.example")).startswith("451 ")


async def test_when_the_dns_is_back_nobody_remembers(open_house: Opening) -> None:
    zone = ZoneResolver(SILENT)
    house = await open_house(authentication=Authentication(), resolver=zone)
    await comes(house, mail())
    zone.__init__({"lost.example": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}})  # type: ignore[misc]
    assert (await comes(house, mail())).startswith("250 ")
    assert (await house.kept())[0].verdict["identity"] == "verified-spf"


# A signature that comes again


async def signed(house: House, number: int = 1) -> str:
    """The one signed mail, under another reverse-path and another Received each time."""
    received = f"Received: from x{number}.example by y; Mon, 23 Nov 2026 11:00:00 +0000\r\n".encode()
    return await comes(house, received + sign(mail(1, "example.org"), domain="example.org"), f"x{number}@spam.example")


@pytest.fixture
def at_signing() -> datetime:
    return datetime.fromtimestamp(NOW, NOON.tzinfo)


async def test_the_second_mail_with_one_signature_is_marked(open_house: Opening, at_signing: datetime) -> None:
    house = await open_house(authentication=Authentication(), zone=SIGNED, now=lambda: at_signing)
    assert (await signed(house, 1)).startswith("250 ")
    assert (await signed(house, 2)).startswith("250 ")
    first, second = await house.kept()
    assert "signature-seen-before" not in first.verdict["findings"]
    assert "signature-seen-before" in second.verdict["findings"]
    assert second.verdict["identity"] == "verified-dkim"


async def test_many_mails_with_one_signature_are_refused(open_house: Opening, at_signing: datetime) -> None:
    settings = Authentication(replay_sightings=3)
    house = await open_house(authentication=settings, zone=SIGNED, now=lambda: at_signing)
    replies = [await signed(house, number) for number in range(5)]
    assert [reply[:9] for reply in replies] == ["250 2.0.0", "250 2.0.0", "250 2.0.0", "550 5.7.1", "550 5.7.1"]
    assert replies[3] == "550 5.7.1 Mails with this signature came 3 times within a week."


async def test_a_mail_that_comes_again_after_a_lost_250_is_no_second_sighting(
    open_house: Opening, at_signing: datetime
) -> None:
    settings = Authentication(replay_sightings=1)
    house = await open_house(authentication=settings, zone=SIGNED, now=lambda: at_signing)
    content = sign(mail(1, "example.org"), domain="example.org")
    for _ in range(3):
        assert (await comes(house, content, "a@example.org")) == "250 2.0.0 Kept as 1"


async def test_another_signature_of_the_same_domain_is_another_mail(open_house: Opening, at_signing: datetime) -> None:
    house = await open_house(authentication=Authentication(replay_sightings=1), zone=SIGNED, now=lambda: at_signing)
    for number in range(3):
        content = sign(mail(number, "example.org"), domain="example.org")
        assert (await comes(house, content, "a@example.org")).startswith("250 ")


# What begins at MAIL


class Watched:
    """A zone that tells what it was asked, and answers when it is let."""

    is_away = False

    def __init__(self, zone: dict[str, object]) -> None:
        self._zone = ZoneResolver(zone)
        self.asked: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.may_answer = asyncio.Event()
        self.given_up = asyncio.Event()

    def recall(self, name: str, type: str) -> None:
        return None

    async def query(self, name: str, type: str) -> Answer:
        self.asked.put_nowait((name, type))
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        return await self._zone.query(name, type)


async def test_dns_is_asked_at_mail_before_the_mail_comes(open_house: Opening) -> None:
    watched = Watched(SIGNED)
    house = await open_house(authentication=Authentication(), resolver=watched)
    client = await house.client()
    assert (await client.says("MAIL FROM:<a@example.org>")).startswith("250 ")
    asked = {await asyncio.wait_for(watched.asked.get(), 30) for _ in range(3)}
    assert asked == {("example.org", "TXT"), ("_dmarc.example.org", "TXT"), ("1.0.0.127.in-addr.arpa", "PTR")}


AT_HEADER = {("s1._domainkey.example.org", "TXT"), ("_dmarc.example.org", "TXT"), ("_dmarc.org", "TXT")}
"""What the header names: the signer's key, and the way up from the author."""


async def asked_by_then(watched: Watched, wanted: set[tuple[str, str]]) -> None:
    while wanted:
        wanted = wanted - {await asyncio.wait_for(watched.asked.get(), 30)}


async def test_keys_are_asked_when_the_header_is_here_and_the_body_on_its_way(
    open_house: Opening, at_signing: datetime
) -> None:
    watched = Watched(SIGNED)
    house = await open_house(authentication=Authentication(), resolver=watched, now=lambda: at_signing)
    client = await house.client()
    header, _, body = sign(mail(1, "example.org"), domain="example.org").partition(b"\r\n\r\n")
    await client.says("MAIL FROM:<a@example.org>")
    await client.says(f"RCPT TO:<{SUPPORT}>")
    assert (await client.says("DATA")).startswith("354 ")
    for piece in (header[:40], header[40:] + b"\r", b"\n\r\n"):  # the end of the header comes in two pieces
        client.send(piece)
    await asked_by_then(watched, AT_HEADER)
    watched.may_answer.set()
    client.send(body + b".\r\n")
    assert (await client.reply()).startswith("250 ")
    (kept,) = await house.kept()
    assert kept.verdict["identity"] == "verified-dkim"
    left = [watched.asked.get_nowait() for _ in range(watched.asked.qsize())]
    assert not AT_HEADER.intersection(left), "it was asked twice"


@pytest.mark.parametrize("is_whole", [True, False])
async def test_keys_are_asked_when_the_first_chunk_holds_the_header(
    open_house: Opening, at_signing: datetime, is_whole: bool
) -> None:
    watched = Watched(SIGNED)
    house = await open_house(authentication=Authentication(), resolver=watched, now=lambda: at_signing)
    client = await house.client()
    content = sign(mail(1, "example.org"), domain="example.org")
    size = content.index(b"\r\n\r\n") + 4
    await client.says("MAIL FROM:<a@example.org>")
    await client.says(f"RCPT TO:<{SUPPORT}>")
    client.send(b"BDAT %d\r\n" % (size if is_whole else len(content)) + content[:size])
    await asked_by_then(watched, AT_HEADER)


async def test_a_header_that_no_check_can_read_ends_no_session(open_house: Opening) -> None:
    house = await open_house(authentication=Authentication(), resolver=ZoneResolver(SIGNED))
    client = await house.client()
    await client.says("MAIL FROM:<a@example.org>")
    await client.says(f"RCPT TO:<{SUPPORT}>")
    await client.says("DATA")
    client.send(b"From: \xff<@@\r\nDKIM-Signature: v=1; d=" + b"." * 300 + b"; s=\0\r\nARC-Seal: i=99\r\n\r\n")
    client.send(b"text\r\n.\r\n")
    assert (await client.reply()).startswith("550 ")
    assert (await client.says("NOOP")).startswith("250 ")


@pytest.mark.parametrize("words", ["RSET", "EHLO again.example", "QUIT"])
async def test_what_was_asked_for_a_mail_that_does_not_come_is_given_up(open_house: Opening, words: str) -> None:
    watched = Watched(SIGNED)
    house = await open_house(authentication=Authentication(), resolver=watched)
    client = await house.client()
    await client.says("MAIL FROM:<a@example.org>")
    await watched.asked.get()
    await client.says(words)
    await asyncio.wait_for(watched.given_up.wait(), 30)
