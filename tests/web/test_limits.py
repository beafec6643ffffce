"""How often visitors may come. Time is a number."""

import pytest

from gateway.web.limits import FOR_A_CLIENT, FOR_ALL, MOST_KNOWN, Buckets, Meter, Turnstile, client_net


def test_a_client_comes_so_often_at_once_and_then_waits() -> None:
    turnstile = Turnstile()
    assert [turnstile.admits("192.0.2.7", 0.0) for _ in range(FOR_A_CLIENT.at_once + 1)] == (
        [True] * FOR_A_CLIENT.at_once + [False])
    assert turnstile.admits("192.0.2.7", FOR_A_CLIENT.step)
    assert not turnstile.admits("192.0.2.7", FOR_A_CLIENT.step)


def test_who_comes_slowly_never_waits() -> None:
    turnstile = Turnstile()
    assert all(turnstile.admits("192.0.2.7", visit * FOR_A_CLIENT.step) for visit in range(500))


def test_who_floods_from_one_net_takes_no_room_from_others() -> None:
    turnstile = Turnstile()
    flood = [turnstile.admits("2001:db8:7::" + f"{visit:x}", 0.0) for visit in range(5000)]
    assert sum(flood) == FOR_A_CLIENT.at_once
    assert turnstile.admits("192.0.2.8", 0.0)


def test_all_together_wait_too_and_then_go_on() -> None:
    turnstile = Turnstile()
    admitted = [turnstile.admits(f"10.0.{visit // 250}.{visit % 250}", 0.0) for visit in range(FOR_ALL.at_once + 9)]
    assert sum(admitted) == FOR_ALL.at_once
    assert turnstile.admits("192.0.2.8", FOR_ALL.step)


def test_nets_that_went_away_are_forgotten() -> None:
    turnstile = Turnstile()
    for visit in range(3 * MOST_KNOWN):
        assert turnstile.admits(f"10.{visit // 65536}.{visit // 256 % 256}.{visit % 256}", visit * FOR_ALL.step)
    assert len(turnstile._buckets._full_at) <= MOST_KNOWN + 1


def test_a_token_asks_so_often_in_a_minute_and_another_one_as_often() -> None:
    meter = Meter(Buckets(), 40)
    assert [meter.admits("one", 0.0) for _ in range(41)] == [True] * 40 + [False]
    assert meter.admits("another", 0.0)
    assert [meter.admits("one", 3.0) for _ in range(3)] == [True, True, False]
    assert meter.again == {"Retry-After": "2"}


@pytest.mark.parametrize(("ip", "net"), [
    ("192.0.2.7", "192.0.2.7"), ("::ffff:192.0.2.7", "192.0.2.7"), ("2001:db8::1", "2001:db8::/64"),
    ("2001:db8::ffff:1", "2001:db8::/64"), ("fe80::1%eth0", "fe80::/64"), ("", ""), ("unknown", ""), ("x" * 9999, ""),
])
def test_a_client_is_an_address_of_ipv4_or_a_net_of_ipv6(ip: str, net: str) -> None:
    assert client_net(ip) == net
