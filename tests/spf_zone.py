"""SPF asked of a zone that stands in the test, and what was asked of it."""

from gateway.authentication import spf
from gateway.authentication.resolver import ZoneResolver

CLIENT, CLIENT6, STRANGER = "192.0.2.9", "2001:db8::9", "198.51.100.1"
NOW = 1_700_000_000
HERE = {
    "example.com": {"A": [CLIENT], "AAAA": [CLIENT6], "MX": [[10, "mx.example.com"]]},
    "mx.example.com": {"A": [CLIENT], "AAAA": [CLIENT6]},
    "pass.example.net": {"TXT": ["v=spf1 +all"]},
    "fail.example.net": {"TXT": ["v=spf1 -all"]},
    "softfail.example.net": {"TXT": ["v=spf1 ~all"]},
    "neutral.example.net": {"TXT": ["v=spf1 ?all"]},
    "none.example.net": {"TXT": ["nothing of the kind"]},
    "broken.example.net": {"TXT": ["v=spf1 all/8"]},
    "lost.example.net": "SERVFAIL",
    "elsewhere.example.net": {"A": ["203.0.113.7"], "AAAA": ["2001:db8:ffff::7"]},
    "empty.example.net": {"HINFO": ["there, but without addresses"]},
}
"""What the records of the tests lead to."""


class Asked(ZoneResolver):
    """A zone that notes each question."""

    def __init__(self, zone):
        super().__init__(zone)
        self.questions = []

    async def query(self, name, type):
        self.questions.append((name, type))
        return await super().query(name, type)


async def check(record, zone=None, *, ip=CLIENT, path="joe@example.com", helo="mail.example.com", resolver=None):
    """The finding about a mail when example.com publishes this record (or these)."""
    return await spf.check(ip, helo, path, resolver or asked(record, zone), NOW)


async def result(record, zone=None, **more):
    return (await check(record, zone, **more)).result


def asked(record, zone=None):
    records = [record] if isinstance(record, str) else record
    names = {name: dict(each) if isinstance(each, dict) else each for name, each in {**HERE, **(zone or {})}.items()}
    if records is not None:
        names["example.com"]["TXT"] = records
    return Asked(names)
