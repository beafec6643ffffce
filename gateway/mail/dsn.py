"""Delivery status: which of our recipients did not get a letter, and why (RFC 3464, RFC 6533, and the free-form bounces
of mail systems older than both).

What is accepted as evidence is decided elsewhere (a bounce counts only at a capability address of ours): this
only reads.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.mail.absence import ABSENCE_SUBJECT
from gateway.mail.content import octets_of
from gateway.mail.failures import STATUS, is_hard, meaning, status_of
from gateway.mail.fields import Fields, message_ids, read_header, visible
from gateway.mail.systems import BODY, CERTAIN_DAEMON, COPY_BEGINS, DAEMON, DAEMON_NAME, INTRODUCTIONS, SUBJECT

if TYPE_CHECKING:
    from gateway.mail.message import Message

RECIPIENTS_LIMIT = 100
"""Recipients of one bounce that are read."""
TEXT_LIMIT = 60_000
"""Characters of a free-form bounce that are read: reasons stand in front, the returned mail behind."""

_ADDRESS = re.compile(
    r"[^\s<>\"'(),;:\[\]@|/\\=]{1,100}@[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9\u0080-\uffff_-]*\.)*[A-Za-z0-9\u0080-\uffff-]"
    r"*[A-Za-z0-9\u0080-\uffff]"
)
_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}")
_XTEXT = re.compile(r"\+([0-9A-F]{2})")
_UNICODE = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
_WELL = ("delivered", "relayed", "expanded", "success")
_ECHO = re.compile(
    r"(?mi)^[ \t]{0,10}(?:from|to|cc|sent|subject|date|message-id|보낸 ?사람|"
    r"받는 ?사람|제목|보낸 ?날짜|差出人|宛先|件名|送信日時|"
    r"发件人|收件人|主题|von|an|betreff|de|à|objet|para|asunto)[ \t]?:[ \t].*$"
)
"""Lines in which an older Exchange repeats the mail that it talks about."""


_HEAD = re.compile(
    r"(?m)^[ \t*<\"'\-]{0,12}(?:(?:smtp|rfc822|mailto|to|recipient|address|email|수신자|받는 사람)\s?[:;]\s?)?[<\[]?("
    + _ADDRESS.pattern
    + ")",
    re.IGNORECASE,
)


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
    if not groups and b"Final-Recipient:" in message.raw and _looks_like_bounce(message):
        start = message.raw.find(b"Final-Recipient:")
        groups = list(_read_groups(message.raw[max(0, start - 200) : start + 8000].partition(b"\n--")[0]))
    is_report = bool(groups) or message.root.type.get("report-type").lower() == "delivery-status"
    suffered = [group for group in groups if _has_suffered(group)]
    if groups and not suffered and any(group.get("action") for group in groups):
        return Returned()
    if not is_report and not _looks_like_bounce(message):
        return Returned()
    original = _original_fields(message)
    failed = tuple(_unique(_from_group(group, message.bounce_text) for group in suffered))
    if not any(each.recipient for each in failed):
        failed = _free_form(message, original) or failed
    return Returned(True, failed, original, _original_id(message, original))


# ---- RFC 3464 ----------------------------------------------------------------------------------------------------


def _groups(message: "Message") -> Iterator[dict[str, str]]:
    """The per-recipient groups of all delivery-status parts, and of such fields pasted into a text."""
    for part in message.root.walk():
        if part.kind in ("message/delivery-status", "message/global-delivery-status") and not part.children:
            yield from _read_groups(octets_of(message.raw, part)[0])


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
    recipient = next(
        (
            found
            for name in ("final-recipient", "original-recipient", "x-actual-recipient")
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
    return FailedRecipient(recipient, status, is_hard(status, words), _one_line(diagnostic or words))


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
    found = _ADDRESS.search(address)
    return found[0].strip(".") if found else address.strip('<>" ') if "@" in address else ""


def _near(text: str, recipient: str) -> str:
    """What the free words say behind the recipient's name."""
    place = text.find(recipient)
    return text[place : place + 700] if place >= 0 else text[:1500]


# ---- free form ---------------------------------------------------------------------------------------------------


def _looks_like_bounce(message: "Message") -> bool:
    """A daemon as author with a subject or words that bounces have; or both of these and an address with its fault."""
    if any(name.lower() == "x-failed-recipients" for name, _ in message.fields):
        return True
    subject = message.subject
    if message.root.type.get("report-type").lower() not in ("", "delivery-status") or ABSENCE_SUBJECT.match(
        subject[:300]
    ):
        return False
    if re.match(r"(?i)(re|fwd?|aw|wg|tr|rv|답장|전달)\s?:", subject) or (
        message.in_reply_to and not SUBJECT.search(subject)
    ):
        return False
    words = message.bounce_text[:8000]
    has_subject, has_words = bool(SUBJECT.search(subject)), bool(BODY.search(words))
    local = message.from_email.partition("@")[0].lower()
    if CERTAIN_DAEMON.match(local) or DAEMON_NAME.search(message.from_name) or _has_null_path(message.fields):
        return has_subject or has_words
    # A customer may ask about a parcel that was not delivered: without a daemon's name, an
    # address and a fault must be there.
    is_telling = bool(_ADDRESS.search(words)) and bool(_CODE.search(words) or meaning(words))
    is_likely = bool(DAEMON.match(local)) or not message.from_email or bool(SUBJECT.match(subject))
    return has_subject and has_words and is_telling and is_likely


