"""Stories of lives that an earlier wave wrote, read from its store and told again in this one."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demoscope.errors import DocumentError, StoreError
from demoscope.store_file import read_only
from personas.persona import Persona

PROTOCOL = "backstory"
"""Protocol of the cell that wrote them."""


@dataclass(frozen=True, slots=True)
class Written:
    """One person of the earlier wave, and the story when it was accepted."""

    attributes: Mapping[str, Any]
    place: tuple[str | None, str | None, str | None]
    story: str | None


@dataclass(frozen=True, slots=True)
class Backstories:
    """Every story of one wave, by the number of the person."""

    path: Path
    wave: str
    """Id of the wave that wrote them; its answers are never overwritten, so it stands for the stories."""
    told: tuple[str, ...]
    """Persona attributes that the stories start from."""
    written: Mapping[int, Written]

    def told_to(self, persona: Persona) -> Persona:
        """The persona with its story; without one where none was accepted.

        Raises
        ------
        DocumentError
            If the earlier wave did not write about this person, or somebody else had this number there.
        """
        found = self.written.get(persona.number)
        if found is None:
            raise DocumentError(
                f"{self.path} has no story for person {persona.number + 1}; let the wave that writes them interview "
                "as many respondents as this one."
            )
        place = persona.place
        home = (place.country, place.state, place.city) if place else (None, None, None)
        if found.attributes != persona.attributes or found.place != home:
            raise DocumentError(
                f"{self.path} tells of other people: its person {persona.number + 1} is not this wave's. Stories "
                "belong to one population and one seed; use those of the wave that wrote them."
            )
        return persona.model_copy(update={"backstory": found.story})


def read_backstories(path: Path) -> Backstories:
    """Stories of a store; where several cells wrote one, that of the first.

    Raises
    ------
    StoreError
        If the file is no store, or holds no stories.
    """
    with read_only(path) as connection:
        wave = connection.execute("SELECT id FROM waves").fetchone()
        cells = connection.execute("SELECT told FROM cells WHERE protocol = ? ORDER BY id", (PROTOCOL,)).fetchall()
        rows = connection.execute(
            """SELECT p.id, p.attributes, p.country, p.state, p.city, a.text
            FROM respondents r
            JOIN cells c ON c.id = r.cell_id AND c.protocol = ?
            JOIN personas p ON p.id = r.persona_id
            JOIN answers a ON a.respondent_id = r.id
            ORDER BY p.id, a.status = 'answered' DESC, c.id""",
            (PROTOCOL,),
        ).fetchall()
    if wave is None or not rows:
        raise StoreError(f"{path} holds no stories; a condition with `protocol: {PROTOCOL}` writes them.")
    written: dict[int, Written] = {}
    for persona_id, attributes, country, state, city, story in rows:
        written.setdefault(persona_id - 1, Written(json.loads(attributes), (country, state, city), story))
    told = dict.fromkeys(name for (names,) in cells for name in json.loads(names))
    return Backstories(path, wave[0], tuple(told), written)
