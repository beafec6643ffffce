"""Our own signatures: whoever verifies them finds them good (RFC 6376, 8463), and nothing can be added to them."""

import re

import dkim as dkimpy
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from signing import NOW, pem, rsa_key

from gateway.authentication import dkim
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import split
from gateway.authentication.signature import Signature
from gateway.authentication.signer import Signer, SigningKey
from gateway.authentication.zone import ZoneResolver

RSA = SigningKey("desk-rsa", rsa_key())
ED25519 = SigningKey.make("desk-ed25519", "ed25519")
BOTH = [ED25519, RSA]
LETTER = "\r\n".join([
    "Date: Mon, 23 Nov 2026 12:00:00 +0000", "From: =?UTF-8?B?6rOg6rCd?= <support@example.com>", "To: kim@example.net",
    "Reply-To: support+1.abc@example.com", "Subject:  Your  request", " of yesterday", "Message-ID: <1@example.com>",
    "Cc: lee@example.net", "MIME-Version: 1.0", "Content-Type: text/plain; charset=utf-8", "",
    "One  line. ", "", "안녕하세요.", "", "",
]).encode()  # fmt: skip


def zone(domain="example.com", keys=BOTH):
    return {key.name(domain): {"TXT": [key.record]} for key in keys}


def signed(letter=LETTER, domain="example.com", keys=BOTH):
    return Signer(domain, keys).sign(letter, NOW) + letter


async def results(message, records=None):
    """What our own verifier says of each signature, from the top."""
    header, body = split(message)
    found = dkim.read(header, NOW)
    wanted = {each.body_key for each in found if isinstance(each, Signature)}
    bodies = await body_hashes(body, wanted)
    checks = await dkim.verify(found, header, bodies, ZoneResolver(zone() if records is None else records))
    return [check.result for check in checks]


def dkimpy_verifies(message, place, records=None):
    answers = {f"{name}.".encode(): texts["TXT"][0].encode() for name, texts in (records or zone()).items()}
    return dkimpy.DKIM(message).verify(idx=place, dnsfunc=lambda name, timeout=5: answers[name])


def tags(message):
    """The tags of each signature, from the top."""
    header, _ = split(message)
    return [dict(part.split("=", 1) for part in re.sub(r"\s+", "", field.value.decode()).split(";"))
            for field in header.named(b"dkim-signature")]


# ---- others verify it ----------------------------------------------------------------------------------------------


async def test_both_signatures_of_a_letter_hold_for_us_and_for_dkimpy():
    assert await results(signed()) == ["pass", "pass"]
    assert [dkimpy_verifies(signed(), place) for place in (0, 1)] == [True, True]


def test_the_rsa_signature_stands_on_top_however_the_keys_are_listed():
    """Who looks at one signature looks at the first; who knows one algorithm knows RSA."""
    for keys in (BOTH, BOTH[::-1]):
        assert [each["a"] for each in tags(signed(keys=keys))] == ["rsa-sha256", "ed25519-sha256"]


async def test_one_signature_holds_when_the_other_key_is_not_published():
    assert await results(signed(), zone(keys=[RSA])) == ["pass", "permerror"]
    assert await results(signed(), zone(keys=[ED25519])) == ["permerror", "pass"]


def test_what_a_signature_says_rfc_6376_section_3_5():
    for each, key in zip(tags(signed()), (RSA, ED25519), strict=True):
        assert each | {"b": "", "bh": "", "h": ""} == {
            "v": "1", "a": f"{key.kind}-sha256", "c": "relaxed/relaxed", "d": "example.com", "s": key.selector,
            "t": str(NOW), "h": "", "bh": "", "b": "",
        }  # fmt: skip


def test_neither_signature_signs_the_other():
    assert all("dkim-signature" not in each["h"] for each in tags(signed()))


async def test_the_relaxed_form_forgives_new_folds_and_blanks_rfc_6376_section_3_4():
    refolded = signed().replace(b"Subject:  Your  request\r\n of", b"SUBJECT: Your\r\n\trequest of").replace(
        b"line. \r\n", b"line.\t \r\n").removesuffix(b"\r\n")
    assert await results(refolded) == ["pass", "pass"]


@pytest.mark.parametrize("letter", [
    LETTER.partition(b"\r\n\r\n")[0] + b"\r\n\r\n", b"From: a@example.com\r\n\r\nx", b"From: a@example.com\r\n\r\n\r\n",
    LETTER.replace(b"kim@", "김@".encode()), LETTER + b"x" * 5000 + b"\r\n", LETTER + b"=?" * 200_000,
], ids=["no body", "two lines", "empty line", "SMTPUTF8", "long line", "larger than a piece"])
async def test_a_letter_of_any_shape_is_signed_well(letter):
    assert await results(signed(letter)) == ["pass", "pass"]
    assert [dkimpy_verifies(signed(letter), place) for place in (0, 1)] == [True, True]


