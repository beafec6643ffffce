"""Step 3: is it this person? The file knows them, they answer from the mailbox on file, or an agent decides."""

from datetime import timedelta
from typing import Any

import pytest
from desk_values import NOON, asking, case, evidence, letter, mail, new, out_of_office, request, verdict

from gateway.desk.handler import (
    Asking,
    Bounce,
    Case,
    CustomerRecord,
    Decision,
    Due,
    FailedRecipient,
    Identity,
    Label,
    Mail,
    Note,
    OnFile,
    Proof,
    Send,
    Verification,
    Wake,
)
from handlers.verify import Rule, Verify

DAYS, VALID = timedelta(days=3), timedelta(days=30)
TOLD = "The agent must know before anything is changed or disclosed."
WHY = "What concerns an account or personal data needs proof of the person."
TIMES = "on 2026-11-23 21:00 (expires 2026-11-26 21:00)"
KIM = CustomerRecord("kim@example.org", "Kim", "AB-12345")
HERS, THEIRS = OnFile(KIM, is_author=True), OnFile(KIM)
EXPIRE = Wake("expire", DAYS, "Proof is waited for no longer than this.")
HARD = FailedRecipient("kim@example.org", "5.1.1", True, "No such user")
SOFT = FailedRecipient("kim@example.org", "4.2.2", False, "Mailbox full")
DONE = Wake("expire", None, "The proof is there.")
LAPSE = Wake("lapse", VALID, "A proof counts no longer than this.")


def account(**more: Any) -> Case:
    return new(request(category="account"), **more)


def stranger(**more: Any) -> Case:
    """A mail of eve's that names an account of kim's."""
    return account(**{"on_file": THEIRS, "letters_to": "eve@example.net", **more})


def received(it: Mail, known: Case, **settings: Any) -> list[Decision]:
    """What the handler says; a letter that it sends asks, as the desk sees to before it goes on."""
    said = []
    for each in Verify(**settings).received(it, known):
        if isinstance(each, Send) and each.asking:
            owner = each.asking.owner
            known.verification = asking(sent_to=owner.address if owner else known.letters_to, basis=each.asking.basis,
                                        account=each.asking.account)
        said.append(each)
    return said


def label(decisions: list[Decision]) -> Label:
    (found,) = [each for each in decisions if isinstance(each, Label)]
    return found


def asked_for(decisions: list[Decision]) -> list[tuple[str, Asking | None]]:
    return [(each.template, each.asking) for each in decisions if isinstance(each, Send)]


# ---- whom the letter goes to ----


@pytest.mark.parametrize("identity", [each for each in Identity if each is not Identity.FAILED])
def test_without_a_customer_file_whoever_wrote_is_asked(identity: Identity) -> None:
    assert received(mail(identity=identity), account()) == [
        Send("verification", WHY, asking=Asking(DAYS, "author")),
        Label("Asked: a letter went to k***@example.org, the mailbox that wrote (no customer file says whose it is), "
              f"{TIMES}; 0 of 3 tries used.", verification="asked"),
        EXPIRE]


def test_a_customer_who_writes_from_the_address_on_file_is_asked_there() -> None:
    assert received(mail(), account(on_file=HERS)) == [
        Send("verification", WHY, asking=Asking(DAYS, "file", "AB-12345")),
        Label(f"Asked: a letter went to k***@example.org, the mailbox on file for account AB-12345, {TIMES}; "
              "0 of 3 tries used.", verification="asked"),
        EXPIRE]


def test_an_account_named_from_another_mailbox_is_asked_about_at_the_address_on_file() -> None:
    assert received(mail(author="eve@example.net"), stranger()) == [
        Send("verification", WHY, asking=Asking(DAYS, "stranger", "AB-12345")),
        Send("verification_on_file", WHY, asking=Asking(DAYS, "file", "AB-12345", KIM)),
        Label("Asked: a letter went to k***@example.org, the mailbox on file for account AB-12345; the request itself "
              f"came from eve@example.net, and answers go there, {TIMES}; 0 of 3 tries used.", verification="asked"),
        EXPIRE]


