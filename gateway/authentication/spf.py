"""May this client send for that domain (RFC 7208)?

check() is the RFC's check_host(): an evaluator in asyncio whose terms ask the resolver one after the other, as the
record's author meant them. SPF says who may hand mail over; it says nothing of who wrote it.

One check puts at most 123 questions to DNS: for the record 1, for each of 10 terms 11 (mx: the exchangers and the
addresses of 10), for the explanation 12 (its text, and the client's names if it shows one).
"""

import asyncio
from dataclasses import dataclass, replace

from gateway.authentication import spf_macro, spf_record
from gateway.authentication.address import Address, client_address, is_among
from gateway.authentication.answer import Answer, Resolver
from gateway.authentication.names import MAX_NAME, can_be_asked, is_within, to_ascii
from gateway.authentication.spf_macro import LETTERS_OF_EXPLANATIONS, MacroString, Malformed
from gateway.authentication.spf_record import Mechanism, Record
from gateway.mail.authres import Check, Result

LOOKUPS, VOIDS, EXCHANGERS, POINTERS = 10, 2, 10, 10
"""Section 4.6.4: terms that ask DNS, look-ups that find nothing, names of an MX, names of a client."""
SECONDS, EXPLANATION_SECONDS = 8.0, 2.0
MAX_EXPLANATION = 500
"""Letters of the domain's own words that are shown; a text record of more than twice as many octets is not read."""
MAX_VALUE = 320
"""Octets of the longest address (RFC 5321 section 4.5.3.1). What a macro stands for is cut there, on the left."""


class _Stop(Exception):
    """The evaluation ends here with an error (temperror, permerror)."""

    def __init__(self, result: Result, reason: str):
        super().__init__(reason)
        self.result, self.reason = result, reason


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What one check_host() says."""

    result: Result
    domain: str = ""
    """Whose record spoke: the last one that a redirect led to."""
    explanation: MacroString | None = None
    """Where that record's explanation is to be found."""


@dataclass
class _Evaluation:
    """One check_host() with all its inner ones: they share the limits."""

    resolver: Resolver
    client: Address
    local: str
    domain: str
    helo: str
    now: float
    lookups: int = 0
    voids: int = 0
    pointers: Answer | None = None
    """What DNS said of the client's names, once it was asked."""
    validated: list[str] | None = None
    """Those of the names that lead back to the client, once they are known."""

    @property
    def address_type(self) -> str:
        return "A" if self.client.version == 4 else "AAAA"


async def check(client_ip: str, helo: str, reverse_path: str, resolver: Resolver, now: float) -> Check:
    """SPF for one transaction. The null path is checked as postmaster@helo (section 2.4). Never raises.

    now: seconds since the epoch.
    """
    path = reverse_path.removeprefix("<").removesuffix(">")
    local, _, domain = path.rpartition("@") if path else ("", "", helo)
    name = _name(domain)
    found = Check("spf", Result.NONE, name or domain[:MAX_NAME].lower(), detail="mailfrom" if path else "helo")
    client = client_address(client_ip)
    if client is None:
        return found.but(reason="The client's address is not known.")
    if "." not in name:
        return found.but(reason="There is no domain name to check.")
    run = _Evaluation(resolver, client, local or "postmaster", name, helo, now)
    until = asyncio.get_running_loop().time() + SECONDS
    try:
        async with asyncio.timeout_at(until):
            outcome = await _check_host(run, name)
    except _Stop as stop:
        return found.but(result=stop.result, reason=stop.reason)
    except TimeoutError:
        return found.but(result=Result.TEMPERROR, reason=f"DNS did not answer in time for the SPF of {name}.")
    explanation = await _explained(run, outcome, until) if outcome.result == Result.FAIL else ""
    reason = _SENTENCES[outcome.result].format(name=name, client=str(client))
    return found.but(result=outcome.result, reason=reason, explanation=explanation)


_SENTENCES = {
    Result.PASS: "{name} says that {client} may send for it (SPF).",
    Result.FAIL: "{name} says that {client} may not send for it (SPF).",
    Result.SOFTFAIL: "{name} says that {client} probably may not send for it (SPF).",
    Result.NEUTRAL: "{name} says nothing for or against {client} (SPF).",
    Result.NONE: "{name} publishes no SPF record.",
}


