"""Whether everybody can use the pages (WCAG 2.2 AA, by axe-core), at any width, in both languages and colours; how
heavy they are; and that nothing jumps while they are drawn."""

import re
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from town import Desk, Town

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
HEAVIEST = 100_000
"""Octets of a first visit, everything with it."""
JUMPED = """() => new Promise((done) => new PerformanceObserver((list, observer) => { observer.disconnect();
  done(list.getEntries().filter((each) => !each.hadRecentInput).reduce((sum, each) => sum + each.value, 0)) })
  .observe({type: 'layout-shift', buffered: true}) || setTimeout(() => done(0), 300))"""


@cache
def axe() -> str:
    return files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """What axe finds wrong: rule, and the elements."""
    page.evaluate(axe())
    found: dict[str, Any] = page.evaluate("(rules) => axe.run({runOnly: rules, iframes: false})", RULES)  # type: ignore[misc]
    return [f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
            for each in found["violations"] for node in each["nodes"][:3]]


@pytest.fixture(scope="module")
def busy(town: Town) -> Town:
    """A town in which something of everything has happened."""
    customer = town.world.customer("jihoon@shop.example.net", "박지훈", policy="none")
    files = (("영수증.pdf.exe", b"MZ1"), ("a.txt", b"x"))
    town.do(customer.writes("결제가 두 번 되었어요", "환불해 주세요.", attachments=files))
    letter = town.do(customer.receives())
    town.do(customer.replies(letter, "빨리 부탁드려요."))
    number = town.do(town.world.requests())[0].number
    town.world.zone["shop.example.net"]["TXT"] = ["v=spf1 -all"]
    town.do(town.world.forger("jihoon@shop.example.net").writes(f"Re: [{number}] 계좌 변경", "계좌를 바꿔 주세요."))
    town.do(town.world.customer("bob@example.org", "Bob").writes("Cannot log in", "Error 1042 since yesterday."))
    acts = town.world.agent("hana").acts
    town.do(acts.claim(number, "hana"))
    town.do(acts.say("note", number, "hana", "결제팀에 확인함"))
    town.do(acts.say("question", number, "hana", "카드 번호 끝자리를 알려 주세요."))
    for language in ("ko", "en"):
        town.employs(f"look-{language}", language=language)
    return town


@pytest.mark.parametrize(("width", "language", "theme"), [
    (360, "ko", "light"), (360, "en", "dark"), (768, "ko", "dark"), (1440, "en", "light"), (1440, "ko", "dark")])
def test_everybody_can_use_every_page(busy: Town, desk: Callable[..., Desk], width: int, language: str,
                                      theme: str) -> None:
    browser = desk(viewport={"width": width, "height": 800}, color_scheme=theme)
    page = browser.page
    page.goto("/login")
    found = faults(page)
    browser.logs_in(f"look-{language}")
    numbers = [each.number for each in busy.do(busy.world.requests())][:4]
    pages = ["/", "/?words=zzz", *(f"/requests/{number}" for number in numbers), f"/requests/{numbers[0]}/history",
             "/reports", "/nowhere", "/password"]
    for path in pages:
        page.goto(path)
        page.evaluate("document.querySelectorAll('main details').forEach((each) => { each.open = true; })")
        found += [f"{path}: {each}" for each in faults(page)]
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert not found, "\n".join(found)
    assert page.evaluate("document.documentElement.lang") == language


def test_colours_and_language_are_the_agents_choice(busy: Town, desk: Callable[..., Desk]) -> None:
    page = desk(color_scheme="light").logs_in("look-ko")
    paper = page.locator("body")
    expect(paper).to_have_css("background-color", "rgb(243, 242, 238)")
    page.get_by_role("button", name="어두운 화면").click()
    expect(paper).to_have_css("background-color", "rgb(20, 22, 26)")
    page.get_by_role("button", name="밝은 화면").click()
    page.get_by_role("button", name="시스템 설정에 따름").click()
    expect(paper).to_have_css("background-color", "rgb(243, 242, 238)")
    page.get_by_role("button", name="Switch to English").click()
    expect(page.locator("h1")).to_have_text("All queues")
    page.get_by_role("button", name="한국어로 보기").click()
    expect(page.locator("h1")).to_have_text("전체 대기열")


def test_a_first_visit_is_light_and_nothing_jumps(busy: Town, desk: Callable[..., Desk]) -> None:
    browser = desk(viewport={"width": 1280, "height": 800})
    browser.logs_in("look-ko")
    number = busy.do(busy.world.requests())[0].number
    customer = busy.world.stranger("many@example.net", "여러 번 쓰는 고객")
    for n in range(50):
        busy.do(customer.writes(f"{n}번째 주문의 배송이 언제 되는지 알고 싶습니다", "아직 오지 않았습니다."))
    for path in ("/", f"/requests/{number}"):
        browser.page.goto("about:blank")  # a list that still asks again is not the next page's weight
        wire = browser.context.new_cdp_session(browser.page)
        wire.send("Network.enable")
        wire.send("Network.clearBrowserCache")
        octets: dict[str, int] = {}
        wire.on("Network.loadingFinished",
                lambda told, octets=octets: octets.update({told["requestId"]: told["encodedDataLength"]}))
        wire.on("Network.requestWillBeSent",  # what the page's script asks for later
                lambda told, later=(later := set()): later.add(told["requestId"]) if told["type"] == "Fetch" else None)
        browser.page.goto(path, wait_until="load")
        browser.page.wait_for_function("document.querySelector('#live') && window.htmx")
        assert path != "/" or browser.page.locator(".rows .line").count() == 51
        weight = sum(size for each, size in octets.items() if each not in later)
        assert 20_000 < weight < HEAVIEST, f"{path}: {weight} octets"
        print(f"{path}: {weight} octets")
        assert browser.page.evaluate(JUMPED) < 0.01
        wire.detach()


def test_the_desk_moves_nothing_for_who_wants_no_motion(busy: Town, desk: Callable[..., Desk]) -> None:
    page = desk(reduced_motion="reduce").logs_in("look-ko")
    assert page.locator(".rows .line").nth(1).evaluate("each => getComputedStyle(each).transitionDuration") == "0s"
    page.evaluate("document.querySelectorAll('.rows .line').forEach((each) => each.classList.add('arrived'))")
    assert page.locator(".rows .line").nth(1).evaluate("each => getComputedStyle(each).animationName") == "none"


def test_every_reason_is_told_in_the_agents_language(busy: Town, desk: Callable[..., Desk]) -> None:
    page = desk().logs_in("look-ko")
    for request in busy.do(busy.world.requests())[:4]:
        page.goto(f"/requests/{request.number}/history")
        whys = page.locator("tbody td:last-child").all_inner_texts()
        assert len(whys) > 3
        assert [each for each in whys if each and not re.search("[가-힣]", each)] == []
        page.goto(f"/requests/{request.number}")
        whole = page.locator(".side").inner_text()
        assert not re.search(r"\b(?:signed|mail|domain|server|letter)\b", whole), whole
