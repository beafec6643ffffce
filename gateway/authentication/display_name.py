"""What does the name beside an address claim? DMARC does not ask: anybody may write anything there.

So nothing here decides. What a person at the screen would be misled by is named in one word: an address that is not the
author's, letters of several alphabets in one word, our own domain, the name of one of us. Names are compared as they
look: encoded words (RFC 2047) opened, full-width letters as plain ones, what cannot be seen left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import idna

from gateway.authentication.names import is_within, to_ascii
from gateway.mail.words import decode_words, with_few_marks

RAW_CHARSET = "euc-kr"
"""What octets in a name that are no UTF-8 are taken for, where they can be that."""

_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)
_MARKS_AROUND = str.maketrans(dict.fromkeys("<>()[]{}\"'`,;:|", " ") | {"\u3002": "."})
_LATIN = re.compile("[A-Za-z\u00c0-\u024f]")
_GREEK = re.compile("[\u0370-\u03ff]")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_LOOK_ALIKES = str.maketrans(
    # Cyrillic, Greek, Latin letters of their own and a full stop, by what they look like; capitals may look otherwise.
    "\u0430\u0410\u0432\u0412\u0441\u0421\u0501\u0435\u0415\u0454\u04bb\u043d\u041d\u0456\u0406\u0458\u0408\u043a\u041a"
    "\u04cf\u04c0\u043c\u041c\u043e\u041e\u0440\u0420\u051b\u0455\u0405\u0442\u0422\u0443\u0423\u0475\u051d\u0445\u0425"
    "\u03b1\u0391\u03b2\u0392\u03b5\u0395\u0396\u0397\u03b9\u0399\u03ba\u039a\u039c\u03bd\u039d\u03bf\u039f\u03c1\u03a1"
    "\u03c4\u03a4\u03c5\u03a5\u03c7\u03a7\u03c9\u03b3\u03f3\u0131\u0251\u0261\u026a\u029f\u0280\u1d0f\u0142\u00f8\u3002",
    "aabbccdeeehhhiijjkkllmmooppqssttyyvwxxaabbeezhiikkmvnooppttuyxxwyjiagilrolo.",
)
_DIGITS = str.maketrans("01", "ol")


@dataclass(frozen=True, slots=True)
class Ours:
    """What a stranger's display name must not claim: our domains (A-labels), and the names we and our agents bear."""

    domains: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


NOTHING_OF_OURS = Ours()


def findings(text: str, address: str, domain: str, ours: Ours) -> Iterator[str]:
    """What is strange about a display name, or a comment beside it, as it stands in From.

    address: the author's, with its domain in A-labels. Linear in the text.
    """
    shown = _shown(text)
    if "@" in shown and any(each != address.casefold() for each in _addresses(shown)):
        yield "display-name-address"
    if not shown.isascii() and _mixes_scripts(shown):
        yield "display-name-mixed-scripts"
    if ours is NOTHING_OF_OURS or any(is_within(domain, ourselves) for ourselves in ours.domains):
        return
    look, (domains, names) = _look(shown), _looks_of(ours)
    if domains.search(look):
        yield "display-name-our-domain"
    if _letters(look) in names:
        yield "display-name-our-name"


def is_like_ours(domain: str, ours: Ours) -> bool:
    """True for an author's domain (A-labels) that looks like one of ours, or begins like it, and is another."""
    if ours is NOTHING_OF_OURS or any(is_within(domain, ourselves) for ourselves in ours.domains):
        return False
    return bool(_looks_of(ours)[0].search(_look(_u_labels(domain))))


def skeleton(name: str) -> str:
    """A name by its looks alone: no case, width, accents, blanks or punctuation; look-alike letters as one."""
    return _letters(_look(name))


def is_address_like(text: str) -> bool:
    """True when a person, or a program that opens encoded words first, might read an address in it."""
    return "@" in _shown(text)


def _shown(text: str) -> str:
    """All of the text, however long: an address may stand behind any padding."""
    if text.isascii() and "=?" not in text:
        return text
    shown = decode_words(text, RAW_CHARSET)
    if shown.isascii():
        return shown
    return with_few_marks(_INVISIBLE.sub("", shown)).replace("\uff20", "@").replace("\ufe6b", "@")


def _look(shown: str) -> str:
    if not shown.isascii():
        # Marks fall away with the accents: "Kím" looks like "Kim".
        apart = unicodedata.normalize("NFKD", shown)
        shown = "".join(each for each in apart if not unicodedata.combining(each)).translate(_LOOK_ALIKES)
    return shown.casefold().translate(_DIGITS)


def _letters(look: str) -> str:
    return "".join(filter(str.isalnum, look))


def _addresses(shown: str) -> Iterator[str]:
    """The addresses in a name, in lower case and A-labels."""
    plain = unicodedata.normalize("NFKC", shown).translate(_MARKS_AROUND).replace(" @", "@").replace("@ ", "@")
    for word in plain.split():
        local, _, domain = word.rpartition("@")
        domain = domain.strip(".")
        if local and "." in domain:
            yield f"{local.casefold()}@{to_ascii(domain) or domain.casefold()}"


def _mixes_scripts(shown: str) -> bool:
    """True when one word is written in several of the alphabets that look alike."""
    if not _GREEK.search(shown) and not _CYRILLIC.search(shown):
        return False
    scripts = (_LATIN, _GREEK, _CYRILLIC)
    return any(sum(script.search(word) is not None for script in scripts) > 1 for word in shown.split())


@lru_cache(maxsize=8)
def _looks_of(ours: Ours) -> tuple[re.Pattern[str], frozenset[str]]:
    """How our domains (whole labels, anywhere in a name) and our names look."""
    written = {form for domain in ours.domains if "." in domain for form in (domain, _u_labels(domain))}
    some = "|".join(re.escape(_look(each)) for each in sorted(written)) or r"(?!)"
    names = frozenset(skeleton(name) for name in ours.names) - {""}
    return re.compile(rf"(?<![a-z0-9-])(?:{some})(?![a-z0-9-])"), names


def _u_labels(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    try:
        return idna.decode(domain)
    except UnicodeError:
        return domain
