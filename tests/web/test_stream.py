"""What happens is heard at once, by whom it concerns: server-sent events over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agents_house import HOST, AgentsHouse, Client, open_house

from gateway.store.database import Database
from gateway.web import stream


@pytest.fixture
async def house(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AgentsHouse]:
    monkeypatch.setattr(stream, "EVERY", 0.02)
    monkeypatch.setattr(stream, "SILENCE", 0.05)
    monkeypatch.setattr(stream, "STILL_HERE", 0.0)
    async with open_house(database, tmp_path) as house:
        yield house


class Ear:
    """Listens to one stream."""

    def __init__(self, reader: asyncio.StreamReader) -> None:
        self.reader = reader

    async def hears(self) -> Any:
        """The next event; None when the stream ended."""
        while line := await asyncio.wait_for(self.reader.readline(), 60):
            if line.startswith(b"data: "):
                return json.loads(line[6:])
        return None


async def listens(client: Client, path: str = "/events") -> Ear:
    reader, writer = await client.visitor.connects()
    fields = {"Host": HOST, **client.headers}
    head = f"GET {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(head.encode() + b"\r\n")
    status = await reader.readline()
    assert b" 200 " in status, status
    await reader.readuntil(b": hello\n\n")
    return Ear(reader)


async def test_a_mail_and_what_an_agent_does_are_heard(house: AgentsHouse) -> None:
    ear = await listens(await house.browser("minji"))
    request = await house.writes()
    event = await ear.hears()
    assert event == {"queue": request.queue, "waiting": 1, "overdue": 0, "changed": [request.number]}
    await house.acts.resolve(request.number, "minji")
    assert await ear.hears() == {**event, "waiting": 0}


async def test_a_program_listens_too_and_nobody_hears_of_queues_they_do_not_see(house: AgentsHouse) -> None:
    request = await house.writes()
    await house.employs("jisu", queues=("elsewhere",))
    mine, other = await listens(await house.program("minji", "read"), "/api/v1/events"), await listens(
        await house.program("jisu", "read"), "/api/v1/events")
    await house.acts.move(request.number, "minji", "third")
    assert {(await mine.hears())["queue"], (await mine.hears())["queue"]} == {request.queue, "third"}
    await house.acts.move(request.number, "minji", "elsewhere")
    assert (await other.hears())["queue"] == "elsewhere"


async def test_whoever_is_logged_out_hears_no_more(house: AgentsHouse) -> None:
    browser = await house.browser("minji")
    ear = await listens(browser)
    await house.staff.set_password("console", "minji", "another long password")
    assert await ear.hears() is None


async def test_streams_are_bounded_and_end_when_the_window_closes(house: AgentsHouse, monkeypatch: pytest.MonkeyPatch,
                                                                  ) -> None:
    monkeypatch.setattr(stream, "MOST_OF_ONE", 2)
    program = await house.program("minji")
    ears = [await listens(program, "/api/v1/events") for _ in range(2)]
    refused = await program.gets("/api/v1/events")
    assert (refused.status, refused.code) == (429, "crowded")
    draining = asyncio.create_task(house.window.drain())
    assert [await ear.hears() for ear in ears] == [None, None]
    await draining


async def test_a_stream_follows_what_its_listener_may_see(house: AgentsHouse) -> None:
    request = await house.writes()
    ear = await listens(await house.browser("minji"))
    await house.staff.change("console", "minji", queues=["third"])
    await house.acts.prioritise(request.number, "jisu", 5)
    await house.acts.move(request.number, "jisu", "third")
    assert (await ear.hears())["queue"] == "third"
