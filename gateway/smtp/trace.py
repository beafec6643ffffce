"""The trace fields that we put in front of a mail (RFC 5321 section 4.4), and what we take out of it before.

Return-Path tells where bounces go, Authentication-Results what we found out, Received whence the mail came. Only names
that follow the grammar are written; whatever else a client called itself stays out of the field.
"""

import re
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache

from gateway.mail import authres, hearsay
from gateway.mail.authres import Verdict
from gateway.mail.envelope import Envelope
from gateway.smtp.path import is_plain_name

_HEADER_BEGINS = re.compile(rb"[!-9;-~]+[ \t]*:|\r\n")


def stored(raw: bytes, envelope: Envelope, verdict: Verdict, hostname: str, tls: str, now: datetime) -> bytes:
    """A mail as it is kept. tls: version and cipher, "" without."""
    return b"".join((
        f"Return-Path: <{envelope.reverse_path}>\r\n".encode("utf-8", "replace"),
        authres.write(verdict, hostname, reverse_path=envelope.reverse_path, helo=envelope.helo,
                      client_ip=envelope.client_ip),
        _received(envelope, hostname, tls, now),
        # Without a header of its own the text must not run into ours.
        b"" if _HEADER_BEGINS.match(raw) else b"\r\n",
        hearsay.strip(raw, hostname),
    ))  # fmt: skip


def _received(envelope: Envelope, hostname: str, tls: str, now: datetime) -> bytes:
    lines = [f"Received: from {_client(envelope.helo, envelope.client_ip)}", f"by {hostname} with {envelope.protocol}"]
    if tls:
        lines[-1] += f" ({tls})"
    if len(envelope.recipients) == 1:
        # With several, each would learn of the others (section 7.2).
        lines.append(f"for <{envelope.recipients[0]}>")
    return ("\r\n\t".join(lines) + f"; {_date(now.replace(microsecond=0))}\r\n").encode("utf-8", "replace")


@lru_cache(2)
def _date(second: datetime) -> str:
    return format_datetime(second)


@lru_cache(1024)
def _client(helo: str, ip: str) -> str:
    literal = f"[IPv6:{ip}]" if ":" in ip else f"[{ip}]" if ip else "localhost"
    return f"{helo} ({literal})" if is_plain_name(helo) else f"{literal} (no proper name was given)"


_MESSAGE_ID = re.compile(rb"\r\nmessage-id[ \t]*:((?:[^\r]|\r\n[ \t])*)", re.IGNORECASE)
MAX_MESSAGE_ID = 998


def message_id(raw: bytes) -> str:
    """The first Message-ID as it stands there; "" when there is none."""
    end = raw.find(b"\r\n\r\n")
    # Behind a line end of its own the first field is found as fast as any other.
    found = _MESSAGE_ID.search(b"\r\n" + (raw if end < 0 else raw[:end]))
    return found[1].strip()[:MAX_MESSAGE_ID].decode("utf-8", "replace") if found else ""
