"""The whole verdict, what the door does about it, and what the command prints."""

import json
import time
from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing import NOW, record, rsa_key, sign

from gateway.authentication.answer import Answer
from gateway.authentication.author import Ours
from gateway.authentication.check import check, report
from gateway.authentication.decision import Decision, decide
from gateway.authentication.resolver import ZoneResolver
from gateway.mail.authres import UNCHECKED, Check, Identity, Result, Seal, Verdict

MAIL = b"From: Joe <joe@example.com>\r\nTo: us@desk.example\r\nSubject: Hello\r\n\r\nbody\r\n"
ZONE = {
    "example.com": {"TXT": ["v=spf1 ip4:192.0.2.1 -all"], "A": ["192.0.2.1"]},
    "_dmarc.example.com": {"TXT": ["v=DMARC1; p=reject"]},
    "s1._domainkey.example.com": {"TXT": [record(rsa_key())]},
    "1.2.0.192.in-addr.arpa": {"PTR": ["mail.example.com"]},
    "mail.example.com": {"A": ["192.0.2.1"]},
    "other.com": {"TXT": ["v=spf1 +all"]},
}
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"


class Away:
    is_away = True

    def recall(self, name, type):
        return None

    async def query(self, name, type):
        return Answer("TIMEOUT")


async def verdict(message=MAIL, ip=ELSEWHERE, path="joe@example.com", zone=None, resolver=None, **how):
    resolver = resolver or ZoneResolver({**ZONE, **(zone or {})})
    return await check(
        message, client_ip=ip, helo="mail.example.com", reverse_path=path, resolver=resolver, now=NOW, **how
    )


@dataclass
class Policy:
    broken_author: str = "refuse"
    dmarc_reject: str = "refuse"
    dmarc_reject_through_list: str = "quarantine"
    dmarc_quarantine: str = "quarantine"
    own_domain: str = "refuse"
    temporary_error: str = "defer"
    replay: str = "refuse"
    replay_sightings: int = 10
    no_dns: str = "accept"
    trusted_sealers: tuple[str, ...] = ("list.example",)


async def test_an_aligned_signature_is_the_strongest_word():
    found = await verdict(sign(MAIL), ip=HERE)
    assert found.identity == Identity.VERIFIED_DKIM
    assert found.because == "example.com signed this mail (DKIM, selector s1, rsa 2048)."
    assert (found.author, found.author_domain, found.organizational_domain) == (
        "joe@example.com",
        "example.com",
        "example.com",
    )
    assert (found.spf.result, found.dmarc.result, found.iprev.result) == ("pass", "pass", "pass")


async def test_aligned_spf_alone_is_a_weaker_word():
    found = await verdict(ip=HERE)
    assert (found.identity, found.because) == (
        "verified-spf",
        "example.com says that 192.0.2.1 may send for it (SPF).",
    )


