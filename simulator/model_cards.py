"""What the store records of a model when it is ready, and whether it is still the one that answered before."""

import json
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from demoscope.errors import StoreError
from demoscope.store_file import read_only
from simulator.backends.interface import ModelCard
from simulator.store import Store

NAMES = frozenset({"names", "about", "unique_ids", "missing"})
"""Parts of a proof that say who answers; the others say what it can do."""


def record_card(store: Store, card: ModelCard, demanded: Set[str]) -> list[str]:
    """Put a card into the store; returns what whoever started the wave is told of the model.

    An earlier proof that says otherwise is kept under ``earlier`` in ``models.settings``.

    Parameters
    ----------
    demanded : set of str
        What the wave asks of the model, as :func:`simulator.demands.demands_of` finds it.

    Raises
    ------
    StoreError
        If another model answers than the one whose answers the store holds.
    """
    [(digest, settings)] = store.execute("SELECT digest, settings FROM models WHERE name = ?", (card.name,))
    before: dict[str, Any] = json.loads(settings) if settings else {}
    _refuse_another(card, digest, before)
    changes = changed(before.get("proven") or {}, card.settings.get("proven") or {})
    earlier = before.get("earlier", []) + ([before["proven"]] if changes else [])
    now = {**card.settings, **({"earlier": earlier} if earlier else {})}
    store.execute(
        "UPDATE models SET digest = coalesce(?, digest), settings = ? WHERE name = ?",
        (card.digest, json.dumps(now, sort_keys=True), card.name),
    )
    told = [card.notice, lacks(card.name, card.missing, demanded)]
    if changes:
        told.append(
            f"Model {card.name}: what it can do has changed since the store's earlier answers: {'; '.join(changes)}. "
            "From here on it is asked as it is now; attempts.applied shows each."
        )
    return [one for one in told if one]


def read_missing(path: Path) -> dict[str, tuple[str, ...]]:
    """What the models of a store have not proved, by name; without those that have not run, or prove nothing."""
    try:
        with read_only(path) as db:
            rows = db.execute("SELECT name, settings ->> '$.proven.missing' FROM models").fetchall()
    except StoreError:
        return {}
    return {name: tuple(json.loads(missing)) for name, missing in rows if missing}


def lacks(name: str, missing: tuple[str, ...], demanded: Set[str]) -> str:
    """What a model does not do, what the wave asks for first.

    >>> lacks("m", ("top_k", "num_beams"), {"num_beams", "seed"})
    'Model m does not do num_beams, which the wave asks for: that is not applied. Not there either: top_k.'
    >>> lacks("m", (), {"seed"})
    ''
    """
    wanted = ", ".join(one for one in missing if one in demanded)
    others = ", ".join(one for one in missing if one not in demanded)
    if wanted:
        more = f" Not there either: {others}." if others else ""
        return f"Model {name} does not do {wanted}, which the wave asks for: that is not applied.{more}"
    return f"Model {name} does not do {others}; the wave asks for none of that." if others else ""


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """What a model can do otherwise than it once proved; nothing when either proof is not there.

    >>> changed({"seed": True, "structured": "json_schema"}, {"seed": False, "structured": "json_schema"})
    ['seed yes -> no']
    """
    if not before or not now:
        return []
    keys = [key for key in now if key in before and key not in NAMES]
    return [f"{key} {_said(before[key])} -> {_said(now[key])}" for key in keys if before[key] != now[key]]


def _said(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _refuse_another(card: ModelCard, digest: str | None, before: Mapping[str, Any]) -> None:
    """Refuse a model whose digest, or what its replies call it where there is none, is not the store's."""
    was, now = before.get("proven") or {}, card.settings.get("proven") or {}
    if digest and card.digest and digest != card.digest:
        if was and now:
            raise StoreError(_another(card.name, _called(was), _called(now)))
        raise StoreError(
            f"The model {card.name!r} is not the one that answered before: its weights have the digest "
            f"{card.digest[:12]}, the store's answers come from {digest[:12]}. Give it another name in the "
            "wave, or bring the old file back. Weights that are converted differ with `quantization`; `auto` may "
            "choose another type on another machine, so name the one of the store."
        )
    if not (was and now) or (digest and card.digest):
        return
    # Some endpoint was away, then or now: there is no digest of all of them, and those that are there must agree.
    old, new = set(was.get("names", ())), set(now.get("names", ()))
    said, says = json.loads(was.get("about") or "{}"), json.loads(now.get("about") or "{}")
    if not (old <= new or new <= old) or any(said[key] != says[key] for key in said.keys() & says):
        raise StoreError(_another(card.name, _called(was), _called(now)))


def _called(proof: Mapping[str, Any]) -> str:
    about = "" if proof.get("about") in (None, "", "{}") else f" {proof['about']}"
    return f"{', '.join(proof.get('names', ()))}{about}"


def _another(name: str, before: str, now: str) -> str:
    return (
        f"The model {name!r} is not the one that answered before: the store's answers come from {before}, its "
        f"endpoints now have {now}. Answers of two models are not mixed: give the new one another name in the wave, "
        "or bring the old one back."
    )
