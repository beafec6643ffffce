"""Whatever octets come, a mail is read: no exception, none of them slow. Seeds are the mails of tests/mail."""

from collections.abc import Iterator

from fuzz.driver import ROOT, feed, instrumented

with instrumented("gateway.mail"):
    from gateway.mail.automatic import may_acknowledge
    from gateway.mail.message import parse

MARKS = (
    b"\r\n", b"\n", b"\r", b"\x00", b"=?", b"?=", b"--", b"=", b'"', b"\\", b"(", b")", b"<", b">", b";", b",", b":",
    b"*0*=", b"\xef\xbb\xbf", b"\x1b$B", b"\x1b$)C\x0e", b"\xb0\xa1", b"\xff", b"begin 644 a\n", b"> ", b"-- \n",
    b"Content-Type: multipart/mixed;", b"Content-Transfer-Encoding: base64\n", b"<blockquote>", b"&#0;",
    b"\x78\x9f\x3e\x22", b"BEGIN:VEVENT\n",
)  # fmt: skip


def read(octets: bytes) -> None:
    """One mail, all that is read of it."""
    message = parse(octets)
    _ = (message.text, message.html, message.reply_text, message.language, message.findings, message.bounce)
    _ = (message.is_automatic, message.is_bounce, may_acknowledge(message, None, ("a@example.com",)))
    _ = [each.summary for each in message.attachments]
    f"{message.from_email}{message.from_name}{message.subject}{message.text}".encode()


def seeds() -> Iterator[bytes]:
    for folder in ("corpus", "bounces", "machines"):
        for file in sorted((ROOT / "tests" / "mail" / folder).glob("*.eml")):
            yield file.read_bytes()


if __name__ == "__main__":
    feed(read, seeds(), MARKS)
