"""Figures as pictures: SVG drawn here, coloured by the style of the page, with the same figures in a table beside it.

A picture is for the eye only (aria-hidden); whoever reads or hears the table misses nothing.
"""

from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup, escape

WIDE, NARROW, HEIGHT = 1160, 560, 220
"""Of a picture over the whole page, and of one of two side by side."""
LEFT, RIGHT, BOTTOM, TOP = 12, 64, 26, 10
"""What stands beside the drawing: the numbers on the right, where a narrow screen that cannot show all of it begins."""
COLOURS = 6
"""Series that have a colour."""

# Not Markup: its format takes ten times as long to escape.
_CHART = '<svg class="chart" viewBox="0 0 {0} {1}" aria-hidden="true" focusable="false">{2}</svg>'
_LINE = '<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>'
_TICK = '<text class="tick" x="{0}" y="{1:.1f}" text-anchor="end">{2}</text>'
_NAME = '<text class="tick" x="{0:.1f}" y="{1}" text-anchor="middle">{2}</text>'
_BLOCK = ('<rect class="series-{0}" x="{1:.1f}" y="{2:.1f}" width="{3:.1f}" height="{4:.1f}">'
          "<title>{5} · {6}: {7:,}</title></rect>")
_PATH = '<polyline class="line series-{0}" points="{1}"/>'
_DOT = '<circle class="dot series-{0}" cx="{1:.1f}" cy="{2:.1f}" r="3"><title>{3} · {4}: {5:.1f}</title></circle>'
_BAR = ('<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        '<rect class="{0}" width="{1:.2f}" height="10"/></svg>')


def stacked(periods: Sequence[str], series: Mapping[str, Sequence[int]]) -> Markup:
    """A column for each period, one block in it for each of the series."""
    tops = [sum(values[place] for values in series.values()) for place in range(len(periods))]
    scale, wide = _Scale(max(tops, default=0), WIDE), _room(WIDE, periods)
    names, blocks = [escape(name) for name in series], list[str]()
    for place, period in enumerate(periods):
        below, left = 0, LEFT + (place + 0.12) * wide
        for number, (name, values) in enumerate(zip(names, series.values(), strict=True)):
            if count := values[place]:
                top, bottom = scale.y(below + count), scale.y(below)
                told = escape(period), name, count
                blocks.append(_BLOCK.format(number % COLOURS, left, top, wide * 0.76, bottom - top, *told))
                below += count
    return _drawn(WIDE, scale.grid(), *blocks, _names(periods, wide))


def lines(periods: Sequence[str], series: Mapping[str, Sequence[float | None]],
          told: Callable[[float], str] = "{:,.0f}".format) -> Markup:
    """A line for each of the series; where there is no figure, it has a gap. told: how a number is written."""
    known = [value for values in series.values() for value in values if value is not None]
    scale, wide = _Scale(max(known, default=0), NARROW), _room(NARROW, periods)
    drawn = list[str]()
    for number, (name, values) in enumerate(series.items()):
        points = [None if value is None else (LEFT + (place + 0.5) * wide, scale.y(value))
                  for place, value in enumerate(values)]
        drawn += [_PATH.format(number, " ".join(f"{x:.1f},{y:.1f}" for x, y in run)) for run in _runs(points)]
        drawn += [_DOT.format(number, *point, escape(period), escape(name), value)
                  for period, point, value in zip(periods, points, values, strict=True) if point]
    return _drawn(NARROW, scale.grid(told), *drawn, _names(periods, wide))


def bar(value: float, largest: float, tone: str = "series-0") -> Markup:
    """One bar of a list, for a cell of its table."""
    return Markup(_BAR.format(escape(tone), 100 * value / largest if largest else 0))  # noqa: S704


def _drawn(width: int, *parts: str) -> Markup:
    """parts: what they tell is escaped."""
    return Markup(_CHART.format(width, HEIGHT, "".join(parts)))  # noqa: S704


def _room(width: int, periods: Sequence[str]) -> float:
    """Of one period."""
    return (width - LEFT - RIGHT) / max(len(periods), 1)


def _runs(points: Sequence[tuple[float, float] | None]) -> list[list[tuple[float, float]]]:
    runs: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            runs.append([])
        else:
            runs[-1].append(point)
    return [run for run in runs if len(run) > 1]


def _names(periods: Sequence[str], wide: float) -> str:
    """As many of the periods' names as there is room for."""
    every = max(1, round(72 / wide))
    return "".join(_NAME.format(LEFT + (place + 0.5) * wide, HEIGHT - 6, escape(period[5:] or period))
                   for place, period in enumerate(periods) if place % every == 0)


class _Scale:
    """From nothing to a round number above the largest."""

    def __init__(self, largest: float, width: int) -> None:
        self.width = width
        self.step = next(step for step in _steps() if step * 4 >= largest)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / (self.step * 4)

    def grid(self, told: Callable[[float], str] = "{:,.0f}".format) -> str:
        return "".join(self._level(self.step * number, told) for number in range(5))

    def _level(self, value: float, told: Callable[[float], str]) -> str:
        y = self.y(value)
        return _LINE.format(LEFT, self.width - RIGHT + 6, y) + _TICK.format(self.width - 2, y + 4, escape(told(value)))


def _steps() -> "Sequence[float]":
    return [digit * 10**power for power in range(12) for digit in (1, 2, 2.5, 5) if digit * 10**power % 1 == 0]
