"""Which questions a person was known by when each target was predicted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Told:
    """The questions whose statements were told, for every row of predictions."""

    questions: tuple[str, ...]
    """Source questions that were told of anybody."""
    table: NDArray[np.bool_]
    """(n_distinct, n_questions) what was told."""
    row: NDArray[np.int64]
    """(n_rows,) which of these each row of predictions was told."""

    @classmethod
    def of(cls, rows: Sequence[frozenset[str]]) -> "Told":
        """From the questions of every row.

        >>> told = Told.of([frozenset("a"), frozenset("ab"), frozenset("a")])
        >>> told.questions, told.table.tolist(), told.row.tolist()
        (('a', 'b'), [[True, False], [True, True]], [0, 1, 0])
        """
        distinct: dict[frozenset[str], int] = {}
        row = [distinct.setdefault(one, len(distinct)) for one in rows]
        questions = tuple(sorted({question for one in distinct for question in one}))
        table = np.array([[question in one for question in questions] for one in distinct], np.bool_)
        return cls(questions, table.reshape(len(distinct), len(questions)), np.array(row, np.int64))
