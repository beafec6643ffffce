"""DMARC by RFC 9989, by section: the record, the walk, the organizational domain, the policy, alignment, errors."""

import time

import pytest

from gateway.authentication import dmarc
from gateway.authentication.check import check as check_mail
from gateway.authentication.measure import Counted
from gateway.authentication.resolver import ZoneResolver
from gateway.mail.authres import Check, Result

REJECT = "v=DMARC1; p=reject"
PASS, FAIL, LOST = Result.PASS, Result.FAIL, Result.TEMPERROR
ERRORS = ("TIMEOUT", "SERVFAIL", "REFUSED")


def zone_of(records, exists=()):
    """records: at a domain the texts of its _dmarc name, or the error that it answers with."""
    names = {f"_dmarc.{name}": text if text in ERRORS else {"TXT": text} for name, text in records.items()}
    return {**names, **{name: {"A": ["192.0.2.1"]} for name in exists}}


async def asked(author, zone, spf=None, dkim=()):
    """The outcome, and how many questions it took."""
    resolver = Counted(ZoneResolver(zone))
    walks = dmarc.Walks(resolver)
    spf = Check("spf", *spf) if spf else Check("spf", Result.NONE)
    outcome = await dmarc.check(author, spf, [Check("dkim", *each) for each in dkim], walks)
    await walks.close()
    return outcome, resolver.queries


async def check(author, records, spf=None, dkim=(), exists=()):
    return (await asked(author, zone_of(records, exists), spf, dkim))[0]


async def policy(author, records, exists=()):
    found = (await check(author, records, exists=exists)).dmarc
    return found.policy, found.detail


# ---- 4.4 alignment -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("author", "text", "spf", "dkim", "result"),
    [
        ("example.com", REJECT, (PASS, "example.com"), (), "pass"),
        ("example.com", REJECT, (PASS, "bounce.example.com"), (), "pass"),
        ("example.com", REJECT + "; aspf=s", (PASS, "bounce.example.com"), (), "fail"),
        ("example.com", REJECT + "; aspf=S", (PASS, "bounce.example.com"), (), "fail"),
        ("example.com", REJECT + "; aspf=s", (PASS, "example.com"), (), "pass"),
        ("example.com", REJECT + "; adkim=s", (PASS, "bounce.example.com"), (), "pass"),
        ("example.com", REJECT, (PASS, "example.org"), (), "fail"),
        ("example.com", REJECT, (FAIL, "example.com"), (), "fail"),
        ("example.com", REJECT, (Result.SOFTFAIL, "example.com"), (), "fail"),
        ("example.com", REJECT, (Result.NEUTRAL, "example.com"), (), "fail"),
        ("example.com", REJECT, (Result.NONE, "example.com"), (), "fail"),
        ("example.com", REJECT, (Result.PERMERROR, "example.com"), (), "fail"),
        ("mail.example.com", REJECT, None, [(PASS, "example.com")], "pass"),
        ("mail.example.com", REJECT, None, [(PASS, "other.example.com")], "pass"),
        ("news.example.com", REJECT, None, [(PASS, "foo.example.net")], "fail"),
        ("mail.example.com", REJECT + "; adkim=s", None, [(PASS, "example.com")], "fail"),
        ("mail.example.com", REJECT + "; adkim=bogus", None, [(PASS, "example.com")], "pass"),
        ("mail.example.com", REJECT + "; adkim=s", None, [(PASS, "mail.example.com")], "pass"),
        ("example.com", REJECT, None, [(FAIL, "example.com"), (PASS, "example.com")], "pass"),
        ("example.com", REJECT, None, [(PASS, "example.net"), (PASS, "example.com")], "pass"),
        ("example.com", REJECT, None, [(Result.POLICY, "example.com")], "fail"),
        ("example.com", REJECT, None, [(Result.PERMERROR, "example.com")], "fail"),
        ("example.com", REJECT, None, [(PASS, "notexample.com")], "fail"),
        ("example.com", REJECT, None, [(PASS, "com")], "fail"),
        ("example.com", REJECT, None, [(PASS, "example.com.evil.org")], "fail"),
        ("mail.example.com", REJECT + "; adkim=s; aspf=r", (PASS, "example.com"), [(PASS, "example.com")], "pass"),
    ],
)
async def test_4_4_one_aligned_identifier_that_passed_is_a_pass(author, text, spf, dkim, result):
    found = await check(author, {"example.com": [text]}, spf, dkim, exists=[author])
    assert found.dmarc.result == result
    assert any(each.aligned for each in (found.spf, *found.dkim)) == (result == "pass")


