"""The new words of a reply: without the quoted mail, its heading and the signature.

What is taken for a quote is only folded in the agents' page, never lost; and a stripper that eats the answer
is worse than one that leaves a quote. So: answers between quoted lines keep their context, forwarded mails stay
whole, and when nothing would be left, everything is kept.
"""

import re
from collections.abc import Sequence
from itertools import islice

from gateway.mail.headings import FORWARDED, GROUPWISE, JOINED, LINE, ORIGINAL
from gateway.mail.openings import heading_before, is_field, may_begin, quote_begins
from gateway.mail.readable import QUOTE_MARK, SIGNATURE_MARK, has_hints, readable
from gateway.mail.signatures import (
    RULE,
    has_words,
    is_quoted,
    only_signature,
    quoted_lines,
    without_list_footer,
    without_signature,
)
from gateway.mail.signs import holding

_SIGNED_BEGINS = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE_BEGINS, _SIGNATURE_ENDS = "-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----"
_ARMOUR_LIMIT = 200
"""Lines of a signature."""

LINES_LIMIT = 20_000
"""Lines that are looked at; a longer text is kept as it is."""
HEADINGS_LIMIT = 300
"""Lines with a sign of a heading that are looked at; the quoted mail behind so many is kept."""
BLOCKS_LIMIT = 20
"""Quoted blocks with a heading each that are taken off the end, one after the other."""

_MARKER = re.compile(
    r"[>\s|*]*##-? .{0,200}-?##\s*$|"
    r"[-#=*_~—–]{2,40}[^-#=*_~—–]{0,60}(?:(?:repl|respon|answer|type|writ|enter|comment)[^-#=*_~—–]{0,40}above this |"
    r"(?:über|oberhalb) dieser (?:zeile|linie)|au-dessus de cette ligne|encima de esta línea|acima desta linha|"
    r"sopra questa (?:riga|linea)|boven deze (?:regel|lijn)|выше этой (?:строки|линии|черты)|powyżej tej linii|"
    r"이 [줄선] 위|この[行線](?:より|の)上|此[行线線](?:以|之)?上)[^-#=*_~—–]{0,60}[-#=*_~—–]{0,40}\s*$|"
    r"(?:please )?(?:type (?:in )?your )?reply above this line\.?\s*$",
    re.IGNORECASE,
)
"""Our own line, and those of other help desks, which answer us through letters of their own."""
_MARKED = ("--", "==", "__", "~~", "**", "——")
"""How such a line begins, unless it holds "##": a quick look before the whole is tried."""
_ABOVE = ("this line", "THIS LINE")
"""What such a line says where nothing sets it apart."""
_SURE = re.compile(r"@|\d[:.h]\d\d|[,、，]|\uf8f1|wrote\s?-{3,}")
"""What a heading has above words that no mark sets apart; "On 5 January 2024 the agent wrote:" is a sentence."""
_SENTENCE = re.compile(
    r"\b(?:the|your|he|she|they|we|i|my|an?|his|her|our)\b[^,@<]{0,40}\b(?:wrote|said|sent|writes)\W*$|"
    r"^[^@]*(?:said|sent|보냈습니다|보낸 글|より|のメッセージ)\W*$",
    re.IGNORECASE,
)
"""What people write in front of words that they tell of."""
_QUOTED = re.compile(r"\s{0,3}[>＞|]")


def new_words(text: str, html: str | None = None, *, is_forward: bool = False) -> str:
    """What the author wrote now. `html`: the same body as HTML, for hints; `is_forward`: the subject says so."""
    lines = _lines(text, html)
    if len(lines) > LINES_LIMIT:
        return text.strip()
    kept = without_list_footer(_without_armour(lines))
    if not is_forward:
        kept = _without_quotes(_parted(_without_marker(kept)))
    kept = without_signature(without_list_footer(kept))
    words = _joined(kept)
    if "\n\n\n" in words and words not in _joined(lines):
        words = re.sub(r"\n{3,}", "\n\n", words)  # where lines were taken out between others
    return words if re.search(r"\w|\S\S", words) else _joined(lines)


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


def _joined(lines: list[str]) -> str:
    text = "\n".join([line.rstrip() for line in lines])
    if QUOTE_MARK in text or SIGNATURE_MARK in text:
        text = "\n".join(line for line in text.split("\n") if line.strip() not in (QUOTE_MARK, SIGNATURE_MARK))
        text = re.sub(r"\n{3,}", "\n\n", text)
    return text.strip("\n").rstrip()


