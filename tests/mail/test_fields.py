"""Fields as people and programs really write them."""

from datetime import UTC, datetime

import pytest

from gateway.mail.addresses import addresses
from gateway.mail.dates import date
from gateway.mail.fields import message_ids
from gateway.mail.message import parse
from gateway.mail.parameters import parameters


@pytest.mark.parametrize(
    ("written", "email", "name"),
    [
        ("Foo Bar <foo@bar.com>", "foo@bar.com", "Foo Bar"),
        ("foo@bar.com (Foo Bar)", "foo@bar.com", "Foo Bar"),
        ("foo@bar.com", "foo@bar.com", ""),
        ('"Bar, Foo" <foo@bar.com>', "foo@bar.com", "Bar, Foo"),
        ("Foo foo@bar.com", "foo@bar.com", "Foo"),
        ("<foo@bar.com>", "foo@bar.com", ""),
        ("foo@bar.com <foo@bar.com>", "foo@bar.com", "foo@bar.com"),
        ("Foo <foo@bar.com", "foo@bar.com", "Foo"),
        ("<@x.y,@z:foo@bar.com>", "foo@bar.com", ""),
        ("Team: a@b.c, d@e.f;", "a@b.c", ""),
        ("=?utf-8?B?7ZmN6ri464+Z?= <hong@naver.com>", "hong@naver.com", "홍길동"),
        ("Foo <mailto:foo@bar.com>", "foo@bar.com", "Foo"),
        ('"=?utf-8?B?7ZmN6ri464+Z?=" <hong@naver.com>', "hong@naver.com", "홍길동"),
        ("Foo [mailto:foo@bar.com]", "foo@bar.com", "Foo"),
        ('"O\\"Neil" <foo@bar.com>', "foo@bar.com", 'O"Neil'),
        ("Foo (x (y) z) <f@b.c>", "f@b.c", "Foo"),
        ("'foo@bar.com' <foo@bar.com>", "foo@bar.com", "foo@bar.com"),
        ('"a b"@c.d', '"a b"@c.d', ""),
        ('"Unclosed <foo@bar.com>', "foo@bar.com", "Unclosed"),
        ("Foo <foo @bar.com>", "foo@bar.com", "Foo"),
        ("=?utf-8?Q?Foo_=3Cfoo=40bar=2Ecom=3E?=", "foo@bar.com", "Foo"),
        ("foo bar", "", "foo bar"),
        ("Dr. A. B: <a@b.c>", "a@b.c", "Dr. A. B"),
        ("홍길동 <홍@도메인.한국>", "홍@도메인.한국", "홍길동"),
    ],
)
def test_an_author_is_read_as_a_person_would(written: str, email: str, name: str) -> None:
    found = addresses(written)[0]
    assert (found.email, found.name) == (email, name)


@pytest.mark.parametrize("written", ["", "<>", "undisclosed-recipients:;", " , ,", "()"])
def test_nobody_is_nobody(written: str) -> None:
    assert addresses(written) == ()


