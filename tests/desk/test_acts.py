"""What agents do, on both databases: one request is one agent's, nothing is sent unseen, every act leaves a line."""

import asyncio
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from desk_house import House

from gateway.desk.acts import MOST_TOLD, Refused
from gateway.desk.capability import Capability
from gateway.desk.handler import Identity
from gateway.models import Customer, Request
from gateway.store.database import Database
from handlers.verify import Rule, Verify

AGENTS = [f"agent{number}" for number in range(20)]


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path)


async def lay(house: House, count: int, **values: object) -> list[Request]:
    """So many requests, as if their mails had been handled."""
    def work(db):  # type: ignore[no-untyped-def]
        customer = Customer(address="kim@example.org", created_at=house.now)
        db.add(customer)
        db.flush()
        plain = {"customer_id": customer.id, "queue": "technical", "created_at": house.now, "changed_at": house.now,
                 "due": house.now + timedelta(hours=8)}
        db.add_all(Request(number=f"FD-2026-{number:07}", **{**plain, **values}) for number in range(count))

    await house.change(work)
    return await house.requests()


# ---- next ----


@pytest.mark.parametrize("waiting", [30, 20, 7])
async def test_twenty_agents_at_once_never_get_the_same_request(house: House, waiting: int) -> None:
    await lay(house, waiting)
    taken = await asyncio.gather(*(house.acts.next("technical", agent) for agent in AGENTS))
    numbers = [request.number for request in taken if request is not None]
    assert len(set(numbers)) == len(numbers) == min(waiting, len(AGENTS))
    owners = {request.number: request.owner for request in await house.requests() if request.owner}
    assert owners == {request.number: agent for request, agent in zip(taken, AGENTS, strict=True) if request}


async def test_the_most_urgent_comes_first_and_of_equals_what_is_due_first(house: House) -> None:
    await lay(house, 4)

    def work(db) -> None:  # type: ignore[no-untyped-def]
        db.get_one(Request, 3).priority = 5
        db.get_one(Request, 4).due = house.now + timedelta(hours=1)
        db.get_one(Request, 1).due = None

    await house.change(work)
    taken = [await house.acts.next(None, agent) for agent in AGENTS[:5]]
    assert [request.id if request else None for request in taken] == [3, 4, 2, 1, None]


async def test_next_of_an_empty_queue_is_nothing_and_of_another_queue_not_this(house: House) -> None:
    await lay(house, 1)
    assert await house.acts.next("complaints", "minji") is None
    assert await house.acts.next("technical", "minji") is not None


async def test_a_claim_opens_the_request_and_leaves_a_line(house: House) -> None:
    await lay(house, 1)
    request = await house.acts.next(None, "minji")
    assert request is not None
    assert (request.state, request.owner, request.lease_until) == ("open", "minji", house.now + house.desk.lease)
    (line,) = await house.history()
    assert (line.event, line.handler, line.decision, line.because) == (
        "act", "minji", "move", "minji took it from the queue.")


async def test_what_an_agent_lets_lie_goes_to_another_after_the_lease(house: House) -> None:
    await lay(house, 1)
    assert await house.acts.next(None, "minji") is not None
    house.now += house.desk.lease
    assert await house.acts.next(None, "june") is None
    house.now += timedelta(seconds=1)
    request = await house.acts.next(None, "june")
    assert request is not None
    assert request.owner == "june"


async def test_what_came_back_goes_to_the_same_agent_first_and_to_others_when_overdue(house: House) -> None:
    request = await house.writes()
    await house.acts.say("answer", request.number, "minji", "Install 2.1.")
    await house.writes(f"{request.number}: the same error again.")
    assert await house.acts.next(None, "june") is None
    await house.passes(timedelta(hours=25))
    back = await house.acts.next(None, "june")
    assert back is not None
    assert (back.number, back.owner) == (request.number, "june")


async def test_a_held_request_is_given_to_nobody(house: House) -> None:
    await lay(house, 1, is_held=True)
    assert await house.acts.next(None, "minji") is None


# ---- say ----


