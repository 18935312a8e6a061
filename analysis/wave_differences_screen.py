"""Two waves question by question, on the terminal."""

from rich.console import Console

from analysis.ink import distance, words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table
from analysis.wave_differences import WaveDifferences

CLEAR = 0.05
"""Adjusted p-values at or below this are marked."""


def render_differences(found: WaveDifferences, console: Console) -> None:
    """Write the differences to a console, the clearest first."""
    width = min(console.width, WIDEST)
    console.print()
    console.print(words(f"A  {found.first}"), width=width)
    console.print(words(f"B  {found.second}"), width=width)
    clear = sum(each.adjusted_p <= CLEAR for each in found.questions)
    asked = "the same people, each compared with itself" if found.matched else "different people"
    console.print()
    console.print(
        words(f"{clear} of {len(found.questions)} questions are answered differently beyond chance ({asked})."),
        width=width,
    )
    shown = table(gap=1)
    shown.add_column("question", max_width=22)
    shown.add_column("moves most", max_width=20)
    numbers(shown, A="", B="", TV=SIMULATED, JS="", p=FAINT, adjusted="", changed="", n=FAINT)
    for each in sorted(found.questions, key=lambda one: (one.adjusted_p, one.p, -one.total_variation)):
        moved = [abs(b - a) for a, b in zip(each.first, each.second, strict=True)]
        moves = moved.index(max(moved))
        shown.add_row(
            words(each.question, 22),
            words(each.labels[moves], 20),
            f"{each.first[moves]:.0%}",
            f"{each.second[moves]:.0%}",
            distance(each.total_variation),
            distance(each.js),
            f"{each.p:.3f}",
            f"{each.adjusted_p:.3f}" + ("*" if each.adjusted_p <= CLEAR else " "),
            "·" if each.changed is None else f"{each.changed:.0%}",
            str(each.pairs or sum(each.people)),
        )
    console.print()
    console.print(shown, width=width)
    console.print()
    for note in _notes(found):
        console.print(words(note, style=FAINT), width=width)


def adjusted_for(correction: str) -> str:
    """What a correction bounds."""
    if correction == "benjamini_hochberg":
        return "the expected share of false findings (Benjamini and Hochberg)"
    return "the chance of any false finding (Holm)"


def _notes(found: WaveDifferences) -> list[str]:
    swapped = "answers swapped within people" if found.matched else "people permuted between the waves"
    adjusted = adjusted_for(found.correction)
    notes = [
        f"p: {found.draws:,} draws, {swapped}; adjusted for all questions to bound {adjusted}; * at most {CLEAR}.",
        "TV: share of people who would have to change their answer. JS: Jensen-Shannon distance, base e. changed: "
        "share of the same people who gave another answer, which may cancel out on the whole. What differs is the "
        "simulation; whether a public would differ so is another question.",
    ]
    if found.left_out:
        notes.append(f"Not compared: {', '.join(found.left_out)}.")
    return notes
