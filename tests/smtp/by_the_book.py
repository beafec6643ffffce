"""What the door has to answer, told from the octets of a session alone: a second reading of RFC 5321 and its
extensions, simple where the door is fast. How the octets were cut into pieces it does not see, so it cannot matter.

    book = Book(size=20_000, recipients=5, errors=20)
    book.hears(b"EHLO x\\r\\nNOOP\\r\\n")
    assert book.replies == ["220", "250", "250 2.0.0"]

It knows addresses and parameters by the lines below only, each with what it gets in its place.
"""

import re
from dataclasses import dataclass, field

SUPPORT = "support@example.com"
MAIL: dict[bytes, str] = {
    b"MAIL FROM:<alice@example.org>": "250 2.1.0",
    b"mail from:<> BODY=8BITMIME": "250 2.1.0",
    b"MAIL FROM: <\"a b\"@example.org> SIZE=100": "250 2.1.0",
    b"MAIL FROM:<@one.example,@two.example:bob@example.net> RET=HDRS ENVID=QQ314159": "250 2.1.0",
    "MAIL FROM:<민지@example.org> SMTPUTF8".encode(): "250 2.1.0",
    "MAIL FROM:<민지@example.org>".encode(): "553 5.6.7",
    b"MAIL FROM:<alice@example.org> SIZE=99999999": "552 5.3.4",
    b"MAIL FROM:<alice@example.org> COLOUR=RED": "555 5.5.4",
    b"MAIL FROM:<alice@example.org> BODY=8BITMIME BODY=7BIT": "501 5.5.4",
    b"MAIL FROM:<alice@example.org> SIZE=many": "501 5.5.4",
    b"MAIL FROM:<alice@example..org>": "501 5.1.7",
    b"MAIL FROM:<alice>": "501 5.1.7",
    b"MAIL FROM:alice@example.org": "501 5.5.4",
    b"MAIL": "501 5.5.4",
}
"""When a sender is due, after EHLO."""
RCPT: dict[bytes, str] = {
    b"RCPT TO:<support@example.com>": "250 2.1.5",
    b"rcpt to:<SUPPORT+a@EXAMPLE.COM>": "250 2.1.5",
    b"RCPT TO: <\"support+b\"@example.com> NOTIFY=NEVER": "250 2.1.5",
    b"RCPT TO:<Postmaster>": "250 2.1.5",
    b"RCPT TO:<abuse@example.com> ORCPT=rfc822;x@example.org": "250 2.1.5",
    b"RCPT TO:<nobody@example.com>": "550 5.1.1",
    b"RCPT TO:<somebody@elsewhere.example>": "550 5.7.1",
    b"RCPT TO:<support@example.com> NOTIFY=NEVER,SUCCESS": "501 5.5.4",
    b"RCPT TO:<support@example.com> SIZE=5": "555 5.5.4",
    b"RCPT TO:<>": "501 5.1.3",
    b"RCPT TO:<support@>": "501 5.1.3",
    b"RCPT TO:support@example.com": "501 5.5.4",
}
"""When a recipient is due, after EHLO."""
PLAIN: dict[bytes, str] = {
    b"EHLO client.example.org": "250", b"ehlo [127.0.0.1]": "250", b"HELO x": "250", b"EHLO": "501 5.5.4",
    b"EHLO two words": "501 5.5.4", b"LHLO x": "500 5.5.1", b"RSET": "250 2.0.0", b"RSET x": "501 5.5.4",
    b"NOOP": "250 2.0.0", b"NOOP a b": "250 2.0.0", b"noop ": "250 2.0.0", b"VRFY": "501 5.5.4",
    b"VRFY support": "252 2.0.0", b"EXPN x": "502 5.5.1", b"HELP": "214 2.0.0", b"AUTH PLAIN x": "502 5.5.1",
    b"ETRN x": "502 5.5.1", b"XCLIENT ADDR=192.0.2.7": "502 5.5.1", b"XFORWARD NAME=x": "502 5.5.1",
    b"PROXY TCP4 192.0.2.7 192.0.2.1 1 2": "500 5.5.1", b"STARTTLS now": "501 5.5.4", b"DATA now": "501 5.5.4",
    b"QUIT now": "501 5.5.4", b"": "500 5.5.1", b"RSETX": "500 5.5.1", b"\xff\xfe": "500 5.5.2",
    b"NOOP \x07": "500 5.5.2", b"NO\0OP": "500 5.5.2", "NOOP \u2028".encode(): "500 5.5.2",
}
"""At any time."""
ENDING: dict[bytes, str] = {b"QUIT": "221 2.0.0", b"GET / HTTP/1.1": "554 5.5.1", b"BDAT much": "501 5.5.4",
                            b"BDAT 99999999999999999999": "552 5.3.4"}  # fmt: skip
