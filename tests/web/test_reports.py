"""The page of figures: true to the store, in both languages, for those who may see it, whatever the address says."""

import csv
import io
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from agents_house import AgentsHouse, open_house

from gateway.models import Request
from gateway.store.database import Database
from gateway.web import reports
from gateway.web.words import words


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[AgentsHouse]:
    async with open_house(database, tmp_path) as opened:
        yield opened


async def a_week(house: AgentsHouse) -> list[Request]:
    """Three requests on three days; the first answered after two hours and rated."""
    found = []
    for subject, text in (("Cannot log in", "The app says error 1042."), ("Refund", "I want a refund of my order."),
                          ("환불 문의", "결제한 이용권의 환불을 원합니다.")):
        found.append(await house.writes(text, subject))
        house.now += timedelta(hours=2)
        if len(found) == 1:
            await house.acts.say("answer", found[0].number, "minji", "Please install version 2.1.")
        house.now += timedelta(hours=22)
    return found


async def test_the_page_tells_what_came_in_and_how_soon_it_was_answered(house: AgentsHouse) -> None:
    await a_week(house)
    page = (await (await house.browser("boss", "supervisor")).gets("/reports")).text
    text = " ".join(re.sub(r"<[^>]*>", " ", page).split())
    assert "Requests 3" in text
    assert "First answer 2.0 h" in text
    assert "policy" in page.lower()
    for drawing in re.findall(r"<svg class=\"chart\".*?</svg>", page, re.DOTALL):
        assert ElementTree.fromstring(drawing) is not None
    assert page.count('class="chart"') == 3


@pytest.mark.parametrize(("language", "words"), [("en", "Requests that came in"), ("ko", "접수된 문의")])
async def test_the_page_speaks_the_agents_language(house: AgentsHouse, language: str, words: str) -> None:
    client = await house.browser("boss", "supervisor", language=language)
    assert words in (await client.gets("/reports")).text


async def test_where_nothing_came_in_no_empty_picture_is_drawn(house: AgentsHouse) -> None:
    page = (await (await house.browser("boss", "supervisor")).gets("/reports")).text
    assert "No request came in within this time." in page
    assert 'class="chart"' not in page


async def test_seldom_categories_are_drawn_together_and_told_each_by_itself(house: AgentsHouse) -> None:
    for number in range(9):
        request = await house.writes("It does not work.", f"Case {number}")
        await house.acts.categorise(request.number, "minji", f"kind{number}")
    page = (await (await house.browser("boss", "supervisor")).gets("/reports")).text
    key = re.findall(r'class="series-(\d)" width="10"[^>]*></svg>([^<]*)<', page)
    assert [name for _, name in key[:6]] == [*(f"kind{number}" for number in range(5)), "All others"]
    assert page.count(">kind8<") == 2


@pytest.mark.parametrize(("seconds", "told"), [
    (None, "–"), (0.0, "0 min"), (3540.0, "59 min"), (3600.0, "1.0 h"), (71.9 * 3600, "71.9 h"),
    (3 * 86_400.0, "3.0 d"), (1e9, "11,574.1 d"), (-60.0, "-1 min")])
def test_a_time_is_told_in_the_unit_that_suits_it(seconds: float | None, told: str) -> None:
    assert reports._lapse(words("en"), seconds) == told


async def test_the_table_can_be_taken_along(house: AgentsHouse) -> None:
    await a_week(house)
    answer = await (await house.browser("boss", "supervisor")).gets("/reports.csv?by=week")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert re.fullmatch(r'attachment; filename="frontdesk-[\d-]+\.csv"', answer.headers["content-disposition"])
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))
    (whole,) = [row for row in rows if (row["period"], row["category"]) == ("all", "all")]
    assert (whole["requests"], whole["answered"], whole["first_answer_median"]) == ("3", "1", "7200.0")


async def test_an_agent_without_the_right_sees_no_figures(house: AgentsHouse) -> None:
    client = await house.browser("kim")
    assert (await client.gets("/reports")).status == 403
    assert (await client.gets("/reports.csv")).status == 403


async def test_who_sees_one_queue_sees_its_figures_only(house: AgentsHouse) -> None:
    first, *_ = await a_week(house)
    client = await house.browser("boss", "supervisor", queues=(first.queue,))
    rows = list(csv.DictReader(io.StringIO((await client.gets("/reports.csv")).body.decode("utf-8-sig"))))
    mine = [each for each in await house.requests() if each.queue == first.queue]
    assert rows[-1]["requests"] == str(len(mine))
    assert len(mine) < 3


@pytest.mark.parametrize("query", [
    "", "?first=2026-11-01", "?first=x&last=y&by=z", "?first=2030-01-01&last=2020-01-01", "?first=0001-01-01",
    "?last=9999-12-31", "?first=1990-01-01&last=2026-11-23&by=day", "?first=2026-11-23&last=2026-11-23&by=month",
    "?first=%00&last=%ff", "?first=2026-W01-1", "?by=week&by=day", "?first=20261101",
])  # fmt: skip
async def test_any_address_is_a_page(house: AgentsHouse, query: str) -> None:
    client = await house.browser("boss", "auditor")
    for path in ("/reports", "/reports.csv"):
        assert (await client.gets(path + query)).status == 200


async def test_words_are_looked_for_again_after_some_minutes_and_for_each_who_sees_other_queues(
        house: AgentsHouse) -> None:
    for _ in range(4):
        await house.writes("Cannot log in.", "Log in")
    house.now += timedelta(days=10)
    browsers = [await house.browser("boss", "supervisor"), await house.browser("lee", "supervisor", queues=("none",))]
    seen = []
    for writes in (True, True, False, False):
        for _ in range(4 * writes):
            await house.writes("Where is my parcel?", "Parcel")
        page, others = [(await each.gets("/reports")).text for each in browsers]
        assert ">parcel<" not in others
        seen.append(re.findall(r">parcel</bdi></a></th><td class=\"n\">(\d)", page))
        house.now += timedelta(minutes=2)
    assert seen == [["4"], ["4"], ["4"], ["8"]]


async def test_hostile_words_of_customers_are_words_on_the_page(house: AgentsHouse) -> None:
    for _ in range(4):
        await house.writes("Where is my parcel?", "Parcel")
    house.now += timedelta(days=10)
    for _ in range(4):
        await house.writes("<img src=x onerror=alert(1)>쿠폰쿠폰\u202e", "<script>alert(1)</script>")
    page = (await (await house.browser("boss", "supervisor")).gets("/reports")).text
    assert "<img" not in page
    assert "<script>alert" not in page
    assert "쿠폰쿠폰" in page
