"""May this client send for that domain (RFC 7208)?

check() is the RFC's check_host(): an evaluator in asyncio whose terms ask the resolver one after the other, as the
record's author meant them. SPF says who may hand mail over; it says nothing of who wrote it.
"""

import asyncio
import re
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import quote

from gateway.authentication import spf_record
from gateway.authentication.answer import Answer, Resolver
from gateway.authentication.names import MAX_NAME, can_be_asked, is_within, to_ascii
from gateway.authentication.spf_record import MACRO, Malformed, Mechanism, Record
from gateway.mail.authres import Check, Result

LOOKUPS, VOIDS, EXCHANGERS, POINTERS = 10, 2, 10, 10
"""Section 4.6.4: terms that ask DNS, look-ups that find nothing, names of an MX, names of a client."""
SECONDS = 8.0
MAX_EXPLANATION = 500


class _Stop(Exception):
    """The evaluation ends here with an error (temperror, permerror)."""

    def __init__(self, result: Result, reason: str):
        super().__init__(reason)
        self.result, self.reason = result, reason


@dataclass
class _Evaluation:
    """One check_host() with all its inner ones: they share the limits."""

    resolver: Resolver
    client: IPv4Address | IPv6Address
    sender: str
    helo: str
    now: float
    lookups: int = 0
    voids: int = 0
    explanation: str = ""
    validated: list[str] | None = field(default=None)


async def check(client_ip: str, helo: str, reverse_path: str, resolver: Resolver, now: float) -> Check:
    """SPF for one transaction. The null path, and one without a domain, is checked as postmaster@helo (section 2.4)."""
    reverse_path = reverse_path.removeprefix("<").removesuffix(">")
    identity = "mailfrom" if reverse_path else "helo"
    sender = reverse_path if identity == "mailfrom" else f"postmaster@{helo}"
    local, at, domain = sender.rpartition("@")
    name = to_ascii(domain) or (domain.lower().removesuffix(".") if can_be_asked(domain.removesuffix(".")) else "")
    found = Check("spf", Result.NONE, name or _shown(domain), detail=identity)
    client = _client(client_ip)
    if client is None:
        return replace(found, reason="The client's address is not known.")
    if not name or "." not in name:
        return replace(found, reason="There is no domain name to check.")
    run = _Evaluation(resolver, client, f"{local if at and local else 'postmaster'}@{name}", helo, now)
    try:
        async with asyncio.timeout(SECONDS):
            result = await _check_host(run, name)
    except _Stop as stop:
        return replace(found, result=stop.result, reason=stop.reason)
    except TimeoutError:
        return replace(found, result=Result.TEMPERROR, reason=f"DNS did not answer in time for the SPF of {name}.")
    return replace(found, result=result, reason=_SENTENCES[result].format(name=name, client=client),
                   explanation=run.explanation)  # fmt: skip


_SENTENCES = {
    Result.PASS: "{name} says that {client} may send for it (SPF).",
    Result.FAIL: "{name} says that {client} may not send for it (SPF).",
    Result.SOFTFAIL: "{name} says that {client} probably may not send for it (SPF).",
    Result.NEUTRAL: "{name} says nothing for or against {client} (SPF).",
    Result.NONE: "{name} publishes no SPF record.",
}


def _shown(domain: str) -> str:
    return domain[:MAX_NAME].lower()


