"""When was it sent? The Date field (RFC 5322 section 3.3), and how programs write it that never read that: zones by
name, hours of a half day, other orders, and the words of another language.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

_ZONES = {
    "KST": "+0900", "JST": "+0900", "HKT": "+0800", "SGT": "+0800", "PHT": "+0800", "ICT": "+0700", "WIB": "+0700",
    "IST": "+0530", "MSK": "+0300", "EEST": "+0300", "EET": "+0200", "CEST": "+0200", "MESZ": "+0200", "MEST": "+0200",
    "CET": "+0100", "MEZ": "+0100", "MET": "+0100", "BST": "+0100", "WEST": "+0100", "WET": "+0000", "BRT": "-0300",
    "AEST": "+1000", "AEDT": "+1100", "NZST": "+1200", "NZDT": "+1300",
}
"""Names that RFC 5322 section 4.3 does not know, as they are mostly meant."""
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan ene gen oca sty янв", "feb fév fev şub lut фев", "mar mär mrt mrz maa мар", "apr avr abr nis kwi апр",
            "may mai mag maj mei май мая", "jun juin giu haz cze июн", "jul juil lug tem lip июл",
            "aug aoû ago ağu sie авг", "sep set eyl wrz сен", "oct okt out ott eki paź окт", "nov kas lis ноя",
            "dec dez déc dic ara gru дек",
        ), start=1)
    for word in words.split()
}
"""How the name of a month begins -> its number."""
_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_EXACT = re.compile(
    rf"(?:[A-Z][a-z]{{2}}, )?(\d{{1,2}}) ({'|'.join(_NAMES)}) (19[7-9]\d|2\d{{3}}) (\d\d):(\d\d):(\d\d) "
    r"([+-][01]\d)([0-5]\d)(?: \([A-Za-z ]{1,20}\))?$"
)
"""As nearly every program writes it."""
_ODD = re.compile(r"[^\x00-\x7f]|\d ?[AaPp]\.?[Mm]\b|:\d\d\s*[\"A-Z]|[+-]\d{1,2}:\d\d")
"""What is not as the standard writes it."""
_COMMENT = re.compile(r"\([^()]*\)")
_HALF = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?\s*([AaPp])\.?[Mm]\b\.?")
_OFFSET = re.compile(r"(:\d\d)\s*\"?(?:GMT|UTC?)?\s*([+-])(\d{1,2}):?(\d\d)?\W*$")
_ZONE = re.compile(r"(:\d\d)\s+\"?([A-Z]{2,5})\"?$")
_COUNTED = re.compile(r"(\d{1,2})\s*[월月](?=\s+\d{4})")
"""A month that is a number with its word: "5 1월 2024"."""
_WORDED = re.compile(r"(?<!\d)(\d{1,2})\.?[\s-]+(?:de\s+)?([^\W\d_]{3,12})\.?,?[\s-]+(?:de\s+)?(\d{4})\b")
_ISO = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]*(?:(\d{1,2}):(\d{2})(?::(\d{2}))?)?\S*?\s*(Z|[+-]\d{2}:?\d{2})?$"
)
_KOREAN = re.compile(r"(\d{4})년\s*(\d{1,2})월\s*(\d{1,2})일(?:\D{0,12}?(오전|오후)?\s*(\d{1,2})[:시]\s*(\d{1,2}))?")
_NUMERIC = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})(?:\s+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def date(value: str) -> datetime | None:
    """The instant that a Date field names, in UTC; None when nobody can tell. A missing zone is read as UTC."""
    value = value.strip()[:200]
    if not value:
        return None
    if _ODD.search(value):
        value = _respelt(value)
    for read in (_exact, _standard, _iso, _numeric, _worded):
        try:
            found = read(value)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
        if found is not None:
            return found.astimezone(UTC)
    return None


def _exact(value: str) -> datetime | None:
    found = _EXACT.match(value)
    if found is None:
        return None
    day, month, year, hour, minute, second, hours, minutes = found.groups()
    zone = timedelta(hours=int(hours), minutes=int(hours[0] + minutes))
    at = (int(year), _NAMES.index(month) + 1, int(day), int(hour), int(minute), min(int(second), 59))
    return datetime(*at, tzinfo=timezone(zone))


def _respelt(value: str) -> str:
    """Hours of a half day, zones and numbered months as the standard has them."""
    value = _HALF.sub(_whole_day, _COMMENT.sub("", value).strip())
    value = _OFFSET.sub(lambda found: f"{found[1]} {found[2]}{found[3]:0>2}{found[4] or '00'}", value)
    value = _ZONE.sub(lambda found: f"{found[1]} {_ZONES.get(found[2], found[2])}", value)
    counted = _COUNTED.search(value)
    if counted and 1 <= int(counted[1]) <= len(_NAMES):
        day = value[: counted.start()].split()[-1:]
        return f"{' '.join(day)} {_NAMES[int(counted[1]) - 1]}{value[counted.end() :]}"
    return value


def _whole_day(found: re.Match[str]) -> str:
    hour = int(found[1]) % 12 + 12 * (found[4] in "Pp")
    return f"{hour}:{found[2]}:{found[3] or '00'}"


def _worded(value: str) -> datetime | None:
    """The month in another language."""
    found = _WORDED.search(value)
    word = found[2].lower() if found else ""
    number = _MONTHS.get(word[:4]) or _MONTHS.get(word[:3])
    return _standard(f"{found[1]} {_NAMES[number - 1]} {found[3]}{value[found.end() :]}") if found and number else None


def _standard(value: str) -> datetime | None:
    parsed = parsedate_tz(value)
    if parsed is None or not 1970 <= parsed[0] <= 9000:
        return None
    offset = parsed[9] or 0
    if abs(offset) >= 86400:
        offset = 0
    second = min(parsed[5], 59)
    return datetime(*parsed[:5], second, tzinfo=timezone(timedelta(seconds=offset)))


def _iso(value: str) -> datetime | None:
    korean = _KOREAN.search(value)
    if korean:
        year, month, day, half, hour, minute = korean.groups()
        hours = int(hour or 0) % 12 + 12 * (half == "오후") if half else int(hour or 0)
        return datetime(int(year), int(month), int(day), hours, int(minute or 0), tzinfo=timezone(timedelta(hours=9)))
    found = _ISO.match(value)
    if not found:
        return None
    zone = found[7] or "Z"
    minutes = 0 if zone == "Z" else int(zone[1:3]) * 60 + int(zone[-2:])
    place = timezone(timedelta(minutes=-minutes if zone[0] == "-" else minutes))
    year, month, day, hour, minute, second = (int(found[each] or 0) for each in range(1, 7))
    return datetime(year, month, day, hour, minute, second, tzinfo=place)


def _numeric(value: str) -> datetime | None:
    found = _NUMERIC.search(value)
    if not found:
        return None
    first, second, year, hour, minute, seconds = (int(each or 0) for each in found.groups())
    day, month = (first, second) if second <= 12 else (second, first)
    return datetime(year, month, day, hour, minute, seconds, tzinfo=UTC)
