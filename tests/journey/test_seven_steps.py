"""The customer's journey as conversations: sent, acknowledged, verified, reviewed, answered, feedback, resolved."""

from datetime import timedelta

import pytest
from world import World, body

from gateway.desk.acts import Refused

KOREAN = "안녕하세요. 어제부터 앱에서 로그인이 되지 않습니다. 오류 코드는 1042번이고 휴대폰 두 대가 모두 같습니다."
ENGLISH = "Since yesterday I cannot log in to the app. It says error 1042 on both of my phones. What can I do?"


@pytest.mark.parametrize(("subject", "text", "language", "words"), [
    ("로그인이 안 됩니다", KOREAN, "ko", "접수"),
    ("Cannot log in to the app", ENGLISH, "en", "received"),
], ids=["ko", "en"])
async def test_a_mail_is_acknowledged_with_its_number_in_the_customers_language(
        world: World, subject: str, text: str, language: str, words: str) -> None:
    customer = world.customer("hong@example.org", "홍길동")
    await customer.writes(subject, text)
    letter = await customer.receives()
    request = await world.request()
    assert request.number in letter["Subject"]
    assert request.number in body(letter)
    assert words in body(letter)
    assert (request.language, request.category, request.state) == (language, "technical", "new")
    assert letter["Auto-Submitted"] == "auto-replied"
    assert request.identity == "verified-dkim"


async def test_a_mail_that_lacks_something_is_told_what_would_help(world: World) -> None:
    customer = world.customer("hong@example.org")
    await customer.writes("", "첨부한 스크린샷을 봐 주세요")
    letter = body(await customer.receives())
    assert "제목" in letter
    assert "스크린샷" in letter or "첨부" in letter


