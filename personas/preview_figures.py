"""A page of figures of a population: its margins, its ages by sex, and where its people live."""

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demoscope.errors import DocumentError
from personas.attributes import in_language
from personas.people import People
from personas.population import Population
from personas.preview import MarginPreview, Preview

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("html", "svg", "png", "pdf")
"""Endings of the file that is written; ``html`` holds the drawing itself."""

PEOPLE, TARGET, OTHER = "#2a6f97", "#e07a1f", "#9c3d54"
"""Colours: people drawn, targets, and the second sex of the pyramid."""

MOST = 14
"""Levels of a margin that are drawn; the largest when there are more."""
MOST_PLACES = 51
YEARS = 5
"""Years of a step of the pyramid."""

PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body {{ font-family: sans-serif; max-width: 75rem; margin: 2rem auto; padding: 0 1rem; color: #222; }}
svg {{ width: 100%; height: auto; }} p {{ color: #555; }}</style>
<h1>{title}</h1><p>{source}</p><p>{note}</p>
{drawing}
</html>
"""


def write_figures(preview: Preview, population: Population, people: People, path: Path) -> None:
    """Draw the page into a file; its ending says how.

    Raises
    ------
    DocumentError
        If the ending is none of :data:`FORMATS`, or the file cannot be written.
    """
    ending = path.suffix.removeprefix(".").lower()
    if ending not in FORMATS:
        raise DocumentError(f"{path}: figures are written as {', '.join(FORMATS)}; end the name with one of these.")
    import matplotlib as mpl

    figure = draw_figures(preview, population, people)
    try:
        with mpl.rc_context({"svg.hashsalt": preview.population}):  # equal people make equal files
            if ending == "html":
                path.write_text(_page(preview, figure), encoding="utf-8")
            else:
                figure.savefig(path, format=ending, metadata={"Date": None} if ending == "svg" else None)
    except OSError as error:
        raise DocumentError(f"{path}: cannot be written ({error.strerror}).") from None


def draw_figures(preview: Preview, population: Population, people: People) -> "Figure":
    """The page as one figure: margins first, then the age pyramid, then places."""
    import matplotlib as mpl
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    home = _home(population)
    margins = [
        margin for margin in preview.margins if margin.name not in (home, "state") and " x " not in margin.name
    ]
    pyramid, places = _ages(population, people), _places(preview, population, people, home)
    panels = len(margins) + bool(pyramid)
    rows = -(-panels // 2)
    heights = [3.4] * rows + [4.4] * bool(places)
    style: Any = {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    with mpl.rc_context(style):
        figure = Figure(figsize=(11, sum(heights) + 0.8), layout="constrained")
        grid = figure.add_gridspec(len(heights), 2, height_ratios=heights, hspace=0.06, wspace=0.05)
        for position, margin in enumerate(margins):
            last = position == panels - 1 and panels % 2 == 1
            _draw_margin(
                figure.add_subplot(grid[position // 2, slice(None) if last else position % 2]), margin, population
            )
        if pyramid:
            column = slice(None) if panels % 2 else 1
            _draw_pyramid(figure.add_subplot(grid[rows - 1, column]), pyramid)
        if places:
            _draw_places(figure.add_subplot(grid[-1, :]), *places)
        figure.suptitle(
            f"{preview.title}: {preview.n:,} people, effective sample size {preview.effective_sample_size:,.0f}",
            weight="bold",
        )
        figure.legend(
            handles=[Patch(color=PEOPLE, label="drawn"), Line2D([], [], color=TARGET, lw=2.5, label="target")],
            loc="outside lower right",
            ncols=2,
            frameon=False,
        )
    return figure


def _page(preview: Preview, figure: "Figure") -> str:
    import html
    import io

    drawing = io.StringIO()
    figure.savefig(drawing, format="svg", metadata={"Date": None})
    svg = drawing.getvalue()
    return PAGE.format(
        title=html.escape(preview.title),
        source=html.escape(preview.source),
        note=html.escape(preview.note or ""),
        drawing=svg[svg.index("<svg") :],
    )


def _draw_margin(axes: "Axes", margin: MarginPreview, population: Population) -> None:
    levels = list(margin.levels)
    if len(levels) > MOST and population.attributes[margin.name].kind == "categorical":
        levels = sorted(levels, key=lambda level: -level.target)[:MOST]
        axes.set_title(f"{margin.name}: the {MOST} largest of {len(margin.levels)}", loc="left", weight="bold")
    else:
        axes.set_title(margin.name, loc="left", weight="bold")
    at = np.arange(len(levels))
    axes.barh(at, [100 * level.achieved for level in levels], color=PEOPLE, height=0.72)
    axes.vlines([100 * level.target for level in levels], at - 0.42, at + 0.42, color=TARGET, lw=2.5)
    axes.set_yticks(at, [_named(margin.name, level.level, population) for level in levels])
    axes.invert_yaxis()
    axes.set_xlabel("% of the people")


def _named(attribute: str, code: str, population: Population) -> str:
    """English label of a level, shortened; its code where it has no English label or is a band."""
    label = population.attributes[attribute].levels.get(code, code)
    try:
        text = in_language(label, "en", "label")
    except DocumentError:
        text = code
    drawable = text if all(ord(sign) < 0x2E80 for sign in text) else code
    return drawable if len(drawable) <= 34 else drawable[:32] + "…"


Pyramid = tuple[list[str], list[str], Any]
"""Steps of age, the two sexes, and weighted percentages of shape (2, steps)."""


def _ages(population: Population, people: People) -> Pyramid | None:
    """Ages by sex in five-year steps; None where somebody's age or sex is not an attribute."""
    age = next((name for name, attribute in population.attributes.items() if attribute.unit == "years"), None)
    sex = next(
        (name for name, attribute in population.attributes.items() if {"female", "male"} <= set(attribute.levels)),
        None,
    )
    if age is None or sex is None:
        return None
    years, levels = people.numbers[age], people.levels[sex]
    known = years >= 0
    if not known.any():
        return None
    first = int(years[known].min()) // YEARS
    steps = int(years[known].max()) // YEARS - first + 1
    codes = population.attributes[sex].sorted_codes
    shares = []
    for code in ("male", "female"):
        mine = known & (levels == codes.index(code))
        shares.append(np.bincount(years[mine] // YEARS - first, weights=people.weights[mine], minlength=steps))
    youngest = int(years[known].min())
    labels = [f"{max(YEARS * at, youngest)}–{YEARS * at + YEARS - 1}" for at in range(first, first + steps)]
    return labels, ["male", "female"], 100 * np.array(shares) / people.weights.sum()


def _draw_pyramid(axes: "Axes", pyramid: Pyramid) -> None:
    labels, sexes, shares = pyramid
    at = np.arange(len(labels))
    axes.barh(at, -shares[0], color=PEOPLE, height=0.85, label=sexes[0])
    axes.barh(at, shares[1], color=OTHER, height=0.85, label=sexes[1])
    axes.axvline(0, color="white", lw=1)
    widest = max(float(shares.max()) * 1.1, 1e-9)
    axes.set_xlim(-widest, widest)
    axes.xaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    axes.set_yticks(at[::2], labels[::2])
    axes.set_title("age by sex", loc="left", weight="bold")
    axes.set_xlabel("% of the people")
    axes.legend(frameon=False, loc="upper right")


Bars = tuple[str, list[str], list[float], list[float]]
"""Title, names, percentages drawn, target percentages (empty where nothing was asked for)."""


def _home(population: Population) -> str | None:
    """Attribute that says where people live, when one does."""
    places = population.document.places
    return (places.state_attribute or places.country_attribute) if places else None


def _places(preview: Preview, population: Population, people: People, home: str | None) -> Bars | None:
    """The largest unit of the place in which people differ, with targets where there are any."""
    margin = next((margin for margin in preview.margins if margin.name == (home or "state")), None)
    if margin is not None:
        levels = sorted(margin.levels, key=lambda level: -level.target)[:MOST_PLACES]
        left = len(margin.levels) - len(levels)
        return (
            f"{margin.name}: the {MOST_PLACES} largest of {len(margin.levels)}" if left else margin.name,
            [_named(home, level.level, population) if home else level.level for level in levels],
            [100 * level.achieved for level in levels],
            [100 * level.target for level in levels],
        )
    if people.places is None:
        return None
    for unit in ("country", "state", "city"):
        found: Counter[str] = Counter()
        for place, weight in zip(people.places, people.weights.tolist(), strict=True):
            found[getattr(place, unit) or "elsewhere"] += weight
        if len(found) > 1:
            largest = found.most_common(MOST_PLACES)
            total = float(people.weights.sum())
            title = unit if len(found) == len(largest) else f"{unit}: the {MOST_PLACES} largest of {len(found):,}"
            return title, [name for name, _ in largest], [100 * weight / total for _, weight in largest], []
    return None


def _draw_places(axes: "Axes", title: str, names: list[str], drawn: list[float], targets: list[float]) -> None:
    at = np.arange(len(names))
    axes.bar(at, drawn, color=PEOPLE, width=0.75)
    if targets:
        axes.hlines(targets, at - 0.42, at + 0.42, color=TARGET, lw=2.5)
    axes.set_xticks(at, names, rotation=60, ha="right", rotation_mode="anchor")
    axes.set_xlim(-0.7, len(names) - 0.3)
    axes.set_title(title, loc="left", weight="bold")
    axes.set_ylabel("% of the people")
