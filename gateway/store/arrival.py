"""A mail at the door, before it is kept."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from gateway.mail.authres import Verdict
from gateway.mail.envelope import Envelope
from gateway.mail.large import LargeMail
from gateway.mail.receipt import Receipt


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail at the end of DATA, with all that was found out about it."""

    envelope: Envelope
    content: bytes
    """As it is stored, our trace fields in front; of a large mail the header."""
    digest: str | None
    verdict: Verdict
    quarantined: bool
    kept_at: datetime
    size: int
    """Octets of the message as it was sent, without our trace fields."""
    receipt: Receipt | None = None
    """What the sender is told of it, for the outbox."""
    large: LargeMail | None = None
    """Where the body is when it was too large for memory."""

    @property
    def octets(self) -> int:
        """What its row will hold."""
        return len(self.content) + (self.large.size if self.large else 0)

    def whole(self) -> bytes | bytearray:
        return self.large.behind(self.content) if self.large else self.content


def digest(message_id: str, recipients: Iterable[str], content: bytes | LargeMail) -> str | None:
    """What makes two mails the same one, sent again after a lost 250. None without a Message-ID."""
    if not message_id:
        return None
    whole = content.hash if isinstance(content, LargeMail) else hashlib.sha256(content)
    for part in (message_id, *sorted(recipient.lower() for recipient in recipients)):
        whole.update(b"\0" + part.encode("utf-8", "replace"))
    return whole.hexdigest()
