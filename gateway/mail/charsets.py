"""Which characters are these bytes? Declared label, its superset, strict UTF-8, then a guess of our own, in that order.

Labels lie: Korean mailers write euc-kr or ks_c_5601-1987 and mean code page 949, others write gb2312 and mean GB 18030,
iso-8859-1 and mean windows-1252, utf-8 over bytes that never were. A label is therefore read as the largest set that
contains it, must decode without a fault, and gives way to UTF-8 when the bytes can hardly be anything else.
Nothing is lost: bytes that no set explains become U+FFFD, and a finding says so.
"""

import re

from gateway.mail.labels import WINDOWS, codecs_of, is_western, plain_label
from gateway.mail.scripts import strangeness

GUESSES = (
    "cp949", "gb18030", "cp932", "euc_jp", "cp950", "cp1252", "cp1251", "koi8_r", "cp1250", "iso8859_2",
    "cp1253", "cp1254", "cp874", "cp1255", "cp1256", "iso8859_5", "iso8859_6", "koi8_u", "johab",
)
"""What bytes without a believable label may be, in the order in which a tie is decided."""

LATIN = ("cp1252", "cp1250", "iso8859_2", "cp1254")
"""What is likelier where no byte with the high bit stands beside another: other alphabets write whole words in them."""

SELDOM = frozenset(["cp1250", "iso8859_2", "cp1254", "iso8859_5", "iso8859_6", "koi8_u", "johab"])
"""Guesses that must be better than the others."""

SAMPLE = 1000
"""Bytes with the high bit that a guess looks at: enough to know, little enough for 25 MB of noise."""

