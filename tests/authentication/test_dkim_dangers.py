"""What strangers try with signatures (RFC 6376 section 8): words added, names taken, mails replayed, minutes wasted.

Bounds are in seconds of CPU and generous: what they must catch takes ten times as long.
"""

import asyncio
import base64
import gc
import hashlib
import time

import pytest
from signing import NOW, ed_key, record, rsa_key, sign
from verifying import KEY, only, results, verify, with_key

from gateway.authentication.check import check
from gateway.authentication.fields import MAX_HEADER
from gateway.authentication.zone import ZoneResolver

MAIL = b"From: joe@example.com\r\nTo: us@desk.example\r\nSubject: x\r\n\r\nbody\r\n"
ORDER = 2**252 + 27742317777372353535851937790883648493
"""Of the group that ed25519 signs in (RFC 8032 section 5.1)."""


def with_signature(message, octets):
    """The message with other octets in the b= of its first signature."""
    place, end = message.index(b" b=") + 3, message.index(b"\r\n")
    return message[:place] + base64.b64encode(octets) + message[end:]


def signature_of(message):
    return base64.b64decode(message[message.index(b" b=") + 3 : message.index(b"\r\n")])


# Words added to what was signed (sections 8.2, 8.14, 8.15)


@pytest.mark.parametrize(
    "added",
    [
        b"Attention: pay\r\n",
        b"\r\n\r\n.\r\n",
        b" ",
        b"x",
        b"--boundary\r\nContent-Type: text/html\r\n\r\n<b>pay</b>\r\n",
    ],
)
async def test_words_behind_the_signed_length_get_no_credit(added):
    signed = sign(MAIL, more="l=6;", forms="simple/simple")
    assert await results(signed) == ["pass"]
    assert await results(signed + added) == ["policy"]


async def test_a_second_author_spoils_every_signature():
    signed = sign(MAIL)
    for mail in (b"From: bank@bank.com\r\n" + signed, signed.replace(b"\r\n\r\n", b"\r\nfrom : b@bank.com\r\n\r\n")):
        assert "not exactly one From" in (await only(mail)).reason
    over_signed = sign(MAIL, names="from:from:subject")
    assert await results(over_signed) == ["pass"]
    assert await results(b"From: bank@bank.com\r\n" + over_signed) == ["permerror"]


async def test_a_mail_without_an_author_is_signed_by_nobody():
    assert "not exactly one From" in (await only(sign(MAIL.replace(b"From: joe@example.com\r\n", b"")))).reason


async def test_two_authors_are_two_even_when_both_were_signed():
    assert await results(sign(b"From: a@example.com\r\n" + MAIL, names="from:from")) == ["permerror"]


async def test_a_signature_for_another_domain_says_so():
    check = await only(sign(MAIL, domain="evil.com"), zone={"s1._domainkey.evil.com": {"TXT": [record(rsa_key())]}})
    assert (check.result, check.domain) == ("pass", "evil.com")


@pytest.mark.parametrize("line", [b"\v, b@evil.example", b"\xc2\xa0, b@evil.example", b"b@evil.example"])
async def test_a_line_astray_below_from_takes_the_author_away(line):
    signed = sign(MAIL).replace(b"joe@example.com\r\n", b"joe@example.com\r\n" + line + b"\r\n")
    found = await check(signed, client_ip="192.0.2.1", helo="x", reverse_path="", now=NOW,
                        resolver=ZoneResolver({KEY: {"TXT": [record(rsa_key())]}}))  # fmt: skip
    assert (found.dmarc.result, found.author, found.identity.is_proven) == ("permerror", "", False)


# Replay (section 8.6): a signature that comes again is known again


async def test_a_signature_is_known_however_it_is_folded():
    signed = sign(MAIL)
    place, end = signed.index(b" b=") + 3, signed.index(b"\r\n")
    text = signed[place:end]
    known = hashlib.sha256(base64.b64decode(text)).hexdigest()
    for folded in (text, b"\r\n\t".join(text[at : at + 9] for at in range(0, len(text), 9)), b" " + text + b" ;n=x"):
        checks = await verify(signed[:place] + folded + signed[end:])
        assert [each.signature for each in checks] == [known]


async def test_a_signature_is_known_whatever_was_put_around_it():
    signed = sign(MAIL, forms="relaxed/relaxed")
    known = (await only(signed)).signature
    for other in (b"X-New: 1\r\n" + signed, signed + b"\r\n\r\n", signed.replace(b": v=1;", b":  v=1;\r\n\t")):
        check = await only(other)
        assert (check.result, check.signature) == ("pass", known)


