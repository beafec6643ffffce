"""The working day of agents at their browsers, with real mails over SMTP: from the login to the last answer."""

from collections.abc import Callable
from datetime import timedelta

from playwright.sync_api import FilePayload, Locator, Page, Route, expect
from sqlalchemy import func, select
from town import PASSWORD, PATIENCE, Desk, Town
from world import Customer, body

from gateway.models import Upload, columns


def lines(page: Page) -> Locator:
    return page.locator(".rows .line:not(.legend)")


def opens(page: Page, subject: str) -> None:
    page.get_by_role("link", name=subject).first.click()
    expect(page.locator("h1")).to_have_text(subject)
    page.wait_for_load_state()


def writes(page: Page, kind: str, text: str) -> None:
    page.locator(f"#write label:has([value={kind}])").click()
    page.fill("#text", text)
    page.click("#send")


def named(name: str, content: bytes = b"hello") -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def hears_nothing(page: Page) -> None:
    """What happens meanwhile must not lead this page to the login before its agent does something."""
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=""))


def somebody(town: Town, name: str, address: str) -> Customer:
    return town.world.customer(address, name)


def test_an_agent_logs_in_and_a_mail_appears_by_itself(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("minji", "김민지")
    page = desk().logs_in("minji")
    expect(page.locator("h1")).to_have_text("전체 대기열")
    expect(page.locator(".empty")).to_contain_text("기다리는 문의가 없습니다")
    town.do(somebody(town, "박지훈", "jihoon@shop.example.net").writes("로그인이 안 됩니다", "오류 1042가 나옵니다."))
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("박지훈")
    expect(lines(page).locator(".sure")).to_have_attribute("title", "서명 확인")
    expect(page.locator("#rail")).to_contain_text("기술")


def test_what_came_before_the_page_could_listen_is_not_missed(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("iseul", "한이슬")
    customer, browser = somebody(town, "곽", "kwak@thirteenth.example.net"), desk()
    page = browser.logs_in("iseul")

    def late(route: Route) -> None:
        town.do(customer.writes("늦지 않은 문의", "방금 보냈습니다."))
        route.continue_()

    page.route("**/events", late, times=1)
    page.goto("/")
    expect(lines(page).filter(has_text="늦지 않은 문의")).to_have_count(1)


def test_a_page_whose_scripts_come_late_listens_all_the_same(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("bora", "윤보라")
    customer, browser = somebody(town, "천", "cheon@fourteenth.example.net"), desk()
    page = browser.logs_in("bora")
    waiting: list[Route] = []
    page.route("**/hx-sse.min.js", lambda route: waiting.append(route))
    page.goto("/", wait_until="commit")
    while not (waiting and page.evaluate("() => 'htmx' in window")):
        page.wait_for_timeout(20)
    page.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    waiting[0].continue_()
    town.do(customer.writes("늦게 온 스크립트", "화면이 느립니다."))
    expect(lines(page).filter(has_text="늦게 온 스크립트")).to_have_count(1)


def test_a_page_that_hears_nothing_any_more_says_so(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("jaeha", "임재하")
    browser = desk()
    page = browser.logs_in("jaeha")
    offline = page.locator("#offline")
    page.route("**/events", lambda route: route.abort())
    hello = "event: hello\ndata: 0\n\n"
    page.route("**/events", lambda route: route.fulfill(content_type="text/event-stream", body=hello), times=1)
    page.goto("/")
    expect(offline).to_contain_text("연결이 끊겨")
    page.unroute("**/events")
    expect(offline).to_be_empty(timeout=3 * PATIENCE)  # it asks less and less often
    browser.faults.clear()  # that nobody answered


def test_a_request_is_claimed_asked_about_answered_and_solved(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("haneul", "이하늘")
    customer = somebody(town, "최하은", "haeun@first.example.net")
    town.do(customer.writes("앱 화면이 멈춥니다", "업데이트 뒤로 화면이 멈춥니다."))
    town.do(customer.receives())
    page = desk().logs_in("haneul")
    opens(page, "앱 화면이 멈춥니다")
    page.click("#claim")
    expect(page.locator(".notice")).to_contain_text("내가 맡은 문의입니다")
    writes(page, "question", "어떤 기기를 쓰시나요?")
    town.passes(seconds=11)
    question = town.do(customer.receives())
    assert "어떤 기기를 쓰시나요?" in body(question)
    town.do(customer.replies(question, "갤럭시 S25입니다."))
    new = page.locator(".said.theirs").nth(1)
    expect(new.locator(".text").first).to_have_text("갤럭시 S25입니다.")  # live, and without what it quotes
    new.locator("summary", has_text="인용문").click()
    expect(new.locator(".fold .text").first).to_contain_text("어떤 기기를 쓰시나요?")
    page.reload()
    writes(page, "answer", "새 버전에서 고쳤습니다.")
    town.passes(seconds=11)
    answer = town.do(customer.receives())
    assert "새 버전에서 고쳤습니다." in body(answer)
    assert "이하늘" in body(answer)
    town.do(customer.replies(answer, "감사합니다! 해결되었습니다."))
    page.reload()
    expect(page.locator(".crumbs")).to_contain_text("해결")


def test_an_answer_is_taken_back_before_it_goes_out(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("dana", "박다나")
    customer = somebody(town, "정우", "jungwoo@second.example.net")
    town.do(customer.writes("배송 문의", "언제 오나요?"))
    town.do(customer.receives())
    page = desk().logs_in("dana")
    opens(page, "배송 문의")
    page.set_input_files("[name=files]", [{"name": "안내.txt", "mimeType": "text/plain", "buffer": b"hello"}])
    writes(page, "answer", "내일 도착합니다.")
    expect(page.locator(".undo")).to_contain_text("초 뒤에 발송됩니다")
    page.click("#undo")
    expect(page.locator(".notice.good").first).to_contain_text("발송을 취소했습니다")
    expect(page.locator("#text")).to_have_value("내일 도착합니다.")
    expect(page.locator("#write .file")).to_contain_text("안내.txt")
    town.passes(seconds=11)
    assert len(town.do(customer.mailbox())) == 1  # the acknowledgement
    page.fill("#text", "모레 도착합니다.")
    page.click("#send")
    town.passes(seconds=11)
    letter = town.do(customer.receives())
    assert "모레 도착합니다." in body(letter)
    assert [each.get_filename() for each in letter.iter_attachments()] == ["안내.txt"]


def test_what_is_being_written_is_still_there_behind_a_reload_another_act_and_a_login(
        town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("jiho", "민지호")
    customer = somebody(town, "진", "jin@sixteenth.example.net")
    town.do(customer.writes("앱 알림 문의", "알림이 오지 않습니다."))
    town.do(customer.receives())
    browser = desk()
    page = browser.logs_in("jiho")
    hears_nothing(page)
    opens(page, "앱 알림 문의")
    text = page.locator("#text")
    text.fill("설정을 확인해 주세요.")
    page.reload()
    expect(text).to_have_value("설정을 확인해 주세요.")
    expect(page.locator("#told")).to_contain_text("그대로")
    page.click("#claim")
    expect(page.locator(".notice.good").first).to_contain_text("내가 맡은 문의")
    expect(text).to_have_value("설정을 확인해 주세요.")
    browser.context.clear_cookies()  # the login ran out
    page.click("#send")
    page.fill("#name", "jiho")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(page.locator("h1")).to_have_text("앱 알림 문의")
    expect(text).to_have_value("설정을 확인해 주세요.")
    page.click("#send")
    expect(page.locator(".undo")).to_be_visible()
    expect(text).to_have_value("")
    page.wait_for_load_state()  # its script knows now that the words were kept
    page.go_back()
    expect(text).to_have_value("")
    town.passes(seconds=11)
    assert "설정을 확인해 주세요." in body(town.do(customer.receives()))


def test_chosen_files_and_the_tick_stay_with_what_is_being_written_and_are_kept_once(
        town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("sodam", "한소담")
    customer = somebody(town, "규", "gyu@seventeenth.example.net")
    town.do(customer.writes("견적 문의", "견적서를 보내 주세요."))
    town.do(customer.receives())
    browser = desk()
    page = browser.logs_in("sodam")
    hears_nothing(page)
    opens(page, "견적 문의")
    files, told = page.locator("#uploads .name"), page.locator("#told")
    page.fill("#text", "견적서를 보내 드립니다.")
    page.uncheck("[name=quotes]")
    page.set_input_files("#files", [named("견적서 최종.pdf"), named("b.txt")])
    expect(files).to_have_text(["견적서 최종.pdf", "b.txt"])
    assert page.evaluate("document.querySelector('#files').files.length") == 0, "they are not sent a second time"
    for _ in range(2):
        with page.expect_response("**/draft"):
            page.click("[value=preview]")
    kept = select(func.count()).where(columns(Upload).agent == "sodam")
    assert town.do(town.world.service.database.read(lambda db: db.scalar(kept))) == 2
    page.set_input_files("#files", named("huge.bin", bytes(15_000_001)))
    expect(told).to_contain_text("15 MB")
    page.reload()
    expect(files).to_have_text(["견적서 최종.pdf", "b.txt"])
    expect(page.locator("[name=quotes]")).not_to_be_checked()
    page.uncheck("#uploads li:last-child input")
    browser.context.clear_cookies()  # the login ran out
    page.set_input_files("#files", named("c.txt"))
    page.fill("#name", "sodam")
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    expect(told).to_contain_text("다시 골라 주세요")
    expect(files).to_have_text(["견적서 최종.pdf"])
    page.click("#send")
    expect(page.locator(".undo")).to_be_visible()
    town.passes(seconds=11)
    letter = town.do(customer.receives())
    assert [each.get_filename() for each in letter.iter_attachments()] == ["견적서 최종.pdf"]
    assert "견적서를 보내 주세요." not in body(letter)


def test_two_agents_do_not_answer_at_the_same_time(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("areum", "김아름")
    town.employs("bom", "이봄")
    town.do(somebody(town, "윤", "yoon@third.example.net").writes("환불해 주세요", "두 번 결제되었습니다."))
    first, second = desk().logs_in("areum"), desk().logs_in("bom")
    opens(first, "환불해 주세요")
    opens(second, "환불해 주세요")
    first.click("#claim")
    expect(second.locator(".notice.doubtful")).to_contain_text("김아름 님이")  # by itself
    writes(second, "answer", "환불해 드렸습니다.")
    told = second.locator(".notice.bad")
    expect(told).to_contain_text("김아름 님이")
    expect(told).to_contain_text("부터 맡고 있습니다")
    expect(second.locator("#text")).to_have_value("환불해 드렸습니다.")  # what was typed is not lost
    second.get_by_role("button", name="넘겨받기").click()
    expect(second.locator(".notice").first).to_contain_text("맡은 문의")
    expect(first.locator(".notice.doubtful")).to_contain_text("이봄 님이")
    second.get_by_role("link", name="처리 이력").click()
    expect(second.locator("table")).to_contain_text("areum 님에게서 넘겨받았습니다")


def test_a_request_stays_with_the_agent_who_works_on_it(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("dasom", "고다솜")
    town.do(somebody(town, "배", "bae@twelfth.example.net").writes("요금 문의", "요금이 얼마인가요?"))
    page = desk().logs_in("dasom")
    opens(page, "요금 문의")
    page.click("#claim")
    expect(page.locator(".notice.good").first).to_contain_text("내가 맡은 문의")
    town.passes(minutes=20)
    with page.expect_response("**/renew"):
        page.locator("#text").press_sequentially("확인")
    request = next(each for each in town.do(town.world.requests()) if each.subject == "요금 문의")
    assert request.lease_until == town.world.clock.now + timedelta(minutes=30)


def test_what_came_in_meanwhile_is_read_before_the_answer(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("sora", "한소라")
    customer = somebody(town, "강", "kang@fourth.example.net")
    town.do(customer.writes("비밀글 문의", "글이 안 보입니다."))
    letter = town.do(customer.receives())
    page = desk(java_script_enabled=False).logs_in("sora")  # nothing appears by itself
    opens(page, "비밀글 문의")
    page.fill("#text", "확인하겠습니다.")
    town.do(customer.replies(letter, "이제 보입니다, 됐어요."))
    page.click("#send")
    expect(page.locator(".notice.bad")).to_contain_text("고객이 새 메일을 보냈습니다")
    expect(page.locator(".said.theirs").nth(1)).to_contain_text("이제 보입니다")
    expect(page.locator("#text")).to_have_value("확인하겠습니다.")
    page.click("#send")
    expect(page.locator(".said.ours")).to_contain_text("확인하겠습니다.")


def test_doubtful_mail_is_joined_or_stands_for_itself(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("yuna", "오유나")
    customer = town.world.customer("moon@fifth.example.net", "문", policy="none")
    town.do(customer.writes("설치 오류", "설치가 안 됩니다."))
    number = town.do(town.world.requests())[-1].number
    town.world.zone["fifth.example.net"]["TXT"] = ["v=spf1 -all"]
    doubtful = town.world.forger("moon@fifth.example.net", "문")
    for words in ("첫째 덧붙임", "둘째 덧붙임"):
        town.do(doubtful.writes(f"Re: [{number}] {words}", f"{number} 건에 덧붙입니다."))
    page = desk().logs_in("yuna")
    page.goto("/?held=1")
    opens(page, f"Re: [{number}] 첫째 덧붙임")
    expect(page.locator(".notice.doubtful")).to_contain_text("아무 메일도 발송되지 않습니다")
    page.get_by_role("button", name=f"{number}에 합치기").click()
    expect(page.locator(".number").first).to_have_text(number)
    expect(page.locator(".said.theirs")).to_have_count(2)
    page.goto("/?held=1")
    opens(page, f"Re: [{number}] 둘째 덧붙임")
    page.get_by_role("button", name="별도 문의로 처리").click()
    expect(page.locator(".notice.good")).to_contain_text("별도 문의로 처리합니다")
    expect(page.locator(".notice.doubtful")).to_have_count(0)


def test_two_requests_become_one_and_one_mail_a_request_of_its_own(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("jiwoo", "서지우")
    customer = somebody(town, "노", "noh@seventh.example.net")
    for subject in ("영수증 부탁드립니다", "영수증 다시 부탁드립니다"):
        town.do(customer.writes(subject, f"{subject}."))
    first = next(each for each in town.do(town.world.requests()) if each.subject == "영수증 부탁드립니다")
    page = desk().logs_in("jiwoo")
    opens(page, "영수증 다시 부탁드립니다")
    page.get_by_role("button", name="합치기").click()
    page.fill("#into", first.number)
    page.locator("#merge button").click()
    expect(page.locator(".notice.good")).to_contain_text("합쳤습니다")
    expect(page.locator(".said.theirs")).to_have_count(2)
    page.get_by_role("button", name="별도 문의로 나누기").click()
    expect(page.locator("h1")).to_have_text("영수증 다시 부탁드립니다")
    expect(page.locator(".notice.good")).to_contain_text("별도 문의로 나누었습니다")


def test_what_was_said_is_found_by_korean_words(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("gaeul", "임가을")
    customer = somebody(town, "하늘바다", "sea@eighth.example.net")
    town.do(customer.writes("질문 있습니다", "세탁기 배수 호스에서 물이 샙니다."))
    page = desk().logs_in("gaeul")
    page.fill("#search", "배수 호스")
    page.press("#search", "Enter")
    expect(page.locator("h1")).to_contain_text("배수 호스")
    expect(lines(page)).to_have_count(1)
    expect(lines(page)).to_contain_text("질문 있습니다")
    page.fill("#search", "없는낱말입니다")
    page.press("#search", "Enter")
    expect(page.locator(".empty")).to_contain_text("찾은 문의가 없습니다")


def test_what_an_agent_unfolded_stays_open_when_something_comes_in(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("sian", "오시안")
    customer, browser = somebody(town, "길", "gil@seventeenth.example.net"), desk()
    page = browser.logs_in("sian")
    waiting = page.locator("#facts b").first
    before = int(waiting.inner_text())
    town.do(customer.writes("접힌 글 문의", "앱이 느립니다."))
    expect(waiting).to_have_text(str(before + 1))
    letter = town.do(customer.receives())
    opens(page, "접힌 글 문의")
    fold = page.locator(".said.theirs details.fold").first
    fold.locator("summary").click()
    page.fill("#text", "확인하고 있습니다.")
    town.do(customer.replies(letter, "화면도 멈춥니다."))
    expect(page.locator(".said.theirs")).to_have_count(2)
    expect(page.locator("#told")).to_contain_text("새 메일을 보냈습니다")
    expect(fold).to_have_attribute("open", "")
    expect(page.locator("#text")).to_have_value("확인하고 있습니다.")


def test_a_filter_is_chosen_by_the_keyboard(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("nari", "유나리")
    page = desk().logs_in("nari")
    category = page.locator("select[name=category]")
    category.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")  # past the first one
    chosen = category.input_value()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**category={chosen}**")
    expect(category).to_have_value(chosen)
    expect(category).to_be_focused()


def test_from_a_request_one_comes_back_to_the_list_and_the_line_that_it_was_opened_from(
        town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("sebin", "장세빈")
    customer = somebody(town, "탁", "tak@eighteenth.example.net")
    for n in range(3):
        town.do(customer.writes(f"되돌아갈 문의 {n}", "앱이 멈춥니다."))
    page = desk().logs_in("sebin")
    page.goto("/?words=되돌아갈&state=alive")
    shown = lines(page)
    expect(shown).to_have_count(3)
    subjects = shown.locator(".subject a").all_inner_texts()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(subjects[1])
    expect(page.locator("#back")).to_have_text("‘되돌아갈’ 검색 결과")
    page.keyboard.press("u")
    expect(page.locator("h1")).to_have_text("‘되돌아갈’ 검색 결과")
    expect(shown.nth(1)).to_contain_class("here")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text(subjects[2])


def test_the_desk_is_worked_by_the_keyboard_alone(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("noeul", "신노을")
    customer = somebody(town, "민", "min@ninth.example.net")
    town.do(customer.writes("키보드 문의", "글자가 두 번 입력됩니다."))
    town.do(customer.receives())
    page = desk().logs_in("noeul")
    page.keyboard.press("/")
    page.keyboard.type("글자가 두 번")
    page.keyboard.press("Enter")
    expect(lines(page)).to_have_count(1)
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("키보드 문의")
    page.keyboard.press("c")
    expect(page.locator(".notice.good").first).to_contain_text("내가 맡은 문의")
    page.keyboard.press("n")
    page.keyboard.type("재현됨")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".said.note")).to_contain_text("재현됨")
    page.keyboard.press("r")
    page.keyboard.type("키보드 설정을 확인해 주세요.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".undo")).to_be_visible()
    town.passes(seconds=11)
    assert "키보드 설정을" in body(town.do(customer.receives()))
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("e")
    expect(page.locator(".notice.good").first).to_contain_text("해결 처리했습니다")
    page.keyboard.press("u")
    expect(page.locator("#list")).to_be_visible()


def test_what_the_day_brought_stands_in_the_reports(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("garam", "문가람")
    page = desk().logs_in("garam")
    page.goto("/reports")
    requests = page.locator(".tiles dd").first
    before = int(requests.inner_text())
    town.do(somebody(town, "표", "pyo@fifteenth.example.net").writes("통계 문의", "오류가 몇 번 있었나요?"))
    page.locator("#rail").get_by_role("link", name="보고서").click()
    expect(requests).to_have_text(str(before + 1))
    volume = page.locator(".wide-card").first
    expect(volume.locator("svg").first).to_be_visible()
    expect(volume.locator("table")).to_be_hidden()
    volume.locator("summary").click()
    expect(volume.locator("table")).to_be_visible()
    expect(volume.locator("thead")).to_contain_text("기술")
    file = page.request.get(page.get_by_role("link", name="CSV").get_attribute("href") or "")
    assert (file.status, file.headers["content-type"]) == (200, "text/csv; charset=utf-8")


def test_it_all_works_without_javascript(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("byeol", "유별")
    town.do(somebody(town, "손", "son@tenth.example.net").writes("구독 해지", "해지하고 싶습니다."))
    page = desk(java_script_enabled=False).logs_in("byeol")
    page.fill("#search", "해지하고")
    page.get_by_role("button", name="적용").click()
    opens(page, "구독 해지")
    page.click("#claim")
    page.locator("[name=canned]").select_option("sorry")
    page.get_by_role("button", name="넣기").click()
    assert "답변이 늦어져" in page.input_value("#text")
    page.get_by_role("button", name="미리 보기").click()
    expect(page.locator(".preview")).to_contain_text("손 고객님, 안녕하세요.")
    letter = page.frame_locator(".preview iframe")
    expect(letter.locator(".card")).to_contain_text("손 고객님, 안녕하세요.")
    expect(letter.locator(".card")).to_have_css("max-width", "600px")  # its own style holds
    page.locator("#priority").select_option("5")
    page.locator("form:has(#priority) button").click()
    expect(page.locator(".notice").first).to_contain_text("우선순위를 바꾸었습니다")
    writes(page, "answer", "해지해 드렸습니다.")
    page.click("#undo")
    expect(page.locator("#text")).to_have_value("해지해 드렸습니다.")
    page.get_by_role("button", name="Switch to English").click()
    expect(page.locator("#text")).to_have_value("")
    expect(page.get_by_role("button", name="Resolve")).to_be_visible()


def test_an_agent_of_one_queue_sees_no_other(town: Town, desk: Callable[..., Desk]) -> None:
    town.employs("onlyone", "하나만", role="agent", queues=("complaints",))
    customer = somebody(town, "조", "cho@eleventh.example.net")
    town.do(customer.writes("앱 오류 신고", "오류가 납니다."))
    number = next(each.number for each in town.do(town.world.requests()) if each.subject == "앱 오류 신고")
    page = desk().logs_in("onlyone")
    expect(page.locator("#list")).not_to_contain_text("앱 오류 신고")
    assert page.goto(f"/requests/{number}").status == 404  # type: ignore[union-attr]
    expect(page.locator("h1")).to_have_text("찾을 수 없습니다.")
