"""The key that a domain publishes (RFC 6376 sections 3.6 and 6.1.2; RFC 8301 section 3.2; RFC 8463)."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signing import ed_key, record, rsa_key, sign
from verifying import KEY, only, with_key

from gateway.authentication import key
from gateway.authentication.tags import Malformed

MAIL = b"From: joe@example.com\r\nSubject: x\r\n\r\nbody\r\n"
SIGNED = sign(MAIL)
GOOD = record(rsa_key())
POINT = record(rsa_key(), "").removeprefix("k=rsa; p=")


def _der(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def rsa_record(modulus, exponent):
    """A key record with a bare RSAPublicKey (RFC 8017 appendix A.1.1) of any numbers."""
    numbers = [_der(2, number.to_bytes(number.bit_length() // 8 + 1, "big")) for number in (modulus, exponent)]
    return "v=DKIM1; p=" + base64.b64encode(_der(0x30, b"".join(numbers))).decode()


def ed_record(octets):
    return "v=DKIM1; k=ed25519; p=" + base64.b64encode(octets).decode()


@pytest.mark.parametrize(
    "text",
    [
        f"v=DKIM1; k=rsa; p={POINT}",
        f"v=DKIM1;k=rsa;p={POINT};",
        f" v = DKIM1 ; k\t=\trsa ; p = {POINT} ; ",
        f"k=rsa; p={POINT}",
        f"p={POINT}",
        f"v=DKIM1; p={POINT[:70]} \t{POINT[70:]}",
        f"v=DKIM1; h=sha256; p={POINT}",
        f"v=DKIM1; h=sha1 : sha256; p={POINT}",
        f"v=DKIM1; h=x-new:sha256; p={POINT}",
        f"v=DKIM1; s=*; p={POINT}",
        f"v=DKIM1; s=email; p={POINT}",
        f"v=DKIM1; s=chat : email; p={POINT}",
        f"v=DKIM1; t=y; p={POINT}",
        f"v=DKIM1; t=s; p={POINT}",
        f"v=DKIM1; t=y:s:x; p={POINT}",
        f"v=DKIM1; t=; p={POINT}",
        f"v=DKIM1; n=it's (ours) \\o/ =20; p={POINT}",
        f"v=DKIM1; g=; p={POINT}",
        f"v=DKIM1; g=*; p={POINT}",
        f"v=DKIM1; g=jo*e; p={POINT}",
        f"v=DKIM1; x_new=1; K=ed25519; V=2; p={POINT}",
    ],
)
async def test_a_key_as_its_owner_meant_it(text):
    """Section 3.6.1; g= of RFC 4871 is an unknown tag now."""
    assert (await with_key(SIGNED, text)).result == "pass"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"v=DKIM2; p={POINT}", "version"),
        (f"v=dkim1; p={POINT}", "version"),
        (f"v=; p={POINT}", "version"),
        (f"k=rsa; v=DKIM1; p={POINT}", "version"),
        ("v=DKIM1; p=", "revoked"),
        ("v=DKIM1; p= \t", "revoked"),
        ("v=DKIM1; k=rsa", "p= is missing"),
        (f"v=DKIM1; P={POINT}", "p= is missing"),
        (f"v=DKIM1; k=ed25519; p={POINT}", "not a key for rsa"),
        (f"v=DKIM1; k=dsa; p={POINT}", "not a key for rsa"),
        (f"v=DKIM1; k=RSA; p={POINT}", "not a key for rsa"),
        (f"v=DKIM1; k=; p={POINT}", "not a key for rsa"),
        (f"v=DKIM1; h=sha1; p={POINT}", "not for sha256"),
        (f"v=DKIM1; h=; p={POINT}", "not for sha256"),
        (f"v=DKIM1; s=tlsrpt; p={POINT}", "not for mail"),
        (f"v=DKIM1; s=; p={POINT}", "not for mail"),
        (f"v=DKIM1; p={POINT}; p={POINT}", "p= comes twice"),
        (f"v=DKIM1; k=rsa; k=rsa; p={POINT}", "k= comes twice"),
        (f"v=DKIM1;; p={POINT}", "malformed"),
        (f"v=DKIM1; t; p={POINT}", "malformed"),
        (f"v=DKIM1 p={POINT}", "version"),
        ("v=DKIM1; p=!", "p= is not base64"),
        ("v=DKIM1; p=" + POINT[:-1], "p= is not base64"),
        ("v=DKIM1; p=AAAA", "not an RSA key"),
        (f"v=DKIM1; p={POINT[:200]}", "not an RSA key"),
        (f"v=DKIM1; p={base64.b64encode(base64.b64decode(POINT) + b'x').decode()}", "not an RSA key"),
        ("v=DKIM1; p=" + record(ed_key(), "").removeprefix("k=ed25519; p="), "not an RSA key"),
        ("v=DKIM1; p=" + "A" * 3000, "too large"),
        ("v=DKIM1; p=" + "A" * 9000, "too long"),
        ("nonsense", "malformed"),
        ("", "malformed"),
    ],
)
async def test_a_key_that_is_not_for_this_signature(text, words):
    check = await with_key(SIGNED, text)
    assert check.result == "permerror"
    assert words in check.reason


async def test_a_testing_key_passes_and_says_so():
    check = await with_key(SIGNED, record(rsa_key(), more="; t=s:y"))
    assert check.result == "pass"
    assert "only testing" in check.reason


async def test_a_strict_key_does_not_speak_for_subdomains():
    strict = record(rsa_key(), more="; t=y:s")
    for agent, result in (("@example.com", "pass"), ("joe@EXAMPLE.com", "pass"), ("@sub.example.com", "permerror")):
        assert (await with_key(sign(MAIL, more=f"i={agent};"), strict)).result == result
    assert (await with_key(SIGNED, strict)).result == "pass"


async def test_other_records_at_the_name_are_passed_over():
    """Section 3.6.2.2, and 3.6.1: records of another version are discarded."""
    others = ["v=spf1 -all", "google-site-verification=abc", f"v=DKIM2; p={POINT}", ""]
    assert (await with_key(SIGNED, *others, GOOD)).result == "pass"
    assert (await with_key(SIGNED, GOOD, *others)).result == "pass"


async def test_two_keys_at_one_name_are_none():
    """Section 3.6.2.2: the results are undefined."""
    assert "there are several" in (await with_key(SIGNED, GOOD, record(rsa_key(1024)))).reason
    assert "there are several" in (await with_key(SIGNED, GOOD, "v=DKIM1; p=")).reason


async def test_a_record_in_many_strings_is_one_without_blanks_between():
    """Section 3.6.2.2."""
    strings = [GOOD[start : start + 60] for start in range(0, len(GOOD), 60)]
    assert (await only(SIGNED, zone={KEY: {"TXT": [strings]}})).result == "pass"


async def test_a_key_behind_an_alias():
    zone = {KEY: {"CNAME": "keys.provider.example"}, "keys.provider.example": {"TXT": [GOOD]}}
    assert (await only(SIGNED, zone=zone)).result == "pass"


@pytest.mark.parametrize("answer", ["TIMEOUT", "SERVFAIL", "REFUSED"])
async def test_no_answer_is_a_temperror(answer):
    """Section 6.1.2 step 2: TEMPFAIL (key unavailable)."""
    check = await only(SIGNED, zone={KEY: answer})
    assert (check.result, check.domain) == ("temperror", "example.com")


@pytest.mark.parametrize("records", ["NXDOMAIN", {}, {"TXT": []}, {"A": ["192.0.2.1"]}])
async def test_no_key_is_a_permerror(records):
    """Section 6.1.2 step 3: PERMFAIL (no key for signature)."""
    assert "publishes no key" in (await only(SIGNED, zone={KEY: records})).reason


async def test_a_name_that_dns_cannot_carry_is_a_permerror():
    for selector in ("s" * 64, "s." * 120 + "s"):
        check = await only(sign(MAIL, selector=selector))
        assert check.result == "permerror"
        assert "publishes no key" in check.reason


@pytest.mark.parametrize("bits", [1024, 1025, 2048, 4096])
async def test_rsa_keys_of_a_thousand_bits_and_more_are_taken(bits):
    check = await with_key(sign(MAIL, key=rsa_key(bits)), record(rsa_key(bits)))
    assert (check.result, check.bits) == ("pass", bits)


@pytest.mark.parametrize("bits", [8, 512, 768, 1023])
def test_rsa_keys_of_fewer_bits_are_refused(bits):
    """RFC 8301 section 3.2: MUST NOT be considered valid."""
    with pytest.raises(Malformed):
        key.read(rsa_record((1 << bits - 1) + 1, 65537).encode(), "rsa")


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [
        ((1 << 8192) + 1, 65537),
        ((1 << 9000) + 1, 65537),
        ((1 << 16383) + 1, (1 << 16383) + 1),
        ((1 << 2047) + 2, 65537),
        ((1 << 2047) + 1, 0),
        ((1 << 2047) + 1, 1),
        ((1 << 2047) + 1, 2),
        ((1 << 2047) + 1, 4),
        ((1 << 2047) + 1, (1 << 32) + 1),
        ((1 << 2047) + 1, (1 << 2047) - 1),
        (0, 3),
        (1, 3),
    ],
    ids=lambda number: f"{number.bit_length()}-bits",
)
def test_a_hostile_key_is_refused_before_it_is_used(modulus, exponent):
    with pytest.raises(Malformed):
        key.read(rsa_record(modulus, exponent).encode(), "rsa")


def test_the_largest_key_and_the_smallest_exponent_are_read():
    assert key.read(rsa_record((1 << 8191) + 1, 3).encode(), "rsa").bits == 8192


async def test_a_bare_rsa_key_is_read_as_well_as_one_in_a_certificate_s_form():
    """Section 3.6.1 speaks of RSAPublicKey; the world publishes SubjectPublicKeyInfo (erratum 3758)."""
    numbers = rsa_key().public_key().public_numbers()
    assert (await with_key(SIGNED, rsa_record(numbers.n, numbers.e))).result == "pass"
    assert (await with_key(SIGNED, GOOD)).result == "pass"


@pytest.mark.parametrize("size", [0, 31, 33, 44, 64])
def test_an_ed25519_key_has_32_octets(size):
    """RFC 8463 section 4: the key itself, not in a certificate's form."""
    with pytest.raises(Malformed):
        key.read(ed_record(bytes([9]) * size).encode(), "ed25519")


