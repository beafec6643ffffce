"""Step 7: reminded once, ended by silence, closed after a while; whoever speaks stops it."""

from datetime import timedelta

import pytest
from desk_values import case, mail, new, out_of_office, request

from gateway.desk.handler import Answer, Case, Decision, Due, Move, Rating, Record, Send, Wake
from handlers.resolve import Resolve

SPOKEN = [Wake("remind", None, "The customer is not silent."), Wake("silent", None, "The customer is not silent.")]
GOES_ON = [*SPOKEN, Wake("close", None, "It goes on.")]
WILL_CLOSE = [*SPOKEN, Wake("close", timedelta(days=7), "Closed when nobody objects.")]


def due(purpose: str, state: str, handler: Resolve | None = None) -> list[Decision]:
    return [*(handler or Resolve()).due(Due("resolve", purpose), case(request(state=state)))]


@pytest.mark.parametrize("kind", ["answer", "question"])
def test_what_we_say_is_reminded_of_later(kind: str) -> None:
    assert [*Resolve().answered(Answer(kind, "Install 2.1.", "minji"), case(request(state="open")))] == [
        Wake("silent", None, "The customer has something new to answer."), Wake("close", None, "It goes on."),
        Wake("remind", timedelta(days=3), "The customer is reminded when they stay silent.")]


def test_a_note_changes_nothing() -> None:
    assert [*Resolve().answered(Answer("note", "He called.", "minji"), case(request(state="answered")))] == []


def test_an_agent_may_take_it_for_settled() -> None:
    known = case(request(state="open"))
    said = Resolve().answered(Answer("resolution", "", "minji"), known)
    assert next(said) == Move("resolved", "minji takes it for settled.")
    assert known.request is not None
    known.request.state = "resolved"
    assert [*said] == WILL_CLOSE


def test_silence_is_reminded_of() -> None:
    assert due("remind", "answered") == [
        Send("reminder", "The customer was silent for 3 days.", {"days": "4"}),
        Wake("silent", timedelta(days=4), "Silence after the reminder ends it.")]


def test_a_question_of_ours_is_reminded_of_as_one() -> None:
    sent, _ = due("remind", "pending")
    assert isinstance(sent, Send)
    assert sent.fields == {"days": "4", "asked": "yes"}


def test_begun_days_are_counted_whole() -> None:
    sent, _ = due("remind", "answered", Resolve(remind=timedelta(hours=1), silence=timedelta(hours=36)))
    assert isinstance(sent, Send)
    assert (sent.because, sent.fields["days"]) == ("The customer was silent for 1 days.", "2")


@pytest.mark.parametrize("state", ["answered", "pending"])
def test_silence_after_the_reminder_ends_it(state: str) -> None:
    assert due("silent", state) == [
        Move("silent", "The customer stayed silent after the reminder."),
        Send("resolved", "Silence ended the request; the customer may open it again."),
        Record("silent", 1, "Ended by silence."), Wake("close", timedelta(days=7), "Closed when nobody objects.")]


def test_the_farewell_can_be_left_out() -> None:
    assert [type(each) for each in due("silent", "answered", Resolve(farewell=""))] == [Move, Record, Wake]


def test_what_is_resolved_is_closed() -> None:
    assert due("close", "resolved") == [Move("closed", "Nobody objected for 7 days.")]


@pytest.mark.parametrize(("purpose", "state"), [
    ("remind", "open"), ("remind", "resolved"), ("silent", "open"), ("silent", "closed"), ("close", "open"),
    ("close", "answered"), ("close", "closed"), ("else", "answered"),
])
def test_a_wake_that_comes_too_late_does_nothing(purpose: str, state: str) -> None:
    assert due(purpose, state) == []


def test_a_wake_without_a_request_does_nothing() -> None:
    assert [*Resolve().due(Due("resolve", "remind"), case())] == []


@pytest.mark.parametrize(("state", "expected"), [("open", GOES_ON), ("resolved", WILL_CLOSE)])
def test_who_writes_is_not_reminded(state: str, expected: list[Decision]) -> None:
    assert [*Resolve().received(mail(), case(request(state=state)))] == expected


@pytest.mark.parametrize("known", [case(), new(request())], ids=["no request", "new"])
def test_a_first_mail_stops_nothing(known: Case) -> None:
    assert [*Resolve().received(mail(), known)] == []


def test_an_out_of_office_does_not_stop_the_reminder() -> None:
    assert [*Resolve().received(out_of_office(), case(request(state="answered")))] == []


@pytest.mark.parametrize(("state", "expected"), [("open", GOES_ON), ("resolved", WILL_CLOSE)])
def test_a_rating_stops_the_reminder(state: str, expected: list[Decision]) -> None:
    assert [*Resolve().rated(Rating(1), case(request(state=state)))] == expected


def test_a_rating_that_moves_nothing_leaves_the_end_by_silence() -> None:
    assert [*Resolve().rated(Rating(3), case(request(state="answered")))] == []
