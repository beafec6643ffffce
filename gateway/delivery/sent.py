"""Letters as files, for a gateway that has no way out yet: what would have been sent, one .eml each (RFC 5322)."""

import os
import re
from pathlib import Path

from gateway.models import Letter

_NAME = re.compile(r"[^A-Za-z0-9@._+=-]+")


def keep(folder: Path, letter: Letter, message: bytes) -> Path:
    """Write the letter as its recipient would have got it, Return-Path in front; the path of the file.

    On disk whole or not at all, and the same letter always has the same name: who writes it again after a crash makes
    no second file. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _filename(letter)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        file.write(f"Return-Path: <{_NAME.sub('', letter.reverse_path)}>\r\n".encode() + message)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync(folder)
    return path


def _filename(letter: Letter) -> str:
    """Time, number, recipient: sorted by name is sorted by time. No stranger's address names another place."""
    return f"{letter.created_at:%Y%m%dT%H%M%SZ}-{letter.id:08d}-{_NAME.sub('_', letter.recipient)[:80]}.eml"


def _sync(folder: Path) -> None:
    # The new name itself is on disk only when its folder is.
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