async def test_a_failed_signature_is_known_as_well_and_an_unusable_one_has_no_mark():
    signed = sign(MAIL)
    assert (await only(signed.replace(b"body", b"bodies"))).signature == (await only(signed)).signature
    assert (await only(signed, zone={KEY: "TIMEOUT"})).signature == (await only(signed)).signature
    assert (await only(sign(MAIL, algorithm="rsa-sha1"))).signature == ""


@pytest.mark.parametrize("change", [b"=", b"==", b"AA==", b"!", b"\x0b"])
async def test_nothing_can_be_hung_onto_a_signature(change):
    """Each would make another mark of one signature."""
    signed = sign(MAIL)
    end = signed.index(b"\r\n")
    assert (await only(signed[:end] + change + signed[end:])).result != "pass"


async def test_spare_bits_of_base64_make_no_other_signature():
    signed = sign(MAIL)
    end = signed.index(b"==\r\n")
    varied = {
        (check.result.value, check.signature)
        for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"
        for check in await verify(signed[: end - 1] + bytes([letter]) + signed[end:])
    }
    assert len({signature for result, signature in varied if result == "pass"}) <= 1


@pytest.mark.parametrize("bits", [1024, 1025, 2048])
async def test_an_rsa_signature_has_one_form(bits):
    """RFC 8017 section 8.2.2: as long as the modulus, and smaller than it."""
    key, signed = rsa_key(bits), sign(MAIL, key=rsa_key(bits))
    octets, modulus = signature_of(signed), key.public_key().public_numbers().n
    number, size = int.from_bytes(octets, "big"), len(octets)
    others = [b"\0" + octets, octets + b"\0", octets[1:], (modulus - number).to_bytes(size, "big"), bytes(size),
              (number + modulus).to_bytes(size + 1, "big")]  # fmt: skip
    if (number + modulus).bit_length() <= 8 * size:
        others.append((number + modulus).to_bytes(size, "big"))
    for other in others:
        assert (await with_key(with_signature(signed, other), record(key))).result == "fail"
    assert (await with_key(with_signature(signed, octets), record(key))).result == "pass"


async def test_leading_noughts_of_a_signature_cannot_be_left_out():
    for number in range(2000):
        signed = sign(MAIL, key=rsa_key(1025), more=f"n={number};")
        octets = signature_of(signed)
        if not octets[0]:
            break
    assert octets[0] == 0
    assert (await with_key(signed, record(rsa_key(1025)))).result == "pass"
    assert (await with_key(with_signature(signed, octets[1:]), record(rsa_key(1025)))).result == "fail"


async def test_an_ed25519_signature_has_one_form():
    """RFC 8032 section 5.1.7: S is smaller than the order of the group."""
    signed = sign(MAIL, key=ed_key())
    octets = signature_of(signed)
    number = int.from_bytes(octets[32:], "little")
    larger = [(number + times * ORDER).to_bytes(32, "little") for times in range(1, 15)]
    for other in [octets[:32] + each for each in larger] + [octets + b"\0", octets[:-1], b"\0" + octets, bytes(64)]:
        assert (await with_key(with_signature(signed, other), record(ed_key()))).result == "fail"
    assert (await with_key(signed, record(ed_key()))).result == "pass"


# Minutes wasted (section 8.4)


async def cpu(work):
    begun = time.process_time()
    await work
    return time.process_time() - begun


class Stalls:
    """The longest time that nobody else had a turn, in seconds of CPU."""

    async def __aenter__(self):
        gc.disable()  # the garbage of the tests before is not ours
        self.longest, self._task = 0.0, asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_):
        self._task.cancel()
        gc.enable()

    async def _watch(self):
        last = time.process_time()
        while True:
            await asyncio.sleep(0)
            now = time.process_time()
            self.longest, last = max(self.longest, now - last), now


