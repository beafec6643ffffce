"""What does a calendar file say? The first event of an iCalendar (RFC 5545) in a few lines that need no language.

An invitation often comes without any other text. The lines are its name, when, where, and by whom, as the sender's
calendar wrote them; times are not moved to another zone.
"""

import re

LIMIT = 16 * 1024
"""Octets of a calendar that are looked at."""
_FOLD = re.compile(r"\r?\n[ \t]")
_EVENT = re.compile(r"^BEGIN:V(?:EVENT|TODO)\r?$", re.MULTILINE)
_LINE = re.compile(r'^([A-Z-]{1,40})((?:;[^:"\r\n]*(?:"[^"\r\n]*")?)*):(.*?)\r?$', re.MULTILINE)
_ZONE = re.compile(r"TZID=\"?/?([^;:\"]{1,80})")
_NAME = re.compile(r"CN=\"?([^;:\"]{1,200})")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)(\d\d)(Z?))?$")
_ESCAPE = re.compile(r"\\([nN,;\\])")
_UNUSUAL = ("CANCEL", "REPLY", "COUNTER", "DECLINECOUNTER", "REFRESH")


def summary(calendar: str) -> str:
    """Such as "Repair visit\\n2026-01-05 15:00 - 16:00 (Asia/Seoul)\\nSeoul office\\nHong Gildong"; "" for none."""
    text = _FOLD.sub("", calendar[:LIMIT])
    event = _EVENT.search(text)
    if event is None:
        return ""
    said: dict[str, tuple[str, str]] = {}
    for name, parameters, value in _LINE.findall(text[event.end() :].partition("\nEND:V")[0]):
        said.setdefault(name, (parameters, value))
    method = re.search(r"^METHOD:([A-Z]{1,20})\r?$", text, re.MULTILINE)
    lines = [
        method[1] if method and method[1] in _UNUSUAL else "",
        _plain(said, "SUMMARY"), _when(said), _plain(said, "LOCATION"), _organizer(said), _plain(said, "DESCRIPTION"),
    ]  # fmt: skip
    return "\n".join(line for line in lines if line)


def _plain(said: dict[str, tuple[str, str]], name: str) -> str:
    value = said.get(name, ("", ""))[1]
    return _ESCAPE.sub(lambda found: "\n" if found[1] in "nN" else found[1], value).strip()


def _organizer(said: dict[str, tuple[str, str]]) -> str:
    parameters, value = said.get("ORGANIZER", ("", ""))
    name = _NAME.search(parameters)
    return name[1] if name else re.sub(r"(?i)^mailto:", "", value).strip()


def _when(said: dict[str, tuple[str, str]]) -> str:
    """From, to, and the zone as the sender named it."""
    parameters, starts = said.get("DTSTART") or said.get("DUE", ("", ""))
    start, end = _TIME.match(starts), _TIME.match(said.get("DTEND", ("", ""))[1])
    if start is None:
        return ""
    until = _moment(end, after=start) if end and end[4] else ""
    zone = _ZONE.search(parameters)
    known_as = "UTC" if start[7] else zone[1] if zone else ""
    return _moment(start) + (f" - {until}" if until else "") + (f" ({known_as})" if known_as else "")


def _moment(found: re.Match[str], after: re.Match[str] | None = None) -> str:
    day, time = f"{found[1]}-{found[2]}-{found[3]}", f"{found[4]}:{found[5]}" if found[4] else ""
    return time if after and found.group(1, 2, 3) == after.group(1, 2, 3) else f"{day} {time}".strip()
