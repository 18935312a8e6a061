"""Counts the people of a survey's file: what matched, what is missing, and what fits nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from demoscope.columns import Column
from demoscope.errors import DocumentError
from demoscope.tables import LARGEST_AMOUNT
from surveys.question import Question
from surveys.questionnaire import Questionnaire
from surveys.reference import ReferenceCount, ReferenceCounts
from surveys.reference_check import ColumnCheck, ReferenceCheck, check_column
from surveys.reference_mapping import MappedGroup, Missing, ReferenceMapping
from surveys.survey_file import open_survey


@dataclass(frozen=True, eq=False)
class SurveyFile:
    """The columns of a survey's file that a mapping names, for one questionnaire."""

    mapping: ReferenceMapping
    questionnaire: Questionnaire
    path: Path
    columns: Mapping[str, Column]
    """Column -> its values in all rows of the file."""

    @classmethod
    def read(cls, mapping: ReferenceMapping, questionnaire: Questionnaire, folder: Path) -> "SurveyFile":
        """Read the columns.

        Raises
        ------
        DocumentError
            If the mapping is about another questionnaire, names a question or column that does not exist, or the
            file cannot be read.
        """
        if mapping.questionnaire != questionnaire.id:
            raise DocumentError(
                f"{mapping.id!r} maps the questions of {mapping.questionnaire!r}, not those of {questionnaire.id!r}."
            )
        for name in mapping.questions:
            if name not in questionnaire.by_id:
                raise DocumentError(f"{mapping.id!r} maps {name!r}, a question that {questionnaire.id!r} lacks.")
            if not _countable(questionnaire[name]):
                raise DocumentError(
                    f"{mapping.id!r} maps {name!r}, which is no single choice and no scale (it is of kind "
                    f"{questionnaire[name].kind}); leave it out."
                )
        path = folder / Path(mapping.data).expanduser()
        names, read = open_survey(path)
        needed = [
            *((question, mapping.where(question).column) for question in mapping.questions),
            *((name, group.column) for name, group in mapping.groups.items()),
            *(("only", column) for column in mapping.only),
            *([("weight", mapping.weight)] if mapping.weight else []),
        ]
        for what, column in needed:
            if column not in names:
                near = [name for name in names if name.casefold() == column.casefold()]
                told = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(names[:12])} ..."
                raise DocumentError(f"{path}: there is no column {column!r} ({what}); {told}")
        wanted = {column for _, column in needed}
        wanted |= {q.id for q in questionnaire.asked if q.id not in mapping.questions and q.id in names}
        return cls(mapping, questionnaire, path, read([name for name in names if name in wanted]))

    @cached_property
    def mapped(self) -> dict[str, Question]:
        """Questions that a column answers, in the order of the questionnaire."""
        return {
            question.id: question
            for question in self.questionnaire.asked
            if _countable(question) and self.mapping.where(question.id).column in self.columns
        }

    @cached_property
    def rows(self) -> int:
        """Rows of the file."""
        return len(next(iter(self.columns.values()))) if self.columns else 0

    @cached_property
    def weights(self) -> NDArray[np.float64]:
        """(n_rows,) weight of each row; 0 for those that ``only`` leaves out.

        Raises
        ------
        DocumentError
            If a weight that counts is missing, negative or no number; the message names the row.
        """
        kept = np.ones(self.rows, bool)
        for name, wanted in self.mapping.only.items():
            column = self.columns[name]
            among = np.array([text in {str(value) for value in wanted} for text in column.texts], bool)
            kept &= among[column.positions]
        if self.mapping.weight is None:
            return kept.astype(np.float64)
        column = self.columns[self.mapping.weight]
        values = np.array([_number(text) for text in column.texts], np.float64)[column.positions]
        wrong = ~((values >= 0) & (values <= LARGEST_AMOUNT)) & kept
        if wrong.any():
            row = int(wrong.argmax())
            raise DocumentError(
                f"{self.path}: row {row + 1} has the weight {column.texts[column.positions[row]]!r} in "
                f"{self.mapping.weight!r}, as {int(wrong.sum()):,} rows; weights are numbers of at least 0. Leave "
                "such rows out with `only`, or name another column."
            )
        return np.where(kept, values, 0.0)

    def codes(self, question: str) -> list[int | str | None]:
        """Code of an option for each distinct value of a question; ``None`` for missing, the text for no match."""
        where = self.mapping.where(question)
        named = {str(value): code for value, code in where.codes.items()}
        options = {str(option.code): option.code for option in self.mapped[question].choices}
        found: list[int | str | None] = []
        for text in self.columns[where.column].texts:
            if text in named:
                found.append(named[text] if str(named[text]) in options else text)
            elif self._is_missing(text, where.missing):
                found.append(None)
            else:
                found.append(options.get(text, text))
        return found

    def levels(self, group: MappedGroup) -> list[tuple[str, bool]]:
        """Level of each distinct value of a grouping, and whether it is one; no level for missing and unmatched."""
        named = {str(value): level for value, level in group.codes.items()}
        found = []
        for text in self.columns[group.column].texts:
            if text in named:
                found.append((named[text], True))
            elif self._is_missing(text, group.missing):
                found.append(("", True))
            elif group.bands is not None:
                number = _number(text)
                level = group.level({group.attribute: number}) if number == number else None
                found.append((level or "", level is not None))
            else:
                found.append((text, True) if not group.codes else ("", False))
        return found

    def _is_missing(self, text: str, own: Missing) -> bool:
        return text == "" or own.has(text) or self.mapping.missing.has(text)

    def check(self) -> ReferenceCheck:
        """What matched, column by column."""
        counted = self.weights > 0
        total, squares = float(self.weights.sum()), float((self.weights**2).sum())
        weighted = self.mapping.weight is not None
        return ReferenceCheck(
            reference=self.mapping.id,
            file=str(self.path),
            rows=self.rows,
            counted=int(counted.sum()),
            weighted=total if weighted else None,
            effective=(total**2 / squares if squares else 0.0) if weighted else None,
            questions=tuple(self._question_check(name, counted) for name in self.mapped),
            groups=tuple(self._group_check(name, group, counted) for name, group in self.mapping.groups.items()),
            not_in_file=tuple(q.id for q in self.questionnaire.asked if _countable(q) and q.id not in self.mapped),
            not_countable=tuple(q.id for q in self.questionnaire.asked if not _countable(q)),
        )

    def _question_check(self, name: str, counted: NDArray[np.bool_]) -> ColumnCheck:
        column = self.columns[self.mapping.where(name).column]
        labels = {option.code: f"{option.code} {option.label}" for option in self.mapped[name].choices}
        found = [labels[code] if isinstance(code, int) else code for code in self.codes(name)]
        matches = [isinstance(code, int) for code in self.codes(name)]
        return check_column(name, self.mapping.where(name).column, column, found, matches, labels.values(), counted)

    def _group_check(self, name: str, group: MappedGroup, counted: NDArray[np.bool_]) -> ColumnCheck:
        column = self.columns[group.column]
        known = [level for level, _ in self.levels(group) if level]
        levels = list(group.bands or dict.fromkeys([*group.codes.values(), *known]))
        found: list[str | None] = []
        for text, (level, fits) in zip(column.texts, self.levels(group), strict=True):
            found.append((level or None) if fits else text)
        matches = [bool(level) for level, _ in self.levels(group)]
        return check_column(name, group.column, column, found, matches, levels, counted)

    def counts(self) -> ReferenceCounts:
        """The people by question, groups and option, weighted.

        Raises
        ------
        DocumentError
            If a value is neither an option or a level nor named as missing, or nobody is left.
        """
        checked = self.check()
        if not checked.questions or not checked.counted:
            what = "no column answers a question" if not checked.questions else "no row is left to count"
            raise DocumentError(f"{self.path}: {what}; see `demoscope reference check`.")
        for one in (*checked.groups, *checked.questions):
            if one.unmatched:
                told = ", ".join(f"{value!r} ({rows:,} rows)" for value, rows in list(one.unmatched.items())[:5])
                raise DocumentError(
                    f"{self.path}: {one.name}: the column {one.column!r} has {told}, which the mapping lacks. "
                    "Name what they stand for under `codes`, or as `missing`. `demoscope reference check` shows all."
                )
        groups = {name: self._levels_of_rows(group) for name, group in self.mapping.groups.items()}
        kept = np.flatnonzero(self.weights > 0)
        weights = self.weights[kept]
        cells, cell_of = np.unique(
            np.column_stack([np.zeros(len(kept), np.int64), *(places[kept] for _, places in groups.values())]),
            axis=0,
            return_inverse=True,
        )
        names = [
            tuple((name, groups[name][0][place]) for name, place in zip(groups, cell[1:], strict=True))
            for cell in cells.tolist()
        ]
        found: list[ReferenceCount] = []
        for question in self.mapped:
            codes = self.codes(question)
            answers = list(dict.fromkeys(codes))
            place = np.array([answers.index(code) for code in codes], np.int64)
            position = place[self.columns[self.mapping.where(question).column].positions[kept]]
            sums = np.bincount(cell_of.ravel() * len(answers) + position, weights, len(names) * len(answers))
            people = np.bincount(cell_of.ravel() * len(answers) + position, None, len(names) * len(answers))
            for at in np.flatnonzero(people).tolist():
                code = answers[at % len(answers)]
                known = code if isinstance(code, int) else None  # what fits nothing was refused above
                who = names[at // len(answers)]
                found.append(ReferenceCount(question=question, groups=who, code=known, count=float(sums[at])))
        return ReferenceCounts(reference=self.mapping.reference, counts=tuple(found))

    def _levels_of_rows(self, group: MappedGroup) -> tuple[list[str], NDArray[np.int64]]:
        """Levels, each once, and the place of each row's level among them."""
        levels = [level for level, _ in self.levels(group)]
        order = list(dict.fromkeys(levels))
        return order, np.array([order.index(level) for level in levels], np.int64)[
            self.columns[group.column].positions
        ]


def _countable(question: Question) -> bool:
    """Whether an answer to a question is one of its options."""
    return question.kind in ("single", "scale") and bool(question.choices)


def _number(text: str) -> float:
    """The number that a text stands for; not a number for anything else."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
