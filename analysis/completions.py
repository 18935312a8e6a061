"""From a store to the contamination check: original wordings and rephrasings, model by model."""

import json
from collections.abc import Iterator

import numpy as np

from analysis.contamination import contamination, overlap
from analysis.evaluated import Completion
from analysis.reading import Results
from demoscope.seeds import generator


def completions(results: Results) -> tuple[Completion, ...]:
    """What every model of a store completes; each control stands beside the original of its model and language.

    Cells are those of the protocol ``contamination``. One without perturbations has the original wordings, one whose
    perturbations hold ``paraphrase`` has rephrasings. Several readers of a question are averaged.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    return tuple(_compared(results))


def _compared(results: Results) -> Iterator[Completion]:
    rows = results.rows(
        """SELECT c.id, c.name, m.name, c.language, c.variant FROM cells c JOIN models m ON m.id = c.model_id
        WHERE c.protocol = 'contamination' ORDER BY c.id"""
    )
    kinds = {
        number: {each["kind"] for each in json.loads(variant)} if variant else set() for number, *_, variant in rows
    }
    controls = [row for row in rows if "paraphrase" in kinds[row[0]]]
    for number, name, model, language, _ in rows:
        if kinds[number]:
            continue
        known = _overlaps(results, number)
        beside = [row for row in controls if (row[2], row[3]) == (model, language)]
        if not beside and known:
            yield Completion(
                model=model,
                language=language,
                original=name,
                control=None,
                questions=len(known),
                overlap=float(np.mean(list(known.values()))),
                overlap_control=None,
                p=None,
            )
        for control, called, *_ in beside:
            guessed = _overlaps(results, control)
            shared = sorted(known.keys() & guessed.keys())
            if not shared:
                continue
            rng = generator(results.wave.seed, "contamination", name, called)
            found = contamination([known[q] for q in shared], [guessed[q] for q in shared], rng)
            yield Completion(
                model=model,
                language=language,
                original=name,
                control=called,
                questions=found.questions,
                overlap=found.original,
                overlap_control=found.control,
                p=found.p,
            )


def _overlaps(results: Results, cell: int) -> dict[int, float]:
    """Mean overlap of each question that was continued."""
    said: dict[int, list[float]] = {}
    for question, text, rest in results.rows(
        """SELECT a.question_id, a.text, a.presentation ->> '$.rest' FROM respondents r
        JOIN answers a ON a.respondent_id = r.id WHERE r.cell_id = ? AND a.status = 'answered'""",
        (cell,),
    ):
        said.setdefault(question, []).append(overlap(text, rest))
    return {question: float(np.mean(each)) for question, each in said.items()}
