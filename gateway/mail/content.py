"""The octets and characters of one part: transfer encodings (RFC 2045 section 6), charsets, flowed lines (RFC 3676)."""

import binascii
import re
from dataclasses import replace

from gateway.mail.charsets import decode
from gateway.mail.structure import Part

TEXT_LIMIT = 2 * 1024 * 1024
"""Octets of one mail that are read as text; an agent reads no more, and the raw mail has the rest."""

_NOT_BASE64 = bytes(each for each in range(256) if not ((chr(each).isalnum() and each < 128) or chr(each) in "+/"))
_BASE64_LINES = re.compile(rb"[\s=]*[A-Za-z0-9+/]{4,}={0,2}(?:\s+[A-Za-z0-9+/]{4,}={0,2})*\s*$")
_NOT_ENCODING = re.compile(r"\([^()]*\)|[^a-z0-9]")
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
"""A soft line break of quoted-printable with blanks behind it (RFC 2045 section 6.7 (3))."""
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_QP_BROKEN = re.compile(rb"=[0-9A-Fa-f]{2}|=\r?\n")
_BEGIN = re.compile(r"^begin [0-7]{3,4} (\S.{0,200}?)[ \t]*$", re.MULTILINE)


def octets_of(raw: bytes, part: Part) -> tuple[bytes, str]:
    """The decoded octets of a part and a finding, "" when all was well."""
    encoding = _NOT_ENCODING.sub("", part.header.get("content-transfer-encoding").partition(";")[0].lower())
    if encoding == "base64":
        if part.kind.startswith("text/") and _is_prose(raw[part.start : min(part.end, part.start + 1000)]):
            return raw[part.start : part.end], "base64-broken"
        return _base64(raw, part.start, part.end)
    if encoding == "quotedprintable":
        return _printable(raw, part.start, part.end), ""
    data = raw[part.start : part.end]
    if encoding in ("uuencode", "xuuencode", "uue", "xuue"):
        return _uu(data)
    return data, "" if encoding in ("", "7bit", "8bit", "binary", "none", "8bitmime") else "transfer-encoding-unknown"


def _printable(raw: bytes, start: int, end: int) -> bytes:
    if raw.find(b"= ", start, end) < 0 and raw.find(b"=\t", start, end) < 0:
        return binascii.a2b_qp(memoryview(raw)[start:end])
    return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", raw[start:end]))


def _is_prose(beginning: bytes) -> bool:
    """Plain text under the label base64: blanks between words, and signs that base64 lacks, from the first line on."""
    line = beginning.strip().partition(b"\n")[0].rstrip(b"\r \t=")
    odd = len(line) - len(line.translate(None, _NOT_BASE64))
    return odd > 2 and odd > len(line) * 0.05


def _base64(raw: bytes, start: int, end: int) -> tuple[bytes, str]:
    """Lenient: foreign characters are skipped, missing padding is added, text that a list added behind is left out."""
    pad = raw.find(b"=", start, end)
    if pad < 0:
        return _run(raw, start, end), ""
    tail = raw[pad:end].lstrip(b"=\r\n \t")
    if len(tail) > 3 and _BASE64_LINES.match(tail[:2000].rpartition(b"\n")[0] or tail[:2000]):
        return _run(raw, start, pad) + _run(tail, 0, len(tail)), "base64-broken"
    return _run(raw, start, pad), "text-behind-base64" if tail else ""


def _run(raw: bytes, start: int, end: int) -> bytes:
    """Decodes where the octets lie: a mail of 50 MB is not copied to be read."""
    try:
        return binascii.a2b_base64(memoryview(raw)[start : end + _padding(raw, end)])
    except binascii.Error:
        data = raw[start:end].translate(None, _NOT_BASE64)
        data = data[: len(data) - (len(data) % 4 == 1)]
        return binascii.a2b_base64(data + b"=" * (-len(data) % 4))


def _padding(raw: bytes, end: int) -> int:
    """How many octets of padding stand there."""
    return len(raw[end : end + 2]) - len(raw[end : end + 2].lstrip(b"="))


def _uu(data: bytes) -> tuple[bytes, str]:
    out, inside = [], False
    for line in data.split(b"\n"):
        line = line.rstrip(b"\r")
        if line.startswith(b"begin "):
            inside = True
        elif line == b"end":
            break
        elif inside and line:
            out.append(uu_line(line))
    return b"".join(out), "" if out else "uuencode-broken"


def uu_line(line: bytes) -> bytes:
    """One uuencoded line; b"" when it is none. Some encoders leave blanks out or add a checksum."""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        count = ((line[0] - 32 & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:count])
        except binascii.Error:
            return b""


def text_of(
    raw: bytes, part: Part, hint: str = "", limit: int = TEXT_LIMIT, *, may_guess: bool = True
) -> tuple[str, tuple[str, ...]]:
    """The characters of a text part, LF line ends, and findings. limit: octets that are read."""
    # An octet takes three at most, as "=41".
    data, finding = octets_of(raw, replace(part, end=min(part.end, part.start + 3 * limit + 1000)))
    findings = [finding] if finding else []
    if len(data) > limit:
        data = data[:limit]
        findings.append("text-too-long")
    label = part.type.get("charset").strip(" '\"")
    if not label and part.kind == "text/html":
        meta = _META.search(data[:4096])
        label = meta[1].decode() if meta else ""
    text, odd = decode(data, label, hint, may_guess=may_guess)
    findings += [odd] if odd else []
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").removeprefix("\ufeff")
    if part.kind == "text/plain" and part.type.get("format").lower() == "flowed":
        text = unflow(text, part.type.get("delsp").lower() == "yes")
    return text, tuple(findings)


def unflow(text: str, delsp: bool) -> str:
    """Paragraphs of flowed lines joined again (RFC 3676 section 4.1), quote depths kept apart."""
    done: list[str] = []
    paragraph, depth_before = "", -1
    for line in text.split("\n"):
        bare = line.lstrip(">")
        depth = len(line) - len(bare)
        bare = bare.removeprefix(" ")
        if depth_before >= 0 and (depth != depth_before or bare == "-- "):
            done.append(_quoted(depth_before, paragraph))
            paragraph, depth_before = "", -1
        if bare.endswith(" ") and bare != "-- ":
            paragraph += bare[:-1] if delsp else bare
            depth_before = depth
        else:
            done.append(_quoted(depth, paragraph + bare))
            paragraph, depth_before = "", -1
    if depth_before >= 0:
        done.append(_quoted(depth_before, paragraph))
    return "\n".join(done)


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line


def take_uuencoded(text: str) -> tuple[str, list[tuple[str, bytes]]]:
    """The text without the files that were uuencoded into it, and those files (name, octets); at most 50."""
    if "begin " not in text:
        return text, []
    files: list[tuple[str, bytes]] = []
    kept, position, tried = [], 0, 0
    for found in _BEGIN.finditer(text):
        if found.start() < tried or len(files) >= 50:
            continue
        end = text.find("\nend", found.end())
        if end < 0:
            break
        tried = end
        lines = text[found.end() + 1 : end].encode("latin-1", "replace").split(b"\n")
        data = [uu_line(line.rstrip(b"\r")) for line in lines if line.strip() not in (b"", b"`")]
        if not any(data):
            continue
        kept.append(text[position : found.start()])
        files.append((found[1], b"".join(data)))
        position = end + 4
    return "".join(kept) + text[position:], files
