"""Pictures of the agents' desk for docs/screenshots: a small world on one morning, Korean in light colours and English
in dark ones, wide and narrow. `make screenshots` runs it; look at each before it is committed.
"""

import tempfile
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright
from town import Desk, Town, launch

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
SIZES = {"wide": {"width": 1440, "height": 900}, "narrow": {"width": 390, "height": 844}}
LOOKS = (("ko", "light"), ("en", "dark"))
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
    with tempfile.TemporaryDirectory() as folder, Town(Path(folder)).open() as town, sync_playwright() as playwright:
        number = live(town)
        browser = launch(playwright)
        for language, theme in LOOKS:
            draw(browser, town, number, language, theme)
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
    town.do(town.world.agent("minji").acts.claim(number, "minji"))
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


def draw(browser: Browser, town: Town, number: str, language: str, theme: str) -> None:
    for name, size in SIZES.items():
        desk = Desk(browser, town, viewport=size, color_scheme=theme, device_scale_factor=1)
        page = desk.logs_in("minji" if language == "ko" else "minji-en")
        page.evaluate("document.fonts.ready")
        page.screenshot(path=FOLDER / f"queue-{language}-{theme}-{name}.png")
        page.goto(f"/requests/{number}#entry-1")
        page.screenshot(path=FOLDER / f"request-{language}-{theme}-{name}.png", full_page=name == "narrow")
        desk.leaves()




if __name__ == "__main__":
    main()
