"""A read-only view of a store, also while a wave writes it: what was asked, what came out, what people said."""

import json
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import ValidationError

from analysis.diversity import digest
from analysis.records import (
    NO_CODE,
    STATUSES,
    Answers,
    Asked,
    Cell,
    Choice,
    CodedEnding,
    Endings,
    Replies,
    Respondents,
    WaveRow,
)
from analysis.store_reader import StoreReader, connect
from surveys import Questionnaire
from surveys.reference import Group, Reference

if TYPE_CHECKING:
    import pandas as pd

LATEST = """WITH latest AS MATERIALIZED (
    SELECT respondent_id, question_id, replicate, code FROM (
        SELECT z.respondent_id, z.question_id, z.replicate, z.code, row_number() OVER (
            PARTITION BY z.respondent_id, z.question_id, z.replicate ORDER BY z.at DESC, z.rowid DESC) AS place
        FROM respondents r JOIN resolutions z ON z.respondent_id = r.id
        JOIN answers a USING (respondent_id, question_id, method, replicate)
        WHERE r.cell_id = ?1 AND z.method = ?2 AND a.status IN ('refused', 'invalid')) WHERE place = 1)"""
"""What people decided last about each reply of a cell that was not understood."""
METHODS = ("text", "sequence", "token", "verbalized")
"""How answers are read off; where a cell has several, those of the first one are compared with people."""


def open_results(path: str | Path) -> "Results":
    """Open a store for reading; use as a context manager.

    Everything read comes from one moment, so a wave may go on writing meanwhile.

    Raises
    ------
    StoreError
        If the file is missing, no store, damaged, holds no wave, or was written by a newer version.
    """
    path = Path(path)
    return Results(path, connect(path))


