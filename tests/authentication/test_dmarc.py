"""DMARC by RFC 9989: the record, the walk, the organizational domain, the policy, alignment, errors."""

import pytest

from gateway.authentication import dmarc
from gateway.authentication.resolver import ZoneResolver
from gateway.mail.authres import Check, Result


async def check(author, records, spf=None, dkim=(), exists=()):
    names = {
        f"_dmarc.{name}": text if text in ("TIMEOUT", "SERVFAIL") else {"TXT": text} for name, text in records.items()
    }
    resolver = ZoneResolver({**names, **{name: {"A": ["192.0.2.1"]} for name in exists}})
    walks = dmarc.Walks(resolver)
    spf = Check("spf", *spf) if spf else Check("spf", Result.NONE)
    outcome = await dmarc.check(author, spf, [Check("dkim", *each) for each in dkim], walks, resolver)
    await walks.close()
    return outcome


REJECT = "v=DMARC1; p=reject"
PASS, FAIL, LOST = Result.PASS, Result.FAIL, Result.TEMPERROR


@pytest.mark.parametrize(
    ("text", "policy"),
    [
        ("v=DMARC1; p=reject", "reject"),
        ("v=DMARC1;p=QUARANTINE;", "quarantine"),
        ("v = DMARC1 ; p = none ", "none"),
        ("V=DMARC1; P=reject", "reject"),
        ("v=DMARC1; p=reject; t=y", "quarantine"),
        ("v=DMARC1; p=quarantine; t=y", "none"),
        ("v=DMARC1; p=reject; pct=0; rf=x; unknown=y; nonsense", "reject"),
        ("v=DMARC1; p=reject; adkim=bogus; psd=bogus", "reject"),
        ("v=DMARC1; rua=mailto:a@b.com", "none"),
        ("v=DMARC1; p=bogus; rua=mailto:a@b.com!10m", "none"),
        ("v=DMARC1; p=reject; sp=bogus; rua=mailto:a@b.com", "none"),
        ("v=DMARC1; p=reject; np=bogus", ""),
        ("v=DMARC1; p=bogus", ""),
        ("v=DMARC1", ""),
        ("v=DMARC1; rua=nonsense", ""),
        ("v=DMARC2; p=reject", ""),
        ("v=dmarc1; p=reject", ""),
        ("p=reject; v=DMARC1", ""),
        (" v=DMARC1; p=reject", ""),
        ("v=DMARC1x; p=reject", ""),
    ],
)
async def test_a_record_asks(text, policy):
    found = (await check("example.com", {"example.com": [text]})).dmarc
    assert (found.policy, found.result) == (policy, "fail" if policy else "none")


async def test_several_records_are_none():
    assert (await check("example.com", {"example.com": [REJECT, REJECT]})).dmarc.result == "none"
    assert (await check("example.com", {"example.com": [REJECT, "other text"]})).dmarc.result == "fail"


def test_the_walk_takes_eight_steps_at_most():
    assert dmarc._steps("a.b.c.d.e.f.g.h.i.j.mail.example.com") == [
        "a.b.c.d.e.f.g.h.i.j.mail.example.com",
        "g.h.i.j.mail.example.com",
        "h.i.j.mail.example.com",
        "i.j.mail.example.com",
        "j.mail.example.com",
        "mail.example.com",
        "example.com",
        "com",
    ]
    assert dmarc._steps("mail.example.com") == ["mail.example.com", "example.com", "com"]
    assert len(dmarc._steps("1.2.3.4.5.6.7.8")) == 8
    assert dmarc._steps("1.2.3.4.5.6.7.8")[1] == "2.3.4.5.6.7.8"


@pytest.mark.parametrize(
    ("start", "records", "organization"),
    [
        ("a.mail.example.com", {}, "a.mail.example.com"),
        ("a.mail.example.com", {"mail.example.com": REJECT, "example.com": REJECT}, "example.com"),
        ("a.mail.example.com", {"com": REJECT + "; psd=y"}, "example.com"),
        ("a.mail.example.com", {"mail.example.com": REJECT + "; psd=n", "example.com": REJECT}, "mail.example.com"),
        ("a.mail.example.com", {"example.com": REJECT + "; psd=y"}, "mail.example.com"),
        ("example.com", {"example.com": REJECT + "; psd=y", "com": REJECT}, "example.com"),
        ("example.com", {"example.com": REJECT + "; psd=u"}, "example.com"),
        ("a.example.co.uk", {"co.uk": REJECT + "; psd=y", "a.example.co.uk": REJECT}, "example.co.uk"),
    ],
)
async def test_the_organizational_domain_is_found(start, records, organization):
    found = await check(start, {name: [text] for name, text in records.items()})
    assert found.organizational_domain == organization


