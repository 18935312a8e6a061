"""From one cell of a store to what DEF's families say of it: bias, voices, habits, configurations, insensitivity."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from analysis.choices import NOTHING, Floats, Integers, Scales, Truths, counted
from analysis.configurations import configurations, respondent_scores
from analysis.def_data import CellData, cell_data, people_by_group
from analysis.def_rules import DefRules
from analysis.evaluated import (
    Bias,
    CellEvaluation,
    Factor,
    GroupShare,
    Habits,
    Insensitivity,
    Level,
    Structure,
    Voice,
)
from analysis.insensitivity import aggregate
from analysis.option_counts import OptionCounts, option_counts
from analysis.preference_bias import Matching, bias_test, characters, matching
from analysis.reading import Results
from analysis.records import Asked, Cell
from analysis.resolutions import Resolution
from analysis.response_styles import response_styles
from analysis.responses import judgements, rule_failures, stored_responses
from analysis.rule_judge import Rules, usual_rules
from analysis.spread import spread, spread_ratio
from analysis.whole_people import WholePeople, structures
from demoscope.seeds import generator
from surveys.judging import DIMENSIONS, Dimension

DECODING = ("num_beams", "do_sample", "best_of", "temperature", "top_p", "top_k", "min_p")
"""What of a respondent's decoding is looked at as a factor."""

_DISAGREES = re.compile(r"\b(disagree|not agree)|不同意|不赞成", re.IGNORECASE)
_AGREES = re.compile(r"\bagree|同意|赞成", re.IGNORECASE)
"""What the options of statements say."""

AT_ONCE = 500
"""Respondents whose replies are in memory at a time."""

MOST_LEVELS = 100
"""Factors with more levels, or a level of its own for nearly everybody, are no factors."""


def evaluate(
    results: Results,
    cell: Cell,
    rules: DefRules,
    decided: Sequence[Resolution] = (),
    checks: Rules | None = None,
    data: CellData | None = None,
    people: WholePeople | None = None,
) -> CellEvaluation:
    """Evaluate one cell; whatever the store has no people or judgements for is left out.

    Parameters
    ----------
    rules : DefRules
        How the families are computed.
    decided : sequence of Resolution
        What people decided about replies that could not be read.
    checks : Rules, optional
        Which questions belong together, for the rule-based checks; the markers that a protocol asks for when absent.
    data : CellData, optional
        What :func:`analysis.def_data.cell_data` read of the cell with the same decisions, so that it is read once.
    people : WholePeople, optional
        Real people with all their answers, for how these hang together.

    Raises
    ------
    StoreError
        If the store is damaged.
    DocumentError
        If the table of people does not fit the cell.
    """
    data = cell_data(results, cell, decided) if data is None else data
    options = option_counts(results, data, rules)
    pair = None if options.human is None else matching(options.counts, options.human)
    groupings = tuple(results.reference.traits) if results.reference else ()
    names, shares = pair.share(options.dimension) if pair else ((), np.zeros(0))
    known = {name: share for name, share in zip(names, shares.tolist(), strict=True) if np.isfinite(share)}
    return CellEvaluation(
        name=cell.name,
        matches=_mean(pair.matches[pair.people != NOTHING]) if pair else None,
        matches_by_dimension=known,
        biases=tuple(filter(None, (_bias(results, options, pair, name, rules) for name in groupings)))
        if pair
        else (),
        voices=tuple(_voices(results, data, groupings)),
        habits=_habits(data),
        factors=tuple(_factors(results, data)),
        insensitivity=tuple(_insensitivity(results, cell, rules, checks or usual_rules(cell.protocol))),
        structures=() if people is None else _structures(results, data, people),
    )


def _structures(results: Results, data: CellData, people: WholePeople) -> tuple[Structure, ...]:
    known = results.attributes(data.respondents)
    traits = [each for each in known for _ in range(data.replicates)]
    return structures(data, traits, people, generator(results.wave.seed, "evaluate", "people", data.cell.name))


