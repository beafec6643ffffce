"""Request numbers: what is mistyped is noticed, what is typed loosely is found."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk import number

RUNNING = st.integers(1, 9_999_999_999)
YEAR = st.integers(2000, 2999)


def found(text: str) -> list[str]:
    return list(number.find(text, "FD"))


def test_a_number_reads_as_prefix_year_running_and_check_digit() -> None:
    assert number.compose("FD", 2026, 123).startswith("FD-2026-000123")
    assert len(number.compose("FD", 2026, 123)) == len("FD-2026-0001230")


@given(YEAR, RUNNING)
def test_a_number_that_we_wrote_is_found(year: int, running: int) -> None:
    written = number.compose("FD", year, running)
    assert found(written) == [written]


@given(YEAR, RUNNING, st.data())
def test_one_wrong_digit_is_noticed(year: int, running: int, data: st.DataObject) -> None:
    written = number.compose("FD", year, running)
    places = [index for index, sign in enumerate(written) if sign.isdigit()]
    place = data.draw(st.sampled_from(places))
    other = data.draw(st.sampled_from([digit for digit in "0123456789" if digit != written[place]]))
    assert written not in found(wrong := written[:place] + other + written[place + 1 :])
    assert wrong not in found(wrong)


@given(YEAR, RUNNING, st.data())
def test_two_swapped_neighbours_are_noticed(year: int, running: int, data: st.DataObject) -> None:
    written = number.compose("FD", year, running)
    pairs = [index for index in range(len(written) - 1)
             if written[index : index + 2].isdigit() and written[index] != written[index + 1]]
    if not pairs:
        return
    place = data.draw(st.sampled_from(pairs))
    swapped = written[:place] + written[place + 1] + written[place] + written[place + 2 :]
    assert swapped not in found(swapped)


@pytest.mark.parametrize("loose", [
    "fd-2026-{0}", "FD 2026 {0}", "fd2026{0}", "Fd – 2026 – {0}", "ＦＤ－２０２６－{0}", "번호FD-2026-{0}입니다",
    "[FD-2026-{0}] Re: 로그인", "FD-2026-{0}.", "#FD:2026:{0}", "F D - 2 0 2 6 - {0}",
])
def test_a_number_typed_loosely_is_found(loose: str) -> None:
    written = number.compose("FD", 2026, 123)
    digits = written.rpartition("-")[2]
    assert found(loose.format(digits)) == [written]
    assert found(loose.format(" ".join(digits))) == [written]
    full_width = "".join(chr(ord(digit) + 0xFEE0) for digit in digits)
    assert found(loose.format(full_width)) == [written]


def test_digits_of_the_next_word_do_not_hide_a_number() -> None:
    written = number.compose("FD", 2026, 123)
    assert found(f"{written} 2 days ago") == [written]
    assert found(f"{written}, {written}, and 12") == [written]


def test_a_number_inside_a_longer_word_is_none() -> None:
    written = number.compose("FD", 2026, 123)
    assert found(f"X{written}") == []
    assert found("FD-2026-00012") == []
