"""Files that hold a mail or files of their own: Outlook's winmail.dat and .msg. Nothing else is opened, no archive.

What is in them is listed behind all other attachments, so that their places stay the same where they cannot be opened.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from gateway.mail.attachment import Attachment, attachment
from gateway.mail.outlook import read_msg
from gateway.mail.readable import readable
from gateway.mail.tnef import Package, PackedFile, read_tnef

CLOSED = "not-opened"
OPENED_LIMIT = 6
"""Files of one mail that are opened."""


def unpack(files: Iterable[Attachment]) -> tuple[list[Attachment], Package | None]:
    """All files, those within others behind them, and the first winmail.dat: its text may be that of the mail."""
    done: list[Attachment] = []
    within: list[PackedFile] = []
    winmail, opened = None, 0
    for each in files:
        may_open = CLOSED in each.findings and opened < OPENED_LIMIT
        package = (read_tnef(each.content) or read_msg(each.content)) if may_open else None
        opened += may_open
        if package is None:
            done.append(each)
            continue
        done.append(replace(each, findings=tuple(finding for finding in each.findings if finding != CLOSED)))
        if each.real_type == "application/ms-tnef":
            winmail = winmail or package
        else:
            within += _words(each, package)
        within += package.files
    return [*done, *_attached(within, len(done))], winmail


def _words(file: Attachment, package: Package) -> Iterator[PackedFile]:
    """The text of a .msg, as a file beside it that any program can show."""
    text = package.text.strip() or readable(package.html)
    if text:
        yield PackedFile(f"{file.filename.removesuffix('.msg')}.txt", "text/plain", text.encode("utf-8", "replace"))


def _attached(within: list[PackedFile], before: int) -> Iterator[Attachment]:
    for number, each in enumerate(within, before + 1):
        yield attachment(each.name, each.type, each.content, number=number, content_id=each.content_id)
