"""Coding of open answers: two coders give each answer a code of a codebook, and how far they agree is told.

Coders see answers in a drawn order and nothing of the condition. Where both give the same code it counts; where they
do not, nobody's code counts until a third sheet settles it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.agreement import agreement_interval, cohen_kappa
from analysis.coded import CodedAnswers, digest_of
from analysis.proportions import wilson
from analysis.reading import Results
from demoscope.documents import Document
from demoscope.errors import DocumentError
from demoscope.open_answers import KEY, OpenAnswer, open_answers
from demoscope.seeds import generator
from demoscope.tables import read_table
from surveys.codebook import Codebook


class CodeShare(Document):
    """How often a code was given in one cell."""

    code: int
    label: str
    answers: int
    share: float
    low: float
    high: float
    """95 % (Wilson), over respondents."""


class CodedCell(Document):
    """The coded question in one cell."""

    cell: str
    answers: int
    """Open answers."""
    coded: int
    """Those with a code that counts."""
    shares: tuple[CodeShare, ...]
    """Of the coded ones, in the order of the codebook."""


class Coding(Document):
    """How far two coders agree, and the codes as a question of their own."""

    codebook: str
    question: str
    coders: tuple[str, str]
    both: int
    """Answers that both coded."""
    agreed: int
    kappa: float | None
    """Cohen's kappa; absent where both used one and the same code alone, so that chance cannot be told apart."""
    low: float | None
    high: float | None
    """95 %, answers resampled; absent where there are too few or too much alike."""
    disputed: tuple[tuple[int, int, int, int], ...]
    """Respondent, replicate, and the two codes, where they differ and nobody settled it."""
    settled: int
    """Answers that a third sheet decided."""
    cells: tuple[CodedCell, ...]
    codes: CodedAnswers
    """The codes that count, for `report`, `compare` and `differences`."""

    @property
    def share_agreed(self) -> float:
        """Share of the answers that both coded alike."""
        return self.agreed / self.both


def answers_to(results: Results, codebook: Codebook) -> tuple[OpenAnswer, ...]:
    """Understood answers to the codebook's question; order and errors as :func:`open_answers`."""
    return open_answers(results.rows, codebook.question, results.wave.seed, str(results.path))


def read_coding_sheet(path: Path, codebook: Codebook) -> tuple[str, dict[tuple[int, int], int]]:
    """Coder of a filled-in sheet, and the code of each answer; answers without a code are left out.

    Raises
    ------
    DocumentError
        If the file cannot be read, has a code that the codebook lacks, several coders or none, or one answer twice.
    """
    known = {one.code for one in codebook.codes}
    coders: dict[str, int] = {}
    found: dict[tuple[int, int], int] = {}
    for line, row in read_table(path, [*KEY, "code", "coder"]):
        where = f"{path}:{line}"
        if row["coder"]:
            coders.setdefault(row["coder"], line)
        if not row["code"]:
            continue
        if not row["respondent"].isdecimal() or not row["replicate"].isdecimal():
            raise DocumentError(f"{where}: respondent and replicate are whole numbers; leave them as they were.")
        if not row["code"].lstrip("-").isdecimal() or int(row["code"]) not in known:
            raise DocumentError(f"{where}: {row['code']!r} is no code of {codebook.id!r}; it has {sorted(known)}.")
        key = int(row["respondent"]), int(row["replicate"])
        if key in found:
            raise DocumentError(f"{where}: this answer stands on the sheet twice; keep one.")
        found[key] = int(row["code"])
    if len(coders) != 1:
        told = f"several, {', '.join(coders)}; one sheet is one coder's" if coders else "none; write one in `coder`"
        raise DocumentError(f"{path}: the coder is not told apart: there are {told}.")
    return next(iter(coders)), found


def read_coding(results: Results, codebook: Codebook, sheets: Sequence[Path], settle: Path | None = None) -> Coding:
    """Agreement of two coders, and the codes on which they agree, or that a third sheet settles, by cell.

    Raises
    ------
    DocumentError
        As :func:`open_answers` and :func:`read_coding_sheet`; or if there are not two coders, a sheet holds an answer
        that the store lacks, or no answer was coded by both.
    """
    answers = answers_to(results, codebook)
    known = {one.key for one in answers}
    if len(sheets) != 2:
        raise DocumentError(f"Agreement is between two coders; give two sheets, not {len(sheets)}.")
    (one, first), (two, second) = (read_coding_sheet(path, codebook) for path in sheets)
    if one == two:
        raise DocumentError(f"{sheets[1]}: {two!r} filled in both sheets; agreement is between two coders.")
    decided = read_coding_sheet(settle, codebook)[1] if settle else {}
    for path, codes in zip((*sheets, settle), (first, second, decided), strict=True):
        strange = next((key for key in codes if key not in known), None)
        if strange is not None:
            raise DocumentError(f"{path}: respondent {strange[0]} gave no answer to {codebook.question!r} here.")
    both = sorted(first.keys() & second.keys())
    if not both:
        raise DocumentError("No answer was coded by both coders, so nothing is known of their agreement.")
    pairs = np.array([[first[key], second[key]] for key in both], dtype=np.float64)
    kappa = cohen_kappa(*pairs.T)
    rng = generator(results.wave.seed, "kappa", codebook.id)
    low, high = agreement_interval(lambda table: cohen_kappa(*table), pairs.T, rng)
    differ = {key for key in both if first[key] != second[key]}
    needless = next((key for key in decided if key not in differ), None)
    if needless is not None:
        raise DocumentError(
            f"{settle}: the coders do not differ about respondent {needless[0]}'s answer; settle those where they do."
        )
    counted = {key: first[key] for key in both if first[key] == second[key]} | decided
    disputed = tuple((*key, first[key], second[key]) for key in both if key not in counted)
    known_kappa = None if np.isnan(kappa) else kappa
    return Coding(
        codebook=codebook.id,
        question=codebook.question,
        coders=(one, two),
        both=len(both),
        agreed=int((pairs[:, 0] == pairs[:, 1]).sum()),
        kappa=known_kappa,
        low=None if np.isnan(low) else low,
        high=None if np.isnan(high) else high,
        disputed=disputed,
        settled=len(decided),
        cells=tuple(_cell(cell.name, codebook, answers, counted) for cell in results.cells),
        codes=CodedAnswers(
            codebook=codebook,
            coders=(one, two),
            kappa=known_kappa,
            answers=len(answers),
            digest=digest_of((*each.key, each.text) for each in answers),
            codes=tuple((*key, code) for key, code in sorted(counted.items())),
        ),
    )


def _cell(
    name: str, codebook: Codebook, answers: Sequence[OpenAnswer], counted: dict[tuple[int, int], int]
) -> CodedCell:
    here = [one.key for one in answers if one.cell == name]
    codes = [counted[key] for key in here if key in counted]
    people = len({key[0] for key in here if key in counted})  # repetitions by one respondent are no new respondents
    shares = []
    for one in codebook.codes if codes else ():
        share = codes.count(one.code) / len(codes)
        low, high = wilson(share, people)
        shares.append(
            CodeShare(code=one.code, label=one.label, answers=codes.count(one.code), share=share, low=low, high=high)
        )
    return CodedCell(cell=name, answers=len(here), coded=len(codes), shares=tuple(shares))
