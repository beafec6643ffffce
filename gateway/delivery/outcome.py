"""What became of one try to hand a letter over, and the next host's words made fit to be kept and shown."""

import re
from dataclasses import dataclass

_LONGEST = 500
"""Characters of a reply that are kept."""
_ENHANCED = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})(?=\s|$)")
_UNSHOWABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """state: sent, deferred or bounced. reply: "code status text" on one line; the text is a stranger's."""

    state: str
    reply: str
    is_ours: bool = False
    """Nobody was asked: the fault is on our side, such as a disk that is full."""


def judge(code: int, text: str, host: str = "") -> Outcome:
    """Read an SMTP reply (RFC 5321 section 4.2.1): only a 5yz ends a letter, what is no reply at all defers it."""
    state = {2: "sent", 5: "bounced"}.get(code // 100, "deferred")
    if state == "deferred" and not 400 <= code < 500:
        code, text = 451, f"4.5.0 not an SMTP reply: {text}"
    return Outcome(state, written(code, text, host))


def deferred(status: str, text: str, host: str = "") -> Outcome:
    """Our own word for a try that failed for now (RFC 3463 status x.y.z)."""
    return Outcome("deferred", written(451, f"{status} {text}", host))


def faulted(text: str) -> Outcome:
    """A try that failed on our side."""
    return Outcome("deferred", written(451, f"4.3.0 trouble on our side: {text}"), is_ours=True)


def bounced(code: int, status: str, text: str) -> Outcome:
    """Our own word for a letter that no host will ever take."""
    return Outcome("bounced", written(code, f"{status} {text}"))


def written(code: int, text: str, host: str = "") -> str:
    """A reply on one line, always with an enhanced status, which is told once only, and without control characters."""
    lines = [_UNSHOWABLE.sub(" ", line).strip() for line in text[:_LONGEST * 4].split("\n")]
    status = _ENHANCED.match(lines[0])
    # A status of another class than the code is a host's mistake; the code decides (RFC 3463 section 2).
    said = status[0] if status and status[1] == str(code)[0] else f"{str(code)[0]}.0.0"
    words = " ".join(_ENHANCED.sub("", line, count=1).strip() if _ENHANCED.match(line) else line for line in lines)
    where = f" (host {host})" if host else ""
    return f"{code} {said} {words[:_LONGEST].strip()}{where}".replace("  ", " ")
