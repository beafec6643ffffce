"""Outlook's winmail.dat and .msg: what is in them is listed; without the extra `office` a .msg is said to be closed."""

import base64
import subprocess
import sys
from pathlib import Path

import pytest
from office_files import literal_rtf, msg, uncompressed_rtf, winmail

from gateway.mail.message import Message, parse
from gateway.mail.rtf import decompressed, rtf_text
from gateway.mail.unpack import OPENED_LIMIT

WORDS = "로그인이 안 됩니다.\n화면을 붙입니다."
SCREEN = b"\x89PNG\r\n\x1a\n" + b"pixels" * 1000


def mail(*files: tuple[str, str, bytes], text: str = "") -> Message:
    parts = [f"Content-Type: text/plain; charset=utf-8\n\n{text}"] if text else []
    parts += [
        f"Content-Type: {kind}; name={name}\nContent-Disposition: attachment; filename={name}\n"
        f"Content-Transfer-Encoding: base64\n\n{base64.b64encode(content).decode()}" for name, kind, content in files
    ]  # fmt: skip
    body = "".join(f"--b\n{part}\n" for part in parts)
    return parse(f"From: a@example.kr\nContent-Type: multipart/mixed; boundary=b\n\n{body}--b--\n".encode())


def listed(message: Message) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.filename, each.real_type, each.findings) for each in message.attachments]


def test_the_files_of_a_winmail_dat_are_listed_behind_it() -> None:
    message = mail(("winmail.dat", "application/ms-tnef", winmail(("오류 화면.png", SCREEN))), text="See below.")
    assert message.text == "See below."
    assert listed(message) == [("winmail.dat", "application/ms-tnef", ()), ("오류 화면.png", "image/png", ())]
    assert message.attachments[1].content == SCREEN


def test_a_winmail_dat_that_is_the_whole_mail_is_its_text() -> None:
    raw = b"From: a@example.kr\nContent-Type: application/ms-tnef\n\n" + winmail(text=WORDS)
    assert parse(raw).text == WORDS


def test_names_of_eight_characters_do_where_there_are_no_longer_ones() -> None:
    content = winmail(("screen.png", SCREEN), long_names=False)
    assert mail(("winmail.dat", "application/ms-tnef", content)).attachments[1].filename == "screen.p"


@pytest.mark.parametrize("packed", [uncompressed_rtf, literal_rtf])
def test_rich_text_is_read_when_there_is_no_other(packed: "type[bytes]") -> None:
    rtf = rb"{\rtf1\ansi\ansicpg949{\fonttbl{\f0 Arial;}}\pard Hello \'be\'c8\'b3\'e7\par {\b \u8364? 5}\line bye}"
    content = winmail(rtf=packed(rtf))
    assert mail(("winmail.dat", "application/ms-tnef", content)).text == "Hello 안녕\n€ 5\nbye"


def test_html_wrapped_in_rich_text_is_read_without_its_tags() -> None:
    rtf = rb"{\rtf1\ansi\fromhtml1{\*\htmltag <p>}Hi\htmlrtf\par\htmlrtf0{\*\htmltag </p>}\par there}"
    assert rtf_text(rtf) == "Hi\nthere"


def test_compressed_rich_text_refers_to_its_dictionary_and_to_itself() -> None:
    # "{\rtf1" stands at the beginning of the dictionary; "ababab" is "ab" and a reference into what it writes itself.
    packed = b"\x19" + bytes((0, 0x04)) + b"ab" + bytes((13, 0x52)) + bytes((13, 0xB0))
    assert decompressed(b"\x00" * 8 + b"LZFu" + b"\x00" * 4 + packed) == rb"{\rtf1ababab"


def test_a_msg_is_listed_with_its_text_and_its_files() -> None:
    content = msg(WORDS, ("오류 화면.png", SCREEN))
    message = mail(("문의.msg", "application/vnd.ms-outlook", content), text="See the mail.")
    assert message.text == "See the mail."
    assert [name for name, _, _ in listed(message)] == ["문의.msg", "문의.txt", "오류 화면.png"]
    assert message.attachments[1].content.decode() == WORDS
    assert message.attachments[2].content == SCREEN
    assert message.attachments[0].findings == ()


def test_what_is_within_is_listed_last_so_that_other_files_keep_their_places() -> None:
    message = mail(("a.msg", "application/vnd.ms-outlook", msg(WORDS)), ("b.txt", "text/plain", b"b"))
    assert [name for name, _, _ in listed(message)] == ["a.msg", "b.txt", "a.txt"]


@pytest.mark.parametrize("content", [b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", msg(WORDS)[:900], b"\x78\x9f\x3e\x22\x01"])
def test_a_damaged_one_is_listed_as_not_opened(content: bytes) -> None:
    message = mail(("a.msg", "application/octet-stream", content))
    assert [(each.filename, each.findings) for each in message.attachments] == [("a.msg", ("not-opened",))]


def test_more_than_six_are_left_closed() -> None:
    message = mail(*[(f"{number}.msg", "application/octet-stream", msg("x")) for number in range(OPENED_LIMIT + 1)])
    assert [each.filename for each in message.attachments if "not-opened" in each.findings] == ["6.msg"]


def test_without_the_extra_a_msg_is_listed_as_not_opened(tmp_path: Path) -> None:
    (tmp_path / "a.eml").write_bytes(mail(("a.msg", "application/vnd.ms-outlook", msg(WORDS))).raw)
    script = ("import sys; sys.modules['olefile'] = None; from gateway.mail.message import parse; "
              "print([(e.filename, e.findings) for e in parse(open(sys.argv[1], 'rb').read()).attachments])")
    command = [sys.executable, "-c", script, tmp_path / "a.eml"]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[('a.msg', ('not-opened',))]"