class Results(StoreReader):
    """What a store holds, read once each and kept as small objects and arrays."""

    def frame(self, *, wide: bool = False) -> "pd.DataFrame":
        """The answers as a pandas frame: one row an answer and chosen option, or (``wide``) one a respondent.

        The columns are those of :mod:`analysis.export.tidy` and :mod:`analysis.export.wide`. Rows of a restricted
        source are in it, as in the store; `demoscope export` writes what may be passed on.
        """
        from analysis.frames import tidy_frame, wide_frame

        return wide_frame(self) if wide else tidy_frame(self)

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from analysis.notebook import results_html

        return results_html(self)

    @cached_property
    def wave(self) -> WaveRow:
        """The wave."""
        row = self.rows("SELECT name, seed, questionnaire, started, finished FROM waves")[0]
        title = self.json(row[2]).get("title", "")
        return WaveRow(row[0], row[1], title, row[3], row[4])

    @cached_property
    def questionnaire(self) -> Questionnaire:
        """The questionnaire as it was asked."""
        text = self.rows("SELECT questionnaire FROM waves")[0][0]
        try:
            return Questionnaire.model_validate(self.json(text))
        except ValidationError as error:
            raise self.damaged(f"its questionnaire cannot be read: {error.errors()[0]['msg']}") from None

    @cached_property
    def reference(self) -> Reference | None:
        """The human reference the wave is compared with, without its counts; ``None`` when it has none."""
        text = self.rows("SELECT reference FROM waves")[0][0]
        if text is None:
            return None
        try:
            return Reference.model_validate_json(text)
        except ValidationError as error:
            raise self.damaged(f"its reference cannot be read: {error.errors()[0]['msg']}") from None

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """The cells, in the order of the wave; what judges and coders took is no cell of it."""
        whose = "c.population" if self.has_column("cells", "population") else "NULL"
        rows = self.rows(
            f"""SELECT c.id, c.name, c.condition, m.name, c.protocol, c.profile, c.language, c.told, c.culture,
            coalesce({whose} = (SELECT population ->> '$.document.id' FROM waves), 1)
            FROM cells c JOIN models m ON m.id = c.model_id
            WHERE c.protocol NOT IN ('judge', 'coder') ORDER BY c.id"""
        )
        return tuple(Cell(*(*row[:7], tuple(self.json(row[7])), row[8], bool(row[9]))) for row in rows)

    @cached_property
    def questions(self) -> tuple[Asked, ...]:
        """The questions that were put to models, with their options, in the order of the questionnaire."""
        choices: dict[int, list[Choice]] = {}
        for question, *option, kind in self.rows(
            "SELECT question_id, code, label, score, kind FROM options ORDER BY question_id, position"
        ):
            choices.setdefault(question, []).append(Choice(*(*option, kind == "substantive")))
        excluded = "AND excluded IS NULL" if self.has_column("questions", "excluded") else ""
        rows = self.rows(
            f"""SELECT id, name, text, kind, ordinal, dimension FROM questions WHERE kind <> 'note' {excluded}
            ORDER BY id"""
        )
        return tuple(Asked(*(*row[:4], bool(row[4]), tuple(choices.get(row[0], ())), row[5])) for row in rows)

    def coded_endings(self, cell: Cell) -> Iterable[CodedEnding]:
        """How questions that count open answers in codes ended: none in a store alone (:mod:`analysis.coded`)."""
        return ()

    def settings(self, cell: Cell) -> dict[str, Any]:
        """Settings of a cell's protocol, as they were applied."""
        found: dict[str, Any] = self.json(self.rows("SELECT settings FROM cells WHERE id = ?", (cell.id,))[0][0])
        return found

    def resolved(self, cell: Cell) -> tuple[int, int]:
        """Replies of a cell that people gave an answer to, and those that they could not read either."""
        rows = self.rows(
            f"{LATEST} SELECT coalesce(sum(code IS NOT NULL), 0), count(*) FROM latest", (cell.id, self.method(cell))
        )
        return rows[0][0], rows[0][1] - rows[0][0]

    def method(self, cell: Cell) -> str:
        """How the answers of a cell that count were read off: of several methods the first of :data:`METHODS`."""
        if cell.id not in self._methods:
            one = """SELECT 1 FROM respondents r JOIN answers a ON a.respondent_id = r.id
                WHERE r.cell_id = ? AND a.method = ? LIMIT 1"""
            self._methods[cell.id] = next((name for name in METHODS if self.rows(one, (cell.id, name))), METHODS[0])
        return self._methods[cell.id]

    @cached_property
    def _methods(self) -> dict[int, str]:
        """What :meth:`method` has found."""
        return {}

    def respondents(self, cell: Cell) -> Respondents:
        """The respondents planned in a cell, whether or not they have answered yet."""
        rows = self.array(
            """SELECT r.id, r.persona_id, p.weight FROM respondents r JOIN personas p ON p.id = r.persona_id
            WHERE r.cell_id = ? ORDER BY r.id""",
            (cell.id,),
            [("id", np.int64), ("persona", np.int64), ("weight", np.float64)],
        )
        return Respondents(rows["id"].copy(), rows["persona"].copy(), rows["weight"].copy())

    def answers(self, cell: Cell, respondents: Respondents) -> Answers:
        """Understood answers of a cell, all replicates, by its :meth:`method`; resolutions of people included."""
        rows = self.array(
            f"""{LATEST} SELECT a.respondent_id, a.question_id, a.replicate, coalesce(o.code, {NO_CODE})
            FROM respondents r JOIN answers a ON a.respondent_id = r.id
            LEFT JOIN answer_options o USING (respondent_id, question_id, method, replicate)
            WHERE r.cell_id = ?1 AND a.method = ?2 AND a.status = 'answered'
            UNION ALL SELECT respondent_id, question_id, replicate, code FROM latest WHERE code IS NOT NULL""",
            (cell.id, self.method(cell)),
            [(name, np.int64) for name in ("respondent", "question", "replicate", "code")],
        )
        rows = rows[np.argsort(rows["question"], kind="stable")]
        return Answers(
            np.searchsorted(respondents.ids, rows["respondent"]),
            *(rows[name].copy() for name in ("question", "replicate", "code")),
        )

    def replies(self, cell: Cell, respondents: Respondents) -> Replies:
        """What the model wrote for every answer by the cell's :meth:`method`, understood or not, as digests.

        A reply that several answers were read from is no answer's own; there an answer's explanation and codes stand
        for it.
        """
        self._connection.create_function("digest64", 1, _signed_digest, deterministic=True)
        rows = self.array(
            f"""WITH shared AS MATERIALIZED (
                SELECT cell_id, subject_id, step, ordinal FROM answer_sources WHERE cell_id = ?1
                GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
            )
            SELECT a.respondent_id, a.question_id, a.replicate, digest64(CASE WHEN h.cell_id IS NULL THEN t.text
                ELSE coalesce(a.text, '') || char(10) || coalesce((
                    SELECT group_concat(code) FROM answer_options p
                    WHERE (p.respondent_id, p.question_id, p.method, p.replicate)
                    = (a.respondent_id, a.question_id, a.method, a.replicate)), '') END)
            FROM respondents r JOIN answers a ON a.respondent_id = r.id
            JOIN answer_sources s USING (respondent_id, question_id, method, replicate)
            JOIN attempts t USING (cell_id, subject_id, step, ordinal)
            LEFT JOIN shared h USING (cell_id, subject_id, step, ordinal)
            WHERE r.cell_id = ?1 AND a.method = '{self.method(cell)}' AND t.text IS NOT NULL AND t.attempt = (
                SELECT max(attempt) FROM attempts l WHERE (l.cell_id, l.subject_id, l.step, l.ordinal)
                = (s.cell_id, s.subject_id, s.step, s.ordinal))""",
            (cell.id,),
            [(name, np.int64) for name in ("respondent", "question", "replicate", "digest")],
        )
        return Replies(
            np.searchsorted(respondents.ids, rows["respondent"]),
            rows["question"].copy(),
            rows["replicate"].copy(),
            rows["digest"].astype(np.uint64),
        )

    def endings(self, cell: Cell, respondents: Respondents) -> Endings:
        """How every question ended for every respondent of a cell, all replicates, by the cell's :meth:`method`.

        What people resolved counts as answered.
        """
        known = " ".join(f"WHEN '{status}' THEN {position}" for position, status in enumerate(STATUSES))
        rows = self.array(
            f"""{LATEST} SELECT a.respondent_id, a.question_id,
            CASE iif(z.code IS NULL, a.status, 'answered') {known} END
            FROM respondents r JOIN answers a ON a.respondent_id = r.id
            LEFT JOIN latest z USING (respondent_id, question_id, replicate)
            WHERE r.cell_id = ?1 AND a.method = ?2""",
            (cell.id, self.method(cell)),
            [(name, np.int64) for name in ("respondent", "question", "status")],
        )
        rows = rows[np.argsort(rows["question"], kind="stable")]
        return Endings(
            np.searchsorted(respondents.ids, rows["respondent"]), rows["question"].copy(), rows["status"].copy()
        )

    def levels(self, group: Group, respondents: Respondents) -> list[str | None]:
        """Level of a grouping that each respondent belongs to; ``None`` when its persona fits none."""
        return [group.level(self._attributes[persona]) for persona in respondents.personas.tolist()]

    def attributes(self, respondents: Respondents) -> list[dict[str, Any]]:
        """Attributes of each respondent's persona."""
        return [self._attributes[persona] for persona in respondents.personas.tolist()]

    def human_counts(self, among: tuple[str, str] | None = None) -> dict[int, dict[int | None, float]]:
        """Real people by question id and code; the code ``None`` counts those without a substantive answer.

        ``among`` is a grouping and the level of it that is counted; everybody when absent.
        """
        found: dict[int, dict[int | None, float]] = {}
        for question, code, count in self.rows(
            f"SELECT question_id, code, sum(count) FROM reference_counts {_AMONG[among is not None]} GROUP BY 1, 2",
            _path_and_level(among),
        ):
            found.setdefault(question, {})[code] = count
        return found

    def human_counts_by(
        self, grouping: str, among: tuple[str, str] | None = None
    ) -> dict[str, dict[int, dict[int | None, float]]]:
        """Real people by level of a grouping, question id and code; people of unknown level are left out."""
        found: dict[str, dict[int, dict[int | None, float]]] = {}
        for level, question, code, count in self.rows(
            f"""SELECT json_extract(groups, ?), question_id, code, sum(count) FROM reference_counts
            {_AMONG[among is not None]} GROUP BY 1, 2, 3 ORDER BY min(rowid)""",
            (_path(grouping), *_path_and_level(among)),
        ):
            if level not in (None, ""):
                found.setdefault(str(level), {}).setdefault(question, {})[code] = count
        return found

    @cached_property
    def _attributes(self) -> dict[int, dict[str, Any]]:
        return {persona: self.json(text) for persona, text in self.rows("SELECT id, attributes FROM personas")}


def _signed_digest(text: str) -> int:
    """A digest as the signed 64-bit integer that SQLite knows."""
    unsigned = digest(text)
    return unsigned - 2**64 if unsigned >= 2**63 else unsigned


_AMONG = ("", "WHERE json_extract(groups, ?) = ?")
"""Everybody, or the people of one level of a grouping."""


def _path(grouping: str) -> str:
    return f"$.{json.dumps(grouping)}"


def _path_and_level(among: tuple[str, str] | None) -> tuple[str, ...]:
    return () if among is None else (_path(among[0]), among[1])
