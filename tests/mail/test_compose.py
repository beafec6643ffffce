"""A letter is read right by every client, and nothing a stranger wrote can end a field."""

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.mail.compose import Draft, ascii_address, ascii_domain, compose

LETTER = Draft(
    sender="support@example.com", sender_name="Example Support", recipient="kim@example.net",
    subject="[FD-2026-0000019] We have your request", text="Thank you.\n", message_id="<letter.1@example.com>",
    date=datetime(2026, 11, 23, 12, 0, tzinfo=UTC), is_automatic=True,
)


def read(draft: Draft) -> EmailMessage:
    message = email.message_from_bytes(compose(draft), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def letter(**changes: Any) -> Draft:
    return replace(LETTER, **changes)


def body(message: EmailMessage, kind: str = "plain") -> str:
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def head(draft: Draft) -> bytes:
    return compose(draft).partition(b"\r\n\r\n")[0]


def test_a_plain_letter_is_written_as_anybody_would() -> None:
    assert compose(LETTER) == (
        b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
        b"From: Example Support <support@example.com>\r\n"
        b"To: kim@example.net\r\n"
        b"Subject: [FD-2026-0000019] We have your request\r\n"
        b"Message-ID: <letter.1@example.com>\r\n"
        b"Auto-Submitted: auto-generated\r\n"
        b"X-Auto-Response-Suppress: All\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Thank you.\r\n")


def test_the_date_keeps_its_zone() -> None:
    seoul = LETTER.date.astimezone(timezone(timedelta(hours=9)))
    assert b"Date: Mon, 23 Nov 2026 21:00:00 +0900\r\n" in compose(letter(date=seoul))


SUBJECTS = [
    "로그인이 안 됩니다",
    "[FD-2026-0000019] 로그인이 안 됩니다. 화면이 검게 나오고 아무 것도 할 수 없습니다. 빨리 도와 주세요.",
    "Füße, déjà vu, and a rather long subject in the Latin script that must be folded more than once, I am afraid",
    "a plain subject that is so long that it has to be folded somewhere between the words, and then goes on and on",
    "가" * 300,
    "x" * 500,
    "family 👨‍👩‍👧‍👦 and thumbs 👍🏽 " * 6,
    "한국어 " * 20,
    "looks like =?utf-8?q?an_encoded?= word",
    "ends with English: 오류 code 500",
]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_subject_comes_out_as_it_went_in(subject: str) -> None:
    assert read(letter(subject=subject))["Subject"] == subject.strip()


@pytest.mark.parametrize("subject", SUBJECTS)
def test_every_encoded_word_holds_whole_characters_and_every_line_is_short(subject: str) -> None:
    block = head(letter(subject=subject))
    field = block[block.index(b"Subject: "):block.index(b"\r\nMessage-ID")].decode()
    assert all(len(line) <= 76 for line in field.split("\r\n"))
    for word in field.removeprefix("Subject: ").split():
        if word.startswith("=?") and word.endswith("?="):
            assert len(word) <= 75
            octets, charset = decode_header(word)[0]
            assert isinstance(octets, bytes)
            assert charset == "utf-8"
            assert "\ufffd" not in octets.decode("utf-8", "replace")


def test_an_emoji_of_several_points_is_never_cut() -> None:
    words = [str(make_header(decode_header(word)))
             for word in head(letter(subject="가👨‍👩‍👧‍👦" * 12)).decode().split() if word.startswith("=?")]
    assert len(words) > 3
    assert sum(word.count("👨‍👩‍👧‍👦") for word in words) == 12


def test_the_number_in_front_of_a_korean_subject_stays_readable_without_decoding() -> None:
    assert b"Subject: [FD-2026-0000019] =?UTF-8?B?" in compose(letter(subject="[FD-2026-0000019] 로그인"))


@pytest.mark.parametrize("name", [
    "", "Kim", "Kim, Minsu", 'Kim "Max" Minsu', "김민수", "고객센터 (서울)", "security@bank.example",
    "back\\slash", "a=?b?=", "Straße", "김" * 80, "K" * 200, "J. R. Kim", "=?UTF-8?B?7Jik66WY?=",
])
def test_a_name_comes_out_as_it_went_in_beside_its_address(name: str) -> None:
    field = read(letter(sender_name=name, recipient_name=name))
    assert field["To"].addresses[0].addr_spec == "kim@example.net"
    assert field["From"].addresses[0].addr_spec == "support@example.com"
    assert len(field["To"].addresses) == 1
    written = email.message_from_bytes(compose(letter(recipient_name=name)))["To"].removesuffix("<kim@example.net>")
    if name and "\\" not in name and '"' not in name:
        assert str(make_header(decode_header(written.strip().strip('"')))) == name


@pytest.mark.parametrize("hostile", [
    "hello\r\nBcc: victim@example.org", "hello\nBcc: victim@example.org", "hello\rBcc: victim@example.org",
    "hello\x00\x0b\x0c\x85Bcc: victim@example.org", "안녕\r\n\r\nBcc: victim@example.org",
    "\u2028Bcc: victim@example.org",
    "\r\n", "\ud800", "a\r\n b\r\n\r\n\r\nc",
])
def test_no_text_of_a_stranger_can_add_a_field_or_end_the_header(hostile: str) -> None:
    draft = letter(subject=hostile, sender_name=hostile, recipient_name=hostile, reply_to=hostile, message_id=hostile,
                   in_reply_to=hostile, references=(hostile, "<a@b>\r\nBcc: x@y"), language=hostile,
                   attachments=((hostile, hostile, b"x"),), html="<p>")
    message = email.message_from_bytes(compose(draft))
    assert set(message.keys()) <= {
        "Date", "From", "To", "Reply-To", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "MIME-Version",
        "Content-Type", "References", "In-Reply-To", "Message-ID"}
    part = list(message.walk())[-1]
    assert set(part.keys()) == {"Content-Type", "Content-Transfer-Encoding", "Content-Disposition"}
    assert not message.defects


@given(st.text(max_size=300), st.text(max_size=300), st.text(max_size=2000))
@settings(max_examples=200, deadline=None)
def test_whatever_is_written_every_line_is_within_limits_and_the_text_comes_back(
        subject: str, name: str, text: str) -> None:
    raw = compose(letter(subject=subject, recipient_name=name, text=text, html=text,
                         attachments=((name, subject, b""),)))
    lines = raw.split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert not any(b"\r" in line or b"\n" in line or b"\x00" in line for line in lines)
    assert raw.isascii()


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.just("\n"), max_size=2000))
@settings(max_examples=200, deadline=None)
def test_a_body_of_any_text_comes_back_to_the_letter(text: str) -> None:
    assert body(read(letter(text=text))).rstrip("\n") == text.rstrip("\n")


