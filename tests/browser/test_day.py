"""The working day of an agent, from the login to the last answer."""

from collections.abc import Callable

from playwright.sync_api import expect
from town import Desk, Town


def test_an_agent_logs_in_and_a_mail_appears_by_itself(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("minji", "김민지")
    page = desk().logs_in("minji")
    expect(page.locator("h1")).to_have_text("전체 대기열")
    expect(page.locator(".empty")).to_contain_text("기다리는 문의가 없습니다")
    customer = town.world.customer("jihoon@shop.example.net", "박지훈")
    town.do(customer.writes("로그인이 안 됩니다", "어제부터 오류 1042가 나옵니다."))
    line = page.locator(".rows .line:not(.legend)")
    expect(line).to_have_count(1)
    expect(line).to_contain_text("로그인이 안 됩니다")
    expect(line).to_contain_text("박지훈")
    expect(page.locator("#rail")).to_contain_text("기술")