async def test_4_4_1_each_signature_is_marked_by_itself():
    found = await check("example.com", {"example.com": [REJECT]}, None, [(PASS, "a.net"), (PASS, "a.example.com")])
    assert [each.aligned for each in found.dkim] == [False, True]


# ---- 4.5 to 4.8 the record ----------------------------------------------------------------------------------------


async def test_4_5_the_strings_of_one_record_are_joined():
    zone = {"_dmarc.example.com": {"TXT": [["v=DMA", "RC1; p=rej", "ect"]]}}
    assert (await asked("example.com", zone))[0].dmarc.policy == "reject"


async def test_4_5_a_record_may_be_an_alias_of_another():
    zone = {"_dmarc.example.com": {"CNAME": "all.dmarc.example.net"}, "all.dmarc.example.net": {"TXT": [REJECT]}}
    found = (await asked("example.com", zone))[0].dmarc
    assert (found.policy, found.detail) == ("reject", "example.com")


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("v=DMARC1; p=reject", "reject"),
        ("v=DMARC1;p=QUARANTINE;", "quarantine"),
        ("v = DMARC1 ; p = none ", "none"),
        ("v\t=\tDMARC1\t;\tp\t=\treject", "reject"),
        ("V=DMARC1; P=reject", "reject"),
        ("v=DMARC1; p=Reject\n", "reject"),
        ("v=DMARC1;; ;p=reject;;", "reject"),
        ("v=DMARC1; adkim=r; p=reject", "reject"),
        ("v=DMARC1; p=reject; t=y", "quarantine"),
        ("v=DMARC1; p=quarantine; t=Y", "none"),
        ("v=DMARC1; p=none; t=y", "none"),
        ("v=DMARC1; p=reject; t=n", "reject"),
        ("v=DMARC1; p=reject; t=yes", "reject"),
        ("v=DMARC1; p=reject; pct=0; rf=x; ri=y; unknown=y; nonsense; =; =x; é=\xff", "reject"),
        ("v=DMARC1; p=reject; adkim=bogus; psd=bogus; fo=9; rua=nonsense; ruf=", "reject"),
        ("v=DMARC1; p=reject; v=DMARC2", "reject"),
        ("v=DMARC1; p=reject; x=1; x=2; adkim=s; adkim=s; rua=mailto:a@b.com; rua=mailto:c@d.com", "reject"),
        ("v=DMARC1; p=reject; t=y; t=y", "reject"),
        ("v=DMARC1; p=reject; p=reject; rua=mailto:a@b.com", "none"),
        ("v=DMARC1; x=" + "y" * 3000 + "; p=reject", "reject"),
    ],
)
async def test_4_7_a_record_asks(text, asks):
    found = (await check("example.com", {"example.com": [text]})).dmarc
    assert (found.policy, found.result, found.detail) == (asks, "fail", "example.com")


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC2; p=reject",
        "v=dmarc1; p=reject",
        "V=dmarc1; p=reject",
        "v=Dmarc1; p=reject",
        "v=DMARC1x; p=reject",
        "v=DMARC1.0; p=reject",
        "v=DMARC1 p=reject",
        "v=DMARC1, p=reject",
        "v=DMARC 1; p=reject",
        'v="DMARC1"; p=reject',
        '"v=DMARC1; p=reject"',
        "vv=DMARC1; p=reject",
        "v==DMARC1; p=reject",
        "v:DMARC1; p=reject",
        "p=reject; v=DMARC1",
        "; v=DMARC1; p=reject",
        " v=DMARC1; p=reject",
        "\ufeffv=DMARC1; p=reject",
        "v=DMARC1\xa0; p=reject",
        "DMARC1; p=reject",
        "v=spf1 -all",
        "",
    ],
)
async def test_4_7_what_does_not_begin_with_the_version_is_no_record(text):
    found = await check("example.com", {"example.com": [text], "com": ["v=DMARC1; p=quarantine; psd=y"]})
    assert (found.dmarc.policy, found.dmarc.detail) == ("quarantine", "com")