P = 2**255 - 19
EIGHTH = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826


@pytest.mark.parametrize("y", [0, 1, P - 1, P, P + 1, EIGHTH, P - EIGHTH])
@pytest.mark.parametrize("sign_bit", [0, 1])
async def test_an_ed25519_key_with_which_anybody_can_sign_is_refused(y, sign_bit):
    octets = (y | sign_bit << 255).to_bytes(32, "little")
    check = await with_key(sign(MAIL, key=ed_key()), ed_record(octets))
    assert check.result == "permerror"
    assert "anybody could sign" in check.reason


@pytest.mark.parametrize("text", [record(ed_key()).replace("k=ed25519", "k=rsa"), record(ed_key(), "v=DKIM1; ").replace(
    "k=ed25519; ", ""), GOOD])  # fmt: skip
async def test_an_ed25519_signature_takes_only_an_ed25519_key(text):
    assert "not a key for ed25519" in (await with_key(sign(MAIL, key=ed_key()), text)).reason


def test_a_key_that_was_read_before_is_not_read_again():
    key.read.cache_clear()
    assert key.read(GOOD.encode(), "rsa") is key.read(GOOD.encode(), "rsa")
    assert key.read.cache_info().maxsize == key.REMEMBERED


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_key_is_read_or_malformed_and_nothing_else(data):
    octets = bytearray(base64.b64decode(POINT))
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(0, 40))] = data.draw(st.integers(0, 255))
    text = b"p=" + base64.b64encode(bytes(octets[: data.draw(st.integers(1, len(octets)))]))
    try:
        found = key.read(text, "rsa")
    except Malformed:
        return
    assert found.verifies(b"x" * 256, bytes(32)) is False


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=120), st.sampled_from(["rsa", "ed25519"]))
def test_any_octets_are_a_key_or_malformed(octets, algorithm):
    try:
        key.read(b"k=" + algorithm.encode() + b"; p=" + base64.b64encode(octets), algorithm)
    except Malformed:
        return
    assert algorithm == "ed25519"
    assert len(octets) == 32
