"""How much the answers of one model change with the way of asking, from its arrays to documents."""

from collections.abc import Mapping, Sequence
from itertools import product

import numpy as np

from analysis.choices import Floats, Truths
from analysis.multiplicity import benjamini_hochberg
from analysis.probing.data import Probed
from analysis.probing.findings import Estimate, PairChange, QuestionChange, Robustness, Source, TopicChange
from analysis.probing.robustness import (
    Changes,
    mean_shares,
    pairwise,
    prompt_changes,
    question_interval,
    question_mean,
    selection_changes,
)
from analysis.probing.rules import ProbeRules
from analysis.probing.sampling import Floor, changed_p, sampling_floor
from analysis.probing.ways import BASELINE, PUBLISHED_LAYOUTS

NO_TOPIC = "without a topic"


def changes_of(
    probed: Probed,
    method: str,
    rules: ProbeRules,
    topics: Mapping[str, str | None],
    rng: np.random.Generator,
    draws: int,
) -> tuple[Robustness, ...]:
    """Changes between styles, between layouts, under perturbations, and between the forms of labels.

    Parameters
    ----------
    topics : mapping of str to str or None
        Topic of each question.

    Returns
    -------
    tuple of Robustness
        As many as were probed in two ways at least.
    """
    n = probed.methods.index(method)
    base = probed.base[n]
    layouts = [
        v
        for v, perturbed in enumerate(probed.perturbed)
        if not perturbed and (rules.layouts == "all" or probed.variations[v] in PUBLISHED_LAYOUTS)
    ]
    found: list[tuple[Source, Changes, Sequence[str], Floor | None]] = []
    options = (rules.js_base, rules.squared)
    if len(probed.styles) > 1 and BASELINE in probed.variations:
        baseline = probed.variations.index(BASELINE)
        texts = _texts(probed, [baseline], method)
        floor = None
        if texts is not None:
            shares, read, outside = texts
            floor = _floor(shares.swapaxes(0, 1), read.swapaxes(0, 1), outside.swapaxes(0, 1), rng, rules)
        found.append(("prompt", prompt_changes(base, baseline, *options), probed.styles, floor))
    if len(layouts) > 1:
        texts = _texts(probed, layouts, method)
        floor = None if texts is None else _floor(*texts, rng, rules)
        names = [probed.variations[v] for v in layouts]
        found.append(("selection", selection_changes(base[:, layouts], *options), names, floor))
    for v, perturbed in enumerate(probed.perturbed):
        if perturbed and BASELINE in probed.variations:
            pair = [probed.variations.index(BASELINE), v]
            names = [probed.variations[each] for each in pair]
            found.append(("perturbation", selection_changes(base[:, pair], *options), names, None))
    if method == "token" and not np.isnan(probed.base_forms).all():
        found.append(_label_forms(probed, *options))
    known = [each for each in found if not np.isnan(each[1].mismatch).all()]
    return tuple(_document(probed, each, topics, rng, draws) for each in known)


def texts_changed(probed: Probed, method: str, rng: np.random.Generator) -> Floats:
    """p-values of sampled answers differing between ways of asking by chance, adjusted (Benjamini and Hochberg).

    Returns
    -------
    numpy.ndarray, shape (n_questions,)
        NaN where fewer than two ways were answered, and for other methods.
    """
    texts = _texts(probed, list(range(len(probed.variations))), method)
    if texts is None:
        return np.full(len(probed.questions), np.nan)
    shares, read, _ = texts
    p = changed_p(shares.reshape(-1, *shares.shape[2:]), read.reshape(-1, read.shape[-1]), rng)
    tested = ~np.isnan(p)
    p[tested] = benjamini_hochberg(p[tested])
    return p


