"""Does the client's address have a name that leads back to it (RFC 8601 section 3)? Reported only."""

from gateway.authentication.address import client_address, is_among
from gateway.authentication.answer import Resolver
from gateway.mail.authres import Check, Result

MAX_NAMES = 10
"""As SPF's ptr (RFC 7208 section 4.6.4): a client may bear thousands."""


async def check(client_ip: str, resolver: Resolver) -> Check:
    """pass with the first name that leads back; fail when none does; permerror without any name (section 2.7.3)."""
    client = client_address(client_ip)
    if client is None:
        return Check("iprev", Result.PERMERROR, reason="The client's address is not known.")
    pointers = await resolver.query(client.reverse_pointer, "PTR")
    if pointers.is_trouble:
        return Check("iprev", Result.TEMPERROR, reason=f"DNS did not answer for the name of {client}.")
    if not pointers.names:
        return Check("iprev", Result.PERMERROR, reason=f"{client} has no name in DNS.")
    lost = False
    for name in pointers.names[:MAX_NAMES]:
        answer = await resolver.query(name, "A" if client.version == 4 else "AAAA")
        if is_among(client, answer.names, client.max_prefixlen):
            return Check("iprev", Result.PASS, name, f"{client} is named {name}, and {name} leads back to it.")
        lost = lost or answer.is_trouble
    if lost:
        return Check("iprev", Result.TEMPERROR, reason=f"DNS did not answer for a name of {client}.")
    first = pointers.names[0]
    return Check("iprev", Result.FAIL, first, f"{client} is named {first}, which does not lead back to it.")