async def test_4_8_octets_that_are_no_text_are_ignored():
    zone = {"_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject; note=\udcff\udcfe; sp=none"]}}
    assert (await asked("example.com", zone))[0].dmarc.policy == "reject"


@pytest.mark.parametrize(
    "rua",
    [
        "mailto:a@b.com",
        "mailto:a@b.com!10m",
        "MAILTO:a@b.com",
        "nonsense , mailto:a@b.com",
        "https://b.com/reports",
        "mailto:a%2Cb@b.com?subject=x",
    ],
)
@pytest.mark.parametrize("tags", ["", "p=bogus; ", "p=; ", "p=reject; sp=bogus; ", "p=reject; np=; ", "sp=reject; "])
async def test_4_10_1_without_a_valid_policy_reports_may_be_asked_for(rua, tags):
    assert await policy("example.com", {"example.com": [f"v=DMARC1; {tags}rua={rua}"]}) == ("none", "example.com")


@pytest.mark.parametrize(
    "rua", ["", "; rua=", "; rua=a@b.com", "; rua=mailto:", "; rua=mailto:a", "; ruf=mailto:a@b.com"]
)
@pytest.mark.parametrize(
    "tags",
    [
        "",
        "; p=none; p=reject",
        "; p=reject; P=reject",
        "; p=bogus",
        "; p=",
        "; p=reject; sp=bogus",
        "; p=reject; np=",
        "; sp=reject",
    ],
)
async def test_4_10_1_without_a_valid_policy_or_reports_there_is_no_dmarc(rua, tags):
    found = await check("example.com", {"example.com": [f"v=DMARC1{tags}{rua}"]}, (PASS, "example.com"))
    assert (found.dmarc.result, found.dmarc.policy) == ("none", "")


async def test_4_10_1_other_tags_of_a_record_without_a_valid_policy_count():
    text = "v=DMARC1; p=block; adkim=s; rua=mailto:a@b.com"
    found = await check("example.com", {"example.com": [text]}, None, [(PASS, "mail.example.com")])
    assert (found.dmarc.result, found.dmarc.policy) == ("fail", "none")


async def test_4_10_1_an_unusable_record_of_the_author_hides_the_one_above():
    records = {"mail.example.com": ["v=DMARC1; adkim=s"], "example.com": [REJECT]}
    assert (await check("mail.example.com", records)).dmarc.result == "none"


# ---- 4.10 the walk ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "steps"),
    [
        ("localhost", ["localhost"]),
        ("example.com", ["example.com", "com"]),
        ("mail.example.com", ["mail.example.com", "example.com", "com"]),
        ("7.6.5.4.3.2.1", ["7.6.5.4.3.2.1", "6.5.4.3.2.1", "5.4.3.2.1", "4.3.2.1", "3.2.1", "2.1", "1"]),
        ("8.7.6.5.4.3.2.1",
         ["8.7.6.5.4.3.2.1", "7.6.5.4.3.2.1", "6.5.4.3.2.1", "5.4.3.2.1", "4.3.2.1", "3.2.1", "2.1", "1"]),
        ("9.8.7.6.5.4.3.2.1",
         ["9.8.7.6.5.4.3.2.1", "7.6.5.4.3.2.1", "6.5.4.3.2.1", "5.4.3.2.1", "4.3.2.1", "3.2.1", "2.1", "1"]),
        ("a.b.c.d.e.f.g.h.i.j.mail.example.com",
         ["a.b.c.d.e.f.g.h.i.j.mail.example.com", "g.h.i.j.mail.example.com", "h.i.j.mail.example.com",
          "i.j.mail.example.com", "j.mail.example.com", "mail.example.com", "example.com", "com"]),
    ],
)  # fmt: skip
def test_4_10_the_walk_takes_eight_steps_at_most(start, steps):
    assert dmarc._steps(start) == steps


async def test_4_10_several_records_at_one_name_are_none():
    assert (await check("example.com", {"example.com": [REJECT, REJECT]})).dmarc.result == "none"
    assert await policy("example.com", {"example.com": [REJECT, "other text", "v=spf1 -all"]}) == (
        "reject",
        "example.com",
    )
    records = {"m.example.com": [REJECT + "; psd=n", REJECT], "example.com": ["v=DMARC1; p=quarantine"]}
    assert await policy("m.example.com", records) == ("quarantine", "example.com")


