"""From what came back for a probe to an answer with its distribution over the options."""

from collections import Counter
from collections.abc import Mapping, Sequence

from simulator.answer import Answer, Method, Share, Status
from simulator.protocols.interface import Completion
from simulator.protocols.probe_settings import Parser
from simulator.refusal import is_declining, is_self_aware
from surveys import Question
from surveys.presentation import Presentation
from surveys.probing.labels import read_label, read_label_as_published
from surveys.probing.percentages import read_percentages
from surveys.probing.shares import (
    Floats,
    Rated,
    Space,
    SpaceRule,
    first_token_collisions,
    fractional_shares,
    sequence_shares,
    token_shares,
)
from surveys.probing.variations import wordings

Forms = Mapping[int, tuple[str, ...]]
"""Code -> the exact texts that are rated for its option."""


def both_or_one(texts: Mapping[int, str], space: Space) -> Forms:
    """The forms of each option's text that count.

    >>> both_or_one({1: "A"}, "both")
    {1: ('A', ' A')}
    """
    return {
        code: (*((text,) if space != "only" else ()), *((f" {text}",) if space != "none" else ()))
        for code, text in texts.items()
    }


def labels_of(question: Question, shown: Presentation) -> dict[int, str]:
    """Code -> label, in questionnaire order."""
    return {code: shown.label(code) for code in wordings(question)}


def read_token(
    completion: Completion, question: Question, shown: Presentation, forms: Forms, space: SpaceRule
) -> Answer:
    """The option whose label is likeliest to come next, with the shares of all."""
    rated = _rated(completion, forms)
    if rated is None:
        return _without_reply(completion, question, shown, "token")
    if not any(isinstance(value, Sequence) for one in rated.values() for value in one.values()):
        return _ended(question, shown, "token", "invalid", "none of the labels is among the likeliest tokens")
    shares = token_shares(list(rated.values()), space)
    found = _distribution(rated, shares, completion.outside)
    alike = first_token_collisions(list(rated.values())) if space == "code" else []
    if alike:
        named = list(labels_of(question, shown).values())
        pairs = ", ".join(f"{named[one]!r} and {named[other]!r}" for one, other in alike[:3])
        reason = f"first tokens coincide ({pairs}{', ...' if len(alike) > 3 else ''}), so they cannot be ranked"
        return _ended(question, shown, "token", "invalid", reason, found)
    return _chosen(question, shown, "token", found)


def read_sequence(
    completion: Completion, question: Question, shown: Presentation, forms: Forms, space: Space
) -> Answer:
    """The option whose text has the lowest perplexity, with the shares of all."""
    rated = _rated(completion, forms)
    if rated is None:
        return _without_reply(completion, question, shown, "sequence")
    return _chosen(
        question,
        shown,
        "sequence",
        _distribution(rated, sequence_shares(list(rated.values()), space), None),
    )


def read_text(
    completion: Completion, question: Question, shown: Presentation, parser: Parser, replicate: int
) -> Answer:
    """The option whose label a sampled reply names."""
    reply = completion.text
    if reply is None:
        return _without_reply(completion, question, shown, "text", replicate)
    said = wordings(question)
    labels = {label: said[code] for code, label in labels_of(question, shown).items()}
    named = read_label(reply, labels) if parser == "demoscope" else read_label_as_published(reply, list(labels))
    code = shown.code(named) if named is not None else None
    if code is not None:
        return Answer(question.id, "answered", (code,), replicate=replicate, presentation=shown.as_json())
    declined = is_self_aware(reply) or is_declining(reply)
    reason = "the reply declines" if declined else "the reply does not name exactly one label"
    return _ended(question, shown, "text", "refused" if declined else "invalid", reason, replicate=replicate)


def fractional(answers: Sequence[Answer], question: Question) -> tuple[Share, ...]:
    """The distribution of sampled replies; none when no reply came at all."""
    came = [answer for answer in answers if answer.status != "failed"]
    if not came:
        return ()
    named = Counter(code for answer in came for code in answer.codes)
    counts = [named[code] for code in wordings(question)]
    outside = 1 - sum(counts) / len(came)
    shares = fractional_shares(counts, len(came)).tolist()
    return tuple(Share(code, share, None, outside) for code, share in zip(wordings(question), shares, strict=True))


def read_verbalized(completion: Completion, question: Question, shown: Presentation) -> Answer:
    """The option that got the highest percentage, with what was stated for all."""
    reply = completion.text
    if reply is None:
        return _without_reply(completion, question, shown, "verbalized")
    said = wordings(question)
    stated = read_percentages(reply, {label: said[code] for code, label in labels_of(question, shown).items()})
    if stated.reason:
        declined = is_self_aware(reply) or is_declining(reply)
        reason = f"the reply declines; {stated.reason}" if declined else stated.reason
        return _ended(question, shown, "verbalized", "refused" if declined else "invalid", reason)
    pairs = zip(said, stated.shares, strict=True)
    return _chosen(question, shown, "verbalized", tuple(Share(c, p, None, stated.missed) for c, p in pairs))


def passed_by(question: Question, method: Method, replicate: int, reason: str) -> Answer:
    """The answer to a question that is not probed."""
    return Answer(question.id, "skipped", reason=reason, method=method, replicate=replicate)


def _rated(completion: Completion, forms: Forms) -> dict[int, Rated] | None:
    """What is known of each option's forms; ``None`` when nothing came back."""
    if completion.logprobs is None:
        return None
    known: dict[str, Sequence[float] | float] = {**(completion.bounds or {}), **completion.logprobs}
    return {code: {form: known[form] for form in texts} for code, texts in forms.items()}


def _distribution(rated: Mapping[int, Rated], shares: Floats, outside: float | None) -> tuple[Share, ...]:
    return tuple(
        Share(code, share, raw, outside) for (code, raw), share in zip(rated.items(), shares.tolist(), strict=True)
    )


def _chosen(question: Question, shown: Presentation, method: Method, shares: tuple[Share, ...]) -> Answer:
    """The option of the highest share; of equal ones the first of the questionnaire."""
    best = max(shares, key=lambda share: share.probability)
    return Answer(question.id, "answered", (best.code,), method=method, presentation=shown.as_json(), shares=shares)


def _without_reply(
    completion: Completion, question: Question, shown: Presentation, method: Method, replicate: int = 0
) -> Answer:
    last = completion.last
    status: Status = "refused" if last.error_kind in ("filtered", "refusal") else "failed"
    return _ended(question, shown, method, status, last.error or "no reply came", replicate=replicate)


def _ended(
    question: Question,
    shown: Presentation,
    method: Method,
    status: Status,
    reason: str,
    shares: tuple[Share, ...] = (),
    replicate: int = 0,
) -> Answer:
    return Answer(
        question.id,
        status,
        reason=reason,
        method=method,
        replicate=replicate,
        presentation=shown.as_json(),
        shares=shares,
    )
