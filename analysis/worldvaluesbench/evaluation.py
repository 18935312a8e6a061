"""The evaluation of WorldValuesBench: any models, any rows of questions and persons, against people."""

from collections.abc import Sequence

import numpy as np

from analysis.worldvaluesbench.baseline_findings import Baselines, baselines_of
from analysis.worldvaluesbench.findings import Evaluation, Gain, SystemFinding
from analysis.worldvaluesbench.people import HumanAnswers, HumanCounts, Humans
from analysis.worldvaluesbench.rules import AS_PUBLISHED, Rules
from analysis.worldvaluesbench.scores import Scores
from analysis.worldvaluesbench.subgroups import Demographics
from analysis.worldvaluesbench.systems import System
from demoscope.errors import DocumentError

TOLD = ("_with_demographics", "_dem")
"""Ends of the name of a model that was told attributes, beside one of the same name without them."""

UNTOLD = ("", "_without")
"""Ends of the name of the one without them."""


def evaluate(
    systems: Sequence[Scores], humans: Humans, rules: Rules = AS_PUBLISHED, demographics: Demographics | None = None
) -> Evaluation:
    """Distances of models and baselines from people, question by question, with what surrounds them.

    Parameters
    ----------
    systems : sequence of Scores
        What the models answered; names differ.
    humans : HumanAnswers or HumanCounts
        The people. Counts serve for whole questions only.
    demographics : Demographics, optional
        Groupings to break the results down by.

    Raises
    ------
    DocumentError
        If two systems have one name, groups are wanted of counts, or a file and the reference share nothing.
    """
    names = [system.name for system in systems]
    for name in names:
        if names.count(name) > 1:
            raise DocumentError(f"Two files are called {name!r}; give one of them another name.")
    if demographics is not None and isinstance(humans, HumanCounts):
        raise DocumentError(
            f"{humans.name} says how many people gave each answer, not who they are, so nothing can be broken down; "
            "name a reference with people, such as a folder of `demoscope wvb prepare`."
        )
    if rules.aggregate == "group_mean" and (demographics is None or not demographics.groupings):
        raise DocumentError("The aggregate group_mean averages over groups; say which, such as `--by continent`.")
    found = [System(system, humans, rules, demographics) for system in systems]
    against = baselines_of(found[0], humans, rules) if found else Baselines([], [])
    return Evaluation(
        reference=humans.name,
        out_of_range=rules.out_of_range,
        tie=rules.tie,
        aggregate=rules.aggregate,
        seed=rules.seed,
        draws=rules.draws,
        baselines=tuple(against.findings),
        systems=tuple(one.finding for one in found),
        gains=tuple(_gains([one.finding for one in found])),
        levels=(*against.levels, *(level for one in found for level in one.levels)),
        notes=tuple(_notes(found, humans, rules)),
    )


def _gains(findings: Sequence[SystemFinding]) -> list[Gain]:
    by_name = {one.name: one for one in findings}
    gains = []
    for told in findings:
        end = next((end for end in TOLD if told.name.endswith(end)), None)
        names = [told.name.removesuffix(end) + other for other in UNTOLD] if end else []
        plain = next((by_name[name] for name in names if name in by_name), None)
        if plain is None:
            continue
        before = {one.question: one.distance for one in plain.questions if one.distance is not None}
        changes = np.array(
            [
                one.distance - before[one.question]
                for one in told.questions
                if one.distance is not None and one.question in before
            ]
        )
        if changes.size:
            gains.append(
                Gain(
                    system=told.name,
                    without=plain.name,
                    questions=len(changes),
                    nearer=int((changes < 0).sum()),
                    mean=float(changes.mean()),
                )
            )
    return gains


def _is_tied(humans: HumanCounts, question: str) -> bool:
    counts = humans.counts.get(question, ())
    return bool(counts) and max(counts) > 0 and counts.count(max(counts)) > 1


def _notes(systems: Sequence[System], humans: Humans, rules: Rules) -> list[str]:
    notes = []
    for one in systems:
        name, finding = one.scores.name, one.finding
        if finding.strangers:
            notes.append(f"{name}: {finding.strangers:,} rows are of persons that the reference does not know.")
        repeated = sum(len(rows) - len(one.first[question]) for question, rows in one.rows.items())
        if repeated:
            notes.append(
                f"{name}: {repeated:,} rows repeat a question and person; they all count in its distance, and in "
                "the baselines each person once."
            )
        far = [one.question for one in finding.questions if one.distance is not None and one.distance > 1]
        if far:
            notes.append(
                f"{name}: scores far out of range, kept as published, lift the distance above 1 on {', '.join(far)}; "
                "compare with clip or drop."
            )
        if finding.missing:
            notes.append(f"{name}: nothing to compare on {', '.join(finding.missing)}.")
    sizes = {tuple((question, len(rows)) for question, rows in sorted(one.rows.items())) for one in systems}
    if len(sizes) > 1:
        notes.append(f"The files do not have the same rows; the baselines are those of {systems[0].scores.name}.")
    if isinstance(humans, HumanAnswers) and humans.outside:
        notes.append(
            f"{humans.name}: {humans.outside:,} answers lie outside their scale and count as none, in "
            "the distances and in the baselines."
        )
    if rules.aggregate == "group_mean":
        notes.append(
            "Means over groups have no intervals; the baselines are means over the same groups, without split_half, "
            "since a group of one person has no halves."
        )
    if isinstance(humans, HumanCounts) and rules.tie == "first":
        tied = (
            [one.question for one in systems[0].finding.questions if _is_tied(humans, one.question)]
            if systems
            else []
        )
        if tied:
            notes.append(
                f"Counts have no order of rows: of equally frequent answers the lowest is the majority on "
                f"{', '.join(tied)}."
            )
    if isinstance(humans, HumanCounts) and systems:
        notes.append("The reference holds counts: both sides are resampled by themselves, people from the counts.")
    return [*notes, *(note for one in systems for note in one.scores.notes)]
