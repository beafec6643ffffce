"""Does the client's address have a name that leads back to it (RFC 8601 section 3)? Reported only."""

from ipaddress import ip_address

from gateway.authentication.answer import Resolver
from gateway.mail.authres import Check, Result

MAX_NAMES = 5


async def check(client_ip: str, resolver: Resolver) -> Check:
    try:
        client = ip_address(client_ip.partition("%")[0])
    except ValueError:
        return Check("iprev", Result.PERMERROR, reason="The client's address is not known.")
    client = getattr(client, "ipv4_mapped", None) or client
    pointers = await resolver.query(client.reverse_pointer, "PTR")
    if pointers.is_trouble:
        return Check("iprev", Result.TEMPERROR, reason=f"DNS did not answer for the name of {client}.")
    if not pointers.names:
        return Check("iprev", Result.PERMERROR, reason=f"{client} has no name in DNS.")
    lost = False
    for name in pointers.names[:MAX_NAMES]:
        answer = await resolver.query(name, "A" if client.version == 4 else "AAAA")
        if str(client) in {_plain(address) for address in answer.names}:
            return Check("iprev", Result.PASS, name, f"{client} is named {name}, and {name} leads back to it.")
        lost = lost or answer.is_trouble
    if lost:
        return Check("iprev", Result.TEMPERROR, reason=f"DNS did not answer for a name of {client}.")
    first = pointers.names[0]
    return Check("iprev", Result.FAIL, first, f"{client} is named {first}, which does not lead back to it.")


def _plain(address: str) -> str:
    try:
        return str(ip_address(address))
    except ValueError:
        return ""
