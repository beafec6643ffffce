"""How a request is getting on, as its customer sees it by the link of the acknowledgement, and what they say to us."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from visitor import Answer, Visitor
from world import Customer, World, body

from gateway.desk.acts import Acts
from gateway.desk.capability import Capability

WEB = {"listen": "127.0.0.1:0", "url": "https://desk.example.com"}
LINK = re.compile(r"https://desk\.example\.com(/r/\S+)")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with World(tmp_path, "sqlite", web=WEB).open() as opened:
        yield opened


@pytest.fixture
async def visitor(world: World) -> AsyncIterator[Visitor]:
    assert world.service.window
    somebody = Visitor(world.service.window)
    yield somebody
    somebody.leaves()


def link_in(letter: EmailMessage) -> str:
    found = LINK.search(body(letter))
    assert found
    return found[1]


WORDS = "어제부터 앱에서 1042 오류가 납니다."


async def wrote(world: World, subject: str = "앱 오류", text: str = WORDS) -> tuple[Customer, str]:
    """A customer, and the link of their acknowledgement."""
    customer = world.customer("minsu@hanbit.example", "김민수")
    await customer.writes(subject, text)
    return customer, link_in(await customer.receives())


async def answered(world: World, customer: Customer, text: str = "버전 2.1을 설치해 주세요.") -> None:
    await world.agent("minji").answers(await world.request(), text)
    await customer.receives()


def seen(answer: Answer) -> str:
    assert answer.status == 200
    return " ".join(re.sub(r"<style>.*?</style>", "", answer.body.decode(), flags=re.DOTALL).split())


async def test_a_customer_sees_where_the_request_stands(world: World, visitor: Visitor) -> None:
    _, link = await wrote(world)
    page = seen(await visitor.opens(link))
    number = (await world.request()).number
    for words in ('<html lang="ko">', number, "앱 오류", "문의가 접수되었습니다.", '<li class="done"><span>문의 접수',
                  '<li class="now" aria-current="step"><span>담당자 검토', '<li class="ahead"><span>답변'):
        assert words in page, words
    assert "본인 확인" not in page, "nobody asks for a proof here"
    assert "<button" not in page, "there is nothing to rate yet"
    assert "1042" not in page, "what the customer wrote is not shown"


async def test_what_we_answered_is_shown_once_it_went_out(world: World, visitor: Visitor) -> None:
    customer, link = await wrote(world)
    await answered(world, customer, "버전 2.1을 설치해 주세요.\n<b>감사합니다</b>")
    page = seen(await visitor.opens(link))
    for words in ("버전 2.1을 설치해 주세요. &lt;b&gt;감사합니다", "메일로 답변을 보내 드렸습니다", "매우 만족"):
        assert words in page, words
    assert "support+" not in page, "no address of the letters"


async def test_a_rating_by_the_page_counts_as_one_by_mail(world: World, visitor: Visitor) -> None:
    customer, link = await wrote(world)
    await answered(world, customer)
    answer = await visitor.presses(link, body=b"rating=5&words=%EC%B9%9C%EC%A0%88", Origin="https://desk.example.com")
    assert (answer.status, answer.headers["location"]) == (303, "?l=ko")
    request = await world.request()
    assert (request.state, request.rating) == ("resolved", 5)
    assert "친절" in [entry.text for entry in await world.conversation(request)]
    assert "5점 만점에 5점" in seen(await visitor.opens(link))


async def test_not_solved_brings_it_back_to_the_same_agent(world: World, visitor: Visitor) -> None:
    customer, link = await wrote(world)
    await answered(world, customer)
    assert (await visitor.presses(link, body=b"rating=0&words=same+error")).status == 303
    request = await world.request()
    assert (request.state, request.owner, request.rating) == ("open", "minji", None)
    assert request.due == world.clock.now
    assert "담당자가 다시 확인하고 있습니다. 결과는 메일로" in seen(await visitor.opens(link))


async def test_before_an_answer_there_is_nothing_to_rate(world: World, visitor: Visitor) -> None:
    _, link = await wrote(world)
    assert (await visitor.presses(link, body=b"rating=1")).status == 404
    assert (await world.request()).rating is None


@pytest.mark.parametrize("form", [
    b"", b"rating=6", b"rating=-1", b"rating=5.0", b"rating=%ff", b"rating=\xff", b"x=" * 50, b"rating=" + b"9" * 4000,
    b"rating[]=5", b"&&&", b"rating=%EF%BC%95"])
async def test_what_our_form_cannot_have_sent_rates_nothing(world: World, visitor: Visitor, form: bytes) -> None:
    customer, link = await wrote(world)
    await answered(world, customer)
    assert (await visitor.presses(link, body=form)).status == 404
    assert (await world.request()).state == "answered"


async def test_another_site_cannot_rate_in_the_customers_name(world: World, visitor: Visitor) -> None:
    customer, link = await wrote(world)
    await answered(world, customer)
    for origin in ("https://evil.example", "null", "https://desk.example.com.evil.example"):
        assert (await visitor.presses(link, body=b"rating=1", Origin=origin)).status == 403
    assert (await world.request()).rating is None


async def test_a_request_cannot_be_rated_without_end(world: World, visitor: Visitor) -> None:
    customer, link = await wrote(world)
    await answered(world, customer)
    for _ in range(20):
        await visitor.presses(link, body=b"rating=3")
    request = await world.request()
    count = len(await world.history(request))
    await visitor.presses(link, body=b"rating=3")
    await visitor.presses(link, body=b"rating=3")
    assert len(await world.history(request)) == count


async def test_a_wrong_and_an_expired_link_show_the_page_of_no_page(world: World, visitor: Visitor) -> None:
    _, link = await wrote(world)
    path, _, query = link.partition("?")
    wrong = path[:-1] + ("a" if path[-1] != "a" else "b")
    reply = path.replace("/r/l", "/r/r")
    pages = [await visitor.opens(f"{each}?{query}") for each in (wrong, "/r/x", reply, "/r/" + "x" * 900)]
    world.clock.now += timedelta(days=4000)
    pages += [await visitor.opens(link), await visitor.presses(link, body=b"rating=1")]
    assert {page.status for page in pages} == {404}
    assert len({page.body for page in pages}) == 1


async def test_the_link_is_no_address_that_belongs_to_the_request(world: World) -> None:
    _, link = await wrote(world)
    token = link.removeprefix("/r/").partition("?")[0]
    await world.customer("eve@example.net").writes("hello", "I want to read along.", to=f"support+{token}@example.com")
    first, second = await world.requests()
    assert len(await world.conversation(first)) == 2, "the mail and its acknowledgement"
    assert second.subject == "hello"


async def test_whoever_is_not_proven_gets_no_link(world: World) -> None:
    """The page shows the subject: a stranger could put words there for whomever he names as author."""
    nobody = world.stranger("someone@unproven.example")
    await nobody.writes("BUY NOW", "See evil.example")
    assert "/r/" not in body(await nobody.receives())


async def test_where_a_proof_is_due_the_page_does_not_hold_the_answer(world: World, visitor: Visitor) -> None:
    customer = world.customer("minsu@hanbit.example", "김민수")
    await customer.writes("계정 문의", "제 계정을 탈퇴하고 개인정보를 모두 삭제해 주세요.")
    await customer.receives()
    capabilities = world.service.desk.office.capabilities
    token = capabilities.token(Capability("look", (await world.request()).id or 0), world.clock.now)
    link = f"/r/{token}?l=ko"
    assert "본인이 문의하셨는지 확인하는 중입니다" in seen(await visitor.opens(link))
    await answered(world, customer, "고객님의 회원 등급은 금입니다.")
    page = seen(await visitor.opens(link))
    assert "회원 등급" not in page
    assert "답변</b>" in page


async def test_a_request_that_was_joined_to_another_of_the_same_customer_goes_on_there(
    world: World, visitor: Visitor
) -> None:
    customer, link = await wrote(world)
    await customer.writes("앱 오류 추가", "화면 사진을 보냅니다. 오류 화면입니다.")
    first, second = await world.requests()
    await Acts(world.service.desk).merge(first.number, "minji", second.number)
    page = seen(await visitor.opens(link))
    assert f'<b class="number">{second.number}</b>' in page
    assert first.number in page, "in the subject of the letter that was sent before"


async def test_a_hostile_subject_is_words_on_the_page(world: World, visitor: Visitor) -> None:
    _, link = await wrote(world, "<script>alert(1)</script>\u202e&quot;{{ 7*7 }}", "The app crashes at the login.")
    page = seen(await visitor.opens(link))
    assert "<script" not in page
    assert "<bdi>&lt;script&gt;alert(1)" in page
    assert "49" not in page.partition("<bdi>")[2].partition("</bdi>")[0]


@pytest.mark.parametrize(("wish", "words"), [("en", "How your request is getting on"), ("ko", "문의 진행 상황")])
async def test_the_page_speaks_both_languages(world: World, visitor: Visitor, wish: str, words: str) -> None:
    _, link = await wrote(world)
    page = await visitor.opens(f"{link.partition('?')[0]}?l={wish}")
    assert words in seen(page)
    assert page.headers["content-language"] == wish


async def test_what_another_customer_was_answered_before_a_join_is_not_shown(world: World, visitor: Visitor) -> None:
    _, link = await wrote(world)
    other = world.customer("jane@maple.example", "Jane")
    await other.writes("Invoice", "Where is my invoice of November?")
    first, second = await world.requests()
    await other.receives()
    await world.agent("minji").answers(second, "Jane, your account number is 4711.")
    await other.receives()
    await Acts(world.service.desk).merge(second.number, "minji", first.number)
    page = seen(await visitor.opens(link))
    assert "4711" not in page
    assert "Invoice" not in page


async def test_who_rates_what_was_joined_to_another_rates_that_one(world: World, visitor: Visitor) -> None:
    customer, link = await wrote(world)
    await customer.writes("앱 오류 추가", "화면 사진을 보냅니다. 오류 화면입니다.")
    first, second = await world.requests()
    await Acts(world.service.desk).merge(first.number, "minji", second.number)
    await world.agent("minji").answers(second, "버전 2.1을 설치해 주세요.")
    assert (await visitor.presses(link, body=b"rating=1")).status == 303
    first, second = await world.requests()
    assert (first.rating, first.state, second.rating) == (None, "resolved", 1)


async def test_an_answer_for_the_mailbox_only_stays_there_when_its_request_is_joined(
    world: World, visitor: Visitor
) -> None:
    customer = world.customer("minsu@hanbit.example", "김민수")
    await customer.writes("계정 문의", "제 계정을 탈퇴하고 개인정보를 모두 삭제해 주세요.")
    await customer.receives()
    await answered(world, customer, "고객님의 회원 등급은 금입니다.")
    await customer.writes("앱 오류", WORDS)
    first, second = await world.requests()
    link = link_in(await customer.receives())
    await Acts(world.service.desk).merge(first.number, "minji", second.number)
    page = seen(await visitor.opens(link))
    assert "답변</b>" in page
    assert "회원 등급" not in page
