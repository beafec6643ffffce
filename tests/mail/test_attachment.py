"""Attachments: their names in every disorder (RFC 2183, RFC 2231, RFC 2047 where it is forbidden), made harmless; what
they are by their first octets; what to beware of.
"""

import hashlib
from urllib.parse import quote

import pytest

from gateway.mail.attachment import Attachment, real_type
from gateway.mail.message import parse

KOREAN = "한글 파일.hwp"


def file(disposition: bytes, kind: bytes = b"application/octet-stream", content: bytes = b"octets") -> Attachment:
    mail = parse(
        b"From: kim@naver.com\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=q\n\n--q\n\nhello\n--q\n"
        b"Content-Type: " + kind + b"\nContent-Disposition: " + disposition + b"\n\n" + content + b"\n--q--\n"
    )
    (only,) = mail.attachments
    return only


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"attachment; filename=plain.txt", "plain.txt"),
        (b'attachment; filename="a b;c.txt"; size=3', "a b;c.txt"),
        (b"attachment; filename=a b c.txt", "a b c.txt"),
        (b"ATTACHMENT; FILENAME = upper.txt", "upper.txt"),
        (b"attachment filename=no-semicolon.txt", "no-semicolon.txt"),
        (b'attachment; filename="not closed.txt', "not closed.txt"),
        (b"attachment; (comment) filename=c.txt", "c.txt"),
        (b'attachment; name="wrong field.txt"', "wrong field.txt"),
        (f"attachment; filename*=UTF-8''{quote(KOREAN)}".encode(), KOREAN),
        (f"attachment; filename*=ks_c_5601-1987'ko'{quote(KOREAN.encode('cp949'))}".encode(), KOREAN),
        (b"attachment; filename*1*=%EA%B8%80.hwp; filename*0*=UTF-8''%ED%95%9C", "한글.hwp"),
        (b"attachment; filename*0*=UTF-8''%ED%95; filename*1*=%9C.hwp", "한.hwp"),
        (b"attachment; filename*0*=UTF-8''%ED%95%9C; filename*1=\"-1.hwp\"", "한-1.hwp"),
        (b"attachment; filename*0*=UTF-8''a%20; filename*2*=c.txt", "a c.txt"),
        (b'attachment; filename*0="long "; filename*1="name.pdf"', "long name.pdf"),
        (b"attachment; filename=plain.txt; filename*=UTF-8''better.txt", "better.txt"),
        (b"attachment; filename*=''unlabelled.txt", "unlabelled.txt"),
        (b"attachment; filename*=UTF-8''%zz.txt", "%zz.txt"),
        (b'attachment; filename="=?EUC-KR?B?x9Gx2yDGxMDPLmh3cA==?="', KOREAN),
        (b"attachment; filename==?EUC-KR?B?x9Gx2yDGxMDPLmh3cA==?=", KOREAN),
        (b'attachment; filename="=?utf-8?B?7ZWc?=\n =?utf-8?B?6riA?=.hwp"', "한글.hwp"),
        (b'attachment; filename*0="=?UTF-8?B?7ZWc"; filename*1="6riA?=.hwp"', "한글.hwp"),
        (b'attachment; filename="' + KOREAN.encode("euc-kr") + b'"', KOREAN),
        (b"attachment; filename=" + KOREAN.encode(), KOREAN),
        (b'attachment; filename="%ED%95%9C%EA%B8%80.hwp"', "한글.hwp"),
        (b'attachment; filename="100%20 sure.txt"', "100%20 sure.txt"),
        ("attachment; filename=\"한글.hwp\"".encode(), "한글.hwp"),
        ("attachment; filename=\"👨\u200d👩.png\"".encode(), "👨\u200d👩.png"),
    ],
)
def test_a_name_is_read_in_every_disorder(disposition: bytes, name: str) -> None:
    assert file(disposition).filename == name


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (rb'attachment; filename="C:\\temp\\letter.doc"', "letter.doc"),
        (b"attachment; filename*=UTF-8''invoice%E2%80%AEfdp.txt", "invoicefdp.txt"),
        (b'attachment; filename="a\x01b.txt"', "ab.txt"),
        (b'attachment; filename=".htaccess"', "htaccess"),
        ("attachment; filename=\"a\u200d.exe\"".encode(), "a.exe"),
        (b'attachment; filename="a<b>.txt"', "a_b_.txt"),
        (b'attachment; filename="CON.txt"', "_CON.txt"),
        (b'attachment; filename="com1"', "_com1"),
        (b'attachment; filename="report.pdf            .txt"', "report.pdf .txt"),
        (b'attachment; filename="..."', "attachment-1"),
        (b'attachment; filename="' + b"a" * 5000 + b'.txt"', "a" * 200),
    ],
)
def test_a_name_is_disarmed_and_the_original_kept(disposition: bytes, name: str) -> None:
    found = file(disposition)
    assert found.filename == name
    assert "name-disarmed" in found.findings
    assert found.original_filename not in ("", name)


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        (b"message/rfc822", "Subject: 한글\n\nx".encode(), "한글.eml"),
        (b"message/rfc822", b"From: a@b\n\nx", "attachment-1.eml"),
        (b"text/calendar; method=REQUEST", b"BEGIN:VCALENDAR", "attachment-1.ics"),
        (b"application/pdf", b"%PDF-1.7", "attachment-1.pdf"),
    ],
)
def test_what_has_no_name_gets_one(kind: bytes, content: bytes, name: str) -> None:
    assert file(b"attachment", kind, content).filename == name


@pytest.mark.parametrize(
    ("name", "content", "findings"),
    [
        ("setup.exe", b"x", {"executable"}),
        ("photo.jpg.lnk", b"x", {"executable", "double-extension"}),
        ("report.pdf      .exe", b"x", {"executable", "double-extension", "name-disarmed"}),
        ("photo.jpg", b"MZ\x90\x00", {"executable"}),
        ("run", b"\x7fELF\x02", {"executable"}),
        ("table.xlsm", b"PK\x03\x04", {"macro"}),
        ("winmail.dat", b"\x78\x9f\x3e\x22", {"not-opened"}),
        ("letter.msg", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", {"not-opened"}),
        ("notes.v2.txt", b"x", set()),
        ("archive.tar.gz", b"\x1f\x8b", set()),
        ("hong.hwp", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", set()),
    ],
)
def test_what_to_beware_of(name: str, content: bytes, findings: set[str]) -> None:
    assert set(file(f'attachment; filename="{name}"'.encode(), content=content).findings) == findings


def test_a_type_that_the_first_octets_belie() -> None:
    found = file(b"attachment; filename=a.jpg", b"image/jpeg", b"%PDF-1.7")
    assert (found.content_type, found.real_type, found.findings) == ("image/jpeg", "application/pdf", ("type-differs",))


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"\x00\x00\x00\x18ftypheic", "image/heic"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"L\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
        (b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        (b"hello", ""),
        (b"", ""),
    ],
)
def test_first_octets_tell_the_type(content: bytes, kind: str) -> None:
    assert real_type(content) == kind


def test_size_and_hash_are_those_of_the_decoded_octets() -> None:
    mail = parse(
        b"Content-Type: application/pdf\nContent-Transfer-Encoding: base64\nContent-Disposition: attachment\n\n"
        b"JVBERi0x\nLjQK\n"
    )
    (only,) = mail.attachments
    assert (only.size, only.sha256) == (9, hashlib.sha256(b"%PDF-1.4\n").hexdigest())
