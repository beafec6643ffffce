"""XCLIENT and XFORWARD from relays that are trusted, and from nobody else. How to read the dialogues: dialogue.py."""

import pytest
from smtp.dialogue import hold
from smtp.house import MAIL, House, Opening

from gateway.authentication.resolver import ZoneResolver
from gateway.config import Authentication
from gateway.smtp.relay import attributes

CASES = {
    "both are told of": """
        C: EHLO relay.example.net
        S: .*\\n250-XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT\\n250-XFORWARD NAME ADDR PORT
    """,
    "XCLIENT is answered with a greeting, and the session begins anew": """
        C: XCLIENT NAME=mail.example.org ADDR=192.0.2.7
        S: 220 mx\\.example\\.com ESMTP
        C: $MAIL
        S: 503
        C: EHLO mail.example.org
        S: 250-
        C: $ENVELOPE
    """,
    "XCLIENT with HELO needs no greeting": """
        C: XCLIENT ADDR=192.0.2.7 HELO=mail.example.org PROTO=ESMTP
        S: 220
        C: MAIL FROM:<alice@example.org> SIZE=100
        S: 250
    """,
    "XCLIENT may come several times": """
        C: XCLIENT ADDR=192.0.2.7
        S: 220
        C: XCLIENT ADDR=IPV6:2001:db8::7 HELO=[UNAVAILABLE] LOGIN=kim
        S: 220
    """,
    "neither comes within a transaction": """
        C: $MAIL
        S: 250
        C: XCLIENT ADDR=192.0.2.7
        S: 503
        C: XFORWARD ADDR=192.0.2.7
        S: 503
        C: $RCPT
        S: 250
    """,
    "malformed attributes": """
        C: XCLIENT
        S: 501
        C: XCLIENT ADDR
        S: 501
        C: XCLIENT ADDR=
        S: 501
        C: XCLIENT ADDR=mail.example.org
        S: 501
        C: XCLIENT COLOUR=blue
        S: 501
        C: XCLIENT HELO=a+0D+0Ab
        S: 501
        C: XFORWARD ADDR=192.0.2.256
        S: 501
        C: XFORWARD LOGIN=kim
        S: 501
        C: XFORWARD HELO=a+20b
        S: 501
    """,
}  # fmt: skip


@pytest.fixture
async def trusting(open_house: Opening) -> House:
    return await open_house(trusted_relays=["127.0.0.1"])


@pytest.mark.parametrize("rule", CASES)
async def test_a_trusted_relay(trusting: House, rule: str) -> None:
    await hold(await trusting.knock(), CASES[rule])


async def test_a_stranger_is_not_told_of_it_and_may_not_say_it(house: House) -> None:
    await hold(await house.knock(), """
        C: EHLO mallory.example
        S: 250-(?!.*XCLIENT)(?!.*XFORWARD)
        C: XCLIENT ADDR=192.0.2.7
        S: 502
        C: XFORWARD ADDR=192.0.2.7
        S: 502
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """)  # fmt: skip
    assert (await house.kept())[0].client_ip == "127.0.0.1"


async def test_xforward_speaks_of_one_mail(trusting: House) -> None:
    await hold(await trusting.knock(), """
        C: XFORWARD NAME=mail.example.org ADDR=192.0.2.7
        S: 250
        C: XFORWARD HELO=mail.example.org PROTO=ESMTP SOURCE=REMOTE
        S: 250
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
        C: $ENVELOPE
        C: DATA
        S: 354
        C: Subject: second
        C: .
        S: 250
    """)  # fmt: skip
    assert [(row.client_ip, row.helo) for row in await trusting.kept()] == [
        ("192.0.2.7", "mail.example.org"), ("127.0.0.1", "client.example.org")]  # fmt: skip


