"""What kind of machine's mail is it? Replies may be dropped, a web form's mail never."""

import pytest

from gateway.mail.envelope import Envelope
from gateway.mail.machine import Kind, kind
from gateway.mail.message import parse

SUPPORT = ("support@example.com",)


def mail_kind(fields: str, text: str = "I cannot log in.", reverse_path: str = "kim@example.org") -> Kind:
    head = "From: Kim <kim@example.org>\nTo: support@example.com\n" if "From:" not in fields else ""
    raw = f"{head}{fields}\n\n{text}\n".replace("\n", "\r\n").encode()
    return kind(parse(raw), Envelope(reverse_path, SUPPORT))


@pytest.mark.parametrize("fields", [
    "Subject: Cannot log in",
    "Subject: Re: Cannot log in\nIn-Reply-To: <1@example.com>",
    "Subject: How do I set up an automatic reply?",
    "Subject: Our weekly report is wrong",
    "Subject: hello\nAuto-Submitted: no",
])
def test_a_person_is_no_machine(fields: str) -> None:
    assert mail_kind(fields) == ""


@pytest.mark.parametrize("fields", [
    "Subject: Away\nAuto-Submitted: auto-replied",
    "Subject: Away\nAuto-Submitted: auto-replied (vacation); owner-email=kim@example.org",
    "Subject: Automatic reply: Cannot log in\nAuto-Submitted: auto-generated\nX-Auto-Response-Suppress: All",
    "Subject: 부재중: Re: Cannot log in",
    "Subject: Away\nPrecedence: auto_reply",
    "Subject: Away\nX-Autoreply: yes\nPrecedence: bulk",
    "Subject: Away\nX-Autorespond: Cannot log in",
    "Subject: Read: Cannot log in\nContent-Type: multipart/report; report-type=disposition-notification; boundary=b",
], ids=["auto-replied", "with-comment", "exchange", "korean", "precedence", "in-bulk", "autorespond", "receipt"])
def test_an_answer_that_nobody_wrote_is_a_reply(fields: str) -> None:
    assert mail_kind(fields) == "reply"


def test_what_comes_from_the_null_path_is_a_reply() -> None:
    assert mail_kind("Subject: Undelivered Mail", reverse_path="") == "reply"


def test_a_bounce_is_a_reply_whatever_its_path() -> None:
    fields = ("From: MAILER-DAEMON@mx.example.org\nTo: support@example.com\nSubject: Undelivered Mail\n"
              "Content-Type: multipart/report; report-type=delivery-status; boundary=b")
    text = ("--b\nContent-Type: text/plain\n\nNo such user.\n--b\nContent-Type: message/delivery-status\n\n"
            "Reporting-MTA: dns; mx.example.org\n\nFinal-Recipient: rfc822; kim@example.org\nAction: failed\n"
            "Status: 5.1.1\n--b--")
    assert mail_kind(fields, text) == "reply"


@pytest.mark.parametrize("fields", [
    "Subject: Spam\nContent-Type: multipart/report; report-type=feedback-report; boundary=b",
    "Subject: TLS\nContent-Type: multipart/report; report-type=tlsrpt; boundary=b",
    "Subject: Report domain: example.com Submitter: mail.example.net Report-ID: <2026.11.23>",
], ids=["abuse", "tls", "dmarc"])
@pytest.mark.parametrize("reverse_path", ["reports@example.net", ""])
def test_a_report_is_a_report_even_from_the_null_path(fields: str, reverse_path: str) -> None:
    assert mail_kind(fields, reverse_path=reverse_path) == "report"


@pytest.mark.parametrize("fields", [
    "Subject: November news\nList-Unsubscribe: <mailto:off@example.org>",
    "Subject: [users] a question\nList-Id: <users.example.org>",
    "Subject: November news\nPrecedence: bulk",
    "Subject: November news\nPrecedence: list (automatic)",
])
def test_what_was_sent_to_many_is_bulk(fields: str) -> None:
    assert mail_kind(fields) == "bulk"


@pytest.mark.parametrize("fields", [
    "From: Web form <noreply@shop.example>\nTo: support@example.com\nSubject: Contact form",
    "Subject: Contact form\nAuto-Submitted: auto-generated",
    "From: alerts@shop.example\nTo: support@example.com\nSubject: The disk is full",
    "Subject: Cannot log in\nX-Auto-Response-Suppress: OOF",
], ids=["noreply", "auto-generated", "alert", "suppressing"])
def test_what_a_program_sends_may_be_a_request(fields: str) -> None:
    assert mail_kind(fields) == "program"


def test_hostile_fields_are_only_read() -> None:
    assert mail_kind("Subject: x\nAuto-Submitted: " + "(" * 50_000 + "\nPrecedence: " + "a" * 50_000) == "program"
