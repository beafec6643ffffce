"""Step 4: the first rule that fits decides; what is overdue becomes more urgent."""

from datetime import timedelta

import pytest
from desk_values import NOON, case, letter, mail, new, out_of_office, request

from gateway.desk.handler import Bounce, Case, Decision, Due, Mail, Place, Rating, Wake
from handlers.route import Route, Rule

DAY = timedelta(hours=24)


def placed(it: Mail, known: Case, *rules: Rule) -> Place:
    first = next(iter((Route(rules=rules) if rules else Route()).received(it, known)))
    assert isinstance(first, Place)
    return first


@pytest.mark.parametrize(("category", "queue", "priority", "hours"), [
    ("complaint", "complaints", 4, 8), ("technical", "technical", 3, 24), ("account", "account", 3, 24),
    ("policy", "general", 3, 24),
])
def test_each_category_has_its_queue(category: str, queue: str, priority: int, hours: int) -> None:
    time = timedelta(hours=hours)
    assert [*Route().received(mail(), new(request(category=category)))] == [
        Place(queue, f"The rule for category {category} sends it to {queue}.", priority, NOON + time),
        Wake("overdue", time, f"It is overdue after {hours} hours.")]


def test_what_no_rule_knows_goes_to_the_last() -> None:
    place = placed(mail(), new(request(category="other")))
    assert place == Place("general", "The rule for all that is left sends it to general.", 2, NOON + 2 * DAY)
    assert placed(mail(), new(request()), Rule(queue="vip", words=("gold",))).queue == "general"


@pytest.mark.parametrize(("rule", "it"), [
    (Rule(queue="x", recipient=("Support@Example.com",)), mail()),
    (Rule(queue="x", author_domain=("EXAMPLE.org",)), mail()),
    (Rule(queue="x", category=("policy", "technical")), mail()),
    (Rule(queue="x", language=("en",)), mail()),
    (Rule(queue="x", words=("error",)), mail()),
    (Rule(queue="x", words=("Cannot Log In",)), mail()),
    (Rule(queue="x", words=("전액",)), mail("전액을 돌려 주세요")),
    (Rule(queue="x", identity=("verified-dkim",)), mail()),
    (Rule(queue="x", category=("technical",), words=("app",), language=("en",)), mail()),
], ids=lambda each: each.model_dump_json(exclude_defaults=True) if isinstance(each, Rule) else "")
def test_a_rule_fits(rule: Rule, it: Mail) -> None:
    assert placed(it, new(request()), rule).queue == "x"


@pytest.mark.parametrize("rule", [
    Rule(queue="x", recipient=("sales@example.com",)), Rule(queue="x", author_domain=("ample.org",)),
    Rule(queue="x", category=("policy",)), Rule(queue="x", language=("ko",)), Rule(queue="x", words=("err",)),
    Rule(queue="x", words=("terday",)), Rule(queue="x", identity=("none", "failed")),
    Rule(queue="x", category=("technical",), words=("gold",)),
], ids=lambda each: each.model_dump_json(exclude_defaults=True))
def test_a_rule_does_not_fit(rule: Rule) -> None:
    assert placed(mail(), new(request()), rule).queue != "x"


def test_the_first_rule_that_fits_decides_and_says_why() -> None:
    first = Rule(queue="a", author_domain=("example.org",), language=("en", "ko"))
    place = placed(mail(), new(request()), first, Rule(queue="b"))
    assert place.because == "The rule for author domain example.org, language en or ko sends it to a."


def test_quarantine_has_a_queue_of_its_own() -> None:
    assert [*Route().received(mail(is_quarantined=True), new(request()))] == [
        Place("quarantine", "The door's policy put it into quarantine.", 2)]


def test_newsletters_and_reports_have_queues_of_their_own_and_are_never_overdue() -> None:
    (bulk,) = Route().received(mail(List_Id="<news.example.org>"), new(request()))
    assert isinstance(bulk, Place)
    assert (bulk.queue, bulk.priority, bulk.due) == ("bulk", 1, None)
    report = mail(subject="Report Domain: example.com Submitter: example.org Report-ID: 1")
    (reported,) = Route().received(report, new(request()))
    assert isinstance(reported, Place)
    assert (reported.queue, reported.priority, reported.due) == ("reports", 1, None)


def test_a_web_form_is_routed_as_a_persons_mail() -> None:
    assert placed(mail(Auto_Submitted="auto-generated"), new(request())).queue == "technical"


@pytest.mark.parametrize("before", ["pending", "answered", "resolved", "closed"])
def test_what_comes_back_has_a_new_due_time(before: str) -> None:
    known = case(request(state="open"), previous_state=before)
    assert [*Route().received(mail(), known)] == [
        Place("technical", "The customer wrote again.", 3, NOON + DAY),
        Wake("overdue", DAY, "It is overdue after 24 hours.")]


def test_what_comes_back_urgently_stays_so() -> None:
    known = case(request(state="open", priority=4, due=NOON), previous_state="answered")
    assert placed(mail("1"), known) == Place("technical", "The customer wrote again.", 4, NOON)


@pytest.mark.parametrize(("state", "before"), [("open", "open"), ("new", "new"), ("resolved", "answered")])
def test_a_further_mail_does_not_move_the_due_time(state: str, before: str) -> None:
    assert [*Route().received(mail(), case(request(state=state), previous_state=before))] == []


def test_an_out_of_office_does_not_move_the_due_time() -> None:
    assert [*Route().received(out_of_office(), case(request(state="answered")))] == []


def test_without_a_request_nothing_is_placed() -> None:
    assert [*Route().received(mail(), case())] == []
    assert [*Route().due(Due("route", "overdue"), case())] == []


def overdue(**values: object) -> list[Decision]:
    return [*Route().due(Due("route", "overdue"), case(request(due=NOON, **values)))]


@pytest.mark.parametrize("state", ["new", "open"])
def test_what_is_overdue_becomes_more_urgent(state: str) -> None:
    assert overdue(state=state) == [Place("technical", "It is overdue: more urgent now.", 4, NOON),
                                    Wake("overdue", DAY, "Looked at again when it still waits.")]


def test_what_is_most_urgent_is_left_alone() -> None:
    assert overdue(priority=5) == []


@pytest.mark.parametrize("state", ["pending", "answered", "resolved", "closed"])
def test_what_waits_for_the_customer_is_not_overdue(state: str) -> None:
    assert overdue(state=state) == []


def test_a_rating_or_a_lost_letter_does_not_put_off_what_is_due_already() -> None:
    for state in ("new", "open"):
        assert [*Route().rated(Rating(1), case(request(state=state)))] == []
        assert [*Route().returned(Bounce(letter(), (), "away"), case(request(state=state)))] == []


def test_a_rating_or_a_lost_letter_may_have_brought_it_back() -> None:
    for heard in (Route().rated(Rating(1), case(request(state="answered"))),
                  Route().returned(Bounce(letter(), (), "away"), case(request(state="answered")))):
        (wake,) = heard
        assert isinstance(wake, Wake)
        assert (wake.purpose, wake.after) == ("overdue", DAY)
