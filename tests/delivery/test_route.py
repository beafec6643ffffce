"""Which hosts take mail for a domain."""

from typing import Any

from gateway.authentication.resolver import ZoneResolver
from gateway.delivery.outcome import Outcome
from gateway.delivery.route import Host, hosts

ONE = {"A": ["192.0.2.1"]}
TWO = {"A": ["192.0.2.2"], "AAAA": ["2001:db8::2"]}


async def route(zone: dict[str, Any], port: int = 25) -> tuple[list[str], str]:
    """Addresses in the order to be tried, and the state and status told when none of them takes it."""
    found = [each async for each in hosts("example.net", ZoneResolver(zone), port)]
    end = found.pop()
    assert isinstance(end, Outcome)
    return [each.address for each in found if isinstance(each, Host)], f"{end.state} {end.reply.split()[1]}"


async def test_hosts_are_tried_by_preference() -> None:
    zone = {"example.net": {"MX": [[20, "b.example.net"], [10, "a.example.net"]]},
            "a.example.net": ONE, "b.example.net": TWO}
    assert await route(zone) == (["192.0.2.1", "192.0.2.2", "2001:db8::2"], "deferred 4.4.1")


async def test_hosts_of_one_preference_are_tried_in_any_order() -> None:
    zone = {"example.net": {"MX": [[10, "a.example.net"], [10, "b.example.net"]]},
            "a.example.net": ONE, "b.example.net": {"A": ["192.0.2.2"]}}
    seen = {tuple((await route(zone))[0]) for _ in range(64)}
    assert seen == {("192.0.2.1", "192.0.2.2"), ("192.0.2.2", "192.0.2.1")}


async def test_a_domain_without_mx_takes_its_mail_itself() -> None:
    assert await route({"example.net": ONE}) == (["192.0.2.1"], "deferred 4.4.1")


async def test_a_null_mx_takes_no_mail() -> None:
    assert await route({"example.net": {"MX": [[0, "."]], **ONE}}) == ([], "bounced 5.1.10")


async def test_a_domain_that_does_not_exist_bounces() -> None:
    assert await route({}) == ([], "bounced 5.1.2")


async def test_a_domain_with_no_address_at_all_bounces() -> None:
    assert await route({"example.net": {"TXT": ["x"]}}) == ([], "bounced 5.4.4")


async def test_dns_trouble_only_defers() -> None:
    assert await route({"example.net": "TIMEOUT"}) == ([], "deferred 4.4.3")
    assert await route({"example.net": {"MX": [[10, "a.example.net"]]}, "a.example.net": "SERVFAIL"}) \
        == ([], "deferred 4.4.3")


async def test_a_hostile_mx_does_not_lead_us_to_ourselves() -> None:
    zone = {"example.net": {"MX": [[10, "a.example.net"]]}, "a.example.net": {
        "A": ["127.0.0.1", "0.0.0.0", "169.254.1.1"], "AAAA": ["::1"]}}
    assert await route(zone) == ([], "bounced 5.4.4")
    mapped = {"example.net": {"MX": [[10, "a.example.net"]]}, "a.example.net": {"AAAA": ["::ffff:127.0.0.1"]}}
    assert await route(mapped) == ([], "bounced 5.4.4")


async def test_a_domain_with_a_thousand_hosts_is_not_walked_to_the_end() -> None:
    zone: dict[str, Any] = {"example.net": {"MX": [[number, f"m{number}.example.net"] for number in range(1000)]}}
    zone |= {f"m{number}.example.net": {"A": [f"192.0.2.{each}" for each in range(9)]} for number in range(1000)}
    assert len((await route(zone))[0]) == 30
