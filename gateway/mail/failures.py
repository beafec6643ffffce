"""Why did a letter fail, and is the address dead (hard) or may the mail get through another day (soft)? RFC 3463.

The status decides where it is telling; beside a general one, and where none is given, the words do (reasons.py). Hard
is what mailing programs strike an address off for: no such mailbox, no such domain, moved, takes no mail at all. A
full or locked mailbox, the size, a refusal of the sender or of the content, and the net are soft.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.mail.reasons import PHRASES

HARD = frozenset(("5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4"))
"""Statuses of an address that will never work."""
_SOFT = frozenset(("5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.4", "5.7.25", "5.7.26"))
"""Statuses that say nothing against the address, whatever words stand beside them."""
_OTHERWISE = frozenset(("4.4.3", "5.1.8", "5.2.1", "5.3.4", "5.4.6", "5.7.1", "5.7.25", "5.7.26"))
"""What words mean that weigh more than a telling status which the other side did not write out itself."""
_GENERAL = frozenset(("5.0.", "5.1.", "5.2.", "5.3.", "5.4.", "5.5.", "5.7."))
"""Beside these the words decide: hosts use them for all kinds of refusals."""


@dataclass(frozen=True, slots=True)
class FailedRecipient:
    """One address that a letter did not reach (or not yet)."""

    recipient: str
    """The address; "" when only the reason could be read."""
    status: str
    """RFC 3463, such as "5.1.1"; deduced from the words where none was given."""
    is_hard: bool
    """The address is dead; False when another try may succeed."""
    diagnostic: str
    """What the other side said, one line; hostile text."""

STATUS = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?=[\s-])")
_FULL = next(pattern for status, pattern in PHRASES if status == "5.2.2")
_POLICY = [pattern for status, pattern in PHRASES if status == "5.7.1"]
_NOBODY = re.compile(r"recipient address(?:es)? rejected ?: access denied", re.IGNORECASE)
"""What Postfix maps and Microsoft 365 say of an unknown address; by itself "access denied" means the sender."""
SCAN_LIMIT = 1000
"""Characters of a diagnostic that are compared with the table."""


def meaning(diagnostic: str) -> str:
    """The status that the words of a diagnostic mean; "" when they mean nothing known."""
    return _meaning(re.sub(r"\s+", " ", diagnostic[:SCAN_LIMIT]))


@lru_cache(maxsize=64)
def _meaning(text: str) -> str:
    return next((status for status, pattern in PHRASES if pattern.search(text)), "")


def status_of(given: str, diagnostic: str) -> str:
    """The status given, else the one written in the diagnostic, else meant by its words, else by its reply code.

    A general one (x.0.0) gives way to a telling one that is written out, not to one that is only meant.
    """
    found = STATUS.search(given)
    given = found[1] if found and found[1][0] != "2" else ""
    text = diagnostic[:SCAN_LIMIT]
    written = [each for each in STATUS.findall(text) if each[0] != "2"]
    telling = next((each for each in (given, *written) if each and not each.endswith(".0.0")), "")
    if telling or given:
        return telling or given
    meant = meaning(diagnostic)
    code = _CODE.search(text)
    kind = written[0][0] if written else code[1][0] if code else ""
    if meant:
        return f"{kind or meant[0]}{meant[1:]}"
    return f"{kind or '5'}.0.0"


def is_hard(status: str, diagnostic: str) -> bool:
    """True when the address is dead: by its status, or by words that mean such a status beside a general one."""
    text = diagnostic[:SCAN_LIMIT]
    if status.startswith("4") or _FULL.search(text) or status in _SOFT:
        return False
    if status in HARD:
        # sendmail writes 5.1.1 for any bare 550: then what the host said about size, spam or a locked account counts.
        return status in text or meaning(diagnostic) not in _OTHERWISE
    if status.startswith("5.7.") and any(policy.search(_NOBODY.sub("", text)) for policy in _POLICY):
        return False
    return meaning(diagnostic) in HARD and status[:4] in _GENERAL
