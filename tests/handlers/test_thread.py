"""Step 1: which request a mail belongs to. Evidence decides, not a claim."""

import pytest
from desk_values import case, evidence, mail, out_of_office, request, verdict

from gateway.desk.handler import Drop, Hold, Identity, Join, Open
from handlers.thread import Thread

OLD = request()
UNPROVEN = [Identity.WEAK, Identity.NONE, Identity.FAILED, Identity.UNKNOWN]


def test_a_mail_that_names_nothing_opens_a_request() -> None:
    assert [*Thread().received(mail(), case())] == [Open("Cannot log in", "It belongs to no request we know.")]


@pytest.mark.parametrize("identity", list(Identity))
def test_whoever_writes_to_the_reply_address_joins(identity: Identity) -> None:
    known = case(evidence=(evidence("capability", OLD, participant=False),))
    assert [*Thread().received(mail(identity=identity), known)] == [
        Join(OLD, "It came to the reply address that only our letters carry.")]


def test_whoever_writes_to_the_one_time_address_joins() -> None:
    known = case(evidence=(evidence("verification", OLD, participant=False),))
    assert [*Thread().received(mail(identity=Identity.NONE), known)] == [
        Join(OLD, "It came to the one-time address of our verification letter.")]


@pytest.mark.parametrize("identity", [Identity.VERIFIED_DKIM, Identity.VERIFIED_SPF])
@pytest.mark.parametrize(("kind", "told"), [
    ("reference", f"An authenticated customer of {OLD.number} answers a mail of it."),
    ("number", f"An authenticated customer of {OLD.number} names its number."),
])
def test_an_authenticated_customer_joins_by_a_claim(kind: str, told: str, identity: Identity) -> None:
    known = case(evidence=(evidence(kind, OLD),))
    assert [*Thread().received(mail(identity=identity), known)] == [Join(OLD, told)]


@pytest.mark.parametrize("identity", UNPROVEN)
@pytest.mark.parametrize("kind", ["reference", "number"])
def test_the_same_claim_without_proof_is_held_for_an_agent(kind: str, identity: Identity) -> None:
    opened, held = Thread().received(mail(identity=identity), case(evidence=(evidence(kind, OLD),)))
    assert isinstance(opened, Open)
    assert OLD.number in opened.because
    assert held == Hold(f"It claims to be from the customer of {OLD.number}. {verdict(identity).because}", OLD)


@pytest.mark.parametrize("identity", list(Identity))
@pytest.mark.parametrize("kind", ["reference", "number"])
def test_a_stranger_who_names_a_request_joins_nothing_and_is_not_held(kind: str, identity: Identity) -> None:
    known = case(evidence=(evidence(kind, OLD, participant=False),))
    (opened,) = Thread().received(mail(identity=identity), known)
    assert isinstance(opened, Open)
    assert OLD.number in opened.because
    assert "stranger" in opened.because


def test_a_copy_alone_ties_to_nothing() -> None:
    for participant in (True, False):
        known = case(evidence=(evidence("copy", OLD, participant=participant),))
        assert [*Thread().received(mail(identity=Identity.NONE), known)] == [
            Open("Cannot log in", "It belongs to no request we know.")]


def test_the_strongest_evidence_wins() -> None:
    other = request(id=2, number="FD-2026-0000022")
    known = case(evidence=(evidence("reference", other, participant=False), evidence("number", OLD)))
    assert [*Thread().received(mail(), known)] == [
        Join(OLD, f"An authenticated customer of {OLD.number} names its number.")]


def test_quarantine_opens_and_holds_even_at_the_reply_address() -> None:
    known = case(evidence=(evidence("capability", OLD),))
    opened, held = Thread().received(mail(is_quarantined=True, identity=Identity.FAILED), known)
    assert opened == Open("Cannot log in", "The door let it in for quarantine only.")
    assert held == Hold(f"{verdict(Identity.FAILED).because} An agent decides.", OLD)


def test_quarantine_without_any_claim_is_held_for_no_request() -> None:
    _, held = Thread().received(mail(is_quarantined=True), case())
    assert isinstance(held, Hold)
    assert held.candidate is None


def test_an_out_of_office_at_the_reply_address_joins() -> None:
    assert [type(each) for each in Thread().received(
        out_of_office(identity=Identity.NONE), case(evidence=(evidence("capability", OLD),)))] == [Join]


@pytest.mark.parametrize("participant", [True, False])
def test_an_out_of_office_that_proves_nothing_opens_no_request(participant: bool) -> None:
    known = case(evidence=(evidence("reference", OLD, participant=participant),))
    assert [type(each) for each in Thread().received(out_of_office(identity=Identity.NONE), known)] == [Drop]
