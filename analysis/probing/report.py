"""From stores that probe to what they say of each model."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from analysis import yardsticks
from analysis.choices import Floats, Truths
from analysis.probing.across_models import correlation
from analysis.probing.changes import changes_of, texts_changed
from analysis.probing.data import Probed, probed_models
from analysis.probing.expressed import actions_of, gains_of, people_of, ratings_of
from analysis.probing.findings import AcrossModels, MethodPair, MethodReport, ModelReport, ProbeReport
from analysis.probing.method_agreement import method_agreement
from analysis.probing.people_file import read_people
from analysis.probing.places import debiasing_of, effects_of, places_of
from analysis.probing.robustness import favourites, js_distances, mean_shares
from analysis.probing.rules import ProbeRules, rules_for
from analysis.probing.steadiness import Steadiness, leaders, steadiness
from analysis.probing.verdict import judge, sentences
from analysis.reading import Results, open_results
from demoscope.errors import StoreError
from demoscope.seeds import generator


def probe_report(
    paths: Sequence[Path],
    rules: ProbeRules,
    *,
    by: str | None = None,
    people: Path | None = None,
    draws: int = yardsticks.DRAWS,
) -> ProbeReport:
    """What the probes in some stores say.

    Parameters
    ----------
    paths : sequence of Path
        Stores, also while their waves are running.
    rules : ProbeRules
        Where paper, code and good sense differ.
    by : str, optional
        Grouping of the reference, or attribute of the people told, that contexts are made of.
    people : Path, optional
        File of human distributions (:func:`analysis.probing.people_file.read_people`) instead of the stores'
        reference; its countries must be named as the wave names them.
    draws : int
        Resamples behind every interval.

    Raises
    ------
    StoreError
        If a store is missing, damaged or holds no probe.
    DocumentError
        If the file of people cannot be used, or nobody told is grouped so.
    """
    file = None if people is None else read_people(people)
    models: list[ModelReport] = []
    titles = [] if people is None else [str(people)]
    for path in paths:
        with open_results(path) as results:
            found = probed_models(results, by, keep_unread=rules.unread == "spread")
            if not any(probed.methods for probed in found):
                raise StoreError(
                    f"{path} holds no probe yet; launch a wave with a condition of `protocol: probe` into it."
                )
            if results.reference and people is None:
                titles.append(f"{results.reference.title} ({results.reference.year})")
            for probed in found:
                if not probed.methods:
                    continue
                tables = people_of(results, probed, by, file)
                models.append(_model(results, probed, tables, rules, draws))
    return ProbeReport(
        rules=rules,
        people=", ".join(dict.fromkeys(titles)) or None,
        draws=draws,
        models=tuple(models),
        across=across(models),
    )


PROBING = ("probe", "rate", "scenes")
"""Protocols of which a condition is a way of asking a model, and no public of its own."""
PROBED = """SELECT EXISTS (
SELECT 1 FROM cells c CROSS JOIN respondents r ON r.cell_id = c.id
CROSS JOIN distributions d ON d.respondent_id = r.id
WHERE c.protocol = 'probe')"""
"""From the few cells to the many distributions, whatever the planner thinks."""


def probes_among(paths: Sequence[Path], draws: int = yardsticks.DRAWS) -> ProbeReport | None:
    """What the probes in some stores say by the usual rules, stores without any left out; ``None`` without all.

    Raises
    ------
    StoreError
        If a store is missing or damaged.
    """
    holding = [path for path in paths if holds_probes(path)]
    return probe_report(holding, rules_for(), draws=draws) if holding else None


def holds_probes(path: Path) -> bool:
    """Whether a store has something that a probe read off a model.

    Raises
    ------
    StoreError
        If it is missing or damaged.
    """
    with open_results(path) as results:
        return bool(results.rows(PROBED)[0][0])


def _model(
    results: Results, probed: Probed, people: dict[str | None, Floats], rules: ProbeRules, draws: int
) -> ModelReport:
    rng = generator(results.wave.seed, "probe", probed.model, probed.language)
    topics = dict(results.rows("SELECT name, topic FROM questions"))
    places = [places_of(probed, method) for method in probed.methods]
    effects = effects_of(places)
    everybody = people.get(None)
    methods, alike = [], dict[str, Truths]()
    for n, method in enumerate(probed.methods):
        p = texts_changed(probed, method, rng)
        alike[method] = np.asarray(p > rules.thresholds.false_discoveries)
        tested = int((~np.isnan(p)).sum())
        outside = probed.outside[n]
        methods.append(
            MethodReport(
                method=method,
                distributions=int((~np.isnan(probed.shares[n]).all(axis=-1)).sum()),
                asked=probed.planned[n],
                outside=float(np.nanmean(outside)) if method != "sequence" and (~np.isnan(outside)).any() else None,
                robustness=changes_of(probed, method, rules, topics, rng, draws),
                texts_changed=tested - int(alike[method].sum()) if tested else None,
                texts_tested=tested or None,
                places=effects[n],
                debiasing=debiasing_of(probed, method, places[n], everybody, rules),
            )
        )
    rated = ratings_of(results, probed, rules)
    verdict = judge(_steadiness(probed, probed.base, alike), probed.names, rules.thresholds)
    freed = np.stack([each.freed for each in places])
    calibrated = None
    if not np.isnan(freed).all():
        calibrated = judge(_steadiness(probed, freed, alike), probed.names, rules.thresholds)
    contexts = tuple(context for context in probed.contexts if context is not None)
    return ModelReport(
        store=str(results.path),
        model=probed.model,
        language=probed.language,
        questions=len(probed.questions),
        styles=probed.styles,
        variations=probed.variations,
        contexts=contexts,
        generic=None in probed.contexts,
        unread=probed.unread,
        unranked=probed.unranked,
        without_people=tuple(context for context in contexts if context not in people) if people else (),
        methods=tuple(methods),
        pairs=_pairs(probed, rules, rng, draws),
        gains=gains_of(probed, people, rng, draws),
        ratings=rated.ratings if rated else None,
        actions=actions_of(probed, rated, rules, rng, draws),
        verdict=verdict,
        calibrated_verdict=calibrated,
        summary=sentences(verdict),
    )


def _over_ways(probed: Probed, method: int) -> Floats:
    """(ways, questions, options) of one method."""
    base = probed.base[method]
    return np.asarray(base.reshape(-1, *base.shape[2:]))


def _steadiness(probed: Probed, shares: Floats, alike: Mapping[str, Truths]) -> dict[str, list[Steadiness | None]]:
    """By method, for distributions (methods, styles, variations, questions, options).

    ``alike`` says of each method's questions whether they change by no more than sampling does.
    """
    found = {}
    for n, method in enumerate(probed.methods):
        leading = leaders(shares[n].reshape(-1, *shares.shape[3:]))
        places = [table.reshape(-1, *table.shape[2:]) for table in (probed.positions, probed.labels)]
        found[method] = [
            steadiness(
                leading[:, row], [table[:, row, :size] for table in places], int(size), bool(alike[method][row])
            )
            for row, size in enumerate(probed.scales.sizes)
        ]
    return found


def _pairs(probed: Probed, rules: ProbeRules, rng: np.random.Generator, draws: int) -> tuple[MethodPair, ...]:
    """What every two methods say to each other, each averaged over all ways of asking."""
    found = []
    means = [mean_shares(_over_ways(probed, n)) for n in range(len(probed.methods))]
    for (one, first), (other, second) in combinations(enumerate(probed.methods), 2):
        agreed = method_agreement(favourites(means[one]), favourites(means[other]), probed.scales.sizes, rng, draws)
        if agreed is not None:
            js = float(np.nanmean(js_distances(means[one], means[other], rules.js_base, rules.squared)))
            found.append(MethodPair(first=first, second=second, agreement=agreed, js=js))
    return tuple(found)


def across(models: Sequence[ModelReport]) -> tuple[AcrossModels, ...]:
    """Correlation across models of what the prompt changes with what the layout changes (Table 2)."""
    found = []
    methods = dict.fromkeys(method.method for model in models for method in model.methods)
    for metric in ("mismatch", "js"):
        for name in methods:
            pairs = []
            for model in models:
                sources = {
                    each.source: getattr(each, metric).value
                    for method in model.methods
                    if method.method == name
                    for each in method.robustness
                }
                pairs.append((sources.get("prompt", np.nan), sources.get("selection", np.nan)))
            together = correlation(*np.array(pairs).reshape(-1, 2).T)
            if together is not None:
                found.append(AcrossModels(metric=metric, method=name, correlation=together))
    return tuple(found)
