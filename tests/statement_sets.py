"""Small surveys as statements, with people who answered them: made up, about nobody."""

from pathlib import Path

import numpy as np

from surveys.statements import FORMS, MISSING, KnownAnswers, Statement, StatementSet, StatementSets

PUBLISHED = Path(__file__).resolve().parents[2] / "shared" / "data" / "indievalue"
NONVOTERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "nonvoters" / "fte_nonvoters_2020_items.csv"

ANSWERS = ("very important", "rather important", "not very important", "not important at all")


def made_up(questions: int = 6, categories: int = 2) -> StatementSets:
    """Questions q1, q2, ... of four answers each, in categories c1, c2, ... one after the other."""
    sets = []
    for n in range(questions):
        name, category = f"q{n + 1}", f"c{n * categories // questions + 1}"
        refined = tuple(Statement(f"Matter {n + 1} is {words}", (code,)) for code, words in enumerate(ANSWERS, 1))
        polar = (
            Statement(f"Matter {n + 1} is important", (1, 2)),
            Statement(f"Matter {n + 1} is not important", (3, 4)),
        )
        sets += [StatementSet(name, "refined", category, refined), StatementSet(name, "polar", category, polar)]
    return StatementSets(tuple(sets))


def people(sets: StatementSets, n: int = 8, missing: float = 0.0, seed: int = 1) -> KnownAnswers:
    """People p1, p2, ... with codes drawn alike; both forms agree, and the same answers are missing in both."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(1, 5, (n, len(sets.questions)))
    away = rng.random(codes.shape) < missing
    numbers = {"refined": codes.astype(np.int8), "polar": ((codes + 1) // 2).astype(np.int8)}
    for form in FORMS:
        numbers[form][away] = MISSING
    return KnownAnswers("made up", tuple(f"p{row + 1}" for row in range(n)), sets, numbers)
