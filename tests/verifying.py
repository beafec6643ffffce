"""DKIM as a test asks for it: a message and a zone in, the checks out."""


from signing import NOW, record, rsa_key

from gateway.authentication import dkim
from gateway.authentication.canonical import body_hashes
from gateway.authentication.fields import split
from gateway.authentication.resolver import ZoneResolver
from gateway.authentication.signature import Signature

KEY = "s1._domainkey.example.com"


async def verify(message, zone=None, now=NOW, resolver=None):
    """The check of each signature; the zone holds the key of example.com besides what is given."""
    resolver = resolver or ZoneResolver({KEY: {"TXT": [record(rsa_key())]}, **(zone or {})})
    header, body = split(message)
    found = dkim.read(header, now)
    wanted = {each.body_key for each in found if isinstance(each, Signature)}
    bodies = await body_hashes(body, wanted)
    return await dkim.verify(found, header, bodies, resolver)


async def only(message, **how):
    [check] = await verify(message, **how)
    return check


async def results(message, **how):
    return [check.result.value for check in await verify(message, **how)]


async def with_key(message, *texts):
    """The check of a message whose key's name holds these TXT records."""
    return await only(message, zone={KEY: {"TXT": list(texts)}})
