"""What a condition may say about asking for one person's values, and what each profile makes of it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field, field_validator, model_validator

from demoscope.documents import Document
from demoscope.errors import DocumentError
from simulator.decoding import Decoding
from surveys.statements.sets import Form, target_id
from surveys.statements.splits import probe_setups
from surveys.statements.training import MIXED

Profile = Literal["paper", "code", "demoscope"]
Reading = Literal["careful", "published"]
ASSIGNED = "assigned"
"""Setup whose targets are those that the wave's `assignments` give to each person."""

TOGETHER_TOKENS, SINGLE_TOKENS = 4096, 64
"""Longest replies: as published for all targets at once; one option and its wording."""

Number = Annotated[int, Field(ge=0, le=10_000, strict=True)]


class IvcSettings(Document):
    """How statements about one person are put to a model.

    >>> IvcSettings(demonstrations="mixed").range, IvcSettings(demonstrations=50).range
    ((50, 200), (50, 50))
    """

    profile: Profile = "demoscope"
    """Where IndieValueCatalog's paper, its code and good sense differ: `paper` and `code` read replies as published;
    the results record it."""
    setup: str = "1"
    """Which questions are targets together: the name of one of `setups`, or `assigned` for those that the wave's
    `assignments` give to each person."""
    setups: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Setups by name, each a list of question ids; by the published rule when absent: "1", "2" and "3", each with the
    next three questions of every category."""
    target_form: Form = "refined"
    """Form of the targets."""
    demonstration_form: Form = "refined"
    """Form of the demonstrations."""
    demonstrations: Number | Literal["mixed"] | tuple[Number, Number] = 200
    """Known statements that are shown, as far as there are so many: a number, a range `[50, 200]` from which one is
    drawn for every person, or `mixed`, which is that range."""
    categories: tuple[str, ...] = ()
    """Categories that demonstrations come from; all when absent."""
    demographics: bool = False
    """Whether it is told who the person is, before the demonstrations."""
    attributes: tuple[str, ...] | None = None
    """Attributes that are told; when absent those that are named as the survey's 31 demographic questions, and those
    that the population has phrases for."""
    asked: Literal["together", "singly"] = "together"
    """All targets of a setup in one request, or each in its own."""
    exclude: Literal["setup", "target"] = "setup"
    """What is never shown: answers to any target of the setup, or only to the one that is asked for, so that other
    targets may be shown (as published for trained models). `target` needs `asked: singly`."""
    trained: bool = False
    """With `asked: singly`: whether the model was trained on exported examples, so that it is asked as there; others
    are told to reply with the option alone."""
    answer_format: Literal["text", "constrained", "scored"] = "text"
    """Free replies that are read, replies that can only be such an object or option, or (`scored`, with `asked:
    singly`) no reply: every statement of the target is rated as one more that the person says, and the likeliest per
    token counts. For models that follow no format."""
    reading: Reading | None = None
    """`careful`: by the name of the group; what is ambiguous is invalid. `published`: a reply to several targets
    counts only when it has one entry for each, taken in order; of a single one the first digit counts. As the profile
    says when absent."""
    temperature: float = Field(default=0.0, ge=0, le=10)
    """Softmax temperature of the first try."""
    top_p: float = Field(default=1.0, gt=0, le=1)
    """Nucleus probability."""
    max_tokens: int | None = Field(default=None, ge=1, le=10_000_000)
    """Longest reply, in tokens; 4096 together and 64 singly when absent."""
    ask_again: int = Field(default=2, ge=0, le=100, strict=True)
    """How often at most it is asked anew when not every target was read; every reply is kept. Published without a
    bound."""
    again_temperature: float = Field(default=0.6, ge=0, le=10)
    """Temperature of further tries."""

    @field_validator("setup", mode="before")
    @classmethod
    def _a_number_is_a_name(cls, setup: Any) -> Any:
        return str(setup) if isinstance(setup, int) and not isinstance(setup, bool) else setup

    @field_validator("setups", mode="before")
    @classmethod
    def _numbers_are_names(cls, setups: Any) -> Any:
        if not isinstance(setups, Mapping):
            return setups
        return {str(name) if type(name) is int else name: targets for name, targets in setups.items()}

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        low, high = self.range
        if low > high:
            raise ValueError(f"demonstrations: {low} is more than {high}; a range begins with its lower end")
        if self.setups and self.setup not in (*self.setups, ASSIGNED):
            raise ValueError(f"there is no setup {self.setup!r}; there are {', '.join(self.setups)}")
        for name, targets in self.setups.items():
            if not targets or len(set(targets)) < len(targets):
                raise ValueError(f"setups: {name!r} needs one question at least, and each once")
        if self.asked == "together" and self.exclude == "target":
            raise ValueError("exclude: target shows what was answered to other targets; that needs asked: singly")
        if self.asked == "together" and self.answer_format == "scored":
            raise ValueError("answer_format: scored rates the statements of one target; use asked: singly")
        if self.trained and self.answer_format == "scored":
            raise ValueError("trained: models are trained to choose from a list; scored ones see none")
        if self.asked == "together" and self.trained:
            raise ValueError("trained: models are trained on single targets; use asked: singly")
        return self

    @property
    def range(self) -> tuple[int, int]:
        """Fewest and most demonstrations."""
        if self.demonstrations == "mixed":
            return MIXED
        if isinstance(self.demonstrations, int):
            return self.demonstrations, self.demonstrations
        return self.demonstrations

    @property
    def resolved_reading(self) -> Reading:
        """How replies are read."""
        return self.reading or ("careful" if self.profile == "demoscope" else "published")

    @property
    def fallbacks(self) -> dict[str, str]:
        """What the profile's source leaves open, or has without a bound, and what is done."""
        if self.profile == "demoscope":
            return {}
        silent = {"prompt": "own sentences after the printed outline", "ask_again": f"{self.ask_again}, not endless"}
        if self.asked == "singly" and self.profile == "paper":
            silent["max_tokens"] = f"{self.longest}"
        return silent

    @property
    def longest(self) -> int:
        """Tokens of the longest reply."""
        return self.max_tokens or (TOGETHER_TOKENS if self.asked == "together" else SINGLE_TOKENS)

    def decoding(self, *, again: bool = False) -> Decoding:
        """How a reply is drawn."""
        temperature = self.again_temperature if again else self.temperature
        return Decoding(temperature=temperature, top_p=self.top_p, max_tokens=self.longest)

    def targets(self, categories: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
        """Questions that are targets, of a survey with these categories.

        Raises
        ------
        DocumentError
            If the setup names a question or the demonstrations a category that the survey does not have.
        """
        known = {question for questions in categories.values() for question in questions}
        setups = self.setups or probe_setups(categories)
        if self.setup not in setups:
            raise DocumentError(f"setup: there is no setup {self.setup!r}; there are {', '.join(setups)}.")
        unknown = [question for question in setups[self.setup] if question not in known]
        if unknown:
            raise DocumentError(
                f"setups: {unknown[0]!r} is no question with statements; setups name questions as the questionnaire "
                f"does, such as {min(known)!r} (not {target_id(min(known), self.target_form)!r})."
            )
        return setups[self.setup]

    def check_categories(self, categories: Mapping[str, Sequence[str]]) -> None:
        """Refuse categories that the survey does not have; a :class:`DocumentError` that lists what there is."""
        strange = [category for category in self.categories if category not in categories]
        if strange:
            raise DocumentError(
                f"categories: there is no category {strange[0]!r}; there are {', '.join(map(repr, categories))}."
            )
