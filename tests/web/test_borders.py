"""Who sees some queues only, may only read, or was narrowed meanwhile, gets no further by any way round."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from agents_house import AgentsHouse, open_house

from gateway.models import Upload
from gateway.store.database import Database

API = "/api/v1"


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    async with open_house(database, tmp_path) as house:
        yield house


async def test_figures_are_of_the_queues_one_sees(house: AgentsHouse) -> None:
    await house.writes()
    path = f"{API}/reports?since=2026-01-01&until=2026-12-31"
    all_of_them = await house.program("minji", role="supervisor")
    some = await house.program("jisu", role="supervisor", queues=("elsewhere",))
    assert (await all_of_them.gets(path)).json["items"] != []
    assert (await some.gets(path)).json["items"] == []


async def test_a_token_without_the_scope_admin_revokes_none(house: AgentsHouse) -> None:
    reader, whole = await house.program("minji", "read"), await house.program("minji")
    for each in (await whole.gets(f"{API}/tokens")).json["items"]:
        assert (await reader.asks("DELETE", f"{API}/tokens/{each['id']}")).code == "forbidden"
    assert (await whole.gets(f"{API}/me")).status == 200


async def test_whoever_only_reads_leaves_no_file(house: AgentsHouse) -> None:
    request = await house.writes()
    browser = await house.browser("minji", role="auditor")
    body = (b'--x\r\nContent-Disposition: form-data; name="kind"\r\n\r\nanswer\r\n'
            b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\nxxxx\r\n--x--\r\n')
    for act in ("say", "draft"):
        answer = await browser.asks("POST", f"/requests/{request.number}/{act}", body,
                                    Content_Type="multipart/form-data; boundary=x")
        assert answer.status == 403
    assert await house.all(Upload) == []


async def test_a_category_that_an_agent_made_up_is_no_formula_in_a_spreadsheet(house: AgentsHouse) -> None:
    request = await house.writes()
    await house.acts.categorise(request.number, "jisu", "=HYPERLINK(A1)")
    table = (await (await house.browser("minji", role="supervisor")).gets("/reports.csv")).text
    assert ",'=HYPERLINK(A1)," in table
    assert ",=" not in table