async def test_an_answer_the_customers_reply_and_the_same_request(world: World) -> None:
    customer, agent = world.customer("kim@example.org", "Kim"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()
    request = await agent.takes("technical")
    assert request.state == "open"
    await agent.answers(request, "Please install version 2.1, it mends error 1042.")
    answer = await customer.receives()
    assert "version 2.1" in body(answer)
    assert "Auto-Submitted" not in answer
    assert (await world.request()).state == "answered"
    await customer.replies(answer, "I did, but error 1042 is still there. What now?")
    request = await world.request()
    assert request.state == "open"
    assert request.owner == "minji"
    said = [entry.reply_text or entry.text for entry in await world.conversation(request) if entry.kind == "mail"]
    assert said[-1] == "I did, but error 1042 is still there. What now?"
    assert len(said) == 2
    assert (await agent.takes()).number == request.number


@pytest.mark.parametrize("thanks", ["감사합니다. 잘 됩니다!", "Thank you, that solved it."], ids=["ko", "en"])
async def test_thanks_resolve_the_request_and_silence_closes_it(world: World, thanks: str) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    await customer.replies(await customer.receives(), thanks)
    request = await world.request()
    assert (request.state, request.resolution) == ("resolved", "confirmed")
    await world.passes(timedelta(days=30))
    assert (await world.request()).state == "closed"


@pytest.mark.parametrize("words", ["아직 해결되지 않았습니다.", "Not solved, it is still there."], ids=["ko", "en"])
async def test_not_solved_comes_back_to_the_same_agent(world: World, words: str) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    await customer.replies(await customer.receives(), words)
    request = await world.request()
    assert (request.state, request.owner) == ("open", "minji")
    assert request.due is not None


async def test_a_closed_request_opens_again_when_the_customer_writes_again(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    answer = await customer.receives()
    for _ in ("a reminder", "resolved by silence", "closed"):
        await world.passes(timedelta(days=10))
    assert (await world.request()).state == "closed"
    await customer.replies(answer, "It is broken again since the last update, the same error 1042.")
    request = await world.request()
    assert (request.state, request.reopened, request.owner) == ("open", 1, "minji")


async def test_silence_is_reminded_of_once_and_then_ends_the_request(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()
    await agent.asks(await agent.takes(), "Which phone do you use?")
    await customer.receives()
    assert (await world.request()).state == "pending"
    await world.passes(timedelta(days=4))
    reminder = await customer.receives()
    assert (await world.request()).number in reminder["Subject"]
    await world.passes(timedelta(days=10))
    request = await world.request()
    assert (request.state, request.resolution) == ("resolved", "silent")
    templates = [line.detail["template"] for line in await world.history(request) if line.decision == "send"]
    assert templates.count("reminder") == 1


async def test_a_rating_address_rates_and_resolves(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.receives()
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    answer = body(await customer.receives())
    address = next(word for word in answer.replace("<", " ").replace(">", " ").replace("mailto:", " ").split()
                   if "-5." in word and "@" in word).split("?")[0]
    await customer.writes("5", "", to=address)
    request = await world.request()
    assert (request.rating, request.state, request.resolution) == (5, "resolved", "confirmed")


@pytest.mark.parametrize(("subject", "text"), [
    ("개인정보 삭제 요청", "제 계정을 탈퇴하고 개인정보를 모두 삭제해 주세요. 가입한 이메일은 이 주소입니다."),
    ("Delete my account", "Please delete my account and all personal data you keep about me. I wrote from this one."),
], ids=["ko", "en"])
async def test_an_account_request_is_verified_by_the_one_time_address(world: World, subject: str, text: str) -> None:
    customer = world.customer("hong@example.org")
    await customer.writes(subject, text)
    letters = await customer.mailbox()
    asking = next(each for each in letters if "+v" in each["Reply-To"])
    request = await world.request()
    assert (request.category, request.verification) == ("account", "asked")
    await customer.replies(asking, "네, 제가 맞습니다." if request.language == "ko" else "Yes, it was me.")
    request = await world.request()
    assert request.verification == "verified"
    assert request.verification_because


async def test_a_verification_that_nobody_answers_expires_and_the_agent_sees_it(world: World) -> None:
    customer = world.customer("hong@example.org")
    await customer.writes("Delete my account", "Please delete my account and all my personal data.")
    await world.passes(timedelta(days=30))
    request = await world.request()
    assert request.verification == "expired"
    assert request.verification_because


async def test_an_answer_that_comes_too_late_reaches_the_request_and_proves_nothing(world: World) -> None:
    customer = world.customer("hong@example.org")
    await customer.writes("Delete my account", "Please delete my account and all my personal data.")
    asking = next(each for each in await customer.mailbox() if "+v" in each["Reply-To"])
    await world.passes(timedelta(days=30))
    await customer.replies(asking, "Yes, it was me.")
    request = await world.request()
    assert request.verification == "expired"
    mails = [entry for entry in await world.conversation(request) if entry.kind == "mail"]
    assert [entry.reply_text or entry.text for entry in mails][1:] == ["Yes, it was me."]


async def test_an_answer_is_refused_when_the_customer_wrote_again_meanwhile(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    acknowledgement = await customer.receives()
    request = await agent.takes()
    seen = request.last_entry
    await customer.replies(acknowledgement, "I forgot to say: it is an Android phone, version 14.")
    with pytest.raises(Refused, match="wrote again"):
        await agent.answers(request, "Please install version 2.1.", seen=seen)
    await agent.answers(request, "Please install version 2.1.", seen=(await world.request()).last_entry)


async def test_two_agents_never_get_the_same_request(world: World) -> None:
    customer = world.customer("kim@example.org")
    await customer.writes("Cannot log in", ENGLISH)
    await customer.writes("Another thing: the app crashes", "It crashes when I open the settings page, every time.")
    first, second = await world.agent("minji").takes(), await world.agent("june").takes()
    assert first.number != second.number


async def test_what_is_overdue_becomes_more_urgent(world: World) -> None:
    customer = world.customer("kim@example.org")
    await customer.writes("Cannot log in", ENGLISH)
    before = (await world.request()).priority
    await world.passes(timedelta(days=3))
    assert (await world.request()).priority > before


async def test_what_an_agent_opens_again_has_a_due_time_and_its_agent(world: World) -> None:
    customer, agent = world.customer("kim@example.org"), world.agent("minji")
    await customer.writes("Cannot log in", ENGLISH)
    await agent.answers(await agent.takes(), "Please install version 2.1.")
    number = (await world.request()).number
    await agent.acts.resolve(number, "minji")
    assert (await world.request()).state == "resolved"
    await agent.acts.reopen(number, "minji")
    request = await world.request()
    assert (request.state, request.owner, request.due is not None) == ("open", "minji", True)
    await world.passes(timedelta(days=30))
    assert (await world.request()).state == "open"
    assert (await world.request()).priority > request.priority
