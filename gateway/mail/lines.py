"""The line ends of a message: CR and LF stand together or not at all (RFC 5321 section 2.3.8)."""

from io import IncrementalNewlineDecoder


class LineEnds:
    """Looks at a message that comes in pieces. What Python reads text files with walks through it once; to count CRLF,
    CR and LF takes four times as long."""

    def __init__(self) -> None:
        self._decoder = IncrementalNewlineDecoder(None, translate=False)

    def see(self, octets: bytes) -> None:
        self._decoder.decode(octets.decode("latin-1"))

    @property
    def are_bare(self) -> bool:
        """True when a CR or LF stood outside CRLF; asked when all was seen."""
        self._decoder.decode("", final=True)
        return self._decoder.newlines not in (None, "\r\n")


def has_bare_line_end(octets: bytes) -> bool:
    """The same of a message that is all here."""
    ends = LineEnds()
    ends.see(octets)
    return ends.are_bare
