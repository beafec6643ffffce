"""Steps 5 and after: what an agent says goes out; what comes back is told, and nothing is answered."""

from datetime import timedelta
from typing import Any

import pytest
from desk_values import NOON, case, letter, request

from gateway.desk.handler import Answer as Said
from gateway.desk.handler import Bounce, Decision, FailedRecipient, Move, Note, Place, Request, Send
from handlers.answer import Answer
from handlers.returned import Returned

HARD = FailedRecipient("kim@example.org", "5.1.1", True, "smtp; 550 5.1.1\n No such user")
SOFT = FailedRecipient("", "4.2.2", False, "mailbox full")


def test_an_answer_goes_out() -> None:
    assert [*Answer().answered(Said("answer", "Install 2.1.", "minji"), case(request(state="open")))] == [
        Send("answer", "minji answered.", {"text": "Install 2.1."}), Move("answered", "minji answered.")]


def test_a_question_goes_out_and_we_wait() -> None:
    assert [*Answer().answered(Said("question", "Which phone?", "minji"), case(request(state="open")))] == [
        Send("question", "minji asks for more.", {"text": "Which phone?"}),
        Move("asked", "minji asked: we wait for the customer.")]


@pytest.mark.parametrize("kind", ["note", "resolution"])
def test_a_note_stays_inside(kind: str) -> None:
    assert [*Answer().answered(Said(kind, "He called.", "minji"), case(request()))] == []


def returned(*failed: FailedRecipient, found: Request | None = None, reason: str = "", **more: Any) -> list[Decision]:
    bounce = Bounce(letter(is_automatic=False), failed, reason, **more)
    return [*Returned().returned(bounce, case(found or request(state="answered")))]


def test_a_dead_address_brings_the_request_back() -> None:
    assert returned(HARD) == [
        Note("Our letter “[FD] Re: Cannot log in” to kim@example.org did not arrive.\n"
             "kim@example.org: 5.1.1 (for good) smtp; 550 5.1.1 No such user", "A letter of ours did not arrive."),
        Move("returned", "The customer did not get our letter: an agent looks for another way."),
        Place("technical", "Our letter came back.", 4, NOON + timedelta(hours=8))]


def test_a_full_mailbox_is_only_told() -> None:
    (note,) = returned(SOFT)
    assert isinstance(note, Note)
    assert note.text.endswith("kim@example.org: 4.2.2 (for now) mailbox full")


def test_one_dead_address_among_several_is_enough() -> None:
    assert [type(each) for each in returned(SOFT, HARD)] == [Note, Move, Place]


def test_a_bounce_that_names_nobody_counts_for_good() -> None:
    note, *_ = decisions = returned(reason="unknown user")
    assert isinstance(note, Note)
    assert note.text.endswith("did not arrive.\nunknown user")
    assert [type(each) for each in decisions] == [Note, Move, Place]


def test_an_automatic_letter_that_bounces_is_no_more_urgent() -> None:
    *_, place = Returned().returned(Bounce(letter(is_automatic=True), (HARD,), ""), case(request()))
    assert isinstance(place, Place)
    assert place.priority == 3


def test_a_request_that_is_due_sooner_stays_so() -> None:
    *_, place = returned(HARD, found=request(due=NOON + timedelta(hours=1)))
    assert isinstance(place, Place)
    assert place.due == NOON + timedelta(hours=1)


def test_a_machine_that_answers_at_the_bounce_address_moves_nothing() -> None:
    assert returned(reason="It is an out-of-office.", is_automatic_reply=True) == [
        Note("A machine answered our letter to kim@example.org: It is an out-of-office.",
             "It came to the bounce address and is no bounce.")]


def test_a_long_diagnosis_is_cut_and_kept_on_one_line() -> None:
    note, *_ = returned(FailedRecipient("x@example.org", "5.0.0", True, "a\r\nb " * 1000))
    assert isinstance(note, Note)
    assert len(note.text.splitlines()) == 2
    assert len(note.text) < 450


def test_without_a_request_nobody_is_told() -> None:
    assert [*Returned().returned(Bounce(letter(), (HARD,), ""), case())] == []
