"""What the door answers, and for whom it takes mail.

Every reply is a value: code (RFC 5321 section 4.2), enhanced status (RFC 3463, announced by RFC 2034) and one sentence
of ours. Nothing a client said is ever repeated in one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from gateway.config import Site
from gateway.desk.capability import Capabilities
from gateway.mail.envelope import NULL_PATH, Envelope, domain_of
from gateway.smtp.path import Path

MAX_REPLY = 500
"""Octets of a reply line before its CRLF (RFC 5321 section 4.5.3.1.5 allows 512 with it)."""


@dataclass(frozen=True)
class Reply:
    """One SMTP reply. `status` is "" where RFC 2034 wants none: greeting, HELO, EHLO, 354."""

    code: int
    status: str
    text: str
    ends: bool = False
    """The session is over with it."""

    def __str__(self) -> str:
        words = f"{self.code} {self.status} {self.text}" if self.status else f"{self.code} {self.text}"
        if not (words.isascii() and words.isprintable()):
            words = "".join(letter if " " <= letter <= "~" else "?" for letter in words)
        return words[:MAX_REPLY]

    @cached_property
    def line(self) -> bytes:
        """As it goes over the wire."""
        return str(self).encode() + b"\r\n"

    @property
    def is_refusal(self) -> bool:
        return self.code >= 400


# Commands (RFC 5321 section 4.3.2)
OK = Reply(250, "2.0.0", "OK")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
GO_AHEAD = Reply(354, "", "End data with <CR><LF>.<CR><LF>")
CHUNK_OK = Reply(250, "2.0.0", "Chunk taken")
BYE = Reply(221, "2.0.0", "Goodbye", ends=True)
READY_FOR_TLS = Reply(220, "2.0.0", "Ready to start TLS")
HELP = Reply(214, "2.0.0", "EHLO HELO STARTTLS MAIL RCPT DATA BDAT RSET NOOP VRFY HELP QUIT; postmaster is a person")
CANNOT_VERIFY = Reply(252, "2.0.0", "Addresses are not verified; send the mail and see")
UNKNOWN_COMMAND = Reply(500, "5.5.1", "No such command")
NOT_HERE = Reply(502, "5.5.1", "This server does not do that")
BAD_LINE = Reply(500, "5.5.2", "A command is printable text and ends with CR LF")
LONG_LINE = Reply(500, "5.5.2", "Line too long")
OTHER_GREETING = Reply(500, "5.5.1", "The greeting is LHLO with LMTP, EHLO with SMTP")
NO_HELO_NAME = Reply(501, "5.5.4", "EHLO or HELO wants one name or address literal")
NO_ARGUMENT = Reply(501, "5.5.4", "This command takes no argument")
AN_ARGUMENT = Reply(501, "5.5.4", "This command wants an argument")
MAIL_SYNTAX = Reply(501, "5.5.4", "It is: MAIL FROM:<address> [parameters]")
RCPT_SYNTAX = Reply(501, "5.5.4", "It is: RCPT TO:<address> [parameters]")
BAD_PARAMETER = Reply(501, "5.5.4", "A parameter is malformed or stands there twice")
UNKNOWN_PARAMETER = Reply(555, "5.5.4", "A parameter is not known here")
BAD_ATTRIBUTE = Reply(501, "5.5.4", "An attribute is malformed or not known here")
HELO_FIRST = Reply(503, "5.5.1", "EHLO or HELO comes first")
MAIL_FIRST = Reply(503, "5.5.1", "MAIL comes first")
MAIL_TWICE = Reply(503, "5.5.1", "There is a sender already")
NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients")
# RFC 2033 section 4.2 asks for this code.
NO_RECIPIENTS_LMTP = Reply(503, "5.5.1", "No valid recipients")
CHUNKS_BEGAN = Reply(503, "5.5.1", "The mail comes by BDAT already")
# Nobody can tell where the chunk behind it ends.
BDAT_SYNTAX = Reply(501, "5.5.4", "It is: BDAT size [LAST]", ends=True)
TLS_ALREADY = Reply(503, "5.5.1", "TLS is already there")
NOT_HTTP = Reply(554, "5.5.1", "This is a mail server", ends=True)

# Addresses
BAD_SENDER = Reply(501, "5.1.7", "The sender's address is malformed")
BAD_RECIPIENT = Reply(501, "5.1.3", "The recipient's address is malformed")
NEEDS_SMTPUTF8 = Reply(553, "5.6.7", "An address beyond ASCII needs SMTPUTF8")
NO_SUCH_MAILBOX = Reply(550, "5.1.1", "No such mailbox here")
NOT_RELAYED = Reply(550, "5.7.1", "Mail for that domain is not taken here; nothing is relayed")
GREYLISTED = Reply(451, "4.7.1", "We do not know you yet; try again in a few minutes")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients; send the rest in another transaction")

# Content
TOO_LARGE = Reply(552, "5.3.4", "The mail is larger than what SIZE in our EHLO says")
TOO_LARGE_BY_FAR = Reply(552, "5.3.4", "The mail is far larger than what SIZE in our EHLO says", ends=True)
BARE_LINE_END = Reply(550, "5.5.2", "A CR or LF stands alone; lines end with CR LF")
NUL_IN_HEADER = Reply(550, "5.6.0", "There is a NUL in the header")
LOOP = Reply(554, "5.4.6", "This mail has passed too many servers: it goes round in a circle")
STORE_BEHIND = Reply(451, "4.3.1", "More mail waits to be stored than we can hold; try again later")
STORE_FULL = Reply(452, "4.3.1", "Our disk is nearly full; try again later")
STORE_AWAY = Reply(451, "4.3.0", "We cannot keep mail at the moment; try again later")

# Sessions
FAULT = Reply(451, "4.3.0", "Something failed on our side; try again later")
FAULT_OF_SESSION = Reply(421, "4.3.0", "Something failed on our side; try again later", ends=True)
CROWDED = Reply(421, "4.3.2", "Too many connections; try again later", ends=True)
TOO_MANY_OF_CLIENT = Reply(421, "4.7.0", "Too many connections from your network; try again later", ends=True)
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors", ends=True)
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands and no mail", ends=True)
TOO_HASTY = Reply(421, "4.7.0", "Whoever does not wait for our replies is not understood", ends=True)
TOO_MANY_GUESSES = Reply(421, "4.7.0", "Too many unknown mailboxes from your network; try again later", ends=True)
TOO_SLOW = Reply(421, "4.4.2", "The mail comes too slowly", ends=True)
TIMEOUT = Reply(421, "4.4.2", "You were silent for too long", ends=True)
SESSION_TOO_LONG = Reply(421, "4.4.2", "The session took too long", ends=True)
SHUTTING_DOWN = Reply(421, "4.3.2", "We are shutting down; try again later", ends=True)
ENDLESS = Reply(421, "4.7.0", "Nobody reads that much", ends=True)

MAX_HOPS = 100
"""Received fields before a mail counts as going round (RFC 5321 section 6.3)."""
MAX_RETURNS = 5
"""Received fields of our own. Nothing is relayed here: but for a few of an operator, each is a turn in a circle."""
_RECEIVED_BY = re.compile(rb"\r\nreceived:(?:[^\r]|\r\n[ \t]){0,1000}?(?<=[ \t])by ([^\s;]+)")


def fault_of_content(content: bytes, hostname: str) -> Reply | None:
    """Why a message is refused whatever it says; None when nothing is wrong with its octets.

    hostname: our own. Only the fields of the message itself count: what is enclosed in it may have been here before.
    """
    end = content.find(b"\r\n\r\n")
    header = content if end < 0 else content[: end + 2]
    if b"\0" in header:
        return NUL_IN_HEADER
    header = b"\r\n" + header.lower()
    if header.count(b"\r\nreceived:") > MAX_HOPS or _returns(header, hostname.lower().encode()) > MAX_RETURNS:
        return LOOP
    return None


def _returns(header: bytes, hostname: bytes) -> int:
    """How often it was here before."""
    if hostname not in header:
        return 0
    return sum(name == hostname for name in _RECEIVED_BY.findall(header))


_CAPABILITY_LIKE = re.compile(r"[rbvs][0-9a-z]+(?:-[0-9a-z]*)?\.[0-9a-z]+\.[0-9a-z]{10,}", re.ASCII)
"""Three parts with dots between, the last one long, as in desk/capability: such a tag is good or it is nothing."""


class Mailboxes:
    """The addresses this door takes mail for. Nothing is relayed."""

    def __init__(self, site: Site, capabilities: Capabilities, now: Callable[[], datetime]) -> None:
        self._capabilities, self._now = capabilities, now
        self._support = {address.lower() for address in site.support}
        self._domains = site.domains
        self._places = self._domains | {site.hostname.lower()}
        self._home = domain_of(site.support[0])

    def find(self, path: Path, own_ip: str = "") -> str | None:
        """The address as it is kept; None when there is no such mailbox, whatever the cause.

        own_ip: where the client found us; a literal of it means us (RFC 1123 section 5.2.17).
        """
        if path.is_postmaster:
            return f"postmaster@{self._home}"
        if own_ip and path.literal == own_ip:
            path = Path(path.local, self._home)
        local, domain = path.plain_local.lower(), path.ascii_domain
        if local in ("postmaster", "abuse") and domain in self._places:
            return str(path)
        return str(path) if self._is_ours(local, domain) else None

    def refusal(self, path: Path, own_ip: str = "") -> Reply:
        """Why there is none: an address of ours that is not there, or another site's."""
        is_here = path.ascii_domain in self._places or (own_ip != "" and path.literal == own_ip)
        return NO_SUCH_MAILBOX if is_here else NOT_RELAYED

    def is_open_to_all(self, address: str) -> bool:
        """Whom even a suspect may write to, and who answers a letter of ours."""
        local = address.partition("@")[0].lower()
        return local in ("postmaster", "abuse") or self._capabilities.is_mailbox(address, self._now())

    def is_bounce(self, envelope: Envelope) -> bool:
        """A notification to the bounce address of a letter of ours: the address proves that it answers that letter."""
        found = [self._capabilities.read(address, self._now()) for address in envelope.recipients]
        return envelope.reverse_path == NULL_PATH and all(each and each.purpose == "bounce" for each in found)

    def _is_ours(self, local: str, domain: str) -> bool:
        address = f"{local}@{domain}"
        if address in self._support:
            return True
        mailbox, plus, tag = local.partition("+")
        if not plus or domain not in self._domains:
            return False
        if mailbox == "bounce" or _CAPABILITY_LIKE.fullmatch(tag):
            return self._capabilities.is_mailbox(address, self._now())
        return f"{mailbox}@{domain}" in self._support
