"""Constraints in the forms that endpoints understand, and replies in those forms back as plain text."""

import json
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from simulator.backends.openai_api.abilities import Structured
from simulator.backends.openai_api.answer_forms import different, numbers
from simulator.constraint import AnyConstraint, Constraint, JsonConstraint

ENUMERATED = 200
"""Whole numbers that a schema lists one by one; a larger range is given by its ends."""
LONGEST_LINE = 2000
"""Characters of free text that a regular expression allows; ``max_tokens`` is what really ends it."""


def form_fields(constraint: AnyConstraint, structured: Structured) -> dict[str, Any]:
    """Fields of a request's body that prescribe this constraint.

    None for a JSON object where the endpoint has proved another way than ``json_schema``: then the object is only
    checked, as every reply is.
    """
    return _fields(constraint, structured)


@lru_cache(maxsize=4096)
def _fields(constraint: AnyConstraint, structured: Structured) -> dict[str, Any]:
    if structured == "json_schema":
        form = {"name": "answer", "strict": True, "schema": schema(constraint)}
        return {"response_format": {"type": "json_schema", "json_schema": form}}
    if isinstance(constraint, JsonConstraint):
        return {}
    if structured == "grammar":
        return {"grammar": gbnf(constraint)}
    if structured == "structured_outputs":
        return {"structured_outputs": {"regex": regex(constraint)}}
    return {structured: regex(constraint)}


def schema(constraint: AnyConstraint) -> dict[str, Any]:
    """JSON schema: its own, or else the answer first, then the free text as ``explanation``.

    >>> schema(Constraint(("yes", "no")))["properties"]
    {'answer': {'type': 'string', 'enum': ['yes', 'no']}}
    """
    if isinstance(constraint, JsonConstraint):
        return constraint.root.schema()
    low, high = constraint.minimum, constraint.maximum
    answer: dict[str, Any]
    if constraint.choices:
        answer = {"type": "string", "enum": list(constraint.choices)}
        if constraint.most > 1:
            together = {"type": "string", "enum": [one for one in constraint.choices if one not in constraint.alone]}
            answer = {"type": "array", "items": together, "minItems": constraint.least, "maxItems": constraint.most}
            if constraint.alone:
                answer = {"anyOf": [answer, {"type": "string", "enum": list(constraint.alone)}]}
    elif low is not None and high is not None and high - low < ENUMERATED:
        answer = {"type": "integer", "enum": list(range(low, high + 1))}
    else:
        ends = {"minimum": low, "maximum": high}
        answer = {"type": "integer"} | {name: value for name, value in ends.items() if value is not None}
    if constraint.alone and not constraint.choices:
        answer = {"anyOf": [answer, {"type": "string", "enum": list(constraint.alone)}]}
    properties = {"answer": answer}
    if constraint.free_tokens:
        properties["explanation"] = {"type": "string"}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def plain_text(constraint: AnyConstraint, text: str) -> str | None:
    """The reply that a JSON object stands for; ``None`` when it is none. Its free text may have been cut.

    Nothing but free text is completed: a number that was cut may have had further digits.
    Where a JSON object was wanted, it is the reply itself.

    >>> plain_text(Constraint(("1: yes",), prefix="Answer: "), '{"answer": "1: yes"}')
    'Answer: 1: yes'
    >>> plain_text(Constraint(minimum=0, maximum=20), '{"answer": 1')
    """
    if isinstance(constraint, JsonConstraint):
        return text
    for ending in ("", '"}', "}"):
        try:
            found = json.loads(text + ending)
            break
        except ValueError:
            continue
    else:
        return None
    if not isinstance(found, dict) or "answer" not in found or (ending and "explanation" not in found):
        return None
    answer = found["answer"]
    if isinstance(answer, list):
        answer = constraint.separator.join(map(str, dict.fromkeys(answer)))
    said = f"{constraint.prefix}{answer}"
    if constraint.free_tokens:
        said += constraint.suffix + " ".join(str(found.get("explanation", "")).split())
    return said


def regex(constraint: Constraint) -> str:
    """Regular expression of the whole reply, in the plain dialect that all engines share.

    >>> regex(Constraint(("yes", "no"), prefix="A: "))
    'A: (yes|no)'
    """
    free = f"{_escaped(constraint.suffix)}[^\\n]{{0,{LONGEST_LINE}}}" if constraint.free_tokens else ""
    return f"{_escaped(constraint.prefix)}{_answer(constraint, _escaped)}{free}"


def gbnf(constraint: Constraint) -> str:
    """Grammar of the whole reply for llama.cpp.

    >>> print(gbnf(Constraint(("yes", "no"))))
    root ::= "" ("yes"|"no")
    """
    free = f" {_quoted(constraint.suffix)} [^\\n]*" if constraint.free_tokens else ""
    return f"root ::= {_quoted(constraint.prefix)} {_answer(constraint, _quoted)}{free}"


def _answer(constraint: Constraint, written: Callable[[str], str]) -> str:
    """Expression of the answer; what regular expressions and llama.cpp's grammars write alike but for texts."""
    low, high, apart = constraint.minimum, constraint.maximum, _alone(constraint)
    together = [one for one in constraint.choices if one not in apart]
    if not constraint.choices:
        few = low is not None and high is not None and 0 <= high - low < ENUMERATED
        each = [written(str(n)) for n in range(low or 0, (high or 0) + 1)] if few else []
        named = "|".join(each or numbers(low, high, written("-")))
    elif constraint.most > 1:
        least, most, separator = constraint.least, constraint.most, constraint.separator
        exact = different(together, least, most, separator, written)
        any_ = "|".join(map(written, together))
        named = exact or f"({any_})({written(separator)}({any_})){{{least - 1},{most - 1}}}"
    else:
        named = "|".join(map(written, together))
    return f"({'|'.join([named, *map(written, apart)])})"


def room(constraint: AnyConstraint, structured: Structured) -> int:
    """Tokens that a reply in this form may take, thoughts not counted.

    An answer alone ends by itself and gets a token a byte, which no vocabulary exceeds. Free text only ends there, so
    the answer before it gets a token for two bytes, which is ample in every language, and the rest is free text.
    A JSON object gets two tokens for each character of the longest, which leaves room for spacing.
    """
    if isinstance(constraint, JsonConstraint):
        return 2 * constraint.root.size + 16
    in_json = structured == "json_schema"
    texts = constraint.choices or constraint.alone
    longest = max((len(json.dumps(text) if in_json else text.encode()) for text in texts), default=0)
    longest = longest if constraint.choices else max(longest, 16)
    named = min(constraint.most, max(len(constraint.choices), 1))
    size = len((constraint.prefix + constraint.suffix).encode()) + named * (longest + len(constraint.separator) + 4)
    size += 40 if in_json else 0
    return size // 2 + 8 + constraint.free_tokens if constraint.free_tokens else size


def _alone(constraint: Constraint) -> tuple[str, ...]:
    """Choices that may not be named with others, where several may be named; texts in place of a number."""
    return constraint.alone if constraint.most > 1 or not constraint.choices else ()


def _escaped(text: str) -> str:
    return re.sub(r"([\\.^$*+?{}\[\]|()])", r"\\\1", text).replace("\n", "\\n")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'