MENDED_LIMIT = 32 * 1024
"""Bytes of a text that is mended letter by letter."""
GUESSES_LIMIT = 20
"""Texts of one kind in one mail whose charset is guessed: a guess takes milliseconds."""
_SIDE_BY_SIDE = re.compile(rb"[\x80-\x9f]|[\x80-\xff]{2}")
_FEW_LETTERS = re.compile(rb"[^\x80-\xff]*(?:[\xc0-\xff][^\x80-\xff]*){1,4}")
_CONTROLS = re.compile(rb"[\x80-\x9f]")
_WIDE = (("utf-16",), ("utf-16-le",), ("utf-16-be",))
_BELIEVABLE = 0.4
"""Strangeness that a text in the set of its label stays under."""
_MARKS = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks of UTF-16."""
_FILLER = b"\xa4\xd4\xa4"
"""How KS X 1001 begins to spell a syllable: a filler and a letter."""
_SPELT = re.compile("\u3164([ㄱ-ㅎ])([ㅏ-ㅣ])([ㄱ-ㅎ\u3164])")
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FINALS = "\u3164ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"
_ESCAPES = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJIH]|&@)")
_SHIFTED = re.compile(rb"\x0e([^\x0f\r\n]*)\x0f?")
_HIGH = bytes(each | 0x80 if 0x21 <= each <= 0x7E else each for each in range(256))
_STRAY = re.compile(r"(?:(?<=[A-Za-z])|(?=..?[A-Za-z]))[\udc91-\udc97\udca0-\udcfe]{1,2}(?![\udc80-\udcff])", re.DOTALL)
"""One or two bytes that are no UTF-8, beside a letter."""
_BEYOND_ASCII = re.compile(r"[\x80-\ud7ff\ue000-\U0010ffff]")
_SURROGATE = re.compile(r"[\udc80-\udcff]")
_THREE_BYTES = re.compile(rb"[\xe0-\xf4][\x80-\xbf]{2}")


def decode(raw: bytes, label: str = "", hint: str = "", *, may_guess: bool = True) -> tuple[str, str]:
    """The text and a finding ("" when the label was right). `hint`: a label used elsewhere in the same mail.

    Never raises. A finding is one of charset-guessed, charset-mislabelled, charset-broken. Without may_guess, what
    label and hint do not explain is shown with replacement characters.
    """
    text = _escaped(raw, label)
    if text is not None:
        return text, ""
    declared = codecs_of(label)
    if declared in _WIDE or raw[:2] in _MARKS:
        text = _wide(raw, declared in _WIDE)
        if text is not None:
            return text, ""
    if raw.isascii():
        return raw.decode("ascii"), ""
    if raw.startswith(b"\xef\xbb\xbf"):
        raw, declared = raw[3:], ("utf_8",)
    elif declared in _WIDE:
        label, declared = "", ()
    return _decode_8_bit(raw, declared, label, "" if codecs_of(hint) in _WIDE else hint, may_guess)


def _decode_8_bit(
    raw: bytes, declared: tuple[str, ...], label: str, hint: str, may_guess: bool
) -> tuple[str, str]:
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
        text = _mended(raw) if may_guess and declared[:1] == ("utf_8",) else None
        if text is not None:
            return text, "charset-mislabelled"
        text = _nearly(raw, declared) if may_guess else raw.decode(declared[0], "replace")
        if text is not None:
            return text, "charset-broken"
    if unicode is not None:
        return unicode, "charset-mislabelled"
    for codec in codecs_of(hint) if not is_western(hint) else ():
        text = _strict(raw, codec)
        if text is not None:
            return text, "charset-guessed"
    if not may_guess:
        return raw.decode(next(iter(declared or codecs_of(hint)), "utf_8"), "replace"), "charset-broken"
    return _guess(raw, is_western(label or hint) and bool(label or hint))


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


def _mended(raw: bytes) -> str | None:
    """UTF-8 with letters of a Western set here and there in its words, as when two programs wrote one text."""
    text = raw.decode("utf_8", "surrogateescape") if len(raw) <= MENDED_LIMIT else ""
    if not _BEYOND_ASCII.search(text):
        return None
    text = _STRAY.sub(lambda found: found[0].encode("utf_8", "surrogateescape").decode("cp1252"), text)
    return None if _SURROGATE.search(text) else text


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
            and high * 8 <= max(good, 8 * (codec != "utf_8" or text[-1] == "\ufffd" or good > 3))
            and strangeness(text[:SAMPLE].replace("\ufffd", "")) < (1.0 if codec == "utf_8" else 0.6)
        ):
            return text
    return None


def _wide(raw: bytes, is_so_labelled: bool) -> str | None:
    """UTF-16, by its mark or by its label; None for other octets, over which mailers write that label too."""
    if raw[:2] in _MARKS:
        text = raw.decode("utf_16", "replace").removesuffix("\ufffd")
        return text if is_so_labelled or b"\x00" in raw or strangeness(text[:SAMPLE]) < _BELIEVABLE else None
    first, second = raw[0::2].count(0), raw[1::2].count(0)
    texts = [raw.decode(codec, "replace").removesuffix("\ufffd") for codec in ("utf_16_le", "utf_16_be")]
    if first != second:
        return texts[first > second]
    best = min(texts, key=lambda text: strangeness(text[:SAMPLE]))
    return best if strangeness(best[:SAMPLE]) < _BELIEVABLE else None


def _guess(raw: bytes, western: bool) -> tuple[str, str]:
    """The text by the likeliest codec. A western label wins only where the bytes allow it."""
    best = _likeliest(_sample(raw), western)
    text = _composed(raw.decode(best or "utf_8", "replace"))
    if western and best == "cp1252":
        return text, ""
    return text, "charset-broken" if "\ufffd" in text else "charset-guessed"


def likely_label(raw: bytes) -> str:
    """What the lines that are no UTF-8 seem to be in: "" when there are none. For a mail that does not say it, since
    all that it holds tells more than one short field."""
    if raw.isascii() or _strict(raw, "utf_8") is not None:
        return ""
    odd = b"\n".join(line for line in raw.splitlines() if not line.isascii() and _strict(line, "utf_8") is None)
    return _likeliest(odd[:SAMPLE], western=False)


def _likeliest(sample: bytes, western: bool) -> str:
    """The candidate whose characters look least strange."""
    best, best_strangeness = "", 9.0
    is_apart = not _SIDE_BY_SIDE.search(sample)
    # The fewer bytes there are to tell by, the more the label counts.
    trust = 0.0 if not western else 0.45 if _FEW_LETTERS.fullmatch(sample) else 0.15
    for codec in GUESSES:
        text = _composed(sample.decode(codec, "replace"))
        wrong = strangeness(text) + 4 * text.count("\ufffd") / max(1, sum(1 for each in text if each > "\x7f"))
        wrong += 0.03 * (codec in SELDOM) - trust * (codec == "cp1252") - 0.3 * (is_apart and codec in LATIN)
        wrong -= 0.5 * (codec == "cp949" and _FILLER in sample)
        if wrong < best_strangeness - 0.02:
            best, best_strangeness = codec, wrong
    return best


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
    name, has_escapes = plain_label(label), b"\x1b" in raw
    if has_escapes and _ESCAPES.search(raw):
        return _iso_2022_jp(raw)
    is_korean = (has_escapes and b"\x1b$)C" in raw) or name.startswith(("iso2022kr", "csiso2022kr"))
    if is_korean and (b"\x0e" in raw or raw.isascii()):
        pairs = _SHIFTED.sub(lambda found: found[1].translate(_HIGH), raw.replace(b"\x1b$)C", b""))
        return _composed(pairs.decode("cp949", "replace").replace("\x0f", ""))
    if has_escapes and b"\x1b$)A" in raw:
        return (
            raw.replace(b"\x1b$)A", b"").decode("gb18030", "replace")
            if b"\x0e" not in raw
            else _SHIFTED.sub(lambda found: found[1].translate(_HIGH), raw.replace(b"\x1b$)A", b"")).decode(
                "gb18030", "replace"
            )
        )
    if name in ("hzgb2312", "hz") or ((name in ("gb2312", "") and b"~{" in raw and b"~}" in raw) and raw.isascii()):
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
