"""A series of waves question by question, on the terminal."""

import numpy as np
from rich.console import Console

from analysis.ink import distance, words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table
from analysis.wave_differences_screen import CLEAR, adjusted_for
from analysis.wave_drift import Drift, WaveDrift

SIDE_BY_SIDE = 6
"""Waves whose shares are shown beside one another; of more, the first and the last few."""


def render_drift(found: WaveDrift, console: Console) -> None:
    """Write the drift of a series to a console, the clearest first."""
    width = min(console.width, WIDEST)
    console.print()
    for place, name in enumerate(found.waves, start=1):
        console.print(words(f"{place}  {name}"), width=width)
    clear = sum(each.adjusted_p <= CLEAR for each in found.questions)
    asked = "the same people, each compared with itself" if found.matched else "different people"
    moves = "rise or fall with the waves" if found.test == "trend" else "are answered differently"
    console.print()
    console.print(words(f"{clear} of {len(found.questions)} questions {moves} beyond chance ({asked})."), width=width)
    waves = _shown(len(found.waves))
    shown = table(gap=1)
    shown.add_column("question", max_width=18)
    shown.add_column("moves most", max_width=14)
    numbers(shown, **{str(wave + 1): "" for wave in waves})
    numbers(shown, **{"TV most": SIMULATED, "from–to": FAINT, "p": FAINT, "adjusted": ""})
    for each in sorted(found.questions, key=lambda one: (one.adjusted_p, one.p, -one.largest)):
        option = _moves_most(each)
        shown.add_row(
            words(each.question, 18),
            words(each.labels[option], 14),
            *(f"{each.shares[wave][option]:.0%}" for wave in waves),
            distance(each.largest),
            f"{each.between[0]}–{each.between[1]}" if each.largest else "·",
            f"{each.p:.3f}",
            f"{each.adjusted_p:.3f}" + ("*" if each.adjusted_p <= CLEAR else " "),
        )
    console.print()
    console.print(shown, width=width)
    console.print()
    for note in _notes(found, waves):
        console.print(words(note, style=FAINT), width=width)


def _shown(waves: int) -> tuple[int, ...]:
    """Places of the waves that have a column."""
    if waves <= SIDE_BY_SIDE:
        return tuple(range(waves))
    return (0, *range(waves - SIDE_BY_SIDE + 1, waves))


def _moves_most(each: Drift) -> int:
    """Option whose share differs most between the two waves that are furthest from each other."""
    first, second = (np.array(each.shares[wave - 1]) for wave in each.between)
    return int(np.abs(first - second).argmax())


def _people(fewest: int, most: int) -> str:
    return f"{most:,}" if fewest == most else f"{fewest:,} to {most:,}"


def _notes(found: WaveDrift, waves: tuple[int, ...]) -> list[str]:
    swapped = "answers permuted within people" if found.matched else "people permuted between the waves"
    tested = "of any difference between the waves"
    if found.test == "trend":
        tested = "of mean answers rising or falling with the place of the wave, ordered questions alone"
    notes = [
        f"p: {tested}; {found.draws:,} draws, {swapped}; adjusted for all questions to bound "
        f"{adjusted_for(found.correction)}; * at most {CLEAR}.",
        "TV most: share of people who would have to change their answer between the two waves furthest from each "
        "other (from–to); of so many pairs, some are far by chance. Shares are of everybody who answered. What "
        "drifts is the simulation; whether a public would drift so is another question.",
    ]
    changed = [each.changed for each in found.questions if each.changed is not None]
    if changed:
        panel = [each.panel for each in found.questions]
        notes.append(
            f"Tested on those who answered every time ({_people(min(panel), max(panel))} a question); "
            f"{np.mean(changed):.0%} of them changed their answer, in the mean of the questions."
        )
    if len(waves) < len(found.waves):
        notes.append("Not all waves have a column here; --json has every one.")
    if found.left_out:
        notes.append(f"Not followed: {', '.join(found.left_out)}.")
    return notes
