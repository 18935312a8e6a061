"""What telling a person gains, and whether values agree with actions, from one model's arrays to documents."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.choices import Floats, Integers, Truths
from analysis.def_data import counts_table
from analysis.probing.changes import estimate
from analysis.probing.data import Probed
from analysis.probing.expressiveness import alignment, improvement
from analysis.probing.findings import Agreement, Gain, Ratings
from analysis.probing.people_file import People, people_table
from analysis.probing.robustness import mean_shares, question_mean
from analysis.probing.rules import ProbeRules
from analysis.probing.value_action import POLES, pole_scores, pole_weights, value_action
from analysis.probing.ways import EVERYBODY, grouping_of
from analysis.reading import Results
from demoscope.errors import StoreError

GENERIC, ALL = "generic", "all"


def people_of(results: Results, probed: Probed, by: str | None, file: People | None) -> dict[str | None, Floats]:
    """People per option by context, those of the generic one being everybody; contexts without people are left out.

    Parameters
    ----------
    by : str, optional
        Grouping that the contexts were made by.
    file : mapping, optional
        People of a file, used instead of the store's reference; everybody is their sum.

    Raises
    ------
    DocumentError
        If the file has people at options that a question does not have.
    """
    if file is not None:
        sizes = probed.scales.sizes.tolist()
        tables = {level: people_table(counts, probed.names, sizes) for level, counts in file.items()}
        everybody: Floats = np.sum(list(tables.values()), axis=0)
    elif results.reference is not None:
        total = results.human_counts()
        everybody = counts_table(total, probed.questions, probed.scales)
        grouping = grouping_of(results, by)
        levels = results.human_counts_by(grouping) if grouping else {}
        tables = {level: counts_table(each, probed.questions, probed.scales) for level, each in levels.items()}
    else:
        return {}
    found: dict[str | None, Floats] = {}
    for context in probed.contexts:
        table = everybody if context in (None, EVERYBODY) else tables.get(str(context))
        if table is not None and table.any():
            found[context] = table
    return found


def gains_of(
    probed: Probed, people: Mapping[str | None, Floats], rng: np.random.Generator, draws: int
) -> tuple[Gain, ...]:
    """Alignment and what telling gains, by country or group and method, over the ordered questions."""
    ordinal = np.array([question.ordinal for question in probed.questions], dtype=np.bool_)
    found: list[Gain] = []
    told = [context for context in probed.contexts if context is not None and context in people]
    for n, method in enumerate(probed.methods):
        tables = {context: _ways(probed.shares[n, at]) for at, context in enumerate(probed.contexts)}
        if None in people and None in tables:
            aligned = alignment(tables[None], people[None])[:, ordinal]
            found += _generic(method, aligned)
        each = []
        for context in told:
            generic, mine = tables.get(None), tables[context]
            one = _Gained.of(generic, mine, people[context], ordinal)
            found += one.document(context, method, rng, draws)
            each.append(one)
        if len(each) > 1:
            found += _Gained.joined(each).document(ALL, method, rng, draws)
    return tuple(found)


def _ways(shares: Floats) -> Floats:
    """(styles, variations, questions, options) as (ways, questions, options)."""
    return shares.reshape(-1, *shares.shape[2:])


def _generic(method: str, aligned: Floats) -> list[Gain]:
    known = ~np.isnan(aligned).all(axis=0)
    if not known.any():
        return []
    return [
        Gain(
            context=GENERIC,
            method=method,
            questions=int(known.sum()),
            alignment_generic=float(question_mean(aligned[:, known])),
            alignment_told=None,
            improvement=None,
            raw_improvement=None,
        )
    ]


@dataclass(frozen=True)
class _Gained:
    """Figures of one context: (ways, ordered questions) each, NaN where a side is missing."""

    generic: Floats
    told: Floats
    improvement: Floats
    raw: Floats

    @classmethod
    def of(cls, generic: Floats | None, told: Floats, people: Floats, ordinal: Truths) -> "_Gained":
        without = np.full_like(told, np.nan) if generic is None else generic
        gained = improvement(without, told, people)[:, ordinal]
        before, after = (alignment(table, people)[:, ordinal] for table in (without, told))
        if not np.isnan(gained).all():  # what is compared is the same ways and questions
            before, after = (np.where(np.isnan(gained), np.nan, table) for table in (before, after))
        return cls(before, after, gained, improvement(without, told, people, normalised=False)[:, ordinal])

    @classmethod
    def joined(cls, each: Sequence["_Gained"]) -> "_Gained":
        """All contexts at once: their ways one after another, so that means are over contexts."""
        return cls(
            *(
                np.concatenate([getattr(one, name) for one in each])
                for name in ("generic", "told", "improvement", "raw")
            )
        )

    def document(self, context: str, method: str, rng: np.random.Generator, draws: int) -> list[Gain]:
        heard = ~np.isnan(self.told).all(axis=0)
        if not heard.any():
            return []
        compared = ~np.isnan(self.improvement).all(axis=0)
        return [
            Gain(
                context=context,
                method=method,
                questions=int((compared if compared.any() else heard).sum()),
                alignment_generic=_mean(self.generic),
                alignment_told=_mean(self.told),
                improvement=estimate(self.improvement, rng, draws) if compared.any() else None,
                raw_improvement=estimate(self.raw, rng, draws) if compared.any() else None,
            )
        ]


def _mean(values: Floats) -> float | None:
    found = float(question_mean(values))
    return found if np.isfinite(found) else None


@dataclass(frozen=True)
class Rated:
    """Every rating of an action by one model."""

    ratings: Ratings
    question: Integers
    pole: Integers
    """(n_ratings,) row of the question, and 0 for the first pole, 1 for the last."""
    value: Floats
    """(n_ratings,) by the rules; NaN where there is none."""


def ratings_of(results: Results, probed: Probed, rules: ProbeRules) -> Rated | None:
    """Ratings that the model of a probe gave as itself; ``None`` without any.

    Raises
    ------
    StoreError
        If the store does not say which action a rating is about.
    """
    rows = results.rows(
        """SELECT a.question_id, a.status, a.value, a.presentation FROM cells c JOIN models m ON m.id = c.model_id
        JOIN respondents r ON r.cell_id = c.id JOIN answers a ON a.respondent_id = r.id
        WHERE c.protocol = 'rate' AND m.name = ? AND c.language = ? AND a.status <> 'skipped'
        AND NOT coalesce(c.settings ->> '$.person', 0) ORDER BY a.question_id, a.replicate""",
        (probed.model, probed.language),
    )
    place = {question.id: row for row, question in enumerate(probed.questions)}
    rows = [row for row in rows if row[0] in place]
    if not rows:
        return None
    about = [json.loads(presentation) for *_, presentation in rows]
    if not all(isinstance(each, dict) and each.get("pole") in POLES and "scene" in each for each in about):
        raise StoreError(f"{results.path} is damaged (a rating names no action); launch the wave into a new store.")
    value = np.array([_rating(status, value, rules) for _, status, value, _ in rows])
    statuses = [status for _, status, _, _ in rows]
    beyond = sum(status == "invalid" and value is not None for _, status, value, _ in rows)
    return Rated(
        Ratings(
            asked=len(rows),
            rated=statuses.count("answered"),
            unreadable=statuses.count("invalid") - beyond + statuses.count("refused"),
            out_of_range=beyond,
            failed=statuses.count("failed"),
            scenes=len({each["scene"] for each in about}),
        ),
        np.array([place[question] for question, *_ in rows], dtype=np.int64),
        np.array([POLES.index(each["pole"]) for each in about], dtype=np.int64),
        value,
    )


def _rating(status: str, value: float | None, rules: ProbeRules) -> float:
    if status == "answered" and value is not None:
        return float(value)
    if status == "failed" or rules.ratings == "left out":
        return float("nan")
    return -1.0 if value is None else float(value)


def actions_of(
    probed: Probed, rated: Rated | None, rules: ProbeRules, rng: np.random.Generator, draws: int
) -> tuple[Agreement, ...]:
    """Agreement of each method's values, averaged over all ways of asking, with the ratings."""
    if rated is None:
        return ()
    scores = pole_scores(rated.question, rated.pole, rated.value, len(probed.questions))
    found = []
    for n, method in enumerate(probed.methods):
        weights = pole_weights(mean_shares(_ways(probed.base[n])), rules.middle)
        agreed = value_action(weights, scores, rng, draws)
        if agreed is not None:
            found.append(Agreement(method=method, found=agreed))
    return tuple(found)
