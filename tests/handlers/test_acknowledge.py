"""Step 2: who is told that we have the request, what is said, and who hears nothing."""

from datetime import timedelta
from typing import Any

import pytest
from desk_values import NOON, case, mail, new, out_of_office, request, verdict

from gateway.desk.handler import Case, Decision, Identity, Mail, Note, Send
from handlers.acknowledge import Acknowledge

PROVEN_BECAUSE = f"The sender is proven: {verdict(Identity.VERIFIED_DKIM).because}"
ENOUGH = "Since yesterday the app says error 1042 when I open it."


def said(it: Mail, known: Case | None = None, **settings: Any) -> list[Decision]:
    return [*Acknowledge(**settings).received(it, known or new(request()))]


def tips(text: str, subject: str = "Cannot log in", **more: Any) -> list[str]:
    (sent,) = said(mail(text, subject, **more))
    assert isinstance(sent, Send)
    assert set(sent.fields.values()) <= {"yes"}
    return [*sent.fields]


@pytest.mark.parametrize("identity", [Identity.VERIFIED_DKIM, Identity.VERIFIED_SPF])
def test_a_proven_sender_is_told(identity: Identity) -> None:
    assert said(mail(ENOUGH, identity=identity)) == [
        Send("acknowledgement", f"The sender is proven: {verdict(identity).because}")]


@pytest.mark.parametrize("identity", [Identity.WEAK, Identity.NONE, Identity.UNKNOWN])
def test_an_unproven_sender_gets_the_neutral_letter_and_no_advice(identity: Identity) -> None:
    assert said(mail("", "", identity=identity)) == [
        Send("acknowledgement_neutral",
             f"The sender is not proven: no word of theirs goes out. {verdict(identity).because}")]


def silent(it: Mail, known: Case | None = None, **settings: Any) -> str:
    (note,) = said(it, known, **settings)
    assert isinstance(note, Note)
    assert note.text == f"Not acknowledged: no letter went out. {note.because}"
    return note.because


def test_a_sender_who_failed_hears_nothing_and_the_agent_knows() -> None:
    assert silent(mail(identity=Identity.FAILED)) == verdict(Identity.FAILED).because


def test_a_web_form_is_not_answered_and_the_agent_knows() -> None:
    assert "Auto-Submitted" in silent(mail(Auto_Submitted="auto-generated"))


def test_an_author_who_reads_no_mail_is_not_answered() -> None:
    assert silent(mail(author="no-reply@example.org"))


@pytest.mark.parametrize("it", [mail(List_Id="<news.example.org>"),
                                mail(subject="Report Domain: a.org Submitter: b.org Report-ID: 1")],
                         ids=["newsletter", "report"])
def test_bulk_is_not_answered_and_nobody_is_told(it: Mail) -> None:
    assert said(it) == []


def test_an_out_of_office_is_never_answered() -> None:
    assert "Send" not in [type(each).__name__ for each in said(out_of_office())]


@pytest.mark.parametrize("known", [case(), case(request()), new(request(), is_held=True),
                                   new(request(verification="asked"))],
                         ids=["no request", "not new", "held", "asked for proof"])
def test_nothing_is_said(known: Case) -> None:
    assert said(mail(ENOUGH), known) == []


@pytest.mark.parametrize("letters", [{"letters_last_hour": 10}, {"letters_last_day": 30}], ids=["hour", "day"])
def test_a_flood_from_one_address_is_answered_only_so_often(letters: dict[str, int]) -> None:
    assert "automatic letters today" in silent(mail(ENOUGH), new(request(), **letters))
    fewer = {name: count - 1 for name, count in letters.items()}
    assert [type(each) for each in said(mail(ENOUGH), new(request(), **fewer))] == [Send]


def test_neutral_letters_to_anybody_are_capped_and_proven_ones_are_not() -> None:
    known = new(request(), neutral_last_hour=100)
    assert "100 neutral letters" in silent(mail(identity=Identity.NONE), known)
    assert [type(each) for each in said(mail(ENOUGH), known)] == [Send]


def test_a_quiet_time_can_be_kept() -> None:
    known = new(request(), last_acknowledged=NOON - timedelta(minutes=9))
    assert "a moment ago" in silent(mail(ENOUGH), known, quiet=timedelta(minutes=10))
    assert [type(each) for each in said(mail(ENOUGH), known, quiet=timedelta(minutes=9))] == [Send]
    assert [type(each) for each in said(mail(ENOUGH), known)] == [Send]


@pytest.mark.parametrize("subject", [
    "", "Re:", "?", "Re: Fwd:", "(no subject)", "Hi", "help!", "문의", "회신: 문의드립니다.", "제목 없음", "[  ]",
])
def test_a_subject_that_says_nothing(subject: str) -> None:
    assert tips(ENOUGH, subject) == ["no_subject"]


@pytest.mark.parametrize("subject", ["환불", "Refund", "오류 1042", "Re: 로그인", "Help with login"])
def test_a_subject_that_says_something(subject: str) -> None:
    assert tips(ENOUGH, subject) == []


@pytest.mark.parametrize("text", ["", "...", "hello", "안녕하세", "Help me!"])
def test_a_text_that_says_nothing(text: str) -> None:
    assert tips(text) == ["no_details"]


def test_a_short_korean_text_says_more_than_a_latin_one() -> None:
    assert tips("환불해 주세요") == []


@pytest.mark.parametrize("text", [
    "Please see the attached screenshot of it.", "I have enclosed two photos of the fault.",
    "스크린샷을 첨부하였습니다.", "화면 캡쳐를 보내 드리니 확인해 주세요", "첨부한 사진을 봐 주세요.",
])
def test_what_is_spoken_of_but_not_attached_is_asked_for(text: str) -> None:
    assert tips(text) == ["no_attachment"]
    assert tips(text, attachment=True) == []


@pytest.mark.parametrize("text", ["Photosynthesis does not work in my app.", "사과를 받고 싶습니다. 불친절했습니다."])
def test_other_words_ask_for_no_attachment(text: str) -> None:
    assert tips(text) == []


def test_an_empty_mail_lacks_two_things() -> None:
    assert tips("", "") == ["no_subject", "no_details"]


def test_quoted_words_are_not_the_customers() -> None:
    text = f"{ENOUGH}\n\nOn Mon, 23 Nov 2026 at 10:00, Kim wrote:\n> see the attached screenshot"
    assert tips(text) == []
