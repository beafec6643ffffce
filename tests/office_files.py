"""Outlook's files, octet by octet: a winmail.dat (MS-OXTNEF), a .msg (MS-OXMSG in MS-CFB), compressed Rich Text."""

import struct
from collections.abc import Mapping

File = tuple[str, bytes]
SECTOR = 512
END, FREE, NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFF


def winmail(*files: File, text: str = "", rtf: bytes = b"", long_names: bool = True) -> bytes:
    """Files by name, with the text as Outlook's plain body or as Rich Text."""
    octets = b"\x78\x9f\x3e\x22\x01\x00" + _attribute(0x9007, struct.pack("<I", 949) * 2)
    if text:
        octets += _attribute(0x800C, text.encode("cp949") + b"\x00")
    if rtf:
        octets += _attribute(0x9003, struct.pack("<I", 1) + _property(0x1009, 0x102, rtf))
    for name, content in files:
        octets += _attribute(0x9002, b"\x00" * 14) + _attribute(0x8010, name[:8].encode("cp949") + b"\x00")
        octets += _attribute(0x800F, content)
        if long_names:
            wide = (name + "\x00").encode("utf-16-le")
            number = struct.pack("<HHI", 3, 0x0E20, len(content))
            octets += _attribute(0x9005, struct.pack("<I", 2) + number + _property(0x3707, 0x1F, wide))
    return octets


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("<BHHI", 2, kind, 0, len(value)) + value + struct.pack("<H", sum(value) % 65536)


def _property(name: int, kind: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\x00" * (-len(value) % 4)


def uncompressed_rtf(text: bytes) -> bytes:
    return struct.pack("<I", len(text) + 12) + struct.pack("<I", len(text)) + b"MELA" + b"\x00" * 4 + text


def literal_rtf(text: bytes) -> bytes:
    """As LZFu without a single reference but the one that ends it, to the place behind the last octet."""
    body = b"".join(b"\x00" + text[at : at + 8] for at in range(0, len(text) - len(text) % 8, 8))
    rest, at = text[len(text) - len(text) % 8 :], (207 + len(text)) % 4096
    body += bytes((1 << len(rest),)) + rest + struct.pack(">H", at << 4)
    return struct.pack("<II", len(body) + 12, len(text)) + b"LZFu" + b"\x00" * 4 + body


def msg(text: str, *files: File) -> bytes:
    """A mail as Outlook saves it. Streams are filled up with NULs to 4096 octets, so that no mini stream is needed."""
    tree: dict[str, bytes | dict[str, bytes]] = {
        "__properties_version1.0": b"", "__substg1.0_1000001F": text.encode("utf-16-le")}  # fmt: skip
    for number, (name, content) in enumerate(files):
        tree[f"__attach_version1.0_#{number:08X}"] = {
            "__properties_version1.0": b"", "__substg1.0_37010102": content,
            "__substg1.0_3707001F": name.encode("utf-16-le")}  # fmt: skip
    return _compound(tree)


def _compound(tree: Mapping[str, bytes | Mapping[str, bytes]]) -> bytes:
    entries: list[bytes] = []
    sectors: list[bytes] = []
    chain: list[int] = []

    def store(content: bytes) -> tuple[int, int]:
        content = content.ljust(max(4096, len(content)), b"\x00")
        first = len(sectors)
        sectors.extend(content[at : at + SECTOR].ljust(SECTOR, b"\x00") for at in range(0, len(content), SECTOR))
        chain.extend([*range(first + 1, len(sectors)), END])
        return first, len(content)

    def place(level: Mapping[str, bytes | Mapping[str, bytes]]) -> int:
        first = following = NONE
        for name, value in reversed(level.items()):
            index = len(entries)
            entries.append(b"")
            if isinstance(value, bytes):
                start, size = store(value)
                entries[index] = _entry(name, 2, following, NONE, start, size)
            else:
                entries[index] = _entry(name, 1, following, place(value), 0, 0)
            first = following = index
        return first

    entries.append(b"")
    entries[0] = _entry("Root Entry", 5, NONE, place(tree), END, 0)
    entries += [b"\x00" * 128] * (-len(entries) % 4)
    directory = len(sectors)
    sectors += [b"".join(entries[at : at + 4]) for at in range(0, len(entries), 4)]
    chain += [*range(directory + 1, len(sectors)), END]
    table = len(sectors)
    count = (len(sectors) + 127) // 127
    chain += [0xFFFFFFFD] * count
    chain += [FREE] * (count * 128 - len(chain))
    sectors += [struct.pack("<128I", *chain[at : at + 128]) for at in range(0, len(chain), 128)]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 16
    head += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\x00" * 6
    head += struct.pack("<IIIIIIIII", 0, count, directory, 0, 4096, END, 0, END, 0)
    head += struct.pack("<109I", *[table + number for number in range(count)], *[FREE] * (109 - count))
    return head + b"".join(sectors)


def _entry(name: str, kind: int, right: int, child: int, start: int, size: int) -> bytes:
    wide = (name + "\x00").encode("utf-16-le")
    return (wide.ljust(64, b"\x00") + struct.pack("<HBBIII", len(wide), kind, 1, NONE, right, child) + b"\x00" * 36
            + struct.pack("<IQ", start, size))  # fmt: skip
