"""Bounces in words of their own, as mail systems older than RFC 3464 (and some younger) write them: is it one, whom
does it name, and why?

Every system has its sentence in front of the failed addresses and its line in front of the returned mail; systems.py
lists them, failures.py what the reasons mean. All text is a stranger's: limits first, one pass each.
"""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from gateway.mail.absence import ABSENCE_SUBJECT
from gateway.mail.failures import SCAN_LIMIT, STATUS, FailedRecipient, is_hard, meaning, status_of
from gateway.mail.fields import Fields, visible
from gateway.mail.systems import (
    BODY,
    CERTAIN_DAEMON,
    COPY_BEGINS,
    DAEMON,
    DAEMON_NAME,
    GREETING,
    INTRODUCTIONS,
    OPENING,
    PERSON,
    REFUSAL,
    SUBJECT,
    SUCCESS,
    SUCCESS_TITLE,
)

if TYPE_CHECKING:
    from gateway.mail.message import Message

RECIPIENTS_LIMIT = 100
"""Recipients of one bounce that are read."""
TEXT_LIMIT = 60_000
"""Characters of a free-form bounce that are read: reasons stand in front, the returned mail behind."""

ADDRESS = re.compile(
    r"[^\s<>\"'(),;:\[\]@|"
    r"/\\=]{1,100}@[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9\u0080-\uffff_-]*\.)*[A-Za-z0-9\u0080-\uffff-]"
    r"*[A-Za-z0-9\u0080-\uffff]"
)
_CODE = re.compile(r"(?<![\d.])[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}")
_LIST_ALARM = re.compile(
    r"loop (?:alert|back warning)|unix from loop|fml system error|security alert|not member article|reject mail|"
    r"is rejected|you .{1,80} are not member",
    re.IGNORECASE,
)
"""What the list server fml calls the mails that it does not distribute."""
_LINK = re.compile(r"(?i)<?mailto:[^\s>\]]{0,300}>?")
_SENDER = re.compile(rf"\b(?:mail|messages?|e-?mails?) from:? ?<?({ADDRESS.pattern})", re.IGNORECASE)
"""Whose mail it was: never who did not get it."""
_ECHO = re.compile(
    r"(?mi)^[ \t]{0,10}(?:from|to|cc|sent|subject|date|message-id|보낸 ?사람|"
    r"받는 ?사람|제목|보낸 ?날짜|差出人|宛先|件名|送信日時|"
    r"发件人|收件人|主题|von|an|betreff|de|à|objet|para|asunto)[ \t]?:[ \t].*$"
)
"""Lines in which an older Exchange repeats the mail that it talks about."""


_REPLY = re.compile(rf"(?m)^(?:<<< )?[45]\d\d[ -]<?({ADDRESS.pattern})>?\.\.\.[ \t]*(.{{0,300}})$")
"""What a host said of a recipient: "550 <a@b>... User unknown"."""
_SAID = re.compile(r"\(reason: ([^\n]{1,900})\)[ \t]*$", re.MULTILINE)
"""What a host said, as sendmail repeats it; what the transcript makes of it ("User unknown") is sendmail's own."""
_HEAD = re.compile(
    r"(?m)^[ \t*<\"'\-]{0,12}(?:(?:smtp|rfc822|mailto|to|recipient|address|email|수신자|받는 사람)\s?[:;]\s?)?[<\[]?("
    + ADDRESS.pattern
    + ")",
    re.IGNORECASE,
)


def looks_like_bounce(message: "Message") -> bool:
    """A daemon as author with a subject or words that bounces have; or both of these and an address with its fault."""
    names = message.root.header.values
    if "x-failed-recipients" in names or ("x-mlserver" in names and _LIST_ALARM.search(message.subject[:300])):
        return True
    words = message.bounce_text[:8000]
    kind = message.root.type.get("report-type").lower()
    if kind == "disposition-notification":
        # Sieve's reject and full Dovecot boxes return a mail in the form of a receipt (RFC 5429 section 2.1.2).
        return bool(REFUSAL.search(words[:1500]))
    if kind not in ("", "delivery-status") or ABSENCE_SUBJECT.match(message.subject[:300]):
        return False
    if _is_success(message.subject[:300]) or (_is_success(words[:600]) and not _CODE.search(words)):
        return False
    if "@" in words[:1000] and OPENING.match(words[:1000]) and ADDRESS.search(words[:1000]):
        return True
    return _by_daemon(message, words) or _by_words(message, words)


def _is_success(words: str) -> bool:
    told = "deliver" in words.lower() and SUCCESS.search(words)
    return bool(told or SUCCESS_TITLE.match(words))


def _is_telling(words: str) -> bool:
    """An address and its fault. Not looked for before other signs are there: most mails are no bounces."""
    return bool("@" in words and ADDRESS.search(words) and (_CODE.search(words) or meaning(words)))


