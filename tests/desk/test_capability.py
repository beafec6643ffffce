"""Addresses as capabilities: only what a letter of ours gave away is good, and only for its purpose and time."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from gateway.desk.capability import Capabilities, Capability

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIFETIME = timedelta(days=30)
OURS = Capabilities(b"k" * 32, "support@example.com", LIFETIME)

ALL = [Capability("reply", 1), Capability("bounce", 77), Capability("verify", 36**5), Capability("rate", 4, 5)]


@pytest.mark.parametrize("capability", ALL)
def test_an_address_of_ours_is_good_for_what_it_was_made_for(capability: Capability) -> None:
    address = OURS.address(capability, NOON)
    assert OURS.read(address, NOON) == capability
    assert OURS.read(address.upper(), NOON) == capability


@pytest.mark.parametrize("capability", ALL)
def test_an_address_fits_in_a_local_part(capability: Capability) -> None:
    assert len(OURS.address(capability, NOON).partition("@")[0]) <= 64


def test_running_ids_cannot_be_told_from_addresses() -> None:
    """A stranger who gets two of them must not learn how many others were made between."""
    made = [OURS.token(Capability("verify", id), NOON)[1:].partition(".")[0] for id in range(1, 2001)]
    numbers = [int(each, 36) for each in made]
    assert len(set(numbers)) == 2000
    assert max(numbers) < 2**40
    ascents = sum(a < b for a, b in pairwise(numbers))
    assert 900 < ascents < 1100
    assert min(abs(a - b) for a, b in pairwise(numbers)) > 1000


def test_a_number_or_day_may_be_written_in_one_way_only() -> None:
    token = OURS.token(Capability("verify", 7), NOON)
    assert OURS.read_token(f"v0{token[1:]}", NOON) is None
    assert OURS.read_token(token.replace(".", ".0", 1), NOON) is None


def test_an_address_expires() -> None:
    address = OURS.address(Capability("reply", 1), NOON)
    assert OURS.read(address, NOON + LIFETIME) == Capability("reply", 1)
    assert OURS.read(address, NOON + LIFETIME + timedelta(days=2)) is None


def test_an_old_reply_address_is_known_for_one_and_no_other_is() -> None:
    later = NOON + timedelta(days=400)
    assert OURS.is_mailbox(OURS.address(Capability("reply", 1), NOON), later)
    assert not OURS.is_mailbox(OURS.address(Capability("rate", 1, 5), NOON), later)
    assert not OURS.is_mailbox("support+r1.zzz." + "a" * 26 + "@example.com", NOON)
    assert OURS.read(OURS.address(Capability("reply", 1), NOON), later) is None


def test_whatever_looks_like_a_one_time_address_is_taken_and_only_ours_is_read() -> None:
    ours, forged = OURS.address(Capability("verify", 9), NOON), "support+v9.zzz." + "a" * 26 + "@example.com"
    later = NOON + timedelta(days=400)
    assert OURS.is_mailbox(ours, later)
    assert OURS.is_mailbox(forged, later)
    assert not OURS.is_mailbox(forged.replace("support", "bounce"), NOON)
    assert not OURS.is_mailbox(forged.replace("example.com", "example.net"), NOON)
    assert OURS.read(ours, later) == Capability("verify", 9), "how long it counts is in its row"
    assert OURS.read(forged, NOON) is None


def test_a_token_is_good_for_what_its_address_is_good_for() -> None:
    token = OURS.token(Capability("verify", 9), NOON)
    assert OURS.address(Capability("verify", 9), NOON) == f"support+{token}@example.com"
    assert OURS.read_token(token, NOON) == Capability("verify", 9)


@pytest.mark.parametrize("token", ["", "x", "a" * 100_000, "v9.zzz." + "a" * 26, "x@example.com", "+", "support+v9"])
def test_any_other_token_is_nothing(token: str) -> None:
    assert OURS.read_token(token, NOON) is None


def test_no_single_character_can_be_changed() -> None:
    address = OURS.address(Capability("rate", 4, 5), NOON)
    for place, sign in enumerate(address):
        for other in "0a5s":
            if other != sign:
                assert OURS.read(address[:place] + other + address[place + 1 :], NOON) is None


def test_the_address_of_another_secret_or_another_domain_is_nothing() -> None:
    theirs = Capabilities(b"x" * 32, "support@example.com", LIFETIME)
    elsewhere = Capabilities(b"k" * 32, "support@example.net", LIFETIME)
    assert OURS.read(theirs.address(Capability("reply", 1), NOON), NOON) is None
    assert OURS.read(elsewhere.address(Capability("reply", 1), NOON), NOON) is None


@pytest.mark.parametrize("address", ["", "support@example.com", "support+r1.abc@example.com", "+@", "support+",
                                     "@" * 70, "support+r1.zzz." + "a" * 26 + "@example.com"])
def test_what_is_no_capability_is_nothing(address: str) -> None:
    assert OURS.read(address, NOON) is None