@pytest.mark.parametrize(
    ("zone", "path", "identity"),
    [
        ({}, "joe@example.com", "failed"),
        ({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=quarantine"]}}, "joe@example.com", "failed"),
        ({"_dmarc.example.com": {"TXT": ["v=DMARC1; p=none"]}}, "joe@example.com", "none"),
        ({"_dmarc.example.com": {}}, "joe@example.com", "none"),
        ({"_dmarc.example.com": {}}, "joe@other.com", "weak"),
        ({"_dmarc.example.com": "TIMEOUT"}, "joe@example.com", "unknown"),
        ({"_dmarc.example.com": "SERVFAIL"}, "joe@other.com", "unknown"),
        ({"example.com": "TIMEOUT"}, "joe@example.com", "unknown"),
        ({"_dmarc.example.com": {}, "example.com": "TIMEOUT"}, "joe@example.com", "unknown"),
    ],
)
async def test_the_identity_without_an_aligned_pass(zone, path, identity):
    assert (await verdict(zone=zone, path=path)).identity == identity


async def test_a_fail_that_is_known_without_asking_stands_while_dns_is_away():
    remembering = ZoneResolver(ZONE)
    remembering.is_away = True
    found = await verdict(resolver=remembering)
    assert (found.identity, found.no_dns) == ("failed", True)
    assert decide(found, Policy()).status == "5.7.26"


async def test_when_dns_is_away_nobody_fails():
    found = await verdict(sign(MAIL), resolver=Away())
    assert (found.identity, found.no_dns, found.dmarc.result) == ("unknown", True, "temperror")
    assert {found.spf.result, found.dkim[0].result, found.iprev.result} == {"temperror"}


@pytest.mark.parametrize(
    "message",
    [
        b"Subject: x\r\n\r\nbody",
        b"From: joe@example.com\r\n" + MAIL,
        b"",
        b"\r\n",
        b"From: a@b.com, c@d.com\r\n\r\n",
        MAIL.replace(b"Hello", b"Hel\0lo"),
        MAIL.replace(b"Hello", b"Hel\rlo"),
        MAIL.replace(b"From:", b"From :"),
    ],
)
async def test_a_broken_author_is_nobody_and_refused(message):
    found = await verdict(message, ip=HERE)
    assert (found.identity, found.author_domain, found.dmarc.result) == ("none", "", "permerror")
    assert (decide(found, Policy()).action, decide(found, Policy()).code) == ("refuse", 550)


async def test_two_authors_domains_have_their_own_status():
    found = await verdict(b"From: a@b.com, c@d.com\r\n\r\n")
    assert decide(found, Policy()).status == "5.7.1"
    assert decide(await verdict(b""), Policy()).status == "5.6.0"


async def test_a_file_with_unix_line_ends_is_read_like_the_wire():
    assert (await verdict(sign(MAIL).replace(b"\r\n", b"\n"))).identity == "verified-dkim"




def failed(policy, *findings, seals=()):
    return Verdict(
        Identity.FAILED,
        "because",
        "a@b.com",
        "b.com",
        seals=seals,
        findings=findings,
        dmarc=Check("dmarc", Result.FAIL, "b.com", "because", policy=policy),
    )


def unknown(**more):
    return replace(failed("reject"), identity=Identity.UNKNOWN, dmarc=Check("dmarc", Result.TEMPERROR), **more)


SEALED = (Seal("list.example", "pass", "b.com"),)
LOST_SEAL = Check("arc", Result.TEMPERROR, "list.example")
PROVEN = Verdict(Identity.VERIFIED_SPF, "because", "a@b.com", "b.com", dmarc=Check("dmarc", Result.PASS))
UNPROVEN = Verdict(Identity.NONE, "because", "a@b.com", "b.com")


@pytest.mark.parametrize(
    ("found", "is_ours", "action", "code", "status"),
    [
        (PROVEN, False, "accept", 250, "2.0.0"),
        (PROVEN, True, "accept", 250, "2.0.0"),
        (UNPROVEN, False, "accept", 250, "2.0.0"),
        (UNPROVEN, True, "refuse", 550, "5.7.1"),
        (failed("reject"), False, "refuse", 550, "5.7.26"),
        (failed("reject", "list-mark"), False, "quarantine", 250, "2.0.0"),
        (failed("reject", seals=SEALED), False, "quarantine", 250, "2.0.0"),
        (failed("reject", seals=(Seal("evil.example", "pass", "b.com"),)), False, "refuse", 550, "5.7.26"),
        (failed("reject", seals=(Seal("list.example", "fail", "b.com"),)), False, "refuse", 550, "5.7.26"),
        (replace(failed("reject"), arc=LOST_SEAL), False, "defer", 451, "4.7.0"),
        (replace(failed("reject"), arc=replace(LOST_SEAL, domain="evil.example")), False, "refuse", 550, "5.7.26"),
        (failed("quarantine"), False, "quarantine", 250, "2.0.0"),
        (failed("none"), False, "accept", 250, "2.0.0"),
        (failed("none"), True, "refuse", 550, "5.7.1"),
        (unknown(), False, "defer", 451, "4.7.0"),
        (unknown(no_dns=True), True, "accept", 250, "2.0.0"),
        (replace(UNPROVEN, spf=Check("spf", Result.FAIL, "b.com")), False, "accept", 250, "2.0.0"),
    ],
)
def test_the_policy_table(found, is_ours, action, code, status):
    decision = decide(found, Policy(), is_ours=is_ours)
    assert (decision.action, decision.code, decision.status) == (action, code, status)


def test_each_case_can_be_set_otherwise():
    assert decide(unknown(), Policy(temporary_error="accept")) == Decision("accept", is_for_now=True)
    assert decide(unknown(no_dns=True), Policy(no_dns="defer")).status == "4.4.3"
    assert decide(failed("reject"), Policy(dmarc_reject="quarantine")) == Decision("quarantine")
    assert decide(
        replace(UNPROVEN, dmarc=Check("dmarc", Result.PERMERROR)), Policy(broken_author="accept")
    ) == Decision("accept")


def test_a_refusal_names_the_domain():
    assert decide(failed("reject"), Policy()).text.startswith("b.com asks to reject mail")


def test_unchecked_mail_is_not_refused():
    assert decide(UNCHECKED, Policy()).action == "accept"


async def test_the_report_has_the_keys_the_command_promises():
    found = report(
        await verdict(sign(MAIL), ip=HERE), "mx.desk.example", reverse_path="joe@example.com", client_ip=HERE
    )
    assert found.pop("authentication_results").startswith("Authentication-Results: mx.desk.example; iprev=pass reason=")
    assert found.pop("checks")[0] | {"milliseconds": 0} == {
        "method": "spf", "result": "pass", "domain": "example.com", "selector": "", "bits": 0, "aligned": True,
        "reason": "example.com says that 192.0.2.1 may send for it (SPF).", "milliseconds": 0, "queries": 1,
    }  # fmt: skip
    assert found == {
        "spf": {"result": "pass", "domain": "example.com", "explanation": ""},
        "dkim": [
            {
                "result": "pass",
                "domain": "example.com",
                "selector": "s1",
                "reason": "example.com signed this mail (DKIM, selector s1, rsa 2048).",
            }
        ],
        "arc": {"result": "none"},
        "dmarc": {"result": "pass", "policy": "reject", "from_domain": "example.com", "aligned": ["spf", "dkim"]},
        "iprev": {"result": "pass", "name": "mail.example.com"},
        "verdict": "verified-dkim",
        "because": "example.com signed this mail (DKIM, selector s1, rsa 2048).",
        "structure": [],
    }


@pytest.mark.parametrize(
    ("pointers", "addresses", "result"),
    [
        ({"PTR": ["a.com"]}, {"A": [HERE]}, "pass"),
        ({"PTR": ["a.com"]}, {"A": [ELSEWHERE]}, "fail"),
        ({"PTR": ["a.com"]}, "TIMEOUT", "temperror"),
        ("SERVFAIL", {}, "temperror"),
        ("NXDOMAIN", {}, "permerror"),
        ({}, {}, "permerror"),
    ],
)
async def test_iprev(pointers, addresses, result):
    zone = {"1.2.0.192.in-addr.arpa": pointers, "a.com": addresses}
    assert (await verdict(ip=HERE, zone=zone)).iprev.result == result


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                b"From: a@example.com",
                b"DKIM-Signature: v=1; b=",
                b"ARC-Seal: i=1;",
                b"\r\n",
                b"\n",
                b" ",
                b"\0",
                b"=",
                b";",
                b"\xff",
                b"ARC-Message-Signature: i=1; a=rsa-sha256",
                b"x",
                b'"',
                b"(",
            ]
        )
    )
)
async def test_nothing_makes_it_raise(parts):
    message = b"".join(parts)
    found = await verdict(message, ip="x", path=message.decode("latin-1"))
    assert report(found)["verdict"] in {"none", "failed", "unknown", "weak", "verified-dkim", "verified-spf"}


