"""Which characters are these bytes? Declared label, its superset, strict UTF-8, then a guess of our own, in that order.

Labels lie: Korean mailers write euc-kr or ks_c_5601-1987 and mean code page 949, others write gb2312 and mean GB 18030,
iso-8859-1 and mean windows-1252, utf-8 over bytes that never were. A label is therefore read as the largest set that
contains it, must decode without a fault, and gives way to UTF-8 when the bytes can hardly be anything else.
Nothing is lost: bytes that no set explains become U+FFFD, and a finding says so.
"""

import re
from functools import lru_cache

from gateway.mail.scripts import strangeness

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

LABELS: dict[str, str] = {
    **dict.fromkeys(
        [
            "euckr",
            "ksc56011987",
            "ksc56011989",
            "ksc5601",
            "ksc5601199",
            "ksx1001",
            "ksx10011992",
            "cp949",
            "ms949",
            "windows949",
            "xwindows949",
            "uhc",
            "xuhc",
            "korean",
            "isoir149",
            "cskseuckr",
            "csksc56011987",
            "949",
            "euckorea",
            "xeuckr",
            "kseuckr",
            "euckrs",
            "ibm949",
            "cseuckr",
            "hangul",
        ],
        "korean",
    ),
    **dict.fromkeys(["johab", "xjohab", "cp1361", "ksc5601johab", "ksc56011992"], "johab"),
    **dict.fromkeys(
        [
            "gb2312",
            "gb23121980",
            "gb231280",
            "gbk",
            "xgbk",
            "cp936",
            "ms936",
            "windows936",
            "gb18030",
            "euccn",
            "xeuccn",
            "chinese",
            "gb",
            "csgb2312",
            "isoir58",
            "936",
            "gb18030",
            "csiso58gb231280",
        ],
        "chinese",
    ),
    **dict.fromkeys(
        ["big5", "xbig5", "big5tw", "csbig5", "cp950", "windows950", "cnbig5", "xxbig5", "950", "big5eten"], "taiwanese"
    ),
    **dict.fromkeys(["big5hkscs", "big5hk", "hkscs"], "hongkong"),
    **dict.fromkeys(
        [
            "shiftjis",
            "sjis",
            "xsjis",
            "mskanji",
            "cp932",
            "windows31j",
            "windows932",
            "csshiftjis",
            "xmscp932",
            "ms932",
            "cswindows31j",
            "932",
            "shiftjisx0213",
        ],
        "shift",
    ),
    **dict.fromkeys(["eucjp", "xeucjp", "ujis", "cseucpkdfmtjapanese", "eucjpms", "cp51932"], "eucjp"),
    **dict.fromkeys(
        [
            "iso88591",
            "latin1",
            "l1",
            "iso885911987",
            "isoir100",
            "ibm819",
            "cp819",
            "windows1252",
            "cp1252",
            "ansi",
            "ansix341968",
            "usascii",
            "ascii",
            "iso646us",
            "us",
            "7bit",
            "8bit",
            "ansix341986",
            "isolatin1",
            "1252",
            "xansi",
            "xunknown",
            "unknown8bit",
            "unknown",
            "default",
            "defaultcharset",
            "none",
            "binary",
            "xuserdefined",
        ],
        "western",
    ),
    **dict.fromkeys(
        [
            "utf8",
            "unicode11utf8",
            "unicode20utf8",
            "xunicode20utf8",
            "utf8mb4",
            "cp65001",
            "65001",
            "utf8n",
            "unicodeutf8",
            "utf",
        ],
        "utf8",
    ),
    **dict.fromkeys(["iso885915", "latin9", "l9", "iso88591euro"], "latin9"),
    **dict.fromkeys(["iso88599", "latin5", "windows1254", "cp1254"], "turkish"),
    **dict.fromkeys(["tis620", "iso885911", "windows874", "cp874", "xwindows874", "dos874"], "thai"),
    **dict.fromkeys(["iso88598", "iso88598i", "iso88598e", "windows1255", "visual", "logical"], "hebrew"),
}
"""Labels as mailers write them, letters and digits only -> family."""

