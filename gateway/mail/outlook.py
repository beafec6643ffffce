"""What lies in a .msg file: a mail as Outlook saves it (MS-OXMSG), opened when the extra `office` is installed.

Such a file is a small file system (MS-CFB); olefile reads that. Each stream in it is one MAPI property.
"""

import io
import re
import struct
from typing import Any

from gateway.mail import tnef
from gateway.mail.rtf import decompressed, rtf_text
from gateway.mail.tnef import FILES_LIMIT, Package, PackedFile

try:
    import olefile
except ImportError:
    olefile = None

SIZE_LIMIT = 32 * 1024 * 1024
"""Octets of a file that is opened."""
_STREAM = re.compile(r"__substg1\.0_([0-9A-F]{4})(001E|001F|0102)")
_WRONG = (OSError, ValueError, LookupError, TypeError, AttributeError, struct.error, RecursionError, MemoryError)
"""What olefile answers damaged files with."""


def read_msg(content: bytes) -> Package | None:
    """What a .msg holds; None when it cannot be opened, or the extra is not installed. Never raises."""
    if olefile is None or len(content) > SIZE_LIMIT:
        return None
    try:
        with olefile.OleFileIO(io.BytesIO(content)) as opened:
            return _package(opened)
    except _WRONG:
        return None


def _package(opened: Any) -> Package | None:
    streams: dict[str, list[list[str]]] = {}
    for path in opened.listdir():
        streams.setdefault("/".join(path[:-1]), []).append(path)
    if not opened.exists("__properties_version1.0"):
        return None
    of_message = _properties(opened, streams.get("", []))
    package = Package(text=str(of_message.get(tnef.BODY, "")), html=tnef.as_text(of_message.get(tnef.HTML, ""), ""))
    if not package.text.strip() and not package.html.strip():
        package.text = rtf_text(decompressed(tnef.octets_of(of_message.get(tnef.RTF, b""))))
    folders = sorted(folder for folder in streams if folder.startswith("__attach_version1.0_") and "/" not in folder)
    for folder in folders[:FILES_LIMIT]:
        file = PackedFile()
        tnef.describe(file, _properties(opened, streams[folder]))
        package.files += [file] if file.content else []
    return package


def _properties(opened: Any, paths: list[list[str]]) -> dict[int, str | bytes]:
    """The texts and octets among the properties that stand directly in one folder."""
    found: dict[int, str | bytes] = {}
    for path in paths:
        stream = _STREAM.fullmatch(path[-1])
        if stream and int(stream[1], 16) in _WANTED:
            data = opened.openstream(path).read()
            found[int(stream[1], 16)] = data if stream[2] == "0102" else _text(data, is_wide=stream[2] == "001F")
    return found


_WANTED = frozenset((
    tnef.BODY, tnef.HTML, tnef.RTF, tnef.FILE_DATA, tnef.SHORT_NAME, tnef.LONG_NAME, tnef.FILE_TYPE, tnef.CONTENT_ID,
))


def _text(data: bytes, *, is_wide: bool) -> str:
    text = data.decode("utf-16-le", "replace") if is_wide else tnef.as_text(data, "")
    return text.rstrip("\x00").replace("\r\n", "\n")
