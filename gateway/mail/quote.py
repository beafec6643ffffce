"""The new words of a reply: without the quoted mail, its heading and the signature.

What is taken for a quote is only folded in the agents' page, never lost; and a stripper that eats the answer
is worse than
one that leaves a quote. So: answers between quoted lines keep their context, forwarded mails stay whole, and
when nothing would be left, everything is kept.
"""

import re
from itertools import takewhile

from gateway.mail.headings import (
    DATE_LINE,
    ENDINGS,
    EVIDENCE,
    FORWARDED,
    FROM_LINE,
    GENERIC,
    GROUPWISE,
    JOINED,
    LINE,
    LIST_FOOTER,
    ORIGINAL,
    ORIGINAL_BARE,
    OTHER_LINE,
    SIGNED,
    WROTE,
)
from gateway.mail.html import QUOTE_MARK, SIGNATURE_MARK, has_hints, readable

REPLY_MARKER = "##- Please type your reply above this line -##"
REPLY_MARKER_KOREAN = "##- 이 줄 위에 답장을 써 주세요 -##"
"""Lines that our own letters put above what they quote."""

LINES_LIMIT = 20_000
"""Lines that are looked at; a longer text is kept as it is."""
SIGNED_LIMIT = 40
"""Signatures of mobile programs that are taken off the end, one after the other."""
BLOCKS_LIMIT = 20
"""Quoted blocks with a heading each that are taken off the end, one after the other."""

