"""A small human sample put together with a wave: the share of every answer, as sure as the people make it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from analysis.choices import NOTHING, Floats
from analysis.coded import CodedAnswers, open_coded
from analysis.def_data import CellData, cell_data
from analysis.ink import words
from analysis.layout import FAINT, SIMULATED, WIDEST, numbers, table
from analysis.prediction_powered import Combined, post_stratified_powered
from analysis.reading import Results
from analysis.wave_differences import cell_named
from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.tables import read_table

COLUMNS = ("persona", "question", "code")
"""Of the table of people: whose simulated twin somebody is, what was asked, and what was answered."""


class CombinedShare(Document):
    """One answer to one question."""

    question: str
    label: str
    people: int
    """With an answer, whose twins answered too."""
    others: int
    """Simulated respondents without a human twin."""
    share: float
    low: float
    high: float
    """Of people and wave together, with the 95 % interval."""
    alone: float
    alone_low: float
    alone_high: float
    """Of the people alone."""
    weight: float
    """How much of the wave was used, from 0 to 1."""
    worth: float | None
    """How many people each person asked stands for; absent without bound."""


class HumanSample(Document):
    """One condition with the people who were asked as well."""

    cell: str
    by: str | None
    """Attribute of the strata."""
    shares: tuple[CombinedShare, ...]
    left_out: tuple[str, ...]
    """Questions with fewer than two people, or two others, in some stratum."""


def with_human_sample(
    store: Path,
    people: Path,
    cell: str | None = None,
    by: str | None = None,
    coded: Sequence[CodedAnswers] = (),
) -> HumanSample:
    """Shares of all answers, from people and a wave that asked everybody's simulated twin.

    The people must be a random sample of those for whom the wave's personas stand. Weights play no part; of
    respondents who took the questionnaire several times, the first run counts.

    Parameters
    ----------
    people : Path
        CSV of answers, one a row: ``persona`` (number of the person's twin, as in exports), ``question``, ``code``.
    cell : str, optional
        Condition; the only one when absent.
    by : str, optional
        Attribute whose levels are strata; their shares are those of the wave's personas.
    coded : sequence of CodedAnswers
        Open answers of the wave in codes (:func:`analysis.coded.read_coded`); ``question`` may be such a codebook.

    Raises
    ------
    StoreError
        If the store is missing, damaged or no store.
    DocumentError
        If the table cannot be read or names what is not there, or no question has enough people.

    References
    ----------
    .. [1] Angelopoulos, Duchi and Zrnic (2023). PPI++: Efficient Prediction-Powered Inference.
    """
    with open_coded(store, coded) as results:
        data = cell_data(results, cell_named(results, cell))
        rows = {persona: row for row, persona in enumerate(data.respondents.personas.tolist())}
        strata = _strata(results, list(rows), by)
    answers = _answers(people, data, rows)
    shares: list[CombinedShare] = []
    left_out: list[str] = []
    for column, question in enumerate(data.closed):
        asked = answers.get(question.name)
        found = _shares(data, column, asked, strata) if asked else None
        if found:
            shares += found
        elif asked:
            left_out.append(question.name)
    if not shares:
        raise DocumentError(
            f"{people}: no question has two people with simulated twins and two simulated others"
            f"{f' in every group of {by}' if by else ''}; ask more people, or simulate more respondents."
        )
    return HumanSample(cell=data.cell.name, by=by, shares=tuple(shares), left_out=tuple(left_out))


def _strata(results: Results, personas: list[int], by: str | None) -> Floats:
    """Number of the stratum of each persona of the cell."""
    if by is None:
        return np.zeros(len(personas))
    known = {
        persona: results.json(attributes)
        for persona, attributes in results.rows("SELECT id, attributes FROM personas")
    }
    levels = [known[persona].get(by) for persona in personas]
    if None in levels:
        had = ", ".join(sorted({name for persona in personas for name in known[persona]})) or "none"
        raise DocumentError(
            f"{results.path}: not every persona has the attribute {by!r}; their attributes are {had}."
        )
    return np.unique([str(level) for level in levels], return_inverse=True)[1].astype(np.float64)


def _answers(path: Path, data: CellData, rows: Mapping[int, int]) -> dict[str, dict[int, int]]:
    """By question: row of the twin -> place of the option that the person chose."""
    places = {question.name: column for column, question in enumerate(data.closed)}
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for line, row in read_table(path, COLUMNS):
        name, where = row["question"], f"{path}, line {line}"
        if name not in places:
            raise DocumentError(f"{where}: the wave has no closed question {name!r}; it has {', '.join(places)}.")
        codes = data.scales.codes[places[name], : data.scales.sizes[places[name]]].astype(int).tolist()
        try:
            persona, code = int(row["persona"]), int(row["code"])
        except ValueError:
            raise DocumentError(f"{where}: persona and code must be whole numbers.") from None
        if persona not in rows:
            raise DocumentError(f"{where}: condition {data.cell.name!r} has no persona {persona}.")
        if code not in codes:
            raise DocumentError(
                f"{where}: {name!r} has no substantive code {code}; it has {', '.join(map(str, codes))}. Leave rows "
                "of people out who did not answer."
            )
        if rows[persona] in found[name]:
            raise DocumentError(f"{where}: persona {persona} answers {name!r} twice; one person, one answer.")
        found[name][rows[persona]] = codes.index(code)
    return found


def _shares(data: CellData, column: int, asked: Mapping[int, int], strata: Floats) -> list[CombinedShare] | None:
    chosen = data.choices[:: data.replicates, column]
    answered = np.flatnonzero(chosen != NOTHING)
    twins = np.array([row for row in answered if row in asked], dtype=np.int64)
    others = np.array([row for row in answered if row not in asked], dtype=np.int64)
    said = np.array([asked[row] for row in twins.tolist()], dtype=np.int64)
    levels, sizes = np.unique(strata, return_counts=True)
    parts = [(strata[twins] == level, strata[others] == level) for level in levels]
    if not all(mine.sum() > 1 and theirs.sum() > 1 for mine, theirs in parts):
        return None
    question = data.closed[column]
    found = []
    for place, choice in enumerate(choice for choice in question.choices if choice.substantive):
        combined = post_stratified_powered(
            [(said[mine] == place) * 1.0 for mine, _ in parts],
            [(chosen[twins[mine]] == place) * 1.0 for mine, _ in parts],
            [(chosen[others[theirs]] == place) * 1.0 for _, theirs in parts],
            sizes,
        )
        found.append(_told(question.name, choice.label, len(twins), len(others), combined))
    return found


def _told(question: str, label: str, people: int, others: int, found: Combined) -> CombinedShare:
    return CombinedShare(
        question=question,
        label=label,
        people=people,
        others=others,
        share=found.estimate,
        low=found.low,
        high=found.high,
        alone=found.alone,
        alone_low=found.alone_low,
        alone_high=found.alone_high,
        weight=found.weight,
        worth=found.worth if np.isfinite(found.worth) else None,
    )


def render_human_sample(found: HumanSample, console: Console) -> None:
    """Write the shares to a console."""
    width = min(console.width, WIDEST)
    console.print()
    strata = f", within groups of {found.by}" if found.by else ""
    console.print(words(f"{found.cell}: people together with the wave{strata}"), width=width)
    shown = table(gap=2)
    shown.add_column("question", max_width=16)
    shown.add_column("answer", max_width=24)
    numbers(shown, **{"together (95 %)": SIMULATED, "people alone (95 %)": "", "worth": "", "people": FAINT})
    for each in found.shares:
        together = f"{each.share:.0%} ({each.low:.0%}–{each.high:.0%})"
        alone = f"{each.alone:.0%} ({each.alone_low:.0%}–{each.alone_high:.0%})"
        worth = "no bound" if each.worth is None else f"{each.worth:.2f}"
        shown.add_row(words(each.question, 16), words(each.label, 24), together, alone, worth, str(each.people))
    console.print()
    console.print(shown, width=width)
    for note in (
        "worth: how many people each person asked stands for; 1 means that the wave adds nothing.",
        *([f"left out, too few people or others: {', '.join(found.left_out)}"] if found.left_out else []),
    ):
        console.print(words(note, style=FAINT), width=width)
