"""A mail's content read for people and for handlers: octets in, values out (RFC 5322, MIME).

`parse` never raises and takes linear time: header fields and the places of the parts are read at once, under limits;
whatever costs more (text, HTML, attachments, the new words, the language, bounces) is read when it is first asked for.
The structured parser of the standard library is not used: it is quadratic or worse on hostile fields.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from gateway.mail import automatic as machines
from gateway.mail import dsn
from gateway.mail.addresses import Address, address_key, addresses
from gateway.mail.attachment import Attachment
from gateway.mail.body import Body, read_body
from gateway.mail.charsets import likely_label
from gateway.mail.dates import date
from gateway.mail.fields import Fields, Header, message_ids
from gateway.mail.html import sanitise
from gateway.mail.labels import is_western
from gateway.mail.language import language
from gateway.mail.quote import new_words
from gateway.mail.structure import Part, structure
from gateway.mail.words import decode_words, fold, tidy

WORDS_LIMIT = 20_000
"""Characters of a text whose words are looked at."""
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_:.-]{2,40})", re.IGNORECASE)
_WORD_CHARSET = re.compile(r"=\?([A-Za-z0-9_-]{2,40})\?[bBqQ]\?")
_FORWARD = re.compile(
    r"(?i)\s*(?:fwd?|fw|wg|tr|rv|enc|i|doorst|vs|전달|転送|转发|轉寄|пер|vl|ilt|továbbítás)\s?[:：]|\s*\[(?:fwd?|전달)"
)


@dataclass(frozen=True)
class Message:
    """What one message says. Fields are values for people: decoded, one line, without control characters."""

    raw: bytes = field(repr=False)
    root: Part = field(repr=False, compare=False)
    structure_findings: tuple[str, ...] = field(repr=False)
    hint: str = field(repr=False)
    """A charset label of the mail, for octets that carry none."""
    fields: Fields = field(repr=False)
    """The raw header fields (name, unfolded value); octets that are no UTF-8 are lone surrogates (surrogateescape)."""
    from_email: str
    """The author's address as written; "" when there is none at all."""
    from_name: str
    subject: str
    date: datetime | None
    """Aware, UTC; None when absent or unreadable."""
    message_id: str
    """With angle brackets; "" when none. So are in_reply_to and references."""
    in_reply_to: str
    references: tuple[str, ...]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    reply_to: str

    @cached_property
    def _body(self) -> Body:
        return read_body(self.raw, self.root, self.hint)

    @property
    def text(self) -> str:
        """The readable body, LF line ends."""
        return self._body.text

    @cached_property
    def html(self) -> str | None:
        """The sanitised HTML body with remote images blocked; None for a mail of plain text."""
        return self.designed()

    def designed(self, *, remote_images: bool = False) -> str | None:
        """The same, with images from the internet where the agent asked for them."""
        return None if self._body.html is None else sanitise(self._body.html, remote_images=remote_images)

    @cached_property
    def reply_text(self) -> str:
        """The new words: the text without quoted mail, its heading and the signature."""
        return new_words(self._body.marked, self._body.html, is_forward=bool(_FORWARD.match(self.subject)))

    @cached_property
    def words(self) -> frozenset[str]:
        """The words of what the author wrote now, each once, as words are compared; blanks stand between them."""
        return frozenset(fold((self.reply_text or self.text)[:WORDS_LIMIT]).split())

    @cached_property
    def language(self) -> str:
        """Such as "ko" or "en"; "en" when nothing tells."""
        return language(self.reply_text, self.subject, self.hint)

    @property
    def attachments(self) -> tuple[Attachment, ...]:
        return self._body.attachments

    @cached_property
    def findings(self) -> tuple[str, ...]:
        """What was odd, in single words such as "boundary-missing" or "charset-guessed"; reads the body."""
        return tuple(dict.fromkeys((*self.structure_findings, *self._body.findings)))

    @cached_property
    def automatic_reason(self) -> str:
        """Why a machine wrote it, by the message alone; "" for a person's."""
        return machines.automatic(self, None)

    @property
    def is_automatic(self) -> bool:
        return bool(self.automatic_reason)

    @cached_property
    def bounce_text(self) -> str:
        """All text that a bounce may say its reasons in: the body, or the plain parts of a report."""
        return self.text[:400_000]

    @cached_property
    def returned(self) -> dsn.Returned:
        return dsn.returned(self)

    @property
    def bounce(self) -> tuple[dsn.FailedRecipient, ...]:
        """The recipients that this mail reports as failed."""
        return self.returned.failed

    @property
    def is_bounce(self) -> bool:
        """True also for a bounce from which no recipient could be read."""
        return self.returned.is_bounce

    def field(self, name: str) -> str:
        """The first field of that name, "" when absent."""
        return self.root.header.get(name.lower())

    def written_by(self, author: str) -> "Message":
        """The message with the author whose domain was checked; "" leaves the one that was read here.

        A header can be made that another parser reads as of somebody else: he must not get what that one has proven.
        """
        if not author or address_key(author) == address_key(self.from_email):
            return self
        return replace(self, from_email=author, from_name="")


