"""The fields in front of a kept mail (RFC 5321 section 4.4)."""

from datetime import UTC, datetime
from email import message_from_bytes

import pytest
from smtp.house import MAIL, House

from gateway.mail.authres import UNCHECKED
from gateway.mail.envelope import Envelope
from gateway.smtp.trace import message_id, stored

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def fields(raw: bytes = MAIL, **envelope: object) -> bytes:
    facts = {"reverse_path": "a@b.example", "recipients": ("s@example.com",), "client_ip": "192.0.2.1", "helo": "x.org"}
    return stored(raw, Envelope(**{**facts, **envelope}), UNCHECKED, "mx.example.com", "", NOON)  # type: ignore[arg-type]


def received(raw: bytes) -> str:
    return " ".join(str(message_from_bytes(raw)["Received"]).split())


def test_received_tells_who_by_what_for_whom_and_when() -> None:
    assert received(fields()) == (
        "from x.org ([192.0.2.1]) by mx.example.com with ESMTP for <s@example.com>; Mon, 23 Nov 2026 12:00:00 +0000"
    )


def test_several_recipients_do_not_learn_of_each_other() -> None:
    assert "example.com>" not in received(fields(recipients=("s@example.com", "t@example.com")))


def test_an_ipv6_client_is_written_as_a_literal() -> None:
    assert "([IPv6:2001:db8::1])" in received(fields(client_ip="2001:db8::1"))


@pytest.mark.parametrize("helo", ["x)by(evil", "a;b", "<script>", "한국.kr", "by\x01"])
def test_a_false_name_stays_out_of_the_field(helo: str) -> None:
    assert received(fields(helo=helo)).startswith("from [192.0.2.1] (no proper name was given) by mx.example.com")


def test_the_reverse_path_is_first() -> None:
    assert fields().startswith(b"Return-Path: <a@b.example>\r\nAuthentication-Results: mx.example.com;")
    assert fields(reverse_path="").startswith(b"Return-Path: <>\r\n")


def test_forged_results_in_our_name_are_taken_out() -> None:
    forged = b"Authentication-Results: mx.example.com; dkim=pass\r\nAuthentication-Results: other.example; spf=pass\r\n"
    kept = fields(forged + MAIL)
    assert kept.count(b"Authentication-Results: mx.example.com") == 1
    assert b"dkim=pass" not in kept
    assert b"other.example; spf=pass" in kept


@pytest.mark.parametrize("text", [b"no header at all\r\n", b" folded into ours\r\n", b"\r\nbody\r\n", b"", b":x\r\n"])
def test_a_text_without_a_header_does_not_run_into_ours(text: bytes) -> None:
    message = message_from_bytes(fields(text))
    assert message.keys() == ["Return-Path", "Authentication-Results", "Received"]
    assert str(message.get_payload()).strip().encode() == text.strip()


@pytest.mark.parametrize(("raw", "found"), [
    (b"Message-ID: <1@x>\r\n\r\n", "<1@x>"), (b"A: b\r\nmessage-id :\r\n <1@x>\r\nC: d\r\n\r\n", "<1@x>"),
    (b"A: b\r\n\r\nMessage-ID: <1@x>\r\n", ""), (b"X-Message-ID: <1@x>\r\n\r\n", ""), (b"", ""),
    (b"Message-ID: <1@x>\r\nMessage-ID: <2@x>\r\n\r\n", "<1@x>"), (b"Message-ID:\r\n\r\n", ""),
])  # fmt: skip
def test_the_message_id_is_read_from_the_header(raw: bytes, found: str) -> None:
    assert message_id(raw) == found


async def test_helo_without_e_is_smtp(house: House) -> None:
    client = await house.knock()
    await client.reply()
    await client.says("HELO client.example.org")
    await client.mails()
    assert (await house.kept())[0].protocol == "SMTP"


async def test_a_mail_with_smtputf8_says_so(house: House) -> None:
    client = await house.client()
    await client.says("MAIL FROM:<김@example.org> SMTPUTF8")
    await client.says("RCPT TO:<support@example.com>")
    await client.data(MAIL)
    (row,) = await house.kept()
    assert (row.protocol, row.reverse_path) == ("UTF8SMTP", "김@example.org")
    assert "Return-Path: <김@example.org>".encode() in (await house.contents())[0]