_MARKER = re.compile(r"[>\s|*]*##- .{0,200}-##\s*$")
_RULE = re.compile(r"\s*(?:[_]{5,}|[-]{10,}|[=]{10,}|[*]{10,}|[—–]{5,})\s*$")
_RULE_ABOVE = re.compile(r"\s*(?:[-_=*]{3,}|[—–]{5,})\s*$")
"""A rule above the fields of a quoted mail may be short: html.py writes <hr> as three dashes."""
_RULE_OR_DASHES = re.compile(_RULE.pattern + r"|\s*(?:--|—|––)\s*$")
_SURE = re.compile(r"@|\d[:.h]\d\d|[,、，]|\uf8f1|wrote\s?-{3,}")
"""What a heading has above words that no mark sets apart; "On 5 January 2024 the agent wrote:" is a sentence."""
_NAMED = re.compile(r"[^\W\d_][\w ]{0,20}[:：]\s")
_LINK = re.compile(r"\[([^\[\]]{1,80})\]\([^()\s]{1,100}\)")
"""A link as Markdown writes it."""
_SIGNATURE = re.compile(r"\s*(?:--|—|––)\s*$")
_STARTS = re.compile(
    r"[\s*_>]{0,4}(?:(?:on|am|le|el|em|il|op|den|dne|w dniu|at|vào|в|у|在)\s|"
    r"\d{4}\s?[年년./-]|\d{1,2}[./]\s?\d{1,2}[./])",
    re.IGNORECASE,
)
"""How the first line of a heading begins: with the date, or the word in front of it."""
_QUOTED = re.compile(r"\s{0,3}[>＞|]")
_DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks of the writing direction, which stand around names in Hebrew and Arabic headings."""


def new_words(text: str, html: str | None = None, *, is_forward: bool = False) -> str:
    """What the author wrote now. `html`: the same body as HTML, for hints; `is_forward`: the subject says so."""
    lines = _lines(text, html)
    if len(lines) > LINES_LIMIT:
        return text.strip()
    kept = _without_list_footer(lines)
    if not is_forward:
        kept = _without_quotes(_parted(_without_marker(kept)))
    kept = _without_signature(_without_list_footer(kept))
    words = _clean(kept)
    return words if re.search(r"\w|\S\S", words) else _clean(lines)


def _lines(text: str, html: str | None) -> list[str]:
    """The lines to judge: with marks of the HTML when the text was made from it, or when they fit into it."""
    lines = text.split("\n")
    if html is None or QUOTE_MARK in text or SIGNATURE_MARK in text or not has_hints(html):
        return lines
    marked = readable(html, marks=True)
    if _bare(marked) == _bare(text):
        return marked.split("\n")
    return _with_mark(lines, marked)


def _bare(text: str) -> str:
    """The text without white space and all that a form of it may have and another not."""
    for mark in (">", "*", "_", QUOTE_MARK, SIGNATURE_MARK):
        text = text.replace(mark, "")
    return "".join(text.split())


def _with_mark(lines: list[str], marked: str) -> list[str]:
    """The plain text with the quote mark where its own words end, found by the last of them; unchanged when
    they differ."""
    before = _bare(marked.partition(QUOTE_MARK)[0])
    if QUOTE_MARK not in marked or not before:
        return lines
    seen = 0
    for number, line in enumerate(lines):
        seen += len(_bare(line))
        if seen >= len(before):
            is_same = seen == len(before) and _bare("".join(lines[: number + 1])) == before
            return [*lines[: number + 1], QUOTE_MARK, *lines[number + 1 :]] if is_same else lines
    return lines


def _clean(lines: list[str]) -> str:
    kept = (line for line in lines if line.strip() not in (QUOTE_MARK, SIGNATURE_MARK))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in kept)).strip("\n").rstrip()


def _without_marker(lines: list[str]) -> list[str]:
    """Everything from our own marker line on is our letter; its heading stands in front of it."""
    for number, line in enumerate(lines):
        if "##-" in line and _MARKER.match(line):
            kept = lines[:number]
            while kept and (not kept[-1].strip(" >\xa0") or _RULE.match(kept[-1])):
                kept.pop()
            start = _heading_before(kept, len(kept))
            return kept[:start] if start is not None else kept
    return lines


def _parted(lines: list[str]) -> list[str]:
    """An answer and the heading behind it on one line, above quoted lines, become two lines."""
    parted: list[str] = []
    for number, line in enumerate(lines):
        is_heading_like = line.rstrip().endswith("wrote:") and len(line) <= LINE and not _is_quoted(line)
        is_above = is_heading_like and any(map(_is_quoted, lines[number + 1 : number + 3]))
        start = max((found.start() for found in JOINED.finditer(line)), default=0) if is_above else 0
        parted += [line[:start].rstrip("- "), line[start:]] if line[:start].strip(" -") else [line]
    return parted


def _heading_before(lines: list[str], end: int) -> int | None:
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


def _may_end(line: str) -> bool:
    end = (_DIRECTIONS.sub("", line[-100:]) if not line.isascii() else line[-100:]).rstrip()
    # Every line is asked: where no mark follows the word, the word is all that has to be read.
    return bool(ENDINGS.search(end if end.endswith(("*", "_", ">", "-")) else end[-10:]))


def _goes_on(first: str, second: str) -> bool:
    """True when the second line is plainly the rest of a wrapped heading that the first one begins with its date."""
    has_address = second.lstrip().startswith("<")
    is_dated = bool(EVIDENCE.search(first)) or (has_address and bool(re.search(r"\d", first)))
    return is_dated and (has_address or bool(_STARTS.match(first))) and not _STARTS.match(second)


def is_heading(line: str) -> bool:
    """True for "On <date>, <name> wrote:" and its kin in other languages. One line, wrapped ones joined."""
    line = line if line.isascii() else _DIRECTIONS.sub("", line)
    if len(line) > LINE or not EVIDENCE.search(line):
        return False
    return bool(WROTE.match(line) or GENERIC.match(line))


def _quote_begins(lines: list[str], number: int) -> tuple[int, int, bool] | None:
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
    if _may_end(line) and (start := _heading_before(lines, number + 1)) is not None:
        return start, number + 1, False
    return None


def _is_block(lines: list[str], number: int) -> bool:
    """From: is followed by two more of Sent:, To:, Subject: ... within a few lines."""
    near = [line for line in lines[number + 1 : number + 14] if line.strip()][:7]
    count = sum(1 for line in near if OTHER_LINE.match(line))
    is_ruled = number > 0 and bool(_RULE_ABOVE.match(lines[number - 1][:LINE]))
    is_dated = "@" in lines[number] and bool(re.search(r"\d{4}.{1,20}\d{1,2}:\d{2}", lines[number][:LINE]))
    return count >= 2 or (is_ruled and (count == 1 or is_dated))


def _is_form(lines: list[str], number: int) -> bool:
    """True when other things than a mail's fields stand in the block: "Message: ..." is what a web form sends."""
    block = list(takewhile(str.strip, lines[number : number + 30]))
    return len(block) > 1 and not _is_field(block[-1][:LINE]) and bool(_NAMED.match(block[-1][:LINE]))


