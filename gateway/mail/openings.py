"""Where a quoted mail begins: a heading such as "On <date>, <name> wrote:", a line such as "Original Message", or the
fields of the mail that is quoted. The forms are those of headings.py.
"""

import re
from itertools import takewhile

from gateway.mail.headings import (
    DATE_LINE,
    ENDINGS,
    EVIDENCE,
    FROM_LINE,
    GENERIC,
    GROUPWISE,
    LINE,
    ORIGINAL,
    ORIGINAL_BARE,
    OTHER_LINE,
    WROTE,
)
from gateway.mail.readable import QUOTE_MARK
from gateway.mail.signs import holding

_RULE_ABOVE = re.compile(
    r"\s*(?:[-_=*]{3,}|[—–]{5,})\s*$|.{1,80}---\d{1,4}[./-]\d{1,2}[./-]\d{1,4} \d{1,2}:\d\d.{0,30}---"
)
"""A rule above the fields of a quoted mail may be short: html.py writes <hr> as three dashes. Notes has the author,
the date and the first words in its place.
"""
_WEEKDAYS = (
    "mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie|sáb|seg|ter|qua|qui|sex|"
    "man|mån|tir|tis|ons|tors?|fre|lør|lör|søn|sön|ma|ti|ke|to|pe|la|su|pn|pon|wt|śr|czw|pt|sob|niedz|po|út|st|čt|pá|"
    "ne|pirmd|otrd|trešd|ceturtd|piektd|sestd|svētd|пн|вт|ср|чт|пт|сб|вс|нд|mie|joi|vin|sâm|dum|uto|sri|čet|pet|sub|ned|zo|wo|vr|za|월|화|수|목|금|토|일"
)
"""As Gmail cuts them short in front of the date."""
_STARTS = re.compile(
    r"[\s*_>-]{0,8}(?:(?:on|am|le|el|em|no dia|il|op|den|dne|dnia|w dniu|at|vào|pada|в|у|на|στις|เมื่อ|בתאריך|في|在)\s|"
    rf"(?:{_WEEKDAYS})[.,]{{1,2}}\s\d|(?:{_WEEKDAYS})\s\d{{1,2}}[. ]|\d{{1,2}}\.?\s\w{{3,10}}\.?\s\d{{4}}|"
    r"[^\W\d_]{4,12},\s\d{1,2}\.?\s[^\W\d_]{3}|"
    r"\d{4}\s?[年년./-]|\d{1,2}[./]\s?\d{1,2}[./])",
    re.IGNORECASE,
)
"""How the first line of a heading begins: with the date, or the word in front of it."""
_AUTHOR = re.compile(r"[^<>@]{0,80}<\s?[^<>@\s]{1,100}@[^<>@\s]{1,100}\s?>")
"""Some headings name the author first, the date behind him."""
_WORD_ALONE = re.compile(r"\s{0,3}(?:On|Am|Le|El|Il|Em|Op|Den|Dne|Dnia|W dniu)\s{0,3}$")
"""A wrapped heading may break right behind its first word."""
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks of the writing direction, which stand around names in Hebrew and Arabic headings."""
_NAMED = re.compile(r"[^\W\d_][\w ]{0,20}[:：]\s")

_MARKS = f":：>＞]_=*~—–-{QUOTE_MARK}"
"""A line that begins a quote holds one of these signs, unless it ends with one of these words."""
_WORDS = ("wrote", "writes", "작성", "말", "글", "写道", "寫道", "schrieb", "écrit", "escribió", "escreveu", "scritto",
          "schreef", "yazdı", "yazdi", "rakstīja", "rašė", "original message", "원본 메시지", "ngliche nachricht",
          "message d'origine")
_SENTENCE_ENDS = frozenset((".", "?", "!", ",", ";", ")", "。", "？", "！", "다", "요"))
"""What no line of a heading ends with."""


def may_begin(lines: list[str]) -> list[int]:
    """The lines that are worth a look whether a quote begins there: in most mails hardly one."""
    marked = holding(lines, _MARKS)
    open_ended = [number for number, line in enumerate(lines) if line and line[-1] not in _SENTENCE_ENDS]
    text = "\n".join(lines).casefold() if open_ended else ""
    if not any(word in text for word in _WORDS):
        return marked
    ended = [each for each in open_ended if _may_end(lines[each]) or ORIGINAL_BARE.match(lines[each].strip())]
    return sorted({*marked, *ended})


def quote_begins(lines: list[str], number: int) -> tuple[int, int, bool] | None:
    """(first line of the heading, first line behind it, whether everything behind it is quoted) when one
    begins here."""
    line = lines[number]
    bare = line.replace("&nbsp;", " ").strip()
    if not bare or len(bare) > LINE:
        return None
    if bare == QUOTE_MARK:
        return number, number + 1, False
    if ORIGINAL.match(bare) or ORIGINAL_BARE.match(bare) or GROUPWISE.match(bare):
        return number, number + 1, True
    is_block = FROM_LINE.match(line) and _is_block(lines, number)
    if (is_block or (DATE_LINE.match(line) and _is_dated(lines, number))) and not _is_form(lines, number):
        return _with_rule(lines, number), number + 1, True
    if _may_end(line) and (start := heading_before(lines, number + 1)) is not None:
        return _with_fields(lines, start), number + 1, False
    return None


def heading_before(lines: list[str], end: int) -> int | None:
    """Where a heading begins whose last line is lines[end - 1]; None when that is no heading."""
    if end <= 0 or not _may_end(lines[end - 1]):
        return None
    best = None
    for start in range(end - 1, max(end - 6, -1), -1):
        if not lines[start].strip():
            break
        joined = " ".join(line.strip() for line in lines[start:end])
        if len(joined) > LINE:
            break
        if is_heading(joined):
            best = start if best is None or _goes_on(lines[start], lines[best]) else best
        elif best is not None and not _goes_on(lines[start], lines[best]):
            break
    return best


def is_heading(line: str) -> bool:
    """True for "On <date>, <name> wrote:" and its kin in other languages. One line, wrapped ones joined."""
    line = line if line.isascii() else _DIRECTIONS.sub("", line)
    if len(line) > LINE or not EVIDENCE.search(line):
        return False
    return bool(WROTE.match(line) or GENERIC.match(line))


def _may_end(line: str) -> bool:
    end = (_DIRECTIONS.sub("", line[-100:]) if not line.isascii() else line[-100:]).rstrip()
    # Every line is asked: where no mark follows the word, the word is all that has to be read.
    return bool(ENDINGS.search(end if end.endswith(("*", "_", ">", "-")) else end[-10:]))


def _goes_on(first: str, second: str) -> bool:
    """True when the second line is plainly the rest of a wrapped heading that the first one begins with its date."""
    first, second = _DIRECTIONS.sub("", first), _DIRECTIONS.sub("", second)
    if (_AUTHOR.match(first) and "@" not in second) or _WORD_ALONE.match(first):
        return True
    has_address = second.lstrip().startswith("<")
    starts = bool(_STARTS.match(first))
    is_dated = bool(EVIDENCE.search(first)) or ((has_address or starts) and bool(re.search(r"\d", first)))
    is_whole = bool(_STARTS.match(second)) and bool(re.search(r"\d{4}", second))
    return is_dated and (has_address or starts) and not is_whole


def _is_block(lines: list[str], number: int) -> bool:
    """From: is followed by two more of Sent:, To:, Subject: ... within a few lines."""
    near = [line for line in lines[number + 1 : number + 14] if line.strip()][:7]
    count = sum(1 for line in near if OTHER_LINE.match(line))
    is_ruled = number > 0 and bool(_RULE_ABOVE.match(lines[number - 1][:LINE]))
    is_dated = "@" in lines[number] and bool(re.search(r"\d{4}.{1,20}\d{1,2}:\d{2}", lines[number][:LINE]))
    return count >= 2 or (is_ruled and (count == 1 or is_dated))


def _is_dated(lines: list[str], number: int) -> bool:
    """Date: is followed by From: and one more, or by To: with an address, with nothing but blank lines in between."""
    near = [line for line in lines[number + 1 : number + 9] if line.strip()][:4]
    count = next((place for place, line in enumerate(near) if not is_field(line)), len(near))
    has_author = any(FROM_LINE.match(line) for line in near[:count])
    return (has_author and count >= 2) or (count >= 1 and EVIDENCE.search(near[0]) is not None and "@" in near[0])


def _is_form(lines: list[str], number: int) -> bool:
    """True when other things than a mail's fields stand in the block: "Message: ..." is what a web form sends."""
    block = list(takewhile(str.strip, lines[number : number + 30]))
    return len(block) > 1 and not is_field(block[-1][:LINE]) and bool(_NAMED.match(block[-1][:LINE]))


def is_field(line: str) -> bool:
    return bool(FROM_LINE.match(line) or OTHER_LINE.match(line))


def _with_fields(lines: list[str], number: int) -> int:
    """Where the fields begin that Yandex has below a rule, above its heading."""
    start = number
    while start > 0 and number - start < 3 and OTHER_LINE.match(lines[start - 1][:LINE]):
        start -= 1
    return start - 1 if 0 < start < number and _RULE_ABOVE.match(lines[start - 1][:LINE]) else number


def _with_rule(lines: list[str], number: int) -> int:
    start = number
    while (
        start > 0
        and number - start < 3
        and (not lines[start - 1].strip() or _RULE_ABOVE.match(lines[start - 1][:LINE]))
    ):
        start -= 1
    return start
