"""Parameters of MAIL and RCPT (RFC 5321 section 4.1.2, RFC 3461 sections 4 and 5, RFC 6533 section 3)."""

import pytest

from gateway.smtp import policy
from gateway.smtp.options import OF_MAIL, OF_RCPT, envelope_id, original_recipient, read


def test_parameters_have_a_keyword_and_perhaps_a_value() -> None:
    assert read(["size=10", "SMTPUTF8"], OF_MAIL, extended=True) == {"SIZE": "10", "SMTPUTF8": ""}


@pytest.mark.parametrize("words", [["SIZE="], ["=1"], ["SIZE=1", "size=2"], ["-x=1"], ["a=b=c"], ["x_y=1"]])
def test_malformed_ones(words: list[str]) -> None:
    assert read(words, OF_MAIL, extended=True) == policy.BAD_PARAMETER


def test_unknown_ones_and_those_of_a_client_that_never_said_ehlo() -> None:
    assert read(["X=1"], OF_MAIL, extended=True) == policy.UNKNOWN_PARAMETER
    assert read(["NOTIFY=NEVER"], OF_MAIL, extended=True) == policy.UNKNOWN_PARAMETER
    assert read(["SIZE=1"], OF_MAIL, extended=False) == policy.UNKNOWN_PARAMETER
    assert read([], OF_RCPT, extended=False) == {}


@pytest.mark.parametrize(("value", "address"), [
    ("rfc822;kim@example.org", "rfc822;kim@example.org"),
    ("RFC822;kim+2Bdesk@example.org", "RFC822;kim+desk@example.org"),
    ("x400;/c+3Dkr", "x400;/c=kr"),
    ("utf-8;김@example.org", "utf-8;김@example.org"),
    ("utf-8;\\x{AE40}@example.org", "utf-8;김@example.org"),
    ("rfc822;", None), (";kim@example.org", None), ("rfc822", None), ("rfc822;a+2bb@c", None), ("rfc822;a+2@c", None),
    ("rfc822;+00", None), ("rfc822;+0D+0A", None), ("rfc822;+EA+B9+80@c", None), ("utf-8;\\x{D800}@c", None),
    ("utf-8;\\x{110000}@c", None), ("utf-8;\\x{}@c", None), ("rfc822;" + "x" * 494, None), ("a b;c", None),
])  # fmt: skip
def test_the_original_recipient(value: str, address: str | None) -> None:
    assert original_recipient(value) == address


@pytest.mark.parametrize(("value", "id"), [
    ("QQ314159", "QQ314159"), ("a+2Bb+3Dc+20d", "a+b=c d"), ("a+b", None), ("+0A", None), ("", None),
    ("x" * 100, "x" * 100), ("x" * 101, None),
])  # fmt: skip
def test_the_envelope_id(value: str, id: str | None) -> None:
    assert envelope_id(value) == id
