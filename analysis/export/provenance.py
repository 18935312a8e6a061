"""What every export says about itself: that its data are synthetic, from which wave, and what was withheld."""

from dataclasses import dataclass

from analysis.reading import Results

SYNTHETIC = "Synthetic data: answers of language models in the roles of invented people, not of people."


@dataclass(frozen=True)
class Provenance:
    """Where exported data come from."""

    wave: str
    """Name of the wave."""
    id: str
    """Id of the wave, which depends on everything that decides its answers."""
    questionnaire: str
    models: tuple[str, ...]
    started: str
    restricted: bool
    """Whether the store holds rows of a source that may not be passed on."""

    @property
    def mark(self) -> str:
        """What stands in every row.

        >>> Provenance("w", "12ab", "", (), "", False).mark
        'synthetic (demoscope wave w, 12ab)'
        """
        return f"synthetic (demoscope wave {self.wave}, {self.id})"

    @property
    def sentence(self) -> str:
        """The same for the head of a file."""
        return f"{SYNTHETIC} Demoscope wave {self.wave} ({self.id}), {self.started}; {', '.join(self.models)}."


def read_provenance(results: Results) -> Provenance:
    """Where the data of a store come from.

    Raises
    ------
    StoreError
        If the store is damaged.
    """
    wave_id, restricted = results.rows("SELECT id, restricted FROM waves")[0]
    models = tuple(name for (name,) in results.rows("SELECT name FROM models ORDER BY id"))
    wave = results.wave
    return Provenance(wave.name, wave_id, wave.questionnaire, models, wave.started, bool(restricted))