def test_whom_the_file_does_not_know_proves_the_mailbox_only_and_the_agent_reads_so() -> None:
    found = received(mail(author="eve@example.net"), account(on_file=OnFile(), letters_to="eve@example.net"))
    assert asked_for(found) == [("verification", Asking(DAYS, "stranger"))]
    assert label(found).because == (
        "Asked: a letter went to e***@example.net, the mailbox that wrote, for which the customer file does not speak: "
        f"an answer proves that mailbox only, {TIMES}; 0 of 3 tries used.")


@pytest.mark.parametrize("known", [
    THEIRS, OnFile(), OnFile(trouble="The customer table could not be read."),
    OnFile(CustomerRecord("kim@example.org", account="AB-12345", standing="blocked")), OnFile(KIM, letters_last_day=5),
], ids=["account known", "nothing known", "file away", "blocked", "owner had enough letters"])
@pytest.mark.parametrize("identity", [Identity.VERIFIED_DKIM, Identity.NONE])
def test_a_stranger_gets_the_same_letter_whatever_the_file_says(known: OnFile, identity: Identity) -> None:
    sent = asked_for(received(mail(author="eve@example.net", identity=identity), stranger(on_file=known)))
    to_author = [(template, each.lifetime) for template, each in sent if each and each.owner is None]
    assert to_author == [("verification", DAYS)]


@pytest.mark.parametrize(("known", "more", "reason"), [
    (OnFile(CustomerRecord("kim@example.org", standing="blocked")), {}, "it is blocked"),
    (OnFile(KIM, letters_last_day=5), {}, "it had 5 today"),
    (THEIRS, {"neutral_last_hour": 100}, "too many did within the hour"),
], ids=["blocked", "cap per address", "cap of all"])
def test_why_no_letter_went_to_the_address_on_file_is_written_down(known: OnFile, more: Any, reason: str) -> None:
    found = received(mail(author="eve@example.net"), stranger(on_file=known, **more))
    (send,) = [each for each in found if isinstance(each, Send)]
    assert send.because == f"{WHY} No letter went to the address on file: {reason}."


@pytest.mark.parametrize("known", [
    case(), case(request(category="account", verification_because="Not asked: a machine wrote it.")),
    case(request(category="complaint")), new(request(category="complaint"))],
    ids=["no request", "decided before", "another category", "another category, new"])
def test_nobody_is_asked(known: Case) -> None:
    assert received(mail(), known) == []


def test_a_request_that_came_to_be_about_an_account_is_asked_about_with_the_next_mail() -> None:
    later = case(request(category="account"), on_file=HERS, letters_to="kim@example.org")
    assert asked_for(received(mail(), later)) == [("verification", Asking(DAYS, "file", "AB-12345"))]
    assert asked_for(received(mail(Auto_Submitted="auto-replied"), later)) == []


BLOCKED = OnFile(CustomerRecord("kim@example.org", standing="blocked"), is_author=True)


@pytest.mark.parametrize(("it", "known", "reason"), [
    (mail(identity=Identity.FAILED), account(), verdict(Identity.FAILED).because),
    (mail(), account(is_held=True), "The request is on hold until an agent releases it."),
    (mail(), account(letters_last_day=5), "5 automatic letters went to this address today."),
    (mail(identity=Identity.NONE), account(neutral_last_hour=100),
     "100 letters went to unproven senders within the hour."),
    (mail(), account(on_file=BLOCKED), "The address is on file as blocked. An agent decides."),
], ids=["failed", "held", "asked too often", "flood of strangers", "blocked"])
def test_who_cannot_be_asked_is_not_and_the_agent_sees_why(it: Mail, known: Case, reason: str) -> None:
    assert received(it, known) == [Label(f"Not asked: {reason}", verification="")]


def test_where_no_letter_can_go_nobody_was_asked() -> None:
    (_, said) = Verify().received(mail(), account())
    assert said == Label("Not asked: there is no address that a letter could go to.", verification="")


def test_a_machine_is_not_asked() -> None:
    assert label(received(mail(Auto_Submitted="auto-generated"), account())).verification == ""


