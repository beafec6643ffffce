"""What the client said before DATA (RFC 5321 section 2.3.1): who hands the mail over, and for whom."""

from dataclasses import dataclass

NULL_PATH = ""
"""The null reverse-path, written <> on the wire: a notification, never to be answered (RFC 5321 section 4.5.5)."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """One transaction's envelope with the facts of the connection it came over."""

    reverse_path: str
    """MAIL FROM without angle brackets; "" is the null path."""
    recipients: tuple[str, ...]
    """RCPT TO addresses as the client wrote them, without angle brackets."""
    client_ip: str = ""
    """The peer's address in text; IPv4-mapped IPv6 is written as IPv4."""
    helo: str = ""
    """What it called itself in HELO or EHLO: hostile text."""
    tls: bool = False
    protocol: str = "ESMTP"
    """The "with" word of Received (RFC 3848): SMTP, ESMTP, ESMTPS."""


def domain_of(address: str) -> str:
    """The domain of an address, lower case, without final dot; "" when it has none."""
    return address.rpartition("@")[2].lower().rstrip(".") if "@" in address else ""