async def test_4_10_a_wildcard_of_other_text_is_no_record():
    records = {"a.example.com": ["v=spf1 -all"], "example.com": ["v=spf1 -all"]}
    assert (await check("a.example.com", records)).dmarc.result == "none"


async def test_4_10_a_psd_tag_ends_the_walk():
    records = {"b.example.com": [REJECT + "; psd=n"], "example.com": "TIMEOUT"}
    assert await policy("a.b.example.com", records) == ("reject", "b.example.com")


async def test_4_10_a_record_between_the_author_and_the_seventh_label_is_not_seen():
    zone_cut = {"b.c.d.e.f.g.example.com": [REJECT + "; psd=n"], "example.com": ["v=DMARC1; p=none"]}
    assert await policy("mail.a.b.c.d.e.f.g.example.com", zone_cut) == ("none", "example.com")


@pytest.mark.parametrize(
    ("author", "questions"),
    [("localhost", 1), ("example.com", 2), ("a.b.c.d.example.com", 6), (".".join("a" * 60) + ".example.com", 8)],
)
async def test_4_10_a_walk_asks_each_name_once(author, questions):
    identifiers = [(PASS, author), (PASS, "evil.org"), (PASS, "evil.com")]
    assert (await asked(author, {}, (PASS, author), identifiers))[1] == questions


async def test_4_10_ten_signatures_of_ten_long_names_ask_no_more_than_their_labels():
    """The walks share what lies above; 8 for the author, 1 whether it exists, 6 for each other long name."""
    signed = [(PASS, ".".join(f"l{each}-{label}" for label in range(20)) + ".example.com") for each in range(10)]
    author = ".".join("a" * 20) + ".example.com"
    found, questions = await asked(author, zone_of({"example.com": [REJECT + "; np=none"]}), None, signed)
    assert (found.dmarc.result, questions) == ("pass", 8 + 1 + 10 * 6)


async def test_4_10_the_name_servers_of_strangers_are_not_asked():
    zone = zone_of({"example.com": [REJECT], **{f"evil{each}.com": "TIMEOUT" for each in range(10)}})
    found, questions = await asked("example.com", zone, None, [(PASS, f"evil{each}.com") for each in range(10)])
    assert (found.dmarc.result, questions) == ("fail", 2)


# ---- 4.10.1 the policy that applies -------------------------------------------------------------------------------

ALL = "v=DMARC1; p=reject; sp=none; np=quarantine"


@pytest.mark.parametrize(
    ("author", "records", "exists", "wanted", "at"),
    [
        ("example.com", {"example.com": ALL}, True, "reject", "example.com"),
        ("example.com", {"example.com": ALL}, False, "reject", "example.com"),
        ("m.example.com", {"example.com": ALL}, True, "none", "example.com"),
        ("m.example.com", {"example.com": ALL}, False, "quarantine", "example.com"),
        ("m.example.com", {"example.com": ALL + "; t=y"}, False, "none", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=none; sp=reject; t=y"}, True, "quarantine", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=reject; sp=none"}, False, "none", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=reject; np=none"}, True, "reject", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=reject; np=none"}, False, "none", "example.com"),
        ("m.example.com", {"example.com": "v=DMARC1; p=none; np=REJECT"}, False, "reject", "example.com"),
        ("m.example.com", {"m.example.com": "v=DMARC1; p=none", "example.com": REJECT}, True, "none", "m.example.com"),
        ("m.example.com", {"m.example.com": ALL}, False, "reject", "m.example.com"),
        (
            "a.b.example.com",
            {"b.example.com": "v=DMARC1; p=none", "example.com": REJECT},
            True,
            "reject",
            "example.com",
        ),
        ("a.b.example.com", {"b.example.com": ALL + "; psd=n", "example.com": REJECT}, True, "none", "b.example.com"),
        ("example.bank", {"bank": "v=DMARC1; p=reject; sp=quarantine; psd=y"}, True, "quarantine", "bank"),
        ("example.bank", {"bank": "v=DMARC1; p=none; np=reject; psd=y"}, False, "reject", "bank"),
        ("m.x.bank", {"bank": REJECT + "; psd=y", "x.bank": "v=DMARC1; p=none"}, True, "none", "x.bank"),
        ("a.m.x.bank", {"bank": REJECT + "; psd=y", "m.x.bank": "v=DMARC1; p=none"}, True, "reject", "bank"),
        ("bank", {"bank": "v=DMARC1; p=reject; sp=none; np=none; psd=y"}, True, "reject", "bank"),
        ("co.uk", {"co.uk": "v=DMARC1; p=quarantine; sp=reject; psd=y", "uk": REJECT}, True, "quarantine", "co.uk"),
        ("localhost", {"localhost": REJECT}, False, "reject", "localhost"),
    ],
)
async def test_4_10_1_the_policy_that_applies(author, records, exists, wanted, at):
    texts = {name: [text] for name, text in records.items()}
    assert await policy(author, texts, exists=[author] if exists else ()) == (wanted, at)


