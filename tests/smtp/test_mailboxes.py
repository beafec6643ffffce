"""Whom mail is taken for. Nothing is relayed, and nobody learns which capability was once good."""

from datetime import timedelta

import pytest
from smtp.house import CAPABILITIES, NOON, House, Opening

from gateway.desk.capability import Capability, Purpose

UNKNOWN = "550 5.1.1 No such mailbox here"


async def asked(house: House, recipient: str) -> str:
    client = await house.client()
    await client.says("MAIL FROM:<alice@example.org> SMTPUTF8")
    return await client.says(f"RCPT TO:<{recipient}>")


@pytest.mark.parametrize("recipient", [
    "support@example.com", "SUPPORT@Example.COM", "support+billing@example.com", '"support"@example.com',
    "@relay.example:support@example.com", "help@example.net", "help+x@example.net",
    "postmaster", "PostMaster", "postmaster@example.com", "abuse@example.net", "Abuse@example.com",
    "postmaster@mx.example.com", "support+round.trip@example.com", "support+re.my.bill@example.com",
    "postmaster@[127.0.0.1]", "support@[127.0.0.1]",
])  # fmt: skip
async def test_ours(open_house: Opening, recipient: str) -> None:
    house = await open_house(site={"support": ("support@example.com", "help@example.net")})
    assert (await asked(house, recipient)).startswith("250 2.1.5")


@pytest.mark.parametrize("recipient", [
    "nobody@example.com", "support@example.org", "support@sub.example.com", "help@example.com",
    "support@mx.example.com",
    "postmaster@example.org", "abuse", "support%example.org@example.com", "supportx@example.com", "+x@example.com",
    "bounce@example.com", "bounce+x@example.com", "support@[127.0.0.2]", "nobody@[127.0.0.1]",
    '"support@example.com"@example.org',
    '"support "@example.com', "root@localhost", "suppört@example.com",
])  # fmt: skip
async def test_not_ours(open_house: Opening, recipient: str) -> None:
    house = await open_house(site={"support": ("support@example.com", "help@example.net")})
    reply = await asked(house, recipient)
    if recipient == "abuse":
        assert reply == "501 5.1.3 The recipient's address is malformed"
    else:
        is_here = recipient.rpartition("@")[2] in ("example.com", "example.net", "mx.example.com", "[127.0.0.1]")
        assert reply == (UNKNOWN if is_here else "550 5.7.1 Mail for that domain is not taken here; nothing is relayed")


@pytest.mark.parametrize("purpose", ["reply", "bounce", "verify", "rate"])
async def test_a_capability_opens_until_it_expires(house: House, purpose: Purpose) -> None:
    capability = Capability(purpose, 31, 5 if purpose == "rate" else 0)
    good = CAPABILITIES.address(capability, NOON)
    assert (await asked(house, good)).startswith("250 2.1.5")
    assert (await asked(house, good.upper())).startswith("250 2.1.5")
    forged = good.replace("@", "")[:-12] + ("b" if good[-13] == "a" else "a") + "@example.com"
    short, long = good.replace("@", "")[:-14] + "@example.com", good.replace("@", "a@")
    for bad in (short, long):
        assert await asked(house, bad) == UNKNOWN
    # A wrong, an expired and a used one-time address get one and the same answer.
    assert (await asked(house, forged)).startswith("250") == (purpose == "verify")
    old = await asked(house, CAPABILITIES.address(capability, NOON - timedelta(days=300)))
    assert old.startswith("250") if purpose in ("reply", "verify") else old == UNKNOWN


async def test_a_recipient_named_twice_is_one(house: House) -> None:
    client = await house.client()
    await client.envelope("support@example.com")
    await client.says("RCPT TO:<SUPPORT@example.com>")
    await client.data(b"Subject: x\r\n\r\n")
    assert (await house.kept())[0].recipients == ["support@example.com"]
