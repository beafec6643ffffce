"""The customer's page over a real window, desk and database: GET asks, POST proves, and every POST gets one answer."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from desk_house import House
from visitor import Visitor
from world import World, body

from gateway.desk.capability import Capability
from gateway.models import Request
from gateway.store.database import Database


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


@pytest.fixture
async def visitor(house: House, opened: Callable[..., Any]) -> Any:
    return await opened(house.acts)


async def asked(house: House) -> tuple[Request, str]:
    """A request about an account, and the path of the link that its letter carries."""
    request = await house.writes("제 계정을 탈퇴하고 개인정보를 모두 삭제해 주세요.", "개인정보 삭제 요청")
    asking = (await house.verifications())[-1]
    lifetime = asking.expires_at - asking.asked_at
    token = house.desk.office.capabilities.token(Capability("verify", asking.id or 0), asking.asked_at, lifetime)
    return request, f"/v/{token}"


async def verification(house: House, request: Request) -> str:
    return (await house.request(request.number)).verification


async def test_following_the_link_proves_nothing_and_pressing_the_button_does(house: House, visitor: Any) -> None:
    request, path = await asked(house)
    before = len(await house.history())
    for method in ("GET", "HEAD", "PUT", "OPTIONS", "DELETE", "GET"):
        await visitor.asks(method, path)
    assert await verification(house, request) == "asked"
    assert len(await house.history()) == before
    answer = await visitor.presses(path)
    assert answer.status == 200
    assert await verification(house, request) == "verified"


async def test_a_good_a_used_a_wrong_an_expired_and_no_token_get_the_same_octets(house: House, visitor: Any) -> None:
    _, good = await asked(house)
    _, late = await asked(house)
    wrong = good[:-1] + ("a" if good[-1] != "a" else "b")
    answers = [await visitor.presses(path) for path in (good, good, wrong, "/v/", "/v/x", "/v/%00%ff%2f", "/v/a/b")]
    house.now += timedelta(days=9)
    answers += [await visitor.presses(late), await visitor.presses(late)]
    for answer in answers:
        answer.headers.pop("date")
    assert all(answer == answers[0] for answer in answers)
    assert answers[0].status == 200


async def test_the_question_is_the_same_octets_whatever_the_token(house: House, visitor: Any) -> None:
    _, good = await asked(house)
    pages = [await visitor.opens(path) for path in (good, good[:-1], "/v/x", "/v/" + "x" * 900)]
    await visitor.presses(good)
    pages.append(await visitor.opens(good))
    assert {page.status for page in pages} == {200}
    assert len({page.body for page in pages}) == 1


async def test_a_link_that_is_pressed_too_late_leaves_the_request_unproven(house: House, visitor: Any) -> None:
    request, path = await asked(house)
    house.now += timedelta(days=3)
    await visitor.presses(path)
    await house.desk.settle()
    assert await verification(house, request) == "expired"


async def test_the_link_of_a_korean_letter_leads_to_a_korean_page_that_proves_the_customer(tmp_path: Path) -> None:
    web = {"listen": "127.0.0.1:0", "url": "https://desk.example.com"}
    async with World(tmp_path, "sqlite", web=web).open() as world:
        customer = world.customer("minsu@hanbit.example", "김민수")
        await customer.writes("회원 탈퇴", "제 계정을 탈퇴하고 개인정보를 모두 삭제해 주세요.")
        link = re.search(r"https://desk\.example\.com(/v/\S+)", body(await customer.receives()))
        assert link
        assert world.service.window
        visitor = Visitor(world.service.window)
        assert "직접 문의하셨나요?" in (await visitor.opens(link[1])).body.decode()
        assert (await world.request()).verification == "asked"
        answer = await visitor.presses(link[1], Origin="https://desk.example.com")
        assert "감사합니다" in answer.body.decode()
        assert (await world.request()).verification == "verified"
        visitor.leaves()