def _bias(results: Results, options: OptionCounts, pair: Matching, grouping: str, rules: DefRules) -> Bias | None:
    data = options.data
    levels, people = people_by_group(results, data, grouping, options.questions)
    if not levels:
        return None  # nobody's level is known
    belongs = characters(people.transpose(1, 2, 0), rules)  # questions, options, groups
    tested = None
    chosen = np.take_along_axis(belongs.any(axis=2), np.maximum(pair.model, 0)[:, None], axis=1)[:, 0]
    if (chosen & (pair.model != NOTHING)).any() and len(levels) > 1:
        rng = generator(results.wave.seed, "evaluate", "bias", data.cell.name, grouping)
        tested = bias_test(pair.model, belongs, rng)
    shares = [_shares(pair, belongs, among) for among in (pair.matches, pair.known & ~pair.matches)]
    return Bias(
        grouping=grouping,
        levels=tuple(
            GroupShare(
                level=level,
                matching=shares[0][n],
                mismatching=shares[1][n],
                expected=tested[n].expected if tested else None,
                overall=tested[n].share if tested else None,
                p=tested[n].p if tested else None,
            )
            for n, level in enumerate(levels)
        ),
    )


def _shares(pair: Matching, belongs: Truths, among: Truths) -> list[float | None]:
    rows = np.flatnonzero(among)
    each = belongs[rows, pair.model[rows]].sum(axis=0)
    return [float(count / each.sum()) if each.sum() else None for count in each]


def _voices(results: Results, data: CellData, groupings: Sequence[str]) -> Iterable[Voice]:
    if data.human is None:
        return
    yield _voice(None, data.counts[None], data.human[None], data.scales)
    groups = results.reference.groups if results.reference else {}
    weights, options = data.run_weights, data.scales.codes.shape[1]
    for name in groupings:
        levels, people = people_by_group(results, data, name)
        own = np.repeat(np.array(results.levels(groups[name], data.respondents), dtype=object), data.replicates)
        simulated = [counted(data.choices[own == level], options, weights[own == level]) for level in levels]
        if simulated:
            yield _voice(name, np.stack(simulated), people, data.scales)


def _voice(grouping: str | None, simulated: Floats, people: Floats, scales: Scales) -> Voice:
    ours, theirs = spread(simulated, scales), spread(people, scales)
    variance, entropy = (
        float(spread_ratio(a.ravel(), b.ravel()))
        for a, b in ((ours.variance, theirs.variance), (ours.entropy, theirs.entropy))
    )
    return Voice(
        grouping=grouping,
        variance=variance if np.isfinite(variance) else None,
        entropy=entropy if np.isfinite(entropy) else None,
    )


def _habits(data: CellData) -> Habits:
    ordered = np.array([question.ordinal for question in data.closed], dtype=np.bool_)
    sizes = data.scales.sizes
    agreement = np.array([_agrees(question) for question in data.closed], dtype=np.int64)
    found = response_styles(data.choices[:, ordered], sizes[ordered], agreement[ordered])
    middle, ends = (_of_people(data, ordered, kind) for kind in ("midpoint", "extreme"))
    return Habits(
        straight_lining=_mean(found.straight_lining),
        midpoint=_mean(found.midpoint),
        midpoint_people=middle,
        extreme=_mean(found.extreme),
        extreme_people=ends,
        acquiescence=_mean(found.acquiescence),
        acquiescence_people=_people_agree(data, agreement),
    )


def _agrees(question: Asked) -> int:
    """1 where the last option agrees with a statement and the first disagrees, -1 the other way round, else 0.

    >>> from analysis.records import Choice
    >>> choices = tuple(Choice(n, label, None, True) for n, label in enumerate(("Disagree", "Neither", "I agree"), 1))
    >>> _agrees(Asked(1, "q", "Tea is good.", "single", True, choices))
    1
    """
    labels = [choice.label for choice in question.choices if choice.substantive]
    sides = [
        -1 if _DISAGREES.search(label) else 1 if _AGREES.search(label) else 0
        for label in ((labels[0], labels[-1]) if labels else ())
    ]
    return sides[1] if sorted(sides) == [-1, 1] else 0