async def test_xclient_holds_through_starttls(trusting: House) -> None:
    await hold(await trusting.knock(), """
        C: XCLIENT ADDR=IPV6:2001:db8::7
        S: 220
        C: EHLO mail.example.org
        S: 250-
        C: STARTTLS
        S: 220
        TLS
        C: EHLO mail.example.org
        S: 250-
        C: $ENVELOPE
        C: DATA
        S: 354
        C: $LETTER
        S: 250
    """)  # fmt: skip
    assert (await trusting.kept())[0].client_ip == "2001:db8::7"


async def test_spf_is_asked_about_the_client_of_the_relay(open_house: Opening) -> None:
    zone = {"example.org": {"TXT": ["v=spf1 ip4:192.0.2.7 -all"]},
            "_dmarc.example.org": {"TXT": ["v=DMARC1; p=reject"]}}  # fmt: skip
    house = await open_house(trusted_relays=["127.0.0.0/8"], authentication=Authentication(),
                             resolver=ZoneResolver(zone))  # fmt: skip
    client = await house.client()
    assert (await client.mails()).startswith("550 5.7.26")
    for command in ("XFORWARD", "XCLIENT"):
        assert (await client.says(f"{command} ADDR=192.0.2.7 HELO=mail.example.org"))[:3] in ("220", "250")
        assert (await client.mails(MAIL.replace(b"<1@", command.encode().join((b"<", b"@"))))).startswith("250")
    assert {row.verdict["spf"]["result"] for row in await house.kept()} == {"pass"}


async def test_limits_are_the_true_clients(open_house: Opening) -> None:
    house = await open_house(trusted_relays=["127.0.0.1"], connections_per_client=1)
    first, second, third = [await house.client() for _ in range(3)]
    assert (await first.says("XCLIENT ADDR=192.0.2.7")).startswith("220")
    assert (await second.says("XCLIENT ADDR=192.0.2.7")).startswith("421 4.7.0")
    assert await second.is_closed()
    assert (await third.says("XCLIENT ADDR=192.0.2.8")).startswith("220")
    await first.says("QUIT")
    await house.only_left(1)
    assert (await third.says("XCLIENT ADDR=192.0.2.7")).startswith("220")


async def test_a_relay_that_leaves_in_the_middle_is_counted_out_as_itself(open_house: Opening) -> None:
    house = await open_house(trusted_relays=["127.0.0.1"], connections=1)
    for _ in range(3):
        client = await house.client()
        await client.says("XFORWARD ADDR=192.0.2.7")
        await client.says("MAIL FROM:<alice@example.org>")
        client.hang_up()
        await house.only_left(0)
    assert house.door._guests._inside == {}


async def test_a_relay_does_not_pay_for_what_its_clients_do(open_house: Opening) -> None:
    house = await open_house(trusted_relays=["127.0.0.1"], errors=2, unknown_recipients=1)
    client = await house.client()
    await client.says("MAIL FROM:<a@example.org>")
    for number in range(20):
        assert (await client.says(f"RCPT TO:<guess{number}@example.com>")).startswith("550 5.1.1")
    assert (await (await house.knock()).reply()).startswith("220")


@pytest.mark.parametrize(("argument", "told"), [
    ("ADDR=192.0.2.7", {"ADDR": "192.0.2.7"}),
    ("addr=IPv6:::ffff:192.0.2.7", {"ADDR": "192.0.2.7"}),
    ("NAME=[UNAVAILABLE] ADDR=[TEMPUNAVAIL]", {"NAME": "", "ADDR": ""}),
    ("NAME=a+2Bb", {"NAME": "a+b"}),
    ("PORT=25 DESTPORT=[UNAVAILABLE] SOURCE=remote", {"PORT": "25", "DESTPORT": "", "SOURCE": "remote"}),
    ("DESTADDR=192.0.2.256", None), ("PORT=smtp", None), ("SOURCE=MOON", None),
    ("NAME=a=b", None), ("=x", None), ("ADDR=fe80::1%eth0x/", None),
])  # fmt: skip
def test_attributes(argument: str, told: dict[str, str] | None) -> None:
    assert attributes(argument) == told