CODECS: dict[str, tuple[str, ...]] = {
    "koi8r": ("koi8_r",),
    "koi8u": ("koi8_u",),
    "koi8": ("koi8_r",),
    "xkoi8r": ("koi8_r",),
    "unicode": ("utf_16",),
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

NEVER = {
    "base64_codec",
    "bz2_codec",
    "hex_codec",
    "quopri_codec",
    "rot_13",
    "uu_codec",
    "zlib_codec",
    "idna",
    "punycode",
    "unicode_escape",
    "raw_unicode_escape",
    "undefined",
    "mbcs",
    "oem",
    "utf_32",
    "utf_32_be",
    "utf_32_le",
}
"""Codecs of Python that are no character sets of mail, or cost more than they are worth."""

GUESSES = (
    "cp949",
    "gb18030",
    "cp932",
    "euc_jp",
    "cp950",
    "cp1252",
    "cp1251",
    "koi8_r",
    "cp1250",
    "iso8859_2",
    "cp1253",
    "cp1254",
    "cp874",
    "cp1255",
    "cp1256",
    "iso8859_5",
    "iso8859_6",
    "koi8_u",
)
"""What bytes without a believable label may be, in the order in which a tie is decided."""

SELDOM = frozenset(["cp1250", "iso8859_2", "cp1254", "iso8859_5", "iso8859_6", "koi8_u"])
"""Guesses that must be better than the others."""

SAMPLE = 3000
"""Bytes with the high bit that a guess looks at: enough to know, little enough for 25 MB of noise."""

_CONTROLS = re.compile(rb"[\x80-\x9f]")
_FILLER = b"\xa4\xd4\xa4"
"""How KS X 1001 begins to spell a syllable: a filler and a letter."""
_SPELT = re.compile("\u3164([ㄱ-ㅎ])([ㅏ-ㅣ])([ㄱ-ㅎ\u3164])")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = "\u3164ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_ESCAPES = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJIH]|&@)")
_SHIFTED = re.compile(rb"\x0e([^\x0f\r\n]*)\x0f?")
_HIGH = bytes(each | 0x80 if 0x21 <= each <= 0x7E else each for each in range(256))
_THREE_BYTES = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")


@lru_cache(maxsize=256)
def codecs_of(label: str) -> tuple[str, ...]:
    """The Python codecs to try for a label, best first; () when nobody knows the label."""
    import codecs

    name = _NOT_NAME.sub("", label.lower())[:40]
    if name.startswith("charset"):
        name = name.removeprefix("charset")
    if name in LABELS:
        return SUPERSETS[LABELS[name]]
    if name in CODECS:
        return CODECS[name]
    try:
        found = codecs.lookup(label.strip()[:40])
    except (LookupError, ValueError, TypeError):
        found = None
    if found is None and name.startswith("windows125"):
        return ("cp" + name[7:11],)
    if found is None or found.name.replace("-", "_") in NEVER or not getattr(found, "_is_text_encoding", True):
        return ()
    return (found.name,)


def is_western(label: str) -> bool:
    """True for labels that say little: latin-1, us-ascii, unknown and the like fit any bytes at all."""
    codecs = codecs_of(label)
    return not codecs or codecs[0] in ("cp1252", "latin_1", "ascii")


def decode(raw: bytes, label: str = "", hint: str = "") -> tuple[str, str]:
    """The text and a finding ("" when the label was right). `hint`: a label used elsewhere in the same mail.

    Never raises. A finding is one of charset-guessed, charset-mislabelled, charset-broken.
    """
    text = _escaped(raw, label)
    if text is not None:
        return text, ""
    if raw.isascii():
        return raw.decode("ascii"), ""
    declared = codecs_of(label)
    if raw.startswith(b"\xef\xbb\xbf"):
        raw, declared = raw[3:], ("utf_8",)
    if declared and declared[0].startswith("utf_16"):
        return _wide(raw), ""
    return _decode_8_bit(raw, declared, label, hint)


def _decode_8_bit(raw: bytes, declared: tuple[str, ...], label: str, hint: str) -> tuple[str, str]:
    unicode = _strict(raw, "utf_8")
    if unicode is not None and (
        declared[:1] == ("utf_8",)
        or not declared
        or is_western(label)
        or _THREE_BYTES.search(raw)
        or (len(declared) == 1 and _is_single(declared[0]))
    ):
        return unicode, "" if declared[:1] == ("utf_8",) else "charset-mislabelled" if declared else ""
    if not is_western(label):
        for codec in declared:
            text = _strict(raw, WINDOWS.get(codec, codec) if _CONTROLS.search(raw) else codec)
            if text is not None:
                return text, ""
        text = _nearly(raw, declared)
        if text is not None:
            return text, "charset-broken"
    if unicode is not None:
        return unicode, "charset-mislabelled"
    for codec in codecs_of(hint) if not is_western(hint) else ():
        text = _strict(raw, codec)
        if text is not None:
            return text, "charset-guessed"
    return _guess(raw, is_western(label) and bool(label))


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return _composed(raw.decode(codec))
    except (UnicodeError, LookupError, ValueError):
        return None


def _composed(text: str) -> str:
    """KS X 1001 writes a syllable that it lacks as a filler and three letters (annex 3): they become the syllable."""
    return _SPELT.sub(_syllable, text) if "\u3164" in text else text


def _syllable(spelt: re.Match[str]) -> str:
    initial, medial, final = _INITIALS.find(spelt[1]), ord(spelt[2]) - ord("ㅏ"), _FINALS.find(spelt[3])
    return chr(0xAC00 + (initial * 21 + medial) * 28 + final) if initial >= 0 and final >= 0 else spelt[0]


def _is_single(codec: str) -> bool:
    return codec.startswith(("cp125", "iso8859", "koi8", "mac_", "cp874", "tis", "latin"))


