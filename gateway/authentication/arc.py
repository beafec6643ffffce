"""Which servers sealed this mail on its way, and does their chain hold (RFC 8617)?

A chain that holds says who handled the mail, not that it is good: only sealers that the operator trusts may soften
anything, and only by what they saw themselves. We verify and never seal.
"""

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gateway.authentication import key as keys
from gateway.authentication import signature as signatures
from gateway.authentication.answer import Resolver
from gateway.authentication.canonical import BodyHashes, field_bytes
from gateway.authentication.fields import Field, Header
from gateway.authentication.key import Key, KeyTrouble
from gateway.authentication.measure import measured
from gateway.authentication.names import to_ascii
from gateway.authentication.signature import Signature
from gateway.authentication.tags import Malformed, Tags
from gateway.mail import hearsay
from gateway.mail.authres import Check, Result, Seal

MAX_SETS = 50
RESULTS, MESSAGE, SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"

_INSTANCE = tuple(map(re.compile, ("i", "=", "[0-9]{1,2}", ";")))
MAX_INSTANCE = 1000
"""Octets in which i= must be done with, comments and all."""


@dataclass(frozen=True)
class Set:
    """The three fields that one server added."""

    results: Field
    message: Field
    seal: Field
    seal_tags: Tags

    @property
    def domain(self) -> str:
        return signatures.domain(self.seal_tags)


@dataclass(frozen=True)
class Chain:
    sets: tuple[Set, ...]
    newest: Signature
    """The last ARC-Message-Signature: it covers the mail as it came to us."""

    @property
    def readings(self) -> tuple[Signature, ...]:
        """What the newest may mean. Without c= it is simple, as in DKIM (section 4.1.2); the drafts before the RFC had
        relaxed there, the public suite has it still, and a sealer who means it gains nothing that c= would not give."""
        if "c" in self.newest.tags:
            return (self.newest,)
        return self.newest, replace(self.newest, header_form="relaxed", body_form="relaxed")

    @property
    def body_keys(self) -> set[tuple[str, int | None]]:
        return {each.body_key for each in self.readings}

    @property
    def covers_author(self) -> bool:
        return b"from" in self.newest.names


def read(header: Header, now: float) -> Chain | Check:
    """The chain, when its structure holds (section 5.2, steps 1 to 3); else the check that says what it is."""
    if not any(name in header.places for name in (RESULTS, MESSAGE, SEAL)):
        return Check("arc", Result.NONE, reason="No server sealed this mail.")
    try:
        sets = _sets(header, now)
        return Chain(sets, _newest(sets[-1].message, now))
    except Malformed as trouble:
        return Check("arc", Result.FAIL, reason=f"The ARC chain is broken: {trouble}.")


@dataclass(frozen=True)
class Outcome:
    check: Check
    """none, pass or fail; temperror where a key could not be asked for, which others are told as a fail."""
    seals: tuple[Seal, ...] = ()
    """What each server says it found, first server first; () unless the chain passed and covers From."""


async def verify(
    found: Chain | Check, header: Header, bodies: BodyHashes, resolver: Resolver
) -> Outcome:
    if isinstance(found, Check):
        return Outcome(found)
    check = await measured(lambda asked: _verify(found, header, bodies, asked), resolver)
    if check.result == Result.PASS and found.covers_author:
        return Outcome(check, tuple(map(_what_it_says, found.sets)))
    return Outcome(check)


def softens(seals: Sequence[Seal], trusted: Collection[str], author_domain: str) -> str:
    """The sealer whose word may soften a DMARC failure of the author's domain; "" when there is none.

    The newest servers must be trusted ones without a gap. The first of those saw the mail before any trusted server had
    changed it, and its word alone counts: what stands below it was written by strangers.
    """
    names = {to_ascii(name) for name in trusted}
    first = None
    for seal in reversed(seals):
        if seal.domain not in names:
            break
        first = seal
    if first is None or first.dmarc != "pass" or not first.author_domain:
        return ""
    return first.domain if first.author_domain == to_ascii(author_domain) else ""


