"""A stranger's reply becomes one clean line with a status."""

import pytest

from gateway.delivery.outcome import Outcome, bounced, deferred, judge


@pytest.mark.parametrize(("code", "text", "outcome"), [
    (250, "2.0.0 Ok: queued as 1", Outcome("sent", "250 2.0.0 Ok: queued as 1")),
    (250, "OK", Outcome("sent", "250 2.0.0 OK")),
    (550, "5.1.1 <kim@x>: User unknown", Outcome("bounced", "550 5.1.1 <kim@x>: User unknown")),
    (550, "No such user", Outcome("bounced", "550 5.0.0 No such user")),
    (451, "4.7.1 Greylisted", Outcome("deferred", "451 4.7.1 Greylisted")),
    (550, "4.1.1 mixed up", Outcome("bounced", "550 5.0.0 mixed up")),
    (550, "5.7.1 first line\n5.7.1 second line", Outcome("bounced", "550 5.7.1 first line second line")),
    (550, "192.0.2.1 is listed", Outcome("bounced", "550 5.0.0 192.0.2.1 is listed")),
    (354, "go on", Outcome("deferred", "451 4.5.0 not an SMTP reply: go on")),
    (-1, "HTTP/1.1 400", Outcome("deferred", "451 4.5.0 not an SMTP reply: HTTP/1.1 400")),
])
def test_the_first_digit_decides_and_the_status_is_told_once(code: int, text: str, outcome: Outcome) -> None:
    assert judge(code, text) == outcome


def test_no_control_character_or_half_character_of_a_stranger_is_kept() -> None:
    assert judge(550, "5.1.1 a\x1b[31mb\x00c\r\nd\ud800\u202ee").reply == "550 5.1.1 a [31mb c d e"


def test_a_long_reply_is_cut() -> None:
    assert len(judge(550, "x" * 100_000).reply) < 600


def test_our_own_words_have_the_same_form_and_name_the_host() -> None:
    assert deferred("4.4.1", "no answer", "mx.example.net").reply == "451 4.4.1 no answer (host mx.example.net)"
    assert bounced(556, "5.1.10", "takes no mail") == Outcome("bounced", "556 5.1.10 takes no mail")
