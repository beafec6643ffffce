"""Our own signatures: whoever verifies them finds them good (RFC 6376 section 5, RFC 8463)."""

import asyncio

import dkim as dkimpy
import pytest
from signing import NOW, ed_key, pem, record, rsa_key

from gateway.authentication import dkim
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import split
from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signature import Signature
from gateway.authentication.signer import Signer

MAIL = (b"From: Joe <joe@example.com>\r\nTo: us@desk.example\r\nSubject: Hello  there\r\n\r\n"
        b"One  line. \r\n\r\nEnd.\r\n\r\n")


async def verify(message, zone):
    header, body = split(message)
    found = dkim.read(header, NOW)
    wanted = {each.body_key for each in found if isinstance(each, Signature)}
    bodies = asyncio.ensure_future(body_hashes(body, wanted))
    checks = await dkim.verify(found, header, bodies, ZoneResolver(zone))
    await bodies
    return checks


@pytest.mark.parametrize("make_key", [rsa_key, ed_key])
async def test_what_we_sign_dkimpy_and_we_verify(make_key):
    signer = Signer("example.com", "s1", pem(make_key()), "desk@example.com")
    letter = b"Reply-To: a@example.com\r\nMessage-ID: <1@example.com>\r\nDate: now\r\nCc: b@b.com\r\n" + MAIL
    signed = signer.sign(letter, now=NOW) + letter
    zone = {"s1._domainkey.example.com": {"TXT": [record(make_key())]}}
    [check] = await verify(signed, zone)
    assert check.result == "pass"
    assert dkimpy.verify(signed, dnsfunc=lambda *_, **__: record(make_key()).encode())
    for name in (b"From", b"Subject", b"Date", b"To", b"Reply-To", b"Message-ID"):
        [check] = await verify(name + b": another\r\n" + signed, zone)
        assert check.result in ("fail", "permerror")


def test_a_signature_of_ours_has_short_lines():
    field = Signer("example.com", "s1", pem(rsa_key())).sign(MAIL)
    assert field.endswith(b"\r\n")
    assert max(map(len, field.split(b"\r\n"))) < 100


@pytest.mark.parametrize("text", [b"", b"nonsense", pem(rsa_key(1024)).replace(b"A", b"B")])
def test_a_key_file_that_is_none_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011
        Signer("example.com", "s1", text)
