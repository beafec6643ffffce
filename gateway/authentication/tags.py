"""Tag=value lists: the grammar of DKIM signatures, DKIM keys and ARC fields (RFC 6376 section 3.2), strictly."""

import base64
import binascii
import re
from dataclasses import dataclass

_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_]*\Z")
_ALLOWED = bytes([*b" \t\r\n", *range(0x21, 0x7F), *range(0x80, 0x100)])
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}\Z")
_HEX = re.compile(rb"=([0-9A-F]{2})")
_SPACE = b" \t\r\n"


class Malformed(ValueError):
    """What is wrong, in words fit for a reason."""


@dataclass(frozen=True)
class Tags:
    """The tags of one list: values without surrounding space."""

    values: dict[str, bytes]
    emptied: bytes
    """The list as it stood, with the value of b= taken out, as it was signed (RFC 6376 section 3.7)."""

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def text(self, name: str, default: str = "") -> str:
        """A value as text, its folding removed."""
        return self.values.get(name, default.encode()).replace(b"\r\n", b"").decode("utf-8", "replace")

    def plain(self, name: str) -> str:
        """A value in DKIM's quoted-printable: white space does not count, =3B is a semicolon (section 2.11)."""
        value = b"".join(self.values[name].split())
        return _HEX.sub(lambda match: bytes.fromhex(match[1].decode()), value).decode("utf-8", "replace")

    def words(self, name: str, default: str = "") -> list[str]:
        """A colon-separated list, in the case it is written in: values are case-sensitive (section 3.2)."""
        return [word.strip(_SPACE.decode()) for word in self.text(name, default).split(":")]

    def number(self, name: str) -> int | None:
        """A decimal value; None when the tag is absent."""
        if name not in self.values:
            return None
        digits = self.values[name]
        if not re.fullmatch(rb"[0-9]{1,76}", digits):
            raise Malformed(f"{name}= is not a number")
        return int(digits)

    def octets(self, name: str) -> bytes:
        """A base64 value, whatever space stands in it."""
        return decode_base64(self.values[name], name)

    def demand(self, *names: str) -> None:
        for name in names:
            if name not in self.values:
                raise Malformed(f"{name}= is missing")
            if not self.values[name]:
                raise Malformed(f"{name}= is empty")


def decode_base64(value: bytes, name: str) -> bytes:
    text = b"".join(value.split())
    if not _BASE64.match(text):
        raise Malformed(f"{name}= is not base64")
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Malformed(f"{name}= is not base64") from None


def read(text: bytes) -> Tags:
    """Read a whole list. Raises Malformed for anything the grammar does not allow, duplicates among it."""
    if text.translate(None, _ALLOWED):
        raise Malformed("it holds octets that may not be there")
    values: dict[str, bytes] = {}
    kept: list[bytes] = []
    specs = text.split(b";")
    for place, spec in enumerate(specs):
        if not spec.strip(_SPACE) and place == len(specs) - 1 and place:
            kept.append(spec)
            break
        name, value = _spec(spec)
        if name in values:
            raise Malformed(f"{name}= comes twice")
        values[name] = value
        kept.append(spec[: spec.index(b"=") + 1] if name == "b" else spec)
    return Tags(values, b";".join(kept))


def _spec(spec: bytes) -> tuple[str, bytes]:
    label, equals, value = spec.partition(b"=")
    label, value = label.strip(_SPACE), value.strip(_SPACE)
    if not equals or not _NAME.match(label):
        raise Malformed("its tag list is malformed")
    return label.decode(), value