def test_a_flood_of_strangers_does_not_keep_a_proven_sender_from_being_asked() -> None:
    assert isinstance(received(mail(), account(neutral_last_hour=1000, letters_last_day=4))[0], Send)


# ---- rules: which proofs serve ----


BY_FILE = {"rules": (Rule(category=("account",), proof=("file", "letter")),)}


def test_the_file_alone_proves_where_the_rule_says_so() -> None:
    assert received(mail(), account(on_file=HERS), **BY_FILE) == [
        Label("Verified by the customer file: The identity is verified-dkim. The author's address is on file: account "
              "AB-12345, in good standing.", verification="verified"),
        LAPSE]


@pytest.mark.parametrize(("it", "on_file"), [
    (mail(), None), (mail(), OnFile()), (mail(author="eve@example.net"), THEIRS),
    (mail(), OnFile(CustomerRecord("kim@example.org", standing="closed"), is_author=True)),
    (mail(identity=Identity.VERIFIED_SPF), HERS), (mail(identity=Identity.WEAK), HERS),
    (mail(identity=Identity.NONE), HERS), (mail(identity=Identity.UNKNOWN), HERS),
    (mail(findings=("from-several-authors",)), HERS), (mail(findings=("signature-seen-before",)), HERS),
    (mail(findings=("signed-for-others",)), HERS),
], ids=["no file", "not on file", "another's account", "closed", "spf", "weak", "none", "unknown", "several authors",
        "replayed", "perhaps passed on"])
def test_the_file_alone_does_not_prove(it: Mail, on_file: OnFile | None) -> None:
    assert label(received(it, account(on_file=on_file), **BY_FILE)).verification == "asked"


@pytest.mark.parametrize(("written", "state"), [
    ("Sun, 15 Nov 2026 09:00:00 +0000", "asked"), ("Thu, 19 Nov 2026 09:00:00 -0000", "verified"), ("soon", "verified"),
], ids=["older than what the door remembers", "some days", "unreadable"])
def test_an_old_mail_that_is_sent_again_is_not_proven_by_the_file(written: str, state: str) -> None:
    assert label(received(mail(Date=written), account(on_file=HERS), **BY_FILE)).verification == state


def test_an_address_proven_by_spf_counts_where_the_settings_say_so() -> None:
    found = received(mail(identity=Identity.VERIFIED_SPF), account(on_file=HERS), spf_suffices=True, **BY_FILE)
    assert label(found).verification == "verified"


def test_by_default_the_file_alone_is_not_enough() -> None:
    assert label(received(mail(), account(on_file=HERS))).verification == "asked"


def test_where_only_an_agent_serves_nobody_is_asked() -> None:
    rules = (Rule(category=("account",), proof=("agent",)),)
    assert received(mail(), account(), rules=rules) == [
        Label("Not asked: in this category counts only: agent.", verification="")]


def test_other_categories_may_need_proof_and_the_first_rule_that_fits_decides() -> None:
    rules = (Rule(category=("policy", "account"), proof=("agent",)), Rule(category=("account",), proof=("letter",)))
    assert label(received(mail(), account(), rules=rules)).verification == ""
    assert label(received(mail(), new(request(category="policy")), rules=rules)).verification == ""
    assert received(mail(), new(request(category="technical")), rules=rules) == []


def test_a_proof_that_nobody_knows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"'file', 'letter' or 'agent'"):
        Rule(category=("account",), proof=("blood",))  # type: ignore[arg-type]


# ---- the answer ----


def answered(it: Mail, asked: Verification | None = None, **more: Any) -> list[Decision]:
    found = request(category="account", verification="asked")
    known = case(found, evidence=(evidence("verification", found, asked=asked or asking()),), **more)
    return received(it, known)


@pytest.mark.parametrize("it", [
    mail("네, 맞습니다."), mail("", author="KIM@example.org"), mail("Yes", identity=Identity.NONE),
], ids=["korean", "capitals, empty", "domain without proof"])
def test_an_answer_from_the_mailbox_proves_the_person(it: Mail) -> None:
    assert answered(it) == [
        Label("Verified by the letter: the answer came from k***@example.org, the mailbox that wrote (no customer file "
              "says whose it is).", verification="verified", asking="verified"), DONE, LAPSE]


