"""What a stranger's records make us ask must not keep us from asking what decides."""

from gateway.authentication.check import check
from gateway.authentication.resolver import ZoneResolver

HOSTS = [(term, host) for term in range(10) for host in range(10)]
ZONE = {
    "bank.example": {"TXT": ["v=spf1 -all"]},
    "_dmarc.bank.example": {"TXT": ["v=DMARC1; p=reject"]},
    "long.example": {"TXT": ["v=spf1 " + " ".join(f"mx:m{term}.long.example" for term in range(10)) + " ~all"]},
    **{
        f"m{term}.long.example": {"MX": [[host, f"h{term}-{host}.long.example"] for host in range(10)]}
        for term in range(10)
    },
    **{f"h{term}-{host}.long.example": {"A": ["203.0.113.1"]} for term, host in HOSTS},
}


async def test_the_longest_record_that_spf_allows_does_not_hide_the_authors_policy():
    found = await check(
        b"From: boss@bank.example\r\nSubject: now\r\n\r\npay\r\n", client_ip="192.0.2.9", helo="h.long.example",
        reverse_path="x@long.example", resolver=ZoneResolver(ZONE), now=1_700_000_000,
    )  # fmt: skip
    assert (found.spf.result, found.spf.queries) == ("softfail", 111)
    assert (found.dmarc.result, found.dmarc.policy, found.identity) == ("fail", "reject", "failed")