def _has_null_path(fields: Fields) -> bool:
    return any(name.lower() == "return-path" and value.strip() in ("<>", "") for name, value in fields)


def _free_form(message: "Message", original: Fields) -> tuple[FailedRecipient, ...]:
    text = message.bounce_text[:TEXT_LIMIT]
    cut = COPY_BEGINS.search(text)
    words, copy = (text[: cut.start()], text[cut.start() :]) if cut and cut.start() > 40 else (text, "")
    ours = {message.from_email.lower(), *(each.lower() for each in message.to)}
    named = [visible(value) for name, value in message.fields if name.lower() == "x-failed-recipients"]
    found = [(address, _reason(words, address)) for value in named for address in _ADDRESS.findall(value)]
    bare = _ECHO.sub("", words)
    found = (
        found
        or list(_introduced(bare, ours))
        or list(_mentioned(bare, ours))
        or list(_introduced(words, ours))
        or list(_mentioned(words, ours))
        or list(_mentioned(copy[:3000], ours, to_only=True))
    )
    if not found:
        to = next((value for name, value in original if name.lower() in ("x-original-to", "to")), "")
        found = [(address, words) for address in _ADDRESS.findall(visible(to))[:1]]
    return tuple(_unique(_deduced(address, reason, words) for address, reason in found[:RECIPIENTS_LIMIT]))


def _deduced(address: str, reason: str, words: str) -> FailedRecipient:
    told = reason if meaning(reason) or STATUS.search(reason) else words
    status = status_of("", told)
    return FailedRecipient(address.strip("."), status, is_hard(status, told), _one_line(reason or words))


def _introduced(words: str, ours: set[str]) -> Iterator[tuple[str, str]]:
    """Addresses behind a sentence that introduces them, or at the head of a line that goes on with the reason."""
    intro = ""
    for count, found in enumerate(INTRODUCTIONS.finditer(words)):
        if (intro and found[0][:12].lower() != intro) or count > 200:
            continue
        block = words[found.start() : found.end() + 600]
        addresses = [each for each in _ADDRESS.findall(block) if each.lower() not in ours and not _is_daemon(each)]
        if addresses and found.lastgroup == "one":
            yield addresses[0], _reason(words[found.start() :], addresses[0])
        elif addresses:
            for address in _listed(words[found.start() : found.end() + 6000], addresses[0], ours):
                yield address, _reason(words[found.start() :], address)
        intro = found[0][:12].lower() if addresses else intro
    if intro:
        return
    for line in re.finditer(
        r"(?m)^[ \t*-]{0,8}(?:\d{1,3}[.)]\s)?<?([^\s<>\"'(),;:@]{1,100}@[\w.-]{3,190})>?[ \t]*(?::|$|\.\.\.|\()", words
    ):
        if line[1].lower() not in ours and not _is_daemon(line[1]):
            yield line[1], _reason(words[line.start() :], line[1])


def _listed(block: str, first: str, ours: set[str]) -> list[str]:
    """The addresses behind an introduction that stand at the head of their own line; else the first of all."""
    heads = [each for each in _HEAD.findall(block) if each.lower() not in ours and not _is_daemon(each)]
    return heads[:RECIPIENTS_LIMIT] or [first]


def _mentioned(words: str, ours: set[str], to_only: bool = False) -> Iterator[tuple[str, str]]:
    if to_only:
        lines = re.findall(r"(?mi)^[>\s]{0,4}(?:to|rcpt to|x-original-to|받는 ?사람)\s?[:;](.{1,400})$", words)
        words = "\n".join(lines)
    for address in dict.fromkeys(_ADDRESS.findall(words)):
        if (
            address.lower() not in ours
            and not _is_daemon(address)
            and not re.search(r"\.(?:prod|local|mail)\.|=", address)
        ):
            yield address, "" if to_only else _reason(words, address)
            return


def _is_daemon(address: str) -> bool:
    return bool(DAEMON.match(address.partition("@")[0].lower()))


def _reason(words: str, address: str) -> str:
    """What is said behind an address, up to the next one of a list."""
    place = words.find(address)
    if place < 0:
        return ""
    reason = words[place + len(address) : place + len(address) + 900]
    other = re.search(r"\n\s*<?[^\s<>@]{1,100}@[\w.-]{3,190}>?:?\s*\n", reason)
    reason = reason[: other.start()] if other and other.start() > 20 else reason
    return reason.strip(" \t\r\n>:.,\"')")


def _unique(found: Iterator[FailedRecipient]) -> Iterator[FailedRecipient]:
    seen: set[str] = set()
    for each in found:
        if each.recipient.lower() not in seen:
            seen.add(each.recipient.lower())
            yield each


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text[:1500]).strip()[:500]


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
