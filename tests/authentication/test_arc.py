"""ARC chains, section by section of RFC 8617: what holds, by dkimpy's word too; and every way to break a chain."""

import itertools
import re
import time

import dkim as dkimpy
import pytest
from sealing import MAIL, CountingResolver, outcome, seal, verify, zone
from signing import NOW, ed_key, record, rsa_key

from gateway.authentication import arc
from gateway.authentication.fields import split
from gateway.mail.authres import Seal

ONCE = seal(MAIL)
TWICE = seal(ONCE, "forward.example")
LIST_KEY = "s1._domainkey.list.example"


async def result(message, records=None):
    return (await verify(message, records)).reported.value


@pytest.mark.parametrize("message", [ONCE, TWICE])
def test_dkimpy_takes_what_our_little_sealer_made(message):
    found, _, _ = dkimpy.arc_verify(message, dnsfunc=lambda *_, **__: record(rsa_key()).encode())
    assert found == b"pass"


# ---- section 4.1.1: ARC-Authentication-Results ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "results",
    ["i={i};{found}", "(a) i (b (c)) = (d) {i} (e) ; {found}", "\r\n\ti={i}\r\n\t; {found}", "i={i}; broken (",
     "i={i}; none", "i={i};", "i=0{i}; {found}"],
)  # fmt: skip
async def test_the_results_need_an_instance_in_front_and_no_more(results):
    assert await result(seal(MAIL, results=results)) == "pass"


@pytest.mark.parametrize(
    "results",
    ["{found}", "{found}; i={i}", "i={i}", "i={i} {found}", "I={i}; {found}", "i=; {found}", "i=a; {found}",
     "i=+{i}; {found}", "i=00{i}; {found}", "i={i} {i}; {found}", "(i={i}; {found}", "i=2; {found}", "i=0; {found}"],
)  # fmt: skip
async def test_results_without_their_instance_in_front_break_the_chain(results):
    assert await result(seal(MAIL, results=results)) == "fail"


# ---- section 4.1.2: ARC-Message-Signature --------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["a", "bh", "d", "h", "s"])
async def test_a_message_signature_lacks_a_tag(tag):
    assert await result(seal(MAIL, signature={"without": (tag,)})) == "fail"


@pytest.mark.parametrize(
    "first", ["", "i=;", "i=0;", "i=2;", "i=x;", "i=1; i=1;", "i=1; v=1; v=1;", "i=1;;", "i=1; =x;", "I=1;", "i=001;"]
)
async def test_a_message_signature_has_no_sound_tag_list(first):
    assert await result(seal(MAIL, signature={"first": first})) == "fail"


@pytest.mark.parametrize("more", ["v=1;", "v=7;", "v=;", "zz=what;", "t=1000;", f"t=1000; x={NOW};", "q=dns/txt;"])
async def test_a_version_and_unknown_tags_of_a_message_signature_do_not_matter(more):
    assert await result(seal(MAIL, signature={"more": more})) == "pass"


@pytest.mark.parametrize(
    "more", ["t=;", "t=-1;", f"t={NOW + 1000};", "t=1000; x=2000;", "x=y;", "q=carrier/pigeon;", "l=1;", "l=7;", "l=;"]
)
async def test_a_message_signature_is_held_to_the_rules_of_dkim(more):
    assert await result(seal(MAIL, signature={"more": more})) == "fail"


async def test_a_message_signature_may_count_the_whole_body():
    assert await result(seal(MAIL, signature={"more": "l=6;"})) == "pass"


@pytest.mark.parametrize("forms", ["relaxed/relaxed", "relaxed/simple", "simple/relaxed", "simple/simple", "relaxed"])
async def test_a_message_signature_in_each_canonical_form(forms):
    assert await result(seal(MAIL, signature={"forms": forms})) == "pass"


@pytest.mark.parametrize("forms", ["pancake/waffle", "relaxed/pancake", "/", "relaxed/relaxed/relaxed"])
async def test_a_message_signature_in_no_known_form(forms):
    assert await result(seal(MAIL, signature={"forms": forms})) == "fail"