def _nearly(raw: bytes, declared: tuple[str, ...]) -> str | None:
    """The declared set with replacement characters, when only a few bytes are wrong (a cut tail, one vendor"""
    """character)."""
    for codec in declared:
        text = raw.decode(codec, "replace")
        high = sum(map(text.count, ("\ufffd",)))
        good = len(text) - high - sum(1 for each in text[:SAMPLE] if each < "\x80")
        if (
            good > 0
            and high * 8 <= max(good, 8)
            and strangeness(text[:SAMPLE].replace("\ufffd", "")) < (1.0 if codec == "utf_8" else 0.6)
        ):
            return text
    return None


def _wide(raw: bytes) -> str:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return raw.decode("utf_16", "replace")
    return raw.decode("utf_16_le" if raw[1::2].count(0) > raw[0::2].count(0) else "utf_16_be", "replace")


def _guess(raw: bytes, western: bool) -> tuple[str, str]:
    """The candidate whose characters look least strange. A western label wins only where the bytes allow it."""
    sample = _sample(raw)
    best, best_strangeness = "", 9.0
    for codec in GUESSES:
        text = _composed(sample.decode(codec, "replace"))
        wrong = strangeness(text) + 4 * text.count("\ufffd") / max(1, sum(1 for each in text if each > "\x7f"))
        wrong += 0.03 * (codec in SELDOM) - 0.15 * (western and codec == "cp1252")
        wrong -= 0.5 * (codec == "cp949" and _FILLER in sample)
        if wrong < best_strangeness - 0.02:
            best, best_strangeness = codec, wrong
    text = _composed(raw.decode(best or "utf_8", "replace"))
    if western and best == "cp1252":
        return text, ""
    return text, "charset-broken" if "\ufffd" in text else "charset-guessed"


def _sample(raw: bytes) -> bytes:
    """The lines that hold high bytes, as far as a guess wants to see."""
    if len(raw) <= SAMPLE:
        return raw
    lines, size, start = [], 0, 0
    head = raw[: SAMPLE * 40]
    for line in head.split(b"\n", 2000):
        if not line.isascii():
            lines.append(line[:SAMPLE])
            size += len(lines[-1])
        if size > SAMPLE:
            break
        start += len(line) + 1
    return b"\n".join(lines) or raw[-SAMPLE:]


def _escaped(raw: bytes, label: str) -> str | None:
    """ISO-2022 text, whatever its label says: escapes (RFC 1468, RFC 1557) are rarer than wrong labels."""
    name = _NOT_NAME.sub("", label.lower())
    if b"\x1b" in raw and _ESCAPES.search(raw):
        return _iso_2022_jp(raw)
    if (b"\x1b$)C" in raw or name.startswith(("iso2022kr", "csiso2022kr"))) and (b"\x0e" in raw or raw.isascii()):
        pairs = _SHIFTED.sub(lambda found: found[1].translate(_HIGH), raw.replace(b"\x1b$)C", b""))
        return _composed(pairs.decode("cp949", "replace").replace("\x0f", ""))
    if b"\x1b$)A" in raw:
        return (
            raw.replace(b"\x1b$)A", b"").decode("gb18030", "replace")
            if b"\x0e" not in raw
            else _SHIFTED.sub(lambda found: found[1].translate(_HIGH), raw.replace(b"\x1b$)A", b"")).decode(
                "gb18030", "replace"
            )
        )
    if name in ("hzgb2312", "hz") or ((b"~{" in raw and b"~}" in raw and name in ("gb2312", "")) and raw.isascii()):
        return _hz(raw)
    if name in ("utf7", "unicode11utf7", "xunicode20utf7") and raw.isascii():
        return raw.decode("utf_7", "replace")
    return None


def _hz(raw: bytes) -> str | None:
    text = _strict(raw, "hz")
    return text if text is None or any("\u4e00" <= each <= "\u9fff" for each in text[:2000]) else None


def _iso_2022_jp(raw: bytes) -> str:
    """ISO-2022-JP through Shift_JIS of code page 932, so that circled digits and other vendor characters survive."""
    pieces = _ESCAPES.split(raw)
    texts = [pieces[0].decode("ascii") if pieces[0].isascii() else pieces[0].decode("cp932", "replace")]
    for escape, piece in zip(pieces[1::2], pieces[2::2], strict=False):
        if escape in (b"$B", b"$@"):
            texts.append(_kanji(piece))
        elif escape == b"$(D":
            texts.append((b"\x1b$(D" + piece + b"\x1b(B").decode("iso2022_jp_ext", "replace"))
        elif escape == b"(I":
            texts.append(piece.translate(_HIGH).decode("cp932", "replace"))
        elif escape != b"&@":
            texts.append(piece.decode("cp932", "replace"))
    return "".join(texts)


def _kanji(piece: bytes) -> str:
    out = bytearray()
    pairs = iter(piece)
    for first in pairs:
        if not 0x21 <= first <= 0x7E:
            out.append(first)
            continue
        second = next(pairs, 0)
        if not 0x21 <= second <= 0x7E:
            out += bytes((first, second)) if second else b"?"
            continue
        lead = (first + 1) // 2 + (0x70 if first < 0x5F else 0xB0)
        out += bytes((lead, second + (0x1F if second < 0x60 else 0x20) if first % 2 else second + 0x7E))
    return out.decode("cp932", "replace")
