"""Mails within an opaque signature are read; what is encrypted or damaged stays a file."""

import base64

import pytest

from gateway.mail.message import parse
from gateway.mail.opaque import DATA, SIGNED, signed_content

INNER = ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
         "서명된 문의입니다.\r\n--b\r\nContent-Disposition: attachment; filename=a.txt\r\n\r\nx\r\n--b--\r\n").encode()
OPEN, CLOSE = b"\x80", b"\x00\x00"


def der(tag: int, content: bytes) -> bytes:
    size = len(content).to_bytes(3, "big")
    return bytes((tag, 0x83)) + size + content


def signed(content: bytes) -> bytes:
    """SignedData with all lengths given, as far as its content."""
    inner = der(0x30, DATA + der(0xA0, der(0x04, content)))
    return der(0x30, SIGNED + der(0xA0, der(0x30, b"\x02\x01\x01" + b"\x31\x00" + inner)))


def streamed(content: bytes) -> bytes:
    """The same with lengths left open and the content in pieces, as it is made on the way."""
    pieces = b"".join(der(0x04, content[at : at + 50]) for at in range(0, len(content), 50))
    inner = b"\x30" + OPEN + DATA + b"\xa0" + OPEN + b"\x24" + OPEN + pieces + CLOSE * 3
    return b"\x30" + OPEN + SIGNED + b"\xa0" + OPEN + b"\x30" + OPEN + b"\x02\x01\x01\x31\x00" + inner + CLOSE * 3


def mail(octets: bytes) -> bytes:
    head = b"From: hong@example.com\nContent-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\n"
    return head + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(octets)


@pytest.mark.parametrize("made", [signed, streamed])
def test_the_mail_within_a_signature_is_read(made: "type[bytes]") -> None:
    message = parse(mail(made(INNER)))
    assert message.text == "서명된 문의입니다."
    assert [each.filename for each in message.attachments] == ["smime.p7m", "a.txt"]


def test_a_signature_within_a_signature_stays_closed() -> None:
    message = parse(mail(signed(mail(signed(INNER)))))
    assert (message.text, [each.filename for each in message.attachments]) == ("", ["smime.p7m", "smime.p7m"])


def test_what_is_encrypted_cut_off_or_no_signature_at_all_stays_a_file() -> None:
    enveloped = signed(INNER).replace(SIGNED, SIGNED[:-1] + b"\x03")
    assert [signed_content(octets) for octets in (enveloped, b"", SIGNED, SIGNED + DATA, b"x" * 500)] == [b""] * 5
    assert parse(mail(enveloped)).text == ""
    for end in range(len(signed(INNER))):
        assert signed_content(signed(INNER)[:end]) in INNER
