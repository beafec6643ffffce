"""What the door does about what authentication found."""

import pytest
from smtp.house import House, Opening

from gateway.config import Authentication

ZONE = {
    "strict.example": {"TXT": ["v=spf1 -all"]},
    "_dmarc.strict.example": {"TXT": ["v=DMARC1; p=reject"]},
    "honest.example": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]},
    "_dmarc.honest.example": {"TXT": ["v=DMARC1; p=reject"]},
    "cautious.example": {"TXT": ["v=spf1 -all"]},
    "_dmarc.cautious.example": {"TXT": ["v=DMARC1; p=quarantine"]},
}


async def mail_from(house: House, domain: str) -> str:
    client = await house.client()
    await client.envelope(sender=f"a@{domain}")
    return await client.data(f"From: a@{domain}\r\nMessage-ID: <1@{domain}>\r\n\r\nHi\r\n".encode())


async def checking(open_house: Opening, **settings: str) -> House:
    return await open_house(authentication=Authentication(**settings), zone=ZONE)  # type: ignore[arg-type]


async def test_a_proven_sender_is_kept_with_the_proof(open_house: Opening) -> None:
    house = await checking(open_house)
    assert (await mail_from(house, "honest.example")).startswith("250 ")
    (row,) = await house.kept()
    assert (row.verdict["identity"], row.quarantined) == ("verified-spf", False)
    assert b"Authentication-Results: mx.example.com;" in (await house.contents())[0]


async def test_a_forged_sender_is_refused_and_nothing_kept(open_house: Opening) -> None:
    house = await checking(open_house)
    assert (await mail_from(house, "strict.example")).startswith("550 5.7.26")
    assert await house.kept() == []


async def test_a_doubtful_sender_is_kept_in_quarantine(open_house: Opening) -> None:
    house = await checking(open_house)
    assert (await mail_from(house, "cautious.example")).startswith("250 ")
    assert (await house.kept())[0].quarantined


async def test_policy_may_put_off(open_house: Opening) -> None:
    house = await checking(open_house, dmarc_reject="defer")
    assert (await mail_from(house, "strict.example")).startswith("451 4.7")
    assert await house.kept() == []


async def test_our_own_domain_from_outside_is_refused(open_house: Opening) -> None:
    house = await checking(open_house)
    assert (await mail_from(house, "example.com")).startswith("550 5.7.1")


@pytest.mark.parametrize("failure", [RuntimeError("a bug"), TimeoutError()])
async def test_a_check_that_breaks_loses_no_mail_and_earns_no_trust(
    open_house: Opening, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    async def broken(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr("gateway.smtp.hooks.check", broken)
    house = await checking(open_house)
    assert (await mail_from(house, "honest.example")).startswith("250 ")
    (row,) = await house.kept()
    assert (row.verdict["identity"], row.quarantined) == ("unknown", True)
