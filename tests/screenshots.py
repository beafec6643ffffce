"""Pictures of the agents' desk for docs/screenshots: a small world on one morning, Korean in light colours and English
in dark ones, wide and narrow. `make screenshots` runs it; look at each before it is committed.
"""

import re
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from town import Desk, Town, launch
from world import body

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 360, "height": 780}}
LOOKS = (("ko", "light"), ("en", "dark"))
ROOMS: dict[str, dict[str, Any]] = {
    "web": {"listen": "127.0.0.1:0", "url": "https://help.example.com"},
    "agents": {"url": "http://127.0.0.1:8026", "oidc": {"issuer": "https://login.example.com", "client_id": "desk"}},
}
LINK = re.compile(r"https://help\.example\.com(/r/[^\s?]+)")
RECEIPT = b"\x89PNG\r\n\x1a\n" + bytes(28_000)
MAILS: tuple[tuple[int, str, str, str, str], ...] = (
    (52, "yerin@haneul.example.org", "문예린", "세금계산서 발행 문의", "지난달 결제분의 세금계산서를 받고 싶습니다."),
    (31, "seoyeon@byeol.example.org", "김서연", "로그인이 안 됩니다 (오류 1042)",
     "어제 저녁부터 앱에 로그인이 되지 않습니다.\n비밀번호를 바꿔도 같은 오류가 나옵니다."),
    (9, "alice@shop.example.net", "Alice Example", "Refund for order 88-1290",
     "I was charged twice for order 88-1290 and nobody answers the phone.\nPlease refund one of the payments."),
    (8, "jihoon@nuri.example.org", "박지훈", "결제가 두 번 되었어요. 오늘 안에 환불 부탁드립니다", """안녕하세요.

어제 주문하면서 카드 결제가 두 번 되었습니다. 카드사에서는 가맹점에 문의하라고 합니다.
주문 번호는 88-1290이고 결제 내역 화면을 첨부합니다.

https://shop.example.net/orders/88-1290

오늘 안에 환불 부탁드립니다.
박지훈 드림"""),
    (6, "bob@mueller.example.net", "Bob Müller", "App crashes after the update", "Now the app crashes at start."),
    (5, "haeun@maru.example.org", "최하은", "회원정보의 전화번호를 바꾸고 싶습니다", "번호가 바뀌었습니다."),
    (3, "doyoon@sol.example.org", "이도윤", "동영상이 중간에 멈춥니다", "와이파이에서도 1분마다 멈춥니다."),
    (2, "minseo@gaon.example.org", "정민서", "배송지를 바꿀 수 있나요?", "배송지를 회사로 바꾸고 싶습니다."),
    (1, "chaewon@bora.example.org", "윤채원", "쿠폰이 적용되지 않아요", "첫 구매 쿠폰을 넣었는데 할인되지 않습니다."),
)
"""Hours ago, address, name, subject, text."""
FILES = {MAILS[3][3]: (("결제내역.png", RECEIPT), ("영수증.pdf.exe", b"MZ" + bytes(9_000)))}
"""By subject: what comes along."""


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with (tempfile.TemporaryDirectory() as folder, Town(Path(folder), **ROOMS).open() as town,
          sync_playwright() as playwright):
        number, browser = live(town), launch(playwright)
        link = visit(town)
        for language, theme in LOOKS:
            draw(browser, town, number, link, language, theme)
        browser.close()


def live(town: Town) -> str:
    """What came and what was done on that morning; the number of the request that is shown."""
    for language, name in (("ko", "김민지"), ("en", "Minji Kim")):
        town.employs(f"minji-{language}" if language == "en" else "minji", name, language=language)
    town.employs("junho", "이준호")
    morning = town.world.clock.now
    for hours, address, name, subject, text in MAILS:
        town.world.clock.now = morning - timedelta(hours=hours)
        town.do(town.world.customer(address, name).writes(subject, text, attachments=FILES.get(subject, ())))
    town.world.clock.now = morning - timedelta(hours=7)
    number = talk(town, "박지훈", "jihoon@nuri.example.org")
    town.do(town.world.stranger("who@offers.example.net").writes("invoice", "See the attached invoice."))
    town.world.clock.now = morning
    town.do(town.world.settle())
    return number


def talk(town: Town, name: str, address: str) -> str:
    acts, requests = town.world.agent("minji").acts, town.do(town.world.requests())
    number = next(each.number for each in requests if "두 번" in each.subject)
    others = {each.subject: each.number for each in requests}
    town.do(acts.claim(number, "minji"))
    text = "불편을 드려 죄송합니다. 결제하신 카드의 마지막 네 자리와 두 결제의 승인 시각을 알려 주시겠어요?"
    town.do(acts.say("question", number, "minji", text))
    town.do(acts.say("note", number, "minji", "결제팀 확인: 승인 두 건 중 한 건은 취소 가능. 회신이 오면 바로 처리."))
    town.do(acts.say("answer", others["세금계산서 발행 문의"], "junho", "발행해 드렸습니다."))
    customer = town.world.customer(address, name)
    town.world.clock.now += timedelta(hours=4)
    town.do(town.world.settle())
    letter = town.do(customer.mailbox())[-1]
    town.do(customer.replies(letter, "끝자리는 4821이고 20:14, 20:15입니다. 빨리 부탁드려요!"))
    return number


def visit(town: Town) -> str:
    """The link of a customer whose request is answered."""
    customer = town.world.customer("yerin@haneul.example.org", "문예린")
    letter = next(each for each in town.do(customer.mailbox()) if LINK.search(body(each)))
    found = LINK.search(body(letter))
    assert found
    assert town.world.service.window
    return f"http://127.0.0.1:{town.world.service.window.addresses[0][1]}{found[1]}"


def draw(browser: Browser, town: Town, number: str, link: str, language: str, theme: str) -> None:
    agent = "minji" if language == "ko" else "minji-en"
    town.do(town.world.agent(agent).acts.claim(number, agent, True))
    for name, size in SIZES.items():
        desk = Desk(browser, town, locale=language, viewport=size, color_scheme=theme, device_scale_factor=1)
        page, full = desk.page, name == "narrow"

        def picture(what: str, is_full: bool = False, page: Page = page, name: str = name) -> None:
            page.evaluate("document.fonts.ready")
            page.screenshot(path=FOLDER / f"{what}-{language}-{theme}-{name}.png", full_page=is_full)

        page.goto("/login")
        picture("login")
        desk.logs_in(agent)
        picture("queue")
        page.goto(f"/requests/{number}#entry-1")
        picture("request", full)
        preview(page, language)
        picture("preview")
        page.goto("/reports")
        picture("reports", full)
        page.goto(f"{link}?l={language}")
        picture("customer", full)
        desk.leaves()


def preview(page: Page, language: str) -> None:
    """The letter before it goes out."""
    page.fill("#text", {"ko": "두 번째 결제를 취소했습니다. 3일 안에 카드사에 반영됩니다.",
                        "en": "We have cancelled the second payment. Your bank shows it within three days."}[language])
    page.click("[value=preview]")
    page.frame_locator("#preview iframe").locator("body").wait_for()
    page.locator("#preview").evaluate("(it) => it.scrollIntoView({block: 'start'})")


if __name__ == "__main__":
    main()