def hostile_header(block):
    """A header of a megabyte that ten signatures cover."""
    message = b"From: joe@example.com\r\nX: " + block * ((MAX_HEADER - 30_000) // len(block)) + b"x\r\n\r\nbody\r\n"
    for number in range(10):
        message = sign(message, names="from:x", forms=("relaxed", "simple")[number % 2])
    return message


@pytest.mark.parametrize("block", [b" ", b"a b ", b"a\r\n ", b" \t", b"\r\n\t", b"x"])
async def test_a_megabyte_of_header_under_ten_signatures_takes_no_time(block):
    message = hostile_header(block)
    checks = []

    async def work():
        checks.extend(await verify(message))

    assert await cpu(work()) < 0.6
    assert {check.result.value for check in checks} == {"pass"}


@pytest.mark.parametrize(
    "body",
    [b" " * 5_000_000, b"\r\n" * 12_500_000, b"\r\n" * 12_500_000 + b"x", b" \t" * 12_500_000, b"\n\r" * 12_500_000,
     b"\r" * 25_000_000, b" \r\n" * 8_000_000, (b" " * 31 + b"x") * 780_000, b"words and words " * 1_560_000],
    ids=range(9),
)  # fmt: skip
async def test_a_large_body_under_ten_signatures_is_walked_twice_and_lets_others_go_on(body):
    header = b"From: joe@example.com\r\nSubject: x\r\n\r\n"
    signed = header
    for number in range(10):
        forms = "relaxed/" + ("relaxed", "simple")[number % 2]
        signed = sign(signed, forms=forms, more=f"l={number * 1000};", body_hash=bytes(32))
    async with Stalls() as stalls:
        assert await cpu(verify(signed + body)) < 2
    assert stalls.longest < 0.05


def key_of(modulus, exponent):
    numbers = b""
    for number in (modulus, exponent):
        octets = number.to_bytes(number.bit_length() // 8 + 1, "big")
        numbers += b"\x02\x82" + len(octets).to_bytes(2, "big") + octets
    return "v=DKIM1; p=" + base64.b64encode(b"\x30\x82" + len(numbers).to_bytes(2, "big") + numbers).decode()


@pytest.mark.parametrize(
    ("bits", "exponent"),
    [(16384, (1 << 16383) + 1), (16384, 3), (8192, (1 << 8191) + 1), (8192, (1 << 32) - 1)],
    ids=lambda number: f"{number.bit_length()}-bits",
)
async def test_the_largest_keys_take_no_time(bits, exponent):
    message = MAIL
    for number in range(10):
        message = sign(message, selector=f"s{number}", body_hash=hashlib.sha256(b"body\r\n").digest())
        message = with_signature(message, b"\x55" * (bits // 8 if bits == 8192 else 2048))
    zone = {f"s{number}._domainkey.example.com": {"TXT": [key_of((1 << bits) - 2 * number - 1, exponent)]}
            for number in range(10)}  # fmt: skip
    checks = []

    async def work():
        checks.extend(await verify(message, zone=zone))

    assert await cpu(work()) < 0.3
    assert {check.result.value for check in checks} <= {"fail", "permerror"}


@pytest.mark.parametrize(
    "field",
    [
        b"v=1; a=rsa-sha256; d=example.com; s=s1; bh=" + b"A" * 43 + b"=; b=AAAA; h=from" + b":x" * 5000,
        b"v=1; " + b"x=" * 4000,
        b";" * 8000,
        b"v=1; b=" + b"A " * 4000,
        b"v=1; " + b" \r\n" * 2700,
        b"".join(b"t%d=%d;" % (number, number) for number in range(800)),
        b"d=" + b"a." * 4000 + b"; s=" + b"b",
        b"i=" + b"=41" * 2600,
        b"d=" + "한".encode() * 2600 + b"; v=1; a=rsa-sha256",
        b"x" * 500_000,
    ],
    ids=range(10),
)
async def test_hostile_signatures_take_no_time(field):
    message = (b"DKIM-Signature: " + field + b"\r\n") * 100 + MAIL
    checks = []

    async def work():
        checks.extend(await verify(message))

    assert await cpu(work()) < 0.3
    assert {check.result.value for check in checks} <= {"permerror"}


class Slow:
    """Answers nobody before ten questions were asked."""

    is_away = False

    def __init__(self):
        self.asked, self._all_asked, self._zone = [], asyncio.Event(), ZoneResolver({})

    async def query(self, name, type):
        self.asked.append(name)
        if len(self.asked) == 10:
            self._all_asked.set()
        await self._all_asked.wait()
        return await self._zone.query(name, type)


async def test_each_key_is_asked_for_once_and_all_at_once():
    resolver, message = Slow(), MAIL
    for number in range(10):
        message = sign(message, selector=f"s{number}")
    checks = await verify(message, resolver=resolver)
    assert [check.result.value for check in checks] == ["permerror"] * 10
    assert len(resolver.asked) == 10
