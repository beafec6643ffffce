"""One transaction per event, on both databases: rolled back whole, tried again, laid aside, and never done twice."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import desk_values as values
import pytest
from desk_house import House

from gateway.desk.apply import LONGEST_TEXT
from gateway.desk.capability import Capability
from gateway.desk.handler import Case, Decisions, Drop, Due, Handler, Identity, Join, Mail, Move, Note, Open, Wake
from gateway.desk.pipeline import FIRST_RETRY
from gateway.mail.message import parse
from gateway.models import Customer, Entry, History, Letter, Received, Request
from gateway.models import Wake as WakeRow
from gateway.store.database import Database
from handlers.verify import Verify


class Stumble(Handler):
    """Fails over mails whose subject says so, after it has already said something."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if mail.message.subject == "poison":
            yield Open(mail.message.subject, "Before the fault.")
            yield Note("half done", "Before the fault.")
            raise RuntimeError("a handler\0 with a fault")


class Watch(Handler):
    """Notes what it knows after each decision of its own."""

    seen: list[Any] = []  # noqa: RUF012

    def received(self, mail: Mail, case: Case) -> Decisions:
        self.seen.append(case.request)
        yield Open("Watched", "To see what follows.")
        assert case.request is not None
        self.seen.append((case.request.number, case.is_new, case.request.state))
        yield Move("claimed", "To see what follows.")
        self.seen.append(case.request.state)
        yield Drop("Seen enough.")
        self.seen.append("never reached: a drop ends it")


class Alarm(Handler):
    """Asks to be woken, and fails at the wake "broken"."""

    def received(self, mail: Mail, case: Case) -> Decisions:
        if case.is_new:
            yield Wake(mail.message.subject, timedelta(hours=1), "To be woken.")

    def due(self, due: Due, case: Case) -> Decisions:
        if due.purpose == "broken":
            raise RuntimeError("never works")
        yield Note(f"woken for {due.purpose}", "The time has come.")


@pytest.fixture
def house(database: Database, tmp_path: Path) -> House:
    return House(database, tmp_path, ("stumble", Stumble()))


# ---- faults ----


async def test_a_handler_that_raises_leaves_nothing_behind_and_the_others_go_on(house: House) -> None:
    await house.keep(subject="poison")
    await house.keep(Message_ID="<2@example.org>")
    await house.desk.settle()
    assert [row.state for row in await house.received()] == ["kept", "handled"]
    assert [request.subject for request in await house.requests()] == ["Cannot log in"]
    assert "half done" not in [entry.text for entry in await house.entries()]
    assert {line.received_id for line in await house.history()} == {2}


async def test_a_mail_that_failed_waits_longer_each_time_and_is_then_laid_aside(house: House) -> None:
    await house.keep(subject="poison")
    for attempt in range(1, house.desk.attempts + 1):
        await house.desk.settle()
        (row,) = await house.received()
        assert row.attempts == attempt
        assert row.reason == "RuntimeError: a handler\ufffd with a fault"
        assert row.next_attempt == house.now + FIRST_RETRY * 2 ** (attempt - 1)
        assert row.state == ("kept" if attempt < house.desk.attempts else "shunted")
        assert not await house.desk.step(), "it is not tried before its time"
        house.now = row.next_attempt
    await house.passes(timedelta(days=30))
    assert (await house.received())[0].attempts == house.desk.attempts


async def test_a_mail_that_failed_is_handled_once_the_fault_is_mended(house: House) -> None:
    await house.keep(subject="poison")
    await house.desk.settle()
    house.desk.journey = house.desk.journey[1:]
    await house.passes(FIRST_RETRY)
    assert [row.state for row in await house.received()] == ["handled"]
    assert [request.subject for request in await house.requests()] == ["poison"]


