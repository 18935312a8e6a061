"""Which codes of a question go together in one statement, by rule; and words for questions that have no template."""

from collections.abc import Sequence

from surveys.question import Question
from surveys.statements.sets import Form

EACH_BY_ITSELF = 7
"""Points of the longest scale of which every point is a statement of its own."""

Group = tuple[int, ...]


def scale_groups(codes: Sequence[int], form: Form) -> tuple[Group, ...]:
    """Groups of the points of a scale.

    Refined: every point by itself up to seven points; of longer scales each half falls into its outer three fifths
    and the rest. Polar: the two halves. A point in the middle stands by itself.

    Parameters
    ----------
    codes : sequence of int
        Points in order, two or more.

    >>> scale_groups(range(1, 11), "refined"), scale_groups(range(1, 11), "polar")
    (((1, 2, 3), (4, 5), (6, 7), (8, 9, 10)), ((1, 2, 3, 4, 5), (6, 7, 8, 9, 10)))
    >>> scale_groups(range(11), "refined")
    ((0, 1, 2), (3, 4), (5,), (6, 7), (8, 9, 10))
    >>> scale_groups(range(1, 6), "polar")
    ((1, 2), (3,), (4, 5))

    References
    ----------
    IndieValueCatalog groups its scales of 10 points so.
    """
    points = tuple(codes)
    if form == "refined" and len(points) <= EACH_BY_ITSELF:
        return tuple((point,) for point in points)
    half = len(points) // 2
    low, middle, high = points[:half], points[half : len(points) - half], points[len(points) - half :]
    if form == "polar":
        return (low, *([middle] if middle else []), high)
    outer = -(-half * 3 // 5)
    return (low[:outer], low[outer:], *([middle] if middle else []), high[: half - outer], high[half - outer :])


def groups_of(question: Question, form: Form) -> tuple[Group, ...]:
    """Groups of the substantive codes of a single choice or scale, nonresponse left out.

    Options without an order are always by themselves; ordered ones are grouped as the points of a scale, in the order
    of the questionnaire.
    """
    codes = [option.code for option in question.choices if option.kind == "substantive"]
    if question.kind == "scale":
        return scale_groups(codes, form)
    if form == "refined" or not question.ordinal:
        return tuple((code,) for code in codes)
    return scale_groups(codes, form)


def say_by_rule(question: Question, group: Group) -> str:
    """A statement for codes of a question that has no template.

    >>> trust = Question(id="trust", kind="scale", text="Trust the press?", minimum=1, maximum=10, low_label="never")
    >>> say_by_rule(trust, (1, 2, 3))
    'Asked "Trust the press?", on a scale from 1 (never) to 10, I say 1, 2 or 3'
    """
    asked = " ".join(part for part in (question.stem, question.text) if part).replace("\n", " ")
    if question.kind == "scale":
        points = [option.label for option in question.choices if option.kind == "substantive"]
        first, last = points[0], points[-1]
        return f'Asked "{asked}", on a scale from {first} to {last}, I say {_listed([str(code) for code in group])}'
    labels = [f'"{option.label}"' for option in question.choices if option.code in group]
    return f'Asked "{asked}", I say {_listed(labels)}'


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