async def test_an_answer_is_refused_while_something_newer_is_unread(house: House) -> None:
    request = await house.writes()
    seen = request.last_entry
    await house.writes(f"{request.number}: it is an Android phone.")
    letters = len(await house.letters())
    with pytest.raises(Refused, match=f"wrote again.*you have seen {seen}"):
        await house.acts.say("answer", request.number, "minji", "Install 2.1.", seen)
    assert len(await house.letters()) == letters
    newest = (await house.request(request.number)).last_entry
    await house.acts.say("answer", request.number, "minji", "Install 2.1.", newest)
    assert (await house.request(request.number)).state == "answered"


async def test_our_own_letters_and_notes_are_nothing_unread(house: House) -> None:
    request = await house.writes()
    await house.acts.say("note", request.number, "june", "He called.")
    await house.acts.say("question", request.number, "minji", "Which phone?", request.last_entry)
    assert (await house.request(request.number)).state == "pending"


async def test_what_an_agent_says_is_in_the_conversation_with_its_letter(house: House) -> None:
    request = await house.writes()
    entry = await house.acts.say("answer", request.number, "minji", "Install 2.1.")
    letter = (await house.letters())[-1]
    said = [each for each in await house.entries() if each.id == entry.id]
    assert [(each.kind, each.author, each.letter_id, each.message_id) for each in said] == [
        ("answer", "minji", letter.id, letter.message_id)]
    assert (letter.is_automatic, letter.recipient) == (False, "kim@example.org")


async def test_a_note_sends_nothing_and_takes_nothing_over(house: House) -> None:
    request = await house.writes()
    before = len(await house.letters())
    await house.acts.say("note", request.number, "june", "He called.")
    after = await house.request(request.number)
    assert (len(await house.letters()), after.state, after.owner) == (before, "new", "")


async def test_a_request_in_another_agents_hands_is_not_answered_until_the_lease_ends(house: House) -> None:
    request = await house.writes()
    await house.acts.next(None, "minji")
    with pytest.raises(Refused, match="minji has"):
        await house.acts.say("answer", request.number, "june", "Install 2.1.")
    house.now += house.desk.lease
    await house.acts.say("answer", request.number, "june", "Install 2.1.")
    assert (await house.request(request.number)).owner == "june"


@pytest.mark.parametrize(("kind", "number", "agent", "text", "told"), [
    ("shout", "", "minji", "Hey!", "none of"), ("answer", "", "minji", " \n", "no text"),
    ("answer", "", " ", "Hey!", "name of an agent"), ("answer", "FD-2026-9999999", "minji", "Hey!", "no request"),
    ("answer", "what?", "minji", "Hey!", "no request 'what\\?'"),
])
async def test_what_cannot_be_meant_is_refused(house: House, kind: str, number: str, agent: str, text: str,
                                               told: str) -> None:
    request = await house.writes()
    with pytest.raises(Refused, match=told):
        await house.acts.say(kind, number or request.number, agent, text)


async def test_a_number_typed_loosely_is_found(house: House) -> None:
    request = await house.writes()
    await house.acts.say("note", request.number.lower().replace("-", " "), "minji", "He called.")


# ---- hold, release, join ----


async def held(house: House) -> tuple[Request, Request]:
    """A request, and one that claims to belong to it."""
    first = await house.writes()
    second = await house.writes(f"About {first.number}: send it to me.", identity=Identity.NONE)
    assert second.is_held
    return first, second


async def test_a_held_request_sends_nothing_until_it_is_released(house: House) -> None:
    _, second = await held(house)
    before = len(await house.letters())
    for kind in ("answer", "question"):
        with pytest.raises(Refused, match="on hold"):
            await house.acts.say(kind, second.number, "minji", "Hello.")
    await house.acts.resolve(second.number, "minji")
    await house.acts.reopen(second.number, "minji")
    await house.passes(timedelta(days=30))
    assert len(await house.letters()) == before
    await house.acts.say("note", second.number, "minji", "Looks genuine.")
    released = await house.acts.release(second.number, "minji")
    assert (released.is_held, released.held_for) == (False, None)
    await house.acts.say("answer", second.number, "minji", "Hello.")
    assert len(await house.letters()) == before + 1


