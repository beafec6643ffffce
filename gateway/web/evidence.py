"""Why we think that a mail is whose: each check of its verdict in plain words, in the agent's language.

The domains in them are strangers' words: they are filled in escaped, and isolated from the sentence around them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from gateway.desk.badges import BAD, DOUBTFUL, GOOD, QUIET
from gateway.mail.authres import Check, Result, Verdict
from gateway.web.words import Words

_ISOLATED = Markup("<bdi>{}</bdi>")
_TONES = {Result.PASS: GOOD, Result.FAIL: BAD, Result.SOFTFAIL: DOUBTFUL, Result.PERMERROR: DOUBTFUL,
          Result.TEMPERROR: DOUBTFUL, Result.POLICY: DOUBTFUL}
LONGEST_DOMAIN = 253
MOST = 20
"""Checks that are told."""


@dataclass(frozen=True, slots=True)
class Told:
    """One check as an agent reads it."""

    name: Markup
    words: Markup
    tone: str


def checks(verdict: Verdict, words: Words) -> list[Told]:
    """What was checked, in the order in which it matters to a reader."""
    dkim = verdict.dkim or (Check("dkim", Result.NONE),)
    return [_told(each, words) for each in (verdict.dmarc, *dkim[:MOST], verdict.spf, verdict.arc, verdict.iprev)]


def sentences(verdict: Verdict, words: Words) -> dict[str, str]:
    """What authentication itself said of each check, in English, and how it is told here: history quotes it."""
    if words.language == "en":
        return {}
    checks = (verdict.dmarc, *verdict.dkim[:MOST], verdict.spf, verdict.arc, verdict.iprev)
    return {each.reason: str(_sentence(each, words).striptags()) for each in checks if each.reason}


def _told(check: Check, words: Words) -> Told:
    told = Markup(" ").join([_sentence(check, words), *_aligned(check, words)])
    return Told(words(f"check.{check.method}"), told, _tone(check))


def _sentence(check: Check, words: Words) -> Markup:
    domain = _ISOLATED.format(check.domain[:LONGEST_DOMAIN]) if check.domain else escape("?")
    name = next(each for each in (f"said.{check.method}-{check.result}", f"said.{check.method}-other")
                if words.has(each))
    return words(name, domain=domain)


def _aligned(check: Check, words: Words) -> Iterator[Markup]:
    if check.method in ("spf", "dkim") and check.result == Result.PASS:
        yield words("said.aligned" if check.aligned else "said.not_aligned")


def _tone(check: Check) -> str:
    if check.result == Result.PASS and check.method in ("spf", "dkim") and not check.aligned:
        return QUIET
    return _TONES.get(check.result, QUIET)
