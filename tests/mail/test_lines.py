"""Line ends, in whatever pieces a message comes."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.lines import LineEnds, has_bare_line_end

TEXT = st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\x85", b"\xff\x00", b" "])).map(b"".join)


def counted(octets: bytes) -> bool:
    pairs = octets.count(b"\r\n")
    return octets.count(b"\n") != pairs or octets.count(b"\r") != pairs


@given(TEXT)
def test_a_cr_or_lf_alone_is_seen(octets: bytes) -> None:
    assert has_bare_line_end(octets) == counted(octets)


@given(TEXT, st.lists(st.integers(1, 3)))
def test_it_is_the_same_in_any_pieces(octets: bytes, sizes: list[int]) -> None:
    ends, place = LineEnds(), 0
    for size in [*sizes, len(octets)]:
        ends.see(octets[place : place + size])
        place += size
    assert ends.are_bare == counted(octets)
    assert ends.are_bare == counted(octets)