async def test_3_2_13_a_name_without_addresses_exists_all_the_same():
    records = {"example.com": ["v=DMARC1; p=none; sp=quarantine; np=reject"]}
    assert await policy("m.example.com", records, ["below.m.example.com"]) == ("quarantine", "example.com")


async def test_4_10_1_whether_the_author_exists_is_asked_only_where_it_matters():
    for text, questions in (("p=reject; sp=none", 3), ("p=reject; np=reject", 3), ("p=reject; np=none", 4)):
        assert (await asked("m.example.com", zone_of({"example.com": [f"v=DMARC1; {text}"]})))[1] == questions


async def test_4_10_1_no_record_at_all_is_no_dmarc():
    found = await check("example.com", {}, (PASS, "example.com"), [(PASS, "example.org")])
    assert (found.dmarc.result, found.dmarc.policy, found.dmarc.detail) == ("none", "", "")
    assert (found.spf.aligned, found.dkim[0].aligned) == (True, False)


# ---- 4.10.2 the organizational domain -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "records", "organization"),
    [
        ("a.mail.example.com", {}, "a.mail.example.com"),
        ("mail.example.com", {"mail.example.com": REJECT}, "mail.example.com"),
        ("a.mail.example.com", {"mail.example.com": REJECT, "example.com": REJECT}, "example.com"),
        ("a.mail.example.com", {"com": REJECT + "; psd=y"}, "example.com"),
        ("a.mail.example.com", {"com": REJECT}, "com"),
        ("a.mail.example.com", {"mail.example.com": REJECT + "; psd=n", "example.com": REJECT}, "mail.example.com"),
        ("mail.example.com", {"mail.example.com": REJECT + "; psd=N", "example.com": REJECT}, "mail.example.com"),
        ("a.mail.example.com", {"example.com": REJECT + "; psd=y"}, "mail.example.com"),
        ("example.com", {"example.com": REJECT + "; psd=y", "com": REJECT}, "example.com"),
        ("example.com", {"example.com": REJECT + "; psd=u", "com": REJECT + "; psd=y"}, "example.com"),
        ("a.example.co.uk", {"co.uk": REJECT + "; psd=y", "a.example.co.uk": REJECT}, "example.co.uk"),
        ("1.2.3.4.5.6.7.a.b.c", {"4.5.6.7.a.b.c": REJECT + "; psd=y"}, "3.4.5.6.7.a.b.c"),
    ],
)
async def test_4_10_2_the_organizational_domain_is_found(start, records, organization):
    found = await check(start, {name: [text] for name, text in records.items()})
    assert found.organizational_domain == organization


@pytest.mark.parametrize(
    ("author", "identifier", "records", "result"),
    [
        ("mail.example.com", "example.com", {"mail.example.com": REJECT}, "fail"),
        ("mail.example.com", "example.com", {"mail.example.com": REJECT + "; psd=n", "example.com": REJECT}, "fail"),
        ("a.mail.example.com", "b.mail.example.com", {"mail.example.com": REJECT + "; psd=n"}, "pass"),
        ("example.com", "dept.example.com", {"example.com": REJECT, "dept.example.com": REJECT + "; psd=n"}, "fail"),
        ("alice.blogspot.com", "bob.blogspot.com", {"blogspot.com": REJECT}, "pass"),
        ("giant.bank.example", "mega.bank.example", {"bank.example": REJECT + "; psd=y"}, "fail"),
        ("giant.bank.example", "bank.example", {"bank.example": REJECT + "; psd=y"}, "fail"),
        ("bank.example", "mail.bank.example", {"bank.example": REJECT + "; psd=y"}, "fail"),
        ("bank.example", "bank.example", {"bank.example": REJECT + "; psd=y"}, "pass"),
        ("mail.giant.bank.example", "giant.bank.example", {"bank.example": REJECT + "; psd=y"}, "pass"),
        ("example.com", "evil.com", {"example.com": REJECT, "com": "v=DMARC1; p=none; psd=y"}, "fail"),
        ("example.com", "evil.com", {"com": REJECT}, "pass"),
    ],
)
async def test_4_10_2_relaxed_alignment_is_one_organizational_domain(author, identifier, records, result):
    texts = {name: [text] for name, text in records.items()}
    assert (await check(author, texts, (PASS, identifier))).dmarc.result == result
    assert (await check(author, texts, None, [(PASS, identifier)])).dmarc.result == result


