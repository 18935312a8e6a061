"""Ways of asking in a store that probes: what each cell's settings say, and whom its people stand for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.reading import Results
from demoscope.errors import DocumentError
from surveys.reference import CULTURES

METHODS = ("token", "sequence", "text", "verbalized")
"""How an answer is read off a model, in the order of reports."""

BASELINE = "baseline"
"""Variation in which options are shown as the questionnaire has them."""

PUBLISHED_LAYOUTS = (BASELINE, "reversed_labels", "numbers")
"""Variations of the options whose differences the paper averages."""

EVERYBODY = "everybody told"
"""Context of people whom no grouping tells apart."""


@dataclass(frozen=True)
class Way:
    """How one cell asks."""

    model: str
    language: str
    style: str
    variation: str
    """Layout of the options, and the perturbation of the questionnaire where there is one."""
    perturbed: bool
    """Whether the questionnaire is perturbed, so that more than the layout differs."""
    methods: tuple[str, ...]
    """How its answers are read off."""
    told: bool
    """Whether it tells the model a person."""


def probe_cells(results: Results) -> dict[int, Way]:
    """Every cell that probes, by its id.

    Raises
    ------
    StoreError
        If the settings of a cell cannot be read.
    """
    found: dict[int, Way] = {}
    for cell, model, language, settings, variant in results.rows(
        """SELECT c.id, m.name, c.language, c.settings, c.variant FROM cells c JOIN models m ON m.id = c.model_id
        WHERE c.protocol = 'probe' ORDER BY c.id"""
    ):
        known = results.json(settings)
        layout = _name(known.get("variation"), BASELINE)
        found[cell] = Way(
            model,
            language,
            _name(known.get("style"), "default"),
            layout if variant is None else _perturbed(layout, results.json(variant)),
            variant is not None,
            tuple(known.get("methods", METHODS)),
            bool(known.get("person")),
        )
    return found


def _name(value: Any, otherwise: str) -> str:
    return str(value.get("name", otherwise)) if isinstance(value, Mapping) else str(value or otherwise)


def _perturbed(layout: str, variant: Any) -> str:
    """Layout and perturbations, with all that tells one perturbation from another.

    >>> _perturbed("baseline", [{"kind": "typos", "share": 0.1}]), _perturbed("numbers", [{"kind": "typos"}])
    ('typos share=0.1', 'numbers, typos')
    """
    each = variant if isinstance(variant, list) else [variant]
    names = [_described(one) if isinstance(one, Mapping) else str(one) for one in each]
    return ", ".join(names if layout == BASELINE else [layout, *names])


def _described(perturbation: Mapping[str, Any]) -> str:
    rest = [f"{name}={value}" for name, value in perturbation.items() if name != "kind"]
    return " ".join([str(perturbation.get("kind", "perturbation")), *rest])


def context_levels(results: Results, by: str | None, cells: Iterable[int]) -> dict[int, str]:
    """Context of each respondent who is told, by its id; people whom the grouping does not know are left out.

    Parameters
    ----------
    by : str, optional
        Grouping of the reference or attribute of the people. When absent: the culture or country that the reference
        groups by or the people have, or all together where none has a level of it.
    cells : iterable of int
        Cells that tell a person.

    Raises
    ------
    DocumentError
        If ``by`` is neither, or nobody has it.
    """
    people: dict[int, dict[str, Any]] = {}
    for cell in cells:
        for respondent, attributes in results.rows(
            """SELECT r.id, p.attributes FROM respondents r JOIN personas p ON p.id = r.persona_id
            WHERE r.cell_id = ?""",
            (cell,),
        ):
            people[respondent] = results.json(attributes)
    groups = results.reference.groups if results.reference else {}
    known = [*groups, *sorted({name for attributes in people.values() for name in attributes})]
    if by is not None and by not in known:
        raise DocumentError(
            f"{results.path}: the people told are not grouped by {by!r}; there are {', '.join(known) or 'no groups'}."
        )
    grouping = by or next((name for name in CULTURES if name in known), None)
    if grouping is None:
        return dict.fromkeys(people, EVERYBODY)
    group = groups.get(grouping)
    levels = {
        respondent: group.level(attributes) if group else attributes.get(grouping)
        for respondent, attributes in people.items()
    }
    found = {respondent: str(level) for respondent, level in levels.items() if level is not None}
    if people and not found and by is None:
        return dict.fromkeys(people, EVERYBODY)
    if people and not found:
        raise DocumentError(
            f"{results.path}: nobody told has a level of {grouping!r}; choose another grouping with `--by`."
        )
    return found


def grouping_of(results: Results, by: str | None) -> str | None:
    """Grouping of the reference that contexts are compared by; ``None`` without one."""
    groups = results.reference.groups if results.reference else {}
    return by if by in groups else next((name for name in CULTURES if by is None and name in groups), None)


def alphabet(labels: Sequence[str] | Mapping[str, Any]) -> str:
    """Kind of the labels of a question, by the lowest of them.

    >>> alphabet(["B", "A"]), alphabet(["2", "10"]), alphabet(["b", "a"])
    ('letters', 'numbers', 'lower-case letters')
    """
    if all(label.isdecimal() for label in labels):
        return "numbers"
    if all(label.islower() for label in labels):
        return "lower-case letters"
    return "letters" if all(label.isalpha() for label in labels) else "other labels"
