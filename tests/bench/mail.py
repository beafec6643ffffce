"""What reading a mail costs: our parse() beside the standard library's policy.default doing the same, on one core.

Both read seven fields (author, To, Subject, Date, Message-ID, In-Reply-To, References), the text and the attachments.
The mails are what customers send: header fields of four hops and a signature; 2 KB of Korean text, 10 KB of Gmail's two
forms, and the same with a photograph from 100 KB on. Rounds are interleaved, medians shown. The memory is that of a
process of its own while it reads 50 MB, the mail included.
"""

import base64
import gc
import os
import quopri
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from statistics import median

from gateway.mail.message import parse

SIZES = {"2 KB": 2_000, "10 KB": 10_000, "100 KB": 100_000, "1 MB": 1_000_000}
ROUNDS, HUGE = 7, 50_000_000
GOAL_RATIO, GOAL_MEMORY = 5.0, 3.0
SENTENCE = "지난주에 주문한 상품이 아직 오지 않았습니다. 확인 부탁드립니다. Order 20240105-0001.\n"
HEADER = (
    "".join(
        f"Received: from mx{hop}.example.com (mx{hop}.example.com [192.0.2.{hop}])\r\n\tby mail.example.net with ESMTPS"
        f" id 4T5x{hop}; Fri,  5 Jan 2024 15:20:1{hop} +0900 (KST)\r\n"
        for hop in range(4)
    )
    + "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=2024;\r\n\th=from:to:subject:date;"
    + " bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\tb="
    + "A" * 340
    + "\r\nMIME-Version: 1.0\r\nFrom: =?utf-8?B?7ZmN6ri464+Z?= <hong@example.com>\r\n"
    "To: =?utf-8?B?6rOg6rCd7IS87YSw?= <support@example.net>, Kim <kim@example.net>\r\n"
    "Subject: Re: =?utf-8?B?7KO866y4IOyDge2SiOydtCDsmKTsp4Ag7JWK7JWY7Iq164uI64uk?=\r\n"
    "Date: Fri, 5 Jan 2024 15:20:11 +0900\r\nMessage-ID: <CAKx1@mail.example.com>\r\n"
    "In-Reply-To: <REQ-1@example.net>\r\nReferences: <REQ-0@example.net> <REQ-1@example.net>\r\n"
).encode()


