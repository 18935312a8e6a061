"""What a notebook shows of a wave."""

from typing import TYPE_CHECKING

from demoscope.notebook import heading, page, table

if TYPE_CHECKING:
    from simulator.wave import LoadedWave


def wave_html(loaded: "LoadedWave") -> str:
    """Who is asked what, by which models under which conditions."""
    wave, reference = loaded.wave, loaded.reference
    compared = f"compared with {reference.reference.title}" if reference else "no human reference"
    rows = (
        (
            *(cell.condition.name, cell.model.name, cell.model.backend, cell.condition.protocol),
            *(cell.population.id, cell.respondents, loaded.answers_of(cell)),
        )
        for cell in loaded.cells
    )
    return page(
        heading(f"Wave {wave.name}", f"{loaded.questionnaire.title}; {compared}", f"seed {wave.seed}"),
        table(("condition", "model", "backend", "protocol", "population", "respondents", "answers"), rows),
    )
