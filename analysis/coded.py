"""Open answers in the codes of a codebook, counted as a question of their own beside those that were asked.

What coders agreed on stands in a file beside the store (``code read -o``); its answers stay as they are.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field, model_validator

from analysis.reading import Results, open_results
from analysis.records import STATUSES, UNCODED, Answers, Asked, Cell, Choice, CodedEnding, Endings, Respondents
from demoscope.documents import Document, build
from demoscope.errors import DocumentError
from demoscope.open_answers import texts_of
from surveys.codebook import Codebook


class CodedAnswers(Document):
    """The codes that count, of the open answers to one question in one store."""

    codebook: Codebook
    coders: tuple[str, str]
    kappa: float | None
    """Cohen's kappa of the two; absent where it is not defined."""
    answers: int = Field(ge=1)
    """Open answers that there were; those without a code are left out."""
    digest: str
    """Hash of these answers (:func:`digest_of`), by which the store that they are in is known."""
    codes: tuple[tuple[int, int, int], ...]
    """Respondent, replicate and code of each answer that both coded alike or a third settled."""

    @model_validator(mode="after")
    def _every_answer_has_one_code(self) -> Self:
        known = {one.code for one in self.codebook.codes}
        strange = next((code for *_, code in self.codes if code not in known), None)
        if strange is not None:
            raise ValueError(f"{strange} is no code of {self.codebook.id!r}; write the file anew with `code read -o`")
        if len({each[:2] for each in self.codes}) < len(self.codes):
            raise ValueError("an answer has two codes; write the file anew with `code read -o`")
        return self

    def question(self, number: int, text: str) -> Asked:
        """The coded question, under a number of its own, in the words of the open one and of who coded it."""
        kappa = "not defined" if self.kappa is None else f"{self.kappa:z.2f}"
        told = f"coded by {' and '.join(self.coders)}, kappa {kappa}, {len(self.codes):,} of {self.answers:,} answers"
        choices = tuple(Choice(one.code, one.label, None, True) for one in self.codebook.codes)
        name = self.codebook.id
        return Asked(number, name, f"{text} ({told})", "single", False, choices, codes_of=self.codebook.question)


def digest_of(answers: Iterable[tuple[int, int, str]]) -> str:
    """BLAKE2 hash of open answers: respondent, replicate and text of each, in any order."""
    rows = sorted([respondent, replicate, text] for respondent, replicate, text in answers)
    return hashlib.blake2b(json.dumps(rows).encode(), digest_size=12).hexdigest()