async def test_b_4_1_a_simple_case():
    records = {"example.com": [REJECT], "signing.example.com": [REJECT]}
    found, questions = await asked(
        "example.com", zone_of(records), (PASS, "example.com"), [(PASS, "signing.example.com")]
    )
    assert (found.dmarc.result, found.spf.aligned, found.dkim[0].aligned, questions) == ("pass", True, True, 3)


async def test_b_4_2_a_deep_walk():
    records = {"example.com": [REJECT], "signing.example.com": [REJECT]}
    found, questions = await asked(
        "a.b.c.d.e.f.g.h.i.j.k.example.com", zone_of(records), (PASS, "example.com"), [(PASS, "signing.example.com")]
    )
    assert (found.dmarc.result, found.dmarc.detail, questions) == ("pass", "example.com", 9)


async def test_b_4_3_a_public_suffix_domain():
    records = {"bank.example": [REJECT + "; psd=y"], "giant.bank.example": ["v=DMARC1; p=quarantine"]}
    found = await check(
        "giant.bank.example", records, (PASS, "mail.giant.bank.example"), [(PASS, "mail.mega.bank.example")]
    )
    assert (found.dmarc.result, found.dmarc.policy, found.dmarc.detail) == ("pass", "quarantine", "giant.bank.example")
    assert (found.spf.aligned, found.dkim[0].aligned) == (True, False)


# ---- 5.3.1 the author domain, in whole mails ----------------------------------------------------------------------


async def whole(header, zone, reverse_path="", helo="mx.example.com"):
    resolver = ZoneResolver({"_dmarc.xn--bcher-kva.example": {"TXT": [REJECT]}, **zone})
    return await check_mail(
        header.encode() + b"\r\n\r\n",
        client_ip="192.0.2.1",
        helo=helo,
        reverse_path=reverse_path,
        resolver=resolver,
        now=0,
    )


SENDS = {"TXT": ["v=spf1 ip4:192.0.2.1 -all"]}


@pytest.mark.parametrize(
    "domain", ["b\u00fccher.example", "B\u00dcCHER.example", "xn--bcher-kva.example", "XN--Bcher-KVA.Example"]
)
async def test_5_3_1_u_labels_become_a_labels(domain):
    found = await whole(f"From: j@{domain}", {"xn--bcher-kva.example": SENDS}, "j@b\u00fccher.example")
    assert (found.author_domain, found.dmarc.result) == ("xn--bcher-kva.example", "pass")


@pytest.mark.parametrize("header", ["From: a@example.com, b@example.net", "Subject: x", "From: Nobody:;", "From: <>"])
async def test_5_3_1_none_or_several_domains_are_no_author(header):
    found = await whole(header, zone_of({"example.com": [REJECT]}), "a@example.com")
    assert (found.dmarc.result, found.author_domain) == ("permerror", "")


async def test_3_2_4_the_null_path_is_postmaster_at_the_greeting():
    zone = {**zone_of({"example.com": [REJECT]}), "mx.example.com": SENDS}
    assert (await whole("From: a@example.com", zone)).dmarc.result == "pass"
    assert (await whole("From: a@example.com", zone, helo="mx.example.net")).dmarc.result == "fail"


async def test_3_2_4_the_greeting_counts_for_nothing_beside_a_reverse_path():
    zone = {**zone_of({"example.com": [REJECT]}), "mx.example.com": SENDS, "example.net": SENDS}
    found = await whole("From: a@example.com", zone, "a@example.net")
    assert (found.spf.result, found.dmarc.result) == ("pass", "fail")


