"""Whatever octets come, a mail is read: no exception, none of them slow. Seeds are the mails of tests/mail.

With atheris (coverage leads it) or, where that is not installed, by mutation of the seeds.
    .venv/bin/python tests/fuzz/mail.py [SECONDS]
"""

import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parents[1])]

try:
    import atheris
except ImportError:
    atheris = None

if atheris is not None:
    with atheris.instrument_imports(include=["gateway.mail"]):
        from gateway.mail.automatic import may_acknowledge
        from gateway.mail.message import parse
else:
    from gateway.mail.automatic import may_acknowledge
    from gateway.mail.message import parse

KEPT = HERE.parents[1] / "var" / "fuzz" / "mail"
"""Where what failed is left."""
SLOW = 1.0
"""Seconds of CPU that no mail may take."""
MARKS = (
    b"\r\n", b"\n", b"\r", b"\x00", b"=?", b"?=", b"--", b"=", b'"', b"\\", b"(", b")", b"<", b">", b";", b",", b":",
    b"*0*=", b"\xef\xbb\xbf", b"\x1b$B", b"\x1b$)C\x0e", b"\xb0\xa1", b"\xff", b"begin 644 a\n", b"> ", b"-- \n",
    b"Content-Type: multipart/mixed;", b"Content-Transfer-Encoding: base64\n", b"<blockquote>", b"&#0;",
    b"\x78\x9f\x3e\x22", b"BEGIN:VEVENT\n",
)  # fmt: skip


def read(octets: bytes) -> None:
    """One mail, all that is read of it. Raises when the reading does, or takes too long."""
    start = time.process_time()
    message = parse(octets)
    _ = (message.text, message.html, message.reply_text, message.language, message.findings, message.bounce)
    _ = (message.is_automatic, message.is_bounce, may_acknowledge(message, None, ("a@example.com",)))
    _ = [each.summary for each in message.attachments]
    f"{message.from_email}{message.from_name}{message.subject}{message.text}".encode()
    if time.process_time() - start > SLOW:
        raise TimeoutError(f"{len(octets)} octets took {time.process_time() - start:.2f} s of CPU")


def seeds() -> Iterator[bytes]:
    for folder in ("corpus", "bounces", "machines"):
        for file in sorted((HERE.parent / "mail" / folder).glob("*.eml")):
            yield file.read_bytes()


def mutated(octets: bytes, other: bytes, chance: random.Random) -> bytes:
    """Some pieces of it turned, doubled, cut out, or taken from another mail."""
    found = bytearray(octets)
    for _ in range(chance.randint(1, 8)):
        at = chance.randint(0, len(found))
        length = chance.choice((1, 2, 8, 64, 500))
        what = chance.randrange(5)
        if what == 0:
            found[at : at + length] = chance.randbytes(length)
        elif what == 1:
            found[at:at] = found[at : at + length] * chance.choice((1, 2, 50))
        elif what == 2:
            del found[at : at + length]
        elif what == 3:
            found[at:at] = chance.choice(MARKS)
        else:
            found[at:at] = other[chance.randint(0, len(other)) :][: length * 4]
    return bytes(found)


def mutate(seconds: float) -> int:
    """How many mails were read. Leaves the one that failed."""
    known, chance, count, end = list(seeds()), random.Random(), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        octets = mutated(chance.choice(known), chance.choice(known), chance)
        try:
            read(octets)
        except Exception:
            (KEPT / "failed.eml").write_bytes(octets)
            raise
        count += 1
    return count


if __name__ == "__main__":
    KEPT.mkdir(parents=True, exist_ok=True)
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    if atheris is None:
        print(f"{mutate(seconds)} mails were read", flush=True)
    else:
        corpus = KEPT / "corpus"
        corpus.mkdir(exist_ok=True)
        for number, octets in enumerate(seeds()):
            (corpus / f"seed-{number}").write_bytes(octets)
        options = [f"-max_total_time={seconds:.0f}", "-max_len=20000", f"-artifact_prefix={KEPT}/"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], read)
        atheris.Fuzz()
