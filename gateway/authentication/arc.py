"""Which servers sealed this mail on its way, and does their chain hold (RFC 8617)?

A chain that holds says who handled the mail, not that it is good: only sealers that the operator trusts may soften
anything. We verify and never seal.
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from gateway.authentication import key as keys
from gateway.authentication import signature as signatures
from gateway.authentication.answer import Resolver
from gateway.authentication.canonical import BodyHashes
from gateway.authentication.fields import Field, Header
from gateway.authentication.key import Key, KeyTrouble
from gateway.authentication.measure import measured
from gateway.authentication.signature import Signature
from gateway.authentication.tags import Malformed, Tags
from gateway.mail.authres import Check, Result, Seal

MAX_SETS = 50
RESULTS, MESSAGE, SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"

_INSTANCE = re.compile(rb"\s*i\s*=\s*([0-9]{1,3})\s*(?:;|\Z)", re.IGNORECASE)


@dataclass(frozen=True)
class Set:
    """The three fields that one server added."""

    results: Field
    message: Field
    seal: Field
    seal_tags: Tags

    @property
    def fields(self) -> tuple[Field, Field, Field]:
        return self.results, self.message, self.seal


@dataclass(frozen=True)
class Chain:
    sets: tuple[Set, ...]
    newest: Signature
    """The last ARC-Message-Signature: it covers the mail as it came to us."""

    @property
    def sealer(self) -> str:
        return signatures.domain(self.sets[-1].seal_tags)


def read(header: Header, now: float) -> Chain | Check:
    """The chain, when its structure holds (section 5.2, steps 1 to 3); else the check that says what it is."""
    if not any(name in header.places for name in (RESULTS, MESSAGE, SEAL)):
        return Check("arc", Result.NONE, reason="No server sealed this mail.")
    try:
        sets = _sets(header)
        return Chain(sets, _newest(sets[-1].message, now))
    except Malformed as trouble:
        return Check("arc", Result.FAIL, reason=f"The ARC chain is broken: {trouble}.")


@dataclass(frozen=True)
class Outcome:
    check: Check
    seals: tuple[Seal, ...] = ()
    """What each server says it found, first server first; () unless the chain passed."""


async def verify(
    found: Chain | Check, header: Header, bodies: asyncio.Future[BodyHashes], resolver: Resolver
) -> Outcome:
    return Outcome(await measured(lambda asked: _verify(found, header, bodies, asked), resolver))


async def _verify(
    found: Chain | Check, header: Header, bodies: asyncio.Future[BodyHashes], resolver: Resolver
) -> Check:
    if isinstance(found, Check):
        return found
    seals = [_verify_seal(found, place, resolver) for place in range(len(found.sets))]
    troubles = await asyncio.gather(_verify_newest(found.newest, header, bodies, resolver), *seals)
    for trouble in sorted(filter(None, troubles), key=lambda trouble: trouble.result == Result.TEMPERROR):
        return Check("arc", trouble.result, found.sealer, f"The ARC chain does not hold: {trouble.reason}.")
    return Check("arc", Result.PASS, found.sealer,
                 f"{found.sealer} sealed this mail last, and the chain of {len(found.sets)} holds (ARC).",
                 detail=str(len(found.sets)))  # fmt: skip


def _sets(header: Header) -> tuple[Set, ...]:
    results = _by_instance(header.named(RESULTS), _results_instance)
    messages = _by_instance(header.named(MESSAGE), _tagged_instance)
    seals = _by_instance(header.named(SEAL), _tagged_instance)
    count = max(len(results), len(messages), len(seals))
    whole = set(range(1, count + 1))
    if not (results.keys() == messages.keys() == seals.keys() == whole):
        raise Malformed("a field is missing in one of its sets")
    sets = tuple(
        Set(results[each], messages[each], seals[each], signatures.read_tags(seals[each])) for each in sorted(whole)
    )
    for place, each in enumerate(sets):
        _check_seal(each.seal_tags, "none" if place == 0 else "pass")
    return sets


def _by_instance(fields: list[Field], instance_of: Callable[[Field], int]) -> dict[int, Field]:
    if len(fields) > MAX_SETS:
        raise Malformed(f"there are more than {MAX_SETS} sets")
    found: dict[int, Field] = {}
    for field in fields:
        instance = instance_of(field)
        if not 1 <= instance <= MAX_SETS or instance in found:
            raise Malformed("an instance (i=) is out of range or comes twice")
        found[instance] = field
    return found


def _results_instance(field: Field) -> int:
    match = _INSTANCE.match(field.value[:100])
    if match is None:
        raise Malformed("ARC-Authentication-Results does not begin with i=")
    return int(match[1])


def _tagged_instance(field: Field) -> int:
    return signatures.read_tags(field).number("i") or 0


def _check_seal(found: Tags, chain: str) -> None:
    """Raises Malformed unless the seal says of the chain before it what it must (section 4.1.3)."""
    found.demand("a", "b", "cv", "d", "s")
    signatures.algorithm(found)
    signatures.domain(found)
    signatures.selector(found)
    signatures.check_times(found, float("inf"))
    found.octets("b")
    if "h" in found:
        raise Malformed("a seal has an h=")
    if found.text("cv") != chain:
        raise Malformed(f"a seal says cv={found.text('cv')[:20]} where {chain} must stand")


def _newest(field: Field, now: float) -> Signature:
    found = signatures.read(field, now)
    if SEAL in found.names:
        raise Malformed("its message signature covers a seal")
    return found


async def _verify_newest(
    found: Signature, header: Header, bodies: asyncio.Future[BodyHashes], resolver: Resolver
) -> KeyTrouble | None:
    trouble, key = await _key(found.tags, resolver)
    if key is None:
        return trouble
    body = (await bodies)[found.body_key]
    if found.limit is not None and found.limit != body.length:
        return KeyTrouble(Result.FAIL, "its message signature does not cover the whole body")
    if body.digest != found.tags.octets("bh"):
        return KeyTrouble(Result.FAIL, f"the body is not what {found.domain} sealed")
    if not key.verifies(found.tags.octets("b"), found.digest(header)):
        return KeyTrouble(Result.FAIL, f"the header is not what {found.domain} sealed")
    return None


async def _verify_seal(found: Chain, place: int, resolver: Resolver) -> KeyTrouble | None:
    last = found.sets[place]
    trouble, key = await _key(last.seal_tags, resolver)
    if key is None:
        return trouble
    sealed = [field for each in found.sets[:place] for field in each.fields]
    digest = signatures.digest_of([*sealed, last.results, last.message], last.seal, last.seal_tags.emptied, "relaxed")
    if not key.verifies(last.seal_tags.octets("b"), digest):
        return KeyTrouble(Result.FAIL, f"seal {place + 1} is not that of {last.seal_tags.text('d')[:100]}")
    return None


async def _key(found: Tags, resolver: Resolver) -> tuple[KeyTrouble | None, Key | None]:
    try:
        key = await keys.fetch(
            resolver, signatures.selector(found), signatures.domain(found), signatures.algorithm(found)
        )
    except KeyTrouble as trouble:
        result = trouble.result if trouble.result == Result.TEMPERROR else Result.FAIL
        return KeyTrouble(result, trouble.reason), None
    return None, key
