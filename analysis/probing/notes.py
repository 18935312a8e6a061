"""What the figures of a probe mean, as notes below the report."""

from analysis.probing.findings import ProbeReport


def notes_of(found: ProbeReport) -> list[str]:
    """What a reader must know of the figures, as far as the report has them."""
    rules = found.rules
    t = rules.thresholds
    base = "base e" if abs(rules.js_base - 2.718281828459045) < 1e-9 else f"base {rules.js_base:g}"
    notes = [
        f"holds: by every method one option leads in at least {t.steady:.0%} of the ways of asking, in more than "
        f"always taking one position or label would give, beyond chance (false discoveries at most "
        f"{t.false_discoveries:.0%} over questions and methods), and all methods name the same. It does not say that "
        "people would answer so.",
        f"mismatch: share of questions with another favourite option (ties: the first), mean over pairs. JS: "
        f"Jensen-Shannon distance, {base}. Layouts are averaged over styles first. by sampling: mismatch / JS that "
        "the number of sampled texts alone brings about.",
        f"95 %: {found.draws:,} resamples of the questions: how much would change with other questions of the kind.",
    ]
    methods = [method for model in found.models for method in model.methods]
    if any(method.places for method in methods):
        notes.append(
            "preference: log-linear model of position and label with an own worth of every option, where five "
            "questions or more have as many options; p adjusted (Holm). in part: the layouts do not tell all of it; "
            "add shuffled ones. averaged: mean over layouts; calibrated: after the preference was taken out of each."
        )
    if any(model.gains for model in found.models):
        notes.append(
            f"alignment: 1 - distance by moved mass / (options - 1), ordered questions alone, {found.people}. gain: "
            "distance told nobody minus told; raw: in options moved. It is known no better than the people are."
        )
    if any(model.actions for model in found.models):
        middle = {"split": "half for each", "drop": "for neither", "code": "for the last"}[rules.middle]
        notes.append(
            "values and actions: share of the first and last options against mean ratings of their actions; a "
            f"middle option counts {middle} pole. 95 %: whole questions resampled; naive p takes the two poles of a "
            "question for independent, as published."
        )
    unread = sum(model.unread for model in found.models)
    unranked = sum(model.unranked for model in found.models)
    if unread:
        notes.append(f"{unread:,} distributions without any text understood are left out.")
    if unranked:
        notes.append(f"{unranked:,} distributions whose options could not be told apart are left out.")
    if not all(model.generic for model in found.models):
        notes.append("Where nobody was asked untold, robustness is that of the mean over those told.")
    if found.across:
        notes.append(
            "style against layout: correlation across models of what either changes, as in the paper's Table 2."
        )
    notes.append(f"Profile {rules.profile}.")
    return notes
