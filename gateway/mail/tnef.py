"""What lies in a winmail.dat: Outlook's own envelope for text and files (MS-OXTNEF), which no other program shows.

A stream of attributes, some of which hold MAPI properties. It is read in one pass under limits; what is cut off or
damaged ends the reading, and what was found until then counts.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from gateway.mail.charsets import decode
from gateway.mail.rtf import decompressed, rtf_text

SIGNATURE = b"\x78\x9f\x3e\x22"
FILES_LIMIT = 100
PROPERTIES_LIMIT = 500
"""Values of MAPI properties of one attribute that are read."""
ATTRIBUTES_LIMIT = 5000

_TITLE, _DATA, _BEGINS_FILE, _BODY = 0x8010, 0x800F, 0x9002, 0x800C
_OF_MESSAGE, _OF_FILE, _CODEPAGE = 0x9003, 0x9005, 0x9007
_FIXED = {2: 4, 3: 4, 4: 4, 5: 8, 6: 8, 7: 8, 0xA: 4, 0xB: 4, 0x14: 8, 0x40: 8, 0x48: 16}
"""Octets of the MAPI types of a fixed length."""
_WIDE, _NARROW, _BINARY, _OBJECT = 0x1F, 0x1E, 0x102, 0xD
BODY, RTF, HTML = 0x1000, 0x1009, 0x1013
FILE_DATA, SHORT_NAME, LONG_NAME, FILE_TYPE, CONTENT_ID = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712
"""MAPI properties (MS-OXPROPS)."""


@dataclass(slots=True)
class PackedFile:
    """A file within another."""

    name: str = ""
    type: str = "application/octet-stream"
    content: bytes = field(default=b"", repr=False)
    content_id: str = ""


@dataclass(slots=True)
class Package:
    """What was found: one text, plain or HTML (hostile), and files."""

    text: str = ""
    html: str = ""
    files: list[PackedFile] = field(default_factory=list)


def read_tnef(content: bytes) -> Package | None:
    """What a winmail.dat holds; None when it is none. Never raises."""
    if not content.startswith(SIGNATURE) or len(content) < 6 + 11:
        return None
    package, codepage, rtf = Package(), "", b""
    for kind, value in _attributes(content):
        if kind == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{int.from_bytes(value[:4], 'little')}"
        elif kind == _BEGINS_FILE:
            if len(package.files) >= FILES_LIMIT:
                break
            package.files.append(PackedFile())
        elif kind == _BODY:
            package.text = _text(value, codepage)
        elif kind == _OF_MESSAGE:
            found = dict(_properties(value, codepage))
            package.text = str(found.get(BODY, "")) or package.text
            package.html = as_text(found.get(HTML, ""), codepage)
            rtf = octets_of(found.get(RTF, b""))
        elif package.files:
            _note(package.files[-1], kind, value, codepage)
    if not package.text.strip() and not package.html.strip():
        package.text = rtf_text(decompressed(rtf))
    package.files = [each for each in package.files if each.content]
    return package


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    place = 6
    for _ in range(ATTRIBUTES_LIMIT):
        if place + 9 > len(content):
            return
        kind, size = struct.unpack_from("<xHxxI", content, place)
        yield kind, content[place + 9 : place + 9 + size]
        place += 9 + size + 2


def _note(file: PackedFile, kind: int, value: bytes, codepage: str) -> None:
    if kind == _DATA:
        file.content = value
    elif kind == _TITLE:
        file.name = file.name or _text(value, codepage)
    elif kind == _OF_FILE:
        describe(file, dict(_properties(value, codepage)))


def describe(file: PackedFile, found: dict[int, str | bytes]) -> None:
    """The MAPI properties of an attachment, put where they belong."""
    file.name = str(found.get(LONG_NAME) or found.get(SHORT_NAME) or file.name)
    file.type = str(found.get(FILE_TYPE) or file.type).lower()
    file.content_id = str(found.get(CONTENT_ID) or "").strip("<>")
    file.content = octets_of(found.get(FILE_DATA, b"")) or file.content


def octets_of(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else b""


def as_text(value: str | bytes, codepage: str) -> str:
    return value if isinstance(value, str) else _text(value, codepage)


def _text(value: bytes, codepage: str) -> str:
    text, _ = decode(value.rstrip(b"\x00"), codepage or "cp1252", may_guess=False)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _properties(value: bytes, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """Those of a text or of octets; the others are passed over."""
    place, read = 4, 0
    while read < PROPERTIES_LIMIT and place + 4 <= len(value):
        kind, name = struct.unpack_from("<HH", value, place)
        read += 1
        place = _behind_name(value, place + 4) if name >= 0x8000 else place + 4
        count, place = (_number(value, place), place + 4) if kind & 0x1000 or kind & 0xFFF not in _FIXED else (1, place)
        kind &= 0xFFF
        for _ in range(min(count, PROPERTIES_LIMIT)):
            read += 1
            size, place = (_FIXED[kind], place) if kind in _FIXED else (_number(value, place), place + 4)
            if place + size > len(value):
                return
            data = value[place : place + size]
            place += size + -size % 4
            if kind == _WIDE:
                yield name, data.decode("utf-16-le", "replace").rstrip("\x00").replace("\r\n", "\n")
            elif kind == _NARROW:
                yield name, _text(data, codepage)
            elif kind in (_BINARY, _OBJECT):
                yield name, data[16:] if kind == _OBJECT else data


def _behind_name(value: bytes, place: int) -> int:
    """A named property: a GUID and a number, or a GUID and a text."""
    if _number(value, place + 16) == 0:
        return place + 24
    size = _number(value, place + 20)
    return place + 24 + size + -size % 4


def _number(value: bytes, place: int) -> int:
    return int.from_bytes(value[place : place + 4], "little")
