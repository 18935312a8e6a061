"""What DEF's families say of one cell, on the terminal."""

from rich.console import Console
from rich.text import Text

from analysis.evaluated import Bias, CellEvaluation, Factor, Structure
from analysis.ink import words
from analysis.layout import FAINT, SIMULATED, numbers, table

NO_DIFFERENCE = 0.0005
"""Estimates of best and worst level nearer than this differ by chance alone."""

SHOWN = 3
"""Levels of a factor shown from either end."""


def render_evaluation(found: CellEvaluation, console: Console, width: int, number: int) -> None:
    """Write one cell's evaluation below its number; what the store has nothing for is left out."""
    console.print()
    console.print(Text.assemble((f"{number}  ", FAINT), words(found.name, style="bold")), width=width)
    if found.matches is not None:
        _line(f"prefers what most people prefer on {found.matches:.0%} of the questions", console, width)
    by_dimension = "  ".join(f"{name} {share:.0%}" for name, share in found.matches_by_dimension.items())
    if by_dimension:
        _line(f"by dimension: {by_dimension}", console, width)
    voices = [
        f"{voice.grouping or 'everybody'} {_number(voice.variance)}/{_number(voice.entropy)}"
        for voice in found.voices
    ]
    if voices:
        _line(f"disagreement within (variance/entropy, 1: as people): {', '.join(voices)}", console, width)
    habits = found.habits
    _line(
        f"straight-lining {_share(habits.straight_lining)} · middle answers {_share(habits.midpoint)} "
        f"(people {_share(habits.midpoint_people)}) · first or last {_share(habits.extreme)} "
        f"(people {_share(habits.extreme_people)})",
        console,
        width,
    )
    if habits.acquiescence is not None:
        people = "·" if habits.acquiescence_people is None else f"{habits.acquiescence_people:+.2f}"
        _line(f"agreeing minus disagreeing {habits.acquiescence:+.2f} (people {people})", console, width)
    for structure in found.structures:
        _structure(structure, console, width)
    for bias in found.biases:
        _bias(bias, console, width)
    for factor in found.factors:
        _factor(factor, console, width)
    for each in found.insensitivity:
        between = f" ({each.low:.1%}–{each.high:.1%})" if each.low is not None and each.high is not None else ""
        _line(
            f"{each.judge}: {each.dimension} fails in {each.failures:,} of {each.judged:,} responses, "
            f"{_share(each.share)}{between}" + (f"; {each.unclear:,} unclear" if each.unclear else ""),
            console,
            width,
        )


def _structure(found: Structure, console: Console, width: int) -> None:
    about = "correlations between" if found.kind == "correlations" else f"effects of {', '.join(found.traits)} on"
    said = f"not known from {found.simulated:,} simulated and {found.people:,} real people"
    if found.difference is not None and found.low is not None and found.high is not None:
        said = (
            f"{'as' if found.like_people else 'unlike'} people: {found.difference:.3f} apart (people from people "
            f"{found.low:.3f}–{found.high:.3f}), correlated with theirs {_number(found.correlation)} "
            f"({_number(found.correlation_of_people)})"
        )
    _line(f"{about} {len(found.questions)} questions {said}", console, width)


def _bias(bias: Bias, console: Console, width: int) -> None:
    shown = table(gap=2)
    shown.add_column(f"  answers of which {bias.grouping}"[:34], no_wrap=True)
    numbers(shown, match="", mismatch="", all=SIMULATED, **{"by chance": FAINT, "p": ""})
    for level in bias.levels:
        p = "·" if level.p is None else f"{level.p:.3f}"
        shares = (level.matching, level.mismatching, level.overall, level.expected)
        shown.add_row(Text("  ").append_text(words(level.level, 30)), *map(_share, shares), p)
    console.print(shown, width=width)


def _factor(factor: Factor, console: Console, width: int) -> None:
    levels = factor.levels
    if levels[0].estimate - levels[-1].estimate < NO_DIFFERENCE:
        _line(f"{factor.name}: {len(levels)} levels, no difference beyond chance", console, width)
        return
    best = levels[:SHOWN] if len(levels) > 2 * SHOWN else levels
    worst = levels[-SHOWN:] if len(levels) > 2 * SHOWN else ()
    parts = [f"{level.level} {level.estimate:.3f} (n {level.respondents})" for level in best]
    parts += ["…"] if worst else []
    parts += [f"{level.level} {level.estimate:.3f} (n {level.respondents})" for level in worst]
    _line(f"best {factor.name} first: {', '.join(parts)}", console, width)


def _line(text: str, console: Console, width: int) -> None:
    console.print(words(f"· {text}"), width=width)


def _share(value: float | None) -> str:
    return "·" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "·" if value is None else f"{value:.2f}"
