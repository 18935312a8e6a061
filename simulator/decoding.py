"""How replies are drawn: the settings of one respondent, and the ranges they are drawn from."""

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import Field, model_validator

from demoscope.documents import Document


@dataclass(frozen=True, slots=True)
class Decoding:
    """Decoding of one respondent, as wished for; what a backend really applied stands with each attempt."""

    temperature: float = 1.0
    """Softmax temperature, at least 0; 0 is greedy."""
    top_p: float = 1.0
    """Nucleus probability in (0, 1]."""
    top_k: int | None = None
    """Number of likeliest tokens kept, at least 1; all of them when ``None``."""
    min_p: float | None = None
    """Tokens below this share of the likeliest token's probability are dropped, in [0, 1]."""
    repetition_penalty: float | None = None
    """Penalty on tokens that occurred, above 0; 1 is none."""
    num_beams: int = 1
    """Beams of a beam search, at least 1; 1 is none."""
    best_of: int | None = None
    """Replies that are sampled, at least 1; the one of the highest mean log-probability is taken. Without beams."""
    do_sample: bool = True
    """Whether tokens are sampled; the likeliest is taken when not."""
    max_tokens: int = 512
    """Longest reply, in tokens."""

    @property
    def greedy(self) -> bool:
        """Whether the reply is the likeliest one, with no chance in it."""
        return not self.do_sample or self.temperature == 0

    @property
    def truncates(self) -> bool:
        """Whether unlikely tokens are dropped before one is drawn."""
        return self.top_k is not None or self.min_p is not None or self.top_p < 1

    @property
    def width(self) -> int:
        """Replies that grow side by side: beams, or samples of which the best is taken.

        >>> Decoding(num_beams=3).width, Decoding(best_of=4).width, Decoding(best_of=4, do_sample=False).width
        (3, 4, 1)
        """
        return self.num_beams if self.greedy or self.num_beams > 1 else self.best_of or 1

    def as_dict(self) -> dict[str, Any]:
        """The settings that say something, for the store."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value is not None}


class IntegerRange(Document):
    """Whole numbers from ``low`` to ``high``, both included, each equally likely."""

    low: int = Field(ge=0, le=1000)
    high: int = Field(ge=0, le=1000)

    @model_validator(mode="after")
    def _in_order(self) -> "IntegerRange":
        if self.low > self.high:
            raise ValueError(f"low {self.low} lies above high {self.high}")
        return self

    def draw(self, rng: np.random.Generator) -> int:
        """One number of the range.

        >>> IntegerRange(low=3, high=3).draw(np.random.default_rng(0))
        3
        """
        return int(rng.integers(self.low, self.high + 1))


class DecodingRanges(Document):
    """What each respondent's decoding is drawn from; a plain value is fixed for everybody."""

    temperature: float = Field(default=1.0, ge=0, le=10)
    """Softmax temperature."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    top_k: int | None = Field(default=None, ge=1)
    """Number of likeliest tokens kept."""
    min_p: float | None = Field(default=None, ge=0, le=1)
    """Least probability relative to the likeliest token."""
    repetition_penalty: float | None = Field(default=None, gt=0, le=100)
    """Penalty on tokens that occurred."""
    num_beams: int | IntegerRange = 1
    """Beams, at least 1."""
    best_of: int | None = Field(default=None, ge=1, le=1000)
    """Replies sampled for each question, of which the one of the highest mean log-probability is taken."""
    do_sample: bool | None = True
    """Sampling on, off, or (``null``) drawn for each respondent with even chances."""
    max_tokens: int = Field(default=512, ge=1, le=10_000_000)
    """Longest reply, in tokens."""

    @model_validator(mode="after")
    def _beams_are_positive(self) -> "DecodingRanges":
        low = self.num_beams if isinstance(self.num_beams, int) else self.num_beams.low
        if low < 1:
            raise ValueError(f"num_beams must be at least 1, got {low}")
        if self.best_of is not None and self.num_beams != 1:
            raise ValueError("best_of samples without beams; set num_beams to 1 or leave best_of out")
        if self.best_of is not None and self.do_sample is False:
            raise ValueError("best_of needs sampling; set do_sample to true or leave best_of out")
        return self

    def draw(self, rng: np.random.Generator) -> Decoding:
        """Decoding of one respondent; the same generator state gives the same decoding."""
        beams = self.num_beams if isinstance(self.num_beams, int) else self.num_beams.draw(rng)
        sample = bool(rng.integers(2)) if self.do_sample is None else self.do_sample
        return Decoding(
            temperature=self.temperature,
            top_p=self.top_p,
            top_k=self.top_k,
            min_p=self.min_p,
            repetition_penalty=self.repetition_penalty,
            num_beams=beams,
            best_of=self.best_of,
            do_sample=sample,
            max_tokens=self.max_tokens,
        )
