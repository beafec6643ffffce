"""xtext: any text as one word of printable ASCII (RFC 3461 section 4), and its kin for UTF-8 (RFC 6533 section 3)."""

import re

_XTEXT = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
_UNITEXT = re.compile(r"(?:[!-*,-<>-\[\]-~\u0080-\U0010ffff]|\\x\{[0-9A-F]{2,6}\})*")
_WITH_POINTS = re.compile(r"(?:[^\\]|\\x\{[0-9A-F]{2,6}\})*")
_HEX = re.compile(r"\+([0-9A-F]{2})")
_POINT = re.compile(r"\\x\{([0-9A-F]{2,6})\}")


def decode(text: str) -> str | None:
    """What the xtext stands for; None when it is none, or stands for what is no printable text."""
    if not _XTEXT.fullmatch(text):
        return None
    octets = bytearray()
    place = 0
    for found in _HEX.finditer(text):
        octets += text[place : found.start()].encode() + bytes.fromhex(found[1])
        place = found.end()
    octets += text[place:].encode()
    try:
        decoded = octets.decode()
    except UnicodeDecodeError:
        return None
    return decoded if decoded.isprintable() else None


def decode_utf8(text: str) -> str | None:
    """The same for an address of type utf-8, where \\x{D55C} stands for what is no ASCII, or UTF-8 stands as it is."""
    plain = decode(text) if text.isascii() else text if _UNITEXT.fullmatch(text) else None
    if plain is None or not _WITH_POINTS.fullmatch(plain):
        return None
    points = [int(found[1], 16) for found in _POINT.finditer(plain)]
    if any(point > 0x10FFFF or 0xD800 <= point <= 0xDFFF for point in points):
        return None
    decoded = _POINT.sub(lambda found: chr(int(found[1], 16)), plain)
    return decoded if decoded.isprintable() else None