def _without_armour(lines: list[str]) -> list[str]:
    """A text signed in the clear (RFC 9580 section 7) without the lines that are the signature's."""
    if not any(lines[place].startswith("-----BEGIN PGP SIGN") for place in holding(lines, "-")):
        return lines
    kept: list[str] = []
    place, is_signed = 0, False
    while place < len(lines):
        line = lines[place].rstrip()
        if line == _SIGNED_BEGINS:
            place, is_signed = place + _armour_fields(lines[place + 1 : place + 11]), True
        elif line == _SIGNATURE_BEGINS:
            place, is_signed = place + _armour(lines[place + 1 : place + _ARMOUR_LIMIT]), False
        else:
            kept.append(lines[place].removeprefix("- ") if is_signed else lines[place])
        place += 1
    return kept


def _armour_fields(behind: list[str]) -> int:
    """How many lines the fields of the signature take ("Hash: SHA512"), with the empty one that ends them."""
    return next((place + 1 for place, line in enumerate(behind) if not line.strip()), 0)


def _armour(behind: list[str]) -> int:
    """How many lines the signature takes; none where its end is missing."""
    last = next(((place, line) for place, line in enumerate(behind) if line.startswith("-----")), (0, ""))
    return last[0] + 1 if last[1].rstrip() == _SIGNATURE_ENDS else 0


def _without_marker(lines: list[str]) -> list[str]:
    """Everything from our own marker line on is our letter; its heading stands in front of it."""
    for number in _perhaps_markers(lines):
        if len(lines[number]) <= LINE and _MARKER.match(lines[number]):
            kept = lines[:number]
            while kept and (not kept[-1].strip(" >\xa0") or RULE.match(kept[-1])):
                kept.pop()
            start = heading_before(kept, len(kept))
            return kept[:start] if start is not None else kept
    return lines


def _perhaps_markers(lines: list[str]) -> Sequence[int]:
    text = "\n".join(lines)
    if any(words in text for words in _ABOVE):
        return range(len(lines))
    signs = holding(lines, "#-=_~*—")
    return [place for place in signs if "##" in lines[place] or lines[place].startswith(_MARKED)]


def _parted(lines: list[str]) -> list[str]:
    """An answer and the heading behind it on one line, above quoted lines, become two lines."""
    if not any("wrote:" in lines[place] for place in holding(lines, ":")):
        return lines
    parted: list[str] = []
    for number, line in enumerate(lines):
        start = _joined_at(lines, number) if "wrote:" in line else 0
        parted += [line[:start].rstrip("- "), line[start:]] if start and line[:start].strip(" -") else [line]
    return parted


def _joined_at(lines: list[str], number: int) -> int:
    """Where on this line the heading begins; 0 when none does."""
    line = lines[number]
    is_heading_like = line.rstrip().endswith("wrote:") and len(line) <= LINE and not is_quoted(line)
    is_above = is_heading_like and any(map(is_quoted, lines[number + 1 : number + 3]))
    return max((found.start() for found in JOINED.finditer(line)), default=0) if is_above else 0


def _without_quotes(lines: list[str]) -> list[str]:
    """Cuts at the first heading of a quoted mail, or leaves out the one block of quoted lines."""
    for number in islice(may_begin(lines), HEADINGS_LIMIT):
        line = lines[number]
        if len(line) > LINE:
            continue
        if is_quoted(line) and not GROUPWISE.match(line.strip()):
            return lines if _is_forwarded(lines[: number + 1]) else _without_blocks(lines)
        found = quote_begins(lines, number)
        if found is None:
            continue
        start, after, is_all = found
        following = next((each for each in lines[after:] if each.strip() not in ("", QUOTE_MARK)), "")
        if FORWARDED.match(following[:LINE].strip()) or _is_forwarded(lines[: number + 1]):
            return lines
        if not is_all and not is_quoted(following) and not _is_sure(" ".join(lines[start:after])):
            continue
        if is_all or not is_quoted(following):
            own = [each for each in lines[:start] if not is_field(each[:LINE])]
            return lines[:start] if has_words(own) else _below(lines, after)
        return _without_blocks(lines)
    kept = _without_blocks(lines)
    return lines if kept is not lines and _is_forwarded(lines) else kept