def _is_dated(lines: list[str], number: int) -> bool:
    """Date: is followed by From: and one more, or by To: with an address, with nothing in between."""
    near = lines[number + 1 : number + 5]
    count = next((place for place, line in enumerate(near) if not _is_field(line)), 4)
    has_author = any(FROM_LINE.match(line) for line in near[:count])
    return (has_author and count >= 2) or (count >= 1 and EVIDENCE.search(near[0]) is not None and "@" in near[0])


def _with_rule(lines: list[str], number: int) -> int:
    start = number
    while (
        start > 0
        and number - start < 3
        and (not lines[start - 1].strip() or _RULE_ABOVE.match(lines[start - 1][:LINE]))
    ):
        start -= 1
    return start


def _without_quotes(lines: list[str]) -> list[str]:
    """Cuts at the first heading of a quoted mail, or leaves out the one block of quoted lines."""
    for number, line in enumerate(lines):
        if len(line) > LINE:
            continue
        if FORWARDED.match(line.strip()) and not _QUOTED.match(line):
            return lines
        if _is_quoted(line) and not GROUPWISE.match(line.strip()):
            break
        found = _quote_begins(lines, number)
        if found is None:
            continue
        start, after, is_all = found
        following = next((each for each in lines[after:] if each.strip() not in ("", QUOTE_MARK)), "")
        if FORWARDED.match(following[:LINE].strip()):
            return lines
        if not is_all and not _is_quoted(following) and not _SURE.search(" ".join(lines[start:after])):
            continue
        if is_all or not _is_quoted(following):
            return lines[:start] if _has_words(lines[:start]) else _below(lines, after)
        break
    return _without_blocks(lines)


def _below(lines: list[str], after: int) -> list[str]:
    """The answer below a mail that is quoted with its fields and with marks; all lines where it is not marked."""
    rest = lines[after:]
    named = (place for place, line in enumerate(rest) if line.strip() and not _is_field(line[:LINE]))
    rest = rest[next(named, 0) :]
    blocks = _blocks(rest)
    is_one = len(blocks) == 1 and blocks[0][0] == 0
    return rest[blocks[0][1] :] if is_one and _has_words(rest[blocks[0][1] :]) else lines


def _is_field(line: str) -> bool:
    return bool(FROM_LINE.match(line) or OTHER_LINE.match(line))


def _is_quoted(line: str) -> bool:
    return line.lstrip(" \t").startswith((">", "＞"))


def _has_words(lines: list[str]) -> bool:
    return any(re.search(r"\w|\S\S", line) for line in lines)


def _without_blocks(lines: list[str], depth: int = 0) -> list[str]:
    """Quoted lines at the end go; a single block with the answer below it goes; several mean answers in
    between: kept. `depth`: how many blocks at the end are gone already."""
    blocks = _blocks(lines)
    if not blocks or depth > BLOCKS_LIMIT:
        return lines
    start, end = blocks[-1]
    if not _has_words(lines[end:]) or _only_signature(lines[end:]):
        cut = lines[: _heading_start(lines, start)]
        if len(blocks) == 1:
            return cut + lines[end:] if _has_words(cut) else lines
        if not _has_words([line for line in cut if not _is_quoted(line)]):
            return lines
        is_headed = len(cut) < start and _heading_start(cut, blocks[-2][0]) == blocks[-2][0]
        return cut if is_headed and _has_words(cut[: blocks[-2][0]]) else _without_blocks(cut, depth + 1)
    if len(blocks) > 1:
        return lines
    heading = _heading_start(lines, start)
    if heading == start and _has_words(lines[:start]):
        return lines  # quoted by hand between two sentences of one's own
    rest = _without_quotes(lines[end:]) if any(line.strip() for line in lines[end:]) else []
    is_close = heading > 0 and bool(lines[heading - 1].strip())
    return lines[:heading] + (rest[_first(rest) :] if is_close else rest)


def _first(lines: list[str]) -> int:
    """The place of the first line with anything on it."""
    return next((place for place, line in enumerate(lines) if line.strip()), len(lines))


def _only_signature(lines: list[str]) -> bool:
    words = [line for line in lines if line.strip()]
    return bool(words) and (
        bool(_SIGNATURE.match(words[0]))
        or words[0].strip() == SIGNATURE_MARK
        or (len(words) == 1 and bool(SIGNED.match(words[0].strip()[:LINE])))
    )


