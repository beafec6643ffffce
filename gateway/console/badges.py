"""How sure we are, and whose word it is: two badges beside every request, and what is odd about a mail, in sentences.

Identity speaks of the mail, by the domain of its author; person speaks of whoever wrote it (step 3). Neither is ever
told without the sentence that says who vouches for it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.text import Text

from gateway.console import plain

if TYPE_CHECKING:
    from gateway.models import Request

GOOD, DOUBTFUL, BAD, QUIET = "green", "yellow", "bold red", "dim"

IDENTITIES = {
    "verified-dkim": (GOOD, "its domain signed it"),
    "verified-spf": (GOOD, "its domain says that this server may send for it (weaker: such servers are shared)"),
    "weak": (DOUBTFUL, "something passed, but not for this author's domain"),
    "none": (DOUBTFUL, "nobody stands behind the name"),
    "failed": (BAD, "the domain says that it is not theirs"),
    "unknown": (DOUBTFUL, "could not be checked"),
}
"""Colour and words for each identity level."""
PERSONS = {
    "": (QUIET, "not asked"),
    "asked": (DOUBTFUL, "asked"),
    "verified": (GOOD, "verified"),
    "mailbox": (DOUBTFUL, "only the mailbox"),
    "rejected": (BAD, "rejected"),
    "expired": (BAD, "not verified"),
}
"""The same for each state of Request.verification."""
FINDINGS = {
    "display-name-address": "The name beside the address holds another address: believe the one in angle brackets.",
    "display-name-mixed-scripts": "The name mixes alphabets whose letters look alike.",
    "display-name-our-domain": "The name claims our own domain; the address does not.",
    "display-name-our-name": "The name is ours, or one of our agents'; the address is not.",
    "author-like-our-domain": "The address is at a domain that looks like ours and is another's.",
    "from-several-authors": "It names several authors: the domain vouches for the domain only, not for which of them.",
    "from-several-domains": "It names authors of several domains.",
    "from-missing": "It names no author.",
    "from-malformed": "Its author cannot be read without doubt.",
    "from-name-spaced": "Its author stands in a field that other programs may not see.",
    "from-folded-name": "Its author stands in a field that other programs may not see.",
    "from-goes-astray": "Other programs may read another author.",
    "signature-seen-before": "A mail with the same signature came before: this may be a copy that is sent around.",
    "signed-for-others": "The signature does not cover that it was meant for us: it may have been written to others.",
    "sender-dns-lost": "The sender's name servers did not answer for hours, so that nothing could be checked.",
    "list-mark": "It bears the marks of a mailing list or newsletter.",
    "header-nul": "Its header holds a NUL: other programs may read another one.",
    "header-bare-cr": "Its header holds broken line ends: other programs may read another one.",
    "header-bare-lf": "Its header holds broken line ends: other programs may read another one.",
    "header-too-large": "Its header is larger than what is looked at.",
    "header-too-many-fields": "Its header has more fields than are looked at.",
    "header-line-malformed": "A line of its header is no field.",
}
"""What a verdict's finding means for an agent."""
_TWICE = "-duplicated"


@dataclass(frozen=True, slots=True)
class Badge:
    """One of the two."""

    level: str
    """The closed word that programs read."""
    words: str
    because: str
    """The sentence: whose word it is. May hold text of strangers."""
    style: str

    def as_json(self) -> dict[str, str]:
        return {"level": self.level, "badge": self.words, "because": self.because}


def identity(request: "Request") -> Badge:
    """How far the author's domain stands behind the mail that opened the request."""
    style, words = IDENTITIES.get(request.identity, ("", ""))
    return Badge(request.identity, words, request.identity_because, style)


def person(request: "Request") -> Badge:
    """Whether it is this person."""
    style, words = PERSONS.get(request.verification, ("", request.verification))
    return Badge(request.verification or "not-asked", words, request.verification_because, style)


def as_json(request: "Request") -> dict[str, dict[str, str]]:
    return {"identity": identity(request).as_json(), "person": person(request).as_json()}


def level(word: str) -> Text:
    """The identity level of one mail."""
    return Text(word, IDENTITIES.get(word, ("", ""))[0])


def short(badge: Badge, word: str, width: int) -> Text:
    """For a table: the word, and below it the beginning of the sentence."""
    because = plain.line(badge.because, width)
    return Text.assemble((word, badge.style), (f"\n{because}" if because else "", QUIET))


def whole(badge: Badge, word: str) -> Text:
    """For a page: the word and the sentence, without saying the word twice."""
    because = plain.line(badge.because, 600)
    if because.casefold().startswith(word.casefold()):
        return Text.assemble((because[: len(word)], badge.style), because[len(word) :])
    return Text.assemble((word, badge.style), f". {because}" if because else "")


def sentences(findings: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Each finding with what it means; one that is not known here stands for itself."""
    for each in findings:
        if each.endswith(_TWICE):
            name = each.removesuffix(_TWICE)
            yield each, f"The field {name} stands there twice: other programs may show the other one."
        else:
            yield each, FINDINGS.get(each, each)