def _what_it_says(found: Set) -> Seal:
    _, place = _instance(found.results)
    heard = hearsay.read(found.results.value[place:].decode("utf-8", "replace"))
    claims = [claim for claim in heard.claims if claim.method == "dmarc"] if heard else []
    if len(claims) != 1:
        return Seal(found.domain)
    authors = claims[0].values("header.from")
    return Seal(found.domain, claims[0].result, to_ascii(authors[0]) if len(authors) == 1 else "")


# ---- the structure -------------------------------------------------------------------------------------------------


def _sets(header: Header, now: float) -> tuple[Set, ...]:
    results = _by_instance(header.named(RESULTS), lambda field: _instance(field)[0])
    messages = _by_instance(header.named(MESSAGE), _tagged_instance)
    seals = _by_instance(header.named(SEAL), _tagged_instance)
    whole = range(1, max(len(results), len(messages), len(seals)) + 1)
    if not (results.keys() == messages.keys() == seals.keys() == set(whole)):
        raise Malformed("a field is missing in one of its sets")
    sets = tuple(Set(results[each], messages[each], seals[each], signatures.read_tags(seals[each])) for each in whole)
    for place, each in enumerate(sets):
        _check_seal(each.seal_tags, "none" if place == 0 else "pass", now)
    return sets


def _by_instance(fields: list[Field], instance_of: Callable[[Field], int]) -> dict[int, Field]:
    found: dict[int, Field] = {}
    for field in fields:
        instance = instance_of(field)
        if instance > MAX_SETS or instance in found:
            raise Malformed(f"an instance (i=) is beyond {MAX_SETS} or comes twice")
        found[instance] = field
    return found


def _instance(field: Field) -> tuple[int, int]:
    """i= in front of ARC-Authentication-Results, and where what the server found begins (sections 4.1.1 and 4.2.1)."""
    text, place, pieces = field.value[:MAX_INSTANCE].decode("latin-1"), 0, []
    for piece in _INSTANCE:
        match = piece.match(text, hearsay.past_comments(text, place))
        if match is None:
            raise Malformed("ARC-Authentication-Results does not begin with i=")
        place = match.end()
        pieces.append(match[0])
    return int(pieces[2]), place


def _tagged_instance(field: Field) -> int:
    digits = signatures.read_tags(field).values.get("i", b"")
    if not re.fullmatch(rb"[0-9]{1,2}", digits):
        raise Malformed("an instance (i=) is missing or no number of one or two digits")
    return int(digits)


def _check_seal(found: Tags, chain: str, now: float) -> None:
    """Raises Malformed unless the seal says of the chain before it what it must (sections 4.1.3 and 5.2, step 3)."""
    found.demand("a", "b", "cv", "d", "s")
    signatures.algorithm(found)
    signatures.domain(found)
    signatures.selector(found)
    found.octets("b")
    if (found.number("t") or 0) > now + signatures.SLOP:
        raise Malformed("a seal was made in the future (t=)")
    if "h" in found:
        raise Malformed("a seal has an h=")
    if found.text("cv") != chain:
        raise Malformed(f"a seal says cv={found.text('cv')[:20]} where {chain} must stand")


def _newest(field: Field, now: float) -> Signature:
    found = signatures.read(field, now, may_be_blank=True)
    if SEAL in found.names:
        raise Malformed("its message signature covers a seal")
    # The public suite takes an h= that names nothing at all for sound; nothing is believed of such a chain.
    if found.names and b"from" not in found.names:
        raise Malformed("its message signature does not cover From")
    return found


# ---- the signatures ------------------------------------------------------------------------------------------------


async def _verify(found: Chain, header: Header, bodies: BodyHashes, resolver: Resolver) -> Check:
    sealer, count = found.sets[-1].domain, len(found.sets)
    if trouble := await _trouble(found, header, bodies, resolver):
        return Check("arc", trouble.result, sealer, f"The ARC chain does not hold: {trouble.reason}.")
    return Check("arc", Result.PASS, sealer, f"{sealer} sealed this mail last, and the chain of {count} holds (ARC).",
                 detail=str(count))  # fmt: skip


