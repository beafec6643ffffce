"""Which hosts take mail for a domain: MX records in their order (RFC 5321 section 5.1), or the domain itself.

Addresses are asked for through our own resolver and connected to as they are, so that what was checked is what is
used: a hostile MX must not lead us to our own loopback.
"""

import ipaddress
import secrets
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from gateway.authentication.resolver import Resolver
from gateway.delivery.outcome import Outcome, bounced, deferred

SMTP_PORT = 25
_MOST_HOSTS = 10
_MOST_ADDRESSES = 3
"""Addresses of one host that are tried."""


@dataclass(frozen=True, slots=True)
class Host:
    """A place to connect to. name: what its certificate must say and what replies are told with."""

    name: str
    address: str
    port: int


async def hosts(domain: str, resolver: Resolver, port: int = SMTP_PORT) -> AsyncGenerator[Host | Outcome, None]:
    """Hosts in the order to be tried; at the end one Outcome: what to say when none of them took the letter."""
    names = await _exchangers(domain, resolver)
    if isinstance(names, Outcome):
        yield names
        return
    found, is_trouble = False, False
    for name in names[:_MOST_HOSTS]:
        addresses, was_trouble = await _addresses(name, resolver)
        is_trouble |= was_trouble
        for address in addresses:
            if _is_outside(address) or port != SMTP_PORT:
                found = True
                yield Host(name, address, port)
    if found or is_trouble:
        yield deferred("4.4.3" if not found else "4.4.1", f"no mail host of {domain} could be reached")
    else:
        yield bounced(550, "5.4.4", f"no mail host of {domain} has an address that can be used")


async def _exchangers(domain: str, resolver: Resolver) -> list[str] | Outcome:
    answer = await resolver.query(domain, "MX")
    if answer.rcode == "NXDOMAIN":
        return bounced(550, "5.1.2", f"the domain {domain} does not exist")
    if answer.is_trouble:
        return deferred("4.4.3", f"DNS did not answer for {domain}")
    names = [(preference, host.rstrip(".").lower()) for preference, host in answer.exchangers]
    if names and not any(host for _, host in names):
        return bounced(556, "5.1.10", f"the domain {domain} takes no mail (RFC 7505)")
    # Equal preferences are tried in random order, which spreads the load (RFC 5321 section 5.1).
    secrets.SystemRandom().shuffle(names)
    return [host for _, host in sorted(names, key=lambda each: each[0]) if host] or [domain]


async def _addresses(name: str, resolver: Resolver) -> tuple[list[str], bool]:
    """Addresses of a host, IPv4 first, and whether some may be missing because DNS was in trouble."""
    answers = [await resolver.query(name, kind) for kind in ("A", "AAAA")]
    addresses = [value for answer in answers for value in answer.values if isinstance(value, str)]
    return addresses[:_MOST_ADDRESSES], any(answer.is_trouble for answer in answers)


def _is_outside(text: str) -> bool:
    """False for what would be this machine itself, whoever says that mail is taken there."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    address = mapped or address
    return not (address.is_loopback or address.is_unspecified or address.is_multicast or address.is_link_local)
