"""Two hurdles that config.toml may put up before strangers: DNS lists (RFC 5782) and greylisting (RFC 6647).

Both are off as shipped. They stand at RCPT: postmaster and abuse are always reached, so that who is kept out can ask
why, and whoever answers a letter of ours is no stranger.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from ipaddress import AddressValueError, IPv4Address

from gateway.authentication.address import client_address
from gateway.authentication.answer import Budget, Resolver
from gateway.smtp.limits import sender_net
from gateway.smtp.policy import GREYLISTED, Reply
from gateway.store.intake import Intake

SECONDS = 3.0
"""Given to all lists together; who does not answer by then knows nothing of the client."""
FIRST, LAST = IPv4Address("127.0.0.2"), IPv4Address("127.255.254.255")
"""Answers that mean "listed". Others are the list's own troubles (127.255.255.x) or a name server's inventions."""


async def fault_of_client(client_ip: str, lists: Sequence[str], resolver: Resolver) -> Reply | None:
    """Why a client that stands on a list is refused; None when it stands on none that answers."""
    client = client_address(client_ip)
    if client is None or not lists:
        return None
    # As the names of reverse DNS, under the list's own (RFC 5782 sections 2.1 and 2.4).
    reversed_address = client.reverse_pointer.rsplit(".", 2)[0]
    asked = Budget(resolver, SECONDS, len(lists))
    answers = await asyncio.gather(*(asked.query(f"{reversed_address}.{name}", "A") for name in lists))
    asked.close()
    for name, answer in zip(lists, answers, strict=True):
        if any(_is_listing(value) for value in answer.values):
            return Reply(550, "5.7.1", f"Your server's address is on the list {name}; ask there, or postmaster here")
    return None


def _is_listing(value: object) -> bool:
    try:
        return FIRST <= IPv4Address(value) <= LAST if isinstance(value, str) else False
    except AddressValueError:
        return False


async def fault_of_haste(
    client_ip: str, reverse_path: str, recipient: str, delay: timedelta, intake: Intake, now: datetime
) -> Reply | None:
    """451 for a client's net, sender and recipient that were first seen within the delay. Raises StoreAway."""
    if not delay:
        return None
    # Not the addresses themselves: nobody needs to read who was made to wait.
    pair = sha256(f"{reverse_path.lower()}\0{recipient.lower()}".encode("utf-8", "replace")).hexdigest()
    since = await intake.deferred_since(f"greylist:{pair}", sender_net(client_ip), now)
    return GREYLISTED if now - since < delay else None
