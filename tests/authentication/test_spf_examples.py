"""The domain of RFC 7208 appendix A: who passes by which record."""

import pytest
from spf_zone import result

HOSTS = {
    "example.com": ["192.0.2.10", "192.0.2.11"],
    "amy.example.com": ["192.0.2.65"],
    "bob.example.com": ["192.0.2.66"],
    "mail-a.example.com": ["192.0.2.129"],
    "mail-b.example.com": ["192.0.2.130"],
    "mail-c.example.org": ["192.0.2.140"],
}
EVERYBODY = {address for addresses in HOSTS.values() for address in addresses} | {"10.0.0.4"}
POINTERS = {address: name for name, addresses in HOSTS.items() for address in addresses} | {
    "10.0.0.4": "bob.example.com"
}
ZONE = {
    **{name: {"A": addresses} for name, addresses in HOSTS.items()},
    **{".".join(reversed(ip.split("."))) + ".in-addr.arpa": {"PTR": [name]} for ip, name in POINTERS.items()},
    "example.com": {"A": HOSTS["example.com"], "MX": [[10, "mail-a.example.com"], [20, "mail-b.example.com"]]},
    "example.org": {"MX": [[10, "mail-c.example.org"]]},
}
MAIL = {"192.0.2.129", "192.0.2.130"}


async def passing(record, clients, **zone):
    return {ip for ip in clients if await result(record, {**ZONE, **zone}, ip=ip) == "pass"}


@pytest.mark.parametrize(
    ("record", "allowed"),
    [
        ("v=spf1 +all", EVERYBODY),
        ("v=spf1 a -all", {"192.0.2.10", "192.0.2.11"}),
        ("v=spf1 a:example.org -all", set()),
        ("v=spf1 mx -all", MAIL),
        ("v=spf1 mx:example.org -all", {"192.0.2.140"}),
        ("v=spf1 mx mx:example.org -all", MAIL | {"192.0.2.140"}),
        ("v=spf1 mx/30 mx:example.org/30 -all", MAIL | {"192.0.2.140"}),
        ("v=spf1 ptr -all", EVERYBODY - {"192.0.2.140", "10.0.0.4"}),
        ("v=spf1 ip4:192.0.2.128/28 -all", MAIL | {"192.0.2.140"}),
    ],
)
async def test_a_1_simple_examples(record, allowed):
    assert await passing(record, EVERYBODY) == allowed


async def test_a_2_several_domains_share_a_record():
    zone = {
        "example.net": {"TXT": ["v=spf1 ip4:10.0.0.4 -all"]},
        "ours.example.com": {"TXT": ["v=spf1 ip4:192.0.2.128/28 -all"]},
        "example.org": {"TXT": ["v=spf1 include:ours.example.com include:example.net -all"]},
    }
    for record in ("v=spf1 redirect=example.org", "v=spf1 include:example.org -all"):
        assert await passing(record, EVERYBODY, **zone) == MAIL | {"192.0.2.140", "10.0.0.4"}


@pytest.mark.parametrize(
    ("path", "ip", "wanted"),
    [
        ("mary@example.com", "203.0.113.5", "pass"),
        ("fred+list@example.com", "203.0.113.5", "pass"),
        ("joel@example.com", "192.168.15.15", "pass"),
        ("joel@example.com", "192.168.15.16", "pass"),
        ("joel@example.com", "192.168.15.17", "fail"),
        ("other@example.com", "192.168.15.15", "fail"),
        ("other@example.com", "192.0.2.130", "pass"),
    ],
)
async def test_a_3_users_listed_as_in_a_block_list(path, ip, wanted):
    listed = {f"{name}.mobile-users._spf.example.com": {"A": ["127.0.0.2"]} for name in ("mary", "fred")}
    homes = {f"{last}.15.168.192.joel.remote-users._spf.example.com": {"A": ["127.0.0.2"]} for last in (15, 16)}
    zone = {
        **ZONE, **listed, **homes,
        "mobile-users._spf.example.com": {"TXT": ["v=spf1 exists:%{l1r+}.%{d}"]},
        "remote-users._spf.example.com": {"TXT": ["v=spf1 exists:%{ir}.%{l1r+}.%{d}"]},
    }  # fmt: skip
    record = "v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all"
    assert await result(record, zone, path=path, ip=ip) == wanted


async def test_a_4_and_its_erratum_both_conditions_must_hold():
    zone = {
        "ip4._spf.example.com": {"TXT": ["v=spf1 -ip4:192.0.2.0/24 +all"]},
        "ptr._spf.example.com": {"TXT": ["v=spf1 -ptr:example.com +all"]},
        "4.0.0.10.in-addr.arpa": {"PTR": ["far.example.com"]},
        "far.example.com": {"A": ["10.0.0.4"]},
    }
    record = "v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all"
    assert await passing(record, EVERYBODY, **zone) == EVERYBODY - {"192.0.2.140", "10.0.0.4"}
