"""The drawings of a report: shares beside shares, distances beside yardsticks, stacked parts, the cultural map."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from analysis.compared import MapFigure
from analysis.report.svg import SIZE, WIDTH, colour, element, fitted, frame, lines, path_of, text, ticks, width_of

BAR = 9.0
"""Height of a bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One share with its interval; ``number`` is the condition's, 0 stands for people."""

    number: int
    share: float | None
    low: float | None = None
    high: float | None = None


def draw_shares(options: Sequence[tuple[str, Sequence[Bar]]], names: Sequence[tuple[int, str]], alt: str) -> Markup:
    """Bars of one question: below each option those of the conditions and of people, with their 95 % intervals.

    ``names`` are the numbers of the bars with their words; numbers stand before bars where conditions are several.
    """
    most = max((b.high or b.share or 0.0 for _, bars in options for b in bars), default=0.0)
    several = sum(number > 0 for number, _ in names) > 1
    left = 20.0 if several else 0.0
    scale = (WIDTH - left - 46.0) / max(most, 0.01)
    parts, y = _legend([(_class(number), words, number or None) for number, words in names])
    for label, bars in options:
        for line in lines(label, WIDTH - 8):
            y += SIZE + 2
            parts.append(text(0, y, line, class_="label"))
        y += 5
        for bar in bars:
            parts += _bar(bar, left, y, scale, several)
            y += BAR + 2
        y += 6
    return frame(y, alt, parts)


def _bar(bar: Bar, left: float, y: float, scale: float, several: bool) -> list[Markup]:
    name = _class(bar.number)
    kept = {"data_subject": bar.number} if bar.number else {}
    middle = y + BAR / 2
    if bar.share is None:
        return []
    inside = [element("rect", x=left, y=y, width=max(bar.share * scale, 0.6), height=BAR, class_=name)]
    if bar.low is not None and bar.high is not None:
        ends = [(left + value * scale) for value in (bar.low, bar.high)]
        whisker = path_of([(ends[0], middle), (ends[1], middle)])
        caps = "".join(path_of([(x, middle - 2.5), (x, middle + 2.5)]) for x in ends)
        inside.append(element("path", d=whisker + caps, class_="whisker"))
    reach = left + max(bar.share, bar.high or 0.0) * scale
    inside.append(text(reach + 4, y + BAR - 0.5, percent(bar.share), class_="small"))
    if bar.number and several:
        inside.append(text(left - 4, y + BAR - 0.5, str(bar.number), class_="small", text_anchor="end"))
    return [element("g", *inside, **kept)]


def _class(number: int) -> str:
    return colour(number) if number else "s0"


def _legend(names: Sequence[tuple[str, str, int | None]]) -> tuple[list[Markup], float]:
    """Colours (class, words, condition if it is one) with their words, and how far down they reach."""
    parts, x, y = [], 0.0, 2.0
    for class_, words, number in names:
        shown = fitted(words, WIDTH - 20)
        wide = width_of(shown) + 28
        if x and x + wide > WIDTH:
            x, y = 0.0, y + SIZE + 4
        inside = [element("rect", x=x, y=y, width=10.0, height=10.0, class_=class_)]
        inside.append(text(x + 14, y + 9, shown, class_="small"))
        parts.append(element("g", *inside, data_subject=number))
        x += wide
    return parts, y + SIZE + 2


@dataclass(frozen=True, slots=True)
class Standing:
    """One distance beside its yardsticks."""

    label: str
    number: int
    value: float
    low: float | None
    high: float | None
    people: tuple[float, float, float]
    """Low, median and high of random human samples of the same size."""
    uniform: float
    majority: float


def draw_standings(rows: Sequence[Standing], axis: str, alt: str) -> Markup:
    """Where publics stand between people and guessing: a point with its interval, people as a band.

    A diamond is answering at random, a triangle everybody giving the most frequent real answer. Infinite ones are
    left out.
    """
    known = [
        value
        for row in rows
        for value in (row.value, row.high, row.people[2], row.uniform, row.majority)
        if value is not None and math.isfinite(value)
    ]
    most = max(known, default=1.0) * 1.04 or 1.0
    left, right, y = 8.0, WIDTH - 12.0, 2.0
    place = _scaled(most, left, right)
    parts: list[Markup] = []
    for row in rows:
        y += SIZE + 4
        label = [text(left, y, fitted(row.label, WIDTH - 16), class_="label")]
        middle = y + 12
        low, median, high = (place(value) for value in row.people)
        label += [
            element("rect", x=low, y=middle - 6, width=max(high - low, 1.0), height=12.0, class_="s0 band"),
            element("path", d=path_of([(median, middle - 6), (median, middle + 6)]), class_="s0 line"),
            element("path", d=path_of([(left, middle), (right, middle)]), class_="grid"),
        ]
        if math.isfinite(row.uniform):
            label.append(_diamond(place(row.uniform), middle))
        if math.isfinite(row.majority):
            label.append(_triangle(place(row.majority), middle))
        if math.isfinite(row.value):
            name = colour(row.number)
            if row.low is not None and row.high is not None and math.isfinite(row.high):
                line = path_of([(place(row.low), middle), (place(row.high), middle)])
                label.append(element("path", d=line, class_=f"{name} line"))
            label.append(element("circle", cx=place(row.value), cy=middle, r=4.5, class_=name))
        parts.append(element("g", *label, data_subject=row.number))
        y = middle + 10
    return frame(y + 34, alt, [*parts, *_axis(most, place, y + 2, axis)])