def parse(raw: bytes) -> Message:
    """Reads a message. Never raises; linear in its size; over a limit it is read as far as it goes, with a finding."""
    root, findings = structure(raw)
    header = root.header
    hint = _hint(raw, root)
    author = _author(header, hint)
    return Message(
        raw=raw,
        root=root,
        structure_findings=findings,
        hint=hint,
        fields=header.fields,
        from_email=author.email,
        from_name=author.name,
        subject=tidy(decode_words(header.get("subject"), hint)),
        date=date(header.get("date")) or _received(header.all("received")),
        message_id=next(iter(message_ids(header.get("message-id"), 1)), ""),
        in_reply_to=next(iter(message_ids(header.get("in-reply-to"), 1)), ""),
        references=message_ids(header.get("references")),
        to=_emails(header.all("to"), hint),
        cc=_emails(header.all("cc"), hint),
        reply_to=next((each for each in _emails(header.all("reply-to")[:1], hint) if "@" in each), ""),
    )


def _author(header: Header, hint: str) -> Address:
    """From; without an address there: Reply-To, Sender, Return-Path (the From's name is kept)."""
    name = ""
    for wanted in ("from", "reply-to", "sender", "return-path"):
        for value in header.all(wanted):
            for each in addresses(value, hint)[:20]:
                if wanted == "from":
                    name = each.name or name
                if "@" in each.email or (each.email and wanted == "from"):
                    return Address(each.email, name or each.name)
    return Address("", name)


def _received(values: Sequence[str]) -> datetime | None:
    """A mail without a Date was sent about when the first host to note it took it."""
    return next((found for value in values[:1] if (found := date(value.rpartition(";")[2]))), None)


def _emails(values: Sequence[str], hint: str) -> tuple[str, ...]:
    found = (each.email for value in values[:50] for each in addresses(value, hint))
    return tuple(dict.fromkeys(each for each in found if each))[:1000]


def _hint(raw: bytes, root: Part) -> str:
    """The charset that the mail speaks of: of its body, else of an encoded word in its fields, else what the octets
    of all its fields and its beginning seem to be in."""
    label = root.type.get("charset") or _spoken_of(raw, root)
    if label and not is_western(label):
        return label
    return likely_label(raw[: min(root.start, 20_000)] + raw[root.start : root.start + 20_000]) or label


def _spoken_of(raw: bytes, root: Part) -> str:
    found = _CHARSET.search(raw, root.start, root.start + 20_000) if root.children else None
    if found:
        return found[1].decode("ascii")
    words = _WORD_CHARSET.search(f"{root.header.get('subject')} {root.header.get('from')}"[:4000])
    return words[1] if words else ""