# ---- nothing can be changed or added --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["From", "Subject", "Date", "To", "Reply-To", "Message-ID", "Cc", "Content-Type"])
async def test_a_field_that_is_added_breaks_the_signatures_rfc_6376_section_8_15(name):
    assert "pass" not in await results(f"{name}: another\r\n".encode() + signed())


@pytest.mark.parametrize("name", ["Subject", "Reply-To", "Cc"])
async def test_also_one_that_the_letter_does_not_have(name):
    bare = re.sub(rf"{name}:.*\r\n( .*\r\n)?".encode(), b"", LETTER)
    assert await results(signed(bare)) == ["pass", "pass"]
    assert await results(f"{name}: another\r\n".encode() + signed(bare)) == ["fail", "fail"]


@pytest.mark.parametrize("name", ["MIME-Version", "In-Reply-To", "References", "Auto-Submitted", "Content-Language",
                                  "Content-Transfer-Encoding"])
async def test_a_field_that_is_changed_breaks_the_signatures(name):
    letter = re.sub(rf"{name}:.*\r\n".encode(), b"", LETTER)
    message = signed(f"{name}: one\r\n".encode() + letter)
    assert await results(message) == ["pass", "pass"]
    assert await results(message.replace(f"{name}: one".encode(), f"{name}: two".encode())) == ["fail", "fail"]


async def test_a_body_that_goes_on_breaks_the_signatures():
    assert await results(signed() + b"more\r\n") == ["fail", "fail"]


async def test_a_field_that_servers_add_on_the_way_breaks_nothing():
    assert await results(b"Received: by mx.example.net\r\nReturn-Path: <a@example.com>\r\n" + signed()) == ["pass"] * 2


# ---- how it looks --------------------------------------------------------------------------------------------------


async def test_no_line_of_a_signature_is_longer_than_78_octets_rfc_5322_section_2_1_1():
    many = b"".join(b"References: <%d@example.net>\r\n" % number for number in range(50)) + LETTER
    for letter, domain in ((LETTER, "example.com"), (many, "a-rather-long-name.of-a-department.example.com")):
        field = Signer(domain, BOTH).sign(letter, NOW)
        assert field.endswith(b"\r\n")
        assert max(map(len, field.split(b"\r\n"))) < 78
        assert b"\r\n\r\n" not in field
        assert await results(field + letter, zone(domain)) == ["pass", "pass"]


async def test_a_domain_in_hangul_signs_as_its_a_labels_rfc_8616_section_5():
    message = signed(domain="한국.example")
    assert tags(message)[0]["d"] == "xn--3e0b707e.example"
    assert await results(message, zone("xn--3e0b707e.example")) == ["pass", "pass"]


# ---- keys ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", BOTH, ids=["ed25519", "rsa"])
def test_a_key_survives_its_file(key):
    assert SigningKey.read(key.selector, key.pem).record == key.record


def test_a_key_that_is_made_has_the_size_that_is_right():
    made = SigningKey.make("a", "rsa")
    assert (made.kind, made.bits, made.name("example.com")) == ("rsa", 2048, "a._domainkey.example.com")


def locked(key):
    return key.private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                     serialization.BestAvailableEncryption(b"secret"))


@pytest.mark.parametrize(("text", "told"), [
    (b"", "is not the PEM file of a private key"),
    (b"nonsense", "is not the PEM file of a private key"),
    (RSA.pem.replace(b"A", b"B"), "is not the PEM file of a private key"),
    (RSA.private.public_key().public_bytes(serialization.Encoding.PEM,
                                           serialization.PublicFormat.SubjectPublicKeyInfo),
     "is not the PEM file of a private key"),
    (locked(RSA), "is encrypted: the gateway cannot be asked for its password"),
    (pem(ec.generate_private_key(ec.SECP256R1())), "holds neither an RSA nor an ed25519 key; DKIM knows no other"),
    (pem(rsa_key(1024)), "holds an RSA key of 1024 bits; 2048 to 4096 are right"),
], ids=["empty", "nonsense", "broken", "public", "encrypted", "elliptic", "short"])
def test_a_file_that_holds_no_key_to_sign_with_is_told_why(text, told):
    with pytest.raises(ValueError, match=told):
        SigningKey.read("a", text)


@pytest.mark.parametrize(("domain", "told"), [
    ("no domain", "'no domain' is not a domain name"), ("", "'' is not a domain name"),
    (".".join(["a" * 60] * 4), "make a name that is too long for DNS"),
])
def test_a_domain_that_cannot_publish_a_key_is_told(domain, told):
    with pytest.raises(ValueError, match=told):
        Signer(domain, BOTH)