def write_coded(coded: CodedAnswers, path: Path) -> None:
    """Write the codes as JSON.

    Raises
    ------
    DocumentError
        If the file is there already or cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(coded.model_dump_json(indent=1) + "\n")
    except FileExistsError:
        raise DocumentError(f"{path} is there already; move it away, or give another name.") from None
    except OSError as error:
        raise DocumentError(f"{path}: the codes cannot be written ({error.strerror}).") from None


def read_coded(files: Sequence[Path], stores: Sequence[Path]) -> tuple[CodedAnswers, ...]:
    """Codes as :func:`write_coded` wrote them, each of answers that one of the stores holds.

    Raises
    ------
    DocumentError
        If a file is no such document, or none of the stores holds the answers that were coded.
    StoreError
        If a store cannot be read.
    """
    found = tuple(_read(path) for path in files)
    held: set[str] = set()
    for store in stores if found else ():
        with open_results(store) as results:
            held |= {one.digest for one in found if _holds(results, one)}
    for path, coded in zip(files, found, strict=True):
        if coded.digest not in held:
            raise DocumentError(
                f"{path}: no store here holds the {coded.answers:,} answers to {coded.codebook.question!r} that were "
                "coded. Name their store; where it has more answers by now, write the codes anew with "
                "`demoscope code read -o`."
            )
    return found


def _read(path: Path) -> CodedAnswers:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DocumentError(f"{path}: the codes cannot be read ({error.strerror}).") from None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise DocumentError(f"{path}: no codes as `demoscope code read -o` writes them, which is JSON.")
    return build(CodedAnswers, content, str(path))


def open_coded(path: str | Path, coded: Sequence[CodedAnswers] = ()) -> Results:
    """Open a store for reading, with the codes of its open answers as questions of their own.

    Codes of answers that another store holds are left aside; see :func:`read_coded` for those that none holds.

    Raises
    ------
    StoreError
        As :func:`analysis.reading.open_results`.
    DocumentError
        If a coded question is called like one that was asked, or two are called alike.
    """
    results = open_results(path)
    try:
        mine = [one for one in coded if _holds(results, one)]
        names = [question.name for question in results.questions] if mine else []
        for one in mine:
            if one.codebook.id in names:
                raise DocumentError(
                    f"{path}: there is a question {one.codebook.id!r} already; give the codebook another id, or one "
                    "file of codes alone."
                )
            names.append(one.codebook.id)
    except BaseException:
        results.close()
        raise
    return CodedResults(results, mine) if mine else results


def _holds(results: Results, coded: CodedAnswers) -> bool:
    """Whether a store holds the answers that were coded."""
    texts = texts_of(results.rows, coded.codebook.question)
    if digest_of((*one.key, one.text) for one in texts) != coded.digest:
        return False
    strange = {each[:2] for each in coded.codes} - {one.key for one in texts}
    if strange:
        raise DocumentError(
            f"{results.path}: the codes of {coded.codebook.id!r} name an answer that is not among them (respondent "
            f"{min(strange)[0]}); write the file anew with `demoscope code read -o`."
        )
    return True


class CodedResults(Results):
    """What a store holds, and what its open answers were coded as.

    A coded question ends as the open one did, but that answers without a code that counts are skipped. Nothing was
    asked for it, so it has no replies, and adds nothing to how many answers were understood.
    """

    def __init__(self, results: Results, coded: Sequence[CodedAnswers]) -> None:
        super().__init__(results.path, results._connection)
        self.coded = tuple(coded)
        """The codes, of answers that this store holds."""

    @cached_property
    def questions(self) -> tuple[Asked, ...]:
        """The questions that were put to models, and after them the coded ones."""
        asked = super().questions
        texts = {question.name: question.text for question in asked}
        [(last,)] = self.rows("SELECT max(id) FROM questions")  # notes and excluded ones have numbers too
        coded = (one.question(last + n, texts[one.codebook.question]) for n, one in enumerate(self.coded, start=1))
        return (*asked, *coded)

    def _numbered(self) -> Iterable[tuple[Asked, Asked, CodedAnswers]]:
        """Each coded question, the open one, and the codes."""
        asked = {question.name: question for question in self.questions}
        for one in self.coded:
            yield asked[one.codebook.id], asked[one.codebook.question], one

    def coded_endings(self, cell: Cell) -> Iterator[CodedEnding]:
        """How the coded questions ended in a cell, question by question."""
        method = self.method(cell)
        for question, opened, coded in self._numbered():
            codes = {(who, replicate): code for who, replicate, code in coded.codes}
            for who, replicate, ending in self.rows(
                """SELECT a.respondent_id, a.replicate, a.status FROM respondents r
                JOIN answers a ON a.respondent_id = r.id
                WHERE r.cell_id = ? AND a.question_id = ? AND a.method = ? ORDER BY 1, 2""",
                (cell.id, opened.id, method),
            ):
                code = codes.get((who, replicate)) if ending == "answered" else None
                uncoded = code is None and ending == "answered"
                status, reason = ("skipped", UNCODED) if uncoded else (ending, None)
                yield CodedEnding(who, question.id, method, replicate, status, code, reason)

    def answers(self, cell: Cell, respondents: Respondents) -> Answers:
        """Understood answers of a cell, and the codes of its open ones."""
        found = super().answers(cell, respondents)
        parts = [(found.respondent, found.question, found.replicate, found.code)]
        for question, _, coded in self._numbered():
            rows = np.array(coded.codes, dtype=np.int64).reshape(-1, 3)
            rows = rows[np.isin(rows[:, 0], respondents.ids)]
            place = np.searchsorted(respondents.ids, rows[:, 0])
            parts.append((place, np.full(len(rows), question.id, dtype=np.int64), rows[:, 1], rows[:, 2]))
        return Answers(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def endings(self, cell: Cell, respondents: Respondents) -> Endings:
        """How every question ended; a coded one as the open one, without the answers that no code counts for."""
        found = super().endings(cell, respondents)
        known = {status: place for place, status in enumerate(STATUSES)}
        coded = [(each.respondent, each.question, known[each.status]) for each in self.coded_endings(cell)]
        rows = np.array(coded, dtype=np.int64).reshape(-1, 3)
        parts = [
            (found.respondent, found.question, found.status),
            (np.searchsorted(respondents.ids, rows[:, 0]), rows[:, 1], rows[:, 2]),
        ]
        return Endings(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
