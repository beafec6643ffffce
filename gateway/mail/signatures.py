"""What stands under every mail of somebody or of a list: signatures (RFC 3676 section 4.3), lines of mobile programs,
list footers. They go only where words remain above them.
"""

import re

from gateway.mail.headings import LINE, LIST_FOOTER, SIGNED
from gateway.mail.readable import SIGNATURE_MARK

SIGNED_LIMIT = 40
"""Signatures of mobile programs that are taken off the end, one after the other."""

RULE = re.compile(r"\s*(?:[_]{5,}|[-]{10,}|[=]{10,}|[*]{10,}|[—–]{5,})\s*$")
_RULE_OR_DASHES = re.compile(RULE.pattern + r"|\s*(?:--|—|––)\s*$")
_LIST_RULE = re.compile(r"\s*(?:_{2,}|[-=~*]{20,}|--)\s*$")
_SIGNATURE = re.compile(r"\s*(?:--|—|––)\s*$")
_DASHES = 40
"""Characters of the longest line that begins a signature."""
_LINK = re.compile(r"\[([^\[\]]{1,80})\]\([^()\s]{1,100}\)")
"""A link as Markdown writes it."""


def is_quoted(line: str) -> bool:
    return (">" in line or "＞" in line) and line.lstrip(" \t").startswith((">", "＞"))


def has_words(lines: list[str]) -> bool:
    return any(re.search(r"\w|\S\S", line) for line in lines)


def without_list_footer(lines: list[str]) -> list[str]:
    """What a mailing list added below a rule of its own, at the very end."""
    for number in range(len(lines) - 1, max(-1, len(lines) - 15), -1):
        if _LIST_RULE.match(lines[number][:LINE]):
            footer = [line for line in lines[number + 1 :] if line.strip()]
            is_list = len(footer) <= 8 and any(LIST_FOOTER.search(line[:LINE]) for line in footer)
            return lines[:number] if is_list and has_words(lines[:number]) else lines
    return lines


def without_signature(lines: list[str]) -> list[str]:
    """From "-- " on, and mobile signatures at the end; only where words remain in front."""
    first = next((number for number, line in enumerate(lines) if has_words([line])), len(lines))
    end = len(lines)
    for number in range(len(lines) - 1, first, -1):
        line = lines[number]
        if is_quoted(line):
            break
        if len(line) <= _DASHES and _begins_signature(line, lines[number + 1 : min(end, number + 31)]):
            end = number
    end = _end(lines, end, RULE)
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
    if not (line == "-- " or line.strip() == SIGNATURE_MARK or _SIGNATURE.match(line)):
        return False
    if line == "-- " or line.strip() == SIGNATURE_MARK:
        return True
    words = [each for each in behind[:30] if each.strip()]
    is_apart = bool(behind) and not behind[0].strip()
    return len(words) <= 10 and not is_apart and not any(re.search(r"[?？]\s*$", each) for each in words)


def only_signature(lines: list[str]) -> bool:
    words = [line for line in lines if line.strip()]
    return bool(words) and (
        bool(_SIGNATURE.match(words[0]))
        or words[0].strip() == SIGNATURE_MARK
        or (len(words) == 1 and bool(SIGNED.match(words[0].strip()[:LINE])))
    )