def test_an_answer_from_the_address_on_file_says_so_and_where_the_request_came_from() -> None:
    hers = answered(mail("Yes"), asking(basis="file", account="AB-12345"))
    assert label(hers).because == (
        "Verified by the letter: the answer came from k***@example.org, the mailbox on file for account AB-12345.")
    from_elsewhere = answered(mail("Yes"), asking(basis="file", account="AB-12345"), letters_to="eve@example.net")
    assert label(from_elsewhere).because == (
        "Verified by the letter: the answer came from k***@example.org, the mailbox on file for account AB-12345; the "
        "request itself came from eve@example.net, and answers go there.")


def test_an_answer_of_somebody_who_is_not_on_file_proves_the_mailbox_only() -> None:
    assert answered(mail("Yes"), asking(basis="stranger")) == [
        Label("Only the mailbox is proven: the answer came from k***@example.org, for which the customer file does "
              "not speak. Who it is, an agent has to find out.", verification="mailbox", asking="verified"),
        DONE, LAPSE]


def test_the_strangers_own_answer_proves_nothing_while_the_owner_is_asked() -> None:
    assert answered(mail("Yes"), asking(basis="stranger", account="AB-12345")) == [
        Label("Asked: the address on file for account AB-12345 has not answered yet; the answer came from "
              "k***@example.org, which wrote the mail: that proves only that mailbox.", verification="asked",
              asking="verified")]


def test_what_happens_to_the_strangers_letter_never_touches_what_the_owner_proved_or_is_asked() -> None:
    beside = asking(basis="stranger", account="AB-12345")
    found = request(category="account", verification="verified")
    known = case(found, evidence=(evidence("verification", found, asked=beside),))
    assert label(received(mail("Yes"), known)).verification is None
    beside.attempts = 2
    (last,) = answered(mail(author="eve@example.net"), beside)
    assert isinstance(last, Label)
    assert (last.verification, last.asking, last.failed_attempt) == (None, "expired", True)


@pytest.mark.parametrize(("it", "asked", "fault"), [
    (mail(author="eve@example.net"), asking(), "It came from eve@example.net, but our letter went to kim@example.org."),
    (mail(), asking(expires_at=NOON), "It came too late."),
    (mail(identity=Identity.FAILED), asking(), verdict(Identity.FAILED).because),
], ids=["another address", "after expiry", "forged"])
def test_an_answer_that_proves_nothing_is_counted_and_told(it: Mail, asked: Verification, fault: str) -> None:
    found, note = answered(it, asked)
    assert isinstance(found, Label)
    assert (found.verification, found.asking, found.failed_attempt) == ("asked", None, True)
    assert found.because.endswith(f"; 1 of 3 tries used. The last one proved nothing: {fault}")
    assert note == Note(f"An answer to the verification letter proved nothing. {fault}",
                        "Somebody who cannot be told from the customer answered.")


def test_the_third_answer_that_proves_nothing_ends_the_asking() -> None:
    fault = "It came from eve@example.net, but our letter went to kim@example.org."
    assert label(answered(mail(author="eve@example.net"), asking(attempts=1))).verification == "asked"
    assert answered(mail(author="eve@example.net"), asking(attempts=2)) == [
        Label(f"Not verified: 3 answers to the verification letter proved nothing. {fault}", verification="expired",
              asking="expired", failed_attempt=True),
        Wake("expire", None, "The asking has ended."),
        Note(f"Not verified: 3 answers to the verification letter proved nothing. {fault}", TOLD)]


def test_the_right_answer_still_counts_after_two_wrong_ones() -> None:
    assert label(answered(mail(), asking(attempts=2))).verification == "verified"


def test_the_answer_may_write_the_domain_in_either_form() -> None:
    asked = asking(sent_to="kim@bücher.example")
    assert label(answered(mail(author="kim@xn--bcher-kva.example"), asked)).verification == "verified"


