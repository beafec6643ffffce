"""Senders whose name servers hang hold up themselves and nobody else."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from statistics import median

import pytest
from smtp.house import House, Opening
from wire_dns import wire_server

from gateway.authentication.resolver import DnsResolver
from gateway.config import Authentication

ZONE = {"well.example": {"TXT": ["v=spf1 ip4:127.0.0.1 -all"]}}
TRY, TRIES, WAITING = 0.75, 2, 20
AT_ONCE = 0.75
"""Seconds: well below what one hung question takes, well above the naps of a busy machine."""


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with wire_server(ZONE) as address:
        yield address


@pytest.fixture
async def house(open_house: Opening, server: str) -> AsyncIterator[House]:
    resolver = DnsResolver([server], timeout=TRY, tries=TRIES)
    yield await open_house(authentication=Authentication(), resolver=resolver, connections_per_client=100)
    await resolver.close()


async def comes(house: House, domain: str) -> tuple[str, float]:
    """The reply to a mail of the domain, and the seconds from the end of data to it."""
    client = await house.client()
    await client.envelope(sender=f"a@{domain}")
    began = time.monotonic()
    reply = await client.data(f"From: a@{domain}\r\nMessage-ID: <1@{domain}>\r\n\r\nHi\r\n".encode())
    return reply, time.monotonic() - began


@pytest.mark.parametrize("manner", ["hung", "garbage", "tcp-hung", "slow-beyond", "servfail"])
async def test_a_sender_with_sick_dns_does_not_delay_another(house: House, manner: str) -> None:
    sick = [asyncio.ensure_future(comes(house, f"d{number}.{manner}.sick.example")) for number in range(WAITING)]
    await asyncio.wait(sick, timeout=0.1)
    healthy = [await comes(house, "well.example") for _ in range(3)]
    assert [reply[:4] for reply, _ in healthy] == ["250 "] * 3
    assert median(seconds for _, seconds in healthy) < AT_ONCE
    for reply, seconds in await asyncio.gather(*sick):
        assert reply.startswith("451 4.7.0 DNS does not answer for ")
        assert seconds < 2 * TRY * TRIES + 5 * AT_ONCE
    assert {row.verdict["identity"] for row in await house.kept()} == {"verified-spf"}
