"""Whatever a mail and the zones around it say, there is a verdict: no exception, none slow, and a field that nobody
broke out of.

A case is a mail, a line `ZONE`, and lines of DNS: name, type, value with blanks between.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

from fuzz.driver import feed, instrumented

with instrumented("gateway.authentication", "gateway.mail"):
    from gateway.authentication.check import check
    from gateway.authentication.decision import decide
    from gateway.authentication.zone import ZoneResolver
    from gateway.config import Authentication
    from gateway.mail import authres

from signing import NOW, record, rsa_key, sign

from gateway.authentication.signer import Signer, SigningKey

PARTING = b"\nZONE\n"
IP, HELO, PATH = "192.0.2.1", "mx.example.com", "joe@example.com"
MAIL = b"From: Joe <joe@example.com>\r\nTo: us@desk.example\r\nSubject: Hello\r\nDate: now\r\n\r\nbody\r\n"
DNS = {
    "example.com": {"TXT": ["v=spf1 include:_spf.example.com a mx ptr exists:%{ir}.x.example.com -all"], "A": [IP],
                    "MX": [[10, "mx.example.com"]]},
    "_spf.example.com": {"TXT": ["v=spf1 ip4:192.0.2.0/24 redirect=example.net exp=e.example.com"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; sp=none; np=quarantine; psd=n; t=y; rua=mailto:d@example.com"]},
    "mx.example.com": {"A": [IP], "TXT": ["v=spf1 a -all"]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["mx.example.com"]},
    "s1._domainkey.example.com": {"TXT": [record(rsa_key())]},
}  # fmt: skip
MARKS = tuple(word.encode() for word in (
    "\r\n", "\n", ";", "=", ",", "<", ">", "@", '"', "(", ")", "\\", "\0", "v=spf1 ", "include:", "redirect=",
    "exists:", "ip4:", "ip6:", "%{s}", "%{d2r}", "%{i}", "%%", "/24", "//64", "-all", "?all", "exp=", "v=DMARC1;", "p=",
    "psd=y;", "v=DKIM1;", "k=ed25519;", "p=;", "t=s;", "h=sha256;", "b=", "bh=", "l=5;", "x=1;", "i=1;", "cv=none;",
    "cv=pass;", "DKIM-Signature: ", "ARC-Seal: ", "ARC-Message-Signature: ", "ARC-Authentication-Results: ", "From: ",
    "SERVFAIL", "TIMEOUT", "TXT", "CNAME", "PTR", "xn--", "한국", PARTING.decode()))  # fmt: skip
_loop = asyncio.new_event_loop()


def judge(octets: bytes) -> None:
    mail, _, dns = octets.partition(PARTING)
    try:
        resolver = ZoneResolver(zone(dns.decode("utf-8", "replace")))
    except ValueError:
        return
    verdict = _loop.run_until_complete(
        check(mail, client_ip=IP, helo=HELO, reverse_path=PATH, resolver=resolver, now=NOW))
    decide(verdict, Authentication(), is_ours=False, times_seen=0)
    field = authres.write(verdict, "mx.desk.example", reverse_path=PATH, helo=HELO, client_ip=IP)
    if not re.fullmatch(rb"Authentication-Results: (?:[^\r\n\0]|\r\n[ \t](?=[^\r\n]))+\r\n", field):
        raise AssertionError(field)


def zone(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for line in text.split("\n"):
        name, _, rest = line.partition(" ")
        kind, _, value = rest.partition(" ")
        if name and kind:
            found.setdefault(name, {}).setdefault(kind, []).append(value)
    return found


def seeds() -> Iterator[bytes]:
    key = SigningKey.make("s2", "ed25519")
    dns = {**DNS, key.name("example.com"): {"TXT": [key.record]}}
    lines = "\n".join(f"{name} {kind} {' '.join(map(str, value)) if isinstance(value, list) else value}"
                      for name, records in dns.items() for kind, values in records.items() for value in values)
    for mail in (MAIL, Signer("example.com", [key]).sign(MAIL, NOW) + MAIL, sign(MAIL)):
        yield mail + PARTING + lines.encode()


if __name__ == "__main__":
    feed(judge, seeds(), MARKS)
