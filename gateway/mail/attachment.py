"""What came along with a mail: its name made harmless, its type as declared and as its first octets say."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field

NAME_LIMIT = 200
"""Characters of a file name."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BM", "image/bmp"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"{\\rtf", "application/rtf"),
    (b"#!", "text/x-script"),
)
"""First octets -> type, for what matters at a help desk."""

EXECUTABLE = frozenset(
    [
        "exe",
        "com",
        "scr",
        "pif",
        "bat",
        "cmd",
        "vbs",
        "vbe",
        "js",
        "jse",
        "wsf",
        "wsh",
        "msi",
        "msp",
        "ps1",
        "jar",
        "lnk",
        "hta",
        "cpl",
        "reg",
        "dll",
        "iso",
        "img",
        "vhd",
        "apk",
        "app",
        "dmg",
        "sh",
    ]
)
DOCUMENT = frozenset(
    [
        "pdf",
        "doc",
        "docx",
        "xls",
        "xlsx",
        "ppt",
        "pptx",
        "hwp",
        "hwpx",
        "jpg",
        "jpeg",
        "png",
        "gif",
        "txt",
        "zip",
        "csv",
        "htm",
        "html",
        "mp4",
    ]
)
EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "text/plain": ".txt",
    "text/html": ".html",
    "application/pdf": ".pdf",
    "text/calendar": ".ics",
    "message/rfc822": ".eml",
    "text/csv": ".csv",
    "message/delivery-status": ".txt",
    "text/rfc822-headers": ".txt",
    "application/zip": ".zip",
    "message/disposition-notification": ".txt",
    "application/ms-tnef": ".dat",
    "text/x-vcard": ".vcf",
    "text/vcard": ".vcf",
    "application/pgp-signature": ".asc",
    "application/pkcs7-signature": ".p7s",
}
_FORBIDDEN = re.compile(r'[\\/:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a mail. `content` are its decoded octets; `sha256` is in hex."""

    filename: str
    """Disarmed: no path, no control or direction characters; never empty."""
    content_type: str
    size: int
    sha256: str
    content: bytes = field(repr=False)
    is_inline: bool = False
    """Shown within the text, as images named by cid: are."""
    content_id: str = ""
    findings: tuple[str, ...] = ()
    """executable, double-extension, type-differs, name-disarmed, transfer faults."""
    original_filename: str = ""
    """As it came; hostile text, to be kept as data only."""


def disarm(name: str) -> str:
    """A name that is safe to show and to save under: last path component, without control and direction characters."""
    name = unicodedata.normalize(
        "NFC",
        "".join(each for each in name[:2000] if unicodedata.category(each) not in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")),
    )
    name = re.split(r"[\\/]", name.rstrip("\\/ "))[-1]
    name = _FORBIDDEN.sub("_", name).strip(". ") if name.strip(". ") else ""
    if len(name) > NAME_LIMIT:
        stem, dot, ending = name.rpartition(".")
        name = stem[: NAME_LIMIT - len(ending) - 1] + dot + ending if dot and len(ending) < 20 else name[:NAME_LIMIT]
    return name


def attachment(
    name: str,
    declared: str,
    content: bytes,
    *,
    number: int = 1,
    is_inline: bool = False,
    content_id: str = "",
    findings: tuple[str, ...] = (),
) -> Attachment:
    """The value of a file that came along; one without a name is called after its type."""
    declared = declared or "application/octet-stream"
    safe = disarm(name) or f"attachment-{number}{EXTENSIONS.get(declared, '')}"
    odd = [each for each in findings if each] + _oddities(name, safe, declared, content)
    return Attachment(
        safe,
        declared,
        len(content),
        hashlib.sha256(content).hexdigest(),
        content,
        is_inline,
        content_id,
        tuple(dict.fromkeys(odd)),
        name,
    )


def _oddities(name: str, safe: str, declared: str, content: bytes) -> list[str]:
    found = []
    endings = [each.strip().lower() for each in safe.split(".")[1:]]
    real = real_type(content)
    if (endings[-1:] and endings[-1] in EXECUTABLE) or real in ("application/x-msdownload", "application/x-executable"):
        found.append("executable")
    if len(endings) > 1 and endings[-1] in EXECUTABLE and endings[-2] in DOCUMENT:
        found.append("double-extension")
    if (
        real
        and declared.startswith(("image/", "application/pdf", "text/"))
        and real.partition("/")[0] != declared.partition("/")[0]
    ):
        found.append("type-differs")
    if name and safe != name.strip():
        found.append("name-disarmed")
    return found


def real_type(content: bytes) -> str:
    """The type that the first octets tell; "" when they tell nothing."""
    return next((kind for mark, kind in MAGIC if content.startswith(mark)), "")
