"""Step 3: is it this person? Whoever answers at the one-time address reads the mailbox that it was sent to."""

from datetime import timedelta
from typing import Any

import pytest
from desk_values import NOON, asking, case, evidence, mail, new, out_of_office, request, verdict

from gateway.desk.handler import Case, Decision, Due, Identity, Label, Mail, Note, Send, Verification, Wake
from handlers.verify import Verify

DAYS = timedelta(days=3)
TOLD = "The agent must know before anything is changed or disclosed."


def account(**more: Any) -> Case:
    return new(request(category="account"), **more)


def received(it: Mail, known: Case) -> list[Decision]:
    return [*Verify().received(it, known)]


@pytest.mark.parametrize("identity", [each for each in Identity if each is not Identity.FAILED])
def test_what_concerns_an_account_is_asked_about(identity: Identity) -> None:
    assert received(mail(identity=identity), account()) == [
        Send("verification", "What concerns an account or personal data needs proof of the person.",
             verification_lifetime=DAYS),
        Label("The customer was asked to answer from the mailbox.", verification="asked"),
        Wake("expire", DAYS, "Proof is waited for no longer than this.")]


@pytest.mark.parametrize("known", [case(), case(request(category="account")), new(request(category="complaint"))],
                         ids=["no request", "not new", "another category"])
def test_nobody_is_asked(known: Case) -> None:
    assert received(mail(), known) == []


@pytest.mark.parametrize(("it", "known", "reason"), [
    (mail(identity=Identity.FAILED), account(), verdict(Identity.FAILED).because),
    (mail(), account(is_held=True), "The request is on hold until an agent releases it."),
    (mail(), account(letters_last_day=5), "5 automatic letters went to this address today."),
    (mail(identity=Identity.NONE), account(neutral_last_hour=100),
     "100 letters went to unproven senders within the hour."),
], ids=["failed", "held", "asked too often", "flood of strangers"])
def test_who_cannot_be_asked_is_not_verified_and_the_agent_sees_why(it: Mail, known: Case, reason: str) -> None:
    assert received(it, known) == [Label(f"Not verified: proof was not asked for. {reason}", verification="")]


def test_a_machine_is_not_asked() -> None:
    (label,) = received(mail(Auto_Submitted="auto-generated"), account())
    assert isinstance(label, Label)
    assert label.verification == ""


def test_a_flood_of_strangers_does_not_keep_a_proven_sender_from_being_asked() -> None:
    assert isinstance(received(mail(), account(neutral_last_hour=1000, letters_last_day=4))[0], Send)


# ---- the answer ----


def answered(it: Mail, asked: Verification | None = None, state: str = "new") -> list[Decision]:
    found = request(category="account", state=state, verification="asked")
    known = case(found, evidence=(evidence("verification", found, asked=asked or asking()),))
    return received(it, known)


@pytest.mark.parametrize("it", [
    mail("네, 맞습니다."), mail("", author="KIM@example.org"), mail("Yes", identity=Identity.NONE),
], ids=["korean", "capitals, empty", "domain without proof"])
def test_an_answer_from_the_mailbox_proves_the_person(it: Mail) -> None:
    assert answered(it) == [
        Label("kim@example.org answered our letter at its one-time address.", verification="verified"),
        Wake("expire", None, "The proof is there.")]


@pytest.mark.parametrize(("it", "asked", "fault"), [
    (mail(author="eve@example.net"), asking(), "It came from eve@example.net, but our letter went to kim@example.org."),
    (mail(), asking(expires_at=NOON), "It came too late."),
    (mail(identity=Identity.FAILED), asking(), verdict(Identity.FAILED).because),
], ids=["another address", "after expiry", "forged"])
def test_an_answer_that_proves_nothing_is_counted_and_told(it: Mail, asked: Verification, fault: str) -> None:
    assert answered(it, asked) == [
        Label(f"An answer proved nothing. {fault}", failed_attempt=True),
        Note(f"An answer to the verification letter proved nothing. {fault}",
             "Somebody who cannot be told from the customer answered.")]


def test_the_third_answer_that_proves_nothing_ends_the_asking() -> None:
    fault = "It came from eve@example.net, but our letter went to kim@example.org."
    assert answered(mail(author="eve@example.net"), asking(attempts=1))[0] == Label(
        f"An answer proved nothing. {fault}", failed_attempt=True)
    assert answered(mail(author="eve@example.net"), asking(attempts=2)) == [
        Label(f"Not verified: 3 answers proved nothing. {fault}", verification="expired", failed_attempt=True),
        Wake("expire", None, "The asking has ended."),
        Note(f"Not verified: 3 answers to the verification letter proved nothing. {fault}", TOLD)]


def test_the_right_answer_still_counts_after_two_wrong_ones() -> None:
    assert answered(mail(), asking(attempts=2))[0] == Label(
        "kim@example.org answered our letter at its one-time address.", verification="verified")


@pytest.mark.parametrize("state", ["verified", "expired"])
@pytest.mark.parametrize("author", ["kim@example.org", "eve@example.net"])
def test_the_address_works_once(state: str, author: str) -> None:
    assert answered(mail(author=author), asking(state=state, attempts=3)) == []


def test_a_machine_that_answers_proves_nothing_and_costs_no_try() -> None:
    assert answered(out_of_office()) == []


def test_nobody_answers_in_time() -> None:
    known = case(request(category="account", verification="asked"))
    assert [*Verify().due(Due("verify", "expire"), known)] == [
        Label("Not verified: nobody answered our letter in time.", verification="expired"),
        Note("Not verified: the customer did not answer the verification letter in time.", TOLD)]


@pytest.mark.parametrize("verification", ["", "verified", "expired"])
def test_an_end_that_came_before_is_left_alone(verification: str) -> None:
    assert [*Verify().due(Due("verify", "expire"), case(request(verification=verification)))] == []
    assert [*Verify().due(Due("verify", "expire"), case())] == []
