"""What came along with a mail: its name made harmless, its type as declared and as its first octets say."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field

from gateway.mail.charsets import decode
from gateway.mail.invitation import LIMIT, summary

NAME_LIMIT = 200
"""Characters of a file name."""

MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"MZ", "application/x-msdownload"),
    (b"\x7fELF", "application/x-executable"),
    (b"\xca\xfe\xba\xbe", "application/x-executable"),
    (b"\xcf\xfa\xed\xfe", "application/x-executable"),
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"HWP Document File", "application/x-hwp"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"MSCF\0\0\0\0", "application/vnd.ms-cab-compressed"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"BM", "image/bmp"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"{\\rtf", "application/rtf"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"ID3", "audio/mpeg"),
    (b"#!", "text/x-script"),
)
"""First octets -> type, for what matters at a help desk."""
_CONTAINERS = ((b"RIFF", b"WEBP", "image/webp"), (b"RIFF", b"WAVE", "audio/wav"), (b"RIFF", b"AVI ", "video/x-msvideo"))
"""First octets, and those from the ninth."""
_BRANDS = {b"heic": "image/heic", b"mif1": "image/heic", b"avif": "image/avif", b"qt  ": "video/quicktime"}
"""ISO 14496-12: what stands behind "ftyp"; everything else is taken as MP4."""

RUNS = frozenset(("application/x-msdownload", "application/x-executable", "application/x-ms-shortcut"))
"""Types that a machine runs when they are opened."""
EXECUTABLE = frozenset(
    (
        "exe", "com", "scr", "pif", "bat", "cmd", "vbs", "vbe", "js", "jse", "ws", "wsf", "wsh", "wsc", "sct",
        "msi", "msp", "msc", "ps1", "psm1", "jar", "lnk", "url", "scf", "hta", "cpl", "reg", "inf", "chm",
        "dll", "xll", "iso", "img", "vhd", "vhdx", "apk", "app", "dmg", "pkg", "command", "sh", "appref-ms",
        "application", "gadget", "one",
    )
)
"""Endings of names that run, or hold what runs when it is opened."""
MACRO = frozenset(
    (
        "docm", "dotm", "xlsm", "xltm", "xlam", "pptm", "potm", "ppsm", "ppam",
    )
)
DOCUMENT = frozenset(
    (
        "pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "rtf", "odt", "ods", "hwp", "hwpx", "jpg", "jpeg",
        "png", "gif", "bmp", "heic", "webp", "txt", "zip", "rar", "7z", "csv", "htm", "html", "eml", "mp3",
        "mp4", "avi", "mov",
    )
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
_UNSHOWN = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
_JOINERS = "\u200c\u200d"
"""Persian, Indic and emoji names need them, between letters of their own."""
_STRAY_JOINER = re.compile(r"(?<![^\x00-\x7f])[\u200c\u200d]+|[\u200c\u200d]+(?![^\x00-\x7f])")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
"""Names that Windows takes for a device."""
_GAP = re.compile(r"\s{4,}")
"""Blanks that push the ending out of sight."""


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
    """executable, double-extension, macro, type-differs, name-disarmed, transfer faults, and not-opened: a winmail.dat
    or .msg that is damaged, or a .msg without the extra `office`, may hold what the agent does not see."""
    original_filename: str = ""
    """As it came; hostile text, to be kept as data only."""
    real_type: str = ""
    """What the first octets tell beside the declared type; "" when they tell nothing."""

    @property
    def is_calendar(self) -> bool:
        return "text/calendar" in (self.content_type, self.real_type)

    @property
    def summary(self) -> str:
        """What an invitation says in a few lines; "" for all other files."""
        if not self.is_calendar:
            return ""
        return summary(decode(self.content[:LIMIT], "utf-8")[0])


def disarm(name: str) -> str:
    """A name that is safe to show and to save under: last path component, without control and direction characters."""
    shown = (each for each in name[:2000] if unicodedata.category(each) not in _UNSHOWN or each in _JOINERS)
    name = unicodedata.normalize("NFC", _STRAY_JOINER.sub("", "".join(shown)))
    name = re.split(r"[\\/]", name.rstrip("\\/ "))[-1]
    name = _GAP.sub(" ", _FORBIDDEN.sub("_", name)).strip(". ")
    name = f"_{name}" if _DEVICE.match(name) else name
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
    real = real_type(content)
    odd = [each for each in findings if each] + _oddities(name, safe, declared, real)
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
        real,
    )


def _oddities(name: str, safe: str, declared: str, real: str) -> list[str]:
    endings = [each.strip().lower() for each in safe.split(".")[1:]]
    last = endings[-1] if endings else ""
    found = []
    if last in EXECUTABLE or real in RUNS:
        found.append("executable")
    if len(endings) > 1 and last in EXECUTABLE and endings[-2] in DOCUMENT:
        found.append("double-extension")
    if last in MACRO:
        found.append("macro")
    is_telling = declared.startswith(("image/", "application/pdf", "text/"))
    if real and is_telling and real.partition("/")[0] != declared.partition("/")[0]:
        found.append("type-differs")
    if "application/ms-tnef" in (declared, real) or (last == "msg" and real in ("", "application/x-ole-storage")):
        found.append("not-opened")
    if name and safe != name.strip():
        found.append("name-disarmed")
    return found


def real_type(content: bytes) -> str:
    """The type that the first octets tell; "" when they tell nothing."""
    if content[4:8] == b"ftyp":
        return _BRANDS.get(content[8:12], "video/mp4")
    for first, ninth, kind in _CONTAINERS:
        if content.startswith(first) and content[8:12] == ninth:
            return kind
    return next((kind for mark, kind in MAGIC if content.startswith(mark)), "")
