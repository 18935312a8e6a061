"""From a store to the arrays of DEF's families: the closed questions of one cell, everybody in it, and people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.bootstrap import Resamples
from analysis.choices import NOTHING, Floats, Integers, Scales, columns_of, counted, one_hot
from analysis.diversity import SILENT, Digests
from analysis.reading import Results
from analysis.records import STATUSES, Answers, Asked, Cell, Respondents
from analysis.resolutions import Resolution, resolve
from analysis.responses import checked_resolutions, stored_resolutions
from surveys.reference import Group


@dataclass(frozen=True)
class CellData:
    """One cell as arrays. A run is one respondent taking the questionnaire once: respondent by respondent, replicates
    beside one another. Questions are those with one choice among two substantive options or more.
    """

    cell: Cell
    respondents: Respondents
    questions: tuple[Asked, ...]
    """All questions of the questionnaire."""
    closed: tuple[Asked, ...]
    """Those with choices below."""
    scales: Scales
    """Codes of the substantive options of ``closed``."""
    replicates: int
    """Runs a respondent."""
    choices: Integers
    """(n_runs, n_closed) column of the substantive option chosen, -1 for none."""
    unread: Integers
    """(n_closed,) answers that were refused, invalid or failed, and that nobody resolved."""
    moved: Counter[str]
    """How many answers of each status decisions beside the store's made more (or fewer) of."""
    digests: Digests
    """(n_runs, n_questions) replies to all questions."""
    human: Floats | None
    """(n_closed, n_options) real people of the cell's culture; ``None`` without a reference."""

    @property
    def dimension(self) -> tuple[str | None, ...]:
        """Value dimension of each closed question."""
        return tuple(question.dimension for question in self.closed)

    @property
    def run_weights(self) -> Floats:
        """(n_runs,) how many people the respondent of each run stands for."""
        return np.repeat(self.respondents.weights, self.replicates)

    @property
    def counts(self) -> Floats:
        """(n_closed, n_options) weighted answers."""
        return counted(self.choices, self.scales.codes.shape[1], self.run_weights)

    def resampled(self, resamples: Resamples) -> Floats:
        """(draws, n_closed, n_options) answers in resamples of the people, respondents with all their runs."""
        options = self.scales.codes.shape[1]
        personas = np.repeat(self.respondents.personas, self.replicates)
        counts = resamples.counts(one_hot(self.choices, options), personas, self.run_weights)
        return counts.reshape(len(counts), -1, options)

    def scores(self) -> Floats:
        """(n_runs, n_closed) codes of the choices, NaN for none: what correlations and effects are computed from."""
        codes = self.scales.codes[np.arange(len(self.closed)), np.maximum(self.choices, 0)]
        return np.where(self.choices == NOTHING, np.nan, codes)


def cell_data(results: Results, cell: Cell, decided: Sequence[Resolution] = ()) -> CellData:
    """Read one cell.

    Parameters
    ----------
    decided : sequence of Resolution, optional
        What people decided about replies that could not be read, beside what the store holds of that.

    Raises
    ------
    StoreError
        If the store is damaged.
    DocumentError
        If a decision names a question or code that there is not, or a reply that was understood.
    """
    respondents = results.respondents(cell)
    answers, replies = results.answers(cell, respondents), results.replies(cell, respondents)
    closed = tuple(question for question in results.questions if is_closed(question))
    known = set(respondents.ids.tolist())
    mine = checked_resolutions(results, [each for each in decided if each.respondent in known])
    repeats = [int(found.max(initial=0)) for found in (answers.replicate, replies.replicate)]
    highest = max([*repeats, *(each.replicate for each in mine)])
    replicates = highest + 1
    scales = scales_of(closed)
    asked = [question for question in results.questions if question.codes_of is None]
    place = {question.id: column for column, question in enumerate(asked)}
    digests = np.full((len(respondents.ids) * replicates, len(place)), SILENT, dtype=np.uint64)
    columns = np.array([place[question] for question in replies.question.tolist()], dtype=np.int64)
    digests[replies.respondent * replicates + replies.replicate, columns] = replies.digest
    endings = results.endings(cell, respondents)
    everybody = np.ones(len(respondents.ids), dtype=np.bool_)
    lost = [STATUSES.index(status) for status in ("refused", "invalid", "failed")]
    unread = [sum(list(endings.of(question.id, everybody).values())[n] for n in lost) for question in closed]
    choices = _choices(answers, closed, scales, len(respondents.ids), replicates)
    choices = _with_decisions(choices, mine, closed, scales, respondents)
    moved = {question.name: _moved(results, cell, question, mine) for question in closed}
    settled = [moved[question.name]["answered"] for question in closed]
    all_moved: Counter[str] = Counter()
    for each in moved.values():
        all_moved.update(each)
    people = human_counts(results, cell)
    return CellData(
        cell=cell,
        respondents=respondents,
        questions=results.questions,
        closed=closed,
        scales=scales,
        replicates=replicates,
        choices=choices,
        unread=np.array(unread, dtype=np.int64) - np.array(settled, dtype=np.int64),
        moved=all_moved,
        digests=digests,
        human=None if people is None else counts_table(people, closed, scales),
    )


def human_counts(results: Results, cell: Cell) -> dict[int, dict[int | None, float]] | None:
    """Real people by question id and code: those of the cell's culture, where the reference tells cultures apart.

    ``None`` without a reference, and for people of another population than the one that the reference is about.
    """
    among = culture_of(results, cell)
    if among is not None:
        return results.human_counts(among)
    return results.human_counts() if results.reference and cell.of_the_reference else None


