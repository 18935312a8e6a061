"""Whether a store may be continued with a wave.

A store grows compatibly: more respondents, more models, more conditions, questions at the end. Any other change
of what decides the answers is refused, with what changed.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from demoscope.errors import StoreError
from simulator.wave import LoadedWave


def check_growth(path: Path, old: dict[str, Any], loaded: LoadedWave) -> None:
    """Refuse a wave that does not continue the one of its store.

    Parameters
    ----------
    path : Path
        The store, for messages.
    old : dict
        What decides the answers in it, as :attr:`~simulator.wave.LoadedWave.content`.

    Raises
    ------
    StoreError
        If anything changed that a store cannot gain; the message says what.
    """
    new: dict[str, Any] = json.loads(json.dumps(loaded.content))
    changes = []
    for key in sorted(old.keys() | new.keys()):
        before: Any = old.get(key)
        after: Any = new.get(key)
        if key == "respondents":
            changes += [f"respondents: {before} -> {after}; it can only grow"] if after < before else []
            if after > before and loaded.population.size is not None:
                kind = loaded.population.design.kind
                changes.append(f"respondents: {before} -> {after}; a design of the kind {kind} has a fixed size")
        elif key in ("models", "conditions"):
            survivors = {name: _grown(before[name], after[name]) for name in before if name in after}
            changes += list(_differences(before, survivors, key))
        elif key == "questionnaire":
            kept = {**after, "questions": after["questions"][: len(before["questions"])]}
            changes += list(_differences(before, kept, key))
            if len(after["questions"]) > len(before["questions"]):
                if _repeats(loaded):
                    changes.append("questionnaire: questions at the end, while a condition repeats the questionnaire")
                if loaded.questionnaire.order != "fixed":
                    changes.append("questionnaire: questions at the end, while their order is drawn anew with them")
        elif key != "backstories" or before is not None:  # cells that tell stories may come to those that tell none
            changes += list(_differences(before, after, key))
    if changes:
        shown = "\n  ".join(changes[:6] + ([f"and {len(changes) - 6} more"] if len(changes) > 6 else []))
        raise StoreError(
            f"{path} holds answers of a different wave. Changed:\n  {shown}\n"
            "A store can gain respondents, models, conditions and questions at the end; for anything else give "
            "this wave another `store`, or move the old file away."
        )


def _grown(before: dict[str, Any], after: dict[str, Any]) -> dict[str, Any]:
    """A model or condition as it was, where all that changed is that it has more respondents."""
    if "respondents" in before and before["respondents"] < after.get("respondents", 0):
        return {**after, "respondents": before["respondents"]}
    return after


def _repeats(loaded: LoadedWave) -> bool:
    """Whether respondents take the questionnaire more than once, so that its end is not the interview's end."""
    questions = len(loaded.questionnaire.asked)
    return any(
        cell.protocol.answers_expected(cell.settings, loaded.questionnaire) > questions for cell in loaded.cells
    )


def _differences(before: Any, after: Any, where: str) -> Iterator[str]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _differences(before.get(key), after.get(key), f"{where}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True), start=1):
            yield from _differences(one, other, f"{where}[{_name(one, other) or position}]")
    else:
        yield f"{where}: {_short(before)} -> {_short(after)}"


def _name(one: Any, other: Any) -> Any:
    """What both call themselves: a question by its id, an option by its code."""
    if isinstance(one, dict) and isinstance(other, dict):
        return next((one[key] for key in ("id", "code") if key in one and one[key] == other.get(key)), None)
    return None


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