@pytest.mark.parametrize("forms", ["simple/simple", "relaxed/relaxed"])
async def test_without_a_form_it_is_simple_or_as_the_drafts_had_it_relaxed(forms):
    sealed = seal(MAIL, signature={"forms": forms, "without": ("c",)})
    assert await result(sealed) == "pass"
    assert await result(sealed.replace(b"body", b"bodies")) == "fail"
    assert await result(sealed.replace(b"Hello", b"Bye")) == "fail"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("from", "pass"),
        ("FROM : to:\r\n\tsubject", "pass"),
        ("from::to", "pass"),
        ("from:to:from:x-none", "pass"),
        ("from:arc-authentication-results", "pass"),
        ("from:arc-message-signature", "pass"),
        ("", "pass"),
        ("to:subject", "fail"),
        ("from:arc-seal", "fail"),
        ("from:ARC-Seal ", "fail"),
        ("from:a b", "fail"),
        (":".join(["from"] * 201), "fail"),
    ],
)
async def test_what_a_message_signature_may_cover(names, expected):
    assert await result(seal(ONCE, signature={"names": names})) == expected


async def test_seal_and_message_signature_may_be_of_different_domains_and_selectors():
    sealed = seal(MAIL, d="forward.example", signature={"selector": "s2"})
    assert await result(sealed, {"s2._domainkey.list.example": {"TXT": [record(rsa_key())]}}) == "pass"


# ---- section 4.1.3: ARC-Seal ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("tag", ["i", "cv", "a", "d", "s"])
async def test_a_seal_lacks_a_tag(tag):
    assert await result(seal(MAIL, without=(tag,))) == "fail"


async def test_the_time_of_a_seal_may_be_missing():
    assert await result(seal(MAIL, without=("t",))) == "pass"


@pytest.mark.parametrize(
    "tags",
    [{"h": "from"}, {"h": ""}, {"cv": "pass"}, {"cv": "fail"}, {"cv": ""}, {"cv": "NONE"}, {"cv": "invalid"},
     {"a": ""}, {"a": "rsa-sha1"}, {"a": "rsa-sha512"}, {"a": "RSA-SHA256"}, {"d": ""}, {"d": "list..example"},
     {"s": ""}, {"s": "a b"}, {"t": ""}, {"t": "-1"}, {"t": "1.5"}, {"t": NOW + 1000}, {"i": ""}, {"i": 0}, {"i": 2},
     {"i": "1x"}, {"i": "001"}, {"i": "99999999999"}, {"_": 1}, {"cv": "none; cv=none"}],
    ids=str,
)  # fmt: skip
async def test_a_seal_says_what_it_may_not(tags):
    assert await result(seal(MAIL, **tags)) == "fail"


@pytest.mark.parametrize(
    "tags", [{"bh": "x"}, {"c": "simple/simple"}, {"v": 9}, {"l": 0}, {"x": 1}, {"q": "z"}], ids=str
)
async def test_tags_that_a_seal_does_not_know_do_not_matter(tags):
    assert await result(seal(MAIL, **tags)) == "pass"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ARC-Seal: i", b"arc-SEAL :\r\n\ti"),
        (b"; cv", b";  \tcv"),
        (b"ARC-Authentication-Results: i=1; ", b"arc-authentication-results:  i=1;\r\n  "),
    ],
)
async def test_a_seal_is_over_relaxed_fields(old, new):
    assert old in ONCE
    assert await result(ONCE.replace(old, new)) == "pass"


# ---- section 4.1.4: internationalized mail -------------------------------------------------------------------------


async def test_a_domain_may_be_written_in_u_labels():
    found = await verify(seal(MAIL, "b\u00fccher.example"))
    assert (found.result, found.domain) == ("pass", "xn--bcher-kva.example")


# ---- section 4.2.1: instances --------------------------------------------------------------------------------------


def drop(message, name, instance):
    return re.sub(rb"(?ims)^" + name + rb":[^\n]*?i=%d\b.*?\r\n(?![ \t])" % instance, b"", message, count=1)