JUNK = (b"\0", b"\r\n", b"\xed\xa0\x80", b"=", b";", b"@", b"(", b"\xff", b"%{", b" " * 50, b"9" * 30, b"ARC-Seal:")
BASES = (sign(MAIL), sign(MAIL, forms="simple/simple", more="l=6;"), b"ARC-Seal: i=1; b=A\r\n" + sign(MAIL))


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(BASES),
    st.lists(st.tuples(st.integers(0, 900), st.integers(0, 9), st.sampled_from(JUNK)), max_size=4),
)
async def test_a_mail_with_anything_in_it_has_a_verdict_that_can_be_kept(message, wounds):
    for place, lost, junk in wounds:
        message = message[:place] + junk + message[place + lost :]
    stranger = message[300:360].decode("utf-8", "surrogateescape")
    found = await verdict(message, path="joe@" + stranger)
    shown = json.dumps([found.as_json(), report(found, reverse_path=stranger, helo=stranger)], ensure_ascii=False)
    assert shown.encode("utf-8")
    assert "\\u0000" not in shown
    assert decide(found, Policy()).text.isascii()


@pytest.mark.parametrize(
    "name", ["\ud800.example.com", "a@b\0.com", "<joe@example.com>", "\udcff", "é" * 300, "@", "a" * 9999]
)
async def test_names_of_strangers_do_no_harm(name):
    zone = {
        "example.com": {"TXT": ["v=spf1 exists:%{S}.%{L}.%{h}.example.com -all exp=e.com"]},
        "e.com": {"TXT": ["%{h} %{S}"]},
    }
    found = await check(
        MAIL, client_ip=name, helo=name, reverse_path=name, resolver=ZoneResolver({**ZONE, **zone}), now=NOW
    )
    assert found.spf.result in ("none", "fail")
    found = await check(
        MAIL,
        client_ip=HERE,
        helo=name,
        reverse_path=name + "@example.com",
        resolver=ZoneResolver({**ZONE, **zone}),
        now=NOW,
    )
    assert found.spf.explanation.isprintable()


