"""The API as programs use it: over real sockets, with tokens, before a desk on a real database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from agents_house import AgentsHouse, Client, open_house

from gateway.store.database import Database, connect


@pytest.fixture
async def both(database: Database, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    """An open house on a database of each kind."""
    async with open_house(database, tmp_path) as house:
        yield house


@pytest.fixture
async def house(migrated: Path, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    """An open house on SQLite."""
    path = tmp_path / "frontdesk.db"
    path.write_bytes(migrated.read_bytes())  # noqa: ASYNC240
    database = connect(f"sqlite:///{path}")
    async with open_house(database, tmp_path) as house:
        yield house
    await database.close()


async def says(program: Client, number: str, **more: Any) -> Any:
    seen = (await program.gets(f"/api/v1/requests/{number}")).json["seen"]
    wish = {"kind": "answer", "text": "Please try again.", "seen": seen, **more}
    headers = {name: wish.pop(name) for name in ("Idempotency_Key",) if name in wish}
    return await program.posts(f"/api/v1/requests/{number}/entries", wish, **headers)


# ---- a day's work --------------------------------------------------------------------------------------------------


async def test_a_program_takes_reads_answers_and_resolves(both: AgentsHouse) -> None:
    request = await both.writes()
    program = await both.program("minji")
    queues = (await program.gets("/api/v1/queues")).json["items"]
    assert [(each["queue"], each["waiting"]) for each in queues] == [(request.queue, 1)]
    listed = (await program.gets("/api/v1/requests?words=1042")).json
    assert [each["number"] for each in listed["items"]] == [request.number]
    assert listed["items"][0]["identity"]["level"] == "verified-dkim"
    taken = await program.posts("/api/v1/requests/next", {})
    assert (taken.status, taken.json["owner"], taken.json["state"]) == (200, "minji", "open")
    said = await says(program, request.number)
    assert (said.status, said.json["kind"], said.json["author"]) == (201, "answer", "minji")
    assert (await both.letters())[-1].recipient == "kim@example.org"
    resolved = await program.posts(f"/api/v1/requests/{request.number}/resolve", If_Match=said.headers["etag"])
    assert (resolved.status, resolved.json["state"]) == (200, "resolved")
    history = (await program.gets(f"/api/v1/requests/{request.number}/history")).json["items"]
    assert "minji" in {each["who"] for each in history}
    assert (await program.posts("/api/v1/requests/next")).status == 204