@pytest.mark.parametrize("name", [b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"])
@pytest.mark.parametrize("instance", [1, 2])
async def test_a_set_without_one_of_its_fields(name, instance):
    broken = drop(TWICE, name, instance)
    assert len(broken) < len(TWICE)
    assert await result(broken) == "fail"


@pytest.mark.parametrize("name", [b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"])
async def test_a_set_with_one_of_its_fields_twice(name):
    [field] = re.findall(rb"(?ms)^" + name + rb":.*?\r\n(?![ \t])", ONCE)
    assert await result(field + ONCE) == "fail"


async def test_a_set_that_is_missing_between_others():
    thrice = seal(TWICE)
    for name in (b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"):
        thrice = drop(thrice, name, 2)
    assert await result(thrice) == "fail"


async def test_the_order_of_the_fields_in_the_header_does_not_matter():
    header, _, body = TWICE.partition(b"\r\n\r\n")
    fields = re.split(rb"\r\n(?![ \t])", header)
    for order in (fields[::-1], sorted(fields), sorted(fields, reverse=True)):
        assert await result(b"\r\n".join(order) + b"\r\n\r\n" + body) == "pass"


async def test_an_instance_may_be_written_with_a_zero_in_front():
    assert await result(seal(MAIL, i="01")) == "pass"


# ---- section 5.1.1: what a seal covers -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"ARC-Authentication-Results: i=1; mx", b"ARC-Authentication-Results: i=1; my"),
        (b"i=1;  a=rsa-sha256", b"i=1;  zz=1; a=rsa-sha256"),
        (b"ARC-Seal: i=1; ", b"ARC-Seal: i=1; zz=1; "),
        (b"ARC-Authentication-Results: i=2; mx", b"ARC-Authentication-Results: i=2; my"),
        (b"ARC-Seal: i=2; ", b"ARC-Seal: i=2; zz=1; "),
        (b"t=1000; b=", b"t=1000; b=A"),
        (b"t=1000; b=", b"t=1000; b=!"),
        (b"t=1000; b=", b"t=1000; b=; zz="),
    ],
)
async def test_a_seal_covers_its_set_and_all_before_it(old, new):
    broken = TWICE.replace(old, new) if old in TWICE else TWICE.replace(old.replace(b";  ", b"; "), new)
    assert broken != TWICE
    assert await result(broken) == "fail"


async def test_sets_of_two_chains_do_not_mix():
    other = seal(seal(MAIL.replace(b"Hello", b"Bye")), "forward.example")
    newest = TWICE[: TWICE.index(b"ARC-Seal: i=1")]
    assert await result(newest + other[other.index(b"ARC-Seal: i=1") :]) == "fail"


# ---- section 5.2: the validator ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "expected", "domain"),
    [(MAIL, "none", ""), (b"", "none", ""), (ONCE, "pass", "list.example"), (TWICE, "pass", "forward.example")],
)
async def test_a_chain_that_holds_names_its_last_sealer(message, expected, domain):
    found = await verify(message)
    assert (found.result, found.domain) == (expected, domain)


async def test_step_1_fifty_sets_hold_and_one_more_does_not():
    message = MAIL
    for _ in range(50):
        message = seal(message)
    assert (await verify(message)).detail == "50"
    assert await result(seal(message)) == "fail"


@pytest.mark.parametrize("cv", ["none", "fail", "PASS", ""])
async def test_step_3_every_seal_but_the_first_says_that_the_chain_passed(cv):
    assert await result(seal(ONCE, cv=cv)) == "fail"
    assert await result(seal(seal(ONCE, cv=cv))) == "fail"


@pytest.mark.parametrize(("old", "new"), [(b"body", b"other body"), (b"Subject: Hello", b"Subject: Bye")])
async def test_step_4_the_newest_message_signature_must_hold(old, new):
    assert await result(TWICE.replace(old, new)) == "fail"


async def test_step_5_an_older_message_signature_need_not_hold():
    forwarded = seal(ONCE.replace(b"Subject: Hello", b"Subject: [list] Hello"), "forward.example")
    assert await result(forwarded) == "pass"


async def test_step_6_every_seal_must_hold():
    first = ONCE.replace(b"t=1000; b=", b"t=1001; b=")
    assert await result(seal(first, "forward.example")) == "fail"


@pytest.mark.parametrize(
    "records",
    ["NXDOMAIN", {"TXT": ["v=DKIM1; p="]}, {"TXT": ["v=DKIM1; k=rsa; p=AAAA"]}, {"TXT": ["p=!"]}, {"TXT": []},
     {"TXT": [record(ed_key())]}, {"TXT": [record(rsa_key(), more="; h=sha1")]},
     {"TXT": [record(rsa_key(), more="; s=telephone")]}, {"TXT": [record(rsa_key()), record(rsa_key(1024))]}],
    ids=["nxdomain", "revoked", "no key", "no base64", "empty", "other kind", "sha1 only", "not for mail", "two"],
)  # fmt: skip
async def test_a_key_that_cannot_be_used_is_a_fail(records):
    found = await verify(TWICE, {LIST_KEY: records})
    assert found.result == "fail"


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL", "REFUSED"])
async def test_section_5_2_1_a_key_that_dns_keeps_back_is_told_as_a_fail(rcode):
    found = await verify(TWICE, {LIST_KEY: rcode})
    assert (found.result, found.reported) == ("temperror", "fail")


@pytest.mark.parametrize("rcode", ["TIMEOUT", "SERVFAIL"])
async def test_a_chain_that_is_broken_anyhow_does_not_wait_for_dns(rcode):
    assert (await verify(TWICE.replace(b"body", b"bodies"), {LIST_KEY: rcode})).result == "fail"


# ---- RFC 8301 and 8463: algorithms ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("bits", "expected"), [(1024, "pass"), (2048, "pass"), (4096, "pass")])
async def test_rsa_keys_of_every_size_in_use(bits, expected):
    key = rsa_key(bits)
    assert await result(seal(MAIL, key=key), {LIST_KEY: {"TXT": [record(key)]}}) == expected


async def test_an_ed25519_sealer():
    sealed = seal(MAIL, key=ed_key())
    assert await result(sealed, {LIST_KEY: {"TXT": [record(ed_key())]}}) == "pass"


async def test_a_chain_of_sealers_with_different_algorithms():
    sealed = seal(seal(MAIL, "forward.example", key=ed_key()))
    assert await result(sealed, {"s1._domainkey.forward.example": {"TXT": [record(ed_key())]}}) == "pass"


async def test_a_signature_by_sha1_is_a_fail():
    assert await result(seal(MAIL, signature={"algorithm": "rsa-sha1"})) == "fail"


# ---- section 9.2: what strangers can make us do --------------------------------------------------------------------


async def test_each_key_is_asked_for_once():
    message = MAIL
    for _ in range(20):
        message = seal(message)
    resolver = CountingResolver(zone())
    await outcome(message, resolver=resolver)
    assert resolver.asked == [LIST_KEY]


async def test_no_mail_asks_for_more_than_51_keys():
    message = MAIL
    for number in range(50):
        message = seal(message, f"d{number}.example", signature={"domain": f"e{number}.example"})
    resolver = CountingResolver({})
    assert (await outcome(message, resolver=resolver)).check.result == "fail"
    assert len(resolver.asked) == 51


async def seconds(message):
    """CPU, without the garbage of the tests before."""
    begun = [time.process_time()]
    for _ in range(3):
        await outcome(message)
        begun.append(time.process_time())
    return min(after - before for before, after in itertools.pairwise(begun))


BIG = b"".join(
    b"ARC-Seal: i=%d; a=rsa-sha256; cv=pass; d=a.com; s=s; b=AAAA\r\n"
    b"ARC-Message-Signature: i=%d; a=rsa-sha256; b=AAAA\r\n"
    b"ARC-Authentication-Results: i=%d; %s\r\n" % (number, number, number, b'(;"' * 6000)
    for number in range(1, 51)
)


@pytest.mark.parametrize(
    "fields",
    [
        b"ARC-Seal: i=1\r\n" * 4900,
        b"".join(b"ARC-Seal: i=%d; a=rsa-sha256\r\n" % number for number in range(4900)),
        b"ARC-Authentication-Results: i=999999; x\r\n" + b"ARC-Seal: i=999999; a=rsa-sha256\r\n",
        b"ARC-Authentication-Results: " + b"(" * 500_000 + b"i=1;\r\n",
        b"ARC-Message-Signature: " + b";" * 500_000 + b"\r\n",
        b"ARC-Seal: i=" + b"1" * 500_000 + b"\r\n",
        BIG,
    ],
    ids=["4,900 alike", "4,900 unlike", "999999", "comments", "semicolons", "digits", "50 large sets"],
)
async def test_a_hostile_chain_fails_fast(fields):
    assert await result(fields + MAIL) == "fail"
    assert await seconds(fields + MAIL) < 0.1


async def test_fifty_large_sets_that_hold_are_read_and_hashed_once():
    message = MAIL
    for number in range(50):
        message = seal(message, found="mx.example; none " + f"(({number}))" * 600)
    assert await result(message) == "pass"
    assert await seconds(message) < 0.3


# ---- sections 7.2 and 9.4: whose word counts -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ("mx.list.example; dmarc=pass header.from=example.com", ("pass", "example.com")),
        ("mx.list.example; dmarc=pass (p=none) header.from=Example.COM; spf=fail", ("pass", "example.com")),
        ("mx.list.example 1; spf=pass; dmarc=fail action=none header.from=example.com;", ("fail", "example.com")),
        ('mx.list.example; dmarc=pass header.from="b\u00fccher.example"', ("pass", "xn--bcher-kva.example")),
        ("mx.list.example; dmarc=pass", ("pass", "")),
        ("mx.list.example; dmarc=pass header.from=a.com header.from=b.com", ("pass", "")),
        ("mx.list.example; dmarc=pass header.from=a..com", ("pass", "")),
        ("mx.list.example; dmarc=pass header.from=a.com; dmarc=pass header.from=b.com", ("", "")),
        ("mx.list.example; dmarc=fail header.from=a.com; DMARC=pass header.from=a.com", ("", "")),
        ("mx.list.example; dmarc/2=pass header.from=a.com", ("", "")),
        ('mx.list.example; spf=fail smtp.mailfrom="; dmarc=pass header.from=a.com"', ("", "")),
        ("mx.list.example; spf=fail (; dmarc=pass header.from=a.com)", ("", "")),
        ("mx.list.example; dmarc=pass header.from=a.com; (", ("", "")),
        ("mx.list.example; none", ("", "")),
        ("dmarc=pass header.from=a.com", ("", "")),
    ],
)
async def test_what_a_server_says_of_dmarc_is_read_with_care(found, expected):
    assert (await outcome(seal(MAIL, found=found))).seals == (Seal("list.example", *expected),)