@pytest.mark.parametrize(("state", "which"), [
    ("verified", "It was used already."), ("expired", "The asking had ended already.")])
@pytest.mark.parametrize("author", ["kim@example.org", "eve@example.net"])
def test_the_address_works_once_and_the_history_tells_why(state: str, which: str, author: str) -> None:
    assert answered(mail(author=author), asking(state=state, attempts=3)) == [
        Label(f"An answer to the one-time address proved nothing: {which}")]


@pytest.mark.parametrize("words", [
    "No! That was not me.", "I didn’t ask for this.", "Who is this? I never wrote to you.",
    "아니요, 제가 보낸 게 아닙니다.", "저는 문의한 적이 없습니다.", "이게 뭔가요? 모르는 일입니다.", "제가 안 했어요"])
@pytest.mark.parametrize("asked", [asking(), asking(basis="stranger"), asking(basis="file", account="AB-12345")])
def test_who_answers_that_it_was_not_them_proves_nothing_and_an_agent_reads_it(words: str, asked: Verification) -> None:
    found, wake, note = answered(mail(words), asked)
    assert isinstance(found, Label)
    assert (found.verification, found.asking) == ("expired", "expired")
    assert found.because.startswith("Not verified: the answer came from k***@example.org, ")
    assert found.because.endswith(", but may say that it was not them. Read it and decide.")
    assert wake == Wake("expire", None, "Our letter was answered.")
    assert note == Note(found.because, TOLD)


@pytest.mark.parametrize("words", [
    "Yes", "Yes, it was me. Noah", "네", "네, 맞습니다.", "네, 제가 문의했습니다. 감사합니다.", "확인합니다",
    "Yes.\n" + 300 * "." + "\nDo not read this when it was not meant for you."])
def test_a_plain_yes_is_no_denial(words: str) -> None:
    assert label(answered(mail(words))).verification == "verified"


def test_an_owner_who_denies_after_the_link_was_pressed_takes_the_proof_back() -> None:
    pressed_by_a_scanner = asking(state="verified", basis="file", account="AB-12345")
    it = mail("That was not me!")
    assert label(answered(it, pressed_by_a_scanner, letters_to="eve@example.net")).verification == "expired"
    assert label(answered(it, pressed_by_a_scanner)).verification is None, "who wrote it may write more of it there"


def test_a_machine_that_answers_proves_nothing_and_costs_no_try() -> None:
    assert answered(out_of_office()) == []


# ---- the link ----


def pressed(asked: Verification) -> list[Decision]:
    found = request(category="account", verification="asked")
    return [*Verify().proved(Proof("link"), case(found, verification=asked))]


def test_whoever_presses_the_link_reads_the_mailbox() -> None:
    assert pressed(asking(basis="file", account="AB-12345")) == [
        Label("Verified by the letter: its link was pressed in k***@example.org, the mailbox on file for account "
              "AB-12345.", verification="verified", asking="verified"), DONE, LAPSE]


@pytest.mark.parametrize(("asked", "which"), [
    (asking(state="verified"), "It was used already."), (asking(state="expired"), "The asking had ended already."),
    (asking(expires_at=NOON), "It came too late."),
], ids=["used", "ended", "too late"])
def test_a_spent_link_proves_nothing_and_the_history_tells_why(asked: Verification, which: str) -> None:
    assert pressed(asked) == [
        Label(f"The link of the verification letter was pressed, but proved nothing: {which}", failed_attempt=True)]


# ---- an agent decides ----


def decided(proof: Proof, category: str = "account", **settings: Any) -> list[Decision]:
    return [*Verify(**settings).proved(proof, case(request(category=category)))]


def test_an_agent_vouches_by_name_and_with_a_reason() -> None:
    assert decided(Proof("agent", "minji", because="He called from the number on file.")) == [
        Label("Verified by minji (agent): He called from the number on file.", verification="verified",
              asking="expired"),
        Wake("expire", None, "An agent decided."), LAPSE]


