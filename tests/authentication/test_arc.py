"""ARC chains (RFC 8617): what holds, by dkimpy's word too; and every way to break a chain."""

import asyncio
import base64
import re

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from signing import NOW, record, rsa_key, sign

from gateway.authentication import arc
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import Field, split
from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signature import digest_of

MAIL = b"From: joe@example.com\r\nTo: us@desk.example\r\nSubject: Hello\r\n\r\nbody\r\n"


def seal(message, domain="list.example"):
    """Add one whole set, as a mailing list's server does."""
    number = message.count(b"ARC-Seal:") + 1
    results = b"ARC-Authentication-Results: i=%d; mx.list.example; spf=pass\r\n" % number
    signed = sign(message, domain=domain, name="ARC-Message-Signature", first=f"i={number};", names="from:to:subject")
    message = results + signed
    header = split(message)[0]
    chain = "none" if number == 1 else "pass"
    value = f" i={number}; cv={chain}; a=rsa-sha256; d={domain}; s=s1; t=1000; b=".encode()
    digest = digest_of(_in_order(header, number), Field(b"arc-seal", b"ARC-Seal", value), value, "relaxed")
    signature = rsa_key().sign(digest, padding.PKCS1v15(), Prehashed(hashes.SHA256()))
    return b"ARC-Seal:" + value + base64.b64encode(signature) + b"\r\n" + message


def _in_order(header, count):
    results, messages, seals = (
        header.named(name)[::-1] for name in (b"arc-authentication-results", b"arc-message-signature", b"arc-seal")
    )
    for place in range(count):
        yield from (results[place], messages[place])
        if place < count - 1:
            yield seals[place]


ONCE = seal(MAIL)
TWICE = seal(ONCE, "forward.example")


async def verify(message, zone=None):
    zone = {f"s1._domainkey.{name}": {"TXT": [record(rsa_key())]} for name in ("list.example", "forward.example")} | (
        zone or {}
    )
    header, body = split(message)
    chain = arc.read(header, NOW)
    wanted = {chain.newest.body_key} if isinstance(chain, arc.Chain) else set()
    bodies = asyncio.ensure_future(body_hashes(body, wanted))
    check = (await arc.verify(chain, header, bodies, ZoneResolver(zone))).check
    await bodies
    return check


@pytest.mark.parametrize(
    ("message", "result", "domain"),
    [(MAIL, "none", ""), (ONCE, "pass", "list.example"), (TWICE, "pass", "forward.example"), (b"", "none", "")],
)
async def test_a_chain_that_holds_names_its_last_sealer(message, result, domain):
    found = await verify(message)
    assert (found.result, found.domain) == (result, domain)


@pytest.mark.parametrize("message", [ONCE, TWICE])
def test_dkimpy_finds_the_same(message):
    result, _, _ = dkimpy.arc_verify(message, dnsfunc=lambda *_, **__: record(rsa_key()).encode())
    assert result == b"pass"


async def test_a_long_chain_holds():
    message = MAIL
    for _ in range(6):
        message = seal(message)
    assert (await verify(message)).detail == "6"


def drop(message, name, instance):
    return re.sub(rb"(?ims)^" + name + rb":[^\n]*?i=%d\b.*?\r\n(?![ \t])" % instance, b"", message, count=1)


@pytest.mark.parametrize("name", [b"ARC-Seal", b"ARC-Message-Signature", b"ARC-Authentication-Results"])
@pytest.mark.parametrize("instance", [1, 2])
async def test_a_chain_with_a_hole_fails(name, instance):
    broken = drop(TWICE, name, instance)
    assert len(broken) < len(TWICE)
    assert (await verify(broken)).result == "fail"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"body", b"other body"),
        (b"Subject: Hello", b"Subject: Bye"),
        (b"cv=none", b"cv=pass"),
        (b"cv=pass", b"cv=fail"),
        (b"cv=pass", b"cv=none"),
        (b"cv=pass", b"cv=PASS"),
        (b"cv=pass;", b""),
        (b"ARC-Authentication-Results: i=1", b"ARC-Authentication-Results: i=3"),
        (b"ARC-Authentication-Results: i=1", b"ARC-Authentication-Results: i=2"),
        (b"ARC-Authentication-Results: i=1;", b"ARC-Authentication-Results: i=1"),
        (b"ARC-Authentication-Results: i=1; mx.list.example;", b"ARC-Authentication-Results: mx.list.example; i=1;"),
        (b"spf=pass", b"spf=fail"),
        (b"ARC-Seal: i=1", b"ARC-Seal: i=0"),
        (b"ARC-Seal: i=1", b"ARC-Seal: i=a"),
        (b"ARC-Seal: i=1", b"ARC-Seal: h=from; i=1"),
        (b"ARC-Seal: i=1", b"ARC-Seal: i=1; i=1"),
        (b"ARC-Seal: i=1", b"ARC-Seal: i=1;"),
        (b"t=1000; b=", b"t=1000; b=A"),
        (b"t=1000; b=", b"t=1000; b=!"),
        (b"t=1000; b=", b"t=; b="),
        (b"ARC-Seal: i=2; cv=pass; a=rsa-sha256", b"ARC-Seal: i=2; cv=pass; a=rsa-sha1"),
        (b"From: joe", b"ARC-Seal: i=2; cv=pass; a=rsa-sha256; d=x.com; s=s; b=AAAA\r\nFrom: joe"),
    ],
)
async def test_a_chain_that_was_touched_fails(old, new):
    assert old in TWICE
    assert (await verify(TWICE.replace(old, new))).result == "fail"


async def test_an_older_message_signature_need_not_hold():
    forwarded = seal(ONCE.replace(b"Subject: Hello", b"Subject: [list] Hello"), "forward.example")
    assert (await verify(forwarded)).result == "pass"


async def test_a_message_signature_may_not_cover_a_seal():
    covered = re.sub(rb"(?s)(ARC-Message-Signature:.*?h=)", rb"\1arc-seal : ", ONCE, count=1)
    found = await verify(covered)
    assert (found.result, "covers a seal" in found.reason) == ("fail", True)


@pytest.mark.parametrize(
    ("records", "result"),
    [("TIMEOUT", "temperror"), ("NXDOMAIN", "fail"), ({"TXT": ["v=DKIM1; p="]}, "fail")],
)
async def test_a_key_that_cannot_be_had(records, result):
    assert (await verify(TWICE, {"s1._domainkey.list.example": records})).result == result


async def test_more_than_fifty_sets_fail_at_once():
    many = b"".join(b"ARC-Seal: i=%d; a=rsa-sha256\r\n" % number for number in range(1, 60))
    assert (await verify(many + MAIL)).result == "fail"