# ---- 5.3.6 errors of DNS ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rcode", ERRORS)
@pytest.mark.parametrize("author", ["example.com", "m.example.com", "a.m.example.com"])
async def test_5_3_6_a_lost_policy_is_neither_pass_nor_fail(rcode, author):
    for spf in (None, (PASS, author), (FAIL, author), (PASS, "example.com")):
        found = await check(author, {"example.com": rcode}, spf)
        assert (found.dmarc.result, found.dmarc.policy) == ("temperror", "")


@pytest.mark.parametrize("rcode", ERRORS)
async def test_5_3_6_a_lost_step_above_is_no_harm_to_what_needs_no_walk(rcode):
    records = {"m.example.com": [REJECT], "example.com": rcode}
    for spf, result in (
        ((PASS, "m.example.com"), "pass"),
        ((PASS, "x.example.com"), "temperror"),
        ((PASS, "example.net"), "fail"),
        ((FAIL, "x.example.com"), "fail"),
        (None, "fail"),
    ):
        found = (await check("m.example.com", records, spf)).dmarc
        assert (found.result, found.policy, found.detail) == (result, "reject", "m.example.com")


async def test_5_3_6_strict_alignment_needs_no_walk():
    records = {"example.com": [REJECT + "; adkim=s; aspf=s"], "com": "TIMEOUT", "m.example.com": "TIMEOUT"}
    assert (await check("example.com", records, (PASS, "m.example.com"))).dmarc.result == "fail"
    assert (await check("example.com", records, None, [(PASS, "m.example.com")])).dmarc.result == "fail"
    assert (await check("example.com", records, None, [(PASS, "example.com")])).dmarc.result == "pass"


@pytest.mark.parametrize("rcode", ERRORS)
async def test_5_3_6_a_lost_walk_of_an_identifier_counts_where_it_could_be_aligned(rcode):
    records = {"example.com": [REJECT], "m.example.com": rcode, "evil.com": rcode, "com.evil.org": rcode}
    for identifier, result in (("m.example.com", "temperror"), ("evil.com", "fail"), ("com.evil.org", "fail")):
        assert (await check("example.com", records, (PASS, identifier))).dmarc.result == result
    assert (
        await check("example.com", records, (PASS, "m.example.com"), [(PASS, "b.example.com")])
    ).dmarc.result == "pass"


@pytest.mark.parametrize(
    ("spf", "dkim", "result"),
    [
        (None, [(LOST, "example.com")], "temperror"),
        (None, [(LOST, "m.example.com")], "temperror"),
        ((LOST, "example.com"), (), "temperror"),
        ((LOST, "example.org"), (), "fail"),
        (None, [(LOST, "example.org")], "fail"),
        ((LOST, "example.com"), [(PASS, "example.com")], "pass"),
        ((PASS, "example.com"), [(LOST, "example.com")], "pass"),
        ((LOST, "example.com"), [(FAIL, "example.com")], "temperror"),
    ],
)
async def test_5_3_6_an_aligned_identifier_that_was_lost_is_a_temperror_and_no_other(spf, dkim, result):
    assert (await check("example.com", {"example.com": [REJECT]}, spf, dkim)).dmarc.result == result


@pytest.mark.parametrize("rcode", ERRORS)
async def test_5_3_6_whether_a_lost_author_exists_matters_to_a_fail_alone(rcode):
    zone = {**zone_of({"example.com": [ALL]}), "m.example.com": rcode}
    assert (await asked("m.example.com", zone))[0].dmarc.result == "temperror"
    assert (await asked("m.example.com", zone, (PASS, "example.com")))[0].dmarc.result == "pass"
    same = {**zone_of({"example.com": ["v=DMARC1; p=none; sp=reject"]}), "m.example.com": rcode}
    assert (await asked("m.example.com", same))[0].dmarc.policy == "reject"


@pytest.mark.parametrize(
    "text",
    [
        "v=DMARC1;" + "p=reject;" * 7000,
        "v=DMARC1; rua=" + "mailto:a@b," * 6000,
        "v=DMARC1;" + " " * 65000,
        "v=" + "\t" * 65000,
    ],
)
async def test_hostile_records_cost_little(text):
    begun = time.process_time()
    await check("a.b.c.d.e.f.example.com", {"a.b.c.d.e.f.example.com": [text], "example.com": [text], "com": [text]})
    assert time.process_time() - begun < 0.3