async def test_a_held_mail_joins_by_an_agents_word(house: House) -> None:
    first, second = await held(house)
    await house.acts.say("answer", first.number, "minji", "Install 2.1.")
    joined = await house.acts.release(second.number, "minji", join=first.number)
    assert (joined.number, joined.state) == (first.number, "open")
    mails = [(entry.request_id, entry.kind) for entry in await house.entries() if entry.kind == "mail"]
    assert mails == [(first.id, "mail")] * 2
    assert (await house.request(second.number)).state == "resolved"
    assert [row.request_id for row in await house.received()] == [first.id, first.id]
    assert joined.last_entry == second.last_entry, "an answer that has not seen it is refused"


async def test_what_joins_a_proven_request_is_not_covered_by_the_proof_and_agents_read_so(house: House) -> None:
    first, second = await held(house)
    await house.acts.verify(first.number, "minji", "He called from the number on file.")
    await house.acts.release(second.number, "minji", join=first.number)
    notes = [entry.text for entry in await house.entries() if entry.kind == "note"]
    assert notes[-1] == f"The proof of the person does not speak for what came with {second.number}."


async def test_a_request_cannot_join_itself_nor_nothing(house: House) -> None:
    first, _ = await held(house)
    with pytest.raises(Refused, match="itself"):
        await house.acts.release(first.number, "minji", join=first.number)
    with pytest.raises(Refused, match="no request"):
        await house.acts.release(first.number, "minji", join="FD-2026-9999999")


# ---- the link of a verification letter ----


LEAVES = "제 계정을 탈퇴하고 개인정보를 모두 삭제해 주세요."


async def link(house: House) -> str:
    """The token of the only asking there is."""
    (asked,) = await house.verifications()
    lifetime = asked.expires_at - asked.asked_at
    return house.desk.office.capabilities.token(Capability("verify", asked.id or 0), asked.asked_at, lifetime)


async def account(house: House) -> tuple[Request, str]:
    request = await house.writes(LEAVES, "개인정보 삭제 요청")
    return request, await link(house)


async def test_the_link_proves_the_person_once(house: House) -> None:
    request, token = await account(house)
    assert await house.acts.prove(token) is True
    assert (await house.request(request.number)).verification == "verified"
    assert await house.acts.prove(token) is False
    assert (await house.history())[-1].because.endswith("It was used already.")
    assert (await house.request(request.number)).verification == "verified"
    await house.passes(timedelta(days=4))
    assert (await house.request(request.number)).verification == "verified", "the waiting end was taken back"


async def test_a_wrong_an_expired_and_a_used_link_get_one_answer_and_the_history_tells_which(house: House) -> None:
    request, token = await account(house)
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert await house.acts.prove(wrong) is False
    house.now += timedelta(days=3)
    assert await house.acts.prove(token) is False
    assert (await house.history())[-1].because.endswith("It came too late.")
    await house.desk.settle()
    assert await house.acts.prove(token) is False
    assert (await house.history())[-1].because.endswith("It came too late.")
    assert (await house.request(request.number)).verification == "expired"


async def test_a_spent_link_that_is_pressed_for_ever_fills_no_history(house: House) -> None:
    _, token = await account(house)
    await house.acts.prove(token)
    for _ in range(MOST_TOLD + 5):
        await house.acts.prove(token)
    pressed = [line for line in await house.history() if "pressed, but proved nothing" in line.because]
    assert len(pressed) == MOST_TOLD


async def test_the_link_pressed_many_times_at_once_counts_once(house: House) -> None:
    _, token = await account(house)
    assert sorted(await asyncio.gather(*(house.acts.prove(token) for _ in range(8)))) == [False] * 7 + [True]


async def answer(house: House, token: str, text: str, number: int = 0, **more: str) -> None:
    await house.keep(text, "Re: confirm", recipient=f"support+{token}@example.com",
                     Message_ID=f"<answer{number}@example.org>", **more)


async def test_two_answers_that_are_taken_up_together_count_one_after_the_other(house: House) -> None:
    request, token = await account(house)
    await answer(house, token, "네", 1, author="eve@example.net")
    await answer(house, token, "네", 2)
    await house.desk.settle()
    (asked,) = await house.verifications()
    assert (asked.state, asked.attempts) == ("verified", 1)
    assert (await house.request(request.number)).verification == "verified"


