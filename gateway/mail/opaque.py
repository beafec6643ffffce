"""What an opaquely signed mail says (S/MIME, RFC 8551 section 3.5.2): it stands within its signature (CMS, RFC 5652).

Outlook signs so when it is told not to send clear text. The signature is not checked here, and what is encrypted stays
closed. Only the path to the content is read, without recursion; lengths are believed no further than the octets go.
"""

SIGNED, DATA = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
"""The object identifiers of signed data and of plain data (RFC 5652 sections 4 and 5)."""
PIECES_LIMIT = 50_000
_NEAR = 200
"""Octets within which each of them stands."""
_EXPLICIT, _STRING, _STRINGS = 0xA0, 0x04, 0x24


def signed_content(octets: bytes) -> bytes:
    """The signed mail, header and body; b"" when there is none, as in what is encrypted. Never raises."""
    kind = octets.find(SIGNED, 0, _NEAR)
    data = octets.find(DATA, kind, kind + 2 * _NEAR) if kind >= 0 else -1
    if data < 0:
        return b""
    tag, place, end = _element(octets, data + len(DATA), len(octets))
    if tag != _EXPLICIT:
        return b""
    tag, place, end = _element(octets, place, end)
    if tag == _STRING:
        return octets[place:end]
    return b"".join(_pieces(octets, place, end)) if tag == _STRINGS else b""


def _pieces(octets: bytes, place: int, end: int) -> list[bytes]:
    """A string that came in pieces, up to the mark that ends it."""
    found: list[bytes] = []
    while place < end and len(found) < PIECES_LIMIT:
        tag, start, stop = _element(octets, place, end)
        if tag != _STRING:
            break
        found.append(octets[start:stop])
        place = stop
    return found


def _element(octets: bytes, place: int, end: int) -> tuple[int, int, int]:
    """The tag at a place, and where its content begins and ends; a length that is left open reaches to the end."""
    if place + 2 > end:
        return -1, end, end
    tag, length = octets[place], octets[place + 1]
    start = place + 2
    if length > 0x80:
        start += length & 0x7F
        length = int.from_bytes(octets[place + 2 : min(start, place + 10)], "big")
    elif length == 0x80:
        length = end - start
    return tag, min(start, end), min(start + length, end)
