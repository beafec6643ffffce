"""What several doors know of each other's clients."""

import mmap

import pytest

from gateway.smtp.crowd import OCTETS, Crowd, forget
from gateway.smtp.limits import Guests

KEY = b"k" * 16


@pytest.fixture
def memory() -> mmap.mmap:
    return mmap.mmap(-1, 3 * OCTETS)


def test_each_sees_the_clients_of_the_others_and_not_its_own(memory: mmap.mmap) -> None:
    first, second, third = (Crowd(memory, number, KEY) for number in range(3))
    for door, net in ((first, "192.0.2.1"), (first, "192.0.2.2"), (third, "192.0.2.1")):
        door.add(net, 1)
    assert second.elsewhere("192.0.2.1") == (3, 2)
    assert first.elsewhere("192.0.2.1") == (1, 1)
    assert first.elsewhere("192.0.2.2") == (1, 0)
    first.add("192.0.2.1", -1)
    assert second.elsewhere("192.0.2.1") == (2, 1)


def test_of_one_that_is_gone_nobody_is_left(memory: mmap.mmap) -> None:
    first, second = Crowd(memory, 0, KEY), Crowd(memory, 1, KEY)
    first.add("192.0.2.1", 5)
    second.add("192.0.2.1", 1)
    forget(memory, 0)
    assert (first.elsewhere("192.0.2.1"), second.elsewhere("192.0.2.1")) == ((1, 1), (0, 0))


def test_who_leaves_one_makes_room_at_the_other(memory: mmap.mmap) -> None:
    first, second = (Guests(3, 2, Crowd(memory, number, KEY)) for number in range(2))
    assert first.enter("192.0.2.1") is None
    assert second.enter("192.0.2.1") is None
    assert "421 4.7.0" in str(second.enter("192.0.2.1"))
    assert second.enter("192.0.2.2") is None
    assert "421 4.3.2" in str(first.enter("192.0.2.3"))
    first.leave("192.0.2.1")
    assert second.enter("192.0.2.1") is None
