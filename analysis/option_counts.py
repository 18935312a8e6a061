"""How often each option was chosen: what KL and preference bias compare with people's choices."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix, vstack

from analysis.bootstrap import Resamples
from analysis.choices import Floats, Integers, Scales, columns_of, one_hot
from analysis.def_data import CellData, counts_table, human_counts, scales_of
from analysis.def_rules import DefRules
from analysis.reading import Results
from analysis.records import STATUSES, Asked


@dataclass(frozen=True)
class OptionCounts:
    """Choices of one cell beside people's, question by question.

    First the closed questions of the cell, each with one choice a run; then, where the rules count them, its multiple
    choices, of which every chosen option counts once, so that a run may count several times.
    """

    data: CellData
    questions: tuple[Asked, ...]
    scales: Scales
    """Codes of their substantive options."""
    chosen: csr_matrix
    """(n_questions * n_options, n_runs) ones, row ``question * n_options + option``."""
    unread: Integers
    """(n_questions,) answers that were refused, invalid or failed, and that nobody resolved."""
    human: Floats | None
    """(n_questions, n_options) choices of real people; ``None`` without a reference."""

    @property
    def dimension(self) -> tuple[str | None, ...]:
        """Value dimension of each question."""
        return tuple(question.dimension for question in self.questions)

    @property
    def counts(self) -> Floats:
        """(n_questions, n_options) weighted choices."""
        return np.asarray(self.chosen @ self.data.run_weights).reshape(self.scales.codes.shape)

    def resampled(self, resamples: Resamples) -> Floats:
        """(draws, n_questions, n_options) choices in resamples of the people, respondents with all their runs."""
        personas = np.repeat(self.data.respondents.personas, self.data.replicates)
        counts = resamples.counts(self.chosen, personas, self.data.run_weights)
        return counts.reshape(len(counts), *self.scales.codes.shape)


def option_counts(results: Results, data: CellData, rules: DefRules) -> OptionCounts:
    """Read what one cell's rules compare with people.

    Parameters
    ----------
    data : CellData
        The cell's closed questions, from :func:`analysis.def_data.cell_data`.
    rules : DefRules
        ``several`` says whether multiple choices count.

    Raises
    ------
    StoreError
        If the store is damaged.

    References
    ----------
    .. [1] Diversity-Enhanced Framework, published code: tables of options by question, multiple choices included
       (SPEC 2.5, families 1 and 4).
    """
    several = tuple(q for q in data.questions if rules.several == "counted" and _takes_several(q))
    questions = (*data.closed, *several)
    scales = scales_of(questions)
    options = scales.codes.shape[1]
    answers = results.answers(data.cell, data.respondents)
    endings = results.endings(data.cell, data.respondents)
    everybody = np.ones(len(data.respondents.ids), dtype=np.bool_)
    blocks, unread = [one_hot(data.choices, options)], [data.unread]
    for row, question in enumerate(several, start=len(data.closed)):
        respondent, replicate, code = answers.of(question.id)
        option, known = columns_of(code, scales.codes[row, : scales.sizes[row]].astype(np.int64))
        runs = respondent[known] * data.replicates + replicate[known]
        blocks.append(csr_matrix((np.ones(len(runs)), (option, runs)), shape=(options, len(data.choices))))
        ended = dict(zip(STATUSES, endings.of(question.id, everybody).values(), strict=True))
        unread.append(np.array([ended["refused"] + ended["invalid"] + ended["failed"]], dtype=np.int64))
    people = human_counts(results, data.cell)
    return OptionCounts(
        data=data,
        questions=questions,
        scales=scales,
        chosen=csr_matrix(vstack(blocks)),
        unread=np.concatenate(unread),
        human=None if people is None else counts_table(people, questions, scales),
    )


def _takes_several(question: Asked) -> bool:
    return question.kind == "multiple" and sum(choice.substantive for choice in question.choices) >= 2
