"""Rules on what can be answered."""

from collections.abc import Iterator, Sequence

from surveys.lint import sources
from surveys.lint.finding import Limits, Rule
from surveys.lint.poles import frequency, side, sides, strength
from surveys.lint.ranges import clashes, covered
from surveys.lint.words import substantive, tokens, wording
from surveys.question import Question

REPLY_AROUND = 12.0
"""Tokens of a constrained reply beside the label: the marker, the code and the end."""


def _labels(question: Question) -> tuple[str, ...]:
    return tuple(option.label for option in substantive(question))


def _unbalanced(question: Question, language: str, limits: Limits) -> Iterator[str]:
    found = sides(_labels(question), language) if question.kind == "single" else None
    if found is not None and found.count(1) != found.count(-1):
        yield f"{found.count(1)} options on the positive side, {found.count(-1)} on the negative"


def _ranges(question: Question, language: str, limits: Limits) -> Iterator[str]:
    for what, first, second in clashes(_labels(question)):
        if what == "overlap":
            yield f"{first!r} and {second!r} overlap"


def _gaps(question: Question, language: str, limits: Limits) -> Iterator[str]:
    for what, first, second in clashes(_labels(question)):
        if what == "gap":
            yield f"nothing lies between {first!r} and {second!r}"


def _missing_labels(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if question.kind == "scale":
        said = wording(question)
        for end, label in ((question.minimum, question.low_label), (question.maximum, question.high_label)):
            if label is None and str(end) not in said:
                yield f"nobody is told what {end} means"
    elif question.kind == "single":
        bare = [label for label in _labels(question) if label.strip("+-").isdigit()]
        ranged = any(span is not None and span.low < span.high for span in map(covered, _labels(question)))
        if (
            bare
            and not ranged
            and len(bare) < len(_labels(question))
            and "number" not in wording(question).casefold()
        ):
            yield f"some options have words and others are a number alone: {', '.join(bare[:5])}"


def _agreement(question: Question, language: str, limits: Limits) -> Iterator[str]:
    words = {"en": ("agree", "disagree"), "zh": ("同意", "不同意")}.get(language)
    if words is None:
        return
    folded = [label.casefold() for label in _labels(question)]
    no = [label for label in folded if words[1] in label]
    yes = [label for label in folded if words[0] in label and words[1] not in label]
    if yes and no:
        yield f"its answers run from {_labels(question)[0]!r} to {_labels(question)[-1]!r}"


def _order(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if question.kind != "single":
        return
    labels = _labels(question)
    for positions in (_positions(labels, language), _ranks(labels, language)):
        if positions is not None and len(labels) > 2 and not _runs_one_way(positions):
            yield f"the options do not run from one end to the other: {', '.join(labels[:8])}"


def _positions(labels: Sequence[str], language: str) -> list[float] | None:
    found = sides(tuple(labels), language)
    if found is None:
        return None
    return [one * strength(label, language) for one, label in zip(found, labels, strict=True)]


def _ranks(labels: Sequence[str], language: str) -> list[float] | None:
    found = [frequency(label, language) for label in labels]
    ranks = [float(rank) for rank in found if rank is not None]
    return ranks if len(ranks) == len(labels) else None


def _runs_one_way(positions: Sequence[float]) -> bool:
    return list(positions) in (sorted(positions), sorted(positions, reverse=True))


def _long_option(question: Question, language: str, limits: Limits) -> Iterator[str]:
    for option in question.options:
        if (needed := tokens(option.label) + REPLY_AROUND) > limits.option_tokens:
            yield f"option {option.code} needs about {needed:,.0f} tokens; a reply may have {limits.option_tokens:,}"


def _no_nonresponse(question: Question, language: str, limits: Limits) -> Iterator[str]:
    if question.kind == "single" and len(substantive(question)) == len(question.options):
        yield 'there is no option for "don\'t know" or "refuse" (kind: nonresponse)'


def direction(question: Question, language: str) -> int | None:
    """1 when the options run from the negative to the positive side, -1 the other way round; ``None`` elsewhere."""
    labels = _labels(question)
    if question.kind != "single" or len(labels) < 2:
        return None
    first, last = side(labels[0], language), side(labels[-1], language)
    return last if first and last and first == -last else None


ANSWER_RULES = (
    Rule(
        "unbalanced_scale",
        "warning",
        "More options on one side draw answers there. Give both sides as many.",
        sources.DILLMAN,
        _unbalanced,
        shared=True,
    ),
    Rule(
        "overlapping_ranges",
        "error",
        "A number in both has two right answers. Let every range begin after the one before.",
        sources.KROSNICK,
        _ranges,
        shared=True,
    ),
    Rule(
        "gap_between_ranges",
        "warning",
        "A number between them has no answer. Cover every number once.",
        sources.KROSNICK,
        _gaps,
        shared=True,
    ),
    Rule(
        "missing_labels",
        "warning",
        "A point without words means something else to everybody. Label both ends at least, or every point.",
        sources.KROSNICK,
        _missing_labels,
        shared=True,
    ),
    Rule(
        "agree_disagree",
        "note",
        "Some people, and many models, agree with whatever is said. Ask for the thing itself: how good, how often.",
        sources.SARIS,
        _agreement,
        shared=True,
    ),
    Rule(
        "scale_order",
        "warning",
        "The first and last options are read as the ends. List them from one end to the other.",
        sources.TOURANGEAU_2004,
        _order,
        shared=True,
    ),
    Rule(
        "long_option",
        "error",
        "The reply would be cut off before the option's end and count as invalid. Shorten it or raise max_tokens.",
        sources.OWN,
        _long_option,
        shared=True,
    ),
    Rule(
        "missing_dont_know",
        "note",
        "Without one, people without an opinion make one up; with one, some who have an opinion hide it. Decide on "
        "purpose.",
        sources.KROSNICK,
        _no_nonresponse,
        shared=True,
    ),
)
"""Rules on answers, in the order in which they are reported."""