async def test_a_wake_that_fails_is_given_up_after_as_many_tries(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    for desk in house.desks:
        desk.journey = [*desk.journey, ("alarm", Alarm())]
    await house.keep(subject="broken")
    await house.desk.settle()
    for _ in range(20):
        await house.passes(timedelta(hours=12))
    wake = next(each for each in await house.wakes() if each.handler == "alarm")
    assert (wake.attempts, wake.done_at is not None) == (house.desk.attempts, True)


async def test_the_loop_outlives_a_fault_and_ends_when_told(house: House) -> None:
    running = asyncio.create_task(house.desk.run())
    await house.keep(subject="poison")
    await house.keep(Message_ID="<2@example.org>")
    house.desk.wake()
    async with asyncio.timeout(60):
        while [row.state for row in await house.received()] != ["kept", "handled"]:  # noqa: ASYNC110
            await asyncio.sleep(0)
        await house.desk.stop()
        await running


async def test_mails_are_handled_although_others_never_stop_to_come(house: House) -> None:
    for number in range(3):
        await house.keep(subject=f"Mail {number}", Message_ID=f"<{number}@example.org>")
    running = asyncio.create_task(house.desk.run())
    async with asyncio.timeout(60):
        while {row.state for row in await house.received()} != {"handled"}:
            house.desk.wake()
            await asyncio.sleep(0)
        await house.desk.stop()
        await running


# ---- decisions ----


async def test_a_drop_ends_the_mail_and_keeps_its_reason(house: House) -> None:
    await house.keep(author="support@example.com")
    await house.desk.settle()
    (row,) = await house.received()
    assert (row.state, row.reason) == ("dropped", "It is a letter of our own that came back to us.")
    assert row.handled_at == house.now
    assert await house.requests() == []
    assert [(line.handler, line.decision, line.because) for line in await house.history()] == [
        ("screen", "drop", row.reason)]


async def test_a_decision_is_a_fact_before_the_handler_goes_on(database: Database, tmp_path: Path) -> None:
    seen: list[Any] = []
    house = House(database, tmp_path, ("watch", Watch.model_construct(seen=seen)))
    await house.keep()
    await house.desk.settle()
    (request,) = await house.requests()
    assert seen == [None, (request.number, True, "new"), "open"]
    assert [line.handler for line in await house.history()] == ["watch"] * 3, "after Drop no later handler is asked"


async def test_every_decision_is_in_the_history_with_its_handler_and_reason(house: House) -> None:
    request = await house.writes()
    lines = await house.history()
    assert [(line.handler, line.decision) for line in lines] == [
        ("thread", "open"), ("classify", "label"), ("route", "place"), ("route", "wake"), ("acknowledge", "send")]
    assert all(line.because.endswith(".") for line in lines)
    assert {(line.event, line.request_id, line.received_id) for line in lines} == {("received", request.id, 1)}
    assert lines[1].detail == {"request": request.number, "category": "technical"}
    (letter,) = await house.letters()
    assert lines[-1].detail == {"request": request.number, "template": "acknowledgement", "sent": True,
                                "to": "kim@example.org", "letter": letter.id}


async def test_a_decision_without_a_request_fails_the_mail(database: Database, tmp_path: Path) -> None:
    class Hasty(Handler):
        def received(self, mail: Mail, case: Case) -> Decisions:
            yield Note("too soon", "No request yet.")

    house = House(database, tmp_path, ("hasty", Hasty()))
    await house.keep()
    await house.desk.settle()
    assert (await house.received())[0].reason.startswith("ValueError: this decision needs a request")


# ---- explain ----


async def test_explain_says_what_handling_does_and_keeps_nothing(house: House) -> None:
    mail = values.mail("I forgot my password.", "My account")
    explained = await house.desk.explain(mail.message.raw, mail.envelope, mail.verdict, False, house.now)
    for table in (Received, Request, Entry, History, Letter, WakeRow):
        assert await house.all(table) == []
    await house.writes("I forgot my password.", "My account", Message_ID="<1@example.org>")
    assert explained.mail.message.subject == "My account"
    assert [(line["handler"], line["decision"], line["because"]) for line in explained.decisions] == [
        (line.handler, line.decision, line.because) for line in await house.history()]
    assert explained.decisions[0]["number"] == (await house.requests())[0].number, "no number was used up"


async def test_explain_of_a_mail_that_a_handler_fails_on_raises_and_keeps_nothing(house: House) -> None:
    mail = values.mail(subject="poison")
    with pytest.raises(RuntimeError, match="fault"):
        await house.desk.explain(mail.message.raw, mail.envelope, mail.verdict, False, house.now)
    assert await house.received() == []


# ---- wakes and bounces ----


async def test_a_wake_fires_once_for_the_handler_that_asked(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    house.desk.journey = [*house.desk.journey, ("alarm", Alarm()), ("other", Alarm())]
    await house.keep(subject="tea")
    await house.desk.settle()
    await house.passes(timedelta(minutes=59))
    assert "woken for tea" not in [entry.text for entry in await house.entries()]
    await house.passes(timedelta(minutes=1))
    await house.passes(timedelta(hours=1))
    woken = [entry.author for entry in await house.entries() if entry.text == "woken for tea"]
    assert woken == ["alarm", "other"], "each asked for its own, each is woken once"


async def test_a_bounced_letter_is_told_once(house: House) -> None:
    await house.writes()
    (letter,) = await house.letters()
    await house.bounces(letter)
    await house.desk.settle()
    await house.desk.settle()
    notes = [entry.text for entry in await house.entries() if entry.kind == "note"]
    assert len(notes) == 1
    assert "5.1.1" in notes[0]
    assert (await house.letters())[0].is_reported


async def test_a_letter_bounced_by_mail_is_told_at_its_request(house: House) -> None:
    request = await house.writes()
    (letter,) = await house.letters()
    report = "Final-Recipient: rfc822; kim@example.org\nAction: failed\nStatus: 5.1.1\n"
    await house.keep(report, "Undelivered Mail Returned to Sender", author="mailer-daemon@example.org",
                     recipient=letter.reverse_path, reverse_path="", Message_ID="<b@example.org>")
    await house.desk.settle()
    assert [(row.state, row.request_id) for row in await house.received()][1] == ("handled", request.id)
    assert [line.handler for line in await house.history() if line.event == "returned"][-1] == "returned"
    assert len(await house.letters()) == 1, "a bounce is never answered"


# ---- two desks ----


async def test_two_desks_on_one_database_handle_each_mail_once(house: House) -> None:
    for number in range(20):
        await house.keep(Message_ID=f"<{number}@example.org>", author=f"kim{number}@example.org")
    await asyncio.gather(*(desk.settle() for desk in house.desks))
    assert {row.state for row in await house.received()} == {"handled"}
    requests = await house.requests()
    assert len({request.number for request in requests}) == len(requests) == 20
    assert len(await house.letters()) == 20
    assert sorted(line.received_id or 0 for line in await house.history() if line.decision == "open") == [
        *range(1, 21)]


async def test_two_desks_may_both_hear_of_a_new_customer_for_the_first_time(house: House) -> None:
    for number in range(40):
        await house.keep(Message_ID=f"<{number}@example.org>", author=f"kim{number // 2}@example.org")
    await asyncio.gather(*(desk.settle() for desk in house.desks))
    assert {(row.state, row.attempts) for row in await house.received()} == {("handled", 0)}
    assert len(await house.all(Customer)) == 20


async def test_two_desks_fire_a_wake_and_tell_a_bounce_once(house: House) -> None:
    await house.writes()
    (letter,) = await house.letters()
    await house.bounces(letter)
    house.now += timedelta(hours=25)
    await asyncio.gather(*(desk.settle() for desk in house.desks))
    lines = [(line.event, line.decision) for line in await house.history()]
    assert lines.count(("due", "place")) == 1
    assert len([entry for entry in await house.entries() if entry.kind == "note"]) == 1


# ---- what customers and strangers do, end to end in the store ----


async def test_a_held_request_gets_no_letter_whatever_a_handler_says(house: House) -> None:
    first = await house.writes(identity=Identity.NONE)
    held = await house.writes(f"About {first.number}: delete my account", identity=Identity.FAILED)
    assert held.is_held
    assert held.held_for == first.id
    assert [letter.request_id for letter in await house.letters()] == [first.id]
    await house.passes(timedelta(days=30))
    assert [letter.request_id for letter in await house.letters()] == [first.id]


async def test_a_quarantined_mail_is_held_in_its_own_queue_and_gets_no_letter(house: House) -> None:
    request = await house.writes("I forgot my password", "My account", is_quarantined=True, identity=Identity.FAILED)
    assert (request.is_held, request.queue, request.verification) == (True, "quarantine", "")
    assert await house.letters() == []


async def test_a_letter_to_an_unproven_address_carries_no_word_of_theirs(house: House) -> None:
    await house.writes("Visit my shop for watches!", "Cheap watches", name="Buy Now", identity=Identity.NONE)
    await house.writes("Delete my account: visit my shop for watches!", "Cheap watches", name="Buy Now",
                       author="other@example.org", identity=Identity.WEAK)
    letters = await house.letters()
    assert [letter.template for letter in letters] == ["acknowledgement_neutral", "verification"]
    for letter in letters:
        message = parse(letter.raw)
        told = f"{message.subject} {message.text} {message.html} {message.field('to')}".casefold()
        for word in ("watches", "buy now", "shop"):
            assert word not in told


async def test_a_flood_from_one_address_is_acknowledged_only_so_often(house: House) -> None:
    for _ in range(13):
        await house.writes()
    assert len(await house.requests()) == 13
    assert len(await house.letters()) == 10


async def test_a_flood_of_account_mails_from_strangers_is_capped_as_a_whole(house: House) -> None:
    for desk in house.desks:
        desk.journey = [(name, Verify(unproven_per_hour=3) if name == "verify" else each)
                        for name, each in desk.journey]
    for number in range(5):
        await house.keep("I forgot my password", "My account", author=f"kim{number}@example.org",
                         identity=Identity.NONE, Message_ID=f"<{number}@example.org>")
    await house.desk.settle()
    sent = [letter.template for letter in await house.letters()]
    assert sent == ["verification"] * 3 + ["acknowledgement_neutral"] * 2


async def verify_address(house: House) -> tuple[Request, str]:
    request = await house.writes("I forgot my password", "My account")
    (letter,) = await house.letters()
    return request, parse(letter.raw).reply_to


async def test_three_answers_of_others_end_the_asking_and_a_fourth_changes_nothing(house: House) -> None:
    request, address = await verify_address(house)
    seen = []
    for number in range(4):
        await house.writes("Yes", author="eve@example.net", recipient=address, Message_ID=f"<e{number}@example.net>")
        seen.append((await house.request(request.number)).verification)
    assert seen == ["asked", "asked", "expired", "expired"]
    assert [(each.attempts, each.state) for each in await house.verifications()] == [(3, "expired")]
    await house.writes("Yes", recipient=address)
    assert (await house.request(request.number)).verification == "expired"


async def test_an_answer_from_the_mailbox_verifies_and_is_part_of_the_conversation(house: House) -> None:
    request, address = await verify_address(house)
    await house.writes("네, 맞습니다.", recipient=address, identity=Identity.NONE)
    found = await house.request(request.number)
    assert found.verification == "verified"
    assert found.verification_because == (
        "Verified by the letter: the answer came from k***@example.org, the mailbox that wrote (no customer file says "
        "whose it is).")
    assert [entry.text for entry in await house.entries() if entry.kind == "mail"][-1] == "네, 맞습니다."
    await house.passes(timedelta(days=4))
    assert (await house.request(request.number)).verification == "verified", "the waiting end was taken back"


async def test_an_out_of_office_at_the_one_time_address_proves_nothing(house: House) -> None:
    request, address = await verify_address(house)
    await house.writes("I am away.", "Out of office: Re: My account", recipient=address, reverse_path="",
                       Auto_Submitted="auto-replied")
    assert (await house.request(request.number)).verification == "asked"
    assert (await house.verifications())[0].attempts == 0


async def test_an_out_of_office_joins_and_neither_moves_the_request_nor_its_wakes(house: House) -> None:
    request = await house.writes()
    await house.acts.say("answer", request.number, "minji", "Install 2.1.")
    letter = (await house.letters())[-1]
    before = [(wake.purpose, wake.at, wake.done_at) for wake in await house.wakes()]
    house.now += timedelta(hours=1)
    await house.writes("I am away.", "Out of office: Re: Cannot log in", recipient=parse(letter.raw).reply_to,
                       reverse_path="", Auto_Submitted="auto-replied")
    after = await house.request(request.number)
    assert (after.state, len(await house.requests())) == ("answered", 1)
    assert [(wake.purpose, wake.at, wake.done_at) for wake in await house.wakes()] == before


async def test_a_middling_rating_without_words_still_ends_by_silence(house: House) -> None:
    request = await house.writes()
    await house.acts.say("answer", request.number, "minji", "Install 2.1.")
    address = house.desk.office.capabilities.address(Capability("rate", request.id or 0, 3), house.now)
    await house.writes("", "", recipient=address)
    assert (await house.request(request.number)).state == "answered"
    await house.passes(timedelta(days=3))
    await house.passes(timedelta(days=4))
    ended = await house.request(request.number)
    assert (ended.state, ended.resolution, ended.rating) == ("resolved", "silent", 3)


async def test_join_after_open_in_one_mail_is_what_the_last_word_says(database: Database, tmp_path: Path) -> None:
    """A handler may read the request it has just joined."""
    class Joiner(Handler):
        def received(self, mail: Mail, case: Case) -> Decisions:
            if case.evidence:
                yield Join(case.evidence[0].request, "It names it.")
                assert case.request is case.evidence[0].request
                yield Drop("Enough.")

    house = House(database, tmp_path, ("joiner", Joiner()))
    first = await house.writes()
    await house.writes(f"see {first.number}")
    assert [row.state for row in await house.received()] == ["handled", "dropped"]
    assert [row.request_id for row in await house.received()] == [first.id, first.id]


async def test_a_row_that_cannot_be_read_does_not_stand_before_the_others(database: Database, tmp_path: Path) -> None:
    house = House(database, tmp_path)
    broken = await house.keep(subject="broken")
    await database.write(lambda db: setattr(db.get_one(Received, broken), "verdict", {"identity": "of another age"}))
    await house.keep(subject="whole", Message_ID="<whole@example.org>")
    await house.desk.settle()
    found = {row.id: (row.state, row.attempts) for row in await house.all(Received)}
    assert found.pop(broken) == ("kept", 1)
    assert list(found.values()) == [("handled", 0)]
    for _ in range(house.desk.attempts):
        await house.passes(FIRST_RETRY * 2 ** house.desk.attempts)
    assert (await house.all(Received))[0].state == "shunted"


async def test_what_the_desk_did_is_counted_by_event_and_by_handler(house: House) -> None:
    await house.keep(subject="poison")
    await house.keep(Message_ID="<2@example.org>")
    await house.desk.settle()
    figures = house.desk.figures
    assert figures.events == {("mail", "handled"): 1, ("mail", "laid back"): 1}
    assert figures.calls["stumble"] > figures.calls["acknowledge"] > 0
    assert figures.seconds["acknowledge"] > 0


async def test_of_a_text_without_end_a_hundred_pages_are_kept_beside_the_request(house: House) -> None:
    await house.writes("word " * 200_000)
    entry = (await house.entries())[0]
    assert len(entry.text) == LONGEST_TEXT
    await house.writes("word " * 200_000 + "\n\n> quoted\n")
    assert len((await house.entries())[-2].reply_text) == LONGEST_TEXT


async def test_words_of_a_mail_that_holds_nothing_else_are_kept_once(house: House) -> None:
    await house.writes("Error 42.")
    await house.writes("Error 43.\n\n> It says so.\n")
    assert [(each.text, each.reply_text) for each in await house.entries() if each.kind == "mail"] == [
        ("Error 42.", ""), ("Error 43.\n\n> It says so.", "Error 43.")]