def _client(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.strip("[]").lower().removeprefix("ipv6:").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


async def _check_host(run: _Evaluation, domain: str) -> Result:
    record = await _record(run, domain)
    if record is None:
        return Result.NONE
    for mechanism in record.mechanisms:
        if await _matches(run, mechanism, domain):
            if mechanism.result == Result.FAIL:
                run.explanation = await _explain(run, record.explanation, domain)
            return Result(mechanism.result)
    return await _redirected(run, record.redirect, domain) if record.redirect else Result.NEUTRAL


async def _redirected(run: _Evaluation, target: str, domain: str) -> Result:
    _count_lookup(run)
    name = await _target(run, target, domain)
    result = await _check_host(run, name)
    if result == Result.NONE:
        raise _Stop(Result.PERMERROR, f"{domain} redirects to {name}, which has no SPF record.")
    return result


async def _record(run: _Evaluation, domain: str) -> Record | None:
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


async def _look_up(run: _Evaluation, name: str, type: str) -> Answer:
    answer = await run.resolver.query(name, type)
    _learn(answer, name)
    if answer.is_void:
        run.voids += 1
        if run.voids > VOIDS:
            raise _Stop(Result.PERMERROR, f"More than {VOIDS} look-ups of the SPF record find nothing.")
    return answer


async def _matches(run: _Evaluation, mechanism: Mechanism, domain: str) -> bool:
    if mechanism.name == "all":
        return True
    if mechanism.network is not None:
        return run.client.version == mechanism.network.version and run.client in mechanism.network
    _count_lookup(run)
    name = await _target(run, mechanism.target, domain)
    match mechanism.name:
        case "include":
            return await _includes(run, name)
        case "exists":
            return bool((await _look_up(run, name, "A")).values)
        case "ptr":
            return any(is_within(each, name.lower()) for each in await _validated(run))
        case "mx":
            return await _mx_matches(run, mechanism, name)
    return await _host_matches(run, mechanism, name)


async def _includes(run: _Evaluation, name: str) -> bool:
    outer = run.explanation
    result = await _check_host(run, name)
    # The explanation of an included record is never used (section 6.2).
    run.explanation = outer
    if result == Result.NONE:
        raise _Stop(Result.PERMERROR, f"The included domain {name} has no SPF record.")
    return result == Result.PASS


async def _mx_matches(run: _Evaluation, mechanism: Mechanism, name: str) -> bool:
    exchangers = (await _look_up(run, name, "MX")).exchangers
    if len(exchangers) > EXCHANGERS:
        raise _Stop(Result.PERMERROR, f"{name} has more than {EXCHANGERS} mail exchangers.")
    for _, host in sorted(exchangers):
        if await _host_matches(run, mechanism, host):
            return True
    return False


async def _host_matches(run: _Evaluation, mechanism: Mechanism, name: str) -> bool:
    type_, length = ("A", mechanism.v4_length) if run.client.version == 4 else ("AAAA", mechanism.v6_length)
    answer = await _look_up(run, name, type_)
    return any(_is_in(run.client, address, length) for address in answer.names)


def _is_in(client: IPv4Address | IPv6Address, address: str, length: int) -> bool:
    try:
        network = ip_network(f"{address}/{length}", strict=False)
    except ValueError:
        return False
    return client.version == network.version and client in network


async def _validated(run: _Evaluation) -> list[str]:
    """The client's names that lead back to it (section 5.5). Errors here are no match, not an error."""
    if run.validated is None:
        pointers = await run.resolver.query(run.client.reverse_pointer, "PTR")
        type_ = "A" if run.client.version == 4 else "AAAA"
        answers = [(name, await run.resolver.query(name, type_)) for name in pointers.names[:POINTERS]]
        run.validated = [name for name, answer in answers if _leads_to(answer, run.client)]
    return run.validated


def _leads_to(answer: Answer, client: IPv4Address | IPv6Address) -> bool:
    return any(_is_in(client, address, client.max_prefixlen) for address in answer.names)


async def _explain(run: _Evaluation, target: str, domain: str) -> str:
    """The domain's own words about the failure; "" when there are none to be had (section 6.2)."""
    if not target:
        return ""
    answer = await run.resolver.query(await _target(run, target, domain), "TXT")
    if len(answer.texts) != 1 or not answer.texts[0].isascii():
        return ""
    text = answer.texts[0].decode("ascii")
    try:
        spf_record.check_explanation(text)
    except Malformed:
        return ""
    return (await _expand(run, text, domain))[:MAX_EXPLANATION]


async def _target(run: _Evaluation, text: str, domain: str) -> str:
    """The name a term means: macros expanded, and cut on the left to 253 octets (section 7.3)."""
    if not text:
        return domain
    name = (await _expand(run, text, domain)).removesuffix(".")
    while len(name) > MAX_NAME and "." in name:
        name = name.partition(".")[2]
    return name


async def _expand(run: _Evaluation, text: str, domain: str) -> str:
    parts, end = [], 0
    for macro in MACRO.finditer(text):
        parts += [text[end : macro.start()], await _macro(run, macro, domain)]
        end = macro.end()
    return "".join([*parts, text[end:]])


async def _macro(run: _Evaluation, macro: re.Match[str], domain: str) -> str:
    if not macro[1]:
        return {"%%": "%", "%_": " ", "%-": "%20"}[macro[0]]
    value = await _letter(run, macro[1].lower(), domain)
    parts = re.split("[" + re.escape(macro[4] or ".") + "]", value)
    if macro[3]:
        parts.reverse()
    if macro[2]:
        parts = parts[-int(macro[2][:9]) :]
    value = ".".join(parts)
    return quote(value, safe="-._~", errors="replace") if macro[1].isupper() else value


async def _letter(run: _Evaluation, letter: str, domain: str) -> str:
    if letter == "p":
        return await _validated_name(run, domain)
    local, _, sender_domain = run.sender.rpartition("@")
    return {
        "s": run.sender, "l": local, "o": sender_domain, "d": domain, "h": run.helo,
        "i": _dotted(run.client), "v": "in-addr" if run.client.version == 4 else "ip6",
        "c": str(run.client), "r": "unknown", "t": str(int(run.now)),
    }[letter]  # fmt: skip


def _dotted(client: IPv4Address | IPv6Address) -> str:
    return str(client) if client.version == 4 else ".".join(client.exploded.replace(":", "").upper())


async def _validated_name(run: _Evaluation, domain: str) -> str:
    names = await _validated(run)
    same = [name for name in names if name == domain.lower()]
    below = [name for name in names if is_within(name, domain.lower())]
    return (same or below or names or ["unknown"])[0]
