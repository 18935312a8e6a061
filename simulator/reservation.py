"""What the cohorts of a model reserve of a cluster, as its wave says."""

from typing import Annotated

from pydantic import Field, field_validator

from demoscope.documents import Document
from simulator.backends.interface import Resources

RAYS_OWN = frozenset({"CPU", "GPU", "memory", "object_store_memory"})
"""Resources that Ray counts itself."""


class Reservation(Document):
    """What each cohort of a model reserves of the machine it runs on; nothing here changes an answer."""

    num_cpus: float | None = Field(default=None, ge=0, le=10_000)
    """Cores; as `execution` says when absent."""
    num_gpus: float | None = Field(default=None, ge=0, le=10_000)
    """GPUs, or a fraction of one; as `execution` says when absent."""
    accelerator_type: str | None = Field(default=None, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.:-]*$")
    """Kind of GPU that the machine must have, as Ray calls it: `H100`, `L40S`. `plan` warns of other names."""
    custom: dict[Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")], Annotated[float, Field(gt=0)]] = (
        Field(default_factory=dict)
    )
    """Further resources that machines declare (`ray start --resources`), such as those that have the weights: amounts
    are whole numbers, or fractions below 1."""

    @field_validator("custom")
    @classmethod
    def _not_reserved(cls, custom: dict[str, float]) -> dict[str, float]:
        taken = sorted(RAYS_OWN & custom.keys())
        if taken:
            raise ValueError(f"{taken[0]!r} is Ray's own; say num_cpus or num_gpus, or name a resource of your own")
        odd = [name for name, amount in custom.items() if amount > 1 and not amount.is_integer()]
        if odd:
            raise ValueError(f"{odd[0]!r} is a whole number or below 1: Ray has no other fractions")
        return custom

    def over(self, usual: Resources) -> Resources:
        """What it says, and what is usual where it says nothing.

        >>> Reservation(num_gpus=0.5).over(Resources(cpus=2, gpus=1)).gpus
        0.5
        """
        return Resources(
            usual.cpus if self.num_cpus is None else self.num_cpus,
            usual.gpus if self.num_gpus is None else self.num_gpus,
            self.accelerator_type,
            tuple(sorted(self.custom.items())),
        )
