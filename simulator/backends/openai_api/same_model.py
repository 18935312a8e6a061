"""Whether several endpoints have the same model, by what they and their replies say of it."""

import json
from collections.abc import Sequence

from demoscope.errors import BackendError
from simulator.backends.openai_api.abilities import Proven
from simulator.backends.openai_api.endpoint import Endpoint


def refuse_different(name: str, found: Sequence[tuple[Endpoint, Proven]]) -> None:
    """Refuse endpoints that do not have the same model, by what they and their replies say of it.

    Whoever gives an endpoint a ``model`` of its own says himself that this is the same model under another name.

    Raises
    ------
    BackendError
        Naming the two endpoints and what differs.
    """
    unnamed = next((pair for pair in found if not pair[0].settings.model), None)
    first, proven = found[0]
    for endpoint, other in found[1:]:
        here, there = json.loads(proven.about or "{}"), json.loads(other.about or "{}")
        differing = [
            f"{key}: {here[key]!r} and {there[key]!r}" for key in here.keys() & there if here[key] != there[key]
        ]
        if proven.api != other.api:
            differing.append(f"one has {proven.api}, the other {other.api}")
        against = first
        if unnamed and not endpoint.settings.model and (strangers := other.names - unnamed[1].names):
            known = ", ".join(sorted(unnamed[1].names))
            differing.append(f"replies come from {known} and {', '.join(sorted(strangers))}")
            against = unnamed[0]
        if differing:
            raise BackendError(
                f"The endpoints {against.name} and {endpoint.name} do not have the same model {name!r}: "
                f"{'; '.join(differing)}. Answers of two models are not mixed: give them as two models, or "
                "name what they may be called under `answers_as`."
            )