"""The session is over behind them."""
_BDAT = re.compile(rb"BDAT ([0-9]{1,9})( LAST)?", re.IGNORECASE)


@dataclass
class Book:
    """size: octets of the largest mail; recipients: of one mail; errors: refusals until the session ends."""

    size: int
    recipients: int
    errors: int
    replies: list[str] = field(default_factory=lambda: ["220"])
    """Code and status of each."""
    mails: list[tuple[int, bytes]] = field(default_factory=list)
    """What had a 250, and the place of that among the replies."""
    is_over: bool = False
    may_be_over: bool = False
    """It ends here with 421, if the octets behind were there already when the door looked."""
    is_tls: bool = False
    _rest: bytes = b""
    _refused: int = 0
    _greeting: str = ""
    _has_sender: bool = False
    _recipients: set[bytes] = field(default_factory=set)
    _chunks: bytes | None = None
    _in_data: bool = False
    _may_be_hasty: bool = False
    """DATA was refused and more stands behind it: the door may hold that for a mail."""

    def hears(self, octets: bytes) -> None:
        self._rest += octets
        while not self.is_over and (self._hears_data() if self._in_data else self._hears_command()):
            pass

    @property
    def awaits_command(self) -> bool:
        """Nothing was begun that is not ended yet."""
        return not self._in_data and not self._rest

    def starts_tls(self) -> None:
        """Behind the 220 to STARTTLS nothing is known of the client."""
        self.is_tls, self._greeting, self._rest = True, "", b""
        self._forget()

    def _says(self, reply: str) -> None:
        self.replies.append(reply)
        self._refused += reply >= "500"

    def _forget(self) -> None:
        self._has_sender, self._recipients, self._chunks, self._in_data = False, set(), None, False

    def _hears_command(self) -> bool:
        line, end, rest = self._rest.partition(b"\n")
        chunk = _BDAT.fullmatch(line.removesuffix(b"\r"))
        size = int(chunk[1]) if chunk else 0
        if not end or len(rest) < size:
            return False
        self._rest = rest[size:]
        was_hasty, self._may_be_hasty = self._may_be_hasty, False
        if chunk and line.endswith(b"\r") and not self._is_weary:
            self._takes_chunk(rest[:size], is_last=bool(chunk[2]))
        elif len(line) >= 2048 or not line.endswith(b"\r") or not _is_text(line[:-1]):
            self._rest = rest
            self._says("500 5.5.2")
            self.may_be_over |= bool(rest) and not line.endswith(b"\r")
        else:
            self._obeys(line[:-1])
        if was_hasty:
            self.may_be_over |= line[:4].upper() not in (b"RSET", b"NOOP", b"QUIT")
            self._may_be_hasty = bool(self._rest)
        return True

    @property
    def _is_weary(self) -> bool:
        return self._refused >= self.errors

    def _obeys(self, line: bytes) -> None:
        if self._is_weary and line != b"QUIT":
            self._ends("421 4.7.0")
        elif line in ENDING:
            self._ends(ENDING[line])
        elif line in MAIL:
            self._obeys_mail(line)
        elif line in RCPT:
            self._obeys_rcpt(line)
        elif line == b"DATA":
            self._obeys_data()
        elif line == b"STARTTLS":
            self._says("503 5.5.1" if self.is_tls else "220 2.0.0")
        else:
            self._obeys_plain(line)

    def _ends(self, reply: str) -> None:
        self._says(reply)
        self.is_over = True

    def _obeys_plain(self, line: bytes) -> None:
        verb = line[:4].upper()
        reply = PLAIN.get(line, "250 2.0.0" if line[:5].upper() == b"NOOP " else "500 5.5.1")
        if reply == "250" or (verb == b"RSET" and reply == "250 2.0.0"):
            self._forget()
        if reply == "250":
            self._greeting = verb.decode()
        self._says(reply)
        self._may_be_hasty = verb == b"DATA" and bool(self._rest)

    def _obeys_mail(self, line: bytes) -> None:
        reply = MAIL[line]
        if not self._greeting or self._has_sender:
            reply = "503 5.5.1"
        elif self._greeting == "HELO" and b"> " in line and line.count(b"BODY") < 2:
            reply = "555 5.5.4"
        self._has_sender |= reply.startswith("250")
        self._says(reply)

    def _obeys_rcpt(self, line: bytes) -> None:
        reply = RCPT[line]
        if not self._has_sender or self._chunks is not None:
            reply = "503 5.5.1"
        elif self._greeting == "HELO" and b"> " in line:
            reply = "555 5.5.4"
        elif len(self._recipients) >= self.recipients and not reply.startswith(("501", "555")):
            reply = "452 4.5.3"
        if reply.startswith("250"):
            self._recipients.add(line)
        self._says(reply)

    def _fault_of_order(self) -> str:
        return "503 5.5.1" if not self._has_sender else "" if self._recipients else "554 5.5.1"

    def _obeys_data(self) -> None:
        fault = "503 5.5.1" if self._chunks is not None else self._fault_of_order()
        self._says(fault or "354")
        self._in_data = not fault
        self._may_be_hasty = bool(fault and self._rest)

    def _hears_data(self) -> bool:
        whole = b"\r\n" + self._rest
        content, end, rest = whole.partition(b"\r\n.\r\n")
        if not end:
            return False
        self._rest = rest
        self._takes((content + b"\r\n")[2:] if content else b"", is_stuffed=True)
        return True

    def _takes_chunk(self, chunk: bytes, *, is_last: bool) -> None:
        fault = self._fault_of_order()
        if not fault and len(self._chunks or b"") + len(chunk) > self.size:
            fault = "552 5.3.4"
        if fault:
            self._forget()
            self._says(fault)
            return
        self._chunks = (self._chunks or b"") + chunk
        if is_last:
            self._takes(self._chunks, is_stuffed=False)
        else:
            self._says("250 2.0.0")

    def _takes(self, content: bytes, *, is_stuffed: bool) -> None:
        if is_stuffed:
            content = b"\r\n".join(line.removeprefix(b".") for line in content.split(b"\r\n"))
        reply = self._judges(content)
        if reply.startswith("250"):
            self.mails.append((len(self.replies), content))
        self._forget()
        self._says(reply)

    def _judges(self, content: bytes) -> str:
        if len(content) > self.size:
            return "552 5.3.4"
        if re.search(rb"\r(?!\n)|(?<!\r)\n", content):
            return "550 5.5.2"
        header = content.partition(b"\r\n\r\n")[0]
        return "550 5.6.0" if b"\0" in header else "250 2.0.0"


def _is_text(line: bytes) -> bool:
    """UTF-8 without control characters, which end lines for some."""
    try:
        return not re.search("[\x00-\x1f\x7f-\x9f\u2028\u2029]", line.decode().rstrip(" \t"))
    except UnicodeDecodeError:
        return False
