"""Delivery status: which of our recipients did not get a letter, and why (RFC 3464, RFC 6533, and the free-form bounces
of mail systems older than both).

What is accepted as evidence is decided elsewhere (a bounce counts only at a capability address of ours): this
only reads.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.mail.content import octets_of
from gateway.mail.failures import HARD, is_hard, meaning, status_of
from gateway.mail.failures import FailedRecipient as FailedRecipient
from gateway.mail.fields import Fields, message_ids, read_header, visible
from gateway.mail.freeform import ADDRESS, TEXT_LIMIT, failed_by_words, looks_like_bounce, one_line
from gateway.mail.notification import failed_by_notification
from gateway.mail.systems import COPY_BEGINS

if TYPE_CHECKING:
    from gateway.mail.message import Message

RECIPIENTS_LIMIT = 100
"""Recipients of one bounce that are read."""

_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_FINAL = re.compile(rb"(?im)^final-recipient:")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_WELL = ("delivered", "relayed", "expanded", "success")
_WHOLE = re.compile(r"[\s<\"']*([^\s<>\"(),;:\[\]@\\]{1,100}@[^\s<>\"'(),;:\[\]@\\]{1,255})[\s>\"']*$")
"""A value that is one address, whatever marks its local part has."""


@dataclass(frozen=True, slots=True)
class Returned:
    """What a bounce says and what it brought back."""

    is_bounce: bool = False
    failed: tuple[FailedRecipient, ...] = ()
    original_fields: Fields = ()
    """Header fields of the returned mail, () when it was not returned."""
    original_message_id: str = ""


def returned(message: "Message") -> Returned:
    """Reads a mail as a bounce. Linear; never raises."""
    groups = list(_groups(message))
    if not groups and (told := _unique(failed_by_notification(message.bounce_text))):
        return Returned(True, told)
    looks = looks_like_bounce(message) if not groups else True
    if looks and not groups:
        groups = list(_read_groups(_report_within(message.raw)))
    is_report = bool(groups) or message.root.type.get("report-type").lower() == "delivery-status"
    suffered = [group for group in groups if _has_suffered(group)]
    if groups and not suffered and any(group.get("action") for group in groups):
        return Returned()
    if not is_report and not looks:
        return Returned()
    original = _original_fields(message)
    read = _unique(_from_group(group, message.bounce_text) for group in suffered)
    failed = tuple(each for each in read if each.recipient) or _unique(failed_by_words(message, original)) or read
    return Returned(True, failed, original, _original_id(message, original))


def _unique(found: Iterable[FailedRecipient]) -> tuple[FailedRecipient, ...]:
    """Each address once, as it was first told of."""
    first: dict[str, FailedRecipient] = {}
    for each in found:
        first.setdefault(each.recipient.lower(), each)
    return tuple(first.values())


# ---- RFC 3464 ----------------------------------------------------------------------------------------------------


def _groups(message: "Message") -> Iterator[dict[str, str]]:
    """The per-recipient groups of all delivery-status parts."""
    for part in message.root.walk():
        if part.kind in ("message/delivery-status", "message/global-delivery-status") and not part.children:
            yield from _read_groups(octets_of(message.raw, part)[0])


def _report_within(raw: bytes) -> bytes:
    """The groups of a report that another system wrapped up in a bounce of its own, or pasted into a text."""
    found = _FINAL.search(raw, 0, 1 << 20)
    if found is None:
        return b""
    before = raw[max(0, found.start() - 1000) : found.start()].replace(b"\r\n", b"\n")
    return before.rpartition(b"\n\n")[2] + raw[found.start() : found.start() + 8000].partition(b"\n--")[0]


def _read_groups(raw: bytes) -> Iterator[dict[str, str]]:
    blocks = re.split(rb"\n[ \t]*\n", raw[: 1 << 20].replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    for block in blocks[:RECIPIENTS_LIMIT]:
        block = block.strip(b"\n") + b"\n\n"
        fields = {name.lower(): value for name, value in reversed(read_header(block, 0, len(block)).fields)}
        if "final-recipient" in fields or "original-recipient" in fields or "action" in fields:
            yield {name: visible(value) for name, value in fields.items()}


def _has_suffered(group: dict[str, str]) -> bool:
    action = re.sub(r"\(.*", "", group.get("action", "")).strip().lower()
    return action not in _WELL if action else group.get("status", "5")[:1] != "2"


def _from_group(group: dict[str, str], text: str) -> FailedRecipient:
    """The original recipient is whom we wrote to; the final one may be an alias's target that our books don't know."""
    recipient = next(
        (
            found
            for name in ("original-recipient", "final-recipient", "x-actual-recipient")
            if "." in (found := typed_address(group.get(name, ""))).rpartition("@")[2]
        ),
        "",
    )
    diagnostic = group.get("diagnostic-code", "") or group.get("x-supplementary-info", "") or group.get("x-notes", "")
    diagnostic = re.sub(r"^\s*(?:smtp|x-[\w-]+|unknown|utf-8)\s*;\s*", "", diagnostic, flags=re.IGNORECASE).strip()
    words = diagnostic if meaning(diagnostic) or not recipient else f"{diagnostic} {_near(text, recipient)}".strip()
    status = status_of(group.get("status", ""), words)
    if group.get("action", "").strip().lower().startswith("delayed") and status.startswith("5"):
        status = "4" + status[1:]
    hard = is_hard(status, diagnostic if status in HARD else words)
    return FailedRecipient(recipient, status, hard, one_line(diagnostic or words))


def typed_address(value: str) -> str:
    """The address of "rfc822; a@b" and its kin, xtext and \\x{...} forms decoded (RFC 3461, RFC 6533)."""
    kind, mark, address = value.partition(";")
    if not mark:
        kind, address = "", value
    address = address.strip()
    if kind.strip().lower() == "utf-8":
        address = _UNICODE.sub(lambda found: chr(min(int(found[1], 16), 0x10FFFF)), address)
        address = address.encode("utf-8", "replace").decode()
    elif "+" in address and "@" not in address:
        address = _XTEXT.sub(lambda found: chr(int(found[1], 16)), address)
    whole = _WHOLE.match(address)
    found = whole or ADDRESS.search(address)
    return found[found.lastindex or 0].strip(".") if found else address.strip('<>" ') if "@" in address else ""


def _near(text: str, recipient: str) -> str:
    """What the free words say behind the recipient's name."""
    place = text.find(recipient)
    return text[place : place + 700] if place >= 0 else text[:1500]