def test_an_agent_rejects() -> None:
    assert decided(Proof("agent", "minji", holds=False, because="She did not know her address.")) == [
        Label("Not verified: rejected by minji (agent): She did not know her address.", verification="rejected",
              asking="expired"),
        Wake("expire", None, "An agent decided."), Wake("lapse", None, "There is no proof any more.")]


def test_where_an_agents_word_is_no_proof_the_agent_can_only_reject() -> None:
    settings = {"rules": (Rule(category=("account",), proof=("letter",)),)}
    assert decided(Proof("agent", "minji", because="I know him."), **settings) == []
    assert label(decided(Proof("agent", "minji", holds=False, because="No."), **settings)).verification == "rejected"


def test_an_agent_may_vouch_where_no_rule_asks_for_it() -> None:
    assert label(decided(Proof("agent", "minji", because="He called."), "policy")).verification == "verified"


# ---- the end ----


def due(purpose: str, state: str) -> list[Decision]:
    known = case(request(category="account", verification=state, verification_because="Verified by the letter."))
    return [*Verify().due(Due("verify", purpose), known)]


def test_nobody_answers_in_time() -> None:
    assert due("expire", "asked") == [
        Label("Not verified: nobody answered our letter in time.", verification="expired", asking="expired"),
        Note("Not verified: the customer did not answer the verification letter in time.", TOLD)]


@pytest.mark.parametrize("state", ["verified", "mailbox"])
def test_a_proof_lapses(state: str) -> None:
    assert due("lapse", state) == [
        Label("The proof is too old, it counts no longer: Verified by the letter.", verification="expired")]


@pytest.mark.parametrize(("purpose", "state"), [
    ("expire", ""), ("expire", "verified"), ("expire", "expired"), ("expire", "rejected"), ("lapse", "rejected"),
    ("lapse", "expired")])
def test_an_end_that_came_before_is_left_alone(purpose: str, state: str) -> None:
    assert due(purpose, state) == []
    assert [*Verify().due(Due("verify", purpose), case())] == []


# ---- the letter comes back ----


@pytest.mark.parametrize(("more", "is_told"), [
    ({}, True), ({"failed": (SOFT,)}, False), ({"is_automatic_reply": True}, False),
    ({"letter": letter(template="answer")}, False),
    ({"letter": letter(template="verification", recipient="x@y")}, False),
], ids=["dead address", "full for now", "a machine's answer", "another letter", "another address"])
def test_a_letter_that_nobody_got_cannot_be_answered_and_the_agent_reads_so(more: Any, is_told: bool) -> None:
    bounce = Bounce(**{"letter": letter(template="verification"), "failed": (HARD,), "reason": "No such user", **more})
    said = [*Verify().returned(bounce, case(request(verification="asked"), verification=asking()))]
    assert said == ([Label("Asked, but our letter to k***@example.org did not arrive: nobody can answer it. An agent "
                           "decides.", verification="asked")] if is_told else [])
    assert [*Verify().returned(bounce, case(request(verification="verified"), verification=asking()))] == []


# ---- later mails ----


def later(it: Mail, **more: Any) -> list[Decision]:
    return received(it, case(request(category="account", verification="verified"), **more))


def test_a_further_mail_of_the_verified_customer_changes_nothing() -> None:
    assert later(mail("And my street is new, too.")) == []


def test_a_further_mail_of_somebody_else_is_not_covered_by_the_proof_and_the_agent_reads_so() -> None:
    (note,) = later(mail(author="eve@example.net"), customer=None)
    assert note == Note("The proof of the person does not speak for this mail: it came from eve@example.net, not from "
                        "the customer of the request.", TOLD)


def test_a_further_mail_that_is_forged_is_not_covered_by_the_proof() -> None:
    (note,) = later(mail("Send it to Main Street 6 instead.", identity=Identity.FAILED))
    assert note == Note("The proof of the person does not speak for this mail: "
                        + verdict(Identity.FAILED).because, TOLD)


def test_a_machines_mail_in_a_verified_request_is_no_news() -> None:
    assert later(out_of_office(author="eve@example.net"), customer=None) == []