async def test_an_agents_no_stands_whether_an_answer_or_a_press_comes_before_or_after_or_with_it(house: House) -> None:
    for number in range(6):
        author = f"kim{number}@example.org"
        request = await house.writes(LEAVES, author=author)
        asked = (await house.verifications())[-1]
        token = house.desk.office.capabilities.token(Capability("verify", asked.id or 0), house.now)
        await answer(house, token, "네", number, author=author)
        await asyncio.gather(
            house.desk.settle(), house.acts.prove(token),
            house.acts.verify(request.number, "minji", "The voice was another.", rejects=True))
        assert (await house.request(request.number)).verification == "rejected"


async def asks_and_joins(house: House, into: Request) -> tuple[Request, str]:
    """Asked for proof in a request that is part of another from then on; the token, and the other."""
    await house.writes(LEAVES, "개인정보 삭제 요청", Message_ID="<ask@example.org>")
    asking = next(each for each in await house.requests() if each.verification == "asked" and each.id != into.id)
    asked = (await house.verifications())[-1]
    await house.acts.merge(asking.number, "minji", into.number)
    token = house.desk.office.capabilities.token(Capability("verify", asked.id or 0), house.now, timedelta(days=3))
    return await house.request(into.number), token


@pytest.mark.parametrize("presses", [True, False], ids=["by the link", "by mail"])
@pytest.mark.parametrize("was_asked", [True, False], ids=["asked too", "never asked"])
async def test_a_proof_counts_for_the_request_that_the_asking_one_became_part_of(
        house: House, presses: bool, was_asked: bool) -> None:
    into, token = await asks_and_joins(house, await house.writes(*((LEAVES,) if was_asked else ())))
    assert into.verification == "asked"
    if presses:
        assert await house.acts.prove(token) is True
    else:
        await answer(house, token, "네")
        await house.desk.settle()
        assert (await house.entries())[-1].request_id == into.id
    assert (await house.request(into.number)).verification == "verified"
    await house.passes(timedelta(days=4))
    assert (await house.request(into.number)).verification == "verified", "the waiting end was taken back"


async def test_what_nobody_answers_for_a_joined_request_expires_where_it_goes_on(house: House) -> None:
    into, token = await asks_and_joins(house, await house.writes())
    await house.passes(timedelta(days=4))
    assert (await house.request(into.number)).verification == "expired"
    assert await house.acts.prove(token) is False


async def test_nobody_proves_by_a_joined_request_what_is_anothers(house: House) -> None:
    into, token = await asks_and_joins(house, await house.writes(author="eve@example.net"))
    assert into.verification == ""
    assert await house.acts.prove(token) is False
    await answer(house, token, "네")
    await house.desk.settle()
    assert (await house.entries())[-1].request_id == into.id, "agents read it all the same"
    assert (await house.request(into.number)).verification == ""


@pytest.mark.parametrize("token", ["", "x", "v1.zzz." + "a" * 26, "v" * 10_000])
async def test_a_token_that_was_never_given_out_is_nothing(house: House, token: str) -> None:
    assert await house.acts.prove(token) is False


async def test_the_token_of_another_purpose_is_nothing(house: House) -> None:
    request, _ = await account(house)
    token = house.desk.office.capabilities.token(Capability("reply", request.id or 0), house.now)
    assert await house.acts.prove(token) is False


# ---- an agent decides about the person ----


async def test_an_agents_word_ends_the_asking_and_lapses(house: House) -> None:
    request, token = await account(house)
    await house.acts.verify(request.number, "minji", "  She called from the number on file. ")
    found = await house.request(request.number)
    assert (found.verification, found.verification_because) == (
        "verified", "Verified by minji (agent): She called from the number on file.")
    assert await house.acts.prove(token) is False
    await house.passes(timedelta(days=31))
    assert (await house.request(request.number)).verification == "expired"


async def test_an_agent_may_reject_what_the_letter_proved(house: House) -> None:
    request, token = await account(house)
    await house.acts.prove(token)
    await house.acts.verify(request.number, "minji", "The voice was another.", rejects=True)
    assert (await house.request(request.number)).verification == "rejected"
    line = [each for each in await house.history() if each.decision == "label"][-1]
    assert (line.event, line.because) == ("proved", "Not verified: rejected by minji (agent): The voice was another.")


