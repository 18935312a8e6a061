"""Elements of SVG as escaped text, and what drawings share: measured words, axes, a frame that says what it shows.

Colours are classes (``s0`` people, ``s1`` to ``s6`` conditions), so that one drawing serves light, dark and print.
"""

import math
import unicodedata
from collections.abc import Iterable, Sequence

from markupsafe import Markup, escape

from demoscope.terminal import plain

WIDTH = 440
"""Width of a drawing in its own units; a phone shows it nearly full size."""

SIZE = 12
"""Height of letters in the same units."""

COLOURS = 6
"""Conditions that have a colour of their own; later ones start again and go by their numbers."""


def element(tag: str, *content: Markup | str, **attributes: object) -> Markup:
    """One element; attributes that are ``None`` are left out, ``_`` in their names stands for ``-``.

    >>> element("rect", x=1.0, class_="s<1", stroke_width=2.25)
    Markup('<rect x="1" class="s&lt;1" stroke-width="2.2"/>')
    """
    shown = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escape(written(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(content)
    return Markup(f"<{tag}{shown}>{inside}</{tag}>" if content else f"<{tag}{shown}/>")


def written(value: object) -> str:
    """A number with one decimal at most, or any other value as text."""
    return f"{round(value, 1):g}" if isinstance(value, float) else plain(str(value))


def text(x: float, y: float, words: str, **attributes: object) -> Markup:
    """Words at a place."""
    return element("text", escape(plain(words)), x=x, y=y, **attributes)


def width_of(words: str, size: float = SIZE) -> float:
    """About how wide words are set, in units; letters of East Asia are as wide as high."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return size * (wide + 0.56 * (len(words) - wide))


def fitted(words: str, most: float, size: float = SIZE) -> str:
    """Words on one line, cut with an ellipsis where they are wider than ``most``.

    >>> fitted("a long label", 40)
    'a lo…'
    """
    words = " ".join(plain(words[:500]).split())
    if width_of(words, size) <= most:
        return words
    while words and width_of(words + "…", size) > most:
        words = words[:-1]
    return words.rstrip() + "…"


def lines(words: str, most: float, rows: int = 2, size: float = SIZE) -> list[str]:
    """Words broken into at most ``rows`` lines; the last one is cut.

    >>> lines("too little or nothing", 80)
    ['too little', 'or nothing']
    """
    words = " ".join(plain(words[:1000]).split())
    made: list[str] = []
    while words and len(made) < rows - 1 and width_of(words, size) > most:
        cut = max((n for n in range(1, len(words)) if width_of(words[:n], size) <= most), default=1)
        space = words.rfind(" ", 0, cut + 1)
        cut = space if space > cut // 2 else cut
        made.append(words[:cut].strip())
        words = words[cut:].strip()
    return [*made, fitted(words, most, size)] if words or not made else made


def ticks(most: float, wanted: int = 5) -> list[float]:
    """Round numbers from 0 to about ``most``.

    >>> ticks(0.43), ticks(1.0)
    ([0.0, 0.1, 0.2, 0.3, 0.4], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    """
    if not most > 0 or not math.isfinite(most):
        return [0.0]
    raw = most / wanted
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * times for times in (1, 2, 5, 10) if power * times >= raw * 0.999)
    return [round(n * step, 10) for n in range(int(most / step + 1e-6) + 1)]


def path_of(points: Iterable[tuple[float, float]], *, closed: bool = False) -> str:
    """The ``d`` of a line through points."""
    return "M" + "L".join(f"{written(float(x))} {written(float(y))}" for x, y in points) + ("Z" if closed else "")


def frame(height: float, alt: str, parts: Sequence[Markup], width: float = WIDTH) -> Markup:
    """A drawing with the words that stand for it where it cannot be seen."""
    told = plain(alt)
    return element(
        "svg",
        element("title", escape(told)),
        *parts,
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {written(float(width))} {written(float(height))}",
        role="img",
        aria_label=told,
        class_="wide" if width > WIDTH else "chart",
    )


def colour(number: int) -> str:
    """Class of a condition by its number from 1."""
    return f"s{(number - 1) % COLOURS + 1}"