def _name(domain: str) -> str:
    """What DNS is asked for; "" for an address literal and for what no query can carry (section 4.3)."""
    plain = domain.lower().removesuffix(".")
    if plain.startswith("["):
        return ""
    return to_ascii(domain) or (plain if len(plain) <= MAX_NAME and can_be_asked(plain) else "")


async def _check_host(run: _Evaluation, domain: str) -> _Outcome:
    record = await _record(run, domain)
    if record is None:
        return _Outcome(Result.NONE)
    for mechanism in record.mechanisms:
        if await _matches(run, mechanism, domain):
            return _Outcome(mechanism.result, domain, record.explanation)
    return await _redirected(run, record.redirect, domain) if record.redirect else _Outcome(Result.NEUTRAL)


async def _redirected(run: _Evaluation, target: MacroString, domain: str) -> _Outcome:
    _count_lookup(run)
    name = "" if _is_unspeakable(run, target) else await _target(run, target, domain)
    outcome = await _check_host(run, name)
    if outcome.result == Result.NONE:
        raise _Stop(Result.PERMERROR, f"{domain} redirects to {name or 'no name'}, where no SPF record is.")
    return outcome


async def _record(run: _Evaluation, domain: str) -> Record | None:
    if "." not in domain:
        return None
    answer = await run.resolver.query(domain, "TXT")
    _learn(answer, domain)
    records = [text for text in answer.texts if spf_record.is_record(text)]
    if not records:
        return None
    if len(records) > 1:
        raise _Stop(Result.PERMERROR, f"{domain} publishes several SPF records.")
    try:
        return spf_record.read(records[0])
    except Malformed as trouble:
        raise _Stop(Result.PERMERROR, f"The SPF record of {domain} is malformed: {trouble}.") from None


def _learn(answer: Answer, name: str) -> None:
    if answer.is_trouble:
        raise _Stop(Result.TEMPERROR, f"DNS did not answer for {name} ({answer.rcode}).")


def _count_lookup(run: _Evaluation) -> None:
    run.lookups += 1
    if run.lookups > LOOKUPS:
        raise _Stop(Result.PERMERROR, f"The SPF record asks for more than {LOOKUPS} look-ups.")


def _count_void(run: _Evaluation) -> None:
    run.voids += 1
    if run.voids > VOIDS:
        raise _Stop(Result.PERMERROR, f"More than {VOIDS} look-ups of the SPF record find nothing.")


async def _look_up(run: _Evaluation, name: str, type: str) -> Answer:
    answer = await run.resolver.query(name, type)
    _learn(answer, name)
    # What no query can carry was not looked up.
    if answer.is_void and can_be_asked(name):
        _count_void(run)
    return answer


async def _matches(run: _Evaluation, mechanism: Mechanism, domain: str) -> bool:
    if mechanism.network is not None:
        return mechanism.network.holds(run.client)
    if mechanism.name == "all":
        return True
    _count_lookup(run)
    if mechanism.target and _is_unspeakable(run, mechanism.target):
        return False
    name = await _target(run, mechanism.target, domain)
    match mechanism.name:
        case "include":
            return await _includes(run, name)
        case "exists":
            return bool((await _look_up(run, name, "A")).values)
        case "ptr":
            return await _ptr_matches(run, name)
        case "mx":
            return await _mx_matches(run, mechanism, name)
    return await _host_matches(run, mechanism, name)


async def _includes(run: _Evaluation, name: str) -> bool:
    outcome = await _check_host(run, name)
    if outcome.result == Result.NONE:
        raise _Stop(Result.PERMERROR, f"The included domain {name} has no SPF record.")
    return outcome.result == Result.PASS


async def _mx_matches(run: _Evaluation, mechanism: Mechanism, name: str) -> bool:
    exchangers = (await _look_up(run, name, "MX")).exchangers
    if len(exchangers) > EXCHANGERS:
        raise _Stop(Result.PERMERROR, f"{name} has more than {EXCHANGERS} mail exchangers.")
    for _, host in sorted(exchangers):
        # The null MX (RFC 7505) names no host.
        if host and await _host_matches(run, mechanism, host):
            return True
    return False


