"""Plain values for the tests of handlers and letters: a mail, its verdict, a case, a request. No database."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

from gateway.config import Site
from gateway.desk.handler import Case, Evidence, Mail
from gateway.mail.authres import Identity, Verdict
from gateway.mail.envelope import Envelope
from gateway.mail.message import parse
from gateway.models import Customer, Letter, Request, Verification

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NUMBER = "FD-2026-0001231"
PROVEN = Verdict(Identity.VERIFIED_DKIM, "example.org signed it.", author="kim@example.org")
SITE = Site(agents={"minji": "Kim Minji"})


def verdict(identity: Identity) -> Verdict:
    return Verdict(identity, f"The identity is {identity}.")


def mail(text: str = "Since yesterday the app says error 1042.", subject: str = "Cannot log in", *,
         author: str = "kim@example.org", name: str = "", identity: Identity = Identity.VERIFIED_DKIM,
         reverse_path: str | None = None, to: str = "support@example.com", attachment: bool = False,
         is_quarantined: bool = False, content_type: str = "", findings: tuple[str, ...] = (), **fields: str) -> Mail:
    """A mail as the desk sees it. Fields: Auto_Submitted="auto-replied"."""
    message = EmailMessage(policy=SMTP)
    message["From"] = f'"{name}" <{author}>' if name else author
    message["To"] = to
    message["Subject"] = subject
    for field, value in ({"Message_ID": "<1@example.org>"} | fields).items():
        message[field.replace("_", "-")] = value
    message.set_content(text)
    if attachment:
        message.add_attachment(b"\x89PNG\r\n\x1a\n", maintype="image", subtype="png", filename="screen.png")
    if content_type:
        message.replace_header("Content-Type", content_type)
    envelope = Envelope(author if reverse_path is None else reverse_path, (to,))
    found = replace(verdict(identity), findings=findings)
    return Mail(parse(message.as_bytes()), envelope, found, SITE, is_quarantined)


def out_of_office(**more: Any) -> Mail:
    return mail("I am on holiday until Monday.", "Out of office: Re: Cannot log in", reverse_path="",
                Auto_Submitted="auto-replied", **more)


def request(**values: Any) -> Request:
    return Request(**{"id": 1, "number": NUMBER, "customer_id": 1, "state": "new", "category": "technical",
                      "queue": "technical", "identity": "verified-dkim", "created_at": NOON,
                      "changed_at": NOON, **values})


def asking(**values: Any) -> Verification:
    return Verification(**{"id": 1, "request_id": 1, "sent_to": "kim@example.org", "asked_at": NOON,
                           "expires_at": NOON + timedelta(days=3), "attempts": 0, "state": "asked", **values})


def letter(**values: Any) -> Letter:
    return Letter(**{"id": 7, "request_id": 1, "recipient": "kim@example.org", "subject": "[FD] Re: Cannot log in",
                     "created_at": NOON, "next_attempt": NOON, "raw": b"", **values})


def case(found: Request | None = None, **values: Any) -> Case:
    """A case with this request, if one is given; else one where nothing is known yet."""
    before = found.state if found is not None else ""
    return Case(**{"now": NOON, "site": SITE, "request": found, "previous_state": before,
                   "letters_to": "kim@example.org",
                   "customer": Customer(id=1, address="kim@example.org", created_at=NOON), **values})


def new(found: Request, **values: Any) -> Case:
    """A case whose mail opened the request."""
    return case(found, **{"is_new": True, "previous_state": "", **values})


def evidence(kind: str, found: Request, *, participant: bool = True, asked: Verification | None = None) -> Evidence:
    return Evidence(kind, found, participant, asked)
