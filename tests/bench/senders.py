"""Domains and their signed mails for the bench of authentication: SPF with six look-ups, RSA-2048, DMARC."""

import base64
import random
from typing import Any

from tests.signing import record, rsa_key, sign

CLIENT, HELO = "192.0.2.1", "mail.bench.example"
LINE = 74


def domain_of(number: int) -> str:
    return f"s{number}.example"


def zone_of(domain: str) -> dict[str, Any]:
    """a, mx, include, include, a:, include: the sixth look-up finds the client. DNS is asked ten times."""
    return {
        domain: {"TXT": [f"v=spf1 a mx include:a.{domain} include:b.{domain} a:c.{domain} include:d.{domain} -all"],
                 "A": ["192.0.2.91"], "MX": [[10, f"mx.{domain}"]]},
        f"mx.{domain}": {"A": ["192.0.2.92"]},
        f"a.{domain}": {"TXT": ["v=spf1 ip4:198.51.100.0/24 -all"]},
        f"b.{domain}": {"TXT": ["v=spf1 ip4:203.0.113.0/24 -all"]},
        f"c.{domain}": {"A": ["192.0.2.93"]},
        f"d.{domain}": {"TXT": [f"v=spf1 ip4:{CLIENT} -all"]},
        f"_dmarc.{domain}": {"TXT": ["v=DMARC1; p=reject"]},
        f"s1._domainkey.{domain}": {"TXT": [record(rsa_key())]},
    }  # fmt: skip


def zone(count: int) -> dict[str, Any]:
    """So many domains, and the client's name."""
    names: dict[str, Any] = {"1.2.0.192.in-addr.arpa": {"PTR": [HELO]}, HELO: {"A": [CLIENT]}}
    for number in range(count):
        names |= zone_of(domain_of(number))
    return names


def mail(number: int, octets: int) -> bytes:
    """A mail of the domain, signed by it, about so long."""
    domain = domain_of(number)
    text = base64.b64encode(random.Random(number).randbytes(octets * 3 // 4 - 300))
    body = b"\r\n".join(text[at : at + LINE] for at in range(0, len(text), LINE))
    header = (f"From: Joe <joe@{domain}>\r\nTo: support@desk.example\r\nSubject: About my order\r\n"
              f"Date: Mon, 23 Nov 2026 12:00:00 +0900\r\nMessage-ID: <{number}@{domain}>\r\nMIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n\r\n")  # fmt: skip
    return sign(header.encode() + body + b"\r\n", domain=domain,
                names="from:to:subject:date:message-id:mime-version:content-type")  # fmt: skip
