"""Which text is the body, what came along: by the shapes that mail programs send, whole and broken."""

import base64
from hashlib import sha256

import pytest

from gateway.mail.message import Message, parse

HEAD = b"From: a@b.c\nSubject: s\nMIME-Version: 1.0\n"
PNG = b"\x89PNG\r\n\x1a\n"


def multipart(kind: str, *parts: bytes, boundary: bytes = b"x", end: bytes = b"--x--\n") -> Message:
    body = b"".join(b"--" + boundary + b"\n" + part + b"\n" for part in parts)
    return parse(HEAD + f"Content-Type: multipart/{kind}; boundary=x\n\n".encode() + body + end)


def plain(text: str) -> bytes:
    return b"Content-Type: text/plain; charset=utf-8\n\n" + text.encode()


def html(text: str) -> bytes:
    return b"Content-Type: text/html; charset=utf-8\n\n" + text.encode()


def png(disposition: str = "attachment; filename=a.png", more: str = "") -> bytes:
    head = f"Content-Type: image/png\nContent-Transfer-Encoding: base64\nContent-Disposition: {disposition}\n{more}\n"
    return head.encode() + base64.b64encode(PNG)


def test_plain_text_is_preferred_and_the_html_kept() -> None:
    message = multipart("alternative", plain("plain"), html("<p>html</p>"))
    assert (message.text, message.html) == ("plain", "<p>html</p>")


def test_an_empty_plain_form_gives_way_to_the_html() -> None:
    assert multipart("alternative", plain(" \n"), html("<p>html</p>")).text == "html"


def test_several_inline_texts_are_joined() -> None:
    assert multipart("mixed", plain("one"), png(), plain("two")).text == "one\n\ntwo"


def test_the_same_text_as_plain_and_html_in_mixed_is_told_once() -> None:
    assert (
        multipart("mixed", plain("hello there friend"), html("<p>hello <b>there</b> friend</p>")).text
        == "hello there friend"
    )


def test_an_attachment_has_its_name_type_size_and_digest() -> None:
    file = multipart("mixed", plain("x"), png()).attachments[0]
    assert (file.filename, file.content_type, file.size, file.content) == ("a.png", "image/png", 8, PNG)
    assert file.sha256 == sha256(PNG).hexdigest()


def test_an_inline_image_is_known_by_its_content_id() -> None:
    file = multipart("related", html('<img src="cid:i@j">hi'), png("inline", "Content-ID: <i@j>\n")).attachments[0]
    assert (file.is_inline, file.content_id) == (True, "i@j")


def test_an_attached_message_is_named_by_its_subject() -> None:
    message = multipart(
        "mixed", plain("see"), b"Content-Type: message/rfc822\n\nSubject: inner =?utf-8?B?7ZmU?=\n\nbody"
    )
    assert message.attachments[0].filename == "inner 화.eml"
    assert message.text == "see"


def test_apple_puts_files_between_pieces_of_html() -> None:
    inner = (
        b"Content-Type: multipart/mixed; boundary=y\n\n--y\n"
        + html("<p>one</p>")
        + b"\n--y\n"
        + png()
        + b"\n--y\n"
        + html("<p>two</p>")
        + b"\n--y--\n"
    )
    message = multipart("alternative", plain("one two"), inner)
    assert message.text == "one two"
    assert "two" in (message.html or "")
    assert len(message.attachments) == 1


def test_a_calendar_among_the_alternatives_comes_along() -> None:
    message = multipart("alternative", plain("x"), b"Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR")
    assert [file.content_type for file in message.attachments] == ["text/calendar"]


def test_winmail_dat_stays_an_attachment() -> None:
    message = multipart(
        "mixed",
        plain("x"),
        b"Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\neJ8+Ig==",
    )
    assert (message.attachments[0].filename, message.attachments[0].size) == ("winmail.dat", 4)


def test_a_named_text_is_a_file() -> None:
    message = multipart(
        "mixed", plain("x"), b"Content-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nlog"
    )
    assert message.text == "x"
    assert message.attachments[0].filename == "log.txt"


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\evil.txt", "evil.txt"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("a\x00b\x07.txt", "ab.txt"),
        ("..", "attachment-1.png"),
        ("a<b>|c?.png", "a_b__c_.png"),
        ("x" * 400 + ".png", "x" * 196 + ".png"),
        ("한글 파일.png", "한글 파일.png"),
        ("\u1112\u1161\u11ab.png", "한.png"),
    ],
)
def test_file_names_are_disarmed(name: str, safe: str) -> None:
    encoded = f"attachment; filename*=utf-8''{''.join(f'%{octet:02X}' for octet in name.encode())}"
    assert multipart("mixed", plain("x"), png(encoded)).attachments[0].filename == safe


def test_executables_and_double_endings_are_noted() -> None:
    file = multipart("mixed", plain("x"), png("attachment; filename=invoice.pdf.exe")).attachments[0]
    assert set(file.findings) >= {"executable", "double-extension"}