def _blocks(lines: list[str]) -> list[tuple[int, int]]:
    """Runs of quoted lines; empty lines within a run belong to it, and so does a short wrapped rest of a
    quoted line."""
    blocks: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        if not _is_quoted(line):
            continue
        if blocks and _is_rest(lines[blocks[-1][1] - 1], lines[blocks[-1][1] : number]):
            blocks[-1] = (blocks[-1][0], number + 1)
        else:
            blocks.append((number, number + 1))
    if blocks and blocks[-1][1] < len(lines) and _is_open(lines[blocks[-1][1] - 1]):
        blocks[-1] = (blocks[-1][0], blocks[-1][1] + 1)
    return blocks


def _is_rest(above: str, between: list[str]) -> bool:
    """True when lines between two quoted ones are no answer: empty, or what wrapping cut off the quoted line above."""
    if not _has_words(between):
        return True
    if len(between) > 2 or not all(line.strip() for line in between) or len(above) > LINE:
        return False
    first = between[0].strip()[:LINE]
    return (
        _is_open(above)
        or bool(re.match(r"[(<]https?://\S+\s?[)>]\s?>?$", first))
        or (len(above) >= 60 and first[0].islower() and above.rstrip()[-1] not in ".?!:;…。？！")
    )


def _is_open(line: str) -> bool:
    """True when a link begins on this line and does not end on it."""
    return max(line.rfind("(http"), line.rfind("<http")) > max(line.rfind(")"), line.rfind(">"))


def _heading_start(lines: list[str], start: int) -> int:
    """The first line of the heading above a quoted block, or the block's own first line."""
    end = start
    while end > 0 and not lines[end - 1].strip(" \xa0" + QUOTE_MARK):
        end -= 1
    heading = _heading_before(lines, end)
    if (
        heading is None
        and end > 0
        and re.search(r"(?:wrote|작성|写道|寫道|schrieb|écrit)\s?[:：]$", lines[end - 1].strip()[-40:])
    ):
        heading = end - 1
    if heading is None and end > 0 and ORIGINAL.match(lines[end - 1][:LINE].strip()):
        heading = end - 1
    return start if heading is None else heading


def _without_list_footer(lines: list[str]) -> list[str]:
    """What a mailing list added below a rule of its own, at the very end."""
    for number in range(len(lines) - 1, max(-1, len(lines) - 15), -1):
        if re.match(r"\s*(?:_{2,}|[-=~*]{20,}|--)\s*$", lines[number][:LINE]):
            footer = [line for line in lines[number + 1 :] if line.strip()]
            is_list = len(footer) <= 8 and any(LIST_FOOTER.search(line[:LINE]) for line in footer)
            return lines[:number] if is_list and _has_words(lines[:number]) else lines
    return lines


def _without_signature(lines: list[str]) -> list[str]:
    """From "-- " on, and mobile signatures at the end; only where words remain in front."""
    first = next((number for number, line in enumerate(lines) if _has_words([line])), len(lines))
    end = len(lines)
    for number in range(len(lines) - 1, first, -1):
        if _is_quoted(lines[number]):
            break
        if _begins_signature(lines[number], lines[number + 1 : min(end, number + 31)]):
            end = number
    end = _end(lines, end, _RULE)
    for _ in range(SIGNED_LIMIT):
        last = lines[end - 1].strip() if end else ""
        if not last or len(last) > 160 or not SIGNED.match(_LINK.sub(r"\1", last)) or end - 1 <= first:
            break
        end = _end(lines, end - 1, _RULE_OR_DASHES)
    return lines[:end]


def _end(lines: list[str], end: int, ruled: re.Pattern[str]) -> int:
    """The place behind the last line before `end` that is neither empty nor a rule."""
    while end and (not lines[end - 1].strip() or ruled.match(lines[end - 1][:LINE])):
        end -= 1
    return end


def _begins_signature(line: str, behind: list[str]) -> bool:
    """RFC 3676 section 4.3: "-- ". Dashes alone count right above a few lines that ask nothing."""
    if len(line) > 40 or not (line == "-- " or line.strip() == SIGNATURE_MARK or _SIGNATURE.match(line)):
        return False
    if line == "-- " or line.strip() == SIGNATURE_MARK:
        return True
    words = [each for each in behind[:30] if each.strip()]
    is_apart = bool(behind) and not behind[0].strip()
    return len(words) <= 10 and not is_apart and not any(re.search(r"[?？]\s*$", each) for each in words)