def _label_forms(probed: Probed, base: float, squared: bool) -> tuple[Source, Changes, Sequence[str], Floor | None]:
    """Labels alone against labels after a space, in every style and variation."""
    forms = probed.base_forms
    each = [
        pairwise(forms[:, style, variation], base, squared)
        for style, variation in product(range(forms.shape[1]), range(forms.shape[2]))
    ]
    joined = Changes(
        ((0, 1),) * len(each),
        np.concatenate([one.mismatch for one in each]),
        np.concatenate([one.js for one in each]),
    )
    return "label form", joined, ("without a space", "after a space"), None


def _texts(probed: Probed, variations: Sequence[int], method: str) -> tuple[Floats, Floats, Floats] | None:
    """Distributions of the texts that were read, how many these were, and the share that could not be read.

    (styles, variations, questions[, options]) of the generic context; ``None`` for other methods and contexts.
    """
    if method != "text" or None not in probed.contexts:
        return None
    at = probed.contexts.index(None)
    n = probed.methods.index("text")
    shares = probed.shares[n, at][:, variations]
    outside = np.nan_to_num(probed.outside[n, at][:, variations])
    options = (~np.isnan(shares)).sum(axis=-1, keepdims=True)
    counted = np.clip(shares - outside[..., None] / np.maximum(options, 1), 0.0, None)
    total = np.nansum(counted, axis=-1, keepdims=True)
    with np.errstate(invalid="ignore"):
        read = np.where(total > 1e-9, counted / total, np.nan)
    number = np.rint(np.nan_to_num(probed.sampled[at][:, variations]) * (1 - outside))
    return np.where(number[..., None] > 0, read, np.nan), number, outside


def _floor(
    shares: Floats, read: Floats, outside: Floats, rng: np.random.Generator, rules: ProbeRules
) -> Floor | None:
    counts = read.astype(np.int64)
    return sampling_floor(shares, counts, rng, unread=outside, base=rules.js_base, squared=rules.squared)


def _document(
    probed: Probed,
    found: tuple[Source, Changes, Sequence[str], Floor | None],
    topics: Mapping[str, str | None],
    rng: np.random.Generator,
    draws: int,
) -> Robustness:
    source, changes, names, floor = found
    known: Truths = np.asarray(~np.isnan(changes.mismatch).all(axis=0))
    each = mean_shares(changes.mismatch), mean_shares(changes.js)
    where = np.array([topics.get(name) or NO_TOPIC for name in probed.names], dtype=object)
    by_topic = []
    for topic in dict.fromkeys(where[known].tolist()):
        among = known & (where == topic)
        mismatch, js = (float(question_mean(table[:, among])) for table in (changes.mismatch, changes.js))
        by_topic.append(TopicChange(topic=topic, questions=int(among.sum()), mismatch=mismatch, js=js))
    return Robustness(
        source=source,
        mismatch=estimate(changes.mismatch, rng, draws),
        js=estimate(changes.js, rng, draws),
        floor_mismatch=floor.mismatch if floor else None,
        floor_js=floor.js if floor else None,
        questions=int(known.sum()),
        pairs=_pairs(changes, names),
        topics=tuple(by_topic),
        by_question=tuple(
            QuestionChange(question=name, mismatch=float(each[0][n]), js=float(each[1][n]))
            for n, name in enumerate(probed.names)
            if bool(known[n])
        ),
    )


def _pairs(changes: Changes, names: Sequence[str]) -> tuple[PairChange, ...]:
    """Every pair by name; the same pair in several styles and variations is one."""
    found = []
    for pair in dict.fromkeys(changes.pairs):
        rows = [row for row, each in enumerate(changes.pairs) if each == pair]
        mismatch, js = (float(question_mean(table[rows])) for table in (changes.mismatch, changes.js))
        if np.isfinite(mismatch):
            found.append(PairChange(first=names[pair[0]], second=names[pair[1]], mismatch=mismatch, js=js))
    return tuple(found)


def estimate(values: Floats, rng: np.random.Generator, draws: int) -> Estimate:
    """Mean over questions with its interval; the first axis are pairs, the second questions."""
    mean, low, high = question_interval(values, rng, draws)
    if not np.isfinite([low, high]).all():
        return Estimate(value=mean)
    return Estimate(value=mean, low=low, high=high)