async def _host_matches(run: _Evaluation, mechanism: Mechanism, name: str) -> bool:
    answer = await _look_up(run, name, run.address_type)
    return is_among(run.client, answer.names, mechanism.v4_length if run.client.version == 4 else mechanism.v6_length)


async def _ptr_matches(run: _Evaluation, name: str) -> bool:
    if (await _pointers(run)).is_void:
        _count_void(run)
    return any(is_within(each, name.lower()) for each in await _validated(run))


async def _pointers(run: _Evaluation) -> Answer:
    if run.pointers is None:
        run.pointers = await run.resolver.query(run.client.reverse_pointer, "PTR")
    return run.pointers


async def _validated(run: _Evaluation) -> list[str]:
    """The client's names that lead back to it (section 5.5). Errors here are no match, not an error."""
    if run.validated is None:
        names = (await _pointers(run)).names[:POINTERS]
        # Side by side: one after the other, a forger's slow names would use up the time of the domain he forges.
        answers = await asyncio.gather(*(run.resolver.query(name, run.address_type) for name in names))
        bits = run.client.max_prefixlen
        run.validated = [
            name for name, answer in zip(names, answers, strict=True) if is_among(run.client, answer.names, bits)
        ]
    return run.validated


async def _explained(run: _Evaluation, outcome: _Outcome, until: float) -> str:
    """The domain's own words about a fail, in printable ASCII; "" when there are none to be had (section 6.2).

    The result stands already: nothing that goes wrong here changes it, and the limits begin anew.
    """
    if outcome.explanation is None:
        return ""
    run = replace(run, lookups=0, voids=0)
    try:
        async with asyncio.timeout_at(min(until, asyncio.get_running_loop().time() + EXPLANATION_SECONDS)):
            text = await _explanation(run, await _target(run, outcome.explanation, outcome.domain), outcome.domain)
    except (TimeoutError, Malformed):
        return ""
    return text if text.isascii() and text.isprintable() else ""


async def _explanation(run: _Evaluation, name: str, domain: str) -> str:
    texts = (await run.resolver.query(name, "TXT")).texts
    if len(texts) != 1 or len(texts[0]) > 2 * MAX_EXPLANATION or not texts[0].isascii():
        return ""
    words = spf_macro.read(texts[0].decode("ascii"), LETTERS_OF_EXPLANATIONS)
    return words.words(await _values(run, words, domain))[:MAX_EXPLANATION]


def _is_unspeakable(run: _Evaluation, target: MacroString) -> bool:
    """True when the name would hold a local part that is not ASCII: the term matches nothing (RFC 8616 section 4)."""
    return not run.local.isascii() and not target.letters.isdisjoint("sl")


async def _target(run: _Evaluation, target: MacroString | None, domain: str) -> str:
    """The name that a term means."""
    if target is None:
        return domain
    return target.name(await _values(run, target, domain) if target.letters else {})


async def _values(run: _Evaluation, text: MacroString, domain: str) -> dict[str, str]:
    """What the letters of its macros stand for (section 7.2)."""
    if not text.letters:
        return {}
    values = {
        "s": f"{run.local}@{run.domain}", "l": run.local, "o": run.domain, "d": domain, "i": _dotted(run.client),
        "p": await _validated_name(run, domain) if "p" in text.letters else "",
        "v": "in-addr" if run.client.version == 4 else "ip6",
        "h": run.helo if run.helo.isascii() else to_ascii(run.helo) or run.helo,
        "c": str(run.client), "r": "unknown", "t": str(int(run.now)),
    }  # fmt: skip
    return {letter: value[-MAX_VALUE:] for letter, value in values.items()}


def _dotted(client: Address) -> str:
    return str(client) if client.version == 4 else ".".join(client.exploded.replace(":", "").upper())


async def _validated_name(run: _Evaluation, domain: str) -> str:
    """One of the client's names, best the domain itself or one below it; asking for them counts (section 4.6.4)."""
    if run.validated is None:
        _count_lookup(run)
    names = await _validated(run)
    same = [name for name in names if name == domain.lower()]
    below = [name for name in names if is_within(name, domain.lower())]
    return (same or below or names or ["unknown"])[0]
