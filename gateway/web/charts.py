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

_CHART = Markup('<svg class="chart" viewBox="0 0 {0} {1}" aria-hidden="true" focusable="false">{2}</svg>')
_LINE = Markup('<line class="grid" x1="{0}" x2="{1}" y1="{2:.1f}" y2="{2:.1f}"/>')
_TICK = Markup('<text class="tick" x="{0}" y="{1:.1f}" text-anchor="end">{2}</text>')
_NAME = Markup('<text class="tick" x="{0:.1f}" y="{1}" text-anchor="middle">{2}</text>')
_BLOCK = Markup('<rect class="series-{0}" x="{1:.1f}" y="{2:.1f}" width="{3:.1f}" height="{4:.1f}">'
                '<title>{5}</title></rect>')
_PATH = Markup('<polyline class="line series-{0}" points="{1}"/>')
_DOT = Markup('<circle class="dot series-{0}" cx="{1:.1f}" cy="{2:.1f}" r="3"><title>{3}</title></circle>')
_BAR = Markup('<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
              '<rect class="{0}" width="{1:.2f}" height="10"/></svg>')


def stacked(periods: Sequence[str], series: Mapping[str, Sequence[int]]) -> Markup:
    """A column for each period, one block in it for each of the series."""
    tops = [sum(values[place] for values in series.values()) for place in range(len(periods))]
    scale, wide = _Scale(max(tops, default=0), WIDE), _room(WIDE, periods)
    blocks = Markup()
    for place, period in enumerate(periods):
        below = 0
        for number, (name, values) in enumerate(series.items()):
            if count := values[place]:
                top, bottom = scale.y(below + count), scale.y(below)
                blocks += _BLOCK.format(number % COLOURS, LEFT + place * wide + wide * 0.12, top, wide * 0.76,
                                        bottom - top, f"{period} · {name}: {count:,}")
                below += count
    return _CHART.format(WIDE, HEIGHT, scale.grid() + blocks + _names(periods, wide))


def lines(periods: Sequence[str], series: Mapping[str, Sequence[float | None]],
          told: Callable[[float], str] = "{:,.0f}".format) -> Markup:
    """A line for each of the series; where there is no figure, it has a gap. told: how a number is written."""
    known = [value for values in series.values() for value in values if value is not None]
    scale, wide = _Scale(max(known, default=0), NARROW), _room(NARROW, periods)
    drawn = Markup()
    for number, (name, values) in enumerate(series.items()):
        points = [None if value is None else (LEFT + (place + 0.5) * wide, scale.y(value))
                  for place, value in enumerate(values)]
        for run in _runs(points):
            drawn += _PATH.format(number, " ".join(f"{x:.1f},{y:.1f}" for x, y in run))
        for place, point in enumerate(points):
            if point:
                drawn += _DOT.format(number, *point, f"{periods[place]} · {name}: {values[place]:.1f}")
    return _CHART.format(NARROW, HEIGHT, scale.grid(told) + drawn + _names(periods, wide))


def bar(value: float, largest: float, tone: str = "series-0") -> Markup:
    """One bar of a list, for a cell of its table."""
    return _BAR.format(tone, 100 * value / largest if largest else 0)


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


def _names(periods: Sequence[str], wide: float) -> Markup:
    """As many of the periods' names as there is room for."""
    every = max(1, round(72 / wide))
    named = [(place, period) for place, period in enumerate(periods) if place % every == 0]
    return Markup().join(_NAME.format(LEFT + (place + 0.5) * wide, HEIGHT - 6, escape(period[5:] or period))
                         for place, period in named)


class _Scale:
    """From nothing to a round number above the largest."""

    def __init__(self, largest: float, width: int) -> None:
        self.width = width
        self.step = next(step for step in _steps() if step * 4 >= largest)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - BOTTOM - TOP) * value / (self.step * 4)

    def grid(self, told: Callable[[float], str] = "{:,.0f}".format) -> Markup:
        return Markup().join(self._level(self.step * number, told) for number in range(5))

    def _level(self, value: float, told: Callable[[float], str]) -> Markup:
        y = self.y(value)
        return _LINE.format(LEFT, self.width - RIGHT + 6, y) + _TICK.format(self.width - 2, y + 4, told(value))


def _steps() -> "Sequence[float]":
    return [digit * 10**power for power in range(12) for digit in (1, 2, 2.5, 5) if digit * 10**power % 1 == 0]
