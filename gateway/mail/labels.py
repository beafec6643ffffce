"""What do charset labels mean? Mailers write the same set in many ways, and mean its largest superset.

Python lacks half of these names (windows-949, x-sjis, ks_c_5601-1987 with dots and blanks) and takes others literally,
where what is meant is the superset that the sender's system really has.
"""

import codecs
import re
from functools import lru_cache

SUPERSETS: dict[str, tuple[str, ...]] = {
    "korean": ("cp949",),
    "johab": ("johab",),
    "chinese": ("gb18030",),
    "taiwanese": ("cp950", "big5hkscs"),
    "hongkong": ("big5hkscs", "cp950"),
    "shift": ("cp932", "shift_jis_2004"),
    "eucjp": ("euc_jp", "euc_jis_2004"),
    "western": ("cp1252", "latin_1"),
    "latin9": ("iso8859-15",),
    "utf8": ("utf_8",),
    "turkish": ("cp1254",),
    "thai": ("cp874", "tis_620"),
    "hebrew": ("cp1255", "iso8859_8"),
}
"""A family of labels -> the Python codecs to try, largest set first."""

LABELS: dict[str, str] = {label: family for family, labels in {
    "korean":
        "euckr ksc56011987 ksc56011989 ksc5601 ksc5601199 ksx1001 ksx10011992 cp949 ms949 windows949 "
        "xwindows949 uhc xuhc korean isoir149 cskseuckr csksc56011987 949 euckorea xeuckr kseuckr euckrs "
        "ibm949 cseuckr hangul",
    "johab":
        "johab xjohab cp1361 ksc5601johab ksc56011992",
    "chinese":
        "gb2312 gb23121980 gb231280 gbk xgbk cp936 ms936 windows936 gb18030 euccn xeuccn chinese gb csgb2312 "
        "isoir58 936 csiso58gb231280",
    "taiwanese":
        "big5 xbig5 big5tw csbig5 cp950 windows950 cnbig5 xxbig5 950 big5eten",
    "hongkong":
        "big5hkscs big5hk hkscs",
    "shift":
        "shiftjis sjis xsjis mskanji cp932 windows31j windows932 csshiftjis xmscp932 ms932 cswindows31j 932 "
        "shiftjisx0213",
    "eucjp":
        "eucjp xeucjp ujis cseucpkdfmtjapanese eucjpms cp51932",
    "western":
        "iso88591 latin1 l1 iso885911987 isoir100 ibm819 cp819 windows1252 cp1252 ansi ansix341968 usascii "
        "ascii iso646us us 7bit 8bit ansix341986 isolatin1 1252 xansi xunknown unknown8bit unknown default "
        "defaultcharset none binary xuserdefined",
    "utf8":
        "utf8 unicode11utf8 unicode20utf8 xunicode20utf8 utf8mb4 cp65001 65001 utf8n unicodeutf8 utf",
    "latin9":
        "iso885915 latin9 l9 iso88591euro",
    "turkish":
        "iso88599 latin5 windows1254 cp1254",
    "thai":
        "tis620 iso885911 windows874 cp874 xwindows874 dos874",
    "hebrew":
        "iso88598 iso88598i iso88598e windows1255 visual logical",
}.items() for label in labels.split()}
"""Labels as mailers write them, letters and digits only -> family."""

CODECS: dict[str, tuple[str, ...]] = {
    "koi8r": ("koi8_r",),
    "koi8u": ("koi8_u",),
    "koi8": ("koi8_r",),
    "xkoi8r": ("koi8_r",),
    "unicode": ("utf-16",),
    "macintosh": ("mac_roman",),
    "xmacroman": ("mac_roman",),
    "xmaccyrillic": ("mac_cyrillic",),
    "xmacjapanese": ("cp932",),
    "xmackorean": ("cp949",),
    "xmacce": ("mac_latin2",),
    "utf7": ("utf_7",),
    "unicode11utf7": ("utf_7",),
    "xunicode20utf7": ("utf_7",),
    "hzgb2312": ("hz",),
    "hz": ("hz",),
    "xcp1251": ("cp1251",),
    "xwindows1251": ("cp1251",),
    "win1251": ("cp1251",),
    "windows1251": ("cp1251",),
}
"""Labels with one plain answer that Python would miss or mistake."""

WINDOWS = {"iso8859-15": "cp1252", "iso8859-2": "cp1250", "iso8859-7": "cp1253", "iso8859-6": "cp1256"}
"""What is meant when a text in the set to the left holds octets that are control characters there."""

NEVER = frozenset((
    "base64_codec", "bz2_codec", "hex_codec", "quopri_codec", "rot_13", "uu_codec", "zlib_codec", "idna",
    "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "mbcs", "oem", "utf_32", "utf_32_be",
    "utf_32_le",
))
"""Codecs of Python that are no character sets of mail, or cost more than they are worth."""

_NOT_NAME = re.compile(r"[^a-z0-9]+")


def plain_label(label: str) -> str:
    """The label as it is looked up: lower case, letters and digits only."""
    return _NOT_NAME.sub("", label.lower())[:40]


@lru_cache(maxsize=256)
def codecs_of(label: str) -> tuple[str, ...]:
    """The Python codecs to try for a label, best first; () when nobody knows the label."""
    name = plain_label(label)
    if name.startswith("charset"):
        name = name.removeprefix("charset")
    if name in LABELS:
        return SUPERSETS[LABELS[name]]
    if name in CODECS:
        return CODECS[name]
    if name.startswith("windows125"):
        return ("cp" + name[7:11],)
    return _codec(label.strip()[:40]) or _codec(name) or _codec(name.removeprefix("x"))


def _codec(name: str) -> tuple[str, ...]:
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError, TypeError):
        return ()
    is_text = found.name.replace("-", "_") not in NEVER and getattr(found, "_is_text_encoding", True)
    return (found.name,) if is_text else ()


def is_western(label: str) -> bool:
    """True for labels that say little: latin-1, us-ascii, unknown and the like fit any bytes at all."""
    known = codecs_of(label)
    return not known or known[0] in ("cp1252", "latin_1", "ascii")
