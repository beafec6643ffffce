"""The whole way with a real Postfix on both sides: it delivers the customer's mail to us over STARTTLS, takes our
letters as the smarthost, and what it cannot deliver comes back to the request."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path

import pytest
from postfix import UNKNOWN, Postfix, relay
from world import PATIENCE, World

from gateway.models import Received, Request

pytestmark = pytest.mark.system


@pytest.fixture
async def postfix() -> AsyncIterator[Postfix]:
    """The customer's provider: hosts example.net, of which kim@ exists until she leaves."""
    postfix = Postfix({}, hostname="mx.example.net")
    await asyncio.to_thread(postfix.start)
    yield postfix
    await asyncio.to_thread(postfix.stop)


@pytest.fixture
async def world(postfix: Postfix, database_url: str, tmp_path: Path) -> AsyncIterator[World]:
    smarthost = {"smarthost": f"127.0.0.1:{postfix.port}", "starttls": "may"}
    async with World(tmp_path, database_url, delivery=smarthost).open() as world:
        world.zone.publish("example.net")
        await asyncio.to_thread(postfix.reroute, **{
            "example.com": relay(world.port), "kim@example.net": relay(world.office_port),
            "gone@example.net": UNKNOWN})
        yield world


async def writes(postfix: Postfix, sender: str, recipient: str = "support@example.com", **fields: str) -> None:
    """The customer's mail program hands a mail to Postfix; Postfix brings it to us."""
    headers = [word for name, value in fields.items() for word in ("--header", f"{name.replace('_', '-')}: {value}")]
    await asyncio.to_thread(postfix.swaks, "--from", sender, "--to", recipient, "--body",
                            "The app says error 1042 on both of my phones. What can I do?", *headers)


async def until(world: World, question: str) -> Request:
    """The one request, once it is in this state."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await world.settle()
            found = [each for each in await world.requests() if each.state == question]
            if found:
                return found[0]
            await asyncio.sleep(0)


async def bounces(world: World) -> list[Received]:
    """The notifications about acknowledgement and answer, once both are handled."""
    async with asyncio.timeout(PATIENCE):
        while True:
            await world.settle()
            found = [row for row in await world.received() if row.reverse_path == "" and row.state == "handled"]
            if len(found) == 2:
                return found


async def test_a_mail_by_postfix_is_answered_through_it_and_the_reply_joins(world: World, postfix: Postfix) -> None:
    await writes(postfix, "kim@example.net", Subject="Cannot log in")
    request = await until(world, "new")
    kept = (await world.received())[0]
    assert kept.tls
    assert request.identity == "verified-spf"
    customer = world.customer("kim@example.net")
    acknowledgement = await customer.receives()
    assert request.number in acknowledgement["Subject"]
    assert "mx.example.net (Postfix)" in str(acknowledgement["Received"])
    agent = world.agent("minji")
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    answer: EmailMessage = await customer.receives()
    await writes(postfix, "kim@example.net", str(answer["Reply-To"]), Subject=f"Re: {answer['Subject']}",
                 In_Reply_To=str(answer["Message-ID"]))
    assert (await until(world, "open")).number == request.number


async def test_what_postfix_cannot_deliver_comes_back_to_the_request(world: World, postfix: Postfix) -> None:
    await writes(postfix, "gone@example.net", Subject="Cannot log in")
    request = await until(world, "new")
    agent = world.agent("minji")
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    reports = await bounces(world)
    request = await until(world, "open")
    notes = [entry.text for entry in await world.conversation(request) if entry.kind == "note"]
    assert len([note for note in notes if "gone@example.net" in note and "5.1.1" in note]) == len(reports)
    assert {row.request_id for row in reports} == {request.id}
