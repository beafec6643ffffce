"""The stack of libraries beside us: authheaders over pyspf and dkimpy, in threads, as their documentation shows it.

They ask DNS by dnspython and block. authheaders reads the public suffix list several times for every mail, 50 ms each;
`keep_suffix_list` is what a careful user would add.
"""

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import authheaders
import authheaders.dmarc_lookup
import dns.resolver
import spf
from publicsuffix2 import PublicSuffixList

from tests.bench.senders import CLIENT, HELO, domain_of

warnings.filterwarnings("ignore", category=DeprecationWarning)
THREADS = 100
_DNS, _READ_LIST = spf.DNSLookup, authheaders.dmarc_lookup.get_org_domain_from_suffix_list
_LIST = PublicSuffixList()


def ask_zone(zone: dict[str, Any]) -> Callable[..., Any]:
    """Let pyspf read the zone; gives what the others take in place of DNS."""

    def lookup(name: str, type_: str, *_: Any, **__: Any) -> list[Any]:
        values = zone.get(name.lower().rstrip("."), {}).get(type_, [])
        return [((name, type_), [value.encode()] if type_ == "TXT" else value) for value in values]

    def text(name: Any, timeout: int = 5) -> Any:
        is_bytes = isinstance(name, bytes)
        found = zone.get((name.decode() if is_bytes else name).lower().rstrip("."), {}).get("TXT", [None])[0]
        return found.encode() if found and is_bytes else found

    spf.DNSLookup = lookup
    return text


def ask_server(address: str, *, cached: bool) -> None:
    """Let all of them ask this server by dnspython, with its cache or without."""
    host, _, port = address.partition(":")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [host], int(port)
    resolver.cache = dns.resolver.LRUCache(100_000) if cached else None
    dns.resolver.default_resolver = resolver
    spf.DNSLookup = _DNS


def keep_suffix_list(*, kept: bool) -> None:
    """Read it once, or each time as it comes."""
    lookup = (lambda _, domain: _LIST.get_public_suffix(domain)) if kept else _READ_LIST
    authheaders.dmarc_lookup.get_org_domain_from_suffix_list = lookup


def judge(message: bytes, number: int, text: Callable[..., Any] | None = None) -> None:
    domain = domain_of(number)
    found = authheaders.authenticate_message(message, "mx.bench.example", spf=True, ip=CLIENT, helo=HELO,
                                             mail_from=f"joe@{domain}", dnsfunc=text)  # fmt: skip
    assert all(word in found for word in ("spf=pass", "dkim=pass", "dmarc=pass")), found


def judge_many(mails: list[tuple[int, bytes]]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda each: judge(each[1], each[0]), mails))


def warm(names: list[tuple[str, str]]) -> None:
    """Bring answers into dnspython's cache."""
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda each: dns.resolver.resolve(*each), names))