async def _trouble(
    found: Chain, header: Header, bodies: BodyHashes, resolver: Resolver
) -> KeyTrouble | None:
    """What is wrong with the newest message signature or with a seal (section 5.2, steps 4 and 6)."""
    tags = [found.newest.tags, *(each.seal_tags for each in found.sets)]
    named = await _keys(tags, resolver)
    troubles = [each for each in named.values() if isinstance(each, KeyTrouble)]
    for trouble in troubles:
        if trouble.result == Result.FAIL:
            return trouble
    key = named[_key_name(found.newest.tags)]
    if isinstance(key, Key) and (broken := _newest_trouble(found, header, bodies, key)):
        return broken
    for each, digest in zip(found.sets, _digests(found.sets), strict=True):
        await asyncio.sleep(0)
        key = named[_key_name(each.seal_tags)]
        if isinstance(key, Key) and not key.verifies(each.seal_tags.octets("b"), digest):
            return KeyTrouble(Result.FAIL, f"a seal is not that of {each.domain}")
    return next(iter(troubles), None)


def _newest_trouble(found: Chain, header: Header, bodies: BodyHashes, key: Key) -> KeyTrouble | None:
    troubles = [_reading_trouble(each, header, bodies, key) for each in found.readings]
    return None if None in troubles else troubles[0]


def _reading_trouble(found: Signature, header: Header, bodies: BodyHashes, key: Key) -> KeyTrouble | None:
    body = bodies[found.body_key]
    if found.limit is not None and found.limit != body.length:
        return KeyTrouble(Result.FAIL, "its message signature does not cover the whole body")
    if body.digest != found.tags.octets("bh"):
        return KeyTrouble(Result.FAIL, f"the body is not what {found.domain} sealed")
    if not key.verifies(found.tags.octets("b"), found.digest(header)):
        return KeyTrouble(Result.FAIL, f"the header is not what {found.domain} sealed")
    return None


def _digests(sets: tuple[Set, ...]) -> Iterator[bytes]:
    """SHA-256 of what each seal covers: all sets before it and its own, in their order (section 5.1.1)."""
    running = hashlib.sha256()
    for each in sets:
        running.update(field_bytes(each.results, "relaxed") + field_bytes(each.message, "relaxed"))
        sealed = running.copy()
        unsigned = replace(each.seal, value=each.seal_tags.emptied)
        sealed.update(field_bytes(unsigned, "relaxed").removesuffix(b"\r\n"))
        yield sealed.digest()
        running.update(field_bytes(each.seal, "relaxed"))


def key_names(found: Chain | Check) -> list[str]:
    """Where the keys are published that the chain is verified with."""
    if isinstance(found, Check):
        return []
    tags = [found.newest.tags, *(each.seal_tags for each in found.sets)]
    return [keys.name(selector, domain) for selector, domain, _ in map(_key_name, tags)]


KeyName = tuple[str, str, str]
"""Selector, domain, algorithm."""


def _key_name(found: Tags) -> KeyName:
    return signatures.selector(found), signatures.domain(found), signatures.algorithm(found)


async def _keys(tags: list[Tags], resolver: Resolver) -> dict[KeyName, Key | KeyTrouble]:
    """Every key once, whatever it is needed for."""
    names = list(dict.fromkeys(map(_key_name, tags)))
    found = await asyncio.gather(*(_key(name, resolver) for name in names))
    return dict(zip(names, found, strict=True))


async def _key(name: KeyName, resolver: Resolver) -> Key | KeyTrouble:
    try:
        return await keys.fetch(resolver, *name)
    except KeyTrouble as trouble:
        result = trouble.result if trouble.result == Result.TEMPERROR else Result.FAIL
        return KeyTrouble(result, trouble.reason)