def test_without_a_from_the_next_best_field_tells() -> None:
    assert parse(b"Reply-To: r@s.t\nSubject: x\n\n").from_email == "r@s.t"
    assert parse(b"From: \nSender: r@s.t\n\n").from_email == "r@s.t"
    assert parse(b"Return-Path: <r@s.t>\n\n").from_email == "r@s.t"
    assert parse(b"From: Only A Name\nReturn-Path: <r@s.t>\n\n").from_name == "Only A Name"
    assert parse(b"Subject: x\n\n").from_email == ""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("Mon, 5 Jan 2026 10:00:00 +0900", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("5 Jan 2026 10:00 GMT", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 05 Jan 26 10:00:00 EST", datetime(2026, 1, 5, 15, tzinfo=UTC)),
        ("2026-01-05T10:00:00+09:00", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("2026-01-05 10:00:00", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:00 +0900 (KST)", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("2026년 1월 5일 월요일 오후 3:20", datetime(2026, 1, 5, 6, 20, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:60 +0000", datetime(2026, 1, 5, 10, 0, 59, tzinfo=UTC)),
        ("5 Jan 26 10:00 KST", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:00 GMT+0900", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:00 +09:00", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ('Mon, 5 Jan 2026 10:00:00 "GMT+9"', datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 10:00:00 CEST", datetime(2026, 1, 5, 8, tzinfo=UTC)),
        ("Mon, 5 Jan 2026 3:20:11 PM +0900", datetime(2026, 1, 5, 6, 20, 11, tzinfo=UTC)),
        ("January 5, 2026 12:20 am", datetime(2026, 1, 5, 0, 20, tzinfo=UTC)),
        ("월, 5 1월 2026 10:00:00 +0900", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("月, 5 1月 2026 10:00:00 +0900 (JST)", datetime(2026, 1, 5, 1, tzinfo=UTC)),
        ("lun., 5 janv. 2026 10:00:00 +0100", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("Mo, 5 Mär 2026 10:00:00 +0100", datetime(2026, 3, 5, 9, tzinfo=UTC)),
        ("lunes, 5 de enero de 2026 10:00:00 +0100", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("Пн, 5 янв 2026 10:00:00 +0300", datetime(2026, 1, 5, 7, tzinfo=UTC)),
        ("5 13월 2026 10:00:00 +0900", None),
        ("yesterday", None),
        ("", None),
        ("Mon, 99 Jan 2026 10:00:00 +0000", None),
        ("Mon, 5 Jan 2026 10:00:00 +99999999", datetime(2026, 1, 5, 10, tzinfo=UTC)),
    ],
)
def test_dates_of_every_shape(written: str, read: datetime | None) -> None:
    assert date(written) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<a@b>", ("<a@b>",)),
        ("<>", ()),
        ("a@b", ("<a@b>",)),
        ("<a@b> <c@d>\t<a@b>", ("<a@b>", "<c@d>")),
        ("<a @b>", ("<a@b>",)),
        ("", ()),
        ("Your message of Monday <a@b>", ("<a@b>",)),
        ("<a@b><c@d>", ("<a@b>", "<c@d>")),
        ("<no-at-sign>", ("<no-at-sign>",)),
    ],
)
def test_ids_are_normalised(written: str, read: tuple[str, ...]) -> None:
    assert message_ids(written) == read


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("attachment; filename=a.txt", "a.txt"),
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename=a b.txt", "a b.txt"),
        ("attachment; filename*=utf-8''%ED%99%94.png", "화.png"),
        ("attachment; filename*=euc-kr''%C8%AD.png", "화.png"),
        ("attachment; filename*1*=%94.png; filename*0*=utf-8''%ED%99", "화.png"),
        ('attachment; filename*0="a"; filename*1="b.txt"', "ab.txt"),
        ('attachment; filename="=?utf-8?B?7ZmULnBuZw==?="', "화.png"),
        ("attachment; filename==?utf-8?B?7ZmULnBuZw==?=", "화.png"),
        ("attachment; filename=plain.txt; filename*=utf-8''%ED%99%94.txt", "화.txt"),
        ("attachment;filename*=''a.txt", "a.txt"),
        ("attachment", ""),
    ],
)
def test_file_names_in_every_disorder(written: str, name: str) -> None:
    assert parameters(written).get("filename") == name


def test_a_field_folded_between_words_is_one_line() -> None:
    assert parse(b"Subject: one\r\n two\r\n\tthree\r\n\r\n").subject == "one two three"


def test_lines_that_are_no_fields_do_not_hide_those_below() -> None:
    message = parse(b"From: a@b.c\nthis is not a field\nSubject: s\n\nbody")
    assert (message.subject, message.text) == ("s", "body")
    assert "header-line-broken" in message.findings


def test_a_body_may_begin_without_an_empty_line() -> None:
    assert parse(b"From: a@b.c\nSubject: s\nhello, this is the body\nof it").text == "hello, this is the body\nof it"