def _by_daemon(message: "Message", words: str) -> bool:
    local = message.from_email.partition("@")[0].lower()
    is_daemon = CERTAIN_DAEMON.match(local) or DAEMON_NAME.search(message.from_name) or _has_null_path(message.fields)
    if not is_daemon:
        return False
    has_words = bool(BODY.search(words))
    if _is_answer(message):
        return (not local or bool(CERTAIN_DAEMON.match(local))) and has_words and _is_telling(words)
    return has_words or bool(SUBJECT.search(message.subject))


def _by_words(message: "Message", words: str) -> bool:
    """A customer may ask about a parcel that was not delivered: without a daemon's name, an address and a fault must
    be there, or the mail that comes back."""
    if "@" not in words and not _brings_back(message):
        return False
    if not SUBJECT.search(message.subject) or _is_answer(message) or GREETING.match(words) or not BODY.search(words):
        return False
    is_likely = bool(DAEMON.match(message.from_email.partition("@")[0].lower())) or not message.from_email
    is_named = is_likely or (bool(SUBJECT.match(message.subject)) and not PERSON.search(words[:1000]))
    return is_named and (_brings_back(message) or _is_telling(words))


def _brings_back(message: "Message") -> bool:
    return any(part.kind in ("message/rfc822", "text/rfc822-headers") for part in message.root.children)


def _is_answer(message: "Message") -> bool:
    subject = message.subject
    is_marked = bool(re.match(r"(?i)(re|fwd?|aw|wg|tr|rv|답장|전달)\s?:", subject))
    return is_marked or (bool(message.in_reply_to) and not SUBJECT.search(subject))


def _has_null_path(fields: Fields) -> bool:
    return any(name.lower() == "return-path" and value.strip() in ("<>", "") for name, value in fields)


def failed_by_words(message: "Message", original: Fields) -> Iterator[FailedRecipient]:
    """The recipients that the words name, in their order; an address may come twice."""
    text = message.bounce_text[:TEXT_LIMIT]
    cut = COPY_BEGINS.search(text)
    words, copy = (text[: cut.start()], text[cut.start() :]) if cut and cut.start() > 40 else (text, "")
    words = _LINK.sub("", words)
    ours = {each.lower() for each in (message.from_email, *message.to, *_SENDER.findall(words))}
    named = [visible(value) for name, value in message.fields if name.lower() == "x-failed-recipients"]
    found = [(address, _reason(words, address)) for value in named for address in ADDRESS.findall(value)]
    bare = _ECHO.sub("", words)
    found = (
        found
        or list(_transcribed(bare, ours))
        or list(_introduced(bare, ours))
        or list(_mentioned(bare, ours))
        or list(_introduced(words, ours))
        or list(_mentioned(words, ours))
        or list(_mentioned(copy[:3000], ours, to_only=True))
    )
    if not found:
        to = next((value for name, value in original if name.lower() in ("x-original-to", "to")), "")
        found = [(address, words) for address in ADDRESS.findall(visible(to))[:1]]
    for address, reason in found[:RECIPIENTS_LIMIT]:
        yield _deduced(address, reason, words if len(found) == 1 else reason or words)


def _deduced(address: str, reason: str, words: str) -> FailedRecipient:
    """`words`: what is said beside the reason; one of several recipients has no part in what is said of others."""
    told = reason if _tells(reason) else words
    said = _SAID.search(told[:SCAN_LIMIT])
    if said and _tells(said[1]):
        told = said[1]
    status = status_of("", told)
    return FailedRecipient(address.strip("."), status, is_hard(status, told), one_line(reason or words))


def _tells(text: str) -> bool:
    return bool(meaning(text) or STATUS.search(text))


def _transcribed(words: str, ours: set[str]) -> Iterator[tuple[str, str]]:
    """sendmail before version 8 lists nobody: the replies in its transcript name the recipients."""
    if "Transcript of session" not in words or "following addresses" in words:
        return
    for found in _REPLY.finditer(words):
        if found[1].lower() not in ours and not _is_daemon(found[1]):
            yield found[1], found[2]


def _introduced(words: str, ours: set[str]) -> Iterator[tuple[str, str]]:
    """Addresses behind a sentence that introduces them, or at the head of a line that goes on with the reason."""
    intro = ""
    for count, found in enumerate(INTRODUCTIONS.finditer(words)):
        if (intro and found[0][:12].lower() != intro) or count > 200:
            continue
        block = words[found.start() : found.end() + 600]
        addresses = [each for each in ADDRESS.findall(block) if each.lower() not in ours and not _is_daemon(each)]
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
    for address in dict.fromkeys(ADDRESS.findall(words)):
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
    others = (found.start() for found in _HEAD.finditer(reason, 20) if found[1].lower() != address.lower())
    reason = reason[: next(others, len(reason))]
    return reason.strip(" \t\r\n>:.,\"')")


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text[:1500]).strip()[:500]