def test_the_shorter_encoding_is_taken() -> None:
    assert b"Content-Transfer-Encoding: base64" in compose(letter(text="안녕하세요. 문의를 잘 받았습니다.\n"))
    assert b"Content-Transfer-Encoding: quoted-printable" in compose(letter(text="A café in the middle of English.\n"))
    assert b"Content-Transfer-Encoding: quoted-printable" in compose(letter(text="https://example.com/" + "a" * 100))


def test_a_line_that_begins_with_from_is_not_left_to_old_mailboxes() -> None:
    message = read(letter(text="From now on it works.\n"))
    assert b"\r\nFrom now" not in compose(letter(text="From now on it works.\n"))
    assert body(message) == "From now on it works.\n"


def test_text_stands_before_html() -> None:
    message = read(letter(text="안녕하세요\n", html="<p>안녕하세요</p>\n"))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message.get_content_type() == "multipart/alternative"
    assert body(message, "html") == "<p>안녕하세요</p>\n"


def test_a_korean_file_name_is_read_by_clients_of_either_standard() -> None:
    name = "아주 긴 한국어 파일 이름입니다 정말로 길어요 그리고 더 길어요 끝.pdf"
    message = read(letter(html="<p>x</p>", attachments=((name, "application/pdf", b"%PDF" * 100),
                                                        ("a.txt", "text/plain", b"\x00\xff"))))
    first, second = message.iter_attachments()
    assert message.get_content_type() == "multipart/mixed"
    assert (first.get_filename(), first.get_content_type()) == (name, "application/pdf")
    assert first.get_content() == b"%PDF" * 100
    assert second.get_filename() == "a.txt"
    assert second.get_payload(decode=True) == b"\x00\xff"
    plain = email.message_from_bytes(compose(letter(attachments=((name, "application/pdf", b""),))))
    part = plain.get_payload(1)
    assert not isinstance(part, (str, bytes))
    fallback = part.get_param("name")
    assert str(make_header(decode_header(str(fallback).replace("\r\n", "")))) == name


def test_a_file_name_keeps_no_path_and_its_ending() -> None:
    message = read(letter(attachments=(("../../etc/" + "가" * 400 + ".pdf", "x", b""), ("\u202efdp.exe", "x", b""),
                                        ("", "", b""))))
    names = [part.get_filename() or "" for part in message.iter_attachments()]
    assert "/" not in names[0]
    assert names[0].endswith("가.pdf")
    assert len(names[0]) == 150
    assert names[1:] == ["fdp.exe", "attachment"]


def test_an_attached_message_travels_as_octets_since_it_may_not_be_encoded() -> None:
    original = "Subject: 안녕\r\n\r\n본문\r\n".encode()
    part = next(iter(read(letter(attachments=(("mail.eml", "message/rfc822", original),))).iter_attachments()))
    assert part.get_content_type() == "application/octet-stream"
    assert part.get_content() == original