def _scaled(most: float, left: float, right: float) -> "Place":
    return Place(left, (right - left) / most)


@dataclass(frozen=True, slots=True)
class Place:
    """From a value to its place on an axis."""

    start: float
    scale: float

    def __call__(self, value: float) -> float:
        """Units from the left."""
        return self.start + value * self.scale


def _axis(most: float, place: Place, y: float, name: str) -> list[Markup]:
    parts = [element("path", d=path_of([(place(0), y), (place(most), y)]), class_="axis")]
    for tick in ticks(most):
        parts.append(element("path", d=path_of([(place(tick), y), (place(tick), y + 4)]), class_="axis"))
        parts.append(text(place(tick), y + 15, f"{tick:g}", class_="small", text_anchor="middle"))
    return [*parts, text(place(most), y + 29, name, class_="small", text_anchor="end")]


def _diamond(x: float, y: float) -> Markup:
    return element("path", d=path_of([(x, y - 5), (x + 5, y), (x, y + 5), (x - 5, y)], closed=True), class_="open")


def _triangle(x: float, y: float) -> Markup:
    return element("path", d=path_of([(x, y - 5), (x + 5, y + 4), (x - 5, y + 4)], closed=True), class_="open")


def draw_stacked(
    rows: Sequence[tuple[str, int | None, Sequence[float]]], of: Sequence[tuple[str, str]], alt: str
) -> Markup:
    """Parts of a whole, a bar a row: (label, condition or ``None``, shares); ``of`` are the parts: (class, words)."""
    tones = [tone for tone, _ in of]
    parts, y = _legend([(tone, words, None) for tone, words in of])
    for label, number, shares in rows:
        y += SIZE + 2
        inside, x = [text(0, y, fitted(label, WIDTH), class_="label")], 0.0
        for share, tone in zip(shares, tones, strict=True):
            wide = share * WIDTH
            if wide > 0:
                inside.append(element("rect", x=x, y=y + 4, width=max(wide, 0.5), height=BAR + 3, class_=tone))
            if wide > 30:
                middle = x + wide / 2
                inside.append(
                    text(middle, y + BAR + 4, percent(share), class_=f"on-{tone} small", text_anchor="middle")
                )
            x += wide
        parts.append(element("g", *inside, data_subject=number))
        y += BAR + 12
    return frame(y + 2, alt, parts)


def draw_map(found: MapFigure, names: dict[str, tuple[str, int]], alt: str, axes: tuple[str, str]) -> Markup:
    """The cultural map: conditions as points with their 95 % ellipses, people as triangles.

    ``names`` gives each point of a condition the words beside it and its number; ``axes`` name the components.
    """
    wide, high, edge = 640.0, 460.0, 44.0
    xs = [v for p in found.points for v in (p.x - (p.width or 0) / 2, p.x + (p.width or 0) / 2)]
    ys = [v for p in found.points for v in (p.y - (p.width or 0) / 2, p.y + (p.width or 0) / 2)]
    reach = max(max(xs) - min(xs), max(ys) - min(ys)) or 1.0
    scale = min((wide - 2 * edge - 120) / reach, (high - 2 * edge) / reach)
    middle = ((max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2)
    parts = [
        element("rect", x=edge, y=8.0, width=wide - edge - 8, height=high - edge - 8, class_="plot"),
        text(wide - 12, high - edge + 16, axes[0], class_="small", text_anchor="end"),
        text(14, 12, axes[1], class_="small", text_anchor="end", transform="rotate(-90 14 12)"),
    ]
    taken: list[tuple[float, float, float]] = []
    for number, point in enumerate(found.points):
        x = edge + (wide - edge - 128) / 2 + (point.x - middle[0]) * scale
        y = (high - edge) / 2 - (point.y - middle[1]) * scale
        people = point.kind == "people"
        label, subject = names.get(f"{number}", (point.name, 0))
        name = "s0" if people else colour(subject)
        inside = []
        if point.width is not None and point.height is not None and point.angle is not None:
            turn = f"rotate({-point.angle:.1f} {x:.1f} {y:.1f})"
            size = {"rx": point.width * scale / 2, "ry": point.height * scale / 2}
            inside.append(element("ellipse", cx=x, cy=y, **size, transform=turn, class_=f"{name} region"))
        shape = path_of([(x, y - 6), (x + 6, y + 5), (x - 6, y + 5)], closed=True)
        inside.append(
            element("path", d=shape, class_=name) if people else element("circle", cx=x, cy=y, r=5.0, class_=name)
        )
        words, down = fitted(label, 150), y + 4.0
        left, right = x + 9, x + 9 + width_of(words)
        while any(abs(down - at) < SIZE and left < end and right > start for start, end, at in taken):
            down += 3.0
        taken.append((left, right, down))
        inside.append(text(left, down, words, class_="label"))
        parts.append(element("g", *inside, data_subject=subject or None))
    return frame(high, alt, parts, wide)


def percent(share: float | None) -> str:
    """A share in whole percent.

    >>> percent(0.375), percent(0.001), percent(None)
    ('38%', '<1%', '·')
    """
    if share is None:
        return "·"
    return "<1%" if 0 < share < 0.005 else f"{share:.0%}"