async def test_a_decision_needs_a_reason_and_an_agent(house: House) -> None:
    request, _ = await account(house)
    with pytest.raises(Refused, match="reason"):
        await house.acts.verify(request.number, "minji", " ")
    with pytest.raises(Refused, match="agent"):
        await house.acts.verify(request.number, " ", "I know her.")
    assert (await house.request(request.number)).verification == "asked"


async def test_where_an_agents_word_is_no_proof_the_act_is_refused(house: House) -> None:
    request, _ = await account(house)
    rules = (Rule(category=("account",), proof=("letter",)),)
    house.desk.journey = [(name, Verify(rules=rules) if name == "verify" else each)
                          for name, each in house.desk.journey]
    with pytest.raises(Refused, match="agent's word is no proof"):
        await house.acts.verify(request.number, "minji", "I know her.")
    assert (await house.request(request.number)).verification == "asked"


# ---- move, resolve, reopen ----


async def test_a_moved_request_waits_in_the_other_queue_for_anybody(house: House) -> None:
    request = await house.writes()
    await house.acts.next(None, "minji")
    moved = await house.acts.move(request.number, "minji", "complaints")
    assert (moved.queue, moved.owner, moved.lease_until, moved.due) == ("complaints", "", None, request.due)
    assert await house.acts.next("technical", "june") is None
    taken = await house.acts.next("complaints", "june")
    assert taken is not None
    assert taken.number == request.number


async def test_a_released_claim_is_taken_by_another(house: House) -> None:
    request = await house.writes()
    await house.acts.next(None, "minji")
    await house.acts.release(request.number, "minji")
    taken = await house.acts.next(None, "june")
    assert taken is not None
    assert taken.owner == "june"


async def test_resolve_ends_and_closes_later_and_reopen_takes_it_back(house: House) -> None:
    request = await house.writes()
    await house.acts.resolve(request.number, "minji")
    resolved = await house.request(request.number)
    assert (resolved.state, resolved.resolution, resolved.resolved_at) == ("resolved", "resolved", house.now)
    with pytest.raises(Refused, match="resolved already"):
        await house.acts.resolve(request.number, "minji")
    reopened = await house.acts.reopen(request.number, "minji")
    assert (reopened.state, reopened.reopened, reopened.resolved_at) == ("open", 1, None)
    with pytest.raises(Refused, match="open already"):
        await house.acts.reopen(request.number, "minji")
    await house.passes(timedelta(days=8))
    assert (await house.request(request.number)).state == "open", "the waiting end was no longer meant"
    await house.acts.resolve(request.number, "minji")
    await house.passes(timedelta(days=7))
    assert (await house.request(request.number)).state == "closed"


async def test_every_act_leaves_a_line_with_the_agents_name(house: House) -> None:
    request = await house.writes()
    before = len(await house.history())
    await house.acts.next(None, "minji")
    await house.acts.move(request.number, "minji", "general")
    await house.acts.release(request.number, "minji")
    await house.acts.say("note", request.number, "minji", "He called.")
    await house.acts.resolve(request.number, "minji")
    await house.acts.reopen(request.number, "minji")
    lines = (await house.history())[before:]
    acts = [line.decision for line in lines if line.handler == "minji"]
    assert acts == ["move", "place", "release", "note", "resolution", "reopening"]
    assert all("minji" in line.because for line in lines if line.decision != "wake")
    assert {line.request_id for line in lines} == {request.id}


@pytest.mark.parametrize("kind", ["answer", "question"])
async def test_the_customers_mail_is_quoted_when_the_agent_wants_it(house: House, kind: str) -> None:
    request = await house.writes("Since yesterday the app says error 1042.")
    quoting = await house.acts.preview(kind, request.number, "minji", "Please try again.")
    bare = await house.acts.preview(kind, request.number, "minji", "Please try again.", quotes=False)
    assert "> Since yesterday" in quoting.text
    assert "Since yesterday" in quoting.html
    assert "Since yesterday" not in bare.text + bare.html
    assert "Please try again." in bare.text
    await house.acts.say(kind, request.number, "minji", "Please try again.", quotes=False)
    letter = message_from_bytes((await house.letters())[-1].raw, policy=policy.default)
    assert "Since yesterday" not in letter.get_body(("plain",)).get_content()
