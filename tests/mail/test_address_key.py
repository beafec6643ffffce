"""One mailbox, however its address is typed; and an address that may be read aloud."""

import time

import pytest

from gateway.mail.addresses import address_key, masked

KIM = "kim@xn--bcher-kva.example"


@pytest.mark.parametrize("address", ["kim@bücher.example", "KIM@BÜCHER.EXAMPLE", "kim@xn--bcher-kva.example",
                                     "kim@XN--BCHER-KVA.example", " kim@bu\u0308cher.example\n"])
def test_one_mailbox_has_one_key(address: str) -> None:
    assert address_key(address) == KIM


@pytest.mark.parametrize("address", ["kim@bucher.example", "kim@bücher.example.", "kin@bücher.example", "", "@", "kim",
                                     "kim@bücher..example", "kim@\u2028.example", "kim@\ud800.example", "a@b@" + KIM])
def test_another_mailbox_has_another(address: str) -> None:
    assert address_key(address) != KIM


@pytest.mark.parametrize("address", ["a" + "\u0301" * 500_000 + "@example.org", "a@" + "ü" * 300, "a@" + "ü." * 150,
                                     "a@" + "\u0301\u0323" * 150, "@" * 1_000_000])
def test_no_address_takes_long(address: str) -> None:
    began = time.process_time()
    address_key(address)
    assert time.process_time() - began < 0.1


@pytest.mark.parametrize(("address", "aloud"), [
    ("kim@example.com", "k***@example.com"), ("k@example.com", "k***@example.com"), ("", "***"), ("kim", "k***"),
    ("홍@example.kr", "홍***@example.kr"),
])
def test_an_address_is_masked(address: str, aloud: str) -> None:
    assert masked(address) == aloud
