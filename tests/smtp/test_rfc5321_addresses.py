"""RFC 5321, sections 2.3.11, 4.1.2, 4.1.3 and 4.5.3.1: addresses as they stand in MAIL and RCPT, RFC 6531 included."""

import pytest
from smtp.house import House

TAKEN = {
    "4.1.2 dot-string": "alice.b@example.org",
    "4.1.2 every character of atext": "!#$%&'*+-/=?^_`{|}~9aZ@example.org",
    "4.1.2 quoted string": '"alice b"@example.org',
    "4.1.2 quoted string with an at sign": '"alice@home"@example.org',
    "4.1.2 quoted string with a bracket": '"a>b"@example.org',
    "4.1.2 quoted pair": '"a\\"b\\\\c"@example.org',
    "4.1.2 empty quoted string": '""@example.org',
    "4.1.2 quoted dots": '".a..b."@example.org',
    "4.1.2 a domain of one label": "alice@localhost",
    "4.1.2 labels that begin with a digit": "alice@3com.example",
    "4.1.2 a hyphen within a label": "alice@ex--ample.org",
    "4.1.3 IPv4 literal": "alice@[192.0.2.1]",
    "4.1.3 IPv6 literal": "alice@[IPv6:2001:db8::1]",
    "4.1.3 IPv6 literal, the tag in any case": "alice@[ipv6:2001:DB8::1]",
    "4.1.3 IPv6 literal that ends in IPv4": "alice@[IPv6:::ffff:192.0.2.1]",
    "4.1.3 full IPv6 literal": "alice@[IPv6:2001:db8:0:0:0:0:0:1]",
    "C a source route is taken": "@relay.example:alice@example.org",
    "C a source route of several hosts": "@one.example,@two.example:alice@example.org",
    "4.5.3.1.1 a local part of 64 octets": "x" * 64 + "@example.org",
    "4.5.3.1.1 longer ones are sent by VERP, SRS and BATV": "prvs=0123456789=" + "x" * 90 + "@example.org",
    "4.5.3.1.2 a domain of 255 octets, in a path of 256": "a@" + ".".join(["d" * 62] * 4),
    "4.5.3.1.3 a path of 256 octets": "x" * 64 + "@" + ".".join(["d" * 46] * 4) + "x",
    "2.3.5 a label of 63 octets": "a@" + "x" * 63 + ".org",
}
REFUSED = {
    "4.1.2 no domain": "alice",
    "4.1.2 no local part": "@example.org",
    "4.1.2 no domain behind the at sign": "alice@",
    "4.1.2 two at signs": "alice@home@example.org",
    "4.1.2 a blank": "alice b@example.org",
    "4.1.2 a dot in front": ".alice@example.org",
    "4.1.2 a dot at the end": "alice.@example.org",
    "4.1.2 two dots": "al..ice@example.org",
    "4.1.2 a quote that is not closed": '"alice@example.org',
    "4.1.2 text behind a quote": '"alice"b@example.org',
    "4.1.2 special characters": "al(i)ce@example.org",
    "4.1.2 a comma": "alice,bob@example.org",
    "4.1.2 a colon": "alice:bob@example.org",
    "4.1.2 a semicolon": "alice;bob@example.org",
    "4.1.2 a bracket": "al[ice@example.org",
    "4.1.2 an angle bracket": "<alice@example.org>",
    "4.1.2 a backslash outside quotes": "al\\ice@example.org",
    "4.1.2 an empty label": "alice@example..org",
    "4.1.2 a label in front is empty": "alice@.example.org",
    "4.1.2 a hyphen in front of a label": "alice@-example.org",
    "4.1.2 a hyphen behind a label": "alice@example-.org",
    "4.1.2 a blank in the domain": "alice@exam ple.org",
    "4.1.2 a comment": "alice@example.org (Alice)",
    "4.1.3 IPv4 literal of three numbers": "alice@[192.0.2]",
    "4.1.3 IPv4 literal with 256": "alice@[192.0.2.256]",
    "4.1.3 IPv6 without its tag": "alice@[2001:db8::1]",
    "4.1.3 IPv6 with a letter too many": "alice@[IPv6:2001:db8::g]",
    "4.1.3 IPv4 with the tag of IPv6": "alice@[IPv6:192.0.2.1]",
    "4.1.3 a literal that is not closed": "alice@[192.0.2.1",
    "4.1.3 an empty literal": "alice@[]",
    "4.1.3 a zone in a literal": "alice@[IPv6:fe80::1%eth0]",
    "C a source route without address": "@relay.example:",
    "4.5.3.1.3 a path over 256 octets": "x" * 200 + "@" + "d" * 60 + ".org",
    "6531-3.3 a U-label with a letter that nobody sees": "alice@exam\u200bple.org",
    "6531-3.3 a U-label of what only looks like letters": "alice@ｅxample.org",
    "6531-3.3 a U-label of a symbol": "alice@☃.example",
    "6531-3.3 a U-label written from right to left": "alice@exam\u202eple.org",
    "2.3.5 a label of 64 octets": "a@" + "x" * 64 + ".org",
}


@pytest.mark.parametrize("rule", TAKEN)
async def test_a_reverse_path_is_taken(house: House, rule: str) -> None:
    assert (await (await house.client()).says(f"MAIL FROM:<{TAKEN[rule]}>")).startswith("250 2.1.0")


@pytest.mark.parametrize("rule", REFUSED)
async def test_a_malformed_path_is_refused_in_both_commands(house: House, rule: str) -> None:
    client = await house.client()
    assert (await client.says(f"MAIL FROM:<{REFUSED[rule]}> SMTPUTF8")).startswith("501 5.1.7")
    assert (await client.says("MAIL FROM:<> SMTPUTF8")).startswith("250")
    assert (await client.says(f"RCPT TO:<{REFUSED[rule]}>")).startswith("501 5.1.3")
