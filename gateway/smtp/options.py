"""What stands behind the path of MAIL and RCPT, each after EHLO only (RFC 5321 section 4.1.1.11).

SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531); RET, ENVID, NOTIFY and ORCPT (RFC 3461, RFC 6533).
"""

import re
from collections.abc import Callable, Mapping, Sequence

from gateway.mail.receipt import Wish
from gateway.smtp import policy, xtext
from gateway.smtp.policy import Reply

Options = Mapping[str, str]
"""Values by keyword in capitals; "" where there is none."""
LONGEST_ID, LONGEST_RECIPIENT = 100, 500
"""Characters of ENVID and ORCPT (RFC 3461 sections 5.4 and 4.2)."""
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\u0080-\U0010ffff]+))?")
_NOTIFY = re.compile(r"NEVER|(?:SUCCESS|FAILURE|DELAY)(?:,(?:SUCCESS|FAILURE|DELAY))*", re.IGNORECASE)
_TYPE = re.compile(r"[A-Za-z0-9!#$%&'*/?^_`{|}~.-]+")


def read(words: Sequence[str], known: Mapping[str, Callable[[str], bool]], *, extended: bool) -> Options | Reply:
    """The parameters, or the reply to what is malformed, unknown, twice there, or said by a client of HELO."""
    found: dict[str, str] = {}
    if not words:
        return found
    for word in words:
        match = _PARAMETER.fullmatch(word)
        if not match or match[1].upper() in found:
            return policy.BAD_PARAMETER
        found[match[1].upper()] = match[2] or ""
    if not found.keys() <= known.keys() or (found and not extended):
        return policy.UNKNOWN_PARAMETER
    return found if all(known[name](value) for name, value in found.items()) else policy.BAD_PARAMETER


def original_recipient(value: str) -> str | None:
    """ORCPT as it will stand in a notification, `type;address` without xtext; None when it is malformed."""
    kind, _, address = value.partition(";")
    if len(value) > LONGEST_RECIPIENT or not _TYPE.fullmatch(kind) or not address:
        return None
    if kind.lower() == "utf-8":
        decoded = xtext.decode_utf8(address)
        return f"{kind};{decoded}" if decoded else None
    decoded = xtext.decode(address)
    return f"{kind};{decoded}" if decoded and decoded.isascii() else None


def envelope_id(value: str) -> str | None:
    """ENVID without xtext; None when it is malformed."""
    decoded = xtext.decode(value) if len(value) <= LONGEST_ID else None
    return decoded if decoded and decoded.isascii() else None


def wish(of_mail: Options, of_recipients: Sequence[tuple[str, Options]]) -> Wish | None:
    """Who is to be told of the arrival for whom; None when nobody asked."""
    asked = tuple(
        (address, original_recipient(told.get("ORCPT", "")) or "")
        for address, told in of_recipients
        if address and "SUCCESS" in told.get("NOTIFY", "").upper().split(",")
    )
    return Wish(asked, envelope_id(of_mail.get("ENVID", "")) or "") if asked else None


def _is(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda value: bool(compiled.fullmatch(value))


OF_MAIL: dict[str, Callable[[str], bool]] = {
    "SIZE": _is(r"[0-9]{1,20}"),
    "BODY": _is("7BIT|8BITMIME"),
    "SMTPUTF8": _is(""),
    "RET": _is("FULL|HDRS"),
    "ENVID": lambda value: envelope_id(value) is not None,
}
OF_RCPT: dict[str, Callable[[str], bool]] = {
    "NOTIFY": lambda value: bool(_NOTIFY.fullmatch(value)),
    "ORCPT": lambda value: original_recipient(value) is not None,
}
