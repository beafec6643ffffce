"""The notification that a mail has arrived, for a sender who asked for it (RFC 3461 NOTIFY=SUCCESS, RFC 3464).

It goes to the reverse-path from the null path, so nothing ever answers it. Of the mail only the header comes back: RET
speaks of failures (RFC 3461 section 4.3), and none is reported here, since what cannot be delivered is refused.
"""

import re
from binascii import b2a_qp
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256

SUBJECT = "Your mail has arrived"
RETURNED = 10_000
"""Octets of the header that are sent back."""
_BEYOND_ASCII = re.compile("[^!-~ ]")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a sender asked to be told: that the mail has arrived for these recipients."""

    recipients: tuple[tuple[str, str], ...]
    """Address as in RCPT, and the original recipient as "type;address", "" when it was not said (ORCPT)."""
    id: str = ""
    """ENVID: the sender's own name for the transaction."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The notification, ready to go out."""

    recipient: str
    message_id: str
    raw: bytes
    """With CRLF line ends. Raw UTF-8 is only in the field To, for an address beyond ASCII (RFC 6532)."""


def compose(
    wish: Wish, header: bytes, *, reverse_path: str, postmaster: str, hostname: str, message_id: str, now: datetime
) -> Receipt:
    """header: the mail's own, of which the beginning comes back. message_id: with its angle brackets."""
    boundary = sha256(message_id.encode()).hexdigest()[:32]
    parts = (
        ("text/plain; charset=us-ascii", _told(wish)),
        ("message/delivery-status", "\r\n".join(_status(wish, hostname, now)).encode() + b"\r\n"),
        ("text/rfc822-headers\r\nContent-Transfer-Encoding: quoted-printable", b2a_qp(_cut(header), istext=True)),
    )
    fields = (
        f"Date: {format_datetime(now)}",
        f"From: Mail Delivery System <{postmaster}>",
        f"To: <{reverse_path}>",
        f"Subject: {SUBJECT}",
        f"Message-ID: {message_id}",
        "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0",
        f'Content-Type: multipart/report; report-type=delivery-status; boundary="{boundary}"',
    )
    written = [f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + text + b"\r\n" for kind, text in parts]
    head = "".join(f"{field}\r\n" for field in fields) + "\r\n"
    return Receipt(reverse_path, message_id, head.encode() + b"".join(written) + f"--{boundary}--\r\n".encode())


def _told(wish: Wish) -> bytes:
    addresses = "".join(f"    {_in_ascii(address)}\r\n" for address, _ in wish.recipients)
    last = "You asked to be told so. A person has yet to read it."
    return f"Your mail has arrived for\r\n\r\n{addresses}\r\n{last}\r\n".encode()


def _status(wish: Wish, hostname: str, now: datetime) -> Iterator[str]:
    """RFC 3464 section 2: what is true of the mail, then a block for each recipient."""
    yield f"Reporting-MTA: dns; {hostname}"
    if wish.id:
        yield f"Original-Envelope-Id: {wish.id}"
    yield f"Arrival-Date: {format_datetime(now)}"
    for address, original in wish.recipients:
        yield ""
        if original:
            yield f"Original-Recipient: {_in_ascii(original)}"
        yield f"Final-Recipient: {'rfc822' if address.isascii() else 'utf-8'}; {_in_ascii(address)}"
        yield "Action: delivered"
        yield "Status: 2.0.0"


def _in_ascii(text: str) -> str:
    """Letters beyond ASCII as RFC 6533 section 3 writes them."""
    return _BEYOND_ASCII.sub(lambda found: f"\\x{{{ord(found[0]):02X}}}", text)


def _cut(header: bytes) -> bytes:
    """Whole lines."""
    return header if len(header) <= RETURNED else header[: header.rfind(b"\r\n", 0, RETURNED) + 2]