@pytest.mark.parametrize(
    ("body", "finding"),
    [
        (b"Content-Type: multipart/mixed\n\n--z\nContent-Type: text/plain\n\nbody\n--z--\n", "boundary-guessed"),
        (
            b"Content-Type: multipart/mixed; boundary=other\n\n--z\nContent-Type: text/plain\n\nbody\n--z--\n",
            "boundary-guessed",
        ),
        (b"Content-Type: multipart/mixed; boundary=z\n\nbody\n", "boundary-missing"),
        (b"Content-Type: multipart/mixed; boundary=z\n\n--z\n\nbody\n", "boundary-unclosed"),
        (b'Content-Type: multipart/mixed; boundary="z\n\n--z\n\nbody\n--z--\n', ""),
        (b"Content-Type: multipart/mixed; boundary=z\n\n--z\n\nbody\n--zz\n--z--\n", ""),
        (b"Content-Type: text\n\nbody", ""),
        (b"Content-Type: \n\nbody", ""),
        (b"Content-Type: text/plain; charset\n\nbody", ""),
        (b"Content-Transfer-Encoding: base64\n\nYm9keQ", ""),
        (b"Content-Transfer-Encoding: BASE64 \n\nYm9k\neQ==\n\n-- \nlist footer!", "text-behind-base64"),
        (b"Content-Transfer-Encoding: quoted-printable\n\nbod=79", ""),
        (b"Content-Transfer-Encoding: quoted-printable\n\nbo=\ndy", ""),
        (b"Content-Transfer-Encoding: x-unknown\n\nbody", "transfer-encoding-unknown"),
    ],
)
def test_broken_mails_are_read_as_far_as_they_go(body: bytes, finding: str) -> None:
    message = parse(HEAD + body)
    assert message.text.startswith("body")
    assert finding in message.findings or not finding


@pytest.mark.parametrize("ending", [b"\r\n", b"\r", b"\n"])
def test_any_line_end_will_do(ending: bytes) -> None:
    raw = (
        HEAD
        + b"Content-Type: multipart/alternative; boundary=x\n\n--x\n\none\ntwo\n--x\n"
        + html("<p>html</p>")
        + b"\n--x--\n"
    )
    message = parse(raw.replace(b"\n", ending))
    assert (message.subject, message.text, message.html) == ("s", "one\ntwo", "<p>html</p>")


def test_flowed_lines_are_joined_and_quotes_kept_apart() -> None:
    message = parse(
        HEAD + b"Content-Type: text/plain; format=flowed\n\nlong line \ngoes on\n> quoted \n> more\n-- \nsig"
    )
    assert message.text == "long line goes on\n> quoted more\n-- \nsig"


def test_delsp_takes_the_blank_away() -> None:
    message = parse(
        HEAD + "Content-Type: text/plain; charset=utf-8; format=flowed; delsp=yes\n\n한글 \n입니다".encode()
    )
    assert message.text == "한글입니다"


def test_uuencoded_files_are_taken_out_of_the_text() -> None:
    message = parse(HEAD + b"\nhello\nbegin 644 a.txt\n#86)C\n`\nend\nbye\n")
    assert message.text == "hello\n\nbye"
    assert (message.attachments[0].filename, message.attachments[0].content) == ("a.txt", b"abc")


def test_a_digest_holds_messages() -> None:
    message = multipart("digest", b"\nSubject: one\n\nx", b"\nSubject: two\n\ny")
    assert [file.filename for file in message.attachments] == ["one.eml", "two.eml"]


def test_an_mbox_line_and_empty_lines_in_front_are_skipped() -> None:
    assert parse(b"\n\nFrom a@b Mon Jan 5\n" + HEAD + b"\nbody").text == "body"


def test_nothing_is_nothing() -> None:
    message = parse(b"")
    assert (message.from_email, message.subject, message.text, message.html, message.attachments, message.language) == (
        "",
        "",
        "",
        None,
        (),
        "en",
    )


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("로그인이 안 됩니다", "ko"),
        ("error 500 발생", "ko"),
        ("Please help me, I cannot log in", "en"),
        ("ログインできません", "ja"),
        ("无法登录，请帮助", "zh"),
        ("無法登錄，請幫助我們處理這個訂單", "zh-tw"),
        ("Ich kann mich nicht anmelden, bitte helfen", "de"),
        ("Je ne peux pas me connecter", "fr"),
        ("No puedo iniciar sesión, por favor", "es"),
        ("Não consigo entrar, obrigado", "pt"),
        ("Non riesco ad accedere, grazie", "it"),
        ("Ik kan niet inloggen, bedankt", "nl"),
        ("Не могу войти", "ru"),
        ("Не можу увійти, допоможіть, і дякую", "uk"),
        ("Nie mogę się zalogować, proszę", "pl"),
        ("Tôi không thể đăng nhập", "vi"),
        ("Giriş yapamıyorum, lütfen", "tr"),
        ("12345", "en"),
    ],
)
def test_the_language_of_a_mail(text: str, language: str) -> None:
    assert parse(HEAD + b"Content-Type: text/plain; charset=utf-8\n\n" + text.encode()).language == language
