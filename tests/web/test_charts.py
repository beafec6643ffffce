"""Pictures of figures: well-formed, escaped, and true to the figures."""

import re
from xml.etree import ElementTree

import pytest

from gateway.web import charts

SVG = "{http://www.w3.org/2000/svg}"
DAYS = ["2026-11-23", "2026-11-24", "2026-11-25"]


def drawn(markup: str) -> ElementTree.Element:
    return ElementTree.fromstring(str(markup).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" ', 1))


def test_a_column_is_as_high_as_its_count() -> None:
    picture = drawn(charts.stacked(DAYS, {"technical": [1, 2, 4], "policy": [0, 2, 0]}))
    heights = [float(each.attrib["height"]) for each in picture.iter(f"{SVG}rect")]
    assert heights == pytest.approx([heights[0], 2 * heights[0], 2 * heights[0], 4 * heights[0]], abs=0.15)
    titles = [each.text for each in picture.iter(f"{SVG}title")]
    assert titles[:3] == ["2026-11-23 · technical: 1", "2026-11-24 · technical: 2", "2026-11-24 · policy: 2"]


def test_a_line_has_a_gap_where_there_is_no_figure() -> None:
    picture = drawn(charts.lines([*DAYS, "2026-11-26", "2026-11-27"], {"median": [1.0, 2.0, None, 3.0, 4.0]}))
    assert len(list(picture.iter(f"{SVG}polyline"))) == 2
    assert len(list(picture.iter(f"{SVG}circle"))) == 4


@pytest.mark.parametrize("periods", [[], DAYS[:1], [f"2026-W{number:02d}" for number in range(1, 54)]])
def test_nothing_and_much_can_be_drawn(periods: list[str]) -> None:
    picture = drawn(charts.stacked(periods, {"x": [0] * len(periods)}))
    names = [each.text for each in picture.iter(f"{SVG}text") if each.attrib["text-anchor"] == "middle"]
    assert len(names) <= 18
    drawn(charts.lines(periods, {"x": [None] * len(periods)}))


def test_numbers_are_written_as_the_page_writes_them() -> None:
    picture = drawn(charts.lines(DAYS, {"median": [1.0, 30.0, None]}, lambda value: f"{value:.0f} h"))
    assert [each.text for each in picture.iter(f"{SVG}text")][:5] == ["0 h", "10 h", "20 h", "30 h", "40 h"]


def test_what_a_site_calls_its_categories_is_escaped() -> None:
    picture = charts.stacked(['"><script>'], {"<b>&": [1]})
    assert "<script" not in picture
    assert "<b>" not in picture
    assert drawn(picture) is not None


@pytest.mark.parametrize(("largest", "top"), [(0, 4), (3, 4), (4, 4), (5, 8), (9, 20), (41, 80), (10**6, 10**6)])
def test_the_scale_ends_at_a_round_number_above_the_largest(largest: int, top: int) -> None:
    written = re.findall(r'text-anchor="end">([\d,]+)<', charts.stacked(["a"], {"x": [largest]}))
    numbers = [int(each.replace(",", "")) for each in written]
    assert (numbers[0], numbers[-1]) == (0, top)


@pytest.mark.parametrize(("value", "largest", "width"), [(5, 10, "50.00"), (0, 0, "0.00"), (7, 7, "100.00")])
def test_a_bar_is_its_share_of_the_largest(value: int, largest: int, width: str) -> None:
    assert f'width="{width}"' in charts.bar(value, largest)
