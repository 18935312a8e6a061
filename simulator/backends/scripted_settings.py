"""What the scripted public does: which answers it gives, and which faults."""

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from demoscope.documents import Document

Fault = Literal["errors", "refusals", "unparsable", "empty", "truncated"]
FAULTS: tuple[Fault, ...] = ("errors", "refusals", "unparsable", "empty", "truncated")


class Planted(Document):
    """A distribution that the public answers from; the first one that fits a request counts."""

    shares: dict[int, float] = Field(default_factory=dict)
    """Code -> share; shares are normalised, and codes left out are never chosen."""
    wordings: dict[str, float] = Field(default_factory=dict)
    """The same by the wording of options, for those that are listed line by line under labels, as in probes."""
    question: str | None = None
    """Id of the question it holds for; every question when absent."""
    when: str = ""
    """Text that the system turn must contain, such as ``Texas`` or ``woman``."""

    @model_validator(mode="after")
    def _is_a_distribution(self) -> Self:
        if not self.shares and not self.wordings:
            raise ValueError("shares are given by code or (`wordings`) by the wording of options")
        for shares in (self.shares.values(), self.wordings.values()):
            if shares and (min(shares) < 0 or not 0 < sum(shares) < math.inf):
                raise ValueError(f"shares must not be negative nor all zero, got {list(shares)}")
        return self


class ScriptedSettings(Document):
    """What the scripted public does."""

    public: Literal["uniform", "modal", "persona", "planted", "faulty"] = "uniform"
    """Every option alike; always the lowest code; one that hangs on the system turn; ``planted`` shares; or
    uniform with faults."""
    seed: int = 0
    """Distinguishes two publics that are asked the same."""
    planted: tuple[Planted, ...] = ()
    """What ``planted`` draws from; where none fits, every option alike."""
    place_bias: tuple[float, ...] = ()
    """Log-odds by which it leans to the option listed first, second, ..., where options are listed under labels."""
    label_bias: dict[str, float] = Field(default_factory=dict)
    """Label -> log-odds by which it leans to the option listed under it."""
    errors: float | None = Field(default=None, ge=0, le=1)
    """Share of calls that fail; 0.05 for the faulty public and none otherwise, as with the other faults."""
    refusals: float | None = Field(default=None, ge=0, le=1)
    """Share of replies that speak as a language model."""
    unparsable: float | None = Field(default=None, ge=0, le=1)
    """Share of replies that name no option."""
    empty: float | None = Field(default=None, ge=0, le=1)
    """Share of empty replies."""
    truncated: float | None = Field(default=None, ge=0, le=1)
    """Share of replies that are cut off within their answer."""
    obey_greedy: bool = False
    """Whether greedy requests get the likeliest option instead of a draw, as from a model."""
    latency_s: float = Field(default=0, ge=0, le=3600)
    """Seconds that a reply takes."""
    context: int | None = Field(default=None, ge=1)
    """Words that a prompt may have; longer ones end in an error of kind ``context``."""
    concurrency: int = Field(default=256, ge=1, le=100_000)
    """Requests in flight."""

    @model_validator(mode="after")
    def _faults_leave_room(self) -> Self:
        if sum(self.fault_shares) > 1 + 1e-9:
            raise ValueError(f"the shares of faults add up to {sum(self.fault_shares):g}, more than 1")
        if self.planted and self.public != "planted":
            raise ValueError(f"planted shares need public: planted, not {self.public}")
        return self

    @property
    def fault_shares(self) -> tuple[float, ...]:
        """Share of each fault, in the order of :data:`FAULTS`."""
        usual = 0.05 if self.public == "faulty" else 0.0
        return tuple(usual if getattr(self, name) is None else float(getattr(self, name)) for name in FAULTS)