def mail(octets: int) -> bytes:
    """A mail of about so many octets."""
    if octets < 5000:
        body = base64.encodebytes((SENTENCE * max(1, (octets - len(HEADER)) // 160)).encode())
        return HEADER + b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + body
    plain, html = _two_forms(min(octets, 10_000) - len(HEADER))
    both = b"--a\r\n%s\r\n--a\r\n%s\r\n--a--\r\n" % (plain, html)
    kind = b'Content-Type: multipart/alternative; boundary="a"\r\n\r\n'
    if octets <= 10_000:
        return HEADER + kind + both
    photograph = base64.encodebytes(bytes(range(256)) * ((octets - 10_000) * 73 // 99 // 256)) + b"\r\n--m--\r\n"
    return (
        HEADER + b'Content-Type: multipart/mixed; boundary="m"\r\n\r\n--m\r\n' + kind + both + b"\r\n--m\r\n"
        b"Content-Type: image/jpeg; name*=utf-8''%EC%82%AC%EC%A7%84.jpg\r\nContent-Transfer-Encoding: base64\r\n"
        b"Content-Disposition: attachment; filename*=utf-8''%EC%82%AC%EC%A7%84.jpg\r\n\r\n" + photograph
    )  # fmt: skip


def _two_forms(octets: int) -> tuple[bytes, bytes]:
    lines = [SENTENCE] * max(1, octets // 830)
    quoted = "On Fri, Jan 5, 2024 at 3:20 PM Support <support@example.net> wrote:\n\n> " + "> ".join(lines)
    plain = base64.encodebytes(("".join(lines) + "\n" + quoted).encode())
    html = '<div dir="ltr">' + "".join(f"<div>{line}</div>" for line in lines) + '</div><div class="gmail_quote">'
    html += f'<div class="gmail_attr">On Fri wrote:</div><blockquote>{"<br>".join(lines)}</blockquote></div>'
    return (
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n" + plain,
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
        + quopri.encodestring(html.encode()),
    )


def ours(raw: bytes) -> tuple[str, int]:
    message = parse(raw)
    _ = (message.from_email, message.from_name, message.to, message.subject, message.date, message.message_id,
         message.in_reply_to, message.references)  # fmt: skip
    return message.text.strip(), sum(each.size for each in message.attachments)


def theirs(raw: bytes) -> tuple[str, int]:
    message = BytesParser(EmailMessage, policy=default).parsebytes(raw)
    for name in ("From", "To"):
        _ = [(each.display_name, each.addr_spec) for each in message[name].addresses]
    _ = (str(message["Subject"]), message["Date"].datetime)
    _ = [message.get(name) for name in ("Message-ID", "In-Reply-To", "References")]
    body = message.get_body(("plain", "html"))
    text = "" if body is None else body.get_content().replace("\r\n", "\n").strip()
    files = [each.get_content() for each in message.iter_attachments() if not each.is_multipart()]
    return text, sum(map(len, files))


def main() -> int:
    """Exit code: 1 when a goal is missed."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    gc.collect()
    gc.freeze()  # as the gateway does when it has started
    print(f"mail: one core, {ROUNDS} interleaved rounds, medians; µs a mail")
    print(f"{'':8}{'frontdesk':>12}{'policy.default':>16}{'ratio':>8}")
    ratios = {}
    for size, octets in SIZES.items():
        raw = mail(octets)
        assert ours(raw) == theirs(raw), size
        count = max(3, 400_000 // octets)
        pairs = [(_cost(ours, raw, count), _cost(theirs, raw, count)) for _ in range(ROUNDS)]
        ratios[size] = median(them / us for us, them in pairs)
        us, them = (median(side) for side in zip(*pairs, strict=True))
        print(f"{size:8}{us:12.0f}{them:16.0f}{ratios[size]:8.1f}")
    memory = _memory()
    met = (ratios["10 KB"] >= GOAL_RATIO, memory <= GOAL_MEMORY)
    print(f"times as fast at 10 KB    {ratios['10 KB']:8.1f}   at least {GOAL_RATIO}: {'met' if met[0] else 'MISSED'}")
    print(f"memory at 50 MB, times it {memory:8.1f}   at most {GOAL_MEMORY}: {'met' if met[1] else 'MISSED'}")
    return 0 if all(met) else 1


def _cost(read: Callable[[bytes], object], raw: bytes, count: int) -> float:
    began = time.process_time()
    for _ in range(count):
        read(raw)
    return (time.process_time() - began) / count * 1e6


def _memory() -> float:
    """How many times its size a process grows by holding and reading a mail of 50 MB."""
    work = "from tests.bench.mail import grown; print(grown())"
    done = subprocess.run([sys.executable, "-c", work], capture_output=True, text=True, check=True, timeout=100)
    return float(done.stdout)


def grown() -> float:
    """Runs in a process of its own: the mail lies in a file, as the door's does, and everything of it is asked for."""
    ours(mail(10_000))
    with tempfile.NamedTemporaryFile() as file:
        work = f"from tests.bench.mail import mail, HUGE; open({file.name!r}, 'wb').write(mail(HUGE))"
        subprocess.run([sys.executable, "-c", work], check=True, timeout=100)
        before = _highest()
        raw = file.read()
        message = parse(raw)
        _ = (message.text, message.html, message.reply_text, message.language, message.attachments, message.findings)
        return (_highest() - before) * 1024 / len(raw)


def _highest() -> int:
    """KiB that this process ever held; getrusage would count its parent's too."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