def _is_forwarded(lines: list[str]) -> bool:
    """Whether one of them, not quoted itself, says that what follows is a forwarded mail."""
    short = (line for line in lines if len(line) <= LINE)
    return any(FORWARDED.match(line.strip()) and not _QUOTED.match(line) for line in short)


def _is_sure(heading: str) -> bool:
    """True when what follows is a quoted mail though no mark says so."""
    return bool(_SURE.search(heading)) and not _SENTENCE.search(heading.strip())


def _below(lines: list[str], after: int) -> list[str]:
    """The answer below a mail that is quoted with its fields and with marks; all lines where it is not marked."""
    rest = lines[after:]
    named = (place for place, line in enumerate(rest) if line.strip() and not is_field(line[:LINE]))
    rest = rest[next(named, 0) :]
    blocks = _blocks(rest)
    is_one = len(blocks) == 1 and blocks[0][0] == 0
    return rest[blocks[0][1] :] if is_one and has_words(rest[blocks[0][1] :]) else lines


def _without_blocks(lines: list[str], depth: int = 0) -> list[str]:
    """Quoted lines at the end go; a single block with the answer below it goes; several mean answers in
    between: kept. `depth`: how many blocks at the end are gone already."""
    blocks = _blocks(lines)
    if not blocks or depth > BLOCKS_LIMIT:
        return lines
    start, end = blocks[-1]
    if not has_words(lines[end:]) or only_signature(lines[end:]):
        cut = lines[: _heading_start(lines, start)]
        if len(blocks) == 1:
            return cut + lines[end:] if has_words(cut) else lines
        if not has_words([line for line in cut if not is_quoted(line)]):
            return lines
        above = blocks[-2][0]
        is_headed = above < len(cut) < start and _heading_start(cut, above) == above
        return cut if is_headed and has_words(cut[:above]) else _without_blocks(cut, depth + 1)
    if len(blocks) > 1:
        return lines
    heading = _heading_start(lines, start)
    if heading == start and has_words(lines[:start]) and not _is_headed(lines[start:end]):
        return lines  # quoted by hand between two sentences of one's own
    rest = [] if _is_older(lines[end:]) and has_words(lines[:heading]) else _without_quotes(lines[end:])
    is_close = heading > 0 and bool(lines[heading - 1].strip())
    return lines[:heading] + (rest[_first(rest) :] if is_close else rest)


def _is_headed(block: list[str]) -> bool:
    """Whether a quoted block begins with its heading, which the program quoted with it."""
    return quote_begins([line.lstrip("> \t") for line in block[:6]], 0) is not None


def _is_older(lines: list[str]) -> bool:
    """True when the first words there announce one more quoted mail."""
    first = _first(lines)
    found = quote_begins(lines, first) if first < len(lines) else None
    return first == len(lines) or (found is not None and found[2])


def _blocks(lines: list[str]) -> list[tuple[int, int]]:
    """Runs of quoted lines; empty lines within a run belong to it, and so does a short wrapped rest of a
    quoted line."""
    blocks: list[tuple[int, int]] = []
    for number in quoted_lines(lines):
        if blocks and _is_rest(lines[blocks[-1][1] - 1], lines[blocks[-1][1] : number]):
            blocks[-1] = (blocks[-1][0], number + 1)
        else:
            blocks.append((number, number + 1))
    if blocks and blocks[-1][1] < len(lines) and _is_open(lines[blocks[-1][1] - 1]):
        blocks[-1] = (blocks[-1][0], blocks[-1][1] + 1)
    return blocks


def _is_rest(above: str, between: list[str]) -> bool:
    """True when lines between two quoted ones are no answer: empty, or what wrapping cut off the quoted line above."""
    if not has_words(between):
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
    heading = heading_before(lines, end)
    if (
        heading is None
        and end > 0
        and re.search(r"(?:wrote|작성|写道|寫道|書きました|schrieb|écrit)\s?[:：]$", lines[end - 1].strip()[-40:])
    ):
        heading = end - 1
    if heading is None and end > 0 and ORIGINAL.match(lines[end - 1][:LINE].strip()):
        heading = end - 1
    return start if heading is None else heading


def _first(lines: list[str]) -> int:
    """The place of the first line with anything on it."""
    return next((place for place, line in enumerate(lines) if line.strip()), len(lines))