async def test_the_seals_stand_in_the_order_in_which_the_servers_saw_the_mail():
    found = await outcome(seal(ONCE, "Forward.Example", found="x; none"))
    assert found.seals == (Seal("list.example", "pass", "example.com"), Seal("forward.example"))


@pytest.mark.parametrize(
    "message",
    [MAIL, TWICE.replace(b"body", b"bodies"), seal(MAIL, signature={"names": ""}), seal(MAIL, cv="fail")],
    ids=["no chain", "broken", "From not covered", "cv=fail"],
)
async def test_a_chain_that_does_not_pass_or_leaves_from_open_says_nothing(message):
    assert (await outcome(message)).seals == ()


async def test_a_chain_whose_key_dns_keeps_back_says_nothing():
    assert (await outcome(TWICE, {LIST_KEY: "TIMEOUT"})).seals == ()


LIST = Seal("list.example", "pass", "example.com")
FORWARD = Seal("forward.example", "fail", "example.com")
STRANGER = Seal("evil.example", "pass", "example.com")


@pytest.mark.parametrize(
    "seals",
    [(LIST,), (LIST, FORWARD), (STRANGER, LIST), (FORWARD, STRANGER, LIST, FORWARD)],
    ids=["one", "a second that saw what the first had changed", "a stranger before", "only the unbroken end counts"],
)
def test_the_first_of_the_trusted_servers_at_the_end_softens(seals):
    assert arc.softens(seals, ("list.example", "forward.example"), "example.com") == "list.example"