def test_no_part_can_hold_the_delimiter() -> None:
    boundary = compose(letter(html="x")).split(b'boundary="')[1].split(b'"')[0].decode()
    message = read(letter(text=f"--{boundary}\n\n--{boundary}--\n", html="x"))
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert body(message) == f"--{boundary}\n\n--{boundary}--\n"


def test_an_automatic_reply_says_so_and_asks_for_none() -> None:
    message = read(letter(in_reply_to="<question@example.net>"))
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["X-Auto-Response-Suppress"] == "All"


def test_a_machine_letter_that_answers_nothing_is_generated_not_replied() -> None:
    assert read(LETTER)["Auto-Submitted"] == "auto-generated"


def test_an_answer_of_an_agent_is_no_automatic_letter() -> None:
    message = read(letter(is_automatic=False, in_reply_to="<question@example.net>"))
    assert message["Auto-Submitted"] is None
    assert message["X-Auto-Response-Suppress"] is None


def test_a_long_thread_keeps_its_first_and_its_newest_references() -> None:
    ids = tuple(f"<{number}@example.net>" for number in range(100))
    message = read(letter(references=ids[:-1], in_reply_to=ids[-1]))
    assert message["In-Reply-To"] == "<99@example.net>"
    assert str(message["References"]).split() == ["<0@example.net>", *ids[-19:]]


@pytest.mark.parametrize("broken", ["", "<>", "no brackets@x", "<a b@c>", "<한글@example.net>", "<a@b><c@d>",
                                    f"<{'a' * 999}@b>"])
def test_half_a_message_id_is_left_out(broken: str) -> None:
    message = read(letter(in_reply_to=broken, references=(broken, "<good@example.net>")))
    assert message["In-Reply-To"] is None
    assert message["References"] == "<good@example.net>"


@pytest.mark.parametrize(("address", "written"), [
    ("kim@example.net", "kim@example.net"),
    (" kim@EXAMPLE.net. ", "kim@example.net"),
    ("kim@한글.kr", "kim@xn--bj0bj06e.kr"),
    ("kim@한글。kr", "kim@xn--bj0bj06e.kr"),
    ("kim@straße.example", "kim@xn--strae-oqa.example"),
    ("kim@☃.example", "kim@xn--n3h.example"),
    ("김@example.net", "김@example.net"),
    ("a b@example.net", '"a b"@example.net'),
    ('"a b"@example.net', '"a b"@example.net'),
    ('"a\\"b"@example.net', '"a\\"b"@example.net'),
    ("a..b@example.net", '"a..b"@example.net'),
    ("a@b@example.net", '"a@b"@example.net'),
    ("kim@[192.0.2.1]", "kim@[192.0.2.1]"),
    ("kim@a_b.example", "kim@a_b.example"),
    ("", ""), ("kim", ""), ("@example.net", ""), ("kim@", ""), ("kim@a b", ""), ("kim@a,b", ""), ("kim@a>b", ""),
    ("kim@" + "a." * 200 + "b", ""), ("k" * 310 + "@example.net", ""),
    ("kim@example.net\r\nBcc: a@b", ""), ("a\tb@example.net", ""), ("a\x00@example.net", ""),
    ("\ud800@example.net", ""),
])
def test_an_address_is_fit_for_a_field_or_is_none(address: str, written: str) -> None:
    assert ascii_address(address) == written


def test_a_domain_that_no_registry_would_take_is_still_written_in_ascii() -> None:
    assert ascii_domain("\u200d한.kr").isascii()
    assert ascii_domain("가" * 10_000 + ".kr") == ""


def test_a_local_part_beyond_ascii_is_the_only_raw_utf_8() -> None:
    raw = compose(letter(recipient="김@한글.kr", recipient_name="김"))
    assert b"To: =?UTF-8?B?6rmA?= <\xea\xb9\x80@xn--bj0bj06e.kr>\r\n" in raw


def test_a_letter_to_no_address_names_nobody() -> None:
    assert b"To: undisclosed-recipients:;\r\n" in compose(letter(recipient="nobody"))


def test_the_same_draft_gives_the_same_octets_and_another_letter_another_delimiter() -> None:
    draft = letter(html="<p>x</p>", attachments=(("a", "b/c", b"d"),))
    assert compose(draft) == compose(replace(draft))
    other = compose(replace(draft, message_id="<letter.2@example.com>"))
    assert compose(draft).split(b'boundary="')[1][:36] != other.split(b'boundary="')[1][:36]


def test_the_language_of_the_letter_is_named() -> None:
    assert read(letter(language="ko"))["Content-Language"] == "ko"