# ---- the returned mail -------------------------------------------------------------------------------------------


def _original_fields(message: "Message") -> Fields:
    """The header of the returned mail: its own part, or a copy pasted below the reasons."""
    for part in message.root.walk():
        if part is not message.root and part.kind in (
            "message/rfc822",
            "text/rfc822-headers",
            "message/global",
            "message/global-headers",
            "message/rfc822-headers",
            "text/rfc822-header",
        ):
            data = octets_of(message.raw, part)[0][:300_000].lstrip(b"\r\n")
            return read_header(data, 0, len(data)).fields
    text = message.bounce_text[: TEXT_LIMIT * 4]
    place = COPY_BEGINS.search(text)
    found = re.compile(r"(?mi)^[>\t ]{0,4}(?:return-path|received|message-id|from|date|to|subject)\s?:").search(
        text, place.start() if place else 0
    )
    if found is None:
        return ()
    data = re.sub(r"(?m)^> ?", "", text[found.start() : found.start() + 40_000]).encode("utf-8", "replace")
    return read_header(data, 0, len(data)).fields


def _original_id(message: "Message", original: Fields) -> str:
    for name, value in original:
        if name.lower() == "message-id" and message_ids(value):
            return message_ids(value)[0]
    found = re.search(r"(?i)message-?id\s?:\s*(<[^<>\s]{3,500}>)", message.bounce_text[: TEXT_LIMIT * 4])
    return found[1] if found else message.in_reply_to or (message.references[-1] if message.references else "")