@pytest.mark.parametrize(
    "seals",
    [
        (),
        (STRANGER,),
        (LIST, STRANGER),
        (STRANGER, FORWARD),
        (FORWARD, LIST),
        (Seal("list.example", "pass", "evil.com"),),
        (Seal("list.example", "pass", "sub.example.com"),),
        (Seal("list.example", "pass", ""),),
        (Seal("list.example", "", ""),),
        (Seal("list.example", "none", "example.com"),),
        (Seal("list.example", "bestguesspass", "example.com"),),
        (Seal("sub.list.example", "pass", "example.com"),),
        (Seal("example", "pass", "example.com"),),
        (Seal("", "pass", "example.com"),),
    ],
    ids=["no chain", "a stranger", "a stranger after", "a stranger's word below a trusted seal", "failed at the first",
         "of another author", "of a subdomain of the author's", "of no author", "several or unreadable results",
         "no policy there", "no pass", "below the trusted name", "above the trusted name", "no name"],
)  # fmt: skip
def test_nothing_else_softens(seals):
    assert arc.softens(seals, ("list.example", "forward.example", ""), "example.com") == ""


def test_no_author_domain_is_softened_by_a_seal_without_one():
    assert arc.softens((Seal("list.example", "pass", ""),), ("list.example",), "") == ""


@pytest.mark.parametrize("name", ["LIST.example", "list.example."])
def test_a_trusted_name_in_another_spelling_is_the_same(name):
    assert arc.softens((LIST,), (name,), "Example.com") == "list.example"


def test_a_trusted_name_outside_ascii_is_known_by_its_a_labels():
    sealed = Seal("xn--bcher-kva.example", "pass", "example.com")
    assert arc.softens((sealed,), ("b\u00fccher.example",), "example.com") == "xn--bcher-kva.example"


def test_the_set_that_is_read_is_the_header_s():
    chain = arc.read(split(TWICE)[0], NOW)
    assert [each.domain for each in chain.sets] == ["list.example", "forward.example"]
