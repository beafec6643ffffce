"""Who signed this mail, and does the signature hold (RFC 6376, 8301, 8463, 8616)?

A pass says one thing: the domain d= signed this header and this whole body once. What would let a stranger put words
into signed mail (l= short of the body, From unsigned, two From fields) never passes.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from functools import partial

from gateway.authentication import key as keys
from gateway.authentication import signature as signatures
from gateway.authentication.answer import Resolver
from gateway.authentication.canonical import BodyHash, BodyHashes
from gateway.authentication.fields import Field, Header
from gateway.authentication.key import Key, KeyTrouble
from gateway.authentication.measure import measured
from gateway.authentication.names import is_within, to_ascii
from gateway.authentication.signature import Signature
from gateway.authentication.tags import Malformed
from gateway.mail.authres import Check, Result

MAX_SIGNATURES = 10


def read(header: Header, now: float) -> list[Signature | Check]:
    """The first ten signatures from the top: read, or the check that says why one cannot be used."""
    return [_read(field, header, now) for field in header.named(b"dkim-signature")[:MAX_SIGNATURES]]


async def verify(
    found: Sequence[Signature | Check], header: Header, bodies: BodyHashes, resolver: Resolver
) -> tuple[Check, ...]:
    """One check for each signature, in their order; keys are fetched together."""
    checks = [measured(partial(_verify, each, header, bodies), resolver) for each in found]
    # Most mails bear one, and a task for it would only be dear.
    return (await checks[0],) if len(checks) == 1 else tuple(await asyncio.gather(*checks))


def _read(field: Field, header: Header, now: float) -> Signature | Check:
    try:
        found = signatures.read(field, now)
        _check_tags(found)
        _check_author_is_signed(found, header)
    except Malformed as trouble:
        return _unreadable(field, f"The signature cannot be used: {trouble}.")
    return found


def _unreadable(field: Field, reason: str) -> Check:
    """A permerror that still names the domain, so far as it can be read."""
    try:
        found = signatures.read_tags(field)
    except Malformed:
        return Check("dkim", Result.PERMERROR, reason=reason)
    return Check("dkim", Result.PERMERROR, to_ascii(found.text("d")), reason, found.text("s")[:63])


def _check_tags(found: Signature) -> None:
    found.tags.demand("v")
    if found.tags.values["v"] != b"1":
        raise Malformed("its version is not 1")
    if not is_within(signatures.agent_domain(found.tags), found.domain):
        raise Malformed("i= lies outside d=")


def _check_author_is_signed(found: Signature, header: Header) -> None:
    if b"from" not in found.names:
        raise Malformed("it does not sign From")
    if len(header.named(b"from")) != 1:
        raise Malformed("the mail has not exactly one From field")


async def _verify(found: Signature | Check, header: Header, bodies: BodyHashes, resolver: Resolver) -> Check:
    if isinstance(found, Check):
        return found
    try:
        key = await keys.fetch(resolver, found.selector, found.domain, found.algorithm)
    except KeyTrouble as trouble:
        return _check(found, trouble.result, f"No key: {trouble.reason}.")
    if key.is_strict and signatures.agent_domain(found.tags) != found.domain:
        reason = f"The key of {found.domain} is not for its subdomains, and i= names one."
        return _check(found, Result.PERMERROR, reason, key.bits)
    return _check(found, *_compare(found, key, header, bodies[found.body_key]), key.bits)


def _check(found: Signature, result: Result, reason: str, bits: int = 0) -> Check:
    return Check("dkim", result, found.domain, reason, found.selector, detail=found.tags.text("a"), bits=bits,
                 signature=hashlib.sha256(found.octets).hexdigest())  # fmt: skip


def _compare(found: Signature, key: Key, header: Header, body: BodyHash) -> tuple[Result, str]:
    whose = f"{found.domain} (selector {found.selector})"
    if found.limit is not None and found.limit > body.length:
        return Result.PERMERROR, f"The signature of {whose} covers more body than there is (l=)."
    if body.digest != found.body_hash:
        return Result.FAIL, f"The body is not what {whose} signed."
    if not key.verifies(found.octets, found.digest(header)):
        return Result.FAIL, f"The header is not what {whose} signed, or another key signed it."
    if found.limit is not None and found.limit < body.length:
        return Result.POLICY, f"{whose} signed only the first {found.limit} of {body.length} octets of the body."
    testing = "; the domain says it is only testing" if key.is_testing else ""
    return Result.PASS, (
        f"{found.domain} signed this mail (DKIM, selector {found.selector}, {key.algorithm} {key.bits}{testing})."
    )