def why_no_people(results: Results, cell: Cell) -> str | None:
    """Why a cell has no real people beside it though the store has a reference; ``None`` when it has, or has none."""
    if results.reference is None:
        return None
    among = culture_of(results, cell)
    if among is None:
        return None if cell.of_the_reference else "the reference is about another population than this condition asks"
    if human_counts(results, cell):
        return None
    known = ", ".join(sorted(results.human_counts_by(among[0]))) or "none"
    return f"the reference has nobody of the culture {cell.culture!r} (its cultures: {known})"


def culture_of(results: Results, cell: Cell) -> tuple[str, str] | None:
    """The reference's grouping by culture and the cell's level of it; ``None`` where either tells none."""
    grouping = results.reference.culture if results.reference else None
    return None if grouping is None or cell.culture is None else (grouping, cell.culture)


def people_by_group(
    results: Results, data: CellData, grouping: str, questions: tuple[Asked, ...] | None = None
) -> tuple[tuple[str, ...], Floats]:
    """Real people of the cell's culture by level of a grouping: levels, counts (n_levels, n_questions, n_options).

    ``questions`` are the cell's closed ones when absent.
    """
    questions = data.closed if questions is None else questions
    scales = scales_of(questions)
    found = results.human_counts_by(grouping, culture_of(results, data.cell))
    levels = _in_order(results.reference.groups[grouping] if results.reference else None, list(found))
    tables = [counts_table(found[level], questions, scales) for level in levels]
    return levels, np.stack(tables) if tables else np.zeros((0, *scales.codes.shape))


def _in_order(group: Group | None, levels: list[str]) -> tuple[str, ...]:
    bands = group.bands if group else None
    return tuple(sorted(levels, key=bands.__getitem__)) if bands else tuple(levels)


def is_closed(question: Asked) -> bool:
    """Whether a question has one choice among two substantive options or more."""
    return question.kind in ("single", "scale") and sum(choice.substantive for choice in question.choices) >= 2


def scales_of(closed: tuple[Asked, ...]) -> Scales:
    """Codes of the substantive options of some questions."""
    substantive = [[choice for choice in question.choices if choice.substantive] for question in closed]
    codes = np.full((len(closed), max(map(len, substantive), default=1)), np.nan)
    for row, choices in enumerate(substantive):
        codes[row, : len(choices)] = [choice.code for choice in choices]
    return Scales(codes)


def _choices(
    answers: Answers, closed: tuple[Asked, ...], scales: Scales, people: int, replicates: int
) -> NDArray[np.int64]:
    table = np.full((people * replicates, len(closed)), NOTHING, dtype=np.int64)
    for column, question in enumerate(closed):
        respondent, replicate, code = answers.of(question.id)
        codes = scales.codes[column, : scales.sizes[column]].astype(np.int64)
        option, known = columns_of(code, codes)
        table[respondent[known] * replicates + replicate[known], column] = option
    return table


def _with_decisions(
    choices: Integers,
    decided: Sequence[Resolution],
    closed: tuple[Asked, ...],
    scales: Scales,
    respondents: Respondents,
) -> Integers:
    """Choices with what people decided; a "don't know" that they read out of a reply is no substantive choice."""
    if not decided:
        return choices
    declining = {(q.name, choice.code) for q in closed for choice in q.choices if not choice.substantive}
    columns = {question.name: column for column, question in enumerate(closed)}
    repeats = len(choices) // max(len(respondents.ids), 1)
    table, runs = choices.copy(), np.repeat(respondents.ids, repeats).tolist()
    rows = {number: repeats * place for place, number in enumerate(respondents.ids.tolist())}
    kept = [each for each in decided if each.question in columns]
    for each in kept:  # what the store holds about the same reply counts no more
        table[rows[each.respondent] + each.replicate, columns[each.question]] = NOTHING
    kept = [each for each in kept if (each.question, each.code) not in declining]
    replicates = np.tile(np.arange(repeats), len(respondents.ids)).tolist()
    return resolve(table, kept, runs, list(columns), scales.codes, replicates).choices


def _moved(results: Results, cell: Cell, question: Asked, decided: Sequence[Resolution]) -> Counter[str]:
    """How decisions beside the store's change the statuses of one question's answers."""
    mine = [each for each in decided if each.question == question.name]
    moved: Counter[str] = Counter()
    known = (
        {(r.respondent, r.question, r.replicate): r.code for r in stored_resolutions(results, cell)} if mine else {}
    )
    for each in mine:
        before = known.get((each.respondent, each.question, each.replicate)) is not None
        change = (each.code is not None) - before
        [(status,)] = results.rows(
            "SELECT status FROM answers WHERE respondent_id = ? AND question_id = ? AND method = 'text' "
            "AND replicate = ?",
            (each.respondent, question.id, each.replicate),
        )
        moved["answered"] += change
        moved[status] -= change
    return moved


def counts_table(counts: dict[int, dict[int | None, float]], closed: tuple[Asked, ...], scales: Scales) -> Floats:
    """Real people per substantive option of some questions, (n_questions, n_options)."""
    table = np.zeros(scales.codes.shape)
    for row, question in enumerate(closed):
        known = counts.get(question.id, {})
        for column in range(int(scales.sizes[row])):
            table[row, column] = known.get(int(scales.codes[row, column]), 0.0)
    return table