@pytest.mark.parametrize(
    ("author", "records", "exists", "policy", "at"),
    [
        ("example.com", {"example.com": "v=DMARC1; p=reject; sp=none; np=quarantine"}, True, "reject", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=reject; sp=none; np=quarantine"}, True, "none", "example.com"),
        (
            "m.example.com",
            {"example.com": "v=DMARC1; p=reject; sp=none; np=quarantine"},
            False,
            "quarantine",
            "example.com",
        ),
        ("m.example.com", {"example.com": "v=DMARC1; p=reject; sp=none"}, False, "none", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=reject; np=none"}, True, "reject", "example.com"),
        ("m.example.com", {"m.example.com": "v=DMARC1; p=none", "example.com": REJECT}, True, "none", "m.example.com"),
        (
            "a.b.example.com",
            {"b.example.com": "v=DMARC1; p=none", "example.com": REJECT},
            True,
            "reject",
            "example.com",
        ),
        ("example.bank", {"bank": "v=DMARC1; p=reject; sp=quarantine; psd=y"}, True, "quarantine", "bank"),
        ("example.bank", {"bank": "v=DMARC1; p=none; np=reject; psd=y"}, False, "reject", "bank"),
        (
            "example.bank",
            {"bank": REJECT + "; psd=y", "example.bank": "v=DMARC1; p=none"},
            True,
            "none",
            "example.bank",
        ),
    ],
)
async def test_the_policy_that_applies(author, records, exists, policy, at):
    found = await check(author, {name: [text] for name, text in records.items()}, exists=[author] if exists else ())
    assert (found.dmarc.policy, found.dmarc.detail) == (policy, at)


async def test_a_name_without_addresses_exists_all_the_same():
    records = {"example.com": ["v=DMARC1; p=none; sp=quarantine; np=reject"]}
    assert (await check("m.example.com", records, exists=["below.m.example.com"])).dmarc.policy == "quarantine"


@pytest.mark.parametrize(
    ("author", "text", "spf", "dkim", "result"),
    [
        ("example.com", REJECT, (PASS, "example.com"), (), "pass"),
        ("example.com", REJECT, (PASS, "bounce.example.com"), (), "pass"),
        ("example.com", REJECT + "; aspf=s", (PASS, "bounce.example.com"), (), "fail"),
        ("example.com", REJECT + "; aspf=s", (PASS, "example.com"), (), "pass"),
        ("example.com", REJECT, (PASS, "example.org"), (), "fail"),
        ("example.com", REJECT, (FAIL, "example.com"), (), "fail"),
        ("example.com", REJECT, (Result.SOFTFAIL, "example.com"), (), "fail"),
        ("example.com", REJECT, (Result.PERMERROR, "example.com"), (), "fail"),
        ("mail.example.com", REJECT, None, [(PASS, "example.com")], "pass"),
        ("mail.example.com", REJECT, None, [(PASS, "other.example.com")], "pass"),
        ("mail.example.com", REJECT + "; adkim=s", None, [(PASS, "example.com")], "fail"),
        ("example.com", REJECT, None, [(FAIL, "example.com"), (PASS, "example.com")], "pass"),
        ("example.com", REJECT, None, [(Result.POLICY, "example.com")], "fail"),
        ("example.com", REJECT, None, [(PASS, "notexample.com")], "fail"),
        ("example.com", REJECT, None, [(LOST, "example.com")], "temperror"),
        ("example.com", REJECT, (LOST, "example.com"), (), "temperror"),
        ("example.com", REJECT, (LOST, "example.org"), (), "fail"),
        ("example.com", REJECT, (LOST, "example.com"), [(PASS, "example.com")], "pass"),
    ],
)
async def test_alignment(author, text, spf, dkim, result):
    found = await check(author, {"example.com": [text]}, spf, dkim, exists=[author])
    assert found.dmarc.result == result
    assert any(each.aligned for each in (found.spf, *found.dkim)) == (result != "fail")


async def test_domains_of_two_organizations_under_one_suffix_are_not_aligned():
    records = {"example.com": [REJECT], "com": ["v=DMARC1; p=none; psd=y"]}
    assert (await check("example.com", records, (PASS, "evil.com"))).dmarc.result == "fail"


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL"])
async def test_no_answer_is_neither_pass_nor_fail(rcode):
    assert (await check("example.com", {"example.com": rcode})).dmarc.result == "temperror"
    assert (await check("m.example.com", {"example.com": rcode})).dmarc.result == "temperror"
    assert (await check("example.com", {"example.com": rcode}, (PASS, "example.com"))).dmarc.result == "temperror"


async def test_an_equal_name_is_aligned_though_the_way_up_is_lost():
    records = {"m.example.com": [REJECT], "example.com": "TIMEOUT"}
    assert (await check("m.example.com", records, (PASS, "m.example.com"))).dmarc.result == "pass"
    assert (await check("m.example.com", records, (PASS, "x.example.com"))).dmarc.result == "temperror"
    assert (await check("m.example.com", records, (FAIL, "x.example.com"))).dmarc.result == "fail"


async def test_without_a_record_equal_names_are_aligned_and_dmarc_says_nothing():
    found = await check("example.com", {}, (PASS, "example.com"))
    assert (found.dmarc.result, found.spf.aligned) == ("none", True)
