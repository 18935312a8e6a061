"""What an endpoint has proved to be able to do."""

import dataclasses
from dataclasses import dataclass
from typing import Any, Literal

from simulator.constraint import AnyConstraint, JsonConstraint
from simulator.protocols.interface import Ability

Api = Literal["chat", "completions"]
Limit = Literal["max_tokens", "max_completion_tokens"]
Score = Literal["token_ids", "echo", "prompt_logprobs"]
"""Ways to the log-probabilities of a given text: of tokens named by their ids (vLLM), or of the text as part of the
prompt, echoed (completions) or beside the reply (vLLM)."""
Structured = Literal["structured_outputs", "guided_regex", "grammar", "regex", "json_schema"]
"""Ways to prescribe a reply's form: vLLM's regular expressions (new and old), llama.cpp's grammars, SGLang's regular
expressions, a JSON schema. By the first ones the model writes the text that it was told to write; inside JSON it
writes another one."""

NEVER = ("num_beams", "best_of")
"""What a wave may ask for that no endpoint is asked for: their interface has no field that all of them agree on."""


@dataclass(frozen=True, slots=True)
class Proven:
    """Abilities of one endpoint; everything here was seen to work, not merely to be accepted."""

    api: Api = "chat"
    """Chat turns, or plain text to be continued."""
    limit: Limit = "max_tokens"
    """Name of the field that limits the reply's length."""
    sampling: bool = True
    """Whether ``temperature`` and ``top_p`` may be set."""
    seed: bool = False
    """Whether a seed decides the reply."""
    top_k: bool = False
    """Whether ``top_k`` is heeded."""
    min_p: bool = False
    """Whether ``min_p`` is heeded."""
    penalty: str | None = None
    """Name under which a repetition penalty is heeded."""
    structured: Structured | None = None
    """How a reply's form can be prescribed."""
    schema: bool = False
    """Whether a JSON object can be prescribed by its schema, where texts are prescribed otherwise."""
    top_logprobs: int = 0
    """How many of the likeliest tokens come with each token; 0 when log-probabilities cannot be had."""
    score: Score | None = None
    """How log-probabilities of a given text can be had."""
    continues: bool = False
    """Whether a last ``assistant`` turn is continued."""
    unique_ids: bool = False
    """Whether every reply has an id of its own."""
    names: frozenset[str] = frozenset()
    """Names by which replies call the model."""
    about: str = ""
    """What the endpoint says of the model, as JSON: what must not differ between two endpoints of one model."""

    @property
    def abilities(self) -> frozenset[Ability]:
        """The abilities of the backend interface."""
        found: set[Ability] = {"generate"}
        if self.top_logprobs > 1:
            found.add("label_logprobs")
        if self.score:
            found.add("score")
        return frozenset(found)

    @property
    def missing(self) -> tuple[str, ...]:
        """What could be asked for and is not there, in the words of the wave file."""
        return (*(name for name, there in self.tried_out.items() if not there), *NEVER)

    @property
    def tried_out(self) -> dict[str, bool]:
        """What was tried out, in the words of the wave file, and whether it works."""
        return {
            "seed": self.seed,
            "top_k": self.top_k,
            "min_p": self.min_p,
            "repetition_penalty": self.penalty is not None,
            "constrained replies": self.structured is not None,
            "logprobs": self.top_logprobs > 0,
            "score": self.score is not None,
            "temperature": self.sampling,
            "continued replies": self.continues,
        }

    def form(self, constraint: AnyConstraint) -> Structured | None:
        """How replies are held to this constraint; ``None`` where they are only checked."""
        if isinstance(constraint, JsonConstraint):
            return "json_schema" if self.schema or self.structured == "json_schema" else None
        return self.structured

    def as_dict(self) -> dict[str, Any]:
        """Everything, for the store."""
        found = dataclasses.asdict(self)
        return found | {"names": sorted(self.names), "missing": list(self.missing)}


def common(all_proven: list[Proven]) -> Proven:
    """What every endpoint can do, so that a reply does not depend on where it came from."""
    first, *others = all_proven
    for other in others:
        first = dataclasses.replace(
            first,
            sampling=first.sampling and other.sampling,
            seed=first.seed and other.seed,
            top_k=first.top_k and other.top_k,
            min_p=first.min_p and other.min_p,
            penalty=first.penalty if first.penalty == other.penalty else None,
            structured=first.structured if first.structured == other.structured else None,
            schema=first.schema and other.schema,
            top_logprobs=min(first.top_logprobs, other.top_logprobs),
            score=first.score if first.score == other.score else None,
            continues=first.continues and other.continues,
            unique_ids=first.unique_ids and other.unique_ids,
            names=first.names | other.names,
        )
    return first