def _people_agree(data: CellData, agreement: Integers) -> float | None:
    """The same balance of agreement among real people, over the statements that some of them answered."""
    if data.human is None:
        return None
    found = []
    for row in np.flatnonzero((agreement != 0) & (data.human.sum(axis=1) > 0)):
        k, counts = int(data.scales.sizes[row]), data.human[row]
        sides = np.sign(2 * np.arange(k) - (k - 1)) * agreement[row]
        found.append(float((sides * counts[:k]).sum() / counts[:k].sum()))
    return float(np.mean(found)) if found else None


def _of_people(data: CellData, ordered: Truths, kind: str) -> float | None:
    """Share of real answers at the middle or the ends, over the questions that have them."""
    if data.human is None:
        return None
    shares = []
    for row in np.flatnonzero(ordered & (data.scales.sizes >= 3) & (data.human.sum(axis=1) > 0)):
        k, counts = int(data.scales.sizes[row]), data.human[row]
        if kind == "midpoint" and k % 2:
            shares.append(counts[k // 2] / counts.sum())
        elif kind == "extreme":
            shares.append((counts[0] + counts[k - 1]) / counts.sum())
    return float(np.mean(shares)) if shares else None


def _factors(results: Results, data: CellData) -> Iterable[Factor]:
    """Everything that differs between respondents by the design of the simulation."""
    if data.human is None or not data.closed:
        return
    scores, answers = respondent_scores(data.choices, data.human)
    known = np.where(answers > 0, scores, np.nan).reshape(-1, data.replicates)
    heard = (~np.isnan(known)).any(axis=1)
    mine = np.full(len(known), np.nan)
    mine[heard] = np.nanmean(known[heard], axis=1)
    rows = results.rows(
        """SELECT r.decoding, r.memory_length, p.state FROM respondents r JOIN personas p ON p.id = r.persona_id
        WHERE r.cell_id = ? ORDER BY r.id""",
        (data.cell.id,),
    )
    decodings = [json.loads(decoding) for decoding, _, _ in rows]
    levels = {"memory": [str(memory) for _, memory, _ in rows]}
    levels |= {name: [_written(decoding.get(name)) for decoding in decodings] for name in DECODING}
    levels["place"] = [state or "" for _, _, state in rows]
    for name, each in levels.items():
        sizes = Counter(level for level, score in zip(each, mine, strict=True) if not np.isnan(score))
        if 2 <= len(sizes) <= min(MOST_LEVELS, sum(sizes.values()) - 1):
            found = configurations(mine, each)
            yield Factor(name=name, levels=tuple(Level(**vars(level)) for level in found))


def _written(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value).lower()


def _insensitivity(results: Results, cell: Cell, rules: DefRules, checks: Rules) -> Iterable[Insensitivity]:
    judged, faults = 0, Counter[Dimension]()
    for respondents in _parts(results, cell):
        responses = stored_responses(results, cell, respondents)
        judged += len(responses)
        faults.update(failure.dimension for failure in rule_failures(results, responses, checks))
    for dimension in DIMENSIONS:
        if judged and faults[dimension]:
            yield Insensitivity(
                judge="rules",
                dimension=dimension,
                judged=judged,
                failures=faults[dimension],
                unclear=0,
                share=faults[dimension] / judged,
                low=None,
                high=None,
            )
    verdicts = judgements(results, cell, rules)
    for judge in sorted({judge for judge, _, _ in verdicts}):
        for s in aggregate((dimension, verdict) for who, dimension, verdict in verdicts if who == judge):
            low, high = s.limits()
            yield Insensitivity(
                judge=judge,
                dimension=s.dimension,
                judged=s.judged,
                failures=s.failures,
                unclear=s.unclear,
                share=s.share if s.judged else None,
                low=low if s.judged else None,
                high=high if s.judged else None,
            )


def _parts(results: Results, cell: Cell) -> Iterable[tuple[int, int]]:
    """First and last respondents of parts of a cell that fit into memory with all their replies."""
    ids = [respondent for (respondent,) in results.rows("SELECT id FROM respondents WHERE cell_id = ?", (cell.id,))]
    ids.sort()
    for start in range(0, len(ids), AT_ONCE):
        part = ids[start : start + AT_ONCE]
        yield part[0], part[-1]


def _mean(values: Floats | Truths) -> float | None:
    numbers = values[~np.isnan(values)]
    return float(numbers.mean()) if len(numbers) else None
