"""Settings of collective critique and self-voting, for one response and for lists."""

from typing import Literal

from pydantic import Field, model_validator

from simulator.protocols.average_person import CultureSettings


class SingleSettings(CultureSettings):
    """How one answer is drafted, criticised and rewritten.

    >>> SingleSettings(profile="code").votes
    False
    """

    profile: Literal["paper", "code", "demoscope"] = "demoscope"
    """The published code rewrites once and does not vote; the paper and good sense let the model vote."""
    vote: bool | None = None
    """Whether the model chooses between its rewrites, or between draft and rewrite when there is one of these."""
    rewrites: int = Field(default=1, ge=1, le=20)
    """Rewrites of each draft; more than one are sampled, whatever ``do_sample`` says of the rest."""

    @model_validator(mode="after")
    def _rewrites_are_chosen_from(self) -> "SingleSettings":
        if self.rewrites > 1 and not self.votes:
            raise ValueError("several rewrites need a vote; set vote to true or rewrites to 1")
        return self

    @property
    def votes(self) -> bool:
        """Whether there is a vote."""
        return self.vote if self.vote is not None else self.profile != "code"


class ListSettings(CultureSettings):
    """How a list of answers is written, criticised and rewritten.

    >>> ListSettings().entries
    20
    """

    entries: int = Field(default=20, ge=2, le=200)
    """Answers in each list; every one is a replicate."""
    rewrites: int = Field(default=5, ge=1, le=20)
    """Rewritten lists among which the model votes; more than one are sampled, whatever ``do_sample`` says of the
    rest."""
