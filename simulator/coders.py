"""Which model codes open answers, and how: the document of a coder, or a model of the store."""

from pathlib import Path

from simulator.backends.interface import find_backend
from simulator.protocols.coder import CodebookSettings, CoderSettings
from simulator.raters import RaterDocument, chosen_rater
from surveys.codebook import Codebook


class CoderDocument(RaterDocument):
    """Which model codes, and how: what `demoscope code ask STORE CODEBOOK.yaml CODER.yaml` reads."""

    settings: CoderSettings = CoderSettings()
    """How it codes. Without a `name` the coder is called after the model."""

    def settings_with(self, codebook: Codebook) -> CodebookSettings:
        """The settings with the coder's name and the codebook, and whether replies are held to it."""
        held = self.settings.constrained
        if held is None:
            held = "constrained replies" not in find_backend(self.model.backend).tried_out
        return CodebookSettings.model_validate(
            {
                **self.settings.model_dump(),
                "name": self.name_in(self.settings),
                "constrained": held,
                "codebook": codebook.model_dump(),
            }
        )

    def cell(self, codebook: Codebook) -> str:
        """Name of the coder's cell for a codebook; no cell of a wave can be called so."""
        return f"coder:{self.name_in(self.settings)}:{codebook.id}"


def chosen_coder(store: Path, document: Path | None, model: str | None) -> CoderDocument:
    """The coder that somebody asked for; errors as :func:`simulator.raters.chosen_rater`."""
    return chosen_rater(store, document, model, CoderDocument, "codes", "CODER.yaml")
