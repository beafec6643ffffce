"""The body of a letter: text and HTML, and the files that go with it, encoded so that every host and client keeps them.

A file name is given twice: by RFC 2231, and by RFC 2047 for clients that know no better.
"""

import re
from base64 import b64encode
from binascii import b2a_qp
from collections.abc import Iterator
from hashlib import sha256
from urllib.parse import quote

from gateway.mail.encoded import LINE, characters, clean, encoded_words, quoted

File = tuple[str, str, bytes]
"""Name, content type and octets."""

_LONGEST_NAME = 150
"""Characters of a file name; its ending is kept."""
_CONTROLS = bytes([*range(9), *range(11, 32), 127])
_FURTHER_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")
"""U+0080 to U+009F, in UTF-8."""
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,80}/[a-z0-9][a-z0-9!#$&^_.+-]{0,80}")


def content(text: str, html: str, files: tuple[File, ...], seed: str) -> Iterator[bytes]:
    """The fields and octets of the body: text, or text and HTML, or these with files. Boundaries come from the seed."""
    body = list(_body("plain", text))
    if html:
        body = list(_multipart("alternative", seed, [body, list(_body("html", html))]))
    if files:
        body = list(_multipart("mixed", seed, [body, *(list(_attachment(*each)) for each in files)]))
    yield from body


def _multipart(kind: str, seed: str, parts: list[list[bytes]]) -> Iterator[bytes]:
    boundary = _boundary(kind, seed, parts)
    yield b'Content-Type: multipart/%s;\r\n boundary="%s"\r\n' % (kind.encode(), boundary)
    for part in parts:
        yield b"\r\n--%s\r\n" % boundary
        yield from part
    yield b"\r\n--%s--\r\n" % boundary


def _boundary(kind: str, seed: str, parts: list[list[bytes]]) -> bytes:
    """A delimiter that no part holds: with "=_" no encoded part can, so a plain one decides about another round."""
    boundary = b"=_" + sha256(f"{kind} {seed}".encode(errors="replace")).hexdigest()[:32].encode()
    while any(boundary in piece for part in parts for piece in part):
        boundary = b"=_" + sha256(boundary).hexdigest()[:32].encode()
    return boundary


def _body(subtype: str, text: str) -> Iterator[bytes]:
    octets = text.encode(errors="ignore").replace(b"\r\n", b"\n").replace(b"\r", b"\n").translate(None, _CONTROLS)
    octets = _FURTHER_CONTROLS.sub(b"", octets).rstrip(b"\n").replace(b"\n", b"\r\n") + b"\r\n"
    encoding, encoded = _encode(octets)
    charset = "us-ascii" if octets.isascii() and subtype == "plain" else "utf-8"
    yield f"Content-Type: text/{subtype}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n".encode()
    yield encoded


def _encode(octets: bytes) -> tuple[str, bytes]:
    """As it is when every host passes it unchanged, else the shorter of quoted-printable and base64."""
    # Mail boxes of the old form put ">" in front of a line that begins with "From ".
    has_from = b"\nFrom " in octets or octets.startswith(b"From ")
    if octets.isascii() and not has_from and max(map(len, octets.split(b"\r\n"))) <= 78:
        return "7bit", octets
    printable = b2a_qp(octets, istext=True)
    if has_from:
        printable = re.sub(rb"(?m)^From ", b"=46rom ", printable)
    if len(printable) <= _in_base64(len(octets)):
        return "quoted-printable", printable
    return "base64", _base64(octets)


def _in_base64(length: int) -> int:
    """Octets that so many become, with their line ends."""
    signs = (length + 2) // 3 * 4
    return signs + 2 * -(-signs // LINE)


def _base64(octets: bytes) -> bytes:
    encoded = b64encode(octets)
    return b"".join(encoded[at:at + LINE] + b"\r\n" for at in range(0, len(encoded), LINE))


def _attachment(filename: str, content_type: str, octets: bytes) -> Iterator[bytes]:
    content_type = content_type.lower()
    # A message or multipart may not be encoded (RFC 2046 section 5.2.1), so such a file travels as plain octets.
    if not _TYPE.fullmatch(content_type) or content_type.startswith(("multipart/", "message/")):
        content_type = "application/octet-stream"
    name = _filename(filename)
    yield "\r\n".join([
        f"Content-Type: {content_type};", f" name={_name_parameter(name)}",
        "Content-Transfer-Encoding: base64",
        "Content-Disposition: attachment;", ";\r\n".join(_filename_parameter(name)), "", "",
    ]).encode()
    yield _base64(octets)


def _filename(name: str) -> str:
    name = re.sub(r'[/\\:*?"<>|]', "_", clean(name)).strip(" .") or "attachment"
    stem, dot, ending = name.rpartition(".")
    if len(name) <= _LONGEST_NAME or not dot or len(ending) > 10:
        return name[:_LONGEST_NAME]
    return f"{stem[:_LONGEST_NAME - len(ending) - 1]}.{ending}"


def _name_parameter(name: str) -> str:
    if name.isascii() and len(name) <= 60 and "=?" not in name:
        return quoted(name)
    return '"' + "\r\n ".join(encoded_words(name, len(' name="'))) + '"'


def _filename_parameter(name: str) -> list[str]:
    """RFC 2231 sections 3 and 4: one value when it fits into a line, else numbered pieces of whole characters."""
    if name.isascii() and len(name) <= 60:
        return [f" filename={quoted(name)}"]
    pieces = [""]
    for character in characters(name):
        character = quote(character, safe="!#$&+-.^_`{}~")
        if len(pieces[-1]) + len(character) > 50 and pieces[-1]:
            pieces.append("")
        pieces[-1] += character
    if len(pieces) == 1:
        return [f" filename*=UTF-8''{pieces[0]}"]
    pieces[0] = f"UTF-8''{pieces[0]}"
    return [f" filename*{number}*={piece}" for number, piece in enumerate(pieces)]
