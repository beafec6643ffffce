"""DNS lists (RFC 5782) and greylisting (RFC 6647), both off unless config.toml says otherwise."""

from datetime import timedelta

import pytest
from smtp.house import CAPABILITIES, MAIL, NOON, SUPPORT, Client, House, Opening

from gateway.authentication.resolver import ZoneResolver
from gateway.desk.capability import Capability
from gateway.smtp.strangers import fault_of_client

ZONE = {
    "1.0.0.127.list.example": {"A": ["127.0.0.2"]},
    "7.2.0.192.list.example": {"A": ["127.0.0.10", "127.0.0.4"]},
    "8.2.0.192.list.example": {"A": ["127.255.255.254"]},
    "9.2.0.192.list.example": {"A": ["192.0.2.1"]},
    "10.2.0.192.list.example": {"A": ["127.0.0.1"]},
    "7.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.list.example": {"A": ["127.0.0.2"]},
}


@pytest.mark.parametrize(("ip", "is_listed"), [
    ("192.0.2.7", True), ("2001:db8::7", True), ("192.0.2.1", False), ("192.0.2.8", False), ("192.0.2.9", False),
   ("192.0.2.10", False), ("", False),
])  # fmt: skip
async def test_2_1_only_an_answer_in_127_means_listed(ip: str, is_listed: bool) -> None:
    reply = await fault_of_client(ip, ("empty.example", "list.example"), ZoneResolver(ZONE))
    assert (reply is not None) is is_listed
    assert reply is None or str(reply).startswith("550 5.7.1 Your server's address is on the list list.example;")


async def asked(client: Client, recipient: str, sender: str = "alice@example.org") -> str:
    await client.says("RSET")
    await client.says(f"MAIL FROM:<{sender}>")
    return await client.says(f"RCPT TO:<{recipient}>")


async def test_a_listed_client_reaches_postmaster_only_and_its_mail_has_a_row(open_house: Opening) -> None:
    house = await open_house(dnsbl=["list.example"], resolver=ZoneResolver(ZONE))
    client = await house.client()
    assert (await asked(client, SUPPORT)).startswith("550 5.7.1")
    assert (await asked(client, "postmaster")).startswith("250")
    assert (await asked(client, "abuse@example.com")).startswith("250")
    assert (await asked(client, "nobody@example.com")).startswith("550 5.1.1")
    assert house.intake.refusals.counts["550 5.7.1"] == 1


async def test_a_stranger_comes_again_and_is_known_from_then_on(open_house: Opening) -> None:
    now = NOON
    house: House = await open_house(greylist="5m", now=lambda: now)
    client = await house.client()
    assert (await asked(client, SUPPORT)).startswith("451 4.7.1")
    now += timedelta(minutes=4)
    assert (await asked(client, SUPPORT)).startswith("451 4.7.1")
    now += timedelta(minutes=1)
    assert (await asked(client, SUPPORT)).startswith("250")
    assert (await client.data(MAIL)).startswith("250")
    now += timedelta(hours=40)
    assert (await asked(client, SUPPORT, "Alice@Example.org")).startswith("250")
    assert (await asked(client, SUPPORT, "bob@example.org")).startswith("451 4.7.1")
    assert (await asked(client, "support+x@example.com")).startswith("451 4.7.1")
    now += timedelta(days=3)
    assert (await asked(client, SUPPORT)).startswith("451 4.7.1")


async def test_who_answers_a_letter_of_ours_does_not_wait(open_house: Opening) -> None:
    house = await open_house(greylist="5m")
    address = CAPABILITIES.address(Capability("reply", 31, 0), NOON)
    assert (await asked(await house.client(), address)).startswith("250")
    assert (await asked(await house.client(), "postmaster@example.com")).startswith("250")
