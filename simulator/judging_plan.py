"""What a judge or a coder is going to do with a store, without doing it: replies, calls, tokens and money."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from demoscope.documents import Document
from demoscope.replies import Rows
from demoscope.store_file import read_only
from simulator.coders import CoderDocument
from simulator.coding import Coding
from simulator.estimates import SHORTEST_REPLY, Money, Range, money, prompt_tokens, read_pilots
from simulator.judges import JudgeDocument
from simulator.judging import Judging
from simulator.plan_screen import money_range
from simulator.rating import Rating
from surveys.codebook import Codebook


class JudgingPlan(Document):
    """What a judge, or a model that codes, is going to do; nothing has been asked yet."""

    judge: str
    model: str
    replies: dict[str, int]
    """Replies drawn, by cell."""
    verdicts: int
    """Verdicts wanted: one for each reply and dimension; of a coder, codes."""
    known: int
    """Verdicts that the store holds already."""
    calls: int
    """Calls for the others, when each is understood at once."""
    prompt: Range
    """Prompt tokens, from the least that is likely to the most."""
    reply: Range
    """Reply tokens."""
    counted_by: Literal["thumb", "pilot"]
    """Whether tokens are those of the judge's earlier calls in the store, or counted by a rule of thumb."""
    cost: Money | None
    """Money at the model's prices; ``None`` without prices."""
    max_cost: float | None
    """Money before which the judge pauses; ``None`` without a bound."""


def plan_judging(document: JudgeDocument, store: Path) -> JudgingPlan:
    """What a judge is going to do with a store, without doing it.

    Raises
    ------
    StoreError
        If the store cannot be read or holds no wave.
    """
    return plan_rating(store, lambda rows: Judging(document, rows))


def plan_coding(document: CoderDocument, codebook: Codebook, store: Path) -> JudgingPlan:
    """What a model that codes is going to do with a store, without doing it.

    Raises
    ------
    StoreError
        If the store cannot be read or holds no wave.
    DocumentError
        If the codebook's question is none of its open ones, or nobody has answered it.
    """
    return plan_rating(store, lambda rows: Coding(document, codebook, rows, str(store)))


def plan_rating(store: Path, make: Callable[[Rows], Rating]) -> JudgingPlan:
    """The plan of a rater that is made on the rows of a store; errors as :func:`plan_judging` and of the rater."""
    with read_only(store) as connection:
        rating = make(lambda sql, values: connection.execute(sql, values).fetchall())
        missing, replies = rating.missing(), rating.replies.values()
    settings, n = rating.model.settings, len(missing)
    pilot = read_pilots(store).get(rating.cell)
    if pilot:
        prompt, reply, cached = pilot.prompt.times(n), pilot.reply.times(n), pilot.cached
    else:
        each = [prompt_tokens(list(rating.turns(one, dimension))) for one, dimension in missing]
        prompt = Range(low=sum(one.low for one in each), high=sum(one.high for one in each))
        reply, cached = Range(low=SHORTEST_REPLY * n, high=float(rating.settings.max_tokens * n)), 0.0
    return JudgingPlan(
        judge=rating.settings.name,
        model=rating.model.name,
        replies=dict(Counter(reply.key.cell for theirs in replies for reply in theirs)),
        verdicts=rating.verdicts,
        known=rating.verdicts - n,
        calls=n,
        prompt=prompt,
        reply=reply,
        counted_by="pilot" if pilot else "thumb",
        cost=money(settings.get("prices"), prompt, reply, cached),
        max_cost=settings.get("max_cost"),
    )


def judging_lines(plan: JudgingPlan, does: str = "judges", leaves: str = "verdict") -> tuple[str, ...]:
    """The plan in sentences.

    Parameters
    ----------
    does, leaves : str
        What the model does with a reply, and what comes of it: ``judges`` and ``verdict``, or ``codes`` and ``code``.
    """
    drawn = sum(plan.replies.values())
    lines = [
        f"{plan.judge} ({plan.model}) {does} {drawn:,} {'reply' if drawn == 1 else 'replies'} of "
        f"{len(plan.replies):,} {'cell' if len(plan.replies) == 1 else 'cells'}: {plan.verdicts:,} {leaves}s, of "
        f"which the store holds {plan.known:,}."
    ]
    if plan.calls:
        lines.append(
            f"{plan.calls:,} calls, {plan.prompt.low:,.0f} to {plan.prompt.high:,.0f} tokens in, "
            f"{plan.reply.low:,.0f} to {plan.reply.high:,.0f} out ({_COUNTED[plan.counted_by]}); "
            f"more where no {leaves} is understood."
        )
    if plan.cost and plan.calls:
        bound = f"; it pauses before {plan.max_cost:g} {plan.cost.currency}" if plan.max_cost is not None else ""
        lines.append(f"Cost: {money_range(plan.cost)}{bound}.")
    return tuple(lines)


_COUNTED = {"pilot": "as its earlier calls took", "thumb": "by rule of thumb"}
