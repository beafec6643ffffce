"""Before step 1: what ends without a request, and what must not."""

import pytest
from desk_values import asking, case, evidence, mail, out_of_office, request

from gateway.desk.handler import Case, Drop, Identity, Mail
from handlers.screen import Screen


def dropped(it: Mail, known: Case | None = None) -> str:
    """The reason, "" when the mail goes on."""
    decisions = [*Screen().received(it, known or case())]
    assert all(isinstance(each, Drop) for each in decisions)
    assert len(decisions) <= 1
    return decisions[0].because if decisions else ""


def test_a_mail_of_a_person_goes_on() -> None:
    assert not dropped(mail())


@pytest.mark.parametrize("author", ["support@example.com", "Support@Example.com"])
def test_a_letter_from_our_own_address_ends(author: str) -> None:
    assert dropped(mail(author=author)) == "It is a letter of our own that came back to us."


def test_a_letter_with_a_message_id_of_ours_ends() -> None:
    assert "our own" in dropped(mail(Message_ID="<7.abc@mx.example.com>"))
    assert not dropped(mail(Message_ID="<7.abc@mx.example.com.evil.org>"))


def test_a_second_copy_ends_and_names_the_first() -> None:
    first = request()
    assert first.number in dropped(mail(), case(evidence=(evidence("copy", first),)))


def test_a_copy_that_is_less_proven_than_the_first_goes_on() -> None:
    known = case(evidence=(evidence("copy", request()),))
    assert not dropped(mail(identity=Identity.NONE), known)


def test_a_copy_as_unproven_as_the_first_ends() -> None:
    known = case(evidence=(evidence("copy", request(identity="none")),))
    assert dropped(mail(identity=Identity.NONE), known)


def test_a_strangers_mail_with_the_same_message_id_goes_on() -> None:
    assert not dropped(mail(), case(evidence=(evidence("copy", request(), participant=False),)))


def test_a_copy_to_the_reply_address_of_another_request_goes_on() -> None:
    known = (evidence("capability", request(id=2, number="FD-2026-0000022")), evidence("copy", request()))
    assert not dropped(mail(), case(evidence=known))


def test_a_copy_to_the_reply_address_of_the_same_request_ends() -> None:
    assert dropped(mail(), case(evidence=(evidence("capability", request()), evidence("copy", request()))))


@pytest.mark.parametrize(("state", "goes_on"), [("asked", True), ("verified", False)])
def test_a_copy_to_the_one_time_address_goes_on_while_it_can_prove_the_person(state: str, goes_on: bool) -> None:
    known = (evidence("verification", request(), asked=asking(state=state)), evidence("copy", request()))
    assert bool(dropped(mail(), case(evidence=known))) is not goes_on


def test_an_out_of_office_that_belongs_to_nothing_ends_with_its_reason() -> None:
    assert dropped(out_of_office()).startswith("A machine's reply that belongs to no request.")


def test_an_out_of_office_that_only_names_a_number_ends() -> None:
    assert dropped(out_of_office(), case(evidence=(evidence("number", request()),)))


@pytest.mark.parametrize("kind", ["capability", "verification", "reference"])
def test_an_out_of_office_that_answers_a_letter_of_ours_goes_on_to_its_request(kind: str) -> None:
    assert not dropped(out_of_office(), case(evidence=(evidence(kind, request()),)))


@pytest.mark.parametrize("more", [
    {"List_Id": "<news.example.org>", "Precedence": "bulk"},
    {"Auto_Submitted": "auto-generated"},
], ids=["newsletter", "web form"])
def test_what_a_program_sends_of_its_own_accord_goes_on(more: dict[str, str]) -> None:
    assert not dropped(mail(**more))


def test_a_bounce_at_the_support_address_ends_however_its_machine_calls_it() -> None:
    text = "Final-Recipient: rfc822; x@example.org\nAction: failed\nStatus: 5.1.1\n"
    for word in ("auto-replied", "auto-generated (failure)", "auto-generated"):
        assert dropped(mail(text, "Undelivered Mail Returned to Sender", author="mailer-daemon@example.org",
                            reverse_path="", Auto_Submitted=word))