BLANKS = 5_000_000
FOLDED = b"DKIM-Signature: b" + b"\r\n " * 2600 + b"=x\r\n"


@pytest.mark.parametrize(
    "message",
    [
        sign(MAIL) + b" " * BLANKS,
        sign(MAIL, forms="simple/simple") + b"\r\n" * (BLANKS // 2),
        sign(MAIL) + b" \r\n" * (BLANKS // 3),
        sign(MAIL) + b"\n\r" * (BLANKS // 2),
        FOLDED * 10 + MAIL,
        sign(MAIL, names=":".join(["from"] * 5000)),
        b"X: " + b" " * BLANKS + b"\r\n" + MAIL,
        b"X: 1\r\n" * 100_000 + MAIL,
        b"From: " + b"(" * BLANKS + b"\r\n\r\n",
        b"From: " + b'"a@' * 5000 + b"\r\n\r\n",
        b"From: " + b"a@b.com," * 100_000 + b"\r\n\r\n",
    ],
)
async def test_no_mail_takes_a_second(message):
    began = time.process_time()
    await verdict(message)
    assert time.process_time() - began < 0.5


OURS = Ours(frozenset({"desk.example"}))


@pytest.mark.parametrize(
    ("to", "findings"),
    [
        (b"To: us@desk.example", ()),
        (b"To: Bob <bob@else.example>\r\nCc: Us <US@Desk.Example>", ()),
        (b"To: us@desk.example.", ()),
        (b"To: bob@else.example", ("signed-for-others",)),
        (b"To: bob@desk.example.else.example", ("signed-for-others",)),
        (b"To: bob@desk.example-else.example", ("signed-for-others",)),
        (b"X-Note: nobody is named", ("signed-for-others",)),
    ],
)
async def test_a_signed_mail_that_names_none_of_us_is_marked(to, findings):
    message = sign(MAIL.replace(b"To: us@desk.example", to), names="from:to:cc:subject")
    assert (await verdict(message, ours=OURS)).findings == findings


async def test_naming_us_in_a_field_that_is_not_signed_is_no_proof():
    message = sign(MAIL, names="from:subject")
    assert (await verdict(message, ours=OURS)).findings == ("signed-for-others",)


async def test_each_check_says_what_it_took():
    found = await verdict(sign(MAIL), ip=HERE)
    assert (found.spf.queries, found.dkim[0].queries, found.dmarc.queries, found.iprev.queries) == (1, 1, 2, 2)
    checks = report(found)["checks"]
    assert [each["method"] for each in checks] == ["spf", "dkim", "arc", "dmarc", "iprev"]
    assert checks[1]["bits"] == 2048
    assert all(each["milliseconds"] >= 0 for each in checks)


async def test_a_signature_is_known_by_the_octets_of_its_b():
    once, again = await verdict(sign(MAIL)), await verdict(b"X-Else: 1\r\n" + sign(MAIL))
    assert once.signatures == again.signatures
    assert len(once.signatures[0]) == 64
    signed = sign(MAIL)
    assert (await verdict(signed.removesuffix(MAIL) + signed)).signatures == once.signatures, "counted once"
    assert (await verdict(sign(MAIL) + b"more\r\n")).signatures == ()
